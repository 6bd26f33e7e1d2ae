//! The portal's terms of use: to read, and to accept anew when a new version is in force. Whoever has not accepted them
//! is asked before any page of their own, and goes on afterwards.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use octroi_app::terms::TermsView;

use super::account;
use super::answer::{self, see_other};
use super::gate::{Form, PageResult};
use super::route::{Access, PageRow, get, post};
use super::shell::{Section, Shell};
use super::sign_in::{self, Onward};
use super::visitor::Visitor;
use crate::form::Fields;

/// Where the terms are read.
pub(super) const TERMS: &str = "/terms";
/// Where they are accepted.
const ACCEPT: &str = "/terms/accept";

pub(super) fn pages() -> Vec<PageRow> {
    vec![
        get(TERMS, Access::Anybody, show),
        get(ACCEPT, Access::SignedIn, ask),
        post(ACCEPT, Access::SignedIn, accept),
    ]
}

/// What somebody may see and send before accepting: the question itself, one's data, leaving.
pub(super) fn is_exempt(path: &str) -> bool {
    [ACCEPT, sign_in::CONFIRM, account::DATA, account::EXPORT, account::CLOSE].contains(&path)
}

/// To the question, and back afterwards.
pub(super) fn redirect(visitor: &Visitor) -> Response {
    see_other(&answer::address(ACCEPT, "next", &visitor.uri().to_string()))
}

/// The question in answer to a form: what it held is kept.
pub(super) fn keep(visitor: &Visitor, fields: &Fields) -> Response {
    let shell = visitor.shell(Section::Account);
    let asking = Asking { shell: &shell, body: None, onward: &Onward::here(visitor, fields), version: "" };
    answer::page(StatusCode::FORBIDDEN, shell.language, &asking)
}

/// The text, and nothing to decide.
#[derive(Template)]
#[template(path = "terms.html")]
struct Reading<'a> {
    shell: &'a Shell,
    /// Safe HTML; none where the portal has no terms.
    body: Option<String>,
    version: String,
    since: String,
}

#[derive(Template)]
#[template(path = "terms-accept.html")]
struct Asking<'a> {
    shell: &'a Shell,
    /// Safe HTML; none where a link leads to it.
    body: Option<String>,
    onward: &'a Onward,
    /// The version that is shown.
    version: &'a str,
}

async fn show(visitor: Visitor) -> PageResult {
    let shell = visitor.shell(Section::Elsewhere);
    let terms = visitor.app().current_terms().await?;
    let (version, since) = match &terms {
        Some(terms) => (terms.version.clone(), shell.date(&terms.published_at)),
        None => (String::new(), String::new()),
    };
    let body = terms.map(|terms| shell.markdown(&terms.body, 2, &shell.say("terms-title")).html);
    answer::ok(&shell, &Reading { shell: &shell, body, version, since })
}

async fn ask(visitor: Visitor) -> PageResult {
    let shell = visitor.shell(Section::Account);
    let onward = Onward::to(visitor.query("next").as_deref());
    let Some(terms) = visitor.app().current_terms().await? else {
        return Ok(onward.go(&shell, &visitor.signed_in()?.account));
    };
    asking(&shell, &terms, &onward)
}

fn asking(shell: &Shell, terms: &TermsView, onward: &Onward) -> PageResult {
    let body = Some(shell.markdown(&terms.body, 2, &shell.say("terms-title")).html);
    answer::ok(shell, &Asking { shell, body, onward, version: &terms.version })
}

async fn accept(visitor: Visitor, form: Form) -> PageResult {
    let shell = visitor.shell(Section::Account);
    let onward = Onward::carried(&form);
    let shown = form.one("version");
    let terms = visitor.app().current_terms().await?;
    match terms {
        None => Ok(onward.go(&shell, &visitor.signed_in()?.account)),
        Some(terms) if terms.version == shown => {
            visitor.app().accept_terms(visitor.actor(), shown).await?;
            Ok(onward.go(&shell, &visitor.signed_in()?.account))
        }
        // A newer version came meanwhile, or the text was not shown yet: here it is.
        Some(terms) => asking(&shell, &terms, &onward),
    }
}
