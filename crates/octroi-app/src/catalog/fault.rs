//! What is wrong with catalogue files: the file, the line and the field, and what to do.

use std::fmt;

use octroi_domain::validate::Rule;
use serde::Serialize;

use super::yaml::{Place, Problem, ReadError, SyntaxError};

/// One mistake in a catalogue file or in a file that it names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The file, as it was named.
    pub file: String,
    /// The line, from 1; 0 where the mistake is the file itself.
    pub line: u32,
    /// The column, from 1; 0 where the mistake is the file itself.
    pub column: u32,
    /// The field, as a path: `plans[0].limits.rate.count`. Empty for the document as a whole.
    pub field: String,
    /// Stable code: that of the [`Rule`], or `unknown_field`, `wrong_type`, `syntax`, `variable`, `file`.
    pub code: &'static str,
    /// What is wrong, in English.
    pub message: String,
}

/// Every mistake found. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Fault {
    /// `sirene.yaml:12:5: plans[0].limits.rate: a value is needed`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        if !self.field.is_empty() {
            write!(f, ": {}", self.field)?;
        }
        write!(f, ": {}", self.message)
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.0.iter().map(Fault::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl Fault {
    /// A rule that a field breaks.
    pub(super) fn rule(file: &str, place: Place, field: &str, rule: &Rule) -> Self {
        Self::at(file, place, field, rule.code(), sentence(rule))
    }

    /// A mistake of the file itself.
    pub(super) fn file(file: &str, message: impl Into<String>) -> Self {
        Self::at(file, Place { line: 0, column: 0 }, "", "file", message)
    }

    pub(super) fn at(
        file: &str,
        place: Place,
        field: &str,
        code: &'static str,
        message: impl Into<String>,
    ) -> Self {
        // Names and values from files end up on terminals.
        let shown = |text: &str| text.replace(|c: char| c.is_control(), "\u{fffd}");
        Self {
            file: shown(file),
            line: place.line,
            column: place.column,
            field: shown(field),
            code,
            message: shown(&message.into()),
        }
    }

    pub(super) fn syntax(file: &str, error: SyntaxError) -> Self {
        let code = if error.message.starts_with(super::files::NO_VALUE) { "variable" } else { "syntax" };
        Self::at(file, error.place, "", code, error.message)
    }

    pub(super) fn read(file: &str, error: &ReadError) -> Self {
        let (code, message) = match &error.problem {
            Problem::UnknownField([]) => ("unknown_field", "no field can stand here".to_owned()),
            Problem::UnknownField(known) => {
                ("unknown_field", format!("no such field; known here: {}", known.join(", ")))
            }
            Problem::Missing => ("required", sentence(&Rule::Required)),
            Problem::NotAllowed(words) => {
                ("not_allowed", sentence(&Rule::NotAllowed { allowed: words.join(", ") }))
            }
            Problem::Other(message) => ("wrong_type", message.clone()),
        };
        Self::at(file, error.place(), &error.path(), code, message)
    }
}

/// A rule in words, for whoever edits the files. The portal's own sentences are in `octroi-web/locales`.
fn sentence(rule: &Rule) -> String {
    match rule {
        Rule::Required => "a value is needed".to_owned(),
        Rule::TooShort { min } => format!("too short: at least {min}"),
        Rule::TooLong { max } => format!("too long or too many: at most {max}"),
        Rule::OutOfRange { min, max } => format!("out of range: {min} to {max}"),
        Rule::Malformed { expected } => format!("not of the form {expected}: {}", form(expected)),
        Rule::ControlCharacter => {
            "holds a control character, or one that changes the text's direction".to_owned()
        }
        Rule::Taken => "already taken".to_owned(),
        Rule::TakenBy { by } => format!("already taken by {by}"),
        Rule::Unknown => "does not exist, or you may not use it".to_owned(),
        Rule::NotAllowed { allowed } => format!("may be: {allowed}"),
        // No file holds a person's address or password.
        Rule::OwnAddress => "one's own address".to_owned(),
        Rule::WrongPassword => "not the right password".to_owned(),
        Rule::Guessable => "too easily guessed".to_owned(),
        Rule::Conflicts { with } => format!("cannot stand together with {with}"),
        Rule::PrivateAddress => "leads to a private network, which the operator has not permitted \
                                 (gateway.allowed_private_upstreams)"
            .to_owned(),
    }
}

/// The forms that a catalogue's values have, in words.
fn form(name: &str) -> &'static str {
    match name {
        "slug" => "lower-case letters, digits and single hyphens",
        "version" => "letters, digits, `.`, `-` and `_`, as in 3.11",
        "route_path" => {
            "begins with `/`, does not end with it, segments of letters, digits, `-`, `_`, `.` and `~`"
        }
        "host" => "a host name in lower-case letters, without port",
        "upstream_url" => {
            "http or https, a host, no user, no query, no fragment, no sign in the path that needs encoding"
        }
        "header_name" => "a header's or parameter's name that may carry a credential",
        "operation_path" => "begins with `/`; `*` for one segment, `**` at the end for all that follow",
        "media_type" => "a media type without parameters, as in application/json",
        "origin" => "a scheme and host as in https://example.fr, or a single `*`",
        "email" => "name@example.fr",
        "url" => "https://…",
        "scope" => "one word of printable ASCII",
        "picture" => "PNG, JPEG or WebP",
        "picture_size" => "a picture of 1 MiB at most",
        "picture_pixels" => "4,096 pixels a side and 16 million in all, at most",
        "picture_whole" => "a picture that is whole: this one is cut short or damaged",
        "openapi" => "a document with `openapi`, `info` and `paths`",
        _ => "see docs/reference/catalogue.md",
    }
}
