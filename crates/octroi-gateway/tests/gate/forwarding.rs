//! What the upstream receives and what the caller gets back: forged headers, proxies, principals, web pages.

use octroi_domain::plan::{Limits, RateLimit, Security};
use octroi_policy::feed::{CatalogueSource, Filter, PlanSource};
use serde_json::json;

use crate::common::*;

const SECRET: &str = "an-imported-key-of-mine";

fn keys() -> Vec<octroi_policy::feed::KeyRecord> {
    vec![key(1, SECRET, open(vec![grant("sirene", 1, Limits::default())]))]
}

fn gate(more: serde_json::Value) -> (Upstream, House) {
    let upstream = Upstream::echo();
    let api = api("sirene", "/s", &upstream.url(), more);
    (upstream, house(vec![api], keys()))
}

const FORGED: &str = "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Host: evil\r\nX-Forwarded-Proto: evil\r\n\
    X_Forwarded_For: 6.6.6.6\r\nX-Forwarded-Evil: 1\r\nX-Real-IP: 6.6.6.6\r\nX_Real_IP: 6.6.6.6\r\n\
    Forwarded: for=6.6.6.6\r\nX-Octroi-Application: app_evil\r\nX_Octroi_Application: app_evil\r\n\
    X-Octroi-On-Behalf-Of: evil\r\nX-Request-Id: evil\r\nX-Original-URL: /evil\r\nX-Original-URI: /evil\r\n\
    Proxy: http://evil\r\nContent_Length: 66\r\nTransfer_Encoding: evil\r\n";

#[test]
fn forged_headers_are_replaced_by_ours() {
    let (upstream, house) = gate(json!({}));
    let answer = house.get("/s/x", &format!("{KEY_HEADER}: {SECRET}\r\n{FORGED}"));
    assert_eq!(answer.status, 200);
    let received = upstream.received();
    assert!(!received.contains("6.6.6.6") && !received.contains("evil"), "{received}");
    assert!(!received.contains("content_length"), "{received}");
    for line in [
        "x-forwarded-for: 127.0.0.1\r\n",
        "x-forwarded-host: gateway.test\r\n",
        "x-forwarded-proto: http\r\n",
        "x-forwarded-prefix: /s\r\n",
        "forwarded: for=127.0.0.1;host=\"gateway.test\";proto=http\r\n",
        "x-octroi-application: app_00000000000000000000000001\r\n",
        "x-octroi-subscription: sub_00000000000000000000000001\r\n",
        "x-octroi-plan: public\r\n",
    ] {
        assert!(received.contains(line), "{line} in {received}");
    }
    assert!(!received.contains("x-octroi-on-behalf-of"));
}

#[test]
fn headers_that_connection_nominates_go_first_and_ours_always_arrive() {
    let (upstream, house) = gate(json!({}));
    let lines = format!(
        "{KEY_HEADER}: {SECRET}\r\nConnection: keep-alive, X-Octroi-Application, X-Mine, X-Forwarded-For\r\nX-Mine: 1\r\nTE: trailers\r\nKeep-Alive: 5\r\nProxy-Authorization: x\r\n"
    );
    assert_eq!(house.get("/s/x", &lines).status, 200);
    let received = upstream.received();
    for gone in ["x-mine", "te: ", "keep-alive", "proxy-authorization", "connection: keep-alive"] {
        assert!(!received.to_lowercase().contains(gone), "{gone} in {received}");
    }
    assert!(received.contains("x-octroi-application: app_"));
    assert!(received.contains("x-forwarded-for: 127.0.0.1"));
}

