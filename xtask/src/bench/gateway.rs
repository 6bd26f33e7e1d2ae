//! CPU time per call at the gate: Octroi, nginx with the same keys, and a bare relay, in interleaved rounds.
//!
//! One core belongs to the gateway under test, the other to the load and the upstream. What a gateway costs is
//! read from the kernel's account of its processes, not from how many calls came through; a figure counts where
//! the gateway's core was busy, since an idle one is charged for waking up.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use super::load::{KEY_HEADER, Shape, Wrk};
use super::nginx::{self, MOUNT, Nginx};
use super::octroi::{Seeded, Wanted};
use super::statistics::Summary;
use super::{Build, free_ports, process};
use crate::background::Background;
use crate::{http, workspace};

/// The core of the gateway under test, and the core of everything else.
const GATEWAY_CORE: usize = 0;
const OTHER_CORE: usize = 1;

/// Below this share of busy time a figure is not comparable.
const BUSY_ENOUGH: f64 = 0.95;

/// Options of `cargo xtask bench gateway`.
#[derive(clap::Args)]
pub(super) struct Options {
    #[command(flatten)]
    build: Build,
    /// Rounds; in each, every gateway has one run per kind of call, in an order that alternates.
    #[arg(long, default_value_t = 7)]
    rounds: u32,
    /// Seconds of one run.
    #[arg(long, default_value_t = 5)]
    seconds: u32,
    /// Connections kept open by the load.
    #[arg(long, default_value_t = 64)]
    connections: u32,
    /// Keys in every gateway.
    #[arg(long, default_value_t = 100_000)]
    keys: u32,
    /// No gateway writes an access log.
    #[arg(long)]
    no_access_log: bool,
    /// Only these gateways.
    #[arg(long, value_enum)]
    only: Vec<Gateway>,
}

/// A gateway under test.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum Gateway {
    /// nginx copying bytes unread: the floor.
    Relay,
    /// nginx with a map of the same keys, a limit and a proxy.
    Nginx,
    /// The real thing.
    Octroi,
}

impl Gateway {
    const fn name(self) -> &'static str {
        match self {
            Self::Relay => "relay",
            Self::Nginx => "nginx",
            Self::Octroi => "octroi",
        }
    }
}

/// A kind of call.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Call {
    Small,
    Large,
    Refused,
}

impl Call {
    const ALL: [Self; 3] = [Self::Small, Self::Large, Self::Refused];

    const fn name(self) -> &'static str {
        match self {
            Self::Small => "1 KB answers",
            Self::Large => "64 KB answers",
            Self::Refused => "refusals (401, unknown key)",
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Small | Self::Refused => "/1k",
            Self::Large => "/64k",
        }
    }

    const fn status(self) -> u16 {
        match self {
            Self::Small | Self::Large => 200,
            Self::Refused => 401,
        }
    }

    /// A relay knows no keys and refuses nobody.
    fn applies_to(self, gateway: Gateway) -> bool {
        !(self == Self::Refused && gateway == Gateway::Relay)
    }
}

/// One run of one kind of call against one gateway.
struct Measured {
    cpu_us: f64,
    calls_per_second: f64,
    busy: f64,
    p99_us: f64,
    resident_mib: f64,
}

type Results = BTreeMap<(Call, Gateway), Vec<Measured>>;

/// Measures and prints a table per kind of call.
pub(super) fn run(options: &Options) -> Result<()> {
    nginx::install()?;
    let parent = workspace::target().join("bench");
    std::fs::create_dir_all(&parent)?;
    let folder =
        tempfile::Builder::new().prefix("gateway-").tempdir_in(&parent).context("no folder for the bench")?;
    let bench = Bench::set_up(options, folder.path())?;
    let mut results = Results::new();
    for round in 0..options.rounds.max(1) {
        for call in Call::ALL {
            bench.round(round, call, &mut results)?;
        }
        println!("round {} of {} done", round + 1, options.rounds.max(1));
    }
    print_all(options, &results);
    Ok(())
}

/// A gateway that runs, and how it is reached.
struct Contender {
    gateway: Gateway,
    pid: u32,
    base: String,
}

