//! Limits on atomics: a window that opens with its first admitted call, and a quota over a calendar period. Each is one
//! number that one compare-and-swap changes, so that exactly as many calls are admitted as the plan says.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use octroi_domain::ids::{ApiId, SubscriptionId};
use octroi_domain::plan::{Limits, Period, Quota, RateLimit};
use octroi_domain::time::Timestamp;

use crate::feed::QuotaUse;

/// What a limit is counted over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// A short window.
    Window {
        /// Its length.
        seconds: u32,
    },
    /// A calendar period.
    Calendar {
        /// Which.
        period: Period,
        /// Its length this time.
        seconds: u32,
    },
}

impl Span {
    /// Its length in seconds.
    pub const fn seconds(self) -> u32 {
        match self {
            Self::Window { seconds } | Self::Calendar { seconds, .. } => seconds,
        }
    }

    /// Its length in the largest unit that fits, the unit always in the plural.
    pub const fn count_and_unit(self) -> (u32, &'static str) {
        match self {
            Self::Calendar { period: Period::Day, .. } => (1, "days"),
            Self::Calendar { period: Period::Week, .. } => (1, "weeks"),
            Self::Calendar { period: Period::Month, .. } => (1, "months"),
            Self::Window { seconds } if seconds > 0 && seconds % 3_600 == 0 => (seconds / 3_600, "hours"),
            Self::Window { seconds } if seconds > 0 && seconds % 60 == 0 => (seconds / 60, "minutes"),
            Self::Window { seconds } => (seconds, "seconds"),
        }
    }
}

/// Where a limit stands after a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Calls that the span gives.
    pub limit: u64,
    /// Calls left in it.
    pub remaining: u64,
    /// When it begins anew.
    pub resets_at: Timestamp,
    /// What is counted over.
    pub span: Span,
}

impl Reading {
    /// Whole seconds until it begins anew, rounded up.
    pub fn seconds_left(&self, now: Timestamp) -> u64 {
        u64::try_from(self.resets_at.since(now).as_millis().div_ceil(1000)).unwrap_or(u64::MAX)
    }
}

/// Where the limits of a plan stand after a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Readings {
    /// The short window.
    pub rate: Option<Reading>,
    /// The calendar period.
    pub quota: Option<Reading>,
}

/// Which limit a call ran into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exceeded {
    /// The short window.
    Rate(Reading),
    /// The calendar period.
    Quota(Reading),
}

/// Whether a call is counted or only looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A real call.
    Take,
    /// A question: nothing is counted.
    Peek,
}

const COUNT_BITS: u32 = 24;
const COUNT_MASK: u64 = (1 << COUNT_BITS) - 1;
const CLOCK_MASK: u64 = (1 << (64 - COUNT_BITS)) - 1;
const USED_BITS: u32 = 40;
const USED_MASK: u64 = (1 << USED_BITS) - 1;
const DAY_MASK: u64 = (1 << (64 - USED_BITS)) - 1;
const DAY_MS: i64 = 86_400_000;

/// What one subscription or address has used.
#[derive(Debug, Default)]
pub struct Cell {
    /// 40 bits: the window's first moment in milliseconds, modulo 34 years; 24 bits: calls admitted in it. No call: no
    /// window.
    window: AtomicU64,
    /// 24 bits: the period's first day; 40 bits: calls admitted in it.
    quota: AtomicU64,
}

impl Cell {
    /// Counts a call, or says which limit it runs into. A call that is refused is not counted.
    pub fn take(
        &self,
        limits: &Limits,
        calendar: &Calendar,
        now: Timestamp,
        mode: Mode,
    ) -> Result<Readings, Exceeded> {
        let bounds = limits.quota.map(|quota| (quota, calendar.bounds(quota.period, now)));
        if let Some((quota, bounds)) = bounds {
            self.step_quota(quota, bounds, Mode::Peek).map_err(Exceeded::Quota)?;
        }
        let rate =
            limits.rate.map(|rate| self.step_window(rate, now, mode).map_err(Exceeded::Rate)).transpose()?;
        let quota = bounds
            .map(|(quota, bounds)| self.step_quota(quota, bounds, mode).map_err(Exceeded::Quota))
            .transpose()?;
        Ok(Readings { rate, quota })
    }

