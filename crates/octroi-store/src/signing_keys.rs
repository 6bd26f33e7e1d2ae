//! The keys that sign access tokens: private halves sealed by the master key, public halves in the clear.

use octroi_domain::ids::SigningKeyId;
use octroi_domain::time::Timestamp;

use crate::row::{Row, text, values};
use crate::{Session, StoreError, Tx};

/// A signing key (P-256).
#[derive(Clone, Debug)]
pub struct SigningKey {
    /// Its identifier: the `kid` of a token.
    pub id: SigningKeyId,
    /// The private half, sealed.
    pub sealed: Vec<u8>,
    /// The public half: coordinates in base64url (RFC 7518, 6.2).
    pub public_x: String,
    /// See `public_x`.
    pub public_y: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it signs nothing and is published no more.
    pub retired_at: Option<Timestamp>,
}

fn read(row: &Row) -> Result<SigningKey, StoreError> {
    Ok(SigningKey {
        id: row.parsed("id")?,
        sealed: row.bytes("sealed")?,
        public_x: row.text("public_x")?,
        public_y: row.text("public_y")?,
        created_at: row.time("created_at")?,
        retired_at: row.opt_time("retired_at")?,
    })
}

impl Session {
    /// The keys in use, newest first: the first signs, all verify.
    pub async fn signing_keys(&mut self) -> Result<Vec<SigningKey>, StoreError> {
        let sql = "SELECT * FROM signing_keys WHERE retired_at IS NULL ORDER BY created_at DESC, id DESC";
        self.rows(sql, vec![]).await?.iter().map(read).collect()
    }
}

impl Tx {
    /// Adds a signing key.
    pub async fn insert_signing_key(&mut self, key: &SigningKey) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO signing_keys (id, sealed, public_x, public_y, created_at, retired_at) \
             VALUES ($1, $2, $3, $4, $5, $6)",
            values![
                text(key.id),
                key.sealed.as_slice(),
                &key.public_x,
                &key.public_y,
                key.created_at,
                key.retired_at
            ],
        )
        .await
        .map(drop)
    }
}
