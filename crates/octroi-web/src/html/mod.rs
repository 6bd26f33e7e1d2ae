//! Pages for people. Until the portal's own pages come, a home that says what this is and what can be called, and the
//! pages that links in mails lead to. They work without scripts and hold no style of their own.

mod home;
mod links;
mod problems;

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderValue, StatusCode, Uri, header};
use octroi_domain::api::Language;

use crate::api::only;
use crate::context::{Visit, Web};
use crate::locale;

/// What pages may load: our own style sheet and pictures, and nothing else; forms lead to us.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

const STYLE: &str = include_str!("../../assets/portal.css");

pub(crate) fn router() -> Router<Arc<Web>> {
    Router::new()
        .merge(home::router())
        .merge(links::router())
        .merge(problems::router())
        .route("/assets/portal.css", only("GET", get(style)))
}

async fn style() -> Response {
    let headers =
        [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "public, max-age=3600")];
    (headers, STYLE).into_response()
}

/// What every page has: its language, and the way to the other one.
pub(crate) struct Shell {
    language: Language,
    /// The same page in the other language.
    other: String,
}

impl Shell {
    /// For a page at `uri`. `?lang=` goes before what the browser prefers.
    fn new(visit: &Visit, uri: &Uri) -> Self {
        let pairs: Vec<(String, String)> =
            url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
        let wanted = pairs.iter().find(|(name, _)| name == "lang").and_then(|(_, tag)| locale::spoken(tag));
        let language = wanted.unwrap_or(visit.language);
        let other = if language == Language::Fr { Language::En } else { Language::Fr };
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs.iter().filter(|(name, _)| name != "lang"))
            .append_pair("lang", other.code())
            .finish();
        Self { language, other: format!("{}?{query}", uri.path()) }
    }

    fn of(visit: &Visit, request: &Request) -> Self {
        Self::new(visit, request.uri())
    }

    /// The page's language, as HTML names it.
    fn lang(&self) -> &'static str {
        self.language.code()
    }

    /// A sentence.
    fn say(&self, id: &str) -> String {
        locale::text(self.language, id, &[])
    }

    /// A sentence with a number in it.
    fn count(&self, id: &str, count: &i64) -> String {
        locale::text(self.language, id, &[("count", count.to_string().into())])
    }
}

/// A page as an answer.
fn page(status: StatusCode, shell: &Shell, template: &impl Template) -> Response {
    let Ok(text) = template.render() else {
        tracing::error!("a page cannot be written");
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut response = (status, text).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(shell.lang()));
    headers.insert(header::VARY, HeaderValue::from_static("accept-language"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

/// A page that says one thing.
#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    shell: &'a Shell,
    title: String,
    text: String,
}

fn message(status: StatusCode, shell: &Shell, title: String, text: String) -> Response {
    page(status, shell, &Message { shell, title, text })
}

/// The answer to a path that does not exist, for somebody who reads HTML.
pub(crate) fn not_found(visit: &Visit, uri: &Uri) -> Response {
    let shell = Shell::new(visit, uri);
    let (title, text) = (shell.say("not_found"), shell.say("not_found.detail"));
    message(StatusCode::NOT_FOUND, &shell, title, text)
}
