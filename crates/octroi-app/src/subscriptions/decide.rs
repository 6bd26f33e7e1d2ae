//! What happens to a subscription after it was asked for: decisions, changes of plan, and what its keys open then.

use octroi_domain::actor::Actor;
use octroi_domain::credential::CredentialKind;
use octroi_domain::ids::{PlanId, SubscriptionId};
use octroi_domain::permission::{Action, Parties};
use octroi_domain::plan::{Security, Validation};
use octroi_domain::subscription::{SubscriptionState, Transition, WrongState};
use octroi_domain::validate::{Check, Rule};
use octroi_store::{Change, CredentialScope, SubscriptionInPlace, Tx};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::SubscriptionView;
use super::offer::{self, Offer};
use super::subscribe::already_subscribed;
use crate::context::require;
use crate::credentials::key_end;
use crate::{App, AppError, Conflict};

/// The word that goes with a decision.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Why, for the other side to read; needed to reject.
    #[serde(default)]
    #[schemars(length(max = 2000), regex(pattern = octroi_domain::patterns::PARAGRAPH))]
    pub reason: Option<String>,
}

/// Another plan for a subscription, of the same API or of another version of it. Its keys stay.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePlan {
    /// The plan.
    pub plan_id: PlanId,
    /// A word to the API's owner, where the plan asks for one; the earlier one stays where absent.
    #[serde(default)]
    #[schemars(length(max = 2000), regex(pattern = octroi_domain::patterns::PARAGRAPH))]
    pub comment: Option<String>,
    /// Where the new version has other terms: the SHA-256 of their text, in hexadecimal.
    #[serde(default)]
    #[schemars(length(max = 64), regex(pattern = octroi_domain::patterns::SHA256))]
    pub accepted_terms: Option<String>,
}

impl From<WrongState> for AppError {
    fn from(_: WrongState) -> Self {
        Conflict::SubscriptionState.into()
    }
}

impl App {
    /// Approves, rejects, pauses, resumes or closes a subscription. Who may depends on the transition: the provider
    /// decides, both sides close.
    pub async fn decide_subscription(
        &self,
        actor: &Actor,
        id: SubscriptionId,
        transition: Transition,
        decision: Decision,
        edition: Option<i64>,
    ) -> Result<SubscriptionView, AppError> {
        let action = match transition {
            Transition::Close => Action::SubscriptionClose,
            _ => Action::SubscriptionDecide,
        };
        let mut tx = self.begin().await?;
        let mut place = self.hold_subscription(&mut tx, actor, id, action).await?;
        check_edition(&place, edition)?;
        let reason = checked_reason(transition, decision)?;
        let keys_ended = self.move_subscription(&mut tx, actor, &mut place, transition, reason).await?;
        self.tell_decided(&mut tx, actor, &place, transition, keys_ended).await?;
        self.commit(tx).await?;
        Ok(self.subscription_view(place))
    }

    /// Moves a held subscription to its next state, with all that follows for its keys; gives how many of them ended.
    pub(crate) async fn move_subscription(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        place: &mut SubscriptionInPlace,
        transition: Transition,
        reason: Option<String>,
    ) -> Result<usize, AppError> {
        let id = place.subscription.id;
        place.subscription.state = place.subscription.state.apply(transition)?;
        if place.subscription.state == SubscriptionState::Active && tx.is_suspended(place.owner).await? {
            return Err(Conflict::OrganizationSuspended.into());
        }
        place.subscription.decided_at = Some(self.now());
        place.subscription.reason = reason;
        tx.update_subscription(&place.subscription).await?;
        place.subscription.edition += 1;
        self.audit(tx, actor, audited(transition), id, json!({}));
        let keys_ended = if place.subscription.state.is_final() {
            self.revoke_all(tx, actor, CredentialScope::Subscription(id)).await?
        } else {
            0
        };
        if transition == Transition::Approve {
            self.issue_first_key(tx, actor, place).await?;
        }
        self.tell_gateways(tx, place).await?;
        Ok(keys_ended)
    }

    /// The key of a subscription that was just approved, for its owner to find. Where the API shows keys once nobody
    /// could read it: there the owner issues it.
    async fn issue_first_key(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        place: &SubscriptionInPlace,
    ) -> Result<(), AppError> {
        let id = place.subscription.id;
        if place.plan.security != Security::ApiKey
            || place.gateway.show_key_once
            || !tx.live_credentials(CredentialScope::Subscription(id)).await?.is_empty()
        {
            return Ok(());
        }
        let key = self.make_key(tx, place, None).await?.credential;
        self.audit(tx, actor, "credential.issued", key.id, json!({"subscription": id}));
        Ok(())
    }

