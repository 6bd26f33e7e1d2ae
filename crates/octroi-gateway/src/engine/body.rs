//! Bodies on their way: a caller's to the upstream, counted and bounded; an upstream's to the caller, counted, its
//! connection given back at the end.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use octroi_policy::Outcome;

use super::client::LibraryConn;
use super::record::CallRecord;
use super::server::OwnedAsked;
use super::upstream::Wire;
use super::worker::Worker;
use crate::rewrite::Rewriter;

/// A body that cannot go on. The outcome stands in the call's record.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the body was cut off: {0}")]
pub(super) struct CutOff(pub(super) Outcome);

/// What is known of a caller's body, shared by the body and the call's record.
#[derive(Debug, Default)]
pub(super) struct BodyCount {
    pub(super) bytes: Cell<u64>,
    /// Whether all of it was handed to the connection.
    pub(super) ended: Cell<bool>,
    pub(super) fault: Cell<Option<Outcome>>,
}

/// A caller's body on its way to the upstream. Trailers are not forwarded.
pub(super) struct ToUpstream(Option<Counted>);

struct Counted {
    body: Incoming,
    most: u64,
    count: Rc<BodyCount>,
}

impl ToUpstream {
    /// No body.
    pub(super) const fn none() -> Self {
        Self(None)
    }

    /// A body of at most `most` bytes.
    pub(super) fn new(body: Incoming, most: u64, count: Rc<BodyCount>) -> Self {
        Self(Some(Counted { body, most, count }))
    }

    /// Whether there is nothing to send.
    pub(super) const fn is_none(&self) -> bool {
        self.0.is_none()
    }

    /// What is known of it while it is sent; none where there is nothing to send.
    pub(super) fn count(&self) -> Option<Rc<BodyCount>> {
        self.0.as_ref().map(|counted| Rc::clone(&counted.count))
    }
}

impl Counted {
    fn note(&self, frame: Result<Frame<Bytes>, hyper::Error>) -> Option<Result<Frame<Bytes>, CutOff>> {
        let frame = match frame {
            Ok(frame) => frame,
            Err(error) => return Some(Err(self.fail(what_ended(&error)))),
        };
        let length = frame.data_ref()?.len() as u64;
        let bytes = self.count.bytes.get().saturating_add(length);
        self.count.bytes.set(bytes);
        Some(if bytes > self.most { Err(self.fail(Outcome::BodyTooLarge)) } else { Ok(frame) })
    }

    fn fail(&self, outcome: Outcome) -> CutOff {
        self.count.fault.set(Some(outcome));
        CutOff(outcome)
    }
}

/// Why a caller's body ended early.
fn what_ended(error: &hyper::Error) -> Outcome {
    let io =
        std::error::Error::source(error).and_then(|e| e.downcast_ref::<std::io::Error>()).map(|e| e.kind());
    match io {
        Some(std::io::ErrorKind::TimedOut) => Outcome::RequestTimeout,
        Some(std::io::ErrorKind::InvalidInput | std::io::ErrorKind::InvalidData) => Outcome::MalformedRequest,
        _ => Outcome::ClientGone,
    }
}

