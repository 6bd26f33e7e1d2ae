//! The load: wrk on a core of its own, going round a list of keys.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::command::CommandExt as _;

/// The header that carries the key, at every gateway.
pub(super) const KEY_HEADER: &str = "X-Api-Key";

/// Requests are put together before the run, so that a call costs wrk one look into a table.
const SCRIPT: &str = r#"
local requests, last, next_one = {}, 0, 0

function init(args)
  for key in io.lines(args[1]) do
    last = last + 1
    requests[last] = wrk.format("GET", nil, {["KEY_HEADER"] = key, ["Host"] = wrk.host})
  end
end

function request()
  next_one = next_one % last + 1
  return requests[next_one]
end

function done(summary, latency, _)
  local e = summary.errors
  io.write(string.format(
    'RESULT {"calls":%d,"seconds":%.6f,"refusals":%d,"breaks":%d,"p99_us":%d}\n',
    summary.requests, summary.duration / 1e6, e.status, e.connect + e.read + e.write + e.timeout,
    latency:percentile(99)))
end
"#;

/// How hard and how long.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    /// Connections kept open.
    pub(super) connections: u32,
    /// Seconds of one run.
    pub(super) seconds: u32,
    /// The core that wrk stays on.
    pub(super) core: usize,
}

/// What wrk says of one run.
#[derive(Deserialize)]
pub(super) struct Run {
    /// Answers received.
    pub(super) calls: u64,
    /// Time that it took.
    pub(super) seconds: f64,
    /// Answers of 400 and above.
    pub(super) refusals: u64,
    /// Connections refused, cut or timed out.
    pub(super) breaks: u64,
    /// 99th percentile of the time to an answer, in microseconds.
    pub(super) p99_us: u64,
}

/// The load generator, with its script in a folder.
pub(super) struct Wrk {
    script: PathBuf,
}

impl Wrk {
    /// Writes the script.
    pub(super) fn new(folder: &Path) -> Result<Self> {
        let script = folder.join("keys.lua");
        std::fs::write(&script, SCRIPT.replace("KEY_HEADER", KEY_HEADER))
            .context("the wrk script cannot be written")?;
        Ok(Self { script })
    }

    /// Calls a URL with the keys of a file, one per line, for the time of one run.
    pub(super) fn run(&self, url: &str, keys: &Path, shape: Shape) -> Result<Run> {
        let output = Command::new("taskset")
            .args(["-c", &shape.core.to_string(), "wrk", "-t1"])
            .args(["-c", &shape.connections.to_string()])
            .args(["-d", &format!("{}s", shape.seconds)])
            .arg("-s")
            .arg(&self.script)
            .args([url, "--"])
            .arg(keys)
            .must_output()?;
        let Some(line) = output.lines().find_map(|line| line.strip_prefix("RESULT ")) else {
            bail!("wrk said nothing of its run:\n{output}");
        };
        serde_json::from_str(line).with_context(|| format!("wrk's result is not JSON: {line}"))
    }
}
