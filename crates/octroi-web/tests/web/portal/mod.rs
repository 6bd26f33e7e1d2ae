//! The portal's pages through HTTP, as a browser without scripts sees them.

mod browser;
mod fixtures;
mod links;
mod permissions;
mod queries;
mod sign_in;
