//! How a secret is kept for look-ups: HMAC-SHA-256 under a versioned pepper that stands outside the database, so that
//! a stolen database alone tells nothing about imported, weaker keys either.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::{digest, hmac};
use subtle::ConstantTimeEq;

/// The digest of a secret. Compared in constant time.
#[derive(Clone, Copy)]
pub struct Digest(pub [u8; 32]);

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Digest {}

impl std::hash::Hash for Digest {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({:02x}{:02x}…)", self.0[0], self.0[1])
    }
}

/// How a stored digest was made from its secret. Every stored credential names its scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DigestScheme {
    /// HMAC-SHA-256 of the secret.
    Hmac {
        /// Version of the pepper.
        pepper: u16,
    },
    /// HMAC-SHA-256 of the SHA-256 of the secret: for keys imported as SHA-256 digests, whose text nobody knows.
    HmacOfSha256 {
        /// Version of the pepper.
        pepper: u16,
    },
}

impl fmt::Display for DigestScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hmac { pepper } => write!(f, "hmac-sha256:{pepper}"),
            Self::HmacOfSha256 { pepper } => write!(f, "hmac-sha256-of-sha256:{pepper}"),
        }
    }
}

/// A text that names no scheme.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown digest scheme")]
pub struct BadScheme;

impl FromStr for DigestScheme {
    type Err = BadScheme;
    fn from_str(text: &str) -> Result<Self, BadScheme> {
        let (name, version) = text.split_once(':').ok_or(BadScheme)?;
        let pepper = version.parse().map_err(|_| BadScheme)?;
        match name {
            "hmac-sha256" => Ok(Self::Hmac { pepper }),
            "hmac-sha256-of-sha256" => Ok(Self::HmacOfSha256 { pepper }),
            _ => Err(BadScheme),
        }
    }
}

/// One version of the pepper.
#[derive(Clone)]
pub struct Pepper {
    version: u16,
    key: hmac::Key,
}

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pepper(version {}, …)", self.version)
    }
}

impl Pepper {
    /// A pepper of 32 bytes.
    pub fn new(version: u16, bytes: &[u8; 32]) -> Self {
        Self { version, key: hmac::Key::new(hmac::HMAC_SHA256, bytes) }
    }

    /// Its version.
    pub const fn version(&self) -> u16 {
        self.version
    }

    fn sign(&self, bytes: &[u8]) -> Digest {
        let tag = hmac::sign(&self.key, bytes);
        let mut out = [0; 32];
        out.copy_from_slice(tag.as_ref());
        Digest(out)
    }

    /// A text that proves which pepper this is without telling it: kept in the database, compared at start.
    pub fn fingerprint(&self) -> Digest {
        self.sign(b"octroi pepper fingerprint")
    }
}

/// The pepper in use and those that older digests still need, newest first.
#[derive(Clone, Debug)]
pub struct Peppers {
    current: Pepper,
    older: Vec<Pepper>,
}

impl Peppers {
    /// `current` makes new digests; `older` ones are still looked up.
    pub fn new(current: Pepper, older: Vec<Pepper>) -> Self {
        Self { current, older }
    }

    /// The pepper that makes new digests.
    pub const fn current(&self) -> &Pepper {
        &self.current
    }

    /// Every pepper, the one in use first.
    pub fn all(&self) -> impl Iterator<Item = &Pepper> {
        std::iter::once(&self.current).chain(&self.older)
    }

    /// Every digest under which an imported key may be stored of which only the SHA-256 is known.
    pub fn every_digest_of_sha256(&self, sha256: &[u8; 32]) -> Vec<Digest> {
        self.all().map(|pepper| pepper.sign(sha256)).collect()
    }

    /// Digest of a secret that is being stored.
    pub fn digest(&self, secret: &str) -> (DigestScheme, Digest) {
        let pepper = self.current.version;
        (DigestScheme::Hmac { pepper }, self.current.sign(secret.as_bytes()))
    }

    /// Digest of an imported key of which only the SHA-256 is known.
    pub fn digest_of_sha256(&self, sha256: &[u8; 32]) -> (DigestScheme, Digest) {
        let pepper = self.current.version;
        (DigestScheme::HmacOfSha256 { pepper }, self.current.sign(sha256))
    }

    /// The digest under which new secrets are stored: for a call with a secret of our own format, nearly always the
    /// only one that has to be made.
    pub fn first(&self, secret: &[u8]) -> Digest {
        self.current.sign(secret)
    }

    /// Every other digest under which `secret` may be stored.
    pub fn others<'a>(&'a self, secret: &'a [u8]) -> impl Iterator<Item = Digest> + 'a {
        let inner = digest::digest(&digest::SHA256, secret);
        let older = self.older.iter();
        older
            .clone()
            .map(move |p| p.sign(secret))
            .chain(std::iter::once(&self.current).chain(older).map(move |p| p.sign(inner.as_ref())))
    }
}

/// SHA-256 of `bytes`.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    out
}

/// `bytes` in lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, b| {
        let _ = write!(text, "{b:02x}");
        text
    })
}

/// Reads 32 bytes of hexadecimal, in either letter case.
pub fn unhex(text: &str) -> Option<[u8; 32]> {
    let bytes = text.as_bytes();
    if bytes.len() != 64 {
        return None;
    }
    let nibble = |b: u8| char::from(b).to_digit(16).map(|d| d as u8);
    let mut out = [0; 32];
    for (place, pair) in out.iter_mut().zip(bytes.chunks_exact(2)) {
        *place = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stored_form_of_a_key_is_among_the_digests_looked_up() {
        let old = Peppers::new(Pepper::new(1, &[1; 32]), vec![]);
        let new = Peppers::new(Pepper::new(2, &[2; 32]), vec![Pepper::new(1, &[1; 32])]);
        let key = "an-imported-key";
        let stored = [
            old.digest(key),
            new.digest(key),
            old.digest_of_sha256(&sha256(key.as_bytes())),
            new.digest_of_sha256(&sha256(key.as_bytes())),
        ];
        let looked_up: Vec<Digest> =
            std::iter::once(new.first(key.as_bytes())).chain(new.others(key.as_bytes())).collect();
        for (scheme, digest) in stored {
            assert!(looked_up.contains(&digest), "{scheme}");
            assert_eq!(scheme.to_string().parse(), Ok(scheme));
        }
        assert_eq!(looked_up.len(), 4);
    }

    #[test]
    fn hexadecimal_round_trips_and_refuses_the_rest() {
        let bytes = sha256(b"x");
        assert_eq!(unhex(&hex(&bytes).to_uppercase()), Some(bytes));
        assert_eq!(unhex("zz"), None);
        assert_eq!(unhex(&"g".repeat(64)), None);
        assert_eq!(unhex(&"é".repeat(32)), None);
    }
}
