//! What somebody with the database in hand can do behind the program's back.

use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};

use crate::Database;

impl Database {
    /// Runs `sql` on a connection of its own.
    pub async fn meddle(&self, sql: &str) {
        meddle_at(&self.url, sql).await;
    }

    /// The texts that `sql`, with one column of text, gives.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        let sql = AssertSqlSafe(sql.to_owned());
        if self.url.starts_with("sqlite:") {
            let mut connection = SqliteConnection::connect(&self.url).await.expect("the database opens");
            sqlx::query_scalar(sql).fetch_all(&mut connection).await.expect("the query runs")
        } else {
            let mut connection = PgConnection::connect(&self.url).await.expect("the database opens");
            sqlx::query_scalar(sql).fetch_all(&mut connection).await.expect("the query runs")
        }
    }

    /// Makes the database refuse everybody's writes until [`Refusing::end`]: SQLite because another program holds it,
    /// PostgreSQL because it has become read-only, as a replica that takes over or a full disk makes it.
    pub async fn refuse_writes(&self) -> Refusing<'_> {
        if self.url.starts_with("sqlite:") {
            let mut holder = SqliteConnection::connect(&self.url).await.expect("the database opens");
            sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut holder).await.expect("the lock is free");
            return Refusing { database: self, holder: Some(holder) };
        }
        self.set_read_only("on").await;
        Refusing { database: self, holder: None }
    }

    async fn set_read_only(&self, value: &str) {
        let (_, name) = self.url.rsplit_once('/').expect("the address ends in the database");
        self.meddle(&format!(
            "BEGIN READ WRITE; ALTER DATABASE {name} SET default_transaction_read_only = {value}; COMMIT; \
             SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ))
        .await;
    }
}

/// A database that refuses writes.
#[must_use]
pub struct Refusing<'a> {
    database: &'a Database,
    holder: Option<SqliteConnection>,
}

impl Refusing<'_> {
    /// Takes writes again.
    pub async fn end(self) {
        match self.holder {
            Some(holder) => holder.close().await.expect("the connection closes"),
            None => self.database.set_read_only("off").await,
        }
    }
}

/// Runs `sql` on the database at `url`, as somebody would who has the file or the password.
pub async fn meddle_at(url: &str, sql: &str) {
    let sql = AssertSqlSafe(sql.to_owned());
    if url.starts_with("sqlite:") {
        let mut connection = SqliteConnection::connect(url).await.expect("the database opens");
        sqlx::raw_sql(sql).execute(&mut connection).await.expect("the statement runs");
        connection.close().await.expect("the connection closes");
    } else {
        let mut connection = PgConnection::connect(url).await.expect("the database opens");
        sqlx::raw_sql(sql).execute(&mut connection).await.expect("the statement runs");
        connection.close().await.expect("the connection closes");
    }
}
