//! Dialects: how an API shapes its errors and its limit headers. Each is a data file in `dialects/`; a new provider
//! adds a file, not a branch.

mod template;

use std::sync::{Arc, LazyLock};

use foldhash::HashMap;
use http::{HeaderName, HeaderValue};
use octroi_domain::api::Language;
use octroi_domain::time::Timestamp;
use serde::Deserialize;

use crate::limit::{Reading, Readings};
use crate::outcome::Outcome;
use template::{Escape, Template};

/// The dialect where an API names none.
pub const DEFAULT: &str = "ietf";

const FILES: &[(&str, &str)] = &[
    ("ietf", include_str!("../dialects/ietf.toml")),
    ("gravitee", include_str!("../dialects/gravitee.toml")),
    ("x-ratelimit", include_str!("../dialects/x-ratelimit.toml")),
    ("ratelimit", include_str!("../dialects/ratelimit.toml")),
    ("fhir", include_str!("../dialects/fhir.toml")),
    ("engagement", include_str!("../dialects/engagement.toml")),
    ("none", include_str!("../dialects/none.toml")),
];

/// A dialect file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadDialect {
    /// Not the TOML that is wanted.
    #[error(transparent)]
    Syntax(#[from] toml::de::Error),
    /// A placeholder that nothing fills.
    #[error("unknown placeholder {{{0}}}")]
    Placeholder(String),
    /// A header name that is none.
    #[error("not a header name: {0}")]
    HeaderName(String),
    /// Extends a dialect that does not exist.
    #[error("extends the unknown dialect {0}")]
    Parent(String),
    /// An outcome code that does not exist.
    #[error("answers the unknown outcome {0}")]
    Outcome(String),
}

/// How an API shapes its errors and limit headers.
#[derive(Debug)]
pub struct Dialect {
    name: String,
    answers: HashMap<String, AnswerShape>,
    limit_headers: Vec<LimitHeader>,
}

#[derive(Clone, Debug)]
struct AnswerShape {
    status: Option<u16>,
    bodies: Vec<BodyShape>,
}

#[derive(Clone, Debug)]
struct BodyShape {
    accept: Vec<String>,
    content_type: HeaderValue,
    template: Template,
    escape: Escape,
}