#[test]
fn a_trusted_proxy_is_believed_and_its_client_is_the_one_that_counts() {
    let upstream = Upstream::echo();
    let api = api("sirene", "/s", &upstream.url(), json!({"deny_networks": ["192.0.2.66/32"]}));
    let mut house = house_with(CatalogueSource { apis: vec![api], issuer: None }, keys(), |config| {
        config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    });
    let through = |client: &str| {
        let lines = format!(
            "{KEY_HEADER}: {SECRET}\r\nX-Forwarded-For: {client}\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: api.test\r\nX-Octroi-Plan: evil\r\n"
        );
        house.get("/s/x", &lines).status
    };
    assert_eq!(through("6.6.6.6, 192.0.2.66"), 403);
    assert_eq!(through("é, 192.0.2.66"), 403, "nobody hides behind what cannot be read");
    assert_eq!(through("192.0.2.66, 192.0.2.7"), 200);
    let received = upstream.received();
    assert!(received.contains("x-forwarded-for: 192.0.2.66, 192.0.2.7, 127.0.0.1\r\n"), "{received}");
    assert!(
        received.contains("x-forwarded-proto: https\r\n")
            && received.contains("x-forwarded-host: api.test\r\n")
    );
    assert!(!received.contains("evil"));
    house.stop();
    let ips: Vec<_> = house.log.lines().iter().map(|l| l["client_ip"].as_str().unwrap().to_owned()).collect();
    assert!(ips.contains(&"192.0.2.66".to_owned()) && ips.contains(&"192.0.2.7".to_owned()));
}

#[test]
fn a_trace_goes_on() {
    let (upstream, house) = gate(json!({}));
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let lines = format!(
        "{KEY_HEADER}: {SECRET}\r\ntraceparent: 00-{trace}-00f067aa0ba902b7-01\r\ntracestate: a=b\r\n"
    );
    house.get("/s/x", &lines);
    let received = upstream.received();
    assert!(received.contains(&format!("traceparent: 00-{trace}-")) && received.contains("tracestate: a=b"));
    assert!(!received.contains("00f067aa0ba902b7"));
}

#[test]
fn web_pages_of_listed_origins_may_call_and_the_portal_always_may() {
    let upstream = Upstream::answering(
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nAccess-Control-Allow-Origin: *\r\nAccess-Control-Allow-Credentials: true\r\n\r\n",
    );
    let cors = json!({"cors": {"origins": ["https://app.test"], "expose_headers": ["X-Total"], "max_age_seconds": 60}});
    let open_api = api("sirene", "/s", &upstream.url(), cors);
    let closed_api = api("closed", "/closed", &upstream.url(), json!({}));
    let catalogue = CatalogueSource { apis: vec![open_api, closed_api], issuer: None };
    let house = house_with(catalogue, keys(), |c| c.portal_origins = vec!["https://portal.test".into()]);
    let preflight = |path: &str, origin: &str| {
        house.call(&format!(
            "OPTIONS {path} HTTP/1.1\r\nHost: g\r\nOrigin: {origin}\r\nAccess-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: {KEY_HEADER}\r\n\r\n"
        ))
    };
    let allowed = preflight("/s/x", "https://app.test");
    assert_eq!(allowed.status, 204);
    assert_eq!(allowed.header("access-control-allow-origin"), Some("https://app.test"));
    assert_eq!(allowed.header("access-control-allow-headers"), Some(KEY_HEADER));
    assert_eq!(allowed.header("access-control-allow-methods"), Some("GET"));
    assert_eq!(allowed.header("access-control-max-age"), Some("60"));
    assert_eq!(preflight("/s/x", "https://portal.test").status, 204);
    assert_eq!(preflight("/closed/x", "https://portal.test").status, 204);
    assert_eq!(preflight("/s/x", "https://evil.test").status, 403);
    assert_eq!(preflight("/closed/x", "https://app.test").status, 403);
    assert_eq!(upstream.connections(), 0);

    let call = |origin: &str, secret: &str| {
        house.get("/s/x", &format!("Origin: {origin}\r\n{KEY_HEADER}: {secret}\r\n"))
    };
    let answer = call("https://app.test", SECRET);
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://app.test"));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    let exposed = answer.header("access-control-expose-headers").unwrap().to_lowercase();
    assert!(exposed.contains("x-total") && exposed.contains("x-rate-limit-remaining"), "{exposed}");
    let refused = call("https://app.test", "a-key-nobody-has");
    assert_eq!(
        (refused.status, refused.header("access-control-allow-origin")),
        (401, Some("https://app.test"))
    );
    let denied = call("https://evil.test", SECRET);
    assert_eq!(denied.header("access-control-allow-origin"), None);
    // A cache keeps them apart.
    for answer in [answer, denied, house.get_with("/s/x", SECRET)] {
        assert_eq!(answer.header("vary"), Some("Origin"));
    }
    assert_eq!(house.get_with("/closed/x", SECRET).header("vary"), None);
}

