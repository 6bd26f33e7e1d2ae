//! FHIR programs as they are against the demo's health directory. The walks are in tests/fhir.

use std::process::Command;

use anyhow::{Context, Result};

use crate::command::CommandExt as _;
use crate::demo::Demo;
use crate::tools::{self, Python};
use crate::workspace::{self, Profile};

/// Starts a demo and lets the programs read its directory through the gateway.
pub(crate) fn run() -> Result<()> {
    let programs = tools::python(Python::Fhir)?;
    let octroi = workspace::build_octroi(Profile::Dev)?;
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let log = workspace::target().join("fhir-octroi.log");
    let demo = Demo::start(&octroi, &folder.path().join("data"), &log)?;
    let api = demo.line.api("annuaire-sante")?;
    let walked = Command::new(programs.join("python3"))
        .arg(workspace::root().join("tests/fhir/clients.py"))
        .env("FHIR_URL", &api.base_url)
        .env("FHIR_HEADER", &api.credential.name)
        .env("FHIR_KEY", &api.credential.value)
        .must();
    walked.with_context(|| format!("the program's log is in {}", log.display()))?;
    demo.stop()
}