    fn step_window(&self, rate: RateLimit, now: Timestamp, mode: Mode) -> Result<Reading, Reading> {
        let clock = now.as_millis() as u64 & CLOCK_MASK;
        let mut seen = self.window.load(Ordering::Relaxed);
        loop {
            let (start, used, next) = match open_window(seen, rate, clock) {
                Some((start, used)) => (start, used, seen.wrapping_add(1)),
                None => (clock, 0, clock << COUNT_BITS | 1),
            };
            let elapsed = elapsed_ms(start, clock);
            let reading = |used: u64| Reading {
                limit: u64::from(rate.count),
                remaining: u64::from(rate.count).saturating_sub(used),
                resets_at: Timestamp::from_millis(
                    now.as_millis()
                        .saturating_sub(elapsed)
                        .saturating_add(i64::from(rate.window_seconds) * 1000),
                ),
                span: Span::Window { seconds: rate.window_seconds },
            };
            if used >= u64::from(rate.count) {
                return Err(reading(used));
            }
            if mode == Mode::Peek {
                return Ok(reading(used));
            }
            match self.window.compare_exchange_weak(seen, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Ok(reading(used + 1)),
                Err(now_there) => seen = now_there,
            }
        }
    }

    fn step_quota(&self, quota: Quota, bounds: Bounds, mode: Mode) -> Result<Reading, Reading> {
        let day = bounds.day();
        let limit = quota.count.min(USED_MASK);
        let mut seen = self.quota.load(Ordering::Relaxed);
        loop {
            let used = if seen >> USED_BITS == day { seen & USED_MASK } else { 0 };
            let reading = |used: u64| Reading {
                limit: quota.count,
                remaining: limit.saturating_sub(used),
                resets_at: bounds.end,
                span: Span::Calendar { period: quota.period, seconds: bounds.seconds() },
            };
            if used >= limit {
                return Err(reading(used));
            }
            if mode == Mode::Peek {
                return Ok(reading(used));
            }
            let next = day << USED_BITS | (used + 1);
            match self.quota.compare_exchange_weak(seen, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Ok(reading(used + 1)),
                Err(now_there) => seen = now_there,
            }
        }
    }

    /// Learns what was used of a quota before this start; never forgets what is known already.
    pub fn seed_quota(&self, period_start: Timestamp, used: u64) {
        let day = period_start.as_millis().div_euclid(DAY_MS) as u64 & DAY_MASK;
        let wanted = day << USED_BITS | used.min(USED_MASK);
        let later = |seen: u64| (seen >> USED_BITS != day || seen < wanted).then_some(wanted);
        let _ = self.quota.fetch_update(Ordering::Relaxed, Ordering::Relaxed, later);
    }

    /// Whether forgetting this cell lets nobody call more often.
    fn is_idle(&self, now: Timestamp) -> bool {
        const LONGEST: RateLimit = RateLimit { count: 1, window_seconds: 3_600 };
        let clock = now.as_millis() as u64 & CLOCK_MASK;
        let quota = self.quota.load(Ordering::Relaxed);
        let today = now.as_millis().div_euclid(DAY_MS) as u64 & DAY_MASK;
        let period_over = quota & USED_MASK == 0 || today.wrapping_sub(quota >> USED_BITS) & DAY_MASK > 31;
        period_over && open_window(self.window.load(Ordering::Relaxed), LONGEST, clock).is_none()
    }
}

/// The start and count of the window that `seen` holds, where it is still open.
///
/// A clock that was set back by less than a window keeps the window; by more, it begins anew, so that nobody is shut
/// out for as long as the clock was wrong.
fn open_window(seen: u64, rate: RateLimit, clock: u64) -> Option<(u64, u64)> {
    let (start, used) = (seen >> COUNT_BITS, seen & COUNT_MASK);
    let window = i64::from(rate.window_seconds) * 1000;
    let elapsed = elapsed_ms(start, clock);
    (used > 0 && elapsed < window && elapsed > -window).then_some((start, used))
}

/// Milliseconds from `start` to `clock` on a clock of 40 bits, between −17 and +17 years.
fn elapsed_ms(start: u64, clock: u64) -> i64 {
    let forward = clock.wrapping_sub(start) & CLOCK_MASK;
    if forward > CLOCK_MASK / 2 { -((CLOCK_MASK + 1 - forward) as i64) } else { forward as i64 }
}

/// The first moment of a calendar period, and the first after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bounds {
    start: Timestamp,
    end: Timestamp,
}

