//! The headers that an upstream receives, and those that a caller gets back: hop-by-hop ones stripped (promise G3),
//! forged ones removed (promise G4), ours added.

use std::borrow::Cow;
use std::net::IpAddr;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use ipnet::IpNet;
use octroi_domain::ids::RequestId;
use octroi_policy::{Admitted, query};

/// The caller's request, as far as forwarding needs it.
pub(crate) struct Origin<'a> {
    /// The address of the connection.
    pub(crate) peer: IpAddr,
    /// Its text.
    pub(crate) peer_text: &'a str,
    /// Whether the connection comes from a trusted proxy.
    pub(crate) trusted: bool,
    /// The host that was asked for.
    pub(crate) host: Option<&'a str>,
    /// The scheme of the connection.
    pub(crate) scheme: &'static str,
}

pub(crate) static X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
static TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
static X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
static X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
static X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
static X_FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");
static APPLICATION: HeaderName = HeaderName::from_static("x-octroi-application");
static SUBSCRIPTION: HeaderName = HeaderName::from_static("x-octroi-subscription");
static PLAN: HeaderName = HeaderName::from_static("x-octroi-plan");
static ON_BEHALF_OF: HeaderName = HeaderName::from_static("x-octroi-on-behalf-of");
static KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
static PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
static HTTP2_SETTINGS: HeaderName = HeaderName::from_static("http2-settings");
/// No header of HTTP. Servers that hand headers on in the environment take it for the address of a proxy of theirs.
static PROXY: HeaderName = HeaderName::from_static("proxy");
/// What servers that read `_` and `-` alike would frame the message by.
static CONTENT_LENGTH_ALIKE: HeaderName = HeaderName::from_static("content_length");
static TRANSFER_ENCODING_ALIKE: HeaderName = HeaderName::from_static("transfer_encoding");

/// Whether a connection comes from a trusted proxy, and who calls behind it: the last address in `X-Forwarded-For`
/// that is not a trusted proxy's itself. What cannot be read as an address ends the search.
pub(crate) fn client_address(peer: IpAddr, trusted: &[IpNet], headers: &HeaderMap) -> (bool, IpAddr) {
    let peer = peer.to_canonical();
    let is_trusted = |ip: &IpAddr| trusted.iter().any(|net| net.contains(ip));
    if trusted.is_empty() || !is_trusted(&peer) {
        return (false, peer);
    }
    let mut client = peer;
    let lines: Vec<&[u8]> = headers.get_all(&X_FORWARDED_FOR).iter().map(HeaderValue::as_bytes).collect();
    for text in lines.iter().rev().flat_map(|line| line.rsplit(|b| *b == b',')) {
        let Some(ip) = std::str::from_utf8(text).ok().and_then(|t| parse_address(t.trim())) else { break };
        client = ip;
        if !is_trusted(&ip) {
            break;
        }
    }
    (true, client)
}

fn parse_address(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let ip: Option<IpAddr> = bare.parse().ok();
    ip.or_else(|| text.parse::<std::net::SocketAddr>().ok().map(|a| a.ip())).map(|ip| ip.to_canonical())
}

/// Which of the headers that need care are there at all: one pass instead of a search for each.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    /// One that belongs to the connection.
    pub(crate) hop_by_hop: bool,
    /// `Content-Length` or `Transfer-Encoding`.
    pub(crate) framing: bool,
    pub(crate) upgrade: bool,
    pub(crate) expect: bool,
    pub(crate) accept: bool,
    pub(crate) origin: bool,
    pub(crate) referer: bool,
    pub(crate) request_id: bool,
    /// One that could pass for ours.
    pub(crate) forged: bool,
}

