//! Both databases, each empty and migrated: every test of persistence runs on the one and the other.

use std::process::Command;

use octroi_domain::time::{Clock, Timestamp};
use octroi_store::{Store, StoreOptions};
use tempfile::TempDir;

use crate::FakeClock;

/// Where the test command says that its PostgreSQL listens.
const POSTGRES: &str = "OCTROI_TEST_POSTGRES";

/// One database, gone with this value (PostgreSQL's with its cluster).
pub struct Database {
    /// `sqlite` or `postgres`: for messages.
    pub name: &'static str,
    /// Its address.
    pub url: String,
    /// The store on it, migrated.
    pub store: Store,
    _folder: Option<TempDir>,
}

/// A database without any table, gone with this value.
pub struct Blank {
    /// `sqlite` or `postgres`: for messages.
    pub name: &'static str,
    /// Its address.
    pub url: String,
    folder: Option<TempDir>,
}

/// An empty database of each kind, migrated. Without `OCTROI_TEST_POSTGRES`, which `cargo xtask test` always gives, only
/// SQLite, and a line that says so.
pub async fn databases() -> Vec<Database> {
    let mut all = Vec::new();
    for blank in blank_databases() {
        all.push(open(blank).await);
    }
    all
}

/// Like [`databases`], before the first migration.
pub fn blank_databases() -> Vec<Blank> {
    let mut all = vec![sqlite()];
    match std::env::var(POSTGRES) {
        Ok(server) => all.push(postgres(&server)),
        Err(_) => eprintln!("{POSTGRES} is not set: PostgreSQL is not tested here"),
    }
    all
}

fn sqlite() -> Blank {
    let folder = TempDir::new().expect("a temporary folder");
    let url = format!("sqlite://{}", folder.path().join("octroi.db").display());
    Blank { name: "sqlite", url, folder: Some(folder) }
}

fn postgres(server: &str) -> Blank {
    let name = format!("test_{:016x}", unique());
    let out = Command::new("psql")
        .args(["--no-psqlrc", "--quiet", "--dbname", server, "--command"])
        .arg(format!("CREATE DATABASE {name} TEMPLATE template0"))
        .output()
        .expect("psql runs");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let (base, _) = server.rsplit_once('/').expect("the server's address ends in a database");
    Blank { name: "postgres", url: format!("{base}/{name}"), folder: None }
}

async fn open(blank: Blank) -> Database {
    let store = Store::open(&StoreOptions::new(&blank.url)).await.expect("the database opens");
    let now: Timestamp = FakeClock::default().now();
    store.migrate(now).await.expect("the database is migrated");
    Database { name: blank.name, url: blank.url, store, _folder: blank.folder }
}

/// A number that no other database of this cluster has.
fn unique() -> u64 {
    let mut bytes = [0; 8];
    let folder = TempDir::new().expect("a temporary folder");
    let name = folder.path().display().to_string();
    bytes.copy_from_slice(&octroi_domain::credential::digest::sha256(name.as_bytes())[..8]);
    u64::from_be_bytes(bytes) ^ u64::from(std::process::id())
}
