//! What the use cases share in memory: limits on tries, and the bound on slow work.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use octroi_domain::account::password;
use octroi_domain::actor::Actor;
use octroi_domain::ids::AccountId;
use octroi_store::login_key;
use tokio::sync::Semaphore;

use crate::catalog::Figures;
use crate::catalog::openapi::SampleCall;
use crate::limiter::{Limiter, Policy};
use crate::{App, AppError};

/// Password hashes computed at once: each takes a core and 19 MiB.
const HASHES_AT_ONCE: usize = 2;

/// Password hashes waiting for their turn at most; beyond, callers are told to come back.
const HASHES_WAITING: usize = 64;

/// Pictures drawn at once: one of the largest takes a core and some 200 MiB for a moment.
const DRAWINGS_AT_ONCE: usize = 1;

/// Pictures waiting for their turn at most, each of up to 1 MiB.
const DRAWINGS_WAITING: usize = 16;

/// Large documents read or written at once: each may unfold to many times its size in memory.
const DOCUMENTS_AT_ONCE: usize = 2;

/// Tries from one address on one account.
const PER_ACCOUNT: Policy = Policy {
    free: 4,
    first: Duration::from_secs(1),
    longest: Duration::from_secs(15 * 60),
    memory: Duration::from_secs(60 * 60),
    pardon: Duration::from_secs(60 * 60),
};

/// Tries from one address on all accounts together.
const PER_ADDRESS: Policy = Policy {
    free: 50,
    first: Duration::from_secs(2),
    longest: Duration::from_secs(15 * 60),
    memory: Duration::from_secs(60 * 60),
    // Many people may share one address: those who mistype now and then are not added up for ever.
    pardon: Duration::from_secs(60),
};

/// Why anybody can have a mail sent to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum MailReason {
    /// An account is made with it.
    Registration,
    /// The password of its account is forgotten.
    Password,
    /// An account takes it for its own.
    NewAddress,
    /// Somebody is invited.
    Invitation,
}

/// Mails of one kind that anybody can have sent to one address. The wait grows no longer than a link for a forgotten
/// password lives: whoever asks in somebody's name all day leaves them a good one in their mailbox.
const PER_MAILBOX: Policy = Policy {
    free: 4,
    first: Duration::from_secs(10 * 60),
    longest: Duration::from_secs(30 * 60),
    memory: Duration::from_secs(24 * 60 * 60),
    pardon: Duration::from_secs(24 * 60 * 60),
};

/// News of one subscription or client that are mailed to its owner.
const PER_SUBJECT: Policy = Policy {
    free: 10,
    first: Duration::from_secs(10 * 60),
    longest: Duration::from_secs(6 * 60 * 60),
    memory: Duration::from_secs(24 * 60 * 60),
    pardon: Duration::from_secs(60 * 60),
};

/// What one address asks for without an account, each making work or a mail.
const PER_VISITOR: Policy = Policy {
    free: 100,
    first: Duration::from_secs(2),
    longest: Duration::from_secs(15 * 60),
    memory: Duration::from_secs(60 * 60),
    pardon: Duration::from_secs(30),
};

/// Mails that one account has sent to people of its choice.
const PER_WRITER: Policy = Policy {
    free: 50,
    first: Duration::from_secs(60),
    longest: Duration::from_secs(6 * 60 * 60),
    memory: Duration::from_secs(24 * 60 * 60),
    pardon: Duration::from_secs(10 * 60),
};

/// Replies of one account. Whoever answers many people writes often: what is held back is a machine.
const PER_CORRESPONDENT: Policy = Policy {
    free: 100,
    first: Duration::from_secs(30),
    longest: Duration::from_secs(15 * 60),
    memory: Duration::from_secs(60 * 60),
    pardon: Duration::from_secs(60),
};

/// See the module.
pub(crate) struct Shared {
    hashing: Bench,
    /// Pictures drawn anew.
    pub(crate) drawing: Bench,
    /// Sign-ins, by client and account.
    pub(crate) sign_ins: Limiter<(IpAddr, String)>,
    /// Sign-ins, by client.
    pub(crate) clients: Limiter<IpAddr>,
    /// Mails sent on anybody's demand, by reason and address.
    mailboxes: Limiter<(MailReason, String)>,
    /// News mailed, by the subscription or application that they are about.
    subjects: Limiter<String>,
    /// What is asked for without an account, by client.
    pub(crate) visitors: Limiter<IpAddr>,
    /// Mails to people of one's choice, by account.
    pub(crate) writers: Limiter<AccountId>,
    /// Replies in tickets, by account.
    correspondents: Limiter<AccountId>,
    /// When old rows were last removed, in milliseconds of the monotonic clock; negative for never.
    pub(crate) swept_at: AtomicI64,
    /// The minute in which waiting counts were last added up.
    pub(crate) usage_added_in: AtomicI64,
    /// Large documents read or written at once.
    pub(crate) reading: Arc<Semaphore>,
    /// What was last counted of the APIs, and when by the monotonic clock.
    pub(crate) figures: Mutex<Option<(Duration, Arc<Figures>)>>,
    /// The first call that a document describes, by the document's digest.
    pub(crate) first_calls: Mutex<HashMap<String, Option<Arc<SampleCall>>>>,
}

