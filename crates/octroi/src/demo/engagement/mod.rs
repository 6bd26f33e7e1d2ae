//! The sample upstream `engagement`: what a partner of API Engagement reads, about missions that do not exist.

mod data;

use std::sync::Arc;

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use data::{Mission, missions, widget};

/// Missions of one answer, where nobody says how many, and at most.
const USUAL: usize = 25;
const MOST: usize = 50;

/// The upstream, to be served at the root of its own listener.
///
/// # Errors
/// None: the data is made, not read. The signature is that of every sample.
pub(super) fn router() -> Result<Router, serde_json::Error> {
    Ok(Router::new()
        .route("/mission", get(list))
        .route("/mission/{id}", get(one))
        .route("/myorganization", get(caller))
        .route("/v2/activity", post(activity))
        .route("/widget/{id}", get(shown))
        .fallback(async || failure(StatusCode::NOT_FOUND, "NOT_FOUND", "Not found"))
        .with_state(Arc::new(missions())))
}

type Shared = State<Arc<Vec<Mission>>>;

/// The identifier in an address.
type Id = Result<Path<String>, PathRejection>;

/// What a list can be held to.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Search {
    skip: Option<String>,
    limit: Option<String>,
    keywords: Option<String>,
    city: Option<String>,
    domain: Option<String>,
    remote: Option<String>,
}

async fn list(State(all): Shared, query: Result<Query<Search>, QueryRejection>) -> Response {
    let Ok(Query(search)) = query else {
        return failure(StatusCode::BAD_REQUEST, "INVALID_QUERY", "Unknown or repeated query parameter");
    };
    match page(&all, &search) {
        Ok(body) => Json(body).into_response(),
        Err(message) => failure(StatusCode::BAD_REQUEST, "INVALID_QUERY", &message),
    }
}

/// One page of the missions that fit.
fn page(all: &[Mission], search: &Search) -> Result<Value, String> {
    let number = |name: &str, text: Option<&str>, usual: usize| {
        text.map_or(Ok(usual), str::parse).map_err(|_| format!("{name} must be a whole number"))
    };
    let skip = number("skip", search.skip.as_deref(), 0)?;
    let limit = number("limit", search.limit.as_deref(), USUAL)?;
    if limit == 0 || limit > MOST {
        return Err(format!("limit must be between 1 and {MOST}"));
    }
    let remote = match search.remote.as_deref() {
        None => None,
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some(_) => return Err("remote must be true or false".to_owned()),
    };
    let fits = |mission: &&Mission| {
        search.city.as_deref().is_none_or(|city| plain(mission.city) == plain(city))
            && search.domain.as_deref().is_none_or(|domain| mission.domain == domain)
            && remote.is_none_or(|remote| mission.remote == remote)
            && search.keywords.as_deref().is_none_or(|words| plain(&mission.title).contains(&plain(words)))
    };
    let found: Vec<&Mission> = all.iter().filter(fits).collect();
    let data: Vec<Value> = found.iter().skip(skip).take(limit).map(|m| m.json()).collect();
    Ok(json!({"ok": true, "data": data, "total": found.len(), "skip": skip, "limit": limit}))
}

/// A text as searches compare it: small letters, without the accents of French.
fn plain(text: &str) -> String {
    let letter = |c: char| match c {
        'à' | 'â' | 'ä' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'î' | 'ï' => 'i',
        'ô' | 'ö' => 'o',
        'ù' | 'û' | 'ü' => 'u',
        'ç' => 'c',
        c => c,
    };
    text.trim().to_lowercase().chars().map(letter).collect()
}

async fn one(State(all): Shared, id: Id) -> Response {
    named(id, |id| all.iter().find(|mission| mission.id == id).map(Mission::json))
}

/// What anybody's page may show: the one address that asks for no key.
async fn shown(State(all): Shared, id: Id) -> Response {
    named(id, |id| widget(&all, id))
}

/// What has the identifier in the address.
fn named(id: Id, find: impl FnOnce(&str) -> Option<Value>) -> Response {
    let Some(id) = id.ok().map(|Path(id)| id).filter(|id| is_uuid(id)) else {
        return failure(StatusCode::BAD_REQUEST, "INVALID_PARAMS", "The identifier must be a UUID");
    };
    match find(&id) {
        Some(data) => Json(json!({"ok": true, "data": data})).into_response(),
        None => failure(StatusCode::NOT_FOUND, "NOT_FOUND", "Not found"),
    }
}

