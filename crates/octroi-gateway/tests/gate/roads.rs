//! The fast road and hyper's answer alike: calls and answers of every kind, put together at random, go through two
//! gateways that differ in nothing but their road; what comes back and what the upstream saw must be the same.

use octroi_gateway::Engine;
use octroi_policy::feed::CatalogueSource;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::RngSeed;
use serde_json::json;

use crate::common::*;

const SECRET: &str = "an-imported-key-of-mine";

/// What the upstream answers, by number; the connection ends after those that say so.
const ANSWERS: &[(&str, bool)] = &[
    ("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello", false),
    ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false),
    ("HTTP/1.1 200 Fine by me\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 1\r\n\r\na", false),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", false),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n3;x=1\r\nabc\r\n0\r\nT: 1\r\n\r\n", false),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", true),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", true),
    ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc", true),
    ("HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\nabc", true),
    ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", true),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab", true),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", true),
    ("HTTP/1.1 200 OK\r\n\r\nuntil the end", true),
    ("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", true),
    ("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", true),
    ("HTTP/1.1 200 OK\r\nConnection: X-Secret\r\nX-Secret: 1\r\nContent-Length: 2\r\n\r\nok", false),
    ("HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5\r\nContent-Length: 2\r\n\r\nok", false),
    ("HTTP/1.1 204 No Content\r\n\r\n", false),
    ("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", false),
    ("HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n", false),
    ("HTTP/1.1 301 Moved\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", false),
    ("HTTP/1.1 404 Not Found\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Length: 2\r\n\r\nno", false),
    ("HTTP/1.1 500 \r\nContent-Length: 0\r\n\r\n", false),
    ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", false),
    ("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", false),
    ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", true),
    ("HTTP/1.1 200 OK\r\nX-Folded: a\r\n b\r\nContent-Length: 0\r\n\r\n", true),
    ("HTTP/1.1 200 OK\r\nBad Name: a\r\nContent-Length: 0\r\n\r\n", true),
    ("HTTP/1.1 200 OK\r\nRateLimit: forged\r\nX-Request-Id: theirs\r\nContent-Length: 0\r\n\r\n", false),
    ("nonsense\r\n\r\n", true),
    ("", true),
];

fn gateway(engine: Engine) -> (Upstream, House) {
    let upstream = Upstream::new(|c| {
        while let Some(request) = c.request() {
            let asked = request.lines().find_map(|l| l.strip_prefix("x-answer: "));
            let (answer, ends) = ANSWERS[asked.and_then(|n| n.parse::<usize>().ok()).unwrap_or(0)];
            if request.starts_with("HEAD") {
                let last = answer.rfind("HTTP/1.").unwrap_or(0);
                let end = answer[last..].find("\r\n\r\n").map_or(answer.len(), |end| last + end + 4);
                c.send(&answer[..end]);
            } else {
                c.send(answer);
            }
            if ends {
                return;
            }
        }
    });
    let api = api("sirene", "/s", &upstream.url(), json!({"cors": {"origins": ["https://a.example"]}}));
    let keys = vec![key(1, SECRET, open(vec![grant("sirene", 1, Default::default())]))];
    let catalogue = CatalogueSource { apis: vec![api], issuer: None };
    let house = house_with(catalogue, keys, |config| {
        config.engine = engine;
        config.workers = 1;
    });
    (upstream, house)
}

/// What one gateway made of a request and of a plain call after it, without what is different in every call.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    answers: Vec<Option<Answer>>,
    upstream: Vec<Vec<String>>,
}

fn comparable(mut answer: Answer) -> Answer {
    for (name, value) in &mut answer.headers {
        *name = name.to_ascii_lowercase();
        if matches!(name.as_str(), "x-request-id" | "date") {
            *value = "*".to_owned();
        }
    }
    answer.headers.sort();
    // Refusals repeat the id of the call.
    if answer.status >= 400 {
        answer.body = answer.body.split("req_").next().unwrap_or("").to_owned();
        answer.headers.retain(|(name, _)| name != "content-length");
    }
    answer
}

/// The requests that came since `before`, in an order of their own: which connection they came by says nothing.
fn requests(before: &[Vec<u8>], now: &[Vec<u8>]) -> Vec<Vec<String>> {
    let came = now.iter().enumerate().map(|(nth, all)| &all[before.get(nth).map_or(0, Vec::len)..]);
    let came = came.collect::<Vec<_>>().concat();
    let text = String::from_utf8_lossy(&came);
    let heads = text.split("\r\n\r\n").filter(|head| !head.is_empty());
    let comparable = |head: &str| {
        let mut lines: Vec<String> = head
            .lines()
            .map(|line| match line.split_once(": ") {
                Some((name, _)) if matches!(name, "x-request-id" | "traceparent" | "host") => name.to_owned(),
                Some((name, value)) => format!("{}: {value}", name.to_ascii_lowercase()),
                None => line.to_owned(),
            })
            .collect();
        lines[1..].sort();
        lines
    };
    let mut requests: Vec<_> = heads.map(comparable).collect();
    requests.sort();
    // Whether a call is sent once more depends on whether a connection was waiting.
    requests.dedup();
    requests
}

