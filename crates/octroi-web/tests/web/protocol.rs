//! What holds for every resource: pages of lists, entity tags, idempotency keys, languages, headers; and the doors beside
//! the management API: health and OAuth2.

use std::time::Duration;

use http::Method;
use octroi_testkit::{House, databases};
use octroi_web::api::route_table;
use serde_json::{Value, json};

use crate::door::{Ask, Door};
use crate::fixtures::World;

async fn sqlite() -> (House, Door) {
    let house = House::on(databases().await.remove(0)).await;
    let door = Door::of(&house);
    (house, door)
}

fn new_application(name: &str) -> Value {
    json!({"name": name, "description": "Pour essayer"})
}

#[tokio::test]
async fn a_list_is_read_page_by_page_to_its_end() {
    for database in databases().await {
        let house = House::on(database).await;
        let door = Door::of(&house);
        house.person("nina", &[]).await;
        let token = door.token("nina", None).await;
        for i in 0..5 {
            let ask = Ask::post("/api/v1/applications", &new_application(&format!("A{i}"))).by(&token);
            door.call(ask).await.expect(201);
            house.clock.advance(Duration::from_millis(1));
        }
        let (mut seen, mut path) = (Vec::new(), "/api/v1/applications?limit=2".to_owned());
        loop {
            let page = door.call(Ask::get(&path).by(&token)).await.expect(200);
            let items = page["items"].as_array().unwrap();
            assert!(items.len() <= 2);
            seen.extend(items.iter().map(|a| a["name"].as_str().unwrap().to_owned()));
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            path = format!("/api/v1/applications?limit=2&cursor={cursor}");
        }
        assert_eq!(seen, ["A0", "A1", "A2", "A3", "A4"], "{}", house.database.name);
    }
}

#[tokio::test]
async fn an_update_is_done_only_to_what_was_read() {
    for database in databases().await {
        let house = House::on(database).await;
        let door = Door::of(&house);
        house.person("nina", &[]).await;
        let token = door.token("nina", None).await;
        let created = door.call(Ask::post("/api/v1/applications", &new_application("Une")).by(&token)).await;
        created.expect(201);
        let path = created.header("location").to_owned();
        let read = door.call(Ask::get(&path).by(&token)).await;
        let tag = read.header("etag").to_owned();
        let change = |name: &str, tag: &str| {
            Ask::new(Method::PUT, &path).json(&new_application(name)).by(&token).with("if-match", tag)
        };
        let updated = door.call(change("Deux", &tag)).await;
        assert_eq!(updated.expect(200)["name"], "Deux");
        assert_ne!(updated.header("etag"), tag);
        door.call(change("Trois", &tag)).await.refuses(412, "stale");
        assert_eq!(door.call(Ask::get(&path).by(&token)).await.expect(200)["name"], "Deux");
        door.call(change("Trois", "*")).await.expect(200);
    }
}

#[tokio::test]
async fn a_post_with_an_idempotency_key_is_done_once() {
    for database in databases().await {
        let house = House::on(database).await;
        let door = Door::of(&house);
        for name in ["nina", "otto"] {
            house.person(name, &[]).await;
        }
        let (nina, otto) = (door.token("nina", None).await, door.token("otto", None).await);
        let ask = |name: &str, key: &str, token: &str| {
            let mut body = new_application(name);
            body["kind"] = json!("backend_to_backend");
            Ask::post("/api/v1/applications", &body).by(token).with("idempotency-key", key)
        };
        let first = door.call(ask("Une", "k-1", &nina)).await;
        let again = door.call(ask("Une", "k-1", &nina)).await;
        assert_eq!(
            first.expect(201),
            again.expect(201),
            "the secret shown once is shown to its sender again"
        );
        assert_eq!(first.header("location"), again.header("location"));
        assert_eq!(
            (first.header("idempotency-replayed"), again.header("idempotency-replayed")),
            ("", "true")
        );
        assert_ne!(first.header("x-request-id"), again.header("x-request-id"));
        door.call(ask("Autre", "k-1", &nina)).await.refuses(409, "idempotency_key_reused");
        let theirs = door.call(ask("Une", "k-1", &otto)).await;
        assert_ne!(theirs.expect(201), first.json(), "keys of two people have nothing in common");
        let counted = |token: &str| Ask::get("/api/v1/applications").by(token);
        let list = door.call(counted(&nina)).await.expect(200);
        assert_eq!(list["items"].as_array().unwrap().len(), 1);

        // A refusal wrote nothing: the same key may be tried again.
        door.call(ask(" ", "k-2", &nina)).await.refuses(422, "invalid");
        door.call(ask("Bonne", "k-2", &nina)).await.expect(201);

        // Kept for a day.
        house.clock.advance(Duration::from_secs(25 * 3600));
        house.app.sweep().await.unwrap();
        let later = door.call(ask("Une", "k-1", &nina)).await;
        assert_ne!(later.expect(201)["application"]["id"], first.json()["application"]["id"]);
    }
}

