//! The headers that an upstream receives, and those that a caller gets back: hop-by-hop ones stripped (promise G3),
//! forged ones removed (promise G4), ours added.

use std::net::IpAddr;
use std::ops::Range;

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use ipnet::IpNet;
use octroi_domain::ids::RequestId;
use octroi_policy::{Admitted, Headers, query};

use crate::lines::{HeaderLines, push_line, values};

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
pub(crate) fn client_address(peer: IpAddr, trusted: &[IpNet], headers: &impl Headers) -> (bool, IpAddr) {
    let peer = peer.to_canonical();
    let is_trusted = |ip: &IpAddr| trusted.iter().any(|net| net.contains(ip));
    if trusted.is_empty() || !is_trusted(&peer) {
        return (false, peer);
    }
    let mut client = peer;
    let lines: Vec<&[u8]> = values(headers, &X_FORWARDED_FOR).collect();
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
    pub(crate) fn among(headers: &impl HeaderLines) -> Self {
        let mut seen = Self::default();
        headers.each_name(|name| match name {
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
            "alt-svc" => seen.forged = true,
            name if is_ours(name, false) => {
                seen.forged = true;
                seen.request_id |= name == "x-request-id";
            }
            _ => {}
        });
        seen
    }
}

/// Takes out what belongs to one connection only (RFC 9110, 7.6.1) and what could be taken for it, beginning with the
/// headers that `Connection` nominates.
pub(crate) fn strip_hop_by_hop(headers: &mut impl HeaderLines, seen: Seen) {
    if !seen.hop_by_hop {
        return;
    }
    if let Some(first) = headers.value(&header::CONNECTION, 0) {
        let usual = matches!(first, b"keep-alive" | b"close" | b"Keep-Alive");
        if !usual || headers.value(&header::CONNECTION, 1).is_some() {
            strip_nominated(headers);
        }
        headers.remove(&header::CONNECTION);
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

fn strip_nominated(headers: &mut impl HeaderLines) {
    let tokens = values(headers, &header::CONNECTION).flat_map(|v| v.split(|b| *b == b','));
    let nominated: Vec<HeaderName> =
        tokens.filter_map(|token| HeaderName::from_bytes(token.trim_ascii()).ok()).collect();
    // The length is what the body is framed by: it is never only the connection's.
    for name in nominated.iter().filter(|name| **name != header::CONTENT_LENGTH) {
        headers.remove(name);
    }
}

/// What servers that make one sign of every sign but letters and digits would frame a message by.
const FRAMING_ALIKE: [&str; 2] = ["content-length", "transfer-encoding"];

/// Whether a header from outside could pass for one of ours, or for one that frames the message. Servers that hand headers on in the
/// environment make `_` of every sign but letters and digits: all of them are meant.
fn is_ours(name: &str, trusted: bool) -> bool {
    const PREFIXES: [&str; 2] = ["x-octroi-", "x-forwarded-"];
    const NAMES: [&str; 6] =
        ["forwarded", "x-real-ip", "x-request-id", "x-original-uri", "x-original-url", "x-rewrite-url"];
    let bytes = name.as_bytes();
    if !matches!(bytes.first(), Some(b'x' | b'f' | b'c' | b't')) {
        return false;
    }
    let believed = trusted && (name == "forwarded" || name.starts_with("x-forwarded-"));
    !believed
        && (PREFIXES.iter().any(|p| begins_alike(bytes, p))
            || NAMES.iter().any(|n| n.len() == name.len() && begins_alike(bytes, n))
            || FRAMING_ALIKE.iter().any(|n| n.len() == name.len() && name != *n && begins_alike(bytes, n)))
}

/// Whether a name begins with this one, signs of every kind taken for hyphens.
fn begins_alike(name: &[u8], ours: &str) -> bool {
    ours.len() <= name.len()
        && ours.bytes().zip(name).all(|(o, n)| o == *n || (o == b'-' && !n.is_ascii_alphanumeric()))
}

/// Takes out of an answer what only the gateway says, and what would lead callers past it (RFC 7838).
pub(crate) fn strip_from_answer(headers: &mut impl HeaderLines) {
    let mut forged: Vec<HeaderName> = Vec::new();
    headers.each_name(|name| {
        if name == "alt-svc" || begins_alike(name.as_bytes(), "x-octroi-") {
            forged.extend(HeaderName::from_bytes(name.as_bytes()));
        }
    });
    forged.iter().for_each(|name| headers.remove(name));
}

fn strip_forged(headers: &mut impl HeaderLines, trusted: bool) {
    let mut forged: Vec<HeaderName> = Vec::new();
    headers.each_name(|name| {
        if is_ours(name, trusted) {
            forged.extend(HeaderName::from_bytes(name.as_bytes()));
        }
    });
    for name in &forged {
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
    pub(crate) fn put_into(&self, headers: &mut impl HeaderLines) {
        for (name, value) in self.lines() {
            match HeaderValue::from_maybe_shared(self.text.slice(value)) {
                Ok(value) => headers.put(name, value),
                Err(_) => headers.remove(name),
            }
        }
    }

    /// Writes them as they are sent. Of the caller's, none of the same name may be written beside them.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        for (name, value) in self.lines() {
            let value = &self.text[value];
            // As the map of the library judges them.
            if HeaderValue::from_bytes(value).is_ok() {
                push_line(name.as_str().as_bytes(), value, out);
            }
        }
    }

    /// Their names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &HeaderName> {
        self.ends.iter().map(|(name, _)| name)
    }

    fn lines(&self) -> impl Iterator<Item = (&HeaderName, Range<usize>)> {
        let mut from = 0;
        self.ends.iter().map(move |(name, to)| (name, std::mem::replace(&mut from, *to)..*to))
    }
}

