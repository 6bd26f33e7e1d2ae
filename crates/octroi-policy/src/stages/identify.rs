//! Third stage: who calls. Unknown, revoked and foreign credentials take one path and give one answer; what differs is
//! told to the log and to the credential's owner only.

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use octroi_domain::credential::{Digest, Shape};
use octroi_domain::plan::Security;

use super::{Caller, Located, Refusal, Screened};
use crate::Policy;
use crate::catalogue::Seat;
use crate::feed::{KeyKind, client_lookup};
use crate::keys::{HeldGrant, KeyEntry, Standing};
use crate::outcome::Outcome;
use crate::query;
use crate::token::{self, Refused};

/// A call whose caller is known, or that needs no name.
pub struct Identified<'r> {
    pub(super) call: Located<'r>,
    pub(super) who: Who,
}

pub(super) enum Who {
    Key(Arc<KeyEntry>),
    Anybody,
}

/// A credential as it stands in the call.
struct Shown<'r> {
    text: Cow<'r, [u8]>,
    bearer: bool,
}

impl<'r> Screened<'r> {
    /// Finds the one credential of the call and whose it is.
    pub fn identify(self, policy: &Policy) -> Result<Identified<'r>, Box<Refusal>> {
        let call = self.0;
        let who = match find_credential(&call).map_err(|outcome| refuse(&call, outcome))? {
            Some(shown) => Who::Key(recognise(policy, &call, &shown)?),
            None if call.api.open_to_anybody(call.facts.method, call.rest()) => Who::Anybody,
            None => return Err(refuse(&call, Outcome::CredentialMissing)),
        };
        Ok(Identified { call, who })
    }
}

impl Identified<'_> {
    /// Who calls, as far as it is known.
    pub fn caller(&self) -> Caller {
        match &self.who {
            Who::Key(entry) => Caller::of(entry),
            Who::Anybody => Caller::default(),
        }
    }
}

impl Caller {
    fn of(entry: &KeyEntry) -> Self {
        Self { credential_id: Some(entry.id), application_id: Some(entry.application_id), ..Self::default() }
    }
}

fn refuse(call: &Located<'_>, outcome: Outcome) -> Box<Refusal> {
    Refusal::at(outcome, &call.api, Caller::default())
}

/// Looks at every place that the API names. Two different credentials are refused: a call has one caller.
fn find_credential<'r>(call: &Located<'r>) -> Result<Option<Shown<'r>>, Outcome> {
    let mut found: Option<Shown<'r>> = None;
    let mut note = |text: Cow<'r, [u8]>, bearer: bool| match &mut found {
        _ if text.is_empty() => Ok(()),
        Some(known) if known.text != text => Err(Outcome::CredentialAmbiguous),
        Some(known) => {
            known.bearer |= bearer;
            Ok(())
        }
        None => {
            found = Some(Shown { text, bearer });
            Ok(())
        }
    };
    let headers = call.facts.headers;
    for seat in &call.api.seats {
        let name = match seat {
            Seat::Header(name) => name,
            Seat::Bearer | Seat::Basic => &AUTHORIZATION,
            Seat::Query(name) => {
                for value in call.facts.query.into_iter().flat_map(|q| query::values(q, name)) {
                    note(into_bytes(value), false)?;
                }
                continue;
            }
        };
        for value in (0..).map_while(|nth| headers.value(name, nth)) {
            match seat {
                Seat::Bearer => {
                    if let Some(token) = after_scheme(value, b"bearer") {
                        note(Cow::Borrowed(token), true)?;
                    }
                }
                Seat::Basic => {
                    if let Some(pair) = after_scheme(value, b"basic") {
                        note(Cow::Owned(basic_secret(pair)), false)?;
                    }
                }
                Seat::Header(_) | Seat::Query(_) => note(Cow::Borrowed(value.trim_ascii()), false)?,
            }
        }
    }
    Ok(found)
}

fn into_bytes(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

/// What follows the scheme in an `Authorization`; schemes match in any letter case (RFC 9110, 11.1).
fn after_scheme<'v>(value: &'v [u8], scheme: &[u8]) -> Option<&'v [u8]> {
    let value = value.trim_ascii();
    let (head, rest) = value.split_at_checked(scheme.len())?;
    (head.eq_ignore_ascii_case(scheme) && rest.first() == Some(&b' ')).then(|| rest.trim_ascii())
}

/// A key given by HTTP Basic: the password, or the login where the password is empty. What is not Basic at all stays
/// as it is, and will be unknown.
fn basic_secret(pair: &[u8]) -> Vec<u8> {
    let Ok(decoded) = STANDARD.decode(pair) else { return pair.to_vec() };
    match decoded.iter().position(|b| *b == b':') {
        Some(colon) if colon + 1 < decoded.len() => decoded[colon + 1..].to_vec(),
        Some(colon) => decoded[..colon].to_vec(),
        None => decoded,
    }
}

