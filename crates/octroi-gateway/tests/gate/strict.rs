//! What two servers could read in two ways is refused (promises G1, G2, G5, G7, G8): raw bytes in, and what the upstream
//! saw of them.

use std::time::Duration;

use serde_json::json;

use crate::common::*;

const SECRET: &str = "an-imported-key-of-mine";

fn gate(more: serde_json::Value) -> (Upstream, House) {
    let upstream = Upstream::echo();
    let api = api("sirene", "/s", &upstream.url(), more);
    let house = house(vec![api], vec![key(1, SECRET, open(vec![grant("sirene", 1, Default::default())]))]);
    (upstream, house)
}

/// A request with a key, its other header lines and its body given.
fn post(lines: &str, body: &str) -> String {
    format!("POST /s/x HTTP/1.1\r\nHost: g\r\n{KEY_HEADER}: {SECRET}\r\n{lines}\r\n{body}")
}

#[test]
fn requests_that_can_be_read_in_two_ways_get_400_and_the_connection_ends() {
    let (upstream, house) = gate(json!({}));
    let get = format!("GET /s/smuggled HTTP/1.1\r\nHost: g\r\n{KEY_HEADER}: {SECRET}\r\n\r\n");
    let key = format!("{KEY_HEADER}: {SECRET}\r\n");
    let bad = [
        ("length and encoding", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")),
        ("encoding and length", post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n")),
        ("two lengths", post("Content-Length: 0\r\nContent-Length: 5\r\n", "hello")),
        ("the same length twice", post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello")),
        ("a list of lengths", post("Content-Length: 5, 5\r\n", "hello")),
        ("a signed length", post("Content-Length: +5\r\n", "hello")),
        ("a hexadecimal length", post("Content-Length: 0x5\r\n", "hello")),
        ("a negative length", post("Content-Length: -1\r\n", "")),
        ("an empty length", post("Content-Length:\r\n", "")),
        ("an endless length", post(&format!("Content-Length: {}5\r\n", "0".repeat(300)), "hello")),
        ("two encodings", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")),
        ("a list of encodings", post("Transfer-Encoding: identity, chunked\r\n", "0\r\n\r\n")),
        ("chunked not last", post("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n")),
        ("an unknown encoding", post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n")),
        ("a tab in the encoding", post("Transfer-Encoding:\x0bchunked\r\n", "0\r\n\r\n")),
        ("a space before the colon", post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n")),
        ("a folded header", post("X-A: 1\r\n 2\r\n", "")),
        ("a folded encoding", post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n")),
        ("a bare line feed", post("X-A: 1\nX-B: 2\r\n", "")),
        ("a bare line feed ends the head", format!("GET /s/x HTTP/1.1\r\nHost: g\r\n{key}X: 1\n\n")),
        ("a bare line feed ends the request line", format!("GET /s/x HTTP/1.1\nHost: g\r\n{key}\r\n")),
        ("a bare carriage return", post("X-A: 1\rX-B: 2\r\n", "")),
        ("NUL in a header", post("X-A: 1\0\r\n", "")),
        ("no colon", post("X-A\r\n", "")),
        ("no name", post(": 1\r\n", "")),
        ("two hosts", post("Host: other\r\n", "")),
        ("no host", format!("GET /s/x HTTP/1.1\r\n{key}\r\n")),
        ("an empty host", format!("GET /s/x HTTP/1.1\r\nHost:\r\n{key}\r\n")),
        ("a host with a path", format!("GET /s/x HTTP/1.1\r\nHost: g/x\r\n{key}\r\n")),
        ("a host with a user", format!("GET /s/x HTTP/1.1\r\nHost: u@g\r\n{key}\r\n")),
        ("a user in the target", format!("GET http://u@g/s/x HTTP/1.1\r\nHost: g\r\n{key}\r\n")),
        (
            "HTTP/1.0 with an encoding",
            format!("POST /s/x HTTP/1.0\r\nHost: g\r\n{key}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ),
        ("another version", format!("GET /s/x HTTP/1.2\r\nHost: g\r\n{key}\r\n")),
        ("spaces in the request line", format!("GET  /s/x  HTTP/1.1\r\nHost: g\r\n{key}\r\n")),
    ];
    for (name, request) in bad {
        let mut caller = house.connect();
        caller.send(&format!("{request}{get}"));
        let answer = caller.answer(false).unwrap_or_else(|| panic!("{name}: no answer"));
        assert_eq!(answer.status, 400, "{name}");
        assert!(caller.is_closed(), "{name}: still open");
    }
    assert_eq!(upstream.request_lines(), [""; 0]);
}

#[test]
fn a_body_that_breaks_the_rules_ends_the_connection_after_one_request_at_most() {
    let bodies = [
        ("no size", "\r\nhello\r\n0\r\n\r\n"),
        ("a size that is no number", "zz\r\nhello\r\n0\r\n\r\n"),
        ("a size beyond all bounds", "fffffffffffffffff\r\nhello\r\n0\r\n\r\n"),
        ("a bare line feed after the size", "5\nhello\r\n0\r\n\r\n"),
        ("a bare line feed in an extension", "5;a\nb\r\nhello\r\n0\r\n\r\n"),
        ("more data than the size", "5\r\nhello!\r\n0\r\n\r\n"),
        ("a bare line feed after the data", "5\r\nhello\n0\r\n\r\n"),
        ("a bare line feed in the trailer", "5\r\nhello\r\n0\r\nX: 1\n\r\n"),
    ];
    for (name, body) in bodies {
        let (upstream, house) = gate(json!({}));
        let mut caller = house.connect();
        let next = format!("GET /s/smuggled HTTP/1.1\r\nHost: g\r\n{KEY_HEADER}: {SECRET}\r\n\r\n");
        caller.send(&format!("{}{next}", post("Transfer-Encoding: chunked\r\n", body)));
        if let Some(answer) = caller.answer(false) {
            assert_eq!(answer.status, 400, "{name}");
            assert_eq!(caller.answer(false), None, "{name}");
        }
        let seen = upstream.request_lines();
        assert!(seen.len() <= 1 && !seen.iter().any(|l| l.contains("smuggled")), "{name}: {seen:?}");
    }
}

#[test]
fn a_huge_chunk_extension_is_refused() {
    let (upstream, house) = gate(json!({}));
    let extension = "x".repeat(64 * 1024);
    let mut caller = house.connect();
    let request = post("Transfer-Encoding: chunked\r\n", &format!("5;{extension}\r\nhello\r\n0\r\n\r\n"));
    let _ = std::io::Write::write_all(&mut caller.stream, request.as_bytes());
    if let Some(answer) = caller.answer(false) {
        assert_eq!(answer.status, 400);
    }
    assert!(upstream.request_lines().len() <= 1);
}

#[test]
fn well_formed_requests_in_a_row_all_arrive() {
    let (upstream, house) = gate(json!({}));
    let chunked = post("Transfer-Encoding: chunked\r\n", "5;x=y\r\nhe\nlo\r\n0\r\nX: 1\r\n\r\n");
    let counted = post("Content-Length: 5\r\n", "he\nlo");
    let mut caller = house.connect();
    caller.send(&[chunked, counted, post("", "")].concat());
    for _ in 0..3 {
        assert_eq!(caller.answer(false).unwrap().status, 200);
    }
    assert_eq!(upstream.request_lines().len(), 3);
    assert_eq!(upstream.connections(), 1, "the connection is used again");
}

#[test]
fn ambiguous_paths_are_refused_and_others_reach_the_upstream_in_one_form() {
    let (upstream, house) = gate(json!({}));
    for path in [
        "/s/a%2fb",
        "/s/a%5cb",
        "/s/../x",
        "/s/..;/x",
        "/s/a;b",
        "/s//x",
        "/s/%2e%2e/x",
        "/s/%00",
        "/s/a%252fb",
        "/s/%c0%ae%c0%ae/x",
    ] {
        let answer = house.get_with(path, SECRET);
        assert_eq!(answer.status, 400, "{path}");
        assert!(answer.body.contains("path_ambiguous"), "{path}");
    }
    assert_eq!(upstream.connections(), 0);
    assert_eq!(house.get_with("/s/%61%c3%a9%20?q=%61", SECRET).body, "GET /a%C3%A9%20?q=%61 HTTP/1.1");
    assert_eq!(house.get_with("/s", SECRET).body, "GET / HTTP/1.1");
    let absolute = format!(
        "GET http://named.test:81/s/x HTTP/1.1\r\nHost: other.test\r\n{KEY_HEADER}: {SECRET}\r\n\r\n"
    );
    assert_eq!(house.call(&absolute).body, "GET /x HTTP/1.1");
    let received = upstream.received();
    assert!(received.contains(&format!("host: {}\r\n", upstream.address)));
    assert!(received.contains("x-forwarded-host: named.test:81\r\n"));
    assert!(!received.contains("other.test"));
}

#[test]
fn heads_beyond_the_limits_are_refused() {
    let (upstream, house) = gate(json!({}));
    let many: String = (0..120).map(|i| format!("X-{i}: 1\r\n")).collect();
    assert_eq!(house.get("/s/x", &many).status, 431);
    let mut caller = house.connect();
    let long = format!("GET /s/x HTTP/1.1\r\nHost: g\r\nX: {}\r\n\r\n", "y".repeat(70 * 1024));
    let _ = std::io::Write::write_all(&mut caller.stream, long.as_bytes());
    assert_eq!(caller.answer(false).unwrap().status, 431);
    let fits = format!("X: {}\r\n{KEY_HEADER}: {SECRET}\r\n", "y".repeat(60 * 1024));
    assert_eq!(house.get("/s/x", &fits).status, 200);
    assert_eq!(upstream.connections(), 1);
}

#[test]
fn bodies_beyond_the_limit_are_refused_however_they_are_framed() {
    let (upstream, house) = gate(json!({"max_body_bytes": 10}));
    let counted = house.call(&post("Content-Length: 11\r\n", "hello world"));
    assert_eq!(counted.status, 413);
    assert_eq!(upstream.connections(), 0);
    let chunked = house.call(&post("Transfer-Encoding: chunked\r\n", "b\r\nhello world\r\n0\r\n\r\n"));
    assert_eq!(chunked.status, 413);
    assert!(chunked.body.contains("body_too_large"));
    assert_eq!(house.call(&post("Content-Length: 10\r\n", "hello worl")).status, 200);
}

#[test]
fn an_expectation_is_met_only_when_the_call_is_let_through() {
    let (upstream, house) = gate(json!({}));
    let mut caller = house.connect();
    caller.send(&post("Content-Length: 5\r\nExpect: 100-continue\r\n", ""));
    assert_eq!(caller.answer(false).unwrap().status, 100);
    caller.send("hello");
    assert_eq!(caller.answer(false).unwrap().status, 200);
    assert!(!upstream.received().to_lowercase().contains("expect"));
    let mut stranger = house.connect();
    stranger.send("POST /s/x HTTP/1.1\r\nHost: g\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    assert_eq!(stranger.answer(false).unwrap().status, 401);
    assert_eq!(house.call(&post("Expect: a-miracle\r\n", "")).status, 417);
}

#[test]
fn protocol_changes_are_refused_and_nothing_reaches_the_upstream() {
    let (upstream, house) = gate(json!({}));
    let mut caller = house.connect();
    let lines = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n";
    let trailing = format!("{}GET /s/smuggled HTTP/1.1\r\nHost: g\r\n\r\n", post(lines, ""));
    caller.send(&trailing.replacen("POST", "GET", 1));
    assert_eq!(caller.answer(false).unwrap().status, 501);
    assert!(caller.is_closed());
    assert_eq!(house.call("CONNECT g:443 HTTP/1.1\r\nHost: g:443\r\n\r\n").status, 501);
    assert_eq!(house.call("TRACE /s/x HTTP/1.1\r\nHost: g\r\n\r\n").status, 405);
    assert_eq!(upstream.connections(), 0);
    let offer = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n";
    assert_eq!(house.call(&post(offer, "")).status, 200);
    assert!(!upstream.received().to_lowercase().contains("http2-settings"));
}

/// Turns the clock on until the connection ends.
fn closes_in_time(house: &House, caller: &mut Caller) -> Option<Answer> {
    caller.stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    for _ in 0..50 {
        house.clock.advance(Duration::from_secs(6));
        let mut byte = [0];
        match caller.stream.peek(&mut byte) {
            Ok(0) => return None,
            Ok(_) => return caller.answer(false),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return None,
            Err(_) => {}
        }
    }
    panic!("still open");
}

#[test]
fn slow_heads_slow_bodies_and_silent_connections_are_ended() {
    let (_upstream, mut house) = gate(json!({}));
    let mut slow_head = house.connect();
    slow_head.send("GET /s/x HTTP/1.1\r\nHost: g");
    assert_eq!(closes_in_time(&house, &mut slow_head), None);
    let mut silent = house.connect();
    assert_eq!(closes_in_time(&house, &mut silent), None);
    let mut unused = house.connect();
    assert_eq!(unused.call(&post("", "")).status, 200);
    assert_eq!(closes_in_time(&house, &mut unused), None);
    let mut slow_body = house.connect();
    slow_body.send(&post("Content-Length: 100000\r\n", "a little"));
    assert_eq!(closes_in_time(&house, &mut slow_body).map(|a| a.status), Some(408));
    let usage = house.usage();
    let timeouts: u64 = usage.iter().filter(|r| r.outcome == "request_timeout").map(|r| r.calls).sum();
    assert_eq!(timeouts, 2);
}
