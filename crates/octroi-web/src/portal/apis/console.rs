//! The console: Swagger UI with the API's own document, calling the gateway with the visitor's key. The one page that
//! needs a script; it says so, and the reference beside it tells the same without one.

use askama::Template;
use axum::response::IntoResponse;
use http::{StatusCode, header};
use octroi_domain::plan::Security;
use url::Url;

use super::documentation::{CONSOLE, Menu};
use super::frame::{Frame, Tab};
use crate::portal::answer::{self, apart};
use crate::portal::gate::PageResult;
use crate::portal::path::ApiPath;
use crate::portal::shell::{Section, Shell};
use crate::portal::visitor::Visitor;
use crate::problem::{Problem, ProblemCode};
use crate::swagger;

#[derive(Template)]
#[template(path = "apis/console.html")]
struct Console<'a> {
    shell: &'a Shell,
    frame: &'a Frame,
    menu: &'a Menu,
}

impl Console<'_> {
    /// Where a file of Swagger UI is.
    fn swagger(&self, name: &str) -> String {
        format!("/assets/swagger/{}/{name}", swagger::VERSION)
    }
}

pub(super) async fn show(visitor: Visitor, place: ApiPath) -> PageResult {
    let frame = Frame::at(&visitor, place, Tab::Documentation).await?;
    if !frame.api.has_openapi {
        return Err(Problem::new(ProblemCode::NotFound).into());
    }
    let shell = visitor.shell(Section::Catalogue);
    let menu = Menu::at(&visitor, &shell, &frame, CONSOLE).await?;
    let policy = policy(&visitor, &frame);
    let console = Console { shell: &shell, frame: &frame, menu: &menu };
    Ok(answer::page_under(&policy, StatusCode::OK, shell.language, &console))
}

/// The policy of pages, under which this one may also read its document and call the gateway and, where a plan asks for
/// them, the place of access tokens. Nothing else of the portal: a document from elsewhere must not drive the
/// visitor's own session.
fn policy(visitor: &Visitor, frame: &Frame) -> String {
    let portal = visitor.app().portal_url();
    let gateway = Url::parse(&frame.api.access_url).map(|url| url.origin().ascii_serialization());
    let tokens = frame.api.plans.iter().any(|plan| plan.security == Security::Oauth2);
    let tokens = if tokens { format!(" {portal}/oauth/token") } else { String::new() };
    format!(
        "{}; connect-src {portal}{}/openapi.json{tokens} {}",
        answer::POLICY,
        frame.base,
        gateway.unwrap_or_default()
    )
}

/// The document that the console and programs read.
pub(super) async fn document(visitor: Visitor, place: ApiPath) -> PageResult {
    let frame = Frame::at(&visitor, place, Tab::Documentation).await?;
    let document = visitor.app().openapi(visitor.actor(), frame.api.id).await?;
    let text = apart(move || document.to_string()).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
}
