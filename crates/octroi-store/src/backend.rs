//! The two databases: how each is opened, how a transaction begins, how a statement runs.

use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, Postgres};
use sqlx::sqlite::{
    Sqlite, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, Connection as _, Transaction};

use crate::bell::Bell;
use crate::row::{Row, Value};
use crate::{Session, StoreError, Tx, migrations};

/// How a database is opened.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// `sqlite:///path/to/octroi.db` or `postgres://user:password@host/database`.
    pub url: String,
    /// Connections at most: for SQLite, those that read.
    pub max_connections: u32,
    /// SQLite: pages at most, to try out a full disk; none means without end.
    pub max_page_count: Option<u32>,
}

impl StoreOptions {
    /// The database at `url`, with 8 connections.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), max_connections: 8, max_page_count: None }
    }
}

/// The database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) pools: Pools,
    pub(crate) bell: Bell,
    statements: Arc<AtomicU64>,
}

/// SQLite has one writer at a time: one connection writes, so that nobody ever waits for a lock inside the database.
#[derive(Clone, Debug)]
pub(crate) enum Pools {
    Sqlite { reader: SqlitePool, writer: SqlitePool },
    Postgres(PgPool),
}

/// An open transaction of either database.
pub(crate) enum Conn {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// The oldest SQLite without the WAL-reset bug.
const SQLITE_AT_LEAST: [u32; 3] = [3, 51, 3];

const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

impl Store {
    /// Opens the database, without looking at its schema: call [`Store::migrate`] next.
    pub async fn open(options: &StoreOptions) -> Result<Self, StoreError> {
        let pools = if options.url.starts_with("sqlite:") {
            open_sqlite(options).await?
        } else if options.url.starts_with("postgres:") || options.url.starts_with("postgresql:") {
            open_postgres(options).await?
        } else {
            return Err(StoreError::BadAddress(
                "the database's address begins with sqlite: or postgres:".to_owned(),
            ));
        };
        Ok(Self { bell: Bell::new(), pools, statements: Arc::default() })
    }

    /// Brings the schema to this program's version, under a lock; refuses a database that a newer program made.
    pub async fn migrate(
        &self,
        now: octroi_domain::time::Timestamp,
    ) -> Result<Vec<&'static str>, StoreError> {
        migrations::run(self, now).await
    }

    /// A consistent view, to read.
    pub async fn read(&self) -> Result<Session, StoreError> {
        let conn = match &self.pools {
            Pools::Sqlite { reader, .. } => Conn::Sqlite(reader.begin().await?),
            Pools::Postgres(pool) => {
                Conn::Postgres(pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
            }
        };
        Ok(self.session(conn))
    }

    /// A transaction that writes. On SQLite it waits for its turn.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        let conn = match &self.pools {
            Pools::Sqlite { writer, .. } => Conn::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
            Pools::Postgres(pool) => Conn::Postgres(pool.begin().await?),
        };
        let session = self.session(conn);
        Ok(Tx { session, audit: Vec::new(), changes: Vec::new(), bell: self.bell.ringer() })
    }

    fn session(&self, conn: Conn) -> Session {
        Session { conn, statements: Arc::clone(&self.statements) }
    }

    /// How many statements ran since the database was opened, without the beginnings and ends of transactions. What a
    /// page costs is the difference.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.read().await?.rows("SELECT 1 AS one", vec![]).await.map(drop)
    }

    /// The database's kind and version, for people.
    pub async fn describe(&self) -> Result<String, StoreError> {
        let sql = match self.pools {
            Pools::Sqlite { .. } => "SELECT 'SQLite ' || sqlite_version() AS name",
            Pools::Postgres(_) => "SELECT version() AS name",
        };
        self.read().await?.one(sql, vec![]).await?.text("name")
    }

    /// Reads a whole SQLite database and checks its structure. PostgreSQL looks after its own.
    pub async fn check_integrity(&self) -> Result<(), StoreError> {
        let Pools::Sqlite { reader, .. } = &self.pools else { return Ok(()) };
        let said: String = sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_one(reader).await?;
        if said == "ok" { Ok(()) } else { Err(StoreError::Damaged(said)) }
    }

    /// Writes a consistent copy of a SQLite database into the new file `path`, while it is in use.
    pub async fn copy_to(&self, path: &std::path::Path) -> Result<(), StoreError> {
        let Pools::Sqlite { writer, .. } = &self.pools else {
            return Err(StoreError::BadAddress(
                "only a SQLite database is copied by Octroi: use pg_dump for PostgreSQL".to_owned(),
            ));
        };
        let path = path
            .to_str()
            .ok_or_else(|| StoreError::BadAddress("the copy's path is not valid UTF-8".to_owned()))?;
        sqlx::query("VACUUM INTO $1").bind(path).execute(writer).await?;
        Ok(())
    }

    /// Closes every connection.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { reader, writer } => {
                reader.close().await;
                writer.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }
}