/// Whose credential this is.
fn recognise(policy: &Policy, call: &Located<'_>, shown: &Shown<'_>) -> Result<Arc<KeyEntry>, Box<Refusal>> {
    let text = std::str::from_utf8(&shown.text).ok();
    if let Some(token) = text.filter(|t| call.api.accepts_tokens && shown.bearer && token::is_access_token(t))
    {
        return recognise_token(policy, call, token);
    }
    if text.is_some_and(|t| policy.instance.shape(t) == Shape::Broken) {
        return Err(refuse(call, Outcome::CredentialMalformed));
    }
    look_up(policy, call, &shown.text, KeyKind::Opaque)
}

fn recognise_token(policy: &Policy, call: &Located<'_>, token: &str) -> Result<Arc<KeyEntry>, Box<Refusal>> {
    let catalogue = policy.snapshot.catalogue();
    let issuer = catalogue.as_ref().and_then(|c| c.issuer.as_ref());
    // Without a key to judge it by, the token is not to blame (promise G14).
    let issuer = issuer.ok_or_else(|| refuse(call, Outcome::ApiUnavailable))?;
    let client_id = issuer.verify(token, &[&call.api.slug], call.facts.now).map_err(|refused| {
        let outcome = match refused {
            Refused::Invalid => Outcome::TokenInvalid,
            Refused::Expired => Outcome::CredentialExpired,
            Refused::Foreign => Outcome::CredentialForeign,
        };
        refuse(call, outcome)
    })?;
    look_up(policy, call, client_lookup(&client_id).as_bytes(), KeyKind::OauthClient)
}

/// Looks a credential up. One that opens this API is nearly always found by the first digest; whatever does not is
/// looked up under every other digest too, so that the time does not tell an unknown one from a revoked one.
fn look_up(
    policy: &Policy,
    call: &Located<'_>,
    text: &[u8],
    kind: KeyKind,
) -> Result<Arc<KeyEntry>, Box<Refusal>> {
    let find = |digest: &Digest| policy.snapshot.keys.find(digest, kind);
    let mut because = (Outcome::CredentialUnknown, Caller::default());
    let mut judge = |entry: Option<Arc<KeyEntry>>| {
        let entry = entry?;
        match hindrance(&entry, call) {
            None => Some(entry),
            Some(outcome) => {
                because = (outcome, Caller::of(&entry));
                None
            }
        }
    };
    if let Some(entry) = judge(find(&policy.peppers.first(text))) {
        return Ok(entry);
    }
    let mut opening = None;
    for digest in policy.peppers.others(text) {
        if let Some(entry) = judge(find(&digest)) {
            opening = opening.or(Some(entry));
        }
    }
    opening.ok_or_else(|| Refusal::at(because.0, &call.api, because.1))
}

/// What keeps a known credential from opening this API.
fn hindrance(entry: &KeyEntry, call: &Located<'_>) -> Option<Outcome> {
    match entry.standing {
        Standing::Revoked => Some(Outcome::CredentialRevoked),
        Standing::Paused => Some(Outcome::CredentialPaused),
        Standing::Open if entry.expired(call.facts.now) => Some(Outcome::CredentialExpired),
        Standing::Open if grant_in_force(entry, call).is_some() => None,
        Standing::Open if entry.grants().iter().any(|g| is_for(g, entry.kind, call)) => {
            Some(Outcome::CredentialExpired)
        }
        Standing::Open => Some(Outcome::CredentialForeign),
    }
}

/// The place of the grant that opens this API now.
pub(super) fn grant_in_force(entry: &KeyEntry, call: &Located<'_>) -> Option<usize> {
    let now = call.facts.now;
    let in_force = |g: &HeldGrant| is_for(g, entry.kind, call) && g.ends_at.is_none_or(|end| now < end);
    entry.grants().iter().position(in_force)
}

/// Whether a grant is for this API, under a plan that is still there and that this kind of credential fits.
fn is_for(grant: &HeldGrant, kind: KeyKind, call: &Located<'_>) -> bool {
    let security = match kind {
        KeyKind::Opaque => Security::ApiKey,
        KeyKind::OauthClient => Security::Oauth2,
    };
    grant.api_id == call.api.id && call.api.plan(grant.plan_id).is_some_and(|p| p.security == security)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_match_in_any_letter_case_and_need_a_space() {
        assert_eq!(after_scheme(b"bEaReR  abc ", b"bearer"), Some(&b"abc"[..]));
        assert_eq!(after_scheme(b"Bearerabc", b"bearer"), None);
        assert_eq!(after_scheme(b"Bea", b"bearer"), None);
        assert_eq!(basic_secret(b"dXNlcjprZXk="), b"key");
        assert_eq!(basic_secret(b"a2V5Og=="), b"key");
        assert_eq!(basic_secret(b"%%%"), b"%%%");
    }
}
