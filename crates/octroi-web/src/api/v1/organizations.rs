//! Organizations and their members.

use octroi_app::organizations::{
    InviteMember, MemberView, NewOrganization, OrganizationChange, OrganizationView, SentInvitation,
};
use octroi_app::page::Page;
use octroi_app::{AppError, Conflict};
use octroi_domain::ids::{AccountId, OrganizationId};
use octroi_domain::organization::Role;
use octroi_domain::permission::Action;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::api::call::{Call, Json};
use crate::api::route::{Row, delete, get, patch, post, put};
use crate::problem::ProblemCode;

const TAG: &str = "organizations";

pub(super) fn rows() -> Vec<Row> {
    vec![
        get("/api/v1/organizations", "listOrganizations", list)
            .says(TAG, "My organizations; all of them for administrators and officers. Oldest first")
            .permits(Action::OrganizationRead)
            .paged(),
        post("/api/v1/organizations", "createOrganization", create)
            .says(TAG, "Make an organization; whoever acts becomes its owner")
            .more("Anybody may make a `company`; the other kinds are made by an administrator.")
            .permits(Action::OrganizationCreate)
            .created("/api/v1/organizations/{}", "/id"),
        get("/api/v1/organizations/{organization_id}", "getOrganization", read)
            .says(TAG, "One organization")
            .permits(Action::OrganizationRead),
        patch("/api/v1/organizations/{organization_id}", "updateOrganization", update)
            .says(TAG, "Change an organization; what is absent stays. A personal one follows its account")
            .permits(Action::OrganizationManage)
            .if_match(),
        get("/api/v1/organizations/{organization_id}/members", "listMembers", members)
            .says(TAG, "Members of an organization")
            .permits(Action::OrganizationRead),
        post("/api/v1/organizations/{organization_id}/invitations", "inviteMember", invite)
            .says(TAG, "Send an invitation by mail")
            .permits(Action::OrganizationManage)
            .status(http::StatusCode::CREATED)
            .problems([ProblemCode::TooMany]),
        put("/api/v1/organizations/{organization_id}/members/{account_id}", "setMemberRole", set_role)
            .says(TAG, "Give a member another role")
            .permits(Action::OrganizationManage)
            .conflicts([Conflict::LastOwner]),
        delete("/api/v1/organizations/{organization_id}/members/{account_id}", "removeMember", remove)
            .says(TAG, "Take a member out; everybody may leave by themselves")
            .permits(Action::OrganizationManage)
            .conflicts([Conflict::LastOwner]),
    ]
}

type One = (OrganizationId,);
type Member = (OrganizationId, AccountId);
type Shown = Result<Json<OrganizationView>, AppError>;

async fn list(call: Call) -> Result<Json<Page<OrganizationView>>, AppError> {
    call.app.organizations(&call.actor, &call.page).await.map(Json)
}

async fn create(call: Call<(), (), Json<NewOrganization>>) -> Shown {
    call.app.create_organization(&call.actor, call.body.0).await.map(Json)
}

async fn read(call: Call<One>) -> Shown {
    call.app.organization(&call.actor, call.path.0).await.map(Json)
}

async fn update(call: Call<One, (), Json<OrganizationChange>>) -> Shown {
    call.app.update_organization(&call.actor, call.path.0, call.body.0, call.edition).await.map(Json)
}

async fn members(call: Call<One>) -> Result<Json<Page<MemberView>>, AppError> {
    let items = call.app.members(&call.actor, call.path.0).await?;
    Ok(Json(Page { items, next_cursor: None }))
}

async fn invite(call: Call<One, (), Json<InviteMember>>) -> Result<Json<SentInvitation>, AppError> {
    call.app.invite_member(&call.actor, call.path.0, call.body.0).await.map(Json)
}

/// What a member may now do.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewRole {
    /// The role.
    role: Role,
}

async fn set_role(call: Call<Member, (), Json<NewRole>>) -> Result<(), AppError> {
    let (organization, account) = call.path;
    call.app.set_member_role(&call.actor, organization, account, call.body.0.role).await
}

async fn remove(call: Call<Member>) -> Result<(), AppError> {
    let (organization, account) = call.path;
    call.app.remove_member(&call.actor, organization, account).await
}
