//! An upstream's answer on its way to the caller, on the fast road.

use std::future::poll_fn;
use std::io::{IoSlice, Write as _};
use std::pin::Pin;
use std::task::{Context, Poll};

use octroi_policy::Outcome;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::upstream::{BareConn, Framed};
use super::watch::Watch;
use crate::engine::upstream::Wire;
use crate::engine::worker::Worker;

/// A body on its way.
pub(super) struct Relay<'a> {
    pub(super) worker: &'a Worker,
    pub(super) caller: Watch<'a>,
    pub(super) wire: Option<Wire<BareConn>>,
    pub(super) framed: Framed,
    /// What waits to be sent, and how much of it is.
    pub(super) output: &'a mut Vec<u8>,
    sent: usize,
    pub(super) bytes_out: u64,
    ended: bool,
    /// Why the body breaks off, once what came before is sent.
    broken: Option<Outcome>,
}

impl<'a> Relay<'a> {
    /// `output`: the answer's head, as it will be sent.
    pub(super) fn new(
        worker: &'a Worker,
        caller: Watch<'a>,
        wire: Wire<BareConn>,
        framed: Framed,
        output: &'a mut Vec<u8>,
    ) -> Self {
        Self {
            worker,
            caller,
            wire: Some(wire),
            framed,
            output,
            sent: 0,
            bytes_out: 0,
            ended: false,
            broken: None,
        }
    }

    /// Sends the head and the body, whose beginning came with the upstream's head. An error says why it broke off: what
    /// came before has been sent.
    pub(super) async fn run(&mut self, first: &[u8]) -> Result<(), Outcome> {
        let body = self.begin(first);
        poll_fn(|cx| Poll::Ready(self.write_both(body, cx))).await?;
        poll_fn(|cx| self.poll(cx)).await
    }

    /// Takes the body's first bytes. Gives those that can be sent as they are.
    fn begin<'b>(&mut self, first: &'b [u8]) -> &'b [u8] {
        let (body, used) = match &mut self.framed {
            Framed::Never | Framed::Length(0) => {
                self.ended = true;
                (&first[..0], 0)
            }
            Framed::Length(left) => {
                let body = &first[..first.len().min(usize::try_from(*left).unwrap_or(usize::MAX))];
                *left -= body.len() as u64;
                self.ended = *left == 0;
                (body, body.len())
            }
            Framed::UntilClose => {
                encode(first, self.output);
                self.bytes_out += first.len() as u64;
                (&first[..0], first.len())
            }
            Framed::Chunked(_) => (&first[..0], self.pass_chunked(first)),
        };
        self.bytes_out += body.len() as u64;
        if used < first.len()
            && let Some(wire) = &mut self.wire
        {
            // An answer to nothing: nobody can tell whose it is.
            wire.last = true;
        }
        if self.ended {
            self.give_back();
        }
        body
    }

    /// Decodes and encodes anew. Tells how many bytes belong to the body.
    fn pass_chunked(&mut self, bytes: &[u8]) -> usize {
        let Framed::Chunked(chunks) = &mut self.framed else { return 0 };
        let (output, bytes_out) = (&mut *self.output, &mut self.bytes_out);
        let passed = chunks.pass(bytes, |data| {
            encode(data, output);
            *bytes_out += data.len() as u64;
        });
        self.ended = chunks.is_done();
        if self.ended {
            self.output.extend_from_slice(b"0\r\n\r\n");
        }
        passed.unwrap_or_else(|_| {
            self.broken = Some(Outcome::UpstreamBroken);
            bytes.len()
        })
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
        loop {
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
                None if self.ended => return Poll::Ready(Ok(())),
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
        let most = match self.framed {
            Framed::Length(left) => scratch.len().min(usize::try_from(left).unwrap_or(usize::MAX)),
            _ => scratch.len(),
        };
        let mut buf = ReadBuf::new(&mut scratch[..most]);
        let read = std::task::ready!(Pin::new(&mut wire.conn.stream).poll_read(cx, &mut buf));
        let came = buf.filled();
        if read.is_err() || came.is_empty() {
            return Poll::Ready(self.end_of_stream(read.is_ok()));
        }
        match self.framed {
            Framed::Chunked(_) => {
                let used = self.pass_chunked(came);
                if used < came.len()
                    && let Some(wire) = &mut self.wire
                {
                    wire.last = true;
                }
            }
            Framed::Length(ref mut left) => {
                *left -= came.len() as u64;
                self.ended = *left == 0;
                self.bytes_out += came.len() as u64;
                self.write_both(came, cx)?;
            }
            Framed::UntilClose | Framed::Never => {
                encode(came, self.output);
                self.bytes_out += came.len() as u64;
            }
        }
        if self.ended {
            self.give_back();
        }
        Poll::Ready(Ok(()))
    }

    fn end_of_stream(&mut self, in_order: bool) -> Result<(), Outcome> {
        let slow = self.wire.take().is_some_and(|wire| wire.timed_out());
        match self.framed {
            Framed::UntilClose if in_order => {
                self.output.extend_from_slice(b"0\r\n\r\n");
                self.ended = true;
                Ok(())
            }
            _ if slow => Err(Outcome::UpstreamTimeout),
            _ => Err(Outcome::UpstreamBroken),
        }
    }
}

/// Appends bytes as one chunk.
fn encode(data: &[u8], out: &mut Vec<u8>) {
    if !data.is_empty() {
        // Writing into memory cannot fail.
        let _ = write!(out, "{:x}\r\n", data.len());
        out.extend_from_slice(data);
        out.extend_from_slice(b"\r\n");
    }
}
