//! Why a call would be let through or refused, stage by stage: the same stages, with nothing counted.

use serde::Serialize;

use crate::Policy;
use crate::facts::RequestFacts;
use crate::limit::Mode;
use crate::outcome::Outcome;
use crate::stages::{Caller, Refusal, Screening, locate};

/// What one stage says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The stage: `locate`, `screen`, `identify`, `authorize`, `validate`, `limit`.
    pub stage: &'static str,
    /// Whether the call goes on.
    pub passed: bool,
    /// Stable code of the outcome, where it does not.
    pub outcome: Option<&'static str>,
    /// Whose fault that is: `client`, `us`, `upstream`.
    pub fault: Option<&'static str>,
    /// What the stage found, in words for the operator.
    pub detail: String,
}

/// What every stage says of a call, up to the first that stops it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// How the call would end.
    pub outcome: &'static str,
    /// HTTP status that the gateway would answer of its own; none where the upstream answers.
    pub status: Option<u16>,
    /// The stages in order.
    pub stages: Vec<Verdict>,
}

/// Walks a call through the stages without counting it.
pub fn explain(policy: &Policy, facts: RequestFacts<'_>) -> Explanation {
    let mut stages = Vec::new();
    let (outcome, status) = match walk(policy, facts, &mut stages) {
        Ok(outcome) if outcome.admitted() => (outcome, None),
        Ok(outcome) => (outcome, Some(outcome.status())),
        Err(refusal) => {
            let (outcome, detail) = (refusal.outcome, describe(&refusal));
            let stage = STAGES.get(stages.len()).copied().unwrap_or("limit");
            let fault = Some(outcome.fault().word());
            stages.push(Verdict { stage, passed: false, outcome: Some(outcome.code()), fault, detail });
            (outcome, Some(outcome.status()))
        }
    };
    Explanation { outcome: outcome.code(), status, stages }
}

const STAGES: [&str; 6] = ["locate", "screen", "identify", "authorize", "validate", "limit"];

fn walk(
    policy: &Policy,
    facts: RequestFacts<'_>,
    stages: &mut Vec<Verdict>,
) -> Result<Outcome, Box<Refusal>> {
    let mut pass = |detail: String| {
        let stage = STAGES.get(stages.len()).copied().unwrap_or("limit");
        stages.push(Verdict { stage, passed: true, outcome: None, fault: None, detail });
    };
    let located = locate(policy, facts)?;
    let api = located.api();
    pass(format!(
        "API {} {} ({}), path {:?} behind its prefix",
        api.slug,
        api.version,
        api.id,
        located.rest()
    ));
    let screened = match located.screen_as(policy, Mode::Peek)? {
        Screening::Passed(screened) => screened,
        Screening::Preflight(_) => {
            pass("a browser's preflight, answered without a credential".to_owned());
            return Ok(Outcome::CorsPreflight);
        }
    };
    pass(format!("the address {} may call", facts.client_ip));
    let identified = screened.identify(policy)?;
    pass(describe_caller(&identified.caller()));
    let authorized = identified.authorize()?;
    pass(describe_caller(&authorized.caller()));
    let validated = authorized.validate()?;
    pass("every required parameter is there".to_owned());
    let admitted = validated.peek(policy)?;
    let left = |reading: Option<crate::limit::Reading>| match reading {
        Some(r) => format!("{} of {} left until {}", r.remaining, r.limit, r.resets_at),
        None => "none".to_owned(),
    };
    let readings = admitted.readings();
    pass(format!("rate limit: {}; quota: {}", left(readings.rate), left(readings.quota)));
    Ok(Outcome::Admitted)
}

fn describe_caller(caller: &Caller) -> String {
    let mut words = Vec::new();
    words.extend(caller.credential_id.map(|id| format!("credential {id}")));
    words.extend(caller.application_id.map(|id| format!("application {id}")));
    words.extend(caller.subscription_id.map(|id| format!("subscription {id}")));
    words.extend(caller.plan_id.map(|id| format!("plan {id}")));
    if words.is_empty() { "nobody in particular: the plan is keyless".to_owned() } else { words.join(", ") }
}

fn describe(refusal: &Refusal) -> String {
    let mut words = vec![format!("refused: {}", refusal.outcome)];
    words.extend(refusal.api.as_ref().and_then(|a| a.fault.clone()));
    if refusal.caller != Caller::default() {
        words.push(describe_caller(&refusal.caller));
    }
    if !refusal.missing.is_empty() {
        words.push(format!("missing: {}", refusal.missing.join(", ")));
    }
    if !refusal.allow.is_empty() {
        words.push(format!("let through here: {}", refusal.allow.join(", ")));
    }
    words.extend(refusal.reached.map(|r| format!("{} calls until {}", r.limit, r.resets_at)));
    words.join("; ")
}
