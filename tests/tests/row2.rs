//! Row 2 from the first visit to the last call, as its document tells it: registration, application, subscription, key,
//! calls, limit, renewal, pause, revocation, change of plan, OAuth2. Only HTTP.

use std::time::Duration;

use octroi_tests::{
    Answer, Consumer, KEY_HEADER, Live, PASSWORD, Person, SIRET, Upstream, call, databases, eventually,
};
use serde_json::{Value, json};

const UNAUTHORIZED: &str = r#"{"message":"Unauthorized","http_status_code":401}"#;
const EXCEEDED: &str = r#"{"message":"Rate limit exceeded! You reached the limit of 30 requests per 1 minutes","http_status_code":429}"#;

/// The portal with API Sirene in it, and a consumer who holds a key.
struct Scene {
    live: Live,
    provider: Person,
    camille: Person,
    consumer: Consumer,
    upstream: Upstream,
}

async fn scenes() -> Vec<Scene> {
    let mut scenes = Vec::new();
    for database in databases().await {
        let (live, upstream) = (Live::on(database).await, Upstream::start());
        let provider = live.provider_of_sirene(&upstream.url()).await;
        let camille = live.newcomer("camille").await;
        let consumer = camille.subscriber("MonApplication", "acces-public").await;
        scenes.push(Scene { live, provider, camille, consumer, upstream });
    }
    scenes
}

