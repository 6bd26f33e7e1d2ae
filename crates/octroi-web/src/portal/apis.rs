//! The catalogue and the pages of an API: general information, documentation, reference, console, contact, terms.
//!
//! An API's pages have one address for each version, `/apis/{slug}/{version}/…`; `/apis/{slug}` is the version that
//! somebody means who names none. What a visitor does not see in the catalogue does not exist at any of them.

mod catalogue;
mod console;
mod documentation;
mod frame;
mod general;
mod reference;
pub(super) mod words;

use super::route::{Access, PageRow, get};

pub(super) use catalogue::CardWords;
pub(super) use documentation::source;
pub(crate) use frame::{Frame, Tab};

pub(super) fn pages() -> Vec<PageRow> {
    vec![
        get("/apis", Access::Anybody, catalogue::list),
        get("/apis/{slug}", Access::Anybody, general::latest),
        get("/apis/{slug}/{version}", Access::Anybody, general::show),
        get("/apis/{slug}/{version}/picture", Access::Anybody, general::picture),
        get("/apis/{slug}/{version}/contact", Access::Anybody, general::contact),
        get("/apis/{slug}/{version}/terms", Access::Anybody, general::terms),
        get("/apis/{slug}/{version}/documentation", Access::Anybody, documentation::begin),
        get("/apis/{slug}/{version}/documentation.md", Access::Anybody, documentation::index),
        get("/apis/{slug}/{version}/documentation/{page}", Access::Anybody, documentation::show),
        get("/apis/{slug}/{version}/reference", Access::Anybody, reference::index),
        get("/apis/{slug}/{version}/reference/{operation}", Access::Anybody, reference::operation),
        get("/apis/{slug}/{version}/console", Access::Anybody, console::show),
        get("/apis/{slug}/{version}/openapi.json", Access::Anybody, console::document),
    ]
}
