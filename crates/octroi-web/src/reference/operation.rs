//! One operation of a document: what it takes, what it answers, and a command that calls it.

use octroi_app::catalog::openapi::{example, parameters, resolve, sample_call};
use octroi_app::credentials::curl;
use octroi_domain::api::{Language, Placement};
use serde_json::Value;

use super::schema::{Reader, Shape};
use super::{Line, Listed, Prose, line, operations};
use crate::locale;

/// Parameters, responses, media types and examples of one operation that are shown.
const MAX_PARTS: usize = 100;

/// Longest example, in bytes.
const MAX_EXAMPLE: usize = 16 * 1024;

/// All examples of a page, in bytes.
const MAX_EXAMPLES: usize = 96 * 1024;

/// Where an API is called, and with what.
pub(crate) struct Access<'a> {
    /// What every call begins with.
    pub(crate) url: &'a str,
    /// Where a key may stand.
    pub(crate) credentials: &'a [Placement],
    /// The environment variable that stands for the key.
    pub(crate) variable: &'a str,
}

/// An operation.
#[derive(Debug)]
pub(crate) struct OperationPage {
    /// Its line in the index.
    pub(crate) line: Line,
    /// What it does, as HTML.
    pub(crate) description: String,
    /// A command that calls it.
    pub(crate) command: String,
    /// Whether every value of the command is one of the document's examples.
    pub(crate) complete: bool,
    /// What it takes, by place.
    pub(crate) parameters: Vec<Parameters>,
    /// Its body.
    pub(crate) body: Option<Message>,
    /// What it answers.
    pub(crate) responses: Vec<Message>,
    /// The operations before and after it.
    pub(crate) previous: Option<Line>,
    /// See `previous`.
    pub(crate) next: Option<Line>,
    /// Whether something of it is not shown.
    pub(crate) cut: bool,
}

/// Parameters in one place of the call.
#[derive(Debug)]
pub(crate) struct Parameters {
    /// Which place, in words.
    pub(crate) place: String,
    /// The parameters.
    pub(crate) shapes: Vec<Shape>,
}

/// A body, or a response.
#[derive(Debug)]
pub(crate) struct Message {
    /// Names it within the page.
    pub(crate) id: String,
    /// The status, or nothing for a body.
    pub(crate) status: String,
    /// What the status means, in words; empty where it is no number that we know.
    pub(crate) meaning: String,
    /// Whether it must be sent.
    pub(crate) required: bool,
    /// What the document says, as HTML.
    pub(crate) description: String,
    /// Its headers.
    pub(crate) headers: Vec<Shape>,
    /// Its forms.
    pub(crate) contents: Vec<Content>,
}

/// A body in one media type.
#[derive(Debug)]
pub(crate) struct Content {
    /// `application/json`.
    pub(crate) media: String,
    /// The whole of it.
    pub(crate) whole: Shape,
    /// What stands in it.
    pub(crate) parts: Vec<Shape>,
    /// Examples: what each shows, and its text.
    pub(crate) examples: Vec<(String, String)>,
}

impl OperationPage {
    /// The page of the operation that is called `slug`.
    pub(crate) fn of(document: &Value, language: Language, slug: &str, access: &Access<'_>) -> Option<Self> {
        let (mut listed, _) = operations(document);
        let place = listed.iter().position(|one| one.line.slug == slug)?;
        let previous = place.checked_sub(1).map(|place| listed[place].line.clone());
        let next = listed.get(place + 1).map(|one| one.line.clone());
        let one = listed.swap_remove(place);
        let mut desk = Desk {
            document,
            language,
            prose: Prose::new(language, 3),
            reader: Reader::new(document, language),
            examples: MAX_EXAMPLES,
            cut: false,
        };
        let call = sample_call(document, one.path, one.method).unwrap_or_default();
        let key = curl::Key::Variable(access.variable);
        let command = curl::command(access.url, &call, access.credentials, key).join(" \\\n  ");
        let description = desk.prose.html(one.operation.get("description"));
        // What stands inside a section has headings below the section's.
        desk.prose.top = 5;
        let parameters = desk.parameters(&one);
        let body = one.operation.get("requestBody").and_then(|body| resolve(document, body));
        let body = body.map(|body| desk.message("body".to_owned(), "", body));
        let responses = desk.responses(one.operation);
        Some(Self {
            description,
            command,
            complete: call.complete,
            parameters,
            body,
            responses,
            previous,
            next,
            cut: desk.cut || desk.reader.cut,
            line: one.line,
        })
    }
}

/// Where one page is written, with what it may still hold.
struct Desk<'d> {
    document: &'d Value,
    language: Language,
    prose: Prose,
    reader: Reader<'d>,
    examples: usize,
    cut: bool,
}