#[derive(Clone, Debug)]
struct LimitHeader {
    of: LimitKind,
    name: HeaderName,
    value: Template,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum LimitKind {
    Rate,
    Quota,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    extends: Option<String>,
    /// Words that differ from outcome to outcome, by the placeholder that stands for them in the bodies.
    #[serde(default)]
    values: HashMap<String, HashMap<String, String>>,
    #[serde(default)]
    answers: HashMap<String, AnswerFile>,
    limit_headers: Option<Vec<LimitHeaderFile>>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerFile {
    status: Option<u16>,
    bodies: Vec<BodyFile>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct BodyFile {
    #[serde(default)]
    accept: Vec<String>,
    r#type: String,
    body: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitHeaderFile {
    of: LimitKind,
    name: String,
    value: String,
}

/// What an answer is made from.
#[derive(Clone, Copy, Debug)]
pub struct AnswerContext<'a> {
    /// Why.
    pub outcome: Outcome,
    /// Language of the sentences.
    pub language: Language,
    /// The call's identifier.
    pub request_id: &'a str,
    /// Where the pages about outcomes begin, without a slash at the end.
    pub docs_base: &'a str,
    /// The call's method.
    pub method: &'a str,
    /// The call's `Accept`.
    pub accept: Option<&'a str>,
    /// The limit that was reached.
    pub limit: Option<Reading>,
    /// Seconds after which the caller may try again.
    pub retry_after: Option<u64>,
    /// Required parameters that are missing.
    pub missing: &'a [String],
    /// The moment of the decision.
    pub now: Timestamp,
}

/// An answer of the gateway's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Value of `Content-Type`.
    pub content_type: HeaderValue,
    /// The body.
    pub body: String,
}

impl Dialect {
    /// The dialect of that name.
    pub fn find(name: &str) -> Option<Arc<Self>> {
        BUILT_IN.iter().find(|d| d.name == name).cloned()
    }

    /// The dialect of APIs that name none, and of calls that reach no API.
    pub fn standard() -> Arc<Self> {
        Self::find(DEFAULT).unwrap_or_else(|| Arc::clone(&EMPTY))
    }

    /// Every dialect's name.
    pub fn names() -> impl Iterator<Item = &'static str> {
        FILES.iter().map(|(name, _)| *name)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The answer for a refusal or failure.
    pub fn answer(&self, context: &AnswerContext<'_>) -> Answer {
        let shape = [context.outcome.code(), context.outcome.public_code(), "default"]
            .into_iter()
            .find_map(|code| self.answers.get(code));
        let status = shape.and_then(|s| s.status).unwrap_or(context.outcome.status());
        let Some(body) = shape.and_then(|s| s.body_for(context.accept)) else {
            return Answer {
                status,
                content_type: HeaderValue::from_static("text/plain"),
                body: context.outcome.public_code().to_owned(),
            };
        };
        let mut text = String::with_capacity(256);
        body.template.render(context, status, body.escape, &mut text);
        Answer { status, content_type: body.content_type.clone(), body: text }
    }

    /// Gives each limit header to `put`.
    pub fn limit_headers(
        &self,
        readings: &Readings,
        now: Timestamp,
        mut put: impl FnMut(HeaderName, HeaderValue),
    ) {
        let mut text = String::new();
        for header in &self.limit_headers {
            let reading = match header.of {
                LimitKind::Rate => readings.rate,
                LimitKind::Quota => readings.quota,
            };
            let Some(reading) = reading else { continue };
            text.clear();
            header.value.render_limit(&reading, now, &mut text);
            if let Ok(value) = HeaderValue::from_str(&text) {
                put(header.name.clone(), value);
            }
        }
    }

    /// The names of its limit headers: web pages may read them.
    pub fn limit_header_names(&self) -> impl Iterator<Item = &HeaderName> {
        self.limit_headers.iter().map(|h| &h.name)
    }

    fn parse(name: &str, text: &str, known: &[Arc<Self>]) -> Result<Self, BadDialect> {
        let file: File = toml::from_str(text)?;
        let parent = match &file.extends {
            None => None,
            Some(parent) => Some(
                known.iter().find(|d| d.name == *parent).ok_or_else(|| BadDialect::Parent(parent.clone()))?,
            ),
        };
        let mut answers = parent.map(|p| p.answers.clone()).unwrap_or_default();
        check_codes(file.answers.keys().chain(file.values.values().flat_map(HashMap::keys)))?;
        for (code, answer) in with_values(file.answers, &file.values) {
            answers.insert(code, AnswerShape::read(answer)?);
        }
        let limit_headers = match (file.limit_headers, parent) {
            (Some(headers), _) => headers.into_iter().map(LimitHeader::read).collect::<Result<_, _>>()?,
            (None, Some(parent)) => parent.limit_headers.clone(),
            (None, None) => Vec::new(),
        };
        Ok(Self { name: name.to_owned(), answers, limit_headers })
    }
}

fn check_codes<'a>(mut codes: impl Iterator<Item = &'a String>) -> Result<(), BadDialect> {
    let known = |code: &str| {
        code == "default" || Outcome::ALL.iter().any(|o| o.code() == code || o.public_code() == code)
    };
    codes.find(|code| !known(code)).map_or(Ok(()), |code| Err(BadDialect::Outcome(code.clone())))
}

/// The answers with each outcome's own words in the place of the file's placeholders. Where there are words, the
/// default answer becomes one of its own for every outcome, whatever the parent says.
fn with_values(
    mut answers: HashMap<String, AnswerFile>,
    values: &HashMap<String, HashMap<String, String>>,
) -> HashMap<String, AnswerFile> {
    if let (Some(default), false) = (answers.get("default").cloned(), values.is_empty()) {
        for outcome in Outcome::ALL.iter().filter(|outcome| outcome.is_failure()) {
            answers.entry(outcome.public_code().to_owned()).or_insert_with(|| default.clone());
        }
    }
    for (code, answer) in &mut answers {
        for (name, words) in values {
            let word = words.get(code).or_else(|| words.get("default")).map_or("", String::as_str);
            for body in &mut answer.bodies {
                body.body = body.body.replace(&format!("{{{name}}}"), word);
            }
        }
    }
    answers
}

impl AnswerShape {
    fn read(file: AnswerFile) -> Result<Self, BadDialect> {
        let bodies = file.bodies.into_iter().map(BodyShape::read).collect::<Result<_, _>>()?;
        Ok(Self { status: file.status, bodies })
    }

    /// The first body that the caller accepts; the last one where it accepts none.
    fn body_for(&self, accept: Option<&str>) -> Option<&BodyShape> {
        let accept = accept.map(str::trim).filter(|a| !a.is_empty());
        self.bodies.iter().find(|b| b.fits(accept)).or_else(|| self.bodies.last())
    }
}

impl BodyShape {
    fn read(file: BodyFile) -> Result<Self, BadDialect> {
        let content_type =
            HeaderValue::from_str(&file.r#type).map_err(|_| BadDialect::HeaderName(file.r#type.clone()))?;
        let escape = match file.r#type.as_str() {
            t if t.ends_with("json") => Escape::Json,
            t if t.starts_with("text/html") || t.ends_with("xml") => Escape::Html,
            _ => Escape::None,
        };
        Ok(Self { accept: file.accept, content_type, template: Template::parse(&file.body)?, escape })
    }

