//! What an API offers to a subscriber: a plan that takes new subscriptions, the terms to accept.

use octroi_domain::actor::Actor;
use octroi_domain::api::{Api, ApiState};
use octroi_domain::application::ApplicationKind;
use octroi_domain::credential::digest::{hex, sha256};
use octroi_domain::ids::PlanId;
use octroi_domain::plan::{CommentRule, Plan, PlanState, Security, Validation};
use octroi_domain::validate::{Check, Rule};
use octroi_store::Session;

use crate::access::viewer;
use crate::{AppError, Conflict};

/// A plan and its API, both seen by the actor.
pub(super) struct Offer {
    pub(super) plan: Plan,
    pub(super) api: Api,
}

/// What a subscriber sends back to show which terms it accepted: the SHA-256 of their text, in hexadecimal.
pub fn terms_digest(terms: &str) -> String {
    hex(&sha256(terms.as_bytes()))
}

/// The plan `id`, if `actor` sees its API.
pub(super) async fn find(session: &mut Session, actor: &Actor, id: PlanId) -> Result<Offer, AppError> {
    let unknown = || AppError::invalid("plan_id", Rule::Unknown);
    let plan = session.plan(id).await?.ok_or_else(unknown)?;
    let api = session.api_seen(viewer(actor), plan.api_id).await?.ok_or_else(unknown)?;
    Ok(Offer { plan, api })
}

impl Offer {
    /// Whether an application of this kind may subscribe now, at the request of its own people.
    pub(super) fn check_open(&self, kind: ApplicationKind) -> Result<(), AppError> {
        self.check_offered(kind)?;
        match self.plan.definition.validation {
            Validation::Officer => Err(Conflict::IssuedByOfficer.into()),
            Validation::Automatic | Validation::Manual => Ok(()),
        }
    }

    /// Whether an application of this kind may have the plan now, whoever asks.
    fn check_offered(&self, kind: ApplicationKind) -> Result<(), AppError> {
        if self.api.state != ApiState::Published {
            return Err(Conflict::ApiNotOpen.into());
        }
        if self.plan.state != PlanState::Published {
            return Err(Conflict::PlanClosed.into());
        }
        match (self.plan.definition.security, kind) {
            (Security::Keyless, _) => {
                let allowed = "api_key, oauth2".to_owned();
                Err(AppError::invalid("plan_id", Rule::NotAllowed { allowed }))
            }
            (Security::Oauth2, ApplicationKind::Simple) => Err(Conflict::ApplicationKind.into()),
            _ => Ok(()),
        }
    }

    /// Whether a deployment officer may issue a key under the plan.
    pub(super) fn check_issuable(&self, kind: ApplicationKind) -> Result<(), AppError> {
        self.check_offered(kind)?;
        match self.plan.definition.validation {
            Validation::Officer => Ok(()),
            Validation::Automatic | Validation::Manual => {
                let allowed = "validation: officer".to_owned();
                Err(AppError::invalid("plan_id", Rule::NotAllowed { allowed }))
            }
        }
    }

    /// The comment as it is stored.
    pub(super) fn check_comment(&self, comment: &str) -> Result<String, AppError> {
        let least = usize::from(self.plan.definition.comment == CommentRule::Required);
        let mut check = Check::new();
        check.paragraph("comment", comment, least, 2_000);
        check.finish()?;
        Ok(comment.trim().to_owned())
    }

    /// The digest of the terms to remember; none where the API has no terms of its own.
    pub(super) fn check_terms(&self, accepted: Option<&str>) -> Result<Option<String>, AppError> {
        let Some(terms) = &self.api.terms else { return Ok(None) };
        let current = terms_digest(terms);
        match accepted {
            Some(accepted) if accepted.eq_ignore_ascii_case(&current) => Ok(Some(current)),
            _ => Err(Conflict::TermsNotAccepted.into()),
        }
    }
}
