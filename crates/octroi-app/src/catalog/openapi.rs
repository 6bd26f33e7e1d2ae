//! OpenAPI documents: taken in as JSON or YAML, stripped of servers and security, given back with ours. References to
//! other places are kept as they are written and never followed.

mod publish;
mod sample;

use octroi_domain::validate::{Rule, Violation};
use serde_json::{Map, Value};

pub(super) use publish::{Publication, publish};
pub(super) use sample::first_call;
pub use sample::{SampleCall, example, parameters, resolve, sample_call};

use super::yaml::{self, Bounds, Place};
use super::{Fault, MAX_OPENAPI_BYTES};

const BOUNDS: Bounds = Bounds { nodes: 1_000_000, bytes: 2 * MAX_OPENAPI_BYTES, depth: 120 };

/// Forms of OpenAPI that are read.
const KNOWN: &str = "OpenAPI 3.0.x or 3.1.x";

/// Why a document is not taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ImportError {
    place: Option<Place>,
    field: String,
    rule: Rule,
    message: Option<String>,
}

impl ImportError {
    fn field(field: &str, rule: Rule) -> Self {
        Self { place: None, field: field.to_owned(), rule, message: None }
    }

    fn syntax(place: Option<Place>, message: String) -> Self {
        let rule = Rule::Malformed { expected: "json_or_yaml" };
        Self { place, field: String::new(), rule, message: Some(message) }
    }

    /// As a fault of the file called `name`.
    pub(super) fn fault(self, name: &str) -> Fault {
        let place = self.place.unwrap_or(Place { line: 0, column: 0 });
        match self.message {
            Some(message) => Fault::at(name, place, &self.field, "syntax", message),
            None => Fault::rule(name, place, &self.field, &self.rule),
        }
    }

    /// As a violation of a request.
    pub(super) fn violation(self) -> Violation {
        let field = match self.place {
            Some(place) => format!("line {}, column {}", place.line, place.column),
            None => self.field,
        };
        Violation { field, rule: self.rule }
    }
}

/// Reads a document and takes out what only we may say: where the API is served, and with which credential.
pub(super) fn import(bytes: &[u8]) -> Result<Value, ImportError> {
    let Value::Object(mut document) = parse(bytes)? else {
        return Err(ImportError::field("", Rule::Malformed { expected: "openapi" }));
    };
    check(&mut document)?;
    strip_document(&mut document);
    Ok(Value::Object(document))
}

fn parse(bytes: &[u8]) -> Result<Value, ImportError> {
    if bytes.len() > MAX_OPENAPI_BYTES {
        return Err(ImportError::field("", Rule::TooLong { max: MAX_OPENAPI_BYTES as u64 }));
    }
    let text = super::files::text(bytes.to_vec()).map_err(|message| ImportError::syntax(None, message))?;
    if text.trim_start().starts_with('{') { parse_json(&text) } else { parse_yaml(&text) }
}

fn parse_json(text: &str) -> Result<Value, ImportError> {
    // Each value beyond the first stands behind one of these signs: an upper bound, found without making any.
    let values = text.bytes().filter(|b| matches!(b, b',' | b'[' | b'{')).count();
    if values > BOUNDS.nodes {
        return Err(ImportError::syntax(None, format!("more than {} values", BOUNDS.nodes)));
    }
    serde_json::from_str(text).map_err(|e| {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let message = e.to_string();
        let message = message.split(" at line ").next().unwrap_or_default().to_owned();
        ImportError::syntax(Some(Place { line: number(e.line()), column: number(e.column()) }), message)
    })
}

fn parse_yaml(text: &str) -> Result<Value, ImportError> {
    let nodes = yaml::documents(text, BOUNDS, &Ok)
        .map_err(|error| ImportError::syntax(Some(error.place), error.message))?;
    let [node] = nodes.as_slice() else {
        return Err(ImportError::syntax(None, format!("one document is wanted, {} found", nodes.len())));
    };
    let mut document = node.to_json();
    // Versions are texts, although `3.10` without quotes looks like a number.
    for path in [&["openapi"][..], &["swagger"], &["info", "version"]] {
        let found = path.iter().try_fold(node, |n, key| n.get(key)).and_then(|n| n.text());
        let place = path.iter().try_fold(&mut document, |value, key| value.get_mut(*key));
        if let (Some(text), Some(place)) = (found, place) {
            *place = Value::String(text.to_owned());
        }
    }
    Ok(document)
}