#[test]
fn a_key_in_the_address_of_a_page_does_not_reach_the_upstream_by_way_of_its_calls() {
    let (upstream, house) = gate(json!({}));
    let pages = [
        (
            format!("http://g/s/map?q=a%20b&api%2Dkey={SECRET}&z=1#top"),
            "referer: http://g/s/map?q=a%20b&z=1\r\n",
        ),
        (format!("http://g/s/map?api-key={SECRET}"), "referer: http://g/s/map\r\n"),
        ("http://g/s/map?q=%61".to_owned(), "referer: http://g/s/map?q=%61\r\n"),
    ];
    for (page, referer) in pages {
        let answer = house.get("/s/tile", &format!("{KEY_HEADER}: {SECRET}\r\nReferer: {page}\r\n"));
        assert_eq!(answer.status, 200);
        assert!(upstream.received().contains(referer), "{referer} in {}", upstream.received());
    }
    assert!(!upstream.received().contains(SECRET));
}

#[test]
fn each_address_has_its_own_limit_before_any_credential() {
    let (upstream, house) = gate(json!({"ip_limit": {"count": 3, "window_seconds": 10}}));
    for _ in 0..3 {
        assert_eq!(house.get_with("/s/x", "a-key-nobody-has").status, 401);
    }
    let answer = house.get_with("/s/x", SECRET);
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some("10")));
    assert!(answer.body.contains("ip_rate_limited"));
    house.clock.advance(std::time::Duration::from_secs(10));
    assert_eq!(house.get_with("/s/x", SECRET).status, 200);
    assert_eq!(upstream.request_lines().len(), 1);
}

#[test]
fn operations_parameters_and_filters_are_data() {
    let upstream = Upstream::echo();
    let more = json!({
        "operations": [{"methods": ["GET"], "path": "/siret/*"}],
        "required_parameters": [{"name": "a"}, {"name": "b"}],
        "dialect": "ietf",
        "language": "en",
    });
    let mut elsewhere = grant("sirene", 2, Limits::default());
    elsewhere.filters = vec![Filter::AllowNetworks(vec!["192.0.2.0/24".parse().unwrap()])];
    let mut keys = keys();
    keys.push(key(2, "a-key-for-elsewhere", open(vec![elsewhere])));
    let house = house(vec![api("sirene", "/s", &upstream.url(), more)], keys);
    let missing = house.get_with("/s/siret/1?b=", SECRET);
    let problem: serde_json::Value = serde_json::from_str(&missing.body).unwrap();
    assert_eq!(missing.header("content-type"), Some("application/problem+json"));
    assert_eq!((missing.status, &problem["parameters"]), (400, &json!(["a", "b"])));
    assert_eq!(problem["request_id"].as_str(), missing.header("x-request-id"));
    assert_eq!(house.get_with("/s/siret/1?a=1&b=2", SECRET).status, 200);
    assert_eq!(house.get_with("/s/siret/1?a=1&b=2", "a-key-for-elsewhere").status, 403);
    assert_eq!(house.get_with("/s/other?a=1&b=2", SECRET).status, 404);
    let head = format!("HEAD /s/siret/1?a=1&b=2 HTTP/1.1\r\nHost: g\r\n{KEY_HEADER}: {SECRET}\r\n\r\n");
    assert_eq!(house.call(&head).status, 200);
    let delete = house.call(&head.replacen("HEAD", "DELETE", 1));
    assert_eq!((delete.status, delete.header("allow")), (405, Some("GET")));
}

