//! The decision on a call: the policy's stages, one after the other.

use octroi_policy::stages::{Preflight, Screening, locate};
use octroi_policy::{Admitted, Policy, Refusal, RequestFacts};

/// What becomes of a call.
#[expect(clippy::large_enum_variant, reason = "the large one is the usual one: a box would cost every call")]
pub enum Decision {
    /// It goes to the upstream.
    Forward(Admitted),
    /// A browser's preflight, answered here.
    Preflight(Preflight),
    /// It is refused.
    Refuse(Box<Refusal>),
}

/// Walks a call through every stage. Stages take what the stage before them made, so none can be left out.
pub fn decide(policy: &Policy, facts: RequestFacts<'_>) -> Decision {
    match walk(policy, facts) {
        Ok(decision) => decision,
        Err(refusal) => Decision::Refuse(refusal),
    }
}

fn walk(policy: &Policy, facts: RequestFacts<'_>) -> Result<Decision, Box<Refusal>> {
    match locate(policy, facts)?.screen(policy)? {
        Screening::Preflight(answer) => Ok(Decision::Preflight(answer)),
        Screening::Passed(screened) => {
            screened.identify(policy)?.authorize()?.validate()?.limit(policy).map(Decision::Forward)
        }
    }
}
