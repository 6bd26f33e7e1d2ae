//! Pages for people, written on the server; they work without scripts. See README.md beside this file.

mod answer;
mod assets;
mod badges;
mod chart;
mod cookies;
mod fields;
mod gate;
mod home;
mod links;
mod lists;
mod path;
mod problems;
mod route;
mod shell;
mod sign_in;
mod terms;
mod visitor;
mod when;
mod work;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;

use crate::context::Web;

pub(crate) use answer::not_found;
pub use route::{Access, PageRow, page_table};

/// Every page: the table is put together here.
fn pages() -> Vec<PageRow> {
    let parts = [home::pages, sign_in::pages, terms::pages, links::pages, problems::pages, work::pages];
    parts.into_iter().flat_map(|pages| pages()).collect()
}

/// The pages, each behind the gate, and the files that they load.
pub(crate) fn router(web: &Arc<Web>) -> Router<Arc<Web>> {
    route::router()
        .route_layer(from_fn_with_state(Arc::clone(web), gate::gate))
        .merge(assets::router())
        .merge(home::machine_router())
}
