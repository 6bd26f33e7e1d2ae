//! Fifth stage: whether the call carries what the API asks of every call, and no more than it takes.

use super::{Authorized, Refusal};
use crate::outcome::Outcome;
use crate::query;

/// A call that carries what it must.
pub struct Validated<'r>(pub(super) Authorized<'r>);

impl<'r> Authorized<'r> {
    /// Asks for the body's length, where it is known, and for the required parameters; all missing ones are reported
    /// together, in the API's order.
    pub fn validate(self) -> Result<Validated<'r>, Box<Refusal>> {
        let located = &self.call.call;
        if located.facts.body_bytes.is_some_and(|length| length > located.api.max_body_bytes) {
            return Err(Refusal::at(Outcome::BodyTooLarge, &located.api, self.caller()));
        }
        let given = located.facts.query.unwrap_or("");
        let required = located.api.required_parameters.iter();
        let missing: Vec<String> = required.filter(|name| !query::has_value(given, name)).cloned().collect();
        if missing.is_empty() {
            return Ok(Validated(self));
        }
        let mut refusal = Refusal::at(Outcome::ParameterMissing, &located.api, self.caller());
        refusal.missing = missing;
        Err(refusal)
    }
}
