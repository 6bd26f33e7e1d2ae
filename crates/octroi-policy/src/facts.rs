//! What the decision needs to know of a call: borrowed, so that any engine can give it without building anything.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName};
use octroi_domain::time::Timestamp;

/// The headers of a call, however the engine keeps them.
pub trait Headers {
    /// The `nth` value (from 0) among the header lines of that name, in order.
    fn value(&self, name: &HeaderName, nth: usize) -> Option<&[u8]>;
}

impl Headers for HeaderMap {
    fn value(&self, name: &HeaderName, nth: usize) -> Option<&[u8]> {
        if nth == 0 {
            return self.get(name).map(|v| v.as_bytes());
        }
        self.get_all(name).iter().nth(nth).map(|v| v.as_bytes())
    }
}

/// The facts of one call.
#[derive(Clone, Copy)]
pub struct RequestFacts<'r> {
    /// The method, as written.
    pub method: &'r str,
    /// The host that was asked for, perhaps with a port; from the request target where that has one.
    pub host: Option<&'r str>,
    /// The path of the request target, as written.
    pub path: &'r str,
    /// The query, without its question mark, as written.
    pub query: Option<&'r str>,
    /// The headers.
    pub headers: &'r dyn Headers,
    /// Length of the body in bytes, where the call says it beforehand.
    pub body_bytes: Option<u64>,
    /// Who calls: the address behind any trusted proxies.
    pub client_ip: IpAddr,
    /// The moment of the decision.
    pub now: Timestamp,
}

impl<'r> RequestFacts<'r> {
    /// The first value of a header, as text.
    pub fn header(&self, name: &HeaderName) -> Option<&'r str> {
        self.headers.value(name, 0).and_then(|v| std::str::from_utf8(v).ok())
    }
}
