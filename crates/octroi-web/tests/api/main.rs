//! The management API through HTTP, on both databases. Every answer of every test is held against the published
//! document: its status, its content type, its body.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that fails says where")]

mod door;
mod fixtures;
mod hostile;
mod pages;
mod permissions;
mod protocol;
mod walk;
