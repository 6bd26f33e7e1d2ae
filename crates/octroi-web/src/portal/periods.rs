//! The times over which calls are shown: a choice that every page of usage offers in the same way.

use std::time::Duration;

use octroi_app::usage::UsageStep;
use octroi_domain::time::Timestamp;

use super::shell::Shell;
use super::visitor::Visitor;

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

/// A time up to now.
pub(super) struct Period {
    /// Its word in the address: `?period=week`.
    pub(super) word: &'static str,
    /// The sentence that names it, and the one that a chart of it has for a title.
    pub(super) label: &'static str,
    pub(super) title: &'static str,
    pub(super) step: UsageStep,
    /// Seconds from the beginning of its first step, at most, to now.
    length: u64,
}

const PERIODS: [Period; 3] = [
    Period {
        word: "day",
        label: "chart-day",
        title: "chart-day-title",
        step: UsageStep::Hour,
        length: 23 * HOUR,
    },
    Period {
        word: "week",
        label: "chart-week",
        title: "chart-week-title",
        step: UsageStep::Day,
        length: 6 * DAY,
    },
    Period {
        word: "month",
        label: "chart-month",
        title: "chart-month-title",
        step: UsageStep::Day,
        length: 29 * DAY,
    },
];

/// The place of the one that is shown where the address asks for none.
const USUAL: usize = 1;

impl Period {
    /// The one that the address asks for.
    pub(super) fn asked(visitor: &Visitor) -> &'static Self {
        let word = visitor.query("period").unwrap_or_default();
        PERIODS.iter().find(|period| period.word == word).unwrap_or(&PERIODS[USUAL])
    }

    /// When it begins.
    pub(super) fn from(&self, now: Timestamp) -> Timestamp {
        now.before(Duration::from_secs(self.length))
    }

    /// Every period as a link from the page at `place`: address, label, whether it is this one.
    pub(super) fn links(&self, shell: &Shell, place: &str) -> Vec<(String, String, bool)> {
        let link = |period: &Self| {
            let href = format!("{place}?period={}", period.word);
            (href, shell.say(period.label), period.word == self.word)
        };
        PERIODS.iter().map(link).collect()
    }
}
