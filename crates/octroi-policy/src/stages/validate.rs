//! Fifth stage: whether the call carries what the API asks of every call.

use super::{Authorized, Refusal};
use crate::outcome::Outcome;
use crate::query;

/// A call that carries what it must.
pub struct Validated<'r>(pub(super) Authorized<'r>);

impl<'r> Authorized<'r> {
    /// Asks for the required parameters; all missing ones are reported together, in the API's order.
    pub fn validate(self) -> Result<Validated<'r>, Box<Refusal>> {
        let located = &self.call.call;
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
