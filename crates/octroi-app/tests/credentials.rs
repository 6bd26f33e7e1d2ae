//! Credentials through their doors: issued, renewed, paused, revoked, revealed, imported; and what the gate makes of it.

#![allow(clippy::unwrap_used, reason = "a test that fails stops here")]

use std::time::Duration;

use octroi_app::credentials::{ImportedKey, Renew};
use octroi_app::subscriptions::SubscriptionView;
use octroi_app::{AppError, Conflict};
use octroi_domain::account::PortalRole;
use octroi_domain::actor::{Actor, TokenScope};
use octroi_domain::credential::Standing;
use octroi_domain::credential::digest::{hex, sha256};
use octroi_domain::organization::{OrganizationKind, Role};
use octroi_testkit::{Gate, House, Published, conflict, on_both, plan, sirene, violations};
use serde_json::{Value, json};

/// A subscriber with a key, and the gate it stands before.
struct Scene {
    sirene: Published,
    gate: Gate,
    ada: Actor,
    subscription: SubscriptionView,
    key: octroi_app::credentials::IssuedKey,
}

async fn scene(house: &House, api: Value, of_plan: Value) -> Scene {
    let sirene = house.publish(api, vec![plan("public", of_plan)]).await;
    let gate = Gate::open(house).await;
    let ada = house.person("ada", &[]).await;
    let app = house.application(&ada, "Mon application").await;
    let (subscription, key) = house.subscribed(&ada, app.id, sirene.plan_id(0)).await;
    Scene { sirene, gate, ada, subscription, key }
}

fn grace(seconds: u64) -> Renew {
    Renew { grace_seconds: Some(seconds) }
}

fn text(secret: &str) -> ImportedKey {
    ImportedKey { secret: Some(secret.to_owned()), sha256: None, expires_at: None }
}

fn digest(secret: &str) -> ImportedKey {
    ImportedKey { secret: None, sha256: Some(hex(&sha256(secret.as_bytes()))), expires_at: None }
}

