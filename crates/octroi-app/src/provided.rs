//! What a provider sees of its APIs, and of those who subscribed to them.

use std::time::Duration;

use octroi_domain::actor::Actor;
use octroi_domain::api::ApiState;
use octroi_domain::ids::{ApiId, OrganizationId, SubscriptionId};
use octroi_domain::permission::{Action, Parties};
use octroi_domain::subscription::SubscriptionState;
use octroi_domain::time::Timestamp;
use octroi_store::{ProvidedApi, Subscriber};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::{Reader, signed_in};
use crate::catalog::OrganizationName;
use crate::context::require;
use crate::page::{Page, PageRequest};
use crate::subscriptions::ApplicationReference;
use crate::{App, AppError};

/// How far back calls are counted.
const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

/// An API, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ApiName {
    /// Its identifier.
    pub id: ApiId,
    /// Shared by its versions.
    pub slug: String,
    /// The version.
    pub version: String,
    /// Its name.
    pub name: String,
}

/// An API and what waits there for its provider.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ProvidedApiView {
    /// The API.
    pub api: ApiName,
    /// Where it is in its life.
    pub state: ApiState,
    /// Who provides it.
    pub provider: OrganizationName,
    /// Subscriptions that wait for a decision.
    pub pending: i64,
    /// Subscriptions that are active or paused.
    pub subscriptions: i64,
    /// Tickets that wait for the provider.
    pub open_tickets: i64,
    /// Calls let in during the last seven days.
    pub calls_last_7_days: i64,
}

/// A subscription as the provider looks at it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SubscriberView {
    /// The subscription.
    pub id: SubscriptionId,
    /// Where it is in its life.
    pub state: SubscriptionState,
    /// The API.
    pub api: ApiName,
    /// Who provides it.
    pub provider_id: OrganizationId,
    /// The application that calls.
    pub application: ApplicationReference,
    /// What it is for.
    pub application_description: String,
    /// Who owns the application.
    pub organization: OrganizationName,
    /// The plan's name.
    pub plan: String,
    /// What the subscriber wrote.
    pub comment: String,
    /// What was answered when it was rejected, paused or closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<Timestamp>,
    /// Calls let in during the last seven days.
    pub calls_last_7_days: i64,
}

/// Whose subscribers are wanted.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubscriberFilter {
    /// The API.
    pub api_id: ApiId,
    /// Those in one state.
    #[serde(default)]
    pub state: Option<SubscriptionState>,
}

impl From<ProvidedApi> for ProvidedApiView {
    fn from(found: ProvidedApi) -> Self {
        Self {
            api: ApiName { id: found.id, slug: found.slug, version: found.version, name: found.name },
            state: found.state,
            provider: OrganizationName {
                id: found.provider,
                slug: found.provider_slug,
                name: found.provider_name,
            },
            pending: found.pending,
            subscriptions: found.subscriptions,
            open_tickets: found.open_tickets,
            calls_last_7_days: found.calls,
        }
    }
}

impl From<Subscriber> for SubscriberView {
    fn from(found: Subscriber) -> Self {
        Self {
            id: found.id,
            state: found.state,
            api: ApiName {
                id: found.api_id,
                slug: found.api_slug,
                version: found.api_version,
                name: found.api_name,
            },
            provider_id: found.provider,
            application: ApplicationReference { id: found.application_id, name: found.application_name },
            application_description: found.application_description,
            organization: OrganizationName {
                id: found.owner,
                slug: found.owner_slug,
                name: found.owner_name,
            },
            plan: found.plan.name,
            comment: found.comment,
            reason: found.reason,
            created_at: found.created_at,
            decided_at: found.decided_at,
            calls_last_7_days: found.calls,
        }
    }
}

impl App {
    /// The APIs of the organizations that `actor` is a member of, oldest first.
    pub async fn provided_apis(
        &self,
        actor: &Actor,
        page: &PageRequest,
    ) -> Result<Page<ProvidedApiView>, AppError> {
        Reader::of(actor)?;
        let account = actor.account_id().ok_or(AppError::SignIn)?;
        let window = page.window::<ApiId>()?;
        let since = self.now().before(WEEK);
        let found = self.read().await?.provided_apis(account, since, window.after, window.rows()).await?;
        Ok(window.page(found, |api| api.id, ProvidedApiView::from))
    }

    /// One API and what waits there, for those who provide it.
    pub async fn provided_api(&self, actor: &Actor, id: ApiId) -> Result<ProvidedApiView, AppError> {
        signed_in(actor)?;
        let since = self.now().before(WEEK);
        let found = self.read().await?.provided_api(id, since).await?.ok_or(AppError::NotFound)?;
        require(actor, Action::SubscriptionRead, &Parties::provided_by(found.provider))?;
        Ok(found.into())
    }

    /// Those who subscribed to an API, newest first, for those who provide it.
    pub async fn subscribers(
        &self,
        actor: &Actor,
        filter: &SubscriberFilter,
        page: &PageRequest,
    ) -> Result<Page<SubscriberView>, AppError> {
        signed_in(actor)?;
        let window = page.window::<SubscriptionId>()?;
        let mut session = self.read().await?;
        let provider = session.api(filter.api_id).await?.ok_or(AppError::NotFound)?.organization_id;
        require(actor, Action::SubscriptionRead, &Parties::provided_by(provider))?;
        let since = self.now().before(WEEK);
        let found =
            session.subscribers(filter.api_id, filter.state, since, window.after, window.rows()).await?;
        Ok(window.page(found, |subscriber| subscriber.id, SubscriberView::from))
    }

    /// One subscription as the provider looks at it.
    pub async fn subscriber(&self, actor: &Actor, id: SubscriptionId) -> Result<SubscriberView, AppError> {
        signed_in(actor)?;
        let since = self.now().before(WEEK);
        let found = self.read().await?.subscriber(id, since).await?.ok_or(AppError::NotFound)?;
        require(actor, Action::SubscriptionRead, &Parties::between(found.owner, found.provider))?;
        Ok(found.into())
    }
}
