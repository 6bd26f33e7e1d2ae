//! Calls from web pages (Fetch standard, CORS): which origins an API lets in, and what a preflight is answered.

use http::header::{self, HeaderName, HeaderValue, ORIGIN};

use crate::catalogue::{Api, Permitted};
use crate::facts::RequestFacts;

/// Headers for an answer to a web page.
pub type CorsHeaders = Vec<(HeaderName, HeaderValue)>;

/// What the API's policy says of a call's origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin<'r> {
    /// Not from a web page of another origin.
    None,
    /// Let in.
    Allowed(&'r str),
    /// Not let in: the browser keeps the answer from the page.
    Denied,
}

/// What the API's policy says of this call's origin. The portal's own console is always let in.
pub fn origin<'r>(api: &Api, portal_origins: &[String], facts: &RequestFacts<'r>) -> Origin<'r> {
    facts.headers.value(&ORIGIN, 0).map_or(Origin::None, |value| judge_origin(api, portal_origins, value))
}

/// What the API's policy says of the value of an `Origin` header.
pub fn judge_origin<'r>(api: &Api, portal_origins: &[String], value: &'r [u8]) -> Origin<'r> {
    let Ok(origin) = std::str::from_utf8(value) else { return Origin::Denied };
    let listed = api.cors.as_ref().is_some_and(|c| c.origins.iter().any(|o| o == "*" || o == origin));
    if listed || portal_origins.iter().any(|o| o == origin) {
        Origin::Allowed(origin)
    } else {
        Origin::Denied
    }
}

/// Whether the call is a browser's question before the real one.
pub(crate) fn is_preflight(facts: &RequestFacts<'_>) -> bool {
    facts.method == "OPTIONS"
        && facts.headers.value(&ORIGIN, 0).is_some()
        && facts.headers.value(&header::ACCESS_CONTROL_REQUEST_METHOD, 0).is_some()
}

/// The answer to a preflight from an origin that is let in.
pub(crate) fn preflight(api: &Api, origin: &str, facts: &RequestFacts<'_>, rest: &str) -> CorsHeaders {
    let mut headers = Vec::with_capacity(5);
    push(&mut headers, header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    push(&mut headers, header::VARY, "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
    let asked = facts.header(&header::ACCESS_CONTROL_REQUEST_METHOD).unwrap_or("GET");
    match api.permits(asked, rest) {
        Permitted::Yes => push(&mut headers, header::ACCESS_CONTROL_ALLOW_METHODS, asked),
        Permitted::OtherMethods(known) => {
            push(&mut headers, header::ACCESS_CONTROL_ALLOW_METHODS, &known.join(", "));
        }
        Permitted::No => {}
    }
    if let Some(names) = facts.header(&header::ACCESS_CONTROL_REQUEST_HEADERS) {
        push(&mut headers, header::ACCESS_CONTROL_ALLOW_HEADERS, names);
    }
    let max_age = api.cors.as_ref().map_or(600, |c| c.max_age_seconds);
    headers.push((header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from(max_age)));
    headers
}

/// What lets a web page of this origin read an answer of the API, refusals included.
pub fn answer_headers(api: &Api, origin: &str) -> CorsHeaders {
    let mut headers = Vec::with_capacity(3);
    push(&mut headers, header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    push(&mut headers, header::VARY, "Origin");
    let mut exposed = String::from("X-Request-Id, Retry-After");
    let configured = api.cors.iter().flat_map(|c| c.expose_headers.iter().map(String::as_str));
    for name in api.dialect.limit_header_names().map(HeaderName::as_str).chain(configured) {
        if !exposed.split(", ").any(|e| e.eq_ignore_ascii_case(name)) {
            exposed.push_str(", ");
            exposed.push_str(name);
        }
    }
    push(&mut headers, header::ACCESS_CONTROL_EXPOSE_HEADERS, &exposed);
    headers
}

fn push(headers: &mut CorsHeaders, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.push((name, value));
    }
}