impl Seen {
    pub(crate) fn among(headers: &HeaderMap) -> Self {
        let mut seen = Self::default();
        for name in headers.keys() {
            match name.as_str() {
                "accept" => seen.accept = true,
                "origin" => seen.origin = true,
                "expect" => seen.expect = true,
                "content-length" => seen.framing = true,
                "transfer-encoding" => (seen.framing, seen.hop_by_hop) = (true, true),
                "upgrade" => (seen.upgrade, seen.hop_by_hop) = (true, true),
                "connection"
                | "keep-alive"
                | "proxy-connection"
                | "http2-settings"
                | "proxy-authenticate"
                | "proxy-authorization"
                | "te"
                | "trailer"
                | "proxy"
                | "content_length"
                | "transfer_encoding" => seen.hop_by_hop = true,
                "referer" => seen.referer = true,
                name if is_ours(name, false) => {
                    seen.forged = true;
                    seen.request_id |= name == "x-request-id";
                }
                _ => {}
            }
        }
        seen
    }
}

/// Takes out what belongs to one connection only (RFC 9110, 7.6.1) and what could be taken for it, beginning with the
/// headers that `Connection` nominates.
pub(crate) fn strip_hop_by_hop(headers: &mut HeaderMap, seen: Seen) {
    if !seen.hop_by_hop {
        return;
    }
    if let Some(first) = headers.get(header::CONNECTION) {
        let usual = matches!(first.as_bytes(), b"keep-alive" | b"close" | b"Keep-Alive");
        if !usual || headers.get_all(header::CONNECTION).iter().count() > 1 {
            strip_nominated(headers);
        }
        headers.remove(header::CONNECTION);
    }
    for name in [
        &KEEP_ALIVE,
        &PROXY_CONNECTION,
        &HTTP2_SETTINGS,
        &header::PROXY_AUTHENTICATE,
        &header::PROXY_AUTHORIZATION,
        &header::TE,
        &header::TRAILER,
        &header::TRANSFER_ENCODING,
        &header::UPGRADE,
        &PROXY,
        &CONTENT_LENGTH_ALIKE,
        &TRANSFER_ENCODING_ALIKE,
    ] {
        headers.remove(name);
    }
}

fn strip_nominated(headers: &mut HeaderMap) {
    let lines: Vec<HeaderValue> = headers.get_all(header::CONNECTION).iter().cloned().collect();
    for token in lines.iter().flat_map(|v| v.as_bytes().split(|b| *b == b',')) {
        // The length is what the body is framed by: it is never only the connection's.
        if let Ok(name) = HeaderName::from_bytes(token.trim_ascii())
            && name != header::CONTENT_LENGTH
        {
            headers.remove(&name);
        }
    }
}

/// Whether a header from outside could pass for one of ours. Many servers read `_` and `-` alike, so both are meant.
fn is_ours(name: &str, trusted: bool) -> bool {
    const PREFIXES: [&str; 2] = ["x-octroi-", "x-forwarded-"];
    const NAMES: [&str; 6] =
        ["forwarded", "x-real-ip", "x-request-id", "x-original-uri", "x-original-url", "x-rewrite-url"];
    let bytes = name.as_bytes();
    if !matches!(bytes.first(), Some(b'x' | b'f')) {
        return false;
    }
    let alike = |ours: &str, name: &[u8]| {
        ours.len() <= name.len() && ours.bytes().zip(name).all(|(o, n)| o == *n || (o == b'-' && *n == b'_'))
    };
    let believed = trusted && (name == "forwarded" || name.starts_with("x-forwarded-"));
    !believed
        && (PREFIXES.iter().any(|p| alike(p, bytes))
            || NAMES.iter().any(|n| n.len() == name.len() && alike(n, bytes)))
}

fn strip_forged(headers: &mut HeaderMap, trusted: bool) {
    let mut forged: Vec<HeaderName> = Vec::new();
    for name in headers.keys() {
        if is_ours(name.as_str(), trusted) {
            forged.push(name.clone());
        }
    }
    for name in forged {
        headers.remove(name);
    }
}

/// Gathers header values in one piece of memory.
struct Values {
    text: String,
    ends: Vec<(HeaderName, usize)>,
}

/// The headers that are ours, apart from the caller's: so that a call that must be repeated needs no copy of them.
pub(crate) struct OwnHeaders {
    text: Bytes,
    ends: Vec<(HeaderName, usize)>,
}

