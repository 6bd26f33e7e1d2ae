//! Reads YAML into a tree that remembers where each value stood, so that any rule broken later can point at its line.
//!
//! The library that reads YAML straight into types forgets positions once the types are made; its parser is used here
//! instead. Aliases share their target: what they would unfold to is counted and bounded.

mod compose;
mod read;

use std::sync::Arc;

pub(crate) use compose::{Bounds, documents};
pub(crate) use read::{Problem, ReadError, read};

use serde_json::{Map, Number, Value};

/// A place in a file: line and column, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// A text that is not YAML, or more of it than is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    pub(crate) place: Place,
    pub(crate) message: String,
}

/// A value and where it stood.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) kind: Kind,
    /// Values that this one unfolds to, itself included.
    size: usize,
    /// Bytes of text that it unfolds to.
    bytes: usize,
    /// Lists and maps inside each other: 0 for a text.
    depth: usize,
}

#[derive(Debug)]
pub(crate) enum Kind {
    /// A text, and whether it stood without quotes: then it may be a number, a truth value or nothing.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Arc<Node>>),
    Map(Vec<(Key, Arc<Node>)>),
}

#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) text: String,
    pub(crate) place: Place,
}

impl Node {
    /// Whether nothing stands here: an empty place, `~` or `null`.
    pub(crate) fn is_null(&self) -> bool {
        match &self.kind {
            Kind::Scalar { text, plain: true } => {
                matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL")
            }
            _ => false,
        }
    }

    /// The text, as it is written, where one stands here.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, .. } if !self.is_null() => Some(text),
            _ => None,
        }
    }

    /// The value behind `key`, where this is a map that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Arc<Node>> {
        self.entry(key).map(|(_, value)| value)
    }

    fn entry(&self, key: &str) -> Option<&(Key, Arc<Node>)> {
        match &self.kind {
            Kind::Map(entries) => entries.iter().find(|(k, _)| k.text == key),
            _ => None,
        }
    }

    /// Where the field with this path (`plans[0].limits.rate`) stands; the nearest place around it where it is missing.
    pub(crate) fn place_of(&self, path: &str) -> Place {
        let (mut node, mut place) = (self, self.place);
        for step in path.split(['.', '[']).filter(|s| !s.is_empty()) {
            let index = step.strip_suffix(']').and_then(|n| n.parse::<usize>().ok());
            let next = match (&node.kind, index) {
                (Kind::List(items), Some(i)) => items.get(i).map(|n| (n, n.place)),
                _ => node.entry(step).map(|(key, n)| (n, key.place)),
            };
            let Some((next, at)) = next else { break };
            (node, place) = (next, at);
        }
        place
    }

    /// The same as JSON. A text without quotes becomes a number only where JSON writes the number alike, so that codes
    /// with leading zeros stay what they are.
    pub(crate) fn to_json(&self) -> Value {
        match &self.kind {
            Kind::Scalar { text, plain: false } => Value::String(text.clone()),
            Kind::Scalar { .. } if self.is_null() => Value::Null,
            Kind::Scalar { text, .. } => match text.as_str() {
                "true" | "True" | "TRUE" => Value::Bool(true),
                "false" | "False" | "FALSE" => Value::Bool(false),
                text => number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number),
            },
            Kind::List(items) => Value::Array(items.iter().map(|n| n.to_json()).collect()),
            Kind::Map(entries) => {
                let pairs = entries.iter().map(|(k, n)| (k.text.clone(), n.to_json()));
                Value::Object(pairs.collect::<Map<_, _>>())
            }
        }
    }
}

fn number(text: &str) -> Option<Number> {
    let digits = text.starts_with(|c: char| c == '-' || c.is_ascii_digit());
    digits.then(|| serde_json::from_str(text).ok()).flatten()
}
