//! Mails about subscriptions and keys: who gets which, and that none is sent twice, too early or without its change.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a step that fails stops its test")]

use std::time::Duration;

use octroi_app::credentials::Renew;
use octroi_app::mail::{Author, Mail, MailMessage, SubscriptionNews};
use octroi_app::page::PageRequest;
use octroi_app::subscriptions::{ChangePlan, Decision, Subscribe};
use octroi_app::{App, Conflict};
use octroi_domain::actor::Actor;
use octroi_domain::api::Language;
use octroi_domain::ids::{ApplicationId, PlanId, SubscriptionId};
use octroi_domain::organization::{OrganizationKind, Role};
use octroi_domain::subscription::{SubscriptionState, Transition};
use octroi_testkit::{House, Mailbox, app_options, conflict, on_both, plan, subscribe};
use serde_json::json;

const DAY: Duration = Duration::from_secs(24 * 3600);
const HOUR: Duration = Duration::from_secs(3600);

/// Everything that waits to be sent now, by recipient.
async fn sent(house: &House) -> Vec<Mail> {
    let mailbox = Mailbox::default();
    while house.app.run_due_jobs(&mailbox).await.unwrap() > 0 {}
    let mut mails = mailbox.take();
    mails.sort_by(|a, b| a.to.cmp(&b.to));
    mails
}

fn recipients(mails: &[Mail]) -> Vec<&str> {
    mails.iter().map(|mail| mail.to.split('@').next().unwrap()).collect()
}

/// The vendor's people: `lea` owns, `hugo` develops, `nina` looks on. Their application asks for what it needs.
struct Vendor {
    lea: Actor,
    application: ApplicationId,
}

async fn vendor(house: &House) -> Vendor {
    let lea = house.person("lea", &[]).await;
    let id = house.organization(OrganizationKind::Vendor, "editeur", &lea, Role::Owner).await;
    for (name, role) in [("hugo", Role::Developer), ("nina", Role::Viewer)] {
        let person = house.person(name, &[]).await;
        house.organization(OrganizationKind::Vendor, "editeur", &person, role).await;
    }
    let lea = house.sign_in("lea").await;
    let new = serde_json::from_value(json!({
        "organization_id": id, "name": "Guichet", "description": "Pour les tests", "kind": "simple",
    }));
    let application = house.app.create_application(&lea, new.unwrap()).await.unwrap().application.id;
    Vendor { lea, application }
}

fn reason(text: &str) -> Decision {
    Decision { reason: Some(text.to_owned()) }
}

async fn decide(house: &House, actor: &Actor, id: SubscriptionId, transition: Transition, why: &str) {
    house.app.decide_subscription(actor, id, transition, reason(why), None).await.unwrap();
}

fn change(plan_id: PlanId) -> ChangePlan {
    ChangePlan { plan_id, comment: None, accepted_terms: None }
}

fn news(mail: &Mail) -> (SubscriptionNews, &Author, Option<&str>) {
    match &mail.message {
        MailMessage::Subscription { news, author, reason, .. } => (*news, author, reason.as_deref()),
        _ => panic!("another mail"),
    }
}

fn side(author: &Author) -> (&'static str, &str) {
    match author {
        Author::Owner { name } => ("owner", name),
        Author::Provider { organization, .. } => ("provider", organization),
        Author::Operator => ("operator", ""),
    }
}

