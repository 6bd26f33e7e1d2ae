//! Credentials: shown, renewed, paused, resumed, revoked, revealed.

pub mod curl;
mod import;
mod issuing;

use std::sync::Arc;
use std::time::Duration;

use octroi_domain::actor::Actor;
use octroi_domain::credential::{
    Credential, CredentialKind, CredentialState, DEFAULT_GRACE, MAX_GRACE, Secret, Standing, WrongState,
};
use octroi_domain::ids::{ApiId, ApplicationId, CredentialId, SubscriptionId};
use octroi_domain::permission::{Action, Parties};
use octroi_domain::plan::{Security, Validation};
use octroi_domain::subscription::SubscriptionState;
use octroi_domain::time::Timestamp;
use octroi_domain::validate::Rule;
use octroi_store::{Change, CredentialScope, Session, SubscriptionInPlace, Tx};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::access::signed_in;
use crate::accounts::FRESH_SIGN_IN;
use crate::catalog::openapi::SampleCall;
use crate::context::require;
use crate::page::{Page, PageRequest};
use crate::{App, AppError, Conflict};

pub use import::{ImportedKey, MAX_IMPORTED};
pub(crate) use issuing::key_end;

/// Credentials of one subscription, or secrets of one client, that live on beside their successor.
const MOST_IN_GRACE: usize = 2;

/// Who issues a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Desk {
    /// The owner's own people.
    OfOwner,
    /// A deployment officer.
    OfOfficer,
}

/// A credential, without its secret.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CredentialView {
    /// Its identifier: safe to log and show.
    pub id: CredentialId,
    /// What it is.
    pub kind: CredentialKind,
    /// The application that shows it.
    pub application_id: ApplicationId,
    /// The subscription that it opens; none for an OAuth2 client, which opens all of its application's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscription_id: Option<SubscriptionId>,
    /// The last four characters of the secret, to tell keys apart.
    pub hint: String,
    /// What it is now.
    pub standing: Standing,
    /// Whether its secret can be shown again.
    pub revealable: bool,
    /// The credential that replaced it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<CredentialId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From this moment on it opens nothing; never where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
    /// Counts the changes; the entity tag.
    pub edition: i64,
}

impl CredentialView {
    pub(crate) fn of(credential: &Credential, now: Timestamp) -> Self {
        Self {
            id: credential.id,
            kind: credential.kind,
            application_id: credential.application_id,
            subscription_id: credential.subscription_id,
            hint: credential.hint.clone(),
            standing: credential.standing(now),
            revealable: credential.sealed.is_some(),
            replaced_by: credential.replaced_by,
            created_at: credential.created_at,
            expires_at: credential.expires_at,
            revoked_at: credential.revoked_at,
            edition: credential.edition,
        }
    }
}

/// A credential with its secret: just issued, or shown again.
#[derive(Clone, Serialize, JsonSchema)]
pub struct IssuedKey {
    /// The credential.
    pub credential: CredentialView,
    /// Its secret.
    pub secret: String,
    /// A command that makes a call with it, ready to paste into a shell.
    pub curl: String,
}

impl std::fmt::Debug for IssuedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuedKey").field("credential", &self.credential).finish_non_exhaustive()
    }
}

/// How a credential is renewed.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Renew {
    /// How long the old one lives on, in seconds: 0 to 604,800 (7 days), 7,200 (2 h) by default.
    #[serde(default)]
    #[schemars(range(min = 0, max = 604_800))]
    pub grace_seconds: Option<u64>,
}

impl Renew {
    fn grace(self) -> Result<Duration, AppError> {
        let Some(seconds) = self.grace_seconds else { return Ok(DEFAULT_GRACE) };
        let max = MAX_GRACE.as_secs();
        if seconds > max {
            return Err(AppError::invalid("grace_seconds", Rule::OutOfRange { min: 0, max: max as i64 }));
        }
        Ok(Duration::from_secs(seconds))
    }
}

impl From<WrongState> for AppError {
    fn from(_: WrongState) -> Self {
        Conflict::CredentialState.into()
    }
}

/// A credential under a lock, and the subscription that it opens, where it opens one.
struct Held {
    credential: Credential,
    place: Option<SubscriptionInPlace>,
}

impl App {
    /// The credentials of a subscription, oldest first, revoked ones included.
    pub async fn credentials(
        &self,
        actor: &Actor,
        subscription: SubscriptionId,
        page: &PageRequest,
    ) -> Result<Page<CredentialView>, AppError> {
        signed_in(actor)?;
        let mut session = self.read().await?;
        let place = session.subscription(subscription).await?.ok_or(AppError::NotFound)?;
        require(actor, Action::CredentialRead, &Parties::between(place.owner, place.provider))?;
        self.list_credentials(&mut session, CredentialScope::Subscription(subscription), page).await
    }

