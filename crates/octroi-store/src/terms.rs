//! The portal's own terms of use in the database: every version that was ever in force.

use octroi_domain::time::Timestamp;

use crate::row::{Row, values};
use crate::{Session, StoreError, Tx};

/// One version of the terms of use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Its name, such as `2026-11`.
    pub version: String,
    /// Its text, in Markdown.
    pub body: String,
    /// Since when it is in force.
    pub published_at: Timestamp,
}

fn read(row: &Row) -> Result<Terms, StoreError> {
    Ok(Terms {
        version: row.text("version")?,
        body: row.text("body")?,
        published_at: row.time("published_at")?,
    })
}

impl Session {
    /// The version in force, where there is one.
    pub async fn current_terms(&mut self) -> Result<Option<Terms>, StoreError> {
        let sql = "SELECT * FROM terms ORDER BY published_at DESC, version DESC LIMIT 1";
        self.maybe(sql, vec![]).await?.as_ref().map(read).transpose()
    }
}

impl Tx {
    /// Adds a version; its name must be new.
    pub async fn insert_terms(&mut self, terms: &Terms) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO terms (version, body, published_at) VALUES ($1, $2, $3)",
            values![&terms.version, &terms.body, terms.published_at],
        )
        .await?;
        Ok(())
    }
}