impl Shared {
    pub(crate) fn new() -> Self {
        Self {
            hashing: Bench::new(HASHES_AT_ONCE, HASHES_WAITING),
            drawing: Bench::new(DRAWINGS_AT_ONCE, DRAWINGS_WAITING),
            sign_ins: Limiter::new(PER_ACCOUNT),
            clients: Limiter::new(PER_ADDRESS),
            mailboxes: Limiter::new(PER_MAILBOX),
            subjects: Limiter::new(PER_SUBJECT),
            visitors: Limiter::new(PER_VISITOR),
            writers: Limiter::new(PER_WRITER),
            correspondents: Limiter::new(PER_CORRESPONDENT),
            swept_at: AtomicI64::new(-1),
            usage_added_in: AtomicI64::new(-1),
            reading: Arc::new(Semaphore::new(DOCUMENTS_AT_ONCE)),
            figures: Mutex::default(),
            first_calls: Mutex::default(),
        }
    }
}

/// The client as limits know it: a whole /64 for IPv6, which one subscriber usually owns.
pub(crate) fn client_key(client: IpAddr) -> IpAddr {
    match client {
        IpAddr::V4(_) => client,
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => IpAddr::V4(v4),
            None => {
                let prefix = u128::from(v6) >> 64 << 64;
                IpAddr::V6(Ipv6Addr::from(prefix))
            }
        },
    }
}

/// Where slow work is done, away from the threads that serve: few pieces at once, few waiting.
pub(crate) struct Bench {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    most_waiting: usize,
}

impl Bench {
    fn new(at_once: usize, most_waiting: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(at_once)), waiting: AtomicUsize::new(0), most_waiting }
    }

    /// Does `work` when its turn has come.
    ///
    /// # Errors
    /// [`AppError::TooMany`] where too many wait already.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AppError> {
        let _waiting = Waiting(&self.waiting);
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= self.most_waiting {
            return Err(AppError::TooMany(1));
        }
        let permit =
            Arc::clone(&self.places).acquire_owned().await.map_err(|e| AppError::Internal(e.to_string()))?;
        // The permit goes with the work, which goes on when its caller has hung up.
        let worked = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(permit);
            result
        });
        worked.await.map_err(|e| AppError::Internal(e.to_string()))
    }
}

/// Counts one caller as waiting for as long as it lives.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl App {
    /// Lets somebody without an account ask for one more thing that costs work or sends a mail: registering, another
    /// link, a forgotten password. Counted by client, so that one cannot take the places of all.
    ///
    /// # Errors
    /// [`AppError::TooMany`] where `client` asks too often.
    pub fn admit_visitor(&self, client: IpAddr) -> Result<(), AppError> {
        self.count(&self.shared.visitors, client_key(client))
    }

    /// Lets `actor` have one more mail sent to somebody of its choice; the system as many as it likes.
    pub(crate) fn admit_writer(&self, actor: &Actor) -> Result<(), AppError> {
        actor.account_id().map_or(Ok(()), |account| self.count(&self.shared.writers, account))
    }

    /// Lets an account write one more reply.
    pub(crate) fn admit_correspondent(&self, account: AccountId) -> Result<(), AppError> {
        self.count(&self.shared.correspondents, account)
    }

    /// Lets one more mail of this kind be sent to `email` on anybody's demand. One kind does not use up another's.
    pub(crate) fn admit_mail(&self, reason: MailReason, email: &str) -> Result<(), AppError> {
        self.count(&self.shared.mailboxes, (reason, login_key(email)))
    }

    /// Whether one more piece of news about a subscription or application is mailed. What happened stands on its page
    /// all the same: a mailbox is not filled by doing and undoing.
    pub(crate) fn may_tell(&self, about: impl std::fmt::Display) -> bool {
        let about = about.to_string();
        let may = self.count(&self.shared.subjects, about.clone()).is_ok();
        if !may {
            tracing::info!(about, "news are not mailed: too many");
        }
        may
    }

    /// Counts one more try of `subject`, unless it has to wait.
    fn count<K: Eq + Hash + Clone>(&self, limiter: &Limiter<K>, subject: K) -> Result<(), AppError> {
        let now = self.monotonic();
        if let Some(seconds) = limiter.wait(&subject, now) {
            return Err(AppError::TooMany(seconds));
        }
        limiter.fail(subject, now);
        Ok(())
    }

    /// The hash of a new password.
    pub(crate) async fn hash_password(&self, password: &str) -> Result<String, AppError> {
        let (password, options) = (zeroize::Zeroizing::new(password.to_owned()), Arc::clone(&self.inner));
        let hashed = self.shared.hashing.run(move || password::hash(&password, &*options.entropy)).await?;
        hashed.map_err(|e| AppError::Internal(e.to_string()))
    }

    /// Whether `password` fits `hash`; takes as long without one.
    pub(crate) async fn verify_password(
        &self,
        password: &str,
        hash: Option<String>,
    ) -> Result<bool, AppError> {
        let password = zeroize::Zeroizing::new(password.to_owned());
        self.shared.hashing.run(move || password::verify(&password, hash.as_deref())).await
    }

    /// The monotonic time, for limits.
    pub(crate) fn monotonic(&self) -> Duration {
        self.inner.clock.monotonic()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_subscriber_is_one_client() {
        let key = |text: &str| client_key(text.parse().unwrap());
        assert_eq!(key("2001:db8:1:2:3::4"), key("2001:db8:1:2:ffff::1"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(key("::ffff:192.0.2.7"), key("192.0.2.7"));
        assert_ne!(key("192.0.2.7"), key("192.0.2.8"));
    }
}
