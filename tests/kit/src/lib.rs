//! The kit of the whole-product tests: a clock turned by hand, randomness from a seed, both databases, an application.

#![allow(clippy::expect_used, clippy::print_stderr, reason = "a kit that fails stops its test, and says why")]
#![allow(clippy::disallowed_methods, reason = "the kit reads where the test command put its servers")]

mod clock;
mod databases;
mod entropy;
mod people;

pub use clock::FakeClock;
pub use databases::{Database, databases};
pub use entropy::SeededEntropy;
pub use people::{PASSWORD, TestApp, app_on, app_options};
