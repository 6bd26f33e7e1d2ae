//! The key table: every credential that gateways know, found by its digest. One table, shared by all threads, changed
//! in place; revoked credentials stay for a while as tombstones, so that their owner can be told why they are refused.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use octroi_domain::api::UpstreamClass;
use octroi_domain::credential::Digest;
use octroi_domain::ids::{ApiId, ApplicationId, CredentialId, PlanId, SubscriptionId};
use octroi_domain::plan::Limits;
use octroi_domain::time::Timestamp;

use crate::feed::{Filter, Grant, KeyKind, KeyRecord, KeyStatus};
use crate::limit::{Cell, SubscriptionCells};

/// How long a revoked credential stays known as such.
pub const TOMBSTONE_LIFE: Duration = Duration::from_secs(30 * 24 * 3600);

/// One credential.
#[derive(Debug)]
pub struct KeyEntry {
    digest: Digest,
    /// Its identifier: safe to log.
    pub id: CredentialId,
    /// The application that shows it.
    pub application_id: ApplicationId,
    /// How it is shown.
    pub kind: KeyKind,
    /// What it is now.
    pub standing: Standing,
    /// From this moment on it opens nothing.
    pub expires_at: Option<Timestamp>,
    grants: Grants,
}

/// Nearly every credential opens one API: its grant stands with it, where the processor already looks.
#[derive(Debug)]
enum Grants {
    One(HeldGrant),
    Other(Box<[HeldGrant]>),
}

impl Grants {
    fn new(grants: Vec<Grant>, cells: &SubscriptionCells) -> Self {
        let mut held: Vec<_> = grants.into_iter().map(|g| HeldGrant::new(g, cells)).collect();
        match held.pop() {
            Some(only) if held.is_empty() => Self::One(only),
            last => {
                held.extend(last);
                Self::Other(held.into())
            }
        }
    }
}

/// What a credential is now, without the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Opens its grants.
    Open,
    /// Stopped for a while.
    Paused,
    /// Ended for good.
    Revoked,
}

/// A grant and the count of its subscription.
#[derive(Debug)]
pub struct HeldGrant {
    /// The API.
    pub api_id: ApiId,
    /// The plan.
    pub plan_id: PlanId,
    /// Whose count it is.
    pub subscription_id: SubscriptionId,
    /// What limits it.
    pub limits: Limits,
    /// Which upstreams its calls reach.
    pub upstream: UpstreamClass,
    /// When the subscription ends by itself.
    pub ends_at: Option<Timestamp>,
    /// What few grants have.
    pub conditions: Option<Box<Conditions>>,
    /// What the subscription has used.
    pub cell: Arc<Cell>,
}

/// What few grants have.
#[derive(Debug, Default)]
pub struct Conditions {
    /// Scopes given.
    pub scopes: Vec<String>,
    /// Named parts of the API that it opens; empty means the whole API.
    pub resources: Vec<String>,
    /// On whose behalf the calls are made.
    pub subject: Option<String>,
    /// Conditions on the caller; all must hold.
    pub filters: Vec<Filter>,
}

impl HeldGrant {
    fn new(grant: Grant, cells: &SubscriptionCells) -> Self {
        let Grant {
            api_id,
            plan_id,
            subscription_id,
            limits,
            scopes,
            resources,
            upstream,
            ends_at,
            subject,
            filters,
        } = grant;
        let plain = scopes.is_empty() && resources.is_empty() && subject.is_none() && filters.is_empty();
        let conditions = (!plain).then(|| Box::new(Conditions { scopes, resources, subject, filters }));
        let cell = cells.of(subscription_id);
        Self { api_id, plan_id, subscription_id, limits, upstream, ends_at, conditions, cell }
    }

    /// Whether every condition on the caller's address holds.
    pub fn admits_address(&self, ip: IpAddr) -> bool {
        let filters = self.conditions.as_ref().map_or(&[][..], |c| &c.filters);
        filters.iter().all(|filter| match filter {
            Filter::AllowNetworks(networks) => networks.iter().any(|n| n.contains(&ip)),
            Filter::DenyNetworks(networks) => !networks.iter().any(|n| n.contains(&ip)),
        })
    }

    /// Whether the path behind the API's prefix is in a part that this opens. A part that is no path is not known
    /// here, so it opens nothing.
    pub fn opens_path(&self, rest: &str) -> bool {
        let resources = self.conditions.as_ref().map_or(&[][..], |c| &c.resources);
        resources.is_empty()
            || resources
                .iter()
                .any(|r| r.starts_with('/') && crate::path::behind(rest, r.trim_end_matches('/')).is_some())
    }

