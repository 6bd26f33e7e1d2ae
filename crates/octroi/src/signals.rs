//! Runs the product until a signal says stop, or a part of it fails.

use tokio::signal::unix::{SignalKind, signal};

use crate::cli::{Ended, Failure};
use crate::product::Product;

/// Waits for SIGTERM or SIGINT and stops cleanly; a second one ends the process at once. SIGHUP opens the access log
/// anew. A part that must run and has ended stops the rest, and is a failure.
pub(crate) async fn until_stopped(mut product: Product) -> Ended {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let failed = loop {
        tokio::select! {
            _ = terminate.recv() => break None,
            _ = interrupt.recv() => break None,
            _ = hang_up.recv() => product.reopen_logs(),
            part = product.failed() => break Some(part),
        }
    };
    tracing::info!("stopping");
    tokio::select! {
        () = product.stop() => {}
        _ = terminate.recv() => return Err(Failure("stopped at once, by a second signal".to_owned())),
        _ = interrupt.recv() => return Err(Failure("stopped at once, by a second signal".to_owned())),
    }
    match failed {
        None => Ok(()),
        Some(part) => Err(Failure(format!("{part} ended unexpectedly; the log says why"))),
    }
}
