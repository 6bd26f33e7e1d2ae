//! Access tokens that the portal signs: JWT (RFC 9068), ES256 only. A valid signature says who the client is, never
//! whether it may still call: that is asked of the key table at every call, so that a revocation is felt at once.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use octroi_domain::time::Timestamp;
use serde::Deserialize;

use crate::feed::IssuerSource;

/// Who signs access tokens, and the keys to verify them.
pub struct Issuer {
    issuer: String,
    keys: HashMap<String, DecodingKey>,
    validation: Validation,
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Issuer({}, {} keys)", self.issuer, self.keys.len())
    }
}

/// Why a token opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Not signed by us, or not for this use.
    Invalid,
    /// Past its end, or before its beginning.
    Expired,
    /// For another audience.
    Foreign,
}

/// The audience of a token that may be used at every API that its client subscribed to.
pub const ANY_API: &str = "octroi";

/// How far two servers' clocks may be apart, for the beginning of a token's life.
const CLOCK_SKEW_SECONDS: i64 = 30;

#[derive(Deserialize)]
struct Head {
    typ: Option<String>,
    alg: String,
    kid: Option<String>,
    crit: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    exp: i64,
    nbf: Option<i64>,
    aud: Audience,
    client_id: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    fn names(&self, wanted: &[&str]) -> bool {
        match self {
            Self::One(one) => wanted.contains(&one.as_str()),
            Self::Many(many) => many.iter().any(|one| wanted.contains(&one.as_str())),
        }
    }
}

/// Whether a text is shaped like one of our access tokens: three parts, the first a head with the type `at+jwt`. Other
/// systems issue opaque keys that are JWTs in shape; those are looked up as any other key.
pub fn is_access_token(text: &str) -> bool {
    text.matches('.').count() == 2
        && read_head(text).and_then(|h| h.typ).is_some_and(|typ| {
            let typ = typ.to_ascii_lowercase();
            matches!(typ.as_str(), "at+jwt" | "application/at+jwt")
        })
}

fn read_head(token: &str) -> Option<Head> {
    let (head, _) = token.split_once('.')?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(head).ok()?).ok()
}

impl Issuer {
    /// Reads the public keys. One that cannot be read makes all of it unusable: half a set of keys would refuse half
    /// of the tokens without saying so.
    pub(crate) fn compile(source: IssuerSource) -> Result<Self, String> {
        let mut keys = HashMap::new();
        for key in source.keys {
            let decoding = DecodingKey::from_ec_components(&key.x, &key.y)
                .map_err(|e| format!("signing key {}: {e}", key.id))?;
            keys.insert(key.id, decoding);
        }
        // The time and the audience are arguments, so they are judged here and not in the library.
        let mut validation = Validation::new(Algorithm::ES256);
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        Ok(Self { issuer: source.issuer, keys, validation })
    }

    /// The `client_id` of a token that is good at `now` for one of these audiences.
    pub fn verify(&self, token: &str, audiences: &[&str], now: Timestamp) -> Result<String, Refused> {
        let head = read_head(token).ok_or(Refused::Invalid)?;
        if head.alg != "ES256" || head.crit.is_some() {
            return Err(Refused::Invalid);
        }
        let key = head.kid.and_then(|kid| self.keys.get(&kid)).ok_or(Refused::Invalid)?;
        let claims = jsonwebtoken::decode::<Claims>(token, key, &self.validation)
            .map_err(|_| Refused::Invalid)?
            .claims;
        if claims.iss != self.issuer || claims.client_id.is_empty() {
            return Err(Refused::Invalid);
        }
        let now = now.as_secs();
        if now >= claims.exp || claims.nbf.is_some_and(|nbf| now.saturating_add(CLOCK_SKEW_SECONDS) < nbf) {
            return Err(Refused::Expired);
        }
        if !claims.aud.names(audiences) && !claims.aud.names(&[ANY_API, self.issuer.as_str()]) {
            return Err(Refused::Foreign);
        }
        Ok(claims.client_id)
    }
}
