//! For each row of the table of pages, an address that it answers, a form that fits it, and whose object it is about.
//! A row without one fails the suite. One file for each part of the portal.

mod account;
mod general;
mod operator;
mod partners;
mod provider;
mod public;
mod tickets;
mod work;

use octroi_domain::permission::Parties;
use octroi_web::portal::PageRow;

use crate::fixtures::World;

/// What a page is asked, and whose object it is about.
pub(crate) struct Fixture {
    pub(crate) path: String,
    pub(crate) form: Vec<(&'static str, String)>,
    pub(crate) parties: Parties,
}

impl Fixture {
    /// A page about nothing in particular, or about the visitor's own things.
    pub(crate) fn page(path: impl Into<String>) -> Self {
        Self { path: path.into(), form: Vec::new(), parties: Parties::PORTAL }
    }

    pub(crate) fn form(mut self, pairs: &[(&'static str, &str)]) -> Self {
        self.form = pairs.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self
    }

    pub(crate) fn about(mut self, parties: Parties) -> Self {
        self.parties = parties;
        self
    }
}

/// The fixture of a row.
pub(crate) fn fixture(world: &World, row: &PageRow) -> Fixture {
    let parts = [
        general::fixture,
        public::fixture,
        account::fixture,
        tickets::fixture,
        provider::fixture,
        operator::fixture,
        partners::fixture,
        work::fixture,
    ];
    let found = parts.iter().find_map(|part| part(world, &row.method, row.path));
    found.unwrap_or_else(|| panic!("{row:?} has no fixture: add one, so that its permissions are tested"))
}
