//! Addresses in answers are led back through the gateway, where the API says so; everything else stays untouched.

use octroi_domain::plan::Limits;
use octroi_policy::feed::CatalogueSource;
use serde_json::json;

use crate::common::*;

const SECRET: &str = "an-imported-key-of-mine";

/// An upstream that takes no notice of forwarded headers: `@` in what it says stands for its own address.
fn stubborn(head: &'static str, body: &'static str, framing: Framing) -> Upstream {
    Upstream::new(move |c| {
        let own = format!("http://{}/r4", c.stream.local_addr().unwrap());
        while let Some(request) = c.request() {
            let (head, body) = (head.replace('@', &own), body.replace('@', &own));
            let bodyless = request.starts_with("HEAD");
            match framing {
                Framing::Length if bodyless => {
                    c.send(&format!("{head}Content-Length: {}\r\n\r\n", body.len()));
                }
                Framing::Length => c.send(&format!("{head}Content-Length: {}\r\n\r\n{body}", body.len())),
                Framing::Chunks => {
                    c.send(&format!("{head}Transfer-Encoding: chunked\r\n\r\n"));
                    for piece in body.as_bytes().chunks(7) {
                        c.send(&format!("{:x}\r\n{}\r\n", piece.len(), String::from_utf8_lossy(piece)));
                    }
                    c.send("0\r\n\r\n");
                }
                Framing::Close => {
                    c.send(&format!("{head}Connection: close\r\n\r\n{body}"));
                    return;
                }
            }
        }
    })
}

#[derive(Clone, Copy)]
enum Framing {
    Length,
    Chunks,
    Close,
}

fn gate(upstream: &Upstream, rewriting: serde_json::Value) -> House {
    let url = format!("{}/r4/", upstream.url());
    let api = api("fhir", "/fhir/v2", &url, json!({"rewriting": rewriting, "dialect": "fhir"}));
    let keys = vec![key(1, SECRET, open(vec![grant("fhir", 1, Limits::default())]))];
    house_with(CatalogueSource { apis: vec![api], issuer: None }, keys, |config| {
        config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    })
}

const FHIR: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json; charset=utf-8\r\nETag: \"a\"\r\nAccept-Ranges: bytes\r\n";
const BUNDLE: &str =
    r#"{"link":[{"url":"@/Practitioner?_page=2"},{"url":"https:\/\/other.fr\/r4"}],"base":"@"}"#;
const LED: &str = r#"{"link":[{"url":"http://gateway.test/fhir/v2/Practitioner?_page=2"},{"url":"https:\/\/other.fr\/r4"}],"base":"http://gateway.test/fhir/v2"}"#;

#[test]
fn addresses_in_a_body_lead_back_however_it_is_framed() {
    for framing in [Framing::Length, Framing::Chunks, Framing::Close] {
        let upstream = stubborn(FHIR, BUNDLE, framing);
        let mut house = gate(&upstream, json!({}));
        let mut caller = house.connect();
        for _ in 0..2 {
            let answer = caller.call(&format!(
                "GET /fhir/v2/Practitioner HTTP/1.1\r\nHost: gateway.test\r\n{KEY_HEADER}: {SECRET}\r\nAccept-Encoding: gzip\r\nRange: bytes=0-5\r\n\r\n"
            ));
            assert_eq!((answer.status, answer.body.as_str()), (200, LED));
            for gone in ["etag", "content-length", "accept-ranges"] {
                assert_eq!(answer.header(gone), None, "{gone}");
            }
        }
        let received = upstream.received().to_lowercase();
        assert!(received.contains("accept-encoding: identity\r\n"), "{received}");
        assert!(!received.contains("gzip") && !received.contains("\r\nrange:"), "{received}");
        house.stop();
        assert_eq!(house.log.lines()[0]["bytes_out"], LED.len());
    }
}

#[test]
fn a_search_by_post_leads_back_too_and_a_proxy_says_what_callers_see() {
    let upstream = stubborn(
        "HTTP/1.1 201 Created\r\nContent-Type: application/fhir+xml\r\nETag: W/\"1\"\r\nLocation: @/Bundle/1\r\nContent-Location: https://other.fr/\r\n",
        "<Bundle><link><url value=\"@/Practitioner?a=1&amp;b=2\"/></link></Bundle>",
        Framing::Length,
    );
    let house = gate(&upstream, json!({}));
    let answer = house.call(&format!(
        "POST /fhir/v2/Practitioner/_search HTTP/1.1\r\nHost: inner:8081\r\nX-Forwarded-Host: api.fr, inner\r\nX-Forwarded-Proto: https\r\n{KEY_HEADER}: {SECRET}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\na=1"
    ));
    assert_eq!(
        answer.body,
        "<Bundle><link><url value=\"https://api.fr/fhir/v2/Practitioner?a=1&amp;b=2\"/></link></Bundle>"
    );
    assert_eq!(answer.header("location"), Some("https://api.fr/fhir/v2/Bundle/1"));
    assert_eq!(answer.header("content-location"), Some("https://other.fr/"));
    assert_eq!(answer.header("etag"), Some("W/\"1\""), "a weak tag names what is said");
    let hostile = house.call(&format!(
        "GET /fhir/v2/x HTTP/1.1\r\nHost: g\r\nX-Forwarded-Host: \"><script>\r\nX-Forwarded-Proto: javascript\r\n{KEY_HEADER}: {SECRET}\r\n\r\n"
    ));
    assert!(hostile.body.contains("\"http://g/fhir/v2/Practitioner"), "{}", hostile.body);
}

