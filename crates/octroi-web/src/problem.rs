//! Every refusal of the management API: RFC 9457, with a stable code and sentences in two languages.

use std::borrow::Cow;

use axum::body::Body;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use octroi_app::{AppError, Conflict};
use octroi_domain::actor::TokenScope;
use octroi_domain::api::Language;
use schemars::JsonSchema;
use serde::Serialize;

use crate::field::FieldError;
use crate::locale;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $status:ident;)*) => {
        /// What went wrong: stable, and the same in both languages.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ProblemCode {
            $($(#[$doc])* $name,)*
            /// The present state of things does not allow this.
            Conflict(Conflict),
        }

        impl ProblemCode {
            const PLAIN: &'static [Self] = &[$(Self::$name,)*];

            /// The word that programs compare.
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                    Self::Conflict(conflict) => conflict.code(),
                }
            }

            /// The HTTP status that goes with it.
            pub const fn status(self) -> StatusCode {
                match self {
                    $(Self::$name => StatusCode::$status,)*
                    Self::Conflict(_) => StatusCode::CONFLICT,
                }
            }
        }
    };
}

codes! {
    /// The request cannot be read as HTTP says.
    MalformedRequest = "malformed_request", BAD_REQUEST;
    /// The body is not JSON.
    MalformedJson = "malformed_json", BAD_REQUEST;
    /// Nobody has signed in.
    SignInRequired = "sign_in_required", UNAUTHORIZED;
    /// The management token is unknown, revoked or expired.
    TokenInvalid = "token_invalid", UNAUTHORIZED;
    /// A name and password that do not belong together.
    SignInFailed = "sign_in_failed", UNAUTHORIZED;
    /// The object is visible, and this may not be done to it.
    Forbidden = "forbidden", FORBIDDEN;
    /// A form was sent from another site.
    FromElsewhere = "from_elsewhere", FORBIDDEN;
    /// The management token lacks a scope.
    InsufficientScope = "insufficient_scope", FORBIDDEN;
    /// A secret is shown only shortly after a sign-in.
    SignInAgain = "sign_in_again", FORBIDDEN;
    /// No such object, or none that the caller may see.
    NotFound = "not_found", NOT_FOUND;
    /// The path exists, the method does not.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED;
    /// The body came too slowly.
    RequestTimeout = "request_timeout", REQUEST_TIMEOUT;
    /// The object was changed since it was read.
    Stale = "stale", PRECONDITION_FAILED;
    /// The body is longer than what is read.
    BodyTooLarge = "body_too_large", PAYLOAD_TOO_LARGE;
    /// The body is of a type that is not read here.
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE;
    /// The request breaks rules; each is named.
    Invalid = "invalid", UNPROCESSABLE_ENTITY;
    /// Too many tries.
    TooMany = "too_many_requests", TOO_MANY_REQUESTS;
    /// A fault of ours.
    Internal = "internal", INTERNAL_SERVER_ERROR;
    /// The database cannot be used now.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE;
}

impl ProblemCode {
    /// Every code.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::PLAIN.iter().copied().chain(Conflict::ALL.map(Self::Conflict))
    }

    /// The code of that name.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::all().find(|known| known.code() == code)
    }
}

/// A refusal, before it is written in a language.
#[derive(Clone, Debug)]
pub(crate) struct Problem(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    code: ProblemCode,
    arguments: Vec<(&'static str, Cow<'static, str>)>,
    errors: Vec<FieldError>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// What a client reads.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub(crate) struct ProblemDocument {
    /// Page that explains the code.
    #[serde(rename = "type")]
    kind: String,
    /// What happened, in a few words.
    title: String,
    /// The HTTP status.
    #[schemars(range(min = 400, max = 599))]
    status: u16,
    /// What happened and what to do, in a sentence.
    detail: String,
    /// Stable name of what happened, for programs.
    code: &'static str,
    /// Names this request in our logs.
    request_id: String,
    /// What is wrong, field by field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    errors: Vec<FieldDocument>,
}

/// One field and what is wrong with it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "FieldError")]
struct FieldDocument {
    /// Path of the field: `plans[0].limits.rate.count`. Empty for the request as a whole.
    field: String,
    /// Stable name of the rule that it breaks.
    code: &'static str,
    /// What to do, in a sentence.
    message: String,
}

impl Problem {
    pub(crate) fn new(code: ProblemCode) -> Self {
        Self(Box::new(Inner { code, arguments: Vec::new(), errors: Vec::new(), headers: Vec::new() }))
    }

    pub(crate) fn invalid(errors: Vec<FieldError>) -> Self {
        let mut problem = Self::new(ProblemCode::Invalid);
        problem.0.errors = errors;
        problem
    }

