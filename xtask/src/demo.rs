//! A running `octroi demo` and what it says about itself.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::background::{Background, StopSignal, tied_to_us};
use crate::http;

/// The line of `octroi demo --json`, as far as tasks need it.
#[derive(Deserialize)]
pub(crate) struct Line {
    /// Base URL of the portal.
    pub(crate) portal: String,
    /// A management token that may do everything.
    pub(crate) management_token: String,
    /// The published APIs.
    pub(crate) apis: Vec<Api>,
}

/// A published API and a credential that opens it.
#[derive(Deserialize)]
pub(crate) struct Api {
    slug: String,
    pub(crate) base_url: String,
    #[serde(rename = "try")]
    path: String,
    pub(crate) credential: Credential,
}

/// What opens an API.
#[derive(Deserialize)]
pub(crate) struct Credential {
    #[serde(rename = "in")]
    place: String,
    pub(crate) name: String,
    pub(crate) value: String,
}

impl Line {
    /// The API with this slug.
    pub(crate) fn api(&self, slug: &str) -> Result<&Api> {
        self.apis.iter().find(|api| api.slug == slug).with_context(|| format!("the demo has no API {slug}"))
    }
}

impl Api {
    /// Calls the API with its credential; anything but 200 is an error.
    pub(crate) fn call(&self) -> Result<()> {
        let Credential { place, name, value } = &self.credential;
        if place != "header" {
            bail!("the demo's first API takes its credential in `{place}`; this task knows headers only");
        }
        let url = format!("{}{}", self.base_url, self.path);
        let answer = http::get(&url, &[(name, value)])?;
        if answer.status != 200 {
            bail!("{url} answered {} instead of 200", answer.status);
        }
        Ok(())
    }
}

/// A running demo, stopped when this value goes.
pub(crate) struct Demo {
    server: Background,
    /// What it said when it was ready.
    pub(crate) line: Line,
    /// The same, word for word.
    pub(crate) text: String,
}

impl Demo {
    /// Starts a demo on free ports, tied to this task, its log in a file.
    pub(crate) fn start(octroi: &Path, data: &Path, log: &Path) -> Result<Self> {
        let mut command = tied_to_us(StopSignal::Term);
        command.arg(octroi);
        Self::launch(&mut command, data, log)
    }

    /// The same with nothing between us and the program, for timing.
    pub(crate) fn start_untied(octroi: &Path, data: &Path, log: &Path) -> Result<Self> {
        Self::launch(&mut Command::new(octroi), data, log)
    }

    fn launch(command: &mut Command, data: &Path, log: &Path) -> Result<Self> {
        let log_file =
            std::fs::File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        command
            .args(["demo", "--json", "--portal", "127.0.0.1:0", "--gateway", "127.0.0.1:0", "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .stderr(log_file);
        let mut server = Background::start(command, StopSignal::Term)?;
        let output = server.child().stdout.take().context("the demo has no standard output")?;
        let mut text = String::new();
        BufReader::new(output).read_line(&mut text).context("the demo's line cannot be read")?;
        if text.is_empty() {
            let said = std::fs::read_to_string(log).unwrap_or_default();
            bail!(
                "`octroi demo --json` ended without a word on standard output; it logged:\n{}",
                said.trim_end()
            );
        }
        let line = serde_json::from_str(&text)
            .with_context(|| format!("`octroi demo --json` printed something else than its line: {text}"))?;
        Ok(Self { server, line, text })
    }

    /// The process id.
    pub(crate) fn pid(&self) -> u32 {
        self.server.pid()
    }

    /// Stops it; anything but exit 0 is an error.
    pub(crate) fn stop(mut self) -> Result<()> {
        match self.server.stop() {
            Some(status) if status.success() => Ok(()),
            Some(status) => bail!("the demo did not stop cleanly on SIGTERM: {status}"),
            None => bail!("the demo did not stop on SIGTERM and was killed"),
        }
    }
}
