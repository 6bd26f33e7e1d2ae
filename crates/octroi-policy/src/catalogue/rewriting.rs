//! Which answers of an API have their addresses led back through the gateway. The gateway does it.

use octroi_domain::api;

use super::operations::PathPattern;

/// How the answers of an API are rewritten.
#[derive(Debug)]
pub struct Rewriting {
    content_types: Vec<String>,
    paths: Vec<PathPattern>,
    /// What addresses begin with that are the upstream's, besides the one that it is called by; no slash at their ends.
    pub addresses: Vec<String>,
}

impl Rewriting {
    /// Compiles what the definition says.
    pub fn compile(source: &api::Rewriting) -> Self {
        Self {
            content_types: source.content_types.iter().map(|t| t.to_ascii_lowercase()).collect(),
            paths: source.paths.iter().map(|path| PathPattern::compile(path)).collect(),
            addresses: source
                .addresses
                .iter()
                .map(|address| address.as_str().trim_end_matches('/').to_owned())
                .collect(),
        }
    }

    /// Whether answers to calls of the normal path `rest`, behind the API's prefix, are rewritten.
    pub fn covers(&self, rest: &str) -> bool {
        self.paths.iter().any(|path| path.matches(rest))
    }

    /// Whether a body of this `Content-Type` is rewritten.
    pub fn reads(&self, content_type: &str) -> bool {
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        self.content_types.iter().any(|wanted| wanted.eq_ignore_ascii_case(kind))
    }
}
