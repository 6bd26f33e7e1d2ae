//! The real program, started as people start it.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tempfile::TempDir;

use crate::{Blank, Person, address as address_of};

/// Where the test command says that the program is.
const BINARY: &str = "OCTROI_TEST_BINARY";

/// An installation: configuration, data, and the program where it runs. Killed with this value.
pub struct Program {
    folder: TempDir,
    database: Blank,
    running: Option<Running>,
}

struct Running {
    child: Child,
    portal: SocketAddr,
    gateway: SocketAddr,
    log: Arc<Mutex<String>>,
}

impl Program {
    /// An installation on an empty database, not yet started.
    pub fn on(database: Blank) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let data = folder.path().join("data");
        let toml = format!(
            "data = {data:?}\n[portal]\nlisten = \"127.0.0.1:0\"\n\
             [gateway]\nlisten = \"127.0.0.1:0\"\nworkers = 2\nallowed_private_upstreams = [\"127.0.0.0/8\"]\n\
             [admin]\nlisten = \"127.0.0.1:0\"\n[database]\nurl = {:?}\n\
             [logs]\nformat = \"json\"\naccess = \"none\"\n",
            database.url
        );
        std::fs::write(folder.path().join("octroi.toml"), toml).expect("the configuration can be written");
        Self { folder, database, running: None }
    }

    /// `sqlite` or `postgres`.
    pub fn kind(&self) -> &'static str {
        self.database.name
    }

    /// A command of the program, with the configuration of this installation.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(words).arg("--config").arg(self.folder.path().join("octroi.toml"));
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().expect("the program starts")
    }

    /// Runs a command that must succeed; gives what it printed.
    pub fn must(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }

    /// `octroi serve`; resolves once it is ready.
    pub fn start(&mut self) {
        let command = self.command(&["serve"]);
        self.launch(command);
    }

    /// `octroi serve` in a shell that lets no file grow beyond `kilobytes`.
    pub fn start_with_files_up_to(&mut self, kilobytes: u64) {
        let served = self.command(&["serve"]);
        let mut command = Command::new("bash");
        command.arg("-c").arg(format!("ulimit -f {kilobytes}; exec \"$@\"")).arg("bash");
        command.arg(served.get_program()).args(served.get_args());
        self.launch(command);
    }

    fn launch(&mut self, mut command: Command) {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut lines = BufReader::new(child.stderr.take().expect("its log")).lines();
        let log = Arc::<Mutex<String>>::default();
        let mut said = String::new();
        let ready = loop {
            let Some(Ok(line)) = lines.next() else { panic!("the program ended: {said}") };
            said.push_str(&line);
            said.push('\n');
            let Ok(event) = serde_json::from_str::<Value>(&line) else { continue };
            if event["message"] == "ready" {
                break event;
            }
        };
        *log.lock().unwrap_or_else(PoisonError::into_inner) = said;
        let kept = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.push_str(&line);
                kept.push('\n');
            }
        });
        let address = |name: &str| {
            address_of(&url::Url::parse(ready[name].as_str().expect("an address")).expect("an address"))
        };
        let (portal, gateway) = (address("portal"), address("gateway"));
        self.running = Some(Running { child, portal, gateway, log });
    }

    fn running(&self) -> &Running {
        self.running.as_ref().expect("the program runs")
    }

    /// Where the portal listens now.
    pub fn portal(&self) -> SocketAddr {
        self.running().portal
    }

    /// Where the gateway listens now.
    pub fn gateway(&self) -> SocketAddr {
        self.running().gateway
    }

    /// What the program logged since it was started.
    pub fn log(&self) -> String {
        self.running().log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Somebody at its portal.
    pub fn person(&self, token: Option<String>) -> Person {
        Person::at(self.portal(), token)
    }

    /// Its data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The file of its SQLite database.
    pub fn database_file(&self) -> PathBuf {
        PathBuf::from(self.database.url.trim_start_matches("sqlite://"))
    }

    /// Kills it with SIGKILL: no time for a last word.
    pub fn kill(&mut self) {
        if let Some(mut running) = self.running.take() {
            running.child.kill().expect("it can be killed");
            running.child.wait().expect("it ended");
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Some(running) = &mut self.running {
            let _ = running.child.kill();
            let _ = running.child.wait();
        }
    }
}

/// The program: the one that the test command built, else the one that a developer built last.
fn binary() -> PathBuf {
    std::env::var_os(BINARY)
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/debug/octroi"), PathBuf::from)
}
