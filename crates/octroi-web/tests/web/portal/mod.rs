//! The portal's pages through HTTP, as a browser without scripts sees them.

mod browser;
mod fixtures;
mod links;
mod permissions;
mod sign_in;
mod work;
mod work_keys;
mod work_wizard;
