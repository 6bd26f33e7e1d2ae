//! Access tokens that the portal signs: admitted for OAuth2 plans, refused for every other reason, revoked at once.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use octroi_domain::plan::{Limits, Security};
use octroi_domain::time::Timestamp;
use octroi_policy::feed::{CatalogueSource, IssuerKey, IssuerSource, KeyStatus, PlanSource};
use serde_json::{Value, json};

use crate::common::*;

struct Signer(EcdsaKeyPair);

impl Signer {
    fn new() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    fn public(&self, id: &str) -> IssuerKey {
        let point = self.0.public_key().as_ref();
        let part = |range: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(&point[range]);
        IssuerKey { id: id.into(), x: part(1..33), y: part(33..65) }
    }

    fn sign(&self, head: &Value, claims: &Value) -> String {
        let text = [head, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
        let signature = self.0.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }
}

fn head() -> Value {
    json!({"typ": "at+jwt", "alg": "ES256", "kid": "one"})
}

fn claims() -> Value {
    let now = Timestamp::parse(START).unwrap().as_secs();
    json!({"iss": "https://portal.test", "exp": now + 600, "iat": now, "aud": "sirene", "client_id": "machine",
        "sub": "machine", "jti": "1"})
}

fn with(mut object: Value, field: &str, value: Value) -> Value {
    object[field] = value;
    object
}

fn gate(signer: &Signer) -> (Upstream, House) {
    let upstream = Upstream::echo();
    let mut api = api("sirene", "/s", &upstream.url(), json!({}));
    api.plans[0].security = Security::Oauth2;
    api.plans.push(PlanSource {
        id: plan_id("keys"),
        slug: "keys".into(),
        security: Security::ApiKey,
        limits: Limits::default(),
        operations: Vec::new(),
    });
    let issuer = IssuerSource { issuer: "https://portal.test".into(), keys: vec![signer.public("one")] };
    let catalogue = CatalogueSource { apis: vec![api], issuer: Some(issuer) };
    let keys = vec![client(1, "machine", open(vec![grant("sirene", 1, thirty())]))];
    (upstream, house_with(catalogue, keys, |_| {}))
}

fn bearer(house: &House, token: &str) -> Answer {
    house.get("/s/x", &format!("Authorization: Bearer {token}\r\n"))
}

#[test]
fn a_token_is_admitted_counted_and_taken_out() {
    let signer = Signer::new();
    let (upstream, house) = gate(&signer);
    let token = signer.sign(&head(), &claims());
    let answer = bearer(&house, &token);
    assert_eq!((answer.status, answer.header("x-rate-limit-remaining")), (200, Some("29")));
    assert!(!upstream.received().to_lowercase().contains("authorization"));
    for audience in [json!("octroi"), json!(["other", "sirene"]), json!("https://portal.test")] {
        assert_eq!(bearer(&house, &signer.sign(&head(), &with(claims(), "aud", audience))).status, 200);
    }
    let at = house.source.put_key(client(1, "machine", KeyStatus::Revoked));
    house.applied(at);
    assert_eq!(bearer(&house, &token).status, 401);
}

#[test]
fn every_other_token_is_refused_alike() {
    let signer = Signer::new();
    let (upstream, mut house) = gate(&signer);
    let now = Timestamp::parse(START).unwrap().as_secs();
    let good = signer.sign(&head(), &claims());
    let (signed, _) = good.rsplit_once('.').unwrap();
    let none = [with(head(), "alg", json!("none")), claims()]
        .map(|p| URL_SAFE_NO_PAD.encode(p.to_string()))
        .join(".");
    let bad = [
        ("another signer", Signer::new().sign(&head(), &claims()), "token_invalid"),
        ("no signature", format!("{signed}."), "token_invalid"),
        ("algorithm none", format!("{none}."), "token_invalid"),
        ("another algorithm", signer.sign(&with(head(), "alg", json!("HS256")), &claims()), "token_invalid"),
        ("another key id", signer.sign(&with(head(), "kid", json!("two")), &claims()), "token_invalid"),
        ("no key id", signer.sign(&json!({"typ": "at+jwt", "alg": "ES256"}), &claims()), "token_invalid"),
        (
            "critical extensions",
            signer.sign(&with(head(), "crit", json!(["b64"])), &claims()),
            "token_invalid",
        ),
        (
            "another issuer",
            signer.sign(&head(), &with(claims(), "iss", json!("https://evil.test"))),
            "token_invalid",
        ),
        ("no client", signer.sign(&head(), &with(claims(), "client_id", json!(""))), "token_invalid"),
        ("expired", signer.sign(&head(), &with(claims(), "exp", json!(now))), "credential_expired"),
        ("not yet", signer.sign(&head(), &with(claims(), "nbf", json!(now + 100))), "credential_expired"),
        (
            "another audience",
            signer.sign(&head(), &with(claims(), "aud", json!("other"))),
            "credential_foreign",
        ),
        (
            "another client",
            signer.sign(&head(), &with(claims(), "client_id", json!("x"))),
            "credential_unknown",
        ),
        ("another type", signer.sign(&with(head(), "typ", json!("JWT")), &claims()), "credential_unknown"),
    ];
    for (name, token, _) in &bad {
        let answer = bearer(&house, token);
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (401, r#"{"message":"Unauthorized","http_status_code":401}"#),
            "{name}"
        );
        assert!(answer.headers.iter().any(|(n, v)| n == "www-authenticate" && v.starts_with("Bearer ")));
    }
    assert_eq!(upstream.connections(), 0);
    house.stop();
    let seen: Vec<_> = house.log.lines().iter().map(|l| l["outcome"].as_str().unwrap().to_owned()).collect();
    let mut wanted: Vec<_> = bad.iter().map(|(_, _, outcome)| (*outcome).to_owned()).collect();
    let mut seen_sorted = seen.clone();
    wanted.sort();
    seen_sorted.sort();
    assert_eq!(seen_sorted, wanted);
}

#[test]
fn without_a_key_to_judge_it_by_no_token_is_to_blame() {
    let signer = Signer::new();
    let upstream = Upstream::echo();
    let mut api = api("sirene", "/s", &upstream.url(), json!({}));
    api.plans[0].security = Security::Oauth2;
    let broken = IssuerKey { x: "no point".into(), ..signer.public("one") };
    let issuer = IssuerSource { issuer: "https://portal.test".into(), keys: vec![broken] };
    let catalogue = CatalogueSource { apis: vec![api], issuer: Some(issuer) };
    let house =
        house_with(catalogue, vec![client(1, "machine", open(vec![grant("sirene", 1, thirty())]))], |_| {});
    assert_eq!(bearer(&house, &signer.sign(&head(), &claims())).status, 503);
    assert_eq!(upstream.connections(), 0);
}
