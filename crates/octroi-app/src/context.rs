//! The application's context: the store, the clock, the vault; and the way every use case begins and commits.

use std::fmt::Display;
use std::sync::Arc;

use ipnet::IpNet;
use octroi_domain::actor::Actor;
use octroi_domain::audit::AuditEvent;
use octroi_domain::ids::RequestId;
use octroi_domain::permission::{self, Action, Parties};
use octroi_domain::time::{Clock, Entropy, Timestamp};
use octroi_store::{Session, Store, Tx};
use serde_json::Value;
use url::Url;

use crate::AppError;
use crate::leaks::LeakAction;
use crate::shared::Shared;
use crate::vault::Vault;

/// Waits until the gateways of this process have applied a revision, so that what was just acknowledged is felt by the
/// very next call. Bounded: remote gateways follow on their own.
pub trait Applied: Send + Sync + 'static {
    /// Resolves once `revision` is applied, or after a second at most.
    fn wait(&self, revision: i64) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// What the application is told at its start.
pub struct AppOptions {
    /// The database, migrated.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Keys outside the database.
    pub vault: Vault,
    /// Public address of the portal, without a slash at the end: what links in mails begin with, and the OAuth2 issuer.
    pub portal_url: Url,
    /// Public address of the gateway: what access URLs begin with.
    pub gateway_url: Url,
    /// Private networks in which the operator permits upstreams.
    pub allowed_private: Vec<IpNet>,
    /// What is done about keys that leaked.
    pub leaks: LeakAction,
    /// The gateways of this process.
    pub applied: Option<Arc<dyn Applied>>,
}

/// The application. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub(crate) inner: Arc<AppOptions>,
    pub(crate) shared: Arc<Shared>,
}

impl App {
    /// An application with this context.
    pub fn new(options: AppOptions) -> Self {
        Self { inner: Arc::new(options), shared: Arc::new(Shared::new()) }
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// Public address of the portal, as text without a slash at the end.
    pub fn portal_url(&self) -> &str {
        self.inner.portal_url.as_str().trim_end_matches('/')
    }

    /// Public address of the gateway, as text without a slash at the end.
    pub fn gateway_url(&self) -> &str {
        self.inner.gateway_url.as_str().trim_end_matches('/')
    }

    /// The database, for the feed's doorbell and for health checks.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// A new name for a request that is being answered.
    pub fn new_request_id(&self) -> RequestId {
        RequestId::new(self.now(), self.entropy())
    }

    /// Whether the database answers.
    pub async fn ready(&self) -> Result<(), AppError> {
        Ok(self.inner.store.ping().await?)
    }

    pub(crate) fn entropy(&self) -> &dyn Entropy {
        &*self.inner.entropy
    }

    pub(crate) fn vault(&self) -> &Vault {
        &self.inner.vault
    }

    pub(crate) async fn read(&self) -> Result<Session, AppError> {
        Ok(self.inner.store.read().await?)
    }

    pub(crate) async fn begin(&self) -> Result<Tx, AppError> {
        Ok(self.inner.store.begin().await?)
    }

    /// Commits, and waits until the gateways of this process know.
    pub(crate) async fn commit(&self, tx: Tx) -> Result<(), AppError> {
        let committed = tx.commit().await?;
        if let (Some(revision), Some(applied)) = (committed.revision, &self.inner.applied) {
            applied.wait(revision).await;
        }
        Ok(())
    }

    /// Notes in `tx` what `actor` did to `object`. `details` hold neither names nor secrets.
    pub(crate) fn audit(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        action: &str,
        object: impl Display,
        details: Value,
    ) {
        tx.audit(AuditEvent {
            at: self.now(),
            actor: actor.audit_name(),
            action: action.to_owned(),
            object: object.to_string(),
            details,
        });
    }
}

/// Lets `actor` do `action`, or says why not.
pub(crate) fn require(actor: &Actor, action: Action, parties: &Parties) -> Result<(), AppError> {
    permission::require(actor, action, parties).map_err(AppError::from)
}
