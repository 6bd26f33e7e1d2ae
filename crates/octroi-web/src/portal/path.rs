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

/// The one name in an address that holds one: a slug, a code, a number.
pub(super) struct Name(pub(super) String);

/// The slug and the version of an API and the name of a page, as in `/apis/sirene/3.11/documentation/errors`.
pub(super) struct ApiPagePath {
    pub(super) slug: String,
    pub(super) version: String,
    pub(super) page: String,
}

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
    let names: Vec<String> = found.iter().map(|(_, text)| text.to_owned()).collect();
    // A text with this sign names nothing, and not every database takes it.
    if names.iter().any(|name| name.contains('\0')) { Err(nothing()) } else { Ok(names) }
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
        Ok(Self { slug, version })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ApiPagePath {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PageError> {
        let names = names(parts, state).await?;
        let [slug, version, page] = <[String; 3]>::try_from(names).map_err(|_| nothing())?;
        Ok(Self { slug, version, page })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Name {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PageError> {
        names(parts, state).await?.into_iter().next().map(Self).ok_or_else(nothing)
    }
}
