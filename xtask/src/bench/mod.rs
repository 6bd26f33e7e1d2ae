//! Measurements: start and size of the program, and its cost per call beside its peers.

mod gateway;
mod load;
mod nginx;
mod octroi;
mod process;
mod start;
mod statistics;

use anyhow::Result;
use clap::Subcommand;

use crate::workspace::Profile;

/// Options of `cargo xtask bench`.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Time from nothing to ready and to the first admitted call, idle memory, size.
    Start(start::Options),
    /// CPU time per call beside nginx with the same keys, on one core.
    Gateway(gateway::Options),
}

/// How the program under test is built.
#[derive(clap::Args, Clone, Copy)]
struct Build {
    /// Use the release profile: quick to build, not what is published.
    #[arg(long)]
    quick: bool,
}

impl Build {
    const fn profile(self) -> Profile {
        if self.quick { Profile::Release } else { Profile::Dist }
    }
}

/// Measures.
pub(crate) fn run(options: &Options) -> Result<()> {
    match &options.what {
        What::Start(options) => start::run(options),
        What::Gateway(options) => gateway::run(options),
    }
}