    /// Moves a subscription to another plan of the same API or of another version of it. Its keys stay as they are,
    /// but for an earlier end where the new plan asks for one. A plan that its provider validates lets the
    /// subscription wait for that.
    pub async fn change_plan(
        &self,
        actor: &Actor,
        id: SubscriptionId,
        change: ChangePlan,
        edition: Option<i64>,
    ) -> Result<SubscriptionView, AppError> {
        let mut tx = self.begin().await?;
        let mut place = self.hold_subscription(&mut tx, actor, id, Action::SubscriptionManage).await?;
        check_edition(&place, edition)?;
        if place.subscription.state.is_final() {
            return Err(Conflict::SubscriptionState.into());
        }
        if place.subscription.plan_id == change.plan_id {
            return Ok(self.subscription_view(place));
        }
        if tx.is_suspended(place.owner).await? {
            return Err(Conflict::OrganizationSuspended.into());
        }
        let offer = offer::find(&mut tx, actor, change.plan_id).await?;
        let (before, state) = (place.subscription.plan_id, place.subscription.state);
        take_offer(&mut place, actor, &offer, &change)?;
        tx.update_subscription(&place.subscription).await.map_err(already_subscribed)?;
        let place = tx.subscription(id).await?.ok_or(AppError::NotFound)?;
        self.shorten_keys(&mut tx, &place).await?;
        if (state, place.subscription.state) == (SubscriptionState::Pending, SubscriptionState::Active) {
            self.issue_first_key(&mut tx, actor, &place).await?;
        }
        self.tell_gateways(&mut tx, &place).await?;
        let details = json!({"from": before, "to": change.plan_id});
        self.audit(&mut tx, actor, "subscription.plan_changed", id, details);
        self.tell_plan_changed(&mut tx, actor, &place).await?;
        if place.subscription.state == SubscriptionState::Pending {
            self.tell_requested(&mut tx, actor, &place).await?;
        }
        self.commit(tx).await?;
        Ok(self.subscription_view(place))
    }

    /// Brings the keys' ends forward where the plan gives them less time.
    async fn shorten_keys(&self, tx: &mut Tx, place: &SubscriptionInPlace) -> Result<(), AppError> {
        let Some(end) = key_end(&place.plan, place.subscription.ends_at, self.now()) else { return Ok(()) };
        for mut key in tx.live_credentials(CredentialScope::Subscription(place.subscription.id)).await? {
            if key.expires_at.is_none_or(|own| own > end) {
                key.expires_at = Some(end);
                tx.update_credential(&key).await?;
            }
        }
        Ok(())
    }

    /// Lists every credential that a change of this subscription concerns for the gateways.
    pub(crate) async fn tell_gateways(
        &self,
        tx: &mut Tx,
        place: &SubscriptionInPlace,
    ) -> Result<(), AppError> {
        let keys = tx.live_credentials(CredentialScope::Subscription(place.subscription.id)).await?;
        let clients = match place.plan.security {
            Security::Oauth2 => tx.client_credentials(place.subscription.application_id).await?,
            _ => Vec::new(),
        };
        for credential in keys.iter().chain(clients.iter().filter(|c| c.kind == CredentialKind::OauthClient))
        {
            tx.changed(Change::Credential(credential.id));
        }
        Ok(())
    }
}

fn check_edition(place: &SubscriptionInPlace, edition: Option<i64>) -> Result<(), AppError> {
    match edition {
        Some(edition) if edition != place.subscription.edition => Err(AppError::Stale),
        _ => Ok(()),
    }
}

fn checked_reason(transition: Transition, decision: Decision) -> Result<Option<String>, AppError> {
    let reason = decision.reason.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let mut check = Check::new();
    let least = usize::from(transition == Transition::Reject);
    check.paragraph("reason", reason.as_deref().unwrap_or_default(), least, 2_000);
    check.finish()?;
    Ok(reason)
}

const fn audited(transition: Transition) -> &'static str {
    match transition {
        Transition::Approve => "subscription.approved",
        Transition::Reject => "subscription.rejected",
        Transition::Pause => "subscription.paused",
        Transition::Resume => "subscription.resumed",
        Transition::Close => "subscription.closed",
    }
}

/// Puts the subscription under the new plan, every rule checked.
fn take_offer(
    place: &mut SubscriptionInPlace,
    actor: &Actor,
    offer: &Offer,
    change: &ChangePlan,
) -> Result<(), AppError> {
    if offer.api.slug != place.api_slug {
        let allowed = place.api_slug.clone();
        return Err(AppError::invalid("plan_id", Rule::NotAllowed { allowed }));
    }
    offer.check_open(place.application_kind)?;
    if offer.plan.definition.security != place.plan.security {
        // Its keys would open nothing: that needs a new subscription.
        return Err(AppError::invalid("plan_id", Rule::Conflicts { with: "security".into() }));
    }
    let s = &mut place.subscription;
    s.comment = offer.check_comment(change.comment.as_deref().unwrap_or(&s.comment))?;
    let accepted = change.accepted_terms.as_deref().or(s.accepted_terms.as_deref());
    s.accepted_terms = offer.check_terms(accepted)?;
    let parties = Parties::between(place.owner, offer.api.organization_id);
    let decides = require(actor, Action::SubscriptionDecide, &parties).is_ok();
    s.state = state_under(s.state, offer.plan.definition.validation, decides);
    s.api_id = offer.api.id;
    s.plan_id = offer.plan.id;
    Ok(())
}

/// The state under a new plan. What its provider paused stays paused; nobody gets past a validation by a detour.
fn state_under(state: SubscriptionState, validation: Validation, decides: bool) -> SubscriptionState {
    match state {
        SubscriptionState::Paused => SubscriptionState::Paused,
        SubscriptionState::Active if decides => SubscriptionState::Active,
        _ => SubscriptionState::initial(validation),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_plan_is_no_detour_around_a_validation() {
        use SubscriptionState::{Active, Paused, Pending};
        use Validation::{Automatic, Manual};
        let table = [
            (Active, Automatic, false, Active),
            (Active, Manual, false, Pending),
            (Active, Manual, true, Active),
            (Paused, Automatic, false, Paused),
            (Paused, Manual, true, Paused),
            (Pending, Automatic, false, Active),
            (Pending, Manual, true, Pending),
        ];
        for (from, validation, decides, to) in table {
            assert_eq!(state_under(from, validation, decides), to, "{from:?} {validation:?} {decides}");
        }
    }
}
