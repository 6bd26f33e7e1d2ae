//! What the tests of accounts share.

#![allow(dead_code, unreachable_pub, reason = "each test program uses a part of it")]
#![allow(clippy::panic, reason = "a step that fails stops its test")]

use std::net::{IpAddr, Ipv4Addr};

use octroi_app::AppError;
use octroi_app::accounts::Registration;
use octroi_app::tokens::SignIn;
use octroi_domain::api::Language;
use octroi_testkit::{Database, TestApp, app_on, databases};

/// Where requests come from.
pub const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A password that nobody guesses.
pub const GOOD: &str = "brume tandem horloge violette";

/// Runs `test` on each database, with an application of its own.
pub async fn each_database(test: impl AsyncFn(&Database, TestApp)) {
    for db in databases().await {
        let app = app_on(&db.store).await;
        test(&db, app).await;
    }
}

/// The registration of Marie Curie, under this identifier and an address made from it.
pub fn registration(identifier: &str) -> Registration {
    Registration {
        email: format!("{identifier}@exemple.fr"),
        identifier: identifier.to_owned(),
        first_name: "Marie".into(),
        last_name: "Curie".into(),
        language: Language::Fr,
        password: GOOD.into(),
        accept_terms: true,
        next: None,
    }
}

/// A sign-in with [`GOOD`].
pub fn sign_in(login: &str) -> SignIn {
    sign_in_with(login, GOOD)
}

/// A sign-in.
pub fn sign_in_with(login: &str, password: &str) -> SignIn {
    SignIn {
        login: login.to_owned(),
        password: password.to_owned(),
        name: "test".into(),
        scopes: None,
        expires_in_days: None,
    }
}

/// The fields and rules of a refusal.
pub fn codes<T>(result: Result<T, AppError>) -> Vec<(String, &'static str)> {
    match result {
        Err(AppError::Invalid(violations)) => {
            violations.into_iter().map(|v| (v.field, v.rule.code())).collect()
        }
        Err(other) => panic!("another refusal: {other}"),
        Ok(_) => panic!("not refused"),
    }
}
