//! Applications: created, changed, archived.

mod draft;

use octroi_domain::actor::Actor;
use octroi_domain::application::{Application, ApplicationKind, ApplicationProfile, ApplicationState};
use octroi_domain::ids::{AccountId, ApplicationId, OrganizationId};
use octroi_domain::permission::{Action, Parties};
use octroi_domain::subscription::Transition;
use octroi_domain::time::Timestamp;
use octroi_domain::validate::{Check, Rule};
use octroi_store::{ApplicationScope, CredentialScope, DocumentKind, ListedApplication, Session, Tx};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::access::{Reader, own_account, signed_in};
use crate::catalog::OrganizationName;
use crate::context::require;
use crate::credentials::{CredentialView, IssuedKey};
use crate::page::{Page, PageRequest};
use crate::picture::{Picture, PictureChange};
use crate::{App, AppError, Conflict};
pub(crate) use draft::KIND as DRAFTS;
pub use draft::{ApplicationDraft, ApplicationDraftView, MadeApplication, WantedSubscription};

/// An application.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ApplicationView {
    /// Its identifier.
    pub id: ApplicationId,
    /// Its owner.
    pub organization_id: OrganizationId,
    /// The name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The domain that it is used on; noted, never verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// How it shows who it is.
    pub kind: ApplicationKind,
    /// OAuth2 client identifier: given by Octroi for backend to backend, free text for simple.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Whether it is in use.
    pub state: ApplicationState,
    /// How many of its subscriptions are pending, active or paused.
    pub subscriptions: i64,
    /// Whether it has a picture.
    pub has_picture: bool,
    /// Who made it.
    pub created_by: AccountId,
    /// When it was made.
    pub created_at: Timestamp,
    /// Counts the changes; the entity tag.
    pub edition: i64,
}

impl From<ListedApplication> for ApplicationView {
    fn from(listed: ListedApplication) -> Self {
        let Application {
            id,
            organization_id,
            profile,
            kind,
            client_id,
            state,
            created_by,
            created_at,
            edition,
        } = listed.application;
        Self {
            id,
            organization_id,
            name: profile.name,
            description: profile.description,
            domain: profile.domain,
            kind,
            client_id,
            state,
            subscriptions: listed.subscriptions,
            has_picture: listed.has_picture,
            created_by,
            created_at,
            edition,
        }
    }
}

/// An application with what its page shows beside it.
#[derive(Clone, Debug)]
pub struct ApplicationCard {
    /// The application.
    pub application: ApplicationView,
    /// Who owns it.
    pub owner: OrganizationName,
    /// The name of whoever made it, while that account is there.
    pub made_by: Option<String>,
    /// Every secret that its OAuth2 client ever had, oldest first.
    pub secrets: Vec<CredentialView>,
    /// Where its OAuth2 client gets tokens.
    pub token_endpoint: String,
}

/// A new application.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApplication {
    /// Whose it is; the account's own organization where absent.
    #[serde(default)]
    pub organization_id: Option<OrganizationId>,
    /// The name, 1 to 100 characters.
    #[schemars(length(min = 1, max = 100), regex(pattern = octroi_domain::patterns::NAME))]
    pub name: String,
    /// What it is for, 1 to 2,000 characters.
    #[schemars(length(min = 1, max = 2000), regex(pattern = octroi_domain::patterns::TEXT))]
    pub description: String,
    /// The domain that it is used on; noted, never verified.
    #[serde(default)]
    #[schemars(length(min = 1, max = 300), regex(pattern = octroi_domain::patterns::NAME))]
    pub domain: Option<String>,
    /// How it shows who it is.
    #[serde(default)]
    pub kind: ApplicationKind,
    /// A client identifier to note, for a simple application; backend to backend gets one from Octroi.
    #[serde(default)]
    #[schemars(length(max = 200), regex(pattern = octroi_domain::patterns::LINE))]
    pub client_id: Option<String>,
}

/// A new application, and the secret of its OAuth2 client.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CreatedApplication {
    /// The application.
    pub application: ApplicationView,
    /// For backend to backend: the client's secret, shown here and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<IssuedKey>,
}

