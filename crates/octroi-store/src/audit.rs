//! Reading the audit trail. It is written by the commit alone.

use octroi_domain::audit::AuditEntry;

use crate::row::{Row, values};
use crate::{Session, StoreError};

/// The end of the trail, as every commit notes it beside the trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditHead {
    /// Place of the last entry; 0 where there is none.
    pub sequence: i64,
    /// Digest of the last entry.
    pub digest: String,
}

fn read(row: &Row) -> Result<AuditEntry, StoreError> {
    Ok(AuditEntry {
        sequence: row.int("sequence")?,
        at: row.time("at")?,
        actor: row.text("actor")?,
        action: row.text("action")?,
        object: row.text("object")?,
        details: row.text("details")?,
        previous: row.text("previous")?,
        digest: row.text("digest")?,
    })
}

impl Session {
    /// The end of the trail.
    pub async fn audit_head(&mut self) -> Result<AuditHead, StoreError> {
        let row = self.one("SELECT audit_sequence, audit_digest FROM heads WHERE id = 1", vec![]).await?;
        Ok(AuditHead { sequence: row.int("audit_sequence")?, digest: row.text("audit_digest")? })
    }

    /// Up to `limit` entries after the place `sequence`, in their order.
    pub async fn audit_after(&mut self, sequence: i64, limit: i64) -> Result<Vec<AuditEntry>, StoreError> {
        let sql = "SELECT * FROM audit WHERE sequence > $1 ORDER BY sequence LIMIT $2";
        self.rows(sql, values![sequence, limit]).await?.iter().map(read).collect()
    }

    /// Up to `limit` entries before the place `sequence`, newest first; only those about `object` and by `actor`,
    /// where one is given.
    pub async fn audit_before(
        &mut self,
        sequence: i64,
        limit: i64,
        object: Option<&str>,
        actor: Option<&str>,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        self.rows(
            "SELECT * FROM audit WHERE sequence < $1 AND ($2 = '' OR object = $2) AND ($3 = '' OR actor = $3) \
             ORDER BY sequence DESC LIMIT $4",
            values![sequence, object.unwrap_or_default(), actor.unwrap_or_default(), limit],
        )
        .await?
        .iter()
        .map(read)
        .collect()
    }
}
