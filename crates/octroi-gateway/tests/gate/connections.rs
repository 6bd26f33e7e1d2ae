//! Connections on both sides of a call: which are used again, which end, what one call may cost an upstream. What comes
//! after an answer must never be mistaken for the answer to somebody else's call.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::time::Duration;

use octroi_domain::plan::Limits;
use octroi_policy::feed::CatalogueSource;
use serde_json::json;

use crate::common::*;

const SECRET: &str = "an-imported-key-of-mine";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A gateway of one worker, so that every call finds the connections of the one before.
fn gate(upstream: &Upstream, more: serde_json::Value) -> House {
    let apis = vec![api("sirene", "/s", &upstream.url(), more)];
    let keys = vec![key(1, SECRET, open(vec![grant("sirene", 1, Limits::default())]))];
    house_with(CatalogueSource { apis, issuer: None }, keys, |config| config.workers = 1)
}

/// A request with a key, its other header lines and its body given.
fn request(line: &str, lines: &str, body: &str) -> String {
    format!("{line} HTTP/1.1\r\nHost: g\r\n{KEY_HEADER}: {SECRET}\r\n{lines}\r\n{body}")
}

/// Turns the clock on in steps of 300 ms, `before` each one, until there is something to read.
fn until_answered(house: &House, caller: &mut Caller, mut before: impl FnMut()) -> Answer {
    caller.stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let mut byte = [0];
    while caller.stream.peek(&mut byte).is_err() {
        before();
        house.clock.advance(Duration::from_millis(300));
    }
    caller.answer(false).unwrap()
}

