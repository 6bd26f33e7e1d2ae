//! Named texts in the database: fingerprints of the keys that stand outside it, and the like.

use crate::row::values;
use crate::{Session, StoreError, Tx};

impl Session {
    /// The text named `name`.
    pub async fn setting(&mut self, name: &str) -> Result<Option<String>, StoreError> {
        let row = self.maybe("SELECT value FROM settings WHERE name = $1", values![name]).await?;
        row.map(|row| row.text("value")).transpose()
    }

    /// Every text, by its name.
    pub async fn settings(&mut self) -> Result<std::collections::BTreeMap<String, String>, StoreError> {
        let rows = self.rows("SELECT name, value FROM settings", vec![]).await?;
        rows.iter().map(|row| Ok((row.text("name")?, row.text("value")?))).collect()
    }
}

impl Tx {
    /// Writes the text named `name`.
    pub async fn put_setting(&mut self, name: &str, value: &str) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO settings (name, value) VALUES ($1, $2) \
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            values![name, value],
        )
        .await?;
        Ok(())
    }
}
