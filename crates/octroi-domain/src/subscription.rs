//! Subscriptions: an application's right to an API under a plan, and the states that it goes through.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{ApiId, ApplicationId, PlanId, SubscriptionId};
use crate::plan::Validation;
use crate::time::Timestamp;

/// Where a subscription is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubscriptionState {
    /// Waits for the provider.
    Pending,
    /// Opens the API.
    Active,
    /// Refused by the provider. Final.
    Rejected,
    /// Stopped for a while.
    Paused,
    /// Ended. Final.
    Closed,
}

/// What can be done to a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Transition {
    /// The provider lets it begin.
    Approve,
    /// The provider refuses it, with a reason.
    Reject,
    /// Stops it for a while.
    Pause,
    /// Lets a paused one go on.
    Resume,
    /// Ends it.
    Close,
}

/// A transition that the present state does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a subscription that is {from:?} cannot be changed by {transition:?}")]
pub struct WrongState {
    /// The present state.
    pub from: SubscriptionState,
    /// What was asked.
    pub transition: Transition,
}

impl SubscriptionState {
    /// The state in which a subscription to a plan with this validation begins.
    pub const fn initial(validation: Validation) -> Self {
        match validation {
            // Where an officer issues the key, that is the decision.
            Validation::Automatic | Validation::Officer => Self::Active,
            Validation::Manual => Self::Pending,
        }
    }

    /// Whether nothing can change it any more.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Rejected | Self::Closed)
    }

    /// The state after `transition`.
    pub fn apply(self, transition: Transition) -> Result<Self, WrongState> {
        use SubscriptionState::{Active, Closed, Paused, Pending, Rejected};
        match (self, transition) {
            (Pending, Transition::Approve) | (Paused, Transition::Resume) => Ok(Active),
            (Pending, Transition::Reject) => Ok(Rejected),
            (Active, Transition::Pause) => Ok(Paused),
            (Pending | Active | Paused, Transition::Close) => Ok(Closed),
            (from, transition) => Err(WrongState { from, transition }),
        }
    }
}

/// An application's right to an API under a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Its identifier.
    pub id: SubscriptionId,
    /// Who calls.
    pub application_id: ApplicationId,
    /// What is called.
    pub api_id: ApiId,
    /// Under which plan.
    pub plan_id: PlanId,
    /// Where it is in its life.
    pub state: SubscriptionState,
    /// What the subscriber wrote to the owner.
    pub comment: String,
    /// SHA-256, in hexadecimal, of the API's terms as the subscriber accepted them.
    pub accepted_terms: Option<String>,
    /// What the provider answered, when it rejected, paused or closed.
    pub reason: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When the provider, or the plan, decided.
    pub decided_at: Option<Timestamp>,
    /// When it ends by itself; its keys end with it.
    pub ends_at: Option<Timestamp>,
    /// Counts the changes; the entity tag of the management API.
    pub edition: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_drawn_arrows_exist() {
        use SubscriptionState::*;
        use Transition::*;
        let arrows = [
            (Pending, Approve, Active),
            (Pending, Reject, Rejected),
            (Pending, Close, Closed),
            (Active, Pause, Paused),
            (Active, Close, Closed),
            (Paused, Resume, Active),
            (Paused, Close, Closed),
        ];
        for from in [Pending, Active, Rejected, Paused, Closed] {
            for by in [Approve, Reject, Pause, Resume, Close] {
                let drawn = arrows.iter().find(|a| a.0 == from && a.1 == by).map(|a| a.2);
                assert_eq!(from.apply(by).ok(), drawn, "{from:?} {by:?}");
            }
            assert_eq!(from.is_final(), !arrows.iter().any(|a| a.0 == from));
        }
    }
}
