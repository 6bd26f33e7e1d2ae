//! Invitations: to roles for the portal as a whole, and accepting any.

use http::StatusCode;
use octroi_app::accounts::{AcceptInvitation, AccountView, InvitationLink, InvitationView};
use octroi_app::{AppError, Conflict};
use octroi_domain::account::PortalRole;
use octroi_domain::permission::Action;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::api::call::{Call, Json};
use crate::api::route::{Row, post};
use crate::problem::ProblemCode;

const TAG: &str = "accounts";

pub(super) fn rows() -> Vec<Row> {
    vec![
        post("/api/v1/invitations", "inviteToPortal", invite)
            .says(TAG, "Invite somebody to roles for the portal as a whole; hand the link over")
            .more("Nothing is mailed. The link is shown here and never again.")
            .permits(Action::AccountAdminister)
            .status(StatusCode::CREATED),
        post("/api/v1/invitation-previews", "previewInvitation", preview)
            .says(TAG, "What an invitation gives; does not use it up")
            .open()
            .status(StatusCode::OK)
            .conflicts([Conflict::LinkSpent])
            .problems([ProblemCode::NotFound]),
        post("/api/v1/invitation-acceptances", "acceptInvitation", accept)
            .says(TAG, "Accept an invitation by making an account for its address")
            .open()
            .created("/api/v1/accounts/{}", "/id")
            .conflicts([Conflict::LinkSpent])
            .problems([ProblemCode::TooMany, ProblemCode::NotFound]),
        post("/api/v1/memberships", "joinByInvitation", join)
            .says(TAG, "Accept an invitation with the account that acts, which has the invited address")
            .permits(Action::AccountUpdate)
            .conflicts([Conflict::LinkSpent]),
    ]
}

/// Somebody to invite.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Invite {
    /// The address; the account that accepts has it.
    #[schemars(email, length(min = 1, max = 254))]
    email: String,
    /// The roles that accepting gives.
    #[serde(default)]
    #[schemars(length(max = 10))]
    portal_roles: Vec<PortalRole>,
}

async fn invite(call: Call<(), (), Json<Invite>>) -> Result<Json<InvitationLink>, AppError> {
    let Invite { email, portal_roles } = call.body.0;
    call.app.admin_invite(&call.actor, &email, portal_roles).await.map(Json)
}

/// An invitation that somebody holds.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "HeldInvitation")]
struct Held {
    /// The `token` of the link.
    #[schemars(length(max = 200))]
    token: String,
}

async fn preview(call: Call<(), (), Json<Held>>) -> Result<Json<InvitationView>, AppError> {
    call.app.invitation(&call.body.0.token).await.map(Json)
}

async fn accept(call: Call<(), (), Json<AcceptInvitation>>) -> Result<Json<AccountView>, AppError> {
    call.app.accept_invitation(call.body.0).await.map(Json)
}

async fn join(call: Call<(), (), Json<Held>>) -> Result<Json<AccountView>, AppError> {
    call.app.join_invitation(&call.actor, &call.body.0.token).await.map(Json)
}
