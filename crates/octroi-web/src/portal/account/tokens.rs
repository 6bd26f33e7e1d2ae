//! Tokens of the management API: listing them, making one, whose text is shown once, and revoking one.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use octroi_app::AppError;
use octroi_app::tokens::{NewToken, NewTokenRequest, TokenView};
use octroi_domain::account::PortalRole;
use octroi_domain::actor::TokenScope;
use octroi_domain::ids::ManagementTokenId;
use octroi_domain::time::Timestamp;
use octroi_domain::validate::Rule;

use super::{Tab, tabs};
use crate::form::Fields;
use crate::portal::answer;
use crate::portal::fields::{Choice, Choices, Field, FormState, Kind, Summary};
use crate::portal::gate::{Form, PageResult};
use crate::portal::path::Id;
use crate::portal::refused::Refused;
use crate::portal::route::{Access, PageRow, get, post};
use crate::portal::shell::{Section, Shell};
use crate::portal::visitor::Visitor;
use crate::problem::scope_name;

pub(super) const TOKENS: &str = "/account/tokens";
const NEW: &str = "/account/tokens/new";

/// The lives that the form offers, in days.
const LIVES: [&str; 4] = ["7", "30", "90", "365"];

pub(super) fn pages() -> Vec<PageRow> {
    vec![
        get(TOKENS, Access::SignedIn, list),
        get(NEW, Access::SignedIn, ask),
        post(NEW, Access::SignedIn, make),
        post("/account/tokens/{token_id}/revoke", Access::SignedIn, revoke),
    ]
}

#[derive(Template)]
#[template(path = "account/tokens.html")]
struct TokensPage<'a> {
    shell: &'a Shell,
    tabs: Vec<Tab>,
    /// Those that open something.
    live: Vec<&'a TokenView>,
    /// Those that ended.
    ended: Vec<&'a TokenView>,
}

#[derive(Template)]
#[template(path = "account/token-new.html")]
struct NewTokenPage<'a> {
    shell: &'a Shell,
    tabs: Vec<Tab>,
    is_wrong: bool,
    summary: Summary<'a>,
    /// The new token's name among our own: the form makes one token, however often it is sent.
    id: String,
    name: Field,
    scopes: Choices,
    days: Choices,
}

#[derive(Template)]
#[template(path = "account/token-made.html")]
struct TokenPage<'a> {
    shell: &'a Shell,
    tabs: Vec<Tab>,
    token: &'a NewToken,
    portal: &'a str,
}

/// A scope's word, and what it means.
const fn scope_words(scope: TokenScope) -> [&'static str; 2] {
    match scope {
        TokenScope::Read => ["scope-read", "scope-read-hint"],
        TokenScope::Write => ["scope-write", "scope-write-hint"],
        TokenScope::Reveal => ["scope-reveal", "scope-reveal-hint"],
        TokenScope::Admin => ["scope-admin", "scope-admin-hint"],
    }
}

/// What a token may be used for, in words.
fn scopes_in_words(shell: &Shell, token: &TokenView) -> String {
    token.scopes.iter().map(|scope| shell.say(scope_words(*scope)[0])).collect::<Vec<_>>().join(", ")
}

impl TokensPage<'_> {
    fn scopes(&self, token: &TokenView) -> String {
        scopes_in_words(self.shell, token)
    }
}

impl TokenPage<'_> {
    fn scopes(&self) -> String {
        scopes_in_words(self.shell, &self.token.view)
    }
}

async fn list(visitor: Visitor) -> PageResult {
    let tokens = visitor.app().tokens(visitor.actor()).await?;
    let now: Timestamp = visitor.app().now();
    let (live, ended) = tokens.iter().partition(|token| token.revoked_at.is_none() && now < token.expires_at);
    let shell = visitor.shell(Section::Account);
    answer::ok(&shell, &TokensPage { shell: &shell, tabs: tabs(&shell, TOKENS), live, ended })
}

async fn ask(visitor: Visitor) -> PageResult {
    let shell = visitor.shell(Section::Account);
    let form = FormState::new(&shell);
    Ok(page(&visitor, &shell, StatusCode::OK, &form, visitor.app().new_token_id()))
}

async fn make(visitor: Visitor, sent: Form) -> PageResult {
    let id = sent.one("id").parse().unwrap_or_else(|_| visitor.app().new_token_id());
    let shell = visitor.shell(Section::Account);
    match visitor.app().create_token_as(visitor.actor(), id, wanted(&sent)).await {
        Ok(token) => {
            let (tabs, portal) = (tabs(&shell, TOKENS), visitor.app().portal_url());
            answer::ok(&shell, &TokenPage { shell: &shell, tabs, token: &token, portal })
        }
        Err(AppError::Invalid(v)) if v.iter().any(|v| v.field == "id" && v.rule == Rule::Taken) => {
            answer::done(TOKENS, "notice-token-made-before")
        }
        Err(error) => {
            let refused = Refused::by(error, "")?;
            let form = FormState::wrong(&shell, &sent, refused.errors);
            Ok(page(&visitor, &shell, refused.status, &form, id))
        }
    }
}

fn wanted(sent: &Fields) -> NewTokenRequest {
    let all = [TokenScope::Read, TokenScope::Write, TokenScope::Reveal, TokenScope::Admin];
    NewTokenRequest {
        name: sent.text("name"),
        scopes: sent
            .all("scopes")
            .filter_map(|word| all.into_iter().find(|s| scope_name(*s) == word))
            .collect(),
        // What is no number is no life that a token can have.
        expires_in_days: Some(sent.one("expires_in_days").parse().unwrap_or(0)),
    }
}

fn page(
    visitor: &Visitor,
    shell: &Shell,
    status: StatusCode,
    form: &FormState<'_>,
    id: ManagementTokenId,
) -> Response {
    let mut scopes = vec![TokenScope::Read, TokenScope::Write, TokenScope::Reveal];
    if visitor.actor().has(PortalRole::Admin) {
        scopes.push(TokenScope::Admin);
    }
    let scopes = scopes.into_iter().map(|scope| {
        let [label, hint] = scope_words(scope);
        Choice { value: scope_name(scope).to_owned(), label: shell.say(label), hint: Some(shell.say(hint)) }
    });
    let lives = LIVES.map(|days| Choice {
        value: days.to_owned(),
        label: shell.fill("tokens-days", "count", days),
        hint: None,
    });
    let page = NewTokenPage {
        shell,
        tabs: tabs(shell, TOKENS),
        is_wrong: form.is_wrong(),
        summary: form.summary(&["name", "scopes", "expires_in_days"]),
        id: id.to_string(),
        name: form.field("name", Kind::Text, "tokens-name").hint(shell, "tokens-name-hint").max(100),
        scopes: form.choices("scopes", "tokens-scopes", scopes.collect()).several(),
        days: form.choices("expires_in_days", "tokens-life", lives.into()).unfolding().usually("30"),
    };
    answer::page(status, shell.language, &page)
}

async fn revoke(visitor: Visitor, Id(id): Id<ManagementTokenId>) -> PageResult {
    visitor.app().revoke_token(visitor.actor(), id).await?;
    answer::done(TOKENS, "notice-token-revoked")
}
