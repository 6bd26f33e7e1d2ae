//! Asking for a subscription; where the plan validates by itself, the key comes with the answer.

use octroi_domain::actor::Actor;
use octroi_domain::application::{Application, ApplicationState};
use octroi_domain::ids::{ApplicationId, PlanId, SubscriptionId};
use octroi_domain::permission::{Action, Parties};
use octroi_domain::plan::Security;
use octroi_domain::subscription::{Subscription, SubscriptionState};
use octroi_store::{StoreError, SubscriptionInPlace, Tx};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::SubscriptionView;
use super::offer::{self, Offer};
use crate::access::signed_in;
use crate::context::require;
use crate::credentials::IssuedKey;
use crate::{App, AppError, Conflict};

/// An application asks for an API under a plan.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subscribe {
    /// The application.
    pub application_id: ApplicationId,
    /// The plan, which names the API.
    pub plan_id: PlanId,
    /// A word to the API's owner; some plans ask for one.
    #[serde(default)]
    #[schemars(length(max = 2000), regex(pattern = octroi_domain::patterns::PARAGRAPH))]
    pub comment: String,
    /// Where the API has terms of its own: the SHA-256 of their text, in hexadecimal, as a sign of having accepted
    /// just these.
    #[serde(default)]
    #[schemars(length(max = 64), regex(pattern = octroi_domain::patterns::SHA256))]
    pub accepted_terms: Option<String>,
}

/// A new subscription, and its key where the plan gives one at once.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SubscribedView {
    /// The subscription.
    pub subscription: SubscriptionView,
    /// The key, when the subscription is active and its plan opens by key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<IssuedKey>,
}

impl App {
    /// Subscribes an application to an API.
    pub async fn subscribe(&self, actor: &Actor, request: Subscribe) -> Result<SubscribedView, AppError> {
        signed_in(actor)?;
        let mut tx = self.begin().await?;
        let (place, key) = self.write_subscription(&mut tx, actor, request).await?;
        self.commit(tx).await?;
        Ok(self.subscribed(place, key).await)
    }

    /// A subscription that was just made, its key with the command of a first call.
    pub(super) async fn subscribed(
        &self,
        place: SubscriptionInPlace,
        key: Option<IssuedKey>,
    ) -> SubscribedView {
        let key = match key {
            Some(key) => Some(self.with_first_call(key, &place).await),
            None => None,
        };
        SubscribedView { subscription: self.subscription_view(place), key }
    }

    /// Writes a subscription and, where its plan gives one at once, its key.
    pub(super) async fn write_subscription(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        request: Subscribe,
    ) -> Result<(SubscriptionInPlace, Option<IssuedKey>), AppError> {
        let subscription = self.draft_subscription(tx, actor, request).await?;
        self.insert_subscription(tx, actor, &subscription).await
    }

    /// Writes a subscription that a deployment officer gives: its application is the partner's, and was made or held by
    /// the same transaction.
    pub(crate) async fn write_issued_subscription(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        application: &Application,
        plan_id: PlanId,
    ) -> Result<SubscriptionInPlace, AppError> {
        let offer = offer::find(tx, actor, plan_id).await?;
        offer.check_issuable(application.kind)?;
        let subscription = self.new_subscription(tx, application, &offer, String::new(), None).await?;
        Ok(self.insert_subscription(tx, actor, &subscription).await?.0)
    }

    async fn insert_subscription(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        subscription: &Subscription,
    ) -> Result<(SubscriptionInPlace, Option<IssuedKey>), AppError> {
        tx.insert_subscription(subscription).await.map_err(already_subscribed)?;
        let id = subscription.id;
        let place = tx.subscription(id).await?.ok_or(AppError::NotFound)?;
        let active = subscription.state == SubscriptionState::Active;
        let key = match place.plan.security {
            Security::ApiKey if active => Some(self.make_key(tx, &place, None).await?),
            _ => None,
        };
        self.tell_gateways(tx, &place).await?;
        let details = json!({"application": subscription.application_id, "plan": subscription.plan_id});
        self.audit(tx, actor, "subscription.created", id, details);
        if let Some(key) = &key {
            self.audit(tx, actor, "credential.issued", key.credential.id, json!({"subscription": id}));
        }
        if subscription.state == SubscriptionState::Pending {
            self.tell_requested(tx, actor, &place).await?;
        }
        Ok((place, key))
    }

    /// The subscription asked for, every rule checked, with others who change the application waiting.
    pub(super) async fn draft_subscription(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        request: Subscribe,
    ) -> Result<Subscription, AppError> {
        tx.lock_application(request.application_id).await?;
        let application =
            tx.application(request.application_id).await?.ok_or(AppError::NotFound)?.application;
        require(actor, Action::SubscriptionManage, &Parties::owned_by(application.organization_id))?;
        if application.state != ApplicationState::Active {
            return Err(Conflict::ApplicationArchived.into());
        }
        let offer = offer::find(tx, actor, request.plan_id).await?;
        offer.check_open(application.kind)?;
        let comment = offer.check_comment(&request.comment)?;
        let accepted_terms = offer.check_terms(request.accepted_terms.as_deref())?;
        self.new_subscription(tx, &application, &offer, comment, accepted_terms).await
    }

    async fn new_subscription(
        &self,
        tx: &mut Tx,
        application: &Application,
        offer: &Offer,
        comment: String,
        accepted_terms: Option<String>,
    ) -> Result<Subscription, AppError> {
        if tx.is_suspended(application.organization_id).await? {
            return Err(Conflict::OrganizationSuspended.into());
        }
        if tx.open_subscription(application.id, offer.api.id).await?.is_some() {
            return Err(Conflict::AlreadySubscribed.into());
        }
        let now = self.now();
        let state = SubscriptionState::initial(offer.plan.definition.validation);
        Ok(Subscription {
            id: SubscriptionId::new(now, self.entropy()),
            application_id: application.id,
            api_id: offer.api.id,
            plan_id: offer.plan.id,
            state,
            comment,
            accepted_terms,
            reason: None,
            created_at: now,
            decided_at: (state == SubscriptionState::Active).then_some(now),
            ends_at: None,
            edition: 1,
        })
    }
}

/// The index that lets an application have one open subscription to an API has the last word.
pub(super) fn already_subscribed(error: StoreError) -> AppError {
    match error {
        StoreError::Duplicate(_) => Conflict::AlreadySubscribed.into(),
        other => other.into(),
    }
}
