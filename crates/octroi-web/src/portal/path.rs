//! What stands in a page's address: identifiers, slugs and versions. What is none names nothing.

use std::str::FromStr;

use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;

use super::gate::PageError;
use crate::problem::{Problem, ProblemCode};

/// The identifier in an address that holds one.
pub(super) struct Id<I>(pub(super) I);

/// The two identifiers in an address that holds two.
pub(super) struct Ids<A, B>(pub(super) A, pub(super) B);

/// The slug and the version of an API, as in `/apis/sirene/3.11`.
pub(super) struct ApiPath {
    pub(super) slug: String,
    pub(super) version: String,
}

fn nothing() -> PageError {
    PageError(Problem::new(ProblemCode::NotFound))
}

/// What stands between the fixed parts of the address, in order.
async fn names<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<Vec<String>, PageError> {
    let found = RawPathParams::from_request_parts(parts, state).await.map_err(|_| nothing())?;
    Ok(found.iter().map(|(_, text)| text.to_owned()).collect())
}

impl<S: Send + Sync, I: FromStr> FromRequestParts<S> for Id<I> {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PageError> {
        let names = names(parts, state).await?;
        names.first().and_then(|text| text.parse().ok()).map(Self).ok_or_else(nothing)
    }
}

impl<S: Send + Sync, A: FromStr, B: FromStr> FromRequestParts<S> for Ids<A, B> {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PageError> {
        let names = names(parts, state).await?;
        let [first, second] = names.as_slice() else { return Err(nothing()) };
        let both = first.parse().ok().zip(second.parse().ok());
        both.map(|(first, second)| Self(first, second)).ok_or_else(nothing)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ApiPath {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PageError> {
        let mut names = names(parts, state).await?.into_iter();
        let (slug, version) = names.next().zip(names.next()).ok_or_else(nothing)?;
        // A text with this sign is no version, and no database takes it.
        if version.contains('\0') { Err(nothing()) } else { Ok(Self { slug, version }) }
    }
}
