//! Counts of calls: taken in batch by batch, each batch once; asked for by minute, hour or day.

use octroi_domain::ids::{AccountId, ApiId, ApplicationId, PlanId, SubscriptionId};
use octroi_domain::time::Timestamp;

use crate::row::{Row, text, values};
use crate::{Session, StoreError, Tx};

/// Calls of one minute that are alike. An empty identifier stands for none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MinuteCount {
    /// The subscription.
    pub subscription_id: String,
    /// First moment of the minute.
    pub minute: Timestamp,
    /// The API.
    pub api_id: String,
    /// The credential.
    pub credential_id: String,
    /// Stable code of the outcome.
    pub outcome: String,
    /// HTTP status.
    pub status: u16,
    /// Whether these calls passed the limits.
    pub admitted: bool,
    /// Number of calls.
    pub calls: i64,
    /// Bytes of request bodies.
    pub bytes_in: i64,
    /// Bytes of answer bodies.
    pub bytes_out: i64,
    /// Sum of the durations in microseconds.
    pub duration_us: i64,
}

/// Whose calls are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsageScope {
    /// One subscription's.
    Subscription(SubscriptionId),
    /// All of an application's.
    Application(ApplicationId),
    /// All of the applications of every organization that an account is a member of.
    Account(AccountId),
    /// All to one API, refused ones that no subscription is known of included.
    Api(ApiId),
}

/// Calls of one span of time that are alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpanCount {
    /// First moment of the span.
    pub start: Timestamp,
    /// Stable code of the outcome.
    pub outcome: String,
    /// HTTP status.
    pub status: i64,
    /// Whether these calls passed the limits.
    pub admitted: bool,
    /// Number of calls.
    pub calls: i64,
    /// Bytes of request bodies.
    pub bytes_in: i64,
    /// Bytes of answer bodies.
    pub bytes_out: i64,
    /// Sum of the durations in microseconds.
    pub duration_us: i64,
}

macro_rules! spans {
    ($which:literal) => {
        concat!(
            "SELECT (u.minute / $3) * $3 AS span, u.outcome AS outcome, u.status AS status, u.admitted AS admitted, \
             CAST(SUM(u.calls) AS BIGINT) AS calls, CAST(SUM(u.bytes_in) AS BIGINT) AS bytes_in, \
             CAST(SUM(u.bytes_out) AS BIGINT) AS bytes_out, CAST(SUM(u.duration_us) AS BIGINT) AS duration_us \
             FROM usage_minutes u WHERE ",
            $which,
            " AND u.minute >= $1 AND u.minute < $2 GROUP BY span, u.outcome, u.status, u.admitted ORDER BY span"
        )
    };
}

fn read_span(row: &Row) -> Result<SpanCount, StoreError> {
    Ok(SpanCount {
        start: row.time("span")?,
        outcome: row.text("outcome")?,
        status: row.int("status")?,
        admitted: row.int("admitted")? != 0,
        calls: row.int("calls")?,
        bytes_in: row.int("bytes_in")?,
        bytes_out: row.int("bytes_out")?,
        duration_us: row.int("duration_us")?,
    })
}

impl Session {
    /// Counts from `from` up to, but not including, `to`, in spans of `step_ms` milliseconds from the epoch.
    pub async fn usage(
        &mut self,
        scope: UsageScope,
        from: Timestamp,
        to: Timestamp,
        step_ms: i64,
    ) -> Result<Vec<SpanCount>, StoreError> {
        let (sql, of) = match scope {
            UsageScope::Subscription(id) => (spans!("u.subscription_id = $4"), text(id)),
            UsageScope::Application(id) => (
                spans!("u.subscription_id IN (SELECT id FROM subscriptions WHERE application_id = $4)"),
                text(id),
            ),
            UsageScope::Account(id) => (
                spans!(
                    "u.subscription_id IN (SELECT s.id FROM memberships m \
                     JOIN applications a ON a.organization_id = m.organization_id \
                     JOIN subscriptions s ON s.application_id = a.id WHERE m.account_id = $4)"
                ),
                text(id),
            ),
            UsageScope::Api(id) => (spans!("u.api_id = $4"), text(id)),
        };
        self.rows(sql, values![from, to, step_ms, of]).await?.iter().map(read_span).collect()
    }

    /// Calls admitted since `since`, of each subscription to `plan` that had any.
    pub async fn admitted_since(
        &mut self,
        plan: PlanId,
        since: Timestamp,
    ) -> Result<Vec<(SubscriptionId, i64)>, StoreError> {
        let sql = "SELECT s.id AS id, CAST(SUM(u.calls) AS BIGINT) AS calls FROM subscriptions s \
                   JOIN usage_minutes u ON u.subscription_id = s.id AND u.minute >= $2 AND u.admitted = 1 \
                   WHERE s.plan_id = $1 AND s.state IN ('active', 'paused') GROUP BY s.id";
        let rows = self.rows(sql, values![text(plan), since]).await?;
        rows.iter().map(|row| Ok((row.parsed("id")?, row.int("calls")?))).collect()
    }
}

impl Tx {
    /// Notes that a batch is being taken in. Gives false where it was taken in before.
    pub async fn insert_usage_batch(
        &mut self,
        gateway: &str,
        boot: &str,
        sequence: i64,
        received_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "INSERT INTO usage_batches (gateway, boot, sequence, received_at) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (gateway, boot, sequence) DO NOTHING";
        Ok(self.execute(sql, values![gateway, boot, sequence, received_at]).await? == 1)
    }

    /// Forgets the batches received before `before`.
    pub async fn prune_usage_batches(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        self.execute("DELETE FROM usage_batches WHERE received_at < $1", values![before]).await
    }

    /// Adds counts to what is there.
    pub async fn add_usage(&mut self, count: &MinuteCount) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO usage_minutes (minute, api_id, subscription_id, credential_id, outcome, status, admitted, \
             calls, bytes_in, bytes_out, duration_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
             ON CONFLICT (subscription_id, minute, api_id, credential_id, outcome, status, admitted) DO UPDATE SET \
             calls = usage_minutes.calls + excluded.calls, \
             bytes_in = usage_minutes.bytes_in + excluded.bytes_in, \
             bytes_out = usage_minutes.bytes_out + excluded.bytes_out, \
             duration_us = usage_minutes.duration_us + excluded.duration_us",
            values![
                count.minute,
                &count.api_id,
                &count.subscription_id,
                &count.credential_id,
                &count.outcome,
                count.status,
                count.admitted,
                count.calls,
                count.bytes_in,
                count.bytes_out,
                count.duration_us
            ],
        )
        .await
        .map(drop)
    }
}
