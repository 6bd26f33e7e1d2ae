//! Registering: the form, then the page that asks to read one's mail, with another mail for whom the first did not reach.
//! What is said is the same for every address (promise P3). The page that somebody came from goes with them.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use octroi_app::AppError;
use octroi_app::accounts::Registration;

use super::answer;
use super::fields::{Field, FormState, Kind, Summary};
use super::gate::{Form, PageError, PageResult};
use super::refused::Refused;
use super::route::{Access, PageRow, get, post};
use super::shell::{Section, Shell};
use super::sign_in::Onward;
use super::visitor::Visitor;
use crate::field::FieldError;
use crate::form::Fields;

/// Where somebody registers.
pub(super) const REGISTER: &str = "/register";
/// Where somebody asks for the confirmation mail once more.
pub(super) const RESEND: &str = "/verify-email/resend";

pub(super) fn pages() -> Vec<PageRow> {
    vec![
        get(REGISTER, Access::Anybody, show),
        post(REGISTER, Access::Anybody, send),
        get(RESEND, Access::Anybody, ask),
        post(RESEND, Access::Anybody, resend),
    ]
}

#[derive(Template)]
#[template(path = "register.html")]
struct RegisterPage<'a> {
    shell: &'a Shell,
    step: u8,
    is_wrong: bool,
    summary: Summary<'a>,
    onward: &'a Onward,
    sign_in: String,
    first_name: Field,
    last_name: Field,
    email: Field,
    identifier: Field,
    password: Field,
    password_again: Field,
    accept_terms: Field,
}

/// Read your mail.
#[derive(Template)]
#[template(path = "check-mail.html")]
struct CheckMail<'a> {
    shell: &'a Shell,
    step: u8,
    /// The address that was typed.
    email: &'a str,
    /// Whether another mail was asked for.
    again: bool,
}

/// Asks for the address to which another mail goes.
#[derive(Template)]
#[template(path = "resend.html")]
struct ResendPage<'a> {
    shell: &'a Shell,
    is_wrong: bool,
    summary: Summary<'a>,
    email: Field,
}

async fn show(visitor: Visitor) -> PageResult {
    let onward = Onward::to(visitor.query("next").as_deref());
    if visitor.signed_in().is_ok() {
        return Ok(answer::see_other(&onward.next));
    }
    let shell = visitor.shell(Section::SignIn);
    Ok(page(&shell, StatusCode::OK, &FormState::new(&shell), &onward))
}

async fn send(visitor: Visitor, sent: Form) -> PageResult {
    let onward = Onward::carried(&sent);
    let registration = Registration {
        email: sent.text("email"),
        identifier: sent.text("identifier"),
        first_name: sent.text("first_name"),
        last_name: sent.text("last_name"),
        language: visitor.language(),
        password: sent.text("password"),
        accept_terms: sent.ticked("accept_terms"),
        next: Some(onward.next.clone()),
    };
    let shell = visitor.shell(Section::SignIn);
    match register(&visitor, &sent, registration).await? {
        None => check_mail(&shell, sent.one("email").trim(), false),
        Some(refused) => {
            let form = FormState::wrong(&shell, &sent, refused.errors);
            Ok(page(&shell, refused.status, &form, &onward))
        }
    }
}

/// Registers, or says what is wrong: all of it at once.
async fn register(
    visitor: &Visitor,
    sent: &Fields,
    registration: Registration,
) -> Result<Option<Refused>, PageError> {
    let mut errors = match registration.check() {
        Ok(()) => Vec::new(),
        Err(error) => Refused::by(error, "")?.errors,
    };
    if sent.one("password") != sent.one("password_again") {
        errors.push(FieldError::differs("password_again"));
    }
    if !errors.is_empty() {
        return Ok(Some(Refused::fields(errors)));
    }
    let app = visitor.app();
    let registered = async {
        app.admit_visitor(visitor.client())?;
        app.register(visitor.actor(), registration).await
    };
    registered.await.err().map(|error| Refused::by(error, "email")).transpose()
}

fn page(shell: &Shell, status: StatusCode, form: &FormState<'_>, onward: &Onward) -> Response {
    let shown =
        ["first_name", "last_name", "email", "identifier", "password", "password_again", "accept_terms"];
    let new_password = |name, label| form.field(name, Kind::Password, label).autocomplete("new-password");
    let page = RegisterPage {
        shell,
        step: 1,
        is_wrong: form.is_wrong(),
        summary: form.summary(&shown),
        onward,
        sign_in: answer::address(octroi_app::mail::pages::SIGN_IN, "next", &onward.next),
        first_name: form.first_name(),
        last_name: form.last_name(),
        email: form
            .field("email", Kind::Email, "field-email")
            .hint(shell, "register-email-hint")
            .autocomplete("email")
            .max(254),
        identifier: form
            .field("identifier", Kind::Text, "field-identifier")
            .hint(shell, "field-identifier-hint")
            .autocomplete("username")
            .max(64),
        password: new_password("password", "field-password").hint(shell, "field-password-hint"),
        password_again: new_password("password_again", "field-password-again"),
        accept_terms: form.field("accept_terms", Kind::Check, "field-terms"),
    };
    answer::page(status, shell.language, &page)
}

fn check_mail(shell: &Shell, email: &str, again: bool) -> PageResult {
    answer::ok(shell, &CheckMail { shell, step: 2, email, again })
}

async fn ask(visitor: Visitor) -> PageResult {
    let shell = visitor.shell(Section::SignIn);
    Ok(ask_page(&shell, StatusCode::OK, &FormState::new(&shell)))
}

async fn resend(visitor: Visitor, sent: Form) -> PageResult {
    let email = sent.one("email").trim();
    let shell = visitor.shell(Section::SignIn);
    match send_again(&visitor, email).await {
        Ok(()) => check_mail(&shell, email, true),
        Err(error) => {
            let refused = Refused::by(error, "email")?;
            let form = FormState::wrong(&shell, &sent, refused.errors);
            Ok(ask_page(&shell, refused.status, &form))
        }
    }
}

async fn send_again(visitor: &Visitor, email: &str) -> Result<(), AppError> {
    visitor.app().admit_visitor(visitor.client())?;
    visitor.app().resend_verification(email).await
}

fn ask_page(shell: &Shell, status: StatusCode, form: &FormState<'_>) -> Response {
    let page = ResendPage {
        shell,
        is_wrong: form.is_wrong(),
        summary: form.summary(&["email"]),
        email: form.field("email", Kind::Email, "field-email").autocomplete("email").max(254),
    };
    answer::page(status, shell.language, &page)
}
