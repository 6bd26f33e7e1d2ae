//! Values in words: what a schema of OpenAPI 3.0 or of JSON Schema 2020-12 allows, as a flat list of names. References
//! inside the document are followed; one that comes back to itself ends with a word; parts beyond the bounds are left
//! out and `cut` says so.

use octroi_domain::api::Language;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::operation::schema_value;
use super::{Prose, line};
use crate::locale;

/// Names on one page.
const MAX_SHAPES: usize = 600;

/// Schemas that are looked at for one page.
const MAX_STEPS: usize = 20_000;

/// Names inside one another, and schemas that are made of one another.
const MAX_DEPTH: usize = 12;

/// Values of a list that are named.
const MAX_VALUES: usize = 60;

/// Longest pattern, default or value, in characters.
const MAX_VALUE: usize = 200;

/// A value and what is said of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shape {
    /// The names around it: `adresse.`
    pub(crate) parent: String,
    /// Its name; empty for a whole, words for a variant.
    pub(crate) name: String,
    /// Whether the name is words rather than a name of the document.
    pub(crate) variant: bool,
    /// What it is, in words.
    pub(crate) kind: String,
    /// What the document calls such a value.
    pub(crate) model: Option<String>,
    /// Whether it must be there.
    pub(crate) required: bool,
    /// Whether it is to be left.
    pub(crate) deprecated: bool,
    /// What limits it.
    pub(crate) notes: Vec<Note>,
    /// What the document says of it, as HTML.
    pub(crate) description: String,
    /// An example.
    pub(crate) example: Option<String>,
}

/// One limit: words, and values of the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    /// The words.
    pub(crate) words: String,
    /// The values.
    pub(crate) values: Vec<String>,
}

/// Reads the schemas of one page.
pub(super) struct Reader<'d> {
    document: &'d Value,
    language: Language,
    prose: Prose,
    /// References that led to where we are.
    trail: Vec<&'d str>,
    steps: usize,
    shapes: usize,
    /// Whether something was left out.
    pub(super) cut: bool,
}

/// A schema together with all those that it is made of.
#[derive(Default)]
struct Whole<'d> {
    parts: Vec<&'d Value>,
    /// References that were followed.
    references: Vec<&'d str>,
    /// The name of the first.
    model: Option<String>,
    /// A reference back to where we are.
    again: Option<String>,
    /// A reference that leads out of the document, or nowhere.
    elsewhere: Option<&'d str>,
}

impl<'d> Whole<'d> {
    /// The first value of this name.
    fn get(&self, name: &str) -> Option<&'d Value> {
        self.all(name).next()
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &'d Value> {
        self.parts.iter().filter_map(move |part| part.get(name))
    }

    fn is(&self, name: &str) -> bool {
        self.all(name).any(|value| value == &Value::Bool(true))
    }

    /// Alternatives other than `null`.
    fn choices(&self) -> Option<(&'static str, Vec<&'d Value>)> {
        ["oneOf", "anyOf"].into_iter().find_map(|name| {
            let choices = self.get(name)?.as_array()?.iter().filter(|choice| !is_null(choice)).collect();
            Some((name, choices))
        })
    }

    fn required(&self, name: &str) -> bool {
        self.all("required").filter_map(Value::as_array).flatten().any(|required| required == name)
    }
}

fn is_null(schema: &Value) -> bool {
    schema.get("type").is_some_and(|kind| kind == "null")
}

impl<'d> Reader<'d> {
    pub(super) fn new(document: &'d Value, language: Language) -> Self {
        Self {
            document,
            language,
            prose: Prose::new(language, 5),
            trail: Vec::new(),
            steps: MAX_STEPS,
            shapes: MAX_SHAPES,
            cut: false,
        }
    }

    /// What a schema says of a value as a whole.
    pub(super) fn whole(&mut self, schema: &'d Value) -> Shape {
        let whole = self.gather(schema);
        self.shape(&whole)
    }

