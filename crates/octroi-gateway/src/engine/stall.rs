//! Patience, without a timer for each connection: connections note since when they wait, and one sweep per worker ends
//! those that wait too long.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use octroi_policy::{Outcome, Pass};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::framing::{Framing, Place};
use crate::config::Timings;

/// A worker's clock: milliseconds, moved on by its sweep and by each new connection. Never zero.
pub(super) type CoarseClock = Rc<Cell<u64>>;

/// Since when one connection waits. Zero: it does not.
pub(super) struct Stall {
    clock: CoarseClock,
    reading: Cell<u64>,
    writing: Cell<u64>,
    expired: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Stall {
    fn new(clock: CoarseClock) -> Self {
        Self {
            clock,
            reading: Cell::new(0),
            writing: Cell::new(0),
            expired: Cell::new(false),
            waker: RefCell::new(None),
        }
    }

    pub(super) fn now(&self) -> u64 {
        self.clock.get()
    }

    /// Whether the sweep ended it.
    pub(super) fn expired(&self) -> bool {
        self.expired.get()
    }

    /// Ends it: what it waits for fails.
    fn expire(&self) {
        self.expired.set(true);
        self.wake();
    }

    pub(super) fn wake(&self) {
        let waker = self.waker.borrow_mut().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn wait(&self, since: &Cell<u64>, cx: &Context<'_>) {
        if since.get() == 0 {
            since.set(self.now());
        }
        let mut slot = self.waker.borrow_mut();
        if !slot.as_ref().is_some_and(|w| w.will_wake(cx.waker())) {
            *slot = Some(cx.waker().clone());
        }
    }

    /// Begins to count anew what is waited for by reading.
    fn restart_reading(&self) {
        if self.reading.get() != 0 {
            self.reading.set(self.now());
        }
    }

    fn waited(&self, since: &Cell<u64>) -> u64 {
        match since.get() {
            0 => 0,
            since => self.now().saturating_sub(since),
        }
    }

    fn check(&self) -> io::Result<()> {
        if self.expired() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(()) }
    }
}

/// What is known of a caller's connection.
pub(super) struct CallerState {
    pub(super) stall: Stall,
    /// The address of the connection, as text.
    pub(super) peer_text: Rc<str>,
    place: Cell<Place>,
    head_since: Cell<u64>,
    body_bytes: Cell<u64>,
    body_waited: Cell<u64>,
    in_flight: Cell<bool>,
    /// Whether a call was ever in hand.
    served: Cell<bool>,
    /// Whether the connection is to end after the call in hand.
    pub(super) draining: Cell<bool>,
    /// What admitted the call in hand.
    pass: Cell<Option<Pass>>,
    /// Whether that was revoked meanwhile.
    revoked: Cell<bool>,
}

impl CallerState {
    pub(super) fn new(clock: CoarseClock, peer: IpAddr) -> Self {
        let since = clock.get();
        Self {
            stall: Stall::new(clock),
            peer_text: peer.to_canonical().to_string().into(),
            place: Cell::new(Place::Boundary),
            head_since: Cell::new(since),
            body_bytes: Cell::new(0),
            body_waited: Cell::new(0),
            in_flight: Cell::new(false),
            served: Cell::new(false),
            draining: Cell::new(false),
            pass: Cell::new(None),
            revoked: Cell::new(false),
        }
    }

    /// Whether a call was ever in hand.
    pub(super) fn has_served(&self) -> bool {
        self.served.get()
    }

    /// The call in hand was admitted by this.
    pub(super) fn admitted_by(&self, pass: Option<Pass>) {
        self.pass.set(pass);
    }

    /// What admitted the call in hand.
    pub(super) fn pass(&self) -> Option<Pass> {
        self.pass.get()
    }

    /// Ends the call in hand, and the connection with it: what admitted it was revoked.
    pub(super) fn revoke(&self) {
        self.revoked.set(true);
        self.stall.expire();
    }

    /// Why the call in hand cannot go on, where that is so.
    pub(super) fn cut_short(&self) -> Option<Outcome> {
        self.revoked.get().then_some(Outcome::CredentialRevoked)
    }