/// The least that a document must hold to be shown.
fn check(document: &mut Map<String, Value>) -> Result<(), ImportError> {
    if document.contains_key("swagger") {
        return Err(ImportError::field("swagger", Rule::NotAllowed { allowed: KNOWN.to_owned() }));
    }
    let version = document.get("openapi").ok_or_else(|| ImportError::field("openapi", Rule::Required))?;
    let known = |v: &str| ["3.0", "3.1"].iter().any(|k| v == *k || v.starts_with(&format!("{k}.")));
    if !version.as_str().is_some_and(known) {
        return Err(ImportError::field("openapi", Rule::NotAllowed { allowed: KNOWN.to_owned() }));
    }
    for (parent, key) in [("", "info"), ("info", "title"), ("info", "version"), ("", "paths")] {
        let field = if parent.is_empty() { key.to_owned() } else { format!("{parent}.{key}") };
        let holder = if parent.is_empty() { Some(&*document) } else { document[parent].as_object() };
        let found = holder.and_then(|h| h.get(key)).filter(|v| !v.is_null());
        let value = found.ok_or_else(|| ImportError::field(&field, Rule::Required))?;
        let fits = if matches!(key, "info" | "paths") { value.is_object() } else { value.is_string() };
        if !fits {
            return Err(ImportError::field(&field, Rule::Malformed { expected: "openapi" }));
        }
    }
    check_paths(document)
}

fn check_paths(document: &Map<String, Value>) -> Result<(), ImportError> {
    let wrong = |field: String| ImportError::field(&field, Rule::Malformed { expected: "openapi" });
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        let fits = path.starts_with("x-") || (path.starts_with('/') && item.is_object());
        if !fits {
            return Err(wrong(format!("paths.{path}")));
        }
    }
    match document.get("components") {
        None | Some(Value::Object(_)) => Ok(()),
        Some(_) => Err(wrong("components".to_owned())),
    }
}

/// Methods that a path item may have (OpenAPI 3.1, 4.8.9.1).
pub const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// Fields that a document may have at its root (OpenAPI 3.1, 4.8.1), without those about servers and security.
const ROOT: [&str; 8] =
    ["openapi", "info", "jsonSchemaDialect", "paths", "webhooks", "components", "tags", "externalDocs"];

/// Fields of a path item (4.8.9) besides its methods.
const PATH_ITEM: [&str; 4] = ["$ref", "summary", "description", "parameters"];

/// Fields of an operation (4.8.10).
const OPERATION: [&str; 10] = [
    "tags",
    "summary",
    "description",
    "externalDocs",
    "operationId",
    "parameters",
    "requestBody",
    "responses",
    "callbacks",
    "deprecated",
];

/// Leaves what OpenAPI knows at a place, and extensions. A console follows references and merges wherever it finds them:
/// what stood there under another name would come back as a server of somebody's choice.
fn keep(object: &mut Map<String, Value>, known: impl Fn(&str) -> bool) {
    object.retain(|name, _| known(name) || name.starts_with("x-"));
}

fn strip_document(document: &mut Map<String, Value>) {
    keep(document, |name| ROOT.contains(&name));
    each(document.get_mut("paths"), strip_path_item);
    each(document.get_mut("webhooks"), strip_path_item);
    if let Some(components) = document.get_mut("components").and_then(Value::as_object_mut) {
        components.shift_remove("securitySchemes");
        each(components.get_mut("pathItems"), strip_path_item);
        each(components.get_mut("callbacks"), strip_callback);
        each(components.get_mut("responses"), strip_response);
        each(components.get_mut("links"), strip_link);
    }
}

