//! Fourth stage: whether this caller may make this call.

use octroi_domain::api::UpstreamClass;

use super::identify::{Who, grant_in_force};
use super::{Caller, Identified, Refusal};
use crate::catalogue::Permitted;
use crate::keys::HeldGrant;
use crate::outcome::Outcome;

/// A call that its caller may make.
pub struct Authorized<'r> {
    pub(super) call: Identified<'r>,
    /// Place of the grant among the credential's; none for a caller without a name.
    pub(super) grant: Option<usize>,
}

impl<'r> Identified<'r> {
    /// Asks for a grant, its conditions, and the API's rules on methods and paths.
    pub fn authorize(self) -> Result<Authorized<'r>, Box<Refusal>> {
        let grant = match &self.who {
            Who::Anybody => None,
            Who::Key(_) => Some(self.find_grant()?),
        };
        let authorized = Authorized { call: self, grant };
        authorized.check_conditions()?;
        authorized.check_operation()?;
        Ok(authorized)
    }

    /// The grant for this API that is in force.
    fn find_grant(&self) -> Result<usize, Box<Refusal>> {
        let located = &self.call;
        let Who::Key(entry) = &self.who else {
            return Err(Refusal::at(Outcome::CredentialMissing, &located.api, Caller::default()));
        };
        grant_in_force(entry, located)
            .ok_or_else(|| Refusal::at(Outcome::CredentialForeign, &located.api, self.caller()))
    }
}

impl Authorized<'_> {
    /// The grant that lets the call in; none for a caller without a name.
    pub(super) fn grant(&self) -> Option<&HeldGrant> {
        match (&self.call.who, self.grant) {
            (Who::Key(entry), Some(place)) => entry.grants().get(place),
            _ => None,
        }
    }

    /// Who calls.
    pub fn caller(&self) -> Caller {
        let known = self.call.caller();
        match self.grant() {
            Some(g) => Caller { subscription_id: Some(g.subscription_id), plan_id: Some(g.plan_id), ..known },
            None => Caller { plan_id: self.call.call.api.keyless().map(|p| p.id), ..known },
        }
    }

    /// Which upstreams the call reaches.
    pub(super) fn upstream_class(&self) -> UpstreamClass {
        self.grant().map_or(UpstreamClass::Live, |g| g.upstream)
    }

    fn refuse(&self, outcome: Outcome) -> Box<Refusal> {
        Refusal::at(outcome, &self.call.call.api, self.caller())
    }

    fn check_conditions(&self) -> Result<(), Box<Refusal>> {
        let located = &self.call.call;
        if let Some(grant) = self.grant() {
            if !grant.admits_address(located.facts.client_ip.to_canonical()) {
                return Err(self.refuse(Outcome::FilterDenied));
            }
            if !grant.opens_path(located.rest()) {
                return Err(self.refuse(Outcome::ResourceDenied));
            }
        }
        // A grant for fictitious data never falls back to the real ones.
        match located.api.targets(self.upstream_class()).is_empty() {
            true => Err(self.refuse(Outcome::ApiUnavailable)),
            false => Ok(()),
        }
    }

    fn check_operation(&self) -> Result<(), Box<Refusal>> {
        let located = &self.call.call;
        match located.api.permits(located.facts.method, located.rest()) {
            Permitted::Yes => Ok(()),
            Permitted::No => Err(self.refuse(Outcome::PathNotAllowed)),
            Permitted::OtherMethods(known) => {
                let mut refusal = self.refuse(Outcome::MethodNotAllowed);
                refusal.allow = known;
                Err(refusal)
            }
        }
    }
}
