//! The key that signs access tokens: ES256, its private half sealed by the master key.

use aws_lc_rs::agreement::{ECDH_P256, PrivateKey};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use octroi_domain::actor::Actor;
use octroi_domain::ids::SigningKeyId;
use octroi_domain::time::{Entropy, random_bytes};
use octroi_store::{Change, Session, SigningKey};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::{App, AppError};

/// A number that is no private key of the curve comes once in 2³²; so many in a row never.
const TRIES: u32 = 8;

/// A key pair, before it is stored.
struct Pair {
    private: Zeroizing<[u8; 32]>,
    /// 0x04, then both coordinates.
    public: Vec<u8>,
}

/// The key in use, opened.
pub(super) struct Signer {
    id: SigningKeyId,
    key: EncodingKey,
}

impl Pair {
    /// A new pair. The private half is a number between 1 and the order of the curve: drawn until it is one.
    fn generate(entropy: &dyn Entropy) -> Option<Self> {
        for _ in 0..TRIES {
            let private = Zeroizing::new(random_bytes::<32>(entropy));
            if let Ok(public) = public_half(&private) {
                return Some(Self { private, public });
            }
        }
        None
    }

    fn coordinate(&self, which: usize) -> String {
        let start = 1 + 32 * which;
        URL_SAFE_NO_PAD.encode(self.public.get(start..start + 32).unwrap_or_default())
    }
}

fn public_half(private: &[u8; 32]) -> Result<Vec<u8>, AppError> {
    let key = PrivateKey::from_private_key(&ECDH_P256, private).map_err(unusable)?;
    Ok(key.compute_public_key().map_err(unusable)?.as_ref().to_vec())
}

/// The pair as jsonwebtoken takes it: PKCS #8.
fn encoding_key(private: &[u8; 32]) -> Result<EncodingKey, AppError> {
    let public = public_half(private)?;
    let pair =
        EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_FIXED_SIGNING, private, &public)
            .map_err(unusable)?;
    Ok(EncodingKey::from_ec_der(pair.to_pkcs8v1().map_err(unusable)?.as_ref()))
}

fn unusable(error: impl std::fmt::Display) -> AppError {
    AppError::Internal(format!("the signing key cannot be used: {error}"))
}

/// What the sealed copy is bound to.
fn label(id: SigningKeyId) -> String {
    format!("signing-key:{id}")
}

impl Signer {
    /// A signed access token with these claims (RFC 9068).
    pub(super) fn sign(&self, claims: &Value) -> Result<String, AppError> {
        let mut header = Header::new(Algorithm::ES256);
        header.typ = Some("at+jwt".to_owned());
        header.kid = Some(self.id.to_string());
        jsonwebtoken::encode(&header, claims, &self.key).map_err(unusable)
    }
}

impl App {
    /// Makes the key that signs access tokens where there is none yet. To be called once at every start.
    pub async fn ensure_signing_key(&self) -> Result<(), AppError> {
        if !self.read().await?.signing_keys().await?.is_empty() {
            return Ok(());
        }
        let id = SigningKeyId::new(self.now(), self.entropy());
        let pair = Pair::generate(self.entropy()).ok_or_else(|| unusable("no key could be drawn"))?;
        let sealed = self
            .vault()
            .master
            .seal(pair.private.as_slice(), &label(id), self.entropy())
            .map_err(unusable)?;
        let mut tx = self.begin().await?;
        // On SQLite the transaction is the only writer, so the question is asked again inside; on PostgreSQL two
        // starts at the same moment may make two keys, which is as good: the younger signs, both verify.
        if !tx.signing_keys().await?.is_empty() {
            return Ok(());
        }
        tx.insert_signing_key(&SigningKey {
            id,
            sealed,
            public_x: pair.coordinate(0),
            public_y: pair.coordinate(1),
            created_at: self.now(),
            retired_at: None,
        })
        .await?;
        tx.changed(Change::Catalogue);
        self.audit(&mut tx, &Actor::System("start"), "signing_key.created", id, json!({}));
        self.commit(tx).await
    }

    /// The youngest signing key, opened.
    pub(super) async fn signing_key(&self, session: &mut Session) -> Result<Signer, AppError> {
        let stored = session.signing_keys().await?.into_iter().next();
        let stored = stored.ok_or_else(|| unusable("there is none: it is made at the portal's start"))?;
        let private = self.vault().master.open(&stored.sealed, &label(stored.id)).map_err(unusable)?;
        let private: &[u8; 32] = private.as_slice().try_into().map_err(unusable)?;
        Ok(Signer { id: stored.id, key: encoding_key(private)? })
    }
}
