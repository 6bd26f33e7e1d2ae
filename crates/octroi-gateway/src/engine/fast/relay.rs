//! An upstream's answer on its way to the caller, on the fast road.

use std::future::poll_fn;
use std::io::IoSlice;
use std::pin::Pin;
use std::task::{Context, Poll};

use octroi_policy::Outcome;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::chunks::Malformed;
use super::passage::Passage;
use super::upstream::BareConn;
use super::watch::Watch;
use crate::engine::upstream::Wire;
use crate::engine::worker::Worker;

/// What one body may move before others have a turn, in bytes.
const MOST_AT_ONCE: u64 = 512 * 1024;

/// A body on its way.
pub(super) struct Relay<'a> {
    worker: &'a Worker,
    caller: Watch<'a>,
    wire: Option<Wire<BareConn>>,
    passage: Passage,
    /// What waits to be sent, and how much of it is.
    output: &'a mut Vec<u8>,
    sent: usize,
    /// Why the body breaks off, once what came before is sent.
    broken: Option<Outcome>,
}

impl<'a> Relay<'a> {
    /// `output`: the answer's head, as it will be sent.
    pub(super) fn new(
        worker: &'a Worker,
        caller: Watch<'a>,
        wire: Wire<BareConn>,
        passage: Passage,
        output: &'a mut Vec<u8>,
    ) -> Self {
        Self { worker, caller, wire: Some(wire), passage, output, sent: 0, broken: None }
    }

    /// Bytes of the body that went to the caller.
    pub(super) const fn bytes_out(&self) -> u64 {
        self.passage.bytes_out()
    }

    /// Sends the head and the body, whose beginning came with the upstream's head. An error says why it broke off: what
    /// came before has been sent.
    pub(super) async fn run(&mut self, first: &[u8]) -> Result<(), Outcome> {
        let body = self.take(first);
        poll_fn(|cx| Poll::Ready(self.write_both(body, cx))).await?;
        poll_fn(|cx| self.poll(cx)).await
    }

    /// Takes what came from the upstream. Gives what is sent as it is; the rest waits in the output.
    fn take<'b>(&mut self, came: &'b [u8]) -> &'b [u8] {
        let (body, used) = self.passage.take(came, self.output).unwrap_or_else(|Malformed| {
            self.broken = Some(Outcome::UpstreamBroken);
            (&came[..0], came.len())
        });
        if used < came.len()
            && let Some(wire) = &mut self.wire
        {
            // An answer to nothing: nobody can tell whose it is.
            wire.last = true;
        }
        if self.passage.ended {
            self.give_back();
        }
        body
    }

    fn give_back(&mut self) {
        if let Some(wire) = self.wire.take() {
            self.worker.bare.give_back(wire);
        }
    }

    /// Sends what waits and `body` behind it in one go, as far as they go; keeps the rest.
    fn write_both(&mut self, body: &[u8], cx: &mut Context<'_>) -> Result<(), Outcome> {
        let pieces = [IoSlice::new(self.output), IoSlice::new(body)];
        let pieces = if body.is_empty() { &pieces[..1] } else { &pieces[..] };
        let written = match Pin::new(&mut *self.caller.io).poll_write_vectored(cx, pieces) {
            Poll::Ready(Ok(written @ 1..)) => written,
            Poll::Ready(_) => return Err(Outcome::ClientGone),
            Poll::Pending => 0,
        };
        let of_body = written.saturating_sub(self.output.len());
        self.sent = written - of_body;
        if self.sent == self.output.len() {
            self.output.clear();
            self.sent = 0;
        }
        self.output.extend_from_slice(&body[of_body..]);
        Ok(())
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Outcome>> {
        let most = self.bytes_out().saturating_add(MOST_AT_ONCE);
        loop {
            if self.caller.is_cut_short() {
                return Poll::Ready(Err(Outcome::ClientGone));
            }
            if self.bytes_out() > most {
                // Others of this worker have a turn.
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            while self.sent < self.output.len() {
                match Pin::new(&mut *self.caller.io).poll_write(cx, &self.output[self.sent..]) {
                    Poll::Ready(Ok(written @ 1..)) => self.sent += written,
                    Poll::Ready(_) => return Poll::Ready(Err(Outcome::ClientGone)),
                    Poll::Pending => return Poll::Pending,
                }
            }
            self.output.clear();
            self.sent = 0;
            match self.broken {
                Some(outcome) => return Poll::Ready(Err(outcome)),
                None if self.passage.ended => return Poll::Ready(Ok(())),
                None => {}
            }
            match self.poll_upstream(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(outcome)) => return Poll::Ready(Err(outcome)),
                Poll::Pending if self.caller.has_left(cx) => return Poll::Ready(Err(Outcome::ClientGone)),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Reads once from the upstream, and sends on what came.
    fn poll_upstream(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Outcome>> {
        let Some(wire) = &mut self.wire else { return Poll::Ready(Err(Outcome::UpstreamBroken)) };
        let worker = self.worker;
        let mut scratch = worker.scratch.borrow_mut();
        let most = scratch.len().min(self.passage.most());
        let mut buf = ReadBuf::new(&mut scratch[..most]);
        let read = std::task::ready!(Pin::new(&mut wire.conn.stream).poll_read(cx, &mut buf));
        let came = buf.filled();
        if read.is_err() || came.is_empty() {
            return Poll::Ready(self.end_of_stream(read.is_ok()));
        }
        let body = self.take(came);
        if !body.is_empty() {
            self.write_both(body, cx)?;
        }
        Poll::Ready(Ok(()))
    }

    fn end_of_stream(&mut self, in_order: bool) -> Result<(), Outcome> {
        let slow = self.wire.take().is_some_and(|wire| wire.timed_out());
        match slow {
            false if in_order && self.passage.close(self.output) => Ok(()),
            true => Err(Outcome::UpstreamTimeout),
            false => Err(Outcome::UpstreamBroken),
        }
    }
}
