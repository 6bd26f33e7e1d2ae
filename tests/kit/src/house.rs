//! A database and an application on it, for tests that need both at hand.

use std::ops::Deref;

use crate::{Database, TestApp, app_on};

/// An application and its database.
pub struct House {
    /// The application.
    pub kit: TestApp,
    /// Its database.
    pub database: Database,
}

impl House {
    /// An application on this database.
    pub async fn on(database: Database) -> Self {
        Self { kit: app_on(&database.store).await, database }
    }
}

impl Deref for House {
    type Target = TestApp;
    fn deref(&self) -> &TestApp {
        &self.kit
    }
}

/// Makes of each `async fn name(house) { … }` a test that runs on every kind of database.
#[macro_export]
macro_rules! on_both {
    ($($(#[$attribute:meta])* async fn $name:ident($house:ident) $body:block)*) => {$(
        $(#[$attribute])*
        #[tokio::test]
        async fn $name() {
            for database in $crate::databases().await {
                let house = $crate::House::on(database).await;
                let $house = &house;
                $body
            }
        }
    )*};
}
