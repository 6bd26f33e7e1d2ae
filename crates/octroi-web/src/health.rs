//! Whether the portal lives, and whether it can serve.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use http::{StatusCode, header};
use serde_json::json;

use crate::api::only;
use crate::context::Web;

pub(crate) fn router() -> Router<Arc<Web>> {
    Router::new()
        .route("/healthz", only("GET", axum::routing::get(alive)))
        .route("/readyz", only("GET", axum::routing::get(ready)))
}

/// The process answers.
async fn alive() -> Json<serde_json::Value> {
    Json(json!({"status": "ok"}))
}

/// The database answers too. What is wrong with it goes to the log.
async fn ready(State(web): State<Arc<Web>>) -> Response {
    match web.app.ready().await {
        Ok(()) => Json(json!({"status": "ready"})).into_response(),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            let body = Json(json!({"status": "unavailable", "database": "does not answer"}));
            (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")], body).into_response()
        }
    }
}
