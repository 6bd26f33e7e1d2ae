//! Calls that a document describes, made of its own example values.

use serde_json::{Map, Value, json};
use url::form_urlencoded::byte_serialize;

use super::METHODS;

/// References that are followed one after the other.
const MAX_HOPS: usize = 16;

/// Objects and lists inside one another in a body that is made up from its schema.
const MAX_DEPTH: usize = 6;

/// Properties of a body that is made up from its schema.
const MAX_VALUES: usize = 200;

/// Longest value that stands in a command, in bytes.
const MAX_VALUE: usize = 4 * 1024;

/// A call to an operation of an API.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SampleCall {
    /// The method, in capitals; `GET` where empty.
    pub method: String,
    /// What stands behind the access URL, percent-encoded: path and required query.
    pub path: String,
    /// Headers that the operation requires.
    pub headers: Vec<(String, String)>,
    /// The body and its media type.
    pub body: Option<(String, String)>,
    /// Whether every value is an example of the document's. Otherwise a name stands where a value is wanted.
    pub complete: bool,
}

/// Follows local references (OpenAPI 3.1, 4.8.23) to what they name; another value is given back as it is. A reference
/// to another document, to nothing or to itself gives `None`.
pub fn resolve<'d>(document: &'d Value, mut value: &'d Value) -> Option<&'d Value> {
    for _ in 0..MAX_HOPS {
        match value.get("$ref").and_then(Value::as_str) {
            Some(reference) => value = local(document, reference)?,
            None => return Some(value),
        }
    }
    None
}

/// What a reference to a place in the same document names (RFC 6901, 6).
fn local<'d>(document: &'d Value, reference: &str) -> Option<&'d Value> {
    let pointer = reference.strip_prefix('#')?;
    let pointer = percent_encoding::percent_decode_str(pointer).decode_utf8().ok()?;
    document.pointer(&pointer)
}

/// Parameters of an operation: those of its path, and its own, which go before them.
pub fn parameters<'d>(document: &'d Value, item: &'d Value, operation: &'d Value) -> Vec<&'d Value> {
    let listed = |holder: &'d Value| {
        let listed = holder.get("parameters").and_then(Value::as_array).into_iter().flatten();
        listed.filter_map(|parameter| resolve(document, parameter))
    };
    let identity = |p: &Value| (p.get("in").cloned(), p.get("name").cloned());
    let own: Vec<&Value> = listed(operation).collect();
    let shared = listed(item).filter(|p| !own.iter().any(|o| identity(o) == identity(p)));
    shared.chain(own.iter().copied()).collect()
}

/// The first call by `GET` that needs nothing but examples.
pub(in crate::catalog) fn first_call(document: &Value) -> Option<SampleCall> {
    let paths = document.get("paths")?.as_object()?;
    paths.keys().filter_map(|path| sample_call(document, path, "get")).find(|call| call.complete)
}

/// The call of an operation of the document.
pub fn sample_call(document: &Value, path: &str, method: &str) -> Option<SampleCall> {
    let item = resolve(document, document.get("paths")?.get(path)?)?;
    let operation = METHODS.contains(&method).then(|| item.get(method)).flatten()?;
    let mut call =
        SampleCall { method: method.to_ascii_uppercase(), complete: true, ..SampleCall::default() };
    let mut place = path.to_owned();
    let mut query = Vec::new();
    for parameter in parameters(document, item, operation) {
        let Some(name) = parameter.get("name").and_then(Value::as_str) else { continue };
        let within = parameter.get("in").and_then(Value::as_str);
        let required = parameter.get("required") == Some(&Value::Bool(true)) || within == Some("path");
        if !required {
            continue;
        }
        let value = call.value(document, parameter, name);
        match within {
            Some("path") => place = place.replace(&format!("{{{name}}}"), &encoded(&value)),
            Some("query") => query.push(format!("{}={}", encoded(name), encoded(&value))),
            Some("header") => call.headers.push((name.to_owned(), value.replace(['\r', '\n'], " "))),
            _ => call.complete = false,
        }
    }
    call.complete &= !place.contains(['{', '}']);
    call.path = safe_path(&place);
    if !query.is_empty() {
        call.path += &format!("?{}", query.join("&"));
    }
    if let Some(body) = operation.get("requestBody").and_then(|body| resolve(document, body)) {
        call.body = call.body_of(document, body);
    }
    Some(call)
}

