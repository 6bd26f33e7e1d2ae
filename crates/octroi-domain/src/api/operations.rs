//! Methods and paths: what an API lets through, and what a keyless plan opens of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::validate::{Check, Rule};

const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// Most rules of one list.
const MOST: usize = 1_000;

/// A method and path that is let through. A list without any lets all through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OperationRule {
    /// HTTP methods in capitals. `GET` lets `HEAD` through as well.
    #[schemars(length(min = 1, max = 10))]
    pub methods: Vec<String>,
    /// Path behind the API's prefix. `*` stands for one segment, `**` at the end for all that follow.
    #[schemars(length(min = 1, max = 500))]
    pub path: String,
}

/// What is wrong with the rules in `list`.
pub(crate) fn check(c: &mut Check, list: &str, rules: &[OperationRule]) {
    c.require(rules.len() <= MOST, list, Rule::TooLong { max: MOST as u64 });
    for (i, rule) in rules.iter().enumerate() {
        c.require(!rule.methods.is_empty(), &format!("{list}[{i}].methods"), Rule::Required);
        for (j, method) in rule.methods.iter().enumerate() {
            c.require(
                METHODS.contains(&method.as_str()),
                &format!("{list}[{i}].methods[{j}]"),
                Rule::NotAllowed { allowed: METHODS.join(", ") },
            );
        }
        let field = format!("{list}[{i}].path");
        c.require(is_path_pattern(&rule.path), &field, Rule::Malformed { expected: "operation_path" });
    }
}

/// A path in which `*` stands for one segment, and `**` at the end for all that follow.
pub(super) fn is_path_pattern(path: &str) -> bool {
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    path.starts_with('/')
        && path.len() <= 500
        && segments.iter().enumerate().all(|(k, s)| match *s {
            "**" => k + 1 == segments.len(),
            "*" => true,
            s => !s.contains('*') && s != "." && s != ".." && !s.contains(char::is_whitespace),
        })
}
