//! The fast road: plain HTTP/1.1 calls without a body, their heads rewritten from bytes to bytes. Whatever is unusual is
//! handed to the complete road, with the bytes that were read (docs/architecture.md, "Engine"): this road never
//! refuses what it does not understand, and takes nothing that could be read in two ways.

mod chunks;
mod passage;
mod relay;
mod upstream;
mod watch;

use std::future::poll_fn;
use std::net::SocketAddr;
use std::rc::Rc;
use std::task::Poll;
use std::time::{Duration, UNIX_EPOCH};

use http::header::{CONNECTION, DATE, HOST};
use http::{Method, StatusCode};
use octroi_domain::time::Timestamp;
use octroi_policy::{Headers, Outcome};
use tokio::io::AsyncWriteExt;

use super::call::Call;
use super::record::{Asked, micros};
use super::stall::CallerState;
use super::upstream::Arrived;
use super::worker::Worker;
use crate::answer::Reply;
use crate::forwarding::is_host;
use crate::lines::{HeaderLines, Line, Lines, Parsed, RequestLine, Span, parse_request, push_line};
use crate::pipeline::Decision;
use passage::Passage;
use relay::Relay;
pub(super) use upstream::BareConn;
use upstream::{Answer, BareLetter, Received};
use watch::{CallerStream, Watch, poll_read};

/// Longer heads take the complete road.
const MOST_HEAD: usize = 16 * 1024;
/// So do heads that come in more pieces than this.
const MOST_PIECES: u32 = 4;

/// The memory of one call in hand, kept by the worker for the next.
#[derive(Default)]
pub(super) struct Exchange {
    /// What the caller sent: the head of the call in hand.
    input: Vec<u8>,
    lines: Vec<Line>,
    /// What it sent since.
    ahead: Vec<u8>,
    /// Header lines of ours.
    own: Vec<u8>,
    /// What is sent: the head for the upstream, then what goes to the caller.
    output: Vec<u8>,
    received: Received,
    answer_lines: Vec<Line>,
}

impl Exchange {
    /// Whether it is worth keeping: no more memory than usual calls need.
    pub(super) fn is_small(&self) -> bool {
        self.input.capacity() + self.ahead.capacity() + self.output.capacity() <= 64 * 1024
    }

    fn begin_next(&mut self) {
        self.input.clear();
        std::mem::swap(&mut self.input, &mut self.ahead);
        self.output.clear();
        self.received.clear();
    }
}

/// A connection of a caller on the fast road.
pub(super) struct Road<'w> {
    pub(super) worker: &'w Rc<Worker>,
    pub(super) state: &'w Rc<CallerState>,
    pub(super) peer: SocketAddr,
}

/// How a connection left the fast road.
pub(super) enum Left {
    /// To the complete road, which begins with these bytes.
    HandedOver(Vec<u8>),
    /// It is over.
    Ended,
}

/// What comes after a call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    Next,
    Close,
}

