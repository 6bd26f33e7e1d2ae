//! The portal's pages through HTTP, as a browser without scripts sees them.

mod browser;
mod catalogue;
mod documentation;
mod fixtures;
mod home;
mod links;
mod operator;
mod permissions;
mod provider;
mod queries;
mod sign_in;
mod tickets;
