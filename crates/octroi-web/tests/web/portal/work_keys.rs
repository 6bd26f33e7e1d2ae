//! Keys on pages: shown to whom they belong and to nobody else, renewed, stopped, issued anew.

use std::time::Duration;

use octroi_domain::organization::{OrganizationKind, Role};
use octroi_testkit::{Gate, House, PASSWORD, on_both, plan};
use serde_json::json;

use super::browser::Browser;
use super::work::{between, key_of, make_application, open_api, subscribe};
use crate::door::Door;

/// An application's subscription with its key; gives the subscription's address, the key and the key's address.
async fn keyed(house: &House, browser: &mut Browser<'_>) -> (String, String, String) {
    let published = open_api(house).await;
    let application = make_application(browser, "Une").await;
    let page = subscribe(browser, &application, &published.plan_id(0).to_string()).await;
    let card = format!("{application}/subscriptions/{}", between(&page.text, "/subscriptions/", "\""));
    let shown = browser.get(&card).await;
    let key = format!("/keys/{}", between(&shown.text, "action=\"/keys/", "/"));
    (card, key_of(&page), key)
}

on_both! {
    async fn showing_asks_for_a_fresh_password_and_leaves_a_trace(house) {
        house.person("marie", &[]).await;
        let door = Door::of(house);
        let mut browser = Browser::signed_in(&door, "marie").await;
        let (card, key, place) = keyed(house, &mut browser).await;
        house.clock.advance(Duration::from_secs(6 * 60));
        let asked = browser.post(&format!("{place}/reveal"), &[]).await;
        asked.shows(403, "action=\"/confirm\"");
        assert!(!asked.text.contains(&key));
        let next = asked.value("next");
        assert_eq!(next, format!("{place}/reveal"));
        let wrong = browser.post("/confirm", &[("password", "not this one"), ("next", &next)]).await;
        wrong.shows(422, "Ce n’est pas le mot de passe");
        let confirmed = browser.post("/confirm", &[("password", PASSWORD), ("next", &next)]).await;
        // An address that shows a key answers a form alone: asked for by address, it leads to the card.
        assert_eq!(confirmed.location, next);
        let led = browser.get(&confirmed.location).await;
        assert_eq!(led.location, format!("{card}#key"));
        let shown = browser.post(&format!("{place}/reveal"), &[]).await;
        shown.shows(200, &key).shows(200, "Masquer");
        assert_eq!(shown.answer.header("cache-control"), "no-store");
        assert!(!browser.get(&card).await.text.contains(&key), "the next look is masked again");
        let admin = house.person("ada", &[octroi_domain::account::PortalRole::Admin]).await;
        let trail = house.app.audit_entries(&admin, &Default::default(), None).await.unwrap();
        assert_eq!(trail.items.iter().filter(|entry| entry.action == "credential.revealed").count(), 1);
    }

    async fn a_renewed_key_has_its_successor_at_once_and_its_grace_as_chosen(house) {
        house.person("marie", &[]).await;
        let door = Door::of(house);
        let gate = Gate::open(house).await;
        let mut browser = Browser::signed_in(&door, "marie").await;
        let (card, old, place) = keyed(house, &mut browser).await;
        browser.get(&card).await.shows(200, "2 heures").shows(200, "7 jours");
        let late = browser.post(&format!("{place}/renew"), &[("grace", "604801")]).await;
        browser.follow(late).await.shows(200, "Choisissez un délai de la liste");
        let renewed = browser.post(&format!("{place}/renew"), &[("grace", "86400")]).await;
        renewed.shows(200, "La nouvelle clé est prête").shows(200, "est encore admise").shows(200, "L’arrêter maintenant");
        let new = key_of(&renewed);
        assert!(!renewed.text.contains(&old) && new != old);
        assert_eq!([gate.call(house, &old).await, gate.call(house, &new).await], ["admitted", "admitted"]);
        // Sent once more, it does not renew the renewed one again.
        let again = browser.post(&format!("{place}/renew"), &[("grace", "0")]).await;
        browser.follow(again).await.shows(200, "L’état avait changé");
        let stopped = browser.post(&format!("{place}/revoke"), &[]).await;
        browser.follow(stopped).await.shows(200, "La clé est révoquée");
        assert_ne!(gate.call(house, &old).await, "admitted");
        assert_eq!(gate.call(house, &new).await, "admitted");
    }

    async fn a_key_is_paused_resumed_revoked_and_issued_anew(house) {
        house.person("marie", &[]).await;
        let door = Door::of(house);
        let gate = Gate::open(house).await;
        let mut browser = Browser::signed_in(&door, "marie").await;
        let (card, key, place) = keyed(house, &mut browser).await;
        let paused = browser.post(&format!("{place}/pause"), &[]).await;
        browser.follow(paused).await.shows(200, "La clé est en pause").shows(200, "Reprendre la clé");
        assert_ne!(gate.call(house, &key).await, "admitted");
        let resumed = browser.post(&format!("{place}/resume"), &[]).await;
        browser.follow(resumed).await.shows(200, "de nouveau admise");
        assert_eq!(gate.call(house, &key).await, "admitted");
        let issue = format!("{card}/key");
        let early = browser.post(&issue, &[]).await;
        browser.follow(early).await.shows(200, "L’état avait changé");
        let hint = &key[key.len() - 4..];
        browser.get(&card).await.shows(200, &format!("Révoquer la clé qui finit par {hint}"));
        let revoked = browser.post(&format!("{place}/revoke"), &[]).await;
        browser.follow(revoked).await.shows(200, "La clé est révoquée").shows(200, "Créer une nouvelle clé");
        assert_ne!(gate.call(house, &key).await, "admitted");
        let twice = browser.post(&format!("{place}/revoke"), &[]).await;
        browser.follow(twice).await.shows(200, "L’état avait changé");
        let issued = browser.post(&issue, &[]).await;
        issued.shows(200, "La nouvelle clé est prête");
        assert_eq!(gate.call(house, &key_of(&issued)).await, "admitted");
        assert_eq!(browser.get(&issue).await.location, card);
        let closed = browser.post(&format!("{card}/close"), &[]).await;
        browser.follow(closed).await.shows(200, "La souscription est close").shows(200, "Close");
        assert_ne!(gate.call(house, &key_of(&issued)).await, "admitted");
        let again = browser.post(&format!("{card}/close"), &[]).await;
        browser.follow(again).await.shows(200, "L’état avait changé");
    }

    async fn a_viewer_sees_that_there_is_a_key_and_never_the_key(house) {
        let published = open_api(house).await;
        for name in ["olga", "vera"] {
            house.person(name, &[]).await;
        }
        let olga = house.sign_in("olga").await;
        let acme = house.organization(OrganizationKind::Company, "acme", &olga, Role::Owner).await;
        house.organization(OrganizationKind::Company, "acme", &house.sign_in("vera").await, Role::Viewer).await;
        let door = Door::of(house);
        let mut owner = Browser::signed_in(&door, "olga").await;
        let place = owner.get("/applications/new").await.location;
        let acme = acme.to_string();
        owner.get(&place).await.shows(200, "organization_id");
        owner.post(&place, &[("name", "Commune"), ("description", "À tous"), ("organization_id", &acme)]).await;
        owner.post(&format!("{place}/security"), &[("kind", "simple")]).await;
        owner.get(&format!("{place}/summary")).await.shows(200, "acme");
        let made = owner.confirm(&format!("{place}/summary"), &[]).await;
        let application = format!("/applications/app_{}", between(&made.text, "href=\"/applications/app_", "\""));
        let page = subscribe(&mut owner, &application, &published.plan_id(0).to_string()).await;
        let key = key_of(&page);
        let card = format!("{application}/subscriptions/{}", between(&page.text, "/subscriptions/", "\""));
        let id = between(&owner.get(&card).await.text, "action=\"/keys/", "/").to_owned();

        let mut viewer = Browser::signed_in(&door, "vera").await;
        let seen = viewer.get(&card).await;
        seen.shows(200, &key[key.len() - 4..]);
        for act in ["reveal", "renew", "pause", "revoke"] {
            assert!(!seen.text.contains(&format!("/keys/{id}/{act}")), "{act} is not offered");
            viewer.post(&format!("/keys/{id}/{act}"), &[]).await.shows(403, "Action non permise");
        }
        assert!(!seen.text.contains("/close\"") && !seen.text.contains(&key));
        viewer.get(&application).await.shows(200, "Commune");
        viewer.get(&format!("/apis/sirene/3.11/subscribe/application?plan={}", published.plan_id(0))).await
            .shows(200, "Vous n’avez pas encore d’application");
        // No page that anybody was shown had the key in an address.
        let everything = house.database.dump().await;
        assert!(!everything.contains(&key), "nor does the database hold it");
    }

    async fn a_key_that_is_shown_once_is_shown_at_once_and_never_again(house) {
        let once = json!({"gateway": {"show_key_once": true}});
        let published = house.publish(once, vec![plan("public", json!({"key_days": 20}))]).await;
        house.person("marie", &[]).await;
        let door = Door::of(house);
        let mut browser = Browser::signed_in(&door, "marie").await;
        let application = make_application(&mut browser, "Une").await;
        let page = subscribe(&mut browser, &application, &published.plan_id(0).to_string()).await;
        page.shows(200, "elle ne sera plus affichée");
        let card = format!("{application}/subscriptions/{}", between(&page.text, "/subscriptions/", "\""));
        let later = browser.get(&card).await;
        later.shows(200, "Aucune copie de cette clé");
        assert!(!later.text.contains("/reveal"));
        browser.get("/dashboard").await.shows(200, "Clés qui finissent bientôt");
        let key = between(&later.text, "action=\"/keys/", "/");
        let refused = browser.post(&format!("/keys/{key}/reveal"), &[]).await;
        browser.follow(refused).await.shows(200, "elle ne peut pas être affichée");
    }
}

#[tokio::test]
async fn the_pages_speak_english_too() {
    let house = House::on(octroi_testkit::databases().await.remove(0)).await;
    house.person("marie", &[]).await;
    let door = Door::of(&house);
    let mut browser = Browser::signed_in(&door, "marie").await;
    let (card, key, place) = keyed(&house, &mut browser).await;
    browser.get("/?lang=en").await;
    browser.get("/dashboard").await.shows(200, "My applications").shows(200, "One subscription");
    browser.get(&card).await.shows(200, "Never in a public code repository").shows(200, "SIRENE_KEY");
    browser.post(&format!("{place}/reveal"), &[]).await.shows(200, &key);
}
