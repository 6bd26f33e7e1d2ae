//! Reports of keys that leaked.

use http::StatusCode;
use octroi_app::AppError;
use octroi_app::leaks::LeakReport;
use octroi_domain::permission::Action;

use crate::api::call::{Call, Json};
use crate::api::route::{Row, post};
use crate::problem::ProblemCode;

pub(super) fn rows() -> Vec<Row> {
    vec![
        post("/api/v1/leaks", "reportLeak", report)
            .says("credentials", "Report a key, client secret or management token that was found where it should not be")
            .more("The same answer whether it is one of ours. One of ours is stopped at once, and its owner is told.")
            .permits(Action::LeakReport)
            .open()
            .problems([ProblemCode::TooMany])
            .status(StatusCode::ACCEPTED),
    ]
}

async fn report(call: Call<(), (), Json<LeakReport>>) -> Result<(), AppError> {
    call.app.admit_visitor(call.client)?;
    call.app.report_leak(call.body.0).await
}
