//! The whole product through its public doors, on SQLite and PostgreSQL.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod bad_input;
mod canary;
mod docs;
mod durability;
mod limit;
mod mail;
mod revocation;
mod row2;
