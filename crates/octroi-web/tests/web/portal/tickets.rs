//! Tickets on pages: opened from an API, read and answered, and nothing typed is lost.

use octroi_app::tickets::OpenTicket;
use octroi_domain::ids::ApiId;
use octroi_domain::organization::{OrganizationKind, Role};
use octroi_testkit::{House, on_both};
use serde_json::json;

use super::browser::Browser;
use crate::door::Door;

const ON_API: &str = "/apis/sirene/3.11/tickets";

fn ticket(api_id: ApiId, subject: &str, body: &str) -> OpenTicket {
    OpenTicket { api_id, application_id: None, subject: subject.into(), body: body.into(), once: None }
}

/// The identifiers of a list, newest first.
async fn tickets(house: &House) -> Vec<String> {
    house.database.texts("SELECT id FROM tickets ORDER BY id DESC").await
}

on_both! {
    async fn a_question_is_asked_answered_and_settled(house) {
        house.publish(json!({}), vec![]).await;
        let olga = house.person("olga", &[]).await;
        let application = house.application(&olga, "Le carnet").await.id.to_string();
        let door = Door::of(house);
        let mut browser = Browser::signed_in(&door, "olga").await;
        browser.get("/tickets").await.shows(200, "Vous n’avez pas de ticket").shows(200, "href=\"/apis\"");
        let form = browser.get(ON_API).await;
        form.shows(200, "Ouvrir un ticket").shows(200, "Le carnet").shows(200, "Écrivez à insee");
        let sent = browser.post(ON_API, &[
            ("once", &form.value("once")), ("application_id", &application),
            ("subject", "Erreur <503>"), ("body", "Bonjour,\r\n\r\n**Le matin** seulement.<script>x()</script>"),
        ]).await;
        assert!(sent.location.starts_with("/tickets/tkt_"), "{}", sent.location);
        let thread = browser.follow(sent).await;
        thread.shows(200, "Votre ticket est ouvert").shows(200, "<h1>Erreur &#60;503&#62;</h1>");
        thread.shows(200, "<strong>Le matin</strong>").shows(200, "En attente de réponse").shows(200, "Le carnet");
        let place = format!("/tickets/{}", tickets(house).await[0]);

        let mut provider = Browser::signed_in(&door, "paul").await;
        let api = house.database.texts("SELECT id FROM apis").await.remove(0);
        provider.get("/provider").await.shows(200, "API Sirene");
        let list = provider.get(&format!("/provider/apis/{api}/tickets")).await;
        list.shows(200, &place).shows(200, "Camille Arnaud");
        let thread = provider.get(&place).await;
        let reply = [("once", thread.value("once")), ("body", "C’est réparé.".to_owned())];
        let reply = reply.each_ref().map(|(name, value)| (*name, value.as_str()));
        let sent = provider.post(&place, &reply).await;
        assert!(sent.location.contains("notice=notice-ticket-sent#message-2"), "{}", sent.location);
        // Pressed twice: there is one answer.
        provider.post(&place, &reply).await;
        provider.get(&place).await.shows(200, "Répondu").shows(200, "fournisseur");
        assert_eq!(house.database.texts("SELECT id FROM ticket_messages").await.len(), 2);

        let closed = browser.post(&format!("{place}/close"), &[]).await;
        let page = browser.follow(closed).await;
        page.shows(200, "Le ticket est fermé").shows(200, "Rouvrir le ticket");
        assert!(!page.text.contains("/close\""), "what is closed is not closed again");
        browser.get("/tickets?state=closed").await.shows(200, &place);
        browser.get("/tickets?state=open").await.shows(200, "Rien ne correspond");
        browser.post(&place, &[("once", &page.value("once")), ("body", "Encore.")]).await;
        browser.get(&place).await.shows(200, "En attente de réponse");
        browser.get(ON_API).await.shows(200, "Mes tickets sur cette API").shows(200, &place);
    }

    async fn a_form_that_is_wrong_keeps_what_was_typed(house) {
        house.publish(json!({}), vec![]).await;
        house.person("olga", &[]).await;
        let door = Door::of(house);
        let mut browser = Browser::signed_in(&door, "olga").await;
        let long = "é".repeat(10_001);
        for (subject, body, error) in [
            ("", "Un <texte>", "Ce champ est obligatoire"),
            ("Sujet", "", "Ce champ est obligatoire"),
            ("Sujet", long.as_str(), "Au plus"),
        ] {
            let page = browser.post(ON_API, &[("subject", subject), ("body", body)]).await;
            page.shows(422, error).shows(422, "summary-errors").shows(422, "<title>Erreur");
            assert_eq!(page.value("subject"), subject);
            assert!(page.text.contains(&body.replace('<', "&#60;").replace('>', "&#62;")));
        }
        let foreign = browser.post(ON_API, &[
            ("subject", "S"), ("body", "B"), ("application_id", "app_01jd0000000000000000000000"),
        ]).await;
        foreign.shows(422, "Rien de tel n");
        browser.post(ON_API, &[("subject", "S"), ("body", "B"), ("application_id", "x")]).await.shows(422, "Rien de tel n");
        assert_eq!(tickets(house).await, Vec::<String>::new());

        // The button "back", another text, sent again under the same identifier: told, and sent when meant.
        let once = browser.get(ON_API).await.value("once");
        browser.post(ON_API, &[("once", &once), ("subject", "Un"), ("body", "Premier")]).await;
        let again = [("once", once.as_str()), ("subject", "Deux"), ("body", "Second")];
        let told = browser.post(ON_API, &again).await;
        told.shows(422, "a déjà servi à envoyer un autre message").shows(422, "Second");
        let fresh = told.value("once");
        assert_ne!(fresh, once);
        let sent = browser.post(ON_API, &[("once", &fresh), ("subject", "Deux"), ("body", "Second")]).await;
        assert_eq!(sent.status, 303);
        assert_eq!(tickets(house).await.len(), 2);

        let place = format!("/tickets/{}", tickets(house).await[0]);
        let empty = browser.post(&place, &[("body", " ")]).await;
        empty.shows(422, "Ce champ est obligatoire").shows(422, "aria-invalid");
        let hidden = browser.post(&place, &[("body", "a\u{202e}b")]).await;
        hidden.shows(422, "a\u{202e}b");
    }

    async fn what_the_bounds_refuse_is_told_and_not_lost(house) {
        let sirene = house.publish(json!({}), vec![]).await;
        let olga = house.person("olga", &[]).await;
        let id = house.app.open_ticket(&olga, ticket(sirene.api_id(), "S", "B")).await.unwrap().id;
        let door = Door::of(house);
        let mut browser = Browser::signed_in(&door, "olga").await;
        let account = olga.account_id().unwrap();
        for n in 0..49 {
            let row = format!(
                "INSERT INTO tickets VALUES ('tkt_0000000000000000000000{n:04}', '{}', '{account}', NULL, 'S', 'open', \
                 500, 1, 1)",
                sirene.api_id()
            );
            house.database.meddle(&row).await;
        }
        let refused = browser.post(ON_API, &[("subject", "Un de trop"), ("body", "Longue question")]).await;
        refused.shows(409, "Vous avez 50 tickets ouverts").shows(409, "Longue question");
        assert_eq!(refused.value("subject"), "Un de trop");
        let full = "/tickets/tkt_00000000000000000000000001";
        let refused = browser.post(full, &[("body", "Longue réponse")]).await;
        refused.shows(409, "Ce ticket a 500 messages").shows(409, "Longue réponse");
        let page = browser.get(full).await;
        assert!(page.status == 200 && !page.text.contains("<textarea"), "{}", page.text);

        // Who writes without end is told to wait, and keeps the text.
        let place = format!("/tickets/{id}");
        let waiting = loop {
            let page = browser.post(&place, &[("body", "Encore une")]).await;
            if page.status != 303 {
                break page;
            }
        };
        waiting.shows(429, "Encore une").shows(429, "Trop d");
    }

    async fn a_long_thread_opens_at_its_end_and_is_read_from_its_beginning(house) {
        let sirene = house.publish(json!({}), vec![]).await;
        let olga = house.person("olga", &[]).await;
        let id = house.app.open_ticket(&olga, ticket(sirene.api_id(), "Long", "# Le premier")).await.unwrap().id;
        for n in 2..=55 {
            let body = format!("Message numéro {n}.");
            house.app.reply_ticket(&olga, id, serde_json::from_value(json!({"body": body})).unwrap()).await.unwrap();
        }
        let door = Door::of(house);
        let mut browser = Browser::signed_in(&door, "olga").await.in_english();
        let place = format!("/tickets/{id}?lang=en");
        let end = browser.get(&place).await;
        end.shows(200, "Message numéro 55.").shows(200, "Read from the beginning");
        assert!(!end.text.contains("Le premier"));
        let start = browser.get(&format!("/tickets/{id}?from=start")).await;
        start.shows(200, "<h2 id=").shows(200, "Le premier").shows(200, "Later messages");
        assert!(!start.text.contains("numéro 55."));
        let next = start.text.split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        browser.get(&next).await.shows(200, "Message numéro 55.");
        browser.get(&format!("/tickets/{id}?cursor=nonsense")).await.shows(422, "<h1>");
    }

    async fn what_one_may_not_see_is_not_there(house) {
        let sirene = house.publish(json!({}), vec![]).await;
        let olga = house.person("olga", &[]).await;
        house.person("eve", &[]).await;
        let id = house.app.open_ticket(&olga, ticket(sirene.api_id(), "S", "B")).await.unwrap().id;
        let place = format!("/tickets/{id}");
        let door = Door::of(house);
        let mut nobody = Browser::new(&door);
        for path in ["/tickets", ON_API, &place] {
            let page = nobody.get(path).await;
            assert!(page.location.starts_with("/sign-in?next="), "{path} {}", page.location);
        }
        let kept = nobody.post(ON_API, &[("subject", "Une question"), ("body", "Longue")]).await;
        kept.shows(403, "action=\"/sign-in\"");
        assert_eq!((kept.value("kept.subject"), kept.value("kept.body")), ("Une question".into(), "Longue".into()));
        let mut eve = Browser::signed_in(&door, "eve").await;
        eve.get(&place).await.shows(404, "Introuvable");
        eve.post(&place, &[("body", "x")]).await.shows(404, "Introuvable");
        eve.get("/tickets").await.shows(200, "Vous n’avez pas de ticket");
        for path in ["/tickets/x", "/tickets/tkt_%ff", "/apis/sirene/0.0/tickets", "/apis/%00/1/tickets", "/apis/a/%00/tickets"] {
            assert_eq!(eve.get(path).await.status, 404, "{path}");
        }
        // One who only looks on the provider's side reads and has no form.
        let clerk = house.person("clerk", &[]).await;
        house.organization(OrganizationKind::Provider, "insee", &clerk, Role::Viewer).await;
        let mut clerk = Browser::signed_in(&door, "clerk").await;
        let page = clerk.get(&place).await;
        assert!(page.status == 200 && !page.text.contains("<textarea"), "{}", page.text);
        clerk.post(&place, &[("body", "x")]).await.shows(403, "<h1>");
        house.app.erase_account(&olga, olga.account_id().unwrap()).await.unwrap();
        clerk.get(&place).await.shows(200, "Compte effacé");
    }
}
