//! Plans of an API. Their entity tag is the API's edition, which counts their changes too.

use octroi_app::AppError;
use octroi_app::catalog::PlanView;
use octroi_app::page::Page;
use octroi_domain::ids::{ApiId, PlanId};
use octroi_domain::permission::Action;
use octroi_domain::plan::PlanDefinition;

use crate::api::call::{Call, Json};
use crate::api::route::{Row, get, post, put};

const TAG: &str = "plans";

pub(super) fn rows() -> Vec<Row> {
    vec![
        get("/api/v1/apis/{api_id}/plans", "listPlans", list)
            .says(TAG, "Plans of an API, in the provider's order")
            .permits(Action::ApiRead),
        post("/api/v1/apis/{api_id}/plans", "createPlan", create)
            .says(TAG, "Add a plan to an API")
            .permits(Action::ApiManage)
            .if_match()
            .created("/api/v1/plans/{}", "/id"),
        get("/api/v1/plans/{plan_id}", "getPlan", read).says(TAG, "One plan").permits(Action::ApiRead),
        put("/api/v1/plans/{plan_id}", "updatePlan", update)
            .says(TAG, "Replace what a plan says; felt by the next call")
            .permits(Action::ApiManage)
            .if_match(),
        post("/api/v1/plans/{plan_id}/close", "closePlan", close)
            .says(TAG, "Let a plan take no new subscription")
            .permits(Action::ApiManage)
            .if_match(),
        post("/api/v1/plans/{plan_id}/reopen", "reopenPlan", reopen)
            .says(TAG, "Let a closed plan take new subscriptions again")
            .permits(Action::ApiManage)
            .if_match(),
    ]
}

type Shown = Result<Json<PlanView>, AppError>;

async fn list(call: Call<(ApiId,)>) -> Result<Json<Page<PlanView>>, AppError> {
    let items = call.app.plans(&call.actor, call.path.0).await?;
    Ok(Json(Page { items, next_cursor: None }))
}

async fn create(call: Call<(ApiId,), (), Json<PlanDefinition>>) -> Shown {
    call.app.create_plan(&call.actor, call.path.0, call.body.0, call.edition).await.map(Json)
}

async fn read(call: Call<(PlanId,)>) -> Shown {
    call.app.plan(&call.actor, call.path.0).await.map(Json)
}

async fn update(call: Call<(PlanId,), (), Json<PlanDefinition>>) -> Shown {
    call.app.update_plan(&call.actor, call.path.0, call.body.0, call.edition).await.map(Json)
}

async fn close(call: Call<(PlanId,)>) -> Shown {
    call.app.close_plan(&call.actor, call.path.0, call.edition).await.map(Json)
}

async fn reopen(call: Call<(PlanId,)>) -> Shown {
    call.app.reopen_plan(&call.actor, call.path.0, call.edition).await.map(Json)
}