fn see((upstream, house): &(Upstream, House), pieces: &[&str]) -> Seen {
    let before = upstream.heard();
    let mut caller = house.connect();
    for piece in pieces {
        caller.send(piece);
        if pieces.len() > 1 {
            // So that the pieces arrive as pieces; nothing depends on it.
            std::thread::yield_now();
        }
    }
    let mut answers = vec![caller.answer(pieces.concat().starts_with("HEAD")).map(comparable)];
    let again =
        format!("GET /s/again HTTP/1.1\r\nHost: g\r\n{KEY_HEADER}: {SECRET}\r\nConnection: close\r\n\r\n");
    let _ = std::io::Write::write_all(&mut caller.stream, again.as_bytes());
    answers.push(caller.answer(false).map(comparable));
    Seen { answers, upstream: requests(&before, &upstream.heard()) }
}

fn target() -> impl Strategy<Value = &'static str> {
    select(vec![
        "/s/x",
        "/s",
        "/s/x?a=b",
        "/s/x?",
        "/s/x?api-key=an-imported-key-of-mine&q=1",
        "/s/x?q=a%20b+c",
        "/other",
        "/s/%2e%2e/x",
        "/s//x",
        "/s/x;y=1",
        "/s/é",
        "/s/x#frag",
        "/s/{x}",
        "/s/x|y",
        "/s/\"x\"",
        "*",
        "http://g/s/x",
        "https://other/s/x",
        "/s/~x!$&'()*+,;=:@",
        "/s/%00",
        "/s/x?a=<b>",
        "s/x",
    ])
}

fn lines() -> impl Strategy<Value = Vec<&'static str>> {
    subsequence(
        vec![
            "Accept: application/json",
            "accept: */*",
            "Origin: https://a.example",
            "Origin: https://b.example",
            "Connection: keep-alive",
            "Connection: close",
            "Connection: X-Mine, close",
            "connection: Keep-Alive",
            "X-Mine: 1",
            "X-Octroi-Plan: forged",
            "x_octroi_plan: forged",
            "X-Forwarded-For: 1.2.3.4",
            "X-Request-Id: mine",
            "Traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
            "Tracestate: a=b",
            "TE: trailers",
            "Trailer: X",
            "Upgrade: h2c",
            "Upgrade: websocket",
            "Expect: 100-continue",
            "Keep-Alive: 5",
            "Proxy-Connection: keep-alive",
            "Proxy: x",
            "Referer: https://p.example/?api-key=an-imported-key-of-mine&q=1",
            "Cookie: a=b; c=d",
            "Range: bytes=0-1",
            "X-Obs:  a\tb ",
            "X-Latin: \u{e9}",
            "Content-Length: 0",
            "Host: other",
            "X-Empty:",
            "X-INSEE-Api-Key-Integration: an-imported-key-of-mine",
            "x-insee-api-key-INTEGRATION: another",
            "Access-Control-Request-Method: GET",
        ],
        0..6,
    )
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 60,
        max_shrink_iters: 4,
        rng_seed: RngSeed::Fixed(5),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Each case is a batch of calls through one pair of gateways.
    #[test]
    fn both_roads_answer_alike(
        calls in prop::collection::vec(
            (
                select(vec!["GET", "GET", "GET", "HEAD", "OPTIONS", "DELETE", "POST", "PUT", "PATCH", "FOO", "get"]),
                target(),
                select(vec!["HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0"]),
                lines(),
                prop::bool::weighted(0.8),
                0..ANSWERS.len(),
                prop::option::weighted(0.2, 1_usize..200),
            ),
            40,
        )
    ) {
        let (fast, hyper) = (gateway(Engine::Fast), gateway(Engine::Hyper));
        for (method, target, version, lines, with_key, answer, cut) in calls {
            let mut request = format!("{method} {target} {version}\r\nHost: g\r\nX-Answer: {answer}\r\n");
            if with_key {
                request += &format!("{KEY_HEADER}: {SECRET}\r\n");
            }
            for line in lines {
                request += line;
                request += "\r\n";
            }
            request += "\r\n";
            let cut = cut.filter(|cut| request.is_char_boundary(*cut) && *cut < request.len());
            let pieces: Vec<&str> = match cut {
                Some(cut) => [&request[..cut], &request[cut..]].to_vec(),
                None => vec![&request],
            };
            prop_assert_eq!(see(&fast, &pieces), see(&hyper, &pieces), "{:?}", request);
        }
    }
}
