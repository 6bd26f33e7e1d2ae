//! The pure decision on a call: (snapshot, facts, now) in, decision out. No input or output, no clock.
//!
//! A call walks through [`stages`] in one order; each stage takes the state that the stage before it made, and nobody
//! else can make one, so a skipped check does not compile.

pub mod catalogue;
pub mod cors;
pub mod dialect;
pub mod explain;
pub mod facts;
pub mod feed;
pub mod keys;
pub mod limit;
pub mod outcome;
pub mod path;
pub mod query;
pub mod snapshot;
pub mod stages;
pub mod token;

#[cfg(test)]
mod testing;

pub use facts::{Headers, RequestFacts};
pub use outcome::{Fault, Outcome};
pub use snapshot::Snapshot;
pub use stages::{Admitted, Caller, Pass, Refusal};

use octroi_domain::credential::{Instance, Peppers};

/// All that a decision needs beside the facts of the call.
pub struct Policy {
    /// What is known of APIs and credentials.
    pub snapshot: Snapshot,
    /// The name that begins every secret of this installation.
    pub instance: Instance,
    /// What secrets are digested under.
    pub peppers: Peppers,
    /// Origins of the portal's own pages, let in by every API.
    pub portal_origins: Vec<String>,
}
