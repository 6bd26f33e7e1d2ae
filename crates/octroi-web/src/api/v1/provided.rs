//! What a provider sees of its APIs at a glance, and of those who subscribed.

use octroi_app::AppError;
use octroi_app::page::Page;
use octroi_app::provided::{ProvidedApiView, SubscriberFilter, SubscriberView};
use octroi_domain::permission::Action;

use crate::api::call::{Call, Json};
use crate::api::route::{Row, get};

pub(super) fn rows() -> Vec<Row> {
    vec![
        get("/api/v1/provided-apis", "listProvidedApis", apis)
            .says("apis", "APIs of my organizations, and what waits there, oldest first")
            .permits(Action::SubscriptionRead)
            .paged(),
        get("/api/v1/subscribers", "listSubscribers", subscribers)
            .says("subscriptions", "Who subscribed to an API that I provide, newest first")
            .permits(Action::SubscriptionRead)
            .paged(),
    ]
}

async fn apis(call: Call) -> Result<Json<Page<ProvidedApiView>>, AppError> {
    call.app.provided_apis(&call.actor, &call.page).await.map(Json)
}

async fn subscribers(call: Call<(), SubscriberFilter>) -> Result<Json<Page<SubscriberView>>, AppError> {
    call.app.subscribers(&call.actor, &call.query, &call.page).await.map(Json)
}
