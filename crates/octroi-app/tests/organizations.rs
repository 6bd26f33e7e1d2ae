//! Organizations, their members, invitations; and what a person may take away or have erased.

#![allow(clippy::unwrap_used, reason = "a step that fails stops its test")]

mod common;

use std::time::Duration;

use common::{CLIENT, GOOD, codes, each_database, sign_in};
use octroi_app::accounts::{AcceptInvitation, AccountChange, VerifyEmail};
use octroi_app::mail::MailMessage;
use octroi_app::organizations::{InviteMember, NewOrganization, OrganizationChange};
use octroi_app::page::PageRequest;
use octroi_app::{AppError, Conflict};
use octroi_domain::account::PortalRole;
use octroi_domain::actor::Actor;
use octroi_domain::api::Language;
use octroi_domain::ids::OrganizationId;
use octroi_domain::organization::{OrganizationKind, Role};
use octroi_domain::subscription::SubscriptionState;
use octroi_testkit::{Database, Gate, Mailbox, TestApp, link_token, on_both, plan, token_of};
use serde_json::json;

const SYSTEM: Actor = Actor::System("cli");

async fn company(test: &TestApp, owner: &Actor) -> OrganizationId {
    let new = NewOrganization { kind: OrganizationKind::Company, slug: "acme".into(), name: "ACME".into() };
    test.app.create_organization(owner, new).await.unwrap().id
}

async fn last_link(test: &TestApp) -> String {
    let mailbox = Mailbox::default();
    while test.app.run_due_jobs(&mailbox).await.unwrap() > 0 {}
    link_token(mailbox.take().last().unwrap())
}

fn accept(token: String, identifier: &str) -> AcceptInvitation {
    AcceptInvitation {
        token,
        identifier: identifier.into(),
        first_name: "Zoé".into(),
        last_name: "Martin".into(),
        language: Language::En,
        password: GOOD.into(),
        accept_terms: true,
    }
}

#[tokio::test]
async fn the_first_administrator_comes_by_a_link() {
    each_database(async |db: &Database, test: TestApp| {
        let roles = vec![PortalRole::Admin];
        let link = test.app.admin_invite(&SYSTEM, "chef@exemple.fr", roles.clone()).await.unwrap();
        assert!(link.url.starts_with("http://portal.test/invitation?token=octroi_lnk_"));
        let token = token_of(&link.url);
        let shown = test.app.invitation(&token).await.unwrap();
        assert_eq!((shown.email.as_str(), shown.has_account), ("chef@exemple.fr", false));
        let made = test.app.accept_invitation(accept(token.clone(), "chef")).await.unwrap();
        assert_eq!(made.portal_roles, roles, "{}", db.name);
        let spent = test.app.accept_invitation(accept(token.clone(), "chef2")).await;
        assert!(matches!(spent, Err(AppError::Conflict(Conflict::LinkSpent))));
        assert!(test.app.invitation(&token).await.is_err());
        let signed_in = test.app.sign_in(CLIENT, sign_in("chef@exemple.fr")).await.unwrap();
        let (admin, _) = test.app.authenticate(&signed_in.token).await.unwrap();
        assert_eq!(test.app.accounts(&admin, &PageRequest::default(), None).await.unwrap().items.len(), 1);

        // Nobody else may invite, and a link of three days ends after three days.
        let visitor = test.person("marie", &[]).await;
        let refused = test.app.admin_invite(&visitor, "x@exemple.fr", roles.clone()).await;
        assert!(matches!(refused, Err(AppError::NotFound | AppError::Forbidden)));
        let late = test.app.admin_invite(&SYSTEM, "tard@exemple.fr", roles).await.unwrap();
        test.clock.advance(Duration::from_secs(72 * 3600));
        let refused = test.app.accept_invitation(accept(token_of(&late.url), "tard")).await;
        assert!(matches!(refused, Err(AppError::Conflict(Conflict::LinkSpent))));
    })
    .await;
}