    /// All credentials of an application, oldest first, revoked ones included.
    pub async fn application_credentials(
        &self,
        actor: &Actor,
        application: ApplicationId,
        page: &PageRequest,
    ) -> Result<Page<CredentialView>, AppError> {
        signed_in(actor)?;
        let mut session = self.read().await?;
        let found = session.application(application).await?.ok_or(AppError::NotFound)?.application;
        require(actor, Action::CredentialRead, &Parties::owned_by(found.organization_id))?;
        self.list_credentials(&mut session, CredentialScope::Application(application), page).await
    }

    async fn list_credentials(
        &self,
        session: &mut Session,
        scope: CredentialScope,
        page: &PageRequest,
    ) -> Result<Page<CredentialView>, AppError> {
        let window = page.window::<CredentialId>()?;
        let found = session.credentials(scope, window.after, window.rows()).await?;
        let now = self.now();
        Ok(window.page(found, |c| c.id, |c| CredentialView::of(&c, now)))
    }

    /// One credential.
    pub async fn credential(&self, actor: &Actor, id: CredentialId) -> Result<CredentialView, AppError> {
        let mut session = self.read().await?;
        let held = self.find_credential(&mut session, actor, id, Action::CredentialRead).await?;
        Ok(CredentialView::of(&held.credential, self.now()))
    }

    /// Issues a key for a subscription that has none in use: after a revocation, or for one that was approved. Where keys
    /// come from the officers' desk, only the desk does it: its revocation would be worth nothing.
    pub async fn issue_key(
        &self,
        actor: &Actor,
        subscription: SubscriptionId,
    ) -> Result<IssuedKey, AppError> {
        self.issue_key_from(actor, subscription, Desk::OfOwner).await
    }

    /// The same, from this desk.
    pub(crate) async fn issue_key_from(
        &self,
        actor: &Actor,
        subscription: SubscriptionId,
        desk: Desk,
    ) -> Result<IssuedKey, AppError> {
        signed_in(actor)?;
        let mut tx = self.begin().await?;
        let place = self.hold_subscription(&mut tx, actor, subscription, Action::CredentialManage).await?;
        check_takes_keys(&place)?;
        if desk == Desk::OfOwner && place.plan.validation == Validation::Officer {
            return Err(Conflict::IssuedByOfficer.into());
        }
        let now = self.now();
        let live = tx.live_credentials(CredentialScope::Subscription(subscription)).await?;
        let in_use = |c: &Credential| matches!(c.standing(now), Standing::Active | Standing::Paused);
        if live.iter().any(in_use) {
            return Err(Conflict::KeyExists.into());
        }
        let issued = self.make_key(&mut tx, &place, None).await?;
        self.audit(
            &mut tx,
            actor,
            "credential.issued",
            issued.credential.id,
            json!({"subscription": subscription}),
        );
        self.commit(tx).await?;
        Ok(self.with_first_call(issued, &place).await)
    }

    /// Replaces a credential by a new one; the old one lives on for the grace. Both count against the same limits.
    pub async fn renew_credential(
        &self,
        actor: &Actor,
        id: CredentialId,
        renew: Renew,
    ) -> Result<IssuedKey, AppError> {
        let grace = renew.grace()?;
        let mut tx = self.begin().await?;
        let Held { credential, place } =
            self.hold_credential(&mut tx, actor, id, Action::CredentialManage).await?;
        let issued = match &place {
            Some(place) => {
                check_takes_keys(place)?;
                self.make_key(&mut tx, place, Some(&credential)).await?
            }
            None => self.make_client_secret(&mut tx, credential.application_id, Some(&credential)).await?,
        };
        self.replace(&mut tx, actor, credential, place.as_ref(), issued.credential.id, grace).await?;
        self.commit(tx).await?;
        match &place {
            Some(place) => Ok(self.with_first_call(issued, place).await),
            None => Ok(issued),
        }
    }

    /// Ends the old secret of an OAuth2 client after the grace and gives a new one; a first one where the last was
    /// revoked.
    pub async fn rotate_client_secret(
        &self,
        actor: &Actor,
        application: ApplicationId,
        renew: Renew,
    ) -> Result<IssuedKey, AppError> {
        signed_in(actor)?;
        let grace = renew.grace()?;
        let mut tx = self.begin().await?;
        let found = tx.application(application).await?.ok_or(AppError::NotFound)?.application;
        require(actor, Action::CredentialManage, &Parties::owned_by(found.organization_id))?;
        tx.lock_application(application).await?;
        let now = self.now();
        let in_use = |c: &Credential| matches!(c.standing(now), Standing::Active | Standing::Paused);
        let all = tx.client_credentials(application).await?;
        let current = all.iter().find(|c| in_use(c)).cloned();
        let issued = self.make_client_secret(&mut tx, application, all.last()).await?;
        match current {
            Some(old) => self.replace(&mut tx, actor, old, None, issued.credential.id, grace).await?,
            None => self.audit(
                &mut tx,
                actor,
                "credential.issued",
                issued.credential.id,
                json!({"application": application}),
            ),
        }
        self.commit(tx).await?;
        Ok(issued)
    }

