//! Counts calls. Each worker gathers its own counts without a lock and hands them over several times a second; a task
//! delivers them in batches that may be repeated and still count once: (gateway, boot, sequence) names a batch, and a
//! batch never changes once it was tried.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use foldhash::HashMap;
use futures_util::future::BoxFuture;
use octroi_domain::ids::{ApiId, BootId, CredentialId, SubscriptionId};
use octroi_domain::time::Timestamp;
use octroi_policy::Outcome;
use octroi_policy::feed::{UsageBatch, UsageRow};
use tokio::sync::watch;

use crate::PortError;

/// Where counts go.
pub trait UsageSink: Send + Sync + 'static {
    /// Takes a batch for good. A batch that was taken before is acknowledged again and not counted again.
    fn deliver<'a>(&'a self, batch: &'a UsageBatch) -> BoxFuture<'a, Result<(), PortError>>;
}

/// Calls that are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct TallyKey {
    pub(crate) minute: Timestamp,
    pub(crate) api_id: Option<ApiId>,
    pub(crate) subscription_id: Option<SubscriptionId>,
    pub(crate) credential_id: Option<CredentialId>,
    pub(crate) outcome: Outcome,
    pub(crate) status: u16,
    /// Whether the call passed the limits, whatever came of it.
    pub(crate) admitted: bool,
}

/// Their counts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) calls: u64,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
    pub(crate) duration_us: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, other: Counts) {
        self.calls += other.calls;
        self.bytes_in = self.bytes_in.saturating_add(other.bytes_in);
        self.bytes_out = self.bytes_out.saturating_add(other.bytes_out);
        self.duration_us = self.duration_us.saturating_add(other.duration_us);
    }
}

/// The counts of one worker.
pub(crate) type Tally = HashMap<TallyKey, Counts>;

/// The first moment of the minute.
pub(crate) fn minute_of(now: Timestamp) -> Timestamp {
    Timestamp::from_millis(now.as_millis().div_euclid(60_000) * 60_000)
}

/// Most rows that wait for delivery one by one. Beyond, counts of the same API, outcome and minute are put together,
/// so that an unreachable portal costs detail and not memory.
const MOST_WAITING: usize = 100_000;
/// Most rows of one batch.
const MOST_IN_BATCH: usize = 50_000;
const DELIVER_EVERY: Duration = Duration::from_millis(400);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Counts of all workers that wait for delivery.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    waiting: Mutex<Tally>,
    delivered: AtomicU64,
    coarsened: AtomicU64,
}

impl Meter {
    /// Takes over the counts of a worker.
    pub(crate) fn merge(&self, tally: &mut Tally) {
        if tally.is_empty() {
            return;
        }
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.is_empty() && tally.len() <= MOST_WAITING {
            std::mem::swap(&mut *waiting, tally);
            return;
        }
        for (key, counts) in tally.drain() {
            let full = waiting.len() >= MOST_WAITING && !waiting.contains_key(&key);
            let key = if full { TallyKey { subscription_id: None, credential_id: None, ..key } } else { key };
            self.coarsened.fetch_add(u64::from(full), Ordering::Relaxed);
            waiting.entry(key).or_default().add(counts);
        }
    }

    /// Rows that wait for delivery.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Batches delivered by this start.
    pub(crate) fn delivered(&self) -> u64 {
        self.delivered.load(Ordering::Relaxed)
    }

    /// Counts that lost their subscription and credential, because too many waited.
    pub(crate) fn coarsened(&self) -> u64 {
        self.coarsened.load(Ordering::Relaxed)
    }

    /// Takes the rows of the next batch. `spare` is an empty tally whose memory is used again: workers that hand over
    /// wait for an exchange, not for all rows to be written.
    fn next_rows(&self, spare: &mut Tally) -> Vec<UsageRow> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() > MOST_IN_BATCH {
            let keys: Vec<TallyKey> = waiting.keys().take(MOST_IN_BATCH).copied().collect();
            return keys
                .into_iter()
                .filter_map(|key| waiting.remove(&key).map(|counts| row(key, counts)))
                .collect();
        }
        std::mem::swap(&mut *waiting, spare);
        drop(waiting);
        spare.drain().map(|(key, counts)| row(key, counts)).collect()
    }
}

fn row(key: TallyKey, counts: Counts) -> UsageRow {
    UsageRow {
        minute: key.minute,
        api_id: key.api_id,
        subscription_id: key.subscription_id,
        credential_id: key.credential_id,
        outcome: key.outcome.code().into(),
        status: key.status,
        admitted: key.admitted,
        calls: counts.calls,
        bytes_in: counts.bytes_in,
        bytes_out: counts.bytes_out,
        duration_us: counts.duration_us,
    }
}

