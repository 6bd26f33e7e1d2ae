//! What programs read of the portal, outside the table of pages: what it is, its whole documentation as one text, its
//! APIs as links.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use http::header;
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

/// Media type of a set of links that is an API catalogue (RFC 9264, RFC 9727).
const LINKSET: &str = "application/linkset+json; profile=\"https://www.rfc-editor.org/info/rfc9727\"";

pub(super) fn router() -> Router<Arc<Web>> {
    Router::new()
        .route("/llms.txt", only("GET", get(index)))
        .route("/llms-full.txt", only("GET", get(whole)))
        .route("/.well-known/api-catalog", only("GET", get(links)))
        .route("/robots.txt", only("GET", get(async || ROBOTS)))
}

/// What everybody sees of the catalogue; nothing where it cannot be read just now.
async fn catalogue(web: &Web) -> Vec<ApiCard> {
    web.app.every_card(&Actor::Anonymous).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "programs cannot read the catalogue");
        Vec::new()
    })
}

fn base(web: &Web, api: &ApiCard) -> String {
    format!("{}/apis/{}/{}", web.app.portal_url(), api.slug, api.version)
}

fn text(text: String) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

/// An index for programs that read text (<https://llmstxt.org>).
async fn index(State(web): State<Arc<Web>>, Extension(visit): Extension<Visit>) -> Response {
    let say = |id| locale::text(visit.language, id, &[]);
    let portal = web.app.portal_url();
    let mut said = format!("# Octroi\n\n> {}\n\n## {}\n\n", say("llms-lead"), say("nav-catalogue"));
    for api in catalogue(&web).await.iter().take(LISTED) {
        let base = base(&web, api);
        let line = format!(
            "- [{} {}]({base}/documentation.md): {} ([OpenAPI]({base}/openapi.json))\n",
            api.name, api.version, api.summary
        );
        said.push_str(&line);
    }
    said.push_str(&format!("\n## {}\n\n", say("nav-documentation")));
    said.push_str(&format!("- {}\n", say("llms-ask")));
    for (slug, title, _) in documentation::texts(visit.language) {
        said.push_str(&format!("- [{title}]({portal}/documentation/{slug}.md)\n"));
    }
    said.push_str(&format!("- [{}]({portal}/docs/errors/)\n", say("errors-title")));
    said.push_str(&format!("- [{}]({portal}/api/v1/openapi.json)\n", say("foot-management-api")));
    said.push_str(&format!("- [{}]({portal}/llms-full.txt)\n", say("llms-whole")));
    text(said)
}

/// The whole documentation, one text after the other, each with its address.
async fn whole(State(web): State<Arc<Web>>, Extension(visit): Extension<Visit>) -> Response {
    let language = visit.language;
    let portal = web.app.portal_url();
    let mut said = format!("# Octroi\n\n> {}\n", locale::text(language, "llms-lead", &[]));
    for (slug, _, text) in documentation::texts(language) {
        add(&mut said, &format!("{portal}/documentation/{slug}"), text);
    }
    for (outcome, text) in errors::texts(language) {
        add(&mut said, &format!("{portal}/docs/errors/{}", outcome.code), text);
    }
    for api in catalogue(&web).await {
        if said.len() >= MOST_BYTES {
            said.push_str(&format!(
                "\n---\n\n{}: {portal}/llms.txt\n",
                locale::text(language, "llms-more", &[])
            ));
            break;
        }
        add_api(&web, language, &api, &mut said).await;
    }
    text(said)
}

async fn add_api(web: &Web, language: Language, api: &ApiCard, said: &mut String) {
    let base = base(web, api);
    add(said, &base, &format!("# {} {}\n\n{}", api.name, api.version, api.summary));
    let pages = web.app.page_texts(&Actor::Anonymous, api.id, language).await.unwrap_or_else(|error| {
        tracing::warn!(%error, api = %api.id, "programs cannot read the pages of an API");
        Vec::new()
    });
    for page in pages {
        add(said, &format!("{base}/documentation/{}", page.slug), &page.markdown);
    }
}

fn add(said: &mut String, address: &str, text: &str) {
    said.push_str(&format!("\n---\n\n<{address}>\n\n{}\n", text.trim_end()));
}

/// The APIs that everybody sees, as links to what describes each (RFC 9727, RFC 8631).
async fn links(State(web): State<Arc<Web>>) -> Response {
    let set: Vec<Value> = catalogue(&web).await.iter().map(|api| linked(&web, api)).collect();
    let text = json!({ "linkset": set }).to_string();
    ([(header::CONTENT_TYPE, LINKSET)], text).into_response()
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
