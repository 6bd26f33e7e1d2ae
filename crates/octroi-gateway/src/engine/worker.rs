//! A worker: one thread, one runtime, its own listener, its own pool of upstream connections, its own counts. Nothing
//! on the way of a call is locked or shared with another worker but the snapshot and the limits' atomics.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use octroi_policy::Policy;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsConnector;

use super::client::LibraryConn;
use super::fast::{BareConn, DateText, Exchange, Left, Road};
use super::server;
use super::stall::{CallerIo, CallerState, CoarseClock};
use super::upstream::{Connector, Pool};
use crate::access_log::{Line, TimeText};
use crate::config::{Engine, GatewayConfig, Ports};
use crate::meter::{Meter, Tally};
use crate::metrics::{Measured, Metrics};
use crate::trace::RandomBytes;

/// What all workers share.
pub(super) struct Shared {
    pub(super) config: GatewayConfig,
    pub(super) ports: Ports,
    pub(super) policy: Arc<Policy>,
    pub(super) meter: Arc<Meter>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) tls: TlsConnector,
}

/// What the calls of one worker share.
pub(super) struct Worker {
    pub(super) shared: Arc<Shared>,
    /// Connections of the complete road, and of the fast one.
    pub(super) pool: Pool<LibraryConn>,
    pub(super) bare: Pool<BareConn>,
    /// Room to read into, for whoever reads just now.
    pub(super) scratch: RefCell<Box<[u8]>>,
    pub(super) date: RefCell<DateText>,
    exchanges: RefCell<Vec<Exchange>>,
    pub(super) tally: RefCell<Tally>,
    pub(super) measured: RefCell<Measured>,
    pub(super) random: RefCell<RandomBytes>,
    turn: Cell<u64>,
    pub(super) time: RefCell<TimeText>,
    clock: CoarseClock,
    callers: RefCell<Vec<Weak<CallerState>>>,
    open: Cell<usize>,
    /// Whether it ends: every answer says so.
    pub(super) ending: Cell<bool>,
    log: RefCell<String>,
}

const TICK: Duration = Duration::from_millis(50);
/// Counts, measurements and log lines are handed over every so many ticks.
const HAND_OVER_EVERY: u32 = 4;
const CLOSE_IDLE_EVERY: u32 = 20;
/// Calls that go on are asked every so many ticks whether what admitted them still would.
const ASK_AGAIN_EVERY: u32 = 20;
/// How long a connection that never served a call is waited for when a worker ends.
const FIRST_CALL_TICKS: u32 = 20;
/// A batch of log lines is handed over when it is this long, in bytes.
const LOG_BATCH: usize = 256 * 1024;
/// Room behind a full batch, for the line that fills it.
const LONG_LINE: usize = 4 * 1024;

/// Room to read into: what a body is moved by.
const SCRATCH: usize = 64 * 1024;
/// Calls whose memory is kept for the next.
const MOST_KEPT: usize = 64;

/// Limit of a request's head (promise G8). The library's own limit of 100 headers is left alone: to name it, even as it
/// is, costs memory to be taken and filled for every head.
const MOST_HEAD_BYTES: usize = 64 * 1024;

/// Runs a worker until it is told to stop and its calls have ended, or had the time that the settings give them. What is
/// left of them ends with the runtime: [`Worker::hand_over`] comes after that.
pub(super) async fn run(
    shared: Arc<Shared>,
    listeners: Vec<std::net::TcpListener>,
    stop: watch::Receiver<bool>,
) -> Rc<Worker> {
    let worker = Rc::new(Worker::new(shared));
    let ticker = tokio::task::spawn_local(tick(Rc::clone(&worker)));
    let accepting = listeners.into_iter().map(|listener| accept(&worker, listener, stop.clone()));
    futures_util::future::join_all(accepting).await;
    worker.drain().await;
    ticker.abort();
    worker
}

