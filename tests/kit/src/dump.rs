//! What a database holds, as text: to look for what must not be there.

use sqlx::{Connection as _, Row as _};

use crate::Database;

impl Database {
    /// Every value of every row of every table, as text, one a line.
    pub async fn dump(&self) -> String {
        let dumped = match self.name {
            "sqlite" => sqlite(&self.url).await,
            _ => postgres(&self.url).await,
        };
        dumped.expect("every table can be read")
    }
}

async fn sqlite(url: &str) -> sqlx::Result<String> {
    let mut connection = sqlx::SqliteConnection::connect(url).await?;
    let tables: Vec<String> = sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table'")
        .fetch_all(&mut connection)
        .await?;
    let mut text = String::new();
    for table in tables {
        let columns: Vec<String> = sqlx::query_scalar("SELECT name FROM pragma_table_info($1)")
            .bind(&table)
            .fetch_all(&mut connection)
            .await?;
        for column in columns {
            let sql = format!("SELECT CAST({column} AS BLOB) AS value FROM {table}");
            for row in sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&mut connection).await? {
                let value: Option<Vec<u8>> = row.try_get("value")?;
                text.push_str(&String::from_utf8_lossy(&value.unwrap_or_default()));
                text.push('\n');
            }
        }
    }
    Ok(text)
}

async fn postgres(url: &str) -> sqlx::Result<String> {
    let mut connection = sqlx::PgConnection::connect(url).await?;
    let sql = "SELECT table_name::text AS name, column_name::text AS column, data_type::text AS kind \
               FROM information_schema.columns WHERE table_schema = 'public'";
    let mut text = String::new();
    for place in sqlx::query(sql).fetch_all(&mut connection).await? {
        let (table, column): (String, String) = (place.try_get("name")?, place.try_get("column")?);
        let kind: String = place.try_get("kind")?;
        let value =
            if kind == "bytea" { format!("encode({column}, 'escape')") } else { format!("{column}::text") };
        let sql = format!("SELECT {value} AS value FROM {table}");
        for row in sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&mut connection).await? {
            text.push_str(&row.try_get::<Option<String>, _>("value")?.unwrap_or_default());
            text.push('\n');
        }
    }
    Ok(text)
}
