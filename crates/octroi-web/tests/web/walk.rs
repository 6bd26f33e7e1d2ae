//! Row 2 by the management API alone: from no account to a key, and the key's whole life. On both databases.

use http::Method;
use octroi_testkit::{House, Mailbox, PASSWORD, databases, link_token, plan};
use serde_json::{Value, json};

use crate::door::{Ask, Door};

async fn registered(house: &House, door: &Door, mails: &Mailbox) -> String {
    let body = json!({
        "email": "nina@exemple.fr", "identifier": "nina", "first_name": "Nina", "last_name": "Noël",
        "password": PASSWORD, "accept_terms": true,
    });
    door.call(Ask::post("/api/v1/accounts", &body)).await.expect(202);
    let early = json!({"login": "nina", "password": PASSWORD});
    door.call(Ask::post("/api/v1/sign-ins", &early)).await.refuses(401, "sign_in_failed");
    house.app.run_due_jobs(mails).await.unwrap();
    let mail = mails.take().remove(0);
    let words = octroi_web::emails::render(&mail, "http://portal.test");
    assert!(words.text.contains("http://portal.test/verify-email?token="), "{}", words.text);
    let token = json!({"token": link_token(&mail)});
    door.call(Ask::post("/api/v1/email-verifications", &token)).await.expect(204);
    door.call(Ask::post("/api/v1/email-verifications", &token)).await.refuses(409, "link_spent");
    door.token("nina", None).await
}

#[tokio::test]
async fn from_no_account_to_a_key_and_its_whole_life() {
    for database in databases().await {
        let house = House::on(database).await;
        let door = Door::of(&house);
        let published = house.publish(json!({}), vec![plan("public", json!({}))]).await;
        let token = registered(&house, &door, &Mailbox::default()).await;
        let (get, post) = (
            |path: String| door.call(Ask::get(path).by(&token)),
            |path: String, body: Value| door.call(Ask::post(path, &body).by(&token)),
        );

        let catalogue = door.call(Ask::get("/api/v1/apis?q=SIRENE")).await.expect(200);
        let api = &catalogue["items"][0];
        assert_eq!(api["access_url"], "http://gateway.test/api-sirene/3.11");
        assert!(api.get("gateway").is_none(), "how it is served is the provider's own affair");
        let plan = api["plans"][0]["id"].clone();
        assert_eq!(plan, json!(published.plan_id(0)));

        let body = json!({"name": "MonApplication", "description": "MaDescription", "domain": "https://mon-application.fr"});
        let application = post("/api/v1/applications".into(), body).await.expect(201)["application"].clone();
        let body = json!({"application_id": application["id"], "plan_id": plan, "comment": "Bonjour"});
        let subscribed = post("/api/v1/subscriptions".into(), body.clone()).await;
        let answer = subscribed.expect(201);
        assert_eq!(answer["subscription"]["state"], "active");
        let (key, secret) = (answer["key"]["credential"].clone(), answer["key"]["secret"].as_str().unwrap());
        let curl = answer["key"]["curl"].as_str().unwrap();
        assert!(curl.contains(secret) && curl.contains("X-INSEE-Api-Key-Integration"), "{curl}");
        post("/api/v1/subscriptions".into(), body).await.refuses(409, "already_subscribed");
        let place = subscribed.header("location").to_owned();
        assert_eq!(get(place.clone()).await.expect(200)["comment"], "Bonjour");

        let keys = get(format!("{place}/credentials")).await.expect(200);
        assert_eq!(keys["items"][0]["id"], key["id"]);
        assert!(!keys.to_string().contains(secret), "a list shows no secret");
        let key_path = format!("/api/v1/credentials/{}", key["id"].as_str().unwrap());
        let shown = post(format!("{key_path}/reveal"), Value::Null).await;
        assert_eq!(shown.expect(200)["secret"], secret);
        house.clock.advance(std::time::Duration::from_secs(301));
        post(format!("{key_path}/reveal"), Value::Null).await.refuses(403, "sign_in_again");
        post("/api/v1/confirmations".into(), json!({"password": PASSWORD})).await.expect(204);
        assert_eq!(post(format!("{key_path}/reveal"), Value::Null).await.expect(200)["secret"], secret);

        let renewed = post(format!("{key_path}/renew"), json!({"grace_seconds": 3600})).await;
        let renewed = renewed.expect(201);
        assert_ne!(renewed["secret"], secret);
        let old = get(key_path.clone()).await.expect(200);
        assert_eq!((&old["standing"], &old["replaced_by"]), (&json!("grace"), &renewed["credential"]["id"]));
        post(format!("{key_path}/renew"), json!({"grace_seconds": 604_801})).await.refuses(422, "invalid");
        house.clock.advance(std::time::Duration::from_secs(3600));
        assert_eq!(get(key_path).await.expect(200)["standing"], "expired");

        let new_path = format!("/api/v1/credentials/{}", renewed["credential"]["id"].as_str().unwrap());
        for (step, standing) in [("pause", "paused"), ("resume", "active"), ("revoke", "revoked")] {
            let answer = door.call(Ask::new(Method::POST, format!("{new_path}/{step}")).by(&token)).await;
            assert_eq!(answer.expect(200)["standing"], standing);
        }
        post(format!("{new_path}/resume"), Value::Null).await.refuses(409, "credential_state");
        post(format!("{place}/credentials"), Value::Null).await.expect(201);
        post(format!("{place}/credentials"), Value::Null).await.refuses(409, "key_exists");
        assert_eq!(post(format!("{place}/close"), json!({})).await.expect(200)["state"], "closed");
        post(format!("{place}/credentials"), Value::Null).await.refuses(409, "subscription_state");
    }
}

