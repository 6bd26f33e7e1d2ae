//! The management API: one table of routes, from which its router, its document and the test of its permissions come.

pub(crate) mod call;
mod dispatch;
pub mod openapi;
mod query;
mod replay;
pub(crate) mod route;
pub(crate) mod schema;
mod v1;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use axum::Extension;
use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on};
use http::header;

use crate::context::{Visit, Web};
use crate::problem::{Problem, ProblemCode};
pub use route::{Auth, Row};

/// Where the API begins.
pub const ROOT: &str = "/api/v1";

static TABLE: LazyLock<Vec<Row>> = LazyLock::new(v1::rows);

/// Every route of the management API.
pub fn route_table() -> &'static [Row] {
    &TABLE
}

/// The routes, and an answer for what is none.
pub(crate) fn router() -> Router<Arc<Web>> {
    let mut paths: BTreeMap<&'static str, Vec<&'static Row>> = BTreeMap::new();
    for row in route_table() {
        paths.entry(row.path).or_default().push(row);
    }
    let mut router = Router::new();
    for (path, rows) in paths {
        router = router.route(path, methods(&rows));
    }
    router.route("/api/v1/openapi.json", only("GET", axum::routing::get(openapi::serve)))
}

fn methods(rows: &[&'static Row]) -> MethodRouter<Arc<Web>> {
    let allowed = rows.iter().map(|row| row.method.as_str()).collect::<Vec<_>>().join(", ");
    let mut methods = MethodRouter::new();
    for row in rows.iter().copied() {
        let Ok(filter) = MethodFilter::try_from(row.method.clone()) else { continue };
        let handler =
            async move |State(web): State<Arc<Web>>, Extension(visit): Extension<Visit>, request: Request| {
                dispatch::serve(web, row, visit, request).await
            };
        methods = methods.merge(on(filter, handler));
    }
    only(&allowed, methods)
}

/// The same methods, with a problem for every other one.
pub(crate) fn only(allowed: &str, methods: MethodRouter<Arc<Web>>) -> MethodRouter<Arc<Web>> {
    let allowed = allowed.to_owned();
    methods.fallback(
        async move |State(web): State<Arc<Web>>, Extension(visit): Extension<Visit>| -> Response {
            let problem = Problem::new(ProblemCode::MethodNotAllowed).with("allowed", allowed.clone());
            visit.refuse(&web.app, &problem.header(header::ALLOW, &allowed))
        },
    )
}

/// The answer to a path that does not exist.
pub(crate) async fn unknown(
    State(web): State<Arc<Web>>,
    Extension(visit): Extension<Visit>,
    request: Request,
) -> Response {
    let accepted = request.headers().get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if accepted.contains("text/html") && !request.uri().path().starts_with("/api/") {
        return crate::portal::not_found(&visit);
    }
    visit.refuse(&web.app, &Problem::new(ProblemCode::NotFound))
}
