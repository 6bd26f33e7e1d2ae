//! The home page, and the same for programs that read text.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use http::header;
use octroi_app::catalog::{ApiCard, BrowseFilter, Header, Refusal};
use octroi_app::credentials::curl::{Key, command};
use octroi_app::page::PageRequest;
use octroi_app::{App, AppError};
use octroi_domain::actor::Actor;
use octroi_domain::api::Language;

use super::apis::{CardWords, Frame, Tab};
use super::gate::PageResult;
use super::route::{Access, PageRow, get};
use super::shell::{Section, Shell};
use super::visitor::Visitor;
use super::{answer, documentation};
use crate::api::only;
use crate::context::{SamplePerson, Visit, Web};
use crate::locale;

/// APIs that the home page shows.
const SHOWN: u32 = 3;

/// APIs that the index for programs lists at most; the management API gives them all.
const LISTED: u32 = 100;

/// Searchers may read what anybody may (RFC 9309); what is somebody's own is behind the sign-in page.
const ROBOTS: &str = "User-agent: *\nAllow: /\n";

pub(super) fn pages() -> Vec<PageRow> {
    vec![get("/", Access::Anybody, home)]
}

/// What programs read, outside the table of pages.
pub(super) fn machine_router() -> Router<Arc<Web>> {
    Router::new()
        .route("/llms.txt", only("GET", axum::routing::get(llms)))
        .route("/robots.txt", only("GET", axum::routing::get(async || ROBOTS)))
}

#[derive(Template)]
#[template(path = "home.html")]
struct Home<'a> {
    shell: &'a Shell,
    cards: &'a [ApiCard],
    /// APIs that the visitor sees.
    count: i64,
    /// The catalogue could not be read just now.
    unavailable: bool,
    example: Option<Example>,
    /// People of the demo, and what each does.
    people: Vec<SamplePerson>,
}

impl Home<'_> {
    /// What a person of the demo does.
    fn role(&self, person: &SamplePerson) -> String {
        let id = match person.role.as_str() {
            "admin" => "home-role-admin",
            "provider" => "home-role-provider",
            "officer" => "home-role-officer",
            "instructor" => "home-role-instructor",
            "developer" => "home-role-developer",
            "editor" => "home-role-editor",
            other => return other.to_owned(),
        };
        self.shell.say(id)
    }
}

/// A call that is let in and one that is not, of a real API.
struct Example {
    api: String,
    with_key: String,
    without_key: String,
    limits: Vec<Header>,
    refusal: Refusal,
}

async fn home(visitor: Visitor) -> PageResult {
    let shell = visitor.shell(Section::Home);
    let request = PageRequest { limit: Some(SHOWN), cursor: None };
    let browsed = visitor.app().browse(visitor.actor(), &BrowseFilter::default(), &request).await;
    let unavailable = browsed.is_err();
    let (cards, count) = match browsed {
        Ok(browsed) => (browsed.page.items, browsed.all),
        Err(error) => {
            tracing::warn!(%error, "the home page cannot read the catalogue");
            (Vec::new(), 0)
        }
    };
    let example = example(&visitor, &cards, shell.language).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "the home page cannot show a call");
        None
    });
    let people = visitor.options().demo.as_ref().map(|demo| demo.people()).unwrap_or_default();
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    answer::ok(&shell, &Home { shell: &shell, cards: &cards, count, unavailable, example, people })
}

/// The first call of the first API that describes one whole.
async fn example(
    visitor: &Visitor,
    cards: &[ApiCard],
    language: Language,
) -> Result<Option<Example>, AppError> {
    let app = visitor.app();
    for card in cards {
        let api = app.api(visitor.actor(), card.id).await?;
        let call = app.first_call_of(&api).await?;
        let frame = Frame::of(api, Tab::General);
        let placements = frame.placements();
        if !call.complete || placements.is_empty() {
            continue;
        }
        let answers = app.answers(visitor.actor(), card.id).await?;
        let Some(refusal) = answers.refusals.into_iter().next() else { continue };
        let variable = frame.variable(language);
        let written = |places: &[_]| {
            let words = command(&frame.api.access_url, &call, places, Key::Variable(&variable));
            words.join(" \\\n  ")
        };
        return Ok(Some(Example {
            api: card.name.clone(),
            with_key: written(&placements),
            without_key: written(&[]),
            limits: answers.admitted,
            refusal,
        }));
    }
    Ok(None)
}

/// What everybody sees of the catalogue.
async fn catalogue(app: &App) -> Result<Vec<ApiCard>, AppError> {
    let request = PageRequest { limit: Some(LISTED), cursor: None };
    Ok(app.browse(&Actor::Anonymous, &BrowseFilter::default(), &request).await?.page.items)
}

/// An index for programs that read text (<https://llmstxt.org>).
async fn llms(State(web): State<Arc<Web>>, Extension(visit): Extension<Visit>) -> Response {
    let say = |id| locale::text(visit.language, id, &[]);
    let portal = web.app.portal_url();
    let apis = catalogue(&web.app).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "the index for programs cannot read the catalogue");
        Vec::new()
    });
    let mut text = format!("# Octroi\n\n> {}\n\n## {}\n\n", say("llms-lead"), say("nav-catalogue"));
    for api in &apis {
        let base = format!("{portal}/apis/{}/{}", api.slug, api.version);
        let line = format!(
            "- [{} {}]({base}/documentation.md): {} ([OpenAPI]({base}/openapi.json))\n",
            api.name, api.version, api.summary
        );
        text.push_str(&line);
    }
    text.push_str(&format!("\n## {}\n\n", say("nav-documentation")));
    for (slug, title) in documentation::guides(visit.language) {
        text.push_str(&format!("- [{title}]({portal}/documentation/{slug}.md)\n"));
    }
    text.push_str(&format!("- [{}]({portal}/docs/errors/)\n", say("errors-title")));
    text.push_str(&format!("- [{}]({portal}/api/v1/openapi.json)\n", say("foot-management-api")));
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}
