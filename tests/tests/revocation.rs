//! A revocation is felt by the very next call; one that another process commits, as soon as the gateway has heard of it.
//! Nothing here waits for a time: the gateway tells which revision it decides by.

use octroi::product::{Product, Role};
use octroi_policy::feed::Revision;
use octroi_tests::{Consumer, KEY_HEADER, Live, Person, SIRET, Upstream, address, call, databases};
use serde_json::{Value, json};

async fn scene(database: octroi_tests::Database) -> (Live, Person, Person, Consumer) {
    let (live, upstream) = (Live::on(database).await, Upstream::start());
    let provider = live.provider_of_sirene(&upstream.url()).await;
    let camille = live.newcomer("camille").await;
    let consumer = camille.subscriber("MonApplication", "acces-public").await;
    (live, provider, camille, consumer)
}

/// Waits until the gateway of this process decides by what is committed.
async fn caught_up(live: &Live, product: &Product) {
    let committed = live.database.store.read().await.unwrap().revision().await.unwrap();
    assert!(product.applied().unwrap().reached(Revision(committed)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_ends_a_key_is_felt_by_the_next_call() {
    for database in databases().await {
        let (live, _, camille, _) = scene(database).await;
        for way in ["revoke", "close", "archive"] {
            let consumer = camille.subscriber(&format!("Application {way}"), "acces-public").await;
            assert_eq!(live.sirene(&consumer.key).await.status, 200, "{way}");
            let (path, body) = match way {
                "revoke" => (format!("/api/v1/credentials/{}/revoke", consumer.credential), Value::Null),
                "close" => (format!("/api/v1/subscriptions/{}/close", consumer.subscription), json!({})),
                _ => (format!("/api/v1/applications/{}/archive", consumer.application), Value::Null),
            };
            camille.post(&path, body).await.expect(200);
            assert_eq!(live.sirene(&consumer.key).await.status, 401, "{way}");
        }
        live.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_is_retired_or_erased_with_its_people_serves_nobody() {
    for database in databases().await {
        let (live, provider, camille, consumer) = scene(database).await;
        let me = camille.get("/api/v1/me").await.expect(200);
        let erased = provider.subscriber("DeLaMaison", "acces-public").await;
        let path = format!("/api/v1/accounts/{}", me["id"].as_str().unwrap());
        provider.ask("DELETE", &path, &[], b"").await.expect(204);
        assert_eq!(live.sirene(&consumer.key).await.status, 401);
        assert_eq!(live.sirene(&erased.key).await.status, 200);
        let api = provider.sirene().await["id"].as_str().unwrap().to_owned();
        provider.put(&format!("/api/v1/apis/{api}/state"), json!({"state": "retired"})).await.expect(200);
        assert_eq!(live.sirene(&erased.key).await.status, 404);
        live.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_portal_revokes_is_felt_once_it_is_heard() {
    for database in databases().await {
        let (live, _, camille, consumer) = scene(database).await;
        let portal = live.another(Role::Portal).await;
        assert_eq!(live.sirene(&consumer.key).await.status, 200);
        let elsewhere = Person::at(address(&portal.addresses.portal), camille.token.clone());
        elsewhere.credential(&consumer.credential, "revoke").await;
        caught_up(&live, live.product()).await;
        assert_eq!(live.sirene(&consumer.key).await.status, 401);
        portal.stop().await;
        live.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_gateway_hears_of_a_revocation() {
    for database in databases().await {
        let (live, _, camille, consumer) = scene(database).await;
        let second = live.another(Role::Gateway).await;
        let there = address(&second.addresses.gateway);
        let key = [(KEY_HEADER, consumer.key.as_str())];
        assert_eq!(call(there, "GET", SIRET, &key, b"").await.status, 200);
        camille.credential(&consumer.credential, "revoke").await;
        assert_eq!(live.sirene(&consumer.key).await.status, 401);
        caught_up(&live, &second).await;
        assert_eq!(call(there, "GET", SIRET, &key, b"").await.status, 401);
        second.stop().await;
        live.stop().await;
    }
}