impl Bounds {
    fn day(self) -> u64 {
        self.start.as_millis().div_euclid(DAY_MS) as u64 & DAY_MASK
    }

    fn seconds(self) -> u32 {
        u32::try_from(self.end.since(self.start).as_secs()).unwrap_or(u32::MAX)
    }
}

/// Remembers the present day, week and month, whose reckoning costs more than all else in a decision.
#[derive(Debug)]
pub struct Calendar([ArcSwap<Bounds>; 3]);

impl Default for Calendar {
    fn default() -> Self {
        let never =
            || ArcSwap::from_pointee(Bounds { start: Timestamp::default(), end: Timestamp::default() });
        Self([never(), never(), never()])
    }
}

impl Calendar {
    fn bounds(&self, period: Period, now: Timestamp) -> Bounds {
        let slot = match period {
            Period::Day => &self.0[0],
            Period::Week => &self.0[1],
            Period::Month => &self.0[2],
        };
        let known = **slot.load();
        if known.start <= now && now < known.end {
            return known;
        }
        let (start, end) = Quota { count: 0, period }.bounds(now);
        let bounds = Bounds { start, end };
        slot.store(Arc::new(bounds));
        bounds
    }
}

/// What each subscription has used. Survives every change of the snapshot.
#[derive(Debug, Default)]
pub struct SubscriptionCells(papaya::HashMap<SubscriptionId, Arc<Cell>>);

impl SubscriptionCells {
    /// The one cell of a subscription: a renewed key shares its predecessor's.
    pub fn of(&self, id: SubscriptionId) -> Arc<Cell> {
        Arc::clone(self.0.pin().get_or_insert_with(id, Arc::default))
    }

    /// Learns what was used of quotas.
    pub fn seed(&self, used: &[QuotaUse]) {
        for u in used {
            self.of(u.subscription_id).seed_quota(u.period_start, u.used);
        }
    }

    /// Forgets the cells that no key holds and that limit nobody.
    pub fn sweep(&self, now: Timestamp) {
        self.0.pin().retain(|_, cell| Arc::strong_count(cell) > 1 || !cell.is_idle(now));
    }
}

/// Which limit of an address is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AddressLimit {
    /// The API's own, before any credential.
    Screen,
    /// The keyless plan's.
    Plan,
}

/// The most addresses counted one by one; further ones share 65,536 cells, so that memory stays bounded.
const MOST_ADDRESSES: usize = 500_000;

/// What each client address has used of each API.
#[derive(Debug, Default)]
pub struct AddressCells(papaya::HashMap<(ApiId, AddressLimit, u128), Arc<Cell>>);

impl AddressCells {
    /// The cell of an address. IPv6 callers are counted by network of 64 bits, which one subscriber usually has whole.
    pub fn of(&self, api: ApiId, limit: AddressLimit, ip: IpAddr) -> Arc<Cell> {
        let map = self.0.pin();
        let key = (api, limit, address_number(ip));
        if let Some(cell) = map.get(&key) {
            return Arc::clone(cell);
        }
        let key = if map.len() < MOST_ADDRESSES { key } else { (api, limit, shared_number(key.2)) };
        Arc::clone(map.get_or_insert_with(key, Arc::default))
    }

    /// Forgets the addresses whose window has passed.
    pub fn sweep(&self, now: Timestamp) {
        self.0.pin().retain(|_, cell| !cell.is_idle(now));
    }
}

fn address_number(ip: IpAddr) -> u128 {
    match ip.to_canonical() {
        IpAddr::V4(v4) => u128::from(v4.to_bits()),
        IpAddr::V6(v6) => v6.to_bits() >> 64 | 1 << 127,
    }
}

fn shared_number(address: u128) -> u128 {
    let folded = (address ^ address >> 64) as u64;
    u128::from(folded.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48) | 1 << 126
}

#[cfg(test)]
mod tests {
    use super::*;

