//! File descriptors. Every connection takes one, and where none is left nothing works any more: no call, no page, no look
//! at the database, no answer to the operator. So the process takes as many as the system lets it have, and shares them
//! out: a crowd at one door leaves the others theirs (promise G7).

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What is shared out where the system sets no limit.
const PLENTY: u64 = 1 << 20;

/// How many connections each part of the process may have at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shares {
    /// Callers of the gateway. Each may need a second descriptor for its upstream, and half of one for upstreams that
    /// wait for the next call.
    pub callers: usize,
    /// Visitors of the portal, and as many of the operator's side.
    pub visitors: usize,
}

impl Shares {
    /// Raises the process's own limit to what the system lets it have, and shares that out. Doing so again changes
    /// nothing.
    pub fn take() -> Self {
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        let wanted = Rlimit { current: maximum.or(Some(PLENTY)), maximum };
        let raised = setrlimit(Resource::Nofile, wanted).is_ok();
        Self::of(if raised { wanted.current } else { current }.unwrap_or(PLENTY))
    }

    /// Five sixths for callers and their upstreams, a twelfth for visitors, the rest for files, databases and mail.
    fn of(descriptors: u64) -> Self {
        let share = |part| usize::try_from(descriptors / part).unwrap_or(usize::MAX).max(1);
        Self { callers: share(3), visitors: share(24) }
    }

    /// Callers that each of `workers` may have.
    pub fn callers_per_worker(self, workers: usize) -> usize {
        (self.callers / workers.max(1)).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_leave_something_over_however_few_there_are() {
        for descriptors in [64, 256, 1_024, 20_000, PLENTY] {
            let shares = Shares::of(descriptors);
            let taken = shares.callers * 5 / 2 + shares.visitors * 2;
            let rest = descriptors as usize - taken;
            assert!(rest * 12 >= descriptors as usize, "{descriptors}: {rest}");
        }
        assert_eq!(Shares { callers: 5, visitors: 1 }.callers_per_worker(8), 1);
    }

    #[test]
    fn the_limit_is_raised_to_what_the_system_allows() {
        Shares::take();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current.unwrap_or(PLENTY), limit.maximum.unwrap_or(PLENTY));
        assert_eq!(Shares::take(), Shares::take());
    }
}
