//! Forms of several steps: what was typed is kept until it is sent, through a lost session or a closed browser.

use octroi_domain::actor::Actor;
use octroi_domain::credential::digest::{hex, sha256};
use octroi_domain::ids::DraftId;
use octroi_domain::permission::{Action, Parties};
use octroi_domain::time::Timestamp;
use octroi_domain::validate::Rule;
use octroi_store::{Draft, Session, Tx};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::context::require;
use crate::{App, AppError};

/// The most bytes of a draft.
const MAX_BYTES: usize = 64 * 1024;

/// Drafts of one account at most; the oldest goes first.
const MAX_OPEN: usize = 20;

/// Tells one content of a draft from every other. The last look at a form carries it and sends it back.
pub(crate) fn fingerprint(draft: &Draft) -> String {
    hex(&sha256(draft.content.as_bytes()))
}

/// Lets a draft be sent by whoever saw it as it is.
///
/// # Errors
/// [`AppError::Stale`] where another window wrote meanwhile: what is sent is what was shown.
pub(crate) fn check_seen(draft: &Draft, seen: &str) -> Result<(), AppError> {
    if fingerprint(draft) == seen { Ok(()) } else { Err(AppError::Stale) }
}

/// A form that is not sent yet, or what became of it.
#[derive(Clone, Debug)]
pub struct DraftView {
    /// Its identifier.
    pub id: DraftId,
    /// Which form.
    pub kind: String,
    /// What was typed.
    pub content: Value,
    /// The identifier of what it became, once it was sent.
    pub outcome: Option<String>,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl From<Draft> for DraftView {
    fn from(draft: Draft) -> Self {
        Self {
            id: draft.id,
            kind: draft.kind,
            content: serde_json::from_str(&draft.content).unwrap_or_default(),
            outcome: draft.outcome,
            updated_at: draft.updated_at,
        }
    }
}

impl App {
    /// Keeps what was typed so far in a form of this `kind`: in the draft `id`, or in a new one.
    pub async fn save_draft(
        &self,
        actor: &Actor,
        kind: &str,
        id: Option<DraftId>,
        content: &Value,
    ) -> Result<DraftId, AppError> {
        let id = id.unwrap_or_else(|| self.new_draft_id());
        let mut tx = self.begin().await?;
        self.keep_draft(&mut tx, actor, kind, id, content).await?;
        self.commit(tx).await?;
        Ok(id)
    }

    /// A name for a draft that nothing was written in yet. A form that carries it makes one draft, however often it is
    /// sent.
    pub fn new_draft_id(&self) -> DraftId {
        DraftId::new(self.now(), self.entropy())
    }

    /// Writes a draft of the person who acts. One that became something already stays as it is.
    pub(crate) async fn keep_draft(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        kind: &str,
        id: DraftId,
        content: &Value,
    ) -> Result<(), AppError> {
        let account_id = actor.account_id().ok_or(AppError::SignIn)?;
        require(actor, Action::AccountUpdate, &Parties::of_account(account_id))?;
        let content = content.to_string();
        if content.len() > MAX_BYTES {
            return Err(AppError::invalid("", Rule::TooLong { max: MAX_BYTES as u64 }));
        }
        if draft_if_any(tx, actor, kind, id).await?.is_none() {
            for old in tx.drafts(account_id).await?.iter().skip(MAX_OPEN - 1) {
                tx.delete_draft(old.id).await?;
            }
        }
        let updated_at = self.now();
        let draft = Draft { id, account_id, kind: kind.to_owned(), content, outcome: None, updated_at };
        tx.put_draft(&draft).await?;
        Ok(())
    }

    /// A draft of the person who acts.
    pub async fn draft(&self, actor: &Actor, id: DraftId) -> Result<DraftView, AppError> {
        Ok(own_draft(&mut self.read().await?, actor, id).await?.into())
    }

    /// The drafts of the person who acts that were not sent yet, newest first.
    pub async fn drafts(&self, actor: &Actor) -> Result<Vec<DraftView>, AppError> {
        let account = actor.account_id().ok_or(AppError::SignIn)?;
        require(actor, Action::AccountRead, &Parties::of_account(account))?;
        Ok(self.read().await?.drafts(account).await?.into_iter().map(DraftView::from).collect())
    }

    /// Throws a draft away.
    pub async fn delete_draft(&self, actor: &Actor, id: DraftId) -> Result<(), AppError> {
        let mut tx = self.begin().await?;
        own_draft(&mut tx, actor, id).await?;
        tx.delete_draft(id).await?;
        self.commit(tx).await
    }
}

/// A draft of this kind of the person who acts, where something was written under this name. Somebody else's, or a form of
/// another kind, is not found.
pub(crate) async fn draft_if_any(
    session: &mut Session,
    actor: &Actor,
    kind: &str,
    id: DraftId,
) -> Result<Option<Draft>, AppError> {
    let account = actor.account_id().ok_or(AppError::SignIn)?;
    match session.draft(id).await? {
        Some(draft) if draft.account_id != account || draft.kind != kind => Err(AppError::NotFound),
        found => Ok(found),
    }
}

/// What a draft of a known form holds. A form changes from one version of the program to the next: what it cannot read
/// any more is begun anew.
pub(crate) fn content<T: DeserializeOwned>(draft: &Draft) -> Option<T> {
    serde_json::from_str(&draft.content).ok()
}

/// A draft of the person who acts; somebody else's does not exist.
async fn own_draft(session: &mut Session, actor: &Actor, id: DraftId) -> Result<Draft, AppError> {
    let account = actor.account_id().ok_or(AppError::SignIn)?;
    let draft = session.draft(id).await?.filter(|draft| draft.account_id == account);
    draft.ok_or(AppError::NotFound)
}
