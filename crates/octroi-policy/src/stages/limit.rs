//! Last stage: whether the plan still gives this call. What comes out is all that forwarding needs to know.

use std::sync::Arc;

use http::HeaderName;
use octroi_domain::api::UpstreamClass;
use octroi_domain::credential::Digest;
use octroi_domain::ids::{ApiId, SubscriptionId};
use octroi_domain::time::Timestamp;

use super::identify::Who;
use super::{Authorized, Caller, Refusal, Validated};
use crate::Policy;
use crate::catalogue::{Api, Rewriting, Target};
use crate::feed::KeyKind;
use crate::keys::{HeldGrant, KeyEntry, Standing};
use crate::limit::{AddressLimit, Exceeded, Mode, Reading, Readings};
use crate::outcome::Outcome;
use crate::query;

/// A call that is let through, and all that forwarding it needs.
pub struct Admitted {
    api: Arc<Api>,
    key: Option<(Arc<KeyEntry>, usize)>,
    caller: Caller,
    readings: Readings,
    class: UpstreamClass,
    tail: String,
}

/// What admitted a call, for as long as the call goes on: the credential and the grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    digest: Digest,
    kind: KeyKind,
    api_id: ApiId,
    subscription_id: SubscriptionId,
}

impl Policy {
    /// Whether what admitted a call would still do so, the limits left aside.
    pub fn still_opens(&self, pass: &Pass, now: Timestamp) -> bool {
        let entry = self.snapshot.keys.find(&pass.digest, pass.kind);
        entry.is_some_and(|entry| {
            let opens = |grant: &HeldGrant| {
                (grant.api_id, grant.subscription_id) == (pass.api_id, pass.subscription_id)
                    && grant.ends_at.is_none_or(|end| now < end)
            };
            entry.standing == Standing::Open && !entry.expired(now) && entry.grants().iter().any(opens)
        })
    }
}

impl Validated<'_> {
    /// Counts the call against the limits of its grant.
    pub fn limit(self, policy: &Policy) -> Result<Admitted, Box<Refusal>> {
        let readings = self.0.count(policy, Mode::Take)?;
        Ok(self.0.admit(readings))
    }

    pub(crate) fn peek(self, policy: &Policy) -> Result<Admitted, Box<Refusal>> {
        let readings = self.0.count(policy, Mode::Peek)?;
        Ok(self.0.admit(readings))
    }
}

impl Authorized<'_> {
    fn count(&self, policy: &Policy, mode: Mode) -> Result<Readings, Box<Refusal>> {
        let located = &self.call.call;
        let (snapshot, now) = (&policy.snapshot, located.facts.now);
        let taken = match (self.grant(), located.api.keyless()) {
            (Some(grant), _) => grant.cell.take(&grant.limits, &snapshot.calendar, now, mode),
            (None, Some(plan)) => {
                let cell = snapshot.addresses.of(located.api.id, AddressLimit::Plan, located.facts.client_ip);
                cell.take(&plan.limits, &snapshot.calendar, now, mode)
            }
            (None, None) => return Err(Refusal::at(Outcome::CredentialMissing, &located.api, self.caller())),
        };
        taken.map_err(|exceeded| {
            let (outcome, reading, readings) = match exceeded {
                Exceeded::Rate(r) => (Outcome::RateLimited, r, Readings { rate: Some(r), quota: None }),
                Exceeded::Quota(r) => (Outcome::QuotaExceeded, r, Readings { rate: None, quota: Some(r) }),
            };
            let mut refusal = Refusal::at(outcome, &located.api, self.caller());
            refusal.readings = readings;
            refusal.reached = Some(reading);
            refusal.retry_after = Some(Reading::seconds_left(&reading, now).max(1));
            refusal
        })
    }

    fn admit(self, readings: Readings) -> Admitted {
        let (caller, class) = (self.caller(), self.upstream_class());
        let tail = self.tail();
        let located = self.call.call;
        let key = match (self.call.who, self.grant) {
            (Who::Key(entry), Some(place)) => Some((entry, place)),
            _ => None,
        };
        Admitted { api: located.api, key, caller, readings, class, tail }
    }

    /// What follows the upstream's base path: the normal path behind the prefix, and the query without credentials.
    fn tail(&self) -> String {
        let located = &self.call.call;
        let rest = located.rest();
        let gone = |name: &str| located.api.hidden_parameters.iter().any(|hidden| hidden == name);
        let kept = located.facts.query.map(|q| query::without(q, gone));
        let query = kept.filter(|q| !q.is_empty());
        let mut tail = String::with_capacity(rest.len() + query.as_ref().map_or(0, |q| q.len() + 1) + 1);
        tail.push_str(rest);
        if let Some(query) = query {
            tail.push('?');
            tail.push_str(&query);
        }
        tail
    }
}

impl Admitted {
    /// The API.
    pub fn api(&self) -> &Arc<Api> {
        &self.api
    }

    /// Who calls.
    pub fn caller(&self) -> Caller {
        self.caller
    }

    /// What admitted it; none where anybody is let in.
    pub fn pass(&self) -> Option<Pass> {
        let (entry, place) = self.key.as_ref()?;
        let subscription_id = entry.grants().get(*place)?.subscription_id;
        Some(Pass { digest: entry.digest(), kind: entry.kind, api_id: self.api.id, subscription_id })
    }

    /// The plan's name within the API.
    pub fn plan_slug(&self) -> Option<&str> {
        self.caller.plan_id.and_then(|id| self.api.plan(id)).map(|p| p.slug.as_str())
    }

    /// On whose behalf the call is made, where that is not the application's owner.
    pub fn subject(&self) -> Option<&str> {
        let (entry, place) = self.key.as_ref()?;
        entry.grants().get(*place)?.subject()
    }

    /// Where the limits stand.
    pub fn readings(&self) -> &Readings {
        &self.readings
    }

    /// The servers that may answer: at least one, all of one class.
    pub fn targets(&self) -> &[Arc<Target>] {
        self.api.targets(self.class)
    }

    /// Path and query of the request to this target.
    pub fn path_and_query(&self, target: &Target) -> String {
        let slash = if target.base_path.is_empty() && !self.tail.starts_with('/') { "/" } else { "" };
        [target.base_path.as_str(), slash, self.tail.as_str()].concat()
    }

    /// How the answer's addresses are led back through the gateway; none where it goes back as it comes.
    pub fn rewriting(&self) -> Option<&Rewriting> {
        let rest = self.tail.split('?').next().unwrap_or_default();
        self.api.rewriting.as_ref().filter(|rewriting| rewriting.covers(rest))
    }

    /// Headers that must not reach the upstream: those that carry credentials.
    pub fn hidden_headers(&self) -> &[HeaderName] {
        &self.api.hidden_headers
    }

    /// Query parameters that must not reach the upstream: those that carry credentials.
    pub fn hidden_parameters(&self) -> &[String] {
        &self.api.hidden_parameters
    }
}
