//! Data plane: takes calls, asks the policy, forwards what is admitted, counts everything.
//!
//! `engine/` is the only place that names the proxy library. The way of a call: `engine::server` takes it and makes
//! its facts, [`pipeline`] asks the policy's stages, `engine::upstream` forwards what is admitted, [`meter`] counts it.
//! The gateway knows no database: what it serves comes through [`refresh::SnapshotSource`], what it counted leaves
//! through [`meter::UsageSink`].

pub mod access_log;
mod answer;
pub mod config;
mod engine;
mod forwarding;
mod lines;
pub mod meter;
pub mod metrics;
pub mod pipeline;
pub mod refresh;
pub mod resolve;
mod rewrite;
mod trace;

pub use config::{Engine, GatewayConfig, Ports, Timings};
pub use engine::{Gateway, MetricsHandle, StartError};

/// What a port gives back when it fails: any error, for the log.
pub type PortError = Box<dyn std::error::Error + Send + Sync>;