fn refused(answer: &Answer) {
    assert_eq!((answer.status, answer.text().as_str()), (401, UNAUTHORIZED));
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

fn past(live: &Live, seconds: u64) {
    live.clock.advance(Duration::from_secs(seconds));
}

#[tokio::test(flavor = "multi_thread")]
async fn from_no_account_to_a_call_that_came_back() {
    for database in databases().await {
        let (live, upstream) = (Live::on(database).await, Upstream::start());
        let provider = live.provider_of_sirene(&upstream.url()).await;
        provider
            .post("/api/v1/terms", json!({"version": "2026-11", "body": "# CGU\n\nAccès libre."}))
            .await
            .expect(201);
        let camille = registers(&live).await;

        let found = live.visitor().get("/api/v1/apis?q=sirene").await.expect(200);
        let shown = &found["items"][0];
        assert_eq!((&shown["name"], &shown["version"]), (&json!("API Sirene"), &json!("3.11")));
        assert_eq!(shown["state"], "published");
        assert_eq!(shown["access_url"], format!("http://{}/api-sirene/3.11", live.gateway()));
        assert_eq!(shown["subscriptions"], 0);

        let made = camille.application("MonApplication", "simple").await;
        let application = made["application"]["id"].as_str().unwrap();
        let unread = json!({"application_id": application, "plan_id": camille.plan("acces-public").await});
        camille.post("/api/v1/subscriptions", unread).await.refuses(409, "terms_not_accepted");
        let done = camille.subscribe(application, "acces-public").await.expect(201);
        assert_eq!(done["subscription"]["state"], "active");
        let (key, curl) = (done["key"]["secret"].as_str().unwrap(), done["key"]["curl"].as_str().unwrap());
        assert!(curl.contains(key) && curl.contains(KEY_HEADER), "{curl}");
        assert!(curl.contains(&format!("http://{}/api-sirene/3.11", live.gateway())), "{curl}");

        for name in [
            KEY_HEADER,
            "x-insee-api-key-integration",
            "X-INSEE-API-KEY-INTEGRATION",
            "x-InSeE-aPi-KeY-iNtEgRaTiOn",
        ] {
            let answer = live.get(SIRET, &[(name, key)]).await;
            assert_eq!(answer.expect(200)["header"]["statut"], 200, "{name}");
        }
        assert_eq!(upstream.requests(), 4);
        assert!(!upstream.received().contains(key));

        let mine = camille.get("/api/v1/subscriptions").await.expect(200);
        assert_eq!(mine["items"][0]["api"]["slug"], "sirene");
        let keys = camille
            .get(&format!(
                "/api/v1/subscriptions/{}/credentials",
                done["subscription"]["id"].as_str().unwrap()
            ))
            .await
            .expect(200);
        let id = keys["items"][0]["id"].as_str().unwrap();
        assert_eq!(
            camille.post(&format!("/api/v1/credentials/{id}/reveal"), Value::Null).await.expect(200)["secret"],
            key
        );
        live.stop().await;
    }
}

/// Registers as the document says, with everything that can be asked twice.
async fn registers(live: &Live) -> Person {
    let visitor = live.visitor();
    let form = json!({
        "email": "camille@exemple.fr", "identifier": "camille", "first_name": "Camille", "last_name": "Arnaud",
        "password": PASSWORD, "accept_terms": true,
    });
    visitor.post("/api/v1/accounts", form).await.expect(202);
    let sign_in = json!({"login": "camille", "password": PASSWORD});
    visitor.post("/api/v1/sign-ins", sign_in.clone()).await.refuses(401, "sign_in_failed");
    live.mailed_secrets("camille@exemple.fr", 1).await;
    past(live, 1);
    visitor
        .post("/api/v1/email-verification-requests", json!({"email": "camille@exemple.fr"}))
        .await
        .expect(202);
    let links = live.mailed_secrets("camille@exemple.fr", 2).await;
    assert_ne!(links[0], links[1]);
    visitor.post("/api/v1/email-verifications", json!({"token": links[1]})).await.expect(204);
    for link in &links[..2] {
        visitor.post("/api/v1/email-verifications", json!({"token": link})).await.refuses(409, "link_spent");
    }
    visitor.post("/api/v1/sign-ins", sign_in).await.expect(201);
    visitor.sign_in("camille@exemple.fr").await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_key_that_does_not_open_gets_the_same_bytes() {
    for Scene { live, provider, camille, consumer, upstream } in scenes().await {
        refused(&live.get(SIRET, &[]).await);
        for unknown in ["nobody-has-this-key", "octroi_key_00000000000000000000000000000000000000", "é"] {
            refused(&live.sirene(unknown).await);
        }
        let another = provider.publish_another(&upstream.url()).await;
        let foreign = camille.key_for(&consumer.application, &another).await;
        assert_eq!(live.get("/autre/1", &[(KEY_HEADER, &foreign)]).await.status, 200);
        refused(&live.sirene(&foreign).await);
        refused(&live.get("/autre/1", &[(KEY_HEADER, &consumer.key)]).await);

        assert_eq!(live.sirene(&consumer.key).await.status, 200);
        camille.credential(&consumer.credential, "pause").await;
        refused(&live.sirene(&consumer.key).await);
        camille.credential(&consumer.credential, "resume").await;
        assert_eq!(live.sirene(&consumer.key).await.status, 200);
        provider.subscription(&consumer.subscription, "pause").await;
        refused(&live.sirene(&consumer.key).await);
        provider.subscription(&consumer.subscription, "resume").await;
        assert_eq!(live.sirene(&consumer.key).await.status, 200);

        camille.credential(&consumer.credential, "revoke").await;
        refused(&live.sirene(&consumer.key).await);
        camille
            .post(&format!("/api/v1/credentials/{}/resume", consumer.credential), Value::Null)
            .await
            .refuses(409, "credential_state");
        let again = camille
            .post(&format!("/api/v1/subscriptions/{}/credentials", consumer.subscription), Value::Null)
            .await
            .expect(201);
        let new = again["secret"].as_str().unwrap();
        assert_eq!(live.sirene(new).await.status, 200);
        refused(&live.sirene(&consumer.key).await);
        camille.subscription(&consumer.subscription, "close").await;
        refused(&live.sirene(new).await);
        live.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_key_is_refused_from_its_last_moment_on() {
    for Scene { live, provider, camille, .. } in scenes().await {
        let sirene = provider.sirene().await["id"].as_str().unwrap().to_owned();
        provider.add_plan(&sirene, json!({"slug": "un-jour", "name": "Un jour", "key_days": 1})).await;
        let consumer = camille.subscriber("Passagère", "un-jour").await;
        live.clock.advance(Duration::from_millis(86_399_999));
        assert_eq!(live.sirene(&consumer.key).await.status, 200);
        live.clock.advance(Duration::from_millis(1));
        refused(&live.sirene(&consumer.key).await);
        live.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn thirty_calls_a_minute_and_the_count_is_seen() {
    for Scene { live, camille, consumer, upstream, .. } in scenes().await {
        for left in (0..30).rev() {
            let answer = live.sirene(&consumer.key).await;
            assert_eq!(
                (answer.status, answer.header("x-rate-limit-remaining")),
                (200, Some(left.to_string().as_str()))
            );
            live.clock.advance(Duration::from_millis(1_000));
        }
        let answer = live.sirene(&consumer.key).await;
        assert_eq!((answer.status, answer.text().as_str()), (429, EXCEEDED));
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("x-rate-limit-limit"), Some("30"));
        assert_eq!(answer.header("retry-after"), Some("30"));
        live.clock.advance(Duration::from_millis(29_999));
        assert_eq!(live.sirene(&consumer.key).await.status, 429);
        live.clock.advance(Duration::from_millis(1));
        assert_eq!(live.sirene(&consumer.key).await.status, 200);
        assert_eq!(upstream.requests(), 31);
        refused(&live.sirene("nobody-has-this-key").await);

        let path = format!("/api/v1/usage?subscription_id={}", consumer.subscription);
        let usage = eventually("the counts arrive", || async {
            let usage = camille.get(&path).await.expect(200);
            (usage["calls"] == 33).then_some(usage)
        })
        .await;
        assert_eq!(usage["admitted"], 31);
        let live = live.restart().await;
        let camille = live.visitor().sign_in("camille").await;
        assert_eq!(camille.get(&path).await.expect(200)["calls"], 33);
        assert_eq!(camille.sirene().await["subscriptions"], 1);
        assert_eq!(
            camille.sirene().await["calls_last_7_days"],
            31,
            "refusals, which anybody can cause, are left out"
        );
        live.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_key_lives_on_for_the_chosen_grace() {
    for Scene { live, camille, consumer, .. } in scenes().await {
        let mut held = (consumer.credential, consumer.key);
        for (grace, seconds) in [(Some(0), 0), (None, 7_200), (Some(604_800), 604_800)] {
            let camille = live.visitor().sign_in("camille").await;
            let new = camille.renew(&held.0, grace).await;
            if seconds > 0 {
                past(&live, 60);
                let left = |answer: &Answer| answer.header("x-rate-limit-remaining").map(str::to_owned);
                assert_eq!(left(&live.sirene(&held.1).await).as_deref(), Some("29"), "{seconds}");
                assert_eq!(left(&live.sirene(&new.1).await).as_deref(), Some("28"), "both share the count");
                live.clock.advance(Duration::from_millis((seconds - 60) * 1_000 - 1));
                assert_eq!(live.sirene(&held.1).await.status, 200, "{seconds}");
                live.clock.advance(Duration::from_millis(1));
            }
            refused(&live.sirene(&held.1).await);
            assert_eq!(live.sirene(&new.1).await.status, 200, "{seconds}");
            held = new;
        }
        let camille = camille.sign_in("camille").await;
        let path = format!("/api/v1/credentials/{}/renew", held.0);
        let problem = camille.post(&path, json!({"grace_seconds": 604_801})).await.refuses(422, "invalid");
        assert_eq!(problem["errors"][0]["field"], "grace_seconds");
        assert_eq!(live.sirene(&held.1).await.status, 200);
        live.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_changed_and_the_key_stays() {
    for Scene { live, provider, camille, consumer, .. } in scenes().await {
        let sirene = provider.sirene().await["id"].as_str().unwrap().to_owned();
        let faster = provider.add_plan(&sirene, json!({"slug": "rapide", "name": "Rapide"})).await;
        assert_eq!(live.sirene(&consumer.key).await.header("x-rate-limit-limit"), Some("30"));
        let change = json!({"plan_id": faster, "accepted_terms": camille.sirene().await["terms"]["digest"]});
        camille
            .put(&format!("/api/v1/subscriptions/{}/plan", consumer.subscription), change)
            .await
            .expect(200);
        let answer = live.sirene(&consumer.key).await;
        assert_eq!((answer.status, answer.header("x-rate-limit-limit")), (200, Some("100")));
        live.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_calls_with_a_token_until_its_subscription_is_closed() {
    for Scene { live, camille, upstream, .. } in scenes().await {
        let made = camille.application("Machine", "backend_to_backend").await;
        let application = made["application"]["id"].as_str().unwrap();
        let (id, secret) =
            (made["application"]["client_id"].as_str().unwrap(), made["client"]["secret"].as_str().unwrap());
        let done = camille.subscribe(application, "machine-a-machine").await.expect(201);
        assert_eq!(done["key"], Value::Null);
        let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
        let media = [("Content-Type", "application/x-www-form-urlencoded")];
        let answer = call(live.portal(), "POST", "/oauth/token", &media, form.as_bytes()).await;
        let granted = answer.expect(200);
        assert_eq!(
            (answer.header("cache-control"), &granted["token_type"]),
            (Some("no-store"), &json!("Bearer"))
        );
        assert!(granted["expires_in"].as_u64().unwrap() <= 600);
        let bearer = format!("Bearer {}", granted["access_token"].as_str().unwrap());
        let with_token = [("authorization", bearer.as_str())];
        assert_eq!(live.get(SIRET, &with_token).await.status, 200);
        assert!(!upstream.received().contains(&bearer));
        camille.subscription(done["subscription"]["id"].as_str().unwrap(), "close").await;
        refused(&live.get(SIRET, &with_token).await);
        live.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_published_document_leads_to_our_door() {
    for Scene { live, camille, .. } in scenes().await {
        let id = camille.sirene().await["id"].as_str().unwrap().to_owned();
        let document = live.visitor().get(&format!("/api/v1/apis/{id}/openapi")).await.expect(200);
        assert_eq!(
            document["servers"],
            json!([{"url": format!("http://{}/api-sirene/3.11", live.gateway())}])
        );
        let schemes = document["components"]["securitySchemes"].as_object().unwrap();
        assert!(schemes.values().any(|s| s["in"] == "header" && s["name"] == KEY_HEADER), "{schemes:?}");
        live.stop().await;
    }
}