/// What its owner now says of an application; replaces all of what was said before.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplicationChange {
    /// The name, 1 to 100 characters.
    #[schemars(length(min = 1, max = 100), regex(pattern = octroi_domain::patterns::NAME))]
    pub name: String,
    /// What it is for, 1 to 2,000 characters.
    #[schemars(length(min = 1, max = 2000), regex(pattern = octroi_domain::patterns::TEXT))]
    pub description: String,
    /// The domain that it is used on; none where absent.
    #[serde(default)]
    #[schemars(length(min = 1, max = 300), regex(pattern = octroi_domain::patterns::NAME))]
    pub domain: Option<String>,
    /// A client identifier to note, for a simple application; none where absent. That of backend to backend stays.
    #[serde(default)]
    #[schemars(length(max = 200), regex(pattern = octroi_domain::patterns::LINE))]
    pub client_id: Option<String>,
}

/// Which applications a list holds.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplicationFilter {
    /// Those of one organization; those of all one's organizations where absent.
    #[serde(default)]
    pub organization_id: Option<OrganizationId>,
}

impl App {
    /// The applications that `actor` owns, oldest first; every one for administrators.
    pub async fn applications(
        &self,
        actor: &Actor,
        filter: &ApplicationFilter,
        page: &PageRequest,
    ) -> Result<Page<ApplicationView>, AppError> {
        let reader = Reader::of(actor)?;
        let scope = match (filter.organization_id, reader) {
            (Some(organization), _) => {
                require(actor, Action::ApplicationRead, &Parties::owned_by(organization))?;
                ApplicationScope::Organization(organization)
            }
            (None, Reader::All) => ApplicationScope::All,
            (None, Reader::Account(account)) => ApplicationScope::Account(account),
        };
        let window = page.window::<ApplicationId>()?;
        let found = self.read().await?.applications(scope, window.after, window.rows()).await?;
        Ok(window.page(found, |a| a.application.id, ApplicationView::from))
    }

    /// The applications of the organizations that `actor` belongs to, whatever else the actor may see; oldest first.
    pub async fn own_applications(
        &self,
        actor: &Actor,
        page: &PageRequest,
    ) -> Result<Page<ApplicationView>, AppError> {
        let window = page.window::<ApplicationId>()?;
        let scope = ApplicationScope::Account(own_account(actor)?);
        let found = self.read().await?.applications(scope, window.after, window.rows()).await?;
        Ok(window.page(found, |a| a.application.id, ApplicationView::from))
    }

    /// One application with what its page shows beside it.
    pub async fn application_card(
        &self,
        actor: &Actor,
        id: ApplicationId,
    ) -> Result<ApplicationCard, AppError> {
        let mut session = self.read().await?;
        let application: ApplicationView =
            find_application(&mut session, actor, id, Action::ApplicationRead).await?.into();
        let owner = session.organization(application.organization_id).await?.ok_or(AppError::NotFound)?;
        let maker = session.account(application.created_by).await?;
        let clients = match application.kind {
            ApplicationKind::Simple => Vec::new(),
            ApplicationKind::BackendToBackend => session.client_credentials(id).await?,
        };
        let now = self.now();
        Ok(ApplicationCard {
            application,
            owner: owner.into(),
            made_by: maker.map(|a| format!("{} {}", a.first_name, a.last_name)),
            secrets: clients.iter().map(|c| CredentialView::of(c, now)).collect(),
            token_endpoint: self.token_endpoint(),
        })
    }

    /// One application.
    pub async fn application(&self, actor: &Actor, id: ApplicationId) -> Result<ApplicationView, AppError> {
        let mut session = self.read().await?;
        find_application(&mut session, actor, id, Action::ApplicationRead).await.map(ApplicationView::from)
    }

    /// Creates an application for an account's own organization or one in which it may.
    pub async fn create_application(
        &self,
        actor: &Actor,
        new: NewApplication,
    ) -> Result<CreatedApplication, AppError> {
        let mut tx = self.begin().await?;
        let created = self.write_application(&mut tx, actor, new).await?;
        self.commit(tx).await?;
        Ok(created)
    }

