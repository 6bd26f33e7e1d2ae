//! Whole-product tests stand in `tests/`, one file for each row, promise or door. What only needs use cases and the
//! database stands in `crates/octroi-app/tests` and `crates/octroi-store/tests`. All share `octroi-testkit`; what only
//! tests of the whole product need, the product itself in service and the real program, is here.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a kit that fails stops its test, and says why")]
#![allow(clippy::disallowed_methods, reason = "the kit reads where the test command put the program")]

mod http;
mod live;
mod mails;
mod people;
mod program;
mod smtp;
mod upstream;

pub use http::{Answer, call, exchange};
pub use live::{Live, address};
pub use octroi_testkit::*;
pub use people::{Consumer, Person};
pub use program::Program;
pub use smtp::SmtpServer;
pub use upstream::Upstream;

/// The header in which API Sirene takes its key.
pub const KEY_HEADER: &str = "X-INSEE-Api-Key-Integration";

/// A call to API Sirene that its upstream answers.
pub const SIRET: &str = "/api-sirene/3.11/siret/99990100200017";

/// Asks until there is an answer: for what another task does in its own time. Ends the test after 20 seconds.
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut ask: impl FnMut() -> F) -> T {
    let asking = async {
        loop {
            if let Some(found) = ask().await {
                return found;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), asking).await.expect(what)
}