    /// What stands inside a value, name by name.
    pub(super) fn parts(&mut self, schema: &'d Value) -> Vec<Shape> {
        let mut shapes = Vec::new();
        let whole = self.gather(schema);
        self.inside("", &whole, &mut shapes);
        shapes
    }

    fn say(&self, id: &str) -> String {
        locale::text(self.language, id, &[])
    }

    /// One more thing to look at, while there is room.
    fn step(&mut self) -> bool {
        let room = self.steps > 0;
        self.steps = self.steps.saturating_sub(1);
        self.cut |= !room;
        room
    }

    fn gather(&mut self, schema: &'d Value) -> Whole<'d> {
        let mut whole = Whole::default();
        self.gather_into(&mut whole, schema, 0);
        whole
    }

    fn gather_into(&mut self, whole: &mut Whole<'d>, schema: &'d Value, depth: usize) {
        if !self.step() || depth > MAX_DEPTH {
            self.cut = true;
            return;
        }
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            self.follow(whole, reference, depth);
        }
        whole.parts.push(schema);
        for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            self.gather_into(whole, part, depth + 1);
        }
        // A choice of one, as nullable references are written in 3.1, is no choice.
        let alone = ["oneOf", "anyOf"].into_iter().find_map(|name| {
            let mut choices = schema.get(name)?.as_array()?.iter().filter(|choice| !is_null(choice));
            choices.next().filter(|_| choices.next().is_none())
        });
        if let Some(alone) = alone {
            self.gather_into(whole, alone, depth + 1);
        }
    }

    fn follow(&mut self, whole: &mut Whole<'d>, reference: &'d str, depth: usize) {
        if whole.references.contains(&reference) {
            return;
        }
        if self.trail.contains(&reference) {
            whole.again.get_or_insert_with(|| name_of(reference));
            return;
        }
        let pointer = reference.strip_prefix('#').and_then(|p| percent_decode_str(p).decode_utf8().ok());
        match pointer.and_then(|pointer| self.document.pointer(&pointer)) {
            Some(target) => {
                whole.model.get_or_insert_with(|| name_of(reference));
                whole.references.push(reference);
                self.gather_into(whole, target, depth + 1);
            }
            None => whole.elsewhere = Some(reference),
        }
    }

    fn shape(&mut self, whole: &Whole<'d>) -> Shape {
        let example = whole.get("example").or_else(|| whole.get("examples")?.as_array()?.first());
        Shape {
            kind: self.kind(whole, 0),
            model: whole.model.clone(),
            deprecated: whole.is("deprecated"),
            notes: self.notes(whole),
            description: self.prose.html(whole.get("description")),
            example: example.filter(|value| !value.is_object() && !value.is_array()).map(value_of),
            ..Shape::default()
        }
    }

    /// Adds what stands inside a value whose names begin with `path`.
    fn inside(&mut self, path: &str, whole: &Whole<'d>, shapes: &mut Vec<Shape>) {
        if self.trail.len() > MAX_DEPTH || path.matches(['.', '[']).count() > MAX_DEPTH {
            self.cut = true;
            return;
        }
        let before = self.trail.len();
        self.trail.extend(&whole.references);
        let parent = if path.is_empty() { String::new() } else { format!("{path}.") };
        for (name, property) in whole.all("properties").filter_map(Value::as_object).flatten() {
            self.named(&parent, name, whole.required(name), property, shapes);
        }
        if let Some(other) = whole.get("additionalProperties").filter(|other| other.is_object()) {
            self.named(&parent, "*", false, other, shapes);
        }
        if let Some(items) = whole.get("items") {
            let items = self.gather(items);
            if items.again.is_none() {
                self.inside(&format!("{path}[]"), &items, shapes);
            }
        }
        let positions = whole.get("prefixItems").and_then(Value::as_array).into_iter().flatten().enumerate();
        for (position, item) in positions {
            self.named(path, &format!("[{position}]"), false, item, shapes);
        }
        if let Some((_, choices)) = whole.choices().filter(|(_, choices)| choices.len() > 1) {
            self.variants(path, &parent, &choices, shapes);
        }
        self.trail.truncate(before);
    }

    /// Adds a value that has a name, and what stands inside it.
    fn named(
        &mut self,
        parent: &str,
        name: &str,
        required: bool,
        schema: &'d Value,
        shapes: &mut Vec<Shape>,
    ) {
        if self.shapes == 0 {
            self.cut = true;
            return;
        }
        self.shapes -= 1;
        let whole = self.gather(schema);
        let name = line(name);
        let shape = Shape { parent: parent.to_owned(), name: name.clone(), required, ..self.shape(&whole) };
        shapes.push(shape);
        if whole.again.is_none() {
            self.inside(&format!("{parent}{name}"), &whole, shapes);
        }
    }

    /// Adds the forms that a value may have, each with what stands inside it.
    fn variants(&mut self, path: &str, parent: &str, choices: &[&'d Value], shapes: &mut Vec<Shape>) {
        for (number, choice) in choices.iter().enumerate() {
            if self.shapes == 0 {
                self.cut = true;
                return;
            }
            self.shapes -= 1;
            let whole = self.gather(choice);
            let counted =
                [("number", (number + 1).to_string().into()), ("count", choices.len().to_string().into())];
            let name = locale::text(self.language, "reference-variant", &counted);
            let shape = Shape { parent: parent.to_owned(), name, variant: true, ..self.shape(&whole) };
            shapes.push(shape);
            if whole.again.is_none() {
                self.inside(path, &whole, shapes);
            }
        }
    }

    /// What a value is, in words.
    fn kind(&mut self, whole: &Whole<'d>, depth: usize) -> String {
        if let Some(name) = &whole.again {
            return locale::text(self.language, "reference-again", &[("name", name.as_str().into())]);
        }
        if let Some(reference) = whole.elsewhere {
            return locale::text(
                self.language,
                "reference-elsewhere",
                &[("address", line(reference).into())],
            );
        }
        if let Some((name, choices)) = whole.choices().filter(|(_, choices)| choices.len() > 1) {
            let id = if name == "oneOf" { "reference-one-of" } else { "reference-any-of" };
            return locale::text(self.language, id, &[("count", choices.len().to_string().into())]);
        }
        let (kinds, null) = kinds(whole);
        let mut words: Vec<String> =
            kinds.iter().take(8).map(|kind| self.kind_word(kind, whole, depth)).collect();
        if words.is_empty() {
            words.push(self.say("reference-any"));
        }
        if null {
            words.push(self.say("reference-null"));
        }
        let or = format!(" {} ", self.say("reference-or"));
        words.join(&or)
    }

    fn kind_word(&mut self, kind: &str, whole: &Whole<'d>, depth: usize) -> String {
        let word = match kind {
            "string" if whole.get("format").is_some_and(|f| f == "binary") => "reference-file",
            "string" => "reference-text",
            "integer" => "reference-integer",
            "number" => "reference-number",
            "boolean" => "reference-boolean",
            "object" => "reference-object",
            "array" => return self.list(whole, depth),
            _ => return line(kind),
        };
        let word = self.say(word);
        match whole.get("format").and_then(Value::as_str).filter(|format| *format != "binary") {
            Some(format) => format!("{word} ({})", line(format)),
            None => word,
        }
    }

    fn list(&mut self, whole: &Whole<'d>, depth: usize) -> String {
        let Some(items) = whole.get("items").filter(|_| depth < 3) else { return self.say("reference-list") };
        let items = self.gather(items);
        let of = match &items.model {
            Some(model) => model.clone(),
            None => self.kind(&items, depth + 1),
        };
        locale::text(self.language, "reference-list-of", &[("of", of.into())])
    }

    fn notes(&mut self, whole: &Whole<'d>) -> Vec<Note> {
        let mut notes = Vec::new();
        let mut note = |words: String, values: Vec<String>| notes.push(Note { words, values });
        for (id, least, most) in [
            ("reference-length", "minLength", "maxLength"),
            ("reference-range", "minimum", "maximum"),
            ("reference-items", "minItems", "maxItems"),
            ("reference-names", "minProperties", "maxProperties"),
        ] {
            if let Some(words) = self.range(id, whole.get(least), whole.get(most)) {
                note(words, Vec::new());
            }
        }
        for (id, name) in [
            ("reference-above", "exclusiveMinimum"),
            ("reference-below", "exclusiveMaximum"),
            ("reference-multiple", "multipleOf"),
            ("reference-pattern", "pattern"),
            ("reference-constant", "const"),
            ("reference-default", "default"),
        ] {
            // In 3.0, `exclusiveMinimum` is a word about `minimum`.
            if let Some(value) =
                whole.get(name).filter(|value| !value.is_boolean() || name == "default" || name == "const")
            {
                note(self.say(id), vec![value_of(value)]);
            }
        }
        for (id, name) in [
            ("reference-unique", "uniqueItems"),
            ("reference-read-only", "readOnly"),
            ("reference-write-only", "writeOnly"),
        ] {
            if whole.is(name) {
                note(self.say(id), Vec::new());
            }
        }
        let field = whole.get("discriminator").and_then(|d| d.get("propertyName")).and_then(Value::as_str);
        if let Some(field) = field {
            note(self.say("reference-discriminator"), vec![line(field)]);
        }
        let items = || whole.get("items")?.get("enum");
        if let Some(values) = whole.get("enum").or_else(items).and_then(Value::as_array) {
            let mut named: Vec<String> = values.iter().take(MAX_VALUES).map(value_of).collect();
            if values.len() > MAX_VALUES {
                named.push("…".to_owned());
            }
            note(self.say("reference-values"), named);
        }
        notes
    }

    /// A range in words: both ends, or the one that there is.
    fn range(&self, id: &str, least: Option<&Value>, most: Option<&Value>) -> Option<String> {
        let kind = match (least, most) {
            (Some(_), Some(_)) => "both",
            (Some(_), None) => "least",
            (None, Some(_)) => "most",
            (None, None) => return None,
        };
        let number = |value: Option<&Value>| value.map(value_of).unwrap_or_default().into();
        let arguments = [("kind", kind.into()), ("least", number(least)), ("most", number(most))];
        Some(locale::text(self.language, id, &arguments))
    }
}

