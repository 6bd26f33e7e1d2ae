//! Runs the product until a signal says stop, or a part of it fails.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::{Ended, Failure};
use crate::product::Product;

/// SIGXFSZ: sent to a process that writes beyond `RLIMIT_FSIZE`.
const FILE_SIZE_EXCEEDED: i32 = 25;

/// Lets a write beyond the limit on file sizes fail like one to a full disk, which is answered, instead of ending the
/// process. Lasts for the rest of the process.
fn outlive_file_size_limit() -> std::io::Result<()> {
    signal(SignalKind::from_raw(FILE_SIZE_EXCEEDED)).map(drop)
}

/// The signals that are listened to, from the moment this is made.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    /// Begins to listen: from here on a signal waits to be taken.
    pub(crate) fn listen() -> std::io::Result<Self> {
        outlive_file_size_limit()?;
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Resolves when it is time to stop.
    async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// What `starting` gives; none where a signal came first.
    pub(crate) async fn unless_stopped<T>(&mut self, starting: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            started = starting => Some(started),
            () = self.stop() => None,
        }
    }

    /// Waits for SIGTERM or SIGINT and stops cleanly; a second one ends the process at once. SIGHUP opens the access
    /// log anew. A part that must run and has ended stops the rest, and is a failure.
    pub(crate) async fn until_stopped(mut self, mut product: Product) -> Ended {
        let failed = loop {
            tokio::select! {
                _ = self.terminate.recv() => break None,
                _ = self.interrupt.recv() => break None,
                _ = self.hang_up.recv() => product.reopen_logs(),
                part = product.failed() => break Some(part),
            }
        };
        tracing::info!("stopping");
        tokio::select! {
            () = product.stop() => {}
            () = self.stop() => return Err(Failure("stopped at once, by a second signal".to_owned())),
        }
        match failed {
            None => Ok(()),
            Some(part) => Err(Failure(format!("{part} ended unexpectedly; the log says why"))),
        }
    }
}
