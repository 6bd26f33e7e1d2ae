//! Row 2 at the gate: the key in its header, Gravitee's answers to the letter, 30 calls for each minute, revocation felt
//! by the next call.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::common::*;
use octroi_domain::plan::{Limits, Period, Quota, RateLimit};
use octroi_domain::time::Timestamp;
use octroi_policy::feed::{CatalogueSource, KeyStatus};
use serde_json::json;

const PATH: &str = "/api-sirene/3.11/siret/1";
const SECRET: &str = "an-imported-key-of-mine";
const UNAUTHORIZED: &str = r#"{"message":"Unauthorized","http_status_code":401}"#;

fn sirene(limits: Limits) -> (Upstream, House) {
    let upstream = Upstream::echo();
    let api = api("sirene", "/api-sirene/3.11", &upstream.url(), json!({}));
    let house = house(vec![api], vec![key(1, SECRET, open(vec![grant("sirene", 1, limits)]))]);
    (upstream, house)
}

#[test]
fn a_call_with_a_key_comes_back() {
    let (upstream, house) = sirene(thirty());
    let answer = house.get_with(PATH, SECRET);
    assert_eq!((answer.status, answer.body.as_str()), (200, "GET /siret/1 HTTP/1.1"));
    assert_eq!(answer.header("x-rate-limit-limit"), Some("30"));
    assert_eq!(answer.header("x-rate-limit-remaining"), Some("29"));
    let reset: i64 = answer.header("x-rate-limit-reset").unwrap().parse().unwrap();
    assert_eq!(reset, Timestamp::parse(START).unwrap().as_millis() + 61_000);
    let id = answer.header("x-request-id").unwrap();
    assert!(id.starts_with("req_"), "{id}");
    assert!(upstream.received().contains(&format!("x-request-id: {id}\r\n")));
    assert!(!upstream.received().contains(SECRET));
}

#[test]
fn the_header_is_read_in_any_letter_case_and_the_query_parameter_too() {
    let (upstream, house) = sirene(Limits::default());
    for name in ["x-insee-api-key-integration", "X-INSEE-API-KEY-INTEGRATION", "X-Insee-Api-Key-Integration"]
    {
        assert_eq!(house.get(PATH, &format!("{name}: {SECRET}\r\n")).status, 200, "{name}");
    }
    let answer = house.get(&format!("{PATH}?q=a%20b&api%2Dkey={SECRET}&z=1"), "");
    assert_eq!(answer.body, "GET /siret/1?q=a%20b&z=1 HTTP/1.1");
    assert_eq!(house.get(&format!("{PATH}?api-key={SECRET}"), "").body, "GET /siret/1 HTTP/1.1");
    assert!(!upstream.received().contains(SECRET));
    assert_eq!(house.get(&format!("{PATH}?API-KEY={SECRET}"), "").status, 401);
}

#[test]
fn every_credential_that_does_not_open_gets_the_same_answer() {
    let upstream = Upstream::echo();
    let apis = vec![
        api("sirene", "/api-sirene/3.11", &upstream.url(), json!({})),
        api("other", "/other", &upstream.url(), json!({})),
    ];
    let here = || vec![grant("sirene", 1, thirty())];
    let past = Timestamp::parse(START);
    let mut ended = grant("sirene", 2, thirty());
    ended.ends_at = past;
    let keys = vec![
        key(1, "a-revoked-key", KeyStatus::Revoked),
        key(2, "a-paused-key", KeyStatus::Paused),
        key(3, "an-expired-key", KeyStatus::Open { expires_at: past, grants: here() }),
        key(4, "a-key-of-another-api", open(vec![grant("other", 4, thirty())])),
        key(5, "a-key-of-an-ended-subscription", open(vec![ended])),
        client(6, "machine", open(here())),
    ];
    let mut house = house(apis, keys);
    let shown = [
        ("a-key-nobody-has", "credential_unknown"),
        ("a-revoked-key", "credential_revoked"),
        ("a-paused-key", "credential_paused"),
        ("an-expired-key", "credential_expired"),
        ("a-key-of-another-api", "credential_foreign"),
        ("a-key-of-an-ended-subscription", "credential_expired"),
        ("octroi_key_0000000000000000000000000000000000000a", "credential_malformed"),
        ("oauth-client:machine", "credential_unknown"),
        ("", "credential_missing"),
    ];
    for (secret, _) in shown {
        let answer = house.get_with(PATH, secret);
        assert_eq!((answer.status, answer.body.as_str()), (401, UNAUTHORIZED), "{secret}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert!(answer.header("www-authenticate").unwrap().contains(KEY_HEADER.to_lowercase().as_str()));
        let text = house.get(PATH, &format!("{KEY_HEADER}: {secret}\r\nAccept: text/html\r\n"));
        assert_eq!((text.status, text.body.as_str()), (401, "Unauthorized"));
        assert_eq!(text.header("content-type"), Some("text/plain"));
    }
    assert_eq!(upstream.connections(), 0);
    house.stop();
    let outcomes: Vec<_> =
        house.log.lines().iter().map(|l| l["outcome"].as_str().unwrap().to_owned()).collect();
    for (secret, outcome) in shown {
        assert!(outcomes.iter().any(|o| o == outcome), "{outcome}");
        assert!(secret.is_empty() || !house.log.text().contains(secret), "{secret}");
    }
}

#[test]
fn two_different_credentials_are_refused_and_the_same_one_twice_is_not() {
    let (_upstream, house) = sirene(Limits::default());
    let both = |other| house.get(&format!("{PATH}?api-key={other}"), &format!("{KEY_HEADER}: {SECRET}\r\n"));
    assert_eq!(both(SECRET).status, 200);
    let answer = both("another-key-altogether");
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("credential_ambiguous"));
}