/// Runs `strip` on every object among the values of a map.
fn each(map: Option<&mut Value>, strip: fn(&mut Map<String, Value>)) {
    for (_, value) in map.and_then(Value::as_object_mut).into_iter().flatten() {
        if let Some(object) = value.as_object_mut() {
            strip(object);
        }
    }
}

fn strip_path_item(item: &mut Map<String, Value>) {
    keep(item, |name| PATH_ITEM.contains(&name) || METHODS.contains(&name));
    if item.get("$ref").is_some_and(|target| !is_shared_path_item(target)) {
        item.shift_remove("$ref");
    }
    for method in METHODS {
        if let Some(operation) = item.get_mut(method).and_then(Value::as_object_mut) {
            keep(operation, |name| OPERATION.contains(&name));
            each(operation.get_mut("responses"), strip_response);
            each(operation.get_mut("callbacks"), strip_callback);
        }
    }
}

/// Whether a reference leads to a path item that was stripped itself.
fn is_shared_path_item(target: &Value) -> bool {
    let name = target.as_str().and_then(|target| target.strip_prefix("#/components/pathItems/"));
    name.is_some_and(|name| !name.is_empty() && !name.contains('/'))
}

fn strip_callback(callback: &mut Map<String, Value>) {
    for (_, item) in callback.iter_mut() {
        if let Some(item) = item.as_object_mut() {
            strip_path_item(item);
        }
    }
}

fn strip_response(response: &mut Map<String, Value>) {
    each(response.get_mut("links"), strip_link);
}

