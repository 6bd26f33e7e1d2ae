//! What a provider sees at a glance: its APIs with what waits there, and those who subscribed.

use octroi_domain::api::ApiState;
use octroi_domain::ids::{AccountId, ApiId, ApplicationId, OrganizationId, SubscriptionId};
use octroi_domain::plan::PlanDefinition;
use octroi_domain::subscription::SubscriptionState;
use octroi_domain::time::Timestamp;

use crate::row::{Row, text, values, word};
use crate::{Session, StoreError};

/// An API and what waits there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvidedApi {
    /// The API.
    pub id: ApiId,
    /// Shared by its versions.
    pub slug: String,
    /// The version.
    pub version: String,
    /// Its name.
    pub name: String,
    /// Where it is in its life.
    pub state: ApiState,
    /// Who provides it.
    pub provider: OrganizationId,
    /// The provider's slug.
    pub provider_slug: String,
    /// The provider's name.
    pub provider_name: String,
    /// Subscriptions that wait for a decision.
    pub pending: i64,
    /// Subscriptions that are active or paused.
    pub subscriptions: i64,
    /// Tickets that wait for the provider.
    pub open_tickets: i64,
    /// Calls let in since the moment asked for.
    pub calls: i64,
}

/// A subscription as the provider looks at it.
#[derive(Clone, Debug, PartialEq)]
pub struct Subscriber {
    /// The subscription.
    pub id: SubscriptionId,
    /// Where it is in its life.
    pub state: SubscriptionState,
    /// The application.
    pub application_id: ApplicationId,
    /// Its name.
    pub application_name: String,
    /// What it is for.
    pub application_description: String,
    /// Who owns it.
    pub owner: OrganizationId,
    /// The owner's slug.
    pub owner_slug: String,
    /// The owner's name.
    pub owner_name: String,
    /// The API.
    pub api_id: ApiId,
    /// Shared by its versions.
    pub api_slug: String,
    /// The version.
    pub api_version: String,
    /// The API's name.
    pub api_name: String,
    /// Who provides it.
    pub provider: OrganizationId,
    /// The plan.
    pub plan: PlanDefinition,
    /// What the subscriber wrote.
    pub comment: String,
    /// What the provider answered.
    pub reason: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
    /// Calls let in since the moment asked for.
    pub calls: i64,
}

macro_rules! select_api {
    ($rest:literal) => {
        concat!(
            "SELECT a.id, a.slug, a.version, a.name, a.state, a.organization_id, o.slug AS provider_slug, \
             o.name AS provider_name, \
             (SELECT COUNT(*) FROM subscriptions s WHERE s.api_id = a.id AND s.state = 'pending') AS pending, \
             (SELECT COUNT(*) FROM subscriptions s WHERE s.api_id = a.id AND s.state IN ('active', 'paused')) \
               AS subscriptions, \
             (SELECT COUNT(*) FROM tickets t WHERE t.api_id = a.id AND t.state = 'open') AS open_tickets, \
             (SELECT CAST(COALESCE(SUM(u.calls), 0) AS BIGINT) FROM usage_minutes u \
               WHERE u.api_id = a.id AND u.minute >= $1 AND u.admitted = 1) AS calls \
             FROM apis a JOIN organizations o ON o.id = a.organization_id ",
            $rest
        )
    };
}

macro_rules! select_subscriber {
    ($rest:literal) => {
        concat!(
            "SELECT s.id, s.state, s.comment, s.reason, s.created_at, s.decided_at, s.application_id, s.api_id, \
             a.name AS application_name, a.description AS application_description, o.id AS owner, \
             o.slug AS owner_slug, o.name AS owner_name, i.slug AS api_slug, i.version AS api_version, i.name AS api_name, \
             i.organization_id AS provider, p.definition AS plan, \
             (SELECT CAST(COALESCE(SUM(u.calls), 0) AS BIGINT) FROM usage_minutes u \
               WHERE u.subscription_id = s.id AND u.minute >= $1 AND u.admitted = 1) AS calls \
             FROM subscriptions s JOIN applications a ON a.id = s.application_id \
             JOIN organizations o ON o.id = a.organization_id JOIN apis i ON i.id = s.api_id \
             JOIN plans p ON p.id = s.plan_id ",
            $rest
        )
    };
}

