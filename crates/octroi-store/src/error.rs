//! What can go wrong in the database, sorted by what the caller must do about it.

/// An error of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another row has this value already. The text names the constraint or columns.
    #[error("already taken: {0}")]
    Duplicate(String),
    /// The row was changed by somebody else since it was read.
    #[error("changed by somebody else meanwhile")]
    Stale,
    /// The database cannot be reached or cannot write (disk full, read-only). Nothing was acknowledged; try later.
    #[error("the database cannot be used now: {0}")]
    Unavailable(String),
    /// The database was made by a newer Octroi.
    #[error(
        "the database is at version {found}, this program knows versions up to {known}: \
         start the newer program, or restore a backup made by this one"
    )]
    NewerSchema {
        /// Version of the database.
        found: i64,
        /// Latest version that this program knows.
        known: i64,
    },
    /// A migration that was already run is not the one this program has.
    #[error("migration {0} was run with another text: this database was not made by a released Octroi")]
    ForeignSchema(i64),
    /// The address of the database is not understood.
    #[error("{0}")]
    BadAddress(String),
    /// A row holds something that this program never writes.
    #[error("damaged row: {0}")]
    Damaged(String),
    /// A fault of ours: wrong SQL, wrong type.
    #[error("database error: {0}")]
    Internal(#[source] sqlx::Error),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(db) if db.is_unique_violation() => {
                Self::Duplicate(db.constraint().map_or_else(|| db.message().to_owned(), str::to_owned))
            }
            sqlx::Error::Database(db) if is_unavailable(db.code().as_deref()) => {
                Self::Unavailable(db.message().to_owned())
            }
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(error.to_string()),
            _ => Self::Internal(error),
        }
    }
}

/// SQLite result codes (primary code in the low byte) and PostgreSQL SQLSTATE classes that say "not now".
fn is_unavailable(code: Option<&str>) -> bool {
    let Some(code) = code else { return false };
    // A SQLSTATE has five characters; SQLite's numbers never do.
    if code.len() == 5 {
        // 08 connection, 25006 read-only, 40 serialization and deadlock, 53 resources, 55P03 lock, 57 operator, 58 system
        return ["08", "25006", "40", "53", "55P03", "57", "58"].iter().any(|class| code.starts_with(class));
    }
    // BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN
    code.parse::<i64>().is_ok_and(|n| matches!(n & 0xff, 5 | 6 | 8 | 10 | 13 | 14))
}
