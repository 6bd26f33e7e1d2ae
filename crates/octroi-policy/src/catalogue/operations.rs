//! Methods and paths that an API lets through.

use octroi_domain::api::OperationRule;

use crate::path;

/// Methods and paths that are let through: all, where there is no rule.
#[derive(Debug, Default)]
pub struct Operations(Vec<Operation>);

/// A method and path that is let through.
#[derive(Debug)]
struct Operation {
    methods: Vec<String>,
    path: PathPattern,
}

/// A path in which segments may be left open.
#[derive(Debug)]
pub(super) struct PathPattern {
    segments: Vec<Segment>,
    open_end: bool,
}

#[derive(Debug)]
enum Segment {
    Any,
    Exactly(String),
}

/// What the API's rules say of a method and path.
#[derive(Debug, PartialEq, Eq)]
pub enum Permitted {
    /// Let through.
    Yes,
    /// The path is known, with these methods only.
    OtherMethods(Vec<String>),
    /// The path is not known.
    No,
}

impl Operations {
    /// Makes rules ready to be asked.
    pub fn compile(rules: &[OperationRule]) -> Self {
        Self(rules.iter().map(Operation::compile).collect())
    }

    /// What the rules say of a method and of the normal path behind the API's prefix.
    pub fn permits(&self, method: &str, rest: &str) -> Permitted {
        if self.0.is_empty() {
            return Permitted::Yes;
        }
        let mut known: Vec<String> = Vec::new();
        for operation in self.0.iter().filter(|o| o.path.matches(rest)) {
            if operation.allows(method) {
                return Permitted::Yes;
            }
            known.extend(operation.methods.iter().cloned());
        }
        if known.is_empty() {
            return Permitted::No;
        }
        known.sort_unstable();
        known.dedup();
        Permitted::OtherMethods(known)
    }
}

impl Operation {
    fn compile(rule: &OperationRule) -> Self {
        Self { methods: rule.methods.clone(), path: PathPattern::compile(&rule.path) }
    }

    fn allows(&self, method: &str) -> bool {
        let method = if method == "HEAD" { "GET" } else { method };
        self.methods.iter().any(|m| m == method || (method == "GET" && m == "HEAD"))
    }
}

impl PathPattern {
    pub(super) fn compile(pattern: &str) -> Self {
        let mut segments: Vec<Segment> = Vec::new();
        let mut open_end = false;
        let path = path::normalise(pattern).unwrap_or_else(|_| pattern.into());
        for segment in path.trim_start_matches('/').split('/') {
            match segment {
                "**" => open_end = true,
                "*" => segments.push(Segment::Any),
                text => segments.push(Segment::Exactly(text.to_owned())),
            }
        }
        Self { segments, open_end }
    }

    /// Whether the normal path `rest`, behind the API's prefix, is one of those meant.
    pub(super) fn matches(&self, rest: &str) -> bool {
        let mut parts = rest.strip_prefix('/').unwrap_or(rest).split('/');
        for segment in &self.segments {
            let fits = match (segment, parts.next()) {
                (Segment::Any, Some(part)) => !part.is_empty(),
                (Segment::Exactly(text), Some(part)) => text == part,
                (_, None) => false,
            };
            if !fits {
                return false;
            }
        }
        self.open_end || parts.next().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_let_through_what_they_name_and_head_follows_get() {
        let rules: Vec<OperationRule> = serde_json::from_value(serde_json::json!([
            {"methods": ["GET"], "path": "/siret/*"},
            {"methods": ["POST"], "path": "/siret"},
            {"methods": ["GET", "POST"], "path": "/fhir/**"},
        ]))
        .unwrap();
        let operations = Operations::compile(&rules);
        let permits = |method, rest| operations.permits(method, rest);
        assert_eq!(permits("GET", "/siret/1"), Permitted::Yes);
        assert_eq!(permits("HEAD", "/siret/1"), Permitted::Yes);
        assert_eq!(permits("get", "/siret/1"), Permitted::OtherMethods(vec!["GET".into()]));
        assert_eq!(permits("GET", "/siret"), Permitted::OtherMethods(vec!["POST".into()]));
        assert_eq!(permits("GET", "/siret/"), Permitted::No);
        assert_eq!(permits("GET", "/siret/1/2"), Permitted::No);
        assert_eq!(permits("POST", "/fhir/a/b"), Permitted::Yes);
        assert_eq!(permits("GET", "/fhir"), Permitted::Yes);
        assert_eq!(permits("GET", ""), Permitted::No);
    }
}
