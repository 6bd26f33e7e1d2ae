//! The operator's side, on a listener of its own: is the process there, is it ready, what does it measure.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use octroi_app::App;
use octroi_gateway::MetricsHandle;
use octroi_gateway::refresh::AppliedRevision;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What the answers are made of.
#[derive(Clone)]
pub(super) struct Operator {
    /// The application.
    pub(super) app: App,
    /// The gateway of this process, where there is one.
    pub(super) gateway: Option<(AppliedRevision, MetricsHandle)>,
}

/// `/healthz`, `/readyz`, `/metrics`.
pub(super) fn router(operator: Operator) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(operator)
}

/// Ready to serve: the gateway has its snapshot. The portal also needs the database; a gateway that has its snapshot
/// serves on without.
async fn ready(State(operator): State<Operator>) -> Response {
    if let Some((applied, _)) = &operator.gateway {
        return match applied.now() {
            Some(_) => "ready\n".into_response(),
            None => (StatusCode::SERVICE_UNAVAILABLE, "the gateway has not read its snapshot yet\n")
                .into_response(),
        };
    }
    match operator.app.ready().await {
        Ok(()) => "ready\n".into_response(),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n").into_response(),
    }
}

async fn metrics(State(operator): State<Operator>) -> Response {
    let version = env!("CARGO_PKG_VERSION");
    let statements = operator.app.store().statements();
    let rest = operator.gateway.map_or_else(|| "# EOF\n".to_owned(), |(_, metrics)| metrics.text());
    let text = format!(
        "# HELP octroi_build The program.\n# TYPE octroi_build info\noctroi_build_info{{version=\"{version}\"}} 1\n\
         # HELP octroi_store_statements Statements run in the database.\n# TYPE octroi_store_statements counter\n\
         octroi_store_statements_total {statements}\n{rest}"
    );
    ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response()
}
