//! Counts of calls: taken in batch by batch, each batch once; asked for by minute, hour or day. A batch may wait as it
//! came, and be added to the minutes later, together with others. What goes to one API is added up by the hour as well.

use std::borrow::Cow;
use std::collections::BTreeMap;
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

const HOUR_MS: i64 = 3_600_000;

macro_rules! spans {
    ($which:literal) => {
        spans!("usage_minutes", "minute", $which)
    };
    ($table:literal, $moment:literal, $which:literal) => {
        concat!(
            "SELECT (u.",
            $moment,
            " / $3) * $3 AS span, u.outcome AS outcome, u.status AS status, u.admitted AS admitted, \
             CAST(SUM(u.calls) AS BIGINT) AS calls, CAST(SUM(u.bytes_in) AS BIGINT) AS bytes_in, \
             CAST(SUM(u.bytes_out) AS BIGINT) AS bytes_out, CAST(SUM(u.duration_us) AS BIGINT) AS duration_us \
             FROM ",
            $table,
            " u WHERE ",
            $which,
            " AND u.",
            $moment,
            " >= $1 AND u.",
            $moment,
            " < $2 GROUP BY span, u.outcome, u.status, u.admitted ORDER BY span"
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
            UsageScope::Api(id) if step_ms % HOUR_MS == 0 => {
                (spans!("usage_hours", "hour", "u.api_id = $4"), text(id))
            }
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

/// A table of counts: what they are counted by, and what is counted.
struct Counts {
    table: &'static str,
    by: &'static [&'static str],
}

const COUNTED: [&str; 4] = ["calls", "bytes_in", "bytes_out", "duration_us"];

const MINUTES: Counts = Counts {
    table: "usage_minutes",
    by: &["subscription_id", "minute", "api_id", "credential_id", "outcome", "status", "admitted"],
};

const HOURS: Counts =
    Counts { table: "usage_hours", by: &["api_id", "hour", "outcome", "status", "admitted"] };

static ADD_MINUTES: LazyLock<[String; SETS.len()]> = LazyLock::new(|| SETS.map(|rows| MINUTES.add(rows)));
static ADD_HOURS: LazyLock<[String; SETS.len()]> = LazyLock::new(|| SETS.map(|rows| HOURS.add(rows)));

impl Counts {
    /// The statement that adds so many rows to what is there.
    fn add(&self, rows: usize) -> String {
        let columns = self.by.len() + COUNTED.len();
        let row = |row: usize| {
            let places: Vec<String> =
                (1..=columns).map(|column| format!("${}", row * columns + column)).collect();
            format!("({})", places.join(", "))
        };
        let rows: Vec<String> = (0..rows).map(row).collect();
        let table = self.table;
        let sums: Vec<String> = COUNTED.iter().map(|c| format!("{c} = {table}.{c} + excluded.{c}")).collect();
        format!(
            "INSERT INTO {table} ({by}, {counted}) VALUES {rows} ON CONFLICT ({by}) DO UPDATE SET {sums}",
            by = self.by.join(", "),
            counted = COUNTED.join(", "),
            rows = rows.join(", "),
            sums = sums.join(", "),
        )
    }
}

/// What calls of one hour to one API are counted by.
type HourKey<'c> = (&'c str, i64, &'c str, u16, bool);

/// The counts by API and hour, in the order of their keys: whoever adds at the same time takes the rows in that order too.
fn by_hour<'c>(apis: &'c [String], counts: &'c [MinuteCount]) -> BTreeMap<HourKey<'c>, [i64; COUNTED.len()]> {
    let mut hours: BTreeMap<HourKey<'c>, [i64; COUNTED.len()]> = BTreeMap::new();
    for (api, count) in apis.iter().zip(counts) {
        let hour = count.minute.as_millis().div_euclid(HOUR_MS) * HOUR_MS;
        let sums = hours.entry((api, hour, &count.outcome, count.status, count.admitted)).or_default();
        for (sum, more) in sums.iter_mut().zip(count.counted()) {
            *sum += more;
        }
    }
    hours
}

impl MinuteCount {
    /// What is counted, in the order of the columns.
    const fn counted(&self) -> [i64; COUNTED.len()] {
        [self.calls, self.bytes_in, self.bytes_out, self.duration_us]
    }

    /// Its columns, in the order of the statement. An empty identifier stands for none.
    fn values(&self) -> Vec<Value> {
        let [calls, bytes_in, bytes_out, duration_us] = self.counted();
        values![
            self.subscription_id.map(text).unwrap_or_default(),
            self.minute,
            self.api_id.map(text).unwrap_or_default(),
            self.credential_id.map(text).unwrap_or_default(),
            self.outcome.as_ref(),
            self.status,
            self.admitted,
            calls,
            bytes_in,
            bytes_out,
            duration_us
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
    pub async fn add_usage(&mut self, counts: &[MinuteCount]) -> Result<(), StoreError> {
        let minutes: Vec<Vec<Value>> = counts.iter().map(MinuteCount::values).collect();
        self.add_rows(&ADD_MINUTES, &minutes).await?;
        let apis: Vec<String> = counts.iter().map(|c| c.api_id.map(text).unwrap_or_default()).collect();
        let hours: Vec<Vec<Value>> = by_hour(&apis, counts)
            .into_iter()
            .map(|((api, hour, outcome, status, admitted), [calls, bytes_in, bytes_out, duration_us])| {
                values![api, hour, outcome, status, admitted, calls, bytes_in, bytes_out, duration_us]
            })
            .collect();
        self.add_rows(&ADD_HOURS, &hours).await
    }

    async fn add_rows(
        &mut self,
        statements: &'static [String; SETS.len()],
        mut rows: &[Vec<Value>],
    ) -> Result<(), StoreError> {
        for (size, sql) in SETS.into_iter().zip(statements) {
            while let Some((set, rest)) = rows.split_at_checked(size) {
                self.execute(sql, set.concat()).await?;
                rows = rest;
            }
        }
        Ok(())
    }
}
