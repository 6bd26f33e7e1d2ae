//! The real program, as people run it: each test starts the binary, on free ports and in folders of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper that fails fails its test")]
#![allow(clippy::disallowed_methods, reason = "real programs take real time and read the real environment")]

mod answers;
mod backup;
mod cli;
mod crash;
mod crowd;
mod demo;
mod doctor;
mod keys;
mod program;
