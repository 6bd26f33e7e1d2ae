//! Measurements: start and size of the program, its cost per call beside its peers, and the portal's pages.

mod gateway;
mod load;
mod nginx;
mod octroi;
mod portal;
mod process;
mod start;
mod statistics;

use std::net::TcpListener;

use anyhow::{Context as _, Result};
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
    /// Server time and statements of each page of the portal, with many applications.
    Portal(portal::Options),
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
        What::Portal(options) => portal::run(options),
    }
}

/// Ports that were free a moment ago, all different.
fn free_ports<const COUNT: usize>() -> Result<[u16; COUNT]> {
    let mut listeners = Vec::new();
    let mut ports = [0; COUNT];
    for port in &mut ports {
        let listener = TcpListener::bind(("127.0.0.1", 0)).context("no free port on loopback")?;
        *port = listener.local_addr()?.port();
        listeners.push(listener);
    }
    Ok(ports)
}
