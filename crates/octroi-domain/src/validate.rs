//! What is wrong with a value that somebody gave, as data: the field, the rule and the rule's numbers. The sentence
//! in French or English is made at the edge (`octroi-web/locales`), from the rule's code.

use serde::Serialize;

/// A rule that a value breaks. Its [`code`](Rule::code) is stable and has a sentence in every language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum Rule {
    /// A value is needed and none was given.
    Required,
    /// Fewer characters than `min`.
    TooShort {
        /// The fewest characters allowed.
        min: u64,
    },
    /// More characters (or bytes, items) than `max`.
    TooLong {
        /// The most characters allowed.
        max: u64,
    },
    /// A number outside `min..=max`.
    OutOfRange {
        /// The smallest number allowed.
        min: i64,
        /// The largest number allowed.
        max: i64,
    },
    /// Not of the wanted form; `expected` names the form (`email`, `slug`, `url`, `cidr`, …).
    Malformed {
        /// The form's name, which has a sentence in every language.
        expected: &'static str,
    },
    /// A control character, or one that changes the direction of the text, where plain text is wanted.
    ControlCharacter,
    /// Another object has this value already.
    Taken,
    /// A named object that the caller can see has this value already.
    TakenBy {
        /// The object's name: "API Sirene 3.11".
        by: String,
    },
    /// No such object, or none that the caller can see.
    Unknown,
    /// Not one of the values that may stand here.
    NotAllowed {
        /// The values that may, in words.
        allowed: String,
    },
    /// Easily guessed: too common or built from the person's own data.
    Guessable,
    /// Two values that must not stand together, or that need each other.
    Conflicts {
        /// The other field.
        with: String,
    },
    /// The address of whoever asks, where somebody else's is wanted.
    OwnAddress,
    /// A password that is not the account's.
    WrongPassword,
    /// An address on a private, loopback or link-local network, without permission.
    PrivateAddress,
}

impl Rule {
    /// The stable name of the rule, as used in problem documents and locale files.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::TooShort { .. } => "too_short",
            Self::TooLong { .. } => "too_long",
            Self::OutOfRange { .. } => "out_of_range",
            Self::Malformed { .. } => "malformed",
            Self::ControlCharacter => "control_character",
            Self::Taken => "taken",
            Self::TakenBy { .. } => "taken_by",
            Self::Unknown => "unknown",
            Self::NotAllowed { .. } => "not_allowed",
            Self::Guessable => "guessable",
            Self::Conflicts { .. } => "conflicts",
            Self::OwnAddress => "own_address",
            Self::WrongPassword => "wrong_password",
            Self::PrivateAddress => "private_address",
        }
    }
}

/// One field and the rule it breaks. `field` is a path as a person would write it: `plans[0].limits.rate.count`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Which field, as a path from the document's root; empty for the document as a whole.
    pub field: String,
    /// The rule that it breaks.
    #[serde(flatten)]
    pub rule: Rule,
}

/// Gathers every violation of a document, so that the answer names them all at once.
#[derive(Debug, Default)]
pub struct Check {
    violations: Vec<Violation>,
}

impl Check {
    /// Nothing wrong so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes that `field` breaks `rule`.
    pub fn fail(&mut self, field: impl Into<String>, rule: Rule) -> &mut Self {
        self.violations.push(Violation { field: field.into(), rule });
        self
    }

    /// Notes that `field` breaks `rule` unless `holds`.
    pub fn require(&mut self, holds: bool, field: &str, rule: Rule) -> &mut Self {
        if !holds {
            self.fail(field, rule);
        }
        self
    }

    /// Checks a line of plain text: between `min` and `max` characters once trimmed, no control or direction
    /// character.
    pub fn line(&mut self, field: &str, value: &str, min: usize, max: usize) -> &mut Self {
        self.text(field, value, min, max, |c| c.is_control())
    }

    /// Checks a text of several lines: like [`Check::line`], with tabs and line ends allowed.
    pub fn paragraph(&mut self, field: &str, value: &str, min: usize, max: usize) -> &mut Self {
        self.text(field, value, min, max, |c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
    }

    fn text(
        &mut self,
        field: &str,
        value: &str,
        min: usize,
        max: usize,
        forbidden: fn(char) -> bool,
    ) -> &mut Self {
        let length = value.trim().chars().count();
        if length == 0 && min > 0 {
            return self.fail(field, Rule::Required);
        }
        if length < min {
            self.fail(field, Rule::TooShort { min: min as u64 });
        }
        if length > max {
            self.fail(field, Rule::TooLong { max: max as u64 });
        }
        if value.chars().any(|c| forbidden(c) || is_direction_control(c)) {
            self.fail(field, Rule::ControlCharacter);
        }
        self
    }

    /// Checks a slug: lower-case letters, digits and single hyphens, 1 to `max` characters.
    pub fn slug(&mut self, field: &str, value: &str, max: usize) -> &mut Self {
        if value.is_empty() {
            return self.fail(field, Rule::Required);
        }
        if value.len() > max {
            return self.fail(field, Rule::TooLong { max: max as u64 });
        }
        self.require(is_slug(value), field, Rule::Malformed { expected: "slug" })
    }

    /// Adds the violations of a part, each field put behind `prefix`.
    pub fn within(&mut self, prefix: &str, part: Result<(), Vec<Violation>>) -> &mut Self {
        for mut v in part.err().unwrap_or_default() {
            v.field = match (prefix, v.field.as_str()) {
                (p, "") => p.to_owned(),
                ("", f) => f.to_owned(),
                (p, f) if f.starts_with('[') => format!("{p}{f}"),
                (p, f) => format!("{p}.{f}"),
            };
            self.violations.push(v);
        }
        self
    }

    /// All that was found wrong, or nothing.
    pub fn finish(self) -> Result<(), Vec<Violation>> {
        if self.violations.is_empty() { Ok(()) } else { Err(self.violations) }
    }
}

/// Lower-case letters, digits and single hyphens, beginning and ending with a letter or digit.
pub fn is_slug(value: &str) -> bool {
    !value.is_empty()
        && !value.starts_with('-')
        && !value.ends_with('-')
        && !value.contains("--")
        && value.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Characters that reorder the text around them (Unicode TR 9) or hide in it: they make one name look like another.
fn is_direction_control(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_violation_is_reported_with_its_path() {
        let mut inner = Check::new();
        inner.line("name", " ", 1, 10).line("title", "a\u{202e}b", 1, 10).slug("slug", "A b", 10);
        let mut check = Check::new();
        check.within("plans[0]", inner.finish());
        let found = check.finish().unwrap_err();
        let fields: Vec<_> = found.iter().map(|v| (v.field.as_str(), v.rule.code())).collect();
        assert_eq!(
            fields,
            [
                ("plans[0].name", "required"),
                ("plans[0].title", "control_character"),
                ("plans[0].slug", "malformed")
            ]
        );
    }

    #[test]
    fn length_counts_characters_not_bytes() {
        let mut check = Check::new();
        check.line("name", "éééé", 1, 4);
        assert_eq!(check.finish(), Ok(()));
    }
}
