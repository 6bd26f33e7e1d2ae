//! Plans: what a subscription to an API gives, how it is granted and what limits it.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::{OperationRule, check_operations};
use crate::ids::{ApiId, PlanId};
use crate::time::Timestamp;
use crate::validate::{Check, Rule, Violation};

/// How the caller shows who it is under a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Security {
    /// An opaque key, at the places that the API names.
    ApiKey,
    /// A JWT access token that Octroi signed (RFC 6749 client credentials, RFC 9068).
    Oauth2,
    /// Nothing: anybody may call, limited by address.
    Keyless,
}

/// Who lets a subscription begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Validation {
    /// Active at once.
    #[default]
    Automatic,
    /// Pending until the provider approves it.
    Manual,
    /// Nobody subscribes by themselves: a deployment officer issues the key to a partner.
    Officer,
}

/// Whether the subscriber writes a word to the API's owner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CommentRule {
    /// A field that may stay empty.
    #[default]
    Optional,
    /// A field that must be filled.
    Required,
}

/// A limit over a short window: `count` calls for each `window_seconds`. The window opens with its first admitted
/// call; the call after the last admitted one is refused until the window has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// Calls admitted in one window, 1 to 10,000,000.
    #[schemars(range(min = 1, max = 10_000_000))]
    pub count: u32,
    /// Length of the window in seconds, 1 to 3,600.
    #[schemars(range(min = 1, max = 3600))]
    pub window_seconds: u32,
}

impl RateLimit {
    /// The window's length.
    pub const fn window(self) -> Duration {
        Duration::from_secs(self.window_seconds as u64)
    }

    /// What is wrong with these numbers.
    pub fn check(self) -> Result<(), Vec<Violation>> {
        let mut c = Check::new();
        c.require(
            (1..=10_000_000).contains(&self.count),
            "count",
            Rule::OutOfRange { min: 1, max: 10_000_000 },
        );
        c.require(
            (1..=3_600).contains(&self.window_seconds),
            "window_seconds",
            Rule::OutOfRange { min: 1, max: 3_600 },
        );
        c.finish()
    }
}

/// The calendar period of a quota, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// From midnight to midnight.
    Day,
    /// From Monday to Sunday.
    Week,
    /// From the first to the last of the month.
    Month,
}

/// A limit over a calendar period: the contract, where [`RateLimit`] is the protection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    /// Calls admitted in one period.
    #[schemars(range(min = 1, max = 1_000_000_000_000_i64))]
    pub count: u64,
    /// The period.
    pub period: Period,
}

impl Quota {
    /// The period that holds `now`: its first moment and the first moment after it.
    pub fn bounds(self, now: Timestamp) -> (Timestamp, Timestamp) {
        use jiff::{ToSpan, civil::Weekday, tz::TimeZone};
        let utc = jiff::Timestamp::from_millisecond(now.as_millis())
            .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
            .to_zoned(TimeZone::UTC)
            .date();
        let (start, span) = match self.period {
            Period::Day => (utc, 1.day()),
            Period::Week => {
                (utc.saturating_sub(i64::from(utc.weekday().since(Weekday::Monday)).days()), 7.days())
            }
            Period::Month => (utc.first_of_month(), 1.month()),
        };
        let moment = |date: jiff::civil::Date| {
            date.to_zoned(TimeZone::UTC)
                .map_or(Timestamp::default(), |z| Timestamp::from_millis(z.timestamp().as_millisecond()))
        };
        (moment(start), moment(start.saturating_add(span)))
    }
}

/// All limits of a plan. Counted for each subscription: a renewed key shares its predecessor's count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// The short window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<RateLimit>,
    /// The calendar period.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quota: Option<Quota>,
}

/// What a plan says, as its provider writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanDefinition {
    /// Names the plan within its API: lower-case letters, digits, hyphens.
    #[schemars(length(min = 1, max = 64), regex(pattern = crate::patterns::SLUG))]
    pub slug: String,
    /// What people read: "Accès public".
    #[schemars(length(min = 1, max = 100), regex(pattern = crate::patterns::NAME))]
    pub name: String,
    /// One or two sentences.
    #[serde(default)]
    #[schemars(length(max = 2000), regex(pattern = crate::patterns::PARAGRAPH))]
    pub description: String,
    /// How the caller shows who it is.
    pub security: Security,
    /// Who lets a subscription begin.
    #[serde(default)]
    pub validation: Validation,
    /// Whether a word to the owner is asked.
    #[serde(default)]
    pub comment: CommentRule,
    /// What limits the calls.
    #[serde(default)]
    pub limits: Limits,
    /// Scopes that the plan gives, each a word without spaces.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub scopes: Vec<String>,
    /// The largest life of a key in days; none means without end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 3650))]
    pub key_days: Option<u32>,
    /// What a keyless plan opens of the API; empty opens all of it. Calls of anything else need a credential.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    pub operations: Vec<OperationRule>,
}

