//! Templates of answers and header values: text with placeholders such as `{code}`, read once, written without parsing.

use std::fmt::Write as _;
use std::sync::LazyLock;

use foldhash::HashMap;
use octroi_domain::api::Language;
use octroi_domain::time::Timestamp;
use serde::Deserialize;

use super::{AnswerContext, BadDialect};
use crate::limit::Reading;

/// How a value is written into the text around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escape {
    None,
    Json,
    Html,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Status,
    Code,
    Title,
    Detail,
    RequestId,
    DocsBase,
    Method,
    RetryAfter,
    Parameters,
    ParameterList,
    Limit,
    Remaining,
    ResetMs,
    ResetS,
    ResetDelta,
    WindowSeconds,
    WindowCount,
    WindowUnit,
}

const FIELDS: &[(&str, Field)] = &[
    ("status", Field::Status),
    ("code", Field::Code),
    ("title", Field::Title),
    ("detail", Field::Detail),
    ("request_id", Field::RequestId),
    ("docs_base", Field::DocsBase),
    ("method", Field::Method),
    ("retry_after", Field::RetryAfter),
    ("parameters", Field::Parameters),
    ("parameter_list", Field::ParameterList),
    ("limit", Field::Limit),
    ("remaining", Field::Remaining),
    ("reset_ms", Field::ResetMs),
    ("reset_s", Field::ResetS),
    ("reset_delta", Field::ResetDelta),
    ("window_seconds", Field::WindowSeconds),
    ("window_count", Field::WindowCount),
    ("window_unit", Field::WindowUnit),
];

#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    Field(Field),
}

/// A text with placeholders.
#[derive(Clone, Debug, Default)]
pub(super) struct Template(Vec<Piece>);

impl Template {
    /// Reads a template. A brace that opens no `{lower_case_name}` is text, so that JSON needs no escaping.
    pub(super) fn parse(text: &str) -> Result<Self, BadDialect> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            let (before, from) = rest.split_at(open);
            literal.push_str(before);
            let name =
                &from[1..1 + from[1..].bytes().take_while(|b| b.is_ascii_lowercase() || *b == b'_').count()];
            if name.is_empty() || !from[1 + name.len()..].starts_with('}') {
                literal.push('{');
                rest = &from[1..];
                continue;
            }
            let field = FIELDS.iter().find(|(known, _)| *known == name).map(|(_, field)| *field);
            let field = field.ok_or_else(|| BadDialect::Placeholder(name.to_owned()))?;
            if !literal.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut literal)));
            }
            pieces.push(Piece::Field(field));
            rest = &from[name.len() + 2..];
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            pieces.push(Piece::Text(literal));
        }
        Ok(Self(pieces))
    }

    /// Writes an answer's body.
    pub(super) fn render(&self, context: &AnswerContext<'_>, status: u16, escape: Escape, out: &mut String) {
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Field(field) => render_field(*field, context, status, escape, out),
            }
        }
    }

    /// Writes a limit header's value.
    pub(super) fn render_limit(&self, reading: &Reading, now: Timestamp, out: &mut String) {
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Field(field) => render_reading(*field, reading, now, out),
            }
        }
    }
}

fn render_field(field: Field, context: &AnswerContext<'_>, status: u16, escape: Escape, out: &mut String) {
    let sentence = |template: &Template, out: &mut String| {
        let mut text = String::with_capacity(128);
        template.render(context, status, Escape::None, &mut text);
        push(&text, escape, out);
    };
    let words = || SENTENCES.get(&(context.language, context.outcome.public_code()));
    match field {
        Field::Status => write_number(i64::from(status), out),
        Field::Code => out.push_str(context.outcome.public_code()),
        Field::Title => words().iter().for_each(|w| sentence(&w.title, out)),
        Field::Detail => words().iter().for_each(|w| sentence(&w.detail, out)),
        Field::RequestId => push(context.request_id, escape, out),
        Field::DocsBase => push(context.docs_base, escape, out),
        Field::Method => push(context.method, escape, out),
        Field::RetryAfter => write_number(context.retry_after.unwrap_or(0) as i64, out),
        Field::Parameters => push(&context.missing.join(", "), escape, out),
        Field::ParameterList => {
            out.push('[');
            for (i, name) in context.missing.iter().enumerate() {
                out.push_str(if i == 0 { "\"" } else { ",\"" });
                push(name, escape, out);
                out.push('"');
            }
            out.push(']');
        }
        field => {
            if let Some(reading) = &context.limit {
                render_reading(field, reading, context.now, out);
            }
        }
    }
}

