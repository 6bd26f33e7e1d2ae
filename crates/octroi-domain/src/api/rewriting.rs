//! Rewriting of answers: for upstreams that write their own address into what they say, whatever they are told.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::operations::is_path_pattern;
use crate::validate::{Check, Rule};

/// Most entries of each list.
const MOST: u64 = 32;

/// Replaces the upstream's address by the API's access URL, in the bodies of answers and in `Location` and
/// `Content-Location`. Bodies are rewritten as they pass, whatever their length; an answer that the upstream compressed
/// although it was asked not to is left as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rewriting {
    /// Media types of the bodies that are rewritten, without parameters.
    #[serde(default = "json_and_xml")]
    #[schemars(length(min = 1, max = 32))]
    pub content_types: Vec<String>,
    /// Paths behind the API's prefix whose answers are rewritten, as in `operations`.
    #[serde(default = "every_path")]
    #[schemars(length(min = 1, max = 32))]
    pub paths: Vec<String>,
    /// Further addresses that the upstream calls itself by, besides the one that the gateway calls it by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub addresses: Vec<Url>,
}

fn json_and_xml() -> Vec<String> {
    let types =
        ["application/json", "application/fhir+json", "application/xml", "application/fhir+xml", "text/xml"];
    types.map(str::to_owned).to_vec()
}

fn every_path() -> Vec<String> {
    vec!["/**".to_owned()]
}

impl Rewriting {
    /// What is wrong with it.
    pub(super) fn check(&self, c: &mut Check) {
        for (field, length, least) in [
            ("content_types", self.content_types.len(), 1),
            ("paths", self.paths.len(), 1),
            ("addresses", self.addresses.len(), 0),
        ] {
            let field = format!("rewriting.{field}");
            c.require(length >= least, &field, Rule::Required);
            c.require(length as u64 <= MOST, &field, Rule::TooLong { max: MOST });
        }
        for (i, content_type) in self.content_types.iter().enumerate() {
            let fits = content_type.len() <= 100
                && content_type.split_once('/').is_some_and(|(kind, sub)| is_word(kind) && is_word(sub));
            let field = format!("rewriting.content_types[{i}]");
            c.require(fits, &field, Rule::Malformed { expected: "media_type" });
        }
        for (i, path) in self.paths.iter().enumerate() {
            let field = format!("rewriting.paths[{i}]");
            c.require(is_path_pattern(path), &field, Rule::Malformed { expected: "operation_path" });
        }
        for (i, address) in self.addresses.iter().enumerate() {
            let field = format!("rewriting.addresses[{i}]");
            c.require(
                super::is_base_address(address) && address.as_str().len() <= 500,
                &field,
                Rule::Malformed { expected: "upstream_url" },
            );
        }
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b))
}
