//! A clock that only tests turn.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use octroi_domain::time::{Clock, Timestamp};

/// 2026-11-22T12:00:00Z: a Sunday.
const START: i64 = 1_795_348_800_000;

/// A clock that stands still until it is turned.
#[derive(Debug)]
pub struct FakeClock(AtomicI64);

impl Default for FakeClock {
    fn default() -> Self {
        Self(AtomicI64::new(START))
    }
}

impl FakeClock {
    /// Turns the clock forward.
    pub fn advance(&self, span: Duration) {
        self.0.fetch_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
    }

    /// Turns the clock to a moment.
    pub fn set(&self, moment: Timestamp) {
        self.0.store(moment.as_millis(), Ordering::SeqCst);
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.load(Ordering::SeqCst) - START).unwrap_or(0))
    }
}
