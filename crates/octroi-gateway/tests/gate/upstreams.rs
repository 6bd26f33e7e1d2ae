//! Upstreams that are down, slow, broken, elsewhere than they should be, or behind TLS.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::BoxFuture;
use octroi_domain::plan::Limits;
use octroi_gateway::resolve::Resolve;
use octroi_policy::feed::CatalogueSource;
use serde_json::json;

use crate::common::*;

const SECRET: &str = "an-imported-key-of-mine";

fn keys() -> Vec<octroi_policy::feed::KeyRecord> {
    vec![key(1, SECRET, open(vec![grant("sirene", 1, Limits::default())]))]
}

fn gate(upstream: &str, more: serde_json::Value) -> House {
    house(vec![api("sirene", "/s", upstream, more)], keys())
}

/// An address where nobody listens.
fn nobody() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[test]
fn an_upstream_that_is_down_answers_502_and_says_that_the_key_is_not_the_cause() {
    let mut house = gate(&nobody(), json!({"dialect": "ietf"}));
    let answer = house.get_with("/s/x", SECRET);
    assert_eq!(answer.status, 502);
    assert!(answer.body.contains("upstream_unreachable") && answer.body.contains("clé n'est pas en cause"));
    let usage = house.usage();
    assert_eq!((&*usage[0].outcome, usage[0].admitted), ("upstream_unreachable", true));
}

#[test]
fn where_one_upstream_is_down_the_next_one_answers() {
    let upstream = Upstream::echo();
    let house =
        gate(&nobody(), json!({"upstreams": [{"url": nobody(), "weight": 1000}, {"url": upstream.url()}]}));
    for _ in 0..5 {
        assert_eq!(house.get_with("/s/x", SECRET).status, 200);
    }
    let post =
        format!("POST /s/x HTTP/1.1\r\nHost: g\r\n{KEY_HEADER}: {SECRET}\r\nContent-Length: 5\r\n\r\nhello");
    assert_eq!(house.call(&post).status, 200);
    assert!(upstream.received().contains("\r\n\r\nhello"));
}

#[test]
fn an_upstream_that_stays_silent_answers_504() {
    let upstream = Upstream::new(|c| while c.request().is_some() {});
    let house = gate(&upstream.url(), json!({"timeouts": {"first_byte_ms": 1000}}));
    let mut caller = house.connect();
    caller.send(&format!("GET /s/x HTTP/1.1\r\nHost: g\r\n{KEY_HEADER}: {SECRET}\r\n\r\n"));
    caller.stream.set_read_timeout(Some(std::time::Duration::from_millis(100))).unwrap();
    let mut byte = [0];
    while caller.stream.peek(&mut byte).is_err() {
        house.clock.advance(std::time::Duration::from_secs(1));
    }
    let answer = caller.answer(false).unwrap();
    assert_eq!(answer.status, 504);
    assert!(answer.body.contains("upstream_timeout"));
}

#[test]
fn an_upstream_that_talks_nonsense_or_hangs_up_answers_502() {
    for answer in [
        "SSH-2.0-OpenSSH_9.2\r\n\r\n",
        "",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n2\r\nab\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nab",
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nab",
    ] {
        let upstream = Upstream::new(move |c| {
            if c.request().is_some() {
                c.send(answer);
            }
        });
        let house = gate(&upstream.url(), json!({}));
        let answer = house.get_with("/s/x", SECRET);
        assert_eq!(answer.status, 502);
        assert!(answer.body.contains("upstream_broken"));
    }
}

