//! Keys that leaked: stopped at once by whoever reports them, their owners told, and nothing told to the reporter.

#![allow(clippy::unwrap_used, reason = "a test that fails stops here")]

use octroi_app::App;
use octroi_app::AppOptions;
use octroi_app::leaks::{LeakAction, LeakReport};
use octroi_app::mail::MailMessage;
use octroi_app::partners::{IssueToPartner, NewPartner};
use octroi_app::sessions::OpenSession;
use octroi_app::tokens::NewTokenRequest;
use octroi_domain::account::PortalRole;
use octroi_domain::actor::{Actor, TokenScope};
use octroi_domain::organization::Role;
use octroi_testkit::{Gate, House, Mailbox, PASSWORD, app_options, on_both, plan, token_of, violations};
use serde_json::json;
use std::net::Ipv4Addr;

fn found(secret: &str) -> LeakReport {
    LeakReport { secret: secret.to_owned(), place: "https://exemple.org/depot".to_owned() }
}

async fn mails(house: &House) -> Vec<(String, MailMessage)> {
    let mailbox = Mailbox::default();
    while house.app.run_due_jobs(&mailbox).await.unwrap() > 0 {}
    let mut mails: Vec<_> = mailbox.take().into_iter().map(|mail| (mail.to, mail.message)).collect();
    mails.sort_by(|a, b| a.0.cmp(&b.0));
    mails
}

on_both! {
    async fn a_key_that_leaked_is_paused_and_its_owner_told_once(house) {
        let sirene = house.publish(json!({}), vec![plan("public", json!({}))]).await;
        let gate = Gate::open(house).await;
        let ada = house.person("ada", &[]).await;
        let app = house.application(&ada, "Mon application").await;
        let (_, key) = house.subscribed(&ada, app.id, sirene.plan_id(0)).await;
        mails(house).await;
        assert_eq!(gate.call(house, &key.secret).await, "admitted");
        house.app.report_leak(found(&format!("  {} ", key.secret))).await.unwrap();
        assert_eq!(gate.call(house, &key.secret).await, "credential_paused");
        let told = mails(house).await;
        assert_eq!(told.len(), 1);
        let (to, MailMessage::KeyLeaked { revoked, place, hint, .. }) = &told[0] else {
            unreachable!("another mail");
        };
        assert_eq!((to.as_str(), *revoked, place.as_str()), ("ada@exemple.fr", false, "https://exemple.org/depot"));
        assert!(key.secret.ends_with(hint.as_str()));
        // Again: nothing more to stop, nobody told twice.
        house.app.report_leak(found(&key.secret)).await.unwrap();
        assert_eq!(mails(house).await.len(), 0);
        // A false alarm: its owner lets it go on.
        house.app.resume_credential(&ada, key.credential.id).await.unwrap();
        assert_eq!(gate.call(house, &key.secret).await, "admitted");
        // The trail says that it was a report, and never holds the key.
        assert!(!house.database.dump().await.contains(&key.secret));
    }

    async fn the_portal_may_revoke_instead(house) {
        let sirene = house.publish(json!({}), vec![plan("public", json!({}))]).await;
        let gate = Gate::open(house).await;
        let ada = house.person("ada", &[]).await;
        let app = house.application(&ada, "Mon application").await;
        let (_, key) = house.subscribed(&ada, app.id, sirene.plan_id(0)).await;
        let options = app_options(house.database.store.clone(), &house.clock);
        let strict = App::new(AppOptions { leaks: LeakAction::Revoke, ..options });
        strict.report_leak(found(&key.secret)).await.unwrap();
        assert_eq!(gate.call(house, &key.secret).await, "credential_revoked");
    }

    async fn the_officer_of_a_partner_is_told_too(house) {
        let sirene = house.publish(json!({}), vec![plan("partenaire", json!({"validation": "officer"}))]).await;
        let odile = house.person("odile", &[PortalRole::Officer]).await;
        let new = NewPartner { name: "Les Bénévoles".into(), slug: "benevoles".into() };
        let partner = house.app.create_partner(&odile, new).await.unwrap().partner.id;
        let issue = IssueToPartner { plan_id: sirene.plan_id(0) };
        let issued = house.app.issue_partner_key(&odile, partner, issue).await.unwrap();
        let zoe = house.person("zoe", &[]).await;
        let system = Actor::System("test");
        house.app.ensure_member(&system, partner, zoe.account_id().unwrap(), Role::Developer).await.unwrap();
        let zoe = house.sign_in("zoe").await;
        let key = house.app.reveal_credential(&zoe, issued.key.unwrap().id).await.unwrap();
        mails(house).await;
        house.app.report_leak(found(&key.secret)).await.unwrap();
        let told = mails(house).await;
        let url = |message: &MailMessage| match message {
            MailMessage::KeyLeaked { url, .. } => url.clone(),
            _ => String::new(),
        };
        assert_eq!(told.iter().map(|(to, _)| to.as_str()).collect::<Vec<_>>(), ["odile@exemple.fr", "zoe@exemple.fr"]);
        assert!(url(&told[0].1).contains("/partners/") && url(&told[1].1).contains("/applications/"));
    }

    async fn a_management_token_that_leaked_is_revoked(house) {
        let ada = house.person("ada", &[]).await;
        let request = NewTokenRequest { name: "Outil".into(), scopes: vec![TokenScope::Read], expires_in_days: None };
        let token = house.app.create_token(&ada, request).await.unwrap();
        house.app.report_leak(found(&token.token)).await.unwrap();
        assert!(house.app.authenticate(&token.token).await.is_err());
        assert!(matches!(mails(house).await.as_slice(), [(_, MailMessage::TokenLeaked { .. })]));
    }

    async fn a_session_or_a_link_that_leaked_opens_nothing_more(house) {
        house.person("ada", &[]).await;
        let request = OpenSession {
            login: "ada".into(), password: PASSWORD.into(), remember: false, agent: String::new(),
        };
        let cookie = house.app.open_session(Ipv4Addr::LOCALHOST.into(), request).await.unwrap().secret;
        assert!(house.app.recognise(&cookie).await.unwrap().is_some());
        house.app.report_leak(found(&cookie)).await.unwrap();
        assert!(house.app.recognise(&cookie).await.unwrap().is_none());

        let chief = house.person("chef", &[PortalRole::Admin]).await;
        let link = house.app.admin_invite(&chief, "autre@exemple.fr", vec![]).await;
        let token = token_of(&link.unwrap().url);
        house.app.report_leak(found(&token)).await.unwrap();
        assert!(house.app.invitation(&token).await.is_err());
    }

    async fn what_never_was_changes_nothing_and_is_answered_alike(house) {
        let before = house.database.dump().await;
        let made_up = "octroi_key_000000000000000000000000000000000000000000";
        for secret in ["une-cle-de-personne", made_up, "octroi_mgt_x", &"x".repeat(200)] {
            house.app.report_leak(found(secret)).await.unwrap();
        }
        assert_eq!(before, house.database.dump().await);
        let wrong = LeakReport { secret: "court".into(), place: "a\nb".into() };
        let fields: Vec<_> = violations(house.app.report_leak(wrong).await).into_iter().map(|v| v.0).collect();
        assert_eq!(fields, ["secret", "place"]);
    }
}
