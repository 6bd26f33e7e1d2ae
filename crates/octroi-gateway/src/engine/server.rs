//! Takes a call from its connection, has it decided, and answers it or sends it on.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, Request, Response, Uri, Version};
use hyper::body::{Body, Incoming};
use octroi_domain::ids::RequestId;
use octroi_policy::{Admitted, Caller, Outcome, Refusal, RequestFacts};

use super::body::{BodyCount, Relay, ToCaller, ToUpstream};
use super::record::{CallRecord, micros};
use super::stall::CallerState;
use super::upstream::{Arrived, Shipment};
use super::worker::Worker;
use crate::answer::{self, AnswerFacts, AnswerSettings};
use crate::forwarding::{self, Origin, OwnHeaders, Seen, X_REQUEST_ID};
use crate::pipeline::{Decision, decide};

/// Answers one call. Never fails: whatever goes wrong has an answer.
pub(super) async fn handle(
    worker: Rc<Worker>,
    connection: Rc<CallerState>,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Result<Response<ToCaller>, Infallible> {
    connection.begin_call();
    let (parts, body) = request.into_parts();
    let call = Call::new(worker, connection, peer, &parts);
    Ok(call.answer(parts, body).await)
}

/// A call in hand.
struct Call {
    worker: Rc<Worker>,
    peer: SocketAddr,
    trusted: bool,
    client_ip: IpAddr,
    seen: Seen,
    facts: AnswerFacts,
    record: Box<CallRecord>,
}

impl Call {
    fn new(worker: Rc<Worker>, connection: Rc<CallerState>, peer: SocketAddr, parts: &Parts) -> Self {
        let shared = &worker.shared;
        let started = shared.ports.clock.monotonic();
        let now = shared.ports.clock.now();
        let request_id = worker.random.borrow_mut().request_id(now, &*shared.ports.entropy);
        let headers = &parts.headers;
        let seen = Seen::among(headers);
        let take = |name: &HeaderName, seen: bool| if seen { headers.get(name).cloned() } else { None };
        let (trusted, client_ip) =
            forwarding::client_address(peer.ip(), &shared.config.trusted_proxies, headers);
        let facts = AnswerFacts {
            request_id: id_value(request_id),
            method: parts.method.clone(),
            accept: take(&header::ACCEPT, seen.accept),
            origin: take(&header::ORIGIN, seen.origin),
        };
        let client_text = match trusted {
            false => Rc::clone(&connection.peer_text),
            true => client_ip.to_string().into(),
        };
        let record = Box::new(CallRecord {
            worker: Rc::clone(&worker),
            connection,
            arrived: now,
            started,
            request_id,
            their_request_id: take(&X_REQUEST_ID, seen.request_id),
            client_text,
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            host: headers.get(header::HOST).cloned(),
            api: None,
            caller: Caller::default(),
            admitted: false,
            outcome: Outcome::ClientGone,
            status: 499,
            upstream_us: None,
            body_in: None,
            bytes_out: 0,
            done: false,
        });
        Self { worker, peer, trusted, client_ip, seen, facts, record }
    }

    async fn answer(mut self, parts: Parts, body: Incoming) -> Response<ToCaller> {
        match self.decide(&parts, &body) {
            Decision::Forward(admitted) => self.forward(admitted, parts, body).await,
            Decision::Preflight(preflight) => {
                self.record.api = Some(preflight.api.clone());
                let response = answer::preflight(preflight, &self.facts);
                self.reply(response, Outcome::CorsPreflight)
            }
            Decision::Refuse(refusal) => {
                discard(body, &parts.headers).await;
                self.refuse(&refusal)
            }
        }
    }

    fn decide(&self, parts: &Parts, body: &Incoming) -> Decision {
        let host = match check_head(parts, self.seen) {
            Ok(host) => host,
            Err(outcome) => return Decision::Refuse(Refusal::early(outcome)),
        };
        let facts = RequestFacts {
            method: parts.method.as_str(),
            host,
            path: parts.uri.path(),
            query: parts.uri.query(),
            headers: &parts.headers,
            body_bytes: body.size_hint().exact(),
            client_ip: self.client_ip,
            now: self.record.arrived,
        };
        decide(&self.worker.shared.policy, facts)
    }

    /// Sends an admitted call on. What was admitted carries all that this needs: the catalogue is not seen here.
    async fn forward(mut self, admitted: Admitted, mut parts: Parts, body: Incoming) -> Response<ToCaller> {
        self.record.api = Some(admitted.api().clone());
        self.record.caller = admitted.caller();
        self.record.admitted = true;
        let body = if body.is_end_stream() {
            ToUpstream::none()
        } else {
            let count = Rc::new(BodyCount::default());
            self.record.body_in = Some(Rc::clone(&count));
            ToUpstream::new(body, admitted.api().max_body_bytes, count)
        };
        let own = self.make_headers(&admitted, &mut parts);
        let worker = Rc::clone(&self.worker);
        let clock = &worker.shared.ports.clock;
        let sent = clock.monotonic();
        let turn = worker.turn.replace(worker.turn.get().wrapping_add(1));
        let shipment =
            Shipment { admitted: &admitted, method: parts.method, headers: parts.headers, own, body, turn };
        let arrived = worker.pool.forward(shipment).await;
        let upstream_us = micros(clock.monotonic().saturating_sub(sent));
        self.record.upstream_us = Some(upstream_us);
        match arrived {
            Ok(arrived) => {
                let status = arrived.response.status().as_u16();
                worker.measured.borrow_mut().observe_upstream(&arrived.target.origin, status, upstream_us);
                self.relay(&admitted, arrived)
            }
            Err(outcome) => {
                let outcome = self.record.callers_fault().unwrap_or(outcome);
                let mut refusal = Refusal::at(outcome, admitted.api(), admitted.caller());
                refusal.readings = *admitted.readings();
                self.refuse(&refusal)
            }
        }
    }

    fn make_headers(&self, admitted: &Admitted, parts: &mut Parts) -> OwnHeaders {
        let host = self.record.asked_host();
        let peer_text = &self.record.connection.peer_text;
        let origin = Origin { peer: self.peer.ip(), peer_text, trusted: self.trusted, host, scheme: "http" };
        let entropy = &*self.worker.shared.ports.entropy;
        let mut random = self.worker.random.borrow_mut();
        forwarding::to_upstream(
            &mut parts.headers,
            self.seen,
            admitted,
            &origin,
            self.record.request_id,
            |incoming, out| random.traceparent(incoming, entropy, out),
        )
    }

    fn relay(mut self, admitted: &Admitted, arrived: Arrived) -> Response<ToCaller> {
        let shared = &self.worker.shared;
        let (mut parts, body) = arrived.response.into_parts();
        parts.version = Version::HTTP_11;
        let seen = Seen::among(&parts.headers);
        forwarding::strip_hop_by_hop(&mut parts.headers, seen);
        let now = self.record.arrived;
        answer::complete(&mut parts.headers, admitted, &self.facts, &shared.config.portal_origins, now);
        self.record.outcome = Outcome::Admitted;
        self.record.status = parts.status.as_u16();
        if body.is_end_stream() {
            self.worker.pool.give_back(arrived.wire);
            self.record.finish();
            return Response::from_parts(parts, ToCaller::Whole(None));
        }
        let relay = Relay::new(self.worker, arrived.wire, body, self.record);
        Response::from_parts(parts, ToCaller::Relayed(Box::new(relay)))
    }

    fn refuse(mut self, refusal: &Refusal) -> Response<ToCaller> {
        let shared = &self.worker.shared;
        self.record.api.clone_from(&refusal.api);
        self.record.caller = refusal.caller;
        let settings = AnswerSettings {
            errors_base_url: &shared.config.errors_base_url,
            language: shared.config.language,
            portal_origins: &shared.config.portal_origins,
        };
        let response = answer::refusal(refusal, &self.facts, &settings, self.record.arrived);
        self.reply(response, refusal.outcome)
    }

    fn reply(mut self, response: Response<Bytes>, outcome: Outcome) -> Response<ToCaller> {
        self.record.status = response.status().as_u16();
        self.record.bytes_out = response.body().len() as u64;
        self.record.finish_as(outcome);
        response.map(|body| ToCaller::Whole(Some(body)))
    }
}

/// What the parser leaves to us (docs/architecture.md, "Engine"). Gives the host that was asked for.
fn check_head(parts: &Parts, seen: Seen) -> Result<Option<&str>, Outcome> {
    match parts.method {
        Method::CONNECT => return Err(Outcome::UpgradeUnsupported),
        Method::TRACE => return Err(Outcome::MethodNotAllowed),
        _ => {}
    }
    let headers = &parts.headers;
    if seen.framing {
        check_framing(headers)?;
    }
    if seen.upgrade
        && let Some(upgrade) = headers.get(header::UPGRADE)
    {
        // Browsers and curl offer h2c; an offer may be left aside (RFC 9110, 7.8).
        if !upgrade.as_bytes().eq_ignore_ascii_case(b"h2c") {
            return Err(Outcome::UpgradeUnsupported);
        }
    }
    if seen.expect
        && headers.get(header::EXPECT).is_some_and(|e| !e.as_bytes().eq_ignore_ascii_case(b"100-continue"))
    {
        return Err(Outcome::ExpectationUnsupported);
    }
    check_host(&parts.uri, headers, parts.version)
}

/// A body is framed in one way, by one header.
fn check_framing(headers: &HeaderMap) -> Result<(), Outcome> {
    let one = |name: HeaderName| headers.get_all(name).iter().nth(1).is_none();
    let encoding = headers.get(header::TRANSFER_ENCODING);
    let plain = encoding.is_none_or(|e| e.as_bytes().eq_ignore_ascii_case(b"chunked"));
    let length = headers.get(header::CONTENT_LENGTH);
    let digits = length.is_none_or(|l| !l.is_empty() && l.as_bytes().iter().all(u8::is_ascii_digit));
    let fits = plain
        && digits
        && !(encoding.is_some() && length.is_some())
        && one(header::TRANSFER_ENCODING)
        && one(header::CONTENT_LENGTH);
    if fits { Ok(()) } else { Err(Outcome::MalformedRequest) }
}

/// Exactly one `Host`, and one that is a host; the target's own authority stands before it (RFC 9112, 3.2.2).
fn check_host<'p>(
    uri: &'p Uri,
    headers: &'p HeaderMap,
    version: Version,
) -> Result<Option<&'p str>, Outcome> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let named = match (hosts.next(), hosts.next()) {
        (None, None) if version == Version::HTTP_10 => None,
        (Some(host), None) => {
            Some(host.to_str().ok().filter(|h| is_host(h)).ok_or(Outcome::MalformedRequest)?)
        }
        _ => return Err(Outcome::MalformedRequest),
    };
    match (uri.authority(), uri.scheme_str()) {
        (None, None) => Ok(named),
        (Some(authority), Some("http" | "https")) if is_host(authority.as_str()) => {
            Ok(Some(authority.as_str()))
        }
        _ => Err(Outcome::MalformedRequest),
    }
}

