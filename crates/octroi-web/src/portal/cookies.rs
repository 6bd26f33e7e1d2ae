//! The portal's two cookies: the session's (promise P1) and the language's.

use std::time::Duration;

use axum::response::Response;
use http::{HeaderMap, HeaderValue, header};
use octroi_domain::api::Language;

/// Names of cookies. Over HTTPS the session's name begins with `__Host-`, which no other host or path can set; browsers
/// refuse that prefix without HTTPS, where a demo on loopback has the plain name.
const SESSION: &str = "octroi_session";
const HOST_SESSION: &str = "__Host-octroi_session";
const LANGUAGE: &str = "octroi_language";

/// How long a chosen language is remembered.
const A_YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// A cookie to set.
pub(super) struct Cookie {
    kind: Kind,
    value: String,
    /// How long the browser keeps it: until it is closed where absent, not at all where zero.
    max_age: Option<Duration>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Session,
    Language,
}

impl Cookie {
    /// A session that begins.
    pub(super) fn session(secret: String, max_age: Option<Duration>) -> Self {
        Self { kind: Kind::Session, value: secret, max_age }
    }

    /// A session that ended.
    pub(super) fn no_session() -> Self {
        Self { kind: Kind::Session, value: String::new(), max_age: Some(Duration::ZERO) }
    }

    /// The language that was chosen.
    pub(super) fn language(language: Language) -> Self {
        Self { kind: Kind::Language, value: language.code().to_owned(), max_age: Some(A_YEAR) }
    }

    fn text(&self, portal: &str) -> String {
        let secure = is_https(portal);
        let name = match self.kind {
            Kind::Session => session_name(secure),
            Kind::Language => LANGUAGE,
        };
        let mut text = format!("{name}={}; Path=/; HttpOnly; SameSite=Lax", self.value);
        if secure {
            text.push_str("; Secure");
        }
        if let Some(age) = self.max_age {
            text.push_str(&format!("; Max-Age={}", age.as_secs()));
        }
        text
    }
}

fn is_https(portal: &str) -> bool {
    portal.starts_with("https:")
}

const fn session_name(secure: bool) -> &'static str {
    if secure { HOST_SESSION } else { SESSION }
}

/// Adds `cookie` to an answer, for the portal with this public address. One of the same kind that is there stays: what a
/// page set goes before what the gate sets.
pub(super) fn set(response: &mut Response, cookie: &Cookie, portal: &str) {
    let text = cookie.text(portal);
    let name = text.split('=').next().unwrap_or_default();
    let is_set = |value: &HeaderValue| {
        value.as_bytes().strip_prefix(name.as_bytes()).is_some_and(|rest| rest.starts_with(b"="))
    };
    let headers = response.headers_mut();
    if headers.get_all(header::SET_COOKIE).iter().any(is_set) {
        return;
    }
    if let Ok(value) = HeaderValue::from_str(&text) {
        headers.append(header::SET_COOKIE, value);
    }
}

/// What the session's cookie holds, where there is one.
pub(super) fn session<'h>(headers: &'h HeaderMap, portal: &str) -> Option<&'h str> {
    find(headers, session_name(is_https(portal)))
}

/// The language's tag, where one was chosen.
pub(super) fn language(headers: &HeaderMap) -> Option<&str> {
    find(headers, LANGUAGE)
}

fn find<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value)
        .filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_bound_to_its_host_over_https() {
        let text = Cookie::session("s3cret".into(), None).text("https://portail.example");
        assert_eq!(text, "__Host-octroi_session=s3cret; Path=/; HttpOnly; SameSite=Lax; Secure");
        let text = Cookie::no_session().text("http://127.0.0.1:8080");
        assert_eq!(text, "octroi_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
    }

    #[test]
    fn cookies_are_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, "a=b; octroi_session=x=y; octroi_language=en".parse().unwrap());
        assert_eq!(session(&headers, "http://portal.test"), Some("x=y"));
        assert_eq!(
            session(&headers, "https://portal.test"),
            None,
            "over HTTPS the plain name is not believed"
        );
        assert_eq!(language(&headers), Some("en"));
    }
}
