//! Signing in and the tokens of the management API.

#![allow(clippy::unwrap_used, reason = "a step that fails stops its test")]

mod common;

use std::net::IpAddr;
use std::time::Duration;

use common::{CLIENT, codes, each_database, sign_in_with};
use octroi_app::tokens::{NewTokenRequest, SignIn};
use octroi_app::{AppError, Conflict};
use octroi_domain::account::PortalRole;
use octroi_domain::actor::{Actor, TokenScope};
use octroi_testkit::{Database, PASSWORD, TestApp};

const SYSTEM: Actor = Actor::System("test");

fn signs_in(result: Result<impl Sized, AppError>) -> &'static str {
    match result {
        Ok(_) => "in",
        Err(AppError::SignIn) => "refused",
        Err(AppError::TooMany(_)) => "wait",
        Err(_) => "another error",
    }
}

#[tokio::test]
async fn a_token_works_until_it_is_revoked_or_ends() {
    each_database(async |db: &Database, test: TestApp| {
        test.person("marie", &[]).await;
        let made = test.app.sign_in(CLIENT, sign_in_with("Marie", PASSWORD)).await.unwrap();
        let (actor, id) = test.app.authenticate(&made.token).await.unwrap();
        assert_eq!(id, made.view.id);
        assert!(made.token.starts_with("octroi_mgt_"));
        assert!(!format!("{made:?}").contains(&made.token));
        assert_eq!(test.app.tokens(&actor).await.unwrap().len(), 2, "{}", db.name);

        test.clock.advance(Duration::from_secs(30 * 24 * 3600 - 1));
        test.app.authenticate(&made.token).await.unwrap();
        test.clock.advance(Duration::from_secs(1));
        assert_eq!(signs_in(test.app.authenticate(&made.token).await), "refused");

        let second = test.app.sign_in(CLIENT, sign_in_with("marie", PASSWORD)).await.unwrap();
        let stranger = test.person("zoe", &[]).await;
        let hidden = test.app.revoke_token(&stranger, second.view.id).await;
        assert!(matches!(hidden, Err(AppError::NotFound)));
        test.app.revoke_token(&actor, second.view.id).await.unwrap();
        test.app.revoke_token(&actor, second.view.id).await.unwrap();
        for refused in [second.token.as_str(), "", "x", "octroi_mgt_", "octroi_key_", &"é".repeat(300)] {
            assert_eq!(signs_in(test.app.authenticate(refused).await), "refused", "{refused}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_suspended_account_is_refused_everywhere_at_once() {
    each_database(async |_: &Database, test: TestApp| {
        let actor = test.person("marie", &[]).await;
        let token = test.app.sign_in(CLIENT, sign_in_with("marie", PASSWORD)).await.unwrap().token;
        let id = actor.account_id().unwrap();
        test.app.suspend_account(&SYSTEM, id).await.unwrap();
        assert_eq!(signs_in(test.app.authenticate(&token).await), "refused");
        assert_eq!(signs_in(test.app.sign_in(CLIENT, sign_in_with("marie", PASSWORD)).await), "refused");
        test.app.resume_account(&SYSTEM, id).await.unwrap();
        assert_eq!(signs_in(test.app.authenticate(&token).await), "refused");
        assert_eq!(signs_in(test.app.sign_in(CLIENT, sign_in_with("marie", PASSWORD)).await), "in");
    })
    .await;
}

#[tokio::test]
async fn guessing_makes_one_wait_and_nobody_else() {
    each_database(async |_: &Database, test: TestApp| {
        test.person("marie", &[]).await;
        let other: IpAddr = "192.0.2.9".parse().unwrap();
        let wrong = || sign_in_with("marie", "a wrong one entirely");
        for _ in 0..5 {
            assert_eq!(signs_in(test.app.sign_in(CLIENT, wrong()).await), "refused");
        }
        // Even the right password waits now, from here; from elsewhere it does not.
        assert_eq!(signs_in(test.app.sign_in(CLIENT, sign_in_with("MARIE ", PASSWORD)).await), "wait");
        assert_eq!(signs_in(test.app.sign_in(other, sign_in_with("marie", PASSWORD)).await), "in");
        // The wait grows with each failure, and ends.
        let mut waits = Vec::new();
        for _ in 0..12 {
            let Err(AppError::TooMany(seconds)) = test.app.sign_in(CLIENT, wrong()).await else {
                panic!("no wait")
            };
            waits.push(seconds);
            test.clock.advance(Duration::from_secs(seconds.into()));
            assert_eq!(signs_in(test.app.sign_in(CLIENT, wrong()).await), "refused");
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
        test.clock.advance(Duration::from_secs(900));
        assert_eq!(signs_in(test.app.sign_in(CLIENT, sign_in_with("marie", PASSWORD)).await), "in");
        assert_eq!(signs_in(test.app.sign_in(CLIENT, wrong()).await), "refused");
    })
    .await;
}

#[tokio::test]
async fn signing_in_to_an_account_of_one_s_own_buys_no_tries_on_those_of_others() {
    let db = octroi_testkit::databases().await.remove(0);
    let test = octroi_testkit::app_on(&db.store).await;
    test.person("mallory", &[]).await;
    let mut refused = 0;
    for n in 0..60 {
        if n % 10 == 0 {
            let own = sign_in_with("mallory", PASSWORD);
            assert_eq!(signs_in(test.app.sign_in(CLIENT, own).await), "in");
        }
        let guess = sign_in_with(&format!("victim{n}"), "un mot de passe au hasard");
        match signs_in(test.app.sign_in(CLIENT, guess).await) {
            "refused" => refused += 1,
            other => {
                assert_eq!(other, "wait");
                break;
            }
        }
    }
    assert_eq!(refused, 51);
}

#[tokio::test]
async fn a_token_lends_no_more_than_it_has() {
    each_database(async |_: &Database, test: TestApp| {
        let admin = test.person("marie", &[PortalRole::Admin]).await;
        let request = |scopes: &[TokenScope]| NewTokenRequest {
            name: "ci".into(),
            scopes: scopes.to_vec(),
            expires_in_days: Some(1),
        };
        let made = test.app.create_token(&admin, request(&[TokenScope::Write])).await.unwrap();
        let (writer, _) = test.app.authenticate(&made.token).await.unwrap();
        assert!(!writer.has(PortalRole::Admin));
        let refused = test.app.create_token(&writer, request(&[TokenScope::Write, TokenScope::Reveal])).await;
        assert!(matches!(refused, Err(AppError::Scope(TokenScope::Reveal))));
        let reader = test.app.create_token(&writer, request(&[TokenScope::Read])).await.unwrap();
        let (reader, _) = test.app.authenticate(&reader.token).await.unwrap();
        let refused = test.app.create_token(&reader, request(&[TokenScope::Read])).await;
        assert!(matches!(refused, Err(AppError::Scope(TokenScope::Write))));
        // A token made by a token has shown no password.
        let Actor::Person(person) = &writer else { panic!("a person") };
        assert_eq!(person.signed_in_at, None);

        let bad = NewTokenRequest { name: " ".into(), scopes: vec![], expires_in_days: Some(366) };
        let refused = codes(test.app.create_token(&admin, bad).await);
        assert_eq!(
            refused,
            [
                ("name".into(), "required"),
                ("scopes".into(), "required"),
                ("expires_in_days".into(), "out_of_range")
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn showing_the_password_again_makes_the_sign_in_fresh() {
    each_database(async |_: &Database, test: TestApp| {
        test.person("marie", &[]).await;
        let made = test.app.sign_in(CLIENT, sign_in_with("marie", PASSWORD)).await.unwrap();
        test.clock.advance(Duration::from_secs(3600));
        let (actor, id) = test.app.authenticate(&made.token).await.unwrap();
        let wrong = test.app.confirm(&actor, CLIENT, id, "a wrong one entirely").await;
        assert_eq!(codes(wrong), [("password".into(), "wrong_password")]);
        test.app.confirm(&actor, CLIENT, id, PASSWORD).await.unwrap();
        let (Actor::Person(person), _) = test.app.authenticate(&made.token).await.unwrap() else {
            panic!("a person")
        };
        assert_eq!(person.signed_in_at, Some(test.app.now()));
    })
    .await;
}

#[tokio::test]
async fn the_last_use_is_known_to_the_minute() {
    each_database(async |_: &Database, test: TestApp| {
        test.person("marie", &[]).await;
        let made = test.app.sign_in(CLIENT, sign_in_with("marie", PASSWORD)).await.unwrap();
        let (actor, id) = test.app.authenticate(&made.token).await.unwrap();
        let first = test.app.now();
        let seen = async || {
            let tokens = test.app.tokens(&actor).await.unwrap();
            tokens.into_iter().find(|t| t.id == id).unwrap().last_used_at
        };
        assert_eq!(seen().await, Some(first));
        test.clock.advance(Duration::from_secs(59));
        test.app.authenticate(&made.token).await.unwrap();
        assert_eq!(seen().await, Some(first));
        test.clock.advance(Duration::from_secs(1));
        test.app.authenticate(&made.token).await.unwrap();
        assert_eq!(seen().await, Some(test.app.now()));
    })
    .await;
}

#[test]
fn a_sign_in_does_not_print_its_password() {
    let request: SignIn = sign_in_with("marie", PASSWORD);
    assert!(!format!("{request:?}").contains(PASSWORD));
}

#[tokio::test]
async fn a_token_makes_none_that_outlives_it() {
    each_database(async |_: &Database, test: TestApp| {
        test.person("marie", &[]).await;
        let short = SignIn { expires_in_days: Some(1), ..sign_in_with("marie", PASSWORD) };
        let first = test.app.sign_in(CLIENT, short).await.unwrap();
        let (actor, _) = test.app.authenticate(&first.token).await.unwrap();
        let further = NewTokenRequest {
            name: "Plus long".to_owned(),
            scopes: vec![TokenScope::Read],
            expires_in_days: Some(365),
        };
        let made = test.app.create_token(&actor, further).await.unwrap();
        assert_eq!(made.view.expires_at, first.view.expires_at);
    })
    .await;
}

#[tokio::test]
async fn the_last_administrator_who_can_sign_in_stays_one() {
    each_database(async |_: &Database, test: TestApp| {
        let ada = test.person("ada", &[PortalRole::Admin]).await;
        let id = ada.account_id().unwrap();
        let kept = |done: Result<(), AppError>| {
            assert!(matches!(done, Err(AppError::Conflict(Conflict::LastAdministrator))), "{done:?}");
        };
        kept(test.app.set_portal_roles(&ada, id, vec![PortalRole::Officer]).await.map(drop));
        kept(test.app.suspend_account(&ada, id).await.map(drop));
        kept(test.app.erase_account(&ada, id).await);
        test.app.set_portal_roles(&ada, id, vec![PortalRole::Admin, PortalRole::Officer]).await.unwrap();
        let second = test.person("grace", &[PortalRole::Admin]).await;
        test.app.suspend_account(&ada, second.account_id().unwrap()).await.unwrap();
        kept(test.app.set_portal_roles(&ada, id, vec![]).await.map(drop));
        test.app.resume_account(&ada, second.account_id().unwrap()).await.unwrap();
        test.app.set_portal_roles(&ada, id, vec![]).await.unwrap();
    })
    .await;
}