fn read_api(row: &Row) -> Result<ProvidedApi, StoreError> {
    Ok(ProvidedApi {
        id: row.parsed("id")?,
        slug: row.text("slug")?,
        version: row.text("version")?,
        name: row.text("name")?,
        state: row.word("state")?,
        provider: row.parsed("organization_id")?,
        provider_slug: row.text("provider_slug")?,
        provider_name: row.text("provider_name")?,
        pending: row.int("pending")?,
        subscriptions: row.int("subscriptions")?,
        open_tickets: row.int("open_tickets")?,
        calls: row.int("calls")?,
    })
}

fn read_subscriber(row: &Row) -> Result<Subscriber, StoreError> {
    Ok(Subscriber {
        id: row.parsed("id")?,
        state: row.word("state")?,
        application_id: row.parsed("application_id")?,
        application_name: row.text("application_name")?,
        application_description: row.text("application_description")?,
        owner: row.parsed("owner")?,
        owner_slug: row.text("owner_slug")?,
        owner_name: row.text("owner_name")?,
        api_id: row.parsed("api_id")?,
        api_slug: row.text("api_slug")?,
        api_version: row.text("api_version")?,
        api_name: row.text("api_name")?,
        provider: row.parsed("provider")?,
        plan: row.json("plan")?,
        comment: row.text("comment")?,
        reason: row.opt_text("reason")?,
        created_at: row.time("created_at")?,
        decided_at: row.opt_time("decided_at")?,
        calls: row.int("calls")?,
    })
}

impl Session {
    /// Up to `limit` APIs after `after` of the organizations that an account is a member of, oldest first.
    pub async fn provided_apis(
        &mut self,
        account: AccountId,
        since: Timestamp,
        after: Option<ApiId>,
        limit: i64,
    ) -> Result<Vec<ProvidedApi>, StoreError> {
        let sql = select_api!(
            "WHERE a.organization_id IN (SELECT organization_id FROM memberships WHERE account_id = $2) \
             AND a.id > $3 ORDER BY a.id LIMIT $4"
        );
        let values = values![since, text(account), after.map(text).unwrap_or_default(), limit];
        self.rows(sql, values).await?.iter().map(read_api).collect()
    }

    /// The API `id` and what waits there.
    pub async fn provided_api(
        &mut self,
        id: ApiId,
        since: Timestamp,
    ) -> Result<Option<ProvidedApi>, StoreError> {
        let row = self.maybe(select_api!("WHERE a.id = $2"), values![since, text(id)]).await?;
        row.as_ref().map(read_api).transpose()
    }

    /// Up to `limit` subscriptions to an API before `before`, newest first; only those in `state`, where one is given.
    pub async fn subscribers(
        &mut self,
        api: ApiId,
        state: Option<SubscriptionState>,
        since: Timestamp,
        before: Option<SubscriptionId>,
        limit: i64,
    ) -> Result<Vec<Subscriber>, StoreError> {
        let sql = select_subscriber!(
            "WHERE s.api_id = $2 AND s.id < $3 AND ($4 = '' OR s.state = $4) ORDER BY s.id DESC LIMIT $5"
        );
        let before = text(before.unwrap_or(SubscriptionId::from_u128(u128::MAX)));
        let state = state.as_ref().map(word).transpose()?.unwrap_or_default();
        let values = values![since, text(api), before, state, limit];
        self.rows(sql, values).await?.iter().map(read_subscriber).collect()
    }

    /// The subscription `id` as the provider looks at it.
    pub async fn subscriber(
        &mut self,
        id: SubscriptionId,
        since: Timestamp,
    ) -> Result<Option<Subscriber>, StoreError> {
        let row = self.maybe(select_subscriber!("WHERE s.id = $2"), values![since, text(id)]).await?;
        row.as_ref().map(read_subscriber).transpose()
    }
}
