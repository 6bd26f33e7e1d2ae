//! What gateways must learn, read in sets: never one query for each credential.

use octroi_domain::application::ApplicationState;
use octroi_domain::credential::{CredentialState, Digest};
use octroi_domain::ids::{ApiId, ApplicationId, CredentialId, PlanId, SubscriptionId};
use octroi_domain::subscription::SubscriptionState;
use octroi_domain::time::Timestamp;

use crate::row::{Row, text, values};
use crate::{Session, StoreError};

/// What changed after a revision, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeedChanges {
    /// Whether anything in the catalogue did.
    pub catalogue: bool,
    /// Entries about credentials and plans.
    pub entries: i64,
}

/// A key of a subscription.
#[derive(Clone, Debug)]
pub struct FeedKey {
    /// The credential.
    pub id: CredentialId,
    /// Digest of its secret.
    pub digest: Digest,
    /// Where it is in its life.
    pub state: CredentialState,
    /// Its end.
    pub expires_at: Option<Timestamp>,
    /// The application that shows it.
    pub application_id: ApplicationId,
    /// Whether that is in use.
    pub application_state: ApplicationState,
    /// What it opens.
    pub subscription: FeedSubscription,
    /// Where the subscription is in its life.
    pub subscription_state: SubscriptionState,
}

/// A subscription, as a grant needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedSubscription {
    /// The subscription.
    pub id: SubscriptionId,
    /// The API.
    pub api_id: ApiId,
    /// The plan.
    pub plan_id: PlanId,
    /// Its end.
    pub ends_at: Option<Timestamp>,
}

/// An OAuth2 client credential.
#[derive(Clone, Debug)]
pub struct FeedClient {
    /// The credential.
    pub id: CredentialId,
    /// The application.
    pub application_id: ApplicationId,
    /// Its client identifier.
    pub client_id: String,
    /// Where the credential is in its life.
    pub state: CredentialState,
    /// Its end.
    pub expires_at: Option<Timestamp>,
    /// Whether the application is in use.
    pub application_state: ApplicationState,
}

macro_rules! keys {
    ($($rest:tt)*) => {
        concat!(
            "SELECT c.id AS id, c.digest AS digest, c.state AS state, c.expires_at AS expires_at, \
             c.application_id AS application_id, a.state AS application_state, s.id AS subscription_id, \
             s.api_id AS api_id, s.plan_id AS plan_id, s.ends_at AS ends_at, s.state AS subscription_state \
             FROM credentials c JOIN subscriptions s ON s.id = c.subscription_id \
             JOIN applications a ON a.id = c.application_id WHERE c.kind = 'api_key' AND ",
            $($rest)*
        )
    };
}

macro_rules! clients {
    ($($rest:tt)*) => {
        concat!(
            "SELECT c.id AS id, c.application_id AS application_id, a.client_id AS client_id, c.state AS state, \
             c.expires_at AS expires_at, a.state AS application_state \
             FROM credentials c JOIN applications a ON a.id = c.application_id \
             WHERE c.kind = 'oauth_client' AND a.client_id IS NOT NULL ",
            $($rest)*,
            " ORDER BY c.application_id, c.id"
        )
    };
}

macro_rules! client_subscriptions {
    ($($rest:tt)*) => {
        concat!(
            "SELECT s.application_id AS application_id, s.id AS subscription_id, s.api_id AS api_id, \
             s.plan_id AS plan_id, s.ends_at AS ends_at FROM subscriptions s \
             JOIN applications a ON a.id = s.application_id \
             WHERE a.kind = 'backend_to_backend' AND s.state = 'active' ",
            $($rest)*,
            " ORDER BY s.application_id, s.id"
        )
    };
}

/// The applications that a change after revision `$1` concerns.
macro_rules! changed_applications {
    () => {
        "(SELECT k.application_id FROM changes h JOIN credentials k ON k.id = h.object \
         WHERE h.revision > $1 AND h.kind = 'credential' \
         UNION SELECT t.application_id FROM changes h JOIN subscriptions t ON t.plan_id = h.object \
         WHERE h.revision > $1 AND h.kind = 'plan')"
    };
}

fn read_subscription(row: &Row) -> Result<FeedSubscription, StoreError> {
    Ok(FeedSubscription {
        id: row.parsed("subscription_id")?,
        api_id: row.parsed("api_id")?,
        plan_id: row.parsed("plan_id")?,
        ends_at: row.opt_time("ends_at")?,
    })
}

