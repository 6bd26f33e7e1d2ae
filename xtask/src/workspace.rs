//! Where things are: the workspace's root, its target folder, the binary.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::command::CommandExt as _;

/// How the binary is built: a cargo profile, and the folder of target/ it lands in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// What tests use.
    Dev,
    /// Quick to build, quick to run.
    Release,
    /// What is published: fat LTO, one codegen unit.
    Dist,
}

impl Profile {
    /// The profile's name, as cargo and people call it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Release => "release",
            Self::Dist => "dist",
        }
    }

    const fn folder(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "release",
            Self::Dist => "dist",
        }
    }
}

/// The workspace's root folder.
pub(crate) fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_path_buf()
}

/// The folder that cargo builds into; everything a task makes goes there too.
pub(crate) fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}

/// `cargo`, the one that runs this task, in the workspace's root.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Builds the `octroi` binary and says where it is.
///
/// All packages are selected, so that features are resolved as for the tests and nothing is built twice.
pub(crate) fn build_octroi(profile: Profile) -> Result<PathBuf> {
    cargo()
        .args(["build", "--workspace", "--bin", "octroi", "--profile", profile.name()])
        .must()
        .context("the octroi binary does not build")?;
    Ok(target().join(profile.folder()).join("octroi"))
}
