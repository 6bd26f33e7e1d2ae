//! What only a demo shows: its sample people at the door, and the mails that it sent.

use std::sync::Arc;

use octroi_app::mail::Rendered;
use octroi_domain::api::Language;
use octroi_domain::time::Timestamp;
use octroi_testkit::{House, PASSWORD, databases};
use octroi_web::{DemoMail, DemoSite, SamplePerson, WebOptions};

use super::browser::Browser;
use crate::door::Door;

struct Site;

impl DemoSite for Site {
    fn people(&self) -> Vec<SamplePerson> {
        vec![SamplePerson {
            role: "developer".into(),
            name: "Denis <Développeur>".into(),
            email: "denis@exemple.fr".into(),
            password: PASSWORD.into(),
        }]
    }

    fn mails(&self) -> Vec<DemoMail> {
        let text = "Bonjour,\n\nhttp://portal.test/verify-email?token=t0k3n\n<script>alert(1)</script> http://elsewhere.example/";
        let rendered = Rendered {
            to: "nina@exemple.fr".into(),
            subject: "Confirmez <b>votre</b> adresse".into(),
            text: text.into(),
            html: "<p>…</p>".into(),
            language: Language::Fr,
        };
        vec![DemoMail { number: 1, sent_at: Timestamp::from_millis(1_795_364_438_123), rendered }]
    }
}

/// A door of the house as a demo.
pub(super) fn door(house: &House) -> Door {
    Door::with(house, WebOptions { demo: Some(Arc::new(Site)), ..WebOptions::default() })
}

#[tokio::test]
async fn a_demo_says_so_offers_its_people_and_shows_its_mails() {
    let house = House::on(databases().await.remove(0)).await;
    house.person("denis", &[]).await;
    let door = door(&house);
    let mut browser = Browser::new(&door);
    let home = browser.get("/").await;
    home.shows(200, "Démonstration")
        .shows(200, "Denis &#60;Développeur&#62;")
        .shows(200, "href=\"/demo/mail\"");
    assert_eq!((home.value("login"), home.value("password")), ("denis@exemple.fr".into(), PASSWORD.into()));
    let login = [("login", home.value("login")), ("password", home.value("password"))];
    let login: Vec<(&str, &str)> = login.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(browser.post("/sign-in", &login).await.location, "/dashboard");
    assert!(browser.get("/").await.text.contains("Camille Arnaud"));

    let mut stranger = Browser::new(&door).in_english();
    stranger.get("/demo/mail").await.shows(200, "nina@exemple.fr").shows(200, "href=\"/demo/mail/1\"");
    let mail = stranger.get("/demo/mail/1").await;
    mail.shows(200, "<a href=\"/verify-email?token=t0k3n\">http://portal.test/verify-email?token=t0k3n</a>");
    assert!(
        !mail.text.contains("<script>alert") && !mail.text.contains("href=\"http://elsewhere"),
        "{}",
        mail.text
    );
    for nothing in ["/demo/mail/2", "/demo/mail/x", "/demo/mail/-1"] {
        assert_eq!(stranger.get(nothing).await.status, 404, "{nothing}");
    }
}

#[tokio::test]
async fn outside_a_demo_there_is_none_of_it() {
    let house = House::on(databases().await.remove(0)).await;
    let door = Door::of(&house);
    let mut browser = Browser::new(&door);
    for path in ["/demo/mail", "/demo/mail/1"] {
        assert_eq!(browser.get(path).await.status, 404, "{path}");
    }
    let home = browser.get("/").await;
    assert!(!home.text.contains("demo-mark") && !home.text.contains("name=\"password\""), "{}", home.text);
}
