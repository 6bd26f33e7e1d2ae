//! The complete road: takes a call from the library, has it decided, and answers it or sends it on.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, Request, Response, Uri, Version};
use hyper::body::{Body, Incoming};
use octroi_policy::{Admitted, Caller, Outcome, Refusal};

use super::body::{BodyCount, Relay, ToCaller, ToUpstream};
use super::call::Call;
use super::client::LibraryLetter;
use super::record::{Asked, CallRecord, micros};
use super::stall::CallerState;
use super::upstream::Arrived;
use super::worker::Worker;
use crate::answer::Reply;
use crate::forwarding::{Seen, is_host};
use crate::pipeline::Decision;

/// Answers one call. Never fails: whatever goes wrong has an answer.
pub(super) async fn handle(
    worker: Rc<Worker>,
    connection: Rc<CallerState>,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Result<Response<ToCaller>, Infallible> {
    connection.begin_call();
    let (parts, body) = request.into_parts();
    let asked = OwnedAsked {
        method: parts.method.clone(),
        uri: parts.uri.clone(),
        host: parts.headers.get(header::HOST).cloned(),
    };
    let call = Call::new(Rc::clone(&worker), connection, peer, &parts.headers, asked);
    let mut response = answer(call, parts, body).await;
    if worker.ending.get() {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response)
}

/// What a call asks for, in the library's parts.
pub(super) struct OwnedAsked {
    method: Method,
    uri: Uri,
    host: Option<HeaderValue>,
}

impl Asked for OwnedAsked {
    fn method(&self) -> &Method {
        &self.method
    }

    fn path(&self) -> &str {
        self.uri.path()
    }

    fn host(&self) -> Option<&str> {
        match self.uri.authority() {
            Some(authority) => authority.as_str().rsplit('@').next(),
            None => self.host.as_ref().and_then(|h| h.to_str().ok()),
        }
    }
}

async fn answer(call: Call<OwnedAsked>, parts: Parts, body: Incoming) -> Response<ToCaller> {
    let decision = match check_head(&parts, call.seen) {
        Ok(host) => call.decide(&parts.headers, host, parts.uri.query(), body.size_hint().exact()),
        Err(outcome) => Decision::Refuse(Refusal::early(outcome)),
    };
    match decision {
        Decision::Forward(admitted) => forward(call, admitted, parts, body).await,
        Decision::Preflight(preflight) => replying(|headers| call.preflight(preflight, headers)),
        Decision::Refuse(refusal) => {
            discard(body, &parts.headers).await;
            replying(|headers| call.refuse(&refusal, headers))
        }
    }
}

/// An answer of our own, as the library sends it.
fn replying(make: impl FnOnce(&mut HeaderMap) -> Reply) -> Response<ToCaller> {
    let mut headers = HeaderMap::new();
    let reply = make(&mut headers);
    if reply.closes {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    let mut response = Response::new(ToCaller::Whole(Some(reply.body)));
    *response.status_mut() = reply.status;
    *response.headers_mut() = headers;
    response
}

/// Sends an admitted call on. What was admitted carries all that this needs: the catalogue is not seen here.
async fn forward(
    mut call: Call<OwnedAsked>,
    admitted: Admitted,
    mut parts: Parts,
    body: Incoming,
) -> Response<ToCaller> {
    let own = call.admit(&admitted, &mut parts.headers);
    let body = if body.is_end_stream() {
        ToUpstream::none()
    } else {
        let count = Rc::new(BodyCount::default());
        call.record.body_in = Some(Rc::clone(&count));
        ToUpstream::new(body, admitted.api().max_body_bytes, count)
    };
    let worker = Rc::clone(&call.worker);
    let clock = &worker.shared.ports.clock;
    let sent = clock.monotonic();
    let mut letter = LibraryLetter::new(&admitted, parts.method, parts.headers, own, body);
    let arrived = worker.pool.forward(&admitted, worker.next_turn(), &mut letter).await;
    let upstream_us = micros(clock.monotonic().saturating_sub(sent));
    call.record.upstream_us = Some(upstream_us);
    match arrived {
        Ok(arrived) => {
            let status = arrived.answer.status().as_u16();
            worker.measured.borrow_mut().observe_upstream(&arrived.target.origin, status, upstream_us);
            relay(call, &admitted, arrived)
        }
        Err(outcome) => replying(|headers| call.failed(&admitted, outcome, headers)),
    }
}

fn relay(
    mut call: Call<OwnedAsked>,
    admitted: &Admitted,
    arrived: Arrived<LibraryLetter<'_>>,
) -> Response<ToCaller> {
    let Arrived { answer, wire, target } = arrived;
    let (mut parts, body) = answer.into_parts();
    parts.version = Version::HTTP_11;
    let rewriter = call.complete(admitted, &target, &mut parts.headers, parts.status.as_u16());
    let Call { worker, mut record, .. } = call;
    if body.is_end_stream() {
        worker.pool.give_back(wire);
        record.finish();
        return Response::from_parts(parts, ToCaller::Whole(None));
    }
    let relay = Relay::new(worker, wire, body, rewriter, record);
    Response::from_parts(parts, ToCaller::Relayed(Box::new(relay)))
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
        asked: OwnedAsked {
            method: Method::from_bytes(b"-").unwrap_or_default(),
            uri: Uri::default(),
            host: None,
        },
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
