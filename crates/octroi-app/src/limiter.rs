//! A growing wait after failed tries, per whatever is tried: kept in memory, bounded, forgotten with time. Nobody is
//! locked out for good, and nobody else has to wait.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How many subjects are remembered at most; the longest untouched one goes first.
const CAPACITY: usize = 50_000;

/// How the wait grows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    /// Failures without any wait.
    pub(crate) free: u32,
    /// The wait after the first failure beyond those; doubled by each further one.
    pub(crate) first: Duration,
    /// The longest wait.
    pub(crate) longest: Duration,
    /// After this long without a failure all is forgotten.
    pub(crate) memory: Duration,
    /// One failure is forgotten each time this long has gone by, others or not.
    pub(crate) pardon: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Duration,
    open_at: Duration,
    /// Up to this moment failures were pardoned.
    pardoned: Duration,
}

/// Failed tries per subject. Times are monotonic.
#[derive(Debug)]
pub(crate) struct Limiter<K> {
    policy: Policy,
    failures: Mutex<HashMap<K, Failures>>,
}

impl<K: Eq + Hash + Clone> Limiter<K> {
    pub(crate) fn new(policy: Policy) -> Self {
        Self { policy, failures: Mutex::new(HashMap::new()) }
    }

    fn with<T>(&self, work: impl FnOnce(&mut HashMap<K, Failures>) -> T) -> T {
        // A panic elsewhere leaves at worst one stale count behind.
        work(&mut self.failures.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many seconds `subject` has to wait before its next try; none where it need not.
    pub(crate) fn wait(&self, subject: &K, now: Duration) -> Option<u32> {
        let open_at = self.with(|all| all.get(subject).map(|f| f.open_at))?;
        let left = open_at.checked_sub(now).filter(|left| !left.is_zero())?;
        Some(u32::try_from(left.as_secs_f64().ceil() as u64).unwrap_or(u32::MAX))
    }

    /// Counts a try that failed, or one that is limited in itself.
    pub(crate) fn fail(&self, subject: K, now: Duration) {
        let policy = self.policy;
        self.with(|all| {
            if all.len() >= CAPACITY && !all.contains_key(&subject) {
                make_room(all, now, policy.memory);
            }
            let f =
                all.entry(subject).or_insert(Failures { count: 0, last: now, open_at: now, pardoned: now });
            if now.saturating_sub(f.last) >= policy.memory {
                f.count = 0;
            }
            f.pardon(now, policy.pardon);
            f.count = f.count.saturating_add(1);
            f.last = now;
            let beyond = f.count.saturating_sub(policy.free);
            f.open_at = now + policy.wait_after(beyond);
        });
    }

    /// Takes back one try that was counted and did not fail; those that did still count.
    pub(crate) fn take_back(&self, subject: &K) {
        self.with(|all| {
            if let Some(f) = all.get_mut(subject) {
                f.count = f.count.saturating_sub(1);
                f.open_at = f.last + self.policy.wait_after(f.count.saturating_sub(self.policy.free));
            }
        });
    }

    /// Forgets the failures of `subject`: it has succeeded.
    pub(crate) fn forgive(&self, subject: &K) {
        self.with(|all| all.remove(subject));
    }
}

impl Failures {
    fn pardon(&mut self, now: Duration, every: Duration) {
        let gone = now.saturating_sub(self.pardoned).as_millis() / every.as_millis().max(1);
        let times = u32::try_from(gone).unwrap_or(u32::MAX);
        self.count = self.count.saturating_sub(times);
        self.pardoned = if self.count == 0 { now } else { self.pardoned + every * times };
    }
}

impl Policy {
    fn wait_after(&self, beyond: u32) -> Duration {
        match beyond {
            0 => Duration::ZERO,
            n => self.first.saturating_mul(1 << (n - 1).min(30)).min(self.longest),
        }
    }
}

/// Drops what would be forgotten anyway, or else the eighth that was untouched for longest.
fn make_room<K: Eq + Hash + Clone>(all: &mut HashMap<K, Failures>, now: Duration, memory: Duration) {
    all.retain(|_, f| now.saturating_sub(f.last) < memory);
    if all.len() < CAPACITY {
        return;
    }
    let mut times: Vec<Duration> = all.values().map(|f| f.last).collect();
    let (_, cut, _) = times.select_nth_unstable(CAPACITY / 8);
    let cut = *cut;
    let mut left = CAPACITY / 8;
    all.retain(|_, f| {
        let goes = left > 0 && f.last <= cut;
        left -= usize::from(goes);
        !goes
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Policy = Policy {
        free: 2,
        first: Duration::from_secs(1),
        longest: Duration::from_secs(10),
        memory: Duration::from_secs(3600),
        pardon: Duration::from_secs(3600),
    };

    #[test]
    fn the_wait_doubles_to_its_longest_and_is_forgotten() {
        let limiter = Limiter::new(POLICY);
        let now = Duration::from_secs(100);
        let mut waits = Vec::new();
        for _ in 0..8 {
            limiter.fail("a", now);
            waits.push(limiter.wait(&"a", now));
        }
        assert_eq!(waits, [None, None, Some(1), Some(2), Some(4), Some(8), Some(10), Some(10)]);
        assert_eq!(limiter.wait(&"b", now), None);
        assert_eq!(limiter.wait(&"a", now + Duration::from_secs(10)), None);
        limiter.fail("a", now + Duration::from_secs(3600));
        assert_eq!(limiter.wait(&"a", now + Duration::from_secs(3600)), None);
        limiter.forgive(&"a");
        assert_eq!(limiter.wait(&"a", now), None);
    }

    #[test]
    fn a_success_takes_back_its_own_try_alone() {
        let limiter = Limiter::new(POLICY);
        let now = Duration::from_secs(100);
        for _ in 0..3 {
            limiter.fail("a", now);
        }
        limiter.fail("a", now);
        limiter.take_back(&"a");
        assert_eq!(limiter.wait(&"a", now), Some(1), "three failures still count");
        limiter.take_back(&"unknown");
    }

    #[test]
    fn failures_of_long_ago_are_pardoned_one_by_one_although_others_follow() {
        let limiter = Limiter::new(Policy { pardon: Duration::from_secs(60), ..POLICY });
        let waits = |every: u64| {
            let waiting = |n: u64| {
                let now = Duration::from_secs(n * every);
                limiter.fail(every, now);
                limiter.wait(&every, now).is_some()
            };
            (0..100).filter(|n| waiting(*n)).count()
        };
        assert_eq!((waits(60), waits(30)), (0, 97));
    }

    #[test]
    fn memory_is_bounded() {
        let limiter = Limiter::new(POLICY);
        for n in 0..CAPACITY + 10 {
            limiter.fail(n, Duration::from_millis(n as u64));
        }
        let (len, newest) = limiter.with(|all| (all.len(), all.contains_key(&(CAPACITY + 9))));
        assert!(len <= CAPACITY && newest, "{len}");
    }
}
