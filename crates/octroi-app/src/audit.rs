//! The audit trail: reading it, and checking that nothing in it was changed or removed.

use octroi_domain::actor::Actor;
use octroi_domain::audit::{AuditEntry, Broken, GENESIS};
use octroi_domain::permission::{Action, Parties};
use octroi_domain::time::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::context::require;
use crate::page::{Page, PageRequest};
use crate::{App, AppError};

/// Entries checked at once.
const CHUNK: i64 = 1_000;

/// An entry of the audit trail.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AuditEntryView {
    /// Its place in the trail, from 1.
    pub sequence: i64,
    /// When.
    pub at: Timestamp,
    /// Who: an account's identifier, `anonymous`, or a part of the system.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To what, as an identifier.
    pub object: String,
    /// More.
    pub details: Value,
    /// Digest of this entry, over the one before too, in hexadecimal.
    pub digest: String,
}

impl From<AuditEntry> for AuditEntryView {
    fn from(entry: AuditEntry) -> Self {
        Self {
            sequence: entry.sequence,
            at: entry.at,
            actor: entry.actor,
            action: entry.action,
            object: entry.object,
            // What does not parse was changed by somebody: shown as it is.
            details: serde_json::from_str(&entry.details).unwrap_or(Value::String(entry.details)),
            digest: entry.digest,
        }
    }
}

/// A trail without a fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditReport {
    /// Number of entries.
    pub entries: i64,
    /// Digest of the last one, in hexadecimal: written down elsewhere, it proves later that nothing was rewritten.
    pub head: String,
}

/// Why a trail cannot be vouched for.
#[derive(Debug, thiserror::Error)]
pub enum AuditFault {
    /// It was tampered with or damaged.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// It cannot be read.
    #[error(transparent)]
    App(#[from] AppError),
}

impl App {
    /// Entries of the trail, newest first; only those about `object`, where one is given.
    pub async fn audit_entries(
        &self,
        actor: &Actor,
        page: &PageRequest,
        object: Option<&str>,
    ) -> Result<Page<AuditEntryView>, AppError> {
        require(actor, Action::AuditRead, &Parties::PORTAL)?;
        let window = page.window()?;
        let before = window.after.unwrap_or(i64::MAX);
        let rows = self.read().await?.audit_before(before, window.rows(), object, None).await?;
        Ok(window.page(rows, |entry| entry.sequence, AuditEntryView::from))
    }

    /// The same as [`App::verify_audit`], for administrators: the report, or the first fault.
    pub async fn audit_report(&self, actor: &Actor) -> Result<AuditReport, AuditFault> {
        require(actor, Action::AuditRead, &Parties::PORTAL)?;
        self.verify_audit().await
    }

    /// Follows the whole trail from its first entry to its noted head, and names the first fault.
    pub async fn verify_audit(&self) -> Result<AuditReport, AuditFault> {
        let mut session = self.read().await?;
        let head = session.audit_head().await.map_err(AppError::from)?;
        let (mut sequence, mut digest) = (0, GENESIS.to_owned());
        loop {
            let entries = session.audit_after(sequence, CHUNK).await.map_err(AppError::from)?;
            if entries.is_empty() {
                break;
            }
            for entry in entries {
                entry.verify(sequence, &digest)?;
                (sequence, digest) = (entry.sequence, entry.digest);
            }
        }
        if sequence < head.sequence {
            return Err(Broken::Shortened { found: sequence, head: head.sequence }.into());
        }
        if sequence > head.sequence || digest != head.digest {
            return Err(Broken::Changed(sequence).into());
        }
        Ok(AuditReport { entries: sequence, head: digest })
    }
}
