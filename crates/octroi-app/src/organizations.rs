//! Organizations and their members.

use octroi_domain::account::PortalRole;
use octroi_domain::actor::Actor;
use octroi_domain::ids::{AccountId, OrganizationId};
use octroi_domain::organization::{Membership, Organization, OrganizationKind, Role};
use octroi_domain::permission::{Action, Parties};
use octroi_domain::time::Timestamp;
use octroi_domain::validate::Rule;
use octroi_store::{Member, Session, Tx, login_key};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::accounts::{Invitation, check_edition, checked_email};
use crate::context::require;
use crate::error::taken;
use crate::mail::MailMessage;
use crate::page::{Page, PageRequest};
use crate::shared::MailReason;
use crate::{App, AppError, Conflict};

/// Organizations of one person that are listed at once.
const MOST_OF_ONE_PERSON: i64 = 1_000;

/// An organization.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct OrganizationView {
    /// Its identifier.
    pub id: OrganizationId,
    /// What it is.
    pub kind: OrganizationKind,
    /// Names it in files and addresses; unique.
    pub slug: String,
    /// What people read.
    pub name: String,
    /// What the reader may do in it; absent for an operator who is no member.
    pub role: Option<Role>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Counts the changes.
    pub edition: i64,
}

/// A new organization. Whoever makes it becomes its owner.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOrganization {
    /// What it is: anybody may make a company; the other kinds are made by an administrator.
    pub kind: OrganizationKind,
    /// Names it in files and addresses; unique.
    #[schemars(length(min = 1, max = 64), regex(pattern = octroi_domain::patterns::SLUG))]
    pub slug: String,
    /// What people read.
    #[schemars(length(min = 1, max = 150), regex(pattern = octroi_domain::patterns::NAME))]
    pub name: String,
}

/// A change of an organization: what is absent stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrganizationChange {
    /// Names it in files and addresses; unique.
    #[serde(default)]
    #[schemars(length(min = 1, max = 64), regex(pattern = octroi_domain::patterns::SLUG))]
    pub slug: Option<String>,
    /// What people read.
    #[serde(default)]
    #[schemars(length(min = 1, max = 150), regex(pattern = octroi_domain::patterns::NAME))]
    pub name: Option<String>,
}

/// A member of an organization.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct MemberView {
    /// The account.
    pub account_id: AccountId,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// E-mail address.
    pub email: String,
    /// What it may do.
    pub role: Role,
    /// Since when.
    pub since: Timestamp,
}

/// Invites somebody into an organization.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InviteMember {
    /// The address that the invitation is sent to.
    #[schemars(email, length(max = 254))]
    pub email: String,
    /// What the person will be able to do.
    pub role: Role,
}

/// An invitation that was sent. Its link is in the mail alone.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SentInvitation {
    /// The address.
    pub email: String,
    /// What the person will be able to do.
    pub role: Role,
    /// From this moment on it opens nothing.
    pub expires_at: Timestamp,
}

impl From<Member> for MemberView {
    fn from(member: Member) -> Self {
        Self {
            account_id: member.membership.account_id,
            first_name: member.first_name,
            last_name: member.last_name,
            email: member.email,
            role: member.membership.role,
            since: member.membership.since,
        }
    }
}

pub(crate) fn view(organization: Organization, actor: &Actor) -> OrganizationView {
    OrganizationView {
        role: actor.role_in(organization.id),
        id: organization.id,
        kind: organization.kind,
        slug: organization.slug,
        name: organization.name,
        created_at: organization.created_at,
        edition: organization.edition,
    }
}

impl App {
    /// One's own organizations; all of them for administrators and officers. Oldest first.
    pub async fn organizations(
        &self,
        actor: &Actor,
        page: &PageRequest,
    ) -> Result<Page<OrganizationView>, AppError> {
        let all = matches!(actor, Actor::System(_))
            || actor.has(PortalRole::Admin)
            || actor.has(PortalRole::Officer);
        let member = match actor.account_id() {
            Some(account) if !all => {
                require(actor, Action::AccountRead, &Parties::of_account(account))?;
                Some(account)
            }
            _ => {
                require(actor, Action::OrganizationList, &Parties::PORTAL)?;
                None
            }
        };
        let window = page.window()?;
        let rows = self.read().await?.organizations(window.after, window.rows(), member).await?;
        Ok(window.page(rows, |organization| organization.id, |organization| view(organization, actor)))
    }