#[tokio::test]
async fn the_same_post_many_times_at_once_is_done_once() {
    for database in databases().await {
        let house = House::on(database).await;
        let door = Door::of(&house);
        house.person("nina", &[]).await;
        let token = door.token("nina", None).await;
        let calls = (0..12).map(|_| {
            let ask = Ask::post("/api/v1/applications", &new_application("Une")).by(&token);
            door.call(ask.with("idempotency-key", "all-at-once"))
        });
        let answers = futures_util::future::join_all(calls).await;
        let ids: Vec<Value> = answers.iter().map(|a| a.expect(201)["application"]["id"].clone()).collect();
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
        let list = door.call(Ask::get("/api/v1/applications").by(&token)).await.expect(200);
        assert_eq!(list["items"].as_array().unwrap().len(), 1, "{}", house.database.name);
    }
}

#[tokio::test]
async fn a_kept_answer_is_for_the_token_that_asked_alone() {
    for database in databases().await {
        let house = House::on(database).await;
        let door = Door::of(&house);
        house.person("nina", &[]).await;
        let (all, read_only) = (door.token("nina", None).await, door.token("nina", Some(&["read"])).await);
        let ask = |token: &str| {
            let body = json!({"name": "second", "scopes": ["read", "write", "reveal"]});
            Ask::post("/api/v1/tokens", &body).by(token).with("idempotency-key", "k")
        };
        door.call(ask(&all)).await.expect(201);
        door.call(ask(&read_only)).await.refuses(409, "idempotency_key_reused");
    }
}

#[tokio::test]
async fn a_secret_shown_again_is_not_kept_past_its_fresh_sign_in() {
    let (house, door) = sqlite().await;
    let world = World::of(&house, &door).await;
    let token = &world.caller("owner").token;
    let path = format!("/api/v1/credentials/{}/reveal", world.credential);
    let ask = || Ask::new(Method::POST, &path).by(token).with("idempotency-key", "k");
    door.call(ask()).await.expect(200);
    house.clock.advance(Duration::from_secs(5 * 60 + 1));
    door.call(ask()).await.refuses(403, "sign_in_again");
}

#[tokio::test]
async fn a_kept_answer_is_not_readable_in_the_database() {
    for database in databases().await {
        let house = House::on(database).await;
        let door = Door::of(&house);
        house.person("nina", &[]).await;
        let token = door.token("nina", None).await;
        let body = json!({"name": "Une", "description": "Avec secret", "kind": "backend_to_backend"});
        let ask = Ask::post("/api/v1/applications", &body).by(&token).with("idempotency-key", "k");
        let secret = door.call(ask).await.expect(201)["client"]["secret"].as_str().unwrap().to_owned();
        let dump = house.database.dump().await;
        assert!(!dump.contains(&secret) && !dump.contains(&token), "{}", house.database.name);
    }
}

#[tokio::test]
async fn problems_speak_the_reader_s_language_and_lead_to_a_page() {
    let (_house, door) = sqlite().await;
    for (language, title, content) in [
        ("", "Connexion requise", "fr"),
        ("fr-CA, en", "Connexion requise", "fr"),
        ("en, fr;q=0.5", "Sign-in required", "en"),
    ] {
        let answer = door.call(Ask::get("/api/v1/me").with("accept-language", language)).await;
        let problem = answer.refuses(401, "sign_in_required");
        assert_eq!(problem["title"], title);
        assert_eq!(answer.header("content-language"), content);
        assert_eq!(answer.header("vary"), "accept-language");
        assert_eq!(problem["request_id"], answer.header("x-request-id"));
        let page = problem["type"].as_str().unwrap().strip_prefix("http://portal.test").unwrap().to_owned();
        let page = door.raw(Ask::get(page).with("accept-language", language)).await;
        assert_eq!(page.status, 200);
        assert!(page.text().contains(title), "{}", page.text());
    }
}

