//! Whole-product tests stand in `tests/`, one file for each row, promise or door. What only needs use cases and the
//! database stands in `crates/octroi-app/tests` and `crates/octroi-store/tests`. All share `octroi-testkit`.

pub use octroi_testkit::*;