    /// A call is in hand now.
    pub(super) fn begin_call(&self) {
        self.in_flight.set(true);
        self.served.set(true);
    }

    /// Whether a call is in hand.
    pub(super) fn has_call(&self) -> bool {
        self.in_flight.get()
    }

    /// No call is in hand any more. However long it took: what comes next has all its time.
    pub(super) fn end_call(&self) {
        self.in_flight.set(false);
        self.pass.set(None);
        self.head_since.set(self.stall.now());
        self.stall.restart_reading();
    }

    fn moved(&self, place: Place, waited: u64, bytes: usize) {
        if self.place.get() == Place::Body {
            self.body_waited.set(self.body_waited.get() + waited);
            self.body_bytes.set(self.body_bytes.get() + bytes as u64);
        }
        match (self.place.replace(place), place) {
            (Place::Boundary, Place::Head) => self.head_since.set(self.stall.now()),
            (Place::Boundary | Place::Head, Place::Body) => {
                self.body_waited.set(0);
                self.body_bytes.set(0);
            }
            _ => {}
        }
    }

    /// Whether a request's head has begun and not ended.
    pub(super) fn waits_in_head(&self) -> bool {
        self.place.get() == Place::Head
    }

    /// Ends the connection where its caller is too slow.
    pub(super) fn sweep(&self, timings: &Timings) {
        let stall = &self.stall;
        if !stall.expired() && self.is_overdue(timings) {
            stall.expire();
        }
    }

    fn is_overdue(&self, timings: &Timings) -> bool {
        let stall = &self.stall;
        let longer = |waited: u64, most: std::time::Duration| u128::from(waited) > most.as_millis();
        if longer(stall.waited(&stall.writing), timings.write_stall) {
            return true;
        }
        // Bytes that wait to leave are judged above, and by nothing else.
        if stall.reading.get() == 0 || stall.writing.get() != 0 {
            return false;
        }
        match self.place.get() {
            // Of a next call that began to come meanwhile nothing is wanted yet.
            Place::Boundary | Place::Head if self.in_flight.get() => false,
            Place::Boundary if self.served.get() => longer(stall.waited(&stall.reading), timings.keep_alive),
            Place::Boundary | Place::Head => longer(stall.waited(&self.head_since), timings.header_read),
            Place::Body => {
                let waited = self.body_waited.get() + stall.waited(&stall.reading);
                let wanted = waited.saturating_mul(timings.body_bytes_per_second) / 1_000;
                longer(waited, timings.body_grace) && self.body_bytes.get() < wanted
            }
        }
    }
}

/// A caller's connection: strict about framing, and watched.
pub(super) struct CallerIo<S> {
    stream: S,
    framing: Framing,
    state: Rc<CallerState>,
    /// Bytes that are read once more.
    again: Vec<u8>,
}

impl<S> CallerIo<S> {
    /// Takes back bytes that were read: they are read next, by somebody else.
    pub(super) fn unread(&mut self, bytes: Vec<u8>) {
        self.again = bytes;
    }

    pub(super) fn state(&self) -> &CallerState {
        &self.state
    }

