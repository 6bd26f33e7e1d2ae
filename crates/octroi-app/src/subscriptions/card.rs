//! Subscriptions as the pages of somebody who calls show them: in a list with their keys, and one with all that it needs
//! for a first call.

use std::collections::HashMap;
use std::sync::Arc;

use octroi_domain::actor::Actor;
use octroi_domain::api::{ApiState, Placement};
use octroi_domain::ids::{ApiId, ApplicationId, CredentialId, OrganizationId, SubscriptionId};
use octroi_domain::permission::{Action, Parties};
use octroi_domain::plan::{PlanState, Validation};
use octroi_domain::subscription::SubscriptionState;
use octroi_domain::time::Timestamp;
use octroi_store::{ChoosableApplication, CredentialScope, SubscriptionScope};

use super::SubscriptionView;
use crate::access::{own_account, signed_in, viewer};
use crate::applications::find_application;
use crate::catalog::openapi::SampleCall;
use crate::catalog::{PlanView, TermsView};
use crate::context::require;
use crate::credentials::{CredentialView, curl};
use crate::page::{Page, PageRequest};
use crate::subscriptions::terms_digest;
use crate::{App, AppError};

/// Keys that a card knows: the present one, and those before it.
const KEYS: i64 = 20;

/// Applications to choose from at most.
const CHOICES: i64 = 200;

/// A subscription in a list, and its youngest key.
#[derive(Clone, Debug)]
pub struct SubscriptionRow {
    /// The subscription.
    pub subscription: SubscriptionView,
    /// The youngest of its keys, revoked or not.
    pub key: Option<CredentialView>,
    /// The minute of its last call.
    pub last_call: Option<Timestamp>,
}

/// A subscription with its keys and what a first call needs.
#[derive(Clone, Debug)]
pub struct SubscriptionCard {
    /// The subscription.
    pub subscription: SubscriptionView,
    /// Who provides the API.
    pub provider: OrganizationId,
    /// Where a key may stand in a call.
    pub places: Vec<Placement>,
    /// Whether the API shows keys once.
    pub show_key_once: bool,
    /// Whether a deployment officer issues the keys.
    pub by_officer: bool,
    /// The youngest keys, the youngest first.
    pub keys: Vec<CredentialView>,
    /// A call that its API describes with examples, or one to its access URL.
    first_call: Arc<SampleCall>,
    /// The minute of the last call with each key.
    last_calls: HashMap<CredentialId, Timestamp>,
}

/// Another plan for a subscription.
#[derive(Clone, Debug)]
pub struct PlanChoice {
    /// The API's version.
    pub version: String,
    /// The API's own terms, where they are not those accepted already.
    pub new_terms: Option<TermsView>,
    /// The plan.
    pub plan: PlanView,
    /// Whether it is the present one.
    pub current: bool,
}

/// A subscription, and the plans that it may be moved to without another key.
#[derive(Clone, Debug)]
pub struct PlanChoices {
    /// The subscription.
    pub subscription: SubscriptionView,
    /// The name of the API's provider.
    pub provider: String,
    /// The plans of every version that takes subscriptions.
    pub plans: Vec<PlanChoice>,
}

impl SubscriptionCard {
    /// The minute of the last call with this key.
    pub fn last_call(&self, key: CredentialId) -> Option<Timestamp> {
        self.last_calls.get(&key).copied()
    }

    /// The words of a command that makes a first call with the key in the environment variable `variable`.
    pub fn command(&self, variable: &str) -> Vec<String> {
        let url = &self.subscription.api.access_url;
        curl::command(url, &self.first_call, &self.places, curl::Key::Variable(variable))
    }
}

impl App {
    /// Subscriptions of the applications of the organizations that `actor` belongs to, whatever else the actor may see;
    /// oldest first.
    pub async fn own_subscriptions(
        &self,
        actor: &Actor,
        state: Option<SubscriptionState>,
        page: &PageRequest,
    ) -> Result<Page<SubscriptionView>, AppError> {
        let scope = SubscriptionScope::Account(own_account(actor)?);
        let window = page.window::<SubscriptionId>()?;
        let found = self.read().await?.subscriptions(scope, state, None, window.after, window.rows()).await?;
        Ok(window.page(found, |p| p.subscription.id, |p| self.subscription_view(p)))
    }

