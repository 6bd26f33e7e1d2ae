//! Making secrets, and sealing the copy that can be shown again under the key of the organization that owns it.

use std::time::Duration;

use octroi_domain::application::{ApplicationKind, ApplicationState};
use octroi_domain::credential::digest::Digest;
use octroi_domain::credential::seal::{BadSeal, OrganizationKey};
use octroi_domain::credential::{
    Credential, CredentialKind, CredentialState, DigestScheme, Secret, SecretKind,
};
use octroi_domain::ids::{ApplicationId, CredentialId, OrganizationId, SubscriptionId};
use octroi_domain::plan::PlanDefinition;
use octroi_domain::time::Timestamp;
use octroi_store::{Change, Session, SubscriptionInPlace, Tx};

use super::{CredentialView, IssuedKey, curl};
use crate::error::taken;
use crate::{App, AppError, Conflict};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// What a new credential is made of.
pub(super) struct Draft<'a> {
    pub(super) kind: CredentialKind,
    pub(super) organization_id: OrganizationId,
    pub(super) application_id: ApplicationId,
    pub(super) subscription_id: Option<SubscriptionId>,
    /// The text, where it is known.
    pub(super) secret: Option<&'a Secret>,
    /// Whether a copy is kept that can be shown again.
    pub(super) keep_copy: bool,
    pub(super) digest: (DigestScheme, Digest),
    pub(super) expires_at: Option<Timestamp>,
    /// The one that came before: the new one's identifier is greater.
    pub(super) after: Option<&'a Credential>,
}

/// When a key that is made at `now` ends: after the plan's days, and with the subscription.
pub(crate) fn key_end(
    plan: &PlanDefinition,
    subscription_end: Option<Timestamp>,
    now: Timestamp,
) -> Option<Timestamp> {
    let by_plan = plan.key_days.map(|days| now.after(DAY * days));
    [by_plan, subscription_end].into_iter().flatten().min()
}

/// A moment whose identifiers are greater than `id`: gateways keep the younger of two secrets of one client, within one
/// millisecond too.
fn moment_after(id: CredentialId) -> Timestamp {
    // The first 48 bits of a ULID are its milliseconds.
    let made = i64::try_from(id.as_u128() >> 80).unwrap_or(i64::MAX);
    Timestamp::from_millis(made.saturating_add(1))
}

impl App {
    /// Makes a key for a subscription. A copy is kept unless the API shows keys once.
    pub(crate) async fn make_key(
        &self,
        tx: &mut Tx,
        place: &SubscriptionInPlace,
        after: Option<&Credential>,
    ) -> Result<IssuedKey, AppError> {
        let vault = self.vault();
        let secret = vault.instance.generate(SecretKind::ApiKey, self.entropy());
        let draft = Draft {
            kind: CredentialKind::ApiKey,
            organization_id: place.owner,
            application_id: place.subscription.application_id,
            subscription_id: Some(place.subscription.id),
            secret: Some(&secret),
            keep_copy: !place.gateway.show_key_once,
            digest: vault.peppers.digest(secret.expose()),
            expires_at: key_end(&place.plan, place.subscription.ends_at, self.now()),
            after,
        };
        let credential = self.write_credential(tx, draft).await?;
        Ok(self.shown_key(&credential, &secret, place))
    }

    /// Makes a secret for the OAuth2 client that an application is. It is shown once: no copy is kept.
    pub(crate) async fn make_client_secret(
        &self,
        tx: &mut Tx,
        application: ApplicationId,
        after: Option<&Credential>,
    ) -> Result<IssuedKey, AppError> {
        let owner = tx.application(application).await?.ok_or(AppError::NotFound)?.application;
        let (ApplicationKind::BackendToBackend, Some(client_id)) = (owner.kind, &owner.client_id) else {
            return Err(Conflict::ApplicationKind.into());
        };
        if owner.state != ApplicationState::Active {
            return Err(Conflict::ApplicationArchived.into());
        }
        let vault = self.vault();
        let secret = vault.instance.generate(SecretKind::ClientSecret, self.entropy());
        let draft = Draft {
            kind: CredentialKind::OauthClient,
            organization_id: owner.organization_id,
            application_id: application,
            subscription_id: None,
            secret: Some(&secret),
            keep_copy: false,
            digest: vault.peppers.digest(secret.expose()),
            expires_at: None,
            after,
        };
        let credential = self.write_credential(tx, draft).await?;
        Ok(IssuedKey {
            credential: CredentialView::of(&credential, self.now()),
            curl: curl::token(&self.token_endpoint(), client_id, &secret),
            secret: secret.expose().to_owned(),
        })
    }

    /// Writes a new credential and tells the gateways.
    pub(super) async fn write_credential(
        &self,
        tx: &mut Tx,
        draft: Draft<'_>,
    ) -> Result<Credential, AppError> {
        let now = self.now();
        let id = CredentialId::new(draft.after.map_or(now, |c| moment_after(c.id).max(now)), self.entropy());
        let sealed = match draft.secret {
            Some(secret) if draft.keep_copy => Some(self.seal(tx, draft.organization_id, id, secret).await?),
            _ => None,
        };
        let (scheme, digest) = draft.digest;
        let credential = Credential {
            id,
            kind: draft.kind,
            organization_id: draft.organization_id,
            application_id: draft.application_id,
            subscription_id: draft.subscription_id,
            hint: draft.secret.map_or_else(|| "····".to_owned(), Secret::hint),
            scheme,
            digest,
            sealed,
            state: CredentialState::Active,
            replaced_by: None,
            created_at: now,
            expires_at: draft.expires_at,
            revoked_at: None,
            edition: 1,
        };
        tx.insert_credential(&credential).await.map_err(|e| taken(e, &[("digest", "keys")]))?;
        tx.changed(Change::Credential(id));
        Ok(credential)
    }

    async fn seal(
        &self,
        tx: &mut Tx,
        organization: OrganizationId,
        id: CredentialId,
        secret: &Secret,
    ) -> Result<Vec<u8>, AppError> {
        let key = self.organization_key(tx, organization).await?;
        key.seal(secret, id, self.entropy()).map_err(unsealed)
    }

    /// Opens the sealed copy of a credential's secret.
    pub(super) async fn unseal(
        &self,
        session: &mut Session,
        credential: &Credential,
        sealed: &[u8],
    ) -> Result<Secret, AppError> {
        let organization = credential.organization_id;
        let wrapped = session.sealing_key(organization).await?.ok_or(Conflict::NotRevealable)?;
        let key = self.vault().master.open_organization_key(organization, &wrapped).map_err(unsealed)?;
        key.open(sealed, credential.id).map_err(unsealed)
    }

    /// The sealing key of an organization, made on its first use.
    async fn organization_key(
        &self,
        tx: &mut Tx,
        organization: OrganizationId,
    ) -> Result<OrganizationKey, AppError> {
        let master = &self.vault().master;
        if let Some(wrapped) = tx.sealing_key(organization).await? {
            return master.open_organization_key(organization, &wrapped).map_err(unsealed);
        }
        let (key, wrapped) = master.make_organization_key(organization, self.entropy()).map_err(unsealed)?;
        if tx.set_sealing_key(organization, &wrapped).await? {
            return Ok(key);
        }
        // Somebody else made one between the two statements.
        let wrapped = tx.sealing_key(organization).await?.ok_or(AppError::NotFound)?;
        master.open_organization_key(organization, &wrapped).map_err(unsealed)
    }
}

fn unsealed(error: BadSeal) -> AppError {
    AppError::Internal(error.to_string())
}
