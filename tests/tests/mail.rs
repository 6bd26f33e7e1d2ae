//! Mails through a real server: what arrives, how it is protected, and what becomes of those that the server does not
//! take.

use std::time::Duration;

use octroi::config::{MailSecurity, SecretText};
use octroi_tests::{Live, PASSWORD, Person, SmtpServer, call, databases, eventually};
use serde_json::{Value, json};

const JOBS: &str = "/api/v1/jobs";

async fn live(server: &SmtpServer) -> Live {
    Live::with(databases().await.remove(0), |config| server.configure(config)).await
}

async fn register(live: &Live, identifier: &str) {
    let form = json!({
        "email": format!("{identifier}@exemple.fr"), "identifier": identifier, "first_name": "Camille",
        "last_name": "Arnaud", "password": PASSWORD, "accept_terms": true,
    });
    live.visitor().post("/api/v1/accounts", form).await.expect(202);
}

/// The one job, once it was tried so often.
async fn job_after(administrator: &Person, attempts: i64) -> Value {
    eventually("the job is tried", || async {
        let jobs = administrator.get(JOBS).await.expect(200);
        let tried = jobs["items"]
            .as_array()?
            .iter()
            .find(|job| job["attempts"] == attempts && job["state"] != "running")?;
        Some(tried.clone())
    })
    .await
}

/// The link of a mail, from its text.
fn link(mail: &Value) -> &str {
    let text = mail["text"].as_str().expect("a text");
    text.lines().find(|line| line.contains("?token=")).expect("a link")
}

#[tokio::test]
async fn a_mail_arrives_whole_and_its_link_works() {
    for database in databases().await {
        let server = SmtpServer::start(MailSecurity::None, "", None);
        let live = Live::with(database, |config| server.configure(config)).await;
        register(&live, "camille").await;
        let mail = server.taken(1).await.remove(0);
        assert_eq!(
            (&mail["from"], &mail["to"]),
            (&json!("portail@exemple.fr"), &json!(["camille@exemple.fr"]))
        );
        assert_eq!((&mail["kind"], &mail["defects"]), (&json!("multipart/alternative"), &json!([])));
        // Every server takes it, whatever it knows of letters.
        assert_eq!(mail["ascii"], true);
        let headers = &mail["headers"];
        for (name, value) in [
            ("from", "Portail des API <portail@exemple.fr>"),
            ("to", "camille@exemple.fr"),
            ("subject", "Confirmez votre adresse"),
            ("mime-version", "1.0"),
            ("auto-submitted", "auto-generated"),
            ("content-language", "fr"),
            ("date", "Sun, 22 Nov 2026 16:20:38 +0000"),
        ] {
            assert_eq!(headers[name], value, "{headers}");
        }
        let id = headers["message-id"].as_str().unwrap();
        assert!(id.starts_with('<') && id.ends_with("@exemple.fr>"), "{id}");
        assert!(mail["text"].as_str().unwrap().contains("Votre compte est presque prêt."), "{mail}");
        let html = mail["html"].as_str().unwrap();
        assert!(html.contains("<html lang=\"fr\">") && html.contains(link(&mail)), "{html}");

        // As a browser follows it; then the form of that page is sent.
        let path =
            link(&mail).strip_prefix(live.product().addresses.portal.as_str().trim_end_matches('/')).unwrap();
        let page = call(live.portal(), "GET", path, &[], b"").await;
        assert_eq!(page.status, 200, "{}", page.head);
        let token = path.split_once("?token=").unwrap().1;
        let confirmed = live.visitor().post("/api/v1/email-verifications", json!({"token": token})).await;
        confirmed.expect(204);
        assert!(live.visitor().sign_in("camille").await.token.is_some());
    }
}

#[tokio::test]
async fn a_connection_is_protected_and_let_in_by_name_and_password() {
    for security in [MailSecurity::Starttls, MailSecurity::Tls] {
        let login = (security == MailSecurity::Starttls).then_some("portail:sésame");
        let server = SmtpServer::start(security, "", login);
        let database = databases().await.remove(0);
        let live = Live::with(database, |config| {
            server.configure(config);
            let (name, password) = login.and_then(|login| login.split_once(':')).unzip();
            config.mail.username = name.map(str::to_owned);
            config.mail.password = password.map(|password| SecretText::new(password.to_owned()));
        })
        .await;
        register(&live, "camille").await;
        let mail = server.taken(1).await.remove(0);
        assert_eq!(mail["encrypted"], true);
        assert_eq!(mail["login"].as_str(), login.map(|_| "portail"));
    }
}

