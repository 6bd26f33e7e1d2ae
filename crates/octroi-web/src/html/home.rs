//! The home page, and the same for programs that read text.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use http::{StatusCode, header};
use octroi_app::AppError;
use octroi_app::catalog::{ApiFilter, ApiView};
use octroi_app::page::PageRequest;
use octroi_domain::actor::Actor;
use octroi_domain::api::ApiState;

use super::{Shell, page};
use crate::api::only;
use crate::context::{Visit, Web};

/// APIs that the home page lists at most; the management API gives them all.
const LISTED: u32 = 100;

pub(super) fn router() -> Router<Arc<Web>> {
    Router::new().route("/", only("GET", get(home))).route("/llms.txt", only("GET", get(llms)))
}

#[derive(Template)]
#[template(path = "home.html")]
struct Home<'a> {
    shell: &'a Shell,
    apis: &'a [ApiView],
    /// The catalogue could not be read just now.
    unavailable: bool,
}

impl Home<'_> {
    fn state(&self, api: &ApiView) -> String {
        self.shell.say(state_word(api.state))
    }
}

const fn state_word(state: ApiState) -> &'static str {
    match state {
        ApiState::Draft => "state-draft",
        ApiState::Published => "state-published",
        ApiState::Deprecated => "state-deprecated",
        ApiState::Retired => "state-retired",
    }
}

async fn home(State(web): State<Arc<Web>>, Extension(visit): Extension<Visit>, request: Request) -> Response {
    let shell = Shell::of(&visit, &request);
    let read = catalogue(&web).await;
    let unavailable = read.is_err();
    let apis = read.unwrap_or_else(|error| {
        tracing::warn!(%error, "the home page cannot read the catalogue");
        Vec::new()
    });
    page(StatusCode::OK, &shell, &Home { shell: &shell, apis: &apis, unavailable })
}

/// What everybody sees of the catalogue.
async fn catalogue(web: &Web) -> Result<Vec<ApiView>, AppError> {
    let request = PageRequest { limit: Some(LISTED), cursor: None };
    Ok(web.app.apis(&Actor::Anonymous, &request, &ApiFilter::default()).await?.items)
}

/// An index for programs that read text (<https://llmstxt.org>).
async fn llms(State(web): State<Arc<Web>>, Extension(visit): Extension<Visit>, request: Request) -> Response {
    let shell = Shell::of(&visit, &request);
    let portal = web.app.portal_url();
    let apis = catalogue(&web).await.unwrap_or_default();
    let mut text =
        format!("# Octroi\n\n> {}\n\n## {}\n\n", shell.say("home-lead"), shell.say("home-catalogue"));
    for api in &apis {
        let document = format!("{portal}/api/v1/apis/{}/openapi", api.id);
        let summary = &api.presentation.summary;
        text.push_str(&format!("- [{} {}]({document}): {summary}\n", api.name, api.version));
    }
    let (title, link) = (shell.say("home-programs"), shell.say("home-openapi"));
    text.push_str(&format!("\n## {title}\n\n- [{link}]({portal}/api/v1/openapi.json)\n"));
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}
