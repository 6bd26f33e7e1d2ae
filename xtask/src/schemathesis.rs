//! Schemathesis against the real program: the management API keeps to its own OpenAPI document.

use std::process::Command;

use anyhow::{Context, Result};

use crate::command::CommandExt as _;
use crate::demo::Demo;
use crate::tools::{self, Python};
use crate::workspace::{self, Profile};

/// Starts a demo and lets Schemathesis loose on its management API.
pub(crate) fn run() -> Result<()> {
    let programs = tools::python(Python::Schemathesis)?;
    let octroi = workspace::build_octroi(Profile::Dev)?;
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let log = workspace::target().join("schemathesis-octroi.log");
    let demo = Demo::start(&octroi, &folder.path().join("data"), &log)?;
    let tested = Command::new(programs.join("schemathesis"))
        // It keeps notes in the folder it runs in.
        .current_dir(folder.path())
        .arg("--config-file")
        .arg(workspace::root().join("xtask/python/schemathesis.toml"))
        .arg("run")
        .arg(format!("{}/api/v1/openapi.json", demo.line.portal))
        .env("OCTROI_TOKEN", &demo.line.management_token)
        .must();
    tested.with_context(|| format!("the program's log is in {}", log.display()))?;
    demo.stop()
}
