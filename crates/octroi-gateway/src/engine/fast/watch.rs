//! Looks after a caller who waits: whether it is still there, and what it sends meanwhile.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;

use crate::engine::stall::CallerIo;
use crate::engine::worker::Worker;

/// The connection of a caller.
pub(in crate::engine) type CallerStream = CallerIo<TcpStream>;

/// What a caller may send before its call is answered; the rest waits in the kernel.
const MOST_AHEAD: usize = 64 * 1024;

/// Reads once from a caller, by the worker's own room: connections that wait for nothing hold none. Tells how many bytes
/// came.
pub(super) fn poll_read(
    worker: &Worker,
    io: &mut CallerStream,
    cx: &mut Context<'_>,
    into: &mut Vec<u8>,
) -> Poll<std::io::Result<usize>> {
    let mut scratch = worker.scratch.borrow_mut();
    let mut buf = ReadBuf::new(&mut scratch);
    ready!(Pin::new(io).poll_read(cx, &mut buf))?;
    into.extend_from_slice(buf.filled());
    Poll::Ready(Ok(buf.filled().len()))
}

/// A caller who waits.
pub(super) struct Watch<'a> {
    pub(super) worker: &'a Worker,
    pub(super) io: &'a mut CallerStream,
    /// What it sent meanwhile.
    pub(super) ahead: &'a mut Vec<u8>,
}

impl Watch<'_> {
    /// Whether its call may not go on.
    pub(super) fn is_cut_short(&self) -> bool {
        self.io.state().cut_short().is_some()
    }

    /// Whether the caller has gone. Registers to be told.
    pub(super) fn has_left(&mut self, cx: &mut Context<'_>) -> bool {
        while self.ahead.len() < MOST_AHEAD {
            match poll_read(self.worker, self.io, cx, self.ahead) {
                Poll::Pending => return false,
                Poll::Ready(Ok(1..)) => {}
                Poll::Ready(_) => return true,
            }
        }
        false
    }
}
