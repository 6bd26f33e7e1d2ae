//! Calls over a time as columns: refused ones stand on top of admitted ones. The drawing says its finding in words, and
//! the same numbers follow as a table. Widths are per cent, so that the text keeps its size on every screen.

use askama::Template;
use octroi_app::usage::UsageView;
use octroi_domain::time::Timestamp;

use super::shell::Shell;
use super::when::SpanName;

/// Where the columns begin and stand, in pixels from the top.
const TOP: f64 = 24.0;
const BASE: f64 = 224.0;

/// The share of the width, in per cent, that is kept for the numbers of the scale.
const SCALE: f64 = 12.5;

/// The share of its place that a column takes.
const COLUMN: f64 = 0.6;

/// A refusal is seen, however few they are.
const LEAST: f64 = 3.0;

/// Lines of the scale, and names under the columns, at most.
const LINES: i64 = 4;
const NAMES: usize = 8;

/// A chart. Written into a page by `{{ chart|safe }}`.
#[derive(Template)]
#[template(path = "parts/chart.html")]
pub(crate) struct Chart<'a> {
    shell: &'a Shell,
    /// Tells this chart from others on its page.
    id: &'static str,
    title: String,
    finding: String,
    lines: Vec<Line>,
    columns: Vec<Column>,
    refused: i64,
    /// Where the numbers can be had as a file.
    csv: Option<String>,
}

/// A line of the scale.
struct Line {
    y: String,
    text_y: String,
    number: i64,
}

/// A span of time.
struct Column {
    name: SpanName,
    admitted: i64,
    refused: i64,
    x: String,
    middle: String,
    width: String,
    admitted_y: String,
    admitted_height: String,
    refused_y: String,
    refused_height: String,
    number_y: String,
    /// Whether its name and its number are written.
    named: bool,
    numbered: bool,
}

impl Column {
    fn total(&self) -> i64 {
        self.admitted + self.refused
    }
}

impl<'a> Chart<'a> {
    /// The calls of `usage`, spans without a call included. `title` is a sentence already.
    pub(crate) fn of(shell: &'a Shell, id: &'static str, title: String, usage: &UsageView) -> Self {
        let spans = every_span(usage);
        let most = spans.iter().map(|span| span.admitted + span.refused).max().unwrap_or(0);
        let unit = scale(most);
        let top = unit * lines(most, unit);
        let place = (100.0 - SCALE) / spans.len().max(1) as f64;
        let every = spans.len().div_ceil(NAMES).max(1);
        let numbered = spans.len() <= NAMES;
        let column = |(at, span): (usize, &Span)| {
            let high = |calls: i64| calls as f64 / top as f64 * (BASE - TOP);
            let admitted = high(span.admitted);
            let refused = if span.refused > 0 { high(span.refused).max(LEAST) } else { 0.0 };
            let left = SCALE + place * at as f64;
            Column {
                name: shell.span(&span.start, usage.step),
                admitted: span.admitted,
                refused: span.refused,
                x: format!("{:.2}", left + place * (1.0 - COLUMN) / 2.0),
                middle: format!("{:.2}", left + place / 2.0),
                width: format!("{:.2}", place * COLUMN),
                admitted_y: format!("{:.1}", BASE - admitted),
                admitted_height: format!("{admitted:.1}"),
                refused_y: format!("{:.1}", BASE - admitted - refused),
                refused_height: format!("{refused:.1}"),
                number_y: format!("{:.1}", BASE - admitted - refused - 7.0),
                named: at.is_multiple_of(every),
                numbered,
            }
        };
        let line = |at: i64| {
            let y = BASE - (BASE - TOP) * (unit * at) as f64 / top as f64;
            Line { y: format!("{y:.1}"), text_y: format!("{:.1}", y - 5.0), number: unit * at }
        };
        let columns: Vec<Column> = spans.iter().enumerate().map(column).collect();
        Self {
            shell,
            id,
            title,
            finding: finding(shell, usage, &columns),
            lines: (1..=top / unit).map(line).collect(),
            refused: usage.calls - usage.admitted,
            columns,
            csv: None,
        }
    }

    /// With a link to the numbers as a file.
    pub(crate) fn csv(mut self, address: String) -> Self {
        self.csv = Some(address);
        self
    }

    fn is_empty(&self) -> bool {
        self.columns.iter().all(|column| column.total() == 0)
    }
}

/// One span of time, with or without a call.
struct Span {
    start: Timestamp,
    admitted: i64,
    refused: i64,
}

/// Every span of the time asked for: those without a call are left out of the counts.
fn every_span(usage: &UsageView) -> Vec<Span> {
    let step = usage.step.millis();
    let mut points = usage.points.iter().peekable();
    let mut spans = Vec::new();
    let mut start = usage.from.as_millis();
    while start < usage.to.as_millis() {
        let point = points.next_if(|point| point.start.as_millis() == start);
        let (calls, admitted) = point.map_or((0, 0), |point| (point.calls, point.admitted));
        spans.push(Span { start: Timestamp::from_millis(start), admitted, refused: calls - admitted });
        start += step;
    }
    spans
}

/// The distance between two lines of the scale: 1, 2 or 5 times a power of ten.
fn scale(most: i64) -> i64 {
    let mut power = 1;
    loop {
        for times in [1, 2, 5] {
            let unit = times * power;
            if lines(most, unit) <= LINES {
                return unit;
            }
        }
        power *= 10;
    }
}

/// How many lines of the scale hold the highest column; 1 at least.
fn lines(most: i64, unit: i64) -> i64 {
    (most / unit + i64::from(most % unit != 0)).max(1)
}

/// What the drawing shows, in words.
fn finding(shell: &Shell, usage: &UsageView, columns: &[Column]) -> String {
    let most = columns.iter().max_by_key(|column| column.total()).filter(|column| column.total() > 0);
    let Some(most) = most else { return shell.say("chart-none") };
    let number = |count: i64| shell.number(&count).into();
    shell.fill_all(
        "chart-finding",
        &[
            ("count", usage.calls.to_string().into()),
            ("calls", number(usage.calls)),
            ("refused", number(usage.calls - usage.admitted)),
            ("most", number(most.total())),
            ("when", most.name.full.as_str().into()),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_is_round_and_holds_the_highest_column() {
        for (most, unit, lines) in
            [(0, 1, 1), (1, 1, 1), (4, 1, 4), (5, 2, 3), (30, 10, 3), (2_843, 1_000, 3)]
        {
            assert_eq!((scale(most), super::lines(most, unit)), (unit, lines), "{most}");
        }
        assert_eq!(scale(i64::MAX / 4), 1_000_000_000_000_000_000);
    }
}