#[tokio::test]
async fn violations_name_every_field_at_once() {
    let (house, door) = sqlite().await;
    let world = World::of(&house, &door).await;
    let provider = &world.caller("provider").token;
    let body = json!({
        "slug": "Pas Bon", "name": 7, "security": "api_key", "extra": 1,
        "limits": {"rate": {"count": 0}, "quota": {"count": 5, "period": "year"}},
    });
    let ask = Ask::post(format!("/api/v1/apis/{}/plans", world.api), &body).by(provider);
    let mut fields = door.call(ask).await.fields();
    fields.sort();
    let text = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    for expected in [
        text("extra", "unexpected"),
        text("limits.quota.period", "not_allowed"),
        text("limits.rate.window_seconds", "required"),
        text("name", "wrong_type"),
    ] {
        assert!(fields.contains(&expected), "{expected:?} in {fields:?}");
    }
    // The tag of a union, and what its branch lacks.
    let path = format!("/api/v1/apis/{}", world.api);
    let shown = door.call(Ask::get(&path).by(provider)).await.expect(200);
    let mut body = json!({"slug": "sirene", "version": "3.11", "name": "API", "gateway": shown["gateway"]});
    body["gateway"]["credentials"] =
        json!([{"in": "cookie"}, {"in": "header"}, {"in": "query", "name": "k", "x": 1}]);
    let fields = door.call(Ask::new(Method::PUT, &path).json(&body).by(provider)).await.fields();
    for expected in [
        text("gateway.credentials[0].in", "not_allowed"),
        text("gateway.credentials[1].name", "required"),
        text("gateway.credentials[2].x", "unexpected"),
    ] {
        assert!(fields.contains(&expected), "{expected:?} in {fields:?}");
    }
    // Of the right shape: the rules of the domain speak.
    let ask = |body: Value| {
        Ask::post(format!("/api/v1/apis/{}/plans", world.api), &body)
            .by(provider)
            .with("accept-language", "en")
    };
    let fields = door.call(ask(json!({"slug": "open", "name": "Nom", "security": "keyless"}))).await.fields();
    assert!(fields.contains(&text("limits.rate", "required")), "{fields:?}");
    // A form that has a name is said by its name; a text that is none is told apart from one that is blank.
    let refused = door
        .call(ask(json!({"slug": "Pas Bon", "name": " ", "security": "api_key", "description": "a\u{7}"})));
    let refused = refused.await;
    let fields = refused.fields();
    for expected in
        [text("slug", "malformed"), text("name", "required"), text("description", "control_character")]
    {
        assert!(fields.contains(&expected), "{expected:?} in {fields:?}");
    }
    assert!(refused.text().contains("such as api-sirene"), "{}", refused.text());
}

