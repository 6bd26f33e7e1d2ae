//! Registering, confirming, forgetting and changing a password: links work once, and nobody learns whether an address
//! has an account.

#![allow(clippy::unwrap_used, reason = "a step that fails stops its test")]

mod common;

use std::time::Duration;

use common::{CLIENT, GOOD, codes, each_database, registration};
use octroi_app::accounts::{ChangePassword, Registration, ResetPassword, VerifyEmail};
use octroi_app::mail::{Mail, MailMessage};
use octroi_app::{AppError, Conflict};
use octroi_domain::account::AccountState;
use octroi_domain::actor::Actor;
use octroi_testkit::{Database, Mailbox, PASSWORD, TestApp, link_token};

const NOBODY: Actor = Actor::Anonymous;

async fn mails(test: &TestApp) -> Vec<Mail> {
    let mailbox = Mailbox::default();
    while test.app.run_due_jobs(&mailbox).await.unwrap() > 0 {}
    mailbox.take()
}

async fn only_mail(test: &TestApp) -> Mail {
    let mut all = mails(test).await;
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn is_spent<T>(result: Result<T, AppError>) -> bool {
    matches!(result, Err(AppError::Conflict(Conflict::LinkSpent)))
}

#[tokio::test]
async fn a_visitor_registers_confirms_and_signs_in() {
    each_database(async |db: &Database, test: TestApp| {
        test.app.register(&NOBODY, registration("marie")).await.unwrap();
        let refused = test.app.sign_in(CLIENT, common::sign_in("marie")).await;
        assert!(matches!(refused, Err(AppError::SignIn)), "{}", db.name);

        let mail = only_mail(&test).await;
        assert_eq!(mail.to, "marie@exemple.fr");
        let MailMessage::VerifyEmail { url, .. } = &mail.message else { panic!("another mail") };
        assert!(url.starts_with("http://portal.test/verify-email?token=octroi_lnk_"));
        let token = link_token(&mail);
        test.app.verify_email(VerifyEmail { token: token.clone() }).await.unwrap();
        assert!(is_spent(test.app.verify_email(VerifyEmail { token }).await));

        let signed_in = test.app.sign_in(CLIENT, common::sign_in("MARIE@exemple.fr")).await.unwrap();
        let (actor, _) = test.app.authenticate(&signed_in.token).await.unwrap();
        let me = test.app.me(&actor).await.unwrap();
        assert_eq!((me.identifier.as_str(), me.state), ("marie", AccountState::Active));
        let personal = test.app.organization(&actor, me.organization_id).await.unwrap();
        assert_eq!(personal.name, "Marie Curie");
        // Neither the password, nor the link, nor the token can be read in the database.
        let rows = db.texts("SELECT password_hash FROM accounts").await;
        assert!(rows[0].starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    })
    .await;
}

#[tokio::test]
async fn every_violation_is_named_at_once() {
    each_database(async |_: &Database, test: TestApp| {
        let wrong = Registration {
            email: "not an address".into(),
            identifier: "a b".into(),
            first_name: " ".into(),
            last_name: "x\u{202e}y".into(),
            password: "short".into(),
            accept_terms: false,
            ..registration("x")
        };
        let refused = test.app.register(&NOBODY, wrong).await;
        assert_eq!(
            codes(refused),
            [
                ("first_name".into(), "required"),
                ("last_name".into(), "control_character"),
                ("email".into(), "malformed"),
                ("identifier".into(), "malformed"),
                ("password".into(), "too_short"),
                ("accept_terms".into(), "required")
            ]
        );
        let guessable = Registration { password: "curiecurie2024".into(), ..registration("marie") };
        assert_eq!(codes(test.app.register(&NOBODY, guessable).await), [("password".into(), "guessable")]);
    })
    .await;
}

/// What a registration leaves behind, as somebody with the database in hand counts it.
async fn traces(db: &Database) -> (usize, usize) {
    let links = db.texts("SELECT id FROM links").await.len();
    (links, db.texts("SELECT action FROM audit").await.len())
}

#[tokio::test]
async fn a_known_address_is_answered_like_an_unknown_one() {
    each_database(async |db: &Database, test: TestApp| {
        test.person("marie", &[]).await;
        let before = traces(db).await;
        let known = Registration { email: "Marie@Exemple.FR".into(), ..registration("nouvelle") };
        test.app.register(&NOBODY, known.clone()).await.unwrap();
        let between = traces(db).await;
        let mail = only_mail(&test).await;
        assert_eq!(mail.to, "marie@exemple.fr");
        assert!(matches!(mail.message, MailMessage::AlreadyRegistered { .. }));
        let unknown = Registration { email: "autre@exemple.fr".into(), ..registration("encore") };
        test.app.register(&NOBODY, unknown.clone()).await.unwrap();
        let after = traces(db).await;
        assert_eq!((between.0 - before.0, between.1 - before.1), (after.0 - between.0, after.1 - between.1));
        assert!(matches!(only_mail(&test).await.message, MailMessage::VerifyEmail { .. }));

        // The identifier tells nothing either: in both cases it is taken for others and free for the same address.
        for registered in [known, unknown] {
            let stranger = Registration { email: "tiers@exemple.fr".into(), ..registered.clone() };
            let refused = test.app.register(&NOBODY, stranger).await;
            assert_eq!(codes(refused), [("identifier".into(), "taken")], "{}", db.name);
            test.app.register(&NOBODY, registered).await.unwrap();
        }

        for email in ["marie@exemple.fr", "nobody@exemple.fr"] {
            test.app.forgot_password(email).await.unwrap();
            test.app.resend_verification(email).await.unwrap();
        }
        assert_eq!(codes(test.app.forgot_password("nobody").await), [("email".into(), "malformed")]);
    })
    .await;
}

#[tokio::test]
async fn each_link_confirms_what_was_said_when_it_was_asked_for() {
    each_database(async |_: &Database, test: TestApp| {
        test.app.register(&NOBODY, registration("marie")).await.unwrap();
        let first = link_token(&only_mail(&test).await);
        let again = Registration { identifier: "mcurie".into(), ..registration("marie") };
        test.app.register(&NOBODY, again).await.unwrap();
        let second = link_token(&only_mail(&test).await);
        test.app.resend_verification("marie@exemple.fr").await.unwrap();
        let third = link_token(&only_mail(&test).await);
        let shown = |token: &str| {
            let (app, token) = (test.app.clone(), token.to_owned());
            async move { app.confirmed_by(&token).await.unwrap().unwrap().identifier }
        };
        assert_eq!(
            [shown(&first).await, shown(&second).await, shown(&third).await],
            ["marie", "mcurie", "mcurie"]
        );
        test.app.verify_email(VerifyEmail { token: third }).await.unwrap();
        for dead in [first, second] {
            assert!(is_spent(test.app.verify_email(VerifyEmail { token: dead }).await));
        }
        test.app.sign_in(CLIENT, common::sign_in("mcurie")).await.unwrap();
        // No mail for an account that waits for nothing.
        test.app.resend_verification("marie@exemple.fr").await.unwrap();
        assert_eq!(mails(&test).await, []);
    })
    .await;
}

#[tokio::test]
async fn nobody_gets_into_an_account_by_registering_its_address_once_more() {
    each_database(async |_: &Database, test: TestApp| {
        test.app.register(&NOBODY, registration("marie")).await.unwrap();
        let own = link_token(&only_mail(&test).await);
        let hostile = || Registration {
            identifier: "mechant".into(),
            password: "un autre mot de passe bien long".into(),
            ..registration("marie")
        };
        // More often than an address is written to: the last ones send nothing.
        for _ in 0..10 {
            test.app.register(&NOBODY, hostile()).await.unwrap();
        }
        mails(&test).await;
        test.app.verify_email(VerifyEmail { token: own }).await.unwrap();
        test.app.sign_in(CLIENT, common::sign_in("marie")).await.unwrap();
        let theirs = common::sign_in_with("marie@exemple.fr", "un autre mot de passe bien long");
        assert!(test.app.sign_in(CLIENT, theirs).await.is_err());
        assert!(test.app.sign_in(CLIENT, common::sign_in("mechant")).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn links_end_with_their_time() {
    each_database(async |_: &Database, test: TestApp| {
        test.app.register(&NOBODY, registration("marie")).await.unwrap();
        let token = link_token(&only_mail(&test).await);
        test.clock.advance(Duration::from_secs(24 * 3600));
        assert!(is_spent(test.app.verify_email(VerifyEmail { token: token.clone() }).await));
        for made_up in ["", "x", "octroi_lnk_", &token[..token.len() - 1], &token.replace("lnk", "mgt")] {
            assert!(
                is_spent(test.app.verify_email(VerifyEmail { token: made_up.into() }).await),
                "{made_up}"
            );
        }
        // A link for one purpose opens no other door.
        let reset = ResetPassword { token, password: GOOD.into() };
        assert!(is_spent(test.app.reset_password(reset).await));
        // Nobody confirmed: a week later the account is gone, and its address and identifier are free.
        test.clock.advance(Duration::from_secs(7 * 24 * 3600));
        test.app.sweep().await.unwrap();
        let other = Registration { email: "autre@exemple.fr".into(), ..registration("marie") };
        test.app.register(&NOBODY, other).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_once_and_every_token_ends() {
    each_database(async |_: &Database, test: TestApp| {
        test.person("marie", &[]).await;
        let token = test.app.sign_in(CLIENT, common::sign_in_with("marie", PASSWORD)).await.unwrap().token;
        test.app.forgot_password("marie@exemple.fr").await.unwrap();
        test.app.forgot_password("nobody@exemple.fr").await.unwrap();
        let mail = only_mail(&test).await;
        assert!(matches!(mail.message, MailMessage::ResetPassword { .. }));
        let link = link_token(&mail);
        let reset = |password: &str| ResetPassword { token: link.clone(), password: password.to_owned() };
        // A password that is refused does not use the link up.
        assert_eq!(codes(test.app.reset_password(reset("short")).await), [("password".into(), "too_short")]);
        test.app.reset_password(reset(GOOD)).await.unwrap();
        assert!(is_spent(test.app.reset_password(reset(GOOD)).await));
        assert!(matches!(test.app.authenticate(&token).await, Err(AppError::SignIn)));
        assert!(test.app.sign_in(CLIENT, common::sign_in_with("marie", PASSWORD)).await.is_err());
        test.app.sign_in(CLIENT, common::sign_in("marie")).await.unwrap();
        assert!(matches!(only_mail(&test).await.message, MailMessage::PasswordChanged { .. }));

        test.app.forgot_password("marie@exemple.fr").await.unwrap();
        let late = link_token(&only_mail(&test).await);
        test.clock.advance(Duration::from_secs(30 * 60));
        assert!(is_spent(
            test.app.reset_password(ResetPassword { token: late, password: GOOD.into() }).await
        ));
    })
    .await;
}

#[tokio::test]
async fn a_link_opened_twice_at_the_same_time_works_once() {
    each_database(async |db: &Database, test: TestApp| {
        test.app.register(&NOBODY, registration("marie")).await.unwrap();
        let token = link_token(&only_mail(&test).await);
        let tries = (0..6).map(|_| {
            let (app, token) = (test.app.clone(), token.clone());
            tokio::spawn(async move { app.verify_email(VerifyEmail { token }).await.is_ok() })
        });
        let mut worked = 0;
        for one in tries.collect::<Vec<_>>() {
            worked += usize::from(one.await.unwrap());
        }
        assert_eq!(worked, 1, "{}", db.name);
    })
    .await;
}

#[tokio::test]
async fn nobody_floods_a_mailbox() {
    each_database(async |_: &Database, test: TestApp| {
        test.person("marie", &[]).await;
        for _ in 0..20 {
            test.app.forgot_password("marie@exemple.fr").await.unwrap();
        }
        assert_eq!(mails(&test).await.len(), 5);
    })
    .await;
}

#[tokio::test]
async fn whoever_fills_one_measure_of_a_mailbox_keeps_nobody_from_their_account() {
    each_database(async |_: &Database, test: TestApp| {
        test.person("marie", &[]).await;
        for _ in 0..20 {
            let known = Registration { email: "marie@exemple.fr".into(), ..registration("autre") };
            test.app.register(&NOBODY, known).await.unwrap();
        }
        mails(&test).await;
        // Somebody asks all day: a link that is good is always among the mails.
        for _ in 0..24 {
            test.clock.advance(Duration::from_secs(30 * 60));
            test.app.forgot_password("marie@exemple.fr").await.unwrap();
            let sent = mails(&test).await;
            assert!(
                matches!(sent[..], [Mail { message: MailMessage::ResetPassword { .. }, .. }]),
                "{sent:?}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn changing_the_password_asks_for_the_present_one_and_ends_every_token() {
    each_database(async |_: &Database, test: TestApp| {
        let actor = test.person("marie", &[]).await;
        let token = test.app.sign_in(CLIENT, common::sign_in_with("marie", PASSWORD)).await.unwrap().token;
        let change = |current: &str| ChangePassword {
            current_password: current.to_owned(),
            new_password: GOOD.to_owned(),
        };
        let refused = test.app.change_password(&actor, CLIENT, change("another one entirely")).await;
        assert_eq!(codes(refused), [("current_password".into(), "wrong_password")]);
        test.app.authenticate(&token).await.unwrap();
        test.app.change_password(&actor, CLIENT, change(PASSWORD)).await.unwrap();
        assert!(matches!(test.app.authenticate(&token).await, Err(AppError::SignIn)));
        test.app.sign_in(CLIENT, common::sign_in("marie")).await.unwrap();
    })
    .await;
}
