//! Octroi as the gateway under test: one API, one wide plan, as many keys as asked for.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::load::KEY_HEADER;
use super::nginx::MOUNT;
use crate::background::{Background, StopSignal, tied_to_us};
use crate::command::CommandExt as _;
use crate::http;

/// How long the program may take to load its keys and answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A database with keys in it, and the configuration that leads to it.
pub(super) struct Seeded {
    octroi: PathBuf,
    configuration: PathBuf,
    log: PathBuf,
    port: u16,
    keys: PathBuf,
}

/// What the database and the configuration shall hold.
pub(super) struct Wanted<'a> {
    /// Where the keys are listed.
    pub(super) list: &'a Path,
    /// How many.
    pub(super) keys: u32,
    /// The upstream's port.
    pub(super) upstream: u16,
    /// The ports of gateway, portal and admin side.
    pub(super) ports: [u16; 3],
    /// The file of the access log, or `none`.
    pub(super) access_log: &'a Path,
}

impl Seeded {
    /// Fills a database through the program's own hidden command, which lists the keys in a file, one per line.
    pub(super) fn make(octroi: &Path, folder: &Path, wanted: &Wanted<'_>) -> Result<Self> {
        let Wanted { list, keys, upstream, ports: [port, portal, admin], access_log } = *wanted;
        let data = folder.join("octroi-data");
        std::fs::create_dir_all(&data)?;
        let configuration = folder.join("octroi.toml");
        let text = format!(
            "data = {data:?}\n\n\
             [portal]\nlisten = \"127.0.0.1:{portal}\"\n\n\
             [gateway]\nlisten = \"127.0.0.1:{port}\"\nworkers = 1\n\
             allowed_private_upstreams = [\"127.0.0.0/8\"]\n\n\
             [admin]\nlisten = \"127.0.0.1:{admin}\"\n\n\
             [logs]\nlevel = \"warn\"\naccess = {access_log:?}\n",
        );
        std::fs::write(&configuration, text)?;
        Command::new(octroi)
            .args(["bench-seed", "--keys", &keys.to_string(), "--path", MOUNT, "--header", KEY_HEADER])
            .args(["--upstream", &format!("http://127.0.0.1:{upstream}")])
            .arg("--config")
            .arg(&configuration)
            .arg("--out")
            .arg(list)
            .must_output()
            .context("the keys could not be made")?;
        let seeded = Self {
            octroi: octroi.to_path_buf(),
            configuration,
            log: folder.join("octroi.log"),
            port,
            keys: list.to_path_buf(),
        };
        let made = std::fs::read_to_string(&seeded.keys)?.lines().count();
        if made != usize::try_from(keys)? {
            bail!("`octroi bench-seed --keys {keys}` wrote {made} keys");
        }
        Ok(seeded)
    }

    /// Starts the program on one core and waits until a key opens the API.
    pub(super) fn serve(&self, core: usize) -> Result<Background> {
        let log = std::fs::File::create(&self.log)?;
        let mut command = tied_to_us(StopSignal::Term);
        command.args(["taskset", "-c", &core.to_string()]);
        command.arg(&self.octroi).arg("serve").arg("--config").arg(&self.configuration);
        command.stdout(log.try_clone()?).stderr(log);
        let mut server = Background::start(&mut command, StopSignal::Term)?;
        let keys = std::fs::read_to_string(&self.keys)?;
        let key = keys.lines().next().context("no key was made")?;
        let url = format!("http://127.0.0.1:{}{MOUNT}/1k", self.port);
        let started = Instant::now();
        while !http::get(&url, &[(KEY_HEADER, key)]).is_ok_and(|answer| answer.status == 200) {
            if server.ended().is_some() || started.elapsed() > PATIENCE {
                bail!("`{}` does not admit a key at {url}; see {}", command.typed(), self.log.display());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(server)
    }
}
