//! The form of several steps that makes an application: kept at each step, and turned into an application once.

use octroi_domain::actor::Actor;
use octroi_domain::application::{ApplicationKind, ApplicationProfile};
use octroi_domain::ids::{ApplicationId, DraftId, OrganizationId, PlanId};
use octroi_domain::permission::{Action, Parties};
use octroi_domain::validate::{Check, Rule};
use octroi_store::{DocumentKind, Tx};
use serde::{Deserialize, Serialize};

use super::{CreatedApplication, NewApplication, checked_profile, noted_client_id};
use crate::access::own_account;
use crate::catalog::OrganizationName;
use crate::context::require;
use crate::drafts::{check_seen, content, draft_if_any, fingerprint};
use crate::picture::{Picture, PictureChange};
use crate::{App, AppError};

/// Drafts of this form.
pub(crate) const KIND: &str = "application";

/// Subscriptions that one form asks for at most.
const MAX_WANTED: usize = 10;

/// What was typed so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplicationDraft {
    /// The name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The domain that it is used on.
    pub domain: String,
    /// Whose it will be; the account's own organization's where absent.
    pub organization_id: Option<OrganizationId>,
    /// How it shows who it is, once that was chosen.
    pub kind: Option<ApplicationKind>,
    /// A client identifier to note, for a simple application.
    pub client_id: String,
    /// What it is to subscribe to.
    pub wanted: Vec<WantedSubscription>,
    /// A page of the portal to go back to afterwards.
    pub next: Option<String>,
}

/// A subscription that is asked for as soon as there is an application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WantedSubscription {
    /// The plan.
    pub plan_id: PlanId,
    /// The word to the API's owner.
    pub comment: String,
    /// The SHA-256 of the API's terms, where it has some and they were accepted.
    pub accepted_terms: Option<String>,
    /// The API's name and version, for the reader.
    pub api: String,
    /// The plan's name, for the reader.
    pub plan: String,
}

/// A draft as its pages show it.
#[derive(Clone, Debug)]
pub struct ApplicationDraftView {
    /// Its identifier.
    pub id: DraftId,
    /// What was typed.
    pub form: ApplicationDraft,
    /// Names this content; sent back by whoever saw it. Empty where nothing was written yet.
    pub seen: String,
    /// Whether a picture was chosen.
    pub has_picture: bool,
    /// The application that it became, once it was sent.
    pub became: Option<ApplicationId>,
}

/// What became of a draft that was sent.
#[derive(Clone, Debug)]
pub enum MadeApplication {
    /// An application, just now, and the subscriptions that it is to ask for.
    New(Box<CreatedApplication>, Vec<WantedSubscription>),
    /// The draft was sent before: this is the application that came of it.
    Before(ApplicationId),
}

impl ApplicationDraft {
    fn profile(&self) -> ApplicationProfile {
        let domain = Some(self.domain.clone()).filter(|domain| !domain.trim().is_empty());
        ApplicationProfile { name: self.name.clone(), description: self.description.clone(), domain }
    }

    /// The client identifier that counts: that of a simple application.
    fn noted_client_id(&self) -> Option<String> {
        Some(self.client_id.clone()).filter(|_| self.kind != Some(ApplicationKind::BackendToBackend))
    }

    /// Whether name, description and domain would do for an application.
    pub fn check_general(&self) -> Result<(), AppError> {
        checked_profile(self.profile()).map(drop)
    }

    /// Whether the kind was chosen and the client identifier would do.
    pub fn check_security(&self) -> Result<(), AppError> {
        if self.kind.is_none() {
            return Err(AppError::invalid("kind", Rule::Required));
        }
        noted_client_id(self.noted_client_id()).map(drop)
    }

    /// Adds a subscription, in the place of another one under the same plan.
    pub fn want(&mut self, wanted: WantedSubscription) -> Result<(), AppError> {
        self.wanted.retain(|other| other.plan_id != wanted.plan_id && other.api != wanted.api);
        let mut check = Check::new();
        check.require(self.wanted.len() < MAX_WANTED, "plan", Rule::TooLong { max: MAX_WANTED as u64 });
        check.finish()?;
        self.wanted.push(wanted);
        Ok(())
    }

    fn request(&self) -> NewApplication {
        let ApplicationProfile { name, description, domain } = self.profile();
        let (organization_id, kind) = (self.organization_id, self.kind.unwrap_or_default());
        let client_id = self.noted_client_id().filter(|id| !id.trim().is_empty());
        NewApplication { organization_id, name, description, domain, kind, client_id }
    }
}

