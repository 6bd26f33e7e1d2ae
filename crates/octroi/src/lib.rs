//! The program: reads configuration and environment, wires the parts together, and is what people type at.

pub mod ambient;
pub mod config;
pub mod demo;
pub mod keys;
pub mod telemetry;
