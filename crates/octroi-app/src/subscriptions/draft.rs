//! The form of several steps that asks for a subscription: kept at each step, and sent once.

use octroi_domain::actor::Actor;
use octroi_domain::application::ApplicationKind;
use octroi_domain::ids::{ApplicationId, DraftId, PlanId, SubscriptionId};
use octroi_domain::validate::Rule;
use serde::{Deserialize, Serialize};

use super::{Subscribe, SubscribedView, offer};
use crate::applications::WantedSubscription;
use crate::drafts::{check_seen, content, draft_if_any, fingerprint};
use crate::{App, AppError};

/// Drafts of this form.
pub(crate) const KIND: &str = "subscription";

/// What was chosen and typed so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SubscriptionDraft {
    /// The API's slug.
    pub slug: String,
    /// The API's version.
    pub version: String,
    /// The API's name.
    pub api: String,
    /// The plan.
    pub plan_id: Option<PlanId>,
    /// The application.
    pub application_id: Option<ApplicationId>,
    /// The word to the API's owner.
    pub comment: String,
    /// The SHA-256 of the API's terms, where they were accepted.
    pub accepted_terms: Option<String>,
}

impl SubscriptionDraft {
    /// What is asked for, once everything was chosen.
    pub fn request(&self) -> Result<Subscribe, AppError> {
        let missing = |field| AppError::invalid(field, Rule::Required);
        Ok(Subscribe {
            application_id: self.application_id.ok_or_else(|| missing("application_id"))?,
            plan_id: self.plan_id.ok_or_else(|| missing("plan_id"))?,
            comment: self.comment.clone(),
            accepted_terms: self.accepted_terms.clone(),
        })
    }
}

/// A draft as its pages show it.
#[derive(Clone, Debug)]
pub struct SubscriptionDraftView {
    /// Its identifier.
    pub id: DraftId,
    /// What was chosen and typed.
    pub form: SubscriptionDraft,
    /// Names this content; sent back by whoever saw it. Empty where nothing was written yet.
    pub seen: String,
    /// The subscription that it became.
    pub became: Option<SubscriptionId>,
}

/// What became of a draft that was sent.
#[derive(Clone, Debug)]
pub enum MadeSubscription {
    /// A subscription, just now.
    New(Box<SubscribedView>),
    /// The draft was sent before: this is the subscription that came of it.
    Before(SubscriptionId),
}

impl App {
    /// Whether an application of this kind, which is not there yet, could ask for a plan in these words; and how the
    /// reader knows it.
    pub async fn check_wanted(
        &self,
        actor: &Actor,
        kind: ApplicationKind,
        plan: PlanId,
        comment: &str,
        accepted_terms: Option<&str>,
    ) -> Result<WantedSubscription, AppError> {
        let offer = offer::find(&mut self.read().await?, actor, plan).await?;
        offer.check_open(kind)?;
        let comment = offer.check_comment(comment)?;
        let accepted_terms = offer.check_terms(accepted_terms)?;
        let api = format!("{} {}", offer.api.name, offer.api.version);
        Ok(WantedSubscription {
            plan_id: plan,
            comment,
            accepted_terms,
            api,
            plan: offer.plan.definition.name,
        })
    }

    /// Whether a subscription would be granted as it is asked for. Nothing is written.
    pub async fn check_subscription(&self, actor: &Actor, request: Subscribe) -> Result<(), AppError> {
        let mut tx = self.begin().await?;
        self.draft_subscription(&mut tx, actor, request).await.map(drop)
    }

    /// Keeps what was typed, whether it would do or not.
    pub async fn save_subscription_draft(
        &self,
        actor: &Actor,
        id: DraftId,
        form: &SubscriptionDraft,
    ) -> Result<(), AppError> {
        let content = serde_json::to_value(form).map_err(|e| AppError::Internal(e.to_string()))?;
        let mut tx = self.begin().await?;
        self.keep_draft(&mut tx, actor, KIND, id, &content).await?;
        self.commit(tx).await
    }

    /// A draft of a subscription; an empty one where nothing was written under this name yet.
    pub async fn subscription_draft(
        &self,
        actor: &Actor,
        id: DraftId,
    ) -> Result<SubscriptionDraftView, AppError> {
        let draft = draft_if_any(&mut self.read().await?, actor, KIND, id).await?;
        let became = draft.as_ref().and_then(|draft| draft.outcome.as_deref()?.parse().ok());
        let form = draft.as_ref().and_then(content).unwrap_or_default();
        let seen = draft.as_ref().map(fingerprint).unwrap_or_default();
        Ok(SubscriptionDraftView { id, form, seen, became })
    }

    /// Asks for the subscription that a draft describes, once: whoever sends the draft again is told which one came of it.
    /// `seen` names the content that was looked at.
    pub async fn subscribe_from_draft(
        &self,
        actor: &Actor,
        id: DraftId,
        seen: &str,
    ) -> Result<MadeSubscription, AppError> {
        let mut tx = self.begin().await?;
        let draft = draft_if_any(&mut tx, actor, KIND, id).await?.ok_or(AppError::NotFound)?;
        if let Some(outcome) = &draft.outcome {
            return outcome.parse().map(MadeSubscription::Before).map_err(|_| AppError::NotFound);
        }
        let form: SubscriptionDraft = content(&draft).unwrap_or_default();
        let request = form.request()?;
        check_seen(&draft, seen)?;
        let (place, key) = self.write_subscription(&mut tx, actor, request).await?;
        tx.finish_draft(id, &place.subscription.id.to_string()).await?;
        self.commit(tx).await?;
        Ok(MadeSubscription::New(Box::new(self.subscribed(place, key).await)))
    }
}