impl PlanDefinition {
    /// What is wrong with this definition, every violation at once.
    pub fn check(&self) -> Result<(), Vec<Violation>> {
        let mut c = Check::new();
        c.slug("slug", &self.slug, 64).line("name", &self.name, 1, 100);
        c.paragraph("description", &self.description, 0, 2_000);
        if let Some(rate) = self.limits.rate {
            c.within("limits.rate", rate.check());
        }
        if let Some(quota) = self.limits.quota {
            c.require(
                (1..=1_000_000_000_000).contains(&quota.count),
                "limits.quota.count",
                Rule::OutOfRange { min: 1, max: 1_000_000_000_000 },
            );
        }
        if self.security == Security::Keyless {
            c.require(self.limits.rate.is_some(), "limits.rate", Rule::Required);
        } else if !self.operations.is_empty() {
            c.fail("operations", Rule::Conflicts { with: "security".to_owned() });
        }
        check_operations(&mut c, "operations", &self.operations);
        c.require(
            self.key_days.is_none_or(|d| (1..=3_650).contains(&d)),
            "key_days",
            Rule::OutOfRange { min: 1, max: 3_650 },
        );
        c.require(self.scopes.len() <= 100, "scopes", Rule::TooLong { max: 100 });
        for (i, scope) in self.scopes.iter().enumerate() {
            // RFC 6749, 3.3: printable ASCII but the space, the double quote and the backslash.
            let fits = scope.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\');
            c.require(
                !scope.is_empty() && scope.len() <= 100 && fits,
                &format!("scopes[{i}]"),
                Rule::Malformed { expected: "scope" },
            );
        }
        c.finish()
    }
}

/// Whether a plan takes new subscriptions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlanState {
    /// Takes new subscriptions.
    #[default]
    Published,
    /// Keeps its subscriptions and takes no new one.
    Closed,
}

/// A plan of an API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Its identifier.
    pub id: PlanId,
    /// The API that it belongs to.
    pub api_id: ApiId,
    /// What its provider wrote.
    pub definition: PlanDefinition,
    /// Whether it takes new subscriptions.
    pub state: PlanState,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn a_quota_knows_its_calendar_period() {
        let now = at("2028-02-29T12:00:00Z"); // a Tuesday
        let bounds = |period| Quota { count: 1, period }.bounds(now);
        assert_eq!(bounds(Period::Day), (at("2028-02-29T00:00:00Z"), at("2028-03-01T00:00:00Z")));
        assert_eq!(bounds(Period::Week), (at("2028-02-28T00:00:00Z"), at("2028-03-06T00:00:00Z")));
        assert_eq!(bounds(Period::Month), (at("2028-02-01T00:00:00Z"), at("2028-03-01T00:00:00Z")));
    }

    #[test]
    fn a_keyless_plan_needs_a_limit() {
        let plan: PlanDefinition = serde_json::from_value(
            serde_json::json!({"slug": "open", "name": "Open", "security": "keyless"}),
        )
        .unwrap();
        let found = plan.check().unwrap_err();
        assert_eq!(found, [Violation { field: "limits.rate".into(), rule: Rule::Required }]);
    }

    #[test]
    fn only_a_keyless_plan_opens_a_part_of_its_api() {
        let found = |security: &str, path: &str| {
            let plan: PlanDefinition = serde_json::from_value(serde_json::json!({
                "slug": "part", "name": "Part", "security": security,
                "limits": {"rate": {"count": 120, "window_seconds": 60}},
                "operations": [{"methods": ["GET"], "path": path}],
            }))
            .unwrap();
            plan.check().err().unwrap_or_default().into_iter().map(|v| v.field).collect::<Vec<_>>()
        };
        assert_eq!(found("keyless", "/widget/*"), [""; 0]);
        assert_eq!(found("keyless", "widget"), ["operations[0].path"]);
        assert_eq!(found("api_key", "/widget/*"), ["operations"]);
    }
}