#[tokio::test]
async fn known_and_unknown_addresses_get_one_answer() {
    for database in databases().await {
        let house = House::on(database).await;
        let door = Door::of(&house);
        house.person("nina", &[]).await;
        for path in ["email-verification-requests", "password-reset-requests"] {
            for email in ["nina@exemple.fr", "nobody@exemple.fr"] {
                let answer = door.call(Ask::post(format!("/api/v1/{path}"), &json!({"email": email}))).await;
                assert_eq!(answer.expect(202), Value::Null);
            }
        }
        let body = |email: &str, identifier: &str| {
            json!({
                "email": email, "identifier": identifier, "first_name": "N", "last_name": "N",
                "password": PASSWORD, "accept_terms": true,
            })
        };
        for (email, identifier) in [("nina@exemple.fr", "une"), ("nobody@exemple.fr", "autre")] {
            let answer = door.call(Ask::post("/api/v1/accounts", &body(email, identifier))).await;
            assert_eq!(answer.expect(202), Value::Null);
        }
    }
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_and_every_token_ends() {
    for database in databases().await {
        let house = House::on(database).await;
        let (door, mails) = (Door::of(&house), Mailbox::default());
        house.person("nina", &[]).await;
        let token = door.token("nina", None).await;
        let address = json!({"email": "nina@exemple.fr"});
        door.call(Ask::post("/api/v1/password-reset-requests", &address)).await.expect(202);
        house.app.run_due_jobs(&mails).await.unwrap();
        house.app.run_due_jobs(&mails).await.unwrap();
        let link = link_token(&mails.take()[0]);
        let reset = |password: &str| {
            Ask::post("/api/v1/password-resets", &json!({"token": link, "password": password}))
        };
        let named = door.call(reset("motdepasse")).await.fields();
        assert!(named.iter().any(|(field, _)| field == "password"), "{named:?}");
        door.call(reset("sept nains dans la forêt")).await.expect(204);
        door.call(reset("sept nains dans la forêt")).await.refuses(409, "link_spent");
        door.call(Ask::get("/api/v1/me").by(&token)).await.refuses(401, "token_invalid");
        let old = json!({"login": "nina", "password": PASSWORD});
        door.call(Ask::post("/api/v1/sign-ins", &old)).await.refuses(401, "sign_in_failed");
        let new = json!({"login": "NINA@exemple.fr", "password": "sept nains dans la forêt"});
        door.call(Ask::post("/api/v1/sign-ins", &new)).await.expect(201);
    }
}

#[tokio::test]
async fn guessing_a_password_is_slowed_down() {
    let house = House::on(databases().await.remove(0)).await;
    let door = Door::of(&house);
    house.person("nina", &[]).await;
    let wrong = json!({"login": "nina", "password": "not this one"});
    let mut last = door.call(Ask::post("/api/v1/sign-ins", &wrong)).await;
    for _ in 0..10 {
        if last.status == 429 {
            break;
        }
        last.refuses(401, "sign_in_failed");
        last = door.call(Ask::post("/api/v1/sign-ins", &wrong)).await;
    }
    last.refuses(429, "too_many_requests");
    assert!(last.header("retry-after").parse::<u32>().unwrap() >= 1);
}

#[tokio::test]
async fn an_invited_administrator_makes_the_account_and_runs_the_portal() {
    for database in databases().await {
        let house = House::on(database).await;
        let door = Door::of(&house);
        let system = octroi_domain::actor::Actor::System("cli");
        let roles = vec![octroi_domain::account::PortalRole::Admin];
        let link = house.app.admin_invite(&system, "ada@exemple.fr", roles).await.unwrap();
        let token = octroi_testkit::token_of(&link.url);
        let preview = door.call(Ask::post("/api/v1/invitation-previews", &json!({"token": token}))).await;
        assert_eq!(preview.expect(200)["email"], "ada@exemple.fr");
        let body = json!({
            "token": token, "identifier": "ada", "first_name": "Ada", "last_name": "L", "password": PASSWORD,
            "accept_terms": true,
        });
        let account = door.call(Ask::post("/api/v1/invitation-acceptances", &body)).await;
        assert_eq!(account.expect(201)["portal_roles"], json!(["admin"]));
        let admin = door.token("ada", None).await;
        let entries = door.call(Ask::get("/api/v1/audit-entries?limit=100").by(&admin)).await.expect(200);
        assert!(entries.to_string().contains("account.invited"), "{entries}");
        let body = json!({"kind": "provider", "slug": "insee", "name": "INSEE"});
        door.call(Ask::post("/api/v1/organizations", &body).by(&admin)).await.expect(201);
    }
}

#[tokio::test]
async fn one_visitor_cannot_take_the_places_of_all() {
    let house = House::on(databases().await.remove(0)).await;
    let door = Door::of(&house);
    let ask = |n: u32| {
        let body = json!({"email": format!("x{n}@exemple.fr")});
        let path = ["email-verification-requests", "password-reset-requests"][n as usize % 2];
        Ask::post(format!("/api/v1/{path}"), &body)
    };
    for n in 0..101 {
        door.call(ask(n)).await.expect(202);
    }
    let refused = door.call(ask(101)).await;
    refused.refuses(429, "too_many_requests");
    assert_eq!(refused.header("retry-after"), "2");
    // Nobody who has an account waits for it, and it passes.
    house.person("nina", &[]).await;
    door.token("nina", None).await;
    house.clock.advance(std::time::Duration::from_secs(2));
    door.call(ask(102)).await.expect(202);
}
