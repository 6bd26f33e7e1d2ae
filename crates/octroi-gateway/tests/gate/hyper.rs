//! The suite of `main.rs` by the complete road alone: the gateway through its public doors: real sockets, a clock turned by hand, upstreams that record every byte.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod common;
mod connections;
mod forwarding;
mod review;
mod rewriting;
mod row_two;
mod strict;
mod tokens;
mod upstreams;

const ENGINE: octroi_gateway::Engine = octroi_gateway::Engine::Hyper;
