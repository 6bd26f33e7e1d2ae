//! Signing in and out. Whoever was taken here from another page goes back there afterwards, and a form that was sent
//! meanwhile is kept and sent on.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use octroi_app::AppError;
use octroi_app::accounts::AccountView;
use octroi_app::mail::pages;
use octroi_app::sessions::OpenSession;

use super::answer::{self, see_other};
use super::cookies::{self, Cookie};
use super::fields::{Field, FormState, Kind, Summary};
use super::gate::{Form, PageResult};
use super::route::{Access, PageRow, get, post};
use super::shell::{Section, Shell};
use super::visitor::Visitor;
use crate::field::FieldError;
use crate::form::Fields;

/// Where the form of [`confirm`] is.
pub(super) const CONFIRM: &str = "/confirm";

/// What the names of kept fields begin with.
const KEPT: &str = "kept.";

pub(super) fn pages() -> Vec<PageRow> {
    vec![
        get(pages::SIGN_IN, Access::Anybody, show),
        post(pages::SIGN_IN, Access::Anybody, send),
        post("/sign-out", Access::Anybody, sign_out),
        post(CONFIRM, Access::SignedIn, confirm),
    ]
}

/// Where to go afterwards, and the form that was sent there and could not be worked on.
#[derive(Clone, Debug, Default)]
pub(super) struct Onward {
    /// A page of this portal.
    pub(super) next: String,
    /// Fields of the form, where one is to be sent there.
    pub(super) kept: Vec<(String, String)>,
}

impl Onward {
    /// To this page, where it is one of ours.
    pub(super) fn to(next: Option<&str>) -> Self {
        Self { next: own_page(next.unwrap_or_default()), kept: Vec::new() }
    }

    /// To the page that the visitor asked for, with what a form held but passwords.
    pub(super) fn here(visitor: &Visitor, fields: &Fields) -> Self {
        let kept = fields.pairs().iter().filter(|(name, _)| !name.contains("password")).cloned();
        Self { next: visitor.uri().to_string(), kept: kept.collect() }
    }

    /// What a form of ours carries on.
    pub(super) fn carried(fields: &Fields) -> Self {
        let kept = fields
            .pairs()
            .iter()
            .filter_map(|(name, value)| name.strip_prefix(KEPT).map(|name| (name.to_owned(), value.clone())));
        Self { next: own_page(fields.one("next")), kept: kept.collect() }
    }

    /// The fields as a form carries them.
    pub(super) fn carry(&self) -> impl Iterator<Item = (String, &str)> {
        self.kept.iter().map(|(name, value)| (format!("{KEPT}{name}"), value.as_str()))
    }

    /// Goes on: to the page at once, or by a button that sends the kept form there, in the name of `account`.
    pub(super) fn go(&self, shell: &Shell, account: &AccountView) -> Response {
        if self.kept.is_empty() {
            return see_other(&self.next);
        }
        answer::page(
            StatusCode::OK,
            shell.language,
            &Resume { shell, onward: self, person: format!("{} {}", account.first_name, account.last_name) },
        )
    }
}

/// An address of this portal, or the dashboard: never another site's.
fn own_page(next: &str) -> String {
    let own = next.starts_with('/')
        && !next.starts_with("//")
        && next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\')
        && next.len() <= 2_000;
    if own { next.to_owned() } else { "/dashboard".to_owned() }
}

#[derive(Template)]
#[template(path = "sign-in.html")]
struct SignInPage<'a> {
    shell: &'a Shell,
    form: FormState<'a>,
    summary: Summary<'a>,
    login: Field,
    password: Field,
    remember: Field,
    onward: &'a Onward,
    /// Why somebody is here who wanted to go elsewhere.
    lead: Option<String>,
    register: String,
}

#[derive(Template)]
#[template(path = "resume.html")]
struct Resume<'a> {
    shell: &'a Shell,
    onward: &'a Onward,
    /// Who signed in.
    person: String,
}

#[derive(Template)]
#[template(path = "confirm.html")]
struct Confirm<'a> {
    shell: &'a Shell,
    form: FormState<'a>,
    summary: Summary<'a>,
    password: Field,
    onward: &'a Onward,
}

/// To the sign-in page, and back afterwards.
pub(super) fn redirect(visitor: &Visitor) -> Response {
    see_other(&answer::address(pages::SIGN_IN, "next", &visitor.uri().to_string()))
}

/// The sign-in page in answer to a form that asks for a session: what it held is kept.
pub(super) fn keep(visitor: &Visitor, fields: &Fields) -> Response {
    let shell = visitor.shell(Section::SignIn);
    let form = FormState::new(&shell);
    let lead = Some(shell.say("sign-in-kept"));
    page(&shell, StatusCode::FORBIDDEN, form, &Onward::here(visitor, fields), lead)
}

/// The page that asks for the password again, in answer to a form that needs a fresh sign-in.
pub(super) fn ask_again(visitor: &Visitor, fields: &Fields) -> Response {
    let shell = visitor.shell(Section::Account);
    let form = FormState::new(&shell);
    confirm_page(&shell, StatusCode::FORBIDDEN, form, &Onward::here(visitor, fields))
}

