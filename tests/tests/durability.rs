//! What was acknowledged is there: after kill -9 in the middle of writes, and where the database refuses to write. The
//! real program, and its command line.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use octroi_tests::{
    Answer, Blank, Consumer, KEY_HEADER, Live, PASSWORD, Person, Program, SIRET, Upstream, blank_databases,
    call, databases, token_of,
};
use serde_json::{Value, json};
use tokio::task::JoinSet;

const CATALOGUE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/octroi/demo/catalogue/sirene.yaml");

/// How often the program is killed.
const ROUNDS: usize = 3;
/// Keys that are acknowledged before it is.
const KEYS: usize = 12;
/// Who writes at the same time.
const WRITERS: usize = 8;

/// An installation made by the command line alone, and its administrator's token.
async fn installed(database: Blank, upstream: &Upstream) -> (Program, String) {
    let mut program = Program::on(database);
    let printed = program.must(&["admin", "invite", "jeanne@exemple.fr"]);
    let invitation = token_of(printed.lines().next().unwrap());
    program.start();
    let visitor = program.person(None);
    let accept = json!({
        "token": invitation, "identifier": "jeanne", "first_name": "Jeanne", "last_name": "Roy",
        "password": PASSWORD, "accept_terms": true,
    });
    visitor.post("/api/v1/invitation-acceptances", accept).await.expect(201);
    let jeanne = visitor.sign_in("jeanne").await;
    let insee = json!({"kind": "provider", "slug": "insee", "name": "Insee"});
    jeanne.post("/api/v1/organizations", insee).await.expect(201);
    program.must(&["apply", CATALOGUE, "--set", &format!("OCTROI_UPSTREAM_SIRENE={}", upstream.url())]);
    (program, jeanne.token.unwrap())
}

/// A subscription and its key, where both were acknowledged.
async fn subscribes(person: &Person, name: &str, plan: &Value, terms: &Value) -> Option<Consumer> {
    let media = ("Content-Type", "application/json");
    let send = async |path: &str, body: Value| -> Option<Answer> {
        let token = person.token.as_deref().unwrap();
        let body = body.to_string();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n{}: {}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            media.0,
            media.1,
            body.len()
        );
        let answer = octroi_tests::exchange(person.portal(), request.as_bytes()).await?;
        // An answer that broke off acknowledges nothing.
        (answer.status == 201 && serde_json::from_slice::<Value>(&answer.body).is_ok()).then_some(answer)
    };
    let new = json!({"name": name, "description": "An application for tests"});
    let made = send("/api/v1/applications", new).await?.json();
    let application = made["application"]["id"].as_str()?.to_owned();
    let request = json!({"application_id": application, "plan_id": plan, "accepted_terms": terms});
    let done = send("/api/v1/subscriptions", request).await?.json();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    Some(Consumer {
        application,
        subscription: text(&done["subscription"]["id"])?,
        credential: text(&done["key"]["credential"]["id"])?,
        key: text(&done["key"]["secret"])?,
        curl: text(&done["key"]["curl"])?,
    })
}

