//! `octroi audit verify`: walks the audit trail from its first entry to its last.

use clap::Subcommand;

use super::{Ended, Where, say};
use crate::ambient::Ambient;
use crate::foundation::{Addresses, Foundation};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Check that no entry of the audit trail was changed, moved or taken out.
    #[command(after_help = "Keep the head that it prints somewhere else: a later run must pass through it.")]
    Verify {
        #[command(flatten)]
        place: Where,
    },
}

pub(super) async fn run(command: Command) -> Ended {
    let Command::Verify { place } = command;
    let config = place.load()?;
    let ambient = Ambient::system();
    let foundation = Foundation::existing(&config, &ambient).await?;
    let app = foundation.app(&config, &ambient, &Addresses::configured(&config)?, None).await?;
    let verified = app.verify_audit().await;
    foundation.store.close().await;
    let report = verified?;
    say(format!("the audit trail is whole: {} entries, head {}", report.entries, report.head))
}
