//! Calls over time as a picture and, with the same numbers, as a table. The picture is SVG in per cent, so that it fits any
//! width while its text keeps its size; refused calls stand on top of those let in.

use askama::Template;
use octroi_app::usage::{UsageStep, UsageView};
use octroi_domain::time::Timestamp;

use super::shell::Shell;

/// Where the columns stand and how high the highest is, in pixels of the picture.
const BASE: f64 = 224.0;
const HEIGHT: f64 = 200.0;

/// The least height of what is not nothing.
const LEAST: f64 = 2.0;

/// Columns whose names stand under them, at most.
const NAMED: usize = 8;

/// Where the columns begin, in per cent: the scale stands before.
const LEFT: f64 = 12.0;

/// Spans at most: more would be thinner than a line.
const MOST: usize = 100;

/// One span of time.
struct Column {
    /// From the left and across, in per cent.
    x: String,
    width: String,
    middle: String,
    admitted: Bar,
    refused: Bar,
    /// What stands under it; most have nothing.
    name: Option<String>,
    /// Whether the name is left out where there is little room.
    spare: bool,
    /// What it is called in the table.
    label: String,
    counts: [i64; 3],
}

/// A part of a column, in pixels.
struct Bar {
    y: String,
    height: String,
}

/// A line of the scale.
struct Line {
    y: String,
    number: i64,
}

/// The picture and its table. Written into a page by `{{ chart|safe }}`.
#[derive(Template)]
#[template(path = "parts/chart.html")]
pub(super) struct Chart<'a> {
    shell: &'a Shell,
    columns: Vec<Column>,
    lines: Vec<Line>,
    /// What the numbers say, in a sentence.
    finding: String,
}

impl<'a> Chart<'a> {
    /// Of these calls.
    pub(super) fn of(shell: &'a Shell, usage: &UsageView) -> Self {
        let spans = spans(usage);
        let highest = spans.iter().map(|(_, calls, _)| *calls).max().unwrap_or(0);
        let top = round_up(highest);
        let named_every = spans.len().div_ceil(NAMED).max(1);
        let room = (100.0 - LEFT) / spans.len().max(1) as f64;
        let columns = spans.iter().enumerate().map(|(place, (start, calls, admitted))| {
            let x = LEFT + room * (place as f64 + 0.125);
            let refused = calls - admitted;
            let [low, high] = [height(*admitted, top), height(refused, top)];
            Column {
                x: percent(x),
                width: percent(room * 0.75),
                middle: percent(LEFT + room * (place as f64 + 0.5)),
                admitted: Bar { y: pixels(BASE - low), height: pixels(low) },
                refused: Bar { y: pixels(BASE - low - high), height: pixels(high) },
                name: (place % named_every == 0).then(|| short(shell, usage.step, *start)),
                spare: place / named_every % 2 == 1,
                label: long(shell, usage.step, *start),
                counts: [*admitted, refused, *calls],
            }
        });
        let line = |quarter: i64| Line {
            y: pixels(BASE - HEIGHT * quarter as f64 / 2.0),
            number: top / 2 * quarter,
        };
        Self {
            columns: columns.collect(),
            lines: if top > 1 { (1..=2).map(line).collect() } else { Vec::new() },
            finding: finding(shell, usage, highest),
            shell,
        }
    }
}

/// Every span of the time, those without a call too: start, calls, calls let in.
fn spans(usage: &UsageView) -> Vec<(Timestamp, i64, i64)> {
    let step = usage.step.millis();
    let starts = (0..).map(|n| usage.from.as_millis().saturating_add(step.saturating_mul(n)));
    starts
        .take_while(|start| *start < usage.to.as_millis())
        .take(MOST)
        .map(|start| {
            let start = Timestamp::from_millis(start);
            let point = usage.points.iter().find(|point| point.start == start);
            (start, point.map_or(0, |point| point.calls), point.map_or(0, |point| point.admitted))
        })
        .collect()
}

/// The even round number that a scale ends with: 2, 4, 6, 8, 10, 20, 40, …
fn round_up(highest: i64) -> i64 {
    let mut power: i64 = 1;
    loop {
        let fit = [2, 4, 6, 8].map(|digit| power.saturating_mul(digit)).into_iter().find(|n| *n >= highest);
        match fit {
            Some(number) => return number,
            None if power >= i64::MAX / 10 => return i64::MAX,
            None => power *= 10,
        }
    }
}

fn height(calls: i64, top: i64) -> f64 {
    if calls <= 0 { 0.0 } else { (calls as f64 / top.max(1) as f64 * HEIGHT).max(LEAST) }
}

fn percent(number: f64) -> String {
    format!("{number:.2}%")
}

fn pixels(number: f64) -> String {
    format!("{number:.1}")
}

fn short(shell: &Shell, step: UsageStep, start: Timestamp) -> String {
    match step {
        UsageStep::Day => shell.utc_day(&start),
        UsageStep::Hour | UsageStep::Minute => shell.clock(&start),
    }
}

fn long(shell: &Shell, step: UsageStep, start: Timestamp) -> String {
    match step {
        // Days of counts are those of UTC: their name is the date there.
        UsageStep::Day => shell.utc_date(&start),
        UsageStep::Hour | UsageStep::Minute => shell.date_time(&start),
    }
}

fn finding(shell: &Shell, usage: &UsageView, highest: i64) -> String {
    if usage.calls == 0 {
        return shell.say("chart-nothing");
    }
    let number = |number: i64| shell.number(&number).into();
    let values = [
        ("calls", number(usage.calls)),
        ("refused", number(usage.calls - usage.admitted)),
        ("highest", number(highest)),
    ];
    shell.fill_all("chart-finding", &values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_ends_with_a_round_number() {
        for (highest, top) in [(0, 2), (1, 2), (3, 4), (8, 8), (9, 20), (2_843, 4_000), (80_001, 200_000)] {
            assert_eq!(round_up(highest), top, "{highest}");
        }
        assert_eq!(round_up(i64::MAX), i64::MAX);
        assert_eq!((height(0, 10), height(5, 10), height(1, 1_000_000)), (0.0, 100.0, LEAST));
    }
}