#[test]
fn an_upstream_that_leaves_bodies_unread_answers_nobody_twice() {
    // It takes the body of a GET for the next request.
    let upstream = Upstream::new(|c| {
        while let Some(head) = c.head() {
            let line = head.lines().next().unwrap();
            c.send(&format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{line}", line.len()));
        }
    });
    let house = gate(&upstream, json!({}));
    let smuggled = "GET /smuggled HTTP/1.1\r\nHost: g\r\n\r\n";
    for method in ["GET", "DELETE", "OPTIONS"] {
        let length = format!("Content-Length: {}\r\n", smuggled.len());
        house.call(&request(&format!("{method} /s/attack"), &length, smuggled));
        let victim = house.call(&request("GET /s/mine", "", ""));
        assert_eq!(victim.body, "GET /mine HTTP/1.1", "{method}");
    }
    assert_eq!(upstream.connections(), 4, "one for each body, one for all calls without");
}

#[test]
fn an_answer_that_comes_before_the_end_of_the_body_ends_both_connections() {
    let upstream = Upstream::new(|c| {
        while c.head().is_some() {
            c.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
        }
    });
    let house = gate(&upstream, json!({}));
    let mut caller = house.connect();
    caller.send(&request("POST /s/x", "Content-Length: 100000\r\n", "the beginning"));
    assert_eq!(caller.answer(false).unwrap().status, 403);
    assert!(caller.is_closed());
    assert_eq!(house.call(&request("GET /s/y", "", "")).status, 403);
    assert_eq!(upstream.connections(), 2);
}

#[test]
fn a_call_that_an_upstream_dies_of_is_repeated_once_however_many_connections_wait() {
    const WARM: usize = 5;
    let (together, deaths) = (Arc::new(Barrier::new(WARM)), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&deaths);
    let upstream = Upstream::new(move |c| {
        while let Some(head) = c.head() {
            if head.starts_with("GET /die") {
                counted.fetch_add(1, Ordering::SeqCst);
                return;
            }
            together.wait();
            c.send(OK);
        }
    });
    let house = gate(&upstream, json!({}));
    std::thread::scope(|s| {
        for _ in 0..WARM {
            s.spawn(|| assert_eq!(house.call(&request("GET /s/warm", "", "")).status, 200));
        }
    });
    assert_eq!(house.call(&request("GET /s/die", "", "")).status, 502);
    assert_eq!(deaths.load(Ordering::SeqCst), 2);
}

#[test]
fn the_head_of_an_answer_has_its_time_however_many_pieces_it_comes_in() {
    for piece in ["X-Slow: 1\r\n", "\r\nHTTP/1.1 102 Processing\r\n"] {
        let (tell, told) = mpsc::channel::<()>();
        let told = Mutex::new(told);
        let upstream = Upstream::new(move |c| {
            while c.request().is_some() {
                c.send("HTTP/1.1 102 Processing\r\n");
                for _ in told.lock().unwrap().iter().take(30) {
                    c.send(piece);
                }
                c.send("\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            }
        });
        let house = gate(&upstream, json!({"timeouts": {"first_byte_ms": 1000}}));
        let mut caller = house.connect();
        caller.send(&request("GET /s/x", "", ""));
        let answer = until_answered(&house, &mut caller, || tell.send(()).unwrap());
        assert_eq!(answer.status, 504, "{piece:?}");
    }
}

#[test]
fn a_connection_lives_on_after_a_call_that_took_longer_than_it_may_idle() {
    let (tell, told) = mpsc::channel::<()>();
    let told = Mutex::new(told);
    let upstream = Upstream::new(move |c| {
        while let Some(head) = c.request() {
            if head.starts_with("GET /long") {
                told.lock().unwrap().recv().unwrap();
            }
            c.send(OK);
        }
    });
    let house = gate(&upstream, json!({"timeouts": {"first_byte_ms": 600_000}}));
    let mut caller = house.connect();
    caller.send(&request("GET /s/long", "", ""));
    // Other calls on the same worker: after the first the long one is under way, after the second the time is known.
    assert_eq!(house.call(&request("GET /s/x", "", "")).status, 200);
    house.clock.advance(Duration::from_secs(300));
    assert_eq!(house.call(&request("GET /s/x", "", "")).status, 200);
    tell.send(()).unwrap();
    assert_eq!(caller.answer(false).unwrap().status, 200);
    caller.stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let silent = caller.stream.peek(&mut [0]).map_err(|error| error.kind());
    assert_eq!(silent, Err(std::io::ErrorKind::WouldBlock), "the connection ended");
    caller.stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    assert_eq!(caller.call(&request("POST /s/x", "Content-Length: 0\r\n", "")).status, 200);
}

#[test]
fn bodies_of_unknown_length_arrive_whatever_the_method_and_the_upstreams_version() {
    let upstream = Upstream::new(|c| {
        while c.request().is_some() {
            c.send("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok");
        }
    });
    let house = gate(&upstream, json!({}));
    for method in ["POST", "POST", "GET", "DELETE"] {
        let chunked = "Transfer-Encoding: chunked\r\n";
        let call = request(&format!("{method} /s/x"), chunked, "5\r\nhello\r\n0\r\n\r\n");
        assert_eq!(house.call(&call).status, 200, "{method}");
    }
    assert_eq!(upstream.received().matches("hello").count(), 4);
}

#[test]
fn a_refusal_is_read_before_the_connection_ends_and_the_connection_lives_on() {
    let upstream = Upstream::echo();
    let house = gate(&upstream, json!({}));
    let mut caller = house.connect();
    let body = format!("{:x}\r\n{}\r\n0\r\n\r\n", 100_000, "x".repeat(100_000));
    let stranger = format!("POST /s/x HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
    assert_eq!(caller.call(&stranger).status, 401);
    assert_eq!(caller.call(&request("GET /s/x", "", "")).status, 200);
}

#[test]
fn a_fault_of_the_callers_body_is_not_the_upstreams() {
    let upstream = Upstream::new(|c| {
        while c.head().is_some() {
            c.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
        }
    });
    let mut house = gate(&upstream, json!({"max_body_bytes": 10}));
    let mut caller = house.connect();
    caller.send(&request("POST /s/x", "Transfer-Encoding: chunked\r\n", "5\r\nfirst\r\n"));
    caller.stream.peek(&mut [0]).unwrap();
    caller.send("6\r\nsecond\r\n");
    assert!(caller.answer(false).unwrap().body.ends_with("<broken off>"));
    let usage = house.usage();
    assert_eq!((usage[0].outcome.as_ref(), usage[0].status), ("body_too_large", 200));
}
