//! The members of an organization that one manages: inviting, another role, taking somebody out.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use octroi_app::organizations::{InviteMember, MemberView, OrganizationView};
use octroi_app::{AppError, Conflict};
use octroi_domain::ids::{AccountId, OrganizationId};
use octroi_domain::organization::Role;
use octroi_domain::permission::Action;
use octroi_domain::validate::Rule;

use super::organizations::{ORGANIZATIONS, place, role_word};
use super::{Tab, tabs};
use crate::field::FieldError;
use crate::portal::answer;
use crate::portal::fields::{Choice, Choices, Field, FormState, Kind, Summary};
use crate::portal::gate::{Form, PageResult};
use crate::portal::path::{Id, Ids};
use crate::portal::refused::Refused;
use crate::portal::route::{Access, PageRow, get, post};
use crate::portal::shell::{Section, Shell};
use crate::portal::visitor::Visitor;

const INVITE: &str = "/account/organizations/{organization_id}/invite";
const MEMBER: &str = "/account/organizations/{organization_id}/members/{account_id}";

pub(super) fn pages() -> Vec<PageRow> {
    let may = Access::May(Action::OrganizationManage);
    vec![
        get(INVITE, may, ask),
        post(INVITE, may, invite),
        get(MEMBER, may, show),
        post(MEMBER, may, set_role),
        post("/account/organizations/{organization_id}/members/{account_id}/remove", may, remove),
    ]
}

#[derive(Template)]
#[template(path = "account/invite.html")]
struct InvitePage<'a> {
    shell: &'a Shell,
    tabs: Vec<Tab>,
    organization: &'a OrganizationView,
    is_wrong: bool,
    summary: Summary<'a>,
    email: Field,
    role: Choices,
}

#[derive(Template)]
#[template(path = "account/member.html")]
struct MemberPage<'a> {
    shell: &'a Shell,
    tabs: Vec<Tab>,
    organization: &'a OrganizationView,
    member: &'a MemberView,
    is_wrong: bool,
    summary: Summary<'a>,
    role: Choices,
}

/// The roles to choose from, each with what it lets one do.
pub(in crate::portal) fn member_roles(shell: &Shell, form: &FormState<'_>, present: Role) -> Choices {
    let options = [
        (Role::Viewer, "viewer", "role-viewer-hint"),
        (Role::Developer, "developer", "role-developer-hint"),
        (Role::Owner, "owner", "role-owner-hint"),
    ];
    let usual = options.iter().find(|(role, ..)| *role == present).map_or("", |(_, value, _)| value);
    let options = options.map(|(role, value, hint)| Choice {
        value: value.to_owned(),
        label: shell.say(role_word(role)),
        hint: Some(shell.say(hint)),
    });
    form.choices("role", "members-role", options.into()).usually(usual)
}

/// The role that a form names.
///
/// # Errors
/// Where it names none: nobody is given less than they had by a field that is missing.
pub(in crate::portal) fn role_of(sent: &Form) -> Result<Role, AppError> {
    match sent.one("role") {
        "owner" => Ok(Role::Owner),
        "developer" => Ok(Role::Developer),
        "viewer" => Ok(Role::Viewer),
        _ => Err(AppError::invalid("role", Rule::Required)),
    }
}

async fn ask(visitor: Visitor, Id(id): Id<OrganizationId>) -> PageResult {
    let organization = visitor.app().organization_to_manage(visitor.actor(), id).await?;
    let shell = visitor.shell(Section::Account);
    Ok(invite_page(&shell, StatusCode::OK, &organization, &FormState::new(&shell)))
}

async fn invite(visitor: Visitor, Id(id): Id<OrganizationId>, sent: Form) -> PageResult {
    let organization = visitor.app().organization_to_manage(visitor.actor(), id).await?;
    let invited = async {
        let wanted = InviteMember { email: sent.text("email"), role: role_of(&sent)? };
        visitor.app().invite_member(visitor.actor(), id, wanted).await
    };
    match invited.await {
        Ok(_) => answer::done(&place(id), "notice-member-invited"),
        Err(error) => {
            let refused = Refused::by(error, "email")?;
            let shell = visitor.shell(Section::Account);
            let form = FormState::wrong(&shell, &sent, refused.errors);
            Ok(invite_page(&shell, refused.status, &organization, &form))
        }
    }
}