    async fn replace(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        mut old: Credential,
        place: Option<&SubscriptionInPlace>,
        successor: CredentialId,
        grace: Duration,
    ) -> Result<(), AppError> {
        if !grace.is_zero() {
            self.check_room_for_grace(tx, &old).await?;
        }
        old.replace(successor, grace, self.now())?;
        tx.update_credential(&old).await?;
        tx.changed(Change::Credential(old.id));
        let details = json!({"successor": successor, "grace_seconds": grace.as_secs()});
        self.audit(tx, actor, "credential.renewed", old.id, details);
        self.tell_renewed(tx, actor, &old, place).await
    }

    /// Refuses one more credential that lives on beside its successor where there are enough. Without a grace one is
    /// replaced whatever there is: what leaked cannot wait.
    async fn check_room_for_grace(&self, tx: &mut Tx, old: &Credential) -> Result<(), AppError> {
        let beside = match old.subscription_id {
            Some(subscription) => tx.live_credentials(CredentialScope::Subscription(subscription)).await?,
            None => tx.client_credentials(old.application_id).await?,
        };
        let now = self.now();
        match beside.iter().filter(|c| c.standing(now) == Standing::Grace).count() < MOST_IN_GRACE {
            true => Ok(()),
            false => Err(Conflict::TooManyKeys.into()),
        }
    }

    /// Stops a credential for a while.
    pub async fn pause_credential(
        &self,
        actor: &Actor,
        id: CredentialId,
    ) -> Result<CredentialView, AppError> {
        self.change_credential(actor, id, Action::CredentialManage, "credential.paused", Credential::pause)
            .await
    }

    /// Lets a paused credential go on.
    pub async fn resume_credential(
        &self,
        actor: &Actor,
        id: CredentialId,
    ) -> Result<CredentialView, AppError> {
        self.change_credential(actor, id, Action::CredentialManage, "credential.resumed", Credential::resume)
            .await
    }

    /// Ends a credential at once and for good.
    pub async fn revoke_credential(
        &self,
        actor: &Actor,
        id: CredentialId,
    ) -> Result<CredentialView, AppError> {
        self.change_credential(actor, id, Action::CredentialRevoke, "credential.revoked", Credential::revoke)
            .await
    }

    async fn change_credential(
        &self,
        actor: &Actor,
        id: CredentialId,
        action: Action,
        audited: &str,
        change: fn(&mut Credential, Timestamp) -> Result<(), WrongState>,
    ) -> Result<CredentialView, AppError> {
        let mut tx = self.begin().await?;
        let Held { mut credential, place } = self.hold_credential(&mut tx, actor, id, action).await?;
        let now = self.now();
        change(&mut credential, now)?;
        tx.update_credential(&credential).await?;
        credential.edition += 1;
        tx.changed(Change::Credential(id));
        self.audit(&mut tx, actor, audited, id, json!({}));
        if credential.state == CredentialState::Revoked {
            self.tell_revoked(&mut tx, actor, &credential, place.as_ref()).await?;
        }
        self.commit(tx).await?;
        Ok(CredentialView::of(&credential, now))
    }

    /// Shows a stored secret again, to somebody who signed in within the last five minutes.
    pub async fn reveal_credential(&self, actor: &Actor, id: CredentialId) -> Result<IssuedKey, AppError> {
        let mut tx = self.begin().await?;
        let Held { credential, place } =
            self.find_credential(&mut tx, actor, id, Action::CredentialReveal).await?;
        self.check_fresh_sign_in(actor)?;
        let (Some(sealed), Some(place)) = (&credential.sealed, &place) else {
            return Err(Conflict::NotRevealable.into());
        };
        // An API that turned to showing keys once shows none again, though older copies are still there.
        if place.gateway.show_key_once {
            return Err(Conflict::NotRevealable.into());
        }
        let secret = self.unseal(&mut tx, &credential, sealed).await?;
        let shown = self.shown_key(&credential, &secret, place);
        self.audit(&mut tx, actor, "credential.revealed", id, json!({}));
        self.commit(tx).await?;
        Ok(self.with_first_call(shown, place).await)
    }

