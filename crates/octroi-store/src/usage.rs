//! Counts of calls: taken in batch by batch, each batch once; asked for by minute, hour or day. A batch may wait as it
//! came, and be added to the minutes later, together with others.

use std::borrow::Cow;
use std::sync::LazyLock;

use octroi_domain::ids::{AccountId, ApiId, ApplicationId, BootId, CredentialId, PlanId, SubscriptionId};
use octroi_domain::time::Timestamp;

use crate::row::{Row, Value, text, values};
use crate::{Session, StoreError, Tx};

/// Calls of one minute that are alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MinuteCount {
    /// First moment of the minute.
    pub minute: Timestamp,
    /// The API.
    pub api_id: Option<ApiId>,
    /// The subscription.
    pub subscription_id: Option<SubscriptionId>,
    /// The credential.
    pub credential_id: Option<CredentialId>,
    /// Stable code of the outcome.
    pub outcome: Cow<'static, str>,
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

/// The name of a batch of counts: the gateway, the start of it, and the batch's place among those of that start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageBatchName {
    /// The gateway.
    pub gateway: String,
    /// The start of it.
    pub boot: BootId,
    /// The place.
    pub sequence: i64,
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

/// Rows of one statement, largest first: few statements for many rows, and few different ones to be prepared. The
/// largest stays far below what either database binds at once.
const SETS: [usize; 3] = [256, 16, 1];
const COLUMNS: usize = 11;

static ADD: LazyLock<[String; SETS.len()]> = LazyLock::new(|| SETS.map(add_statement));

fn add_statement(rows: usize) -> String {
    let row = |row: usize| {
        let places: Vec<String> =
            (1..=COLUMNS).map(|column| format!("${}", row * COLUMNS + column)).collect();
        format!("({})", places.join(", "))
    };
    let rows: Vec<String> = (0..rows).map(row).collect();
    format!(
        "INSERT INTO usage_minutes (minute, api_id, subscription_id, credential_id, outcome, status, admitted, calls, \
         bytes_in, bytes_out, duration_us) VALUES {} \
         ON CONFLICT (subscription_id, minute, api_id, credential_id, outcome, status, admitted) DO UPDATE SET \
         calls = usage_minutes.calls + excluded.calls, \
         bytes_in = usage_minutes.bytes_in + excluded.bytes_in, \
         bytes_out = usage_minutes.bytes_out + excluded.bytes_out, \
         duration_us = usage_minutes.duration_us + excluded.duration_us",
        rows.join(", ")
    )
}

impl MinuteCount {
    /// Its columns, in the order of the statement. An empty identifier stands for none.
    fn values(&self) -> [Value; COLUMNS] {
        [
            self.minute.into(),
            self.api_id.map(text).unwrap_or_default().into(),
            self.subscription_id.map(text).unwrap_or_default().into(),
            self.credential_id.map(text).unwrap_or_default().into(),
            self.outcome.as_ref().into(),
            self.status.into(),
            self.admitted.into(),
            self.calls.into(),
            self.bytes_in.into(),
            self.bytes_out.into(),
            self.duration_us.into(),
        ]
    }
}

impl Session {
    /// The batches that wait to be added to the minutes, oldest first.
    pub async fn waiting_usage_batches(&mut self) -> Result<Vec<UsageBatchName>, StoreError> {
        let sql =
            "SELECT gateway, boot, sequence FROM usage_batches WHERE counts IS NOT NULL ORDER BY received_at";
        let name = |row: &Row| {
            Ok(UsageBatchName {
                gateway: row.text("gateway")?,
                boot: row.parsed("boot")?,
                sequence: row.int("sequence")?,
            })
        };
        self.rows(sql, vec![]).await?.iter().map(name).collect()
    }

    /// What a batch holds that waits.
    pub async fn waiting_counts(&mut self, batch: &UsageBatchName) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "SELECT counts FROM usage_batches WHERE gateway = $1 AND boot = $2 AND sequence = $3";
        let row = self.maybe(sql, values![&batch.gateway, text(batch.boot), batch.sequence]).await?;
        row.map_or(Ok(None), |row| row.opt_bytes("counts"))
    }
}

impl Tx {
    /// Notes that a batch is being taken in, and keeps `waiting` until [`Tx::take_waiting_counts`]. Gives false where
    /// it was taken in before.
    pub async fn insert_usage_batch(
        &mut self,
        batch: &UsageBatchName,
        received_at: Timestamp,
        waiting: Option<Vec<u8>>,
    ) -> Result<bool, StoreError> {
        let sql = "INSERT INTO usage_batches (gateway, boot, sequence, received_at, counts) \
                   VALUES ($1, $2, $3, $4, $5) ON CONFLICT (gateway, boot, sequence) DO NOTHING";
        let values = values![&batch.gateway, text(batch.boot), batch.sequence, received_at, waiting];
        Ok(self.execute(sql, values).await? == 1)
    }

    /// Lets go of the counts of a batch that waited: whoever does so adds them to the minutes in the same commit. Gives
    /// false where somebody else did.
    pub async fn take_waiting_counts(&mut self, batch: &UsageBatchName) -> Result<bool, StoreError> {
        let sql = "UPDATE usage_batches SET counts = NULL \
                   WHERE gateway = $1 AND boot = $2 AND sequence = $3 AND counts IS NOT NULL";
        Ok(self.execute(sql, values![&batch.gateway, text(batch.boot), batch.sequence]).await? == 1)
    }

    /// Forgets the batches received before `before`, but for those that wait.
    pub async fn prune_usage_batches(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        let sql = "DELETE FROM usage_batches WHERE received_at < $1 AND counts IS NULL";
        self.execute(sql, values![before]).await
    }

    /// Adds counts to what is there. No two of them may be of the same calls.
    pub async fn add_usage(&mut self, mut counts: &[MinuteCount]) -> Result<(), StoreError> {
        for (size, sql) in SETS.into_iter().zip(ADD.iter()) {
            while let Some((set, rest)) = counts.split_at_checked(size) {
                self.execute(sql, set.iter().flat_map(MinuteCount::values).collect()).await?;
                counts = rest;
            }
        }
        Ok(())
    }
}
