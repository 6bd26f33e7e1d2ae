//! Credentials in the database: digests and sealed copies, never a secret.

use octroi_domain::credential::{Credential, Digest};
use octroi_domain::ids::{ApplicationId, CredentialId, OrganizationId, SubscriptionId};

use crate::row::{Row, text, values, word};
use crate::{Session, StoreError, Tx};

/// Whose credentials a list holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialScope {
    /// One subscription's.
    Subscription(SubscriptionId),
    /// All of an application's.
    Application(ApplicationId),
}

fn read(row: &Row) -> Result<Credential, StoreError> {
    Ok(Credential {
        id: row.parsed("id")?,
        kind: row.word("kind")?,
        organization_id: row.parsed("organization_id")?,
        application_id: row.parsed("application_id")?,
        subscription_id: row.opt_parsed("subscription_id")?,
        hint: row.text("hint")?,
        scheme: row.parsed("scheme")?,
        digest: Digest(row.digest("digest")?),
        sealed: row.opt_bytes("sealed")?,
        state: row.word("state")?,
        replaced_by: row.opt_parsed("replaced_by")?,
        created_at: row.time("created_at")?,
        expires_at: row.opt_time("expires_at")?,
        revoked_at: row.opt_time("revoked_at")?,
        edition: row.int("edition")?,
    })
}

impl Session {
    /// The credential `id`.
    pub async fn credential(&mut self, id: CredentialId) -> Result<Option<Credential>, StoreError> {
        let sql = "SELECT * FROM credentials WHERE id = $1";
        self.maybe(sql, values![text(id)]).await?.as_ref().map(read).transpose()
    }

    /// The credential whose secret has this digest.
    pub async fn credential_by_digest(&mut self, digest: &Digest) -> Result<Option<Credential>, StoreError> {
        let sql = "SELECT * FROM credentials WHERE digest = $1";
        self.maybe(sql, values![&digest.0]).await?.as_ref().map(read).transpose()
    }

    /// Up to `limit` credentials after `after`, oldest first.
    pub async fn credentials(
        &mut self,
        scope: CredentialScope,
        after: Option<CredentialId>,
        limit: i64,
    ) -> Result<Vec<Credential>, StoreError> {
        let (sql, of) = match scope {
            CredentialScope::Subscription(id) => (
                "SELECT * FROM credentials WHERE subscription_id = $1 AND id > $2 ORDER BY id LIMIT $3",
                text(id),
            ),
            CredentialScope::Application(id) => (
                "SELECT * FROM credentials WHERE application_id = $1 AND id > $2 ORDER BY id LIMIT $3",
                text(id),
            ),
        };
        let after = after.map(text).unwrap_or_default();
        self.rows(sql, values![of, after, limit]).await?.iter().map(read).collect()
    }

    /// Up to `limit` credentials of all applications of an organization, oldest first.
    pub async fn credentials_of(
        &mut self,
        organization: OrganizationId,
        limit: i64,
    ) -> Result<Vec<Credential>, StoreError> {
        let sql = "SELECT * FROM credentials WHERE application_id IN \
                   (SELECT id FROM applications WHERE organization_id = $1) ORDER BY id LIMIT $2";
        self.rows(sql, values![text(organization), limit]).await?.iter().map(read).collect()
    }

    /// Up to `limit` credentials in `scope`, revoked ones included, youngest first.
    pub async fn latest_credentials(
        &mut self,
        scope: CredentialScope,
        limit: i64,
    ) -> Result<Vec<Credential>, StoreError> {
        let (sql, of) = match scope {
            CredentialScope::Subscription(id) => {
                ("SELECT * FROM credentials WHERE subscription_id = $1 ORDER BY id DESC LIMIT $2", text(id))
            }
            CredentialScope::Application(id) => {
                ("SELECT * FROM credentials WHERE application_id = $1 ORDER BY id DESC LIMIT $2", text(id))
            }
        };
        self.rows(sql, values![of, limit]).await?.iter().map(read).collect()
    }

    /// The youngest key of each of an application's subscriptions, revoked or not.
    pub async fn youngest_keys(&mut self, application: ApplicationId) -> Result<Vec<Credential>, StoreError> {
        let sql = "SELECT * FROM credentials WHERE id IN (SELECT MAX(id) FROM credentials \
                   WHERE application_id = $1 AND subscription_id IS NOT NULL GROUP BY subscription_id)";
        self.rows(sql, values![text(application)]).await?.iter().map(read).collect()
    }

    /// All credentials in `scope` that are not revoked, oldest first.
    pub async fn live_credentials(&mut self, scope: CredentialScope) -> Result<Vec<Credential>, StoreError> {
        let (sql, of) = match scope {
            CredentialScope::Subscription(id) => (
                "SELECT * FROM credentials WHERE subscription_id = $1 AND state <> 'revoked' ORDER BY id",
                text(id),
            ),
            CredentialScope::Application(id) => (
                "SELECT * FROM credentials WHERE application_id = $1 AND state <> 'revoked' ORDER BY id",
                text(id),
            ),
        };
        self.rows(sql, values![of]).await?.iter().map(read).collect()
    }

    /// Every OAuth2 client credential of an application, revoked ones included, oldest first.
    pub async fn client_credentials(
        &mut self,
        application: ApplicationId,
    ) -> Result<Vec<Credential>, StoreError> {
        let sql = "SELECT * FROM credentials WHERE application_id = $1 AND kind = 'oauth_client' ORDER BY id";
        self.rows(sql, values![text(application)]).await?.iter().map(read).collect()
    }
}

impl Tx {
    /// Adds a credential. [`StoreError::Duplicate`] where another has the same digest.
    pub async fn insert_credential(&mut self, credential: &Credential) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO credentials (id, kind, organization_id, application_id, subscription_id, hint, scheme, \
             digest, sealed, state, replaced_by, created_at, expires_at, revoked_at, edition) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
            values![
                text(credential.id),
                word(&credential.kind)?,
                text(credential.organization_id),
                text(credential.application_id),
                credential.subscription_id.map(text),
                &credential.hint,
                text(credential.scheme),
                &credential.digest.0,
                credential.sealed.clone(),
                word(&credential.state)?,
                credential.replaced_by.map(text),
                credential.created_at,
                credential.expires_at,
                credential.revoked_at,
                credential.edition
            ],
        )
        .await?;
        Ok(())
    }

    /// Writes what can change of a credential, if it is still at the edition that was read; it moves to the next.
    pub async fn update_credential(&mut self, credential: &Credential) -> Result<(), StoreError> {
        self.execute_at_edition(
            "UPDATE credentials SET sealed = $1, state = $2, replaced_by = $3, expires_at = $4, revoked_at = $5, \
             edition = edition + 1 WHERE id = $6 AND edition = $7",
            values![
                credential.sealed.clone(),
                word(&credential.state)?,
                credential.replaced_by.map(text),
                credential.expires_at,
                credential.revoked_at,
                text(credential.id),
                credential.edition
            ],
        )
        .await
    }
}
