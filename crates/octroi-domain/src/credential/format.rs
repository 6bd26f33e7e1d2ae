//! How a secret of ours is written: `<instance>_<kind>_` + 32 base62 characters (190 bits; 43, 256 bits, for links) + 6
//! characters of CRC-32.
//!
//! The prefix lets a secret scanner recognise it; the checksum lets the gateway refuse a mistyped one before any
//! look-up, and a scanner avoid false alarms.

use std::fmt;

use zeroize::Zeroizing;

use crate::time::Entropy;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const CHECKSUM: usize = 6;

/// A text that must not leak: wiped when dropped, never printed by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes charge of `text`.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself. Every call of this is a place to look at twice.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The last four characters, to tell one's keys apart; dots where the secret is too short to give any away.
    pub fn hint(&self) -> String {
        let chars: Vec<char> = self.0.chars().collect();
        if chars.len() < 12 { "····".to_owned() } else { chars[chars.len() - 4..].iter().collect() }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What a secret opens; the short word stands in the middle of its prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SecretKind {
    /// A key of a subscription.
    ApiKey,
    /// The secret of an OAuth2 client.
    ClientSecret,
    /// A token of the management API.
    ManagementToken,
    /// A link sent by mail or printed by the command line.
    Link,
    /// A session of a browser.
    Session,
}

impl SecretKind {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::ApiKey, Self::ClientSecret, Self::ManagementToken, Self::Link, Self::Session];

    /// The short word in the prefix.
    pub const fn word(self) -> &'static str {
        match self {
            Self::ApiKey => "key",
            Self::ClientSecret => "cs",
            Self::ManagementToken => "mgt",
            Self::Link => "lnk",
            Self::Session => "ses",
        }
    }

    /// Random characters, each worth 5.95 bits: 190 bits and more, 256 for a link (promise P4).
    const fn random_chars(self) -> usize {
        match self {
            Self::Link => 43,
            _ => 32,
        }
    }
}

/// What a text is, seen from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Ours, and the checksum holds.
    Ours(SecretKind),
    /// Begins like one of ours, but is mistyped or made up.
    Broken,
    /// From elsewhere: perhaps an imported key.
    Foreign,
}

/// The name that begins every secret of one installation, such as `octroi` or `insee`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance(String);

/// A name that cannot begin a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an instance name is 2 to 16 lower-case letters and digits and begins with a letter")]
pub struct BadInstance;

impl Instance {
    /// Takes a name of 2 to 16 lower-case letters and digits that begins with a letter.
    pub fn new(name: &str) -> Result<Self, BadInstance> {
        let fits = (2..=16).contains(&name.len())
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if fits { Ok(Self(name.to_owned())) } else { Err(BadInstance) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A new secret of this installation.
    pub fn generate(&self, kind: SecretKind, entropy: &dyn Entropy) -> Secret {
        let mut text = String::with_capacity(self.0.len() + kind.random_chars() + CHECKSUM + 6);
        text.push_str(&self.0);
        text.push('_');
        text.push_str(kind.word());
        text.push('_');
        push_random(&mut text, kind.random_chars(), entropy);
        let sum = checksum(text.as_bytes());
        text.extend(sum.iter().map(|&b| char::from(b)));
        Secret::new(text)
    }

    /// What `text` is. Costs one CRC-32 for a text that begins like ours, a comparison otherwise.
    pub fn shape(&self, text: &str) -> Shape {
        let Some(rest) = text.strip_prefix(self.0.as_str()).and_then(|r| r.strip_prefix('_')) else {
            return Shape::Foreign;
        };
        let Some((word, body)) = rest.split_once('_') else { return Shape::Foreign };
        let Some(kind) = SecretKind::ALL.into_iter().find(|k| k.word() == word) else {
            return Shape::Foreign;
        };
        let (head, sum) = text.as_bytes().split_at(text.len().saturating_sub(CHECKSUM));
        let whole =
            body.len() == kind.random_chars() + CHECKSUM && body.bytes().all(|b| b.is_ascii_alphanumeric());
        if whole && checksum(head) == sum { Shape::Ours(kind) } else { Shape::Broken }
    }
}

/// Appends `wanted` characters of the alphabet, each equally likely: bytes of 248 and more are thrown away.
fn push_random(text: &mut String, mut wanted: usize, entropy: &dyn Entropy) {
    let mut bytes = Zeroizing::new([0_u8; 64]);
    while wanted > 0 {
        entropy.fill(&mut *bytes);
        for &b in bytes.iter().filter(|b| **b < 248).take(wanted) {
            text.push(char::from(ALPHABET[usize::from(b % 62)]));
            wanted -= 1;
        }
    }
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM] {
    let mut rest = crc32fast::hash(bytes);
    let mut text = [b'0'; CHECKSUM];
    for place in text.iter_mut().rev() {
        *place = ALPHABET[(rest % 62) as usize];
        rest /= 62;
    }
    text
}

/// A key that came from another system: 8 to 128 bytes of printable ASCII without spaces.
pub fn is_importable(key: &str) -> bool {
    (8..=128).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::Mutex;

    use super::*;

    struct Counting(Mutex<Cell<u8>>);
    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            let cell = self.0.lock().unwrap();
            for b in bytes {
                cell.set(cell.get().wrapping_add(37));
                *b = cell.get();
            }
        }
    }

    #[test]
    fn a_secret_is_recognised_and_a_changed_one_is_not() {
        let instance = Instance::new("insee").unwrap();
        let entropy = Counting(Mutex::new(Cell::new(3)));
        for kind in SecretKind::ALL {
            let secret = instance.generate(kind, &entropy);
            let text = secret.expose();
            assert_eq!(text.len(), "insee".len() + kind.word().len() + 2 + kind.random_chars() + 6);
            assert_eq!(instance.shape(text), Shape::Ours(kind));
            for i in text.len() - kind.random_chars() - 6..text.len() {
                let mut bytes = text.as_bytes().to_vec();
                bytes[i] = if bytes[i] == b'x' { b'y' } else { b'x' };
                assert_eq!(instance.shape(std::str::from_utf8(&bytes).unwrap()), Shape::Broken, "{i}");
            }
            assert_eq!(instance.shape(&text[..text.len() - 1]), Shape::Broken);
        }
        for foreign in ["", "insee", "insee_", "inseekey", "gravitee-key", "insee_other_x", "é"] {
            assert_eq!(instance.shape(foreign), Shape::Foreign, "{foreign}");
        }
    }

    #[test]
    fn a_secret_does_not_print_itself() {
        let secret = Secret::new("octroi_key_0123456789abcd".into());
        assert!(!format!("{secret:?}").contains("octroi_key"));
        assert_eq!(secret.hint(), "abcd");
        assert_eq!(Secret::new("short".into()).hint(), "····");
    }
}