impl SampleCall {
    /// The example of a parameter, as text; its name in capitals where there is none.
    fn value(&mut self, document: &Value, parameter: &Value, name: &str) -> String {
        let schema = parameter.get("schema").and_then(|schema| resolve(document, schema));
        let found = example(document, parameter).or_else(|| example(document, schema?)).map(plain);
        match found.filter(|text| !text.is_empty() && text.len() <= MAX_VALUE) {
            Some(text) => text,
            None => {
                self.complete = false;
                name.to_uppercase()
            }
        }
    }

    fn body_of(&mut self, document: &Value, body: &Value) -> Option<(String, String)> {
        let content = body.get("content")?.as_object()?;
        let (media, described) = ["application/json", "application/x-www-form-urlencoded"]
            .iter()
            .find_map(|wanted| content.get_key_value(*wanted))
            .or_else(|| content.iter().next())?;
        let found = example(document, described).cloned();
        self.complete &= found.is_some();
        let value = found.or_else(|| made_up(document, described.get("schema")?, MAX_DEPTH, &mut 0))?;
        let text = match &value {
            Value::Object(fields) if media == "application/x-www-form-urlencoded" => {
                url::form_urlencoded::Serializer::new(String::new())
                    .extend_pairs(fields.iter().map(|(name, value)| (name, plain(value))))
                    .finish()
            }
            Value::String(text) => text.clone(),
            value => value.to_string(),
        };
        (text.len() <= MAX_VALUE).then(|| (media.clone(), text))
    }
}

/// The example that something gives of itself: a parameter, a media type, a schema.
pub fn example<'d>(document: &'d Value, holder: &'d Value) -> Option<&'d Value> {
    if let Some(example) = holder.get("example") {
        return Some(example);
    }
    let named = match holder.get("examples") {
        // Of a parameter or a media type: named ones, each with its value.
        Some(Value::Object(named)) => named.values().find_map(|one| resolve(document, one)?.get("value")),
        // Of a schema: a list of values.
        Some(Value::Array(listed)) => listed.first(),
        _ => None,
    };
    let first = || holder.get("enum").and_then(Value::as_array).and_then(|values| values.first());
    named.or_else(|| holder.get("const")).or_else(first).or_else(|| holder.get("default"))
}

/// A value that fits a schema: its example, or what its type calls for.
fn made_up(document: &Value, schema: &Value, depth: usize, made: &mut usize) -> Option<Value> {
    let schema = resolve(document, schema)?;
    *made += 1;
    if depth == 0 || *made > MAX_VALUES {
        return None;
    }
    if let Some(example) = example(document, schema) {
        return Some(example.clone());
    }
    let parts =
        |name: &str| schema.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let whole = parts("allOf").iter().filter_map(|part| made_up(document, part, depth - 1, made));
    let mut object: Map<String, Value> =
        whole.filter_map(|value| value.as_object().cloned()).flatten().collect();
    if let Some(first) = parts("oneOf").iter().chain(parts("anyOf")).next() {
        return made_up(document, first, depth - 1, made);
    }
    for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        if let Some(value) = made_up(document, property, depth - 1, made) {
            object.insert(name.clone(), value);
        }
    }
    let kind = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.first(),
        kind => kind,
    };
    match kind.and_then(Value::as_str) {
        _ if !object.is_empty() => Some(Value::Object(object)),
        Some("array") => {
            let item = schema.get("items").and_then(|items| made_up(document, items, depth - 1, made));
            Some(Value::Array(item.into_iter().collect()))
        }
        Some("integer" | "number") => Some(json!(0)),
        Some("boolean") => Some(json!(false)),
        Some("string") => Some(json!("texte")),
        Some("object") => Some(json!({})),
        _ => None,
    }
}