    pub(super) fn new(stream: S, state: Rc<CallerState>) -> Self {
        Self { stream, framing: Framing::new(), state, again: Vec::new() }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for CallerIo<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.again.is_empty() {
            let rest = this.again.split_off(this.again.len().min(buf.remaining()));
            buf.put_slice(&std::mem::replace(&mut this.again, rest));
            return Poll::Ready(Ok(()));
        }
        let stall = &this.state.stall;
        stall.check()?;
        let before = buf.filled().len();
        if Pin::new(&mut this.stream).poll_read(cx, buf)?.is_pending() {
            stall.wait(&stall.reading, cx);
            return Poll::Pending;
        }
        let waited = stall.waited(&stall.reading);
        stall.reading.set(0);
        let read = &mut buf.filled_mut()[before..];
        this.framing.pass(read);
        this.state.moved(this.framing.place(), waited, read.len());
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for CallerIo<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let done = Pin::new(&mut this.stream).poll_write(cx, buf);
        note_write(&this.state.stall, cx, done)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let done = write_gathered(Pin::new(&mut this.stream), cx, bufs);
        note_write(&this.state.stall, cx, done)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

/// A head and a small body gathered in one buffer cost less than a system call that gathers them.
const MOST_GATHERED: usize = 4 * 1024;

thread_local! {
    static GATHERED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Writes several pieces at once, by the cheaper of two ways.
fn write_gathered<S: AsyncWrite>(
    stream: Pin<&mut S>,
    cx: &mut Context<'_>,
    pieces: &[io::IoSlice<'_>],
) -> Poll<io::Result<usize>> {
    if let [only] = pieces {
        return stream.poll_write(cx, only);
    }
    if pieces.iter().map(|p| p.len()).sum::<usize>() > MOST_GATHERED {
        return stream.poll_write_vectored(cx, pieces);
    }
    GATHERED.with_borrow_mut(|gathered| {
        gathered.clear();
        pieces.iter().for_each(|piece| gathered.extend_from_slice(piece));
        stream.poll_write(cx, gathered)
    })
}

/// A write that cannot go on is ended by the sweep; a read that was ended still lets the answer out.
fn note_write(stall: &Stall, cx: &Context<'_>, done: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
    if done.is_pending() {
        if stall.writing.get() != 0 {
            stall.check()?;
        }
        stall.wait(&stall.writing, cx);
    } else {
        stall.writing.set(0);
    }
    done
}

/// What is known of a connection to an upstream.
pub(super) struct UpstreamState {
    stall: Stall,
    most_ms: Cell<u64>,
    /// Whether the head of an answer is waited for: its time goes on, however many pieces it comes in.
    in_head: Cell<bool>,
}

impl UpstreamState {
    pub(super) fn new(clock: CoarseClock) -> Self {
        Self { stall: Stall::new(clock), most_ms: Cell::new(u64::MAX), in_head: Cell::new(false) }
    }

    /// From now on the upstream has this long for the whole head of its answer, after the last byte that it is sent.
    pub(super) fn give_for_head(&self, most_ms: u64) {
        self.most_ms.set(most_ms);
        self.in_head.set(true);
        self.stall.reading.set(self.stall.now());
    }

    /// From now on the upstream has this long for each piece.
    pub(super) fn give(&self, most_ms: u64) {
        self.most_ms.set(most_ms);
        self.in_head.set(false);
        self.stall.restart_reading();
    }

    pub(super) fn expired(&self) -> bool {
        self.stall.expired()
    }

    /// Ends the connection where the upstream is too slow.
    pub(super) fn sweep(&self) {
        let stall = &self.stall;
        let waited = stall.waited(&stall.reading).max(stall.waited(&stall.writing));
        if !stall.expired() && waited > self.most_ms.get() {
            stall.expire();
        }
    }
}

/// A connection to an upstream, watched.
pub(super) struct UpstreamIo<S> {
    stream: S,
    state: Rc<UpstreamState>,
}

impl<S> UpstreamIo<S> {
    pub(super) fn new(stream: S, state: Rc<UpstreamState>) -> Self {
        Self { stream, state }
    }

    /// The time for an answer begins with the request's last byte.
    fn wrote(&self, cx: &Context<'_>, done: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        let stall = &self.state.stall;
        if done.is_ready() {
            stall.restart_reading();
        }
        note_write(stall, cx, done)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for UpstreamIo<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let stall = &this.state.stall;
        stall.check()?;
        let done = Pin::new(&mut this.stream).poll_read(cx, buf);
        if done.is_pending() {
            stall.wait(&stall.reading, cx);
        } else if !this.state.in_head.get() {
            stall.reading.set(0);
        }
        done
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for UpstreamIo<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let done = Pin::new(&mut this.stream).poll_write(cx, buf);
        this.wrote(cx, done)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let done = write_gathered(Pin::new(&mut this.stream), cx, bufs);
        this.wrote(cx, done)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
