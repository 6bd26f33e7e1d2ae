//! The testkit: the product in process, over a database of its own, with a clock that tests turn by hand and randomness
//! that comes out the same at every run.

mod backend;
mod catalogue;
mod clock;
mod entropy;
mod house;

pub use backend::{Backend, Database};
pub use catalogue::{Published, plan, sirene};
pub use clock::FakeClock;
pub use entropy::SeededEntropy;
pub use house::{House, PASSWORD, SYSTEM, app_on};

/// Makes of each `async fn name(house) { … }` two tests, `name::sqlite` and `name::postgres`: the same suite over every
/// database.
#[macro_export]
macro_rules! on_both {
    ($($(#[$attribute:meta])* async fn $name:ident($house:ident) $body:block)*) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            $(#[$attribute])*
            async fn run($house: &$crate::House) $body

            #[tokio::test]
            async fn sqlite() {
                run(&$crate::app_on($crate::Backend::Sqlite).await).await;
            }

            #[tokio::test]
            async fn postgres() {
                run(&$crate::app_on($crate::Backend::Postgres).await).await;
            }
        }
    )*};
}