impl Body for ToUpstream {
    type Data = Bytes;
    type Error = CutOff;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        let Some(counted) = &mut self.get_mut().0 else { return Poll::Ready(None) };
        loop {
            let frame = ready!(Pin::new(&mut counted.body).poll_frame(cx));
            counted.count.ended.set(frame.is_none() || counted.body.is_end_stream());
            match frame.map(|frame| counted.note(frame)) {
                None => return Poll::Ready(None),
                Some(Some(noted)) => return Poll::Ready(Some(noted)),
                Some(None) => {}
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(|c| c.body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map_or_else(|| SizeHint::with_exact(0), |c| c.body.size_hint())
    }
}

/// An answer's body on its way to the caller.
pub(super) enum ToCaller {
    /// One of our own, or none.
    Whole(Option<Bytes>),
    /// An upstream's.
    Relayed(Box<Relay>),
}

/// An upstream's body, the connection that it comes by and the record of its call.
pub(super) struct Relay {
    pub(super) worker: Rc<Worker>,
    pub(super) wire: Option<Wire<LibraryConn>>,
    pub(super) body: Incoming,
    /// What the body goes through; none where it goes as it comes, or has ended.
    rewriter: Option<Box<Rewriter>>,
    pub(super) record: Box<CallRecord<OwnedAsked>>,
    broken: Option<CutOff>,
}

impl Relay {
    pub(super) fn new(
        worker: Rc<Worker>,
        wire: Wire<LibraryConn>,
        body: Incoming,
        rewriter: Option<Box<Rewriter>>,
        record: Box<CallRecord<OwnedAsked>>,
    ) -> Self {
        Self { worker, wire: Some(wire), body, rewriter, record, broken: None }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        if let Some(broken) = self.broken.take() {
            return Poll::Ready(Some(Err(broken)));
        }
        if let Some(outcome) = self.record.connection.cut_short()
            && self.wire.is_some()
        {
            self.wire = None;
            self.record.finish_as(outcome);
            return Poll::Ready(Some(Err(CutOff(outcome))));
        }
        loop {
            if let Some(wire) = &mut self.wire {
                wire.conn.drive(cx);
            }
            match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => {
                    let held = self.rewritten(&[], true).filter(|held| !held.is_empty());
                    self.record.bytes_out += held.as_ref().map_or(0, |held| held.len() as u64);
                    self.end();
                    return Poll::Ready(held.map(|held| Ok(Frame::data(held))));
                }
                Poll::Ready(Some(Err(_))) => {
                    let slow = self.wire.as_ref().is_some_and(Wire::timed_out);
                    let theirs = if slow { Outcome::UpstreamTimeout } else { Outcome::UpstreamBroken };
                    let outcome = self.record.callers_fault().unwrap_or(theirs);
                    self.wire = None;
                    self.record.finish_as(outcome);
                    // What came before goes out first: an error ends the caller's connection at once.
                    self.broken = Some(CutOff(outcome));
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Poll::Ready(Some(Ok(frame))) => {
                    let Ok(data) = frame.into_data() else { continue };
                    let ended = self.body.is_end_stream();
                    let data = self.rewritten(&data, ended).unwrap_or(data);
                    self.record.bytes_out += data.len() as u64;
                    if ended {
                        self.end();
                    }
                    if ended || !data.is_empty() {
                        return Poll::Ready(Some(Ok(Frame::data(data))));
                    }
                }
            }
        }
    }

    /// A piece of the body as the caller gets it; none where it goes as it came.
    fn rewritten(&mut self, piece: &[u8], ended: bool) -> Option<Bytes> {
        let rewriter = self.rewriter.as_mut()?;
        let mut out = Vec::with_capacity(piece.len() + piece.len() / 8);
        rewriter.pass(piece, &mut out);
        if ended {
            rewriter.end(&mut out);
            self.rewriter = None;
        }
        Some(out.into())
    }

    fn end(&mut self) {
        if let Some(wire) = self.wire.take() {
            self.worker.pool.give_back(wire);
        }
        self.record.finish();
    }
}

impl Body for ToCaller {
    type Data = Bytes;
    type Error = CutOff;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        match self.get_mut() {
            Self::Whole(bytes) => {
                Poll::Ready(bytes.take().filter(|b| !b.is_empty()).map(|b| Ok(Frame::data(b))))
            }
            Self::Relayed(relay) => relay.poll(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.as_ref().is_none_or(Bytes::is_empty),
            Self::Relayed(relay) => relay.rewriter.is_none() && relay.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |b| b.len() as u64)),
            Self::Relayed(relay) if relay.rewriter.is_some() => SizeHint::default(),
            Self::Relayed(relay) => relay.body.size_hint(),
        }
    }
}
