//! The kit of the whole-product tests: a clock turned by hand, randomness from a seed, both databases, an application.

#![allow(clippy::expect_used, clippy::print_stderr, reason = "a kit that fails stops its test, and says why")]
#![allow(clippy::disallowed_methods, reason = "the kit reads where the test command put its servers")]

mod catalogue;
mod clock;
mod consumer;
mod databases;
mod dump;
mod entropy;
mod gate;
mod house;
mod mailbox;
mod people;
mod picture;
mod raw;
mod refusals;

pub use catalogue::{Published, plan, sirene};
pub use clock::FakeClock;
pub use consumer::subscribe;
pub use databases::{Blank, Database, blank_databases, databases};
pub use entropy::SeededEntropy;
pub use gate::Gate;
pub use house::House;
pub use mailbox::{Mailbox, link_token, token_of};
pub use people::{PASSWORD, TestApp, app_on, app_options};
pub use picture::PNG;
pub use raw::Refusing;
pub use raw::meddle_at;
pub use refusals::{conflict, violations};