    const THIRTY: Limits = Limits { rate: Some(RateLimit { count: 30, window_seconds: 60 }), quota: None };

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(1_795_364_438_123 + ms)
    }

    fn take(cell: &Cell, limits: &Limits, ms: i64) -> bool {
        cell.take(limits, &Calendar::default(), at(ms), Mode::Take).is_ok()
    }

    #[test]
    fn thirty_pass_the_next_waits_for_the_window_that_the_first_opened() {
        let cell = Cell::default();
        assert!((0..30).all(|i| take(&cell, &THIRTY, i * 1_000)));
        assert!(!take(&cell, &THIRTY, 30_000));
        let Err(Exceeded::Rate(reading)) = cell.take(&THIRTY, &Calendar::default(), at(59_999), Mode::Take)
        else {
            panic!("admitted");
        };
        assert_eq!((reading.remaining, reading.resets_at), (0, at(60_000)));
        assert_eq!(reading.seconds_left(at(59_999)), 1);
        assert!(take(&cell, &THIRTY, 60_000));
        let readings = cell.take(&THIRTY, &Calendar::default(), at(61_000), Mode::Take).unwrap();
        assert_eq!(readings.rate.unwrap().remaining, 28);
        assert_eq!(readings.rate.unwrap().resets_at, at(120_000));
    }

    #[test]
    fn a_changed_limit_counts_what_was_used_before() {
        let cell = Cell::default();
        assert!((0..30).all(|_| take(&cell, &THIRTY, 0)));
        let more = Limits { rate: Some(RateLimit { count: 31, window_seconds: 60 }), quota: None };
        assert!(take(&cell, &more, 1));
        assert!(!take(&cell, &more, 2));
    }

    #[test]
    fn a_clock_set_back_neither_opens_nor_locks() {
        let cell = Cell::default();
        assert!((0..30).all(|_| take(&cell, &THIRTY, 0)));
        assert!(!take(&cell, &THIRTY, -59_000));
        assert!(take(&cell, &THIRTY, -3_600_000));
    }

    #[test]
    fn many_threads_admit_exactly_the_limit() {
        let cell = Cell::default();
        let limits = Limits { rate: Some(RateLimit { count: 1_000, window_seconds: 60 }), quota: None };
        let admitted: usize = std::thread::scope(|s| {
            let work: Vec<_> =
                (0..8).map(|_| s.spawn(|| (0..500).filter(|_| take(&cell, &limits, 5)).count())).collect();
            work.into_iter().map(|w| w.join().unwrap()).sum()
        });
        assert_eq!(admitted, 1_000);
    }

    #[test]
    fn a_quota_is_seeded_and_begins_anew_with_its_period() {
        let start = Timestamp::parse("2026-11-01T00:00:00Z").unwrap();
        let now = Timestamp::parse("2026-11-22T16:00:00Z").unwrap();
        let next = Timestamp::parse("2026-12-01T00:00:00Z").unwrap();
        let limits = Limits { rate: None, quota: Some(Quota { count: 10, period: Period::Month }) };
        let (cell, calendar) = (Cell::default(), Calendar::default());
        cell.seed_quota(start, 8);
        cell.seed_quota(start, 3);
        let take = |at| cell.take(&limits, &calendar, at, Mode::Take);
        assert_eq!(take(now).unwrap().quota.unwrap().remaining, 1);
        assert!(take(now).is_ok());
        let Err(Exceeded::Quota(reading)) = take(now) else { panic!("admitted") };
        assert_eq!(reading.resets_at, next);
        assert_eq!(reading.span.count_and_unit(), (1, "months"));
        assert_eq!(take(next).unwrap().quota.unwrap().remaining, 9);
    }

    #[test]
    fn peeking_counts_nothing() {
        let cell = Cell::default();
        for _ in 0..100 {
            let readings = cell.take(&THIRTY, &Calendar::default(), at(0), Mode::Peek).unwrap();
            assert_eq!(readings.rate.unwrap().remaining, 30);
        }
    }

    #[test]
    fn idle_cells_are_forgotten_and_busy_ones_kept() {
        let cells = AddressCells::default();
        let api = ApiId::from_u128(1);
        let (a, b) = ("192.0.2.1".parse().unwrap(), "2001:db8::1".parse().unwrap());
        take(&cells.of(api, AddressLimit::Screen, a), &THIRTY, 0);
        take(&cells.of(api, AddressLimit::Screen, b), &THIRTY, 3_000_000);
        cells.sweep(at(3_600_001));
        assert_eq!(cells.0.len(), 1);
        let neighbour = "2001:db8::2".parse().unwrap();
        assert!(Arc::ptr_eq(
            &cells.of(api, AddressLimit::Screen, b),
            &cells.of(api, AddressLimit::Screen, neighbour)
        ));
    }
}
