//! First stage: which API is meant.

use std::borrow::Cow;
use std::sync::Arc;

use super::Refusal;
use crate::Policy;
use crate::catalogue::Api;
use crate::facts::RequestFacts;
use crate::outcome::Outcome;
use crate::path::normalise;

/// A call whose API is known, and whose path is in its normal form.
pub struct Located<'r> {
    pub(super) facts: RequestFacts<'r>,
    pub(super) api: Arc<Api>,
    pub(super) path: Cow<'r, str>,
}

/// Finds the API by host and normal path.
pub fn locate<'r>(policy: &Policy, facts: RequestFacts<'r>) -> Result<Located<'r>, Box<Refusal>> {
    let catalogue = policy.snapshot.catalogue();
    let Some(catalogue) = catalogue.as_ref() else { return Err(Refusal::early(Outcome::GatewayNotReady)) };
    let path = normalise(facts.path).map_err(|_| Refusal::early(Outcome::PathAmbiguous))?;
    let api = catalogue.find(facts.host, &path).ok_or_else(|| Refusal::early(Outcome::ApiNotFound))?;
    if api.fault.is_some() {
        return Err(Refusal::at(Outcome::ApiUnavailable, api, super::Caller::default()));
    }
    Ok(Located { facts, api: Arc::clone(api), path })
}

impl Located<'_> {
    /// The API.
    pub fn api(&self) -> &Arc<Api> {
        &self.api
    }

    /// The normal path behind the API's prefix: empty, or beginning with a slash.
    pub fn rest(&self) -> &str {
        &self.path[self.api.prefix.len()..]
    }
}
