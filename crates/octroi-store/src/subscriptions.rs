//! Subscriptions in the database, each read with what stands around it: application, API, plan.

use octroi_domain::api::GatewayDefinition;
use octroi_domain::application::{ApplicationKind, ApplicationState};
use octroi_domain::ids::{AccountId, ApiId, ApplicationId, OrganizationId, SubscriptionId};
use octroi_domain::plan::PlanDefinition;
use octroi_domain::subscription::{Subscription, SubscriptionState};

use crate::row::{Row, text, values, word};
use crate::{Session, StoreError, Tx};

/// A subscription and what stands around it.
#[derive(Clone, Debug)]
pub struct SubscriptionInPlace {
    /// The subscription.
    pub subscription: Subscription,
    /// The organization that owns the application.
    pub owner: OrganizationId,
    /// The organization that provides the API.
    pub provider: OrganizationId,
    /// The application's name.
    pub application_name: String,
    /// How the application shows who it is.
    pub application_kind: ApplicationKind,
    /// Whether the application is in use.
    pub application_state: ApplicationState,
    /// The API's slug.
    pub api_slug: String,
    /// The API's version.
    pub api_version: String,
    /// The API's name.
    pub api_name: String,
    /// How the API is served.
    pub gateway: GatewayDefinition,
    /// The plan.
    pub plan: PlanDefinition,
}

/// Whose subscriptions a list holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubscriptionScope {
    /// Everybody's.
    All,
    /// One application's.
    Application(ApplicationId),
    /// Those to one API.
    Api(ApiId),
    /// Those of one organization's applications.
    Organization(OrganizationId),
    /// Those of the applications of every organization that an account is a member of.
    Account(AccountId),
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT s.*, a.organization_id AS owner, a.name AS application_name, a.kind AS application_kind, \
             a.state AS application_state, i.organization_id AS provider, i.slug AS api_slug, \
             i.version AS api_version, i.name AS api_name, i.gateway AS api_gateway, p.definition AS plan \
             FROM subscriptions s JOIN applications a ON a.id = s.application_id \
             JOIN apis i ON i.id = s.api_id JOIN plans p ON p.id = s.plan_id ",
            $rest
        )
    };
}

fn read(row: &Row) -> Result<SubscriptionInPlace, StoreError> {
    Ok(SubscriptionInPlace {
        subscription: Subscription {
            id: row.parsed("id")?,
            application_id: row.parsed("application_id")?,
            api_id: row.parsed("api_id")?,
            plan_id: row.parsed("plan_id")?,
            state: row.word("state")?,
            comment: row.text("comment")?,
            accepted_terms: row.opt_text("accepted_terms")?,
            reason: row.opt_text("reason")?,
            created_at: row.time("created_at")?,
            decided_at: row.opt_time("decided_at")?,
            ends_at: row.opt_time("ends_at")?,
            edition: row.int("edition")?,
        },
        owner: row.parsed("owner")?,
        provider: row.parsed("provider")?,
        application_name: row.text("application_name")?,
        application_kind: row.word("application_kind")?,
        application_state: row.word("application_state")?,
        api_slug: row.text("api_slug")?,
        api_version: row.text("api_version")?,
        api_name: row.text("api_name")?,
        gateway: row.json("api_gateway")?,
        plan: row.json("plan")?,
    })
}

impl Session {
    /// The subscription `id`.
    pub async fn subscription(
        &mut self,
        id: SubscriptionId,
    ) -> Result<Option<SubscriptionInPlace>, StoreError> {
        self.maybe(select!("WHERE s.id = $1"), values![text(id)]).await?.as_ref().map(read).transpose()
    }