    pub(crate) async fn write_application(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        new: NewApplication,
    ) -> Result<CreatedApplication, AppError> {
        signed_in(actor)?;
        // Only a person makes one: it is remembered who.
        let Actor::Person(person) = actor else { return Err(AppError::Forbidden) };
        let organization_id = new.organization_id.unwrap_or(person.organization_id);
        require(actor, Action::ApplicationManage, &Parties::owned_by(organization_id))?;
        let id = ApplicationId::new(self.now(), self.entropy());
        let profile = ApplicationProfile { name: new.name, description: new.description, domain: new.domain };
        let application = Application {
            id,
            organization_id,
            profile: checked_profile(profile)?,
            kind: new.kind,
            client_id: first_client_id(id, new.kind, new.client_id)?,
            state: ApplicationState::Active,
            created_by: person.account_id,
            created_at: self.now(),
            edition: 1,
        };
        tx.insert_application(&application).await?;
        let client = match application.kind {
            ApplicationKind::Simple => None,
            ApplicationKind::BackendToBackend => Some(self.make_client_secret(tx, id, None).await?),
        };
        self.audit(tx, actor, "application.created", id, json!({"kind": application.kind}));
        let listed = ListedApplication { application, subscriptions: 0, has_picture: false };
        Ok(CreatedApplication { application: listed.into(), client })
    }

    /// Changes what is said of an application.
    pub async fn update_application(
        &self,
        actor: &Actor,
        id: ApplicationId,
        change: ApplicationChange,
        edition: Option<i64>,
    ) -> Result<ApplicationView, AppError> {
        self.change_application(actor, id, change, PictureChange::Keep, edition).await
    }

    /// Changes what is said of an application, and its picture.
    pub async fn change_application(
        &self,
        actor: &Actor,
        id: ApplicationId,
        change: ApplicationChange,
        picture: PictureChange,
        edition: Option<i64>,
    ) -> Result<ApplicationView, AppError> {
        let picture = picture.drawn(self).await?;
        let mut tx = self.begin().await?;
        let mut listed = self.hold_application(&mut tx, actor, id, edition).await?;
        let application = &mut listed.application;
        let profile =
            ApplicationProfile { name: change.name, description: change.description, domain: change.domain };
        application.profile = checked_profile(profile)?;
        match application.kind {
            ApplicationKind::Simple => application.client_id = noted_client_id(change.client_id)?,
            ApplicationKind::BackendToBackend => {
                if change.client_id.is_some() && change.client_id != application.client_id {
                    return Err(AppError::invalid("client_id", Rule::Conflicts { with: "kind".into() }));
                }
            }
        }
        tx.update_application(application).await?;
        application.edition += 1;
        if let Some(has_picture) = picture.write(&mut tx, &id.to_string()).await? {
            listed.has_picture = has_picture;
        }
        self.audit(&mut tx, actor, "application.updated", id, json!({}));
        self.commit(tx).await?;
        Ok(listed.into())
    }

    /// Archives an application: closes its subscriptions and revokes everything that it calls with. Final.
    pub async fn archive_application(
        &self,
        actor: &Actor,
        id: ApplicationId,
        edition: Option<i64>,
    ) -> Result<ApplicationView, AppError> {
        let mut tx = self.begin().await?;
        let listed = self.hold_application(&mut tx, actor, id, edition).await?;
        let archived = self.archive(&mut tx, actor, listed).await?;
        self.commit(tx).await?;
        Ok(archived.into())
    }

    /// An application's picture.
    pub async fn application_picture(&self, actor: &Actor, id: ApplicationId) -> Result<Picture, AppError> {
        let mut session = self.read().await?;
        find_application(&mut session, actor, id, Action::ApplicationRead).await?;
        let document = session.document(&id.to_string(), DocumentKind::Picture).await?;
        document.map(Picture::from).ok_or(AppError::NotFound)
    }

    /// Gives an application a picture: PNG, JPEG or WebP, at most 1 MiB.
    pub async fn put_application_picture(
        &self,
        actor: &Actor,
        id: ApplicationId,
        bytes: Vec<u8>,
    ) -> Result<(), AppError> {
        signed_in(actor)?;
        let document = self.redraw_picture(bytes).await?;
        let mut tx = self.begin().await?;
        self.hold_application(&mut tx, actor, id, None).await?;
        tx.put_document(&id.to_string(), DocumentKind::Picture, document).await?;
        self.audit(&mut tx, actor, "application.picture_put", id, json!({}));
        self.commit(tx).await
    }

