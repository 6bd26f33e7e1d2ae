//! `octroi admin invite`: a one-time link for the first administrator, or another.

use clap::Subcommand;
use octroi_domain::account::PortalRole;
use octroi_domain::actor::Actor;

use super::{Ended, Where, say, words};
use crate::ambient::Ambient;
use crate::foundation::{Addresses, Foundation};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print a link with which somebody becomes an administrator. It works once.
    #[command(
        after_help = "Example:\n  octroi admin invite jeanne@exemple.fr --config octroi.toml\n\nNothing is \
        mailed: hand the link over yourself. It begins with portal.public_url."
    )]
    Invite {
        /// The person's e-mail address.
        email: String,
        #[command(flatten)]
        place: Where,
    },
}

pub(super) async fn run(command: Command) -> Ended {
    let Command::Invite { email, place } = command;
    let config = place.load()?;
    let ambient = Ambient::system();
    let foundation = Foundation::lay(&config, &ambient).await?;
    let app = foundation.app(&config, &ambient, &Addresses::configured(&config)?, None).await?;
    let invited = app.admin_invite(&Actor::System("cli"), &email, vec![PortalRole::Admin]).await;
    foundation.store.close().await;
    let link = invited.map_err(|e| words::failure(&e))?;
    say(&link.url)?;
    say(format!("For {email}, until {}. It works once: hand it over yourself.", link.expires_at))
}
