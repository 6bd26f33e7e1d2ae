//! The home page, and the same for programs that read text.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use http::header;
use octroi_app::catalog::{ApiFilter, ApiView};
use octroi_app::page::PageRequest;
use octroi_app::{App, AppError};
use octroi_domain::actor::Actor;
use octroi_domain::api::ApiState;

use super::answer;
use super::gate::PageResult;
use super::route::{Access, PageRow, get};
use super::shell::{Section, Shell};
use super::visitor::Visitor;
use crate::api::only;
use crate::context::{Visit, Web};
use crate::locale;

/// APIs that the home page lists at most; the management API gives them all.
const LISTED: u32 = 100;

pub(super) fn pages() -> Vec<PageRow> {
    vec![get("/", Access::Anybody, home)]
}

/// What programs read, outside the table of pages.
pub(super) fn machine_router() -> Router<Arc<Web>> {
    Router::new().route("/llms.txt", only("GET", axum::routing::get(llms)))
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

async fn home(visitor: Visitor) -> PageResult {
    let shell = visitor.shell(Section::Home);
    let read = catalogue(visitor.app()).await;
    let unavailable = read.is_err();
    let apis = read.unwrap_or_else(|error| {
        tracing::warn!(%error, "the home page cannot read the catalogue");
        Vec::new()
    });
    answer::ok(&shell, &Home { shell: &shell, apis: &apis, unavailable })
}

/// What everybody sees of the catalogue.
async fn catalogue(app: &App) -> Result<Vec<ApiView>, AppError> {
    let request = PageRequest { limit: Some(LISTED), cursor: None };
    Ok(app.apis(&Actor::Anonymous, &request, &ApiFilter::default()).await?.items)
}

/// An index for programs that read text (<https://llmstxt.org>).
async fn llms(State(web): State<Arc<Web>>, Extension(visit): Extension<Visit>) -> Response {
    let say = |id| locale::text(visit.language, id, &[]);
    let portal = web.app.portal_url();
    let apis = catalogue(&web.app).await.unwrap_or_default();
    let mut text = format!("# Octroi\n\n> {}\n\n## {}\n\n", say("home-lead"), say("home-catalogue"));
    for api in &apis {
        let document = format!("{portal}/api/v1/apis/{}/openapi", api.id);
        let summary = &api.presentation.summary;
        text.push_str(&format!("- [{} {}]({document}): {summary}\n", api.name, api.version));
    }
    let (title, link) = (say("home-programs"), say("home-openapi"));
    text.push_str(&format!("\n## {title}\n\n- [{link}]({portal}/api/v1/openapi.json)\n"));
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}