impl OwnHeaders {
    /// Puts them beside the caller's, in place of any of the same name.
    pub(crate) fn put_into(&self, headers: &mut HeaderMap) {
        let mut from = 0;
        headers.reserve(self.ends.len());
        for (name, to) in &self.ends {
            match HeaderValue::from_maybe_shared(self.text.slice(from..*to)) {
                Ok(value) => headers.insert(name.clone(), value),
                Err(_) => headers.remove(name),
            };
            from = *to;
        }
    }
}

impl Values {
    fn end(&mut self, name: &HeaderName) {
        self.ends.push((name.clone(), self.text.len()));
    }
}

/// Takes out of a caller's headers what the upstream must not receive, and makes those that it receives beside them.
pub(crate) fn to_upstream(
    headers: &mut HeaderMap,
    seen: Seen,
    admitted: &Admitted,
    origin: &Origin<'_>,
    request_id: RequestId,
    traceparent: impl FnOnce(Option<&str>, &mut String) -> bool,
) -> OwnHeaders {
    strip_hop_by_hop(headers, seen);
    if seen.expect {
        headers.remove(header::EXPECT);
    }
    for name in admitted.hidden_headers() {
        headers.remove(name);
    }
    if seen.referer {
        clean_referer(headers, admitted.hidden_parameters());
    }
    if seen.forged {
        strip_forged(headers, origin.trusted);
    }
    let mut values = Values { text: String::with_capacity(512), ends: Vec::with_capacity(12) };
    request_id.append_to(&mut values.text);
    values.end(&X_REQUEST_ID);
    let incoming = headers.get(&TRACEPARENT).and_then(|v| v.to_str().ok());
    let goes_on = traceparent(incoming, &mut values.text);
    values.end(&TRACEPARENT);
    if !goes_on {
        headers.remove(&TRACESTATE);
    }
    push_forwarded(&mut values, headers, origin);
    values.text.push_str(if admitted.api().prefix.is_empty() { "/" } else { &admitted.api().prefix });
    values.end(&X_FORWARDED_PREFIX);
    push_principal(&mut values, admitted);
    OwnHeaders { text: Bytes::from(values.text), ends: values.ends }
}

/// A page that was opened with a credential in its address names that address in the calls that it makes itself.
fn clean_referer(headers: &mut HeaderMap, hidden: &[String]) {
    let Some(referer) = headers.get(header::REFERER).filter(|_| !hidden.is_empty()) else { return };
    let Ok(text) = std::str::from_utf8(referer.as_bytes()) else {
        headers.remove(header::REFERER);
        return;
    };
    let Some((page, query)) = text.split_once('?') else { return };
    let Cow::Owned(kept) = query::without(query, |name| hidden.iter().any(|h| h == name)) else { return };
    let mark = if kept.is_empty() { "" } else { "?" };
    match HeaderValue::from_str(&[page, mark, &kept].concat()) {
        Ok(clean) => headers.insert(header::REFERER, clean),
        Err(_) => headers.remove(header::REFERER),
    };
}

fn push_forwarded(values: &mut Values, headers: &HeaderMap, origin: &Origin<'_>) {
    let earlier = |name: &HeaderName| {
        let lines = headers.get_all(name).iter().map(|v| String::from_utf8_lossy(v.as_bytes()));
        lines.fold(String::new(), |all, line| if all.is_empty() { line.into() } else { all + ", " + &line })
    };
    let append_earlier = |values: &mut Values, name: &HeaderName| {
        if origin.trusted {
            let earlier = earlier(name);
            if !earlier.is_empty() {
                values.text.push_str(&earlier);
                values.text.push_str(", ");
            }
        }
    };
    let host = origin.host.unwrap_or("");
    append_earlier(values, &header::FORWARDED);
    let quotes = if origin.peer.to_canonical().is_ipv6() { ["\"[", "]\""] } else { ["", ""] };
    // `host` was checked to be a host: it cannot leave the quotes.
    for part in ["for=", quotes[0], origin.peer_text, quotes[1], ";host=\"", host, "\";proto=", origin.scheme]
    {
        values.text.push_str(part);
    }
    values.end(&header::FORWARDED);
    append_earlier(values, &X_FORWARDED_FOR);
    values.text.push_str(origin.peer_text);
    values.end(&X_FORWARDED_FOR);
    for (name, own) in [(&X_FORWARDED_HOST, host), (&X_FORWARDED_PROTO, origin.scheme)] {
        let believed = if origin.trusted { earlier(name) } else { String::new() };
        values.text.push_str(if believed.is_empty() { own } else { &believed });
        values.end(name);
    }
}

