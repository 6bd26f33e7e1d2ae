//! The audit trail: an append-only chain in which each entry carries the digest of the one before it, over
//! pseudonymous ids only, so that erasing a person's name breaks no link.

use serde::{Deserialize, Serialize};

use crate::credential::digest::{hex, sha256};
use crate::time::Timestamp;

/// What is to be written, before the chain gives it a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEvent {
    /// When.
    pub at: Timestamp,
    /// Who, as [`Actor::audit_name`](crate::actor::Actor::audit_name) says.
    pub actor: String,
    /// What was done: `credential.revoked`.
    pub action: String,
    /// To what, as an identifier.
    pub object: String,
    /// More, without names and without secrets.
    pub details: serde_json::Value,
}

/// One link of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Its place, from 1, without gaps.
    pub sequence: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub object: String,
    /// More, as JSON text.
    pub details: String,
    /// Digest of the entry before, in hexadecimal; zeros for the first.
    pub previous: String,
    /// Digest of this entry, in hexadecimal.
    pub digest: String,
}

/// The `previous` of the first entry.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Where a chain is broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// An entry is missing or out of place.
    #[error("entry {expected} is missing: the next one found is {found}")]
    Gap {
        /// The place that should come.
        expected: i64,
        /// The place that came.
        found: i64,
    },
    /// An entry was changed after it was written, or does not follow the one before it.
    #[error("entry {0} was changed after it was written")]
    Changed(i64),
    /// The chain ends before its recorded head: its last entries were removed.
    #[error("the trail ends at entry {found}, but {head} were written")]
    Shortened {
        /// Last entry found.
        found: i64,
        /// Last entry written.
        head: i64,
    },
}

impl AuditEntry {
    /// The entry that follows `previous` (sequence and digest of the last one; 0 and [`GENESIS`] at the start).
    pub fn following(sequence: i64, previous: &str, event: AuditEvent) -> Self {
        let mut entry = Self {
            sequence: sequence + 1,
            at: event.at,
            actor: event.actor,
            action: event.action,
            object: event.object,
            details: event.details.to_string(),
            previous: previous.to_owned(),
            digest: String::new(),
        };
        entry.digest = entry.compute();
        entry
    }

    /// The digest that this entry must have: SHA-256 over every field, each behind its length.
    fn compute(&self) -> String {
        let mut bytes = Vec::with_capacity(256);
        let numbers = [self.sequence.to_string(), self.at.as_millis().to_string()];
        let texts = [&self.actor, &self.action, &self.object, &self.details, &self.previous];
        for field in numbers.iter().chain(texts) {
            bytes.extend_from_slice(&(field.len() as u64).to_be_bytes());
            bytes.extend_from_slice(field.as_bytes());
        }
        hex(&sha256(&bytes))
    }

    /// Checks that this entry follows `previous` and was not changed.
    pub fn verify(&self, sequence: i64, previous: &str) -> Result<(), Broken> {
        if self.sequence != sequence + 1 {
            return Err(Broken::Gap { expected: sequence + 1, found: self.sequence });
        }
        if self.previous != previous || self.digest != self.compute() {
            return Err(Broken::Changed(self.sequence));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_a_moved_and_a_missing_entry_are_found() {
        let event = |object: &str| AuditEvent {
            at: Timestamp::from_millis(5),
            actor: "acc_x".into(),
            action: "credential.revoked".into(),
            object: object.into(),
            details: serde_json::json!({"reason": "leak"}),
        };
        let first = AuditEntry::following(0, GENESIS, event("key_a"));
        let second = AuditEntry::following(first.sequence, &first.digest, event("key_b"));
        assert_eq!(first.verify(0, GENESIS), Ok(()));
        assert_eq!(second.verify(1, &first.digest), Ok(()));
        assert_eq!(second.verify(0, GENESIS), Err(Broken::Gap { expected: 1, found: 2 }));
        let mut edited = second.clone();
        edited.object = "key_c".into();
        assert_eq!(edited.verify(1, &first.digest), Err(Broken::Changed(2)));
        let mut shifted = first.clone();
        (shifted.actor, shifted.action) = ("acc_xc".into(), "redential.revoked".into());
        assert_eq!(shifted.verify(0, GENESIS), Err(Broken::Changed(1)));
    }
}
