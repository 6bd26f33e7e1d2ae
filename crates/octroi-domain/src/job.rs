//! Jobs of the work queue: what goes on after the answer.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a job is in its life. One that is done is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Waits for its time.
    Ready,
    /// Leased to a worker; anybody's again once the lease has run out.
    Running,
    /// Failed too often, or for good: waits for a person.
    Dead,
}
