//! Why a use case did not do what was asked, sorted by what the caller can do about it. Sentences are made at the edge.

use octroi_domain::actor::TokenScope;
use octroi_domain::permission::Denied;
use octroi_domain::validate::{Rule, Violation};
use octroi_store::StoreError;

/// A request that contradicts the present state of things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// The subscription's state does not allow this.
    SubscriptionState,
    /// The credential's state does not allow this.
    CredentialState,
    /// The application has an open subscription to this API already.
    AlreadySubscribed,
    /// The plan takes no new subscription.
    PlanClosed,
    /// Keys of the plan are issued by a deployment officer.
    IssuedByOfficer,
    /// The organization is suspended: nothing new opens anything for it.
    OrganizationSuspended,
    /// The API takes no new subscription.
    ApiNotOpen,
    /// The application is archived.
    ApplicationArchived,
    /// The kind of the application does not fit the plan.
    ApplicationKind,
    /// The subscription has a usable key already: renew it instead.
    KeyExists,
    /// Enough former keys of the subscription, or secrets of the client, still live on.
    TooManyKeys,
    /// The key was issued to be shown once, or imported as a digest: no copy can be shown.
    NotRevealable,
    /// The link was used already or has expired.
    LinkSpent,
    /// An organization keeps one owner at least.
    LastOwner,
    /// The portal keeps one administrator at least who can sign in.
    LastAdministrator,
    /// The object is still used by others.
    StillUsed,
    /// The same Idempotency-Key came with another request.
    IdempotencyKeyReused,
    /// The first request with this Idempotency-Key is still being worked on.
    StillRunning,
    /// The API's terms must be accepted, in the version shown.
    TermsNotAccepted,
    /// The account has as many open tickets as it may have.
    TooManyTickets,
    /// The ticket has as many messages as it may have.
    TicketFull,
}

impl Conflict {
    /// Every conflict: a test checks that each has its sentences.
    pub const ALL: [Self; 21] = [
        Self::SubscriptionState,
        Self::CredentialState,
        Self::AlreadySubscribed,
        Self::PlanClosed,
        Self::IssuedByOfficer,
        Self::OrganizationSuspended,
        Self::ApiNotOpen,
        Self::ApplicationArchived,
        Self::ApplicationKind,
        Self::KeyExists,
        Self::TooManyKeys,
        Self::NotRevealable,
        Self::LinkSpent,
        Self::LastOwner,
        Self::LastAdministrator,
        Self::StillUsed,
        Self::IdempotencyKeyReused,
        Self::StillRunning,
        Self::TermsNotAccepted,
        Self::TooManyTickets,
        Self::TicketFull,
    ];

    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::SubscriptionState => "subscription_state",
            Self::CredentialState => "credential_state",
            Self::AlreadySubscribed => "already_subscribed",
            Self::PlanClosed => "plan_closed",
            Self::IssuedByOfficer => "issued_by_officer",
            Self::OrganizationSuspended => "organization_suspended",
            Self::ApiNotOpen => "api_not_open",
            Self::ApplicationArchived => "application_archived",
            Self::ApplicationKind => "application_kind",
            Self::KeyExists => "key_exists",
            Self::TooManyKeys => "too_many_keys",
            Self::NotRevealable => "not_revealable",
            Self::LinkSpent => "link_spent",
            Self::LastOwner => "last_owner",
            Self::LastAdministrator => "last_administrator",
            Self::StillUsed => "still_used",
            Self::IdempotencyKeyReused => "idempotency_key_reused",
            Self::StillRunning => "still_running",
            Self::TermsNotAccepted => "terms_not_accepted",
            Self::TooManyTickets => "too_many_tickets",
            Self::TicketFull => "ticket_full",
        }
    }
}

/// Why a use case did not do what was asked. Whatever the variant, nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The request breaks rules; every violation is named.
    #[error("the request breaks {} rule(s)", .0.len())]
    Invalid(Vec<Violation>),
    /// Nobody has signed in, or the token is unknown, revoked or expired.
    #[error("sign in first")]
    SignIn,
    /// The object does not exist, or the actor may not know that it does.
    #[error("not found")]
    NotFound,
    /// The actor may see the object, and not do this.
    #[error("not allowed")]
    Forbidden,
    /// The management token lacks a scope.
    #[error("the token lacks a scope")]
    Scope(TokenScope),
    /// The present state of things does not allow this.
    #[error("conflict: {}", .0.code())]
    Conflict(Conflict),
    /// Somebody else changed the object since it was read.
    #[error("changed meanwhile")]
    Stale,
    /// A secret is shown only to somebody who signed in within the last five minutes.
    #[error("sign in again")]
    SignInAgain,
    /// Too many tries; the number of seconds to wait.
    #[error("too many tries")]
    TooMany(u32),
    /// The database cannot be used now. Try again later.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// A fault of ours. The text goes to the log, never to the caller.
    #[error("internal error: {0}")]
    Internal(String),
}

impl AppError {
    /// One field that breaks one rule.
    pub fn invalid(field: impl Into<String>, rule: Rule) -> Self {
        Self::Invalid(vec![Violation { field: field.into(), rule }])
    }
}

impl From<Denied> for AppError {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::SignIn => Self::SignIn,
            Denied::Hidden => Self::NotFound,
            Denied::Forbidden => Self::Forbidden,
            Denied::Scope(scope) => Self::Scope(scope),
        }
    }
}

impl From<Vec<Violation>> for AppError {
    fn from(violations: Vec<Violation>) -> Self {
        Self::Invalid(violations)
    }
}

impl From<Conflict> for AppError {
    fn from(conflict: Conflict) -> Self {
        Self::Conflict(conflict)
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale => Self::Stale,
            StoreError::Unavailable(why) => Self::Unavailable(why),
            other => Self::Internal(other.to_string()),
        }
    }
}

/// A value that another row has already, told as the field it came from: `keys` pairs parts of constraints with fields.
pub(crate) fn taken(error: StoreError, keys: &[(&str, &str)]) -> AppError {
    if let StoreError::Duplicate(constraint) = &error
        && let Some((_, field)) = keys.iter().find(|(key, _)| constraint.contains(key))
    {
        return AppError::invalid(*field, Rule::Taken);
    }
    error.into()
}