#[test]
fn thirty_pass_and_the_thirty_first_waits() {
    let (_upstream, house) = sirene(thirty());
    let mut caller = house.connect();
    let request = format!("GET {PATH} HTTP/1.1\r\nHost: g\r\n{KEY_HEADER}: {SECRET}\r\n\r\n");
    for left in (0..30).rev() {
        let answer = caller.call(&request);
        assert_eq!(
            (answer.status, answer.header("x-rate-limit-remaining")),
            (200, Some(left.to_string().as_str()))
        );
        house.clock.advance(Duration::from_secs(1));
    }
    let refused = caller.call(&request);
    assert_eq!(refused.status, 429);
    assert_eq!(
        refused.body,
        r#"{"message":"Rate limit exceeded! You reached the limit of 30 requests per 1 minutes","http_status_code":429}"#
    );
    assert_eq!(refused.header("x-rate-limit-remaining"), Some("0"));
    assert_eq!(refused.header("retry-after"), Some("30"));
    house.clock.advance(Duration::from_millis(29_999));
    assert_eq!(caller.call(&request).status, 429);
    house.clock.advance(Duration::from_millis(1));
    assert_eq!(caller.call(&request).header("x-rate-limit-remaining"), Some("29"));
}

#[test]
fn sixty_four_clients_together_never_pass_the_limit() {
    let (upstream, mut house) =
        sirene(Limits { rate: Some(RateLimit { count: 200, window_seconds: 60 }), quota: None });
    let admitted = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| {
                let mut caller = house.connect();
                for _ in 0..10 {
                    let request = format!("GET {PATH} HTTP/1.1\r\nHost: g\r\n{KEY_HEADER}: {SECRET}\r\n\r\n");
                    match caller.call(&request).status {
                        200 => admitted.fetch_add(1, Ordering::Relaxed),
                        status => {
                            assert_eq!(status, 429);
                            0
                        }
                    };
                }
            });
        }
    });
    assert_eq!(admitted.into_inner(), 200);
    assert_eq!(upstream.request_lines().len(), 200);
    let usage = house.usage();
    let calls =
        |outcome: &str| -> u64 { usage.iter().filter(|r| r.outcome == outcome).map(|r| r.calls).sum() };
    assert_eq!((calls("admitted"), calls("rate_limited")), (200, 440));
    assert!(usage.iter().all(|r| r.admitted == (r.outcome == "admitted")));
}

#[test]
fn a_renewed_key_shares_the_count_and_the_old_one_ends_with_its_grace() {
    let (_upstream, house) = sirene(thirty());
    assert_eq!(house.get_with(PATH, SECRET).header("x-rate-limit-remaining"), Some("29"));
    let grace = Timestamp::parse(START).unwrap().after(Duration::from_secs(1 + 7_200));
    let grants = || vec![grant("sirene", 1, thirty())];
    house.source.put_key(key(1, SECRET, KeyStatus::Open { expires_at: Some(grace), grants: grants() }));
    let at = house.source.put_key(key(2, "the-new-key-of-mine", open(grants())));
    house.applied(at);
    assert_eq!(house.get_with(PATH, "the-new-key-of-mine").header("x-rate-limit-remaining"), Some("28"));
    assert_eq!(house.get_with(PATH, SECRET).header("x-rate-limit-remaining"), Some("27"));
    house.clock.advance(Duration::from_millis(7_199_999));
    assert_eq!(house.get_with(PATH, SECRET).status, 200);
    house.clock.advance(Duration::from_millis(1));
    assert_eq!(house.get_with(PATH, SECRET).status, 401);
    assert_eq!(house.get_with(PATH, "the-new-key-of-mine").status, 200);
}

