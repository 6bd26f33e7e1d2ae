//! The home page.

use askama::Template;
use octroi_app::AppError;
use octroi_app::catalog::{ApiCard, BrowseFilter, Header, Refusal};
use octroi_app::credentials::curl::{Key, command};
use octroi_app::page::PageRequest;
use octroi_domain::api::Language;

use super::answer;
use super::apis::{CardWords, Frame, Tab};
use super::gate::PageResult;
use super::route::{Access, PageRow, get};
use super::shell::{Section, Shell};
use super::visitor::Visitor;
use crate::context::SamplePerson;

/// APIs that the home page shows.
const SHOWN: u32 = 3;

pub(super) fn pages() -> Vec<PageRow> {
    vec![get("/", Access::Anybody, home)]
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
    /// What the APIs that are shown have in common.
    fn cards_title(&self) -> &'static str {
        match self.cards.iter().any(|card| card.calls_last_7_days > 0) {
            true => "home-most-called",
            false => "home-some",
        }
    }

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
