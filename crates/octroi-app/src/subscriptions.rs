//! Subscriptions: asked for, decided, changed, closed.

mod card;
mod decide;
mod draft;
mod offer;
mod subscribe;

use octroi_domain::actor::Actor;
use octroi_domain::ids::{ApiId, ApplicationId, OrganizationId, PlanId, SubscriptionId};
use octroi_domain::permission::{Action, Parties};
use octroi_domain::plan::{Limits, Security};
use octroi_domain::subscription::SubscriptionState;
use octroi_domain::time::Timestamp;
use octroi_store::{SubscriptionInPlace, SubscriptionScope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::{Reader, signed_in};
use crate::context::require;
use crate::page::{Page, PageRequest};
use crate::{App, AppError};

pub use card::{PlanChoice, PlanChoices, SubscriptionCard, SubscriptionRow};
pub use decide::{ChangePlan, Decision};
pub(crate) use draft::KIND as DRAFTS;
pub use draft::{MadeSubscription, SubscriptionDraft, SubscriptionDraftView};
pub use octroi_store::ChoosableApplication;
pub use offer::terms_digest;
pub use subscribe::{Subscribe, SubscribedView};

/// The application of a subscription.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ApplicationReference {
    /// Its identifier.
    pub id: ApplicationId,
    /// Its name.
    pub name: String,
}

/// The API of a subscription.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ApiReference {
    /// Its identifier.
    pub id: ApiId,
    /// Shared by its versions.
    pub slug: String,
    /// The version.
    pub version: String,
    /// Its name.
    pub name: String,
    /// Where it is called.
    pub access_url: String,
}

/// The plan of a subscription.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PlanReference {
    /// Its identifier.
    pub id: PlanId,
    /// Names it within its API.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// How its callers show who they are.
    pub security: Security,
    /// What limits the calls.
    pub limits: Limits,
}

/// A subscription.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SubscriptionView {
    /// Its identifier.
    pub id: SubscriptionId,
    /// Who owns the application.
    pub organization_id: OrganizationId,
    /// Who calls.
    pub application: ApplicationReference,
    /// What is called.
    pub api: ApiReference,
    /// Under which plan.
    pub plan: PlanReference,
    /// Where it is in its life.
    pub state: SubscriptionState,
    /// What the subscriber wrote to the API's owner.
    pub comment: String,
    /// SHA-256, in hexadecimal, of the API's terms as they were accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted_terms: Option<String>,
    /// What was answered when it was rejected, paused or closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<Timestamp>,
    /// When it ends by itself; its keys end with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Timestamp>,
    /// Counts the changes; the entity tag.
    pub edition: i64,
}

/// Which subscriptions a list holds. All that is given must hold.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubscriptionFilter {
    /// Those of one application.
    #[serde(default)]
    pub application_id: Option<ApplicationId>,
    /// Those of one organization's applications.
    #[serde(default)]
    pub organization_id: Option<OrganizationId>,
    /// Those to one API: everybody's for its provider, one's own for others.
    #[serde(default)]
    pub api_id: Option<ApiId>,
    /// Those in one state.
    #[serde(default)]
    pub state: Option<SubscriptionState>,
}

impl App {
    /// Subscriptions that `actor` sees, oldest first: those of one's own applications where the filter names nothing
    /// else; every one for administrators.
    pub async fn subscriptions(
        &self,
        actor: &Actor,
        filter: &SubscriptionFilter,
        page: &PageRequest,
    ) -> Result<Page<SubscriptionView>, AppError> {
        let reader = Reader::of(actor)?;
        let window = page.window::<SubscriptionId>()?;
        let mut session = self.read().await?;
        let sees = |parties| require(actor, Action::SubscriptionRead, &parties);
        let scope = match (filter.application_id, filter.organization_id, filter.api_id) {
            (Some(id), _, _) => {
                let owner =
                    session.application(id).await?.ok_or(AppError::NotFound)?.application.organization_id;
                sees(Parties::owned_by(owner))?;
                if filter.organization_id.is_some_and(|o| o != owner) {
                    return Ok(Page { items: Vec::new(), next_cursor: None });
                }
                SubscriptionScope::Application(id)
            }
            (None, Some(id), _) => {
                sees(Parties::owned_by(id))?;
                SubscriptionScope::Organization(id)
            }
            (None, None, Some(id)) => {
                let provider = session.api(id).await?.map(|api| api.organization_id);
                let provides = provider.is_some_and(|p| sees(Parties::provided_by(p)).is_ok());
                match reader {
                    _ if provides => SubscriptionScope::Api(id),
                    Reader::Account(account) => SubscriptionScope::Account(account),
                    Reader::All => SubscriptionScope::All,
                }
            }
            (None, None, None) => match reader {
                Reader::Account(account) => SubscriptionScope::Account(account),
                Reader::All => SubscriptionScope::All,
            },
        };
        let found =
            session.subscriptions(scope, filter.state, filter.api_id, window.after, window.rows()).await?;
        Ok(window.page(found, |p| p.subscription.id, |p| self.subscription_view(p)))
    }

    /// One subscription.
    pub async fn subscription(
        &self,
        actor: &Actor,
        id: SubscriptionId,
    ) -> Result<SubscriptionView, AppError> {
        signed_in(actor)?;
        let place = self.read().await?.subscription(id).await?.ok_or(AppError::NotFound)?;
        require(actor, Action::SubscriptionRead, &Parties::between(place.owner, place.provider))?;
        Ok(self.subscription_view(place))
    }

    pub(crate) fn subscription_view(&self, place: SubscriptionInPlace) -> SubscriptionView {
        let s = place.subscription;
        SubscriptionView {
            id: s.id,
            organization_id: place.owner,
            application: ApplicationReference { id: s.application_id, name: place.application_name },
            api: ApiReference {
                id: s.api_id,
                slug: place.api_slug,
                version: place.api_version,
                name: place.api_name,
                access_url: self.access_url(&place.gateway.route),
            },
            plan: PlanReference {
                id: s.plan_id,
                slug: place.plan.slug,
                name: place.plan.name,
                security: place.plan.security,
                limits: place.plan.limits,
            },
            state: s.state,
            comment: s.comment,
            accepted_terms: s.accepted_terms,
            reason: s.reason,
            created_at: s.created_at,
            decided_at: s.decided_at,
            ends_at: s.ends_at,
            edition: s.edition,
        }
    }
}