async fn tick(worker: Rc<Worker>) {
    let mut ticks = 0_u32;
    loop {
        tokio::time::sleep(TICK).await;
        ticks = ticks.wrapping_add(1);
        worker.sweep();
        if ticks.is_multiple_of(HAND_OVER_EVERY) {
            worker.hand_over();
        }
        if ticks.is_multiple_of(ASK_AGAIN_EVERY) {
            worker.end_what_was_revoked();
        }
        if ticks.is_multiple_of(CLOSE_IDLE_EVERY) {
            let most = worker.shared.config.timings.upstream_keep_alive;
            worker.pool.close_idle(most);
            worker.bare.close_idle(most);
        }
    }
}

/// Takes connections until told to stop; then takes those that already wait, so that closing the listener loses none.
async fn accept(worker: &Rc<Worker>, listener: std::net::TcpListener, mut stop: watch::Receiver<bool>) {
    let listener = match TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "a worker cannot listen"),
    };
    let mut stopping = pin!(stop.wait_for(|stop| *stop));
    loop {
        let taken = poll_fn(|cx| match stopping.as_mut().poll(cx) {
            Poll::Ready(_) => Poll::Ready(None),
            Poll::Pending => listener.poll_accept(cx).map(Some),
        });
        match taken.await {
            None => break,
            Some(Ok((stream, peer))) => worker.take(stream, peer),
            Some(Err(error)) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(TICK).await;
            }
        }
    }
    let waiting = poll_fn(|cx| {
        while let Poll::Ready(Ok((stream, peer))) = listener.poll_accept(cx) {
            worker.take(stream, peer);
        }
        Poll::Ready(())
    });
    waiting.await;
}

impl Worker {
    fn new(shared: Arc<Shared>) -> Self {
        let clock: CoarseClock = Rc::new(Cell::new(coarse(&shared)));
        let connector = Rc::new(Connector {
            resolver: Arc::clone(&shared.ports.resolver),
            allowed_private: shared.config.allowed_private_upstreams.clone(),
            tls: shared.tls.clone(),
            clock: Rc::clone(&clock),
        });
        let most_idling = shared.config.max_connections_per_worker / 4;
        Self {
            shared,
            pool: Pool::new(Rc::clone(&connector), most_idling),
            bare: Pool::new(connector, most_idling),
            scratch: RefCell::new(vec![0; SCRATCH].into()),
            date: RefCell::default(),
            exchanges: RefCell::default(),
            tally: RefCell::default(),
            measured: RefCell::default(),
            random: RefCell::new(RandomBytes::new()),
            turn: Cell::new(0),
            time: RefCell::default(),
            clock,
            callers: RefCell::default(),
            open: Cell::new(0),
            ending: Cell::new(false),
            log: RefCell::default(),
        }
    }

    fn take(self: &Rc<Self>, stream: TcpStream, peer: SocketAddr) {
        if self.open.get() >= self.shared.config.max_connections_per_worker {
            self.shared.metrics.connections_refused.fetch_add(1, Ordering::Relaxed);
            return;
        }
        // Small answers must not wait for the acknowledgement of earlier ones.
        let _ = stream.set_nodelay(true);
        // After a pause of the whole process the clock of the last sweep would make a new connection look old.
        self.clock.set(coarse(&self.shared));
        let state = Rc::new(CallerState::new(Rc::clone(&self.clock), peer.ip()));
        self.callers.borrow_mut().push(Rc::downgrade(&state));
        tokio::task::spawn_local(serve(Open::new(self), stream, peer, state));
    }

    /// Where among several upstreams the choice falls: each call another one.
    pub(super) fn next_turn(&self) -> u64 {
        self.turn.replace(self.turn.get().wrapping_add(1))
    }

    fn sweep(&self) {
        self.clock.set(coarse(&self.shared));
        let timings = &self.shared.config.timings;
        self.callers.borrow_mut().retain(|state| {
            let Some(state) = state.upgrade() else { return false };
            state.sweep(timings);
            true
        });
        self.pool.sweep();
        self.bare.sweep();
    }

