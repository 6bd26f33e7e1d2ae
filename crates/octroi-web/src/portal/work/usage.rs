//! Calls of one application: a chart, its table, the same numbers as a file.

use askama::Template;
use axum::response::IntoResponse as _;
use http::header;
use octroi_app::AppError;
use octroi_app::applications::ApplicationCard;
use octroi_app::usage::{UsageQuery, UsageView};
use octroi_domain::ids::ApplicationId;
use octroi_domain::permission::Action;

use super::application::{self, Head, Tab};
use crate::portal::answer;
use crate::portal::chart::Chart;
use crate::portal::gate::PageResult;
use crate::portal::path::Id;
use crate::portal::periods::Period;
use crate::portal::route::{Access, PageRow, get};
use crate::portal::shell::{Section, Shell};
use crate::portal::visitor::Visitor;

pub(super) fn pages() -> Vec<PageRow> {
    vec![
        get("/applications/{application_id}/usage", Access::May(Action::UsageRead), show),
        get("/applications/{application_id}/usage.csv", Access::May(Action::UsageRead), csv),
    ]
}

async fn read(visitor: &Visitor, id: ApplicationId, period: &Period) -> Result<UsageView, AppError> {
    let query = UsageQuery {
        application_id: Some(id),
        from: Some(period.from(visitor.app().now())),
        step: period.step,
        ..UsageQuery::default()
    };
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
    period: &'static Period,
    /// Address, label, whether it is the present one.
    periods: Vec<(String, String, bool)>,
}

impl Page<'_> {
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
    let period = Period::asked(&visitor);
    let card = visitor.app().application_card(visitor.actor(), id).await?;
    let usage = read(&visitor, id, period).await?;
    let place = format!("{}/usage", application::address(id));
    let file = format!("{place}.csv?period={}", period.word);
    let page = Page {
        shell: &shell,
        head: Head::new(&shell, &card, Tab::Usage, false),
        card: &card,
        chart: Chart::of(&shell, "usage", shell.say(period.title), &usage).csv(file),
        usage: &usage,
        periods: period.links(&shell, &place),
        period,
    };
    answer::ok(&shell, &page)
}

async fn csv(visitor: Visitor, Id(id): Id<ApplicationId>) -> PageResult {
    let period = Period::asked(&visitor);
    let usage = read(&visitor, id, period).await?;
    let mut text = "start,calls,admitted,refused,bytes_in,bytes_out,mean_duration_us\r\n".to_owned();
    for p in &usage.points {
        let refused = p.calls - p.admitted;
        text.push_str(&format!(
            "{},{},{},{refused},{},{},{}\r\n",
            p.start, p.calls, p.admitted, p.bytes_in, p.bytes_out, p.mean_duration_us
        ));
    }
    let name = format!("attachment; filename=\"usage-{}.csv\"", period.word);
    let headers = [(header::CONTENT_TYPE, "text/csv; charset=utf-8"), (header::CONTENT_DISPOSITION, &*name)];
    Ok((headers, text).into_response())
}
