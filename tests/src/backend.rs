//! A database of its own for each test, on either kind, and what its tables hold as text.

use sqlx::{Connection as _, Row as _};

/// A kind of database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// A file in a temporary folder.
    Sqlite,
    /// A database on the server that `cargo xtask test` (or `cargo xtask postgres -- …`) starts.
    Postgres,
}

/// A database that one test has for itself.
#[derive(Debug)]
pub struct Database {
    /// Its address.
    pub url: String,
    // Keeps the folder until the test ends.
    _folder: Option<tempfile::TempDir>,
}

impl Database {
    /// A new, empty database.
    pub async fn new(backend: Backend) -> anyhow::Result<Self> {
        match backend {
            Backend::Sqlite => {
                let folder = tempfile::tempdir()?;
                let url = format!("sqlite://{}/octroi.db", folder.path().display());
                Ok(Self { url, _folder: Some(folder) })
            }
            Backend::Postgres => Ok(Self { url: postgres_database().await?, _folder: None }),
        }
    }

    /// Every value of every row of every table, as text: to look for what must not be there.
    pub async fn dump(&self) -> anyhow::Result<String> {
        if self.url.starts_with("sqlite:") { dump_sqlite(&self.url).await } else { dump_postgres(&self.url).await }
    }
}

/// The server that tests may use.
#[expect(clippy::disallowed_methods, reason = "how the test command tells where its PostgreSQL is")]
fn postgres_server() -> anyhow::Result<String> {
    std::env::var("OCTROI_TEST_POSTGRES")
        .map_err(|_| anyhow::anyhow!("no PostgreSQL: run the tests through `cargo xtask postgres -- cargo nextest run …`"))
}

async fn postgres_database() -> anyhow::Result<String> {
    use std::sync::atomic::{AtomicU32, Ordering};
    static MADE: AtomicU32 = AtomicU32::new(0);
    let server = postgres_server()?;
    let name = format!("octroi_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
    let mut connection = sqlx::PgConnection::connect(&server).await?;
    for sql in [format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"), format!("CREATE DATABASE {name}")] {
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await?;
    }
    connection.close().await?;
    let (base, _) = server.rsplit_once('/').ok_or_else(|| anyhow::anyhow!("{server} names no database"))?;
    Ok(format!("{base}/{name}"))
}

async fn dump_sqlite(url: &str) -> anyhow::Result<String> {
    let mut connection = sqlx::SqliteConnection::connect(url).await?;
    let tables: Vec<String> =
        sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table'").fetch_all(&mut connection).await?;
    let mut text = String::new();
    for table in tables {
        let columns: Vec<String> = sqlx::query_scalar("SELECT name FROM pragma_table_info($1)")
            .bind(&table)
            .fetch_all(&mut connection)
            .await?;
        for column in columns {
            let sql = format!("SELECT CAST({column} AS TEXT) AS value FROM {table}");
            for row in sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&mut connection).await? {
                let value: Option<Vec<u8>> = row.try_get_unchecked("value")?;
                text.push_str(&String::from_utf8_lossy(&value.unwrap_or_default()));
                text.push('\n');
            }
        }
    }
    Ok(text)
}

async fn dump_postgres(url: &str) -> anyhow::Result<String> {
    let mut connection = sqlx::PgConnection::connect(url).await?;
    let tables: Vec<String> = sqlx::query_scalar("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")
        .fetch_all(&mut connection)
        .await?;
    let columns = "SELECT column_name::text AS name, data_type::text AS kind FROM information_schema.columns \
                   WHERE table_schema = 'public' AND table_name = $1";
    let mut text = String::new();
    for table in tables {
        for column in sqlx::query(columns).bind(&table).fetch_all(&mut connection).await? {
            let (name, kind): (String, String) = (column.try_get("name")?, column.try_get("kind")?);
            let value = if kind == "bytea" { format!("encode({name}, 'escape')") } else { format!("{name}::text") };
            let sql = format!("SELECT {value} AS value FROM {table}");
            for row in sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&mut connection).await? {
                text.push_str(&row.try_get::<Option<String>, _>("value")?.unwrap_or_default());
                text.push('\n');
            }
        }
    }
    Ok(text)
}
