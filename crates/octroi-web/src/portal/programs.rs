//! What programs read of the portal, outside the table of pages: what it is, its whole documentation as one text, its
//! APIs as links.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use http::header;
use octroi_app::AppError;
use octroi_app::catalog::ApiCard;
use octroi_domain::actor::Actor;
use octroi_domain::api::{ApiState, Language};
use serde_json::{Value, json};

use super::{documentation, errors};
use crate::api::only;
use crate::context::{Visit, Web};
use crate::locale;

/// APIs that the index for programs lists at most; the catalogue of links has them all.
const LISTED: usize = 100;

/// Bytes of the whole documentation as one text; beyond, it says where the rest is.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// Searchers may read what anybody may (RFC 9309); what is somebody's own is behind the sign-in page.
const ROBOTS: &str = "User-agent: *\nAllow: /\n";

/// Media type of what is read as text.
const PLAIN: &str = "text/plain; charset=utf-8";

/// Media type of a set of links that is an API catalogue (RFC 9264, RFC 9727).
const LINKSET: &str = "application/linkset+json; profile=\"https://www.rfc-editor.org/info/rfc9727\"";

pub(super) fn router() -> Router<Arc<Web>> {
    Router::new()
        .route("/llms.txt", only("GET", get(index)))
        .route("/llms-full.txt", only("GET", get(whole)))
        .route("/.well-known/api-catalog", only("GET", get(links)))
        .route("/robots.txt", only("GET", get(async || ROBOTS)))
}

/// What was written as an answer; where it could not be, why: an empty list would say that there is nothing.
fn told(web: &Web, visit: &Visit, media: &'static str, written: Result<String, AppError>) -> Response {
    match written {
        Ok(text) => ([(header::CONTENT_TYPE, media)], text).into_response(),
        Err(error) => visit.refuse(&web.app, &error.into()),
    }
}

async fn index(State(web): State<Arc<Web>>, Extension(visit): Extension<Visit>) -> Response {
    told(&web, &visit, PLAIN, write_index(&web, visit.language).await)
}

async fn whole(State(web): State<Arc<Web>>, Extension(visit): Extension<Visit>) -> Response {
    told(&web, &visit, PLAIN, write_whole(&web, visit.language).await)
}

async fn links(State(web): State<Arc<Web>>, Extension(visit): Extension<Visit>) -> Response {
    told(&web, &visit, LINKSET, write_links(&web).await)
}

/// What everybody sees of the catalogue.
async fn catalogue(web: &Web) -> Result<Vec<ApiCard>, AppError> {
    web.app.every_card(&Actor::Anonymous).await
}

fn base(web: &Web, api: &ApiCard) -> String {
    format!("{}/apis/{}/{}", web.app.portal_url(), api.slug, api.version)
}

/// An index for programs that read text (<https://llmstxt.org>).
async fn write_index(web: &Web, language: Language) -> Result<String, AppError> {
    let say = |id| locale::text(language, id, &[]);
    let portal = web.app.portal_url();
    let mut said = format!("# Octroi\n\n> {}\n\n## {}\n\n", say("llms-lead"), say("nav-catalogue"));
    for api in catalogue(web).await?.iter().take(LISTED) {
        let base = base(web, api);
        said.push_str(&format!("- [{} {}]({base}/documentation.md): {}", api.name, api.version, api.summary));
        if api.has_openapi {
            said.push_str(&format!(" ([OpenAPI]({base}/openapi.json))"));
        }
        said.push('\n');
    }
    said.push_str(&format!("\n## {}\n\n", say("nav-documentation")));
    said.push_str(&format!("- {}\n", say("llms-ask")));
    for (slug, title, _) in documentation::texts(language) {
        said.push_str(&format!("- [{title}]({portal}/documentation/{slug}.md)\n"));
    }
    said.push_str(&format!("- [{}]({portal}/docs/errors/)\n", say("errors-title")));
    said.push_str(&format!("- [{}]({portal}/api/v1/openapi.json)\n", say("foot-management-api")));
    said.push_str(&format!("- [{}]({portal}/llms-full.txt)\n", say("llms-whole")));
    Ok(said)
}

/// The whole documentation, one text after the other, each with its address.
async fn write_whole(web: &Web, language: Language) -> Result<String, AppError> {
    let portal = web.app.portal_url();
    let mut said = format!("# Octroi\n\n> {}\n", locale::text(language, "llms-lead", &[]));
    for (slug, _, text) in documentation::texts(language) {
        add(&mut said, &format!("{portal}/documentation/{slug}"), text);
    }
    for (outcome, text) in errors::texts(language) {
        add(&mut said, &format!("{portal}/docs/errors/{}", outcome.code), text);
    }
    for api in catalogue(web).await? {
        if !add_api(web, language, &api, &mut said).await? {
            let more = locale::text(language, "llms-more", &[]);
            said.push_str(&format!("\n---\n\n{more}: {portal}/llms.txt\n"));
            break;
        }
    }
    Ok(said)
}

/// Adds the texts of an API; says whether there was room for all of them.
async fn add_api(web: &Web, language: Language, api: &ApiCard, said: &mut String) -> Result<bool, AppError> {
    let base = base(web, api);
    add(said, &base, &format!("# {} {}\n\n{}", api.name, api.version, api.summary));
    let pages = match web.app.page_texts(&Actor::Anonymous, api.id, language).await {
        // It is gone meanwhile.
        Err(AppError::NotFound) => Vec::new(),
        pages => pages?,
    };
    for page in pages {
        if said.len() + page.markdown.len() > MOST_BYTES {
            return Ok(false);
        }
        add(said, &format!("{base}/documentation/{}", page.slug), &page.markdown);
    }
    Ok(said.len() < MOST_BYTES)
}

fn add(said: &mut String, address: &str, text: &str) {
    said.push_str(&format!("\n---\n\n<{address}>\n\n{}\n", text.trim_end()));
}

/// The APIs that everybody sees, as links to what describes each (RFC 9727, RFC 8631).
async fn write_links(web: &Web) -> Result<String, AppError> {
    let set: Vec<Value> = catalogue(web).await?.iter().map(|api| linked(web, api)).collect();
    Ok(json!({ "linkset": set }).to_string())
}

fn linked(web: &Web, api: &ApiCard) -> Value {
    let base = base(web, api);
    let mut links = json!({
        "anchor": api.access_url,
        "service-doc": [
            {"href": base, "type": "text/html"},
            {"href": format!("{base}/documentation.md"), "type": "text/markdown"},
        ],
    });
    if api.has_openapi {
        links["service-desc"] = json!([{"href": format!("{base}/openapi.json"), "type": "application/json"}]);
    }
    if api.state == ApiState::Deprecated {
        links["deprecation"] = json!([{"href": base, "type": "text/html"}]);
    }
    links
}
