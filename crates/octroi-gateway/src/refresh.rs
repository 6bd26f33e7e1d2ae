//! Keeps the snapshot up to date: a doorbell that carries no data, and a timed comparison that mends whatever was
//! missed. One node and a fleet take the same path.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use octroi_domain::time::Clock;
use octroi_policy::Policy;
use octroi_policy::feed::{Delta, Revision};
use octroi_policy::snapshot::{Applied, Unfit};
use tokio::sync::watch;

use crate::PortError;

/// Where a gateway learns what to serve.
pub trait SnapshotSource: Send + Sync + 'static {
    /// All changes after `after`, or the whole snapshot where it is `None`. Nothing new gives a change that leads to
    /// where it begins.
    fn load(&self, after: Option<Revision>) -> BoxFuture<'_, Result<Delta, PortError>>;

    /// Changes each time that there may be something new. The value means nothing.
    fn doorbell(&self) -> watch::Receiver<u64>;
}

/// Tells which revision the gateway decides by. A use case in the same process waits here, so that a revocation that
/// was acknowledged is felt by the very next call.
#[derive(Clone, Debug)]
pub struct AppliedRevision(watch::Receiver<Option<Revision>>);

impl AppliedRevision {
    /// The revision now; none before the first load.
    pub fn now(&self) -> Option<Revision> {
        *self.0.borrow()
    }

    /// Waits until the gateway decides by `revision` or a later one. `false` where it has stopped.
    pub async fn reached(&self, revision: Revision) -> bool {
        self.0.clone().wait_for(|at| at.is_some_and(|at| at >= revision)).await.is_ok()
    }

    /// Waits for the first load. `false` where the gateway has stopped.
    pub async fn ready(&self) -> bool {
        self.0.clone().wait_for(Option::is_some).await.is_ok()
    }
}

/// The two ends of what tells the applied revision.
pub(crate) fn applied_channel() -> (watch::Sender<Option<Revision>>, AppliedRevision) {
    let (sender, receiver) = watch::channel(None);
    (sender, AppliedRevision(receiver))
}

/// After a failure, the first pause; doubled up to the time between two comparisons.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Changes of more keys than this are applied off the async threads.
const LARGE: usize = 2_000;
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// The task that keeps one snapshot up to date.
pub(crate) struct Refresher {
    pub(crate) policy: Arc<Policy>,
    pub(crate) source: Arc<dyn SnapshotSource>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) applied: watch::Sender<Option<Revision>>,
    pub(crate) every: Duration,
    pub(crate) failures: Arc<std::sync::atomic::AtomicU64>,
}

impl Refresher {
    /// Runs until `stop` says so. A failure is logged and leaves the last good snapshot in service.
    pub(crate) async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut doorbell = self.source.doorbell();
        let mut bell_works = true;
        let mut pause = FIRST_PAUSE;
        let mut swept = self.clock.monotonic();
        loop {
            doorbell.mark_unchanged();
            let wait = match self.step().await {
                Ok(()) => {
                    pause = FIRST_PAUSE;
                    self.every
                }
                Err(error) => {
                    self.failures.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    tracing::warn!(%error, "the snapshot could not be refreshed; the last good one stays in service");
                    let wait = pause.min(self.every);
                    pause = pause.saturating_mul(2);
                    wait
                }
            };
            if self.clock.monotonic().saturating_sub(swept) > SWEEP_EVERY {
                swept = self.clock.monotonic();
                self.policy.snapshot.sweep(self.clock.now());
            }
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                rung = doorbell.changed(), if bell_works => bell_works = rung.is_ok(),
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn step(&self) -> Result<(), PortError> {
        let at = self.policy.snapshot.revision();
        let delta = self.source.load(at).await?;
        if delta.from.is_some() && delta.from == at && delta.to == at.unwrap_or_default() && is_empty(&delta)
        {
            return Ok(());
        }
        match self.apply(delta).await? {
            Ok(applied) => self.tell(applied),
            Err(unfit) => {
                tracing::info!(%unfit, "reading the whole snapshot anew");
                let whole = self.source.load(None).await?;
                self.tell(self.apply(whole).await??);
            }
        }
        Ok(())
    }

    async fn apply(&self, delta: Delta) -> Result<Result<Applied, Unfit>, PortError> {
        let now = self.clock.now();
        if delta.keys.len() <= LARGE && delta.catalogue.is_none() {
            return Ok(self.policy.snapshot.apply(delta, now));
        }
        let policy = Arc::clone(&self.policy);
        Ok(tokio::task::spawn_blocking(move || policy.snapshot.apply(delta, now)).await?)
    }

    fn tell(&self, applied: Applied) {
        for fault in &applied.faults {
            let api = fault.api_id.map(|id| id.to_string()).unwrap_or_default();
            tracing::error!(api, reason = fault.reason, "cannot be served and is kept shut");
        }
        tracing::debug!(revision = applied.revision.0, "snapshot advanced");
        self.applied.send_replace(Some(applied.revision));
    }
}

fn is_empty(delta: &Delta) -> bool {
    delta.catalogue.is_none() && delta.keys.is_empty()
}
