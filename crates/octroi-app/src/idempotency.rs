//! Answers kept for requests that are sent again with the same Idempotency-Key, for a day, sealed: they may hold a
//! secret that is shown once.

use std::time::Duration;

use octroi_domain::actor::Actor;
use octroi_store::StoreError;
use serde::{Deserialize, Serialize};

use crate::{App, AppError, Conflict};

/// After this long, work that gave no answer is taken for dead.
const ABANDONED: Duration = Duration::from_secs(60);

/// An answer as it was given.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredAnswer {
    /// The HTTP status.
    pub status: u16,
    /// Names and values of the headers that belong to the answer itself.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for StoredAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredAnswer").field("status", &self.status).finish_non_exhaustive()
    }
}

impl App {
    /// The answer already given to this request of `actor`, if any. Without one, the key is taken: do the work, then
    /// call [`App::idempotent_store`], or [`App::idempotent_release`] where it came to nothing. Another request with the
    /// same key, and the same one while it is being worked on, are refused.
    pub async fn idempotent_lookup(
        &self,
        actor: &Actor,
        key: &str,
        request: &str,
    ) -> Result<Option<StoredAnswer>, AppError> {
        let name = actor.audit_name();
        let now = self.now();
        let mut tx = self.begin().await?;
        if let Some(kept) = tx.remembered(&name, key).await? {
            if kept.request != request {
                return Err(Conflict::IdempotencyKeyReused.into());
            }
            if !kept.answer.is_empty() {
                return self.open_answer(&name, key, &kept.answer).map(Some);
            }
            if now.since(kept.created_at) < ABANDONED {
                return Err(Conflict::StillRunning.into());
            }
            tx.forget_answer(&name, key).await?;
        }
        match tx.reserve_answer(&name, key, request, now).await {
            Err(StoreError::Duplicate(_)) => return Err(Conflict::StillRunning.into()),
            other => other?,
        }
        self.commit(tx).await?;
        Ok(None)
    }

    /// Keeps the answer to a request whose key was taken by [`App::idempotent_lookup`].
    pub async fn idempotent_store(
        &self,
        actor: &Actor,
        key: &str,
        request: &str,
        answer: &StoredAnswer,
    ) -> Result<(), AppError> {
        let name = actor.audit_name();
        let plain = serde_json::to_vec(answer).map_err(|e| AppError::Internal(e.to_string()))?;
        let sealed = self
            .vault()
            .master
            .seal(&plain, &label(&name, key), self.entropy())
            .map_err(|e| AppError::Internal(e.to_string()))?;
        let mut tx = self.begin().await?;
        tx.remember_answer(&name, key, request, &sealed).await?;
        self.commit(tx).await
    }

    /// Lets the key be used again: the work came to nothing.
    pub async fn idempotent_release(&self, actor: &Actor, key: &str) -> Result<(), AppError> {
        let mut tx = self.begin().await?;
        tx.forget_answer(&actor.audit_name(), key).await?;
        self.commit(tx).await
    }

    fn open_answer(&self, name: &str, key: &str, sealed: &[u8]) -> Result<StoredAnswer, AppError> {
        let internal = |e: &dyn std::fmt::Display| AppError::Internal(e.to_string());
        let plain = self.vault().master.open(sealed, &label(name, key)).map_err(|e| internal(&e))?;
        serde_json::from_slice(&plain).map_err(|e| internal(&e))
    }
}

/// What an answer is bound to.
fn label(name: &str, key: &str) -> String {
    format!("answer {name} {key}")
}