    /// Fills a place in the sentence.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.0.arguments.push((name, value.into()));
        self
    }

    /// Adds a header; one that cannot be written as a header is left out.
    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.0.headers.push((name, value));
        }
        self
    }

    /// Title and detail.
    pub(crate) fn words(&self, language: Language) -> (String, String) {
        let Inner { code, arguments, .. } = &*self.0;
        let detail = locale::text(language, &format!("{}.detail", code.code()), arguments);
        (locale::text(language, code.code(), arguments), detail)
    }

    /// Title and detail for somebody who looks at a page: what a program would do is left out, where there is a
    /// sentence that does so.
    pub(crate) fn words_for_people(&self, language: Language) -> (String, String) {
        let (title, detail) = self.words(language);
        let of = |attribute: &str| {
            locale::find(language, &format!("{}.{attribute}", self.code().code()), &self.0.arguments)
        };
        (title, of("page").or_else(|| of("general")).unwrap_or(detail))
    }

    pub(crate) fn code(&self) -> ProblemCode {
        self.0.code
    }

    /// After how many seconds to try again, where it is known.
    pub(crate) fn retry_after(&self) -> Option<HeaderValue> {
        let found = self.0.headers.iter().find(|(name, _)| *name == header::RETRY_AFTER);
        found.map(|(_, value)| value.clone())
    }

    /// The answer, in `language`.
    pub(crate) fn answer(&self, context: &ProblemContext<'_>) -> Response<Body> {
        let Inner { code, errors, headers, .. } = &*self.0;
        let (word, language) = (code.code(), context.language);
        let (title, detail) = self.words(language);
        let document = ProblemDocument {
            kind: format!("{}/problems/{word}", context.portal_url),
            title,
            status: code.status().as_u16(),
            detail,
            code: word,
            request_id: context.request_id.to_owned(),
            errors: errors
                .iter()
                .map(|e| FieldDocument {
                    field: e.field.clone(),
                    code: e.code,
                    message: e.sentence(language),
                })
                .collect(),
        };
        let mut response = Response::new(Body::from(serde_json::to_vec(&document).unwrap_or_default()));
        *response.status_mut() = code.status();
        let target = response.headers_mut();
        target.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        target.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.code()));
        target.insert(header::VARY, HeaderValue::from_static("accept-language"));
        for (name, value) in headers {
            target.append(name, value.clone());
        }
        if code.status() == StatusCode::UNAUTHORIZED {
            target.insert(header::WWW_AUTHENTICATE, challenge(*code));
        }
        response
    }
}

/// How to sign in (RFC 6750, 3).
fn challenge(code: ProblemCode) -> HeaderValue {
    HeaderValue::from_static(match code {
        ProblemCode::TokenInvalid => r#"Bearer realm="octroi", error="invalid_token""#,
        _ => r#"Bearer realm="octroi""#,
    })
}

/// What a refusal is written with.
pub(crate) struct ProblemContext<'a> {
    pub(crate) language: Language,
    pub(crate) request_id: &'a str,
    pub(crate) portal_url: &'a str,
}

/// The name of a scope, as the API writes it.
pub(crate) const fn scope_name(scope: TokenScope) -> &'static str {
    match scope {
        TokenScope::Read => "read",
        TokenScope::Write => "write",
        TokenScope::Reveal => "reveal",
        TokenScope::Admin => "admin",
    }
}

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Invalid(violations) => {
                Self::invalid(violations.into_iter().map(FieldError::from).collect())
            }
            AppError::SignIn => Self::new(ProblemCode::SignInRequired),
            AppError::NotFound => Self::new(ProblemCode::NotFound),
            AppError::Forbidden => Self::new(ProblemCode::Forbidden),
            AppError::Scope(scope) => {
                let name = scope_name(scope);
                Self::new(ProblemCode::InsufficientScope).with("scope", name).header(
                    header::WWW_AUTHENTICATE,
                    &format!(r#"Bearer realm="octroi", error="insufficient_scope", scope="{name}""#),
                )
            }
            AppError::Conflict(conflict) => Self::new(ProblemCode::Conflict(conflict)),
            AppError::Stale => Self::new(ProblemCode::Stale),
            AppError::SignInAgain => Self::new(ProblemCode::SignInAgain),
            AppError::TooMany(seconds) => Self::new(ProblemCode::TooMany)
                .with("seconds", seconds.to_string())
                .header(header::RETRY_AFTER, &seconds.to_string()),
            AppError::Unavailable(why) => {
                tracing::warn!(%why, "the database cannot be used");
                Self::new(ProblemCode::Unavailable).header(header::RETRY_AFTER, "5")
            }
            AppError::Internal(why) => {
                tracing::error!(%why, "internal error");
                Self::new(ProblemCode::Internal)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_stands_in_the_reference() {
        let home = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let page = std::fs::read_to_string(home.join("../../docs/reference/api.md")).unwrap();
        for code in ProblemCode::all() {
            let row = page.lines().find(|line| line.starts_with(&format!("| {} |", code.status().as_u16())));
            let listed = row.is_some_and(|row| row.contains(&format!("`{}`", code.code())));
            assert!(listed, "{} is not in docs/reference/api.md", code.code());
        }
    }

    #[test]
    fn codes_are_unique_and_each_has_its_sentences() {
        let mut seen = std::collections::BTreeSet::new();
        for code in ProblemCode::all() {
            assert!(seen.insert(code.code()), "{} twice", code.code());
            for language in [Language::Fr, Language::En] {
                for id in [code.code().to_owned(), format!("{}.detail", code.code())] {
                    assert!(locale::find(language, &id, &[]).is_some(), "{id} has no sentence");
                }
            }
        }
    }
}
