//! What was acknowledged outlives a kill -9 and a full disk (promises R4, R7).

use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};

use crate::program::{Demo, clean, demo_command, done, on};

#[test]
fn kill_9_during_writes_loses_nothing_acknowledged() {
    let data = tempfile::tempdir().unwrap();
    let acknowledged = Mutex::new(Vec::new());
    let mut key: Option<String> = None;
    for round in 0..4_u64 {
        let demo = Demo::start(data.path());
        if let Some(key) = &key {
            assert_eq!(demo.sample_call(Some(key)), 200, "round {round}");
        }
        let issued = subscribe(&demo, &format!("Tour {round}"));
        key = Some(issued);
        std::thread::scope(|scope| {
            for writer in 0..3 {
                let (demo, acknowledged) = (&demo, &acknowledged);
                scope.spawn(move || {
                    for n in 0.. {
                        match demo.make_application(&format!("{round}-{writer}-{n}")) {
                            Some(id) => acknowledged.lock().unwrap().push(id),
                            None => return,
                        }
                    }
                });
            }
            // Each round at another moment of the writes.
            std::thread::sleep(Duration::from_millis(150 + 97 * round));
            demo.signal("KILL");
        });
        demo.kill();
    }
    let demo = Demo::start(data.path());
    let acknowledged = acknowledged.into_inner().unwrap();
    assert!(acknowledged.len() > 10, "only {} writes", acknowledged.len());
    for id in &acknowledged {
        assert_eq!(demo.manage("GET", &format!("/applications/{id}"), None).unwrap().0, 200, "{id}");
    }
    assert_eq!(demo.sample_call(key.as_deref()), 200);
    demo.stop("TERM");
    done(&mut on(data.path(), &["audit", "verify"]));
}

/// A new application with a subscription to the sample API: its key.
fn subscribe(demo: &Demo, name: &str) -> String {
    let application_id = demo.make_application(name).unwrap();
    let (_, apis) = demo.manage("GET", "/apis", None).unwrap();
    let api = apis["items"].as_array().unwrap().iter().find(|api| api["slug"] == "sirene").unwrap();
    let plan = api["plans"].as_array().unwrap().iter().find(|p| p["slug"] == "acces-public").unwrap();
    let body = json!({
        "application_id": application_id,
        "plan_id": plan["id"],
        "accepted_terms": api["terms"]["digest"],
    });
    let (status, answer) = demo.manage("POST", "/subscriptions", Some(&body)).unwrap();
    assert_eq!(status, 201, "{answer}");
    answer.pointer("/key/secret").and_then(Value::as_str).unwrap().to_owned()
}

#[test]
fn a_full_disk_is_told_and_nothing_is_acknowledged_falsely() {
    let data = tempfile::tempdir().unwrap();
    Demo::start(data.path()).stop("TERM");
    // No file of this process grows beyond so many blocks of 512 bytes: the write-ahead log is full soon.
    let mut limited = Command::new("sh");
    clean(&mut limited).args(["-c", "ulimit -f 1600 && exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_octroi")]);
    let demo = Demo::launch(demo_command(&mut limited, data.path()).stdin(Stdio::null()));
    let key = demo.key();
    let mut acknowledged = Vec::new();
    let refused = (0..2_000).find_map(|n| {
        let body = json!({"name": format!("Plein {n}"), "description": "x".repeat(2_000)});
        let (status, answer) = demo.manage("POST", "/applications", Some(&body)).unwrap();
        if status == 201 {
            acknowledged.push(answer.pointer("/application/id").and_then(Value::as_str).unwrap().to_owned());
            return None;
        }
        Some((status, answer))
    });
    let (status, answer) = refused.expect("the disk was never full");
    assert_eq!(status, 503, "{answer}");
    assert_eq!(answer["code"], "unavailable", "{answer}");
    assert!(acknowledged.len() > 3, "{}", acknowledged.len());
    // The gateway serves on, and so do reads.
    assert_eq!(demo.sample_call(Some(&key)), 200);
    assert_eq!(demo.sample_call(None), 401);
    demo.kill();

    let demo = Demo::start(data.path());
    for id in &acknowledged {
        assert_eq!(demo.manage("GET", &format!("/applications/{id}"), None).unwrap().0, 200, "{id}");
    }
    let (_, listed) = demo.manage("GET", "/applications?limit=100", None).unwrap();
    let full = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|a| a["name"].as_str().unwrap().starts_with("Plein"));
    if listed["next_cursor"].is_null() {
        assert_eq!(full.count(), acknowledged.len(), "nothing that was refused is there");
    }
    demo.stop("TERM");
}
