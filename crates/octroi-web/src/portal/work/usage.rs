//! Calls of one application: a chart, its table, the same numbers as a file.

use askama::Template;
use axum::response::IntoResponse as _;
use http::header;
use octroi_app::AppError;
use octroi_app::applications::ApplicationCard;
use octroi_app::usage::{UsageQuery, UsageStep, UsageView};
use octroi_domain::ids::ApplicationId;
use octroi_domain::permission::Action;
use std::time::Duration;

use super::application::{self, Head, Tab};
use crate::portal::answer;
use crate::portal::chart::Chart;
use crate::portal::gate::PageResult;
use crate::portal::path::Id;
use crate::portal::route::{Access, PageRow, get};
use crate::portal::shell::{Section, Shell};
use crate::portal::visitor::Visitor;

pub(super) fn pages() -> Vec<PageRow> {
    vec![
        get("/applications/{application_id}/usage", Access::May(Action::UsageRead), show),
        get("/applications/{application_id}/usage.csv", Access::May(Action::UsageRead), csv),
    ]
}

/// A time that can be looked at.
struct Span {
    /// Its word in the address.
    word: &'static str,
    label: &'static str,
    title: &'static str,
    step: UsageStep,
    /// Whole steps before the present one.
    before: u64,
}

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

const SPANS: [Span; 3] = [
    Span {
        word: "24h",
        label: "usage-24h",
        title: "usage-24h-title",
        step: UsageStep::Hour,
        before: 23 * HOUR,
    },
    Span { word: "7d", label: "usage-7d", title: "usage-7d-title", step: UsageStep::Day, before: 6 * DAY },
    Span {
        word: "30d",
        label: "usage-30d",
        title: "usage-30d-title",
        step: UsageStep::Day,
        before: 29 * DAY,
    },
];

/// The one that is shown where the address asks for none.
const USUAL: &str = "7d";

/// The one that the address asks for.
fn span(visitor: &Visitor) -> &'static Span {
    let asked = visitor.query("span");
    let named = |word: &str| SPANS.iter().find(|span| span.word == word);
    asked.as_deref().and_then(named).or_else(|| named(USUAL)).unwrap_or(&SPANS[0])
}

async fn read(visitor: &Visitor, id: ApplicationId, span: &Span) -> Result<UsageView, AppError> {
    let from = visitor.app().now().before(Duration::from_secs(span.before));
    let query =
        UsageQuery { application_id: Some(id), from: Some(from), step: span.step, ..UsageQuery::default() };
    visitor.app().usage(visitor.actor(), &query).await
}

#[derive(Template)]
#[template(path = "work/usage.html")]
struct Page<'a> {
    shell: &'a Shell,
    head: Head<'a>,
    card: &'a ApplicationCard,
    usage: &'a UsageView,
    chart: Chart<'a>,
    span: &'static Span,
}

impl Page<'_> {
    fn spans(&self) -> &'static [Span] {
        &SPANS
    }

    fn refused(&self) -> i64 {
        self.usage.calls - self.usage.admitted
    }

    /// The mean duration of a call, in milliseconds.
    fn mean(&self) -> Option<i64> {
        let sum: i64 = self.usage.points.iter().map(|p| p.mean_duration_us.saturating_mul(p.calls)).sum();
        (self.usage.calls > 0).then(|| sum / self.usage.calls / 1_000)
    }
}

async fn show(visitor: Visitor, Id(id): Id<ApplicationId>) -> PageResult {
    let shell = visitor.shell(Section::Applications);
    let span = span(&visitor);
    let card = visitor.app().application_card(visitor.actor(), id).await?;
    let usage = read(&visitor, id, span).await?;
    let file = format!("{}/usage.csv?span={}", application::address(id), span.word);
    let page = Page {
        shell: &shell,
        head: Head::new(&shell, &card, Tab::Usage, false),
        card: &card,
        chart: Chart::of(&shell, "usage", shell.say(span.title), &usage).csv(file),
        usage: &usage,
        span,
    };
    answer::ok(&shell, &page)
}

async fn csv(visitor: Visitor, Id(id): Id<ApplicationId>) -> PageResult {
    let span = span(&visitor);
    let usage = read(&visitor, id, span).await?;
    let mut text = "start,calls,admitted,refused,bytes_in,bytes_out,mean_duration_us\r\n".to_owned();
    for p in &usage.points {
        let refused = p.calls - p.admitted;
        text.push_str(&format!(
            "{},{},{},{refused},{},{},{}\r\n",
            p.start, p.calls, p.admitted, p.bytes_in, p.bytes_out, p.mean_duration_us
        ));
    }
    let name = format!("attachment; filename=\"usage-{}.csv\"", span.word);
    let headers = [(header::CONTENT_TYPE, "text/csv; charset=utf-8"), (header::CONTENT_DISPOSITION, &*name)];
    Ok((headers, text).into_response())
}