    /// An application's subscriptions with their keys: those that are not over, all at once; or every one, page by page.
    pub async fn application_subscriptions(
        &self,
        actor: &Actor,
        application: ApplicationId,
        ended_too: bool,
        page: &PageRequest,
    ) -> Result<Page<SubscriptionRow>, AppError> {
        let window = page.window::<SubscriptionId>()?;
        let mut session = self.read().await?;
        find_application(&mut session, actor, application, Action::ApplicationRead).await?;
        let scope = SubscriptionScope::Application(application);
        let found = if ended_too {
            let found = session.subscriptions(scope, None, None, window.after, window.rows()).await?;
            window.page(found, |p| p.subscription.id, |p| p)
        } else {
            Page { items: session.open_subscriptions(application).await?, next_cursor: None }
        };
        let now = self.now();
        let keys = session.youngest_keys(application).await?;
        let mut keys: HashMap<_, _> =
            keys.iter().map(|key| (key.subscription_id, CredentialView::of(key, now))).collect();
        let mut last: HashMap<_, _> = session.last_calls(application).await?.into_iter().collect();
        let row = |place: octroi_store::SubscriptionInPlace| {
            let id = place.subscription.id;
            SubscriptionRow {
                key: keys.remove(&Some(id)),
                last_call: last.remove(&id),
                subscription: self.subscription_view(place),
            }
        };
        Ok(Page { items: found.items.into_iter().map(row).collect(), next_cursor: found.next_cursor })
    }

    /// One subscription of an application, with its keys.
    pub async fn subscription_card(
        &self,
        actor: &Actor,
        application: ApplicationId,
        id: SubscriptionId,
    ) -> Result<SubscriptionCard, AppError> {
        signed_in(actor)?;
        let mut session = self.read().await?;
        let place = session.subscription(id).await?.filter(|p| p.subscription.application_id == application);
        let place = place.ok_or(AppError::NotFound)?;
        require(actor, Action::CredentialRead, &Parties::between(place.owner, place.provider))?;
        let keys = session.latest_credentials(CredentialScope::Subscription(id), KEYS).await?;
        let last_calls = session.last_calls_by_key(id).await?.into_iter().collect();
        drop(session);
        let now = self.now();
        Ok(SubscriptionCard {
            first_call: self.readable_first_call(place.subscription.api_id).await,
            provider: place.provider,
            places: place.gateway.credentials.clone(),
            show_key_once: place.gateway.show_key_once,
            by_officer: place.plan.validation == Validation::Officer,
            keys: keys.iter().map(|key| CredentialView::of(key, now)).collect(),
            last_calls,
            subscription: self.subscription_view(place),
        })
    }

    /// The subscription of an application to an API that is not over, where there is one.
    pub async fn open_subscription(
        &self,
        actor: &Actor,
        application: ApplicationId,
        api: ApiId,
    ) -> Result<Option<SubscriptionId>, AppError> {
        let mut session = self.read().await?;
        find_application(&mut session, actor, application, Action::ApplicationRead).await?;
        Ok(session.open_subscription(application, api).await?)
    }

    /// The applications for which `actor` may subscribe to `api`, youngest first, with the subscription that each has
    /// already.
    pub async fn applications_to_subscribe(
        &self,
        actor: &Actor,
        api: ApiId,
    ) -> Result<Vec<ChoosableApplication>, AppError> {
        let account = own_account(actor)?;
        Ok(self.read().await?.choosable_applications(account, api, CHOICES).await?)
    }

    /// The plans that a subscription may be moved to without another key: those of every version of its API that takes
    /// subscriptions, whose calls show who they are in the same way.
    pub async fn plan_choices(&self, actor: &Actor, id: SubscriptionId) -> Result<PlanChoices, AppError> {
        signed_in(actor)?;
        let mut session = self.read().await?;
        let place = session.subscription(id).await?.ok_or(AppError::NotFound)?;
        require(actor, Action::SubscriptionManage, &Parties::between(place.owner, place.provider))?;
        let versions = session.api_versions_seen(viewer(actor), &place.api_slug).await?;
        let plans = session.plans_of_versions(&place.api_slug).await?;
        let mut choices = Vec::new();
        for api in versions.into_iter().rev().filter(|api| api.state == ApiState::Published) {
            let terms = api.terms.map(|markdown| TermsView { digest: terms_digest(&markdown), markdown });
            let accepted = &place.subscription.accepted_terms;
            let new_terms = terms.filter(|terms| accepted.as_ref() != Some(&terms.digest));
            let open = plans.iter().filter(|plan| {
                plan.api_id == api.id
                    && plan.state == PlanState::Published
                    && plan.definition.security == place.plan.security
            });
            choices.extend(open.map(|plan| PlanChoice {
                version: api.version.clone(),
                new_terms: new_terms.clone(),
                current: plan.id == place.subscription.plan_id,
                plan: PlanView::new(plan.clone(), api.edition),
            }));
        }
        let provider = session.organization(place.provider).await?.ok_or(AppError::NotFound)?.name;
        Ok(PlanChoices { provider, subscription: self.subscription_view(place), plans: choices })
    }
}
