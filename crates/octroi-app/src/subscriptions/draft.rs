//! The form of several steps that asks for a subscription: checked and kept before its last step, and sent once.

use octroi_domain::actor::Actor;
use octroi_domain::application::ApplicationKind;
use octroi_domain::ids::{DraftId, PlanId, SubscriptionId};
use serde::{Deserialize, Serialize};

use super::{Subscribe, SubscribedView, offer};
use crate::applications::WantedSubscription;
use crate::drafts::{content, draft_if_any};
use crate::{App, AppError};

/// Drafts of this form.
pub(crate) const KIND: &str = "subscription";

/// What is asked for, every rule checked, and how the reader knows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SubscriptionDraft {
    /// What is asked for.
    pub request: Subscribe,
    /// The API's slug.
    pub slug: String,
    /// The API's version.
    pub version: String,
    /// The API's name.
    pub api: String,
    /// The application's name.
    pub application: String,
}

/// A draft as its pages show it.
#[derive(Clone, Debug)]
pub struct SubscriptionDraftView {
    /// Its identifier.
    pub id: DraftId,
    /// What is asked for; nothing once it was sent.
    pub form: Option<SubscriptionDraft>,
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

    /// Keeps what is asked for, if it could be granted as it is.
    pub async fn save_subscription_draft(
        &self,
        actor: &Actor,
        id: DraftId,
        request: Subscribe,
    ) -> Result<(), AppError> {
        let mut tx = self.begin().await?;
        let subscription = self.draft_subscription(&mut tx, actor, request.clone()).await?;
        let api = tx.api(subscription.api_id).await?.ok_or(AppError::NotFound)?;
        let application = tx.application(request.application_id).await?.ok_or(AppError::NotFound)?;
        let form = SubscriptionDraft {
            request,
            slug: api.slug,
            version: api.version,
            api: api.name,
            application: application.application.profile.name,
        };
        let content = serde_json::to_value(form).map_err(|e| AppError::Internal(e.to_string()))?;
        self.keep_draft(&mut tx, actor, KIND, id, &content).await?;
        self.commit(tx).await
    }

    /// A draft of a subscription, where there is one under this name.
    pub async fn subscription_draft(
        &self,
        actor: &Actor,
        id: DraftId,
    ) -> Result<Option<SubscriptionDraftView>, AppError> {
        let draft = draft_if_any(&mut self.read().await?, actor, KIND, id).await?;
        Ok(draft.map(|draft| {
            let became = draft.outcome.as_deref().and_then(|id| id.parse().ok());
            SubscriptionDraftView { id, form: content(&draft), became }
        }))
    }

    /// Asks for the subscription that a draft describes, once: whoever sends the draft again is told which one came of it.
    pub async fn subscribe_from_draft(
        &self,
        actor: &Actor,
        id: DraftId,
    ) -> Result<MadeSubscription, AppError> {
        let mut tx = self.begin().await?;
        let draft = draft_if_any(&mut tx, actor, KIND, id).await?.ok_or(AppError::NotFound)?;
        if let Some(outcome) = &draft.outcome {
            return outcome.parse().map(MadeSubscription::Before).map_err(|_| AppError::NotFound);
        }
        let form: SubscriptionDraft = content(&draft).ok_or(AppError::NotFound)?;
        let (place, key) = self.write_subscription(&mut tx, actor, form.request).await?;
        tx.finish_draft(id, &place.subscription.id.to_string()).await?;
        self.commit(tx).await?;
        Ok(MadeSubscription::New(Box::new(SubscribedView {
            subscription: self.subscription_view(place),
            key,
        })))
    }
}
