//! The program: reads configuration and environment, wires the parts together, and is what people type at.

pub mod access_log;
pub mod ambient;
pub mod backup;
pub mod cli;
pub mod config;
mod database;
pub mod demo;
pub mod descriptors;
pub mod foundation;
pub mod keys;
pub mod mail;
pub mod product;
mod signals;
pub mod telemetry;
mod texts;
