//! What happens before and after every page: the visitor is recognised, a form from elsewhere is refused, whoever must
//! sign in is taken there and loses nothing, and a refusal is put into words.

use std::ops::Deref;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use octroi_domain::api::Language;
use url::Url;

use super::cookies::{self, Cookie};
use super::sign_in;
use super::visitor::Visitor;
use super::{answer, route, terms};
use crate::context::{Visit, Web};
use crate::form::{self, Fields};
use crate::locale;
use crate::problem::{Problem, ProblemCode};

/// Why a page was not shown: put into words by the gate, which knows the visitor.
#[derive(Clone, Debug)]
pub(crate) struct PageError(pub(crate) Problem);

impl<E: Into<Problem>> From<E> for PageError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let mut response = self.0.code().status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// What a page's handler gives.
pub(crate) type PageResult = Result<Response, PageError>;

/// Surrounds every page of the table.
pub(super) async fn gate(State(web): State<Arc<Web>>, mut request: Request, next: Next) -> Response {
    let Some(visit) = request.extensions().get::<Visit>().cloned() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let asked = lang_asked(request.uri().query());
    let shown = path.as_ref().is_none_or(|path| route::access(path, &Method::GET).is_some());
    let visitor = match Visitor::recognise(&web, visit, request.headers(), request.uri(), asked, shown).await
    {
        Ok(visitor) => visitor,
        Err((visitor, error)) => return answer::failure(&visitor, &error.into()),
    };
    request.extensions_mut().insert(visitor.clone());
    let access = path.and_then(|path| route::access(&path, request.method()));
    let mut response = pass(&visitor, access, request, next).await;
    if let Some(language) = asked {
        cookies::set(&mut response, &Cookie::language(language), visitor.app().portal_url());
    }
    if visitor.cookie_is_dead() {
        cookies::set(&mut response, &Cookie::no_session(), visitor.app().portal_url());
    }
    response
}

async fn pass(visitor: &Visitor, access: Option<route::Access>, request: Request, next: Next) -> Response {
    // Any other method is refused behind the gate.
    if request.method() != Method::POST {
        return show(visitor, access, request, next).await;
    }
    if from_elsewhere(request.headers(), visitor.app().portal_url()) {
        return answer::failure(visitor, &Problem::new(ProblemCode::FromElsewhere));
    }
    let (mut parts, body) = request.into_parts();
    let fields = match form::read(&parts.headers, body).await {
        Ok(fields) => Form(Arc::new(fields)),
        Err(problem) => return answer::failure(visitor, &problem),
    };
    parts.extensions.insert(fields.clone());
    send(visitor, access, &fields, Request::from_parts(parts, Body::empty()), next).await
}

/// Shows a page.
async fn show(visitor: &Visitor, access: Option<route::Access>, request: Request, next: Next) -> Response {
    if access.is_some_and(route::Access::asks_sign_in) {
        match visitor.signed_in() {
            Err(_) => return sign_in::redirect(visitor),
            Ok(person) if !person.terms_accepted && !terms::is_exempt(request.uri().path()) => {
                return terms::redirect(visitor);
            }
            Ok(_) => {}
        }
    }
    let response = next.run(request).await;
    match response.extensions().get::<PageError>() {
        None => response,
        Some(error) if error.0.code() == ProblemCode::SignInRequired => sign_in::redirect(visitor),
        Some(error) => answer::failure(visitor, &error.0),
    }
}

/// Works on a form. Where somebody must sign in first, or show the password again, what it held is kept.
async fn send(
    visitor: &Visitor,
    access: Option<route::Access>,
    fields: &Fields,
    request: Request,
    next: Next,
) -> Response {
    if access.is_some_and(route::Access::asks_sign_in) {
        match visitor.signed_in() {
            Err(_) => return sign_in::keep(visitor, fields),
            Ok(person) if !person.terms_accepted && !terms::is_exempt(request.uri().path()) => {
                return terms::keep(visitor, fields);
            }
            Ok(_) => {}
        }
    }
    let response = next.run(request).await;
    match response.extensions().get::<PageError>() {
        None => response,
        Some(error) => match error.0.code() {
            ProblemCode::SignInRequired => sign_in::keep(visitor, fields),
            ProblemCode::SignInAgain => sign_in::ask_again(visitor, fields),
            _ => answer::failure(visitor, &error.0),
        },
    }
}

/// What a form said, read by the gate.
#[derive(Clone)]
pub(crate) struct Form(Arc<Fields>);

impl Deref for Form {
    type Target = Fields;
    fn deref(&self) -> &Fields {
        &self.0
    }
}

impl<S: Sync> FromRequestParts<S> for Form {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, PageError> {
        let form = parts.extensions.get::<Self>().cloned();
        form.ok_or_else(|| Problem::new(ProblemCode::Internal).into())
    }
}

/// The language that the address asks for: `?lang=en`.
fn lang_asked(query: Option<&str>) -> Option<Language> {
    let mut pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    pairs.find(|(name, _)| name == "lang").and_then(|(_, tag)| locale::spoken(&tag))
}

/// Whether a browser says that another site sent the form (promise P2): by `Sec-Fetch-Site`, else by `Origin`, which
/// every browser sends with a POST. Programs that send neither hold no cookie that a browser would lend them.
fn from_elsewhere(headers: &HeaderMap, portal: &str) -> bool {
    let text = |name| headers.get(name).map(HeaderValue::as_bytes);
    if let Some(site) = text(header::HeaderName::from_static("sec-fetch-site")) {
        return site != b"same-origin" && site != b"none";
    }
    let Some(origin) = text(header::ORIGIN) else { return false };
    let own = Url::parse(portal).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
    origin != own.as_bytes() && !names_host(origin, headers)
}

/// Whether `origin` is the host that was called: a portal reached under another name than its public one.
fn names_host(origin: &[u8], headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST).map(HeaderValue::as_bytes) else { return false };
    [&b"http://"[..], b"https://"].iter().any(|scheme| origin.strip_prefix(*scheme) == Some(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_from_another_site_is_told_from_our_own() {
        let portal = "https://portail.example";
        for (headers, elsewhere) in [
            (vec![], false),
            (vec![("sec-fetch-site", "same-origin")], false),
            (vec![("sec-fetch-site", "none")], false),
            (vec![("sec-fetch-site", "same-site")], true),
            (vec![("sec-fetch-site", "cross-site")], true),
            (vec![("origin", "https://portail.example")], false),
            (vec![("origin", "https://mechant.example")], true),
            (vec![("origin", "null")], true),
            (vec![("origin", "http://localhost:8080"), ("host", "localhost:8080")], false),
            (vec![("origin", "http://mechant.example"), ("host", "localhost:8080")], true),
        ] {
            let map: HeaderMap = headers
                .iter()
                .map(|(n, v)| (header::HeaderName::from_static(n), HeaderValue::from_static(v)))
                .collect();
            assert_eq!(from_elsewhere(&map, portal), elsewhere, "{headers:?}");
        }
    }
}
