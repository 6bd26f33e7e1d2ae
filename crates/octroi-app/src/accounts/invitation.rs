//! Invitations: into an organization, or to a role for the portal as a whole. Whoever opens one reads the address that
//! it was made for, so that accepting it makes a confirmed account.

use octroi_domain::account::{Account, AccountState, Person, PortalRole};
use octroi_domain::actor::Actor;
use octroi_domain::api::Language;
use octroi_domain::ids::{AccountId, InvitationId, OrganizationId};
use octroi_domain::organization::{Membership, OrganizationKind, Role};
use octroi_domain::permission::{Action, Parties};
use octroi_domain::time::Timestamp;
use octroi_domain::validate::Rule;
use octroi_store::{Link, LinkPurpose, Session, Tx, login_key};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::registration::take_data;
use super::{AccountView, checked_email};
use crate::context::require;
use crate::links::MadeLink;
use crate::setup::check_person;
use crate::tokens::person_of;
use crate::{App, AppError, Conflict};

/// What an invitation gives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Invitation {
    /// A place in this organization.
    pub organization_id: Option<OrganizationId>,
    /// With this role.
    pub role: Option<Role>,
    /// Roles for the portal as a whole.
    #[serde(default)]
    pub portal_roles: Vec<PortalRole>,
    /// Who invites.
    pub inviter: Option<AccountId>,
}

impl Invitation {
    /// What the audit trail says of it, when it is made and when it is accepted.
    pub(crate) fn said(&self, id: InvitationId) -> Value {
        json!({
            "invitation": id,
            "organization": self.organization_id,
            "role": self.role,
            "portal_roles": self.portal_roles,
            "inviter": self.inviter,
        })
    }
}

/// An invitation that was just made. It is shown here, or mailed, and never again.
#[derive(Clone, Serialize, JsonSchema)]
pub struct InvitationLink {
    /// The address to open: works once.
    pub url: String,
    /// From this moment on it opens nothing.
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for InvitationLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InvitationLink").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// What somebody who opens an invitation sees.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct InvitationView {
    /// The address that it was made for.
    pub email: String,
    /// The organization's name.
    pub organization: Option<String>,
    /// The role in the organization.
    pub role: Option<Role>,
    /// Roles for the portal as a whole.
    pub portal_roles: Vec<PortalRole>,
    /// Whether the address has an account already: sign in with it and join, rather than make one.
    pub has_account: bool,
    /// From this moment on it opens nothing.
    pub expires_at: Timestamp,
}

/// Accepts an invitation by making an account.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptInvitation {
    /// The `token` of the link.
    #[schemars(length(min = 1, max = 200))]
    pub token: String,
    /// The name to sign in with, beside the address.
    #[schemars(length(min = 3, max = 64), regex(pattern = octroi_domain::patterns::IDENTIFIER))]
    pub identifier: String,
    /// First name.
    #[schemars(length(min = 1, max = 100), regex(pattern = octroi_domain::patterns::NAME))]
    pub first_name: String,
    /// Last name.
    #[schemars(length(min = 1, max = 100), regex(pattern = octroi_domain::patterns::NAME))]
    pub last_name: String,
    /// Language of pages and mails.
    #[serde(default)]
    pub language: Language,
    /// At least 12 characters, and not easily guessed.
    #[schemars(length(min = 12, max = 1024))]
    pub password: String,
    /// Whether the portal's terms are accepted: they must be.
    pub accept_terms: bool,
}

impl std::fmt::Debug for AcceptInvitation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AcceptInvitation(…)")
    }
}

impl App {
    /// Makes an invitation to roles for the portal as a whole. Nothing is mailed: hand the link over.
    pub async fn admin_invite(
        &self,
        actor: &Actor,
        email: &str,
        portal_roles: Vec<PortalRole>,
    ) -> Result<InvitationLink, AppError> {
        require(actor, Action::AccountAdminister, &Parties::PORTAL)?;
        let email = checked_email(email)?;
        let mut tx = self.begin().await?;
        let details = json!({"roles": portal_roles});
        let invitation = Invitation { portal_roles, inviter: actor.account_id(), ..Invitation::default() };
        let link = self.make_invitation(&mut tx, email, &invitation).await?;
        self.audit(&mut tx, actor, "portal.invited", "portal", details);
        self.commit(tx).await?;
        Ok(InvitationLink { url: link.url, expires_at: link.expires_at })
    }

    /// Writes an invitation.
    pub(crate) async fn make_invitation(
        &self,
        tx: &mut Tx,
        email: &str,
        invitation: &Invitation,
    ) -> Result<MadeLink, AppError> {
        let payload = serde_json::to_string(invitation).map_err(|e| AppError::Internal(e.to_string()))?;
        self.make_link(tx, LinkPurpose::Invitation, None, email, payload).await
    }

    /// What an invitation gives, for whoever holds its link. Opening it does not use it up.
    pub async fn invitation(&self, token: &str) -> Result<InvitationView, AppError> {
        let mut session = self.read().await?;
        let (link, invitation) = self.open_invitation(&mut session, token).await?;
        let organization = match invitation.organization_id {
            Some(id) => Some(session.organization(id).await?.ok_or(AppError::NotFound)?.name),
            None => None,
        };
        let holder = session.account_by_email(&link.email).await?;
        Ok(InvitationView {
            has_account: holder.is_some_and(|a| a.state != AccountState::Unverified),
            email: link.email,
            organization,
            role: invitation.role,
            portal_roles: invitation.portal_roles,
            expires_at: link.expires_at,
        })
    }