    /// Takes an application's picture away.
    pub async fn delete_application_picture(&self, actor: &Actor, id: ApplicationId) -> Result<(), AppError> {
        let mut tx = self.begin().await?;
        self.hold_application(&mut tx, actor, id, None).await?;
        if !tx.delete_document(&id.to_string(), DocumentKind::Picture).await? {
            return Err(AppError::NotFound);
        }
        self.audit(&mut tx, actor, "application.picture_deleted", id, json!({}));
        self.commit(tx).await
    }

    /// Archives every application of an organization that goes, and makes its sealed copies unreadable.
    pub(crate) async fn archive_applications_of(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        organization: OrganizationId,
    ) -> Result<(), AppError> {
        for id in tx.active_applications(organization).await? {
            tx.lock_application(id).await?;
            let listed = tx.application(id).await?.ok_or(AppError::NotFound)?;
            self.archive(tx, actor, listed).await?;
        }
        Ok(tx.forget_sealing_key(organization).await?)
    }

    async fn archive(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        mut listed: ListedApplication,
    ) -> Result<ListedApplication, AppError> {
        let id = listed.application.id;
        let mut keys_ended = 0;
        for place in tx.open_subscriptions(id).await? {
            tx.lock_subscription(place.subscription.id).await?;
            let Some(mut place) = tx.subscription(place.subscription.id).await? else { continue };
            if !place.subscription.state.is_final() {
                keys_ended += self.move_subscription(tx, actor, &mut place, Transition::Close, None).await?;
            }
        }
        keys_ended += self.revoke_all(tx, actor, CredentialScope::Application(id)).await?;
        listed.application.state = ApplicationState::Archived;
        listed.subscriptions = 0;
        tx.update_application(&listed.application).await?;
        listed.application.edition += 1;
        self.audit(tx, actor, "application.archived", id, json!({}));
        self.tell_archived(tx, actor, &listed.application, keys_ended).await?;
        Ok(listed)
    }

    /// An active application that `actor` may change, still at `edition` where one is given, with others waiting.
    async fn hold_application(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        id: ApplicationId,
        edition: Option<i64>,
    ) -> Result<ListedApplication, AppError> {
        find_application(tx, actor, id, Action::ApplicationManage).await?;
        tx.lock_application(id).await?;
        let listed = tx.application(id).await?.ok_or(AppError::NotFound)?;
        if edition.is_some_and(|e| e != listed.application.edition) {
            return Err(AppError::Stale);
        }
        match listed.application.state {
            ApplicationState::Active => Ok(listed),
            ApplicationState::Archived => Err(Conflict::ApplicationArchived.into()),
        }
    }
}

/// An application to which `actor` may do `action`.
pub(crate) async fn find_application(
    session: &mut Session,
    actor: &Actor,
    id: ApplicationId,
    action: Action,
) -> Result<ListedApplication, AppError> {
    signed_in(actor)?;
    let listed = session.application(id).await?.ok_or(AppError::NotFound)?;
    require(actor, action, &Parties::owned_by(listed.application.organization_id))?;
    Ok(listed)
}

/// The profile as it is stored: blanks around taken away, an empty domain left out.
fn checked_profile(profile: ApplicationProfile) -> Result<ApplicationProfile, AppError> {
    let trimmed = |text: String| text.trim().to_owned();
    let profile = ApplicationProfile {
        name: trimmed(profile.name),
        description: trimmed(profile.description),
        domain: profile.domain.map(trimmed).filter(|d| !d.is_empty()),
    };
    profile.check()?;
    Ok(profile)
}

fn first_client_id(
    id: ApplicationId,
    kind: ApplicationKind,
    noted: Option<String>,
) -> Result<Option<String>, AppError> {
    match (kind, noted) {
        (ApplicationKind::Simple, noted) => noted_client_id(noted),
        (ApplicationKind::BackendToBackend, None) => Ok(Some(id.to_string())),
        (ApplicationKind::BackendToBackend, Some(_)) => {
            Err(AppError::invalid("client_id", Rule::Conflicts { with: "kind".into() }))
        }
    }
}

fn noted_client_id(noted: Option<String>) -> Result<Option<String>, AppError> {
    let noted = noted.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    if let Some(text) = &noted {
        let mut check = Check::new();
        check.line("client_id", text, 1, 200);
        check.finish()?;
    }
    Ok(noted)
}
