//! The portal's pages through HTTP, as a browser without scripts sees them.

mod browser;
mod catalogue;
mod documentation;
mod fixtures;
mod home;
mod links;
mod permissions;
mod sign_in;