#[test]
fn a_keyless_plan_lets_anybody_call_as_often_as_each_address_may() {
    let upstream = Upstream::echo();
    let house = partly_open(&upstream, json!([]));
    assert_eq!(house.get("/s/x", "").header("x-rate-limit-remaining"), Some("1"));
    assert_eq!(house.get("/s/x", "").status, 200);
    assert_eq!(house.get("/s/x", "").status, 429);
    assert_eq!(house.get_with("/s/x", SECRET).status, 200);
    assert_eq!(house.get_with("/s/x", "a-key-nobody-has").status, 401);
    assert!(upstream.received().contains("x-octroi-plan: keyless"));
}

#[test]
fn an_api_that_is_to_be_left_says_so_with_every_answer() {
    let answer = "HTTP/1.1 200 OK\r\nDeprecation: @1\r\nLink: <https://a.test/>; rel=\"next\"\r\nContent-Length: 0\r\n\r\n";
    let upstream = Upstream::answering(answer);
    let more = json!({"retirement": {
        "deprecated_at": "2026-12-01T00:00:00Z", "sunset_at": "2027-06-30T22:00:00Z", "guide": "https://exemple.fr/v2",
    }});
    let house = house(vec![api("sirene", "/s", &upstream.url(), more)], keys());
    let end = Some("Wed, 30 Jun 2027 22:00:00 GMT");
    let served = house.get_with("/s/x", SECRET);
    assert_eq!((served.header("deprecation"), served.header("sunset")), (Some("@1796083200"), end));
    let lines = |name: &str| -> Vec<&str> {
        let all = served.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        all.map(|(_, value)| value.as_str()).collect()
    };
    assert_eq!(lines("deprecation").len(), 1);
    assert_eq!(
        lines("link"),
        ["<https://a.test/>; rel=\"next\"", "<https://exemple.fr/v2>; rel=\"deprecation\""]
    );
    let refused = house.get("/s/x", "");
    assert_eq!((refused.status, refused.header("sunset")), (401, end));
}

#[test]
fn a_keyless_plan_may_open_a_part_and_everything_else_asks_for_a_key() {
    let upstream = Upstream::echo();
    let house = partly_open(&upstream, json!([{"methods": ["GET"], "path": "/widget/*"}]));
    assert_eq!(house.get("/s/widget/1", "").header("x-rate-limit-remaining"), Some("1"));
    assert_eq!(house.get("/s/widget/2", "").status, 200);
    assert_eq!(house.get("/s/widget/3", "").status, 429);
    assert_eq!(house.get("/s/mission", "").status, 401);
    assert_eq!(house.get("/s/%77idget/4", "").status, 429);
    assert_eq!(house.get("/s/widget/1/2", "").status, 401);
    assert_eq!(house.call("DELETE /s/widget/1 HTTP/1.1\r\nHost: g\r\n\r\n").status, 401);
    assert_eq!(house.get_with("/s/widget/1", SECRET).status, 200);
    assert_eq!(house.get_with("/s/widget/1", "a-key-nobody-has").status, 401);
}

/// An API whose keyless plan opens these operations twice a minute.
fn partly_open(upstream: &Upstream, operations: serde_json::Value) -> House {
    let mut api = api("sirene", "/s", &upstream.url(), json!({}));
    api.plans.push(PlanSource {
        id: plan_id("keyless"),
        slug: "keyless".into(),
        security: Security::Keyless,
        limits: Limits { rate: Some(RateLimit { count: 2, window_seconds: 60 }), quota: None },
        operations: serde_json::from_value(operations).unwrap(),
    });
    house(vec![api], keys())
}

#[test]
fn a_credential_is_kept_only_where_the_api_says_so() {
    let (upstream, house) = gate(json!({"keep_credential": true}));
    assert_eq!(house.get_with("/s/x", SECRET).status, 200);
    assert!(upstream.received().contains(SECRET));
}

