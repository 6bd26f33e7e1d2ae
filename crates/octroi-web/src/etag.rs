//! Editions as entity tags (RFC 9110, 8.8.3): what an update names to change only what it has read.

use http::{HeaderMap, HeaderValue, header};
use serde_json::Value;

use crate::problem::{Problem, ProblemCode};

/// The tag of an edition.
pub(crate) fn of(edition: i64) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("\"{edition}\"")).ok()
}

/// The edition of a representation that has one.
pub(crate) fn edition(representation: &Value) -> Option<i64> {
    representation.get("edition")?.as_i64()
}

/// The edition that `If-Match` names; none where it is absent or `*`. A tag that we cannot have given fits nothing.
pub(crate) fn if_match(headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let number = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match number.and_then(|n| n.parse().ok()) {
        Some(edition) => Ok(Some(edition)),
        None => Err(Problem::new(ProblemCode::Stale)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_strong_tag_of_ours_names_an_edition() {
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_MATCH, text.parse().unwrap());
            if_match(&headers).map_err(|p| p.code())
        };
        assert_eq!(read(of(12).unwrap().to_str().unwrap()), Ok(Some(12)));
        assert_eq!(read("*"), Ok(None));
        for text in ["W/\"12\"", "12", "\"x\"", "\"1\", \"2\""] {
            assert_eq!(read(text), Err(ProblemCode::Stale), "{text}");
        }
    }
}
