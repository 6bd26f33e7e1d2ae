//! The life of a credential: active, paused, revoked; expiring by itself; renewed with a grace for the old one.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::digest::{Digest, DigestScheme};
use crate::ids::{ApplicationId, CredentialId, OrganizationId, SubscriptionId};
use crate::time::Timestamp;

/// The longest grace that a renewal can give the old key.
pub const MAX_GRACE: Duration = Duration::from_secs(7 * 24 * 3600);

/// The grace when the consumer chooses none.
pub const DEFAULT_GRACE: Duration = Duration::from_secs(2 * 3600);

/// Days before the end of a key at which its owner is told: the nearest first.
pub const NOTICE_DAYS: [i64; 3] = [1, 7, 30];

/// What a credential is and how it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CredentialKind {
    /// An opaque key of one subscription.
    ApiKey,
    /// A client of the portal's OAuth2 server: opens every subscription of its application.
    OauthClient,
}

/// Where a credential is in its life. Whether it has expired is a matter of the time: see [`Credential::standing`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CredentialState {
    /// In use.
    Active,
    /// Stopped for a while.
    Paused,
    /// Ended for good.
    Revoked,
}

/// What a credential is at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Opens what its grants say.
    Active,
    /// Replaced, and still opening until its end.
    Grace,
    /// Stopped for a while.
    Paused,
    /// Past its end.
    Expired,
    /// Ended for good.
    Revoked,
}

/// A change that the credential's state does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a credential that is {0:?} cannot be changed in this way")]
pub struct WrongState(pub Standing);

/// A credential, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Its identifier: safe to log and show.
    pub id: CredentialId,
    /// What it is.
    pub kind: CredentialKind,
    /// Whose it is; its key seals the secret.
    pub organization_id: OrganizationId,
    /// The application that shows it.
    pub application_id: ApplicationId,
    /// The subscription that it opens; none for an OAuth2 client, which opens all of its application's.
    pub subscription_id: Option<SubscriptionId>,
    /// The last four characters of the secret, to tell keys apart.
    pub hint: String,
    /// How `digest` was made.
    pub scheme: DigestScheme,
    /// What the gateway looks up.
    pub digest: Digest,
    /// The copy that can be shown again; none where the API shows keys once, or where only a digest was imported.
    pub sealed: Option<Vec<u8>>,
    /// Where it is in its life.
    pub state: CredentialState,
    /// The credential that replaced it.
    pub replaced_by: Option<CredentialId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From this moment on it opens nothing; never where absent.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// Counts the changes; the entity tag of the management API.
    pub edition: i64,
}

impl Credential {
    /// What it is at `now`.
    pub fn standing(&self, now: Timestamp) -> Standing {
        match self.state {
            CredentialState::Revoked => Standing::Revoked,
            _ if self.expires_at.is_some_and(|end| now >= end) => Standing::Expired,
            CredentialState::Paused => Standing::Paused,
            CredentialState::Active if self.replaced_by.is_some() => Standing::Grace,
            CredentialState::Active => Standing::Active,
        }
    }

    /// Stops it for a while.
    pub fn pause(&mut self, now: Timestamp) -> Result<(), WrongState> {
        match self.standing(now) {
            Standing::Active | Standing::Grace => self.state = CredentialState::Paused,
            other => return Err(WrongState(other)),
        }
        Ok(())
    }

    /// Lets a paused one go on.
    pub fn resume(&mut self, now: Timestamp) -> Result<(), WrongState> {
        match self.standing(now) {
            Standing::Paused => self.state = CredentialState::Active,
            other => return Err(WrongState(other)),
        }
        Ok(())
    }

    /// Ends it at once and for good; the sealed copy goes with it. An expired one can still be revoked.
    pub fn revoke(&mut self, now: Timestamp) -> Result<(), WrongState> {
        if self.state == CredentialState::Revoked {
            return Err(WrongState(Standing::Revoked));
        }
        self.state = CredentialState::Revoked;
        self.revoked_at = Some(now);
        self.sealed = None;
        Ok(())
    }

    /// Marks it as replaced by `successor`: it lives on for `grace`, never past its own end. A zero grace ends it now.
    pub fn replace(
        &mut self,
        successor: CredentialId,
        grace: Duration,
        now: Timestamp,
    ) -> Result<(), WrongState> {
        match self.standing(now) {
            Standing::Active | Standing::Paused => {}
            other => return Err(WrongState(other)),
        }
        let end = now.after(grace.min(MAX_GRACE));
        self.expires_at = Some(self.expires_at.map_or(end, |own| own.min(end)));
        self.replaced_by = Some(successor);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credential() -> Credential {
        Credential {
            id: CredentialId::from_u128(1),
            kind: CredentialKind::ApiKey,
            organization_id: OrganizationId::from_u128(1),
            application_id: ApplicationId::from_u128(1),
            subscription_id: Some(SubscriptionId::from_u128(1)),
            hint: "abcd".into(),
            scheme: DigestScheme::Hmac { pepper: 1 },
            digest: Digest([0; 32]),
            sealed: Some(vec![1]),
            state: CredentialState::Active,
            replaced_by: None,
            created_at: Timestamp::from_millis(0),
            expires_at: None,
            revoked_at: None,
            edition: 1,
        }
    }

    #[test]
    fn a_replaced_key_lives_for_the_grace_and_not_a_millisecond_longer() {
        let mut old = credential();
        let now = Timestamp::from_millis(1_000);
        old.replace(CredentialId::from_u128(2), DEFAULT_GRACE, now).unwrap();
        let end = now.after(DEFAULT_GRACE);
        assert_eq!(old.standing(Timestamp::from_millis(end.as_millis() - 1)), Standing::Grace);
        assert_eq!(old.standing(end), Standing::Expired);
        assert!(old.replace(CredentialId::from_u128(3), DEFAULT_GRACE, now).is_err());
    }

    #[test]
    fn revocation_is_final_and_pause_is_not() {
        let now = Timestamp::from_millis(1);
        let mut key = credential();
        key.pause(now).unwrap();
        assert_eq!(key.standing(now), Standing::Paused);
        key.resume(now).unwrap();
        assert_eq!(key.standing(now), Standing::Active);
        key.revoke(now).unwrap();
        assert_eq!(key.sealed, None);
        assert!(key.resume(now).is_err() && key.pause(now).is_err() && key.revoke(now).is_err());
    }
}
