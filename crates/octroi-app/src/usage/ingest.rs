//! Taking counts in. Few rows are added to the minutes at once. Many are kept as they came, packed, in the commit that
//! acknowledges them, and added once a minute together with those that came before and after: a busy gateway calls on
//! the same callers many times a minute, and each of its rows would otherwise be written as many times.

use std::sync::atomic::Ordering;
use std::time::Duration;

use octroi_domain::validate::{Check, Rule};
use octroi_policy::feed::UsageBatch;
use octroi_store::UsageBatchName;

use super::MINUTE_MS;
use super::counts::{Counts, pack};
use crate::{App, AppError};

/// Rows of one batch at most.
pub const MAX_BATCH_ROWS: usize = 50_000;

/// A batch of at most so many rows is added to the minutes at once.
const FEW_ROWS: usize = 500;

/// Different counts that are added in one commit, about: they are held in memory, and nobody else writes meanwhile.
const MOST_AT_ONCE: usize = 250_000;

/// How long a batch is remembered, so that a repetition of it changes nothing.
const BATCHES_KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// After the end of a minute, for the last counts of it to arrive.
const STRAGGLERS_MS: i64 = 3_000;

impl App {
    /// Takes in the counts of a gateway. A batch that was taken in before changes nothing; gives whether it was new.
    pub async fn ingest(&self, batch: &UsageBatch) -> Result<bool, AppError> {
        check_batch(batch)?;
        let now = self.now();
        let name =
            UsageBatchName { gateway: batch.gateway.clone(), boot: batch.boot, sequence: batch.sequence };
        let waits = (batch.rows.len() > FEW_ROWS).then(|| pack(&batch.rows, now));
        let at_once = if waits.is_none() { Counts::of(&batch.rows, now).into_rows() } else { Vec::new() };
        let mut tx = self.begin().await?;
        if !tx.insert_usage_batch(&name, now, waits).await? {
            return Ok(false);
        }
        tx.add_usage(&at_once).await?;
        if batch.sequence == 1 {
            tx.prune_usage_batches(now.before(BATCHES_KEPT)).await?;
        }
        self.commit(tx).await?;
        Ok(true)
    }

    /// Adds the counts that wait to the minutes.
    pub async fn add_waiting_usage(&self) -> Result<(), AppError> {
        while self.add_some_waiting_usage().await? {}
        Ok(())
    }

    /// The same, before counts are read. Where it cannot be done, as on a full disk, those that wait are not seen.
    pub(crate) async fn settle_usage(&self) {
        if let Err(error) = self.add_waiting_usage().await {
            tracing::warn!(%error, "counts that were taken in could not be added up; they are kept");
        }
    }

    /// The same, once after the end of each minute.
    pub(crate) async fn add_waiting_usage_sometimes(&self) -> Result<(), AppError> {
        let minute = (self.now().as_millis() - STRAGGLERS_MS).div_euclid(MINUTE_MS);
        if self.shared.usage_added_in.swap(minute, Ordering::Relaxed) == minute {
            return Ok(());
        }
        self.add_waiting_usage().await
    }

    /// Adds batches until what they hold is much; gives whether more may wait. Any number of processes may do so at
    /// once: whoever takes a batch first adds it.
    async fn add_some_waiting_usage(&self) -> Result<bool, AppError> {
        let mut counts = Counts::default();
        let mut taken = Vec::new();
        let mut session = self.read().await?;
        for batch in session.waiting_usage_batches().await? {
            if counts.len() >= MOST_AT_ONCE {
                break;
            }
            let Some(packed) = session.waiting_counts(&batch).await? else { continue };
            match counts.add_packed(&packed) {
                Ok(()) => taken.push(batch),
                Err(error) => tracing::error!(%error, ?batch, "a batch of counts is left aside"),
            }
        }
        drop(session);
        if taken.is_empty() {
            return Ok(false);
        }
        let mut tx = self.begin().await?;
        for batch in &taken {
            if !tx.take_waiting_counts(batch).await? {
                return Ok(true);
            }
        }
        tx.add_usage(&counts.into_rows()).await?;
        self.commit(tx).await?;
        Ok(true)
    }
}

fn check_batch(batch: &UsageBatch) -> Result<(), AppError> {
    let mut check = Check::new();
    check.line("gateway", &batch.gateway, 1, 100);
    check.require(batch.sequence >= 1, "sequence", Rule::OutOfRange { min: 1, max: i64::MAX });
    check.require(batch.rows.len() <= MAX_BATCH_ROWS, "rows", Rule::TooLong { max: MAX_BATCH_ROWS as u64 });
    Ok(check.finish()?)
}
