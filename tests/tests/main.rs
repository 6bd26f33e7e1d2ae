//! The whole product through its public doors, on SQLite and PostgreSQL.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod canary;
mod limit;
mod revocation;
mod row2;
