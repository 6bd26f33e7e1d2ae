//! The few pages that there are: the home, and those that links in mails lead to.

use http::Method;
use octroi_testkit::{House, Mailbox, PASSWORD, databases, link_token, plan};
use serde_json::json;

use crate::door::{Answer, Ask, Door};

async fn house() -> (House, Door) {
    let house = House::on(databases().await.remove(0)).await;
    let door = Door::of(&house);
    (house, door)
}

/// A page that loads nothing from elsewhere and runs nothing.
#[track_caller]
fn is_page(answer: &Answer, status: u16) -> String {
    let text = answer.text();
    assert_eq!(answer.status.as_u16(), status, "{text}");
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    let policy = answer.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self'") && !policy.contains("unsafe"),
        "{policy}"
    );
    assert!(!text.contains(" style=") && !text.contains("<style"), "{text}");
    assert!(!text.contains("{$") && text.contains("<h1>"), "{text}");
    text
}

fn send(path: &str, pairs: &[(&str, &str)]) -> Ask {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    Ask::new(Method::POST, path).bytes("application/x-www-form-urlencoded", body)
}

#[tokio::test]
async fn the_home_lists_the_public_catalogue_in_both_languages() {
    let (house, door) = house().await;
    assert!(is_page(&door.raw(Ask::get("/")).await, 200).contains("Aucune API"));
    let more = json!({
        "name": "API <b>Sirene</b>", "presentation": {"summary": "\"Les\" entreprises & leurs établissements"},
    });
    house.publish(more, vec![plan("public", json!({}))]).await;
    let french = is_page(&door.raw(Ask::get("/")).await, 200);
    assert!(french.contains("<html lang=\"fr\">") && french.contains("aucun appel en 7 jours"), "{french}");
    assert!(french.contains("href=\"/apis/sirene/3.11\""), "{french}");
    assert!(!french.contains("<b>Sirene"), "what providers write is text: {french}");
    let english = is_page(&door.raw(Ask::get("/").with("accept-language", "en")).await, 200);
    assert!(english.contains("<html lang=\"en\">") && english.contains("no call in 7 days"), "{english}");
    let chosen = door.raw(Ask::get("/?lang=fr").with("accept-language", "en")).await;
    assert!(is_page(&chosen, 200).contains("<html lang=\"fr\">"));
    let style = french.split('"').find(|part| part.ends_with("/portal.css")).unwrap();
    let answer = door.raw(Ask::get(style).with("accept-encoding", "gzip")).await;
    assert_eq!(answer.header("content-type"), "text/css; charset=utf-8");
    assert_eq!(answer.header("content-encoding"), "gzip");
    assert!(answer.header("cache-control").contains("immutable"));
    let index = door.raw(Ask::get("/llms.txt")).await;
    assert!(index.text().contains("http://portal.test/api/v1/openapi.json"), "{}", index.text());
    let html = |path: &str| Ask::get(path).with("accept", "text/html,*/*;q=0.8");
    is_page(&door.raw(html("/nothing/here")).await, 404);
    is_page(&door.raw(html("/problems/nothing")).await, 404);
    door.raw(html("/api/v1/nothing")).await.refuses(404, "not_found");
}

#[tokio::test]
async fn opening_a_mailed_link_changes_nothing_and_its_button_does() {
    let (house, door) = house().await;
    let mails = Mailbox::default();
    let body = json!({
        "email": "nina@exemple.fr", "identifier": "nina", "first_name": "Nina", "last_name": "Noël",
        "password": PASSWORD, "accept_terms": true,
    });
    door.call(Ask::post("/api/v1/accounts", &body)).await.expect(202);
    house.app.run_due_jobs(&mails).await.unwrap();
    let token = link_token(&mails.take()[0]);
    let before = house.database.dump().await;
    for _ in 0..2 {
        let page = is_page(&door.raw(Ask::get(format!("/verify-email?token={token}"))).await, 200);
        assert!(page.contains(&token) && page.contains("type=\"submit\""), "{page}");
    }
    assert_eq!(before, house.database.dump().await);
    let elsewhere = send("/verify-email", &[("token", &token)]).with("sec-fetch-site", "cross-site");
    is_page(&door.raw(elsewhere).await, 403);
    let done = door.raw(send("/verify-email", &[("token", &token)])).await;
    assert_eq!(done.header("location"), "/sign-in?notice=notice-address-confirmed");
    is_page(&door.raw(send("/verify-email", &[("token", &token)])).await, 409);
    door.token("nina", None).await;
}

#[tokio::test]
async fn a_form_that_is_wrong_keeps_what_was_typed_and_says_what_to_mend() {
    let (house, door) = house().await;
    let system = octroi_domain::actor::Actor::System("cli");
    let roles = vec![octroi_domain::account::PortalRole::Admin];
    let link = house.app.admin_invite(&system, "ada@exemple.fr", roles).await.unwrap();
    let token = octroi_testkit::token_of(&link.url);
    let page = is_page(&door.raw(Ask::get(format!("/invitation?token={token}&lang=en"))).await, 200);
    assert!(page.contains("ada@exemple.fr"), "{page}");
    let typed = |identifier: &'static str, password: &'static str| {
        [
            ("token", token.clone()),
            ("identifier", identifier.to_owned()),
            ("first_name", "<Ada>".to_owned()),
            ("last_name", "L".to_owned()),
            ("password", password.to_owned()),
            ("accept_terms", "true".to_owned()),
        ]
    };
    let pairs = |all: &[(&'static str, String); 6]| -> Vec<(&'static str, String)> { all.to_vec() };
    let ask = |all: &[(&'static str, String); 6]| {
        let all = pairs(all);
        let all: Vec<(&str, &str)> = all.iter().map(|(n, v)| (*n, v.as_str())).collect();
        send("/invitation?lang=en", &all)
    };
    let wrong = is_page(&door.raw(ask(&typed("a!", "short"))).await, 422);
    assert!(wrong.contains("value=\"a!\"") && !wrong.contains("short"), "{wrong}");
    assert!(wrong.contains("&#60;Ada&#62;") || wrong.contains("&lt;Ada&gt;"), "{wrong}");
    assert!(wrong.matches("aria-invalid").count() >= 2, "{wrong}");
    let done = door.raw(ask(&typed("ada", PASSWORD))).await;
    assert_eq!(done.header("location"), "/sign-in?notice=notice-account-made");
    door.token("ada", None).await;
    is_page(&door.raw(Ask::get("/invitation?token=x")).await, 409);
}

#[tokio::test]
async fn every_page_opens_in_both_languages_whatever_its_query_says() {
    let (_house, door) = house().await;
    for path in ["/", "/sign-in", "/verify-email", "/reset-password", "/forgot-password"] {
        for query in ["", "?lang=en", "?lang=xx", "?token=%22%3E%3Cscript%3E", "?%ff=%00"] {
            let answer = door.raw(Ask::get(format!("{path}{query}"))).await;
            let text = is_page(&answer, 200);
            assert!(!text.contains("><script"), "{text}");
        }
    }
    let sent = door.raw(send("/forgot-password?lang=en", &[("email", "nobody@exemple.fr")])).await;
    assert!(is_page(&sent, 200).contains("If this address has an account"));
    let wrong = door.raw(send("/forgot-password?lang=en", &[("email", "nobody")])).await;
    assert!(is_page(&wrong, 422).contains("An e-mail address"));
}
