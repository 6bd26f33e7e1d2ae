//! Counts of calls: taken in from gateways, each batch once, and asked for by people.

mod counts;
mod ingest;

use std::collections::BTreeMap;

use octroi_domain::actor::Actor;
use octroi_domain::ids::{AccountId, ApiId, ApplicationId, SubscriptionId};
use octroi_domain::permission::{Action, Parties};
use octroi_domain::time::Timestamp;
use octroi_domain::validate::{Check, Rule};
use octroi_store::{Session, SpanCount, UsageScope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

use crate::access::signed_in;
use crate::context::require;
use crate::{App, AppError};

pub use ingest::MAX_BATCH_ROWS;

/// Points of one answer at most.
const MAX_POINTS: i64 = 3_000;

const MINUTE_MS: i64 = 60_000;

/// Today and the six days before it.
const LAST_WEEK: Duration = Duration::from_secs(6 * 24 * 3600);

/// How far a gateway's clock may be ahead of ours before its minute is taken for ours.
const AHEAD: Duration = Duration::from_secs(300);

/// The length of the spans in which usage is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UsageStep {
    /// One minute.
    Minute,
    /// One hour.
    #[default]
    Hour,
    /// One day, in UTC.
    Day,
}

impl UsageStep {
    /// The length in milliseconds.
    pub const fn millis(self) -> i64 {
        match self {
            Self::Minute => MINUTE_MS,
            Self::Hour => 60 * MINUTE_MS,
            Self::Day => 24 * 60 * MINUTE_MS,
        }
    }

    /// The span shown when nobody says since when.
    const fn usual(self) -> Duration {
        Duration::from_secs(match self {
            Self::Minute => 3_600,
            Self::Hour => 24 * 3_600,
            Self::Day => 30 * 24 * 3_600,
        })
    }
}

/// Whose calls, and when. Exactly one of `subscription_id`, `application_id` and `api_id` is given.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UsageQuery {
    /// Calls of one subscription.
    #[serde(default)]
    pub subscription_id: Option<SubscriptionId>,
    /// Calls of one application.
    #[serde(default)]
    pub application_id: Option<ApplicationId>,
    /// Calls of one API, for its provider.
    #[serde(default)]
    pub api_id: Option<ApiId>,
    /// From this moment on; an hour, a day or thirty days before `to` where absent, by the step.
    #[serde(default)]
    pub from: Option<Timestamp>,
    /// Up to, but not including, this moment; now where absent.
    #[serde(default)]
    pub to: Option<Timestamp>,
    /// How long each span is.
    #[serde(default)]
    pub step: UsageStep,
}

/// Calls of one span.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UsagePoint {
    /// First moment of the span.
    pub start: Timestamp,
    /// Calls, refused ones included.
    pub calls: i64,
    /// Calls that passed the limits.
    pub admitted: i64,
    /// Bytes of request bodies.
    pub bytes_in: i64,
    /// Bytes of answer bodies.
    pub bytes_out: i64,
    /// Mean duration of a call, in microseconds.
    pub mean_duration_us: i64,
}

/// How calls came out, over the whole time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OutcomeCount {
    /// Stable code of the outcome.
    pub outcome: String,
    /// HTTP status.
    pub status: i64,
    /// Calls.
    pub calls: i64,
}

/// Usage over a time. Spans without a call are left out.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct UsageView {
    /// First moment.
    pub from: Timestamp,
    /// First moment after.
    pub to: Timestamp,
    /// Length of the spans.
    pub step: UsageStep,
    /// Calls in all.
    pub calls: i64,
    /// Calls that passed the limits.
    pub admitted: i64,
    /// Span by span, in time's order.
    pub points: Vec<UsagePoint>,
    /// Outcome by outcome.
    pub outcomes: Vec<OutcomeCount>,
}

impl App {
    /// Calls of a subscription, an application or an API, span by span.
    pub async fn usage(&self, actor: &Actor, query: &UsageQuery) -> Result<UsageView, AppError> {
        signed_in(actor)?;
        let (from, to) = self.checked_span(query)?;
        let (scope, parties) = usage_scope(&mut self.read().await?, query).await?;
        require(actor, Action::UsageRead, &parties)?;
        self.settle_usage().await;
        let counts = self.read().await?.usage(scope, from, to, query.step.millis()).await?;
        Ok(view(from, to, query.step, &counts))
    }