#[tokio::test]
async fn a_whole_number_may_be_written_with_a_point() {
    let (house, door) = sqlite().await;
    let world = World::of(&house, &door).await;
    let path = format!("/api/v1/credentials/{}/renew", world.credential);
    let ask = |body: &str| {
        Ask::new(Method::POST, &path).bytes("application/json", body).by(&world.caller("owner").token)
    };
    door.call(ask(r#"{"grace_seconds": 60.5}"#)).await.refuses(422, "invalid");
    door.call(ask(r#"{"grace_seconds": 60.0}"#)).await.expect(201);
}

#[tokio::test]
async fn secrets_are_never_kept_by_caches_and_nothing_runs() {
    let (house, door) = sqlite().await;
    let world = World::of(&house, &door).await;
    for row in route_table().iter().filter(|row| row.method == Method::GET) {
        let answer = door.call(world.fixture(row).ask(row, &world.caller("owner").token)).await;
        assert_eq!(answer.header("cache-control"), "no-store", "{row:?}");
        assert_eq!(answer.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
    }
}

#[tokio::test]
async fn the_document_says_openapi_3_1_and_where_it_is_served() {
    let (_house, door) = sqlite().await;
    let document = door.raw(Ask::get("/api/v1/openapi.json")).await.expect(200);
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["servers"], json!([{"url": "http://portal.test"}]));
    let operations: usize =
        document["paths"].as_object().unwrap().values().map(|p| p.as_object().unwrap().len()).sum();
    assert_eq!(operations, route_table().len());
    assert_eq!(document, octroi_web::api::openapi::document("http://portal.test"));
}

#[tokio::test]
async fn health_tells_life_from_readiness() {
    let (house, door) = sqlite().await;
    assert_eq!(door.raw(Ask::get("/healthz")).await.expect(200)["status"], "ok");
    assert_eq!(door.raw(Ask::get("/readyz")).await.expect(200)["status"], "ready");
    house.app.store().close().await;
    assert_eq!(door.raw(Ask::get("/healthz")).await.expect(200)["status"], "ok");
    let answer = door.raw(Ask::get("/readyz")).await;
    answer.expect(503);
    assert_eq!(answer.header("retry-after"), "5");
    let refusal = door.call(Ask::get("/api/v1/apis")).await;
    refusal.refuses(503, "unavailable");
    assert_eq!(refusal.header("retry-after"), "5");
    assert_eq!(door.raw(Ask::get("/")).await.status, 200, "the home page says so itself");
}

fn form(pairs: &str) -> Ask {
    Ask::new(Method::POST, "/oauth/token").bytes("application/x-www-form-urlencoded", pairs)
}

#[tokio::test]
async fn oauth2_endpoints_answer_as_their_rfcs_say() {
    for database in databases().await {
        let house = House::on(database).await;
        let door = Door::of(&house);
        let plan = octroi_testkit::plan("m2m", json!({"security": "oauth2", "scopes": ["sirene.read"]}));
        let bearer = json!({"gateway": {"credentials": [{"in": "bearer"}]}});
        let published = house.publish(bearer, vec![plan]).await;
        house.app.ensure_signing_key().await.unwrap();
        let nina = house.person("nina", &[]).await;
        let client = house.client(&nina, "Machine").await;
        let request = octroi_testkit::subscribe(client.application.id, published.plan_id(0));
        house.app.subscribe(&nina, request).await.unwrap();
        let (id, secret) = (client.application.client_id.unwrap(), client.client.unwrap().secret);

        let post = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
        let answer = door.raw(form(&post)).await;
        let token = answer.expect(200);
        assert_eq!((&token["token_type"], &token["scope"]), (&json!("Bearer"), &json!("sirene.read")));
        assert!(token["expires_in"].as_i64().unwrap() <= 600);
        assert_eq!((answer.header("cache-control"), answer.header("pragma")), ("no-store", "no-cache"));

        let wrong =
            door.raw(form(&format!("grant_type=client_credentials&client_id={id}&client_secret=x"))).await;
        assert_eq!(wrong.expect(401)["error"], "invalid_client");
        assert!(wrong.header("www-authenticate").starts_with("Basic"));
        for (pairs, error) in [
            ("", "invalid_client"),
            ("grant_type=client_credentials", "invalid_client"),
            (&format!("{post}&grant_type=client_credentials"), "invalid_request"),
            (&format!("client_id={id}&client_secret={secret}"), "invalid_request"),
            (&post.replace("client_credentials", "password"), "unsupported_grant_type"),
            (&format!("{post}&scope=nothing"), "invalid_scope"),
            (&format!("{post}&resource=https://elsewhere.example"), "invalid_target"),
        ] {
            assert_eq!(door.raw(form(pairs)).await.json()["error"], error, "{pairs}");
        }
        let json = Ask::post("/oauth/token", &json!({"grant_type": "client_credentials"}));
        assert_eq!(door.raw(json).await.expect(400)["error"], "invalid_request");
        let long = form(&format!("{post}&scope={}", "x".repeat(200_000)));
        assert_eq!(door.raw(long).await.expect(400)["error"], "invalid_request");

        let metadata = door.raw(Ask::get("/.well-known/oauth-authorization-server")).await.expect(200);
        assert_eq!(metadata["issuer"], "http://portal.test");
        for endpoint in ["jwks_uri", "token_endpoint"] {
            let path = metadata[endpoint].as_str().unwrap().strip_prefix("http://portal.test").unwrap();
            assert_ne!(door.raw(Ask::get(path)).await.status, 404, "{endpoint}");
        }
        for path in ["/oauth/jwks", "/oauth/jwks.json", "/.well-known/jwks.json"] {
            let keys = door.raw(Ask::get(path)).await.expect(200);
            assert_eq!(keys["keys"][0]["alg"], "ES256");
            assert!(keys["keys"][0].get("d").is_none());
        }
    }
}
