//! How a page becomes an answer: its headers, redirects after a form, and refusals in words.

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use octroi_app::AppError;
use octroi_domain::api::Language;

use super::gate::PageResult;
use super::shell::{Section, Shell};
use super::visitor::Visitor;
use crate::context::Visit;
use crate::locale;
use crate::problem::{Problem, ProblemCode};

/// What pages may load: our own files and nothing else; no script or style in the page itself; forms lead to us.
/// Pictures in data: are the style sheet's own signs.
pub(super) const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; \
                      img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A page as an answer.
pub(crate) fn page(status: StatusCode, language: Language, template: &impl Template) -> Response {
    page_under(POLICY, status, language, template)
}

/// A page that shows what was asked for.
pub(crate) fn ok(shell: &Shell, template: &impl Template) -> PageResult {
    Ok(page(StatusCode::OK, shell.language, template))
}

/// A page whose form was wrong.
pub(crate) fn wrong(shell: &Shell, template: &impl Template) -> PageResult {
    Ok(page(StatusCode::UNPROCESSABLE_ENTITY, shell.language, template))
}

/// A page under a policy of its own.
pub(crate) fn page_under(
    policy: &str,
    status: StatusCode,
    language: Language,
    template: &impl Template,
) -> Response {
    let text = match template.render() {
        Ok(text) => text,
        Err(error) => {
            tracing::error!(%error, "a page cannot be written");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let mut response = (status, text).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.code()));
    headers.insert(header::VARY, HeaderValue::from_static("accept-language, cookie"));
    if let Ok(policy) = HeaderValue::from_str(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Does slow work away from the threads that serve: a document can be as large as documents are taken in.
pub(super) async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, AppError> {
    let worked = tokio::task::spawn_blocking(work).await;
    worked.map_err(|error| AppError::Internal(error.to_string()))
}

/// Leads elsewhere after a form was worked on: a reload sends nothing again (303, RFC 9110).
pub(crate) fn see_other(to: &str) -> Response {
    let place = HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response()
}

/// The address of a page with one parameter.
pub(crate) fn address(path: &str, name: &str, value: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish();
    format!("{path}?{query}")
}

/// Leads elsewhere with a notice there of what was done: the id of a sentence that begins with `notice-`.
pub(crate) fn done(to: &str, notice: &str) -> PageResult {
    let (path, anchor) = to.split_once('#').map_or((to, String::new()), |(path, a)| (path, format!("#{a}")));
    let mark = if path.contains('?') { '&' } else { '?' };
    Ok(see_other(&format!("{path}{mark}notice={notice}{anchor}")))
}

/// A page that says one thing.
#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    shell: &'a Shell,
    title: String,
    text: String,
    /// Something went wrong.
    is_error: bool,
    /// Names the request, for people who ask for help.
    request_id: Option<&'a str>,
    /// Where to go on: address and words.
    links: Vec<(String, String)>,
}

/// A page that says one thing, and where to go on.
pub(crate) fn message(
    visitor: &Visitor,
    title: &str,
    text: &str,
    links: Vec<(String, String)>,
) -> PageResult {
    let shell = visitor.shell(Section::Elsewhere);
    let (title, text) = (shell.say(title), shell.say(text));
    ok(&shell, &Message { shell: &shell, title, text, is_error: false, request_id: None, links })
}

/// A page that says what stands in the way, in words of its own, and where to go on.
pub(crate) fn refusal(
    visitor: &Visitor,
    status: StatusCode,
    [title, text]: [&str; 2],
    links: Vec<(String, String)>,
) -> PageResult {
    let shell = visitor.shell(Section::Elsewhere);
    let (title, text) = (shell.say(title), shell.say(text));
    let message = Message { shell: &shell, title, text, is_error: true, request_id: None, links };
    Ok(page(status, shell.language, &message))
}

/// A refusal in words.
pub(super) fn failure(visitor: &Visitor, problem: &Problem) -> Response {
    let shell = visitor.shell(Section::Elsewhere);
    let (title, text) = problem.words_for_people(shell.language);
    let ours = problem.code().status().is_server_error();
    let links = vec![("/".to_owned(), shell.say("page-home"))];
    let request_id = ours.then(|| visitor.request_id());
    let page_of = Message { shell: &shell, title, text, is_error: true, request_id, links };
    let mut response = page(problem.code().status(), shell.language, &page_of);
    if let Some(seconds) = problem.retry_after() {
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    response
}

/// The page of a refusal where nobody was recognised: a path that does not exist.
#[derive(Template)]
#[template(path = "bare.html")]
struct Bare {
    language: Language,
    title: String,
    text: String,
    home: String,
    style: String,
}

/// The answer to a path that does not exist, for somebody who reads HTML.
pub(crate) fn not_found(visit: &Visit) -> Response {
    let language = visit.language;
    let say = |id| locale::text(language, id, &[]);
    let (title, text) = Problem::new(ProblemCode::NotFound).words(language);
    let bare =
        Bare { language, title, text, home: say("page-home"), style: super::assets::url("portal.css") };
    page(StatusCode::NOT_FOUND, language, &bare)
}