#[test]
fn what_the_api_does_not_name_stays_as_it_is() {
    let untouched = |head: &'static str, path: &str, rewriting: serde_json::Value| {
        let upstream = stubborn(head, BUNDLE, Framing::Length);
        let answer = gate(&upstream, rewriting).get_with(path, SECRET);
        assert!(answer.body.contains(&format!("\"{}/r4\"", upstream.url())), "{}", answer.body);
        assert_eq!(answer.header("content-length"), Some(answer.body.len().to_string().as_str()));
    };
    untouched("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n", "/fhir/v2/x", json!({}));
    untouched("HTTP/1.1 200 OK\r\n", "/fhir/v2/x", json!({}));
    untouched(FHIR, "/fhir/v2/Other", json!({"paths": ["/Practitioner/**"]}));
    untouched(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n",
        "/fhir/v2/x",
        json!({}),
    );
    untouched("HTTP/1.1 206 Partial Content\r\nContent-Type: application/json\r\n", "/fhir/v2/x", json!({}));
}

#[test]
fn answers_without_a_body_keep_their_framing() {
    let upstream = stubborn(FHIR, "", Framing::Length);
    let house = gate(&upstream, json!({}));
    let mut caller = house.connect();
    for method in ["GET", "HEAD", "GET"] {
        let answer = caller
            .call(&format!("{method} /fhir/v2/x HTTP/1.1\r\nHost: g\r\n{KEY_HEADER}: {SECRET}\r\n\r\n"));
        assert_eq!(
            (answer.status, answer.body.as_str(), answer.header("content-length")),
            (200, "", Some("0"))
        );
    }
    let upstream = stubborn(FHIR, BUNDLE, Framing::Length);
    let house = gate(&upstream, json!({}));
    let mut caller = house.connect();
    for method in ["HEAD", "GET"] {
        let answer = caller.call(&format!(
            "{method} /fhir/v2/x HTTP/1.1\r\nHost: gateway.test\r\n{KEY_HEADER}: {SECRET}\r\n\r\n"
        ));
        assert_eq!(answer.body, if method == "GET" { LED } else { "" });
        assert_eq!(answer.header("content-length"), None);
    }
}

#[test]
fn a_bundle_that_breaks_off_breaks_off_for_the_caller_too() {
    let upstream = Upstream::new(|c| {
        if c.request().is_some() {
            c.send(&format!("{FHIR}Content-Length: 5000\r\n\r\n{{\"a\":\"http://127.0.0."));
        }
    });
    let mut house = gate(&upstream, json!({}));
    let answer = house.get_with("/fhir/v2/x", SECRET);
    assert!(answer.body.ends_with("<broken off>"), "{}", answer.body);
    house.stop();
    assert_eq!(house.log.lines()[0]["outcome"], "upstream_broken");
}

#[test]
fn a_long_bundle_streams() {
    const ENTRIES: usize = 200_000;
    let upstream = Upstream::new(|c| {
        let own = format!("http://{}/r4", c.stream.local_addr().unwrap());
        let entry = format!("{{\"fullUrl\":\"{own}/Practitioner/1\"}},");
        while c.request().is_some() {
            c.send(&format!("{FHIR}Content-Length: {}\r\n\r\n", entry.len() * ENTRIES));
            (0..ENTRIES / 1_000).for_each(|_| c.send(&entry.repeat(1_000)));
        }
    });
    let house = gate(&upstream, json!({}));
    let answer = house.get_with("/fhir/v2/x", SECRET);
    let entry = "{\"fullUrl\":\"http://gateway.test/fhir/v2/Practitioner/1\"},";
    assert_eq!(answer.body.len(), entry.len() * ENTRIES);
    assert_eq!(answer.body.matches(entry).count(), ENTRIES);
}

#[test]
fn refusals_are_operation_outcomes() {
    let house = gate(&stubborn(FHIR, BUNDLE, Framing::Length), json!({}));
    let answer = house.get("/fhir/v2/Practitioner", "Accept: application/fhir+json\r\n");
    assert_eq!((answer.status, answer.header("content-type")), (401, Some("application/fhir+json")));
    let outcome: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(
        (&outcome["resourceType"], &outcome["issue"][0]["code"]),
        (&json!("OperationOutcome"), &json!("login"))
    );
}
