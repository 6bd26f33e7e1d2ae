//! Sessions of browsers: where the person who acts is signed in, and ending one from afar.

use octroi_app::AppError;
use octroi_app::page::Page;
use octroi_app::sessions::SessionView;
use octroi_domain::ids::BrowserSessionId;
use octroi_domain::permission::Action;

use crate::api::call::{Call, Json};
use crate::api::route::{Row, delete, get};

const TAG: &str = "tokens";

pub(super) fn rows() -> Vec<Row> {
    vec![
        get("/api/v1/sessions", "listSessions", list)
            .says(TAG, "Browsers in which I am signed in, newest first")
            .permits(Action::AccountRead),
        delete("/api/v1/sessions/{session_id}", "endSession", end)
            .says(TAG, "Sign a browser out, at once and for good")
            .permits(Action::AccountUpdate),
    ]
}

async fn list(call: Call) -> Result<Json<Page<SessionView>>, AppError> {
    let items = call.app.sessions(&call.actor).await?;
    Ok(Json(Page { items, next_cursor: None }))
}

async fn end(call: Call<(BrowserSessionId,)>) -> Result<(), AppError> {
    call.app.end_session(&call.actor, call.path.0).await
}
