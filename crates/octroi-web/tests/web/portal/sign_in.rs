//! Signing in and out on pages: promise P1, and nothing that was typed is lost.

use std::time::Duration;

use octroi_app::accounts::ChangePassword;
use octroi_app::terms::NewTerms;
use octroi_domain::account::PortalRole;
use octroi_domain::actor::Actor;
use octroi_testkit::{House, PASSWORD, on_both};

use super::browser::Browser;
use crate::door::Door;

const SESSION: &str = "octroi_session";

on_both! {
    async fn a_session_begins_goes_on_and_ends(house) {
        house.person("olga", &[]).await;
        let door = Door::of(house);
        let mut browser = Browser::new(&door);
        browser.get("/").await.shows(200, "Se connecter");
        let wrong = browser.post("/sign-in", &[("login", "olga"), ("password", "wrong"), ("next", "/apis")]).await;
        wrong.shows(422, "aria-invalid").shows(422, "summary-errors");
        assert_eq!((wrong.value("login"), wrong.value("next")), ("olga".into(), "/apis".into()));
        assert!(!wrong.text.contains("wrong\""), "a password is typed again");
        let right = browser.post("/sign-in", &[("login", "OLGA"), ("password", PASSWORD), ("next", "/terms")]).await;
        assert_eq!(right.location, "/terms");
        let set = right.answer.header("set-cookie").to_owned();
        assert!(set.contains("HttpOnly; SameSite=Lax") && !set.contains("Max-Age"), "{set}");
        browser.get("/").await.shows(200, "Camille Arnaud").shows(200, "Tableau de bord");
        let first = browser.cookie(SESSION).unwrap().to_owned();

        // Another sign-in gives another id, and the one before opens nothing.
        browser.post("/sign-in", &[("login", "olga"), ("password", PASSWORD), ("remember", "true")]).await;
        assert_ne!(browser.cookie(SESSION), Some(first.as_str()));
        let mut thief = Browser::new(&door);
        thief.set_cookie(SESSION, &first);
        let page = thief.get("/").await;
        assert!(!page.text.contains("Camille Arnaud"));
        assert_eq!(thief.cookie(SESSION), None, "a dead cookie is taken away");

        let kept = browser.cookie(SESSION).unwrap().to_owned();
        let out = browser.post("/sign-out", &[]).await;
        browser.follow(out).await.shows(200, "Vous êtes déconnecté");
        thief.set_cookie(SESSION, &kept);
        assert!(!thief.get("/").await.text.contains("Camille Arnaud"), "dead on the server too");
    }

    async fn a_session_ends_with_idleness_age_suspension_and_a_new_password(house) {
        let olga = house.person("olga", &[]).await;
        let ada = house.person("ada", &[PortalRole::Admin]).await;
        let door = Door::of(house);
        let knows = async |browser: &mut Browser<'_>| browser.get("/").await.text.contains("Camille Arnaud");
        let hour = Duration::from_secs(3600);

        let mut short = Browser::signed_in(&door, "olga").await;
        let mut long = Browser::new(&door);
        long.post("/sign-in", &[("login", "olga"), ("password", PASSWORD), ("remember", "true")]).await;
        for _ in 0..11 {
            house.clock.advance(hour);
            assert!(knows(&mut short).await, "used every hour, it goes on");
        }
        house.clock.advance(hour * 2);
        assert!(!knows(&mut short).await, "two hours without use end it");
        assert!(knows(&mut long).await);
        house.clock.advance(hour * 24 * 15);
        assert!(!knows(&mut long).await, "a fortnight ends a remembered one");

        let mut browser = Browser::signed_in(&door, "olga").await;
        let id = olga.account_id().unwrap();
        house.app.suspend_account(&ada, id).await.unwrap();
        assert!(!knows(&mut browser).await);
        house.app.resume_account(&ada, id).await.unwrap();
        assert!(!knows(&mut browser).await, "it does not come back");
        let mut browser = Browser::signed_in(&door, "olga").await;
        let change = ChangePassword {
            current_password: PASSWORD.into(),
            new_password: "une tour de verre bleu nuit".into(),
        };
        let client = std::net::Ipv4Addr::LOCALHOST.into();
        house.app.change_password(&house.sign_in("olga").await, client, change).await.unwrap();
        assert!(!knows(&mut browser).await);
    }

    async fn a_form_sent_after_the_session_ended_is_kept_and_sent_on(house) {
        house.person("olga", &[]).await;
        let door = Door::of(house);
        let mut browser = Browser::new(&door);
        let form = [("version", "2026-11"), ("next", "/terms"), ("new_password", "s3cret")];
        let page = browser.post("/terms/accept", &form).await;
        page.shows(403, "action=\"/sign-in\"").shows(403, "Ce que vous avez saisi est gardé");
        assert_eq!(page.value("kept.version"), "2026-11");
        assert!(!page.text.contains("s3cret"), "passwords are not kept");
        let carried = [
            ("login", "olga"),
            ("password", PASSWORD),
            ("next", "/terms/accept"),
            ("kept.version", "2026-11"),
            ("kept.next", "/terms"),
        ];
        let resume = browser.post("/sign-in", &carried).await;
        resume.shows(200, "action=\"/terms/accept\"").shows(200, "au nom de Camille Arnaud");
        assert_eq!((resume.value("version"), resume.value("next")), ("2026-11".into(), "/terms".into()));
    }

    async fn new_terms_are_asked_for_before_any_page_of_ones_own(house) {
        house.person("olga", &[]).await;
        let door = Door::of(house);
        let mut browser = Browser::signed_in(&door, "olga").await;
        let new = NewTerms { version: "2026-12".into(), body: "# Conditions\n\nTexte <script>".into() };
        house.app.publish_terms(&Actor::System("test"), new).await.unwrap();
        browser.get("/").await.shows(200, "Camille Arnaud");
        let asked = browser.get("/terms/accept?next=/terms").await;
        asked.shows(200, "Texte").shows(200, "Accepter les conditions");
        assert_eq!(asked.value("version"), "2026-12");
        let stale = browser.post("/terms/accept", &[("version", "2026-11"), ("next", "/terms")]).await;
        stale.shows(200, "Accepter les conditions");
        let done = browser.post("/terms/accept", &[("version", "2026-12"), ("next", "/terms")]).await;
        assert_eq!(done.location, "/terms");
    }
}

#[tokio::test]
async fn language_is_chosen_by_the_address_the_cookie_the_account_and_the_browser() {
    let house = House::on(octroi_testkit::databases().await.remove(0)).await;
    house.person("olga", &[]).await;
    let door = Door::of(&house);
    let mut browser = Browser::new(&door).in_english();
    browser.get("/").await.shows(200, "<html lang=\"en\">");
    browser.get("/?lang=fr").await.shows(200, "<html lang=\"fr\">");
    browser.get("/").await.shows(200, "<html lang=\"fr\">");
    browser.get("/?lang=en").await.shows(200, "<html lang=\"en\">");
    let mut fresh = Browser::signed_in(&door, "olga").await.in_english();
    fresh.get("/").await.shows(200, "<html lang=\"fr\">");
}