async fn open_sqlite(options: &StoreOptions) -> Result<Pools, StoreError> {
    let bad = |e: sqlx::Error| StoreError::BadAddress(format!("the database's address: {e}"));
    let mut connect = SqliteConnectOptions::from_str(&options.url)
        .map_err(bad)?
        .create_if_missing(true)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(ACQUIRE_TIMEOUT);
    if let Some(pages) = options.max_page_count {
        connect = connect.pragma("max_page_count", pages.to_string());
    }
    if connect.get_filename() == ":memory:" {
        return Err(StoreError::BadAddress("the database needs a file: sqlite:///path/octroi.db".to_owned()));
    }
    // After an error of the disk SQLite ends a transaction by itself, which sqlx does not notice: such a connection would
    // never begin another one. It is given up for a new one.
    let pool = |size: u32| {
        SqlitePoolOptions::new()
            .max_connections(size)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
    };
    // The writer connects first: it makes the file.
    let writer = pool(1).connect_with(connect.clone()).await?;
    let version: String = sqlx::query_scalar("SELECT sqlite_version()").fetch_one(&writer).await?;
    let numbers: Vec<u32> = version.split('.').filter_map(|n| n.parse().ok()).collect();
    if numbers.as_slice() < SQLITE_AT_LEAST.as_slice() {
        return Err(StoreError::Unavailable(format!("SQLite {version} is too old: 3.51.3 is needed")));
    }
    let reader = pool(options.max_connections).connect_lazy_with(connect.pragma("query_only", "ON"));
    Ok(Pools::Sqlite { reader, writer })
}

async fn open_postgres(options: &StoreOptions) -> Result<Pools, StoreError> {
    let connect = PgConnectOptions::from_str(&options.url)
        .map_err(|e| StoreError::BadAddress(format!("the database's address: {e}")))?
        .application_name("octroi");
    let pool = PgPoolOptions::new()
        .max_connections(options.max_connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_with(connect)
        .await?;
    Ok(Pools::Postgres(pool))
}

/// Runs `$run` with a query of the right kind, all values bound.
macro_rules! on_conn {
    ($conn:expr, $sql:expr, $values:expr, |$query:ident, $executor:ident| $run:expr, $row:ident) => {
        match $conn {
            Conn::Sqlite(tx) => {
                let mut $query = sqlx::query($sql);
                for value in $values {
                    $query = match value {
                        Value::Int(v) => $query.bind(v),
                        Value::Text(v) => $query.bind(v),
                        Value::Bytes(v) => $query.bind(v),
                    };
                }
                let $executor = &mut **tx;
                let $row = Row::Sqlite;
                $run
            }
            Conn::Postgres(tx) => {
                let mut $query = sqlx::query($sql);
                for value in $values {
                    $query = match value {
                        Value::Int(v) => $query.bind(v),
                        Value::Text(v) => $query.bind(v),
                        Value::Bytes(v) => $query.bind(v),
                    };
                }
                let $executor = &mut **tx;
                let $row = Row::Postgres;
                $run
            }
        }
    };
}

impl Session {
    fn count(&self) {
        self.statements.fetch_add(1, Ordering::Relaxed);
    }

    /// All rows.
    pub(crate) async fn rows(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        self.count();
        on_conn!(
            &mut self.conn,
            sql,
            values,
            |query, executor| Ok(query.fetch_all(executor).await?.into_iter().map(row).collect()),
            row
        )
    }

    /// The first row, where there is one.
    pub(crate) async fn maybe(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Option<Row>, StoreError> {
        self.count();
        on_conn!(
            &mut self.conn,
            sql,
            values,
            |query, executor| Ok(query.fetch_optional(executor).await?.map(row)),
            row
        )
    }

    /// The one row that must be there.
    pub(crate) async fn one(&mut self, sql: &'static str, values: Vec<Value>) -> Result<Row, StoreError> {
        self.maybe(sql, values)
            .await?
            .ok_or_else(|| StoreError::Damaged(format!("no row where one must be: {sql}")))
    }
}

impl Tx {
    /// Runs a statement that writes; gives the number of rows touched.
    pub(crate) async fn execute(&mut self, sql: &'static str, values: Vec<Value>) -> Result<u64, StoreError> {
        self.session.count();
        on_conn!(
            &mut self.session.conn,
            sql,
            values,
            |query, executor| {
                let _ = row;
                Ok(query.execute(executor).await?.rows_affected())
            },
            row
        )
    }

    /// Like [`Tx::execute`], for a row that must still be at the edition that was read.
    pub(crate) async fn execute_at_edition(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<(), StoreError> {
        match self.execute(sql, values).await? {
            0 => Err(StoreError::Stale),
            _ => Ok(()),
        }
    }

    /// Runs statements made by a migration.
    pub(crate) async fn script(&mut self, sql: String) -> Result<(), StoreError> {
        match &mut self.session.conn {
            Conn::Sqlite(tx) => sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut **tx).await.map(drop)?,
            Conn::Postgres(tx) => sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut **tx).await.map(drop)?,
        }
        Ok(())
    }

    /// Whether this is PostgreSQL.
    pub(crate) fn is_postgres(&self) -> bool {
        matches!(self.session.conn, Conn::Postgres(_))
    }
}
