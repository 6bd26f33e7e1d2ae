//! The command line: helpful, quiet, one line for a failure.

use std::fs;

use serde_json::Value;

use crate::program::{Demo, anywhere, done, fails, line_of_failure, octroi, on};

#[test]
fn every_command_helps_and_wrong_usage_is_status_2() {
    for arguments in [
        &["--help"][..],
        &["demo", "--help"],
        &["serve", "--help"],
        &["apply", "--help"],
        &["admin", "invite", "--help"],
        &["doctor", "--help"],
        &["migrate", "--help"],
        &["backup", "--help"],
        &["restore", "--help"],
        &["audit", "verify", "--help"],
        &["explain", "--help"],
        &["completions", "--help"],
    ] {
        assert!(done(&mut octroi(arguments)).contains("Usage: octroi"), "{arguments:?}");
    }
    for arguments in [
        &["nonsense"][..],
        &[],
        &["serve", "--role", "king"],
        &["demo", "--portal", "here"],
        &["apply"],
        &["apply", "x", "--set", "novalue"],
    ] {
        fails(&mut octroi(arguments), 2);
    }
    assert!(done(&mut octroi(&["--version"])).starts_with("octroi 0."));
    assert!(done(&mut octroi(&["completions", "bash"])).contains("complete -F"));
}

#[test]
fn documents_of_its_own_are_printed() {
    for name in ["catalogue", "openapi"] {
        let document: Value = serde_json::from_str(&done(&mut octroi(&["schema", name]))).unwrap();
        assert!(document.is_object(), "{name}");
    }
}

#[test]
fn a_wrong_configuration_is_one_line_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("octroi.toml");
    let config = file.to_str().unwrap();
    for (text, expected) in [
        ("[portal]\nlisten = 3\n", "octroi.toml:2:10: portal.listen: "),
        ("[portal]\nhost = \"x\"\n", "octroi.toml:2:1: portal.host: unknown field `host`"),
        ("[[[", "octroi.toml:1:"),
        ("[database]\nurl = \"mysql://x\"\n", "the database's address begins with sqlite: or postgres:"),
        ("[keys]\nmaster_key_file = \"nowhere\"\n", "keys.master_key_file: cannot read"),
    ] {
        fs::write(&file, text).unwrap();
        for command in ["serve", "migrate"] {
            let said =
                line_of_failure(anywhere(&[command, "--config", config]).env("OCTROI_LOGS_LEVEL", "off"));
            assert!(said.contains(expected), "{said}");
        }
    }
    let nobody = line_of_failure(
        on(folder.path(), &["migrate"]).env("OCTROI_DATABASE_URL", "postgres://octroi:hush@127.0.0.1:1/x"),
    );
    assert!(nobody.contains("the database cannot be used now") && !nobody.contains("hush"), "{nobody}");
    let said = line_of_failure(&mut octroi(&["serve", "--config", "/nowhere/octroi.toml"]));
    assert!(said.contains("cannot read the configuration /nowhere/octroi.toml"), "{said}");
    let said = line_of_failure(octroi(&["serve"]).env("OCTROI_PORTAL_LISTEN", "everywhere"));
    assert!(said.contains("OCTROI_PORTAL_LISTEN: "), "{said}");
    let said = line_of_failure(anywhere(&["serve"]).env("OCTROI_DATA", "/proc/octroi"));
    assert!(said.contains("cannot make the data folder /proc/octroi"), "{said}");
}

#[test]
fn a_catalogue_is_shown_applied_and_felt_by_the_running_gateway() {
    let data = tempfile::tempdir().unwrap();
    let demo = Demo::start(data.path());
    let file = data.path().join("echo.yaml");
    let text = "apiVersion: octroi/v1\nkind: Api\nprovider: insee\nslug: echo\nversion: \"1\"\nname: Echo\n\
         gateway:\n  route: { path: /echo }\n  upstreams: [{ url: \"${UPSTREAM}\" }]\n  dialect: ietf\n\
         plans:\n  - slug: ouvert\n    name: Ouvert\n    security: keyless\n    \
         limits: { rate: { count: 100, window_seconds: 60 } }\n";
    fs::write(&file, text).unwrap();
    let path = file.to_str().unwrap();
    // The portal's own address will do as an upstream.
    let set = format!("UPSTREAM={}", demo.text("/portal"));
    let apply = |more: &[&str]| {
        let arguments = [&["apply", path, "--set", &set], more].concat();
        done(&mut on(data.path(), &arguments))
    };
    let apis = || demo.manage("GET", "/apis", None).unwrap().1["items"].as_array().unwrap().len();
    let before = apis();
    let shown = apply(&["--dry-run"]);
    assert!(shown.contains("+ api echo 1") && shown.contains("would be created"), "{shown}");
    assert_eq!(apis(), before);
    let shown = apply(&[]);
    assert!(shown.contains("created"), "{shown}");
    let report: Value = serde_json::from_str(&apply(&["--json"])).unwrap();
    assert!(report["changes"].as_array().unwrap().iter().all(|c| c["op"] == "unchanged"), "{report}");

    // Another process wrote: the gateway learns of it within a second.
    let url = format!("{}/echo/healthz", demo.text("/gateway"));
    let served = (0..200).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(10));
        crate::program::call("GET", &url, &[], None).is_some_and(|(status, _)| status == 200)
    });
    assert!(served, "not served within two seconds");

    fs::write(&file, text.replace("count: 100", "count: none")).unwrap();
    let said = fails(&mut on(data.path(), &["apply", path, "--set", &set]), 1);
    assert!(said.contains("echo.yaml:15:30: ") && said.contains("limits.rate.count"), "{said}");
    assert!(said.contains("nothing was changed"), "{said}");
    demo.stop("TERM");
}

