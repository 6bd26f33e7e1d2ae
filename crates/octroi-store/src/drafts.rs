//! What people began in a form of several steps, kept until it is sent or forgotten.

use octroi_domain::ids::{AccountId, DraftId};
use octroi_domain::time::Timestamp;

use crate::row::{Row, text, values};
use crate::{Session, StoreError, Tx};

/// A form that is not sent yet, or what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Its identifier.
    pub id: DraftId,
    /// Whose it is.
    pub account_id: AccountId,
    /// Which form.
    pub kind: String,
    /// What was typed, as JSON text.
    pub content: String,
    /// The identifier of what it became.
    pub outcome: Option<String>,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

fn read(row: &Row) -> Result<Draft, StoreError> {
    Ok(Draft {
        id: row.parsed("id")?,
        account_id: row.parsed("account_id")?,
        kind: row.text("kind")?,
        content: row.text("content")?,
        outcome: row.opt_text("outcome")?,
        updated_at: row.time("updated_at")?,
    })
}

impl Session {
    /// The draft `id`.
    pub async fn draft(&mut self, id: DraftId) -> Result<Option<Draft>, StoreError> {
        let row = self.maybe("SELECT * FROM drafts WHERE id = $1", values![text(id)]).await?;
        row.as_ref().map(read).transpose()
    }

    /// The account's drafts that became nothing yet, newest first; at most 100.
    pub async fn drafts(&mut self, account: AccountId) -> Result<Vec<Draft>, StoreError> {
        let sql = "SELECT * FROM drafts WHERE account_id = $1 AND outcome IS NULL ORDER BY id DESC LIMIT 100";
        self.rows(sql, values![text(account)]).await?.iter().map(read).collect()
    }
}

impl Tx {
    /// Writes a draft, over the one with the same identifier, unless that became something already; says whether it
    /// was written.
    pub async fn put_draft(&mut self, draft: &Draft) -> Result<bool, StoreError> {
        let sql = "INSERT INTO drafts (id, account_id, kind, content, outcome, updated_at) \
                   VALUES ($1, $2, $3, $4, NULL, $5) ON CONFLICT (id) DO UPDATE SET content = excluded.content, \
                   updated_at = excluded.updated_at WHERE drafts.outcome IS NULL \
                   AND drafts.account_id = excluded.account_id";
        let values =
            values![text(draft.id), text(draft.account_id), &draft.kind, &draft.content, draft.updated_at];
        Ok(self.execute(sql, values).await? > 0)
    }

    /// Notes what a draft became; says whether it was still open.
    pub async fn finish_draft(&mut self, id: DraftId, outcome: &str) -> Result<bool, StoreError> {
        let sql = "UPDATE drafts SET outcome = $2, content = '{}' WHERE id = $1 AND outcome IS NULL";
        Ok(self.execute(sql, values![text(id), outcome]).await? > 0)
    }

    /// Removes a draft and its files.
    pub async fn delete_draft(&mut self, id: DraftId) -> Result<(), StoreError> {
        self.execute("DELETE FROM documents WHERE object = $1", values![text(id)]).await?;
        self.execute("DELETE FROM drafts WHERE id = $1", values![text(id)]).await.map(drop)
    }

    /// Forgets drafts that nobody changed since `before`.
    pub async fn delete_old_drafts(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        let files = "DELETE FROM documents WHERE object IN (SELECT id FROM drafts WHERE updated_at < $1)";
        self.execute(files, values![before]).await?;
        self.execute("DELETE FROM drafts WHERE updated_at < $1", values![before]).await
    }
}
