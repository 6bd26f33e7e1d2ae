//! My data: all of it to take away, and closing the account, which erases it.

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use octroi_app::accounts::{AccountView, Closing};
use octroi_app::{AppError, Conflict};

use super::{Tab, tabs};
use crate::field::FieldError;
use crate::portal::answer;
use crate::portal::cookies::{self, Cookie};
use crate::portal::fields::{Field, FormState, Kind, Summary};
use crate::portal::gate::{Form, PageError, PageResult};
use crate::portal::refused::Refused;
use crate::portal::route::{Access, PageRow, get, post};
use crate::portal::shell::{Section, Shell};
use crate::portal::visitor::Visitor;

/// Where one's data are spoken of.
pub(in crate::portal) const DATA: &str = "/account/data";
/// Where they are taken away.
pub(in crate::portal) const EXPORT: &str = "/account/export";
/// Where the account is closed.
pub(in crate::portal) const CLOSE: &str = "/account/close";

pub(super) fn pages() -> Vec<PageRow> {
    vec![
        get(DATA, Access::SignedIn, show),
        get(EXPORT, Access::SignedIn, export),
        get(CLOSE, Access::SignedIn, ask),
        post(CLOSE, Access::SignedIn, close),
    ]
}

#[derive(Template)]
#[template(path = "account/data.html")]
struct DataPage<'a> {
    shell: &'a Shell,
    tabs: Vec<Tab>,
}

#[derive(Template)]
#[template(path = "account/close.html")]
struct ClosePage<'a> {
    shell: &'a Shell,
    tabs: Vec<Tab>,
    account: &'a AccountView,
    closing: &'a Closing,
    is_wrong: bool,
    summary: Summary<'a>,
    identifier: Field,
}

impl ClosePage<'_> {
    /// Whether something must be done elsewhere first.
    fn is_held(&self) -> bool {
        self.closing.provides || !self.closing.left_alone.is_empty()
    }
}

async fn show(visitor: Visitor) -> PageResult {
    let shell = visitor.shell(Section::Account);
    answer::ok(&shell, &DataPage { shell: &shell, tabs: tabs(&shell, DATA) })
}

async fn export(visitor: Visitor) -> PageResult {
    let person = visitor.signed_in()?;
    let data = visitor.app().export_account(&person.actor, person.account.id).await?;
    let text = serde_json::to_vec_pretty(&data).map_err(|e| AppError::Internal(e.to_string()))?;
    let headers: [(HeaderName, HeaderValue); 2] = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"octroi.json\"")),
    ];
    Ok((headers, text).into_response())
}

async fn ask(visitor: Visitor) -> PageResult {
    let shell = visitor.shell(Section::Account);
    page(&visitor, &shell, StatusCode::OK, &FormState::new(&shell)).await
}

async fn close(visitor: Visitor, sent: Form) -> PageResult {
    let person = visitor.signed_in()?;
    let shell = visitor.shell(Section::Account);
    let refused = if sent.one("identifier").trim().eq_ignore_ascii_case(&person.account.identifier) {
        match visitor.app().erase_account(&person.actor, person.account.id).await {
            Ok(()) => return erased(&visitor),
            Err(error) => refused(error)?,
        }
    } else {
        Refused::fields([FieldError::not_repeated("identifier")])
    };
    let form = FormState::wrong(&shell, &sent, refused.errors);
    page(&visitor, &shell, refused.status, &form).await
}

/// What stands in the way is told on the page itself.
fn refused(error: AppError) -> Result<Refused, PageError> {
    match error {
        AppError::Conflict(
            conflict @ (Conflict::LastOwner | Conflict::LastAdministrator | Conflict::StillUsed),
        ) => {
            let errors = vec![FieldError::conflict("", conflict)];
            Ok(Refused { status: StatusCode::CONFLICT, errors })
        }
        error => Refused::by(error, "identifier"),
    }
}

fn erased(visitor: &Visitor) -> PageResult {
    let mut response: Response = answer::done("/", "notice-account-erased")?;
    cookies::set(&mut response, &Cookie::no_session(), visitor.app().portal_url());
    Ok(response)
}

async fn page(visitor: &Visitor, shell: &Shell, status: StatusCode, form: &FormState<'_>) -> PageResult {
    let person = visitor.signed_in()?;
    let closing = visitor.app().closing(&person.actor).await?;
    let page = ClosePage {
        shell,
        tabs: tabs(shell, DATA),
        account: &person.account,
        closing: &closing,
        is_wrong: form.is_wrong(),
        summary: form.summary(&["identifier"]),
        identifier: form.field("identifier", Kind::Text, "close-identifier").autocomplete("off").max(64),
    };
    Ok(answer::page(status, shell.language, &page))
}