on_both! {
    async fn a_renewed_key_lives_for_the_grace_and_not_a_millisecond_longer(house) {
        let limits = json!({"limits": {"rate": {"count": 2, "window_seconds": 3600}}});
        let s = scene(house, json!({}), limits).await;
        let (app, old) = (&house.app, &s.key);
        let new = app.renew_credential(&s.ada, old.credential.id, Renew::default()).await.unwrap();
        assert_ne!(new.secret, old.secret);
        assert_eq!(s.gate.call(house, &old.secret).await, "admitted");
        assert_eq!(s.gate.call(house, &new.secret).await, "admitted");
        assert_eq!(s.gate.call(house, &new.secret).await, "rate_limited", "both count together");

        let replaced = app.credential(&s.ada, old.credential.id).await.unwrap();
        assert_eq!(replaced.standing, Standing::Grace);
        assert_eq!(replaced.replaced_by, Some(new.credential.id));
        assert_eq!(replaced.expires_at, Some(app.now().after(Duration::from_secs(2 * 3600))));
        assert_eq!(conflict(app.renew_credential(&s.ada, old.credential.id, grace(0)).await), Conflict::CredentialState);

        house.clock.advance(Duration::from_millis(2 * 3_600_000 - 1));
        assert_eq!(s.gate.call(house, &old.secret).await, "admitted");
        house.clock.advance(Duration::from_millis(1));
        assert_eq!(s.gate.call(house, &old.secret).await, "credential_expired");
        assert_eq!(s.gate.call(house, &new.secret).await, "admitted");
    }

    async fn the_consumer_chooses_the_grace(house) {
        let s = scene(house, json!({}), json!({})).await;
        let app = &house.app;
        let too_long = app.renew_credential(&s.ada, s.key.credential.id, grace(7 * 24 * 3600 + 1)).await;
        assert_eq!(violations(too_long), [("grace_seconds".to_owned(), "out_of_range")]);
        let second = app.renew_credential(&s.ada, s.key.credential.id, grace(0)).await.unwrap();
        assert_eq!(s.gate.call(house, &s.key.secret).await, "credential_expired");
        let third = app.renew_credential(&s.ada, second.credential.id, grace(7 * 24 * 3600)).await.unwrap();
        house.clock.advance(Duration::from_secs(7 * 24 * 3600 - 1));
        assert_eq!(s.gate.call(house, &second.secret).await, "admitted");
        house.clock.advance(Duration::from_secs(1));
        assert_eq!(s.gate.call(house, &second.secret).await, "credential_expired");
        assert_eq!(s.gate.call(house, &third.secret).await, "admitted");
    }

    async fn two_former_keys_live_on_at_most(house) {
        let s = scene(house, json!({}), json!({})).await;
        let app = &house.app;
        let mut id = s.key.credential.id;
        for _ in 0..2 {
            id = app.renew_credential(&s.ada, id, grace(7_200)).await.unwrap().credential.id;
        }
        assert_eq!(conflict(app.renew_credential(&s.ada, id, grace(7_200)).await), Conflict::TooManyKeys);
        // One that leaked does not wait for them.
        let new = app.renew_credential(&s.ada, id, grace(0)).await.unwrap();
        assert_eq!(s.gate.call(house, &new.secret).await, "admitted");
        house.clock.advance(Duration::from_secs(7_200));
        app.renew_credential(&s.ada, new.credential.id, grace(7_200)).await.unwrap();
    }

    async fn a_revocation_is_final_and_a_new_key_can_be_issued(house) {
        let s = scene(house, json!({}), json!({})).await;
        let (app, id) = (&house.app, s.key.credential.id);
        assert_eq!(conflict(app.issue_key(&s.ada, s.subscription.id).await), Conflict::KeyExists);
        let revoked = app.revoke_credential(&s.ada, id).await.unwrap();
        assert_eq!((revoked.standing, revoked.revealable), (Standing::Revoked, false));
        assert_eq!(s.gate.call(house, &s.key.secret).await, "credential_revoked");

        assert_eq!(conflict(app.revoke_credential(&s.ada, id).await), Conflict::CredentialState);
        assert_eq!(conflict(app.resume_credential(&s.ada, id).await), Conflict::CredentialState);
        assert_eq!(conflict(app.pause_credential(&s.ada, id).await), Conflict::CredentialState);
        assert_eq!(conflict(app.renew_credential(&s.ada, id, grace(0)).await), Conflict::CredentialState);
        assert_eq!(conflict(app.reveal_credential(&s.ada, id).await), Conflict::NotRevealable);

        let new = app.issue_key(&s.ada, s.subscription.id).await.unwrap();
        assert_eq!(s.gate.call(house, &new.secret).await, "admitted");
        assert_eq!(s.gate.call(house, &s.key.secret).await, "credential_revoked");
    }

    async fn a_pause_can_be_undone(house) {
        let s = scene(house, json!({}), json!({})).await;
        let (app, id) = (&house.app, s.key.credential.id);
        assert_eq!(conflict(app.resume_credential(&s.ada, id).await), Conflict::CredentialState);
        assert_eq!(app.pause_credential(&s.ada, id).await.unwrap().standing, Standing::Paused);
        assert_eq!(s.gate.call(house, &s.key.secret).await, "credential_paused");
        assert_eq!(conflict(app.issue_key(&s.ada, s.subscription.id).await), Conflict::KeyExists);
        assert_eq!(app.resume_credential(&s.ada, id).await.unwrap().standing, Standing::Active);
        assert_eq!(s.gate.call(house, &s.key.secret).await, "admitted");
    }

    async fn a_plan_bounds_the_life_of_its_keys(house) {
        let s = scene(house, json!({}), json!({"key_days": 90})).await;
        let days = Duration::from_secs(90 * 24 * 3600);
        assert_eq!(s.key.credential.expires_at, Some(house.app.now().after(days)));
        house.clock.advance(days - Duration::from_millis(1));
        assert_eq!(s.gate.call(house, &s.key.secret).await, "admitted");
        house.clock.advance(Duration::from_millis(1));
        assert_eq!(s.gate.call(house, &s.key.secret).await, "credential_expired");
        // An expired key is replaced by a new one, not renewed.
        let ada = house.sign_in("ada").await;
        let late = house.app.renew_credential(&ada, s.key.credential.id, grace(60)).await;
        assert_eq!(conflict(late), Conflict::CredentialState);
        let new = house.app.issue_key(&ada, s.subscription.id).await.unwrap();
        assert_eq!(s.gate.call(house, &new.secret).await, "admitted");
    }

    async fn a_secret_is_shown_again_to_a_fresh_sign_in_only(house) {
        let s = scene(house, json!({}), json!({})).await;
        let (app, id) = (&house.app, s.key.credential.id);
        house.clock.advance(Duration::from_secs(5 * 60));
        let shown = app.reveal_credential(&s.ada, id).await.unwrap();
        assert_eq!((&shown.secret, &shown.curl), (&s.key.secret, &s.key.curl));
        house.clock.advance(Duration::from_millis(1));
        assert!(matches!(app.reveal_credential(&s.ada, id).await, Err(AppError::SignInAgain)));
        let again = house.sign_in("ada").await;
        assert!(app.reveal_credential(&again, id).await.is_ok());

        let lesser = with_scopes(&again, vec![TokenScope::Write]);
        assert!(matches!(app.reveal_credential(&lesser, id).await, Err(AppError::Scope(TokenScope::Reveal))));
        assert!(matches!(app.reveal_credential(&Actor::System("job"), id).await, Err(AppError::Forbidden)));
        let audited = house.database.dump().await.matches("credential.revealed").count();
        assert_eq!(audited, 2, "each time is in the audit, refusals are not");
    }

    async fn an_api_that_shows_keys_once_keeps_no_copy(house) {
        let s = scene(house, json!({"gateway": {"show_key_once": true}}), json!({})).await;
        assert!(!s.key.credential.revealable);
        let again = house.app.reveal_credential(&s.ada, s.key.credential.id).await;
        assert_eq!(conflict(again), Conflict::NotRevealable);
        assert_eq!(s.gate.call(house, &s.key.secret).await, "admitted");
    }

    async fn an_api_that_turned_to_showing_keys_once_shows_none_again(house) {
        let s = scene(house, json!({}), json!({})).await;
        let once = sirene(s.sirene.organization_id, "3.11", json!({"gateway": {"show_key_once": true}}));
        house.app.update_api(&s.sirene.provider, s.sirene.api_id(), once, None).await.unwrap();
        let again = house.app.reveal_credential(&s.ada, s.key.credential.id).await;
        assert_eq!(conflict(again), Conflict::NotRevealable);
        assert_eq!(s.gate.call(house, &s.key.secret).await, "admitted");
    }

    async fn nobody_but_its_owner_handles_a_key(house) {
        let s = scene(house, json!({}), json!({})).await;
        let (app, id) = (&house.app, s.key.credential.id);
        let eve = house.person("eve", &[]).await;
        let admin = house.person("root", &[PortalRole::Admin]).await;
        let hidden = |e: AppError| assert!(matches!(e, AppError::NotFound), "{e:?}");
        for stranger in [&eve, &s.sirene.provider] {
            hidden(app.credential(stranger, id).await.unwrap_err());
            hidden(app.reveal_credential(stranger, id).await.unwrap_err());
            hidden(app.renew_credential(stranger, id, grace(0)).await.unwrap_err());
            hidden(app.pause_credential(stranger, id).await.unwrap_err());
            hidden(app.issue_key(stranger, s.subscription.id).await.unwrap_err());
            hidden(app.credentials(stranger, s.subscription.id, &Default::default()).await.unwrap_err());
        }
        hidden(app.revoke_credential(&eve, id).await.unwrap_err());
        assert!(matches!(app.revoke_credential(&Actor::Anonymous, id).await, Err(AppError::SignIn)));
        assert!(matches!(app.reveal_credential(&admin, id).await, Err(AppError::Forbidden)));
        assert!(matches!(app.renew_credential(&admin, id, grace(0)).await, Err(AppError::Forbidden)));
        assert_eq!(app.credential(&s.ada, id).await.unwrap().edition, 1, "nothing was written");
        // A leak is stopped by whoever learns of it: here the provider.
        app.revoke_credential(&s.sirene.provider, id).await.unwrap();
        assert_eq!(s.gate.call(house, &s.key.secret).await, "credential_revoked");
    }

    async fn existing_keys_are_taken_over_as_text_or_digest(house) {
        let s = scene(house, json!({}), json!({})).await;
        let admin = house.person("root", &[PortalRole::Admin]).await;
        let keys = vec![text("gravitee-key-0001"), digest("5f0c1a6e-known-by-digest")];
        let forbidden = house.app.import_keys(&s.ada, s.subscription.id, keys.clone()).await;
        assert!(matches!(forbidden, Err(AppError::Forbidden)));

        let views = house.app.import_keys(&admin, s.subscription.id, keys).await.unwrap();
        assert_eq!(views.iter().map(|v| v.revealable).collect::<Vec<_>>(), [true, false]);
        for key in ["gravitee-key-0001", "5f0c1a6e-known-by-digest", &s.key.secret] {
            assert_eq!(s.gate.call(house, key).await, "admitted", "{key}");
        }
        let shown = house.app.reveal_credential(&s.ada, views[0].id).await.unwrap();
        assert_eq!(shown.secret, "gravitee-key-0001");
        let unknown = house.app.reveal_credential(&s.ada, views[1].id).await;
        assert_eq!(conflict(unknown), Conflict::NotRevealable);
        // One brought as a digest is renewed into one of ours.
        let new = house.app.renew_credential(&s.ada, views[1].id, grace(0)).await.unwrap();
        assert_eq!(s.gate.call(house, "5f0c1a6e-known-by-digest").await, "credential_expired");
        assert_eq!(s.gate.call(house, &new.secret).await, "admitted");
    }

    async fn an_import_is_all_or_nothing_and_names_every_fault(house) {
        let s = scene(house, json!({}), json!({})).await;
        let admin = house.person("root", &[PortalRole::Admin]).await;
        let import = |keys| house.app.import_keys(&admin, s.subscription.id, keys);
        let known = vec![text("a-good-key-1"), text("a-good-key-2")];
        import(known).await.unwrap();

        let faulty = vec![
            text("a-good-key-3"),
            text("short"),
            text("with a space"),
            text(&"x".repeat(129)),
            text("octroi_key_madeup"),
            text(&s.key.secret),
            ImportedKey { secret: None, sha256: Some("abc".into()), expires_at: None },
            ImportedKey { secret: Some("a-good-key-4".into()), sha256: Some("ab".into()), expires_at: None },
            ImportedKey { secret: None, sha256: None, expires_at: None },
            digest("a-good-key-3"),
        ];
        let found = violations(import(faulty).await);
        let expected = [
            ("keys[1].secret", "malformed"),
            ("keys[2].secret", "malformed"),
            ("keys[3].secret", "malformed"),
            ("keys[4].secret", "malformed"),
            ("keys[5].secret", "malformed"),
            ("keys[6].sha256", "malformed"),
            ("keys[7].sha256", "conflicts"),
            ("keys[8].secret", "required"),
            ("keys[9]", "taken"),
        ];
        assert_eq!(found, expected.map(|(field, rule)| (field.to_owned(), rule)));
        // Known under the other form, or revoked long ago: taken all the same.
        let taken = violations(import(vec![text("a-good-key-3"), digest("a-good-key-1"), text("a-good-key-2")]).await);
        assert_eq!(taken, [("keys[1]".to_owned(), "taken"), ("keys[2]".to_owned(), "taken")]);
        assert_eq!(violations(import(vec![]).await), [("keys".to_owned(), "required")]);
        assert_eq!(s.gate.call(house, "a-good-key-3").await, "credential_unknown");
        let keys = house.app.credentials(&s.ada, s.subscription.id, &Default::default()).await.unwrap().items;
        assert_eq!(keys.len(), 3);
    }

    async fn of_two_keys_issued_at_once_one_wins(house) {
        let s = scene(house, json!({}), json!({})).await;
        house.app.revoke_credential(&s.ada, s.key.credential.id).await.unwrap();
        let issued = (0..6).map(|_| {
            let (app, ada, id) = (house.app.clone(), s.ada.clone(), s.subscription.id);
            tokio::spawn(async move { app.issue_key(&ada, id).await })
        });
        let mut won = 0;
        for one in issued.collect::<Vec<_>>() {
            match one.await.unwrap() {
                Ok(_) => won += 1,
                error => assert_eq!(conflict(error), Conflict::KeyExists),
            }
        }
        assert_eq!(won, 1);
    }

    async fn lists_are_cut_into_pages(house) {
        let s = scene(house, json!({}), json!({})).await;
        let mut last = s.key.credential.id;
        for _ in 0..4 {
            last = house.app.renew_credential(&s.ada, last, grace(0)).await.unwrap().credential.id;
        }
        let mut page = octroi_app::page::PageRequest { limit: Some(2), cursor: None };
        let mut seen = Vec::new();
        loop {
            let found = house.app.application_credentials(&s.ada, s.subscription.application.id, &page).await.unwrap();
            seen.extend(found.items.iter().map(|c| c.id));
            page.cursor = found.next_cursor;
            if page.cursor.is_none() {
                break;
            }
        }
        assert_eq!((seen.len(), seen.last()), (5, Some(&last)));
        assert!(seen.is_sorted(), "oldest first, though all were made in one millisecond");
    }

    // Promise G13, as far as the database goes.
    async fn the_database_holds_no_key_in_the_clear(house) {
        let s = scene(house, json!({}), json!({})).await;
        let app = &house.app;
        let admin = house.person("root", &[PortalRole::Admin]).await;
        let client = house.client(&s.ada, "Machine").await;
        let client_secret = client.client.unwrap().secret;
        app.ensure_signing_key().await.unwrap();
        let renewed = app.renew_credential(&s.ada, s.key.credential.id, grace(60)).await.unwrap();
        app.import_keys(&admin, s.subscription.id, vec![text("gravitee-canary-key")]).await.unwrap();
        app.reveal_credential(&s.ada, renewed.credential.id).await.unwrap();
        app.pause_credential(&s.ada, renewed.credential.id).await.unwrap();
        app.revoke_credential(&s.ada, s.key.credential.id).await.unwrap();
        s.gate.call(house, &renewed.secret).await;

        let dump = house.database.dump().await;
        assert!(dump.contains(&renewed.credential.id.to_string()), "the dump shows something");
        for canary in [&s.key.secret, &renewed.secret, &client_secret, "gravitee-canary-key"] {
            assert!(!dump.contains(canary), "{canary}");
            assert!(!dump.contains(&canary[canary.len() - 12..]), "a piece of {canary}");
        }
    }

    async fn what_is_revoked_leaves_only_a_digest(house) {
        let s = scene(house, json!({}), json!({})).await;
        let shared = house.organization(OrganizationKind::Company, "acme", &s.ada, Role::Owner).await;
        assert_ne!(shared, s.subscription.organization_id);
        house.app.revoke_credential(&s.ada, s.key.credential.id).await.unwrap();
        let sql = "SELECT COALESCE(CAST(COUNT(sealed) AS TEXT), '') FROM credentials";
        assert_eq!(house.database.texts(sql).await, ["0"]);
    }
}

/// The same person through a token with these scopes.
fn with_scopes(actor: &Actor, scopes: Vec<TokenScope>) -> Actor {
    let Actor::Person(person) = actor else { panic!("a person was due") };
    let mut person = person.clone();
    person.token_scopes = Some(scopes);
    Actor::Person(person)
}

#[test]
fn renewing_takes_seconds_or_nothing() {
    let read = |text: &str| serde_json::from_str::<Renew>(text);
    assert_eq!(read("{}").unwrap().grace_seconds, None);
    assert_eq!(read(r#"{"grace_seconds": 0}"#).unwrap().grace_seconds, Some(0));
    assert!(read(r#"{"grace_seconds": -1}"#).is_err());
    assert!(read(r#"{"grace": 1}"#).is_err());
}
