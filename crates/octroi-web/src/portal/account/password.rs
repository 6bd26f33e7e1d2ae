//! Another password. Every session and token ends with the old one, the session in use too (promise P1).

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use octroi_app::AppError;
use octroi_app::accounts::ChangePassword;
use octroi_app::mail::pages::SIGN_IN;

use super::{PROFILE, Tab, tabs};
use crate::field::FieldError;
use crate::portal::answer;
use crate::portal::cookies::{self, Cookie};
use crate::portal::fields::{Field, FormState, Kind, Summary};
use crate::portal::gate::{Form, PageResult};
use crate::portal::refused::Refused;
use crate::portal::route::{Access, PageRow, get, post};
use crate::portal::shell::{Section, Shell};
use crate::portal::visitor::Visitor;

pub(super) const PASSWORD: &str = "/account/password";

pub(super) fn pages() -> Vec<PageRow> {
    vec![get(PASSWORD, Access::SignedIn, show), post(PASSWORD, Access::SignedIn, change)]
}

#[derive(Template)]
#[template(path = "account/password.html")]
struct PasswordPage<'a> {
    shell: &'a Shell,
    tabs: Vec<Tab>,
    /// For the browser's store of passwords: whose they are.
    identifier: &'a str,
    is_wrong: bool,
    summary: Summary<'a>,
    current: Field,
    new: Field,
    again: Field,
}

async fn show(visitor: Visitor) -> PageResult {
    let shell = visitor.shell(Section::Account);
    let identifier = &visitor.signed_in()?.account.identifier;
    Ok(page(&shell, StatusCode::OK, identifier, &FormState::new(&shell)))
}

async fn change(visitor: Visitor, sent: Form) -> PageResult {
    let person = visitor.signed_in()?;
    let shell = visitor.shell(Section::Account);
    let refused = if sent.one("new_password") == sent.one("new_password_again") {
        let request = ChangePassword {
            current_password: sent.text("current_password"),
            new_password: sent.text("new_password"),
        };
        match visitor.app().change_password(&person.actor, visitor.client(), request).await {
            Ok(()) => return signed_out(&visitor),
            // Another tab was faster: this session has ended with it.
            Err(AppError::Stale) => return Err(AppError::SignIn.into()),
            Err(error) => Refused::by(error, "current_password")?,
        }
    } else {
        Refused::fields([FieldError::differs("new_password_again")])
    };
    let form = FormState::wrong(&shell, &sent, refused.errors);
    Ok(page(&shell, refused.status, &person.account.identifier, &form))
}

/// To the sign-in page: the session has ended with the old password.
fn signed_out(visitor: &Visitor) -> PageResult {
    let mut response = answer::done(&answer::address(SIGN_IN, "next", PROFILE), "notice-password-changed")?;
    cookies::set(&mut response, &Cookie::no_session(), visitor.app().portal_url());
    Ok(response)
}

fn page(shell: &Shell, status: StatusCode, identifier: &str, form: &FormState<'_>) -> Response {
    let field = |name, label| form.field(name, Kind::Password, label).autocomplete("new-password");
    let page = PasswordPage {
        shell,
        tabs: tabs(shell, PASSWORD),
        identifier,
        is_wrong: form.is_wrong(),
        summary: form.summary(&["current_password", "new_password", "new_password_again"]),
        current: field("current_password", "account-current-password").autocomplete("current-password"),
        new: field("new_password", "account-new-password").hint(shell, "field-password-hint"),
        again: field("new_password_again", "field-password-again"),
    };
    answer::page(status, shell.language, &page)
}