fn is_host(text: &str) -> bool {
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

/// Most bytes of a refused call's body that are read and thrown away, so that the caller reads the answer rather than
/// meets a closed connection.
const MOST_DISCARDED: u64 = 256 * 1024;

async fn discard(mut body: Incoming, headers: &HeaderMap) {
    let long = body.size_hint().upper().is_some_and(|length| length > MOST_DISCARDED);
    if body.is_end_stream() || long || headers.contains_key(header::EXPECT) {
        return;
    }
    let mut left = MOST_DISCARDED;
    while let Some(Ok(frame)) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        match left.checked_sub(frame.data_ref().map_or(0, |data| data.len() as u64)) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

fn id_value(id: RequestId) -> HeaderValue {
    let mut text = String::with_capacity(32);
    id.append_to(&mut text);
    HeaderValue::from_maybe_shared(Bytes::from(text)).unwrap_or(HeaderValue::from_static("req"))
}

/// Counts and logs what the parser refused: no call was in hand.
pub(super) fn note_failure(worker: &Rc<Worker>, connection: &Rc<CallerState>, error: &hyper::Error) {
    let (outcome, status) = match error {
        e if connection.stall.expired() && !connection.has_call() && !e.is_parse() => {
            // A connection that nobody used for a while is closed without a word, and that is no failure.
            if !connection.waits_in_head() {
                return;
            }
            (Outcome::RequestTimeout, 408)
        }
        e if e.is_parse_too_large() => (Outcome::HeaderTooLarge, 431),
        e if e.is_parse() => (Outcome::MalformedRequest, 400),
        _ => return,
    };
    let shared = &worker.shared;
    let now = shared.ports.clock.now();
    let mut record = CallRecord {
        worker: Rc::clone(worker),
        connection: Rc::clone(connection),
        arrived: now,
        started: shared.ports.clock.monotonic(),
        request_id: worker.random.borrow_mut().request_id(now, &*shared.ports.entropy),
        their_request_id: None,
        client_text: Rc::clone(&connection.peer_text),
        method: Method::from_bytes(b"-").unwrap_or_default(),
        uri: Uri::default(),
        host: None,
        api: None,
        caller: Caller::default(),
        admitted: false,
        outcome,
        status,
        upstream_us: None,
        body_in: None,
        bytes_out: 0,
        done: false,
    };
    record.finish();
}
