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

/// An empty database of each kind. Without `OCTROI_TEST_POSTGRES`, which `cargo xtask test` always gives, only SQLite,
/// and a line that says so.
pub async fn databases() -> Vec<Database> {
    let mut all = vec![sqlite().await];
    match std::env::var(POSTGRES) {
        Ok(server) => all.push(postgres(&server).await),
        Err(_) => eprintln!("{POSTGRES} is not set: PostgreSQL is not tested here"),
    }
    all
}

async fn sqlite() -> Database {
    let folder = TempDir::new().expect("a temporary folder");
    let url = format!("sqlite://{}", folder.path().join("octroi.db").display());
    open("sqlite", url, Some(folder)).await
}

async fn postgres(server: &str) -> Database {
    let name = format!("test_{:016x}", unique());
    let out = Command::new("psql")
        .args(["--no-psqlrc", "--quiet", "--dbname", server, "--command"])
        .arg(format!("CREATE DATABASE {name}"))
        .output()
        .expect("psql runs");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let (base, _) = server.rsplit_once('/').expect("the server's address ends in a database");
    open("postgres", format!("{base}/{name}"), None).await
}

async fn open(name: &'static str, url: String, folder: Option<TempDir>) -> Database {
    let store = Store::open(&StoreOptions::new(&url)).await.expect("the database opens");
    let now: Timestamp = FakeClock::default().now();
    store.migrate(now).await.expect("the database is migrated");
    Database { name, url, store, _folder: folder }
}

/// A number that no other database of this cluster has.
fn unique() -> u64 {
    let mut bytes = [0; 8];
    let folder = TempDir::new().expect("a temporary folder");
    let name = folder.path().display().to_string();
    bytes.copy_from_slice(&octroi_domain::credential::digest::sha256(name.as_bytes())[..8]);
    u64::from_be_bytes(bytes) ^ u64::from(std::process::id())
}
