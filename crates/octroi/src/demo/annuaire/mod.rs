//! The sample upstream `annuaire-sante`: a directory of health professionals who do not exist, in FHIR R4. It takes no
//! notice of forwarded headers and writes its own address into its bundles: the gateway leads those back.

mod data;
mod search;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, RawForm, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};

use data::{Directory, UPDATED};
use search::{Failure, Page, Search};

const FHIR: HeaderValue = HeaderValue::from_static("application/fhir+json;charset=utf-8");

/// The upstream, to be served at the root of its own listener.
///
/// # Errors
/// None: the data is made, not read. The signature is that of every sample.
pub(super) fn router() -> Result<Router, serde_json::Error> {
    Ok(Router::new()
        .route("/metadata", get(capabilities))
        .route("/{kind}", get(by_query))
        .route("/{kind}/_search", post(by_form))
        .route("/{kind}/{id}", get(read))
        .method_not_allowed_fallback(async || {
            failure(&Failure::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "not-supported",
                "This interaction is not offered",
            ))
        })
        .fallback(async || failure(&Failure::not_found("Nothing is at this address")))
        .with_state(Arc::new(Directory::new())))
}

type Shared = State<Arc<Directory>>;

/// What this server's addresses begin with: as it is called, by whoever calls it.
fn own_address(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    format!("http://{host}")
}

async fn capabilities(State(directory): Shared, headers: HeaderMap) -> Response {
    let resources: Vec<Value> = directory
        .kinds()
        .map(|kind| {
            let params: Vec<Value> = search::parameters(kind)
                .iter()
                .map(|(name, form)| json!({"name": name, "type": form}))
                .collect();
            json!({
                "type": kind,
                "interaction": [{"code": "read"}, {"code": "search-type"}],
                "searchParam": params,
            })
        })
        .collect();
    answer(json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": UPDATED,
        "kind": "instance",
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "implementation": {"description": "Annuaire Santé (données fictives)", "url": own_address(&headers)},
        "rest": [{"mode": "server", "resource": resources}],
    }))
}

async fn read(
    State(directory): Shared,
    Path((kind, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    if !takes_json(&headers) {
        return failure(&Failure::not_acceptable());
    }
    let Some(resource) = directory.find(&kind, &id) else {
        return failure(&Failure::not_found(&format!("{kind}/{id} is not known")));
    };
    let mut response = answer(resource.clone());
    let headers = response.headers_mut();
    headers.insert(header::ETAG, HeaderValue::from_static("W/\"1\""));
    headers.insert(header::LAST_MODIFIED, HeaderValue::from_static("Mon, 02 Nov 2026 08:00:00 GMT"));
    response
}

async fn by_query(
    State(directory): Shared,
    Path(kind): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    search(&directory, &kind, query.unwrap_or_default().as_bytes(), &headers)
}

async fn by_form(
    State(directory): Shared,
    Path(kind): Path<String>,
    headers: HeaderMap,
    RawForm(form): RawForm,
) -> Response {
    search(&directory, &kind, &form, &headers)
}

fn search(directory: &Directory, kind: &str, query: &[u8], headers: &HeaderMap) -> Response {
    if !takes_json(headers) {
        return failure(&Failure::not_acceptable());
    }
    let found = Search::read(directory, kind, query).and_then(|search| search.page(directory));
    match found {
        Ok(page) => answer(bundle(kind, &page, &own_address(headers))),
        Err(wrong) => failure(&wrong),
    }
}

fn bundle(kind: &str, page: &Page<'_>, own: &str) -> Value {
    let link =
        |relation: &str, query: &str| json!({"relation": relation, "url": format!("{own}/{kind}?{query}")});
    let links: Vec<Value> = std::iter::once(link("self", &page.query))
        .chain(page.next.as_deref().map(|next| link("next", next)))
        .collect();
    let entry = |resource: &&Value| {
        let id = resource["id"].as_str().unwrap_or_default();
        json!({
            "fullUrl": format!("{own}/{kind}/{id}"),
            "resource": resource,
            "search": {"mode": "match"},
        })
    };
    let mut bundle = json!({
        "resourceType": "Bundle",
        "type": "searchset",
        "total": page.total,
        "link": links,
    });
    // FHIR's JSON knows no empty list.
    if !page.resources.is_empty() {
        bundle["entry"] = page.resources.iter().map(entry).collect();
    }
    bundle
}

fn takes_json(headers: &HeaderMap) -> bool {
    let Some(accept) = headers.get(header::ACCEPT) else { return true };
    let accept = accept.to_str().unwrap_or_default().to_ascii_lowercase();
    accept.trim().is_empty()
        || ["application/fhir+json", "application/json", "application/*", "*/*"]
            .iter()
            .any(|kind| accept.contains(kind))
}

fn answer(body: Value) -> Response {
    ([(header::CONTENT_TYPE, FHIR)], body.to_string()).into_response()
}

fn failure(wrong: &Failure) -> Response {
    let outcome = json!({
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": wrong.code, "diagnostics": wrong.text}],
    });
    (wrong.status, answer(outcome)).into_response()
}
