//! Plans in words, and the fields of a form that asks for one: plan, word to the owner, the API's own terms.

use octroi_app::catalog::{PlanView, TermsView};
use octroi_app::{AppError, Conflict};
use octroi_domain::plan::{CommentRule, Limits};
use octroi_domain::validate::Violation;

use crate::field::FieldError;
use crate::portal::apis::words;
use crate::portal::fields::{Choice, Field, FormState, Kind};
use crate::portal::shell::Shell;

/// The most characters of a word to the owner.
const COMMENT: u32 = 2_000;

/// What limits the calls of a plan, in words.
pub(super) fn limits(shell: &Shell, limits: &Limits) -> String {
    let first = words::limit(shell, limits);
    match (limits.rate, limits.quota) {
        (Some(_), Some(_)) => format!("{first} {}", words::further_limit(shell, limits)),
        _ => first,
    }
}

/// Plans to choose from: those that take subscriptions.
pub(super) fn choosable(plans: &[PlanView]) -> impl Iterator<Item = &PlanView> {
    plans.iter().filter(|plan| plan.is_open_to_requests())
}

/// A plan of this provider as a choice: its name, and what it gives and asks.
pub(super) fn choice(shell: &Shell, plan: &PlanView, provider: &str) -> Choice {
    let mut lines = vec![limits(shell, &plan.limits)];
    lines.extend(words::plan_lines(shell, plan, provider));
    let hint = format!("{}. {}", lines.join(". "), plan.description);
    Choice { value: plan.id.to_string(), label: plan.name.clone(), hint: Some(hint.trim().to_owned()) }
}

/// The word to the API's owner, by the plan's rule.
pub(super) fn comment_field(shell: &Shell, form: &FormState<'_>, rule: CommentRule) -> Field {
    let field =
        form.field("comment", Kind::Lines, "field-comment").hint(shell, "field-comment-hint").max(COMMENT);
    match rule {
        CommentRule::Required => field,
        CommentRule::Optional => field.optional(shell),
    }
}

/// The API's own terms and the box that accepts them.
pub(super) struct Terms {
    /// Says which terms were shown.
    pub(super) digest: String,
    /// Safe HTML.
    pub(super) text: String,
    pub(super) accept: Field,
}

impl Terms {
    pub(super) fn of(shell: &Shell, form: &FormState<'_>, terms: &TermsView, level: u8) -> Self {
        Self {
            digest: terms.digest.clone(),
            text: shell.markdown(&terms.markdown, level, "").html,
            accept: form.field("accept_terms", Kind::Check, "field-accept-terms"),
        }
    }
}

/// What is wrong with a form that asks for a plan, field by field; what a form cannot mend goes on as it is.
pub(super) fn refusals(error: AppError) -> Result<Vec<FieldError>, AppError> {
    let named = |violation: Violation| {
        let field = match violation.field.as_str() {
            "plan_id" => "plan".to_owned(),
            "application_id" => "application".to_owned(),
            _ => violation.field,
        };
        FieldError::from(Violation { field, rule: violation.rule })
    };
    match error {
        AppError::Invalid(violations) => Ok(violations.into_iter().map(named).collect()),
        AppError::Conflict(conflict) => {
            let field = match conflict {
                Conflict::TermsNotAccepted => "accept_terms",
                Conflict::ApplicationArchived => "application",
                Conflict::PlanClosed
                | Conflict::IssuedByOfficer
                | Conflict::OrganizationSuspended
                | Conflict::ApiNotOpen
                | Conflict::ApplicationKind => "plan",
                other => return Err(other.into()),
            };
            Ok(vec![FieldError::conflict(field, conflict)])
        }
        other => Err(other),
    }
}
