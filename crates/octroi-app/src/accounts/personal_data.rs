//! A person's data: all of it to take away, and its erasure. The audit trail keeps identifiers, which then name nobody.

use octroi_domain::account::Account;
use octroi_domain::actor::Actor;
use octroi_domain::application::ApplicationState;
use octroi_domain::ids::AccountId;
use octroi_domain::organization::{Organization, OrganizationKind, Role};
use octroi_domain::permission::{Action, Parties};
use octroi_domain::ticket::TicketMessage;
use octroi_store::{ApplicationScope, Session, SubscriptionScope, Tx};
use serde::Serialize;
use serde_json::{Value, json};

use super::{AccountView, keep_an_administrator};
use crate::audit::AuditEntryView;
use crate::context::require;
use crate::organizations::{OrganizationView, view};
use crate::sessions::SessionView;
use crate::tokens::TokenView;
use crate::{App, AppError, Conflict};

/// Objects of one kind in an export at most: the newest audit entries, the oldest of the rest.
const MOST: i64 = 10_000;

/// Applications that are named before an account is closed, at most.
const NAMED: usize = 50;

/// What closing an account would do, and what stands in its way.
#[derive(Clone, Debug)]
pub struct Closing {
    /// Names of the applications of one's own that would stop; fifty at most.
    pub applications: Vec<String>,
    /// Organizations that would be left without an owner: another must be named first.
    pub left_alone: Vec<OrganizationView>,
    /// Whether one's own organization provides APIs: they must go first.
    pub provides: bool,
}

impl App {
    /// What [`App::erase_account`] would do to the person who acts, and what stands in its way.
    pub async fn closing(&self, actor: &Actor) -> Result<Closing, AppError> {
        let id = actor.account_id().ok_or(AppError::SignIn)?;
        require(actor, Action::AccountRead, &Parties::of_account(id))?;
        let mut session = self.read().await?;
        let account = session.account(id).await?.ok_or(AppError::NotFound)?;
        let own = ApplicationScope::Organization(account.organization_id);
        let applications = session.applications(own, None, MOST).await?.into_iter();
        let active = applications.map(|a| a.application).filter(|a| a.state == ApplicationState::Active);
        let left_alone = left_alone(&mut session, id).await?;
        Ok(Closing {
            applications: active.map(|a| a.profile.name).take(NAMED).collect(),
            left_alone: left_alone.into_iter().map(|organization| view(organization, actor)).collect(),
            provides: session.count_provided_apis(account.organization_id).await? > 0,
        })
    }

    /// All that is kept about a person, as one document: the account, its places in organizations, tokens, sessions,
    /// drafts, applications, subscriptions, keys (without their secrets), what it wrote in tickets and what it did.
    pub async fn export_account(&self, actor: &Actor, id: AccountId) -> Result<Value, AppError> {
        require(actor, Action::AccountRead, &Parties::of_account(id))?;
        let mut session = self.read().await?;
        let account = session.account(id).await?.ok_or(AppError::NotFound)?;
        let memberships = session.memberships(id).await?;
        let tokens = session.management_tokens(id).await?;
        let sessions = session.browser_sessions(id).await?;
        let drafts = session.drafts(id).await?;
        let acted = session.audit_before(i64::MAX, MOST, None, Some(&id.to_string())).await?;
        let suffered = session.audit_before(i64::MAX, MOST, Some(&id.to_string()), None).await?;
        let consumption = export_consumption(&mut session, &account).await?;
        let written = session.ticket_messages_by(id, MOST).await?;
        Ok(json!({
            "exported_at": self.now(),
            "organizations": memberships.iter().map(|m| json!({
                "organization_id": m.organization_id, "role": m.role, "since": m.since,
            })).collect::<Vec<_>>(),
            "tokens": views::<_, TokenView>(tokens),
            "sessions": views::<_, SessionView>(sessions),
            "drafts": drafts.iter().map(|draft| json!({
                "kind": draft.kind, "content": draft.content, "updated_at": draft.updated_at,
            })).collect::<Vec<_>>(),
            "applications": consumption,
            "ticket_messages": written.into_iter().map(exported_message).collect::<Vec<_>>(),
            "done_by_the_account": views::<_, AuditEntryView>(acted),
            "done_to_the_account": views::<_, AuditEntryView>(suffered),
            "account": AccountView::from(account),
        }))
    }

