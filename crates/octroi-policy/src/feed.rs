//! What travels between the portal side and the gateways: changes of the snapshot one way, counts of calls the other.
//!
//! The gateway knows credentials and grants, not subscriptions: the portal side compiles subscriptions, plans,
//! permissions and delegations to [`Grant`]s. Everything here is plain data, serializable.

use std::borrow::Cow;

use octroi_domain::api::{ApiState, GatewayDefinition, OperationRule, UpstreamClass};
use octroi_domain::credential::Digest;
use octroi_domain::ids::{ApiId, ApplicationId, BootId, CredentialId, PlanId, SubscriptionId};
use octroi_domain::plan::{Limits, Security};
use octroi_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

/// The state of the portal's data that a snapshot shows: grows by one with every change that gateways must learn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Revision(pub i64);

/// All changes after one revision up to another, or everything.
#[derive(Clone, Debug, Default)]
pub struct Delta {
    /// The revision that this follows; `None` where it is the whole snapshot and replaces whatever was there.
    pub from: Option<Revision>,
    /// The revision that it leads to.
    pub to: Revision,
    /// The catalogue, whole, where anything in it changed.
    pub catalogue: Option<CatalogueSource>,
    /// Credentials that came, changed or went.
    pub keys: Vec<KeyRecord>,
    /// What is already used of quotas; with a whole snapshot only.
    pub quota_used: Vec<QuotaUse>,
}

/// The small part of the snapshot, swapped whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CatalogueSource {
    /// Every API that is served, and those that cannot be.
    pub apis: Vec<ApiSource>,
    /// Who signs access tokens; none where the portal's OAuth2 server has no key yet.
    pub issuer: Option<IssuerSource>,
}

/// One version of an API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiSource {
    /// Its identifier.
    pub id: ApiId,
    /// Shared by its versions.
    pub slug: String,
    /// The version.
    pub version: String,
    /// Published or deprecated: nothing else is sent.
    pub state: ApiState,
    /// How it is served.
    pub gateway: GatewayDefinition,
    /// Its plans.
    pub plans: Vec<PlanSource>,
}

/// A plan, as the gateway needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanSource {
    /// Its identifier.
    pub id: PlanId,
    /// Its name within the API, sent to the upstream.
    pub slug: String,
    /// How its callers show who they are.
    pub security: Security,
    /// What limits them.
    pub limits: Limits,
    /// What a keyless plan opens of the API; empty opens all of it.
    pub operations: Vec<OperationRule>,
}

/// Who signs access tokens, and with which keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerSource {
    /// The `iss` claim (RFC 8414).
    pub issuer: String,
    /// Public keys in use, ES256.
    pub keys: Vec<IssuerKey>,
}

/// A public key of the issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerKey {
    /// The `kid` of the token's head.
    pub id: String,
    /// P-256 coordinates in base64url, as in a JWK (RFC 7518, 6.2).
    pub x: String,
    /// See `x`.
    pub y: String,
}

/// What a credential shows itself as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// An opaque text: the digest is of that text.
    Opaque,
    /// An OAuth2 client, known by a signed token: the digest is of [`client_lookup`]`(client_id)`.
    OauthClient,
}

/// What is digested to find an OAuth2 client in the key table.
pub fn client_lookup(client_id: &str) -> String {
    format!("oauth-client:{client_id}")
}

/// One credential, as the gateway needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// Its identifier.
    pub id: CredentialId,
    /// How it is shown.
    pub kind: KeyKind,
    /// What is looked up.
    pub digest: Digest,
    /// The application that shows it.
    pub application_id: ApplicationId,
    /// What it is now.
    pub status: KeyStatus,
}

/// What a credential is now. Everything but `Open` answers a caller alike; the difference goes to the log and to the
/// consumer's own "why was I refused?".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyStatus {
    /// Opens its grants.
    Open {
        /// From this moment on it opens nothing.
        expires_at: Option<Timestamp>,
        /// What it opens.
        grants: Vec<Grant>,
    },
    /// Paused, or its subscription is pending, paused.
    Paused,
    /// Revoked, or its subscription or application is closed: kept as a tombstone so that the reason can be told.
    Revoked,
}

/// What one credential may do with one API. Everything that lets a call in is compiled to this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The API.
    pub api_id: ApiId,
    /// The plan: for the upstream's header, the metrics and the dialect's sentences.
    pub plan_id: PlanId,
    /// Limits are counted for each of these: two keys of one subscription share the count.
    pub subscription_id: SubscriptionId,
    /// What limits it.
    pub limits: Limits,
    /// Scopes given.
    pub scopes: Vec<String>,
    /// Named parts of the API that it opens; empty means the whole API.
    pub resources: Vec<String>,
    /// Which upstreams its calls reach.
    pub upstream: UpstreamClass,
    /// Moment at which the subscription ends by itself.
    pub ends_at: Option<Timestamp>,
    /// On whose behalf the calls are made, where that is not the application's own owner.
    pub subject: Option<String>,
    /// Further conditions on the caller; all must hold.
    pub filters: Vec<Filter>,
}

/// A condition on the caller, beside its credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// The client address is in one of these networks.
    AllowNetworks(Vec<ipnet::IpNet>),
    /// The client address is in none of these networks.
    DenyNetworks(Vec<ipnet::IpNet>),
}

/// How much of a quota is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaUse {
    /// Whose.
    pub subscription_id: SubscriptionId,
    /// First moment of the period.
    pub period_start: Timestamp,
    /// Calls admitted since.
    pub used: u64,
}

/// Counts that a gateway hands over. Counted once whatever is repeated: (gateway, boot, sequence) names a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageBatch {
    /// The gateway's name.
    pub gateway: String,
    /// This start of it.
    pub boot: BootId,
    /// From 1, one more with each batch of this start.
    pub sequence: i64,
    /// The counts.
    pub rows: Vec<UsageRow>,
}

/// Calls of one minute that are alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageRow {
    /// First moment of the minute.
    pub minute: Timestamp,
    /// The API; none where no API was found.
    pub api_id: Option<ApiId>,
    /// The subscription; none where the call was refused before one was known.
    pub subscription_id: Option<SubscriptionId>,
    /// The credential.
    pub credential_id: Option<CredentialId>,
    /// Stable code of the outcome.
    pub outcome: Cow<'static, str>,
    /// HTTP status answered.
    pub status: u16,
    /// Whether these calls passed the limits: such calls use up the quota, whatever the upstream answered.
    pub admitted: bool,
    /// Number of calls.
    pub calls: u64,
    /// Bytes of request bodies.
    pub bytes_in: u64,
    /// Bytes of answer bodies.
    pub bytes_out: u64,
    /// Sum of the times from the call's head to the answer's end, in microseconds.
    pub duration_us: u64,
}
