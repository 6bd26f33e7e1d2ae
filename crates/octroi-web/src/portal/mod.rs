//! Pages for people, written on the server; they work without scripts. See README.md beside this file.

mod account;
mod answer;
mod answers;
mod apis;
mod assets;
mod badges;
mod chart;
mod cookies;
mod demo;
mod documentation;
mod errors;
mod fields;
mod gate;
mod home;
mod leak;
mod links;
mod lists;
mod operator;
mod partners;
mod path;
mod periods;
mod problems;
mod programs;
mod provider;
mod refused;
mod register;
mod route;
mod shell;
mod sign_in;
mod style;
mod terms;
mod texts;
mod tickets;
mod visitor;
mod when;
mod work;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;

use crate::context::Web;

pub(crate) use answer::not_found;
pub(crate) use answers::Shelf;
pub(crate) use assets::accepts_gzip;
pub use route::{Access, PageRow, page_table};
pub(crate) use shell::Shell;

/// Every page: the table is put together here.
fn pages() -> Vec<PageRow> {
    let parts = [
        home::pages,
        sign_in::pages,
        register::pages,
        account::pages,
        terms::pages,
        links::pages,
        leak::pages,
        texts::pages,
        problems::pages,
        demo::pages,
        style::pages,
        apis::pages,
        documentation::pages,
        errors::pages,
        tickets::pages,
        provider::pages,
        operator::pages,
        partners::pages,
        work::pages,
    ];
    parts.into_iter().flat_map(|pages| pages()).collect()
}

/// The pages, each behind the gate, and the files that they load.
pub(crate) fn router(web: &Arc<Web>) -> Router<Arc<Web>> {
    route::router()
        .route_layer(from_fn_with_state(Arc::clone(web), gate::gate))
        .merge(assets::router())
        .merge(programs::router())
}
