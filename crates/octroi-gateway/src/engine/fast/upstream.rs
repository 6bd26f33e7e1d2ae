//! The fast road's way to an upstream: a head written as bytes, an answer's head read where it stands.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Method;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use octroi_domain::api::Timeouts;
use octroi_policy::catalogue::Target;
use octroi_policy::{Admitted, Headers, Outcome};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::chunks::Chunks;
use super::watch::Watch;
use crate::engine::upstream::{Conn, Letter, Lost, Stream, Wire, is_idempotent, says_close};
use crate::forwarding::OwnHeaders;
use crate::lines::{Line, Lines, Parsed, StatusLine, parse_answer, push_line, values};

/// First room for what an upstream sends, and most of an answer's head, in bytes.
const ROOM: usize = 16 * 1024;
const MOST_HEAD: usize = 64 * 1024;
/// Answers that are not the last one (RFC 9110, 15.2), before it is not waited for any more.
const MOST_INTERIM: u32 = 16;

/// A connection whose bytes are ours.
pub(in crate::engine) struct BareConn {
    pub(super) stream: Stream,
    open: bool,
}

impl Conn for BareConn {
    async fn open(stream: Stream) -> Result<Self, Outcome> {
        Ok(Self { stream, open: true })
    }

    fn is_reusable(&mut self, cx: &mut Context<'_>) -> bool {
        // Whatever comes now is the end, or an answer to nothing.
        let mut byte = [0; 1];
        self.open &= Pin::new(&mut self.stream).poll_read(cx, &mut ReadBuf::new(&mut byte)).is_pending();
        self.open
    }

    fn is_open(&self) -> bool {
        self.open
    }
}

/// What an upstream sent: as many bytes as came, in room that is kept from call to call.
#[derive(Default)]
pub(super) struct Received {
    room: Vec<u8>,
    filled: usize,
}

impl Received {
    pub(super) fn clear(&mut self) {
        self.filled = 0;
        if self.room.len() > ROOM {
            self.room = Vec::new();
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.room[..self.filled]
    }

    /// Reads once. Tells how many bytes came.
    fn poll_fill(&mut self, stream: &mut Stream, cx: &mut Context<'_>) -> Poll<std::io::Result<usize>> {
        if self.filled == self.room.len() {
            self.room.resize((self.filled * 2).clamp(ROOM, MOST_HEAD), 0);
        }
        let mut buf = ReadBuf::new(&mut self.room[self.filled..]);
        std::task::ready!(Pin::new(stream).poll_read(cx, &mut buf))?;
        let came = buf.filled().len();
        self.filled += came;
        Poll::Ready(Ok(came))
    }

    fn is_full(&self) -> bool {
        self.filled >= MOST_HEAD
    }

    fn forget(&mut self, first: usize) {
        self.room.copy_within(first..self.filled, 0);
        self.filled -= first;
    }
}

/// How the body of an answer is framed.
pub(super) enum Framed {
    /// There is none, whatever the head says.
    Never,
    Length(u64),
    Chunked(Chunks),
    UntilClose,
}

/// An answer's head. Its bytes are in what was received.
pub(super) struct Answer {
    pub(super) line: StatusLine,
    /// Length of the head in bytes.
    pub(super) length: usize,
    pub(super) framed: Framed,
}

/// A call without a body on its way to an upstream.
pub(super) struct BareLetter<'a, 'h> {
    pub(super) admitted: &'a Admitted,
    pub(super) method: &'a Method,
    /// The caller's headers, without what the upstream must not receive.
    pub(super) headers: &'a Lines<'h>,
    pub(super) own: &'a OwnHeaders,
    /// The request's head, as it is sent.
    pub(super) head: &'a mut Vec<u8>,
    pub(super) received: &'a mut Received,
    pub(super) lines: &'a mut Vec<Line>,
    pub(super) caller: Watch<'a>,
}

impl Letter for BareLetter<'_, '_> {
    type Conn = BareConn;
    type Answer = Answer;

    fn address(&mut self, target: &Target) -> Result<(), Outcome> {
        let path = self.admitted.path_and_query(target);
        let head = &mut *self.head;
        head.clear();
        for part in [self.method.as_str(), " ", &path, " HTTP/1.1\r\n"] {
            head.extend_from_slice(part.as_bytes());
        }
        push_line(b"host", target.authority.as_bytes(), head);
        self.headers.write(head);
        self.own.write(head);
        head.extend_from_slice(b"\r\n");
        Ok(())
    }

    fn is_repeatable(&self) -> bool {
        is_idempotent(self.method)
    }

