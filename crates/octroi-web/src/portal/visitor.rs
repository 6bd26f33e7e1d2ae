//! Who looks at a page, in which language, and from where. Every page's handler begins with one.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, Uri, header};
use octroi_app::sessions::SignedIn;
use octroi_app::{App, AppError};
use octroi_domain::actor::Actor;
use octroi_domain::api::Language;
use octroi_domain::permission::{self, Action, Parties};

use super::cookies;
use super::gate::PageError;
use super::shell::{Section, Shell};
use crate::context::{Visit, Web, WebOptions};
use crate::locale;
use crate::problem::{Problem, ProblemCode};

/// Somebody who looks at a page. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Visitor(Arc<Inner>);

struct Inner {
    web: Arc<Web>,
    visit: Visit,
    uri: Uri,
    agent: String,
    reads_markdown: bool,
    language: Language,
    person: Option<SignedIn>,
    cookie_is_dead: bool,
    is_on_page: bool,
    actor: Actor,
}

impl Visitor {
    /// Recognises the visitor by the session's cookie. Where the database cannot tell, gives the visitor as a stranger,
    /// and the error.
    pub(super) async fn recognise(
        web: &Arc<Web>,
        visit: Visit,
        headers: &HeaderMap,
        uri: &Uri,
        asked: Option<Language>,
        is_on_page: bool,
    ) -> Result<Self, (Self, AppError)> {
        let cookie = cookies::session(headers, web.app.portal_url());
        let (person, error) = match cookie {
            None => (None, None),
            Some(cookie) => match web.app.recognise(cookie).await {
                Ok(person) => (person, None),
                Err(error) => (None, Some(error)),
            },
        };
        let chosen = asked.or_else(|| cookies::language(headers).and_then(locale::spoken));
        let own = person.as_ref().map(|person| person.account.language);
        let agent = headers.get(header::USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let visitor = Self(Arc::new(Inner {
            web: Arc::clone(web),
            language: chosen.or(own).unwrap_or(visit.language),
            visit,
            uri: uri.clone(),
            agent: agent.to_owned(),
            reads_markdown: asks_for_markdown(headers),
            cookie_is_dead: cookie.is_some() && person.is_none() && error.is_none(),
            is_on_page,
            actor: person.as_ref().map_or(Actor::Anonymous, |person| person.actor.clone()),
            person,
        }));
        match error {
            None => Ok(visitor),
            Some(error) => Err((visitor, error)),
        }
    }

    /// The application.
    pub(crate) fn app(&self) -> &App {
        &self.0.web.app
    }

    /// What the web layer was told at its start.
    pub(crate) fn options(&self) -> &WebOptions {
        &self.0.web.options
    }

    /// Who acts.
    pub(crate) fn actor(&self) -> &Actor {
        &self.0.actor
    }

    /// Whether the visitor may do this: what a page offers. The use case behind it asks again.
    pub(crate) fn may(&self, action: Action, parties: &Parties) -> bool {
        permission::require(self.actor(), action, parties).is_ok()
    }

    /// The person and the session, of somebody who has signed in.
    pub(crate) fn signed_in(&self) -> Result<&SignedIn, PageError> {
        self.0.person.as_ref().ok_or_else(|| Problem::new(ProblemCode::SignInRequired).into())
    }

    /// The language of the page.
    pub(crate) fn language(&self) -> Language {
        self.0.language
    }

    /// The address of the page.
    pub(crate) fn uri(&self) -> &Uri {
        &self.0.uri
    }

    /// The address that the request came from.
    pub(crate) fn client(&self) -> IpAddr {
        self.0.visit.client
    }

    /// What the browser says of itself.
    pub(crate) fn agent(&self) -> &str {
        &self.0.agent
    }

    /// Whether the answer is read as Markdown rather than in a browser.
    pub(crate) fn reads_markdown(&self) -> bool {
        self.0.reads_markdown
    }

    /// What is kept of the documentation to search it.
    pub(super) fn shelf(&self) -> &super::answers::Shelf {
        &self.0.web.shelf
    }

    /// The request's name, for people who ask for help.
    pub(crate) fn request_id(&self) -> &str {
        &self.0.visit.request_id
    }

    /// The value of `name` in the page's query, where there is one; without NUL, which not every database takes.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        let query = self.0.uri.query().unwrap_or_default();
        url::form_urlencoded::parse(query.as_bytes())
            .find(|(known, _)| known == name)
            .map(|(_, v)| v.replace('\0', ""))
    }

    /// What surrounds the page in this part of the portal.
    pub(crate) fn shell(&self, section: Section) -> Shell {
        Shell::new(self, section)
    }

    /// Whether the address shows a page: some only take a form.
    pub(super) fn is_on_page(&self) -> bool {
        self.0.is_on_page
    }

    /// Whether a cookie was shown that opens nothing any more.
    pub(super) fn cookie_is_dead(&self) -> bool {
        self.0.cookie_is_dead
    }
}

/// Whether `Accept` names Markdown (RFC 7763) and no HTML, which browsers always name.
fn asks_for_markdown(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::ACCEPT);
    let kinds = || lines.iter().filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
    let essence = |kind: &'_ str| kind.split(';').next().unwrap_or_default().trim().to_owned();
    let names = |wanted: &str| kinds().any(|kind| essence(kind).eq_ignore_ascii_case(wanted));
    names("text/markdown") && !names("text/html")
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, PageError> {
        // The gate put it there; a page outside the table has none.
        let visitor = parts.extensions.get::<Self>().cloned();
        visitor.ok_or_else(|| Problem::new(ProblemCode::Internal).into())
    }
}
