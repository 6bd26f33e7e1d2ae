//! What a token is for: the APIs that it opens and the scopes that it carries, never more than what plans give.

use std::collections::BTreeSet;

use octroi_policy::token::ANY_API;
use octroi_store::SubscriptionInPlace;
use serde_json::Value;

use super::TokenError;

/// The subscriptions whose APIs are asked for: all of them where none is named.
pub(super) fn targets<'a>(
    granted: &'a [SubscriptionInPlace],
    resources: &[String],
    access_url: impl Fn(&SubscriptionInPlace) -> String,
) -> Result<Vec<&'a SubscriptionInPlace>, TokenError> {
    if resources.is_empty() {
        return Ok(granted.iter().collect());
    }
    let mut chosen = Vec::new();
    for resource in resources {
        let wanted = resource.trim_end_matches('/');
        let before = chosen.len();
        let named = |place: &&SubscriptionInPlace| {
            place.api_slug == wanted || access_url(place).trim_end_matches('/') == wanted
        };
        chosen.extend(granted.iter().filter(named));
        if chosen.len() == before {
            return Err(TokenError::InvalidTarget);
        }
    }
    Ok(chosen)
}

/// The scopes of the token, with spaces between them: those asked for, or all that the targets' plans give.
pub(super) fn scopes(targets: &[&SubscriptionInPlace], asked: Option<&str>) -> Result<String, TokenError> {
    let given: BTreeSet<&str> =
        targets.iter().flat_map(|place| place.plan.scopes.iter().map(String::as_str)).collect();
    let asked: BTreeSet<&str> =
        asked.unwrap_or_default().split(' ').filter(|word| !word.is_empty()).collect();
    if asked.is_empty() {
        return Ok(joined(&given));
    }
    if asked.is_subset(&given) { Ok(joined(&asked)) } else { Err(TokenError::InvalidScope) }
}

fn joined(words: &BTreeSet<&str>) -> String {
    words.iter().copied().collect::<Vec<_>>().join(" ")
}

/// The `aud` claim: the slugs of the APIs that were named, or the word for every API of the client.
pub(super) fn audience(targets: &[&SubscriptionInPlace], resources: &[String]) -> Value {
    if resources.is_empty() {
        return ANY_API.into();
    }
    let slugs: BTreeSet<&str> = targets.iter().map(|place| place.api_slug.as_str()).collect();
    match slugs.first() {
        Some(only) if slugs.len() == 1 => (*only).into(),
        _ => slugs.into_iter().collect(),
    }
}
