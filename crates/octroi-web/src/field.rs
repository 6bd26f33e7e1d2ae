//! What is wrong with one field of a request, from the rules of the domain or from the published schema.

use std::borrow::Cow;
use std::collections::HashSet;

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Kind;
use jsonschema::paths::{Location, LocationSegment};
use octroi_app::Conflict;
use octroi_domain::api::Language;
use octroi_domain::patterns;
use octroi_domain::validate::{Rule, Violation};
use serde_json::Value;

use crate::locale;

/// The most errors that one answer names.
pub(crate) const MAX_ERRORS: usize = 50;

/// One field and what is wrong with it.
#[derive(Clone, Debug)]
pub(crate) struct FieldError {
    /// Path of the field.
    pub(crate) field: String,
    /// The rule's stable name.
    pub(crate) code: &'static str,
    arguments: Vec<(&'static str, Cow<'static, str>)>,
    /// A sentence that says more than the rule's own: `form-email`, `range-least`.
    sentence: Option<String>,
}

impl FieldError {
    fn new(field: impl Into<String>, code: &'static str) -> Self {
        Self { field: field.into(), code, arguments: Vec::new(), sentence: None }
    }

    fn with(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.arguments.push((name, value.into()));
        self
    }

    fn saying(mut self, sentence: impl Into<String>) -> Self {
        self.sentence = Some(sentence.into());
        self
    }

    /// A field that nobody reads.
    pub(crate) fn unexpected(field: impl Into<String>) -> Self {
        Self::new(field, "unexpected")
    }

    /// A field with something wrong that this sentence says.
    pub(crate) fn said(field: &'static str, sentence: &'static str) -> Self {
        Self::new(field, "conflict").saying(sentence)
    }

    /// A header that is not one entity tag of ours.
    pub(crate) fn if_match() -> Self {
        Self::new("If-Match", "malformed").saying("form-if_match")
    }

    /// A name and a password that do not belong together.
    pub(crate) fn sign_in_failed(field: &'static str) -> Self {
        Self::new(field, "sign_in").saying("sign_in_failed.detail")
    }

    /// Too many tries: how many seconds to wait.
    pub(crate) fn too_many(field: &'static str, seconds: u32) -> Self {
        Self::new(field, "too_many").with("seconds", seconds.to_string()).saying("too_many_requests.detail")
    }

    /// Something typed twice that is not twice the same.
    pub(crate) fn differs(field: &'static str) -> Self {
        Self::new(field, "differs").saying("form-differs")
    }

    /// What should have been typed as it is, so that nothing happens by mistake.
    pub(crate) fn not_repeated(field: &'static str) -> Self {
        Self::new(field, "not_repeated").saying("form-not_repeated")
    }

    /// What the present state of things does not allow, told at the field that asks for it.
    pub(crate) fn conflict(field: &'static str, conflict: Conflict) -> Self {
        Self::new(field, conflict.code()).saying(format!("{}.detail", conflict.code()))
    }

    /// A form whose message was sent already, with another text.
    pub(crate) fn sent_before(field: &'static str) -> Self {
        Self::new(field, "taken").saying("ticket-sent-before")
    }

    /// A key that is not 1 to 128 visible characters.
    pub(crate) fn idempotency_key() -> Self {
        Self::new("Idempotency-Key", "malformed").saying("form-idempotency_key")
    }

    /// A value that fits the schema and not the type; `why` is its reader's word.
    pub(crate) fn unreadable(field: impl Into<String>, why: String) -> Self {
        Self::new(field, "malformed").with("why", why).saying("form-unreadable")
    }

    /// A field with a character that no text may hold.
    pub(crate) fn control_character(field: impl Into<String>) -> Self {
        Self::new(field, "control_character")
    }

    /// What to do, in a sentence.
    pub(crate) fn sentence(&self, language: Language) -> String {
        let special = self.sentence.as_ref().and_then(|id| locale::find(language, id, &self.arguments));
        special.unwrap_or_else(|| locale::text(language, &format!("rule-{}", self.code), &self.arguments))
    }

