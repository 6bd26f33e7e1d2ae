//! The stages of a decision, in their only order:
//! [`locate`] → [`Located::screen`] → [`Screened::identify`] → [`Identified::authorize`] → [`Authorized::validate`] →
//! [`Validated::limit`] → [`Admitted`].

mod authorize;
mod identify;
mod limit;
mod locate;
mod screen;
mod validate;

use std::sync::Arc;

use octroi_domain::ids::{ApplicationId, CredentialId, PlanId, SubscriptionId};

pub use authorize::Authorized;
pub use identify::Identified;
pub use limit::{Admitted, Pass};
pub use locate::{Located, locate};
pub use screen::{Preflight, Screened, Screening};
pub use validate::Validated;

use crate::catalogue::Api;
use crate::limit::{Reading, Readings};
use crate::outcome::Outcome;

/// Who calls, as far as it is known. Safe to log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// The credential, never its secret.
    pub credential_id: Option<CredentialId>,
    /// The application that shows it.
    pub application_id: Option<ApplicationId>,
    /// The subscription that lets it in.
    pub subscription_id: Option<SubscriptionId>,
    /// The plan of that subscription, or the API's keyless plan.
    pub plan_id: Option<PlanId>,
}

/// Why a call is not let through, and what the answer needs.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Why.
    pub outcome: Outcome,
    /// The API, where one was found: its dialect shapes the answer.
    pub api: Option<Arc<Api>>,
    /// Who calls, as far as it is known.
    pub caller: Caller,
    /// Where the limits stand.
    pub readings: Readings,
    /// The limit that was reached.
    pub reached: Option<Reading>,
    /// Seconds after which the caller may try again.
    pub retry_after: Option<u64>,
    /// Required parameters that are missing.
    pub missing: Vec<String>,
    /// Methods that are let through at this path, for `Allow`.
    pub allow: Vec<String>,
}

impl Refusal {
    /// A refusal before any API was found.
    pub fn early(outcome: Outcome) -> Box<Self> {
        Self::of(outcome, None, Caller::default())
    }

    /// A refusal, or a failure after the decision, at an API.
    pub fn at(outcome: Outcome, api: &Arc<Api>, caller: Caller) -> Box<Self> {
        Self::of(outcome, Some(Arc::clone(api)), caller)
    }

    fn of(outcome: Outcome, api: Option<Arc<Api>>, caller: Caller) -> Box<Self> {
        Box::new(Self {
            outcome,
            api,
            caller,
            readings: Readings::default(),
            reached: None,
            retry_after: None,
            missing: Vec::new(),
            allow: Vec::new(),
        })
    }
}