/// Writes from several connections until enough was acknowledged, then kills the program in the middle of the rest.
async fn killed_while_writing(program: &mut Program, token: &str, round: usize) -> Vec<Consumer> {
    let person = program.person(Some(token.to_owned()));
    let plan = json!(person.plan("acces-public").await);
    let terms = person.sirene().await["terms"]["digest"].clone();
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (person, plan, terms) = (person.clone(), plan.clone(), terms.clone());
        let acknowledged = Arc::clone(&acknowledged);
        writers.spawn(async move {
            let mut kept = Vec::new();
            for n in 0.. {
                let name = format!("Application {round}-{writer}-{n}");
                let Some(consumer) = subscribes(&person, &name, &plan, &terms).await else { break };
                kept.push(consumer);
                acknowledged.fetch_add(1, Ordering::SeqCst);
            }
            kept
        });
    }
    while acknowledged.load(Ordering::SeqCst) < KEYS {
        tokio::task::yield_now().await;
    }
    program.kill();
    writers.join_all().await.concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_in_the_middle_of_writes_loses_nothing_acknowledged() {
    for database in blank_databases() {
        let upstream = Upstream::start();
        let (mut program, token) = installed(database, &upstream).await;
        let mut all = Vec::new();
        for round in 0..ROUNDS {
            all.extend(killed_while_writing(&mut program, &token, round).await);
            assert!(all.len() >= KEYS * (round + 1));
            program.start();
            let person = program.person(Some(token.clone()));
            for consumer in &all {
                let path = format!("/api/v1/applications/{}", consumer.application);
                assert_eq!(person.get(&path).await.status, 200, "{}", program.kind());
                let key = [(KEY_HEADER, consumer.key.as_str())];
                assert_eq!(
                    call(program.gateway(), "GET", SIRET, &key, b"").await.status,
                    200,
                    "{}",
                    program.kind()
                );
            }
        }
        let verified = program.must(&["audit", "verify"]);
        assert!(verified.starts_with("the audit trail is whole: "), "{verified}");
        assert!(!program.log().contains("a fault of ours"), "{}", program.log());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_answered_by_503_and_the_gateway_serves_on() {
    let Some(database) = blank_databases().into_iter().find(|blank| blank.name == "sqlite") else { return };
    let upstream = Upstream::start();
    let (mut program, token) = installed(database, &upstream).await;
    let first = program.person(Some(token.clone())).subscriber("Avant", "acces-public").await;
    program.kill();
    let largest = largest_file_in_kilobytes(&program);
    program.start_with_files_up_to(largest + 64);

    let person = program.person(Some(token.clone()));
    let mut acknowledged = vec![first.application.clone()];
    let mut refused_in_a_row = 0;
    for n in 0.. {
        assert!(n < 1_000, "the disk never filled");
        let new = json!({"name": format!("Application {n}"), "description": "x".repeat(2_000)});
        let answer = person.post("/api/v1/applications", new).await;
        if answer.status == 201 {
            acknowledged.push(answer.json()["application"]["id"].as_str().unwrap().to_owned());
            refused_in_a_row = 0;
            continue;
        }
        answer.refuses(503, "unavailable");
        assert!(answer.header("retry-after").is_some());
        refused_in_a_row += 1;
        if refused_in_a_row == 10 {
            break;
        }
    }
    assert!(!program.log().contains("internal error"), "{}", program.log());
    let key = [(KEY_HEADER, first.key.as_str())];
    assert_eq!(call(program.gateway(), "GET", SIRET, &key, b"").await.status, 200);
    all_there(&person, &acknowledged).await;
    program.kill();

    program.start();
    let person = program.person(Some(token));
    all_there(&person, &acknowledged).await;
    person
        .post("/api/v1/applications", json!({"name": "Place", "description": "De nouveau"}))
        .await
        .expect(201);
    assert!(program.must(&["audit", "verify"]).contains("whole"));
}

async fn all_there(person: &Person, applications: &[String]) {
    for application in applications {
        assert_eq!(person.get(&format!("/api/v1/applications/{application}")).await.status, 200);
    }
}

/// The kilobytes of the largest file of the database.
fn largest_file_in_kilobytes(program: &Program) -> u64 {
    let folder = program.database_file();
    let files = std::fs::read_dir(folder.parent().unwrap()).unwrap().flatten();
    files.map(|file| file.metadata().unwrap().len()).max().unwrap().div_ceil(1_024)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_takes_no_writes_is_answered_by_503_and_the_gateway_serves_on() {
    for database in databases().await {
        let (live, upstream) = (Live::on(database).await, Upstream::start());
        live.provider_of_sirene(&upstream.url()).await;
        let camille = live.newcomer("camille").await;
        let consumer = camille.subscriber("MonApplication", "acces-public").await;

        let refusing = live.database.refuse_writes().await;
        let new = json!({"name": "Trop", "description": "Trop"});
        let revoke = format!("/api/v1/credentials/{}/revoke", consumer.credential);
        let (created, revoked) = tokio::join!(
            camille.post("/api/v1/applications", new.clone()),
            camille.post(&revoke, Value::Null)
        );
        created.refuses(503, "unavailable");
        revoked.refuses(503, "unavailable");
        assert_eq!(live.sirene(&consumer.key).await.status, 200);
        assert_eq!(live.get("/readyz", &[]).await.status, 404);
        assert_eq!(live.operator("/readyz").await.status, 200);
        refusing.end().await;

        let kept = camille.get("/api/v1/applications").await.expect(200);
        assert_eq!(kept["items"].as_array().unwrap().len(), 1);
        camille.post("/api/v1/applications", new).await.expect(201);
        camille.post(&revoke, Value::Null).await.expect(200);
        assert_eq!(live.sirene(&consumer.key).await.status, 401);
        assert!(live.product().app.verify_audit().await.is_ok());
        live.stop().await;
    }
}
