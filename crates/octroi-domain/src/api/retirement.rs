//! The end of an API, told to its callers before it comes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::time::Timestamp;
use crate::validate::{Check, Rule};

/// When an API is to be left and when it ends. Told with every answer to a call; what happens at the end is its provider's doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retirement {
    /// From this moment on callers should leave it; it may lie ahead (`Deprecation`, RFC 9745).
    pub deprecated_at: Timestamp,
    /// From this moment on it may answer no more (`Sunset`, RFC 8594).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sunset_at: Option<Timestamp>,
    /// What to read about leaving it: another version, a guide (`Link` with `rel="deprecation"`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guide: Option<Url>,
}

impl Retirement {
    /// What is wrong with it.
    pub(super) fn check(&self, c: &mut Check) {
        let ordered = self.sunset_at.is_none_or(|end| self.deprecated_at <= end);
        if !ordered {
            c.fail("retirement.sunset_at", Rule::Conflicts { with: "retirement.deprecated_at".to_owned() });
        }
        let is_page = |url: &Url| {
            matches!(url.scheme(), "http" | "https") && url.host().is_some() && url.as_str().len() <= 500
        };
        c.require(
            self.guide.as_ref().is_none_or(is_page),
            "retirement.guide",
            Rule::Malformed { expected: "url" },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_does_not_come_before_the_beginning_of_it() {
        let wrong = |more: serde_json::Value| {
            let mut text = serde_json::json!({"deprecated_at": "2026-12-01T00:00:00Z"});
            text.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let mut c = Check::new();
            serde_json::from_value::<Retirement>(text).unwrap().check(&mut c);
            c.finish().err().unwrap_or_default().into_iter().map(|v| v.field).collect::<Vec<_>>()
        };
        assert_eq!(wrong(serde_json::json!({"sunset_at": "2026-12-01T00:00:00Z"})), [""; 0]);
        assert_eq!(wrong(serde_json::json!({"sunset_at": "2026-11-30T23:59:59Z"})), ["retirement.sunset_at"]);
        assert_eq!(wrong(serde_json::json!({"guide": "javascript:alert(1)"})), ["retirement.guide"]);
    }
}
