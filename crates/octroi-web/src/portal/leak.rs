//! Where anybody reports a key that leaked. The answer is the same whether it is one of ours.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use octroi_app::leaks::LeakReport;

use super::answer;
use super::fields::{Field, FormState, Kind, Summary};
use super::gate::{Form, PageResult};
use super::refused::Refused;
use super::route::{Access, PageRow, get, post};
use super::shell::{Section, Shell};
use super::visitor::Visitor;

const LEAK: &str = "/leak";

pub(super) fn pages() -> Vec<PageRow> {
    vec![get(LEAK, Access::Anybody, ask), post(LEAK, Access::Anybody, report)]
}

#[derive(Template)]
#[template(path = "leak.html")]
struct Page<'a> {
    shell: &'a Shell,
    is_wrong: bool,
    summary: Summary<'a>,
    secret: Field,
    place: Field,
}

async fn ask(visitor: Visitor) -> PageResult {
    let shell = visitor.shell(Section::Documentation);
    Ok(page(&shell, StatusCode::OK, &FormState::new(&shell)))
}

async fn report(visitor: Visitor, sent: Form) -> PageResult {
    let report = LeakReport { secret: sent.text("secret"), place: sent.text("place") };
    let done = match visitor.app().admit_visitor(visitor.client()) {
        Ok(()) => visitor.app().report_leak(report).await,
        Err(error) => Err(error),
    };
    match done {
        Ok(()) => answer::done(LEAK, "notice-leak-reported"),
        Err(error) => {
            let refused = Refused::by(error, "secret")?;
            let shell = visitor.shell(Section::Documentation);
            let form = FormState::wrong(&shell, &sent, refused.errors);
            Ok(page(&shell, refused.status, &form))
        }
    }
}

fn page(shell: &Shell, status: StatusCode, form: &FormState<'_>) -> Response {
    let page = Page {
        shell,
        is_wrong: form.is_wrong(),
        summary: form.summary(&["secret", "place"]),
        secret: form
            .field("secret", Kind::Text, "leak-secret")
            .hint(shell, "leak-secret-hint")
            .autocomplete("off")
            .max(200),
        place: form
            .field("place", Kind::Text, "leak-place")
            .hint(shell, "leak-place-hint")
            .optional(shell)
            .autocomplete("off")
            .max(500),
    };
    answer::page(status, shell.language, &page)
}