#[test]
fn a_revocation_is_felt_by_the_next_call_and_a_changed_limit_too() {
    let (_upstream, house) = sirene(thirty());
    let mut caller = house.connect();
    let request = format!("GET {PATH} HTTP/1.1\r\nHost: g\r\n{KEY_HEADER}: {SECRET}\r\n\r\n");
    assert_eq!(caller.call(&request).status, 200);
    let two = Limits { rate: Some(RateLimit { count: 2, window_seconds: 60 }), quota: None };
    let at = house.source.put_key(key(1, SECRET, open(vec![grant("sirene", 1, two)])));
    house.applied(at);
    assert_eq!(caller.call(&request).header("x-rate-limit-remaining"), Some("0"));
    assert_eq!(caller.call(&request).status, 429);
    let at = house.source.put_key(key(1, SECRET, KeyStatus::Revoked));
    house.applied(at);
    assert_eq!(caller.call(&request).status, 401);
    let at = house.source.put_key(key(1, SECRET, open(vec![grant("sirene", 1, thirty())])));
    house.applied(at);
    assert_eq!(caller.call(&request).status, 200);
}

#[test]
fn a_connection_made_after_a_long_pause_is_not_taken_for_an_old_one() {
    let (_upstream, house) = sirene(Limits::default());
    for _ in 0..40 {
        house.clock.advance(Duration::from_secs(3_600));
        assert_eq!(house.get_with(PATH, SECRET).status, 200);
    }
}

#[test]
fn a_quota_ends_with_its_month() {
    let quota = Limits { rate: None, quota: Some(Quota { count: 3, period: Period::Month }) };
    let (_upstream, house) = sirene(quota);
    assert_eq!(house.get_with(PATH, SECRET).header("x-quota-remaining"), Some("2"));
    assert_eq!(house.get_with(PATH, SECRET).status, 200);
    assert_eq!(house.get_with(PATH, SECRET).status, 200);
    let refused = house.get_with(PATH, SECRET);
    assert_eq!(refused.status, 429);
    assert_eq!(
        refused.body,
        r#"{"message":"Quota exceeded! You reached the limit of 3 requests per 1 months","http_status_code":429}"#
    );
    house.clock.advance(Duration::from_secs(9 * 24 * 3_600));
    assert_eq!(house.get_with(PATH, SECRET).header("x-quota-remaining"), Some("2"));
}

#[test]
fn with_the_source_down_the_last_snapshot_stays_in_service() {
    let (_upstream, house) = sirene(Limits::default());
    house.source.set_down(true);
    house.source.put_catalogue(CatalogueSource::default());
    assert_eq!(house.get_with(PATH, SECRET).status, 200);
    house.source.set_down(false);
    let at = house.source.put_catalogue(CatalogueSource::default());
    house.applied(at);
    assert_eq!(house.get_with(PATH, SECRET).status, 404);
}

#[test]
fn an_api_that_cannot_be_compiled_answers_503_and_its_neighbours_serve() {
    let upstream = Upstream::echo();
    let apis = vec![
        api("sirene", "/api-sirene/3.11", &upstream.url(), json!({})),
        api("broken", "/broken", &upstream.url(), json!({"dialect": "unknown"})),
    ];
    let grants = vec![grant("sirene", 1, thirty()), grant("broken", 2, thirty())];
    let house = house(apis, vec![key(1, SECRET, open(grants))]);
    let answer = house.get_with("/broken/x", SECRET);
    assert_eq!(answer.status, 503);
    assert!(answer.body.contains("api_unavailable"));
    assert_eq!(house.get_with(PATH, SECRET).status, 200);
    assert_eq!(house.get_with("/nowhere", SECRET).status, 404);
}

#[test]
fn the_default_dialect_tells_both_limits_and_replaces_what_the_upstream_says_of_them() {
    let upstream =
        Upstream::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nRateLimit: \"theirs\";r=1;t=1\r\n\r\n");
    let limits = Limits { quota: Some(Quota { count: 3, period: Period::Day }), ..thirty() };
    let api = api("sirene", "/s", &upstream.url(), json!({"dialect": "ietf"}));
    let house = house(vec![api], vec![key(1, SECRET, open(vec![grant("sirene", 1, limits)]))]);
    let answer = house.get_with("/s/x", SECRET);
    let said = |name: &str| -> Vec<_> {
        answer.headers.iter().filter(|(n, _)| n == name).map(|(_, v)| v.as_str()).collect()
    };
    assert_eq!(said("ratelimit-policy"), ["\"default\";q=30;w=60", "\"quota\";q=3;w=86400"]);
    assert_eq!(said("ratelimit"), ["\"default\";r=29;t=60", "\"quota\";r=2;t=27569"]);
}
