//! What a hostile review found, each kept from coming back: calls that go on after a revocation, calls cut short by a
//! stop, answers that break their framing's habits, headers that hide, callers that read nothing.

use std::io::Read as _;
use std::time::Duration;

use octroi_domain::plan::Limits;
use octroi_policy::feed::KeyStatus;
use serde_json::json;

use crate::common::*;

const SECRET: &str = "an-imported-key-of-mine";

fn keys() -> Vec<octroi_policy::feed::KeyRecord> {
    vec![key(1, SECRET, open(vec![grant("s", 1, Limits::default())]))]
}

fn gate(upstream: &Upstream, more: serde_json::Value) -> House {
    house(vec![api("s", "/s", &upstream.url(), more)], keys())
}

fn get(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: g\r\n{KEY_HEADER}: {SECRET}\r\n{headers}\r\n")
}

/// An upstream that sends a piece of an answer without end each time it is let.
fn endless() -> (Upstream, std::sync::mpsc::Sender<()>) {
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let upstream = Upstream::new(move |c| {
        if c.request().is_some() {
            c.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n");
            while wait.lock().unwrap().recv().is_ok() {
                c.send("4\r\nnext\r\n");
            }
        }
    });
    (upstream, go)
}

#[test]
fn an_answer_that_goes_on_ends_when_its_key_is_revoked() {
    let (upstream, _go) = endless();
    let mut house = gate(&upstream, json!({}));
    let mut caller = house.connect();
    caller.send(&get("/s/events", ""));
    let mut first = [0; 1024];
    while !String::from_utf8_lossy(&first).contains("first") {
        let n = caller.stream.read(&mut first).unwrap();
        assert!(n > 0);
    }
    house.applied(house.source.put_key(key(1, SECRET, KeyStatus::Revoked)));
    // The connection ends, without the last chunk.
    let mut rest = Vec::new();
    let _ = caller.stream.read_to_end(&mut rest);
    assert!(!String::from_utf8_lossy(&rest).contains("0\r\n\r\n"));
    house.stop();
    let line = &house.log.lines()[0];
    assert_eq!((&line["outcome"], &line["status"]), (&json!("credential_revoked"), &json!(200)));
}

#[test]
fn an_answer_that_is_waited_for_ends_when_its_key_is_revoked() {
    let upstream = Upstream::new(|c| while c.request().is_some() {});
    let mut house = gate(&upstream, json!({}));
    let mut caller = house.connect();
    caller.send(&get("/s/slow", ""));
    while upstream.request_lines().is_empty() {
        std::thread::yield_now();
    }
    house.applied(house.source.put_key(key(1, SECRET, KeyStatus::Paused)));
    let mut rest = Vec::new();
    let _ = caller.stream.read_to_end(&mut rest);
    assert!(!rest.starts_with(b"HTTP/1.1 200"));
    house.stop();
    assert_eq!(house.log.lines()[0]["outcome"], "credential_revoked");
}

#[test]
fn calls_that_a_stop_cuts_short_are_counted_and_logged() {
    let upstream = Upstream::new(|c| while c.request().is_some() {});
    let mut house = house_with(
        octroi_policy::feed::CatalogueSource {
            apis: vec![api("s", "/s", &upstream.url(), json!({}))],
            issuer: None,
        },
        keys(),
        |config| config.timings.drain = Duration::ZERO,
    );
    let mut caller = house.connect();
    caller.send(&get("/s/slow", ""));
    while upstream.request_lines().is_empty() {
        std::thread::yield_now();
    }
    let clock = std::sync::Arc::clone(&house.clock);
    let usage = std::thread::scope(|scope| {
        let (stopped, running) = std::sync::mpsc::channel::<()>();
        scope.spawn(move || {
            // Time goes by while the gateway waits for its calls.
            while running.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
                clock.advance(Duration::from_secs(1));
                std::thread::sleep(Duration::from_millis(10));
            }
        });
        let usage = house.usage();
        drop(stopped);
        usage
    });
    assert_eq!(usage.iter().map(|row| row.calls).sum::<u64>(), 1);
    assert_eq!(house.log.lines().len(), 1);
}

#[test]
fn a_connection_whose_first_call_is_on_its_way_is_served_before_the_end() {
    let upstream = Upstream::echo();
    let mut house = gate(&upstream, json!({}));
    let mut early = house.connect();
    early.send(&get("/s/a", ""));
    assert_eq!(early.answer(false).unwrap().status, 200);
    let mut late = house.connect();
    std::thread::scope(|scope| {
        let stopping = scope.spawn(|| house.stop());
        // The end has begun when the connection that served a call is closed.
        assert!(early.is_closed());
        late.send(&get("/s/b", ""));
        let answer = late.answer(false).expect("an answer");
        assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
        stopping.join().unwrap();
    });
}

#[test]
fn chunks_whose_sizes_are_padded_pass() {
    let upstream = Upstream::new(|c| {
        while c.request().is_some() {
            c.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            c.send(&"5       \r\nhello\r\n".repeat(5_000));
            c.send("0\r\n\r\n");
        }
    });
    let answer = gate(&upstream, json!({})).get_with("/s/x", SECRET);
    assert_eq!((answer.status, answer.body.len()), (200, 25_000));
}