impl Road<'_> {
    /// Serves calls as long as they are plain.
    pub(super) async fn serve(&self, io: &mut CallerStream) -> Left {
        while let Some(mut exchange) = self.wait(io).await {
            while !exchange.input.is_empty() {
                let Some(plain) = self.head(io, &mut exchange).await else {
                    return Left::HandedOver(std::mem::take(&mut exchange.input));
                };
                if self.call(plain, io, &mut exchange).await == Then::Close {
                    // The caller has all of it, or has gone: nothing is left to be told.
                    let _ = io.shutdown().await;
                    return Left::Ended;
                }
                exchange.begin_next();
            }
            self.worker.keep(exchange);
        }
        Left::Ended
    }

    /// Waits for the first bytes of a call.
    async fn wait(&self, io: &mut CallerStream) -> Option<Exchange> {
        poll_fn(|cx| {
            let mut exchange = self.worker.exchange();
            match poll_read(self.worker, io, cx, &mut exchange.input) {
                Poll::Ready(Ok(1..)) => return Poll::Ready(Some(exchange)),
                Poll::Pending if !self.state.draining.get() => {}
                _ => return Poll::Ready(None),
            }
            self.worker.keep(exchange);
            Poll::Pending
        })
        .await
    }

    /// The head of a plain call; none where it is not plain, or does not come.
    async fn head(&self, io: &mut CallerStream, exchange: &mut Exchange) -> Option<Plain> {
        for _ in 0..MOST_PIECES {
            let Exchange { input, lines, own, .. } = &mut *exchange;
            match parse_request(input, lines) {
                Parsed::Whole(line, length) if length == input.len() => {
                    return Plain::of(line, &Lines::new(input, lines, own));
                }
                Parsed::Part if input.len() < MOST_HEAD => {}
                _ => return None,
            }
            let came = poll_fn(|cx| poll_read(self.worker, io, cx, &mut exchange.input)).await;
            came.ok().filter(|came| *came > 0)?;
        }
        None
    }

    async fn call(&self, plain: Plain, io: &mut CallerStream, exchange: &mut Exchange) -> Then {
        self.state.begin_call();
        let Exchange { input, lines, ahead, own, output, received, answer_lines } = exchange;
        let mut headers = Lines::new(input, lines, own);
        let target = plain.target.text(input);
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        let host = plain.host.text(input);
        let asked = PlainAsked { method: plain.method.clone(), path, host };
        let (worker, state) = (Rc::clone(self.worker), Rc::clone(self.state));
        let mut call = Call::new(worker, state, self.peer, &headers, asked);
        let admitted = match call.decide(&headers, Some(host), query, Some(0)) {
            Decision::Forward(admitted) => admitted,
            Decision::Preflight(preflight) => {
                let mut headers = Lines::new(&[], &mut [], own);
                let reply = call.preflight(preflight, &mut headers);
                return self.reply(&reply, &headers, &plain, io, output).await;
            }
            Decision::Refuse(refusal) => {
                let mut headers = Lines::new(&[], &mut [], own);
                let reply = call.refuse(&refusal, &mut headers);
                return self.reply(&reply, &headers, &plain, io, output).await;
            }
        };
        let ours = call.admit(&admitted, &mut headers);
        ours.names().chain([&HOST]).for_each(|name| headers.remove(name));
        let clock = &self.worker.shared.ports.clock;
        let sent = clock.monotonic();
        let mut letter = BareLetter {
            admitted: &admitted,
            method: &plain.method,
            headers: &headers,
            own: &ours,
            head: output,
            received,
            lines: answer_lines,
            caller: Watch { worker: self.worker, io, ahead },
        };
        let arrived = self.worker.bare.forward(&admitted, self.worker.next_turn(), &mut letter).await;
        let upstream_us = micros(clock.monotonic().saturating_sub(sent));
        call.record.upstream_us = Some(upstream_us);
        let Arrived { answer, wire, target } = match arrived {
            Ok(arrived) => arrived,
            // The record says so when it is dropped.
            Err(Outcome::ClientGone) if call.record.callers_fault().is_none() => return Then::Close,
            Err(outcome) => {
                let mut headers = Lines::new(&[], &mut [], own);
                let reply = call.failed(&admitted, outcome, &mut headers);
                return self.reply(&reply, &headers, &plain, io, output).await;
            }
        };
        let Answer { line, length, framed } = answer;
        self.worker.measured.borrow_mut().observe_upstream(&target.origin, line.status, upstream_us);
        let (head, first) = received.bytes().split_at(length);
        let mut headers = Lines::new(head, answer_lines, own);
        let rewriter = call.complete(&admitted, &target, &mut headers, line.status);
        let then = self.after(&plain);
        begin_answer(line.status, line.reason.bytes(head), output);
        headers.write(output);
        let passage = Passage::new(framed, rewriter);
        if passage.is_chunked {
            push_line(b"transfer-encoding", b"chunked", output);
        }
        self.end_head(&headers, then, output);
        let caller = Watch { worker: self.worker, io, ahead };
        let mut relay = Relay::new(self.worker, caller, wire, passage, output);
        let ended = relay.run(first).await;
        call.record.bytes_out = relay.bytes_out();
        match ended {
            Ok(()) => call.record.finish(),
            Err(outcome) => {
                let outcome = call.record.callers_fault().unwrap_or(outcome);
                call.record.finish_as(outcome);
            }
        }
        if ended.is_ok() { then } else { Then::Close }
    }

    /// What comes after this call.
    fn after(&self, plain: &Plain) -> Then {
        if plain.closes || self.worker.ending.get() { Then::Close } else { Then::Next }
    }

    /// Sends an answer of our own.
    async fn reply(
        &self,
        reply: &Reply,
        headers: &Lines<'_>,
        plain: &Plain,
        io: &mut CallerStream,
        output: &mut Vec<u8>,
    ) -> Then {
        let then = if reply.closes { Then::Close } else { self.after(plain) };
        let (status, body) = (reply.status, &reply.body);
        begin_answer(status.as_u16(), status.canonical_reason().unwrap_or_default().as_bytes(), output);
        headers.write(output);
        if status != StatusCode::NO_CONTENT {
            push_line(b"content-length", itoa::Buffer::new().format(body.len()).as_bytes(), output);
        }
        self.end_head(headers, then, output);
        if plain.method != Method::HEAD {
            output.extend_from_slice(body);
        }
        match io.write_all(output).await {
            Ok(()) => then,
            Err(_) => Then::Close,
        }
    }

    /// Ends the head of an answer: the date (RFC 9110, 6.6.1), and what becomes of the connection.
    fn end_head(&self, headers: &impl Headers, then: Then, out: &mut Vec<u8>) {
        if headers.value(&DATE, 0).is_none() {
            let now = self.worker.shared.ports.clock.now();
            push_line(b"date", self.worker.date.borrow_mut().of(now).as_bytes(), out);
        }
        if then == Then::Close {
            push_line(b"connection", b"close", out);
        }
        out.extend_from_slice(b"\r\n");
    }
}

