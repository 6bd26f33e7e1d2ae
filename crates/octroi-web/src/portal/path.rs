//! What stands in a page's address: identifiers. What is none names nothing.

use std::str::FromStr;

use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;

use super::gate::PageError;
use crate::problem::{Problem, ProblemCode};

/// The first identifier in an address.
pub(super) struct Id<I>(pub(super) I);

/// The first two identifiers in an address.
pub(super) struct Ids<A, B>(pub(super) A, pub(super) B);

fn nothing() -> PageError {
    PageError(Problem::new(ProblemCode::NotFound))
}

async fn params<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<Vec<String>, PageError> {
    let found = RawPathParams::from_request_parts(parts, state).await.map_err(|_| nothing())?;
    Ok(found.iter().map(|(_, text)| text.to_owned()).collect())
}

fn read<I: FromStr>(texts: &[String], place: usize) -> Result<I, PageError> {
    texts.get(place).and_then(|text| text.parse().ok()).ok_or_else(nothing)
}

impl<S: Send + Sync, I: FromStr> FromRequestParts<S> for Id<I> {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PageError> {
        let texts = params(parts, state).await?;
        Ok(Self(read(&texts, 0)?))
    }
}

impl<S: Send + Sync, A: FromStr, B: FromStr> FromRequestParts<S> for Ids<A, B> {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PageError> {
        let texts = params(parts, state).await?;
        Ok(Self(read(&texts, 0)?, read(&texts, 1)?))
    }
}
