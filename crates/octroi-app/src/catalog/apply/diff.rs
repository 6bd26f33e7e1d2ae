//! The difference between two values, field by field.

use std::fmt;

use octroi_domain::credential::digest::{hex, sha256};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

/// Texts longer than this are shown by their beginning, their length and a digest.
const SHOWN: usize = 200;

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct FieldDiff {
    /// Which field: `gateway.upstreams[0].url`.
    pub path: String,
    /// What was there; absent where nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What will be there; absent where nothing will.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

impl fmt::Display for FieldDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = |value: &Option<Value>| value.as_ref().map_or_else(|| "-".to_owned(), Value::to_string);
        write!(f, "{}: {} -> {}", self.path, side(&self.before), side(&self.after))
    }
}

/// Every field that differs between two values.
pub(super) fn fields(before: &Value, after: &Value) -> Vec<FieldDiff> {
    let mut found = Vec::new();
    compare("", Some(before), Some(after), &mut found);
    found
}

fn compare(path: &str, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<FieldDiff>) {
    let before = before.filter(|v| !v.is_null());
    let after = after.filter(|v| !v.is_null());
    match (before, after) {
        (a, b) if a == b => {}
        (Some(Value::Object(a)), Some(Value::Object(b))) => compare_maps(path, a, b, found),
        (Some(Value::Array(a)), Some(Value::Array(b))) => {
            for i in 0..a.len().max(b.len()) {
                compare(&format!("{path}[{i}]"), a.get(i), b.get(i), found);
            }
        }
        (a, b) => {
            found.push(FieldDiff { path: path.to_owned(), before: a.map(shorten), after: b.map(shorten) });
        }
    }
}

fn compare_maps(path: &str, a: &Map<String, Value>, b: &Map<String, Value>, found: &mut Vec<FieldDiff>) {
    let new = b.keys().filter(|key| !a.contains_key(*key));
    for key in a.keys().chain(new) {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        compare(&path, a.get(key), b.get(key), found);
    }
}

fn shorten(value: &Value) -> Value {
    match value {
        Value::String(text) if text.len() > SHOWN => {
            let beginning: String = text.chars().take(60).collect();
            let digest = &hex(&sha256(text.as_bytes()))[..12];
            Value::String(format!("{beginning}… ({} bytes, {digest})", text.len()))
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_field_that_differs_is_named_once() {
        let before = json!({"a": 1, "b": {"c": [1, {"d": 2}]}, "same": [1], "gone": null});
        let after = json!({"a": 1, "b": {"c": [1, {"d": 3}, 4]}, "same": [1], "new": "x".repeat(300)});
        let found = fields(&before, &after);
        let lines: Vec<_> = found.iter().map(|d| d.to_string()).collect();
        assert_eq!(lines[0], "b.c[1].d: 2 -> 3");
        assert_eq!(lines[1], "b.c[2]: - -> 4");
        assert!(lines[2].starts_with("new: - -> \"xxx") && lines[2].contains("(300 bytes, "), "{}", lines[2]);
        assert_eq!(lines.len(), 3);
    }
}
