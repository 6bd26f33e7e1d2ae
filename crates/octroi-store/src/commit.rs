//! The commit: change, audit entries and next revision together. Both heads are taken under one row's lock, last thing
//! before the commit, so that on PostgreSQL too they become visible in the order of their numbers.

use octroi_domain::audit::{AuditEntry, AuditEvent};
use octroi_domain::ids::{CredentialId, PlanId};

use crate::backend::Conn;
use crate::bell::CHANNEL;
use crate::row::{Row, values};
use crate::{Session, StoreError, Tx};

/// Something that gateways must learn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// Anything in the catalogue: APIs, plans, the issuer's keys.
    Catalogue,
    /// One credential, or what it opens.
    Credential(CredentialId),
    /// What a plan gives: every credential under it opens something else now.
    Plan(PlanId),
}

/// The kind of a [`Change`], as written in the feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// See [`Change::Catalogue`].
    Catalogue,
    /// See [`Change::Credential`].
    Credential,
    /// See [`Change::Plan`].
    Plan,
}

impl Change {
    fn kind(self) -> &'static str {
        match self {
            Self::Catalogue => "catalogue",
            Self::Credential(_) => "credential",
            Self::Plan(_) => "plan",
        }
    }

    fn object(self) -> String {
        match self {
            Self::Catalogue => String::new(),
            Self::Credential(id) => id.to_string(),
            Self::Plan(id) => id.to_string(),
        }
    }

    fn read(row: &Row) -> Result<Self, StoreError> {
        match row.text("kind")?.as_str() {
            "catalogue" => Ok(Self::Catalogue),
            "credential" => row.parsed("object").map(Self::Credential),
            "plan" => row.parsed("object").map(Self::Plan),
            other => Err(StoreError::Damaged(format!("unknown kind of change {other}"))),
        }
    }
}

/// What a commit gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The revision that carries the change, where gateways must learn of it.
    pub revision: Option<i64>,
}

impl Session {
    /// The latest revision.
    pub async fn revision(&mut self) -> Result<i64, StoreError> {
        self.one("SELECT revision FROM heads WHERE id = 1", vec![]).await?.int("revision")
    }

    /// What changed after `revision`, each thing once, in the order of its latest change.
    pub async fn changes_after(&mut self, revision: i64) -> Result<Vec<Change>, StoreError> {
        self.rows(
            "SELECT kind, object, MAX(revision) AS latest FROM changes WHERE revision > $1 \
             GROUP BY kind, object ORDER BY latest, kind, object",
            values![revision],
        )
        .await?
        .iter()
        .map(Change::read)
        .collect()
    }
}

impl Tx {
    /// Notes what was done; written by [`Tx::commit`].
    pub fn audit(&mut self, event: AuditEvent) {
        self.audit.push(event);
    }

    /// Notes what gateways must learn; written by [`Tx::commit`].
    pub fn changed(&mut self, change: Change) {
        if !self.changes.contains(&change) {
            self.changes.push(change);
        }
    }

    /// Makes everything lasting, or nothing.
    pub async fn commit(mut self) -> Result<Committed, StoreError> {
        let revision = self.take_heads().await?;
        if revision.is_some() && self.is_postgres() {
            self.script(format!("NOTIFY {CHANNEL}")).await?;
        }
        match self.session.conn {
            Conn::Sqlite(tx) => tx.commit().await?,
            Conn::Postgres(tx) => tx.commit().await?,
        }
        if let Some(revision) = revision {
            self.bell.ring(revision);
        }
        Ok(Committed { revision })
    }

    /// Advances the heads where there is anything to write under them; gives the new revision.
    async fn take_heads(&mut self) -> Result<Option<i64>, StoreError> {
        let (changes, events) = (std::mem::take(&mut self.changes), std::mem::take(&mut self.audit));
        if changes.is_empty() && events.is_empty() {
            return Ok(None);
        }
        let step = i64::from(!changes.is_empty());
        let heads = self
            .one(
                "UPDATE heads SET revision = revision + $1 WHERE id = 1 \
                 RETURNING revision, audit_sequence, audit_digest",
                values![step],
            )
            .await?;
        let revision = heads.int("revision")?;
        for (position, change) in (0_i64..).zip(&changes) {
            self.execute(
                "INSERT INTO changes (revision, position, kind, object) VALUES ($1, $2, $3, $4)",
                values![revision, position, change.kind(), change.object()],
            )
            .await?;
        }
        self.append_audit(heads.int("audit_sequence")?, heads.text("audit_digest")?, events).await?;
        Ok((step == 1).then_some(revision))
    }

    async fn append_audit(
        &mut self,
        mut sequence: i64,
        mut digest: String,
        events: Vec<AuditEvent>,
    ) -> Result<(), StoreError> {
        if events.is_empty() {
            return Ok(());
        }
        for event in events {
            let entry = AuditEntry::following(sequence, &digest, event);
            self.execute(
                "INSERT INTO audit (sequence, at, actor, action, object, details, previous, digest) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                values![
                    entry.sequence,
                    entry.at,
                    &entry.actor,
                    &entry.action,
                    &entry.object,
                    &entry.details,
                    &entry.previous,
                    &entry.digest
                ],
            )
            .await?;
            (sequence, digest) = (entry.sequence, entry.digest);
        }
        self.execute(
            "UPDATE heads SET audit_sequence = $1, audit_digest = $2 WHERE id = 1",
            values![sequence, digest],
        )
        .await?;
        Ok(())
    }
}