#[test]
fn the_next_head_begun_early_does_not_end_the_call_in_hand() {
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let upstream = Upstream::new(move |c| {
        while c.request().is_some() {
            let _ = wait.lock().unwrap().recv();
            c.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        }
    });
    let house = gate(&upstream, json!({"timeouts": {"first_byte_ms": 600_000}}));
    let mut caller = house.connect();
    caller.send(&get("/s/x", ""));
    while upstream.request_lines().is_empty() {
        std::thread::yield_now();
    }
    caller.send("GET /s/y HTTP/1.1\r\nHo");
    // Longer than a head may take; the sweep looks at it meanwhile.
    for _ in 0..4 {
        house.clock.advance(Duration::from_secs(5));
        std::thread::sleep(Duration::from_millis(60));
    }
    go.send(()).unwrap();
    assert_eq!(caller.answer(false).unwrap().body, "ok");
}

#[test]
fn a_call_that_was_answered_is_never_sent_again() {
    let upstream = Upstream::new(|c| {
        if c.request().is_some() {
            c.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        }
        if c.request().is_some() {
            c.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok");
        }
    });
    let house = gate(&upstream, json!({}));
    let mut caller = house.connect();
    assert_eq!(caller.call(&get("/s/warm", "")).status, 200);
    let delete = get("/s/x", "").replacen("GET", "DELETE", 1);
    assert_eq!(caller.call(&delete).status, 502);
    assert_eq!(upstream.request_lines().iter().filter(|line| line.starts_with("DELETE")).count(), 1);
}

#[test]
fn no_referer_carries_a_credential_to_the_upstream() {
    let upstream = Upstream::echo();
    let house = gate(&upstream, json!({}));
    for referer in [
        format!("Referer: http://p/\r\nReferer: http://p/?api-key={SECRET}\r\n"),
        format!("Referer: http://p/#api-key={SECRET}\r\n"),
        format!("Referer: http://p/?api-key={SECRET}\r\n"),
    ] {
        assert_eq!(house.get("/s/x", &format!("{KEY_HEADER}: {SECRET}\r\n{referer}")).status, 200);
    }
    assert_eq!(
        house.get("/s/y", &format!("{KEY_HEADER}: {SECRET}\r\nReferer: http://p/a?b=1\r\n")).status,
        200
    );
    let received = upstream.received();
    assert!(!received.contains(SECRET), "{received}");
    assert!(received.contains("referer: http://p/a?b=1\r\n"), "{received}");
}

#[test]
fn names_that_some_servers_read_as_ours_are_taken_out() {
    let upstream = Upstream::echo();
    let house = gate(&upstream, json!({}));
    let forged =
        "X.Octroi.Plan: gold\r\nX!Octroi!Plan: gold\r\nTransfer.Encoding: gold\r\nContent.Length: gold\r\n";
    assert_eq!(house.get("/s/x", &format!("{KEY_HEADER}: {SECRET}\r\n{forged}")).status, 200);
    let received = upstream.received();
    assert!(!received.contains("gold"), "{received}");
}

#[test]
fn an_upstream_does_not_speak_for_the_gateway() {
    let upstream = Upstream::answering(
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Octroi-Plan: forged\r\nx_octroi_plan: forged\r\nAlt-Svc: h2=\"evil:443\"\r\nX-Other: fine\r\n\r\n",
    );
    let answer = gate(&upstream, json!({})).get_with("/s/x", SECRET);
    for gone in ["x-octroi-plan", "x_octroi_plan", "alt-svc"] {
        assert_eq!(answer.header(gone), None, "{gone}");
    }
    assert_eq!(answer.header("x-other"), Some("fine"));
}

#[test]
fn a_refused_head_counts_no_body() {
    let mut house = gate(&Upstream::echo(), json!({}));
    let answer = house.call("HEAD /s/x HTTP/1.1\r\nHost: g\r\n\r\n");
    assert_eq!(answer.status, 401);
    house.stop();
    assert_eq!(house.log.lines()[0]["bytes_out"], 0);
}

#[test]
fn callers_that_read_nothing_hold_little_memory() {
    const CALLERS: u64 = 100;
    let upstream = Upstream::new(|c| {
        if c.request().is_some() {
            c.send("HTTP/1.1 200 OK\r\nContent-Length: 31457280\r\n\r\n");
            let piece = "x".repeat(64 * 1024);
            // Ends with the connection.
            while std::io::Write::write_all(&mut c.stream, piece.as_bytes()).is_ok() {}
        }
    });
    let house = gate(&upstream, json!({}));
    let resident = || {
        let text = std::fs::read_to_string("/proc/self/statm").unwrap();
        text.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4_096
    };
    let before = resident();
    // The complete road on either engine.
    let callers: Vec<Caller> = (0..CALLERS)
        .map(|_| {
            let mut caller = house.connect();
            caller.send(&get("/s/x", "TE: trailers\r\n"));
            caller
        })
        .collect();
    while upstream.connections() < CALLERS as usize {
        std::thread::yield_now();
    }
    // Until nothing moves any more.
    let mut last = resident();
    loop {
        std::thread::sleep(Duration::from_millis(300));
        let now = resident();
        if now <= last + 64 * 1024 {
            break;
        }
        last = now;
    }
    let each = last.saturating_sub(before) / CALLERS;
    // The upstreams of the test are in it too: a thread and a piece of 64 KiB each.
    assert!(each < 450 * 1024, "{each} bytes for each caller");
    drop(callers);
}