impl<'d> Desk<'d> {
    fn parameters(&mut self, one: &Listed<'d>) -> Vec<Parameters> {
        let found = parameters(self.document, one.item, one.operation);
        self.cut |= found.len() > MAX_PARTS;
        let mut places = Vec::new();
        for (place, word) in [
            ("path", "reference-in-path"),
            ("query", "reference-in-query"),
            ("header", "reference-in-header"),
            ("cookie", "reference-in-cookie"),
        ] {
            let within =
                found.iter().take(MAX_PARTS).filter(|p| p.get("in").and_then(Value::as_str) == Some(place));
            let shapes: Vec<Shape> = within.map(|parameter| self.parameter(parameter)).collect();
            if !shapes.is_empty() {
                places.push(Parameters { place: locale::text(self.language, word, &[]), shapes });
            }
        }
        places
    }

    /// A parameter, or a header of a response: a name with a schema, or with a body in one media type.
    fn parameter(&mut self, parameter: &'d Value) -> Shape {
        let within_content = || {
            let content = parameter.get("content").and_then(Value::as_object)?;
            content.values().next()?.get("schema")
        };
        let schema = parameter.get("schema").or_else(within_content).unwrap_or(&Value::Null);
        let mut shape = self.reader.whole(schema);
        shape.name = parameter.get("name").and_then(Value::as_str).map(line).unwrap_or_default();
        let within_path = parameter.get("in").and_then(Value::as_str) == Some("path");
        shape.required = parameter.get("required") == Some(&Value::Bool(true)) || within_path;
        shape.deprecated |= parameter.get("deprecated") == Some(&Value::Bool(true));
        if let Some(text) = parameter.get("description") {
            shape.description = self.prose.html(Some(text));
        }
        if let Some(value) = example(self.document, parameter) {
            shape.example = Some(schema_value(value));
        }
        shape
    }

    fn responses(&mut self, operation: &'d Value) -> Vec<Message> {
        let all = operation.get("responses").and_then(Value::as_object);
        let mut messages = Vec::new();
        for (number, (status, response)) in all.into_iter().flatten().enumerate() {
            if number == MAX_PARTS {
                self.cut = true;
                break;
            }
            let response = resolve(self.document, response).unwrap_or(&Value::Null);
            messages.push(self.message(format!("response-{}", number + 1), status, response));
        }
        messages
    }

    fn message(&mut self, id: String, status: &str, message: &'d Value) -> Message {
        let headers = message.get("headers").and_then(Value::as_object).into_iter().flatten().take(MAX_PARTS);
        let headers = headers
            .filter_map(|(name, header)| {
                let mut shape = self.parameter(resolve(self.document, header)?);
                shape.name = line(name);
                Some(shape)
            })
            .collect();
        let contents =
            message.get("content").and_then(Value::as_object).into_iter().flatten().take(MAX_PARTS);
        let contents = contents.map(|(media, content)| self.content(media, content)).collect();
        Message {
            id,
            status: line(status),
            meaning: self.meaning(status),
            required: message.get("required") == Some(&Value::Bool(true)),
            description: self.prose.html(message.get("description")),
            headers,
            contents,
        }
    }

    /// What a status means (RFC 9110, 15).
    fn meaning(&self, status: &str) -> String {
        let word = match status.as_bytes() {
            [b'1', ..] => "reference-status-1",
            [b'2', ..] => "reference-status-2",
            [b'3', ..] => "reference-status-3",
            [b'4', ..] => "reference-status-4",
            [b'5', ..] => "reference-status-5",
            b"default" => "reference-status-default",
            _ => return String::new(),
        };
        locale::text(self.language, word, &[])
    }

    fn content(&mut self, media: &str, content: &'d Value) -> Content {
        let schema = content.get("schema").unwrap_or(&Value::Null);
        let whole = self.reader.whole(schema);
        let parts = self.reader.parts(schema);
        Content { media: line(media), whole, parts, examples: self.examples(content) }
    }

    fn examples(&mut self, content: &'d Value) -> Vec<(String, String)> {
        let named = content.get("examples").and_then(Value::as_object).into_iter().flatten().take(MAX_PARTS);
        let mut found: Vec<(String, &Value)> = named
            .filter_map(|(name, one)| {
                let one = resolve(self.document, one)?;
                let title = one.get("summary").and_then(Value::as_str).unwrap_or(name);
                Some((line(title), one.get("value")?))
            })
            .collect();
        if found.is_empty() {
            let schema = content.get("schema").and_then(|schema| resolve(self.document, schema));
            let written = content.get("example").or_else(|| schema?.get("example"));
            found.extend(written.map(|value| (String::new(), value)));
        }
        let mut texts = Vec::new();
        for (title, value) in found {
            let text = schema_value(value);
            if text.len() > MAX_EXAMPLE || text.len() > self.examples {
                self.cut = true;
                continue;
            }
            self.examples -= text.len();
            texts.push((title, text));
        }
        texts
    }
}

/// A value as people read it: a text without its quotes, JSON on several lines.
pub(super) fn schema_value(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(_) | Value::Object(_) => serde_json::to_string_pretty(value).unwrap_or_default(),
        value => value.to_string(),
    }
}
