//! The OAuth2 server through its doors: who gets a token, for what, and what the gate makes of it.

#![allow(clippy::unwrap_used, reason = "a test that fails stops here")]

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use octroi_app::Conflict;
use octroi_app::applications::CreatedApplication;
use octroi_app::credentials::Renew;
use octroi_app::oauth::{TokenError, TokenRequest};
use octroi_domain::actor::Actor;
use octroi_domain::ids::SubscriptionId;
use octroi_domain::subscription::Transition::{Close, Pause, Resume};
use octroi_testkit::{Gate, House, Published, conflict, on_both, plan, subscribe};
use serde_json::{Value, json};

/// Two APIs under OAuth2 plans, and a client subscribed to the first.
struct Scene {
    sirene: Published,
    melodi: Published,
    gate: Gate,
    ada: Actor,
    client: CreatedApplication,
    secret: String,
    subscription: SubscriptionId,
}

async fn scene(house: &House) -> Scene {
    house.app.ensure_signing_key().await.unwrap();
    let bearer = json!({"gateway": {"credentials": [{"in": "bearer"}]}});
    let machine = |scopes: Value| vec![plan("machine", json!({"security": "oauth2", "scopes": scopes}))];
    let sirene = house.publish(bearer, machine(json!(["read", "search"]))).await;
    let other = json!({
        "slug": "melodi", "name": "Melodi",
        "gateway": {"route": {"path": "/melodi"}, "credentials": [{"in": "bearer"}]},
    });
    let provider = sirene.provider.clone();
    let melodi =
        house.publish_as(provider, sirene.organization_id, "1", other, machine(json!(["write"]))).await;
    let gate = Gate::open(house).await;
    let ada = house.person("ada", &[]).await;
    let client = house.client(&ada, "Machine").await;
    let request = subscribe(client.application.id, sirene.plan_id(0));
    let done = house.app.subscribe(&ada, request).await.unwrap();
    assert!(done.key.is_none(), "an OAuth2 plan gives no key");
    let secret = client.client.as_ref().unwrap().secret.clone();
    Scene { sirene, melodi, gate, ada, client, secret, subscription: done.subscription.id }
}

impl Scene {
    fn client_id(&self) -> String {
        self.client.application.client_id.clone().unwrap()
    }

    fn request(&self) -> TokenRequest {
        request(&self.client_id(), &self.secret)
    }

    async fn token(&self, house: &House) -> Result<String, &'static str> {
        house.app.token(self.request()).await.map(|t| t.access_token).map_err(|e| e.code())
    }

    async fn call(&self, house: &House, token: &str) -> &'static str {
        self.gate.follow(house).await;
        self.at("/api-sirene/3.11/siret/1", token)
    }

    fn at(&self, path: &str, token: &str) -> &'static str {
        self.gate.judge(path, &[("authorization", &format!("Bearer {token}"))])
    }
}

fn request(client_id: &str, secret: &str) -> TokenRequest {
    let pair = STANDARD.encode(format!("{client_id}:{secret}"));
    TokenRequest {
        authorization: Some(format!("Basic {pair}")),
        grant_type: Some("client_credentials".into()),
        ..TokenRequest::default()
    }
}

