//! `octroi serve`: production, one process.

use clap::Args;

use super::{Ended, Where};
use crate::ambient::Ambient;
use crate::product::{Product, Role};
use crate::signals::Signals;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  octroi serve --config octroi.toml\n  octroi serve --config octroi.toml --role gateway\n\n\
    SIGTERM and SIGINT stop it once the calls in hand have ended; SIGHUP opens the access log anew.\n\
    The options of the file, and their environment variables: docs/reference/configuration.md"
)]
pub(super) struct Options {
    /// What runs in this process: everything, the portal with its work queue, or a gateway that reads the same database.
    #[arg(long, value_enum, default_value_t, env = "OCTROI_ROLE")]
    role: Role,
    #[command(flatten)]
    place: Where,
}

pub(super) async fn run(options: Options) -> Ended {
    let config = options.place.load()?;
    let mut signals = Signals::listen()?;
    let ambient = Ambient::system();
    let starting = Box::pin(Product::start(&config, &ambient, options.role));
    match signals.unless_stopped(starting).await {
        Some(product) => signals.until_stopped(product?).await,
        None => Ok(()),
    }
}
