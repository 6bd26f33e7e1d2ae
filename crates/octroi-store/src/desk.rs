//! What the pages of somebody who calls APIs show at once: each list in one query, whatever its length.

use octroi_domain::application::ApplicationKind;
use octroi_domain::ids::{AccountId, ApiId, ApplicationId, CredentialId, SubscriptionId};
use octroi_domain::time::Timestamp;

use crate::row::{Row, text, values};
use crate::{Session, StoreError};

/// An application for which somebody may subscribe to an API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChoosableApplication {
    /// Its identifier.
    pub id: ApplicationId,
    /// Its name.
    pub name: String,
    /// How it shows who it is.
    pub kind: ApplicationKind,
    /// The name of the organization that owns it.
    pub organization: String,
    /// Its subscription to the API that is not over, where there is one.
    pub subscription: Option<SubscriptionId>,
}

/// A key that ends soon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnEndingKey {
    /// Its identifier.
    pub id: CredentialId,
    /// The last characters of the secret.
    pub hint: String,
    /// When it ends.
    pub expires_at: Timestamp,
    /// The application that calls with it.
    pub application_id: ApplicationId,
    /// The application's name.
    pub application_name: String,
    /// The subscription that it opens.
    pub subscription_id: SubscriptionId,
    /// The API's name.
    pub api_name: String,
    /// The API's version.
    pub api_version: String,
}

fn read_choosable(row: &Row) -> Result<ChoosableApplication, StoreError> {
    Ok(ChoosableApplication {
        id: row.parsed("id")?,
        name: row.text("name")?,
        kind: row.word("kind")?,
        organization: row.text("organization")?,
        subscription: row.opt_parsed("subscription")?,
    })
}

fn read_ending(row: &Row) -> Result<OwnEndingKey, StoreError> {
    Ok(OwnEndingKey {
        id: row.parsed("id")?,
        hint: row.text("hint")?,
        expires_at: row.time("expires_at")?,
        application_id: row.parsed("application_id")?,
        application_name: row.text("application_name")?,
        subscription_id: row.parsed("subscription_id")?,
        api_name: row.text("api_name")?,
        api_version: row.text("api_version")?,
    })
}

impl Session {
    /// Up to `limit` applications in use for which `account` may subscribe to `api`, youngest first.
    pub async fn choosable_applications(
        &mut self,
        account: AccountId,
        api: ApiId,
        limit: i64,
    ) -> Result<Vec<ChoosableApplication>, StoreError> {
        let sql = "SELECT a.id AS id, a.name AS name, a.kind AS kind, o.name AS organization, \
                   (SELECT s.id FROM subscriptions s WHERE s.application_id = a.id AND s.api_id = $2 \
                    AND s.state IN ('pending', 'active', 'paused')) AS subscription \
                   FROM memberships m JOIN organizations o ON o.id = m.organization_id \
                   JOIN applications a ON a.organization_id = m.organization_id \
                   WHERE m.account_id = $1 AND m.role IN ('developer', 'owner') AND a.state = 'active' \
                   ORDER BY a.id DESC LIMIT $3";
        let rows = self.rows(sql, values![text(account), text(api), limit]).await?;
        rows.iter().map(read_choosable).collect()
    }

    /// Up to `limit` keys of the account's organizations that are in use at `from` and end by `until`, first to end
    /// first. Keys that were replaced already are left out.
    pub async fn own_ending_keys(
        &mut self,
        account: AccountId,
        from: Timestamp,
        until: Timestamp,
        limit: i64,
    ) -> Result<Vec<OwnEndingKey>, StoreError> {
        let sql = "SELECT c.id AS id, c.hint AS hint, c.expires_at AS expires_at, c.application_id AS application_id, \
                   a.name AS application_name, c.subscription_id AS subscription_id, i.name AS api_name, \
                   i.version AS api_version FROM memberships m \
                   JOIN applications a ON a.organization_id = m.organization_id \
                   JOIN credentials c ON c.application_id = a.id \
                   JOIN subscriptions s ON s.id = c.subscription_id JOIN apis i ON i.id = s.api_id \
                   WHERE m.account_id = $1 AND c.state <> 'revoked' AND c.replaced_by IS NULL \
                   AND c.expires_at > $2 AND c.expires_at <= $3 AND s.state IN ('active', 'paused') \
                   ORDER BY c.expires_at, c.id LIMIT $4";
        let rows = self.rows(sql, values![text(account), from, until, limit]).await?;
        rows.iter().map(read_ending).collect()
    }

    /// The minute of the last call of each of an application's subscriptions that was ever called.
    pub async fn last_calls(
        &mut self,
        application: ApplicationId,
    ) -> Result<Vec<(SubscriptionId, Timestamp)>, StoreError> {
        let sql = "SELECT u.subscription_id AS id, MAX(u.minute) AS minute FROM usage_minutes u \
                   WHERE u.subscription_id IN (SELECT id FROM subscriptions WHERE application_id = $1) \
                   GROUP BY u.subscription_id";
        let rows = self.rows(sql, values![text(application)]).await?;
        rows.iter().map(|row| Ok((row.parsed("id")?, row.time("minute")?))).collect()
    }

    /// The minute of the last call with each of a subscription's keys that ever called.
    pub async fn last_calls_by_key(
        &mut self,
        subscription: SubscriptionId,
    ) -> Result<Vec<(CredentialId, Timestamp)>, StoreError> {
        let sql = "SELECT credential_id AS id, MAX(minute) AS minute FROM usage_minutes \
                   WHERE subscription_id = $1 AND credential_id <> '' GROUP BY credential_id";
        let rows = self.rows(sql, values![text(subscription)]).await?;
        rows.iter().map(|row| Ok((row.parsed("id")?, row.time("minute")?))).collect()
    }
}