    /// Ends calls that go on although what admitted them would no longer do so (promise G12).
    fn end_what_was_revoked(&self) {
        let now = self.shared.ports.clock.now();
        for state in self.callers.borrow().iter().filter_map(Weak::upgrade) {
            if let Some(pass) = state.pass()
                && !self.shared.policy.still_opens(&pass, now)
            {
                state.revoke();
            }
        }
    }

    /// Memory for a call: kept from an earlier one, or new.
    pub(super) fn exchange(&self) -> Exchange {
        self.exchanges.borrow_mut().pop().unwrap_or_default()
    }

    /// Keeps memory for the next call.
    pub(super) fn keep(&self, exchange: Exchange) {
        let mut kept = self.exchanges.borrow_mut();
        if exchange.is_small() && kept.len() < MOST_KEPT {
            kept.push(exchange);
        }
    }

    /// Hands over counts, measurements and log lines.
    pub(super) fn hand_over(&self) {
        self.shared.meter.merge(&mut self.tally.borrow_mut());
        self.shared.metrics.merge(&mut self.measured.borrow_mut());
        self.hand_over_log();
    }

    fn hand_over_log(&self) {
        let mut log = self.log.borrow_mut();
        if !log.is_empty() {
            let lines = std::mem::replace(&mut *log, String::with_capacity(LOG_BATCH + LONG_LINE));
            self.shared.ports.access_log.write(lines.into_bytes());
        }
    }

    pub(super) fn log(&self, line: &Line<'_>) {
        line.append(&mut self.log.borrow_mut());
        if self.log.borrow().len() >= LOG_BATCH {
            self.hand_over_log();
        }
    }

    /// Lets every connection end after its call in hand, and waits for that as long as the settings say.
    async fn drain(&self) {
        let started = self.shared.ports.clock.monotonic();
        self.ending.set(true);
        for ticks in 0_u32.. {
            for state in self.callers.borrow().iter().filter_map(Weak::upgrade) {
                // The first call of a new connection may be on its way.
                if state.has_served() || ticks >= FIRST_CALL_TICKS {
                    state.draining.set(true);
                }
                state.stall.wake();
            }
            let waited = self.shared.ports.clock.monotonic().saturating_sub(started);
            if self.open.get() == 0 || waited > self.shared.config.timings.drain {
                return;
            }
            tokio::time::sleep(TICK).await;
        }
    }
}

fn coarse(shared: &Shared) -> u64 {
    u64::try_from(shared.ports.clock.monotonic().as_millis()).unwrap_or(u64::MAX).saturating_add(1)
}

/// A caller's connection counts as open as long as this lives, even where serving it ends in a panic.
struct Open(Rc<Worker>);

impl Open {
    fn new(worker: &Rc<Worker>) -> Self {
        worker.open.set(worker.open.get() + 1);
        worker.shared.metrics.connections.fetch_add(1, Ordering::Relaxed);
        Self(Rc::clone(worker))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.set(self.0.open.get() - 1);
        self.0.shared.metrics.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Serves one connection of a caller.
async fn serve(open: Open, stream: TcpStream, peer: SocketAddr, state: Rc<CallerState>) {
    let worker = &open.0;
    let mut io = CallerIo::new(stream, Rc::clone(&state));
    if worker.shared.config.engine == Engine::Fast {
        match (Road { worker, state: &state, peer }).serve(&mut io).await {
            Left::HandedOver(bytes) => io.unread(bytes),
            Left::Ended => return,
        }
    }
    let io = TokioIo::new(io);
    let service = service_fn(|request| server::handle(Rc::clone(worker), Rc::clone(&state), peer, request));
    let mut connection = pin!(
        http1::Builder::new()
            .max_header_size(MOST_HEAD_BYTES)
            .max_buf_size(MOST_HEAD_BYTES + MOST_HEAD_BYTES / 8)
            .serve_connection(io, service)
    );
    let mut told = false;
    let ended = poll_fn(|cx| {
        if state.draining.get() && !std::mem::replace(&mut told, true) {
            connection.as_mut().graceful_shutdown();
        }
        connection.as_mut().poll(cx)
    });
    if let Err(error) = ended.await {
        server::note_failure(worker, &state, &error);
    }
}
