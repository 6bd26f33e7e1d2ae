//! Use cases. Each one authorises its actor, loads, lets the domain decide, writes, audits and enqueues, in one commit.
//!
//! Everything that a page, the management API or the command line can do is a method of [`App`], grouped by subject in
//! the modules below. No use case knows HTTP or HTML.

mod context;
mod error;
mod limiter;
pub mod page;
pub mod setup;
mod shared;
pub mod tokens;
pub mod vault;

pub use context::{App, AppOptions, Applied};
pub use error::{AppError, Conflict};
