//! What joins the application and the gateway where both run in one process.

use std::sync::OnceLock;
use std::time::Duration;

use futures_util::future::BoxFuture;
use octroi_app::{App, Applied};
use octroi_gateway::PortError;
use octroi_gateway::meter::UsageSink;
use octroi_gateway::refresh::{AppliedRevision, SnapshotSource};
use octroi_policy::feed::{Delta, Revision, UsageBatch};
use tokio::sync::watch;

/// How long an answer waits for the gateway of this process to know what was just committed.
const PATIENCE: Duration = Duration::from_secs(1);

/// The gateway of this process, as the application sees it: known once it has started.
#[derive(Debug, Default)]
pub(super) struct OwnGateway(OnceLock<AppliedRevision>);

impl OwnGateway {
    pub(super) fn set(&self, applied: AppliedRevision) {
        let _ = self.0.set(applied);
    }
}

impl Applied for OwnGateway {
    fn wait(&self, revision: i64) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            let Some(applied) = self.0.get() else { return };
            if tokio::time::timeout(PATIENCE, applied.reached(Revision(revision))).await.is_err() {
                tracing::warn!(revision, "the gateway has not caught up within a second");
            }
        })
    }
}

/// The application, as the gateway sees it.
pub(super) struct OwnPortal {
    app: App,
    doorbell: watch::Receiver<u64>,
}

impl OwnPortal {
    pub(super) fn new(app: App, doorbell: watch::Receiver<u64>) -> Self {
        Self { app, doorbell }
    }
}

impl SnapshotSource for OwnPortal {
    fn load(&self, after: Option<Revision>) -> BoxFuture<'_, Result<Delta, PortError>> {
        Box::pin(async move { Ok(self.app.snapshot(after).await?) })
    }

    fn doorbell(&self) -> watch::Receiver<u64> {
        self.doorbell.clone()
    }
}

impl UsageSink for OwnPortal {
    fn deliver<'a>(&'a self, batch: &'a UsageBatch) -> BoxFuture<'a, Result<(), PortError>> {
        Box::pin(async move {
            self.app.ingest(batch).await?;
            Ok(())
        })
    }
}

/// Rings the gateway's doorbell whenever the database's rings.
pub(super) async fn ring(app: App, doorbell: watch::Sender<u64>) {
    let mut bell = app.store().bell();
    while bell.changed().await.is_ok() {
        doorbell.send_modify(|rings| *rings = rings.wrapping_add(1));
    }
}