on_both! {
    async fn a_request_goes_to_the_provider_and_its_answer_to_the_owner(house) {
        let published = house.publish(json!({}), vec![plan("sur-demande", json!({"validation": "manual"}))]).await;
        let colleague = house.person("olga", &[]).await;
        house.organization(OrganizationKind::Provider, "insee", &colleague, Role::Developer).await;
        let Vendor { lea, application } = vendor(house).await;
        let request = Subscribe { comment: "500 appels par jour".into(), ..subscribe(application, published.plan_id(0)) };
        let id = house.app.subscribe(&lea, request).await.unwrap().subscription.id;
        let asked = sent(house).await;
        assert_eq!(recipients(&asked), ["olga", "paul"]);
        let MailMessage::SubscriptionRequested { organization, author, comment, url, about, .. } = &asked[0].message
        else { panic!("another mail") };
        assert_eq!((organization.as_str(), side(author)), ("editeur", ("owner", "Camille Arnaud")));
        assert_eq!((comment.as_str(), about.application.as_str()), ("500 appels par jour", "Guichet"));
        let offer = about.offer.as_ref().unwrap();
        assert_eq!((offer.api.as_str(), offer.version.as_str(), offer.plan.as_str()), ("API Sirene", "3.11", "sur-demande"));
        assert_eq!(*url, format!("http://portal.test/provider/apis/{}/subscriptions", published.api_id()));

        for (transition, told) in [
            (Transition::Approve, SubscriptionNews::Approved),
            (Transition::Pause, SubscriptionNews::Paused),
            (Transition::Resume, SubscriptionNews::Resumed),
            (Transition::Close, SubscriptionNews::Closed),
        ] {
            decide(house, &published.provider, id, transition, "voici pourquoi").await;
            let mails = sent(house).await;
            assert_eq!(recipients(&mails), ["hugo", "lea"], "{transition:?}");
            for mail in &mails {
                let (news, author, reason) = news(mail);
                assert_eq!((news, side(author), reason), (told, ("provider", "insee"), Some("voici pourquoi")));
                let MailMessage::Subscription { url, .. } = &mail.message else { panic!("another mail") };
                assert_eq!(*url, format!("http://portal.test/applications/{application}/subscriptions/{id}"));
            }
        }
        let id = house.app.subscribe(&lea, subscribe(application, published.plan_id(0))).await.unwrap().subscription.id;
        sent(house).await;
        decide(house, &Actor::System("cli"), id, Transition::Reject, "complet").await;
        let mails = sent(house).await;
        assert_eq!(recipients(&mails), ["hugo", "lea"]);
        let (news, author, reason) = news(&mails[0]);
        assert_eq!((news, side(author), reason), (SubscriptionNews::Rejected, ("operator", ""), Some("complet")));
        // What is not done is not told.
        let again = house.app.decide_subscription(&published.provider, id, Transition::Approve, Decision::default(), None);
        assert_eq!(conflict(again.await), Conflict::SubscriptionState);
        assert_eq!(sent(house).await.len(), 0);
    }

    async fn whoever_closes_is_told_only_where_keys_end(house) {
        let manual = json!({"validation": "manual"});
        let published = house.publish(json!({}), vec![plan("libre", json!({})), plan("sur-demande", manual)]).await;
        let Vendor { lea, application } = vendor(house).await;
        let (open, _) = house.subscribed(&lea, application, published.plan_id(0)).await;
        assert_eq!(sent(house).await.len(), 0, "what is open at once is told by the page");
        decide(house, &lea, open.id, Transition::Close, "").await;
        let mails = sent(house).await;
        assert_eq!(recipients(&mails), ["hugo", "lea"]);
        let (_, author, reason) = news(&mails[0]);
        assert_eq!((side(author), reason), (("owner", "Camille Arnaud"), None));
        let asked = house.app.subscribe(&lea, subscribe(application, published.plan_id(1))).await.unwrap();
        sent(house).await;
        decide(house, &lea, asked.subscription.id, Transition::Close, "").await;
        assert_eq!(recipients(&sent(house).await), ["hugo"]);
    }

    async fn an_archived_application_is_one_mail_and_not_one_for_each_key(house) {
        let published = house.publish(json!({}), vec![plan("libre", json!({}))]).await;
        let Vendor { lea, application } = vendor(house).await;
        house.subscribed(&lea, application, published.plan_id(0)).await;
        house.app.archive_application(&lea, application, None).await.unwrap();
        let mails = sent(house).await;
        assert_eq!(recipients(&mails), ["hugo", "lea"]);
        assert!(mails.iter().all(|mail| matches!(mail.message, MailMessage::ApplicationArchived { .. })));
    }

    async fn a_change_of_plan_is_told_where_the_owner_did_not_make_it(house) {
        let manual = json!({"validation": "manual"});
        let plans = vec![plan("libre", json!({})), plan("ample", json!({})), plan("sur-demande", manual)];
        let published = house.publish(json!({}), plans).await;
        let Vendor { lea, application } = vendor(house).await;
        let (open, _) = house.subscribed(&lea, application, published.plan_id(0)).await;
        house.app.change_plan(&lea, open.id, change(published.plan_id(1)), None).await.unwrap();
        assert_eq!(sent(house).await.len(), 0);
        house.app.change_plan(&Actor::System("cli"), open.id, change(published.plan_id(0)), None).await.unwrap();
        let mails = sent(house).await;
        assert_eq!(recipients(&mails), ["hugo", "lea"]);
        assert_eq!(news(&mails[0]).0, SubscriptionNews::PlanChanged);
        house.app.change_plan(&lea, open.id, change(published.plan_id(2)), None).await.unwrap();
        let mails = sent(house).await;
        assert_eq!(recipients(&mails), ["paul"]);
        assert!(matches!(mails[0].message, MailMessage::SubscriptionRequested { .. }));
    }

    async fn a_provider_is_not_flooded_by_one_account(house) {
        let manual = |slug: &str| plan(slug, json!({"validation": "manual"}));
        let published = house.publish(json!({}), vec![manual("a"), manual("b")]).await;
        let Vendor { lea, application } = vendor(house).await;
        let id = house.app.subscribe(&lea, subscribe(application, published.plan_id(0))).await.unwrap().subscription.id;
        for round in 1..60 {
            house.app.change_plan(&lea, id, change(published.plan_id(round % 2)), None).await.unwrap();
        }
        let mails = sent(house).await.len();
        assert!((50..=51).contains(&mails), "{mails}");
    }

    async fn doing_and_undoing_fills_no_mailbox(house) {
        let published = house.publish(json!({}), vec![plan("libre", json!({}))]).await;
        let Vendor { lea, application } = vendor(house).await;
        let (subscription, _) = house.subscribed(&lea, application, published.plan_id(0)).await;
        for _ in 0..15 {
            decide(house, &published.provider, subscription.id, Transition::Pause, "essai").await;
            decide(house, &published.provider, subscription.id, Transition::Resume, "essai").await;
        }
        // Eleven of thirty, each to the two people of the owner.
        assert_eq!(sent(house).await.len(), 2 * 11);
        // What is done stands all the same, and another subscription has its own measure.
        assert_eq!(house.app.subscription(&lea, subscription.id).await.unwrap().state, SubscriptionState::Active);
        house.clock.advance(Duration::from_secs(24 * 60 * 60));
        decide(house, &published.provider, subscription.id, Transition::Pause, "essai").await;
        assert_eq!(sent(house).await.len(), 2);
    }

    async fn a_renewal_is_told_to_everybody_with_the_end_of_the_old_key(house) {
        let published = house.publish(json!({}), vec![plan("libre", json!({}))]).await;
        let Vendor { lea, application } = vendor(house).await;
        let (subscription, key) = house.subscribed(&lea, application, published.plan_id(0)).await;
        let renew = |grace_seconds| Renew { grace_seconds };
        let newer = house.app.renew_credential(&lea, key.credential.id, renew(Some(3_600))).await.unwrap();
        let mails = sent(house).await;
        assert_eq!(recipients(&mails), ["hugo", "lea"]);
        let MailMessage::KeyRenewed { hint, old_until, author, url, .. } = &mails[1].message
        else { panic!("another mail") };
        assert_eq!((hint, *old_until), (&key.credential.hint, Some(house.app.now().after(HOUR))));
        assert_eq!(side(author), ("owner", "Camille Arnaud"));
        assert_eq!(*url, format!("http://portal.test/applications/{application}/subscriptions/{}", subscription.id));
        house.app.renew_credential(&lea, newer.credential.id, renew(Some(0))).await.unwrap();
        let mails = sent(house).await;
        let MailMessage::KeyRenewed { old_until, .. } = &mails[0].message else { panic!("another mail") };
        assert_eq!(*old_until, None);

        let client = house.client(&lea, "Serveur").await.application.id;
        house.app.rotate_client_secret(&lea, client, Renew::default()).await.unwrap();
        let mails = sent(house).await;
        assert_eq!(recipients(&mails), ["lea"], "a personal organization has one member");
        let MailMessage::KeyRenewed { about, url, .. } = &mails[0].message else { panic!("another mail") };
        assert!(about.offer.is_none() && about.application == "Serveur");
        assert_eq!(*url, format!("http://portal.test/applications/{client}"));
    }

    async fn a_revocation_says_on_which_side_it_was_made(house) {
        let published = house.publish(json!({}), vec![plan("libre", json!({}))]).await;
        let Vendor { lea, application } = vendor(house).await;
        let (subscription, key) = house.subscribed(&lea, application, published.plan_id(0)).await;
        let mut id = key.credential.id;
        let operator = Actor::System("cli");
        for (actor, expected) in [
            (&published.provider, ("provider", "insee")),
            (&lea, ("owner", "Camille Arnaud")),
            (&operator, ("operator", "")),
        ] {
            house.app.revoke_credential(actor, id).await.unwrap();
            let mails = sent(house).await;
            assert_eq!(recipients(&mails), ["hugo", "lea"]);
            let MailMessage::KeyRevoked { author, .. } = &mails[0].message else { panic!("another mail") };
            assert_eq!(side(author), expected);
            id = house.app.issue_key(&lea, subscription.id).await.unwrap().credential.id;
        }
        house.app.pause_credential(&lea, id).await.unwrap();
        assert_eq!(sent(house).await.len(), 0);
    }

    async fn the_end_of_a_key_is_told_thirty_seven_and_one_days_before(house) {
        let published = house.publish(json!({}), vec![plan("soixante", json!({"key_days": 60}))]).await;
        let Vendor { lea, application } = vendor(house).await;
        let (_, key) = house.subscribed(&lea, application, published.plan_id(0)).await;
        let end = key.credential.expires_at.unwrap();
        // Another process of the same portal, and the same one started again: each looks by itself.
        let another = || App::new(app_options(house.database.store.clone(), &house.clock));
        let mut told = Vec::new();
        let second = another();
        for _ in 0..61 {
            house.clock.advance(DAY);
            let mailbox = Mailbox::default();
            for app in [&house.app, &second, &another()] {
                while app.run_due_jobs(&mailbox).await.unwrap() > 0 {}
            }
            for mail in mailbox.take() {
                let MailMessage::KeyExpiring { days, ends_at, with_subscription, hint, .. } = mail.message
                else { panic!("another mail") };
                assert_eq!((ends_at, with_subscription, &hint), (end, false, &key.credential.hint));
                told.push((days, end.since(house.app.now()).as_secs() / 3600, mail.to));
            }
        }
        told.sort_by(|a, b| (b.0, &a.2).cmp(&(a.0, &b.2)));
        let seen: Vec<_> = told.iter().map(|(days, hours, to)| (*days, *hours, to.split('@').next().unwrap())).collect();
        let expected = [(30, 720, "hugo"), (30, 720, "lea"), (7, 168, "hugo"), (7, 168, "lea"), (1, 24, "hugo"), (1, 24, "lea")];
        assert_eq!(seen, expected);
    }

    async fn a_key_is_not_told_of_an_end_that_it_was_made_with_nor_of_one_that_is_past(house) {
        let published = house
            .publish(json!({}), vec![plan("vingt", json!({"key_days": 20})), plan("long", json!({"key_days": 90}))])
            .await;
        let lea = house.person("lea", &[]).await;
        let short = house.application(&lea, "Courte").await.id;
        let long = house.application(&lea, "Longue").await.id;
        house.subscribed(&lea, short, published.plan_id(0)).await;
        let (_, old) = house.subscribed(&lea, long, published.plan_id(1)).await;
        assert_eq!(sent(house).await.len(), 0);
        // The portal sleeps past two notices: the next one alone is sent, with the days that are left.
        house.clock.advance(15 * DAY);
        let mails = sent(house).await;
        let MailMessage::KeyExpiring { days, about, .. } = &mails[0].message else { panic!("another mail") };
        assert_eq!((mails.len(), *days, about.application.as_str()), (1, 5, "Courte"));
        // A renewed key in its grace, and one that is past its end, are nobody's business any more.
        house.app.renew_credential(&lea, old.credential.id, Renew { grace_seconds: Some(604_800) }).await.unwrap();
        sent(house).await;
        house.clock.advance(6 * DAY);
        assert_eq!(sent(house).await.len(), 0);
    }

    async fn a_subscription_that_ends_is_the_end_of_its_key(house) {
        let published = house.publish(json!({}), vec![plan("libre", json!({}))]).await;
        let lea = house.person("lea", &[]).await;
        let application = house.application(&lea, "Guichet").await.id;
        let (subscription, key) = house.subscribed(&lea, application, published.plan_id(0)).await;
        let end = house.app.now().after(40 * DAY);
        house
            .database
            .meddle(&format!("UPDATE subscriptions SET ends_at = {} WHERE id = '{}'", end.as_millis(), subscription.id))
            .await;
        house.clock.advance(33 * DAY);
        let mails = sent(house).await;
        let MailMessage::KeyExpiring { days, ends_at, with_subscription, .. } = &mails[0].message
        else { panic!("another mail") };
        assert_eq!((mails.len(), *days, *ends_at, *with_subscription), (1, 7, end, true));
        // Revoked: nothing is left to tell of.
        house.app.revoke_credential(&lea, key.credential.id).await.unwrap();
        sent(house).await;
        house.clock.advance(6 * DAY + HOUR);
        assert_eq!(sent(house).await.len(), 0);
    }

    async fn the_operator_sees_whom_a_mail_is_for_by_a_letter_and_a_domain(house) {
        let published = house.publish(json!({}), vec![plan("libre", json!({}))]).await;
        let lea = house.person("lea", &[]).await;
        let application = house.application(&lea, "Guichet").await.id;
        let (_, key) = house.subscribed(&lea, application, published.plan_id(0)).await;
        house.app.revoke_credential(&lea, key.credential.id).await.unwrap();
        let operator = Actor::System("cli");
        let jobs = house.app.jobs(&operator, &PageRequest::default(), None).await.unwrap().items;
        assert_eq!((jobs.len(), jobs[0].kind.as_str()), (1, "mail"));
        assert_eq!(jobs[0].recipient.as_deref(), Some("l…@exemple.fr"));
        assert!(!serde_json::to_string(&jobs).unwrap().contains("lea@"));
        let mails = sent(house).await;
        assert_eq!((mails[0].to.as_str(), mails[0].language), ("lea@exemple.fr", Language::Fr));
    }
}
