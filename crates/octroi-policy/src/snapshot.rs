//! The snapshot: all that a decision knows, advanced by revision. A small catalogue that is swapped whole, and a large
//! key table that is changed in place; counts survive both.

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwapOption, Guard};
use octroi_domain::time::Timestamp;

use crate::catalogue::{Catalogue, Fault};
use crate::feed::{Delta, Revision};
use crate::keys::KeyTable;
use crate::limit::{AddressCells, Calendar, SubscriptionCells};

/// All that a decision knows.
#[derive(Default)]
pub struct Snapshot {
    catalogue: ArcSwapOption<Catalogue>,
    /// Every credential.
    pub keys: KeyTable,
    pub(crate) subscriptions: SubscriptionCells,
    pub(crate) addresses: AddressCells,
    pub(crate) calendar: Calendar,
    revision: AtomicI64,
    applying: Mutex<VecDeque<(Timestamp, u128)>>,
}

/// A change that cannot be applied; the snapshot stays as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Follows another revision than the present one.
    #[error("the change follows revision {from:?}, the snapshot is at {at:?}")]
    DoesNotFollow {
        /// What the change follows.
        from: Revision,
        /// Where the snapshot is.
        at: Option<Revision>,
    },
    /// Leads back.
    #[error("the change leads to revision {to:?}, the snapshot is at {at:?} already")]
    Older {
        /// Where the change leads.
        to: Revision,
        /// Where the snapshot is.
        at: Revision,
    },
    /// A whole snapshot without a catalogue.
    #[error("a whole snapshot without a catalogue")]
    Incomplete,
}

/// What applying a change led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The revision now.
    pub revision: Revision,
    /// What of the catalogue could not be compiled, where a catalogue came.
    pub faults: Vec<Fault>,
}

impl Snapshot {
    /// A snapshot that knows nothing yet and lets nothing through.
    pub fn new() -> Self {
        Self::default()
    }

    /// The revision that it shows; none before the first load.
    pub fn revision(&self) -> Option<Revision> {
        self.is_ready().then(|| Revision(self.revision.load(Ordering::Acquire)))
    }

    /// Whether it has been loaded once.
    pub fn is_ready(&self) -> bool {
        self.catalogue.load().is_some()
    }

    /// The present catalogue; none before the first load.
    pub fn catalogue(&self) -> Guard<Option<Arc<Catalogue>>> {
        self.catalogue.load()
    }

    /// Advances to the revision that the change leads to. Revocations in it are felt by the next decision.
    pub fn apply(&self, delta: Delta, now: Timestamp) -> Result<Applied, Unfit> {
        let mut tombstones = self.applying.lock().unwrap_or_else(PoisonError::into_inner);
        self.check(&delta)?;
        self.subscriptions.seed(&delta.quota_used);
        let mut kept = HashSet::new();
        let whole = delta.from.is_none();
        for record in delta.keys {
            // Of a whole snapshot, the first at its place replaces whatever was there.
            let put = self.keys.put(record, &self.subscriptions, |at| whole && kept.insert(at));
            if put.tombstone {
                tombstones.push_back((now, put.at));
            }
        }
        if whole {
            self.keys.keep_only(&kept);
        }
        let mut faults = Vec::new();
        if let Some(source) = delta.catalogue {
            let catalogue = Catalogue::compile(source);
            faults.clone_from(&catalogue.faults);
            self.catalogue.store(Some(Arc::new(catalogue)));
        }
        self.keys.bury(&mut tombstones, now);
        self.revision.store(delta.to.0, Ordering::Release);
        Ok(Applied { revision: delta.to, faults })
    }

    fn check(&self, delta: &Delta) -> Result<(), Unfit> {
        let at = self.revision();
        match (delta.from, at) {
            (Some(from), at) if at != Some(from) => return Err(Unfit::DoesNotFollow { from, at }),
            (None, _) if delta.catalogue.is_none() => return Err(Unfit::Incomplete),
            _ => {}
        }
        match at {
            Some(at) if delta.to < at => Err(Unfit::Older { to: delta.to, at }),
            _ => Ok(()),
        }
    }

    /// Forgets counts that limit nobody any more. To be called every minute or so.
    pub fn sweep(&self, now: Timestamp) {
        // Not while a change takes cells in hand: a subscription must never have two.
        let _applying = self.applying.lock().unwrap_or_else(PoisonError::into_inner);
        self.addresses.sweep(now);
        self.subscriptions.sweep(now);
    }
}
