//! The schema's versions: forward only, each in one transaction, under a lock, remembered with its digest.

use octroi_domain::credential::digest::{hex, sha256};
use octroi_domain::time::Timestamp;

use crate::backend::Pools;
use crate::row::values;
use crate::{Store, StoreError, Tx};

struct Migration {
    version: i64,
    name: &'static str,
    sql: &'static str,
}

/// Every migration, in order. A released one is never edited.
const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "0001_house", sql: include_str!("../migrations/0001_house.sql") },
    Migration { version: 2, name: "0002_sessions", sql: include_str!("../migrations/0002_sessions.sql") },
    Migration { version: 3, name: "0003_tickets", sql: include_str!("../migrations/0003_tickets.sql") },
    Migration { version: 4, name: "0004_notices", sql: include_str!("../migrations/0004_notices.sql") },
    Migration {
        version: 5,
        name: "0005_waiting_counts",
        sql: include_str!("../migrations/0005_waiting_counts.sql"),
    },
    Migration {
        version: 6,
        name: "0006_usage_hours",
        sql: include_str!("../migrations/0006_usage_hours.sql"),
    },
    Migration { version: 7, name: "0007_partners", sql: include_str!("../migrations/0007_partners.sql") },
];

/// The schema's version that this program works with.
pub fn latest_version() -> i64 {
    MIGRATIONS.last().map_or(0, |m| m.version)
}

impl Migration {
    fn digest(&self) -> String {
        hex(&sha256(self.sql.as_bytes()))
    }

    /// The text in the words of one database.
    fn text(&self, postgres: bool) -> String {
        let (int, bytes, strict) =
            if postgres { ("BIGINT", "BYTEA", "") } else { ("INTEGER", "BLOB", " STRICT") };
        self.sql.replace("{int}", int).replace("{bytes}", bytes).replace("{strict}", strict)
    }
}

impl Store {
    /// The schema's version: 0 for a database that was never migrated.
    pub async fn schema_version(&self) -> Result<i64, StoreError> {
        let mut session = self.read().await?;
        let there = match self.pools {
            Pools::Sqlite { .. } => {
                "SELECT CAST(COUNT(*) AS BIGINT) AS n FROM sqlite_schema WHERE name = 'schema_versions'"
            }
            Pools::Postgres(_) => {
                "SELECT CAST(COUNT(*) AS BIGINT) AS n FROM information_schema.tables \
                 WHERE table_schema = current_schema() AND table_name = 'schema_versions'"
            }
        };
        if session.one(there, vec![]).await?.int("n")? == 0 {
            return Ok(0);
        }
        let sql = "SELECT COALESCE(MAX(version), 0) AS version FROM schema_versions";
        session.one(sql, vec![]).await?.int("version")
    }
}

/// Runs what is missing; gives the names of what was run.
pub(crate) async fn run(store: &Store, now: Timestamp) -> Result<Vec<&'static str>, StoreError> {
    // One transaction around everything: on SQLite it holds the only writer's lock, on PostgreSQL an advisory one.
    let mut tx = store.begin().await?;
    if matches!(store.pools, Pools::Postgres(_)) {
        tx.script("SELECT pg_advisory_xact_lock(7018143216)".to_owned()).await?;
    }
    let strict = if tx.is_postgres() { "" } else { " STRICT" };
    let int = if tx.is_postgres() { "BIGINT" } else { "INTEGER" };
    tx.script(format!(
        "CREATE TABLE IF NOT EXISTS schema_versions (version {int} PRIMARY KEY, name TEXT NOT NULL, \
         digest TEXT NOT NULL, run_at {int} NOT NULL){strict}"
    ))
    .await?;
    let done = tx.rows("SELECT version, digest FROM schema_versions ORDER BY version", vec![]).await?;
    let mut current = 0;
    for row in &done {
        current = row.int("version")?;
        match MIGRATIONS.iter().find(|m| m.version == current) {
            None => return Err(StoreError::NewerSchema { found: current, known: latest_version() }),
            Some(m) if m.digest() != row.text("digest")? => return Err(StoreError::ForeignSchema(current)),
            Some(_) => {}
        }
    }
    let mut names = Vec::new();
    for migration in MIGRATIONS.iter().filter(|m| m.version > current) {
        run_one(&mut tx, migration, now).await?;
        names.push(migration.name);
    }
    tx.commit().await?;
    Ok(names)
}

async fn run_one(tx: &mut Tx, migration: &Migration, now: Timestamp) -> Result<(), StoreError> {
    let text = migration.text(tx.is_postgres());
    tx.script(text).await?;
    tx.execute(
        "INSERT INTO schema_versions (version, name, digest, run_at) VALUES ($1, $2, $3, $4)",
        values![migration.version, migration.name, migration.digest(), now],
    )
    .await?;
    Ok(())
}