    /// What the published schema says of this part of a request; unions are followed to the branch that was meant.
    pub(crate) fn from_schema(error: &ValidationError<'_>, errors: &mut Vec<Self>) {
        if errors.len() >= MAX_ERRORS {
            return;
        }
        let field = path(error.instance_path());
        match error.kind() {
            Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
                match (choices(context), meant(error.instance_path(), context)) {
                    (Some((place, allowed)), _) => {
                        errors.push(Self::new(place, "not_allowed").with("allowed", allowed));
                    }
                    (None, Some(branch)) => branch.iter().for_each(|inner| Self::from_schema(inner, errors)),
                    (None, None) => errors.push(Self::new(field, "wrong_type")),
                }
            }
            Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
                errors.extend(unexpected.iter().map(|name| Self::unexpected(join(&field, name))));
            }
            Kind::Required { property } => {
                errors.push(Self::new(join(&field, property.as_str().unwrap_or_default()), "required"));
            }
            Kind::Pattern { pattern } => errors.push(misshapen(field, pattern, error.instance())),
            kind => errors.push(plain(field, kind)),
        }
    }
}

/// A text that does not fit a pattern: plain text is blank or holds what no text may; other forms have a name.
fn misshapen(field: String, pattern: &str, value: &Value) -> FieldError {
    if patterns::TEXTS.contains(&pattern) {
        let blank = value.as_str().is_none_or(|text| text.trim().is_empty());
        return if blank { FieldError::new(field, "required") } else { FieldError::control_character(field) };
    }
    let error = FieldError::new(field, "malformed");
    match patterns::FORMS.iter().find(|(known, _)| *known == pattern) {
        Some((_, form)) => error.saying(format!("form-{form}")),
        None => error,
    }
}

/// An error that concerns one field alone.
fn plain(field: String, kind: &Kind) -> FieldError {
    match kind {
        Kind::MinLength { limit: 1 } | Kind::MinItems { limit: 1 } => FieldError::new(field, "required"),
        Kind::MinLength { limit } | Kind::MinItems { limit } => {
            FieldError::new(field, "too_short").with("min", limit.to_string())
        }
        Kind::MaxLength { limit } | Kind::MaxItems { limit } | Kind::MaxProperties { limit } => {
            FieldError::new(field, "too_long").with("max", limit.to_string())
        }
        Kind::Minimum { limit } | Kind::ExclusiveMinimum { limit } => {
            FieldError::new(field, "out_of_range").with("min", limit.to_string()).saying("range-least")
        }
        Kind::Maximum { limit } | Kind::ExclusiveMaximum { limit } => {
            FieldError::new(field, "out_of_range").with("max", limit.to_string()).saying("range-most")
        }
        Kind::Enum { options } => FieldError::new(field, "not_allowed").with("allowed", listed(options)),
        Kind::Constant { expected_value } => {
            FieldError::new(field, "not_allowed").with("allowed", word(expected_value))
        }
        Kind::Format { .. } => FieldError::new(field, "malformed"),
        Kind::UniqueItems => FieldError::new(field, "taken"),
        _ => FieldError::new(field, "wrong_type"),
    }
}

/// Where every branch of a union wants another word in one place (a list of words, or the tag of a tagged union): that
/// place and the words.
fn choices(branches: &[Vec<ValidationError<'static>>]) -> Option<(String, String)> {
    let wanted = |error: &ValidationError<'static>| match error.kind() {
        Kind::Constant { expected_value } => Some((path(error.instance_path()), word(expected_value))),
        Kind::Enum { options } => Some((path(error.instance_path()), listed(options))),
        _ => None,
    };
    let all: Vec<_> = branches.iter().map(|errors| errors.iter().find_map(wanted)).collect::<Option<_>>()?;
    let (places, words): (HashSet<String>, Vec<String>) = all.into_iter().unzip();
    let mut places = places.into_iter();
    match (places.next(), places.next()) {
        (Some(place), None) => Some((place, words.join(", "))),
        _ => None,
    }
}

/// The branch of a union that the writer most likely meant: one whose errors are not about the union's own place
/// (a `null`) nor about a tag, and the fewest of them.
fn meant<'a>(
    place: &Location,
    branches: &'a [Vec<ValidationError<'static>>],
) -> Option<&'a [ValidationError<'static>]> {
    let misses = |e: &ValidationError<'_>| {
        matches!(e.kind(), Kind::Constant { .. })
            || matches!(e.kind(), Kind::Type { .. }) && e.instance_path().as_str() == place.as_str()
    };
    let fitting = branches.iter().filter(|errors| !errors.iter().any(misses));
    fitting.min_by_key(|errors| errors.len()).map(Vec::as_slice)
}