#[test]
fn no_series_is_told_twice() {
    let upstream = Upstream::answering("HTTP/1.1 204 No Content\r\n\r\n");
    let api = |id: &str| {
        let cors = json!({"cors": {"origins": ["*"]}});
        let mut api = api("sirene", "/s", &upstream.url(), cors);
        api.id = api_id(id);
        api
    };
    let catalogue = |id: &str| CatalogueSource { apis: vec![api(id)], issuer: None };
    let mut house = house_with(catalogue("sirene"), keys(), |_| {});
    let line = "Origin: https://app.test\r\n";
    let preflight = "Access-Control-Request-Method: GET\r\n";
    let options = |lines: &str| house.call(&format!("OPTIONS /s/x HTTP/1.1\r\nHost: g\r\n{lines}\r\n"));
    assert_eq!(options(&format!("{line}{preflight}")).status, 204);
    assert_eq!(options(&format!("{line}{KEY_HEADER}: {SECRET}\r\n")).status, 204);
    assert_eq!(house.get("/s/x", "").status, 401);
    // Taken out and made anew, it has another identifier.
    house.applied(house.source.put_catalogue(catalogue("anew")));
    assert_eq!(house.get("/s/x", "").status, 401);
    let metrics = house.gateway.as_ref().unwrap().metrics_handle();
    house.stop();
    let text = metrics.text();
    let series: Vec<&str> = text.lines().filter_map(|l| l.rsplit_once(' ')).map(|(name, _)| name).collect();
    let different: std::collections::BTreeSet<&str> = series.iter().copied().collect();
    assert_eq!(series.len(), different.len(), "{text}");
}

#[test]
fn a_browsers_question_is_no_call_of_anybodys() {
    let (_upstream, mut house) = gate(json!({"cors": {"origins": ["*"]}}));
    let question = "OPTIONS /s/x HTTP/1.1\r\nHost: g\r\nOrigin: https://app.test\r\nAccess-Control-Request-Method: GET\r\n\r\n";
    assert_eq!(house.call(question).status, 204);
    house.get_with("/s/x", SECRET);
    let metrics = house.gateway.as_ref().unwrap().metrics_handle();
    let usage = house.usage();
    assert_eq!(
        usage.iter().map(|row| (row.outcome.as_ref(), row.calls)).collect::<Vec<_>>(),
        [("admitted", 1)]
    );
    assert!(
        metrics.text().contains("cors_preflight") || metrics.text().contains("OPTIONS"),
        "it is measured"
    );
}

#[test]
fn metrics_and_usage_tell_what_happened_without_telling_a_key() {
    let (_upstream, mut house) = gate(json!({}));
    house.get_with("/s/x", SECRET);
    house.get_with("/s/x", "a-key-nobody-has");
    let metrics = house.gateway.as_ref().unwrap().metrics_handle();
    let usage = house.usage();
    let admitted = usage.iter().find(|r| r.outcome == "admitted").unwrap();
    assert_eq!(
        (admitted.status, admitted.calls, admitted.bytes_out),
        (200, 1, "GET /x HTTP/1.1".len() as u64)
    );
    assert_eq!(admitted.api_id, Some(api_id("sirene")));
    assert!(admitted.subscription_id.is_some() && admitted.credential_id.is_some());
    let text = metrics.text();
    assert!(text.contains("http_server_request_duration_seconds_count{http_request_method=\"GET\",http_route=\"sirene\",octroi_api_version=\"3.11\",http_response_status_code=\"401\",error_type=\"credential_unknown\"} 1"), "{text}");
    assert!(text.contains("http_client_request_duration_seconds_count"));
    assert!(text.contains("octroi_snapshot_keys 1"));
    for place in [&text, &house.log.text()] {
        assert!(!place.contains(SECRET) && !place.contains("a-key-nobody-has"));
    }
    let line = house.log.lines().into_iter().find(|l| l["outcome"] == "admitted").unwrap();
    assert_eq!(line["key"], "key_00000000000000000000000001");
    assert_eq!(
        (&line["api"], &line["status"], &line["path"]),
        (&json!("sirene"), &json!(200), &json!("/s/x"))
    );
}
