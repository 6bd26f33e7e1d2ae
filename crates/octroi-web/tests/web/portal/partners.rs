//! Row 5 in the browser: an officer makes a partner, invites its people and issues its key; a person of the partner
//! reads it; the officer renews it, suspends the partner and lets it call again.

use octroi_domain::account::PortalRole;
use octroi_testkit::{Mailbox, link_token, on_both, plan};
use serde_json::json;

use super::browser::Browser;
use super::work::between;
use crate::door::Door;

on_both! {
    async fn a_partner_from_its_making_to_its_suspension(house) {
        let published =
            house.publish(json!({}), vec![plan("partenaire", json!({"validation": "officer"}))]).await;
        house.person("odile", &[PortalRole::Officer]).await;
        house.person("zoe", &[]).await;
        let door = Door::of(house);
        let mut odile = Browser::signed_in(&door, "odile").await;
        odile.get("/partners").await.shows(200, "Aucun partenaire");
        let wrong = odile.post("/partners/new", &[("name", " "), ("slug", "Mal écrit")]).await;
        wrong.shows(422, "Erreur");
        assert_eq!(wrong.value("slug"), "Mal écrit", "what was typed stays");
        let made = odile.post("/partners/new", &[("name", "Les Bénévoles"), ("slug", "les-benevoles")]).await;
        let place = made.location.split('?').next().unwrap().to_owned();
        let page = odile.follow(made).await;
        page.shows(200, "Les Bénévoles").shows(200, "Personne n’a encore rejoint");

        odile.post(&format!("{place}/invite"), &[("email", "zoe@exemple.fr"), ("role", "developer")]).await;
        let mailbox = Mailbox::default();
        while house.app.run_due_jobs(&mailbox).await.unwrap() > 0 {}
        let token = link_token(mailbox.take().last().unwrap());
        let mut zoe = Browser::signed_in(&door, "zoe").await;
        zoe.get(&format!("/invitation?token={token}")).await.shows(200, "Les Bénévoles");
        let joined = zoe.post("/invitation/join", &[("token", &token)]).await;
        assert_eq!(joined.status, 303, "{}", joined.text);

        let plan = published.plan_id(0).to_string();
        odile.get(&place).await.shows(200, &format!("value=\"{plan}\""));
        let issued = odile.post(&format!("{place}/keys"), &[("plan_id", &plan)]).await;
        let page = odile.follow(issued).await;
        page.shows(200, "La clé est remise").shows(200, "····");
        assert!(!page.text.contains("octroi_key_"), "an officer sees no key");
        let applications = zoe.get("/applications").await;
        applications.shows(200, "Les Bénévoles");
        let application = between(&applications.text, "href=\"/applications/app_", "\"").to_owned();
        let shown = zoe.get(&format!("/applications/app_{application}/subscriptions")).await;
        shown.shows(200, "API Sirene");

        let key = house.database.texts("SELECT id FROM credentials").await.remove(0);
        let again = odile.post(&format!("{place}/keys/{key}/renew"), &[("old", "ends")]).await;
        odile.follow(again).await.shows(200, "La clé est renouvelée");
        let wordless = odile.post(&format!("{place}/suspend"), &[("reason", "")]).await;
        wordless.shows(422, "Erreur");
        let suspended = odile.post(&format!("{place}/suspend"), &[("reason", "Convention échue")]).await;
        odile.follow(suspended).await.shows(200, "Suspendu").shows(200, "Rétablir le partenaire");
        let resumed = odile.post(&format!("{place}/resume"), &[]).await;
        odile.follow(resumed).await.shows(200, "Ouvert");
        // Pressed twice.
        let twice = odile.post(&format!("{place}/resume"), &[]).await;
        odile.follow(twice).await.shows(200, "déjà fait");
        zoe.get(&place).await.shows(404, "");
        zoe.get("/account/organizations").await.shows(200, "Les Bénévoles");
    }
}