fn render_reading(field: Field, reading: &Reading, now: Timestamp, out: &mut String) {
    match field {
        Field::Limit => write_number(reading.limit as i64, out),
        Field::Remaining => write_number(reading.remaining as i64, out),
        Field::ResetMs => write_number(reading.resets_at.as_millis(), out),
        Field::ResetS => write_number(reading.resets_at.as_millis().div_ceil_(1000), out),
        Field::ResetDelta => write_number(reading.seconds_left(now) as i64, out),
        Field::WindowSeconds => write_number(reading.span.seconds() as i64, out),
        Field::WindowCount => write_number(i64::from(reading.span.count_and_unit().0), out),
        Field::WindowUnit => out.push_str(reading.span.count_and_unit().1),
        _ => {}
    }
}

trait DivCeil {
    fn div_ceil_(self, by: i64) -> i64;
}

impl DivCeil for i64 {
    fn div_ceil_(self, by: i64) -> i64 {
        self.saturating_add(by - 1).div_euclid(by)
    }
}

fn write_number(number: i64, out: &mut String) {
    out.push_str(itoa::Buffer::new().format(number));
}

fn push(text: &str, escape: Escape, out: &mut String) {
    match escape {
        Escape::None => out.push_str(text),
        // Nearly every text: one piece, instead of one character after the other.
        Escape::Json if !text.bytes().any(|b| b < 0x20 || b == b'"' || b == b'\\') => out.push_str(text),
        Escape::Json => text.chars().for_each(|c| match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if u32::from(c) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }),
        Escape::Html => text.chars().for_each(|c| match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }),
    }
}

#[derive(Debug)]
struct Words {
    title: Template,
    detail: Template,
}

#[derive(Deserialize)]
struct WordsFile {
    title: String,
    detail: String,
}

/// The sentences of `dialects/sentences.toml`. Codes without a sentence are left out; a test asks for all.
static SENTENCES: LazyLock<HashMap<(Language, &'static str), Words>> = LazyLock::new(|| {
    let text = include_str!("../../dialects/sentences.toml");
    let file: HashMap<String, HashMap<String, WordsFile>> = toml::from_str(text).unwrap_or_default();
    let codes = || crate::outcome::Outcome::ALL.iter().map(|o| o.public_code());
    let mut words = HashMap::default();
    for language in [Language::Fr, Language::En] {
        for code in codes() {
            let Some(found) = file.get(language.code()).and_then(|all| all.get(code)) else { continue };
            if let (Ok(title), Ok(detail)) = (Template::parse(&found.title), Template::parse(&found.detail)) {
                words.insert((language, code), Words { title, detail });
            }
        }
    }
    words
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_that_name_nothing_are_text_and_unknown_names_are_refused() {
        let mut out = String::new();
        let reading = Reading {
            limit: 5,
            remaining: 1,
            resets_at: Timestamp::default(),
            span: crate::limit::Span::Window { seconds: 7_200 },
        };
        let template = Template::parse(r#"{"a":{limit},"é{":"{window_count} {window_unit}"}{"#).unwrap();
        template.render_limit(&reading, Timestamp::default(), &mut out);
        assert_eq!(out, r#"{"a":5,"é{":"2 hours"}{"#);
        assert!(matches!(Template::parse("{nothing}"), Err(BadDialect::Placeholder(n)) if n == "nothing"));
    }

    #[test]
    fn values_cannot_leave_their_place() {
        let mut out = String::new();
        push("a\"\\\n\u{1b}é", Escape::Json, &mut out);
        assert_eq!(serde_json::from_str::<String>(&format!("\"{out}\"")).unwrap(), "a\"\\\n\u{1b}é");
        out.clear();
        push("<b a='\"'>&", Escape::Html, &mut out);
        assert_eq!(out, "&lt;b a=&#39;&quot;&#39;&gt;&amp;");
    }
}