/// The types of a value other than `null`, and whether it may be `null`.
fn kinds<'d>(whole: &Whole<'d>) -> (Vec<&'d str>, bool) {
    let mut null = whole.is("nullable")
        || ["oneOf", "anyOf"].iter().filter_map(|name| whole.get(name)?.as_array()).flatten().any(is_null);
    let mut kinds: Vec<&str> = match whole.all("type").find(|kind| *kind != "null") {
        Some(Value::String(kind)) => vec![kind.as_str()],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ if whole.get("properties").is_some() => vec!["object"],
        _ if whole.get("items").is_some() => vec!["array"],
        _ => Vec::new(),
    };
    null |= kinds.contains(&"null");
    kinds.retain(|kind| *kind != "null");
    (kinds, null)
}

/// What a reference calls what it names: its last part.
fn name_of(reference: &str) -> String {
    let last = reference.rsplit('/').next().unwrap_or(reference);
    line(&percent_decode_str(last).decode_utf8_lossy())
}

/// A value on one line of bounded length.
fn value_of(value: &Value) -> String {
    let text = match value {
        Value::Array(_) | Value::Object(_) => value.to_string(),
        value => schema_value(value),
    };
    if text.chars().count() <= MAX_VALUE {
        return text;
    }
    text.chars().take(MAX_VALUE - 1).collect::<String>() + "…"
}
