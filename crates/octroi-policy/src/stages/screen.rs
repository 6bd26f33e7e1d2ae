//! Second stage: what is asked before any credential is looked at. Addresses, their limits, and browsers' preflights.

use std::sync::Arc;

use octroi_domain::plan::Limits;

use super::{Caller, Located, Refusal};
use crate::Policy;
use crate::catalogue::Api;
use crate::cors::{self, CorsHeaders, Origin};
use crate::limit::{AddressLimit, Exceeded, Mode};
use crate::outcome::Outcome;

/// A call that may go on to show its credential.
pub struct Screened<'r>(pub(super) Located<'r>);

/// What screening led to.
pub enum Screening<'r> {
    /// Goes on.
    Passed(Screened<'r>),
    /// A browser's question, answered here.
    Preflight(Preflight),
}

/// The answer to a browser's preflight.
pub struct Preflight {
    /// The API.
    pub api: Arc<Api>,
    /// Headers of the answer, which has no body.
    pub headers: CorsHeaders,
}

impl<'r> Located<'r> {
    /// Asks whether the address may call, and how often it did.
    pub fn screen(self, policy: &Policy) -> Result<Screening<'r>, Box<Refusal>> {
        self.screen_as(policy, Mode::Take)
    }

    pub(crate) fn screen_as(self, policy: &Policy, mode: Mode) -> Result<Screening<'r>, Box<Refusal>> {
        self.check_networks()?;
        self.check_address_limit(policy, mode)?;
        if !cors::is_preflight(&self.facts) {
            return Ok(Screening::Passed(Screened(self)));
        }
        match cors::origin(&self.api, &policy.portal_origins, &self.facts) {
            Origin::Allowed(origin) => {
                let headers = cors::preflight(&self.api, origin, &self.facts, self.rest());
                Ok(Screening::Preflight(Preflight { api: self.api, headers }))
            }
            Origin::None | Origin::Denied => Err(self.refuse(Outcome::OriginDenied)),
        }
    }

    fn refuse(&self, outcome: Outcome) -> Box<Refusal> {
        Refusal::at(outcome, &self.api, Caller::default())
    }

    fn check_networks(&self) -> Result<(), Box<Refusal>> {
        let (api, ip) = (&self.api, self.facts.client_ip.to_canonical());
        let allowed = api.allow_networks.is_empty() || api.allow_networks.iter().any(|n| n.contains(&ip));
        let denied = api.deny_networks.iter().any(|n| n.contains(&ip));
        if allowed && !denied { Ok(()) } else { Err(self.refuse(Outcome::IpDenied)) }
    }

    fn check_address_limit(&self, policy: &Policy, mode: Mode) -> Result<(), Box<Refusal>> {
        let Some(rate) = self.api.ip_limit else { return Ok(()) };
        let snapshot = &policy.snapshot;
        let cell = snapshot.addresses.of(self.api.id, AddressLimit::Screen, self.facts.client_ip);
        let limits = Limits { rate: Some(rate), quota: None };
        match cell.take(&limits, &snapshot.calendar, self.facts.now, mode) {
            Ok(_) => Ok(()),
            Err(Exceeded::Rate(reading) | Exceeded::Quota(reading)) => {
                let mut refusal = self.refuse(Outcome::IpRateLimited);
                refusal.reached = Some(reading);
                refusal.retry_after = Some(reading.seconds_left(self.facts.now).max(1));
                Err(refusal)
            }
        }
    }
}