#[test]
fn an_answer_that_breaks_off_breaks_off_for_the_caller_too() {
    for head in ["Content-Length: 100", "Transfer-Encoding: chunked"] {
        let upstream = Upstream::new(move |c| {
            if c.request().is_some() {
                c.send(&format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n5\r\nhello\r\n"));
            }
        });
        let mut house = gate(&upstream.url(), json!({}));
        let answer = house.get_with("/s/x", SECRET);
        assert_eq!(answer.status, 200);
        assert!(answer.body.contains("hello") && answer.body.ends_with("<broken off>"), "{answer:?}");
        let usage = house.usage();
        assert_eq!((&*usage[0].outcome, usage[0].status), ("upstream_broken", 200));
    }
}

#[test]
fn long_bodies_stream_both_ways() {
    let upstream = Upstream::new(|c| {
        while c.request().is_some() {
            c.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            for _ in 0..200 {
                c.send(&format!("1000\r\n{}\r\n", "z".repeat(4096)));
            }
            c.send("0\r\n\r\n");
        }
    });
    let mut house = gate(&upstream.url(), json!({}));
    let body = "y".repeat(1_000_000);
    let request = format!(
        "POST /s/x HTTP/1.1\r\nHost: g\r\n{KEY_HEADER}: {SECRET}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = house.call(&request);
    assert_eq!(answer.body.len(), 200 * 4096);
    let usage = house.usage();
    assert_eq!((usage[0].bytes_in, usage[0].bytes_out), (1_000_000, 200 * 4096));
}

#[test]
fn redirects_are_handed_to_the_caller() {
    let other = Upstream::echo();
    let location = other.url();
    let upstream = Upstream::new(move |c| {
        while c.request().is_some() {
            c.send(&format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"));
        }
    });
    let house = gate(&upstream.url(), json!({}));
    let answer = house.get_with("/s/x", SECRET);
    assert_eq!((answer.status, answer.header("location")), (302, Some(other.url().as_str())));
    assert_eq!(other.connections(), 0);
}

#[test]
fn a_connection_that_the_upstream_closed_meanwhile_fails_no_call() {
    // Each connection serves one request and is then closed without a word.
    let upstream = Upstream::new(|c| {
        if c.request().is_some() {
            c.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        }
    });
    let house = gate(&upstream.url(), json!({}));
    let mut caller = house.connect();
    for _ in 0..30 {
        let request = format!("GET /s/x HTTP/1.1\r\nHost: g\r\n{KEY_HEADER}: {SECRET}\r\n\r\n");
        assert_eq!(caller.call(&request).status, 200);
    }
}

#[test]
fn a_pooled_connection_that_dies_under_a_request_is_replaced_for_calls_that_may_be_repeated() {
    // The first connection answers once, reads the second request and hangs up.
    let served = Arc::new(AtomicUsize::new(0));
    let upstream = Upstream::new(move |c| {
        let first = served.fetch_add(1, Ordering::SeqCst) == 0;
        while c.request().is_some() {
            c.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            if first {
                c.request();
                return;
            }
        }
    });
    let house = gate(&upstream.url(), json!({}));
    let mut caller = house.connect();
    let request = format!("GET /s/x HTTP/1.1\r\nHost: g\r\n{KEY_HEADER}: {SECRET}\r\n\r\n");
    assert_eq!(caller.call(&request).status, 200);
    assert_eq!(caller.call(&request).status, 200);
    assert_eq!(upstream.connections(), 2);
}

#[test]
fn private_addresses_need_a_permission_at_each_connection() {
    struct Rebinding(AtomicUsize, SocketAddr);
    impl Resolve for Rebinding {
        fn resolve<'a>(&'a self, _: &'a str, _: u16) -> BoxFuture<'a, std::io::Result<Vec<SocketAddr>>> {
            let first = self.0.fetch_add(1, Ordering::SeqCst) == 0;
            let address = if first { self.1 } else { "169.254.169.254:80".parse().unwrap() };
            Box::pin(async move { Ok(vec![address]) })
        }
    }
    let upstream = Upstream::new(|c| {
        if c.request().is_some() {
            c.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
        }
    });
    let api = api("sirene", "/s", "http://rebinding.test", json!({}));
    let catalogue = CatalogueSource { apis: vec![api], issuer: None };
    let resolver = Arc::new(Rebinding(AtomicUsize::new(0), upstream.address));
    let house = house_resolving(catalogue.clone(), keys(), |_| {}, resolver);
    assert_eq!(house.get_with("/s/x", SECRET).status, 200);
    let answer = house.get_with("/s/x", SECRET);
    assert_eq!(answer.status, 502);
    assert!(answer.body.contains("upstream_forbidden"));
    let resolver = Arc::new(Rebinding(AtomicUsize::new(0), upstream.address));
    let house = house_resolving(catalogue, keys(), |c| c.allowed_private_upstreams.clear(), resolver);
    assert!(house.get_with("/s/x", SECRET).body.contains("upstream_forbidden"));
    assert_eq!(upstream.connections(), 1);
}

#[test]
fn an_upstream_behind_tls_must_show_a_certificate_that_is_trusted() {
    let made = rcgen::generate_simple_self_signed(vec!["upstream.test".into()]).unwrap();
    let certificate = made.cert.der().clone();
    let private = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], private)
        .unwrap();
    let tls = Arc::new(tls);
    let upstream = Upstream::new(move |c| {
        let mut session = rustls::ServerConnection::new(Arc::clone(&tls)).unwrap();
        let mut stream = rustls::Stream::new(&mut session, &mut c.stream);
        let mut head = [0; 4096];
        while matches!(std::io::Read::read(&mut stream, &mut head), Ok(n) if n > 0) {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret");
        }
    });
    struct Fixed(SocketAddr);
    impl Resolve for Fixed {
        fn resolve<'a>(&'a self, _: &'a str, _: u16) -> BoxFuture<'a, std::io::Result<Vec<SocketAddr>>> {
            Box::pin(async move { Ok(vec![self.0]) })
        }
    }
    let apis = || {
        let mut wrong = api("wrong", "/wrong", "https://other.test", json!({}));
        wrong.id = api_id("wrong");
        vec![api("sirene", "/s", "https://upstream.test", json!({})), wrong]
    };
    let catalogue = || CatalogueSource { apis: apis(), issuer: None };
    let keys = || {
        let grants = vec![grant("sirene", 1, Limits::default()), grant("wrong", 1, Limits::default())];
        vec![key(1, SECRET, open(grants))]
    };
    let resolver = Arc::new(Fixed(upstream.address));
    let trusting =
        house_resolving(catalogue(), keys(), |c| c.upstream_roots = vec![certificate], resolver.clone());
    assert_eq!(trusting.get_with("/s/x", SECRET).body, "secret");
    assert_eq!(trusting.get_with("/wrong/x", SECRET).status, 502, "another name");
    let doubting = house_resolving(catalogue(), keys(), |_| {}, resolver);
    assert_eq!(doubting.get_with("/s/x", SECRET).status, 502);
}

#[test]
fn calls_in_hand_end_when_the_gateway_stops() {
    // The rest of the answer waits until nobody listens any more.
    let (closed, when_closed) = std::sync::mpsc::channel::<()>();
    let when_closed = std::sync::Mutex::new(when_closed);
    let upstream = Upstream::new(move |c| {
        while c.request().is_some() {
            c.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
            when_closed.lock().unwrap().recv().unwrap();
            c.send("world");
        }
    });
    let mut house = gate(&upstream.url(), json!({}));
    let mut caller = house.connect();
    caller.send(&format!("GET /s/x HTTP/1.1\r\nHost: g\r\n{KEY_HEADER}: {SECRET}\r\n\r\n"));
    let mut byte = [0];
    caller.stream.peek(&mut byte).unwrap();
    let address = house.address;
    let watcher = std::thread::spawn(move || {
        while std::net::TcpStream::connect(address).is_ok() {}
        closed.send(()).unwrap();
    });
    house.stop();
    watcher.join().unwrap();
    assert_eq!(caller.answer(false).unwrap().body, "helloworld");
    assert!(caller.is_closed());
}
