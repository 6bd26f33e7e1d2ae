//! Another address for one's account: it asks for a fresh sign-in, and counts once the link sent there was opened.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use octroi_app::accounts::AccountChange;

use super::{PROFILE, Tab, tabs};
use crate::portal::answer;
use crate::portal::fields::{Field, FormState, Kind, Summary};
use crate::portal::gate::{Form, PageResult};
use crate::portal::refused::Refused;
use crate::portal::route::{Access, PageRow, get, post};
use crate::portal::shell::{Section, Shell};
use crate::portal::visitor::Visitor;

const EMAIL: &str = "/account/email";

pub(super) fn pages() -> Vec<PageRow> {
    vec![get(EMAIL, Access::SignedIn, show), post(EMAIL, Access::SignedIn, change)]
}

#[derive(Template)]
#[template(path = "account/email.html")]
struct EmailPage<'a> {
    shell: &'a Shell,
    tabs: Vec<Tab>,
    /// The present address.
    present: &'a str,
    is_wrong: bool,
    summary: Summary<'a>,
    email: Field,
}

async fn show(visitor: Visitor) -> PageResult {
    let shell = visitor.shell(Section::Account);
    let present = &visitor.signed_in()?.account.email;
    Ok(page(&shell, StatusCode::OK, present, &FormState::new(&shell)))
}

async fn change(visitor: Visitor, sent: Form) -> PageResult {
    let person = visitor.signed_in()?;
    let (present, wanted) = (&person.account.email, sent.one("email").trim());
    if wanted.eq_ignore_ascii_case(present) {
        return answer::done(PROFILE, "notice-email-is-yours");
    }
    let change = AccountChange { email: Some(wanted.to_owned()), ..AccountChange::default() };
    match visitor.app().update_account(&person.actor, person.account.id, change, None).await {
        Ok(_) => answer::done(PROFILE, "notice-email-link-sent"),
        Err(error) => {
            let refused = Refused::by(error, "email")?;
            let shell = visitor.shell(Section::Account);
            let form = FormState::wrong(&shell, &sent, refused.errors);
            Ok(page(&shell, refused.status, present, &form))
        }
    }
}

fn page(shell: &Shell, status: StatusCode, present: &str, form: &FormState<'_>) -> Response {
    let page = EmailPage {
        shell,
        tabs: tabs(shell, PROFILE),
        present,
        is_wrong: form.is_wrong(),
        summary: form.summary(&["email"]),
        email: form.field("email", Kind::Email, "account-new-email").autocomplete("email").max(254),
    };
    answer::page(status, shell.language, &page)
}