fn strip_link(link: &mut Map<String, Value>) {
    link.shift_remove("server");
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refused(text: &str) -> (String, String) {
        let violation = import(text.as_bytes()).unwrap_err().violation();
        (violation.field, violation.rule.code().to_owned())
    }

    #[test]
    fn only_openapi_3_0_and_3_1_is_taken_in() {
        let info = r#""info":{"title":"t","version":"1"},"paths":{}"#;
        assert!(import(format!(r#"{{"openapi":"3.1.0",{info}}}"#).as_bytes()).is_ok());
        for (text, field, rule) in [
            (format!(r#"{{"swagger":"2.0",{info}}}"#), "swagger", "not_allowed"),
            (format!(r#"{{"openapi":"3.2.0",{info}}}"#), "openapi", "not_allowed"),
            (format!(r#"{{"openapi":3.1,{info}}}"#), "openapi", "not_allowed"),
            (format!("{{{info}}}"), "openapi", "required"),
            (r#"{"openapi":"3.0.3","paths":{}}"#.to_owned(), "info", "required"),
            (r#"{"openapi":"3.0.3","info":{},"paths":{}}"#.to_owned(), "info.title", "required"),
            (r#"{"openapi":"3.0.3","info":[],"paths":{}}"#.to_owned(), "info", "malformed"),
            (r#"{"openapi":"3.0.3","info":{"title":"t","version":"1"}}"#.to_owned(), "paths", "required"),
            (
                r#"{"openapi":"3.0.3","info":{"title":"t","version":"1"},"paths":{"/a":1}}"#.to_owned(),
                "paths./a",
                "malformed",
            ),
            ("[1]".to_owned(), "", "malformed"),
            ("{\n  \"openapi\": \n}".to_owned(), "line 3, column 1", "malformed"),
            ("openapi: [".to_owned(), "line 1, column 10", "malformed"),
        ] {
            assert_eq!(refused(&text), (field.to_owned(), rule.to_owned()), "{text}");
        }
    }

    #[test]
    fn yaml_keeps_versions_and_codes_as_they_are_written() {
        let text = "openapi: 3.1.0\ninfo: {title: t, version: 3.10}\npaths:\n  /a:\n    get:\n      \
                    responses:\n        200: {description: ok}\nx-code: 007\nx-number: 7\nx-base: &b {k: 1, l: 2}\n\
                    x-more: {<<: *b, k: 3}\n";
        let document = import(text.as_bytes()).unwrap();
        assert_eq!(document["info"]["version"], "3.10");
        assert_eq!(document["x-code"], "007");
        assert_eq!(document["x-number"], 7);
        assert_eq!(document["x-more"], json!({"k": 3, "l": 2}));
        assert_eq!(document["paths"]["/a"]["get"]["responses"]["200"]["description"], "ok");
    }

    #[test]
    fn bombs_are_refused() {
        let mut yaml = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
        for i in 1..9 {
            let names = vec![format!("*a{}", i - 1); 10].join(",");
            yaml.push_str(&format!("a{i}: &a{i} [{names}]\n"));
        }
        assert_eq!(refused(&yaml).1, "malformed");
        let mut chain = "a0: &a0 [x]\n".to_owned();
        for i in 1..5_000 {
            chain.push_str(&format!("a{i}: &a{i} [*a{}]\n", i - 1));
        }
        assert_eq!(refused(&chain).1, "malformed");
        assert_eq!(refused(&format!("{{\"a\":{}", "[".repeat(100_000))).1, "malformed");
        assert_eq!(refused(&"[".repeat(100_000)).1, "malformed");
        assert_eq!(refused(&format!("{{\"a\":[{}0]}}", "0,".repeat(1_000_001))).1, "malformed");
    }

    #[test]
    fn no_reference_brings_a_server_back() {
        let evil = json!({"servers": [{"url": "https://portal.example"}], "post": {"summary": "evil"}});
        let document = json!({
            "openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "$ref": "#/x-evil", "allOf": [evil],
            "paths": {
                "/a": {"$ref": "#/x-evil"},
                "/b": {"$ref": "https://elsewhere.example/evil.json"},
                "/c": {"$ref": "#/components/pathItems/p/get"},
                "/d": {"$ref": "#/components/pathItems/p"},
                "/e": {"allOf": [evil], "get": {"$ref": "#/x-evil/post", "allOf": [{"servers": []}], "summary": "e"}},
            },
            "components": {"pathItems": {"p": {"$ref": "#/x-evil", "get": {"servers": [], "summary": "p"}}}},
            "x-evil": evil,
        });
        let taken = import(document.to_string().as_bytes()).unwrap();
        let expected = json!({
            "openapi": "3.1.0", "info": {"title": "t", "version": "1"},
            "paths": {"/a": {}, "/b": {}, "/c": {}, "/d": {"$ref": "#/components/pathItems/p"},
                "/e": {"get": {"summary": "e"}}},
            "components": {"pathItems": {"p": {"get": {"summary": "p"}}}},
            "x-evil": evil,
        });
        assert_eq!(taken, expected);
    }

    #[test]
    fn servers_and_security_go_wherever_they_stand_and_nothing_else_goes() {
        let operation = json!({
            "servers": [], "security": [],
            "responses": {"200": {"links": {"next": {"server": {}, "operationId": "x"}}}},
            "callbacks": {"done": {"{$request.body#/url}": {"servers": [], "post": {"security": []}}}},
        });
        let document = json!({
            "openapi": "3.1.0", "info": {"title": "t", "version": "1"},
            "servers": [{"url": "https://elsewhere.example"}], "security": [{"other": []}],
            "paths": {"/a": {"servers": [], "get": operation}, "x-note": 1},
            "webhooks": {"w": {"post": {"security": []}}},
            "components": {
                "securitySchemes": {"other": {}},
                "pathItems": {"p": {"get": {"security": []}}},
                "schemas": {"S": {"properties": {"servers": {"type": "string"}, "security": {"type": "string"}}}},
            },
        });
        let taken = import(document.to_string().as_bytes()).unwrap();
        let expected = json!({
            "openapi": "3.1.0", "info": {"title": "t", "version": "1"},
            "paths": {"/a": {"get": {
                "responses": {"200": {"links": {"next": {"operationId": "x"}}}},
                "callbacks": {"done": {"{$request.body#/url}": {"post": {}}}},
            }}, "x-note": 1},
            "webhooks": {"w": {"post": {}}},
            "components": {
                "pathItems": {"p": {"get": {}}},
                "schemas": {"S": {"properties": {"servers": {"type": "string"}, "security": {"type": "string"}}}},
            },
        });
        assert_eq!(taken, expected);
    }
}
