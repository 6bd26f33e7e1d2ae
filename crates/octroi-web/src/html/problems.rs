//! A page for each problem code: where a problem document's `type` leads.

use std::sync::Arc;

use axum::extract::{Path, Request};
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use http::StatusCode;

use super::{Shell, message, not_found};
use crate::api::only;
use crate::context::{Visit, Web};
use crate::problem::ProblemCode;

pub(super) fn router() -> Router<Arc<Web>> {
    Router::new().route("/problems/{code}", only("GET", get(explain)))
}

async fn explain(Extension(visit): Extension<Visit>, Path(code): Path<String>, request: Request) -> Response {
    let Some(known) = ProblemCode::from_code(&code) else { return not_found(&visit, request.uri()) };
    let shell = Shell::of(&visit, &request);
    let (title, text) = (shell.say(known.code()), shell.say(&format!("{}.general", known.code())));
    let text = if text.ends_with(".general") { shell.say(&format!("{}.detail", known.code())) } else { text };
    message(StatusCode::OK, &shell, format!("{} · {}", known.status().as_u16(), title), text)
}
