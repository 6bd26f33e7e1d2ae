//! Bringing existing keys from another system, so that no consumer changes anything.

use std::collections::HashSet;

use octroi_domain::actor::Actor;
use octroi_domain::credential::digest::{Digest, sha256, unhex};
use octroi_domain::credential::format::is_importable;
use octroi_domain::credential::{Credential, CredentialKind, Secret, Shape};
use octroi_domain::ids::SubscriptionId;
use octroi_domain::permission::Action;
use octroi_domain::time::Timestamp;
use octroi_domain::validate::{Check, Rule};
use octroi_store::{SubscriptionInPlace, Tx};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::issuing::{Draft, key_end};
use super::{CredentialView, check_plan_has_keys};
use crate::{App, AppError, Conflict};

/// Keys at most in one import.
pub const MAX_IMPORTED: usize = 10_000;

/// A key from another system: its text, or the SHA-256 of its text.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportedKey {
    /// The key itself: 8 to 128 printable ASCII characters without spaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 8, max = 128), regex(pattern = octroi_domain::patterns::IMPORTABLE))]
    pub secret: Option<String>,
    /// The SHA-256 of the key, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 64, max = 64), regex(pattern = octroi_domain::patterns::SHA256))]
    pub sha256: Option<String>,
    /// When it ends, if before what the plan and the subscription say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

impl std::fmt::Debug for ImportedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ImportedKey").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// A key that passed the checks.
struct Accepted {
    secret: Option<Secret>,
    sha256: [u8; 32],
    expires_at: Option<Timestamp>,
}

impl App {
    /// Takes existing keys over for a subscription, all or none. A key that is known already, under whichever form,
    /// is refused.
    pub async fn import_keys(
        &self,
        actor: &Actor,
        subscription: SubscriptionId,
        keys: Vec<ImportedKey>,
    ) -> Result<Vec<CredentialView>, AppError> {
        let mut tx = self.begin().await?;
        let place = self.hold_subscription(&mut tx, actor, subscription, Action::SubscriptionImport).await?;
        check_plan_has_keys(&place)?;
        if place.subscription.state.is_final() {
            return Err(Conflict::SubscriptionState.into());
        }
        let accepted = self.check_imported(keys)?;
        self.check_unknown(&mut tx, &accepted).await?;
        let mut views = Vec::with_capacity(accepted.len());
        for key in accepted {
            let credential = self.take_over(&mut tx, &place, key).await?;
            let details = json!({"subscription": subscription});
            self.audit(&mut tx, actor, "credential.imported", credential.id, details);
            views.push(CredentialView::of(&credential, self.now()));
        }
        self.commit(tx).await?;
        Ok(views)
    }

    /// Everything that is wrong with the keys as they were given.
    fn check_imported(&self, keys: Vec<ImportedKey>) -> Result<Vec<Accepted>, AppError> {
        let mut check = Check::new();
        if keys.is_empty() {
            check.fail("keys", Rule::Required);
        }
        if keys.len() > MAX_IMPORTED {
            return Err(AppError::invalid("keys", Rule::TooLong { max: MAX_IMPORTED as u64 }));
        }
        let mut seen = HashSet::new();
        let mut accepted = Vec::with_capacity(keys.len());
        for (i, key) in keys.into_iter().enumerate() {
            match self.check_one(key) {
                Ok(key) if seen.insert(key.sha256) => accepted.push(key),
                Ok(_) => {
                    check.fail(format!("keys[{i}]"), Rule::Taken);
                }
                Err((field, rule)) => {
                    check.fail(format!("keys[{i}].{field}"), rule);
                }
            }
        }
        check.finish()?;
        Ok(accepted)
    }

    fn check_one(&self, key: ImportedKey) -> Result<Accepted, (&'static str, Rule)> {
        let expires_at = key.expires_at;
        match (key.secret, key.sha256) {
            (Some(_), Some(_)) => Err(("sha256", Rule::Conflicts { with: "secret".into() })),
            (None, None) => Err(("secret", Rule::Required)),
            (None, Some(text)) => {
                let sha256 = unhex(&text).ok_or(("sha256", Rule::Malformed { expected: "sha256" }))?;
                Ok(Accepted { secret: None, sha256, expires_at })
            }
            (Some(text), None) => {
                let secret = Secret::new(text);
                if !is_importable(secret.expose()) {
                    return Err(("secret", Rule::Malformed { expected: "importable_key" }));
                }
                if self.vault().instance.shape(secret.expose()) != Shape::Foreign {
                    return Err(("secret", Rule::Malformed { expected: "foreign_key" }));
                }
                let sha256 = sha256(secret.expose().as_bytes());
                Ok(Accepted { secret: Some(secret), sha256, expires_at })
            }
        }
    }

    async fn check_unknown(&self, tx: &mut Tx, keys: &[Accepted]) -> Result<(), AppError> {
        let mut check = Check::new();
        for (i, key) in keys.iter().enumerate() {
            for digest in self.every_digest(key) {
                if tx.credential_by_digest(&digest).await?.is_some() {
                    check.fail(format!("keys[{i}]"), Rule::Taken);
                    break;
                }
            }
        }
        Ok(check.finish()?)
    }

    /// Every digest under which the key may be stored already.
    fn every_digest(&self, key: &Accepted) -> Vec<Digest> {
        let peppers = &self.vault().peppers;
        match &key.secret {
            Some(secret) => {
                let text = secret.expose().as_bytes();
                std::iter::once(peppers.first(text)).chain(peppers.others(text)).collect()
            }
            None => peppers.every_digest_of_sha256(&key.sha256),
        }
    }

    /// Imported keys are all stored by the digest of their SHA-256, so that a key brought once as text and once as
    /// digest is known to be the same: revoking it ends it.
    async fn take_over(
        &self,
        tx: &mut Tx,
        place: &SubscriptionInPlace,
        key: Accepted,
    ) -> Result<Credential, AppError> {
        let end = key_end(&place.plan, place.subscription.ends_at, self.now());
        let draft = Draft {
            kind: CredentialKind::ApiKey,
            organization_id: place.owner,
            application_id: place.subscription.application_id,
            subscription_id: Some(place.subscription.id),
            secret: key.secret.as_ref(),
            keep_copy: !place.gateway.show_key_once,
            digest: self.vault().peppers.digest_of_sha256(&key.sha256),
            expires_at: [key.expires_at, end].into_iter().flatten().min(),
            after: None,
        };
        self.write_credential(tx, draft).await
    }
}