/// Everything that runs during the bench.
struct Bench {
    contenders: Vec<Contender>,
    // Alive as long as the bench; the gateways go before the upstream.
    peers: Vec<Nginx>,
    octroi: Option<Background>,
    wrk: Wrk,
    shape: Shape,
    keys: PathBuf,
    unknown_keys: PathBuf,
    _upstream: Nginx,
}

impl Bench {
    fn set_up(options: &Options, folder: &Path) -> Result<Self> {
        let [upstream_port, relay_port, nginx_port, octroi_port, portal_port, admin_port] = free_ports()?;
        let chosen = |gateway| options.only.is_empty() || options.only.contains(&gateway);
        let mut bench = Self {
            contenders: Vec::new(),
            peers: Vec::new(),
            octroi: None,
            wrk: Wrk::new(folder)?,
            shape: Shape { connections: options.connections, seconds: options.seconds, core: OTHER_CORE },
            keys: folder.join("keys.txt"),
            unknown_keys: folder.join("unknown-keys.txt"),
            _upstream: Nginx::upstream(folder, OTHER_CORE, upstream_port)?,
        };
        if chosen(Gateway::Octroi) {
            let octroi = workspace::build_octroi(options.build.profile())?;
            let access_log =
                if options.no_access_log { "none".into() } else { folder.join("octroi-access.log") };
            let wanted = Wanted {
                list: &bench.keys,
                keys: options.keys,
                upstream: upstream_port,
                ports: [octroi_port, portal_port, admin_port],
                access_log: &access_log,
            };
            let seeded = Seeded::make(&octroi, folder, &wanted)?;
            let server = seeded.serve(GATEWAY_CORE)?;
            bench.enter(Gateway::Octroi, server.pid(), octroi_port);
            bench.octroi = Some(server);
        } else {
            let keys: String = (0..options.keys).map(|number| format!("octroi_key_{number:038}\n")).collect();
            std::fs::write(&bench.keys, keys)?;
        }
        write_unknown_keys(&bench.keys, &bench.unknown_keys)?;
        if chosen(Gateway::Nginx) {
            let log = !options.no_access_log;
            let nginx = Nginx::gateway(folder, GATEWAY_CORE, nginx_port, upstream_port, &bench.keys, log)?;
            bench.enter(Gateway::Nginx, nginx.pid(), nginx_port);
            bench.peers.push(nginx);
        }
        if chosen(Gateway::Relay) {
            let relay = Nginx::relay(folder, GATEWAY_CORE, relay_port, upstream_port)?;
            bench.enter(Gateway::Relay, relay.pid(), relay_port);
            bench.peers.push(relay);
        }
        Ok(bench)
    }

    fn enter(&mut self, gateway: Gateway, pid: u32, port: u16) {
        self.contenders.push(Contender { gateway, pid, base: format!("http://127.0.0.1:{port}{MOUNT}") });
    }

    /// Every gateway once, forwards and backwards in turn.
    fn round(&self, round: u32, call: Call, results: &mut Results) -> Result<()> {
        let mut order: Vec<&Contender> =
            self.contenders.iter().filter(|one| call.applies_to(one.gateway)).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for contender in order {
            let measured = self
                .measure(contender, call)
                .with_context(|| format!("{}, {}", contender.gateway.name(), call.name()))?;
            results.entry((call, contender.gateway)).or_default().push(measured);
        }
        Ok(())
    }

    fn measure(&self, contender: &Contender, call: Call) -> Result<Measured> {
        let url = format!("{}{}", contender.base, call.path());
        let keys = if call == Call::Refused { &self.unknown_keys } else { &self.keys };
        expect_status(&url, keys, call)?;
        // Connections to the upstream open, caches fill.
        self.wrk.run(&url, keys, Shape { seconds: 1, ..self.shape })?;

        let (core, cpu) = (process::busy_seconds(GATEWAY_CORE)?, process::cpu_seconds(contender.pid)?);
        let run = self.wrk.run(&url, keys, self.shape)?;
        let used = process::cpu_seconds(contender.pid)? - cpu;
        // wrk's own start, before its clock, leaves the gateway idle: it is not part of the run.
        let busy = ((process::busy_seconds(GATEWAY_CORE)? - core) / run.seconds).min(1.0);

        expect_status(&url, keys, call)?;
        let wanted_refusals = if call == Call::Refused { run.calls } else { 0 };
        if run.calls == 0 || run.refusals != wanted_refusals || run.breaks > 0 {
            bail!(
                "{url}: of {} calls {} were answered with 400 and above (expected {wanted_refusals}) and {} broke",
                run.calls,
                run.refusals,
                run.breaks
            );
        }
        Ok(Measured {
            cpu_us: used * 1e6 / run.calls as f64,
            calls_per_second: run.calls as f64 / run.seconds,
            busy,
            p99_us: run.p99_us as f64,
            resident_mib: process::resident_mib(contender.pid)?,
        })
    }
}

