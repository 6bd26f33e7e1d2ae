//! The sample upstream `sirene`: what INSEE's API Sirene 3.11 answers, about units that do not exist.

mod data;
mod query;

use std::sync::Arc;

use axum::extract::{Form, Path, Query as Params, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use data::{Collection, Data};
use query::Query;

/// Most items in one answer.
const MAX_COUNT: usize = 1_000;
/// Items in one answer where nobody says how many.
const DEFAULT_COUNT: usize = 20;
/// Furthest place that `debut` can ask for; beyond it, `curseur` leads on.
const MAX_START: usize = 10_000;

/// The upstream, to be served at the root of its own listener.
///
/// # Errors
/// Where the data that the program carries cannot be read.
pub(super) fn router() -> Result<Router, serde_json::Error> {
    let data = Arc::new(Data::read()?);
    Ok(Router::new()
        .route("/informations", get(information))
        .route("/siren", get(units).post(units_by_form))
        .route("/siren/{key}", get(unit))
        .route("/siret", get(establishments).post(establishments_by_form))
        .route("/siret/liensSuccession", get(successions))
        .route("/siret/{key}", get(establishment))
        .fallback(async || failure(StatusCode::NOT_FOUND, "Cette ressource n'existe pas"))
        .with_state(data))
}

/// What a search can say, in the query or in a form.
#[derive(Debug, Default, Deserialize)]
struct Search {
    q: Option<String>,
    nombre: Option<String>,
    debut: Option<String>,
    curseur: Option<String>,
    #[serde(rename = "masquerValeursNulles")]
    hide_nulls: Option<bool>,
}

/// What one item's address can say.
#[derive(Debug, Default, Deserialize)]
struct Options {
    #[serde(rename = "masquerValeursNulles")]
    hide_nulls: Option<bool>,
}

type Shared = State<Arc<Data>>;

async fn information(headers: HeaderMap) -> Response {
    let up = |name: &str| json!({"Collection": name, "etatCollection": "UP"});
    let updated = |name: &str| {
        json!({
            "collection": name,
            "dateDerniereMiseADisposition": "2026-01-05T09:00:00.000",
            "dateDernierTraitementMaximum": "2026-01-05T08:00:00.000",
            "dateDernierTraitementDeMasse": "2025-12-01T08:00:00.000",
        })
    };
    let collections = ["Unités Légales", "Établissements", "Liens de succession"];
    answer(
        &headers,
        false,
        json!({
            "header": {"statut": 200, "message": "OK"},
            "etatService": "UP",
            "etatsDesServices": collections.map(up),
            "versionService": "3.11 (données fictives)",
            "journalDesModifications": "",
            "datesDernieresMisesAJourDesDonnees": collections.map(updated),
        }),
    )
}

async fn unit(
    State(data): Shared,
    Path(key): Path<String>,
    Params(o): Params<Options>,
    h: HeaderMap,
) -> Response {
    one(&data.units, &key, o, &h)
}

async fn establishment(
    State(data): Shared,
    Path(key): Path<String>,
    Params(o): Params<Options>,
    h: HeaderMap,
) -> Response {
    one(&data.establishments, &key, o, &h)
}

async fn units(State(data): Shared, Params(search): Params<Search>, headers: HeaderMap) -> Response {
    several(&data.units, &search, &headers)
}

async fn units_by_form(State(data): Shared, headers: HeaderMap, Form(search): Form<Search>) -> Response {
    several(&data.units, &search, &headers)
}

async fn establishments(State(data): Shared, Params(search): Params<Search>, headers: HeaderMap) -> Response {
    several(&data.establishments, &search, &headers)
}

async fn establishments_by_form(
    State(data): Shared,
    headers: HeaderMap,
    Form(search): Form<Search>,
) -> Response {
    several(&data.establishments, &search, &headers)
}

/// No unit of the sample ever followed another.
async fn successions() -> Response {
    failure(StatusCode::NOT_FOUND, "Aucun lien de succession trouvé pour ces critères")
}

fn one(collection: &Collection, key: &str, options: Options, headers: &HeaderMap) -> Response {
    let name = collection.key;
    if key.len() != collection.digits || !key.bytes().all(|b| b.is_ascii_digit()) {
        let digits = collection.digits;
        return failure(
            StatusCode::BAD_REQUEST,
            &format!("Erreur de syntaxe : le {name} doit être composé de {digits} chiffres"),
        );
    }
    let Some(item) = collection.get(key) else {
        return failure(StatusCode::NOT_FOUND, &format!("Aucun élément trouvé pour le {name} {key}"));
    };
    let body = json!({"header": {"statut": 200, "message": "OK"}, collection.one: item});
    answer(headers, options.hide_nulls.unwrap_or(false), body)
}

fn several(collection: &Collection, search: &Search, headers: &HeaderMap) -> Response {
    match page(collection, search) {
        Ok(body) => answer(headers, search.hide_nulls.unwrap_or(false), body),
        Err((status, message)) => failure(status, &message),
    }
}

/// One page of the items that meet the criteria, by place (`debut`) or by cursor.
fn page(collection: &Collection, search: &Search) -> Result<Value, (StatusCode, String)> {
    let wrong = |message: String| (StatusCode::BAD_REQUEST, message);
    let count = number(search.nombre.as_deref(), DEFAULT_COUNT)
        .filter(|n| *n <= MAX_COUNT)
        .ok_or_else(|| wrong(format!("Le paramètre nombre doit être un entier de 0 à {MAX_COUNT}")))?;
    let start = number(search.debut.as_deref(), 0)
        .filter(|n| *n <= MAX_START)
        .ok_or_else(|| wrong(format!("Le paramètre debut doit être un entier de 0 à {MAX_START}")))?;
    let query = match search.q.as_deref().map(str::trim) {
        None | Some("") => None,
        Some(text) => Some(
            Query::parse(text)
                .ok_or_else(|| wrong(format!("Erreur de syntaxe dans le paramètre q={text}")))?,
        ),
    };
    let found: Vec<(&str, &Value)> =
        collection.iter().filter(|(_, item)| query.as_ref().is_none_or(|q| q.holds(item))).collect();
    if found.is_empty() {
        let asked = search.q.as_deref().unwrap_or_default();
        return Err((StatusCode::NOT_FOUND, format!("Aucun élément trouvé pour q={asked}")));
    }
    let mut head = Map::new();
    head.insert("total".to_owned(), json!(found.len()));
    head.insert("debut".to_owned(), json!(start));
    let items: Vec<&Value> = match search.curseur.as_deref() {
        None => found.iter().skip(start).take(count).map(|(_, item)| *item).collect(),
        Some(cursor) => {
            let after =
                place(cursor).ok_or_else(|| wrong("Le paramètre curseur n'est pas valide".to_owned()))?;
            let chosen: Vec<_> = found.iter().filter(|(key, _)| *key > after.as_str()).take(count).collect();
            // The same cursor again says that nothing follows.
            let next = chosen.last().map_or_else(|| cursor.to_owned(), |(key, _)| cursor_after(key));
            head.insert("curseur".to_owned(), json!(cursor));
            head.insert("curseurSuivant".to_owned(), json!(next));
            chosen.into_iter().map(|(_, item)| *item).collect()
        }
    };
    head.insert("nombre".to_owned(), json!(items.len()));
    head.insert("statut".to_owned(), json!(200));
    head.insert("message".to_owned(), json!("OK"));
    Ok(json!({"header": head, collection.many: items}))
}

fn number(text: Option<&str>, default: usize) -> Option<usize> {
    text.map_or(Some(default), |t| t.parse().ok())
}

/// A cursor is the last key given, its digits shifted to letters so that nobody builds on its form.
fn cursor_after(key: &str) -> String {
    key.bytes().map(|b| char::from(b - b'0' + b'A')).collect()
}

fn place(cursor: &str) -> Option<String> {
    if cursor == "*" {
        return Some(String::new());
    }
    let digits =
        cursor.bytes().map(|b| b.checked_sub(b'A').filter(|d| *d < 10).map(|d| char::from(d + b'0')));
    digits.collect::<Option<String>>().filter(|key| !key.is_empty())
}

fn answer(headers: &HeaderMap, hide_nulls: bool, mut body: Value) -> Response {
    if !takes_json(headers) {
        return failure(
            StatusCode::NOT_ACCEPTABLE,
            "Le header Accept doit permettre application/json (jeu d'essai : le CSV n'est pas servi)",
        );
    }
    if hide_nulls {
        drop_nulls(&mut body);
    }
    Json(body).into_response()
}

fn takes_json(headers: &HeaderMap) -> bool {
    let Some(accept) = headers.get(header::ACCEPT) else { return true };
    let accept = accept.to_str().unwrap_or_default().to_ascii_lowercase();
    accept.trim().is_empty()
        || ["application/json", "application/*", "*/*"].iter().any(|kind| accept.contains(kind))
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, v| !v.is_null());
            fields.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

fn failure(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({"header": {"statut": status.as_u16(), "message": message}}))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data() -> Data {
        Data::read().unwrap()
    }

    fn search(q: &str) -> Search {
        Search { q: Some(q.to_owned()), ..Search::default() }
    }

    #[test]
    fn a_cursor_leads_through_everything_once() {
        let data = data();
        let mut seen = Vec::new();
        let mut cursor = "*".to_owned();
        loop {
            let asked =
                Search { nombre: Some("10".into()), curseur: Some(cursor.clone()), ..Search::default() };
            let body = page(&data.units, &asked).unwrap();
            seen.extend(body["unitesLegales"].as_array().unwrap().iter().map(|u| u["siren"].to_string()));
            let next = body["header"]["curseurSuivant"].as_str().unwrap().to_owned();
            if next == cursor {
                break;
            }
            cursor = next;
        }
        let whole: Vec<String> = data.units.iter().map(|(key, _)| format!("\"{key}\"")).collect();
        assert_eq!(seen, whole);
    }

    #[test]
    fn criteria_choose_and_the_head_counts() {
        let data = data();
        let body = page(&data.units, &search("periode(denominationUniteLegale:OCTROI)")).unwrap();
        assert_eq!(
            body["header"],
            json!({"total": 1, "debut": 0, "nombre": 1, "statut": 200, "message": "OK"})
        );
        let body = page(&data.establishments, &search("siren:999901002")).unwrap();
        assert_eq!(body["etablissements"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn what_is_wrong_is_said_in_the_head() {
        let data = data();
        for (asked, status) in [
            (search("siren:000000000"), 404),
            (search("siren:("), 400),
            (Search { debut: Some("10001".into()), ..Search::default() }, 400),
            (Search { nombre: Some("1001".into()), ..Search::default() }, 400),
            (Search { curseur: Some("z".into()), ..Search::default() }, 400),
        ] {
            assert_eq!(page(&data.units, &asked).unwrap_err().0.as_u16(), status, "{asked:?}");
        }
        assert_eq!(one(&data.units, "12", Options::default(), &HeaderMap::new()).status(), 400);
        assert_eq!(one(&data.units, "999999999", Options::default(), &HeaderMap::new()).status(), 404);
    }

    #[test]
    fn only_json_is_served() {
        let mut headers = HeaderMap::new();
        assert!(takes_json(&headers));
        headers.insert(header::ACCEPT, "text/csv".parse().unwrap());
        assert!(!takes_json(&headers));
    }
}
