//! My account on pages: profile, address, password, sessions, tokens, data. Promises P1 (sessions), P4 (links), P8
//! (nobody else's) and P11 (take along, erase).

use std::time::Duration;

use octroi_app::accounts::AccountChange;
use octroi_domain::organization::{OrganizationKind, Role};
use octroi_testkit::{House, Mailbox, PASSWORD, link_token, on_both};

use super::browser::Browser;
use crate::door::{Ask, Door};

const SESSION: &str = "octroi_session";
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0";
const NEW_PASSWORD: &str = "une tour de verre bleu nuit";

/// A browser of that name in which somebody has signed in.
async fn browser<'d>(door: &'d Door, identifier: &str, agent: &str) -> Browser<'d> {
    let mut browser = Browser::new(door);
    browser.headers.push(("user-agent", agent.to_owned()));
    let page = browser.post("/sign-in", &[("login", identifier), ("password", PASSWORD)]).await;
    assert_eq!(page.status, 303);
    browser
}

/// Does the waiting work; gives the mails.
async fn mails(house: &House) -> Vec<octroi_app::mail::Mail> {
    let mails = Mailbox::default();
    while house.app.run_due_jobs(&mails).await.unwrap() > 0 {}
    mails.take()
}

on_both! {
    async fn a_profile_is_changed_and_two_tabs_do_not_overwrite_each_other(house) {
        house.person("olga", &[]).await;
        house.person("otto", &[]).await;
        let door = Door::of(house);
        let mut browser = Browser::signed_in(&door, "olga").await;
        let tab = browser.get("/account").await;
        tab.shows(200, "value=\"Camille\"").shows(200, "olga@exemple.fr");
        let edition = tab.value("edition");
        let form = |first: &'static str, edition: &str| {
            [("first_name", first), ("last_name", "Roy"), ("identifier", "olga.roy"), ("language", "en")]
                .into_iter().map(|(n, v)| (n, v.to_owned())).chain([("edition", edition.to_owned())]).collect::<Vec<_>>()
        };
        let send = async |browser: &mut Browser<'_>, form: Vec<(&'static str, String)>| {
            let form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (*n, v.as_str())).collect();
            browser.post("/account", &form).await
        };
        let saved = send(&mut browser, form("Olga", &edition)).await;
        browser.follow(saved).await.shows(200, "Your profile is saved").shows(200, "value=\"olga.roy\"");
        // The other tab still shows what was before: what it sends is kept, and what is saved is said.
        let late = send(&mut browser, form("Camilla", &edition)).await;
        late.shows(412, "Changed meanwhile").shows(412, "Olga Roy").shows(412, "value=\"Camilla\"");
        let saved = send(&mut browser, form("Camilla", &late.value("edition"))).await;
        assert_eq!(saved.status, 303);

        let taken = [("first_name", ""), ("last_name", "Roy"), ("identifier", "OTTO"), ("language", "fr"), ("edition", "3")];
        browser.post("/account", &taken).await.shows(422, "id=\"first_name-error\"");
        let taken = [("first_name", "A"), ("last_name", "Roy"), ("identifier", "OTTO"), ("language", "fr"), ("edition", "3")];
        browser.post("/account", &taken).await.shows(422, "id=\"identifier-error\"").shows(422, "value=\"OTTO\"");
    }

    async fn another_address_asks_for_the_password_and_counts_once_its_link_was_opened(house) {
        let olga = house.person("olga", &[]).await;
        let door = Door::of(house);
        let mut browser = Browser::signed_in(&door, "olga").await;
        house.clock.advance(Duration::from_secs(6 * 60));
        browser.post("/account/email", &[("email", "rien")]).await.shows(422, "value=\"rien\"");
        let ask = browser.post("/account/email", &[("email", "neuve@exemple.fr")]).await;
        ask.shows(403, "action=\"/confirm\"");
        let kept = ask.value("kept.email");
        let confirm = [("password", PASSWORD), ("next", "/account/email"), ("kept.email", kept.as_str())];
        let resume = browser.post("/confirm", &confirm).await;
        resume.shows(200, "action=\"/account/email\"");
        let sent = browser.post("/account/email", &[("email", &resume.value("email"))]).await;
        browser.follow(sent).await.shows(200, "Un lien est envoyé").shows(200, "olga@exemple.fr");
        let mail = mails(house).await.remove(0);
        assert_eq!(mail.to, "neuve@exemple.fr");
        let done = browser.post("/verify-email", &[("token", &link_token(&mail))]).await;
        browser.follow(done).await.shows(200, "Votre adresse est confirmée").shows(200, "neuve@exemple.fr");
        assert_eq!(house.app.me(&olga).await.unwrap().email, "neuve@exemple.fr");
        let same = browser.post("/account/email", &[("email", "NEUVE@exemple.fr")]).await;
        browser.follow(same).await.shows(200, "rien n’a changé");
        assert_eq!(mails(house).await[0].to, "olga@exemple.fr", "the old address is told, and nothing more is sent");
    }

    async fn p1_a_new_password_ends_every_session_and_token(house) {
        house.person("olga", &[]).await;
        let door = Door::of(house);
        let token = door.token("olga", None).await;
        let (mut here, mut there) =
            (Browser::signed_in(&door, "olga").await, Browser::signed_in(&door, "olga").await);
        let form = |current, new, again| {
            [("current_password", current), ("new_password", new), ("new_password_again", again)]
        };
        let typo = here.post("/account/password", &form(PASSWORD, NEW_PASSWORD, "une tour de verre")).await;
        typo.shows(422, "id=\"new_password_again-error\"");
        here.post("/account/password", &form("wrong", NEW_PASSWORD, NEW_PASSWORD)).await
            .shows(422, "id=\"current_password-error\"");
        here.post("/account/password", &form(PASSWORD, "short", "short")).await.shows(422, "id=\"new_password-error\"");
        let done = here.post("/account/password", &form(PASSWORD, NEW_PASSWORD, NEW_PASSWORD)).await;
        assert_eq!(here.cookie(SESSION), None);
        here.follow(done).await.shows(200, "Votre mot de passe est changé");
        assert!(there.get("/account").await.location.starts_with("/sign-in"));
        door.call(Ask::get("/api/v1/me").by(&token)).await.refuses(401, "token_invalid");
        here.post("/sign-in", &[("login", "olga"), ("password", PASSWORD)]).await.shows(422, "summary-errors");
        assert_eq!(here.post("/sign-in", &[("login", "olga"), ("password", NEW_PASSWORD)]).await.status, 303);
    }

    async fn sessions_are_seen_and_ended_from_afar_and_nobody_elses(house) {
        house.person("olga", &[]).await;
        house.person("otto", &[]).await;
        let door = Door::of(house);
        let mut here = browser(&door, "olga", FIREFOX).await;
        // A moment apart, so that their order is known.
        house.clock.advance(std::time::Duration::from_secs(1));
        let mut there = browser(&door, "olga", "curl/8.5.0").await;
        house.clock.advance(std::time::Duration::from_secs(1));
        let mut third = browser(&door, "olga", "<b>strange</b>").await;
        let mut otto = browser(&door, "otto", FIREFOX).await;
        let list = here.get("/account/sessions").await;
        list.shows(200, "Firefox, Linux").shows(200, "curl").shows(200, "Navigateur inconnu").shows(200, "127.0.0.x");
        assert_eq!(list.text.matches("Ce navigateur").count(), 1);
        let ends: Vec<&str> = list.text.split("action=\"").filter(|s| s.starts_with("/account/sessions/ses"))
            .filter_map(|s| s.split('"').next()).collect();
        assert_eq!(ends.len(), 2, "this one is signed out of, not ended");
        let (newest, curl) = (ends[0], ends[1]);

        assert_eq!(otto.post(curl, &[]).await.status, 404, "nobody else's session exists (promise P8)");
        assert_eq!(otto.post("/account/sessions/nothing/end", &[]).await.status, 404);
        assert!(there.get("/account").await.text.contains("value=\"Camille\""));
        let done = here.post(curl, &[]).await;
        here.follow(done).await.shows(200, "Cette connexion est terminée");
        assert!(there.get("/account").await.location.starts_with("/sign-in"), "dead on the server");
        assert_eq!(here.post(curl, &[]).await.status, 303, "ended twice, it stays ended");
        let done = here.post("/account/sessions/end-others", &[]).await;
        here.follow(done).await.shows(200, "partout ailleurs");
        assert!(third.get("/account").await.location.starts_with("/sign-in"));
        assert_eq!(here.post(newest, &[]).await.status, 303);
        assert_eq!(otto.get("/account").await.status, 200);
    }

    async fn a_sign_in_from_somewhere_unfamiliar_is_told_by_mail(house) {
        house.person("olga", &[]).await;
        let door = Door::of(house);
        let told = async |agent| {
            browser(&door, "olga", agent).await;
            mails(house).await
        };
        assert!(told(FIREFOX).await.is_empty(), "the first sign-in of all is no news");
        assert!(told(FIREFOX).await.is_empty(), "nor is the same browser in the same network");
        let news = told("curl/8.5.0").await.remove(0);
        let octroi_app::mail::MailMessage::NewSignIn { agent, sessions_url, .. } = &news.message else {
            panic!("another mail")
        };
        assert_eq!((news.to.as_str(), agent.as_str()), ("olga@exemple.fr", "curl"));
        assert!(sessions_url.ends_with("/account/sessions"));
        house.clock.advance(Duration::from_secs(91 * 24 * 3600));
        assert_eq!(told(FIREFOX).await.len(), 1, "after three months it is news again");
    }

    async fn a_token_is_made_once_shown_once_and_revoked(house) {
        house.person("olga", &[]).await;
        house.person("otto", &[]).await;
        let door = Door::of(house);
        let mut browser = Browser::signed_in(&door, "olga").await;
        browser.get("/account/tokens").await.shows(200, "Vos jetons de gestion");
        let ask = browser.get("/account/tokens/new").await;
        assert!(!ask.text.contains("value=\"admin\""), "only administrators lend what is theirs");
        let id = ask.value("id");
        let wrong = browser.post("/account/tokens/new", &[("id", &id), ("name", " "), ("expires_in_days", "400")]).await;
        for field in ["name", "scopes", "expires_in_days"] {
            wrong.shows(422, &format!("id=\"{field}-error\""));
        }
        assert_eq!(wrong.value("id"), id);
        let form = [("id", id.as_str()), ("name", "forge"), ("scopes", "read"), ("scopes", "reveal"), ("expires_in_days", "7")];
        let made = browser.post("/account/tokens/new", &form).await;
        made.shows(200, "il ne s’affichera plus").shows(200, "Lire, Afficher les clés");
        let token = made.text.split("octroi_mgt_").nth(1).unwrap().split('<').next().unwrap();
        let token = format!("octroi_mgt_{token}");
        door.call(Ask::get("/api/v1/me").by(&token)).await.expect(200);
        let again = browser.post("/account/tokens/new", &form).await;
        let list = browser.follow(again).await;
        list.shows(200, "Ce jeton a déjà été créé").shows(200, &token[token.len() - 4..]);
        assert!(!list.text.contains(&token), "it is not shown again");
        assert_eq!(list.text.matches("<th scope=\"row\">forge").count(), 1, "sent twice, there is one");

        let revoke = format!("/account/tokens/{id}/revoke");
        let mut otto = Browser::signed_in(&door, "otto").await;
        assert_eq!(otto.post(&revoke, &[]).await.status, 404, "nobody else's token exists (promise P8)");
        let done = browser.post(&revoke, &[]).await;
        browser.follow(done).await.shows(200, "Le jeton est révoqué").shows(200, "Jetons révoqués ou expirés");
        door.call(Ask::get("/api/v1/me").by(&token)).await.refuses(401, "token_invalid");
    }

    async fn p11_ones_data_are_taken_along_and_the_account_is_erased(house) {
        let olga = house.person("olga", &[]).await;
        let ona = house.person("ona", &[]).await;
        let acme = house.organization(OrganizationKind::Company, "acme", &olga, Role::Owner).await;
        let door = Door::of(house);
        let mut browser = Browser::signed_in(&door, "olga").await;
        browser.get("/account/data").await.shows(200, "href=\"/account/export\"");
        let export = browser.get("/account/export").await;
        assert!(export.answer.header("content-disposition").starts_with("attachment"));
        assert_eq!(export.answer.json()["account"]["email"], "olga@exemple.fr");
        assert!(!export.text.contains("argon2"), "no secret is in it");

        // The only owner of others' organization stays until there is another.
        browser.get("/account/close").await.shows(200, &format!("href=\"/account/organizations/{acme}\""));
        browser.post("/account/close", &[("identifier", "olga")]).await.shows(409, "au moins un propriétaire");
        let change = |actor| house.app.ensure_member(&octroi_domain::actor::Actor::System("test"), acme, actor, Role::Owner);
        change(ona.account_id().unwrap()).await.unwrap();
        let form = browser.get("/account/close").await;
        form.shows(200, "C’est définitif").shows(200, "name=\"identifier\"");
        browser.post("/account/close", &[("identifier", "ona")]).await.shows(422, "id=\"identifier-error\"");
        house.clock.advance(Duration::from_secs(6 * 60));
        let ask = browser.post("/account/close", &[("identifier", "olga")]).await;
        ask.shows(403, "action=\"/confirm\"");
        let confirm = [("password", PASSWORD), ("next", "/account/close"), ("kept.identifier", "olga")];
        browser.post("/confirm", &confirm).await.shows(200, "action=\"/account/close\"");
        let gone = browser.post("/account/close", &[("identifier", "olga")]).await;
        assert_eq!(browser.cookie(SESSION), None);
        browser.follow(gone).await.shows(200, "Votre compte est effacé");
        browser.post("/sign-in", &[("login", "olga"), ("password", PASSWORD)]).await.shows(422, "summary-errors");
        assert!(!house.database.dump().await.contains("olga@exemple.fr"), "nothing names the person any more");
    }

    async fn a_form_sent_with_an_edition_that_is_no_number_is_refused_by_nobody_but_the_rules(house) {
        let olga = house.person("olga", &[]).await;
        let door = Door::of(house);
        let mut browser = Browser::signed_in(&door, "olga").await;
        let form = [("first_name", "Olga"), ("last_name", "Roy"), ("identifier", "olga"), ("language", "xx"), ("edition", "x")];
        assert_eq!(browser.post("/account", &form).await.status, 303);
        let change = AccountChange { first_name: Some("O".into()), ..AccountChange::default() };
        let id = olga.account_id().unwrap();
        house.app.update_account(&olga, id, change, None).await.unwrap();
        browser.get("/account").await.shows(200, "value=\"O\"").shows(200, "<html lang=\"fr\">");
    }
}