    fn fits(&self, accept: Option<&str>) -> bool {
        let Some(accept) = accept else { return true };
        self.accept.is_empty() || {
            let accept = accept.to_ascii_lowercase();
            self.accept.iter().any(|wanted| accept.contains(wanted.as_str()))
        }
    }
}

impl LimitHeader {
    fn read(file: LimitHeaderFile) -> Result<Self, BadDialect> {
        let name =
            HeaderName::from_bytes(file.name.as_bytes()).map_err(|_| BadDialect::HeaderName(file.name))?;
        Ok(Self { of: file.of, name, value: Template::parse(&file.value)? })
    }
}

static EMPTY: LazyLock<Arc<Dialect>> = LazyLock::new(|| {
    Arc::new(Dialect { name: String::new(), answers: HashMap::default(), limit_headers: Vec::new() })
});

/// The dialects of the files. A file that cannot be read is left out, so that the APIs that name it stay shut; a
/// test reads them all.
static BUILT_IN: LazyLock<Vec<Arc<Dialect>>> = LazyLock::new(|| {
    let mut known = Vec::new();
    for (name, text) in FILES {
        if let Ok(dialect) = Dialect::parse(name, text, &known) {
            known.push(Arc::new(dialect));
        }
    }
    known
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limit::Span;

    fn context(outcome: Outcome) -> AnswerContext<'static> {
        AnswerContext {
            outcome,
            language: Language::Fr,
            request_id: "req_1",
            docs_base: "/docs/errors",
            method: "GET",
            accept: None,
            limit: None,
            retry_after: None,
            missing: &[],
            now: Timestamp::from_millis(1_000_000),
        }
    }

    fn minute() -> Reading {
        Reading {
            limit: 30,
            remaining: 0,
            resets_at: Timestamp::from_millis(1_042_500),
            span: Span::Window { seconds: 60 },
        }
    }

    #[test]
    fn every_file_can_be_read() {
        let mut known = Vec::new();
        for (name, text) in FILES {
            let dialect = Dialect::parse(name, text, &known).unwrap_or_else(|e| panic!("{name}: {e}"));
            known.push(Arc::new(dialect));
        }
        assert_eq!(Dialect::names().count(), BUILT_IN.len());
    }

    #[test]
    fn every_failure_has_a_sentence_in_every_language_and_its_json_can_be_read() {
        for outcome in Outcome::ALL.iter().filter(|o| o.is_failure()) {
            for language in [Language::Fr, Language::En] {
                let missing = ["q\"".to_owned(), "b".to_owned()];
                let context = AnswerContext {
                    language,
                    missing: &missing,
                    limit: Some(minute()),
                    retry_after: Some(43),
                    ..context(*outcome)
                };
                let answer = Dialect::standard().answer(&context);
                let json: serde_json::Value = serde_json::from_str(&answer.body).expect(&answer.body);
                assert_eq!(json["status"], answer.status);
                assert_eq!(json["code"], outcome.public_code());
                assert_eq!(json["type"], format!("/docs/errors/{}", outcome.public_code()));
                for field in ["title", "detail"] {
                    assert!(json[field].as_str().is_some_and(|t| t.len() > 3), "{outcome} {language:?}");
                }
            }
        }
    }

    #[test]
    fn gravitee_bodies_are_exact() {
        let gravitee = Dialect::find("gravitee").unwrap();
        for outcome in [Outcome::CredentialMissing, Outcome::CredentialRevoked, Outcome::TokenInvalid] {
            for accept in [None, Some("*/*"), Some("text/html, application/json;q=0.9")] {
                let answer = gravitee.answer(&AnswerContext { accept, ..context(outcome) });
                assert_eq!(answer.status, 401);
                assert_eq!(answer.content_type, "application/json");
                assert_eq!(answer.body, r#"{"message":"Unauthorized","http_status_code":401}"#);
            }
            let answer = gravitee.answer(&AnswerContext { accept: Some("text/html"), ..context(outcome) });
            assert_eq!(
                (answer.content_type.to_str().unwrap(), answer.body.as_str()),
                ("text/plain", "Unauthorized")
            );
        }
        let limited =
            gravitee.answer(&AnswerContext { limit: Some(minute()), ..context(Outcome::RateLimited) });
        assert_eq!(
            limited.body,
            r#"{"message":"Rate limit exceeded! You reached the limit of 30 requests per 1 minutes","http_status_code":429}"#
        );
    }

    #[test]
    fn every_failure_is_an_operation_outcome_in_json_and_in_xml() {
        let fhir = Dialect::find("fhir").unwrap();
        for outcome in Outcome::ALL.iter().filter(|o| o.is_failure()) {
            let missing = ["q\"<".to_owned()];
            let context = AnswerContext {
                missing: &missing,
                limit: Some(minute()),
                retry_after: Some(43),
                ..context(*outcome)
            };
            let answer = fhir.answer(&context);
            assert_eq!((answer.status, &answer.content_type), (outcome.status(), &FHIR_JSON));
            let json: serde_json::Value = serde_json::from_str(&answer.body).expect(&answer.body);
            let issue = &json["issue"][0];
            assert_eq!(
                (&json["resourceType"], &issue["severity"]),
                (&"OperationOutcome".into(), &"error".into())
            );
            assert_eq!(issue["details"]["coding"][0]["code"], outcome.public_code());
            assert!(issue["code"].as_str().is_some_and(|code| !code.is_empty()), "{outcome}");
            let xml = fhir.answer(&AnswerContext { accept: Some("application/fhir+xml"), ..context });
            assert_eq!(xml.content_type, "application/fhir+xml");
            assert!(xml.body.starts_with("<OperationOutcome ") && !xml.body.contains("q\"<"), "{}", xml.body);
            for accept in
                ["application/fhir+json, application/fhir+xml;q=0.5", "application/json", "text/html"]
            {
                assert_eq!(
                    fhir.answer(&AnswerContext { accept: Some(accept), ..context }).content_type,
                    FHIR_JSON
                );
            }
        }
        let refused = fhir.answer(&context(Outcome::CredentialMissing));
        assert!(refused.body.contains(r#""code":"login""#), "{}", refused.body);
    }

    const FHIR_JSON: HeaderValue = HeaderValue::from_static("application/fhir+json");

    #[test]
    fn engagement_bodies_are_exact() {
        let engagement = Dialect::find("engagement").unwrap();
        let body = |outcome| {
            let limit = Some(minute());
            engagement.answer(&AnswerContext { limit, retry_after: Some(43), ..context(outcome) })
        };
        let unauthorized = body(Outcome::CredentialRevoked);
        assert_eq!(
            (unauthorized.status, unauthorized.content_type.as_bytes()),
            (401, &b"application/json"[..])
        );
        assert_eq!(unauthorized.body, r#"{"ok":false,"code":"UNAUTHORIZED","message":"Unauthorized"}"#);
        assert_eq!(
            body(Outcome::RateLimited).body,
            r#"{"ok":false,"code":"TOO_MANY_REQUESTS","message":"Too many requests, please try again later."}"#
        );
        assert_eq!(
            body(Outcome::IpDenied).body,
            r#"{"ok":false,"code":"FORBIDDEN","message":"Not allowed"}"#
        );
        for outcome in Outcome::ALL.iter().filter(|o| o.is_failure()) {
            let answer = body(*outcome);
            let json: serde_json::Value = serde_json::from_str(&answer.body).expect(&answer.body);
            assert_eq!(json["ok"], false);
            assert!(json["message"].as_str().is_some_and(|m| m.len() > 3), "{outcome}");
            let family = match answer.status {
                401 => Some("UNAUTHORIZED"),
                403 => Some("FORBIDDEN"),
                404 => Some("NOT_FOUND"),
                429 => Some("TOO_MANY_REQUESTS"),
                500.. if outcome.fault() != crate::outcome::Fault::Client => Some("SERVER_ERROR"),
                _ => None,
            };
            assert!(family.is_none_or(|f| json["code"] == f), "{outcome}: {}", answer.body);
        }
    }

    #[test]
    fn limit_headers_follow_the_dialect() {
        let readings = Readings { rate: Some(minute()), quota: None };
        let headers = |name: &str| {
            let mut all = Vec::new();
            Dialect::find(name).unwrap().limit_headers(
                &readings,
                Timestamp::from_millis(1_000_000),
                |n, v| {
                    all.push(format!("{n}: {}", v.to_str().unwrap()));
                },
            );
            all
        };
        assert_eq!(
            headers("ietf"),
            ["ratelimit-policy: \"default\";q=30;w=60", "ratelimit: \"default\";r=0;t=43"]
        );
        assert_eq!(
            headers("gravitee"),
            ["x-rate-limit-limit: 30", "x-rate-limit-remaining: 0", "x-rate-limit-reset: 1042500"]
        );
        assert_eq!(
            headers("ratelimit"),
            ["ratelimit-limit: 30", "ratelimit-remaining: 0", "ratelimit-reset: 1043"]
        );
        assert_eq!(headers("fhir"), headers("gravitee"));
        assert_eq!(headers("engagement"), headers("x-ratelimit"));
        assert_eq!(headers("none"), [""; 0]);
    }
}