    /// On whose behalf the calls are made.
    pub fn subject(&self) -> Option<&str> {
        self.conditions.as_ref().and_then(|c| c.subject.as_deref())
    }
}

impl KeyEntry {
    fn new(record: KeyRecord, cells: &SubscriptionCells) -> Self {
        let (standing, expires_at, grants) = match record.status {
            KeyStatus::Open { expires_at, grants } => (Standing::Open, expires_at, grants),
            KeyStatus::Paused => (Standing::Paused, None, Vec::new()),
            KeyStatus::Revoked => (Standing::Revoked, None, Vec::new()),
        };
        Self {
            digest: record.digest,
            id: record.id,
            application_id: record.application_id,
            kind: record.kind,
            standing,
            expires_at,
            grants: Grants::new(grants, cells),
        }
    }

    /// What it is found by.
    pub(crate) const fn digest(&self) -> Digest {
        self.digest
    }

    /// What it opens.
    pub fn grants(&self) -> &[HeldGrant] {
        match &self.grants {
            Grants::One(only) => std::slice::from_ref(only),
            Grants::Other(grants) => grants,
        }
    }

    /// Whether it has ended at `now`.
    pub fn expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| now >= end)
    }
}

/// Digests are evenly spread by nature: the hash is a part of them. They are made under a secret pepper, so nobody can
/// choose them to collide.
#[derive(Default)]
pub struct PrefixHasher(u64);

impl Hasher for PrefixHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 ^= u64::from_le_bytes(word);
        }
    }

    fn write_u128(&mut self, number: u128) {
        self.0 = number as u64;
    }
}

fn prefix(digest: &Digest) -> u128 {
    let mut half = [0; 16];
    half.copy_from_slice(&digest.0[..16]);
    u128::from_le_bytes(half)
}

/// Every credential that gateways know.
#[derive(Default)]
pub struct KeyTable(papaya::HashMap<u128, Arc<KeyEntry>, BuildHasherDefault<PrefixHasher>>);

impl KeyTable {
    /// The credential shown in this way with this digest. The whole digest is compared, in constant time.
    pub fn find(&self, digest: &Digest, kind: KeyKind) -> Option<Arc<KeyEntry>> {
        let map = self.0.pin();
        let entry = map.get(&prefix(digest))?;
        (entry.digest == *digest && entry.kind == kind).then(|| Arc::clone(entry))
    }

    /// How many credentials are known, tombstones included.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts in what came or changed. Where two credentials have one digest (the old and the new secret of an OAuth2
    /// client), one that opens something stands before one that does not, and the younger before the older; unless
    /// what is there is `outdated`.
    pub(crate) fn put(
        &self,
        record: KeyRecord,
        cells: &SubscriptionCells,
        outdated: impl FnOnce(u128) -> bool,
    ) -> Put {
        let at = prefix(&record.digest);
        let entry = Arc::new(KeyEntry::new(record, cells));
        let map = self.0.pin();
        if !outdated(at)
            && let Some(there) = map.get(&at)
            && there.id != entry.id
            && (there.standing == Standing::Open, there.id) > (entry.standing == Standing::Open, entry.id)
        {
            return Put { at, tombstone: false };
        }
        let tombstone = entry.standing == Standing::Revoked;
        map.insert(at, entry);
        Put { at, tombstone }
    }

    /// Takes out all that are not among `kept`.
    pub(crate) fn keep_only(&self, kept: &HashSet<u128>) {
        self.0.pin().retain(|at, _| kept.contains(at));
    }

    /// Takes out tombstones that are older than [`TOMBSTONE_LIFE`].
    pub(crate) fn bury(&self, tombstones: &mut VecDeque<(Timestamp, u128)>, now: Timestamp) {
        let map = self.0.pin();
        while let Some((_, at)) = tombstones.front().filter(|(since, _)| now.since(*since) > TOMBSTONE_LIFE) {
            if map.get(at).is_some_and(|e| e.standing == Standing::Revoked) {
                map.remove(at);
            }
            tombstones.pop_front();
        }
    }
}

/// Where a record was put.
pub(crate) struct Put {
    pub(crate) at: u128,
    pub(crate) tombstone: bool,
}
