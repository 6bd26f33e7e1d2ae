//! What a door refuses, in a form that a test compares.

use std::fmt::Debug;

use octroi_app::{AppError, Conflict};

/// The conflict that a door reports.
///
/// # Panics
/// Where it reports none.
pub fn conflict<T: Debug>(result: Result<T, AppError>) -> Conflict {
    match result {
        Err(AppError::Conflict(conflict)) => conflict,
        other => panic!("a conflict was due: {other:?}"),
    }
}

/// The fields and rules that a door reports.
///
/// # Panics
/// Where it reports none.
pub fn violations<T: Debug>(result: Result<T, AppError>) -> Vec<(String, &'static str)> {
    match result {
        Err(AppError::Invalid(found)) => found.into_iter().map(|v| (v.field, v.rule.code())).collect(),
        other => panic!("violations were due: {other:?}"),
    }
}