    async fn send(
        &mut self,
        wire: &mut Wire<BareConn>,
        _: &Target,
        timeouts: Timeouts,
    ) -> Result<Answer, Lost> {
        wire.state.give_for_head(u64::from(timeouts.first_byte_ms));
        self.received.clear();
        let (mut sent, mut interim) = (0, 0);
        let answered = poll_fn(|cx| self.poll_answer(wire, &mut sent, &mut interim, cx)).await;
        let (line, length) = answered.map_err(|lost| match lost {
            Lost::Unanswered(_) | Lost::Answered(_) if wire.timed_out() => {
                Lost::Answered(Outcome::UpstreamTimeout)
            }
            lost => lost,
        })?;
        wire.state.give(u64::from(timeouts.idle_ms));
        let mut none = Vec::new();
        let headers = Lines::new(self.received.bytes(), self.lines, &mut none);
        let framed = frame(self.method, line, &headers).ok_or(Lost::UNSOUND)?;
        wire.last = line.version == 0
            || sent < self.head.len()
            || matches!(framed, Framed::UntilClose)
            || says_close(&headers);
        Ok(Answer { line, length, framed })
    }
}

impl BareLetter<'_, '_> {
    /// Sends what can be sent, and reads on until the answer's head is whole.
    fn poll_answer(
        &mut self,
        wire: &mut Wire<BareConn>,
        sent: &mut usize,
        interim: &mut u32,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(StatusLine, usize), Lost>> {
        let broken = |sent: usize, came: usize| match (sent, came) {
            (0, _) => Lost::Unsent,
            (_, 0) => Lost::Unanswered(Outcome::UpstreamBroken),
            _ => Lost::UNSOUND,
        };
        let mut writes = Poll::Ready(());
        while *sent < self.head.len() {
            match Pin::new(&mut wire.conn.stream).poll_write(cx, &self.head[*sent..]) {
                Poll::Ready(Ok(written @ 1..)) => *sent += written,
                Poll::Ready(_) => return Poll::Ready(Err(broken(*sent, self.received.filled))),
                Poll::Pending => {
                    writes = Poll::Pending;
                    break;
                }
            }
        }
        // What TLS took in may still wait within it.
        if writes.is_ready() && matches!(Pin::new(&mut wire.conn.stream).poll_flush(cx), Poll::Ready(Err(_)))
        {
            return Poll::Ready(Err(broken(*sent, self.received.filled)));
        }
        loop {
            match self.received.poll_fill(&mut wire.conn.stream, cx) {
                Poll::Pending => break,
                Poll::Ready(Ok(came @ 1..)) => {
                    let fresh = self.received.filled - came;
                    // A head's end is a line's end: nothing to be read anew before one comes.
                    if memchr::memchr(b'\n', &self.received.bytes()[fresh..]).is_some()
                        && let Some(read) = self.read_head(interim)
                    {
                        return Poll::Ready(read);
                    }
                    if self.received.is_full() {
                        return Poll::Ready(Err(Lost::UNSOUND));
                    }
                }
                Poll::Ready(_) => return Poll::Ready(Err(broken(*sent, self.received.filled))),
            }
        }
        if self.caller.has_left(cx) {
            return Poll::Ready(Err(Lost::Answered(Outcome::ClientGone)));
        }
        Poll::Pending
    }

    /// The head of the answer, where all of it is there; those before the last are passed over.
    fn read_head(&mut self, interim: &mut u32) -> Option<Result<(StatusLine, usize), Lost>> {
        loop {
            let Received { room, filled } = &mut *self.received;
            match parse_answer(&mut room[..*filled], self.lines) {
                Parsed::Part => return None,
                Parsed::Bad => return Some(Err(Lost::UNSOUND)),
                Parsed::Whole(line, length) => match line.status {
                    101 | 0..100 => return Some(Err(Lost::UNSOUND)),
                    102..200 | 100 => {
                        *interim += 1;
                        if *interim > MOST_INTERIM {
                            return Some(Err(Lost::UNSOUND));
                        }
                        self.received.forget(length);
                    }
                    _ => return Some(Ok((line, length))),
                },
            }
        }
    }
}

/// How an answer is framed (RFC 9112, 6.3); none where it could be read in two ways.
fn frame(method: &Method, line: StatusLine, headers: &impl Headers) -> Option<Framed> {
    let mut lengths = values(headers, &CONTENT_LENGTH);
    let length = match (lengths.next(), lengths.next()) {
        (None, _) => None,
        (Some(length), None) => Some(read_length(length)?),
        _ => return None,
    };
    if *method == Method::HEAD || matches!(line.status, 204 | 304) {
        return Some(Framed::Never);
    }
    let mut encodings = values(headers, &TRANSFER_ENCODING);
    let chunked = match (encodings.next(), encodings.next()) {
        (None, _) => false,
        (Some(encoding), None) => encoding.eq_ignore_ascii_case(b"chunked").then_some(true)?,
        _ => return None,
    };
    Some(match (length, chunked) {
        (Some(_), true) => return None,
        (None, true) if line.version == 0 => return None,
        (None, true) => Framed::Chunked(Chunks::new()),
        (Some(length), false) => Framed::Length(length),
        (None, false) => Framed::UntilClose,
    })
}

fn read_length(text: &[u8]) -> Option<u64> {
    let digits =
        std::str::from_utf8(text).ok().filter(|t| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit()))?;
    digits.parse().ok()
}