fn part(token: &str, place: usize) -> Value {
    let text = token.split('.').nth(place).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

async fn refused(house: &House, request: TokenRequest) -> (&'static str, u16) {
    let error = house.app.token(request).await.unwrap_err();
    (error.code(), error.status())
}

on_both! {
    async fn a_token_opens_what_its_client_subscribed_to(house) {
        let s = scene(house).await;
        let answer = house.app.token(s.request()).await.unwrap();
        assert_eq!((answer.token_type, answer.expires_in, answer.scope.as_str()), ("Bearer", 600, "read search"));
        let token = answer.access_token;

        let (head, claims) = (part(&token, 0), part(&token, 1));
        assert_eq!((&head["typ"], &head["alg"]), (&json!("at+jwt"), &json!("ES256")));
        let keys = house.app.jwks().await.unwrap();
        assert_eq!(head["kid"], keys["keys"][0]["kid"]);
        assert!(keys["keys"][0].get("d").is_none(), "the private half stays");
        assert_eq!(claims["iss"], "http://portal.test");
        assert_eq!((&claims["sub"], &claims["client_id"]), (&json!(s.client_id()), &json!(s.client_id())));
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 600);
        assert_eq!(claims["iat"], house.app.now().as_secs());
        let second = s.token(house).await.unwrap();
        assert_ne!(part(&second, 1)["jti"], claims["jti"]);

        assert_eq!(s.call(house, &token).await, "admitted");
        assert_eq!(s.at("/melodi/x", &token), "credential_foreign");
        house.clock.advance(Duration::from_secs(599));
        assert_eq!(s.call(house, &token).await, "admitted");
        house.clock.advance(Duration::from_secs(1));
        assert_eq!(s.call(house, &token).await, "credential_expired");
    }

    async fn a_resource_narrows_the_token(house) {
        let s = scene(house).await;
        house.app.subscribe(&s.ada, subscribe(s.client.application.id, s.melodi.plan_id(0))).await.unwrap();
        let mut request = s.request();
        request.resource = vec!["http://gateway.test/melodi".into()];
        let answer = house.app.token(request.clone()).await.unwrap();
        assert_eq!(answer.scope, "write");
        assert_eq!(part(&answer.access_token, 1)["aud"], "melodi");
        assert_ne!(s.call(house, &answer.access_token).await, "admitted");
        assert_eq!(s.at("/melodi/x", &answer.access_token), "admitted");

        request.resource.push("sirene".into());
        let both = house.app.token(request.clone()).await.unwrap();
        assert_eq!(part(&both.access_token, 1)["aud"], json!(["melodi", "sirene"]));
        assert_eq!(both.scope, "read search write");
        for token in [both.access_token, s.token(house).await.unwrap()] {
            assert_eq!(s.call(house, &token).await, "admitted");
            assert_eq!(s.at("/melodi/x", &token), "admitted");
        }
        request.resource = vec!["http://elsewhere.test".into()];
        assert_eq!(refused(house, request).await, ("invalid_target", 400));
    }

    async fn scopes_are_never_more_than_plans_give(house) {
        let s = scene(house).await;
        let asking = |scope: &str| TokenRequest { scope: Some(scope.into()), ..s.request() };
        let less = house.app.token(asking("search")).await.unwrap();
        assert_eq!(less.scope, "search");
        assert_eq!(part(&less.access_token, 1)["scope"], "search");
        for scope in ["write", "read write", "read\twrite", "READ"] {
            assert_eq!(refused(house, asking(scope)).await, ("invalid_scope", 400), "{scope}");
        }
        assert_eq!(house.app.token(asking("")).await.unwrap().scope, "read search");
    }

    async fn clients_show_themselves_in_one_of_two_ways(house) {
        let s = scene(house).await;
        let posted = TokenRequest {
            grant_type: Some("client_credentials".into()),
            client_id: Some(s.client_id()),
            client_secret: Some(s.secret.clone()),
            ..TokenRequest::default()
        };
        assert!(house.app.token(posted.clone()).await.is_ok());
        let encoded = request(&s.client_id(), &s.secret.replace('_', "%5F"));
        assert!(house.app.token(encoded).await.is_ok(), "each half is form-encoded");

        let both = TokenRequest { client_secret: Some(s.secret.clone()), ..s.request() };
        assert_eq!(refused(house, both).await, ("invalid_request", 400));
        let two_names = TokenRequest { client_id: Some("other".into()), ..s.request() };
        assert_eq!(refused(house, two_names).await, ("invalid_request", 400));
        let grant = TokenRequest { grant_type: Some("password".into()), ..s.request() };
        assert_eq!(refused(house, grant).await, ("unsupported_grant_type", 400));
        let no_grant = TokenRequest { grant_type: None, ..s.request() };
        assert_eq!(refused(house, no_grant).await, ("invalid_request", 400));

        let broken = format!("{}x", &s.secret[..s.secret.len() - 1]);
        let wrong = [
            TokenRequest { authorization: None, ..s.request() },
            TokenRequest { authorization: Some("Basic ???".into()), ..s.request() },
            TokenRequest { authorization: Some(format!("Bearer {}", s.secret)), ..s.request() },
            request(&s.client_id(), ""),
            request(&s.client_id(), &broken),
            request(&s.client_id(), "octroi_cs_unknown"),
            request("app_unknown", &s.secret),
            request("", &s.secret),
            request(&"x".repeat(2_000), &s.secret),
            request(&house.client(&s.ada, "Autre").await.application.client_id.unwrap(), &s.secret),
        ];
        for request in wrong {
            assert_eq!(refused(house, request).await, ("invalid_client", 401));
        }
        // A key of a subscription is no client's secret.
        let app = house.application(&s.ada, "Simple").await;
        let other = json!({"slug": "cles", "name": "Clés", "gateway": {"route": {"path": "/cles"}}});
        let keyed = house
            .publish_as(s.sirene.provider.clone(), s.sirene.organization_id, "1", other, vec![plan("k", json!({}))])
            .await;
        let key = house.subscribed(&s.ada, app.id, keyed.plan_id(0)).await.1.secret;
        assert_eq!(refused(house, request(&s.client_id(), &key)).await, ("invalid_client", 401));
    }

    async fn what_becomes_of_a_subscription_is_felt_by_tokens_in_use(house) {
        let s = scene(house).await;
        let token = s.token(house).await.unwrap();
        let decide = |t| {
            house.app.decide_subscription(&s.sirene.provider, s.subscription, t, Default::default(), None)
        };
        assert_eq!(s.call(house, &token).await, "admitted");
        decide(Pause).await.unwrap();
        assert_ne!(s.call(house, &token).await, "admitted");
        assert_eq!(s.token(house).await, Err("unauthorized_client"));
        decide(Resume).await.unwrap();
        assert_eq!(s.call(house, &token).await, "admitted");
        decide(Close).await.unwrap();
        assert_ne!(s.call(house, &token).await, "admitted");
        assert_eq!(s.token(house).await, Err("unauthorized_client"));
    }

    async fn a_secret_is_rotated_with_a_grace_and_a_revoked_one_ends_the_tokens(house) {
        let mut s = scene(house).await;
        let (app, id) = (&house.app, s.client.application.id);
        let first = s.request();
        let new = app.rotate_client_secret(&s.ada, id, Renew { grace_seconds: Some(3_600) }).await.unwrap();
        s.secret = new.secret.clone();
        let token = s.token(house).await.unwrap();
        assert_eq!(s.call(house, &token).await, "admitted");
        house.clock.advance(Duration::from_millis(3_600_000 - 1));
        assert!(app.token(first.clone()).await.is_ok(), "the old secret in its grace");
        house.clock.advance(Duration::from_millis(1));
        assert_eq!(refused(house, first).await, ("invalid_client", 401));

        let token = s.token(house).await.unwrap();
        app.pause_credential(&s.ada, new.credential.id).await.unwrap();
        assert_eq!(s.call(house, &token).await, "credential_paused");
        assert_eq!(s.token(house).await, Err("invalid_client"));
        app.resume_credential(&s.ada, new.credential.id).await.unwrap();
        assert_eq!(s.call(house, &token).await, "admitted");
        app.revoke_credential(&s.ada, new.credential.id).await.unwrap();
        assert_eq!(s.call(house, &token).await, "credential_revoked");
        assert_eq!(s.token(house).await, Err("invalid_client"));

        s.secret = app.rotate_client_secret(&s.ada, id, Renew::default()).await.unwrap().secret;
        let token = s.token(house).await.unwrap();
        assert_eq!(s.call(house, &token).await, "admitted");
        // In the same millisecond, and by the other door.
        let current = app.application_credentials(&s.ada, id, &Default::default()).await.unwrap().items.pop().unwrap();
        s.secret = app.renew_credential(&s.ada, current.id, Renew { grace_seconds: Some(0) }).await.unwrap().secret;
        let token = s.token(house).await.unwrap();
        assert_eq!(s.call(house, &token).await, "admitted");
        assert_eq!(Gate::open(house).await.policy.snapshot.keys.len(), 1, "one client, whatever its secrets");
    }

    async fn two_former_secrets_live_on_at_most(house) {
        let s = scene(house).await;
        let rotate = |grace: u64| {
            house.app.rotate_client_secret(&s.ada, s.client.application.id, Renew { grace_seconds: Some(grace) })
        };
        for _ in 0..2 {
            rotate(3_600).await.unwrap();
        }
        assert_eq!(conflict(rotate(3_600).await), Conflict::TooManyKeys);
        rotate(0).await.unwrap();
    }

    async fn a_gateway_that_was_away_hears_of_the_end_all_the_same(house) {
        let s = scene(house).await;
        let (app, id) = (&house.app, s.client.application.id);
        let token = s.token(house).await.unwrap();
        let away = Gate::open(house).await;
        let call = |gate: &Gate| {
            gate.judge("/api-sirene/3.11/siret/1", &[("authorization", &format!("Bearer {token}"))])
        };
        assert_eq!(call(&away), "admitted");
        // Renewed, paused, renewed and revoked while it was away: it has never heard of the new secret.
        let new = app.rotate_client_secret(&s.ada, id, Renew::default()).await.unwrap();
        app.pause_credential(&s.ada, new.credential.id).await.unwrap();
        away.follow(house).await;
        assert_eq!(call(&away), "credential_paused");
        assert_eq!(s.token(house).await, Err("invalid_client"), "the old secret in its grace neither");
        let newer = app.rotate_client_secret(&s.ada, id, Renew { grace_seconds: Some(0) }).await.unwrap();
        app.revoke_credential(&s.ada, newer.credential.id).await.unwrap();
        away.follow(house).await;
        assert_eq!(call(&away), "credential_revoked");
        assert_eq!(call(&Gate::open(house).await), "credential_revoked");
    }

    async fn forged_tokens_open_nothing(house) {
        let s = scene(house).await;
        let token = s.token(house).await.unwrap();
        assert_eq!(s.call(house, &token).await, "admitted");
        let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
        let mut claims = part(&token, 1);
        claims["client_id"] = json!("app_somebody_else");
        parts[1] = URL_SAFE_NO_PAD.encode(claims.to_string());
        assert_eq!(s.at("/api-sirene/3.11/x", &parts.join(".")), "token_invalid");
        let none = URL_SAFE_NO_PAD.encode(r#"{"typ":"at+jwt","alg":"none"}"#);
        let unsigned = format!("{none}.{}.", parts[1]);
        assert_ne!(s.at("/api-sirene/3.11/x", &unsigned), "admitted");
    }

    async fn the_signing_key_is_made_once_and_kept_sealed(house) {
        house.app.ensure_signing_key().await.unwrap();
        let keys = house.app.jwks().await.unwrap();
        house.app.ensure_signing_key().await.unwrap();
        assert_eq!(house.app.jwks().await.unwrap(), keys);
        assert_eq!(keys["keys"].as_array().unwrap().len(), 1);
        let metadata = house.app.oauth_metadata();
        assert_eq!(metadata["issuer"], "http://portal.test");
        assert_eq!(metadata["token_endpoint"], "http://portal.test/oauth/token");
        let issuer = house.app.snapshot(None).await.unwrap().catalogue.unwrap().issuer.unwrap();
        assert_eq!((issuer.issuer.as_str(), issuer.keys.len()), ("http://portal.test", 1));
    }

    async fn without_a_signing_key_nothing_is_signed(house) {
        let ada = house.person("ada", &[]).await;
        let client = house.client(&ada, "Machine").await;
        let plans = vec![plan("machine", json!({"security": "oauth2"}))];
        let sirene = house.publish(json!({}), plans).await;
        house.app.subscribe(&ada, subscribe(client.application.id, sirene.plan_id(0))).await.unwrap();
        let shown = request(&client.application.client_id.unwrap(), &client.client.unwrap().secret);
        let error = house.app.token(shown).await.unwrap_err();
        assert!(matches!(&error, TokenError::App(_)), "{error:?}");
        assert_eq!((error.code(), error.status()), ("server_error", 500));
    }
}
