//! What a use case refuses and a form can mend: shown beside its fields, with all that was typed. Everything else is a
//! page of its own.

use http::StatusCode;
use octroi_app::AppError;

use super::gate::PageError;
use crate::field::FieldError;

/// A form that was refused.
pub(super) struct Refused {
    pub(super) status: StatusCode,
    pub(super) errors: Vec<FieldError>,
}

impl Refused {
    /// Takes what a form can mend; waiting is told beside the field `at`.
    pub(super) fn by(error: AppError, at: &'static str) -> Result<Self, PageError> {
        match error {
            AppError::Invalid(violations) => Ok(Self::fields(violations.into_iter().map(FieldError::from))),
            AppError::TooMany(seconds) => Ok(Self {
                status: StatusCode::TOO_MANY_REQUESTS,
                errors: vec![FieldError::too_many(at, seconds)],
            }),
            other => Err(other.into()),
        }
    }

    /// Fields that are wrong.
    pub(super) fn fields(errors: impl IntoIterator<Item = FieldError>) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, errors: errors.into_iter().collect() }
    }
}