/// The values of a list, in words.
fn listed(options: &Value) -> String {
    options.as_array().map(|all| all.iter().map(word).collect::<Vec<_>>().join(", ")).unwrap_or_default()
}

fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A place in a document as a person would write it: `plans[0].limits`.
fn path(location: &Location) -> String {
    location.iter().fold(String::new(), |path, segment| match segment {
        LocationSegment::Property(name) => join(&path, &name),
        LocationSegment::Index(index) => format!("{path}[{index}]"),
    })
}

fn join(path: &str, name: &str) -> String {
    // A name can be as long as a body: enough of it to be found again.
    let name: String = name.chars().take(100).collect();
    if path.is_empty() { name } else { format!("{path}.{name}") }
}

impl From<Violation> for FieldError {
    fn from(Violation { field, rule }: Violation) -> Self {
        let error = Self::new(field, rule.code());
        match rule {
            Rule::TooShort { min } => error.with("min", min.to_string()),
            Rule::TooLong { max } => error.with("max", max.to_string()),
            Rule::OutOfRange { min, max } => error.with("min", min.to_string()).with("max", max.to_string()),
            Rule::Malformed { expected } => error.saying(format!("form-{expected}")),
            Rule::NotAllowed { allowed } => error.with("allowed", allowed),
            Rule::Conflicts { with } => error.with("with", with),
            Rule::TakenBy { by } => error.with("by", by),
            Rule::Required
            | Rule::ControlCharacter
            | Rule::Taken
            | Rule::Unknown
            | Rule::Guessable
            | Rule::OwnAddress
            | Rule::WrongPassword
            | Rule::PrivateAddress => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;
    use crate::locale::tests::ids;

    /// Every form that a rule of the house names, from the sources themselves.
    fn forms(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()) {
            if entry.is_dir() {
                forms(&entry, found);
            } else if entry.extension().is_some_and(|e| e == "rs") {
                let text = std::fs::read_to_string(&entry).unwrap();
                let names = text.split("expected: \"").skip(1).filter_map(|rest| rest.split('"').next());
                found.extend(names.map(str::to_owned));
            }
        }
    }

    #[test]
    fn every_rule_and_form_has_its_sentence_and_none_is_left_over() {
        let text = String::new;
        let rules = [
            Rule::Required,
            Rule::TooShort { min: 1 },
            Rule::TooLong { max: 1 },
            Rule::OutOfRange { min: 1, max: 2 },
            Rule::Malformed { expected: "" },
            Rule::ControlCharacter,
            Rule::OwnAddress,
            Rule::Taken,
            Rule::TakenBy { by: text() },
            Rule::Unknown,
            Rule::NotAllowed { allowed: text() },
            Rule::Guessable,
            Rule::Conflicts { with: text() },
            Rule::WrongPassword,
            Rule::PrivateAddress,
        ];
        let mut wanted: BTreeSet<String> = rules.iter().map(|rule| format!("rule-{}", rule.code())).collect();
        // The shape of a request can break two more.
        wanted.extend(["rule-unexpected", "rule-wrong_type"].map(str::to_owned));
        wanted.extend(
            [
                "range-least",
                "range-most",
                "form-unreadable",
                "form-idempotency_key",
                "form-if_match",
                "form-differs",
                "form-not_repeated",
                // What pages say of a form as a whole, and of fields that may stay empty.
                "form-optional-mark",
                "form-wrong-mark",
                "form-wrong-title",
            ]
            .map(str::to_owned),
        );
        let mut found = BTreeSet::new();
        for name in ["octroi-domain", "octroi-app", "octroi-policy"] {
            forms(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name).join("src"), &mut found);
        }
        wanted.extend(found.into_iter().map(|form| format!("form-{form}")));
        let said: BTreeSet<String> = ids(Language::Fr)
            .into_iter()
            .filter(|id| ["rule-", "form-", "range-"].iter().any(|kind| id.starts_with(kind)))
            .collect();
        assert_eq!(said, wanted);
    }
}