/// Whether a text has the form of RFC 9562, section 4.
fn is_uuid(text: &str) -> bool {
    let fits = |(place, byte): (usize, u8)| match place {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    text.len() == 36 && text.bytes().enumerate().all(fits)
}

/// Who calls, as the gateway says: the key never comes this far.
async fn caller(headers: HeaderMap) -> Response {
    let told = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let data = json!({
        "application": told("x-octroi-application"),
        "subscription": told("x-octroi-subscription"),
        "plan": told("x-octroi-plan"),
    });
    Json(json!({"ok": true, "data": data})).into_response()
}

/// What somebody did with a mission.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Activity {
    #[serde(rename = "missionId")]
    mission: String,
    r#type: Kind,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Apply,
    Click,
}

async fn activity(State(all): Shared, body: Result<Json<Activity>, JsonRejection>) -> Response {
    let Ok(Json(Activity { mission, r#type })) = body else {
        let message = "Expected {\"missionId\": …, \"type\": \"apply\" or \"click\"}";
        return failure(StatusCode::BAD_REQUEST, "INVALID_BODY", message);
    };
    if all.iter().all(|known| known.id != mission) {
        return failure(StatusCode::NOT_FOUND, "NOT_FOUND", "Mission not found");
    }
    let kind = match r#type {
        Kind::Apply => "apply",
        Kind::Click => "click",
    };
    Json(json!({"ok": true, "data": {"missionId": mission, "type": kind, "status": "PENDING"}}))
        .into_response()
}

fn failure(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({"ok": false, "code": code, "message": message}))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_lead_through_everything_once() {
        let all = missions();
        let mut seen = Vec::new();
        for skip in (0..all.len()).step_by(10) {
            let search =
                Search { skip: Some(skip.to_string()), limit: Some("10".into()), ..Search::default() };
            let body = page(&all, &search).unwrap();
            assert_eq!(body["total"], all.len());
            seen.extend(body["data"].as_array().unwrap().iter().map(|m| m["_id"].to_string()));
        }
        let ids: Vec<String> = all.iter().map(|mission| format!("\"{}\"", mission.id)).collect();
        assert_eq!(seen, ids);
    }

    #[test]
    fn filters_choose_and_what_is_wrong_is_said() {
        let all = missions();
        let total = |search: &Search| page(&all, search).unwrap()["total"].as_u64().unwrap();
        let city = Search { city: Some("nimes-sur-rien".into()), ..Search::default() };
        let accents = Search { city: Some("Nîmes-sur-Rien".into()), ..Search::default() };
        assert_eq!(total(&city), total(&accents));
        assert!(total(&city) > 0 && total(&city) < all.len() as u64);
        let sport =
            Search { domain: Some("sport".into()), remote: Some("false".into()), ..Search::default() };
        assert!(total(&sport) > 0);
        for wrong in [
            Search { limit: Some("51".into()), ..Search::default() },
            Search { limit: Some("0".into()), ..Search::default() },
            Search { skip: Some("-1".into()), ..Search::default() },
            Search { remote: Some("oui".into()), ..Search::default() },
        ] {
            assert!(page(&all, &wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_parameter_that_nobody_knows_or_that_stands_twice_is_refused() {
        let asked = |query: &str| {
            let address = format!("/mission?{query}").parse().unwrap();
            Query::<Search>::try_from_uri(&address).is_ok()
        };
        assert!(asked("skip=5&limit=5&domain=sport"));
        assert!(!asked("ville=Villefictive") && !asked("skip=5&skip=10"));
    }

    #[test]
    fn everything_is_well_formed_and_says_that_it_is_invented() {
        let all = missions();
        assert!(all.len() >= 60);
        for mission in &all {
            assert!(is_uuid(&mission.id) && mission.id.starts_with("9999"), "{}", mission.id);
            let association = &mission.json()["publisherName"];
            assert!(association.as_str().unwrap().ends_with(" (fictif)"), "{association}");
        }
    }

    #[test]
    fn an_identifier_leads_to_one_thing_and_a_wrong_one_is_said() {
        let all = missions();
        let of = |id: &str, find: &dyn Fn(&str) -> Option<Value>| {
            named(Ok(Path(id.to_owned())), find).status().as_u16()
        };
        let mission = |id: &str| all.iter().find(|mission| mission.id == id).map(Mission::json);
        assert_eq!(of("99990000-0000-4000-8000-000000000060", &mission), 200);
        assert_eq!(of("99990000-0000-4000-8000-000000000999", &mission), 404);
        for wrong in ["1", "99990000-0000-4000-8000-00000000000g", "999900000-000-4000-8000-000000000001"] {
            assert_eq!(of(wrong, &mission), 400, "{wrong}");
        }
        let widget = |id: &str| widget(&all, id);
        assert_eq!(of("99990000-0000-4000-9000-000000000001", &widget), 200);
        assert_eq!(of("99990000-0000-4000-8000-000000000001", &widget), 404);
    }
}
