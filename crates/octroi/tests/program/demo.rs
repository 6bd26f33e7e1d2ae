//! The demo: its one line, its sample call, its end, its second start.

use serde_json::Value;

use crate::program::{Demo, demo_command, fails, octroi};

#[test]
fn the_line_says_everything_and_the_sample_call_needs_its_key() {
    let data = tempfile::tempdir().unwrap();
    let demo = Demo::start(data.path());
    for pointer in ["/portal", "/gateway", "/admin"] {
        assert!(demo.text(pointer).starts_with("http://127.0.0.1:"), "{pointer}");
    }
    assert_eq!(demo.text("/mail_dir"), data.path().join("mail").display().to_string());
    let roles: Vec<&str> =
        demo.line["accounts"].as_array().unwrap().iter().map(|a| a["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["admin", "provider", "officer", "instructor", "developer", "editor"]);
    assert_eq!(demo.text("/apis/0/slug"), "sirene");
    assert_eq!(demo.text("/apis/0/base_url"), format!("{}/api-sirene/3.11", demo.text("/gateway")));
    let credential = &demo.line["apis"][0]["credential"];
    assert_eq!((&credential["kind"], &credential["in"]), (&Value::from("api_key"), &Value::from("header")));

    assert_eq!(demo.sample_call(Some(&demo.key())), 200);
    assert_eq!(demo.sample_call(None), 401);
    assert_eq!(demo.sample_call(Some("octroi_key_nobody")), 401);
    demo.stop("TERM");
}

#[test]
fn nobody_else_on_the_machine_reads_what_it_writes() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    // As packages make it: the folder alone protects nothing.
    std::fs::create_dir(&data).unwrap();
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o755)).unwrap();
    let demo = Demo::start(&data);
    for entry in std::fs::read_dir(&data).unwrap().map(Result::unwrap) {
        let mode = entry.metadata().unwrap().permissions().mode() & 0o007;
        assert_eq!(mode, 0, "{}", entry.path().display());
    }
    demo.stop("TERM");
}

#[test]
fn everybody_can_sign_in_and_the_token_may_do_everything() {
    let data = tempfile::tempdir().unwrap();
    let demo = Demo::start(data.path());
    let url = format!("{}/api/v1/sign-ins", demo.text("/portal"));
    for account in demo.line["accounts"].as_array().unwrap() {
        let body = serde_json::json!({"login": account["email"], "password": account["password"]});
        let (status, answer) = crate::program::call("POST", &url, &[], Some(&body)).unwrap();
        assert_eq!(status, 201, "{answer}");
    }
    assert_eq!(demo.manage("GET", "/audit-entries", None).unwrap().0, 200);
    demo.stop("INT");
}

#[test]
fn started_again_it_goes_on_where_it_was() {
    let data = tempfile::tempdir().unwrap();
    let first = Demo::start(data.path());
    let (token, key, accounts) =
        (first.text("/management_token"), first.key(), first.line["accounts"].clone());
    first.stop("TERM");
    let second = Demo::start(data.path());
    assert_eq!(second.text("/management_token"), token);
    assert_eq!(second.key(), key);
    assert_eq!(second.line["accounts"], accounts);
    assert_eq!(second.sample_call(Some(&key)), 200);
    second.stop("TERM");
}

#[test]
fn it_leaves_a_real_portal_alone() {
    let data = tempfile::tempdir().unwrap();
    crate::program::done(&mut crate::program::on(data.path(), &["migrate"]));
    let said = fails(demo_command(&mut octroi(&[]), data.path()), 1);
    assert!(said.contains("holds a portal that is not a demo"), "{said}");
}

#[test]
fn a_taken_address_is_told_in_one_line() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let demo = Demo::start(one.path());
    for (option, pointer) in [("--portal", "/portal"), ("--gateway", "/gateway")] {
        let taken = demo.text(pointer).replace("http://", "");
        let mut command = octroi(&["demo", "--json", "--portal", "127.0.0.1:0", "--gateway", "127.0.0.1:0"]);
        command.arg("--data").arg(two.path());
        let mut arguments: Vec<String> =
            command.get_args().map(|a| a.to_string_lossy().into_owned()).collect();
        let place = arguments.iter().position(|a| a == option).unwrap();
        arguments[place + 1] = taken.clone();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let said = fails(&mut octroi(&arguments), 1);
        assert!(said.contains(&format!("cannot listen on {taken}")), "{said}");
    }
    demo.stop("TERM");
}