/// The task that delivers counts.
pub(crate) struct Delivery {
    pub(crate) meter: Arc<Meter>,
    pub(crate) sink: Arc<dyn UsageSink>,
    pub(crate) gateway: String,
    pub(crate) boot: BootId,
}

impl Delivery {
    /// Delivers until `stop` says so, and then what is left, as long as the sink takes it.
    pub(crate) async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut sequence = 0;
        let mut pause = DELIVER_EVERY;
        let mut batch: Option<UsageBatch> = None;
        let mut spare = Tally::default();
        loop {
            let stopping = *stop.borrow();
            if batch.is_none() {
                let rows = self.meter.next_rows(&mut spare);
                if !rows.is_empty() {
                    sequence += 1;
                    batch =
                        Some(UsageBatch { gateway: self.gateway.clone(), boot: self.boot, sequence, rows });
                }
            }
            let delivered = match &batch {
                None if stopping => return,
                None => true,
                Some(ready) => self.deliver(ready).await,
            };
            if delivered {
                pause = DELIVER_EVERY;
                let had_one = batch.take().is_some();
                if had_one && (stopping || self.meter.waiting() >= MOST_IN_BATCH) {
                    continue;
                }
            } else if stopping {
                return;
            } else {
                pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
            }
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn deliver(&self, batch: &UsageBatch) -> bool {
        match self.sink.deliver(batch).await {
            Ok(()) => {
                self.meter.delivered.fetch_add(1, Ordering::Relaxed);
                true
            }
            Err(error) => {
                tracing::warn!(%error, sequence = batch.sequence, "counts could not be delivered; they are kept");
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Flaky(Mutex<(u32, Vec<UsageBatch>)>);

    impl UsageSink for Flaky {
        fn deliver<'a>(&'a self, batch: &'a UsageBatch) -> BoxFuture<'a, Result<(), PortError>> {
            let mut state = self.0.lock().unwrap();
            state.1.push(batch.clone());
            let fails = state.0 > 0;
            state.0 = state.0.saturating_sub(1);
            Box::pin(async move { if fails { Err("down".into()) } else { Ok(()) } })
        }
    }

    fn key(n: u128) -> TallyKey {
        TallyKey {
            minute: Timestamp::from_millis(0),
            api_id: None,
            subscription_id: Some(SubscriptionId::from_u128(n)),
            credential_id: None,
            outcome: Outcome::Admitted,
            status: 200,
            admitted: true,
        }
    }

    fn tally(n: u128) -> Tally {
        Tally::from_iter([(key(n), Counts { calls: 1, ..Counts::default() })])
    }

    #[tokio::test(start_paused = true)]
    async fn a_batch_is_repeated_unchanged_until_it_is_taken() {
        let meter = Arc::new(Meter::default());
        let sink = Arc::new(Flaky(Mutex::new((2, Vec::new()))));
        let boot = BootId::from_u128(1);
        let delivery =
            Delivery { meter: Arc::clone(&meter), sink: Arc::clone(&sink) as _, gateway: "g".into(), boot };
        let (stop, stopped) = watch::channel(false);
        meter.merge(&mut tally(1));
        let task = tokio::spawn(delivery.run(stopped));
        tokio::time::sleep(Duration::from_millis(100)).await;
        meter.merge(&mut tally(2));
        tokio::time::sleep(Duration::from_secs(20)).await;
        stop.send(true).unwrap();
        task.await.unwrap();
        let seen = &sink.0.lock().unwrap().1;
        let sequences: Vec<_> = seen.iter().map(|b| b.sequence).collect();
        assert_eq!(sequences, [1, 1, 1, 2]);
        assert!(seen[0] == seen[1] && seen[1] == seen[2]);
        assert_eq!(meter.waiting(), 0);
    }

    #[test]
    fn too_many_rows_cost_detail_and_not_memory() {
        let meter = Meter::default();
        let mut many: Tally = (0..MOST_WAITING as u128 + 500).flat_map(tally).collect();
        meter.merge(&mut many);
        assert_eq!(meter.waiting(), MOST_WAITING + 1);
        let calls: u64 = meter.waiting.lock().unwrap().values().map(|c| c.calls).sum();
        assert_eq!(calls, MOST_WAITING as u64 + 500);
        assert_eq!(meter.coarsened(), 500);
    }
}
