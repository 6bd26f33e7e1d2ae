//! Tokens of the management API in the database: the digest of each, never the token.

use octroi_domain::actor::TokenScope;
use octroi_domain::credential::Digest;
use octroi_domain::ids::{AccountId, ManagementTokenId};
use octroi_domain::time::Timestamp;

use crate::row::{Row, json, text, values};
use crate::{Session, StoreError, Tx};

/// A token of the management API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagementToken {
    /// Its identifier.
    pub id: ManagementTokenId,
    /// Whose it is.
    pub account_id: AccountId,
    /// What its owner calls it.
    pub name: String,
    /// SHA-256 of the token.
    pub digest: Digest,
    /// Its last four characters.
    pub hint: String,
    /// What it may be used for.
    pub scopes: Vec<TokenScope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its owner last showed a password with it; none for one made by another token.
    pub signed_in_at: Option<Timestamp>,
    /// From this moment on it opens nothing.
    pub expires_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

fn read(row: &Row) -> Result<ManagementToken, StoreError> {
    Ok(ManagementToken {
        id: row.parsed("id")?,
        account_id: row.parsed("account_id")?,
        name: row.text("name")?,
        digest: Digest(row.digest("digest")?),
        hint: row.text("hint")?,
        scopes: row.json("scopes")?,
        created_at: row.time("created_at")?,
        signed_in_at: row.opt_time("signed_in_at")?,
        expires_at: row.time("expires_at")?,
        last_used_at: row.opt_time("last_used_at")?,
        revoked_at: row.opt_time("revoked_at")?,
    })
}

impl Session {
    /// The token `id`.
    pub async fn management_token(
        &mut self,
        id: ManagementTokenId,
    ) -> Result<Option<ManagementToken>, StoreError> {
        let row = self.maybe("SELECT * FROM management_tokens WHERE id = $1", values![text(id)]).await?;
        row.as_ref().map(read).transpose()
    }

    /// The token with this digest.
    pub async fn management_token_by_digest(
        &mut self,
        digest: &Digest,
    ) -> Result<Option<ManagementToken>, StoreError> {
        let sql = "SELECT * FROM management_tokens WHERE digest = $1";
        let row = self.maybe(sql, values![&digest.0]).await?;
        row.as_ref().map(read).transpose()
    }

    /// The account's tokens, newest first; at most 200.
    pub async fn management_tokens(
        &mut self,
        account: AccountId,
    ) -> Result<Vec<ManagementToken>, StoreError> {
        self.rows(
            "SELECT * FROM management_tokens WHERE account_id = $1 ORDER BY id DESC LIMIT 200",
            values![text(account)],
        )
        .await?
        .iter()
        .map(read)
        .collect()
    }

    /// How many of the account's tokens still open something.
    pub async fn count_live_tokens(&mut self, account: AccountId, now: Timestamp) -> Result<i64, StoreError> {
        self.one(
            "SELECT COUNT(*) AS n FROM management_tokens \
             WHERE account_id = $1 AND revoked_at IS NULL AND expires_at > $2",
            values![text(account), now],
        )
        .await?
        .int("n")
    }
}

impl Tx {
    /// Adds `token`.
    pub async fn insert_management_token(&mut self, token: &ManagementToken) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO management_tokens (id, account_id, name, digest, hint, scopes, created_at, signed_in_at, \
             expires_at, last_used_at, revoked_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            values![
                text(token.id),
                text(token.account_id),
                &token.name,
                &token.digest.0,
                &token.hint,
                json(&token.scopes)?,
                token.created_at,
                token.signed_in_at,
                token.expires_at,
                token.last_used_at,
                token.revoked_at
            ],
        )
        .await?;
        Ok(())
    }

    /// Notes that the token was used.
    pub async fn touch_management_token(
        &mut self,
        id: ManagementTokenId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE management_tokens SET last_used_at = $2 WHERE id = $1";
        self.execute(sql, values![text(id), now]).await?;
        Ok(())
    }

    /// Notes that the token's owner has just shown the password.
    pub async fn refresh_sign_in(&mut self, id: ManagementTokenId, now: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE management_tokens SET signed_in_at = $2 WHERE id = $1";
        self.execute(sql, values![text(id), now]).await?;
        Ok(())
    }

    /// Ends one token; says whether it was still open.
    pub async fn revoke_management_token(
        &mut self,
        id: ManagementTokenId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE management_tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
        Ok(self.execute(sql, values![text(id), now]).await? > 0)
    }

    /// Ends every token of an account; gives their number.
    pub async fn revoke_management_tokens(
        &mut self,
        account: AccountId,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let sql = "UPDATE management_tokens SET revoked_at = $2 WHERE account_id = $1 AND revoked_at IS NULL";
        self.execute(sql, values![text(account), now]).await
    }

    /// Forgets tokens that ended before `before`.
    pub async fn delete_old_tokens(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        self.execute("DELETE FROM management_tokens WHERE expires_at < $1", values![before]).await
    }
}
