//! Links that people are sent, in the database: the digest of each secret, never the secret.

use octroi_domain::credential::Digest;
use octroi_domain::ids::{AccountId, InvitationId};
use octroi_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::accounts::login_key;
use crate::row::{Row, text, values, word};
use crate::{Session, StoreError, Tx};

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkPurpose {
    /// Confirms the address of a new account.
    VerifyEmail,
    /// Confirms the new address of an account in use.
    ChangeEmail,
    /// Sets a new password.
    ResetPassword,
    /// Invites into an organization, or to a role for the portal as a whole.
    Invitation,
    /// No link, but an identifier that a registration has taken although it led to no account: see
    /// [`Session::reservation`].
    Reservation,
}

/// A link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its identifier.
    pub id: InvitationId,
    /// SHA-256 of its secret.
    pub digest: Digest,
    /// What it is for.
    pub purpose: LinkPurpose,
    /// The account that it concerns; none for an invitation.
    pub account_id: Option<AccountId>,
    /// The address that it was sent to.
    pub email: String,
    /// More, as JSON.
    pub payload: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// From this moment on it opens nothing.
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
}

fn read(row: &Row) -> Result<Link, StoreError> {
    Ok(Link {
        id: row.parsed("id")?,
        digest: Digest(row.digest("digest")?),
        purpose: row.word("purpose")?,
        account_id: row.opt_parsed("account_id")?,
        email: row.text("email")?,
        payload: row.text("payload")?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
        used_at: row.opt_time("used_at")?,
    })
}

impl Session {
    /// The link with this digest, used or not.
    pub async fn link_by_digest(&mut self, digest: &Digest) -> Result<Option<Link>, StoreError> {
        let row = self.maybe("SELECT * FROM links WHERE digest = $1", values![&digest.0]).await?;
        row.as_ref().map(read).transpose()
    }

    /// The account's newest link of one purpose, used or not.
    pub async fn newest_link(
        &mut self,
        account: AccountId,
        purpose: LinkPurpose,
    ) -> Result<Option<Link>, StoreError> {
        let sql = "SELECT * FROM links WHERE account_id = $1 AND purpose = $2 ORDER BY id DESC LIMIT 1";
        let row = self.maybe(sql, values![text(account), word(&purpose)?]).await?;
        row.as_ref().map(read).transpose()
    }

    /// For whom a registration took this identifier although it led to no account, where `now` is within its time: kept
    /// so that nobody learns from an identifier's freedom whether an address has an account.
    pub async fn reservation(
        &mut self,
        identifier: &str,
        now: Timestamp,
    ) -> Result<Option<String>, StoreError> {
        let sql = "SELECT payload FROM links WHERE purpose = 'reservation' AND email = $1 AND expires_at > $2 \
                   ORDER BY id LIMIT 1";
        let row = self.maybe(sql, values![login_key(identifier), now]).await?;
        row.map(|row| row.text("payload")).transpose()
    }

    /// Open invitations whose payload names `organization`, oldest first.
    pub async fn open_invitations(
        &mut self,
        organization: &str,
        now: Timestamp,
    ) -> Result<Vec<Link>, StoreError> {
        self.rows(
            "SELECT * FROM links WHERE purpose = 'invitation' AND used_at IS NULL AND expires_at > $2 \
             AND payload LIKE $1 ESCAPE '!' ORDER BY id LIMIT 200",
            values![crate::accounts::contains(organization), now],
        )
        .await?
        .iter()
        .map(read)
        .collect()
    }
}

impl Tx {
    /// Adds `link`.
    pub async fn insert_link(&mut self, link: &Link) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO links (id, digest, purpose, account_id, email, payload, created_at, expires_at, used_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            values![
                text(link.id),
                &link.digest.0,
                word(&link.purpose)?,
                link.account_id.map(text),
                &link.email,
                &link.payload,
                link.created_at,
                link.expires_at,
                link.used_at
            ],
        )
        .await?;
        Ok(())
    }

    /// Uses a link up; says whether it was still unused. Of two at the same time, one is told so.
    pub async fn use_link(&mut self, id: InvitationId, now: Timestamp) -> Result<bool, StoreError> {
        let sql = "UPDATE links SET used_at = $2 WHERE id = $1 AND used_at IS NULL";
        Ok(self.execute(sql, values![text(id), now]).await? > 0)
    }

    /// Removes the account's links of one purpose.
    pub async fn delete_links(&mut self, account: AccountId, purpose: LinkPurpose) -> Result<(), StoreError> {
        let sql = "DELETE FROM links WHERE account_id = $1 AND purpose = $2";
        self.execute(sql, values![text(account), word(&purpose)?]).await?;
        Ok(())
    }

    /// Forgets links that ended before `before`.
    pub async fn delete_old_links(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        self.execute("DELETE FROM links WHERE expires_at < $1", values![before]).await
    }

    /// Removes invitations sent to an address, as its person is erased.
    pub async fn delete_invitations_to(&mut self, email: &str) -> Result<(), StoreError> {
        let sql = "DELETE FROM links WHERE purpose = 'invitation' AND LOWER(email) = $1";
        self.execute(sql, values![login_key(email)]).await?;
        Ok(())
    }
}