fn push_principal(values: &mut Values, admitted: &Admitted) {
    let caller = admitted.caller();
    if let Some(id) = caller.application_id {
        id.append_to(&mut values.text);
        values.end(&APPLICATION);
    }
    if let Some(id) = caller.subscription_id {
        id.append_to(&mut values.text);
        values.end(&SUBSCRIPTION);
    }
    if let Some(slug) = admitted.plan_slug() {
        values.text.push_str(slug);
        values.end(&PLAN);
    }
    if let Some(subject) = admitted.subject() {
        values.text.push_str(subject);
        values.end(&ON_BEHALF_OF);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        lines
            .iter()
            .map(|(n, v)| (HeaderName::from_bytes(n.as_bytes()).unwrap(), HeaderValue::from_str(v).unwrap()))
            .collect()
    }

    #[test]
    fn names_that_could_pass_for_ours_are_recognised() {
        for name in [
            "x-octroi-plan",
            "x_octroi_plan",
            "x-octroi_plan",
            "x_forwarded_for",
            "x-forwarded-anything",
            "x_real_ip",
        ] {
            assert!(is_ours(name, false), "{name}");
        }
        for name in ["x-octro", "x-forwarded", "forwarded-x", "x-request-idx", "accept", "f", "x"] {
            assert!(!is_ours(name, false), "{name}");
        }
        assert!(!is_ours("x-forwarded-for", true));
        assert!(is_ours("x_forwarded_for", true));
        assert!(is_ours("x-octroi-plan", true));
    }

    #[test]
    fn the_client_is_the_last_address_that_is_no_trusted_proxy() {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        let ask = |peer: &str, xff: &[&str]| {
            let lines: Vec<_> = xff.iter().map(|v| ("x-forwarded-for", *v)).collect();
            let mut map = HeaderMap::new();
            for (n, v) in &lines {
                map.append(*n, HeaderValue::from_bytes(v.as_bytes()).unwrap());
            }
            let (trusted, ip) = client_address(peer.parse().unwrap(), &trusted, &map);
            (trusted, ip.to_string())
        };
        assert_eq!(ask("192.0.2.9", &["1.1.1.1"]), (false, "192.0.2.9".into()));
        assert_eq!(ask("10.0.0.1", &["6.6.6.6, 192.0.2.7, 10.0.0.2"]), (true, "192.0.2.7".into()));
        assert_eq!(ask("10.0.0.1", &["6.6.6.6", "[2001:db8::1]:443"]), (true, "2001:db8::1".into()));
        assert_eq!(ask("10.0.0.1", &["10.0.0.9"]), (true, "10.0.0.9".into()));
        assert_eq!(ask("10.0.0.1", &["192.0.2.7, nonsense"]), (true, "10.0.0.1".into()));
        assert_eq!(ask("10.0.0.1", &["6.6.6.6", "é, 192.0.2.7"]), (true, "192.0.2.7".into()));
        assert_eq!(ask("10.0.0.1", &["6.6.6.6", "é"]), (true, "10.0.0.1".into()));
        assert_eq!(ask("::ffff:10.0.0.1", &["192.0.2.7"]), (true, "192.0.2.7".into()));
    }

    #[test]
    fn nominated_headers_go_first() {
        let mut map = headers(&[
            ("connection", "close, X-Octroi-Application , content-length"),
            ("x-octroi-application", "forged"),
            ("content-length", "3"),
            ("te", "trailers"),
            ("accept", "*/*"),
        ]);
        let seen = Seen::among(&map);
        strip_hop_by_hop(&mut map, seen);
        let left: Vec<_> = map.keys().map(HeaderName::as_str).collect();
        assert_eq!(left, ["content-length", "accept"]);
    }
}
