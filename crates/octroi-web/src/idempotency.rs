//! `Idempotency-Key`: the same POST sent twice is done once, and answered alike.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use http::HeaderMap;
use tokio::sync::OwnedMutexGuard;

use crate::field::FieldError;
use crate::problem::Problem;

/// The header's name.
pub(crate) const HEADER: &str = "idempotency-key";

/// The longest key.
pub(crate) const MAX_KEY: usize = 128;

/// The key that a request carries: 1 to 128 visible ASCII characters.
pub(crate) fn key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut values = headers.get_all(HEADER).iter();
    let Some(value) = values.next() else { return Ok(None) };
    match value.to_str() {
        Ok(text)
            if values.next().is_none()
                && (1..=MAX_KEY).contains(&text.len())
                && text.bytes().all(|b| b.is_ascii_graphic()) =>
        {
            Ok(Some(text))
        }
        _ => Err(Problem::invalid(vec![FieldError::idempotency_key()])),
    }
}

/// Lets requests with one key pass one after the other, so that the second finds the first one's answer.
#[derive(Default)]
pub(crate) struct Turns {
    waiting: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

/// The right to go on, until it is dropped.
pub(crate) struct Turn<'a> {
    turns: &'a Turns,
    name: String,
    guard: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    /// Waits until nobody else goes on under `name`.
    pub(crate) async fn wait(&self, name: String) -> Turn<'_> {
        let lock = Arc::clone(self.table().entry(name.clone()).or_default());
        let guard = lock.lock_owned().await;
        Turn { turns: self, name, guard: Some(guard) }
    }

    fn table(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<tokio::sync::Mutex<()>>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.guard = None;
        let mut table = self.turns.table();
        if table.get(&self.name).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            table.remove(&self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_second_waits_for_the_first_and_nothing_is_left_behind() {
        let turns = Arc::new(Turns::default());
        let first = turns.wait("a".into()).await;
        let second = tokio::spawn({
            let turns = Arc::clone(&turns);
            async move { drop(turns.wait("a".into()).await) }
        });
        tokio::task::yield_now().await;
        assert!(!second.is_finished());
        drop(turns.wait("b".into()).await);
        drop(first);
        second.await.unwrap();
        assert!(turns.table().is_empty());
    }
}
