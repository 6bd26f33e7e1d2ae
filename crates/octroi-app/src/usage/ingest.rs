//! Taking counts in. Few rows are added to the minutes at once. Many are kept as they came, packed, in the commit that
//! acknowledges them, and added once a minute together with those that came before and after: a busy gateway calls on
//! the same callers many times a minute, and each of its rows would otherwise be written as many times.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::time::Duration;

use octroi_domain::ids::BootId;
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

/// Different counts that are put together, about: they are held in memory.
const MOST_TOGETHER: usize = 250_000;

/// Rows that are added in one commit: on SQLite nobody else writes meanwhile.
const MOST_IN_COMMIT: usize = 20_000;

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
        let few = if waits.is_none() { &batch.rows[..] } else { &[] };
        let (at_once, _) = Counts::of(few, now).split(FEW_ROWS);
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

    /// Adds the counts that wait to the minutes. Any number of processes may do so at once: whoever takes a batch first
    /// adds it.
    pub async fn add_waiting_usage(&self) -> Result<(), AppError> {
        loop {
            let mut waiting = VecDeque::from(self.read().await?.waiting_usage_batches().await?);
            let mut alone = true;
            while !waiting.is_empty() {
                alone &= self.add_some_waiting_usage(&mut waiting).await?;
            }
            if alone {
                return Ok(());
            }
        }
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

    /// Adds batches from the front of `waiting` together; what is too much for one commit waits anew, in front. Gives
    /// whether nobody else adds them: what others have taken may wait under another name.
    async fn add_some_waiting_usage(&self, waiting: &mut VecDeque<UsageBatchName>) -> Result<bool, AppError> {
        let mut counts = Counts::default();
        let mut taken = Vec::new();
        let mut session = self.read().await?;
        while counts.len() < MOST_TOGETHER
            && let Some(batch) = waiting.pop_front()
        {
            let Some(packed) = session.waiting_counts(&batch).await? else { return Ok(false) };
            match counts.add_packed(&packed) {
                Ok(()) => taken.push(batch),
                Err(error) => tracing::error!(%error, ?batch, "a batch of counts is left aside"),
            }
        }
        drop(session);
        let (first, rest) = counts.split(MOST_IN_COMMIT);
        let mut tx = self.begin().await?;
        for batch in &taken {
            if !tx.take_waiting_counts(batch).await? {
                return Ok(false);
            }
        }
        if rest.is_some() {
            let now = self.now();
            // No gateway is without a name.
            let gateway = String::new();
            let name = UsageBatchName { gateway, boot: BootId::new(now, self.entropy()), sequence: 1 };
            tx.insert_usage_batch(&name, now, rest).await?;
            waiting.push_front(name);
        }
        tx.add_usage(&first).await?;
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
