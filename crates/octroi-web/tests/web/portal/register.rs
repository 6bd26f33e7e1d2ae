//! Registering on pages: promises P3 (one answer for every address), P4 (links) and P5 (passwords), and the way back to
//! the page that somebody came from.

use octroi_testkit::{House, Mailbox, PASSWORD, link_token, on_both};

use super::browser::{Browser, Page};
use crate::door::Door;

const API: &str = "/apis/sirene?x=1";

/// What somebody types who registers.
fn typed<'a>(identifier: &'a str, email: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("first_name", "Nina"),
        ("last_name", "Noël"),
        ("email", email),
        ("identifier", identifier),
        ("password", PASSWORD),
        ("password_again", PASSWORD),
        ("accept_terms", "true"),
        ("next", API),
    ]
}

/// Does the waiting work; gives the secrets of the links that were mailed.
async fn links(house: &House) -> Vec<String> {
    let mails = Mailbox::default();
    while house.app.run_due_jobs(&mails).await.unwrap() > 0 {}
    mails.take().iter().map(link_token).collect()
}

/// The page without what it repeats of the request.
fn anonymous(page: &Page, email: &str) -> (u16, String) {
    (page.status, page.text.replace(email, "…"))
}

on_both! {
    async fn a_link_to_an_api_survives_registration_mail_confirmation_and_sign_in(house) {
        let door = Door::of(house);
        let mut browser = Browser::new(&door);
        let sign_in = browser.get("/sign-in?next=%2Fapis%2Fsirene%3Fx%3D1").await;
        sign_in.shows(200, "href=\"/register?next=%2Fapis%2Fsirene%3Fx%3D1\"");
        let form = browser.get("/register?next=%2Fapis%2Fsirene%3Fx%3D1").await;
        assert_eq!(form.value("next"), API);
        form.shows(200, "href=\"/terms\"");

        let sent = browser.post("/register", &typed("nina", "nina@exemple.fr")).await;
        sent.shows(200, "Vérifiez votre courriel").shows(200, "action=\"/verify-email/resend\"");
        let first = links(house).await.remove(0);
        browser.post("/verify-email/resend", &[("email", "nina@exemple.fr")]).await.shows(200, "nouveau courriel");
        let second = links(house).await.remove(0);

        // The mail is opened elsewhere: nothing but the link leads on. Opening it changes nothing (promise P4).
        let mut phone = Browser::new(&door);
        let before = house.database.dump().await;
        let page = phone.get(&format!("/verify-email?token={second}")).await;
        page.shows(200, "type=\"submit\"").shows(200, "le compte « nina »");
        assert_eq!(before, house.database.dump().await);
        let confirmed = phone.post("/verify-email", &[("token", &second)]).await;
        assert!(confirmed.location.starts_with("/sign-in?next=%2Fapis%2Fsirene%3Fx%3D1&notice="), "{}", confirmed.location);
        let sign_in = phone.follow(confirmed).await;
        sign_in.shows(200, "Votre adresse est confirmée");
        assert_eq!(sign_in.value("next"), API);
        let login = [("login", "nina"), ("password", PASSWORD), ("next", API)];
        assert_eq!(phone.post("/sign-in", &login).await.location, API);
        browser.post("/verify-email", &[("token", &first)]).await.shows(409, "faites renvoyer le courriel");
        // The button pressed twice, the mail opened again: what to do next.
        let again = browser.post("/verify-email", &[("token", &second)]).await;
        again.shows(409, "connectez-vous").shows(409, "href=\"/verify-email/resend\"").shows(409, "href=\"/sign-in\"");
        assert_eq!(phone.get("/register?next=%2Fterms").await.location, "/terms", "whoever has signed in goes on");
    }

    async fn nobody_is_led_to_another_site_by_a_registration(house) {
        let door = Door::of(house);
        let mut browser = Browser::new(&door);
        let mut evil = typed("nina", "nina@exemple.fr");
        evil.retain(|(name, _)| *name != "next");
        evil.push(("next", "//mechant.example/"));
        browser.post("/register", &evil).await.shows(200, "Vérifiez votre courriel");
        let token = links(house).await.remove(0);
        let confirmed = browser.post("/verify-email", &[("token", &token)]).await;
        assert!(confirmed.location.starts_with("/sign-in?next=%2Fdashboard&"), "{}", confirmed.location);
    }

    async fn a_wrong_registration_names_everything_at_once_and_keeps_what_was_typed(house) {
        let door = Door::of(house);
        house.person("olga", &[]).await;
        let mut browser = Browser::new(&door).in_english();
        let form = [
            ("first_name", "<Nina>"), ("last_name", ""), ("email", "nina"), ("identifier", "n!"),
            ("password", "short"), ("password_again", "shorter"), ("next", API),
        ];
        let before = house.database.dump().await;
        let wrong = browser.post("/register", &form).await;
        wrong.shows(422, "<title>Error").shows(422, "summary-errors").shows(422, "The two entries differ");
        for field in ["last_name", "email", "identifier", "password", "password_again", "accept_terms"] {
            wrong.shows(422, &format!("href=\"#{field}\"")).shows(422, &format!("id=\"{field}-error\""));
        }
        assert_eq!((wrong.value("first_name"), wrong.value("next")), ("<Nina>".into(), API.into()));
        assert!(!wrong.text.contains("short\"") && !wrong.text.contains("shorter"), "passwords are typed again");
        let mut taken = typed("olga", "nina@exemple.fr");
        browser.post("/register", &taken).await.shows(422, "id=\"identifier-error\"");
        taken[4] = ("password", "ninaninanina");
        taken[5] = ("password_again", "ninaninanina");
        browser.post("/register", &taken).await.shows(422, "id=\"password-error\"");
        assert_eq!(before, house.database.dump().await, "nothing is written");
    }

    async fn p3_one_answer_for_known_and_unknown_addresses(house) {
        let door = Door::of(house);
        house.person("olga", &[]).await;
        let mut browser = Browser::new(&door);
        let (known, unknown) = ("olga@exemple.fr", "inconnue@exemple.fr");
        let one = browser.post("/register", &typed("une", known)).await;
        let other = browser.post("/register", &typed("autre", unknown)).await;
        assert_eq!(anonymous(&one, known), anonymous(&other, unknown));
        links_of_nobody(house).await;

        // Active, waiting for confirmation, unknown: the work behind the answer is the same job.
        let mut answers = Vec::new();
        for email in [known, unknown, "jamais@exemple.fr"] {
            let page = browser.post("/verify-email/resend", &[("email", email)]).await;
            answers.push(anonymous(&page, email));
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
        browser.post("/verify-email/resend", &[("email", "rien")]).await.shows(422, "value=\"rien\"");
    }
}

/// Does the waiting work, whatever it mails.
async fn links_of_nobody(house: &House) {
    let mails = Mailbox::default();
    while house.app.run_due_jobs(&mails).await.unwrap() > 0 {}
}

#[tokio::test]
async fn whoever_asks_too_often_waits_and_loses_nothing() {
    let house = House::on(octroi_testkit::databases().await.remove(0)).await;
    let door = Door::of(&house);
    let mut browser = Browser::new(&door);
    for _ in 0..101 {
        browser.post("/verify-email/resend", &[("email", "nina@exemple.fr")]).await;
    }
    let waits = browser.post("/verify-email/resend", &[("email", "nina@exemple.fr")]).await;
    assert_eq!((waits.status, waits.value("email").as_str()), (429, "nina@exemple.fr"));
    let form = browser.post("/register", &typed("nina", "nina@exemple.fr")).await;
    form.shows(429, "summary-errors");
    assert_eq!(form.value("identifier"), "nina");
}