#[test]
fn a_call_is_explained_stage_by_stage() {
    let data = tempfile::tempdir().unwrap();
    let demo = Demo::start(data.path());
    let (key, path) = (demo.key(), "/api-sirene/3.11/siret/99990100200017");
    let explain = |key: Option<&str>, more: &[&str]| -> Value {
        let mut command = on(data.path(), &[&["explain", path, "--json"], more].concat());
        if let Some(key) = key {
            command.env("OCTROI_KEY", key);
        }
        serde_json::from_str(&done(&mut command)).unwrap()
    };
    let admitted = explain(Some(&key), &[]);
    assert_eq!(admitted["outcome"], "admitted", "{admitted}");
    let stages: Vec<_> =
        admitted["stages"].as_array().unwrap().iter().map(|s| s["stage"].as_str().unwrap()).collect();
    assert_eq!(stages, ["locate", "screen", "identify", "authorize", "validate", "limit"]);
    assert_eq!(explain(None, &[])["outcome"], "credential_missing");
    assert_eq!(explain(Some("unknown-key-1234"), &[])["outcome"], "credential_unknown");
    let text = done(&mut on(data.path(), &["explain", "http://gateway/nowhere"]));
    assert!(text.contains("api_not_found: HTTP 404") && text.contains("STOP locate"), "{text}");
    demo.stop("TERM");
}

#[test]
fn an_administrator_is_invited_and_the_trail_shows_tampering() {
    let data = tempfile::tempdir().unwrap();
    let link = done(
        on(data.path(), &["admin", "invite", "jeanne@exemple.fr"])
            .env("OCTROI_PORTAL_PUBLIC_URL", "https://portail.exemple.fr"),
    );
    assert!(link.starts_with("https://portail.exemple.fr/invitation?token=octroi_lnk_"), "{link}");
    let said = line_of_failure(&mut on(data.path(), &["admin", "invite", "nobody"]));
    assert!(said.contains("email"), "{said}");
    let verified = done(&mut on(data.path(), &["audit", "verify"]));
    assert!(verified.contains("the audit trail is whole"), "{verified}");

    let url = format!("sqlite://{}", data.path().join("octroi.db").display());
    let forged = "UPDATE audit SET actor = 'somebody' WHERE sequence = 1";
    tokio::runtime::Runtime::new().unwrap().block_on(octroi_testkit::meddle_at(&url, forged));
    let said = line_of_failure(&mut on(data.path(), &["audit", "verify"]));
    assert!(said.contains("entry 1 was changed"), "{said}");
}

#[test]
fn a_portal_that_is_not_there_is_said_to_be_missing() {
    let data = tempfile::tempdir().unwrap();
    for arguments in [&["audit", "verify"][..], &["explain", "/x"]] {
        let said = line_of_failure(&mut on(data.path(), arguments));
        assert!(said.contains("there is no portal here"), "{said}");
    }
    assert_eq!(fs::read_dir(data.path()).unwrap().count(), 0, "looking makes nothing");
}

#[test]
fn portal_and_gateway_can_run_apart() {
    use std::process::Stdio;
    let data = tempfile::tempdir().unwrap();
    let demo = Demo::start(data.path());
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut gateway = on(data.path(), &["serve", "--role", "gateway"])
        .env("OCTROI_GATEWAY_LISTEN", format!("127.0.0.1:{port}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let url = format!("http://127.0.0.1:{port}/api-sirene/3.11{}", demo.text("/apis/0/try"));
    let name = demo.text("/apis/0/credential/name");
    let status =
        |key: &str| crate::program::call("GET", &url, &[(&name, key)], None).map(|(status, _)| status);
    let until = |wanted: u16| {
        (0..1_000).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(10));
            status(&demo.key()) == Some(wanted)
        })
    };
    assert!(until(200), "the second gateway serves");
    let (_, found) = demo.manage("GET", "/subscriptions", None).unwrap();
    let subscription = found["items"][0]["id"].as_str().unwrap();
    let (_, keys) = demo.manage("GET", &format!("/subscriptions/{subscription}/credentials"), None).unwrap();
    let id = keys["items"][0]["id"].as_str().unwrap();
    let (code, answer) = demo.manage("POST", &format!("/credentials/{id}/revoke"), None).unwrap();
    assert!(code < 300, "{answer}");
    assert!(until(401), "the second gateway feels the revocation");
    Command::kill(&mut gateway);
    demo.stop("TERM");
}

/// Stops a child cleanly and expects a good end.
struct Command;
impl Command {
    fn kill(child: &mut std::process::Child) {
        let pid = child.id().to_string();
        assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        assert!(crate::program::wait(child).unwrap().success());
    }
}