#[tokio::test]
async fn members_come_by_invitation_and_an_owner_always_stays() {
    each_database(async |_: &Database, test: TestApp| {
        let owner = test.person("marie", &[]).await;
        let id = company(&test, &owner).await;
        // As the next call sees it: places are read at each sign-in.
        let owner = test.sign_in("marie").await;
        let invite = |email: &str| InviteMember { email: email.into(), role: Role::Developer };
        test.app.invite_member(&owner, id, invite("zoe@exemple.fr")).await.unwrap();
        let zoe = test.app.accept_invitation(accept(last_link(&test).await, "zoe")).await.unwrap();

        // Somebody who has an account joins with it, and only the one whom the mail reached.
        let luc = test.person("luc", &[]).await;
        test.app.invite_member(&owner, id, invite("LUC@exemple.fr")).await.unwrap();
        let token = last_link(&test).await;
        assert!(test.app.invitation(&token).await.unwrap().has_account);
        let taken = test.app.accept_invitation(accept(token.clone(), "luc2")).await;
        assert_eq!(codes(taken), [("email".into(), "taken")]);
        assert!(matches!(test.app.join_invitation(&owner, &token).await, Err(AppError::NotFound)));
        test.app.join_invitation(&luc, &token).await.unwrap();
        assert_eq!(test.app.members(&owner, id).await.unwrap().len(), 3);

        let luc = test.sign_in("luc").await;
        let refused = test.app.invite_member(&luc, id, invite("x@exemple.fr")).await;
        assert!(matches!(refused, Err(AppError::Forbidden)));
        let marie = owner.account_id().unwrap();
        for refused in [
            test.app.set_member_role(&owner, id, marie, Role::Viewer).await,
            test.app.remove_member(&owner, id, marie).await,
        ] {
            assert!(matches!(refused, Err(AppError::Conflict(Conflict::LastOwner))));
        }
        test.app.set_member_role(&owner, id, zoe.id, Role::Owner).await.unwrap();
        test.app.remove_member(&owner, id, marie).await.unwrap();
        let owner = test.sign_in("marie").await;
        assert!(matches!(test.app.organization(&owner, id).await, Err(AppError::NotFound)));
        assert!(matches!(test.app.members(&owner, id).await, Err(AppError::NotFound)));
        test.app.remove_member(&luc, id, luc.account_id().unwrap()).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn an_invitation_ends_with_its_inviter_s_right_to_invite() {
    each_database(async |db: &Database, test: TestApp| {
        let owner = test.person("marie", &[]).await;
        let id = company(&test, &owner).await;
        let luc = test.person("luc", &[]).await.account_id().unwrap();
        test.app.ensure_member(&SYSTEM, id, luc, Role::Owner).await.unwrap();
        let (marie, luc_signed) = (test.sign_in("marie").await, test.sign_in("luc").await);
        let invite = InviteMember { email: "double@exemple.fr".into(), role: Role::Owner };
        test.app.invite_member(&luc_signed, id, invite).await.unwrap();
        let token = last_link(&test).await;
        test.app.set_member_role(&marie, id, luc, Role::Viewer).await.unwrap();
        let refused = test.app.accept_invitation(accept(token.clone(), "double")).await;
        assert!(matches!(refused, Err(AppError::Conflict(Conflict::LinkSpent))), "{}", db.name);
        // Nothing was written, and the link is good again once its inviter may.
        test.app.set_member_role(&marie, id, luc, Role::Owner).await.unwrap();
        test.app.accept_invitation(accept(token, "double")).await.unwrap();

        let chief = test.person("chef", &[PortalRole::Admin]).await;
        let link = test.app.admin_invite(&chief, "autre@exemple.fr", vec![PortalRole::Admin]).await.unwrap();
        test.app.suspend_account(&SYSTEM, chief.account_id().unwrap()).await.unwrap();
        let refused = test.app.accept_invitation(accept(token_of(&link.url), "autre")).await;
        assert!(matches!(refused, Err(AppError::Conflict(Conflict::LinkSpent))), "{}", db.name);
    })
    .await;
}

#[tokio::test]
async fn nobody_accepts_their_own_invitation_and_the_trail_names_what_one_gives() {
    each_database(async |db: &Database, test: TestApp| {
        let owner = test.person("marie", &[]).await;
        let id = company(&test, &owner).await;
        let luc = test.person("luc", &[]).await.account_id().unwrap();
        test.app.ensure_member(&SYSTEM, id, luc, Role::Owner).await.unwrap();
        let luc = test.sign_in("luc").await;
        let invite = |email: &str| InviteMember { email: email.into(), role: Role::Owner };
        let own = test.app.invite_member(&luc, id, invite(" LUC@exemple.fr ")).await;
        assert_eq!(codes(own), [("email".into(), "own_address")]);
        test.app.invite_member(&luc, id, invite("double@exemple.fr")).await.unwrap();
        let token = last_link(&test).await;
        // The address becomes theirs afterwards.
        db.meddle("UPDATE accounts SET email = 'double@exemple.fr', email_key = 'double@exemple.fr' WHERE identifier = 'luc'")
            .await;
        let refused = test.app.join_invitation(&luc, &token).await;
        assert!(matches!(refused, Err(AppError::Conflict(Conflict::LinkSpent))), "{}", db.name);

        let sql = "SELECT details FROM audit WHERE action = 'member.invited'";
        let details: serde_json::Value = serde_json::from_str(&db.texts(sql).await.remove(0)).unwrap();
        assert_eq!(details["organization"], id.to_string());
        assert_eq!((&details["role"], &details["inviter"]), (&"owner".into(), &luc.account_id().unwrap().to_string().into()));
        assert!(details["invitation"].is_string());
    })
    .await;
}

#[tokio::test]
async fn an_organization_is_no_way_to_write_to_everybody() {
    each_database(async |_: &Database, test: TestApp| {
        let owner = test.person("marie", &[]).await;
        let id = company(&test, &owner).await;
        let owner = test.sign_in("marie").await;
        let invite = |n: u32| InviteMember { email: format!("x{n}@exemple.fr"), role: Role::Viewer };
        // The organization was the first of those 51.
        for n in 0..50 {
            test.app.invite_member(&owner, id, invite(n)).await.unwrap();
        }
        let refused = test.app.invite_member(&owner, id, invite(51)).await;
        assert!(matches!(refused, Err(AppError::TooMany(60))));
        test.clock.advance(Duration::from_secs(60));
        test.app.invite_member(&owner, id, invite(51)).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn two_owners_who_leave_at_once_leave_one_behind() {
    each_database(async |db: &Database, test: TestApp| {
        let marie = test.person("marie", &[]).await;
        let luc = test.person("luc", &[]).await;
        let id = company(&test, &marie).await;
        test.app.ensure_member(&SYSTEM, id, luc.account_id().unwrap(), Role::Owner).await.unwrap();
        let mut leaving = Vec::new();
        for actor in [test.sign_in("marie").await, test.sign_in("luc").await] {
            let app = test.app.clone();
            leaving.push(tokio::spawn(async move {
                app.remove_member(&actor, id, actor.account_id().unwrap()).await
            }));
        }
        let mut left = 0;
        for one in leaving {
            left += usize::from(one.await.unwrap().is_ok());
        }
        assert_eq!(left, 1, "{}", db.name);
    })
    .await;
}

#[tokio::test]
async fn slugs_are_unique_kinds_are_guarded_and_editions_watched() {
    each_database(async |_: &Database, test: TestApp| {
        let owner = test.person("marie", &[]).await;
        let id = company(&test, &owner).await;
        let owner = test.sign_in("marie").await;
        let new = |kind, slug: &str| NewOrganization { kind, slug: slug.into(), name: "ACME".into() };
        let company = OrganizationKind::Company;
        let taken = test.app.create_organization(&owner, new(company, "acme")).await;
        assert_eq!(codes(taken), [("slug".into(), "taken")]);
        let taken = test.app.create_organization(&owner, new(company, "org-01")).await;
        assert_eq!(codes(taken), [("slug".into(), "taken")]);
        let special = test.app.create_organization(&owner, new(OrganizationKind::Provider, "insee")).await;
        assert!(matches!(special, Err(AppError::Forbidden)), "{special:?}");
        let provider = OrganizationKind::Provider;
        let first = test.app.ensure_organization(&SYSTEM, provider, "insee", "Insee").await.unwrap();
        let again = test.app.ensure_organization(&SYSTEM, provider, "insee", "Autre").await.unwrap();
        assert_eq!(first, again);

        let change = |name: &str| OrganizationChange { slug: None, name: Some(name.into()) };
        let changed = test.app.update_organization(&owner, id, change("Acme SA"), Some(1)).await.unwrap();
        assert_eq!((changed.name.as_str(), changed.edition), ("Acme SA", 2));
        let stale = test.app.update_organization(&owner, id, change("Acme SAS"), Some(1)).await;
        assert!(matches!(stale, Err(AppError::Stale)));
        let personal = test.app.me(&owner).await.unwrap().organization_id;
        let refused = test.app.update_organization(&owner, personal, change("x"), None).await;
        assert!(matches!(refused, Err(AppError::Forbidden)));

        let page = PageRequest { limit: Some(1), cursor: None };
        let first = test.app.organizations(&owner, &page).await.unwrap();
        let rest = PageRequest { limit: Some(5), cursor: first.next_cursor.clone() };
        let rest = test.app.organizations(&owner, &rest).await.unwrap();
        assert_eq!((first.items.len(), rest.items.len(), rest.next_cursor), (1, 1, None));
    })
    .await;
}

#[tokio::test]
async fn a_new_address_counts_once_its_link_was_opened() {
    each_database(async |_: &Database, test: TestApp| {
        let actor = test.person("marie", &[]).await;
        let id = actor.account_id().unwrap();
        let change =
            |email: &str| AccountChange { email: Some(email.to_owned()), ..AccountChange::default() };
        test.clock.advance(Duration::from_secs(301));
        let old = test.app.update_account(&actor, id, change("neuve@exemple.fr"), None).await;
        assert!(matches!(old, Err(AppError::SignInAgain)));
        let actor = test.sign_in("marie").await;
        let view = test.app.update_account(&actor, id, change("neuve@exemple.fr"), None).await.unwrap();
        assert_eq!(view.email, "marie@exemple.fr");
        let token = last_link(&test).await;
        test.app.verify_email(VerifyEmail { token }).await.unwrap();
        assert_eq!(test.app.me(&actor).await.unwrap().email, "neuve@exemple.fr");
        let mailbox = Mailbox::default();
        test.app.run_due_jobs(&mailbox).await.unwrap();
        let told = mailbox.take();
        assert_eq!(told[0].to, "marie@exemple.fr");
        assert!(matches!(told[0].message, MailMessage::EmailChanged { .. }));

        // An address that somebody has: the same answer, and a mail to its owner alone.
        test.person("luc", &[]).await;
        test.app.update_account(&actor, id, change("luc@exemple.fr"), None).await.unwrap();
        test.app.run_due_jobs(&mailbox).await.unwrap();
        assert!(matches!(mailbox.take()[0].message, MailMessage::AlreadyRegistered { .. }));
        assert_eq!(test.app.me(&actor).await.unwrap().email, "neuve@exemple.fr");

        let names = AccountChange { identifier: Some("LUC".into()), ..AccountChange::default() };
        let taken = test.app.update_account(&actor, id, names, None).await;
        assert_eq!(codes(taken), [("identifier".into(), "taken")]);
    })
    .await;
}

#[tokio::test]
async fn a_person_takes_all_data_away_and_is_erased() {
    each_database(async |db: &Database, test: TestApp| {
        let actor = test.person("marie", &[]).await;
        let id = actor.account_id().unwrap();
        let company = company(&test, &actor).await;
        let actor = test.sign_in("marie").await;
        let export = test.app.export_account(&actor, id).await.unwrap();
        assert_eq!(export["account"]["email"], "marie@exemple.fr");
        assert_eq!(export["organizations"].as_array().unwrap().len(), 2);
        assert!(!export.to_string().contains("argon2"));
        let stranger = test.person("luc", &[]).await;
        assert!(matches!(test.app.export_account(&stranger, id).await, Err(AppError::NotFound)));
        assert!(matches!(test.app.erase_account(&stranger, id).await, Err(AppError::NotFound)));

        let refused = test.app.erase_account(&actor, id).await;
        assert!(matches!(refused, Err(AppError::Conflict(Conflict::LastOwner))));
        test.app.ensure_member(&SYSTEM, company, stranger.account_id().unwrap(), Role::Owner).await.unwrap();
        test.app.erase_account(&actor, id).await.unwrap();
        assert!(matches!(test.app.account(&SYSTEM, id).await, Err(AppError::NotFound)));
        for query in [
            "SELECT email_key FROM accounts WHERE email_key LIKE 'marie%'",
            "SELECT email FROM links WHERE email LIKE 'marie%'",
            "SELECT name FROM organizations WHERE name LIKE 'Camille%' AND id NOT IN \
             (SELECT organization_id FROM accounts)",
            "SELECT details FROM audit WHERE details LIKE '%marie%'",
        ] {
            assert_eq!(db.texts(query).await, Vec::<String>::new(), "{} {query}", db.name);
        }
        test.app.verify_audit().await.unwrap();
    })
    .await;
}

on_both! {
    async fn the_keys_of_an_erased_person_open_nothing_and_their_words_are_gone(house) {
        let sirene = house.publish(json!({}), vec![plan("public", json!({}))]).await;
        let gate = Gate::open(house).await;
        let ada = house.person("ada", &[]).await;
        let application = house.application(&ada, "Le carnet de Camille").await;
        let (subscription, key) = house.subscribed(&ada, application.id, sirene.plan_id(0)).await;
        assert_eq!(gate.call(house, &key.secret).await, "admitted");
        let export = house.app.export_account(&ada, ada.account_id().unwrap()).await.unwrap();
        assert_eq!(export["applications"][0]["name"], "Le carnet de Camille");
        assert_eq!(export["applications"][0]["keys"][0]["id"], json!(key.credential.id));
        assert!(!export.to_string().contains(&key.secret));

        house.app.erase_account(&ada, ada.account_id().unwrap()).await.unwrap();
        assert_ne!(gate.call(house, &key.secret).await, "admitted");
        let closed = house.app.subscription(&SYSTEM, subscription.id).await.unwrap();
        assert_eq!(closed.state, SubscriptionState::Closed);
        let texts = house.database.texts("SELECT name FROM applications").await;
        assert_eq!(texts, [application.id.to_string()]);
        let sealed = house.database.texts("SELECT id FROM credentials WHERE sealed IS NOT NULL").await;
        assert_eq!(sealed, Vec::<String>::new());
    }
}
