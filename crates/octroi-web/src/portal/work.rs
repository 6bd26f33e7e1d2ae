//! Everything that somebody who calls APIs does after signing in: dashboard, applications, subscriptions, keys, usage.

mod application;
mod applications;
mod dashboard;
mod keycard;
mod keys;
mod offer;
mod plan;
mod steps;
mod subscribe;
mod subscriptions;
mod usage;
mod wizard;

use octroi_domain::application::ApplicationKind;

use super::route::PageRow;

pub(super) fn pages() -> Vec<PageRow> {
    let parts = [
        dashboard::pages,
        applications::pages,
        application::pages,
        wizard::pages,
        subscriptions::pages,
        keys::pages,
        plan::pages,
        subscribe::pages,
        usage::pages,
    ];
    parts.into_iter().flat_map(|pages| pages()).collect()
}

/// The letter that stands for an application without a picture.
fn initial(name: &str) -> String {
    name.trim().chars().next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default()
}

/// How an application shows who it is, as people say it.
const fn kind_word(kind: &ApplicationKind) -> &'static str {
    match kind {
        ApplicationKind::Simple => "kind-simple",
        ApplicationKind::BackendToBackend => "kind-backend",
    }
}
