//! The portal's pages through HTTP, as a browser without scripts sees them.

mod account;
mod browser;
mod catalogue;
mod demo;
mod documentation;
mod fixtures;
mod home;
mod links;
mod operator;
mod organizations;
mod partners;
mod permissions;
mod provider;
mod queries;
mod register;
mod sign_in;
mod texts;
mod tickets;
mod work;
mod work_keys;
mod work_wizard;
