//! What the gateway answers to callers of an API: in the words and the shape of the API's own dialect.

use std::time::Duration;

use octroi_domain::actor::Actor;
use octroi_domain::ids::ApiId;
use octroi_domain::plan::PlanState;
use octroi_domain::time::Timestamp;
use octroi_policy::dialect::{AnswerContext, Dialect};
use octroi_policy::limit::{Reading, Readings, Span};
use octroi_policy::outcome::Outcome;

use crate::access::viewer;
use crate::{App, AppError};

/// A header: its name and its value.
pub type Header = (String, String);

/// What callers of an API are answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// What the first admitted call is told of its limits.
    pub admitted: Vec<Header>,
    /// The refusals that callers meet most, where the plans make them possible.
    pub refusals: Vec<Refusal>,
}

/// A refusal as a caller sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The code that the answer shows; its page is `docs/errors/<code>`.
    pub code: &'static str,
    /// The status.
    pub status: u16,
    /// The body that a program is sent.
    pub body: String,
    /// What it says of the limits.
    pub headers: Vec<Header>,
}

impl App {
    /// What callers of an API are answered by the gateway.
    pub async fn answers(&self, actor: &Actor, id: ApiId) -> Result<Answers, AppError> {
        let mut session = self.read().await?;
        let api = session.api_seen(viewer(actor), id).await?.ok_or(AppError::NotFound)?;
        let plans = session.plans(id).await?;
        drop(session);
        let now = self.now();
        let offered =
            || plans.iter().filter(|p| p.state == PlanState::Published).map(|p| p.definition.limits);
        let rate = offered()
            .find_map(|limits| limits.rate)
            .map(|rate| reading(rate.count.into(), Span::Window { seconds: rate.window_seconds }, now));
        let quota = offered().find_map(|limits| limits.quota).map(|quota| {
            let (begin, end) = quota.bounds(now);
            let seconds = u32::try_from(end.since(begin).as_secs()).unwrap_or(u32::MAX);
            reading(quota.count, Span::Calendar { period: quota.period, seconds }, now)
        });
        let dialect = Dialect::find(&api.gateway.dialect).unwrap_or_else(Dialect::standard);
        let docs_base = format!("{}/docs/errors", self.portal_url());
        let refuse = |outcome: Outcome, limit: Option<Reading>| {
            let answer = dialect.answer(&AnswerContext {
                outcome,
                language: api.gateway.language,
                request_id: "req_…",
                docs_base: &docs_base,
                method: "GET",
                accept: Some("application/json"),
                limit,
                retry_after: limit.map(|limit| limit.seconds_left(now)),
                missing: &[],
                now,
            });
            let readings = match outcome {
                Outcome::QuotaExceeded => Readings { rate: None, quota: limit },
                _ => Readings { rate: limit, quota: None },
            };
            let headers = headers(&dialect, &readings, now);
            Refusal { code: outcome.public_code(), status: answer.status, body: answer.body, headers }
        };
        let refusals = [
            Some(refuse(Outcome::CredentialMissing, None)),
            rate.map(|rate| refuse(Outcome::RateLimited, Some(rate))),
            quota.map(|quota| refuse(Outcome::QuotaExceeded, Some(quota))),
            Some(refuse(Outcome::UpstreamUnreachable, None)),
            Some(refuse(Outcome::UpstreamTimeout, None)),
        ];
        let one_gone = |reading: Reading| Reading { remaining: reading.limit.saturating_sub(1), ..reading };
        let readings = Readings { rate: rate.map(one_gone), quota: None };
        Ok(Answers {
            admitted: headers(&dialect, &readings, now),
            refusals: refusals.into_iter().flatten().collect(),
        })
    }
}

/// A limit that is used up and begins anew after its whole length.
fn reading(limit: u64, span: Span, now: Timestamp) -> Reading {
    let resets_at = now.after(Duration::from_secs(span.seconds().into()));
    Reading { limit, remaining: 0, resets_at, span }
}

fn headers(dialect: &Dialect, readings: &Readings, now: Timestamp) -> Vec<Header> {
    let mut headers = Vec::new();
    dialect.limit_headers(readings, now, |name, value| {
        headers.push((name.to_string(), value.to_str().unwrap_or_default().to_owned()));
    });
    headers
}