/// A value as it stands in an address: a list with commas.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(","),
        value => value.to_string(),
    }
}

fn encoded(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// A path as it can stand in an address: what values do not bring is written by the document's author.
fn safe_path(path: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "/-._~%!$&'()*+,;=:@{}".contains(c);
    let mut written = String::new();
    for c in path.chars() {
        if safe(c) {
            written.push(c);
        } else {
            written
                .extend(byte_serialize(c.encode_utf8(&mut [0; 4]).as_bytes()).map(|s| s.replace('+', "%20")));
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Value {
        json!({
            "paths": {
                "/first/{id}": {"get": {"parameters": [{"name": "id", "in": "path", "required": true}]}},
                "/second/{id}/{part}": {
                    "parameters": [
                        {"name": "id", "in": "path", "required": true, "example": "à vous/moi"},
                        {"name": "lang", "in": "query", "example": "shared"},
                    ],
                    "get": {"parameters": [
                        {"$ref": "#/components/parameters/part%20one"},
                        {"name": "q", "in": "query", "required": true, "examples": {"a": {"value": "x&y=z"}}},
                        {"name": "optional", "in": "query", "example": "no"},
                        {"name": "X-Trace", "in": "header", "required": true, "schema": {"default": "t\r\nX: y"}},
                    ]},
                    "post": {"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/S"}}}}},
                },
                "/form": {"put": {"requestBody": {"content": {"application/x-www-form-urlencoded": {
                    "example": {"q": "a b", "n": 3}}}}}},
            },
            "components": {
                "parameters": {"part one": {"name": "part", "in": "path", "schema": {"enum": ["p"]}}},
                "schemas": {"S": {"allOf": [
                    {"properties": {"a": {"type": "string"}, "self": {"$ref": "#/components/schemas/S"}}},
                    {"properties": {"list": {"type": "array", "items": {"type": ["integer", "null"]}}, "e": {"enum": ["v"]}}},
                ]}, "loop": {"$ref": "#/components/schemas/loop"}},
            },
        })
    }

    #[test]
    fn the_first_call_needs_nothing_but_examples() {
        let call = first_call(&document()).unwrap();
        assert_eq!(call.path, "/second/%C3%A0%20vous%2Fmoi/p?q=x%26y%3Dz");
        assert_eq!(call.headers, [("X-Trace".to_owned(), "t  X: y".to_owned())]);
        assert!(call.complete && call.body.is_none());
        assert_eq!(first_call(&json!({"paths": {}})), None);
        assert_eq!(first_call(&json!([])), None);
    }

    #[test]
    fn a_name_stands_where_a_value_is_wanted() {
        let call = sample_call(&document(), "/first/{id}", "get").unwrap();
        assert_eq!((call.path.as_str(), call.complete), ("/first/ID", false));
        assert_eq!(sample_call(&document(), "/first/{id}", "parameters"), None);
        assert_eq!(sample_call(&document(), "/elsewhere", "get"), None);
    }

    #[test]
    fn a_body_is_the_example_or_made_up_from_the_schema() {
        let made = sample_call(&document(), "/second/{id}/{part}", "post").unwrap();
        let (media, text) = made.body.unwrap();
        assert_eq!(media, "application/json");
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&value["a"], &value["list"], &value["e"]), (&json!("texte"), &json!([0]), &json!("v")));
        let form = sample_call(&document(), "/form", "put").unwrap();
        assert_eq!(form.body.unwrap().1, "q=a+b&n=3");
    }

    #[test]
    fn references_that_turn_round_or_lead_away_name_nothing() {
        let document = document();
        for reference in ["#/components/schemas/loop", "#/nothing", "https://e.fr/#/a", "#a", "%"] {
            assert_eq!(resolve(&document, &json!({"$ref": reference})), None, "{reference}");
        }
    }
}
