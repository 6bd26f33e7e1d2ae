//! The browser tests: a demo of the real program, and Debian's Chromium that walks it. The suites are in tests/browser.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::command::CommandExt as _;
use crate::demo::Demo;
use crate::tools;
use crate::workspace::{self, Profile};

/// What the suites call, and the Debian packages that bring it.
const PROGRAMS: &[(&str, &str)] = &[("chromium", "chromium"), ("java", "default-jre-headless")];

/// Options of `cargo xtask browser`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Suites to run: `pages`, `walk`; all without a name.
    suites: Vec<String>,
    /// Run no suite; draw docs/images/portal.png anew.
    #[arg(long, conflicts_with = "suites")]
    picture: bool,
    /// Only pages whose path, and walks whose name, hold this.
    #[arg(long, value_name = "TEXT")]
    holding: Option<String>,
}

/// Runs the chosen suites, or draws the picture.
pub(crate) fn run(options: &Options) -> Result<()> {
    let suites = match (options.picture, options.suites.as_slice()) {
        (true, _) => vec!["picture".to_owned()],
        (false, []) => vec!["pages".to_owned(), "walk".to_owned()],
        (false, chosen) => chosen.to_vec(),
    };
    walk(&suites, options.holding.as_deref().unwrap_or_default())
}

/// What the test command runs: all of it.
pub(crate) fn test() -> Result<()> {
    run(&Options { suites: Vec::new(), picture: false, holding: None })
}

fn walk(suites: &[String], holding: &str) -> Result<()> {
    let source = workspace::root().join("tests/browser");
    let packages = tools::npm(&source, "browser-tools")?;
    tools::programs(PROGRAMS)?;
    let octroi = workspace::build_octroi(Profile::Dev)?;
    let kept = workspace::target().join("browser");
    begin_anew(&kept)?;
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let log = kept.join("octroi.log");
    let demo = Demo::start(&octroi, &folder.path().join("data"), &log)?;
    let tested = Command::new("node")
        .arg("--test-reporter=spec")
        .arg(source.join("main.mjs"))
        .args(suites)
        .env("OCTROI_DEMO", &demo.text)
        .env("OCTROI_ROOT", workspace::root())
        .env("OCTROI_PACKAGES", packages)
        .env("OCTROI_KEPT", &kept)
        .env("OCTROI_HOLDING", holding)
        .must();
    println!("pictures and report: {}", kept.join("index.html").display());
    tested.with_context(|| format!("the program's log is in {}", log.display()))?;
    demo.stop()
}

/// An empty folder, so that what is in it is of this run.
fn begin_anew(folder: &Path) -> Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))
}