async fn show(visitor: Visitor) -> PageResult {
    let onward = Onward::to(visitor.query("next").as_deref());
    if visitor.signed_in().is_ok() {
        return Ok(see_other(&onward.next));
    }
    let shell = visitor.shell(Section::SignIn);
    let lead = visitor.query("next").map(|_| shell.say("sign-in-first"));
    Ok(page(&shell, StatusCode::OK, FormState::new(&shell), &onward, lead))
}

async fn send(visitor: Visitor, fields: Form) -> PageResult {
    let onward = Onward::carried(&fields);
    let wanted = OpenSession {
        login: fields.text("login"),
        password: fields.text("password"),
        remember: fields.ticked("remember"),
        agent: visitor.agent().to_owned(),
    };
    let shell = visitor.shell(Section::SignIn);
    match visitor.app().open_session(visitor.client(), wanted).await {
        Ok(opened) => {
            end_present(&visitor).await?;
            let mut response = onward.go(&shell, &opened.account);
            let cookie = Cookie::session(opened.secret, opened.max_age);
            cookies::set(&mut response, &cookie, visitor.app().portal_url());
            Ok(response)
        }
        Err(error @ (AppError::SignIn | AppError::TooMany(_))) => {
            let (error, status) = match error {
                AppError::TooMany(seconds) => {
                    (FieldError::too_many("login", seconds), StatusCode::TOO_MANY_REQUESTS)
                }
                _ => (FieldError::sign_in_failed("login"), StatusCode::UNPROCESSABLE_ENTITY),
            };
            Ok(page(&shell, status, FormState::wrong(&shell, &fields, vec![error]), &onward, None))
        }
        Err(other) => Err(other.into()),
    }
}

/// A new session takes the place of the one that the browser had: nobody's id outlives a sign-in (promise P1).
async fn end_present(visitor: &Visitor) -> Result<(), AppError> {
    match visitor.signed_in() {
        Ok(person) => visitor.app().end_session(&person.actor, person.session).await,
        Err(_) => Ok(()),
    }
}

async fn sign_out(visitor: Visitor) -> PageResult {
    end_present(&visitor).await?;
    let mut response = answer::done("/", "notice-signed-out")?;
    cookies::set(&mut response, &Cookie::no_session(), visitor.app().portal_url());
    Ok(response)
}

async fn confirm(visitor: Visitor, fields: Form) -> PageResult {
    let onward = Onward::carried(&fields);
    let person = visitor.signed_in()?;
    let password = fields.one("password");
    let confirmed =
        visitor.app().confirm_session(&person.actor, visitor.client(), person.session, password).await;
    let shell = visitor.shell(Section::Account);
    let errors = match confirmed {
        Ok(()) => return Ok(onward.go(&shell, &person.account)),
        Err(AppError::Invalid(violations)) => violations.into_iter().map(FieldError::from).collect(),
        Err(AppError::TooMany(seconds)) => vec![FieldError::too_many("password", seconds)],
        Err(other) => return Err(other.into()),
    };
    let form = FormState::wrong(&shell, &fields, errors);
    Ok(confirm_page(&shell, StatusCode::UNPROCESSABLE_ENTITY, form, &onward))
}

fn page(
    shell: &Shell,
    status: StatusCode,
    form: FormState<'_>,
    onward: &Onward,
    lead: Option<String>,
) -> Response {
    let page = SignInPage {
        shell,
        summary: form.summary(&["login", "password"]),
        login: form.field("login", Kind::Text, "field-login").autocomplete("username").max(254),
        password: form.field("password", Kind::Password, "field-password").autocomplete("current-password"),
        remember: form.field("remember", Kind::Check, "field-remember").optional(shell),
        form,
        onward,
        lead,
        register: answer::address(super::register::REGISTER, "next", &onward.next),
    };
    answer::page(status, shell.language, &page)
}

fn confirm_page(shell: &Shell, status: StatusCode, form: FormState<'_>, onward: &Onward) -> Response {
    let page = Confirm {
        shell,
        summary: form.summary(&["password"]),
        password: form.field("password", Kind::Password, "field-password").autocomplete("current-password"),
        form,
        onward,
    };
    answer::page(status, shell.language, &page)
}

#[cfg(test)]
mod tests {
    use super::own_page;

    #[test]
    fn nobody_is_led_to_another_site() {
        for (next, led) in [
            ("/apis/sirene?x=1", "/apis/sirene?x=1"),
            ("//mechant.example", "/dashboard"),
            ("/\\mechant.example", "/dashboard"),
            ("https://mechant.example", "/dashboard"),
            ("/a\r\nSet-Cookie: x", "/dashboard"),
            ("/\tx", "/dashboard"),
            ("", "/dashboard"),
        ] {
            assert_eq!(own_page(next), led, "{next:?}");
        }
    }
}
