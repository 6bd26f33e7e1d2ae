//! The management API and the portal's pages through HTTP, on both databases. Every answer of the API is held against
//! the published document: its status, its content type, its body.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that fails says where")]

mod door;
mod fixtures;
mod hostile;
mod permissions;
mod portal;
mod protocol;
mod walk;
