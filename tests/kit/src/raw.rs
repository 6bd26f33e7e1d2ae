//! What somebody with the database in hand can do behind the program's back.

use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};

use crate::Database;

impl Database {
    /// Runs `sql` on a connection of its own.
    pub async fn meddle(&self, sql: &str) {
        let sql = AssertSqlSafe(sql.to_owned());
        if self.url.starts_with("sqlite:") {
            let mut connection = SqliteConnection::connect(&self.url).await.expect("the database opens");
            sqlx::raw_sql(sql).execute(&mut connection).await.expect("the statement runs");
            connection.close().await.expect("the connection closes");
        } else {
            let mut connection = PgConnection::connect(&self.url).await.expect("the database opens");
            sqlx::raw_sql(sql).execute(&mut connection).await.expect("the statement runs");
            connection.close().await.expect("the connection closes");
        }
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
}