    /// Those that the person who acts belongs to, oldest first.
    pub async fn my_organizations(&self, actor: &Actor) -> Result<Vec<OrganizationView>, AppError> {
        let account = actor.account_id().ok_or(AppError::SignIn)?;
        require(actor, Action::AccountRead, &Parties::of_account(account))?;
        let rows = self.read().await?.organizations(None, MOST_OF_ONE_PERSON, Some(account)).await?;
        Ok(rows.into_iter().map(|organization| view(organization, actor)).collect())
    }

    /// The organization with this slug, where the person who acts belongs to it.
    pub async fn my_organization(&self, actor: &Actor, slug: &str) -> Result<OrganizationView, AppError> {
        let organization = self.read().await?.organization_by_slug(slug).await?.ok_or(AppError::NotFound)?;
        require(actor, Action::OrganizationRead, &Parties::owned_by(organization.id))?;
        Ok(view(organization, actor))
    }

    /// One organization.
    pub async fn organization(
        &self,
        actor: &Actor,
        id: OrganizationId,
    ) -> Result<OrganizationView, AppError> {
        require(actor, Action::OrganizationRead, &Parties::owned_by(id))?;
        let organization = self.read().await?.organization(id).await?.ok_or(AppError::NotFound)?;
        Ok(view(organization, actor))
    }

    /// Makes an organization; the person who acts becomes its owner.
    pub async fn create_organization(
        &self,
        actor: &Actor,
        new: NewOrganization,
    ) -> Result<OrganizationView, AppError> {
        let action = match new.kind {
            OrganizationKind::Company => Action::OrganizationCreate,
            _ => Action::OrganizationCreateSpecial,
        };
        require(actor, action, &Parties::PORTAL)?;
        if new.kind == OrganizationKind::Personal {
            let allowed = "company, public_body, provider, vendor, partner".to_owned();
            return Err(AppError::invalid("kind", Rule::NotAllowed { allowed }));
        }
        Organization::check(&new.slug, &new.name)?;
        check_slug_kept(&new.slug)?;
        // Its name stands in mails to people of its owner's choice, and its slug is nobody else's.
        self.admit_writer(actor)?;
        let organization = self.draft_organization(new.kind, &new.slug, &new.name);
        let mut tx = self.begin().await?;
        self.insert_organization(&mut tx, &organization).await?;
        let mut shown = view(organization, actor);
        if let Some(account_id) = actor.account_id() {
            let (organization_id, role) = (shown.id, Role::Owner);
            tx.put_membership(&Membership { organization_id, account_id, role, since: self.now() }).await?;
            shown.role = Some(role);
        }
        self.audit(&mut tx, actor, "organization.created", shown.id, json!({"kind": shown.kind}));
        self.commit(tx).await?;
        Ok(shown)
    }

    /// One organization, for whoever may manage it: its name, its members. A personal one follows its account instead.
    pub async fn organization_to_manage(
        &self,
        actor: &Actor,
        id: OrganizationId,
    ) -> Result<OrganizationView, AppError> {
        let organization = shared_organization(&mut self.read().await?, actor, id).await?;
        Ok(view(organization, actor))
    }

    /// Changes an organization. A personal one follows its account and is not changed here.
    pub async fn update_organization(
        &self,
        actor: &Actor,
        id: OrganizationId,
        change: OrganizationChange,
        edition: Option<i64>,
    ) -> Result<OrganizationView, AppError> {
        let mut tx = self.begin().await?;
        let mut organization = shared_organization(&mut tx, actor, id).await?;
        check_edition(edition, organization.edition)?;
        let slug = change.slug.unwrap_or_else(|| organization.slug.clone());
        let name = change.name.unwrap_or_else(|| organization.name.clone());
        Organization::check(&slug, &name)?;
        check_slug_kept(&slug)?;
        organization.slug = slug;
        name.trim().clone_into(&mut organization.name);
        tx.update_organization(&mut organization).await.map_err(|e| taken(e, &[("slug", "slug")]))?;
        self.audit(&mut tx, actor, "organization.updated", id, json!({}));
        self.commit(tx).await?;
        Ok(view(organization, actor))
    }

    /// The members of an organization.
    pub async fn members(&self, actor: &Actor, id: OrganizationId) -> Result<Vec<MemberView>, AppError> {
        require(actor, Action::OrganizationRead, &Parties::owned_by(id))?;
        let mut session = self.read().await?;
        session.organization(id).await?.ok_or(AppError::NotFound)?;
        Ok(session.members(id).await?.into_iter().map(MemberView::from).collect())
    }

