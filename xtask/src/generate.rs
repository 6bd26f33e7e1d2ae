//! Files that the program writes itself: rewritten, or compared with what is checked in.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command::CommandExt as _;
use crate::workspace::{self, Profile};

/// Each generated file: the subcommand that prints it, and where it is kept.
const GENERATED: &[(&[&str], &str)] = &[
    (&["schema", "catalogue"], "docs/reference/catalogue.schema.json"),
    (&["schema", "openapi"], "docs/reference/openapi.json"),
    (&["schema", "pages"], "docs/reference/pages.json"),
];

/// Options of `cargo xtask generate`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Write nothing; fail if a file is not what the program would write.
    #[arg(long)]
    check: bool,
}

/// Writes or compares.
pub(crate) fn run(options: &Options) -> Result<()> {
    if options.check { check() } else { write() }
}

/// Fails if a generated file is not current.
pub(crate) fn check() -> Result<()> {
    let octroi = workspace::build_octroi(Profile::Dev)?;
    let mut stale = Vec::new();
    for (arguments, path) in GENERATED {
        let wanted = produce(&octroi, arguments)?;
        if std::fs::read_to_string(workspace::root().join(path)).ok().as_ref() != Some(&wanted) {
            stale.push(*path);
        }
    }
    if !stale.is_empty() {
        bail!(
            "not what the program writes today: {}; run `cargo xtask generate` and commit",
            stale.join(", ")
        );
    }
    Ok(())
}

fn write() -> Result<()> {
    let octroi = workspace::build_octroi(Profile::Dev)?;
    for (arguments, path) in GENERATED {
        let file = workspace::root().join(path);
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        std::fs::write(&file, produce(&octroi, arguments)?)
            .with_context(|| format!("cannot write {}", file.display()))?;
        println!("{path}");
    }
    Ok(())
}

/// What the program prints, ending in exactly one line end.
fn produce(octroi: &Path, arguments: &[&str]) -> Result<String> {
    let text = Command::new(octroi).args(arguments).must_output()?;
    Ok(format!("{}\n", text.trim_end()))
}
