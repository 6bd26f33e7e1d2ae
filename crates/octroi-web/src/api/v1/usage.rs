//! Calls that were counted.

use octroi_app::AppError;
use octroi_app::usage::{UsageQuery, UsageView};
use octroi_domain::permission::Action;

use crate::api::call::{Call, Json};
use crate::api::route::{Row, get};

pub(super) fn rows() -> Vec<Row> {
    vec![
        get("/api/v1/usage", "getUsage", read)
            .says("usage", "Calls of one subscription, application or API, span by span")
            .permits(Action::UsageRead),
    ]
}

async fn read(call: Call<(), UsageQuery>) -> Result<Json<UsageView>, AppError> {
    call.app.usage(&call.actor, &call.query).await.map(Json)
}
