//! What a browser or an API client sees: the portal's pages, the management API, the OAuth2 endpoints,
//! health, and the sentences of problems and mails in French and English.
//!
//! No rule is decided here: every handler reads a request, calls one use case of `octroi-app` and writes the answer.

pub mod api;
mod auth;
mod context;
pub mod emails;
mod etag;
mod field;
mod form;
mod health;
mod idempotency;
mod locale;
mod markdown;
mod oauth;
pub mod portal;
mod problem;
mod reference;
mod search;
mod swagger;

use std::sync::{Arc, OnceLock};

use axum::Router;
use octroi_app::App;

use context::Web;
pub use context::{DemoMail, DemoSite, SamplePerson, TEXT_PAGES, Texts, WebOptions};
pub use problem::ProblemCode;

/// Everything that the portal serves. Serve it with
/// [`into_make_service_with_connect_info`](Router::into_make_service_with_connect_info), so that limits know who calls.
pub fn router(app: App, options: WebOptions) -> Router {
    let web = Arc::new(Web {
        app,
        options,
        turns: idempotency::Turns::default(),
        shelf: portal::Shelf::default(),
        document: OnceLock::new(),
    });
    Router::new()
        .merge(api::router())
        .merge(health::router())
        .merge(oauth::router())
        .merge(portal::router(&web))
        .fallback(api::unknown)
        .layer(axum::middleware::from_fn_with_state(Arc::clone(&web), context::surround))
        .with_state(web)
}
