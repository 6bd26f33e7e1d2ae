//! Compares catalogue files with the database and writes the difference: in one commit, or nothing.

mod diff;
mod document;
mod parts;

use std::collections::BTreeMap;
use std::fmt;

use octroi_domain::actor::Actor;
use octroi_domain::api::{Api, ApiState};
use octroi_domain::ids::{ApiId, OrganizationId};
use octroi_store::Tx;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

pub use diff::FieldDiff;

use super::files::Loaded;
use super::{Fault, Faults};
use crate::access::signed_in;
use crate::{App, AppError};

/// How files are applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ApplyOptions {
    /// Shows the difference and writes nothing.
    pub dry_run: bool,
    /// Also removes what the files do not name, among the APIs of the providers that they do name. An API or a plan
    /// that anybody ever subscribed to is retired or closed instead.
    pub prune: bool,
}

/// What happens to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// It is new.
    Create,
    /// Some of its fields change.
    Update,
    /// It goes.
    Delete,
    /// It stays as it is.
    Unchanged,
}

/// What happens to one object.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ChangeLine {
    /// What happens.
    pub op: Op,
    /// The object: `api sirene 3.11`, `plan sirene 3.11 acces-public`, `page sirene 3.11 demarrer (fr)`.
    pub object: String,
    /// The fields that change.
    pub fields: Vec<FieldDiff>,
}

/// Everything that applying the files changed, or would change.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ApplyReport {
    /// Whether it was written.
    pub applied: bool,
    /// One line for each object.
    pub changes: Vec<ChangeLine>,
}

/// Why files were not applied. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The files have mistakes.
    #[error(transparent)]
    Faults(#[from] Faults),
    /// Another reason.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<octroi_store::StoreError> for ApplyError {
    fn from(error: octroi_store::StoreError) -> Self {
        Self::App(error.into())
    }
}

impl ApplyReport {
    /// How many objects are made, changed, removed.
    pub fn counts(&self) -> [usize; 3] {
        [Op::Create, Op::Update, Op::Delete].map(|op| self.changes.iter().filter(|c| c.op == op).count())
    }
}

impl fmt::Display for ApplyReport {
    /// One line for each object that is not left as it is, one for each of its fields, and a sum.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for change in self.changes.iter().filter(|c| c.op != Op::Unchanged) {
            let sign = match change.op {
                Op::Create => '+',
                Op::Delete => '-',
                Op::Update | Op::Unchanged => '~',
            };
            writeln!(f, "{sign} {}", change.object)?;
            for field in change.fields.iter().filter(|_| change.op == Op::Update) {
                writeln!(f, "    {field}")?;
            }
        }
        let [created, updated, deleted] = self.counts();
        let verb = if self.applied { "" } else { "would be " };
        write!(f, "{created} {verb}created, {updated} {verb}changed, {deleted} {verb}removed")
    }
}

/// What is known while the files are applied.
#[derive(Default)]
struct Progress {
    changes: Vec<ChangeLine>,
    faults: Vec<Fault>,
    /// APIs that the files name, and the slugs of their providers.
    named: BTreeMap<OrganizationId, Vec<ApiId>>,
}

impl Progress {
    fn note(&mut self, op: Op, object: String, fields: Vec<FieldDiff>) {
        self.changes.push(ChangeLine { op, object, fields });
    }
}

impl App {
    /// Makes the catalogue what the files say, in one commit. Every mistake is reported at once, and then nothing is
    /// changed.
    pub async fn apply(
        &self,
        actor: &Actor,
        loaded: Loaded,
        options: ApplyOptions,
    ) -> Result<ApplyReport, ApplyError> {
        signed_in(actor)?;
        let mut tx = self.begin().await?;
        tx.lock_catalogue().await?;
        let mut progress = Progress::default();
        let mut apis = loaded.apis;
        // What leaves its place on the gateway goes first, so that another may take it.
        apis.sort_by_key(|api| api.document.state != ApiState::Retired);
        for api in apis {
            self.apply_document(&mut tx, actor, api, options, &mut progress).await?;
        }
        if !progress.faults.is_empty() {
            return Err(Faults(progress.faults).into());
        }
        if options.prune {
            self.prune(&mut tx, actor, &mut progress).await?;
        }
        let applied = !options.dry_run;
        if applied {
            self.commit(tx).await?;
        }
        Ok(ApplyReport { applied, changes: progress.changes })
    }

    /// Removes or retires the APIs that the files do not name.
    async fn prune(&self, tx: &mut Tx, actor: &Actor, progress: &mut Progress) -> Result<(), AppError> {
        for (provider, named) in std::mem::take(&mut progress.named) {
            for api in tx.apis_of(provider).await?.into_iter().filter(|api| !named.contains(&api.id)) {
                self.prune_api(tx, actor, api, progress).await?;
            }
        }
        Ok(())
    }

    async fn prune_api(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        api: Api,
        progress: &mut Progress,
    ) -> Result<(), AppError> {
        let object = format!("api {} {}", api.slug, api.version);
        if !tx.api_was_used(api.id).await? {
            self.remove_api(tx, actor, api.id).await?;
            progress.note(Op::Delete, object, Vec::new());
        } else if api.state != ApiState::Retired {
            let mut retired = Api { state: ApiState::Retired, ..api.clone() };
            self.save_api(tx, actor, &mut retired).await?;
            let (before, after) = (json!({"state": api.state}), json!({"state": retired.state}));
            progress.note(Op::Update, object, diff::fields(&before, &after));
        }
        Ok(())
    }
}
