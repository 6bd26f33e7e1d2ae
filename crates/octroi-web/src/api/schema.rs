//! Schemas of requests and answers: made from the types, published in the API's document, and enforced on what comes
//! in, so that the document and the behaviour are one thing.

use std::sync::OnceLock;

use jsonschema::{PatternOptions, Validator};
use schemars::generate::{Contract, SchemaSettings};
use schemars::transform::{RecursiveTransform, Transform};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::field::{FieldError, MAX_ERRORS};
use crate::problem::{Problem, ProblemCode};

/// Where the named schemas stand in the API's document.
const HOME: &str = "/components/schemas";

/// A generator whose references lead into an OpenAPI document.
pub(crate) fn generator(contract: Contract) -> SchemaGenerator {
    SchemaSettings::draft2020_12()
        .with(|s| {
            s.definitions_path = HOME.into();
            s.contract = contract;
        })
        .into_generator()
}

/// The schema that `make` gives, its outermost reference followed, and the named schemas that it refers to.
pub(crate) fn object(make: Make) -> (Value, Map<String, Value>) {
    let mut generator = generator(Contract::Deserialize);
    let mut schema = make(&mut generator);
    tidy(&mut schema);
    let mut named = definitions(generator);
    let own = schema.as_value().get("$ref").and_then(Value::as_str).and_then(|r| r.rsplit_once('/'));
    let object = own.and_then(|(_, name)| named.remove(name)).unwrap_or_else(|| schema.to_value());
    (object, named)
}

/// The named schemas that `generator` met, tidied.
pub(crate) fn definitions(mut generator: SchemaGenerator) -> Map<String, Value> {
    let mut all: Map<String, Value> = generator.take_definitions(false);
    for value in all.values_mut() {
        if let Ok(schema) = value.try_into() {
            tidy(schema);
        }
    }
    all
}

/// Says in JSON Schema what the numeric formats of Rust types mean, for readers that do not know them.
pub(crate) fn tidy(schema: &mut Schema) {
    RecursiveTransform(bound_integers).transform(schema);
}

fn bound_integers(schema: &mut Schema) {
    let bounds = match schema.get("format").and_then(Value::as_str) {
        Some("uint8") => (0, 255),
        Some("uint16") => (0, 65_535),
        Some("uint32") => (0, i64::from(u32::MAX)),
        // What JSON carries without loss in every language (RFC 8259, 6).
        Some("uint64" | "uint") => (0, 1 << 53),
        Some("int64" | "int") => (-(1 << 53), 1 << 53),
        Some("int32") => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => return,
    };
    schema.remove("format");
    if schema.get("minimum").is_none() {
        schema.insert("minimum".to_owned(), json!(bounds.0));
    }
    if schema.get("maximum").is_none() {
        schema.insert("maximum".to_owned(), json!(bounds.1));
    }
}

/// How a type's schema is made.
pub(crate) type Make = fn(&mut SchemaGenerator) -> Schema;

/// How `T`'s schema is made.
pub(crate) fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// A schema that values are held against, made ready at its first use.
pub(crate) struct Held {
    make: Make,
    ready: OnceLock<Option<Ready>>,
}

struct Ready {
    validator: Validator,
    /// The schema itself, its outermost reference followed.
    object: Value,
}

impl Held {
    pub(crate) const fn new(make: Make) -> Self {
        Self { make, ready: OnceLock::new() }
    }

    /// Whether the type is `()`: nothing is read.
    pub(crate) fn is_nothing(&self) -> bool {
        self.property("type").is_some_and(|kind| kind == "null")
    }

    /// Whether an empty object fits: every member may be left out.
    pub(crate) fn may_be_empty(&self) -> bool {
        self.property("properties").is_some() && self.property("required").is_none()
    }

    /// The types that the member `name` may have.
    pub(crate) fn member_types(&self, name: &str) -> Vec<&str> {
        match self.property("properties").and_then(|all| all.get(name)?.get("type")) {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    fn property(&self, name: &str) -> Option<&Value> {
        self.ready()?.object.get(name)
    }

    fn ready(&self) -> Option<&Ready> {
        self.ready.get_or_init(|| compile(self.make)).as_ref()
    }

    /// Every way in which `value` is not what the schema says. A schema that does not compile (a test walks all of
    /// them) lets nothing in.
    pub(crate) fn check(&self, value: &Value) -> Result<(), Problem> {
        let Some(ready) = self.ready() else { return Err(Problem::new(ProblemCode::Internal)) };
        let mut errors = Vec::new();
        nul(value, "", &mut errors);
        for error in ready.validator.iter_errors(value).take(MAX_ERRORS) {
            FieldError::from_schema(&error, &mut errors);
        }
        if errors.is_empty() { Ok(()) } else { Err(Problem::invalid(errors)) }
    }
}

fn compile(make: Make) -> Option<Ready> {
    let (object, named) = object(make);
    let mut root = object.clone();
    root.as_object_mut()?.insert("components".to_owned(), json!({ "schemas": named }));
    let validator = jsonschema::options()
        // An engine without backtracking: no text makes it slow.
        .with_pattern_options(PatternOptions::regex())
        .should_validate_formats(false)
        .build(&root)
        .inspect_err(|error| tracing::error!(%error, "a schema of the management API does not compile"))
        .ok()?;
    Some(Ready { validator, object })
}

/// U+0000 means nothing in any text, and databases refuse it.
fn nul(value: &Value, path: &str, errors: &mut Vec<FieldError>) {
    if errors.len() >= MAX_ERRORS {
        return;
    }
    match value {
        Value::String(text) if text.contains('\0') => errors.push(FieldError::control_character(path)),
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                nul(item, &format!("{path}[{i}]"), errors);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                let place = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                if name.contains('\0') {
                    errors.push(FieldError::control_character(place.as_str()));
                }
                nul(member, &place, errors);
            }
        }
        _ => {}
    }
}