    /// Erases a person: the account, its tokens and links are removed; what its personal organization consumes ends at
    /// once, and loses its words. What was written in tickets stays, for the other side to read, without the name. Others' organizations must have another owner first, and its own must provide no API.
    pub async fn erase_account(&self, actor: &Actor, id: AccountId) -> Result<(), AppError> {
        let parties = Parties::of_account(id);
        if actor.account_id() == Some(id) {
            require(actor, Action::AccountUpdate, &parties)?;
            self.require_fresh(actor)?;
        } else {
            require(actor, Action::AccountAdminister, &parties)?;
        }
        let mut tx = self.begin().await?;
        let account = tx.account(id).await?.ok_or(AppError::NotFound)?;
        keep_an_administrator(&mut tx, actor, &account).await?;
        check_erasable(&mut tx, &account).await?;
        tx.delete_invitations_to(&account.email).await?;
        tx.delete_account(id).await?;
        self.archive_applications_of(&mut tx, actor, account.organization_id).await?;
        tx.erase_organization(account.organization_id).await?;
        self.audit(&mut tx, actor, "account.erased", id, json!({}));
        self.commit(tx).await
    }
}

async fn check_erasable(tx: &mut Tx, account: &Account) -> Result<(), AppError> {
    if tx.count_provided_apis(account.organization_id).await? > 0 {
        return Err(Conflict::StillUsed.into());
    }
    for membership in tx.memberships(account.id).await? {
        tx.lock_organization(membership.organization_id).await?;
    }
    if left_alone(tx, account.id).await?.is_empty() { Ok(()) } else { Err(Conflict::LastOwner.into()) }
}

/// The shared organizations whose only owner the account is.
async fn left_alone(session: &mut Session, account: AccountId) -> Result<Vec<Organization>, AppError> {
    let mut alone = Vec::new();
    for membership in session.memberships(account).await? {
        if membership.role != Role::Owner || session.count_owners(membership.organization_id).await? != 1 {
            continue;
        }
        let organization = session.organization(membership.organization_id).await?;
        alone.extend(organization.filter(|o| o.kind != OrganizationKind::Personal));
    }
    Ok(alone)
}

/// What the account's personal organization consumes.
async fn export_consumption(session: &mut Session, account: &Account) -> Result<Vec<Value>, AppError> {
    let own = account.organization_id;
    let subscriptions =
        session.subscriptions(SubscriptionScope::Organization(own), None, None, None, MOST).await?;
    let keys = session.credentials_of(own, MOST).await?;
    let mut applications = Vec::new();
    for listed in session.applications(ApplicationScope::Organization(own), None, MOST).await? {
        let application = listed.application;
        applications.push(json!({
            "id": application.id,
            "name": application.profile.name,
            "description": application.profile.description,
            "domain": application.profile.domain,
            "created_at": application.created_at,
            "subscriptions": subscriptions.iter().filter(|s| s.subscription.application_id == application.id)
                .map(|s| json!({
                    "id": s.subscription.id,
                    "api": s.api_name,
                    "state": s.subscription.state,
                    "comment": s.subscription.comment,
                    "created_at": s.subscription.created_at,
                })).collect::<Vec<_>>(),
            "keys": keys.iter().filter(|key| key.application_id == application.id).map(|key| json!({
                "id": key.id,
                "hint": key.hint,
                "state": key.state,
                "created_at": key.created_at,
                "expires_at": key.expires_at,
            })).collect::<Vec<_>>(),
        }));
    }
    Ok(applications)
}

fn exported_message(message: TicketMessage) -> Value {
    json!({
        "id": message.id,
        "ticket_id": message.ticket_id,
        "body": message.body,
        "created_at": message.created_at,
    })
}

fn views<R, V: From<R> + Serialize>(rows: Vec<R>) -> Vec<V> {
    rows.into_iter().map(V::from).collect()
}
