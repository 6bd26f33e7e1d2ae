//! How quickly the program is there, and how little it takes: the demo, started again and again.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::statistics::Summary;
use super::{Build, process};
use crate::demo::Demo;
use crate::workspace;

/// How long the program is left alone before its memory is read.
const IDLE: Duration = Duration::from_secs(2);

/// Options of `cargo xtask bench start`.
#[derive(clap::Args)]
pub(super) struct Options {
    #[command(flatten)]
    build: Build,
    /// How many times the demo is started.
    #[arg(long, default_value_t = 9)]
    times: u32,
}

/// One start of the demo.
struct Start {
    ready_ms: f64,
    first_call_ms: f64,
    idle_mib: f64,
}

/// Measures and prints a table.
pub(super) fn run(options: &Options) -> Result<()> {
    let profile = options.build.profile();
    let octroi = workspace::build_octroi(profile)?;
    // Once unmeasured: the binary is read from disk.
    start_once(&octroi)?;
    let mut starts = Vec::new();
    for _ in 0..options.times.max(1) {
        starts.push(start_once(&octroi)?);
    }
    let size = std::fs::metadata(&octroi).with_context(|| format!("cannot read {}", octroi.display()))?.len();
    println!("\noctroi demo, profile {}, {} starts: median [least – most]", profile.name(), starts.len());
    row("ready (the JSON line)", "ms", &starts, |start| start.ready_ms);
    row("first admitted call", "ms", &starts, |start| start.first_call_ms);
    row("idle memory after 2 s", "MiB", &starts, |start| start.idle_mib);
    println!("{:<24} {:.1} MB", "binary", size as f64 / 1e6);
    Ok(())
}

fn start_once(octroi: &Path) -> Result<Start> {
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let begun = Instant::now();
    let demo = Demo::start_untied(octroi, &folder.path().join("data"), &folder.path().join("log"))?;
    let ready = begun.elapsed();
    demo.line.apis.first().context("the demo publishes no API")?.call()?;
    let called = begun.elapsed();
    std::thread::sleep(IDLE);
    let idle_mib = process::resident_mib(demo.pid())?;
    demo.stop()?;
    Ok(Start { ready_ms: milliseconds(ready), first_call_ms: milliseconds(called), idle_mib })
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn row(name: &str, unit: &str, starts: &[Start], value: impl Fn(&Start) -> f64) {
    let values: Vec<f64> = starts.iter().map(value).collect();
    if let Some(summary) = Summary::of(&values) {
        println!("{name:<24} {summary} {unit}");
    }
}
