//! Answers of the gateway's own: refusals in the API's dialect, and browsers' preflights.

use bytes::Bytes;
use http::StatusCode;
use http::header::{self, HeaderValue};
use octroi_domain::api::Language;
use octroi_domain::time::Timestamp;
use octroi_policy::catalogue::Api;
use octroi_policy::cors::{self, Origin};
use octroi_policy::dialect::{AnswerContext, Dialect};
use octroi_policy::stages::Preflight;
use octroi_policy::{Outcome, Refusal};

use crate::forwarding::X_REQUEST_ID;
use crate::lines::HeaderLines;

/// What an answer needs from the call, kept while the call is on its way.
pub(crate) struct AnswerFacts {
    pub(crate) request_id: HeaderValue,
    pub(crate) method: http::Method,
    pub(crate) accept: Option<HeaderValue>,
    pub(crate) origin: Option<HeaderValue>,
}

/// What an answer needs from the gateway's settings.
pub(crate) struct AnswerSettings<'a> {
    pub(crate) errors_base_url: &'a str,
    pub(crate) language: Language,
    pub(crate) portal_origins: &'a [String],
}

/// An answer of our own. Its headers were added to those that the engine keeps.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
    /// Whether the connection ends with it.
    pub(crate) closes: bool,
}

/// The answer to a call that is refused, or that failed.
pub(crate) fn refusal(
    refusal: &Refusal,
    facts: &AnswerFacts,
    settings: &AnswerSettings<'_>,
    now: Timestamp,
    headers: &mut impl HeaderLines,
) -> Reply {
    let standard;
    let dialect = match &refusal.api {
        Some(api) => &api.dialect,
        None => {
            standard = Dialect::standard();
            &standard
        }
    };
    let answer = dialect.answer(&AnswerContext {
        outcome: refusal.outcome,
        language: refusal.api.as_ref().map_or(settings.language, |api| api.language),
        request_id: facts.request_id.to_str().unwrap_or(""),
        docs_base: settings.errors_base_url,
        method: facts.method.as_str(),
        accept: facts.accept.as_ref().and_then(|v| v.to_str().ok()),
        limit: refusal.reached,
        retry_after: refusal.retry_after,
        missing: &refusal.missing,
        now,
    });
    headers.add(&header::CONTENT_TYPE, answer.content_type);
    headers.add(&header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.add(&X_REQUEST_ID, facts.request_id.clone());
    if let Some(seconds) = refusal.retry_after.or(default_retry_after(refusal.outcome)) {
        headers.add(&header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if !refusal.allow.is_empty()
        && let Ok(value) = HeaderValue::from_str(&refusal.allow.join(", "))
    {
        headers.add(&header::ALLOW, value);
    }
    if let Some(api) = &refusal.api {
        if answer.status == 401 {
            for challenge in &api.challenges {
                headers.add(&header::WWW_AUTHENTICATE, challenge.clone());
            }
        }
        dialect.limit_headers(&refusal.readings, now, |name, value| headers.add(&name, value));
        say_farewell(headers, api);
        allow_page(headers, api, facts, settings.portal_origins);
    }
    Reply {
        status: StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        body: Bytes::from(answer.body),
        closes: closes(refusal.outcome),
    }
}

/// Outcomes that pass by themselves say when to try again.
fn default_retry_after(outcome: Outcome) -> Option<u64> {
    matches!(outcome, Outcome::GatewayNotReady | Outcome::Overloaded).then_some(1)
}

/// Whether what follows on the connection cannot be trusted, or is not worth reading.
fn closes(outcome: Outcome) -> bool {
    matches!(
        outcome,
        Outcome::MalformedRequest
            | Outcome::HeaderTooLarge
            | Outcome::BodyTooLarge
            | Outcome::RequestTimeout
            | Outcome::UpgradeUnsupported
            | Outcome::ExpectationUnsupported
    )
}

/// The answer to a browser's preflight.
pub(crate) fn preflight(preflight: Preflight, facts: &AnswerFacts, headers: &mut impl HeaderLines) -> Reply {
    headers.add(&X_REQUEST_ID, facts.request_id.clone());
    for (name, value) in preflight.headers {
        headers.add(&name, value);
    }
    Reply { status: StatusCode::NO_CONTENT, body: Bytes::new(), closes: false }
}

/// Adds to an upstream's answer what is ours: the request id, the limits, and what lets a web page read it.
pub(crate) fn complete(
    headers: &mut impl HeaderLines,
    admitted: &octroi_policy::Admitted,
    facts: &AnswerFacts,
    portal_origins: &[String],
    now: Timestamp,
) {
    headers.put(&X_REQUEST_ID, facts.request_id.clone());
    let api = admitted.api();
    let mut last = None;
    api.dialect.limit_headers(admitted.readings(), now, |name, value| {
        // What the upstream says of limits is replaced; a further line of ours stands beside the first.
        if last.as_ref() == Some(&name) {
            headers.add(&name, value);
        } else {
            headers.put(&name, value);
            last = Some(name);
        }
    });
    say_farewell(headers, api);
    allow_page(headers, api, facts, portal_origins);
}

/// Tells when the API is to be left, where it is.
fn say_farewell(headers: &mut impl HeaderLines, api: &Api) {
    for (name, value) in &api.farewell.alone {
        headers.put(name, value.clone());
    }
    if let Some((name, value)) = &api.farewell.link {
        headers.add(name, value.clone());
    }
}

fn allow_page(headers: &mut impl HeaderLines, api: &Api, facts: &AnswerFacts, portal_origins: &[String]) {
    let Some(origin) = &facts.origin else { return differs_by_origin(headers, api) };
    let origin = cors::judge_origin(api, portal_origins, origin.as_bytes());
    for name in [
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
    ] {
        headers.remove(&name);
    }
    match origin {
        Origin::Allowed(origin) => {
            for (name, value) in cors::answer_headers(api, origin) {
                if name == header::VARY {
                    headers.add(&name, value);
                } else {
                    headers.put(&name, value);
                }
            }
        }
        Origin::None | Origin::Denied => differs_by_origin(headers, api),
    }
}

/// A cache must not give a page that is let in the answer that somebody else got.
fn differs_by_origin(headers: &mut impl HeaderLines, api: &Api) {
    if api.cors.is_some() {
        headers.add(&header::VARY, HeaderValue::from_static("Origin"));
    }
}
