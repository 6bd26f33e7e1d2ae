//! Partners: what a deployment officer does at the desk. No answer holds a secret.

use octroi_app::credentials::{CredentialView, Renew};
use octroi_app::organizations::{InviteMember, SentInvitation};
use octroi_app::page::Page;
use octroi_app::partners::{
    IssueToPartner, NewPartner, PartnerCard, PartnerKeyView, PartnerPlan, PartnerView, SuspendPartner,
};
use octroi_app::{AppError, Conflict};
use octroi_domain::ids::{CredentialId, OrganizationId, SubscriptionId};
use octroi_domain::permission::Action;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::api::call::{Call, Json};
use crate::api::route::{Row, get, post};
use crate::problem::ProblemCode;

const TAG: &str = "partners";

pub(super) fn rows() -> Vec<Row> {
    people().into_iter().chain(keys()).collect()
}

/// Partners and their people.
fn people() -> Vec<Row> {
    vec![
        get("/api/v1/partners", "listPartners", list)
            .says(TAG, "All partners, oldest first")
            .permits(Action::PartnerRead)
            .paged(),
        post("/api/v1/partners", "createPartner", create)
            .says(TAG, "Make a partner, which the officer who acts looks after")
            .permits(Action::PartnerManage)
            .created("/api/v1/partners/{}", "/partner/id"),
        get("/api/v1/partners/{organization_id}", "getPartner", read)
            .says(TAG, "One partner with its people and keys")
            .permits(Action::PartnerRead),
        post("/api/v1/partners/{organization_id}/take-over", "takePartner", take)
            .says(TAG, "Look after a partner from now on")
            .permits(Action::PartnerManage),
        post("/api/v1/partners/{organization_id}/invitations", "inviteToPartner", invite)
            .says(TAG, "Send an invitation into a partner by mail, valid for 72 hours")
            .permits(Action::PartnerManage)
            .status(http::StatusCode::CREATED)
            .problems([ProblemCode::TooMany]),
        post("/api/v1/partners/{organization_id}/suspend", "suspendPartner", suspend)
            .says(TAG, "Stop everything that a partner calls with")
            .permits(Action::PartnerManage)
            .conflicts([Conflict::OrganizationSuspended]),
        post("/api/v1/partners/{organization_id}/resume", "resumePartner", resume)
            .says(TAG, "Let a suspended partner call again")
            .permits(Action::PartnerManage)
            .conflicts([Conflict::SubscriptionState]),
    ]
}

/// What partners call with.
fn keys() -> Vec<Row> {
    vec![
        get("/api/v1/partner-plans", "listPartnerPlans", plans)
            .says(TAG, "The plans whose keys are issued by officers")
            .permits(Action::PartnerRead),
        post("/api/v1/partners/{organization_id}/keys", "issuePartnerKey", issue)
            .says(TAG, "Issue a partner its key for an API: its people find it in the portal")
            .permits(Action::PartnerManage)
            .status(http::StatusCode::CREATED)
            .conflicts([
                Conflict::AlreadySubscribed,
                Conflict::OrganizationSuspended,
                Conflict::PlanClosed,
                Conflict::ApiNotOpen,
                Conflict::ApplicationKind,
            ]),
        post("/api/v1/partners/{organization_id}/keys/{credential_id}/renew", "renewPartnerKey", renew)
            .says(TAG, "Replace a partner's key; the old one lives on for the grace")
            .permits(Action::PartnerManage)
            .conflicts([Conflict::CredentialState, Conflict::TooManyKeys, Conflict::SubscriptionState]),
        post("/api/v1/partners/{organization_id}/keys/{credential_id}/revoke", "revokePartnerKey", revoke)
            .says(TAG, "End a partner's key at once and for good")
            .permits(Action::PartnerManage)
            .conflicts([Conflict::CredentialState]),
        post(
            "/api/v1/partners/{organization_id}/subscriptions/{subscription_id}/key",
            "replacePartnerKey",
            replace,
        )
        .says(TAG, "Issue a new key where a partner's last one was revoked")
        .permits(Action::PartnerManage)
        .status(http::StatusCode::CREATED)
        .conflicts([Conflict::KeyExists, Conflict::SubscriptionState]),
    ]
}

type One = (OrganizationId,);
type Key = (OrganizationId, CredentialId);
type Shown = Result<Json<PartnerCard>, AppError>;

/// Which partners are wanted.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PartnerFilter {
    /// Part of the name or slug.
    #[serde(default)]
    #[schemars(length(max = 200))]
    q: Option<String>,
}

async fn list(call: Call<(), PartnerFilter>) -> Result<Json<Page<PartnerView>>, AppError> {
    call.app.partners(&call.actor, &call.page, call.query.q.as_deref()).await.map(Json)
}

async fn create(call: Call<(), (), Json<NewPartner>>) -> Shown {
    call.app.create_partner(&call.actor, call.body.0).await.map(Json)
}

async fn read(call: Call<One>) -> Shown {
    call.app.partner(&call.actor, call.path.0).await.map(Json)
}

async fn take(call: Call<One>) -> Shown {
    call.app.take_partner(&call.actor, call.path.0).await.map(Json)
}

async fn invite(call: Call<One, (), Json<InviteMember>>) -> Result<Json<SentInvitation>, AppError> {
    call.app.invite_to_partner(&call.actor, call.path.0, call.body.0).await.map(Json)
}

async fn suspend(call: Call<One, (), Json<SuspendPartner>>) -> Shown {
    call.app.suspend_partner(&call.actor, call.path.0, call.body.0).await.map(Json)
}

async fn resume(call: Call<One>) -> Shown {
    call.app.resume_partner(&call.actor, call.path.0).await.map(Json)
}

async fn plans(call: Call) -> Result<Json<Page<PartnerPlan>>, AppError> {
    let items = call.app.partner_plans(&call.actor).await?;
    Ok(Json(Page { items, next_cursor: None }))
}

async fn issue(call: Call<One, (), Json<IssueToPartner>>) -> Result<Json<PartnerKeyView>, AppError> {
    call.app.issue_partner_key(&call.actor, call.path.0, call.body.0).await.map(Json)
}

async fn renew(call: Call<Key, (), Json<Renew>>) -> Result<Json<CredentialView>, AppError> {
    let (partner, key) = call.path;
    call.app.renew_partner_key(&call.actor, partner, key, call.body.0).await.map(Json)
}

async fn revoke(call: Call<Key>) -> Result<Json<CredentialView>, AppError> {
    let (partner, key) = call.path;
    call.app.revoke_partner_key(&call.actor, partner, key).await.map(Json)
}

async fn replace(call: Call<(OrganizationId, SubscriptionId)>) -> Result<Json<CredentialView>, AppError> {
    let (partner, subscription) = call.path;
    call.app.replace_partner_key(&call.actor, partner, subscription).await.map(Json)
}
