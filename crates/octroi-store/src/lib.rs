//! Persistence on SQLite and PostgreSQL through one code base.
//!
//! One text of SQL serves both: placeholders are `$1`, columns are integers, text and bytes, JSON is text. What the two
//! databases do differently stands in `backend` and `migrations` and nowhere else.
//!
//! [`Session`] reads; [`Tx`] also writes, and its [`commit`](Tx::commit) puts the change, its audit entries, its jobs
//! and the next revision into the database together or not at all.

mod accounts;
mod apis;
mod applications;
mod audit;
mod backend;
mod bell;
mod commit;
mod credentials;
mod desk;
mod documents;
mod drafts;
mod error;
mod feed;
mod idempotency;
mod jobs;
mod links;
mod migrations;
mod notices;
mod organization_keys;
mod organizations;
mod pages;
mod partners;
mod plans;
mod provided;
mod row;
mod sessions;
mod settings;
mod signing_keys;
mod subscriptions;
mod terms;
mod tickets;
mod tokens;
mod usage;

pub use accounts::login_key;
pub use apis::{ApiFigures, Viewer};
pub use applications::{ApplicationScope, ListedApplication};
pub use audit::AuditHead;
pub use backend::{Store, StoreOptions};
pub use commit::{Change, ChangeKind, Committed};
pub use credentials::CredentialScope;
pub use desk::{ChoosableApplication, OwnEndingKey};
pub use documents::{Document, DocumentKind};
pub use drafts::Draft;
pub use error::StoreError;
pub use feed::{FeedChanges, FeedClient, FeedKey, FeedSubscription};
pub use idempotency::Remembered;
pub use jobs::Job;
pub use links::{Link, LinkPurpose};
pub use migrations::latest_version;
pub use notices::{EndingKey, NoticeSpan};
pub use organizations::Member;
pub use partners::{Partner, PartnerOfficer};
pub use provided::{ProvidedApi, Subscriber};
pub use sessions::BrowserSession;
pub use signing_keys::SigningKey;
pub use subscriptions::{SubscriptionInPlace, SubscriptionScope};
pub use terms::Terms;
pub use tickets::{SignedMessage, TicketFigures, TicketInPlace, TicketScope};
pub use tokens::ManagementToken;
pub use usage::{MinuteCount, SpanCount, UsageBatchName, UsageScope};

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use backend::Conn;
use octroi_domain::audit::AuditEvent;

/// A consistent view of the database.
pub struct Session {
    conn: Conn,
    statements: Arc<AtomicU64>,
}

/// A transaction that writes. Dropped without [`commit`](Tx::commit), it leaves no trace.
pub struct Tx {
    session: Session,
    audit: Vec<AuditEvent>,
    changes: Vec<Change>,
    bell: bell::Ringer,
}

impl Deref for Tx {
    type Target = Session;
    fn deref(&self) -> &Session {
        &self.session
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Session {
        &mut self.session
    }
}
