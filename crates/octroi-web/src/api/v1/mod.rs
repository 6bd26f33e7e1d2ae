//! Version 1 of the management API: one file for each resource.

mod accounts;
mod apis;
mod applications;
mod credentials;
mod files;
mod invitations;
mod leaks;
mod operation;
mod organizations;
mod pages;
mod partners;
mod plans;
mod provided;
mod sessions;
mod subscriptions;
mod terms;
mod tickets;
mod tokens;
mod usage;

use super::route::Row;

/// The whole table.
pub(super) fn rows() -> Vec<Row> {
    let resources = [
        accounts::rows,
        invitations::rows,
        organizations::rows,
        partners::rows,
        tokens::rows,
        sessions::rows,
        apis::rows,
        plans::rows,
        pages::rows,
        applications::rows,
        subscriptions::rows,
        provided::rows,
        credentials::rows,
        leaks::rows,
        tickets::rows,
        usage::rows,
        terms::rows,
        operation::rows,
    ];
    resources.into_iter().flat_map(|rows| rows()).collect()
}
