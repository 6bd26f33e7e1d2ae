//! A private PostgreSQL for tests: its own folder, its own port on loopback, gone afterwards.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::background::{Background, StopSignal, tied_to_us};
use crate::command::CommandExt as _;
use crate::{tools, workspace};

/// The environment variable through which tests find the server.
pub(crate) const URL_VARIABLE: &str = "OCTROI_TEST_POSTGRES";

/// Debian's releases of the server, each in a folder named by its version.
const DEBIAN_RELEASES: &str = "/usr/lib/postgresql";

/// The user that runs the server when we are root (PostgreSQL refuses root).
const UNPRIVILEGED: &str = "postgres";

/// Durability is of no use to a cluster that lives for one test run.
const SETTINGS: &[&str] = &[
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=300",
    "log_min_messages=warning",
];

/// How long the server may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often another port is tried when somebody took ours first.
const ATTEMPTS: u32 = 3;

/// Options of `cargo xtask postgres`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The command and its arguments.
    #[arg(trailing_var_arg = true, required = true)]
    command: Vec<std::ffi::OsString>,
}

/// Runs a command beside a private server.
pub(crate) fn run(options: &Options) -> Result<()> {
    let [program, arguments @ ..] = options.command.as_slice() else { bail!("no command") };
    let server = Postgres::start()?;
    Command::new(program).args(arguments).env(URL_VARIABLE, server.url()).must()
}

/// A running private cluster; stopped and removed when this value goes.
pub(crate) struct Postgres {
    // Before the folder: fields are dropped in this order.
    server: Background,
    folder: ClusterFolder,
    port: u16,
}

impl Postgres {
    /// Installs PostgreSQL if need be, makes a cluster and starts it.
    pub(crate) fn start() -> Result<Self> {
        let programs = installed()?;
        let folder = ClusterFolder::make()?;
        make_cluster(&programs, &folder)?;
        let mut last = None;
        for _ in 0..ATTEMPTS {
            let port = free_port()?;
            match serve(&programs, &folder, port) {
                Ok(server) => return Ok(Self { server, folder, port }),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| anyhow::anyhow!("PostgreSQL was never started")))
    }

    /// Where tests connect: as superuser, so that each may make a database of its own.
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if self.server.stop().is_none() {
            eprintln!("PostgreSQL in {} did not stop by itself and was killed", self.folder.0.display());
        }
    }
}

/// The folder of the server's programs.
fn installed() -> Result<PathBuf> {
    if let Some(programs) = newest_release() {
        return Ok(programs);
    }
    tools::install_debian(&["postgresql"])?;
    newest_release().with_context(|| format!("Debian's postgresql put no initdb below {DEBIAN_RELEASES}"))
}

fn newest_release() -> Option<PathBuf> {
    let releases = std::fs::read_dir(DEBIAN_RELEASES).ok()?;
    releases
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok())
        .filter(|version| program(*version, "initdb").is_file() && program(*version, "postgres").is_file())
        .max()
        .map(|version| program(version, ""))
}

fn program(version: u32, name: &str) -> PathBuf {
    Path::new(DEBIAN_RELEASES).join(version.to_string()).join("bin").join(name)
}

fn make_cluster(programs: &Path, folder: &ClusterFolder) -> Result<()> {
    let mut initdb = Command::new("setpriv");
    initdb
        .args(identity())
        .arg(programs.join("initdb"))
        .args([
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
            "--pgdata",
        ])
        .arg(folder.data())
        .current_dir("/");
    initdb.must_output().context("no PostgreSQL cluster could be made").map(drop)
}

fn serve(programs: &Path, folder: &ClusterFolder, port: u16) -> Result<Background> {
    let log =
        File::create(folder.log()).with_context(|| format!("cannot write {}", folder.log().display()))?;
    let mut command = tied_to_us(StopSignal::Int);
    command.args(identity()).arg(programs.join("postgres")).arg("-D").arg(folder.data()).current_dir("/");
    command.args(["-p", &port.to_string()]);
    for setting in SETTINGS {
        command.args(["-c", setting]);
    }
    command.stdout(log.try_clone()?).stderr(log);
    let mut server = Background::start(&mut command, StopSignal::Int)?;
    let started = Instant::now();
    while !is_ready(programs, port) {
        if let Some(status) = server.ended() {
            bail!("PostgreSQL ended at once ({status}):\n{}", folder.log_text());
        }
        if started.elapsed() > PATIENCE {
            bail!("PostgreSQL does not answer after {PATIENCE:?}:\n{}", folder.log_text());
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    Ok(server)
}

fn is_ready(programs: &Path, port: u16) -> bool {
    Command::new(programs.join("pg_isready"))
        .args(["--quiet", "--host=127.0.0.1", "--username=postgres", "--port", &port.to_string()])
        .succeeds()
}

/// setpriv's options for the user that the server runs as.
fn identity() -> Vec<String> {
    if tools::is_root() {
        vec![
            format!("--reuid={UNPRIVILEGED}"),
            format!("--regid={UNPRIVILEGED}"),
            "--clear-groups".to_owned(),
        ]
    } else {
        vec!["--keep-groups".to_owned()]
    }
}

/// A port that was free a moment ago.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("no free port on loopback")?;
    Ok(listener.local_addr()?.port())
}

/// The cluster's folder, named after this process, removed when the value goes.
struct ClusterFolder(PathBuf);

impl ClusterFolder {
    fn make() -> Result<Self> {
        let parent = reachable_parent()?;
        remove_orphans(&parent);
        let folder = Self(parent.join(std::process::id().to_string()));
        std::fs::create_dir_all(&folder.0)
            .with_context(|| format!("cannot make the folder {}", folder.0.display()))?;
        if tools::is_root() {
            Command::new("chown").arg(UNPRIVILEGED).arg(&folder.0).must_output()?;
        }
        Ok(folder)
    }

    fn data(&self) -> PathBuf {
        self.0.join("data")
    }

    fn log(&self) -> PathBuf {
        self.0.join("postgres.log")
    }

    fn log_text(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }
}

impl Drop for ClusterFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// target/postgres, or a temporary folder where the unprivileged user cannot walk to target/ (a clone in /root).
fn reachable_parent() -> Result<PathBuf> {
    let target = workspace::target();
    std::fs::create_dir_all(&target)
        .with_context(|| format!("cannot make the folder {}", target.display()))?;
    let reaches = Command::new("setpriv").args(identity()).args(["test", "-x"]).arg(&target).succeeds();
    Ok(if reaches { target.join("postgres") } else { std::env::temp_dir().join("octroi-postgres") })
}

/// Removes what tasks that were killed left behind.
fn remove_orphans(parent: &Path) {
    let Ok(entries) = std::fs::read_dir(parent) else { return };
    for folder in entries.flatten() {
        let owner_lives = Path::new("/proc").join(folder.file_name()).exists();
        if !owner_lives {
            let _ = std::fs::remove_dir_all(folder.path());
        }
    }
}