impl Values {
    fn end(&mut self, name: &HeaderName) {
        self.ends.push((name.clone(), self.text.len()));
    }
}

/// Takes out of a caller's headers what the upstream must not receive, and makes those that it receives beside them.
pub(crate) fn to_upstream(
    headers: &mut impl HeaderLines,
    seen: Seen,
    admitted: &Admitted,
    origin: &Origin<'_>,
    request_id: RequestId,
    traceparent: impl FnOnce(Option<&str>, &mut String) -> bool,
) -> OwnHeaders {
    strip_hop_by_hop(headers, seen);
    if seen.expect {
        headers.remove(&header::EXPECT);
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
    let mut own = Values { text: String::with_capacity(512), ends: Vec::with_capacity(12) };
    request_id.append_to(&mut own.text);
    own.end(&X_REQUEST_ID);
    let incoming = headers.value(&TRACEPARENT, 0).and_then(|v| std::str::from_utf8(v).ok());
    let goes_on = traceparent(incoming, &mut own.text);
    own.end(&TRACEPARENT);
    if !goes_on {
        headers.remove(&TRACESTATE);
    }
    push_forwarded(&mut own, headers, origin);
    own.text.push_str(if admitted.api().prefix.is_empty() { "/" } else { &admitted.api().prefix });
    own.end(&X_FORWARDED_PREFIX);
    push_principal(&mut own, admitted);
    OwnHeaders { text: Bytes::from(own.text), ends: own.ends }
}

/// A page that was opened with a credential in its address names that address in the calls that it makes itself.
fn clean_referer(headers: &mut impl HeaderLines, hidden: &[String]) {
    let Some(referer) = headers.value(&header::REFERER, 0).filter(|_| !hidden.is_empty()) else { return };
    // One line, and no part of a page: anything else is no referer (RFC 9110, 10.1.3), and could hold whatever it likes.
    let single = headers.value(&header::REFERER, 1).is_none();
    let whole = std::str::from_utf8(referer).ok().filter(|_| single);
    let clean = whole.and_then(|whole| {
        let address = whole.split('#').next().unwrap_or_default();
        let (page, query) = address.split_once('?').unwrap_or((address, ""));
        let kept = query::without(query, |name| hidden.iter().any(|h| h == name));
        let mark = if kept.is_empty() { "" } else { "?" };
        HeaderValue::from_str(&[page, mark, &kept].concat()).ok()
    });
    match clean {
        Some(clean) => headers.put(&header::REFERER, clean),
        None => headers.remove(&header::REFERER),
    }
}

/// What the addresses of an API begin with as its callers know them, without a slash at the end: a trusted proxy's word
/// for host and scheme, where it is one, before what the connection says.
pub(crate) fn public_base(headers: &impl Headers, origin: &Origin<'_>, prefix: &str) -> String {
    let believed = |name: &HeaderName, fits: fn(&str) -> bool| {
        let line = headers.value(name, 0).filter(|_| origin.trusted);
        let first = std::str::from_utf8(line?).ok()?.split(',').next().map(str::trim);
        first.filter(|word| fits(word)).map(str::to_owned)
    };
    let scheme = believed(&X_FORWARDED_PROTO, |word| matches!(word, "http" | "https"));
    let host = believed(&X_FORWARDED_HOST, is_host);
    let scheme = scheme.as_deref().unwrap_or(origin.scheme);
    [scheme, "://", host.as_deref().or(origin.host).unwrap_or_default(), prefix].concat()
}

/// Whether a text is a host, as `Host` names it: a name or an address, and a port or none.
pub(crate) fn is_host(text: &str) -> bool {
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, port),
        _ => (text, ""),
    };
    let bare = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    let address = name.strip_prefix('[').and_then(|n| n.strip_suffix(']'));
    let fits = match address {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !name.is_empty() && name.bytes().all(bare),
    };
    fits && port.len() <= 5 && port.bytes().all(|b| b.is_ascii_digit())
}

