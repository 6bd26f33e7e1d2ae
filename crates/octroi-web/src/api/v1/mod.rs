//! Version 1 of the management API: one file for each resource.

mod tokens;

use super::route::Row;

/// The whole table.
pub(super) fn rows() -> Vec<Row> {
    [tokens::rows()].into_iter().flatten().collect()
}
