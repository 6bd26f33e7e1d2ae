//! The doorbell: tells that a new revision is there, and carries nothing else. Whoever hears it reads the feed.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgListener;
use tokio::sync::watch;

use crate::backend::Pools;
use crate::{Store, StoreError};

/// PostgreSQL's channel.
pub(crate) const CHANNEL: &str = "octroi_revision";

/// How often the revision is looked at although nobody rang: for what another process wrote, and for lost rings.
const LOOK_EVERY: Duration = Duration::from_millis(500);

#[derive(Clone, Debug)]
pub(crate) struct Bell {
    sender: Arc<watch::Sender<i64>>,
}

/// Rings for one transaction.
#[derive(Clone, Debug)]
pub(crate) struct Ringer(Arc<watch::Sender<i64>>);

impl Bell {
    pub(crate) fn new() -> Self {
        Self { sender: Arc::new(watch::Sender::new(0)) }
    }

    pub(crate) fn ringer(&self) -> Ringer {
        Ringer(Arc::clone(&self.sender))
    }
}

impl Ringer {
    /// Tells that `revision` is committed.
    pub(crate) fn ring(&self, revision: i64) {
        self.0.send_if_modified(|seen| {
            let newer = revision > *seen;
            *seen = (*seen).max(revision);
            newer
        });
    }
}

impl Store {
    /// The latest revision heard of, and a way to wait for the next.
    pub fn bell(&self) -> watch::Receiver<i64> {
        self.bell.sender.subscribe()
    }

    /// Keeps the bell ringing for what other processes commit, until the future is dropped: looks at the revision
    /// twice a second, and listens to PostgreSQL's notifications. Errors are reported and mended by the next look.
    pub async fn listen(&self) {
        let mut listener = None;
        loop {
            if let (Pools::Postgres(pool), None) = (&self.pools, &listener) {
                listener = match subscribe(pool).await {
                    Ok(l) => Some(l),
                    Err(e) => {
                        tracing::warn!(error = %e, "cannot listen to the database's notifications");
                        None
                    }
                };
            }
            match self.look().await {
                Ok(revision) => self.bell.ringer().ring(revision),
                Err(e) => tracing::warn!(error = %e, "cannot read the revision"),
            }
            match &mut listener {
                None => tokio::time::sleep(LOOK_EVERY).await,
                Some(l) => match tokio::time::timeout(LOOK_EVERY, l.recv()).await {
                    Ok(Ok(_)) | Err(_) => {}
                    Ok(Err(e)) => {
                        tracing::warn!(error = %e, "the database's notifications ended");
                        listener = None;
                        tokio::time::sleep(LOOK_EVERY).await;
                    }
                },
            }
        }
    }

    async fn look(&self) -> Result<i64, StoreError> {
        self.read().await?.revision().await
    }
}

async fn subscribe(pool: &sqlx::PgPool) -> Result<PgListener, sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    Ok(listener)
}