fn push_forwarded(own: &mut Values, headers: &impl Headers, origin: &Origin<'_>) {
    let earlier = |name: &HeaderName| {
        let lines = values(headers, name).map(String::from_utf8_lossy);
        lines.fold(String::new(), |all, line| if all.is_empty() { line.into() } else { all + ", " + &line })
    };
    let append_earlier = |own: &mut Values, name: &HeaderName| {
        if origin.trusted {
            let earlier = earlier(name);
            if !earlier.is_empty() {
                own.text.push_str(&earlier);
                own.text.push_str(", ");
            }
        }
    };
    let host = origin.host.unwrap_or("");
    append_earlier(own, &header::FORWARDED);
    let quotes = if origin.peer.to_canonical().is_ipv6() { ["\"[", "]\""] } else { ["", ""] };
    // `host` was checked to be a host: it cannot leave the quotes.
    for part in ["for=", quotes[0], origin.peer_text, quotes[1], ";host=\"", host, "\";proto=", origin.scheme]
    {
        own.text.push_str(part);
    }
    own.end(&header::FORWARDED);
    append_earlier(own, &X_FORWARDED_FOR);
    own.text.push_str(origin.peer_text);
    own.end(&X_FORWARDED_FOR);
    for (name, plain) in [(&X_FORWARDED_HOST, host), (&X_FORWARDED_PROTO, origin.scheme)] {
        let believed = if origin.trusted { earlier(name) } else { String::new() };
        own.text.push_str(if believed.is_empty() { plain } else { &believed });
        own.end(name);
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
    use http::HeaderMap;

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
            "x.octroi.plan",
            "x!real~ip",
            "content.length",
            "transfer_encoding",
        ] {
            assert!(is_ours(name, false), "{name}");
        }
        for name in [
            "x-octro",
            "x-forwarded",
            "forwarded-x",
            "x-request-idx",
            "accept",
            "f",
            "x",
            "content-length",
            "transfer-encoding",
            "content-lengths",
            "x-octroi",
            "contentxlength",
        ] {
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
