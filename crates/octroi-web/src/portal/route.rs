//! The table of pages: everything that the router, the gate before every page and the test of permissions need to know
//! of one. A page exists only as a row.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter, on};
use http::Method;
use octroi_domain::permission::{Action, Relation};

use crate::api::only;
use crate::context::Web;

/// Who may knock at a page, before its use case asks the table of permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Anybody,
    /// Somebody who has signed in; what the page shows is that person's own.
    SignedIn,
    /// Whoever the table of permissions lets do this to the object that the address names.
    May(Action),
}

impl Access {
    /// Whether somebody must have signed in.
    pub fn asks_sign_in(self) -> bool {
        match self {
            Self::Anybody => false,
            Self::SignedIn => true,
            Self::May(action) => !action.allowed().contains(&Relation::Anybody),
        }
    }
}

/// A page, or what a form on it does.
pub struct PageRow {
    /// GET for what is shown, POST for what a form does.
    pub method: Method,
    /// The path, with names in braces.
    pub path: &'static str,
    /// Who may knock.
    pub access: Access,
    handler: MethodRouter<Arc<Web>>,
}

impl std::fmt::Debug for PageRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// A page.
pub(super) fn get<H, T>(path: &'static str, access: Access, handler: H) -> PageRow
where
    H: Handler<T, Arc<Web>>,
    T: 'static,
{
    PageRow { method: Method::GET, path, access, handler: on(MethodFilter::GET, handler) }
}

/// What a form does.
pub(super) fn post<H, T>(path: &'static str, access: Access, handler: H) -> PageRow
where
    H: Handler<T, Arc<Web>>,
    T: 'static,
{
    PageRow { method: Method::POST, path, access, handler: on(MethodFilter::POST, handler) }
}

static TABLE: LazyLock<Vec<PageRow>> = LazyLock::new(super::pages);

static ACCESS: LazyLock<HashMap<(&'static str, &'static str), Access>> =
    LazyLock::new(|| TABLE.iter().map(|row| ((row.path, row.method.as_str()), row.access)).collect());

/// Every page of the portal.
pub fn page_table() -> &'static [PageRow] {
    &TABLE
}

/// Who may knock at the page with this path of the table. HEAD is GET without its body.
pub(super) fn access(path: &str, method: &Method) -> Option<Access> {
    let method = if method == Method::HEAD { Method::GET } else { method.clone() };
    ACCESS.get(&(path, method.as_str())).copied()
}

/// The routes of the table.
pub(super) fn router() -> Router<Arc<Web>> {
    let mut paths: BTreeMap<&'static str, Vec<&PageRow>> = BTreeMap::new();
    for row in page_table() {
        paths.entry(row.path).or_default().push(row);
    }
    let mut router = Router::new();
    for (path, rows) in paths {
        let allowed = rows.iter().map(|row| row.method.as_str()).collect::<Vec<_>>().join(", ");
        let methods = rows.iter().fold(MethodRouter::new(), |all, row| all.merge(row.handler.clone()));
        router = router.route(path, only(&allowed, methods));
    }
    router
}