    /// Sends an invitation, whether the address has an account or not.
    pub async fn invite_member(
        &self,
        actor: &Actor,
        id: OrganizationId,
        invite: InviteMember,
    ) -> Result<SentInvitation, AppError> {
        let mut tx = self.begin().await?;
        let organization = shared_organization(&mut tx, actor, id).await?;
        let email = checked_email(&invite.email)?.to_owned();
        let inviter = match actor.account_id() {
            Some(account) => tx.account(account).await?,
            None => None,
        };
        if inviter.as_ref().is_some_and(|inviter| login_key(&inviter.email) == login_key(&email)) {
            return Err(AppError::invalid("email", Rule::OwnAddress));
        }
        self.admit_writer(actor)?;
        self.admit_mail(MailReason::Invitation, &email)?;
        let invitation = Invitation {
            organization_id: Some(id),
            role: Some(invite.role),
            portal_roles: vec![],
            inviter: actor.account_id(),
        };
        let link = self.make_invitation(&mut tx, &email, &invitation).await?;
        // The guest's own language, where it is known; else the inviter's.
        let guest = tx.account_by_email(&email).await?;
        let language = guest.as_ref().or(inviter.as_ref()).map_or_else(Default::default, |a| a.language);
        let message = MailMessage::Invitation {
            organization: Some(organization.name),
            inviter: inviter.map(|a| format!("{} {}", a.first_name, a.last_name)),
            url: link.url,
            expires_at: link.expires_at,
        };
        self.mail(&mut tx, &email, language, message).await?;
        self.audit(&mut tx, actor, "member.invited", id, invitation.said(link.id));
        self.commit(tx).await?;
        Ok(SentInvitation { email, role: invite.role, expires_at: link.expires_at })
    }

    /// Gives a member another role. An organization keeps one owner at least.
    pub async fn set_member_role(
        &self,
        actor: &Actor,
        id: OrganizationId,
        account: AccountId,
        role: Role,
    ) -> Result<(), AppError> {
        let mut tx = self.begin().await?;
        shared_organization(&mut tx, actor, id).await?;
        let mut membership = self.lock_membership(&mut tx, id, account).await?;
        if role != Role::Owner {
            keep_an_owner(&mut tx, &membership).await?;
        }
        membership.role = role;
        tx.put_membership(&membership).await?;
        self.audit(&mut tx, actor, "member.role_set", id, json!({"account": account, "role": role}));
        self.commit(tx).await
    }

    /// Takes a member out; everybody may leave by themselves. An organization keeps one owner at least.
    pub async fn remove_member(
        &self,
        actor: &Actor,
        id: OrganizationId,
        account: AccountId,
    ) -> Result<(), AppError> {
        let mut tx = self.begin().await?;
        if actor.account_id() == Some(account) {
            require(actor, Action::AccountUpdate, &Parties::of_account(account))?;
            require(actor, Action::OrganizationRead, &Parties::owned_by(id))?;
        } else {
            shared_organization(&mut tx, actor, id).await?;
        }
        let membership = self.lock_membership(&mut tx, id, account).await?;
        keep_an_owner(&mut tx, &membership).await?;
        tx.delete_membership(id, account).await?;
        self.audit(&mut tx, actor, "member.removed", id, json!({"account": account}));
        self.commit(tx).await
    }

    /// A membership that nobody else changes before the end of the transaction.
    async fn lock_membership(
        &self,
        tx: &mut Tx,
        id: OrganizationId,
        account: AccountId,
    ) -> Result<Membership, AppError> {
        tx.lock_organization(id).await?;
        tx.membership(id, account).await?.ok_or(AppError::NotFound)
    }
}

/// The organization `id`, which `actor` must be able to manage and which must not be a personal one.
async fn shared_organization(
    session: &mut Session,
    actor: &Actor,
    id: OrganizationId,
) -> Result<Organization, AppError> {
    require(actor, Action::OrganizationManage, &Parties::owned_by(id))?;
    let organization = session.organization(id).await?.ok_or(AppError::NotFound)?;
    if organization.kind == OrganizationKind::Personal { Err(AppError::Forbidden) } else { Ok(organization) }
}

async fn keep_an_owner(tx: &mut Tx, leaving: &Membership) -> Result<(), AppError> {
    let is_last = leaving.role == Role::Owner && tx.count_owners(leaving.organization_id).await? == 1;
    if is_last { Err(Conflict::LastOwner.into()) } else { Ok(()) }
}

/// Slugs that begin like those of personal organizations are kept for them.
pub(crate) fn check_slug_kept(slug: &str) -> Result<(), AppError> {
    if slug.starts_with("org-") { Err(AppError::invalid("slug", Rule::Taken)) } else { Ok(()) }
}
