//! What is known of every request before it is routed, and the headers that every answer carries.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::FutureExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use ipnet::IpNet;
use jiff::tz::TimeZone;
use octroi_app::App;
use octroi_app::mail::Rendered;
use octroi_domain::api::Language;
use octroi_domain::time::Timestamp;

use crate::idempotency::Turns;
use crate::locale;
use crate::problem::{Problem, ProblemCode, ProblemContext};

/// What the web layer is told at its start.
#[derive(Clone)]
pub struct WebOptions {
    /// Networks of the proxies in front, whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The zone in which pages tell the time.
    pub time_zone: TimeZone,
    /// What the operator says on the pages that the law or the service asks for.
    pub texts: Texts,
    /// The demo, where this is one.
    pub demo: Option<Arc<dyn DemoSite>>,
}

impl Default for WebOptions {
    fn default() -> Self {
        Self { trusted_proxies: Vec::new(), time_zone: TimeZone::UTC, texts: Texts::default(), demo: None }
    }
}

/// What the operator says on the pages that the law or the service asks for, in Markdown: by the page's name and the
/// language. A page that is missing here says by default what is true of the program itself.
#[derive(Clone, Debug, Default)]
pub struct Texts(pub HashMap<(String, Language), String>);

/// The pages that an operator may write, as `Texts` and the operator's folder name them.
pub const TEXT_PAGES: [&str; 4] = ["help", "legal", "privacy", "accessibility"];

/// Somebody whom visitors of a demo may sign in as.
#[derive(Clone, Debug)]
pub struct SamplePerson {
    /// What the person does, as interfaces name it: `developer`.
    pub role: String,
    /// First and last name.
    pub name: String,
    /// E-mail address, to sign in with.
    pub email: String,
    /// Password: no secret in a demo.
    pub password: String,
}

/// A mail that a demo sent.
#[derive(Clone)]
pub struct DemoMail {
    /// Its number, from 1 in the order of sending.
    pub number: u64,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// The mail.
    pub rendered: Rendered,
}

impl std::fmt::Debug for DemoMail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DemoMail").field("number", &self.number).finish_non_exhaustive()
    }
}

/// What a demo shows beside the portal.
pub trait DemoSite: Send + Sync + 'static {
    /// The sample people.
    fn people(&self) -> Vec<SamplePerson>;

    /// The newest mails sent, newest first.
    fn mails(&self) -> Vec<DemoMail>;
}

/// What every handler shares.
pub(crate) struct Web {
    pub(crate) app: App,
    pub(crate) options: WebOptions,
    pub(crate) turns: Turns,
    /// The documentation, ready to be searched.
    pub(crate) shelf: crate::portal::Shelf,
    /// The management API's document, written once.
    pub(crate) document: std::sync::OnceLock<bytes::Bytes>,
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    /// Names the request in the answer and the log.
    pub(crate) request_id: String,
    /// The language of sentences.
    pub(crate) language: Language,
    /// Who calls.
    pub(crate) client: IpAddr,
}

impl Visit {
    /// A refusal, in this visit's language.
    pub(crate) fn refuse(&self, app: &App, problem: &Problem) -> Response {
        problem.answer(&ProblemContext {
            language: self.language,
            request_id: &self.request_id,
            portal_url: app.portal_url(),
        })
    }
}

/// Surrounds every route: knows the visit, survives a panic, adds headers, writes the log.
pub(crate) async fn surround(State(web): State<Arc<Web>>, mut request: Request, next: Next) -> Response {
    let visit = Visit {
        request_id: web.app.new_request_id().to_string(),
        language: locale::negotiate(request.headers()),
        client: client(&request, &web.options.trusted_proxies),
    };
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    request.extensions_mut().insert(visit.clone());
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    let mut response = answered.unwrap_or_else(|_| {
        tracing::error!(request_id = visit.request_id, "a handler panicked");
        visit.refuse(&web.app, &Problem::new(ProblemCode::Internal))
    });
    let https = web.app.portal_url().starts_with("https:");
    dress(response.headers_mut(), &visit.request_id, https);
    tracing::info!(
        request_id = visit.request_id,
        client = %visit.client,
        %method,
        path,
        status = response.status().as_u16(),
        "portal"
    );
    response
}

/// Headers for every answer; those that a handler chose itself stay.
fn dress(headers: &mut HeaderMap, request_id: &str, https: bool) {
    const ALWAYS: [(HeaderName, &str); 6] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in ALWAYS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if https {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert(year);
    }
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
}

/// The address that the request came from: the peer, or, behind proxies that are trusted, the last address in
/// `X-Forwarded-For` that is not one of theirs.
fn client(request: &Request, trusted: &[IpNet]) -> IpAddr {
    let connection = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = connection.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |info| info.0.ip().to_canonical());
    let trusts = |ip: IpAddr| trusted.iter().any(|net| net.contains(&ip));
    if !trusts(peer) {
        return peer;
    }
    let lines = request.headers().get_all("x-forwarded-for");
    let told: Vec<&str> =
        lines.iter().filter_map(|v| v.to_str().ok()).flat_map(|line| line.split(',')).collect();
    let mut nearest = peer;
    for text in told.iter().rev() {
        let Ok(ip) = text.trim().parse::<IpAddr>() else { break };
        nearest = ip.to_canonical();
        if !trusts(nearest) {
            break;
        }
    }
    nearest
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[test]
    fn only_trusted_proxies_are_believed() {
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        for (peer, forwarded, expected) in [
            ("192.0.2.1", "198.51.100.9", "192.0.2.1"),
            ("10.0.0.1", "198.51.100.9", "198.51.100.9"),
            ("10.0.0.1", "203.0.113.5, 198.51.100.9, 10.0.0.2", "198.51.100.9"),
            ("10.0.0.1", "198.51.100.9, nonsense", "10.0.0.1"),
            ("10.0.0.1", "", "10.0.0.1"),
        ] {
            let mut request = Request::new(Body::empty());
            request.headers_mut().insert("x-forwarded-for", forwarded.parse().unwrap());
            let peer = SocketAddr::new(peer.parse().unwrap(), 1);
            request.extensions_mut().insert(ConnectInfo(peer));
            assert_eq!(client(&request, &trusted).to_string(), expected);
        }
    }
}