fn begin_answer(status: u16, reason: &[u8], out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(itoa::Buffer::new().format(status).as_bytes());
    out.push(b' ');
    out.extend_from_slice(reason);
    out.extend_from_slice(b"\r\n");
}

/// The present moment as HTTP writes it (RFC 9110, 5.6.7), made once a second.
#[derive(Default)]
pub(super) struct DateText {
    second: u64,
    text: String,
}

impl DateText {
    fn of(&mut self, now: Timestamp) -> &str {
        let second = u64::try_from(now.as_secs()).unwrap_or(0);
        if self.text.is_empty() || second != self.second {
            self.second = second;
            self.text = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(second));
        }
        &self.text
    }
}

/// A call that the fast road takes.
struct Plain {
    method: Method,
    target: Span,
    host: Span,
    /// Whether the caller wants the connection to end.
    closes: bool,
}

impl Plain {
    fn of(line: RequestLine, headers: &Lines<'_>) -> Option<Self> {
        let method = match line.method.bytes(headers.head()) {
            b"GET" => Method::GET,
            b"HEAD" => Method::HEAD,
            b"OPTIONS" => Method::OPTIONS,
            b"DELETE" => Method::DELETE,
            _ => return None,
        };
        let mut usual = line.version == 1 && is_plain_target(line.target.bytes(headers.head()));
        headers.each_name(|name| usual &= !is_odd(name));
        let host = headers.only(&HOST).filter(|host| is_host(host.text(headers.head())))?;
        let closes = match headers.value(&CONNECTION, 0) {
            None => false,
            Some(_) if headers.value(&CONNECTION, 1).is_some() => return None,
            Some(word) if word.eq_ignore_ascii_case(b"keep-alive") => false,
            Some(word) if word.eq_ignore_ascii_case(b"close") => true,
            Some(_) => return None,
        };
        usual.then_some(Self { method, target: line.target, host, closes })
    }
}

/// Headers that frame a body, change the connection, or want something of it.
fn is_odd(name: &str) -> bool {
    matches!(
        name,
        "content-length"
            | "content_length"
            | "transfer-encoding"
            | "transfer_encoding"
            | "upgrade"
            | "expect"
            | "te"
            | "trailer"
            | "http2-settings"
            | "keep-alive"
            | "proxy-connection"
    )
}

/// Whether a request target is a path and a query in the characters of RFC 3986, which everybody reads alike.
fn is_plain_target(target: &[u8]) -> bool {
    let plain = |b: &u8| {
        b.is_ascii_alphanumeric()
            || matches!(
                b,
                b'/' | b'?'
                    | b'%'
                    | b'-'
                    | b'.'
                    | b'_'
                    | b'~'
                    | b'!'
                    | b'$'
                    | b'&'
                    | b'\''
                    | b'('
                    | b')'
                    | b'*'
                    | b'+'
                    | b','
                    | b';'
                    | b'='
                    | b':'
                    | b'@'
            )
    };
    target.first() == Some(&b'/') && target.iter().all(plain)
}

/// What a plain call asks for.
struct PlainAsked<'h> {
    method: Method,
    path: &'h str,
    host: &'h str,
}

impl Asked for PlainAsked<'_> {
    fn method(&self) -> &Method {
        &self.method
    }

    fn path(&self) -> &str {
        self.path
    }

    fn host(&self) -> Option<&str> {
        Some(self.host)
    }
}
