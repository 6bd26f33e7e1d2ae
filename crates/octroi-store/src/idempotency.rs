//! Answers already given to requests that carried an Idempotency-Key.

use octroi_domain::time::Timestamp;

use crate::row::values;
use crate::{Session, StoreError, Tx};

/// What is kept of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// Digest of the request.
    pub request: String,
    /// The sealed answer; empty while the first request is being worked on.
    pub answer: Vec<u8>,
    /// When the request came.
    pub created_at: Timestamp,
}

impl Session {
    /// What is kept under `key` of `actor`.
    pub async fn remembered(&mut self, actor: &str, key: &str) -> Result<Option<Remembered>, StoreError> {
        let sql = "SELECT request, answer, created_at FROM idempotency WHERE actor = $1 AND key = $2";
        let Some(row) = self.maybe(sql, values![actor, key]).await? else { return Ok(None) };
        Ok(Some(Remembered {
            request: row.text("request")?,
            answer: row.bytes("answer")?,
            created_at: row.time("created_at")?,
        }))
    }
}

impl Tx {
    /// Notes that a request is being worked on; fails as a duplicate where the key is in use.
    pub async fn reserve_answer(
        &mut self,
        actor: &str,
        key: &str,
        request: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO idempotency (actor, key, request, answer, created_at) VALUES ($1, $2, $3, $4, $5)",
            values![actor, key, request, Vec::<u8>::new(), now],
        )
        .await?;
        Ok(())
    }

    /// Keeps the answer to a request that is being worked on; says whether it still was.
    pub async fn remember_answer(
        &mut self,
        actor: &str,
        key: &str,
        request: &str,
        answer: &[u8],
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE idempotency SET answer = $4 WHERE actor = $1 AND key = $2 AND request = $3";
        Ok(self.execute(sql, values![actor, key, request, answer]).await? > 0)
    }

    /// Forgets what is kept under a key.
    pub async fn forget_answer(&mut self, actor: &str, key: &str) -> Result<(), StoreError> {
        self.execute("DELETE FROM idempotency WHERE actor = $1 AND key = $2", values![actor, key]).await?;
        Ok(())
    }

    /// Forgets all that was kept before `before`.
    pub async fn delete_old_answers(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        self.execute("DELETE FROM idempotency WHERE created_at < $1", values![before]).await
    }
}
