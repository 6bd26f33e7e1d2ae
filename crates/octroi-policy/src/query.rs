//! Query strings: finding a parameter under its decoded name, and taking it out without touching the others.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// The parts of a query between its ampersands, each with its decoded name.
fn parts(query: &str) -> impl Iterator<Item = (&str, Cow<'_, str>, &str)> {
    query.split('&').map(|part| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        (part, decode(name), value)
    })
}

fn decode(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|b| b == b'%' || b == b'+') {
        return Cow::Borrowed(text);
    }
    let spaced = text.replace('+', " ");
    Cow::Owned(percent_decode_str(&spaced).decode_utf8_lossy().into_owned())
}

/// The decoded values of every parameter called `name`, in order.
pub fn values<'q>(query: &'q str, name: &str) -> impl Iterator<Item = Cow<'q, str>> {
    parts(query).filter(move |(_, n, _)| n == name).map(|(_, _, value)| decode(value))
}

/// Whether a parameter called `name` stands there with a value.
pub fn has_value(query: &str, name: &str) -> bool {
    parts(query).any(|(_, n, value)| n == name && !value.is_empty())
}

/// The query without the parameters that `gone` names. The others keep their bytes and order.
pub fn without<'q>(query: &'q str, gone: impl Fn(&str) -> bool) -> Cow<'q, str> {
    if !parts(query).any(|(_, name, _)| gone(&name)) {
        return Cow::Borrowed(query);
    }
    let kept: Vec<&str> = parts(query).filter(|(_, name, _)| !gone(name)).map(|(part, _, _)| part).collect();
    Cow::Owned(kept.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_found_under_every_spelling_of_its_name() {
        let query = "a=1&api%2dkey=s%20e+c&api-key=&b";
        assert_eq!(values(query, "api-key").collect::<Vec<_>>(), ["s e c", ""]);
        assert!(has_value(query, "api-key"));
        assert!(!has_value(query, "b"));
        assert!(!has_value(query, "API-KEY"));
    }

    #[test]
    fn taking_one_out_leaves_the_others_untouched() {
        let gone = |name: &str| name == "api-key";
        assert_eq!(without("q=a%20b&api%2dkey=x&&z", gone), "q=a%20b&&z");
        assert_eq!(without("api-key=x", gone), "");
        assert!(matches!(without("q=1", gone), Cow::Borrowed("q=1")));
    }
}