    async fn open_invitation(
        &self,
        session: &mut Session,
        token: &str,
    ) -> Result<(Link, Invitation), AppError> {
        let link = self.open_link(session, token, &[LinkPurpose::Invitation]).await?;
        let invitation =
            serde_json::from_str(&link.payload).map_err(|e| AppError::Internal(e.to_string()))?;
        Ok((link, invitation))
    }

    /// Accepts an invitation by making an account for its address.
    pub async fn accept_invitation(&self, request: AcceptInvitation) -> Result<AccountView, AppError> {
        let mut session = self.read().await?;
        let (link, _) = self.open_invitation(&mut session, &request.token).await?;
        drop(session);
        let person = Person {
            email: link.email,
            identifier: request.identifier,
            first_name: request.first_name.trim().to_owned(),
            last_name: request.last_name.trim().to_owned(),
            language: request.language,
        };
        check_person(&person, &request.password, request.accept_terms)?;
        let hash = self.hash_password(&request.password).await?;

        let mut tx = self.begin().await?;
        let (link, invitation) = self.open_invitation(&mut tx, &request.token).await?;
        self.spend_link(&mut tx, &link).await?;
        self.check_identifier_for(&mut tx, &person.identifier, &person.email).await?;
        let found = tx.account_by_email(&person.email).await?;
        let is_new = found.is_none();
        let mut account = match found {
            Some(account) if account.state != AccountState::Unverified => {
                return Err(AppError::invalid("email", Rule::Taken));
            }
            Some(account) => account,
            None => self.draft_account(&person),
        };
        take_data(&mut account, &person);
        account.state = AccountState::Active;
        account.password_hash = Some(hash);
        account.terms_version = tx.current_terms().await?.map(|terms| terms.version);
        if is_new {
            self.insert_account(&mut tx, &account).await?;
        } else {
            tx.delete_links(account.id, LinkPurpose::VerifyEmail).await?;
        }
        self.grant(&mut tx, &mut account, &invitation, is_new).await?;
        let details = invitation.said(link.id);
        self.audit(&mut tx, &Actor::Anonymous, "account.invited", account.id, details);
        self.commit(tx).await?;
        Ok(account.into())
    }

    /// Accepts an invitation with the account that acts, which must have the invited address.
    pub async fn join_invitation(&self, actor: &Actor, token: &str) -> Result<AccountView, AppError> {
        let id = actor.account_id().ok_or(AppError::SignIn)?;
        require(actor, Action::AccountUpdate, &Parties::of_account(id))?;
        let mut tx = self.begin().await?;
        let (link, invitation) = self.open_invitation(&mut tx, token).await?;
        let mut account = tx.account(id).await?.ok_or(AppError::SignIn)?;
        if login_key(&account.email) != login_key(&link.email) {
            return Err(AppError::NotFound);
        }
        self.spend_link(&mut tx, &link).await?;
        self.grant(&mut tx, &mut account, &invitation, false).await?;
        self.audit(&mut tx, actor, "account.joined", id, invitation.said(link.id));
        self.commit(tx).await?;
        Ok(account.into())
    }

    /// Gives what the invitation says, and writes the account. An invitation never lowers a role.
    async fn grant(
        &self,
        tx: &mut Tx,
        account: &mut Account,
        invitation: &Invitation,
        is_new: bool,
    ) -> Result<(), AppError> {
        // Nobody lets themselves in: those who may invite anybody would read what only members read.
        if invitation.inviter == Some(account.id) || !still_may_invite(tx, invitation).await? {
            return Err(Conflict::LinkSpent.into());
        }
        account.portal_roles.extend(&invitation.portal_roles);
        account.portal_roles.sort_unstable();
        account.portal_roles.dedup();
        if !is_new || !account.portal_roles.is_empty() {
            self.save_account(tx, account).await?;
        }
        let (Some(organization_id), Some(role)) = (invitation.organization_id, invitation.role) else {
            return Ok(());
        };
        tx.organization(organization_id).await?.ok_or(AppError::NotFound)?;
        tx.lock_organization(organization_id).await?;
        let present = tx.membership(organization_id, account.id).await?;
        if present.is_some_and(|m| m.role >= role) {
            return Ok(());
        }
        let since = self.now();
        tx.put_membership(&Membership { organization_id, account_id: account.id, role, since }).await?;
        Ok(())
    }
}

async fn is_partner(tx: &mut Tx, id: OrganizationId) -> Result<bool, AppError> {
    Ok(tx.organization(id).await?.is_some_and(|found| found.kind == OrganizationKind::Partner))
}

/// Whether who invites could still do so: an invitation gives no more than its inviter has when it is accepted.
async fn still_may_invite(tx: &mut Tx, invitation: &Invitation) -> Result<bool, AppError> {
    // The command line's own are those of whoever runs the portal.
    let Some(id) = invitation.inviter else { return Ok(true) };
    let inviter = tx.account(id).await?.filter(|account| account.state == AccountState::Active);
    let Some(inviter) = inviter else { return Ok(false) };
    let actor = Actor::Person(Box::new(person_of(tx, &inviter).await?));
    let organization = invitation.organization_id;
    let desk = match organization {
        Some(id) => {
            is_partner(tx, id).await? && require(&actor, Action::PartnerManage, &Parties::PORTAL).is_ok()
        }
        None => false,
    };
    let places = organization.filter(|_| !desk).map(|id| (Action::OrganizationManage, Parties::owned_by(id)));
    let roles = (!invitation.portal_roles.is_empty() || organization.is_none())
        .then_some((Action::AccountAdminister, Parties::PORTAL));
    Ok(places.into_iter().chain(roles).all(|(action, parties)| require(&actor, action, &parties).is_ok()))
}