    /// Up to `limit` subscriptions after `after`, oldest first; only those in `state` and to `api`, where given.
    pub async fn subscriptions(
        &mut self,
        scope: SubscriptionScope,
        state: Option<SubscriptionState>,
        api: Option<ApiId>,
        after: Option<SubscriptionId>,
        limit: i64,
    ) -> Result<Vec<SubscriptionInPlace>, StoreError> {
        let state = state.as_ref().map(word).transpose()?.unwrap_or_default();
        let mut values =
            values![after.map(text).unwrap_or_default(), limit, state, api.map(text).unwrap_or_default(),];
        let (sql, of) = match scope {
            SubscriptionScope::All => (
                select!(
                    "WHERE s.id > $1 AND ($3 = '' OR s.state = $3) AND ($4 = '' OR s.api_id = $4) \
                     ORDER BY s.id LIMIT $2"
                ),
                None,
            ),
            SubscriptionScope::Application(id) => (
                select!(
                    "WHERE s.application_id = $5 AND s.id > $1 AND ($3 = '' OR s.state = $3) \
                     AND ($4 = '' OR s.api_id = $4) ORDER BY s.id LIMIT $2"
                ),
                Some(text(id)),
            ),
            SubscriptionScope::Api(id) => (
                select!(
                    "WHERE s.api_id = $5 AND s.id > $1 AND ($3 = '' OR s.state = $3) \
                     AND ($4 = '' OR s.api_id = $4) ORDER BY s.id LIMIT $2"
                ),
                Some(text(id)),
            ),
            SubscriptionScope::Organization(id) => (
                select!(
                    "WHERE a.organization_id = $5 AND s.id > $1 AND ($3 = '' OR s.state = $3) \
                     AND ($4 = '' OR s.api_id = $4) ORDER BY s.id LIMIT $2"
                ),
                Some(text(id)),
            ),
            SubscriptionScope::Account(id) => (
                select!(
                    "WHERE a.organization_id IN (SELECT organization_id FROM memberships WHERE account_id = $5) \
                     AND s.id > $1 AND ($3 = '' OR s.state = $3) AND ($4 = '' OR s.api_id = $4) \
                     ORDER BY s.id LIMIT $2"
                ),
                Some(text(id)),
            ),
        };
        values.extend(of.map(crate::row::Value::from));
        self.rows(sql, values).await?.iter().map(read).collect()
    }

    /// The subscriptions of an application that are pending, active or paused.
    pub async fn open_subscriptions(
        &mut self,
        application: ApplicationId,
    ) -> Result<Vec<SubscriptionInPlace>, StoreError> {
        let sql = select!(
            "WHERE s.application_id = $1 AND s.state IN ('pending', 'active', 'paused') ORDER BY s.id"
        );
        self.rows(sql, values![text(application)]).await?.iter().map(read).collect()
    }

    /// The pending, active or paused subscription of an application to an API.
    pub async fn open_subscription(
        &mut self,
        application: ApplicationId,
        api: ApiId,
    ) -> Result<Option<SubscriptionId>, StoreError> {
        let sql = "SELECT id FROM subscriptions WHERE application_id = $1 AND api_id = $2 \
                   AND state IN ('pending', 'active', 'paused')";
        let row = self.maybe(sql, values![text(application), text(api)]).await?;
        row.map(|row| row.parsed("id")).transpose()
    }

    /// Whether an organization has, for any of its applications, a pending, active or paused subscription to an API.
    pub async fn organization_subscribed(
        &mut self,
        organization: OrganizationId,
        api: ApiId,
    ) -> Result<bool, StoreError> {
        let sql = "SELECT s.id FROM applications a JOIN subscriptions s ON s.application_id = a.id \
                   WHERE a.organization_id = $1 AND s.api_id = $2 \
                   AND s.state IN ('pending', 'active', 'paused') LIMIT 1";
        Ok(self.maybe(sql, values![text(organization), text(api)]).await?.is_some())
    }
}

impl Tx {
    /// Makes others that want to change the subscription or its credentials wait until this commits. Gives whether it
    /// exists.
    pub async fn lock_subscription(&mut self, id: SubscriptionId) -> Result<bool, StoreError> {
        let sql = "UPDATE subscriptions SET edition = edition WHERE id = $1";
        Ok(self.execute(sql, values![text(id)]).await? == 1)
    }

    /// Adds a subscription. [`StoreError::Duplicate`] where the application has an open one to this API.
    pub async fn insert_subscription(&mut self, subscription: &Subscription) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO subscriptions (id, application_id, api_id, plan_id, state, comment, accepted_terms, reason, \
             created_at, decided_at, ends_at, edition) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            values![
                text(subscription.id),
                text(subscription.application_id),
                text(subscription.api_id),
                text(subscription.plan_id),
                word(&subscription.state)?,
                &subscription.comment,
                subscription.accepted_terms.clone(),
                subscription.reason.clone(),
                subscription.created_at,
                subscription.decided_at,
                subscription.ends_at,
                subscription.edition
            ],
        )
        .await?;
        Ok(())
    }

    /// Writes what can change of a subscription, if it is still at the edition that was read; it moves to the next.
    pub async fn update_subscription(&mut self, subscription: &Subscription) -> Result<(), StoreError> {
        self.execute_at_edition(
            "UPDATE subscriptions SET api_id = $1, plan_id = $2, state = $3, accepted_terms = $4, reason = $5, \
             decided_at = $6, ends_at = $7, comment = $8, edition = edition + 1 WHERE id = $9 AND edition = $10",
            values![
                text(subscription.api_id),
                text(subscription.plan_id),
                word(&subscription.state)?,
                subscription.accepted_terms.clone(),
                subscription.reason.clone(),
                subscription.decided_at,
                subscription.ends_at,
                &subscription.comment,
                text(subscription.id),
                subscription.edition
            ],
        )
        .await
    }
}
