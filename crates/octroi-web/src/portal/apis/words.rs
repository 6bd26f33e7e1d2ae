//! APIs and plans in words: states, limits, how access is given.

use octroi_app::catalog::{AccessKind, PlanView};
use octroi_domain::api::{ApiState, Placement};
use octroi_domain::plan::{CommentRule, Limits, Period, Security, Validation};

use crate::portal::shell::Shell;

/// Letters on a provider's plate at most.
const PLATE: usize = 6;

/// What stands on a provider's plate where it has no picture.
pub(crate) fn plate(slug: &str) -> String {
    slug.split('-').next().unwrap_or(slug).chars().take(PLATE).collect::<String>().to_uppercase()
}

/// A state with its sign and its word.
#[derive(Clone, Copy)]
pub(crate) struct State(pub(crate) ApiState);

impl State {
    /// The sentence that says it.
    pub(crate) const fn id(self) -> &'static str {
        match self.0 {
            ApiState::Draft => "state-draft",
            ApiState::Published => "state-published",
            ApiState::Deprecated => "state-deprecated",
            ApiState::Retired => "state-retired",
        }
    }

    /// The badge's form.
    pub(crate) const fn badge(self) -> &'static str {
        match self.0 {
            ApiState::Draft => "badge--waiting",
            ApiState::Published => "badge--admitted",
            ApiState::Deprecated => "badge--paused",
            ApiState::Retired => "badge--closed",
        }
    }

    /// The word in addresses.
    pub(crate) const fn word(self) -> &'static str {
        match self.0 {
            ApiState::Draft => "draft",
            ApiState::Published => "published",
            ApiState::Deprecated => "deprecated",
            ApiState::Retired => "retired",
        }
    }

    /// The state with this word.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [ApiState::Draft, ApiState::Published, ApiState::Deprecated, ApiState::Retired]
            .into_iter()
            .map(Self)
            .find(|state| state.word() == word)
    }
}

/// The sentence that says how access is given.
pub(crate) const fn access(kind: AccessKind) -> &'static str {
    match kind {
        AccessKind::Immediate => "access-immediate",
        AccessKind::Open => "access-open",
        AccessKind::OnRequest => "access-on-request",
    }
}

/// The limit that a plan is known by, in words.
pub(crate) fn limit(shell: &Shell, limits: &Limits) -> String {
    match (limits.rate, limits.quota) {
        (Some(rate), _) => calls(shell, "limit-rate", rate.count.into(), &rate.window_seconds.to_string()),
        (None, Some(quota)) => calls(shell, "limit-quota", quota.count, period(quota.period)),
        (None, None) => shell.say("limit-none"),
    }
}

/// What limits a plan besides, in words.
pub(crate) fn further_limit(shell: &Shell, limits: &Limits) -> String {
    match (limits.rate, limits.quota) {
        (Some(_), Some(quota)) => {
            let words = calls(shell, "limit-quota", quota.count, period(quota.period));
            shell.fill("limit-and", "limit", words)
        }
        (Some(_), None) => shell.say("limit-no-quota"),
        _ => String::new(),
    }
}

fn calls(shell: &Shell, id: &str, count: u64, span: &str) -> String {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let values = [
        ("count", count.to_string().into()),
        ("shown", shell.number(&count).into()),
        ("span", span.to_owned().into()),
    ];
    shell.fill_all(id, &values)
}

const fn period(period: Period) -> &'static str {
    match period {
        Period::Day => "day",
        Period::Week => "week",
        Period::Month => "month",
    }
}

/// What a plan gives and asks, line by line.
pub(crate) fn plan_lines(shell: &Shell, plan: &PlanView, provider: &str) -> Vec<String> {
    let mut lines = Vec::new();
    match (plan.security, plan.validation) {
        (Security::Keyless, _) => {}
        (_, Validation::Automatic) => lines.push(shell.say("plan-automatic")),
        (_, Validation::Manual) => lines.push(shell.fill("plan-manual", "provider", provider)),
        (_, Validation::Officer) => lines.push(shell.say("plan-officer")),
    }
    lines.push(match (plan.security, plan.key_days) {
        (Security::ApiKey, None) => shell.say("plan-key"),
        (Security::ApiKey, Some(days)) => shell.count("plan-key-days", &days.into()),
        (Security::Oauth2, _) => shell.say("plan-oauth2"),
        (Security::Keyless, _) if plan.operations.is_empty() => shell.say("plan-keyless"),
        (Security::Keyless, _) => shell.fill("plan-keyless-part", "operations", operations(plan)),
    });
    if plan.comment == CommentRule::Required {
        lines.push(shell.say("plan-comment"));
    }
    if !plan.scopes.is_empty() {
        lines.push(shell.fill("plan-scopes", "scopes", plan.scopes.join(", ")));
    }
    lines
}

/// The calls that a keyless plan opens: "GET /widget/*, POST /search".
fn operations(plan: &PlanView) -> String {
    let words = plan.operations.iter().map(|rule| format!("{} {}", rule.methods.join(" "), rule.path));
    words.collect::<Vec<_>>().join(", ")
}

/// Where the key stands in a call: a sentence, and the name that it ends with.
pub(crate) fn placement(placement: Option<&Placement>) -> (&'static str, Option<&str>) {
    match placement {
        Some(Placement::Header { name }) => ("placement-header", Some(name)),
        Some(Placement::Query { name }) => ("placement-query", Some(name)),
        Some(Placement::Bearer) => ("placement-bearer", None),
        Some(Placement::Basic) => ("placement-basic", None),
        None => ("placement-none", None),
    }
}
