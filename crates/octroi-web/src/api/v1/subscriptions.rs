//! Subscriptions: asked for, decided, changed, and the keys that they give.

use octroi_app::credentials::{CredentialView, ImportedKey, IssuedKey};
use octroi_app::page::Page;
use octroi_app::subscriptions::{
    ChangePlan, Decision, Subscribe, SubscribedView, SubscriptionFilter, SubscriptionView,
};
use octroi_app::{AppError, Conflict};
use octroi_domain::ids::SubscriptionId;
use octroi_domain::permission::Action;
use octroi_domain::subscription::Transition;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::api::call::{Call, Json};
use crate::api::route::{Row, get, post, put};

const TAG: &str = "subscriptions";

pub(super) fn rows() -> Vec<Row> {
    vec![
        get("/api/v1/subscriptions", "listSubscriptions", list)
            .says(TAG, "Subscriptions of my applications, or to an API that I provide, oldest first")
            .permits(Action::SubscriptionRead)
            .paged(),
        post("/api/v1/subscriptions", "subscribe", subscribe)
            .says(TAG, "Subscribe an application to an API under a plan")
            .more("Where the plan validates by itself and opens by key, the answer holds the key and a ready curl.")
            .permits(Action::SubscriptionManage)
            .created("/api/v1/subscriptions/{}", "/subscription/id")
            .conflicts(OFFER),
        get("/api/v1/subscriptions/{subscription_id}", "getSubscription", read)
            .says(TAG, "One subscription")
            .permits(Action::SubscriptionRead),
        decision("/api/v1/subscriptions/{subscription_id}/approve", "approveSubscription", Transition::Approve)
            .says(TAG, "Let a pending subscription begin; its owner finds the key"),
        decision("/api/v1/subscriptions/{subscription_id}/reject", "rejectSubscription", Transition::Reject)
            .says(TAG, "Refuse a pending subscription, with a reason. Final"),
        decision("/api/v1/subscriptions/{subscription_id}/pause", "pauseSubscription", Transition::Pause)
            .says(TAG, "Stop an active subscription for a while"),
        decision("/api/v1/subscriptions/{subscription_id}/resume", "resumeSubscription", Transition::Resume)
            .says(TAG, "Let a paused subscription go on"),
        decision("/api/v1/subscriptions/{subscription_id}/close", "closeSubscription", Transition::Close)
            .says(TAG, "End a subscription and revoke its keys. Final"),
        put("/api/v1/subscriptions/{subscription_id}/plan", "changePlan", change_plan)
            .says(TAG, "Move to another plan, of the same API or another version of it; the keys stay")
            .permits(Action::SubscriptionManage)
            .if_match()
            .conflicts(OFFER)
            .conflicts([Conflict::SubscriptionState]),
        get("/api/v1/subscriptions/{subscription_id}/credentials", "listCredentials", credentials)
            .says("credentials", "Keys of a subscription, oldest first, revoked ones included")
            .permits(Action::CredentialRead)
            .paged(),
        post("/api/v1/subscriptions/{subscription_id}/credentials", "issueKey", issue)
            .says("credentials", "Issue a key to a subscription that has none in use")
            .permits(Action::CredentialManage)
            .created("/api/v1/credentials/{}", "/credential/id")
            .conflicts(KEYS)
            .conflicts([Conflict::IssuedByOfficer]),
        post("/api/v1/subscriptions/{subscription_id}/imported-keys", "importKeys", import)
            .says("credentials", "Take existing keys over from another system, all or none")
            .permits(Action::SubscriptionImport)
            .status(http::StatusCode::CREATED)
            .conflicts(KEYS),
    ]
}

/// What an offer can be refused for.
const OFFER: [Conflict; 8] = [
    Conflict::AlreadySubscribed,
    Conflict::PlanClosed,
    Conflict::IssuedByOfficer,
    Conflict::OrganizationSuspended,
    Conflict::ApiNotOpen,
    Conflict::ApplicationArchived,
    Conflict::ApplicationKind,
    Conflict::TermsNotAccepted,
];

/// What a key can be refused for.
const KEYS: [Conflict; 4] = [
    Conflict::SubscriptionState,
    Conflict::KeyExists,
    Conflict::ApplicationArchived,
    Conflict::ApplicationKind,
];

type One = (SubscriptionId,);
type Shown = Result<Json<SubscriptionView>, AppError>;

/// A route that moves a subscription to its next state.
fn decision(path: &'static str, operation: &'static str, transition: Transition) -> Row {
    let action = match transition {
        Transition::Close => Action::SubscriptionClose,
        _ => Action::SubscriptionDecide,
    };
    post(path, operation, move |call| decide(call, transition))
        .permits(action)
        .if_match()
        .conflicts([Conflict::SubscriptionState, Conflict::OrganizationSuspended])
}

async fn decide(call: Call<One, (), Json<Decision>>, transition: Transition) -> Shown {
    let Call { app, actor, path, body, edition, .. } = call;
    app.decide_subscription(&actor, path.0, transition, body.0, edition).await.map(Json)
}

async fn list(call: Call<(), SubscriptionFilter>) -> Result<Json<Page<SubscriptionView>>, AppError> {
    call.app.subscriptions(&call.actor, &call.query, &call.page).await.map(Json)
}

async fn subscribe(call: Call<(), (), Json<Subscribe>>) -> Result<Json<SubscribedView>, AppError> {
    call.app.subscribe(&call.actor, call.body.0).await.map(Json)
}

async fn read(call: Call<One>) -> Shown {
    call.app.subscription(&call.actor, call.path.0).await.map(Json)
}

async fn change_plan(call: Call<One, (), Json<ChangePlan>>) -> Shown {
    call.app.change_plan(&call.actor, call.path.0, call.body.0, call.edition).await.map(Json)
}

async fn credentials(call: Call<One>) -> Result<Json<Page<CredentialView>>, AppError> {
    call.app.credentials(&call.actor, call.path.0, &call.page).await.map(Json)
}

async fn issue(call: Call<One>) -> Result<Json<IssuedKey>, AppError> {
    call.app.issue_key(&call.actor, call.path.0).await.map(Json)
}

/// Keys from another system.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ImportKeys {
    /// The keys.
    #[schemars(length(min = 1, max = 10_000))]
    keys: Vec<ImportedKey>,
}

async fn import(call: Call<One, (), Json<ImportKeys>>) -> Result<Json<Page<CredentialView>>, AppError> {
    let items = call.app.import_keys(&call.actor, call.path.0, call.body.0.keys).await?;
    Ok(Json(Page { items, next_cursor: None }))
}
