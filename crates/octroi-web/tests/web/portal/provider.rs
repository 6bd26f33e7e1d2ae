//! The provider's pages: decisions, subscribers, calls.

use std::time::Duration;

use octroi_domain::ids::{PlanId, SubscriptionId};
use octroi_testkit::{House, on_both, plan, subscribe};
use serde_json::json;

use super::browser::Browser;
use crate::door::Door;

/// Subscribes a new application of olga's to the plan at this place; gives the subscription.
async fn asked(house: &House, name: &str, plan: PlanId) -> SubscriptionId {
    let olga = house.sign_in("olga").await;
    let application = house.application(&olga, name).await.id;
    let mut request = subscribe(application, plan);
    request.comment = "Pour <étudier>".into();
    house.app.subscribe(&olga, request).await.unwrap().subscription.id
}

async fn state(house: &House, id: SubscriptionId) -> String {
    house.database.texts(&format!("SELECT state FROM subscriptions WHERE id = '{id}'")).await.remove(0)
}

on_both! {
    async fn a_request_is_read_and_decided(house) {
        let manual = plan("manuel", json!({"validation": "manual"}));
        let sirene = house.publish(json!({}), vec![manual]).await;
        house.person("olga", &[]).await;
        let door = Door::of(house);
        let mut paul = Browser::signed_in(&door, "paul").await;
        let pending = format!("/provider/apis/{}/subscriptions", sirene.api_id());
        paul.get(&pending).await.shows(200, "Aucune demande n’attend");
        let id = asked(house, "Le carnet", sirene.plan_id(0)).await;
        paul.get("/provider").await.shows(200, &pending);
        paul.get(&pending).await.shows(200, "Le carnet").shows(200, "Camille Arnaud");
        let place = format!("/provider/subscriptions/{id}");
        let page = paul.get(&place).await;
        page.shows(200, "Pour &#60;étudier&#62;").shows(200, "value=\"approve\"").shows(200, "value=\"reject\"");
        assert!(!page.text.contains("value=\"pause\"") && !page.text.contains("/close\""), "{}", page.text);

        // Refusing needs a reason; what was typed of one is kept.
        let decide = format!("{place}/decide");
        let wrong = paul.post(&decide, &[("transition", "reject"), ("reason", " ")]).await;
        wrong.shows(422, "Ce champ est obligatoire").shows(422, "href=\"#reason\"");
        let long = "x".repeat(2_001);
        paul.post(&decide, &[("transition", "reject"), ("reason", &long)]).await.shows(422, &long);
        let odd = paul.post(&decide, &[("transition", "explode")]).await;
        assert_eq!((odd.status, odd.location.as_str()), (303, place.as_str()));
        assert_eq!(state(house, id).await, "pending");

        let done = paul.post(&decide, &[("transition", "approve")]).await;
        let page = paul.follow(done).await;
        page.shows(200, "La souscription est active").shows(200, "formaction=\"").shows(200, "value=\"pause\"");
        // Pressed twice: told where things are.
        let again = paul.post(&decide, &[("transition", "approve")]).await;
        paul.follow(again).await.shows(200, "a changé entre-temps");
        paul.post(&decide, &[("transition", "pause"), ("reason", "Trop d’appels.")]).await;
        paul.get(&place).await.shows(200, "En pause").shows(200, "Trop d’appels.").shows(200, "value=\"resume\"");
        paul.post(&decide, &[("transition", "resume")]).await;
        assert_eq!(state(house, id).await, "active");
        let subscribers = format!("/provider/apis/{}/subscribers", sirene.api_id());
        paul.get(&subscribers).await.shows(200, "Le carnet");
        paul.post(&format!("{place}/close"), &[("reason", "Fin du contrat.")]).await;
        paul.get(&place).await.shows(200, "Il n’y a rien à décider ici").shows(200, "Fin du contrat.");
        paul.get(&subscribers).await.shows(200, "Aucune souscription dans cet état");
        paul.get(&format!("{subscribers}?state=closed")).await.shows(200, "Le carnet");

        let other = asked(house, "Autre", sirene.plan_id(0)).await;
        let reject = [("transition", "reject"), ("reason", "Hors du cadre.")];
        paul.post(&format!("/provider/subscriptions/{other}/decide"), &reject).await;
        assert_eq!(state(house, other).await, "rejected");
    }

    async fn lists_come_in_pages_that_keep_their_filter(house) {
        let sirene = house.publish(json!({}), vec![plan("public", json!({}))]).await;
        house.person("olga", &[]).await;
        for n in 0..25 {
            house.clock.advance(Duration::from_secs(60));
            asked(house, &format!("App-{n:02}"), sirene.plan_id(0)).await;
        }
        let door = Door::of(house);
        let mut paul = Browser::signed_in(&door, "paul").await;
        let first = paul.get(&format!("/provider/apis/{}/subscribers?state=all", sirene.api_id())).await;
        first.shows(200, "App-24").shows(200, "App-05");
        assert!(!first.text.contains("App-04"));
        let next = first.text.split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap();
        let next = next.replace("&#38;", "&").replace("&amp;", "&");
        assert!(next.contains("state=all"), "{next}");
        let rest = paul.get(&next).await;
        rest.shows(200, "App-04").shows(200, "App-00").shows(200, "Début de la liste");
        assert!(!rest.text.contains("rel=\"next\""));
    }

    async fn calls_are_drawn_and_told(house) {
        let sirene = house.publish(json!({}), vec![plan("public", json!({}))]).await;
        house.person("olga", &[]).await;
        let door = Door::of(house);
        let mut paul = Browser::signed_in(&door, "paul").await;
        let usage = format!("/provider/apis/{}/usage", sirene.api_id());
        paul.get(&usage).await.shows(200, "Aucun appel pendant cette période");
        let hour = house.app.now().before(Duration::from_secs(60)).as_millis() / 3_600_000 * 3_600_000;
        for (outcome, status, admitted, calls) in [("admitted", 200, 1, 1_200), ("rate_limited", 429, 0, 300)] {
            let row = format!(
                "INSERT INTO usage_hours VALUES ('{}', {hour}, '{outcome}', {status}, {admitted}, {calls}, 0, 0, 0)",
                sirene.api_id()
            );
            house.database.meddle(&row).await;
        }
        for period in ["", "?period=day", "?period=month", "?period=nonsense"] {
            let page = paul.get(&format!("{usage}{period}")).await;
            page.shows(200, "<svg height=\"262\" role=\"img\"").shows(200, "1\u{202f}500 appels, dont 300 refusés");
            page.shows(200, "<code>rate_limited</code>").shows(200, "1\u{202f}200");
        }
        let english = paul.get(&format!("{usage}?lang=en")).await;
        english.shows(200, "1,500 calls, of which 300 were refused");
    }

    async fn the_pages_are_the_providers_own(house) {
        let sirene = house.publish(json!({}), vec![]).await;
        house.person("olga", &[]).await;
        let door = Door::of(house);
        let mut olga = Browser::signed_in(&door, "olga").await;
        olga.get("/provider").await.shows(200, "Vos organisations ne publient pas d’API");
        let mut nobody = Browser::new(&door);
        for part in ["subscriptions", "subscribers", "usage", "tickets"] {
            let path = format!("/provider/apis/{}/{part}", sirene.api_id());
            olga.get(&path).await.shows(404, "Introuvable");
            assert!(nobody.get(&path).await.location.starts_with("/sign-in?next="));
        }
        olga.get("/provider/apis/x/usage").await.shows(404, "Introuvable");
        let mut paul = Browser::signed_in(&door, "paul").await;
        let tickets = format!("/provider/apis/{}/tickets", sirene.api_id());
        paul.get(&tickets).await.shows(200, "Personne n’a encore ouvert de ticket");
        paul.get(&format!("{tickets}?state=closed")).await.shows(200, "Rien ne correspond");
    }
}
