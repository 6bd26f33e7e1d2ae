//! Editions as entity tags (RFC 9110, 8.8.3): what an update names to change only what it has read.

use http::{HeaderMap, HeaderValue, header};
use serde_json::Value;

use crate::field::FieldError;
use crate::problem::Problem;

/// The tag of an edition.
pub(crate) fn of(edition: i64) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("\"{edition}\"")).ok()
}

/// The edition of a representation that has one.
pub(crate) fn edition(representation: &Value) -> Option<i64> {
    representation.get("edition")?.as_i64()
}

/// What `If-Match` looks like.
pub(crate) const PATTERN: &str = r#"^(\*|"[0-9]{1,18}")$"#;

/// The edition that `If-Match` names; none where it is absent or `*`. One tag of ours, as it was given: a list or a weak
/// tag would leave open which version was read.
pub(crate) fn if_match(headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    let mut values = headers.get_all(header::IF_MATCH).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let refused = || Problem::invalid(vec![FieldError::if_match()]);
    if values.next().is_some() {
        return Err(refused());
    }
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let number = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default();
    if !(1..=18).contains(&number.len()) || !number.bytes().all(|b| b.is_ascii_digit()) {
        return Err(refused());
    }
    number.parse().map(Some).map_err(|_| refused())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::ProblemCode;

    #[test]
    fn only_a_strong_tag_of_ours_names_an_edition() {
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_MATCH, text.parse().unwrap());
            if_match(&headers).map_err(|p| p.code())
        };
        assert_eq!(read(of(12).unwrap().to_str().unwrap()), Ok(Some(12)));
        assert_eq!(read("*"), Ok(None));
        for text in ["W/\"12\"", "12", "\"x\"", "\"1\", \"2\"", "\"\"", "\"9999999999999999999\"", ""] {
            assert_eq!(read(text), Err(ProblemCode::Invalid), "{text}");
        }
    }
}
