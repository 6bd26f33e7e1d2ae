//! The portal's own terms of use.

use http::StatusCode;
use octroi_app::AppError;
use octroi_app::accounts::AccountView;
use octroi_app::terms::{NewTerms, TermsView};
use octroi_domain::permission::Action;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::api::call::{Call, Json};
use crate::api::route::{Row, get, post};
use crate::problem::ProblemCode;

const TAG: &str = "terms";

pub(super) fn rows() -> Vec<Row> {
    vec![
        get("/api/v1/terms", "getTerms", read)
            .says(TAG, "The terms of use in force; 404 where the portal has none")
            .open()
            .problems([ProblemCode::NotFound]),
        post("/api/v1/terms", "publishTerms", publish)
            .says(TAG, "Put a new version of the terms in force; every account is asked again")
            .permits(Action::AccountAdminister)
            .status(StatusCode::CREATED),
        post("/api/v1/terms/acceptances", "acceptTerms", accept)
            .says(TAG, "Accept the terms in force, for the account that acts")
            .permits(Action::AccountUpdate),
    ]
}

async fn read(call: Call) -> Result<Json<TermsView>, AppError> {
    call.app.current_terms().await?.map(Json).ok_or(AppError::NotFound)
}

async fn publish(call: Call<(), (), Json<NewTerms>>) -> Result<Json<TermsView>, AppError> {
    call.app.publish_terms(&call.actor, call.body.0).await.map(Json)
}

/// The version that is accepted.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Acceptance {
    /// The version in force.
    #[schemars(length(min = 1, max = 50))]
    version: String,
}

async fn accept(call: Call<(), (), Json<Acceptance>>) -> Result<Json<AccountView>, AppError> {
    call.app.accept_terms(&call.actor, &call.body.0.version).await.map(Json)
}