impl App {
    /// A draft of an application; an empty one where nothing was written under this name yet.
    pub async fn application_draft(
        &self,
        actor: &Actor,
        id: DraftId,
    ) -> Result<ApplicationDraftView, AppError> {
        let mut session = self.read().await?;
        let Some(draft) = draft_if_any(&mut session, actor, KIND, id).await? else {
            let form = ApplicationDraft::default();
            return Ok(ApplicationDraftView {
                id,
                form,
                seen: String::new(),
                has_picture: false,
                became: None,
            });
        };
        let picture = session.document_digest(&id.to_string(), DocumentKind::Picture).await?;
        let became = draft.outcome.as_deref().and_then(|id| id.parse().ok());
        Ok(ApplicationDraftView {
            id,
            seen: fingerprint(&draft),
            form: content(&draft).unwrap_or_default(),
            has_picture: picture.is_some(),
            became,
        })
    }

    /// Keeps what was typed, whether it would do or not, and the picture, which must be one.
    pub async fn save_application_draft(
        &self,
        actor: &Actor,
        id: DraftId,
        form: &ApplicationDraft,
        picture: PictureChange,
    ) -> Result<(), AppError> {
        let picture = picture.drawn(self).await?;
        let content = serde_json::to_value(form).map_err(|e| AppError::Internal(e.to_string()))?;
        let mut tx = self.begin().await?;
        self.keep_draft(&mut tx, actor, KIND, id, &content).await?;
        picture.write(&mut tx, &id.to_string()).await?;
        self.commit(tx).await
    }

    /// The picture that was chosen in a draft.
    pub async fn application_draft_picture(&self, actor: &Actor, id: DraftId) -> Result<Picture, AppError> {
        let mut session = self.read().await?;
        draft_if_any(&mut session, actor, KIND, id).await?.ok_or(AppError::NotFound)?;
        let document = session.document(&id.to_string(), DocumentKind::Picture).await?;
        document.map(Picture::from).ok_or(AppError::NotFound)
    }

    /// Makes the application that a draft describes, once: whoever sends the draft again is told which one came of it.
    /// `seen` names the content that was looked at.
    pub async fn create_application_from_draft(
        &self,
        actor: &Actor,
        id: DraftId,
        seen: &str,
    ) -> Result<MadeApplication, AppError> {
        let mut tx = self.begin().await?;
        let draft = draft_if_any(&mut tx, actor, KIND, id).await?.ok_or(AppError::NotFound)?;
        if let Some(outcome) = &draft.outcome {
            return before(outcome);
        }
        let form: ApplicationDraft = content(&draft).unwrap_or_default();
        form.check_general()?;
        form.check_security()?;
        check_seen(&draft, seen)?;
        let created = self.write_application(&mut tx, actor, form.request()).await?;
        let application = created.application.id;
        if !tx.finish_draft(id, &application.to_string()).await? {
            // Sent twice at the same time, and the other one was first: what was made here is dropped.
            drop(tx);
            let draft = draft_if_any(&mut self.read().await?, actor, KIND, id).await?;
            return before(draft.and_then(|d| d.outcome).ok_or(AppError::NotFound)?.as_str());
        }
        let mut created = created;
        created.application.has_picture = move_picture(&mut tx, id, application).await?;
        self.commit(tx).await?;
        Ok(MadeApplication::New(Box::new(created), form.wanted))
    }

    /// The organizations for which `actor` may make applications, oldest first, with their names.
    pub async fn organizations_to_work_for(&self, actor: &Actor) -> Result<Vec<OrganizationName>, AppError> {
        let account = own_account(actor)?;
        let found = self.read().await?.organizations(None, 100, Some(account)).await?;
        let may = |id| require(actor, Action::ApplicationManage, &Parties::owned_by(id)).is_ok();
        Ok(found.into_iter().filter(|o| may(o.id)).map(Into::into).collect())
    }
}

fn before(outcome: &str) -> Result<MadeApplication, AppError> {
    outcome.parse().map(MadeApplication::Before).map_err(|_| AppError::NotFound)
}

/// Hands the draft's picture on to the application; gives whether there was one.
async fn move_picture(tx: &mut Tx, from: DraftId, to: ApplicationId) -> Result<bool, AppError> {
    let from = from.to_string();
    let Some(picture) = tx.document(&from, DocumentKind::Picture).await? else { return Ok(false) };
    tx.put_document(&to.to_string(), DocumentKind::Picture, picture).await?;
    tx.delete_document(&from, DocumentKind::Picture).await?;
    Ok(true)
}