    /// Calls of all applications of the account's organizations, day by day, over the last seven days.
    pub(crate) async fn usage_of_account(
        &self,
        session: &mut Session,
        account: AccountId,
    ) -> Result<UsageView, AppError> {
        let step = UsageStep::Day;
        let query = UsageQuery { from: Some(self.now().before(LAST_WEEK)), step, ..UsageQuery::default() };
        let (from, to) = self.checked_span(&query)?;
        let counts = session.usage(UsageScope::Account(account), from, to, step.millis()).await?;
        Ok(view(from, to, step, &counts))
    }

    /// The time asked for, widened to whole spans.
    fn checked_span(&self, query: &UsageQuery) -> Result<(Timestamp, Timestamp), AppError> {
        let step = query.step.millis();
        let to = query.to.unwrap_or_else(|| self.now());
        let from = query.from.unwrap_or_else(|| to.before(query.step.usual()));
        let from = Timestamp::from_millis(from.as_millis().div_euclid(step).saturating_mul(step));
        let points = to.as_millis().saturating_sub(from.as_millis()) / step;
        let mut check = Check::new();
        check.require(from < to, "from", Rule::Conflicts { with: "to".into() });
        check.require(from >= Timestamp::default(), "from", Rule::Malformed { expected: "date" });
        check.require(points <= MAX_POINTS, "from", Rule::TooLong { max: MAX_POINTS as u64 });
        check.finish()?;
        Ok((from, to))
    }
}

/// Whose calls are asked for, and who is concerned.
async fn usage_scope(session: &mut Session, query: &UsageQuery) -> Result<(UsageScope, Parties), AppError> {
    match (query.subscription_id, query.application_id, query.api_id) {
        (Some(id), None, None) => {
            let place = session.subscription(id).await?.ok_or(AppError::NotFound)?;
            Ok((UsageScope::Subscription(id), Parties::between(place.owner, place.provider)))
        }
        (None, Some(id), None) => {
            let found = session.application(id).await?.ok_or(AppError::NotFound)?.application;
            Ok((UsageScope::Application(id), Parties::owned_by(found.organization_id)))
        }
        (None, None, Some(id)) => {
            let api = session.api(id).await?.ok_or(AppError::NotFound)?;
            Ok((UsageScope::Api(id), Parties::provided_by(api.organization_id)))
        }
        (None, None, None) => Err(AppError::invalid("subscription_id", Rule::Required)),
        _ => Err(AppError::invalid(
            "subscription_id",
            Rule::Conflicts { with: "application_id, api_id".into() },
        )),
    }
}

fn view(from: Timestamp, to: Timestamp, step: UsageStep, counts: &[SpanCount]) -> UsageView {
    let mut points: Vec<UsagePoint> = Vec::new();
    let mut outcomes: BTreeMap<(&str, i64), i64> = BTreeMap::new();
    for count in counts {
        *outcomes.entry((&count.outcome, count.status)).or_default() += count.calls;
        if points.last().is_none_or(|p| p.start != count.start) {
            points.push(UsagePoint { start: count.start, ..UsagePoint::default() });
        }
        if let Some(point) = points.last_mut() {
            point.calls += count.calls;
            point.admitted += if count.admitted { count.calls } else { 0 };
            point.bytes_in += count.bytes_in;
            point.bytes_out += count.bytes_out;
            // The sum, until all of the span is in it.
            point.mean_duration_us += count.duration_us;
        }
    }
    for point in &mut points {
        point.mean_duration_us /= point.calls.max(1);
    }
    let outcomes = outcomes.into_iter().map(|((outcome, status), calls)| OutcomeCount {
        outcome: outcome.to_owned(),
        status,
        calls,
    });
    UsageView {
        from,
        to,
        step,
        calls: points.iter().map(|p| p.calls).sum(),
        admitted: points.iter().map(|p| p.admitted).sum(),
        outcomes: outcomes.collect(),
        points,
    }
}
