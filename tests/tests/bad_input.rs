//! Bad input at the doors of the whole product: the answer says what to mend, nothing is lost, nothing reaches an
//! upstream, and the next request is served. (The management API's own fields: crates/octroi-web/tests; catalogue files:
//! crates/octroi-app/tests; framing: crates/octroi-gateway/tests.)

use octroi_tests::{
    KEY_HEADER, Live, Person, Program, SIRET, Upstream, blank_databases, databases, exchange,
};
use serde_json::{Value, json};

fn api(organization: &Value, slug: &str, path: &str, upstream: &str) -> Value {
    json!({
        "slug": slug, "version": "1", "name": slug, "organization_id": organization,
        "gateway": {
            "route": {"path": path}, "upstreams": [{"url": upstream}],
            "credentials": [{"in": "header", "name": "X-Key"}],
        },
    })
}

fn fields(problem: &Value) -> Vec<&str> {
    problem["errors"].as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_cannot_be_served_is_refused_field_by_field() {
    for database in databases().await {
        let (live, upstream) = (Live::on(database).await, Upstream::start());
        let provider = live.provider_of_sirene(&upstream.url()).await;
        let insee = provider.sirene().await["provider"]["id"].clone();
        for address in [
            "http://10.0.0.1",
            "http://169.254.169.254/latest",
            "http://[::1]:9",
            "ftp://exemple.fr",
            "http://u:p@exemple.fr",
        ] {
            let problem = provider
                .post("/api/v1/apis", api(&insee, "ailleurs", "/ailleurs", address))
                .await
                .refuses(422, "invalid");
            assert_eq!(fields(&problem), ["gateway.upstreams[0].url"], "{address}: {problem}");
        }
        for path in ["/api-sirene/3.11", "/api-sirene/3.11/"] {
            let problem = provider
                .post("/api/v1/apis", api(&insee, "double", path, &upstream.url()))
                .await
                .refuses(422, "invalid");
            assert_eq!(fields(&problem), ["gateway.route.path"], "{problem}");
        }
        let apis = live.visitor().get("/api/v1/apis").await.expect(200);
        assert_eq!(apis["items"].as_array().unwrap().len(), 1);
        let plans = format!("/api/v1/apis/{}/plans", provider.sirene().await["id"].as_str().unwrap());
        let none = json!({"slug": "rien", "name": "Rien", "security": "api_key", "limits": {"rate": {"count": 0, "window_seconds": 60}}});
        let problem = provider.post(&plans, none).await.refuses(422, "invalid");
        assert_eq!(fields(&problem), ["limits.rate.count"], "{problem}");
        live.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_that_somebody_closed_meanwhile_is_told_and_stays_closed() {
    for database in databases().await {
        let (live, upstream) = (Live::on(database).await, Upstream::start());
        let provider = live.provider_of_sirene(&upstream.url()).await;
        let camille = live.newcomer("camille").await;
        let consumer = camille.subscriber("MonApplication", "acces-public").await;
        provider.subscription(&consumer.subscription, "close").await;
        let subscription = format!("/api/v1/subscriptions/{}", consumer.subscription);
        for (who, path, body) in [
            (&camille, format!("{subscription}/close"), json!({})),
            (&provider, format!("{subscription}/pause"), json!({})),
            (&provider, format!("{subscription}/resume"), json!({})),
            (&camille, format!("{subscription}/credentials"), Value::Null),
        ] {
            who.post(&path, body).await.refuses(409, "subscription_state");
        }
        let credential = format!("/api/v1/credentials/{}", consumer.credential);
        let renewed = camille.post(&format!("{credential}/renew"), json!({})).await;
        assert_eq!(renewed.status, 409, "{}", renewed.text());
        assert_eq!(camille.get(&subscription).await.expect(200)["state"], "closed");
        assert_eq!(live.sirene(&consumer.key).await.status, 401);
        let again = camille.subscribe(&consumer.application, "acces-public").await.expect(201);
        assert_eq!(live.sirene(again["key"]["secret"].as_str().unwrap()).await.status, 200);
        live.stop().await;
    }
}

/// What nobody should send, as bytes, and the status that answers it.
fn nonsense(key: &str) -> Vec<(&'static str, Vec<u8>, u16)> {
    let head = |line: &str, more: &str| {
        format!("{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{KEY_HEADER}: {key}\r\n{more}\r\n")
            .into_bytes()
    };
    let long = "a".repeat(70_000);
    vec![
        ("a body of 10 MB", head(&format!("POST {SIRET}"), "Content-Length: 10485760\r\n"), 413),
        ("control characters in a header", head(&format!("GET {SIRET}"), "X-A: a\u{1}b\r\n"), 400),
        ("a null in the path", head("GET /api-sirene/3.11/a%00b", ""), 400),
        ("dots that climb", head("GET /api-sirene/3.11/%2e%2e/%2e%2e/secret", ""), 400),
        ("raw bytes in the path", [b"GET /api-sirene/3.11/\xff\xfe".as_slice(), &head("", "")].concat(), 400),
        ("a head that never ends", head(&format!("GET {SIRET}"), &format!("X-A: {long}\r\n")), 431),
        ("no HTTP at all", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".to_vec(), 400),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_at_both_doors_harms_nobody() {
    for database in databases().await {
        let (live, upstream) = (Live::on(database).await, Upstream::start());
        live.provider_of_sirene(&upstream.url()).await;
        let camille = live.newcomer("camille").await;
        let consumer = camille.subscriber("MonApplication", "acces-public").await;
        for (what, bytes, status) in nonsense(&consumer.key) {
            let answer = exchange(live.gateway(), &bytes).await.expect(what);
            assert_eq!(answer.status, status, "{what}: {}", answer.text());
            assert!(!answer.text().contains(&consumer.key), "{what}");
            let answer = exchange(live.portal(), &bytes).await;
            assert!(answer.is_none_or(|answer| (400..500).contains(&answer.status)), "{what}");
        }
        assert_eq!(upstream.requests(), 0);
        assert_eq!(live.sirene(&consumer.key).await.status, 200);
        still_there(&camille, &consumer.application).await;
        live.stop().await;
    }
}

async fn still_there(person: &Person, application: &str) {
    person.get(&format!("/api/v1/applications/{application}")).await.expect(200);
}

#[test]
fn the_command_line_points_at_the_mistake_and_changes_nothing() {
    for database in blank_databases() {
        let program = Program::on(database);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("api.yaml");
        std::fs::write(
            &file,
            "apiVersion: octroi/v1\nkind: Api\nprovider: insee\nslug: sirene\nversoin: \"1\"\n",
        )
        .unwrap();
        let output = program.run(&["apply", file.to_str().unwrap()]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("api.yaml:5:") && said.contains("versoin"), "{said}");
        assert!(!said.contains("panicked") && !said.contains("RUST_BACKTRACE"), "{said}");
        let output = program.run(&["serve", "--port", "1"]);
        assert_eq!(output.status.code(), Some(2));
    }
}
