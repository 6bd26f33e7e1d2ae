//! The doctor: says what to mend, and changes nothing.

use std::fs;

use crate::program::{Demo, done, fails, on, stdout};

#[test]
fn a_sound_portal_is_found_sound_before_and_while_it_runs() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("new");
    let found = done(&mut on(&folder, &["doctor"]));
    assert!(found.contains("will be made at the first start") && !folder.exists(), "{found}");

    let demo = Demo::start(&folder);
    let found = done(&mut on(&folder, &["doctor"]));
    for expected in
        ["SQLite", "those that the database was made with", "sirene 3.11: 127.0.0.1:", "mails are written to"]
    {
        assert!(found.contains(expected), "{expected}: {found}");
    }
    demo.stop("TERM");
}

#[test]
fn what_must_be_mended_is_named() {
    let data = tempfile::tempdir().unwrap();
    let demo = Demo::start(data.path());
    let taken = demo.text("/portal").replace("http://", "");
    fs::write(data.path().join("pepper.key"), "").unwrap();
    let mut command = on(data.path(), &["doctor"]);
    command
        .env("OCTROI_PORTAL_LISTEN", &taken)
        .env("OCTROI_MAIL_KIND", "smtp")
        .env("OCTROI_MAIL_HOST", "127.0.0.1")
        .env("OCTROI_MAIL_PORT", "1")
        .env("OCTROI_PROTAL_LISTEN", "x");
    let output = command.output().unwrap();
    let found = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{found}");
    for expected in ["MEND keys", "MEND mail", "MEND portal.listen", "OCTROI_PROTAL_LISTEN means nothing"] {
        assert!(found.contains(expected), "{expected}: {found}");
    }
    demo.kill();
    let said = fails(on(data.path(), &["doctor"]).env("OCTROI_GATEWAY_WORKERS", "0"), 1);
    assert!(said.contains("one thing to mend"), "{said}");
}

#[test]
fn an_upstream_that_is_gone_or_not_permitted_is_named() {
    let data = tempfile::tempdir().unwrap();
    Demo::start(data.path()).stop("TERM");
    let gone = stdout(&on(data.path(), &["doctor"]).output().unwrap());
    assert!(gone.contains("MEND upstream"), "{gone}");
    let mut command = on(data.path(), &["doctor"]);
    let refused = stdout(&command.env("OCTROI_GATEWAY_ALLOWED_PRIVATE_UPSTREAMS", "").output().unwrap());
    assert!(refused.contains("permit it with gateway.allowed_private_upstreams"), "{refused}");
}