/// One call of our own, since wrk tells 401 from 429 by counting only.
fn expect_status(url: &str, keys: &Path, call: Call) -> Result<()> {
    let text = std::fs::read_to_string(keys)?;
    let key = text.lines().next().context("no key to call with")?;
    let answer = http::get(url, &[(KEY_HEADER, key)])?;
    if answer.status != call.status() {
        bail!("{url} answers {} instead of {}", answer.status, call.status());
    }
    let wanted = if call == Call::Large { 64 * 1024 } else { 1024 };
    if call != Call::Refused && answer.body.len() < wanted {
        bail!("{url} answers {} bytes instead of {wanted}", answer.body.len());
    }
    Ok(())
}

/// Keys of the same length that nobody was given, without the prefix and checksum of ours: each must be looked up.
fn write_unknown_keys(keys: &Path, unknown: &Path) -> Result<()> {
    let text = std::fs::read_to_string(keys)?;
    let length = text.lines().next().map_or(32, str::len);
    let lines: String = text
        .lines()
        .enumerate()
        .map(|(number, _)| format!("{:x<length$}\n", format!("unknown{number}")))
        .collect();
    std::fs::write(unknown, lines).with_context(|| format!("cannot write {}", unknown.display()))
}

fn print_all(options: &Options, results: &Results) {
    let log =
        if options.no_access_log { "no access logs" } else { "JSON access logs to files (nginx: buffered)" };
    println!(
        "\n{} keys, {} connections, {} rounds of {} s, profile {}; {log}",
        options.keys,
        options.connections,
        options.rounds.max(1),
        options.seconds,
        options.build.profile().name(),
    );
    println!("CPU µs per call (user + system, whole process tree): median [least – most]");
    for call in Call::ALL {
        println!("\n{}", call.name());
        println!(
            "  {:<8} {:>24} {:>16} {:>16} {:>10} {:>9} {:>8} {:>6}",
            "", "CPU µs per call", "x nginx", "x relay", "calls/s", "p99 µs", "RSS MiB", "busy"
        );
        for gateway in Gateway::value_variants() {
            if let Some(measured) = results.get(&(call, *gateway)) {
                print_row(*gateway, measured, results, call);
            }
        }
    }
}

fn print_row(gateway: Gateway, measured: &[Measured], results: &Results, call: Call) {
    let median = |value: fn(&Measured) -> f64| {
        Summary::of(&measured.iter().map(value).collect::<Vec<_>>()).map_or(0.0, |summary| summary.median)
    };
    let cpu = Summary::of(&measured.iter().map(|run| run.cpu_us).collect::<Vec<_>>());
    let busy = measured.iter().map(|run| run.busy).fold(1.0, f64::min);
    let verdict = if busy < BUSY_ENOUGH { "  not saturated: no valid figure" } else { "" };
    println!(
        "  {:<8} {:>24} {:>16} {:>16} {:>10.0} {:>9.0} {:>8.0} {:>4.0} %{verdict}",
        gateway.name(),
        cpu.map_or_else(String::new, |summary| summary.to_string()),
        ratio(measured, results.get(&(call, Gateway::Nginx))),
        ratio(measured, results.get(&(call, Gateway::Relay))),
        median(|run| run.calls_per_second),
        median(|run| run.p99_us),
        median(|run| run.resident_mib),
        busy * 100.0,
    );
}

/// The median of the ratios of one round each.
fn ratio(measured: &[Measured], peer: Option<&Vec<Measured>>) -> String {
    let Some(peer) = peer else { return "-".to_owned() };
    let ratios: Vec<f64> =
        measured.iter().zip(peer).map(|(ours, theirs)| ours.cpu_us / theirs.cpu_us).collect();
    Summary::of(&ratios).map_or_else(|| "-".to_owned(), |summary| format!("{:.2}", summary.median))
}
