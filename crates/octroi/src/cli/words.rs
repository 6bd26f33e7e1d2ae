//! What went wrong, in words for the person at the command line.

use octroi_app::AppError;
use octroi_domain::validate::{Rule, Violation};

use super::Failure;

/// One line for a use case that did not do what was asked.
pub(super) fn failure(error: &AppError) -> Failure {
    Failure(match error {
        AppError::Invalid(violations) => violations.iter().map(violation).collect::<Vec<_>>().join("; "),
        other => other.to_string(),
    })
}

fn violation(v: &Violation) -> String {
    let what = match &v.rule {
        Rule::Required => "is missing".to_owned(),
        Rule::TooShort { min } => format!("is too short: {min} at least"),
        Rule::TooLong { max } => format!("is too long: {max} at most"),
        Rule::OutOfRange { min, max } => format!("must be from {min} to {max}"),
        Rule::Malformed { expected: "email" } => "is not an address such as jeanne@exemple.fr".to_owned(),
        Rule::Malformed { expected } => format!("is not of the form wanted ({})", expected.replace('_', " ")),
        Rule::ControlCharacter => "holds a control character".to_owned(),
        Rule::Taken => "is taken already".to_owned(),
        Rule::TakenBy { by } => format!("is taken already, by {by}"),
        Rule::OwnAddress => "is your own address".to_owned(),
        Rule::WrongPassword => "is not the password".to_owned(),
        Rule::Unknown => "is not known".to_owned(),
        Rule::NotAllowed { allowed } => format!("must be one of: {allowed}"),
        Rule::Guessable => "is too easily guessed".to_owned(),
        Rule::Conflicts { with } => format!("does not go together with {with}"),
        Rule::PrivateAddress => "leads to a private network that is not permitted".to_owned(),
    };
    if v.field.is_empty() { what } else { format!("{} {what}", v.field) }
}
