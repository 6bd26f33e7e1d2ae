//! Promise G13: what opens something is known to nobody but its owner. Keys, client secrets, passwords, links and tokens
//! of a whole run are looked for everywhere they could have been left: upstream, logs, metrics, database, answers.

use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock};

use octroi_tests::{Live, PASSWORD, Upstream, call, databases};
use serde_json::{Value, json};

/// A key of another system.
const IMPORTED: &str = "canary-imported-key-7f3a9c";

/// Every secret of the run, with its name.
type Secrets = Vec<(&'static str, String)>;

/// Everything that the program tells of itself, kept.
#[derive(Clone, Default)]
struct Listened(Arc<Mutex<Vec<u8>>>);

impl Listened {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Listened {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Listens at the most talkative level, from the first call on and for the rest of the process.
fn listened() -> Listened {
    static LISTENED: OnceLock<Listened> = OnceLock::new();
    let start = || {
        let listened = Listened::default();
        let writer = listened.clone();
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(move || writer.clone())
            .init();
        listened
    };
    LISTENED.get_or_init(start).clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_of_a_whole_run_is_found_anywhere() {
    for database in databases().await {
        let log = listened();
        let live = Live::on(database).await;
        let upstream = Upstream::start();
        let (secrets, answers) = a_whole_run(&live, &upstream).await;
        let metrics = live.operator("/metrics").await.text();
        assert!(metrics.contains("octroi_store_statements_total "), "{metrics}");
        let log_file = live.access_log();
        let folder = live.folder().to_owned();
        let (database, data) = live.stop().await;
        let places = [
            ("what the upstream received", upstream.received()),
            ("the metrics", metrics),
            ("the program's log", log.text()),
            ("the access log", std::fs::read_to_string(&log_file).unwrap()),
            ("the database", database.dump().await),
            ("the database's files", files_of(&folder)),
            ("the refusals", answers),
        ];
        for (place, text) in &places {
            assert!(text.len() > 100, "{place} was looked at");
            for (name, secret) in &secrets {
                assert!(!text.contains(secret.as_str()), "{name} is in {place}");
            }
        }
        drop(data);
    }
}

/// The bytes of the database and of everything else in the data folder but the keys and the mails.
fn files_of(folder: &std::path::Path) -> String {
    let mut text = String::from("files: ");
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_file() {
            text.push_str(&String::from_utf8_lossy(&std::fs::read(entry.path()).unwrap()));
        }
    }
    text
}

/// Does everything that handles a secret; gives the secrets and the text of every refusal on the way.
async fn a_whole_run(live: &Live, upstream: &Upstream) -> (Secrets, String) {
    let provider = live.provider_of_sirene(&upstream.url()).await;
    let camille = live.newcomer("camille").await;
    let visitor = live.visitor();
    let mut secrets: Secrets =
        vec![("the password", PASSWORD.to_owned()), ("an imported key", IMPORTED.to_owned())];
    let mut refusals = String::new();
    for person in [&provider, &camille] {
        secrets.push(("a management token", person.token.clone().unwrap()));
    }

    let consumer = camille.subscriber("MonApplication", "acces-public").await;
    let (credential, renewed) = camille.renew(&consumer.credential, None).await;
    camille.post(&format!("/api/v1/credentials/{credential}/reveal"), Value::Null).await.expect(200);
    let import = json!({"keys": [{"secret": IMPORTED}]});
    let path = format!("/api/v1/subscriptions/{}/imported-keys", consumer.subscription);
    provider.post(&path, import).await.expect(201);
    for (name, key) in [("a key", &consumer.key), ("a renewed key", &renewed)] {
        assert_eq!(live.sirene(key).await.status, 200);
        secrets.push((name, key.clone()));
    }
    assert_eq!(live.sirene(IMPORTED).await.status, 200);
    let another = provider.publish_another(&upstream.url()).await;
    let key = camille.key_for(&consumer.application, &another).await;
    let header = [(octroi_tests::KEY_HEADER, key.as_str()), ("Referer", "https://exemple.fr/")];
    for (path, headers) in [
        ("/autre/a?q=1", &header[..]),
        (&format!("/autre/b?api-key={key}&q=1"), &header[1..]),
        (&format!("/autre/c?api%2Dkey={key}&api-key={key}"), &header[..]),
    ] {
        assert_eq!(live.get(path, headers).await.status, 200, "{path}");
    }
    secrets.push(("a key in the query", key));
    secrets.extend(client_of(live, &camille).await);

    visitor.post("/api/v1/password-reset-requests", json!({"email": "camille@exemple.fr"})).await.expect(202);
    let links = live.mailed_secrets("camille@exemple.fr", 2).await;
    secrets.extend(links.iter().map(|link| ("a mailed link", link.clone())));

    camille.credential(&credential, "revoke").await;
    for key in [&consumer.key, &renewed] {
        refusals.push_str(&live.get("/nulle-part", &[(octroi_tests::KEY_HEADER, key)]).await.text());
        refusals.push_str(&live.sirene(&format!("{key}x")).await.text());
        refusals.push_str(&live.sirene(key).await.text());
    }
    for form in [
        json!({"login": "camille", "password": format!("{PASSWORD}!")}),
        json!({"login": PASSWORD, "password": PASSWORD}),
        json!({"login": "camille", "password": [PASSWORD]}),
        json!({"login": "camille", PASSWORD: 1, "password": PASSWORD}),
    ] {
        let answer = visitor.post("/api/v1/sign-ins", form.clone()).await;
        // What a caller makes up as a field's name is told back as a field's name, to that caller only.
        if form.get(PASSWORD).is_none() {
            refusals.push_str(&answer.text());
        }
    }
    let link = links.last().unwrap();
    refusals.push_str(&visitor.post("/api/v1/email-verifications", json!({"token": link})).await.text());
    refusals.push_str(&provider.post(&path, json!({"keys": [{"secret": IMPORTED}]})).await.text());
    (secrets, refusals)
}

/// An OAuth2 client: its secret, rotated, and a token.
async fn client_of(live: &Live, camille: &octroi_tests::Person) -> Secrets {
    let made = camille.application("Machine", "backend_to_backend").await;
    let application = made["application"]["id"].as_str().unwrap();
    let id = made["application"]["client_id"].as_str().unwrap();
    camille.subscribe(application, "machine-a-machine").await.expect(201);
    let first = made["client"]["secret"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/applications/{application}/client-secrets");
    let second = camille.post(&path, json!({})).await.expect(201)["secret"].as_str().unwrap().to_owned();
    let media = [("Content-Type", "application/x-www-form-urlencoded")];
    let mut secrets = Secrets::new();
    for secret in [first, second] {
        let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
        let granted = call(live.portal(), "POST", "/oauth/token", &media, form.as_bytes()).await.expect(200);
        let token = granted["access_token"].as_str().unwrap().to_owned();
        let bearer = format!("Bearer {token}");
        assert_eq!(live.get(octroi_tests::SIRET, &[("Authorization", &bearer)]).await.status, 200);
        secrets.extend([("a client secret", secret), ("an access token", token)]);
    }
    secrets
}
