//! Paths, normalised once (promise G5): what the policy looks at is byte for byte what the upstream receives. What two
//! servers could read in two ways is refused instead of guessed.

use std::borrow::Cow;
use std::fmt::Write as _;

/// A path that could be read in more than one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the path can be read in more than one way: {0}")]
pub struct Ambiguous(pub &'static str);

/// The normal form of a request's path (RFC 3986, 6.2.2): unreserved characters are decoded, other percent signs
/// carry capitals, what may not stand in a path is encoded.
///
/// Refused: anything that does not begin with a slash, empty and dot segments, `;` parameters, backslashes, encoded
/// slashes, backslashes and control characters, doubly encoded ones of these, characters in more bytes of UTF-8 than they
/// take, and percent signs that encode nothing.
pub fn normalise(path: &str) -> Result<Cow<'_, str>, Ambiguous> {
    if path.bytes().all(is_plain) {
        check_segments(path)?;
        return Ok(Cow::Borrowed(path));
    }
    let normal = recode(path)?;
    check_segments(&normal)?;
    check_double_encoding(&normal)?;
    check_overlong(&normal)?;
    Ok(Cow::Owned(normal))
}

/// Bytes that stand in a path as they are.
fn is_plain(b: u8) -> bool {
    is_unreserved(b)
        || matches!(
            b,
            b'/' | b':' | b'@' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b'='
        )
}

fn is_unreserved(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~')
}

fn recode(path: &str) -> Result<String, Ambiguous> {
    let bytes = path.as_bytes();
    let mut normal = String::with_capacity(path.len() + 16);
    let mut at = 0;
    while let Some(&b) = bytes.get(at) {
        at += 1;
        match b {
            b'%' => {
                let decoded = bytes
                    .get(at..at + 2)
                    .and_then(unhex)
                    .ok_or(Ambiguous("a percent sign that encodes nothing"))?;
                at += 2;
                push_decoded(&mut normal, decoded)?;
            }
            b'\\' => return Err(Ambiguous("a backslash")),
            b';' => return Err(Ambiguous("a path parameter")),
            b if b < 0x20 || b == 0x7f => return Err(Ambiguous("a control character")),
            b if is_plain(b) => normal.push(char::from(b)),
            b => push_encoded(&mut normal, b),
        }
    }
    Ok(normal)
}

/// Writes a byte that was percent-encoded.
fn push_decoded(normal: &mut String, b: u8) -> Result<(), Ambiguous> {
    match b {
        b'/' | b'\\' => Err(Ambiguous("an encoded slash or backslash")),
        b if b < 0x20 || b == 0x7f => Err(Ambiguous("an encoded control character")),
        b if is_unreserved(b) => {
            normal.push(char::from(b));
            Ok(())
        }
        b => {
            push_encoded(normal, b);
            Ok(())
        }
    }
}

/// Refuses what would be a separator, a dot or a control character to a server that decodes twice.
fn check_double_encoding(normal: &str) -> Result<(), Ambiguous> {
    let twice = |rest: &str| rest.as_bytes().get(..2).and_then(unhex);
    let doubtful = |n: u8| matches!(n, b'/' | b'\\' | b'.' | b';' | b'%') || n < 0x20 || n == 0x7f;
    match normal.split("%25").skip(1).any(|rest| twice(rest).is_some_and(doubtful)) {
        true => Err(Ambiguous("a doubly encoded character")),
        false => Ok(()),
    }
}

/// Refuses what a careless decoder of UTF-8 reads as another character: `%C0%AF` as a slash. Other bytes that are not
/// UTF-8 pass: there are servers that speak Latin-1.
fn check_overlong(normal: &str) -> Result<(), Ambiguous> {
    let overlong = |first: &str, next: &str| {
        let too_early = match (first.len(), unhex(first.as_bytes())) {
            (2, Some(0xc0 | 0xc1)) => 0x80..0xc0,
            (2, Some(0xe0)) => 0x80..0xa0,
            (2, Some(0xf0)) => 0x80..0x90,
            _ => return false,
        };
        unhex(next.as_bytes()).is_some_and(|byte| too_early.contains(&byte))
    };
    let encoded = normal.split('%').skip(1);
    match encoded.clone().zip(encoded.skip(1)).any(|(first, next)| overlong(first, next)) {
        true => Err(Ambiguous("an overlong character")),
        false => Ok(()),
    }
}

fn push_encoded(text: &mut String, b: u8) {
    let _ = write!(text, "%{b:02X}");
}

fn unhex(pair: &[u8]) -> Option<u8> {
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?)
}

fn check_segments(path: &str) -> Result<(), Ambiguous> {
    let rest = path.strip_prefix('/').ok_or(Ambiguous("it does not begin with a slash"))?;
    let mut segments = rest.split('/').peekable();
    while let Some(segment) = segments.next() {
        match segment {
            "" if segments.peek().is_some() => return Err(Ambiguous("an empty segment")),
            "." | ".." => return Err(Ambiguous("a dot segment")),
            _ => {}
        }
    }
    Ok(())
}

/// What stands behind `prefix` in `path`, where the prefix ends at a segment's end: empty or beginning with a slash.
pub fn behind<'p>(path: &'p str, prefix: &str) -> Option<&'p str> {
    path.strip_prefix(prefix).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_paths_stay_as_they_are() {
        for path in
            ["/", "/a", "/a/", "/api-sirene/3.11/siret/1", "/a/b:c@d", "/a/...", "/.well-known/x", "/..a"]
        {
            assert!(matches!(normalise(path), Ok(Cow::Borrowed(p)) if p == path), "{path}");
        }
    }

    #[test]
    fn equal_paths_get_one_form() {
        for (path, normal) in [
            ("/%61%2D%7e", "/a-~"),
            ("/caf%c3%a9", "/caf%C3%A9"),
            ("/café", "/caf%C3%A9"),
            ("/a%20b|{c}", "/a%20b%7C%7Bc%7D"),
            ("/100%25", "/100%25"),
            ("/a%3bb", "/a%3Bb"),
            ("/%C0+propos/%e0%a0%80/%f0%90%80%80/%c3", "/%C0+propos/%E0%A0%80/%F0%90%80%80/%C3"),
        ] {
            assert_eq!(normalise(path).as_deref(), Ok(normal), "{path}");
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        for path in [
            "",
            "a",
            "//",
            "/a//b",
            "/./a",
            "/a/..",
            "/a/../b",
            "/a/%2e%2e/b",
            "/a/.%2E",
            "/a/..;/b",
            "/a;x/b",
            "/a%2fb",
            "/a%2Fb",
            "/a%5cb",
            "/a\\b",
            "/a%00b",
            "/a%0d%0ab",
            "/a%7f",
            "/a%252fb",
            "/a%252e%252e",
            "/a%2500",
            "/a%",
            "/a%2",
            "/a%zz",
            "/a%2525",
            "/a%25%32%66",
            "/%c0%ae%c0%ae/b",
            "/a%c0%afb",
            "/a%c1%9cb",
            "/a%e0%80%afb",
            "/a%f0%80%80%af",
            "*",
        ] {
            assert!(normalise(path).is_err(), "{path}");
        }
    }
}