    fn check_fresh_sign_in(&self, actor: &Actor) -> Result<(), AppError> {
        let Actor::Person(person) = actor else { return Err(AppError::Forbidden) };
        match person.signed_in_at {
            Some(at) if self.now().since(at) <= FRESH_SIGN_IN => Ok(()),
            _ => Err(AppError::SignInAgain),
        }
    }

    /// A key of a subscription with its secret; its command calls the access URL itself.
    fn shown_key(&self, credential: &Credential, secret: &Secret, place: &SubscriptionInPlace) -> IssuedKey {
        IssuedKey {
            credential: CredentialView::of(credential, self.now()),
            curl: self.key_command(&SampleCall::default(), secret, place),
            secret: secret.expose().to_owned(),
        }
    }

    /// The same key, whose command calls the first operation that its API describes with examples.
    pub(crate) async fn with_first_call(&self, key: IssuedKey, place: &SubscriptionInPlace) -> IssuedKey {
        let call = self.readable_first_call(place.subscription.api_id).await;
        let secret = Secret::new(key.secret.clone());
        IssuedKey { curl: self.key_command(&call, &secret, place), ..key }
    }

    /// The first call of an API, or a call to its access URL. The key that it is shown with is there already: a document
    /// that cannot be read just now takes nothing from it.
    pub(crate) async fn readable_first_call(&self, api: ApiId) -> Arc<SampleCall> {
        let read = self.first_call(api).await;
        let call = read.unwrap_or_else(|error| {
            tracing::warn!(%error, %api, "no first call can be read");
            None
        });
        call.unwrap_or_default()
    }

    fn key_command(&self, call: &SampleCall, secret: &Secret, place: &SubscriptionInPlace) -> String {
        let (url, places) = (self.access_url(&place.gateway.route), &place.gateway.credentials);
        curl::command(&url, call, places, curl::Key::Secret(secret)).join(" ")
    }

    /// A credential to which `actor` may do `action`.
    async fn find_credential(
        &self,
        session: &mut Session,
        actor: &Actor,
        id: CredentialId,
        action: Action,
    ) -> Result<Held, AppError> {
        signed_in(actor)?;
        let credential = session.credential(id).await?.ok_or(AppError::NotFound)?;
        let place = match credential.subscription_id {
            Some(subscription) => session.subscription(subscription).await?,
            None => None,
        };
        let owner = Some(credential.organization_id);
        let parties = Parties { account: None, owner, provider: place.as_ref().map(|p| p.provider) };
        require(actor, action, &parties)?;
        Ok(Held { credential, place })
    }

    /// The same, as it stands once everybody else who was changing it has finished.
    async fn hold_credential(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        id: CredentialId,
        action: Action,
    ) -> Result<Held, AppError> {
        let found = self.find_credential(tx, actor, id, action).await?.credential;
        match found.subscription_id {
            Some(subscription) => tx.lock_subscription(subscription).await?,
            None => tx.lock_application(found.application_id).await?,
        };
        self.find_credential(tx, actor, id, action).await
    }

    /// A subscription to which `actor` may do `action`, as it stands once everybody else who was changing it has
    /// finished.
    pub(crate) async fn hold_subscription(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        id: SubscriptionId,
        action: Action,
    ) -> Result<SubscriptionInPlace, AppError> {
        signed_in(actor)?;
        let place = tx.subscription(id).await?.ok_or(AppError::NotFound)?;
        require(actor, action, &Parties::between(place.owner, place.provider))?;
        tx.lock_subscription(id).await?;
        tx.subscription(id).await?.ok_or(AppError::NotFound)
    }

    /// Revokes every credential in `scope`; gives how many.
    pub(crate) async fn revoke_all(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        scope: CredentialScope,
    ) -> Result<usize, AppError> {
        let now = self.now();
        let live = tx.live_credentials(scope).await?;
        let count = live.len();
        for mut credential in live {
            credential.revoke(now)?;
            tx.update_credential(&credential).await?;
            tx.changed(Change::Credential(credential.id));
            self.audit(tx, actor, "credential.revoked", credential.id, json!({}));
        }
        Ok(count)
    }
}

/// Whether a subscription's plan opens by key.
fn check_plan_has_keys(place: &SubscriptionInPlace) -> Result<(), AppError> {
    match place.plan.security {
        Security::ApiKey => Ok(()),
        _ => Err(Conflict::ApplicationKind.into()),
    }
}

/// Whether a subscription may have keys issued: its plan opens by key, and it is active or paused.
fn check_takes_keys(place: &SubscriptionInPlace) -> Result<(), AppError> {
    check_plan_has_keys(place)?;
    match place.subscription.state {
        SubscriptionState::Active | SubscriptionState::Paused => Ok(()),
        _ => Err(Conflict::SubscriptionState.into()),
    }
}
