//! Words and rules of Octroi.
//!
//! Everything here is pure: no input or output, no clock, no ambient randomness, no async. Time comes in as a
//! [`time::Timestamp`], randomness through [`time::Entropy`]. The names are those of the field and are used
//! alike in the code, the API and the pages.

pub mod account;
pub mod actor;
pub mod api;
pub mod application;
pub mod audit;
pub mod credential;
pub mod ids;
pub mod job;
pub mod organization;
pub mod page;
pub mod patterns;
pub mod permission;
pub mod plan;
pub mod subscription;
pub mod ticket;
pub mod time;
pub mod validate;
