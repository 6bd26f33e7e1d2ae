//! My profile: names, identifier, language. What was saved in another tab meanwhile is shown, and nothing is lost.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use octroi_app::AppError;
use octroi_app::accounts::{AccountChange, AccountView};
use octroi_domain::api::Language;

use super::{Tab, tabs};
use crate::locale;
use crate::portal::answer;
use crate::portal::fields::{Choice, Choices, Field, FormState, Kind, Summary};
use crate::portal::gate::{Form, PageResult};
use crate::portal::refused::Refused;
use crate::portal::route::{Access, PageRow, get, post};
use crate::portal::shell::{Section, Shell};
use crate::portal::visitor::Visitor;
use crate::problem::ProblemCode;

/// Where the profile is.
pub(in crate::portal) const PROFILE: &str = "/account";

pub(super) fn pages() -> Vec<PageRow> {
    vec![get(PROFILE, Access::SignedIn, show), post(PROFILE, Access::SignedIn, save)]
}

#[derive(Template)]
#[template(path = "account/profile.html")]
struct ProfilePage<'a> {
    shell: &'a Shell,
    tabs: Vec<Tab>,
    account: &'a AccountView,
    is_wrong: bool,
    /// Whether the account was changed since the form was shown.
    overtaken: bool,
    summary: Summary<'a>,
    first_name: Field,
    last_name: Field,
    identifier: Field,
    language: Choices,
}

async fn show(visitor: Visitor) -> PageResult {
    let shell = visitor.shell(Section::Account);
    let account = &visitor.signed_in()?.account;
    let filled = FormState::filled(
        &shell,
        [
            ("first_name", account.first_name.as_str()),
            ("last_name", &account.last_name),
            ("identifier", &account.identifier),
            ("language", account.language.code()),
        ],
    );
    Ok(page(&shell, StatusCode::OK, account, &filled, false))
}

async fn save(visitor: Visitor, sent: Form) -> PageResult {
    let person = visitor.signed_in()?;
    let language = locale::spoken(sent.one("language")).unwrap_or(person.account.language);
    let change = AccountChange {
        email: None,
        identifier: Some(sent.text("identifier")),
        first_name: Some(sent.text("first_name")),
        last_name: Some(sent.text("last_name")),
        language: Some(language),
    };
    let edition = sent.one("edition").parse().ok();
    let saved = visitor.app().update_account(&person.actor, person.account.id, change, edition).await;
    let shell = visitor.shell(Section::Account);
    let (status, errors, overtaken) = match saved {
        // The language of pages follows, also where another one was chosen before.
        Ok(_) => {
            return answer::done(&answer::address(PROFILE, "lang", language.code()), "notice-profile-saved");
        }
        Err(AppError::Stale) => (ProblemCode::Stale.status(), Vec::new(), true),
        Err(error) => {
            let refused = Refused::by(error, "")?;
            (refused.status, refused.errors, false)
        }
    };
    let form = FormState::wrong(&shell, &sent, errors);
    Ok(page(&shell, status, &person.account, &form, overtaken))
}

fn page(
    shell: &Shell,
    status: StatusCode,
    account: &AccountView,
    form: &FormState<'_>,
    overtaken: bool,
) -> Response {
    let language = |language: Language, name: &str| Choice {
        value: language.code().to_owned(),
        label: name.to_owned(),
        hint: None,
    };
    let languages = vec![language(Language::Fr, "Français"), language(Language::En, "English")];
    let page = ProfilePage {
        shell,
        tabs: tabs(shell, PROFILE),
        account,
        is_wrong: form.is_wrong() || overtaken,
        overtaken,
        summary: form.summary(&["first_name", "last_name", "identifier", "language"]),
        first_name: form.first_name(),
        last_name: form.last_name(),
        identifier: form
            .field("identifier", Kind::Text, "field-identifier")
            .hint(shell, "field-identifier-hint")
            .autocomplete("username")
            .max(64),
        language: form.choices("language", "account-language", languages).usually(account.language.code()),
    };
    answer::page(status, shell.language, &page)
}