fn invite_page(
    shell: &Shell,
    status: StatusCode,
    organization: &OrganizationView,
    form: &FormState<'_>,
) -> Response {
    let page = InvitePage {
        shell,
        tabs: tabs(shell, ORGANIZATIONS),
        organization,
        is_wrong: form.is_wrong(),
        summary: form.summary(&["email", "role"]),
        email: form.field("email", Kind::Email, "field-email").hint(shell, "members-email-hint").max(254),
        role: member_roles(shell, form, Role::Developer),
    };
    answer::page(status, shell.language, &page)
}

/// A member of an organization that the visitor manages.
async fn member(
    visitor: &Visitor,
    id: OrganizationId,
    account: AccountId,
) -> Result<(OrganizationView, MemberView), AppError> {
    let organization = visitor.app().organization_to_manage(visitor.actor(), id).await?;
    let members = visitor.app().members(visitor.actor(), id).await?;
    let member = members.into_iter().find(|member| member.account_id == account);
    Ok((organization, member.ok_or(AppError::NotFound)?))
}

async fn show(visitor: Visitor, Ids(id, account): Ids<OrganizationId, AccountId>) -> PageResult {
    let (organization, member) = member(&visitor, id, account).await?;
    let shell = visitor.shell(Section::Account);
    Ok(member_page(&shell, StatusCode::OK, &organization, &member, &FormState::new(&shell)))
}

async fn set_role(
    visitor: Visitor,
    Ids(id, account): Ids<OrganizationId, AccountId>,
    sent: Form,
) -> PageResult {
    let set = async {
        let role = role_of(&sent)?;
        visitor.app().set_member_role(visitor.actor(), id, account, role).await
    };
    let refused = match set.await {
        Ok(()) => return answer::done(&place(id), "notice-member-role-set"),
        Err(AppError::Conflict(conflict @ Conflict::LastOwner)) => {
            Refused { status: StatusCode::CONFLICT, errors: vec![FieldError::conflict("role", conflict)] }
        }
        Err(error) => Refused::by(error, "role")?,
    };
    let (organization, member) = member(&visitor, id, account).await?;
    let shell = visitor.shell(Section::Account);
    let form = FormState::wrong(&shell, &sent, refused.errors);
    Ok(member_page(&shell, refused.status, &organization, &member, &form))
}

async fn remove(visitor: Visitor, Ids(id, account): Ids<OrganizationId, AccountId>) -> PageResult {
    visitor.app().organization_to_manage(visitor.actor(), id).await?;
    match visitor.app().remove_member(visitor.actor(), id, account).await {
        // Whoever is not in it was taken out before.
        Ok(()) | Err(AppError::NotFound) if visitor.actor().account_id() == Some(account) => {
            answer::done(ORGANIZATIONS, "notice-organization-left")
        }
        Ok(()) | Err(AppError::NotFound) => answer::done(&place(id), "notice-member-removed"),
        Err(AppError::Conflict(Conflict::LastOwner)) => {
            let shell = visitor.shell(Section::Account);
            let back = vec![(place(id), shell.say("organizations-back"))];
            answer::refusal(&visitor, StatusCode::CONFLICT, ["last_owner", "last_owner.detail"], back)
        }
        Err(error) => Err(error.into()),
    }
}

fn member_page(
    shell: &Shell,
    status: StatusCode,
    organization: &OrganizationView,
    member: &MemberView,
    form: &FormState<'_>,
) -> Response {
    let page = MemberPage {
        shell,
        tabs: tabs(shell, ORGANIZATIONS),
        organization,
        member,
        is_wrong: form.is_wrong(),
        summary: form.summary(&["role"]),
        role: member_roles(shell, form, member.role),
    };
    answer::page(status, shell.language, &page)
}