#[tokio::test]
async fn a_server_that_cannot_be_trusted_gets_nothing() {
    let server = SmtpServer::start(MailSecurity::Starttls, "", None);
    let database = databases().await.remove(0);
    let live = Live::with(database, |config| {
        server.configure(config);
        config.mail.ca_file = None;
    })
    .await;
    let administrator = live.administrator().await;
    register(&live, "camille").await;
    let job = job_after(&administrator, 1).await;
    assert_eq!(job["state"], "ready", "{job}");
    assert!(job["last_error"].as_str().unwrap().contains("certificate"), "{job}");
    assert_eq!(server.mails(), Vec::<Value>::new());
}

#[tokio::test]
async fn a_wrong_password_keeps_the_mail_until_it_is_mended() {
    let server = SmtpServer::start(MailSecurity::Starttls, "", Some("portail:sésame"));
    let database = databases().await.remove(0);
    let mut live = Live::with(database, |config| {
        server.configure(config);
        config.mail.username = Some("portail".to_owned());
        config.mail.password = Some(SecretText::new("faux".to_owned()));
    })
    .await;
    let administrator = live.administrator().await;
    register(&live, "camille").await;
    let job = job_after(&administrator, 1).await;
    assert_eq!(job["state"], "ready", "{job}");
    let error = job["last_error"].as_str().unwrap();
    assert!(error.contains("535") && !error.contains("faux"), "{error}");
    live.config.mail.password = Some(SecretText::new("sésame".to_owned()));
    let live = live.restart().await;
    live.clock.advance(Duration::from_secs(10));
    assert_eq!(server.taken(1).await[0]["login"], "portail");
}

#[tokio::test]
async fn a_server_that_is_busy_or_gone_gets_the_mail_later_and_once() {
    let server = SmtpServer::start(MailSecurity::None, "later,gone,take", None);
    let live = live(&server).await;
    let administrator = live.administrator().await;
    register(&live, "camille").await;
    for (attempts, pause, told) in [(1, 10, Some("451")), (2, 60, None)] {
        let job = job_after(&administrator, attempts).await;
        assert_eq!((&job["state"], &job["recipient"]), (&json!("ready"), &json!("c…@exemple.fr")), "{job}");
        let error = job["last_error"].as_str().unwrap();
        assert!(told.is_none_or(|told| error.contains(told)) && !error.contains("camille"), "{error}");
        assert_eq!(server.mails(), Vec::<Value>::new());
        live.clock.advance(Duration::from_secs(pause));
    }
    assert_eq!(server.taken(1).await.len(), 1);
    eventually("the job is done", || async {
        let jobs = administrator.get(JOBS).await.expect(200);
        jobs["items"].as_array()?.is_empty().then_some(())
    })
    .await;
    live.clock.advance(Duration::from_secs(24 * 3600));
    register(&live, "louis").await;
    let recipients: Vec<Value> =
        server.taken(2).await.into_iter().map(|mail| mail["to"][0].clone()).collect();
    assert_eq!(recipients, ["camille@exemple.fr", "louis@exemple.fr"]);
}

#[tokio::test]
async fn a_mail_that_is_refused_for_good_waits_for_a_person() {
    let server = SmtpServer::start(MailSecurity::None, "never", None);
    let live = live(&server).await;
    let administrator = live.administrator().await;
    register(&live, "camille").await;
    let job = job_after(&administrator, 1).await;
    assert_eq!((&job["state"], &job["kind"]), (&json!("dead"), &json!("mail")), "{job}");
    // The server repeated the address and the link: neither is told to the operator.
    let error = job["last_error"].as_str().unwrap();
    assert!(error.contains("554") && error.contains("refused: the mail links to"), "{error}");
    for secret in ["camille", "token", "://", "octroi_lnk"] {
        assert!(!job.to_string().contains(secret), "{secret} in {job}");
    }
    live.clock.advance(Duration::from_secs(24 * 3600));
    register(&live, "louis").await;
    server.taken(1).await;
    let retry = format!("{JOBS}/{}/retry", job["id"].as_str().unwrap());
    administrator.sign_in("jeanne").await.post(&retry, Value::Null).await.expect(200);
    let mails = server.taken(2).await;
    assert_eq!(mails[1]["to"], json!(["camille@exemple.fr"]));
    assert!(link(&mails[1]).contains("/verify-email?token="));
}
