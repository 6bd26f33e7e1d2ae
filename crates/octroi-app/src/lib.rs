//! Use cases. Each one authorises its actor, loads, lets the domain decide, writes, audits and enqueues, in one commit.
//!
//! Everything that a page, the management API or the command line can do is a method of [`App`], grouped by subject in
//! the modules below. No use case knows HTTP or HTML.

mod access;
pub mod accounts;
pub mod applications;
pub mod audit;
pub mod catalog;
mod context;
pub mod credentials;
pub mod dashboard;
pub mod drafts;
mod error;
pub mod feed;
pub mod idempotency;
pub mod jobs;
pub mod leaks;
mod limiter;
mod links;
pub mod mail;
mod notices;
pub mod oauth;
pub mod organizations;
pub mod page;
pub mod partners;
pub mod picture;
pub mod provided;
pub mod sessions;
pub mod setup;
mod shared;
pub mod subscriptions;
mod sweep;
pub mod terms;
pub mod tickets;
pub mod tokens;
pub mod usage;
pub mod vault;

pub use context::{App, AppOptions, Applied};
pub use error::{AppError, Conflict};