fn read_key(row: &Row) -> Result<FeedKey, StoreError> {
    Ok(FeedKey {
        id: row.parsed("id")?,
        digest: Digest(row.digest("digest")?),
        state: row.word("state")?,
        expires_at: row.opt_time("expires_at")?,
        application_id: row.parsed("application_id")?,
        application_state: row.word("application_state")?,
        subscription: read_subscription(row)?,
        subscription_state: row.word("subscription_state")?,
    })
}

fn read_client(row: &Row) -> Result<FeedClient, StoreError> {
    Ok(FeedClient {
        id: row.parsed("id")?,
        application_id: row.parsed("application_id")?,
        client_id: row.text("client_id")?,
        state: row.word("state")?,
        expires_at: row.opt_time("expires_at")?,
        application_state: row.word("application_state")?,
    })
}

fn read_client_subscription(row: &Row) -> Result<(ApplicationId, FeedSubscription), StoreError> {
    Ok((row.parsed("application_id")?, read_subscription(row)?))
}

impl Session {
    /// What changed after `revision`.
    pub async fn feed_changes(&mut self, revision: i64) -> Result<FeedChanges, StoreError> {
        let sql = "SELECT kind, COUNT(*) AS entries FROM changes WHERE revision > $1 GROUP BY kind";
        let mut found = FeedChanges::default();
        for row in self.rows(sql, values![revision]).await? {
            match row.text("kind")?.as_str() {
                "catalogue" => found.catalogue = true,
                _ => found.entries += row.int("entries")?,
            }
        }
        Ok(found)
    }

    /// Up to `limit` keys after `after`, by id, but for those revoked or ended before `since`.
    pub async fn feed_keys(
        &mut self,
        since: Timestamp,
        after: Option<CredentialId>,
        limit: i64,
    ) -> Result<Vec<FeedKey>, StoreError> {
        let sql = keys!(
            "c.id > $1 AND (c.revoked_at IS NULL OR c.revoked_at >= $2) \
             AND (c.expires_at IS NULL OR c.expires_at >= $2) ORDER BY c.id LIMIT $3"
        );
        let after = after.map(text).unwrap_or_default();
        self.rows(sql, values![after, since, limit]).await?.iter().map(read_key).collect()
    }

    /// Keys that a change after `revision` concerns.
    pub async fn feed_changed_keys(&mut self, revision: i64) -> Result<Vec<FeedKey>, StoreError> {
        let sql = keys!(
            "c.id IN (SELECT h.object FROM changes h WHERE h.revision > $1 AND h.kind = 'credential' \
             UNION SELECT k.id FROM changes h JOIN subscriptions t ON t.plan_id = h.object \
             JOIN credentials k ON k.subscription_id = t.id WHERE h.revision > $1 AND h.kind = 'plan') \
             ORDER BY c.id"
        );
        self.rows(sql, values![revision]).await?.iter().map(read_key).collect()
    }

    /// Every OAuth2 client credential, by application and id, revoked ones included.
    pub async fn feed_clients(&mut self) -> Result<Vec<FeedClient>, StoreError> {
        self.rows(clients!(""), vec![]).await?.iter().map(read_client).collect()
    }

    /// All OAuth2 client credentials of each application that a change after `revision` concerns.
    pub async fn feed_changed_clients(&mut self, revision: i64) -> Result<Vec<FeedClient>, StoreError> {
        let sql = clients!("AND c.application_id IN ", changed_applications!());
        self.rows(sql, values![revision]).await?.iter().map(read_client).collect()
    }

    /// The active subscriptions of every application that may have an OAuth2 client.
    pub async fn feed_client_subscriptions(
        &mut self,
    ) -> Result<Vec<(ApplicationId, FeedSubscription)>, StoreError> {
        self.rows(client_subscriptions!(""), vec![]).await?.iter().map(read_client_subscription).collect()
    }

    /// The same, of each application that a change after `revision` concerns.
    pub async fn feed_changed_client_subscriptions(
        &mut self,
        revision: i64,
    ) -> Result<Vec<(ApplicationId, FeedSubscription)>, StoreError> {
        let sql = client_subscriptions!("AND s.application_id IN ", changed_applications!());
        self.rows(sql, values![revision]).await?.iter().map(read_client_subscription).collect()
    }
}
