//! Forms of several steps: what was typed is kept until it is sent, through a lost session or a closed browser.

use octroi_domain::actor::Actor;
use octroi_domain::ids::DraftId;
use octroi_domain::permission::{Action, Parties};
use octroi_domain::time::Timestamp;
use octroi_domain::validate::Rule;
use octroi_store::{Draft, Session};
use serde_json::Value;

use crate::context::require;
use crate::{App, AppError};

/// The most bytes of a draft.
const MAX_BYTES: usize = 64 * 1024;

/// Drafts of one account at most; the oldest goes first.
const MAX_OPEN: usize = 20;

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
        let account_id = actor.account_id().ok_or(AppError::SignIn)?;
        require(actor, Action::AccountUpdate, &Parties::of_account(account_id))?;
        let content = content.to_string();
        if content.len() > MAX_BYTES {
            return Err(AppError::invalid("", Rule::TooLong { max: MAX_BYTES as u64 }));
        }
        let now = self.now();
        let mut tx = self.begin().await?;
        if let Some(id) = id {
            own_draft(&mut tx, actor, id).await?;
        } else {
            for old in tx.drafts(account_id).await?.iter().skip(MAX_OPEN - 1) {
                tx.delete_draft(old.id).await?;
            }
        }
        let id = id.unwrap_or_else(|| DraftId::new(now, self.entropy()));
        let draft = Draft { id, account_id, kind: kind.to_owned(), content, outcome: None, updated_at: now };
        tx.put_draft(&draft).await?;
        self.commit(tx).await?;
        Ok(id)
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

/// A draft of the person who acts; somebody else's does not exist.
async fn own_draft(session: &mut Session, actor: &Actor, id: DraftId) -> Result<Draft, AppError> {
    let account = actor.account_id().ok_or(AppError::SignIn)?;
    let draft = session.draft(id).await?.filter(|draft| draft.account_id == account);
    draft.ok_or(AppError::NotFound)
}
