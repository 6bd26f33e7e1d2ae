//! Connections to upstreams: pools per worker, the most recently used first; every address judged before it is
//! connected to (promise G6); redirects never followed.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use foldhash::HashMap;
use http::Method;
use http::header::CONNECTION;
use ipnet::IpNet;
use octroi_domain::api::{Timeouts, may_connect};
use octroi_policy::catalogue::Target;
use octroi_policy::{Admitted, Headers, Outcome};
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::stall::{CoarseClock, UpstreamIo, UpstreamState};
use super::transport::Transport;
use crate::lines::values;
use crate::resolve::Resolve;

/// The bytes to and from an upstream.
pub(super) type Stream = UpstreamIo<Transport>;

/// How a road speaks over a connection.
pub(super) trait Conn: Sized {
    /// Begins to speak.
    async fn open(stream: Stream) -> Result<Self, Outcome>;
    /// Whether another call may be sent. An upstream that closed the connection shows here, at the cost of no system
    /// call where nothing came.
    fn is_reusable(&mut self, cx: &mut Context<'_>) -> bool;
    /// Whether it is not known to be closed.
    fn is_open(&self) -> bool;
}

/// One connection to an upstream.
pub(super) struct Wire<C> {
    pub(super) conn: C,
    pub(super) state: Rc<UpstreamState>,
    origin: Arc<str>,
    idle_since: u64,
    /// Whether the answer in hand is the last that the connection is good for.
    pub(super) last: bool,
}

impl<C> Wire<C> {
    /// Whether the sweep ended it.
    pub(super) fn timed_out(&self) -> bool {
        self.state.expired()
    }
}

/// A call on its way to an upstream, as a road sends it.
pub(super) trait Letter {
    type Conn: Conn;
    /// An answer's head.
    type Answer;

    /// Addresses it to this target.
    fn address(&mut self, target: &Target) -> Result<(), Outcome>;
    /// Whether it may be sent again although it may have reached an upstream.
    fn is_repeatable(&self) -> bool;
    /// Sends it and waits for the answer's head.
    async fn send(
        &mut self,
        wire: &mut Wire<Self::Conn>,
        target: &Target,
        timeouts: Timeouts,
    ) -> Result<Self::Answer, Lost>;
}

/// A call that came to nothing on one connection.
#[derive(Clone, Copy, Debug)]
pub(super) enum Lost {
    /// No byte of it was sent.
    Unsent,
    /// It may have reached the upstream, and no byte of an answer came.
    Unanswered(Outcome),
    /// The upstream has had it, and began to answer.
    Answered(Outcome),
}

impl Lost {
    /// It was answered, with what is no answer or could be read in several ways.
    pub(super) const UNSOUND: Self = Self::Answered(Outcome::UpstreamBroken);
}

/// What a worker connects with.
pub(super) struct Connector {
    pub(super) resolver: Arc<dyn Resolve>,
    pub(super) allowed_private: Vec<IpNet>,
    pub(super) tls: TlsConnector,
    pub(super) clock: CoarseClock,
}

impl Connector {
    async fn connect<C: Conn>(
        &self,
        target: &Target,
        watched: &RefCell<Vec<Weak<UpstreamState>>>,
    ) -> Result<Wire<C>, Outcome> {
        let stream = self.open(target).await?;
        // Small requests must not wait for the acknowledgement of earlier ones.
        let _ = stream.set_nodelay(true);
        let state = Rc::new(UpstreamState::new(Rc::clone(&self.clock)));
        watched.borrow_mut().push(Rc::downgrade(&state));
        let transport = if target.tls {
            let name = ServerName::try_from(target.host.clone()).map_err(|_| Outcome::UpstreamUnreachable)?;
            let stream = self.tls.connect(name, stream).await.map_err(|_| Outcome::UpstreamUnreachable)?;
            Transport::Tls(Box::new(stream))
        } else {
            Transport::Plain(stream)
        };
        let conn = C::open(UpstreamIo::new(transport, Rc::clone(&state))).await?;
        Ok(Wire { conn, state, origin: Arc::clone(&target.origin), idle_since: 0, last: false })
    }

    async fn open(&self, target: &Target) -> Result<TcpStream, Outcome> {
        let found = self.resolver.resolve(&target.host, target.port).await;
        let found = found.map_err(|_| Outcome::UpstreamUnreachable)?;
        let mut permitted = found.iter().filter(|a| may_connect(a.ip(), &self.allowed_private)).peekable();
        if permitted.peek().is_none() && !found.is_empty() {
            return Err(Outcome::UpstreamForbidden);
        }
        for address in permitted {
            if let Ok(stream) = TcpStream::connect(address).await {
                return Ok(stream);
            }
        }
        Err(Outcome::UpstreamUnreachable)
    }
}

/// Most connections that wait for use, for each upstream.
const MOST_IDLE: usize = 512;

/// The connections of one worker and one road.
pub(super) struct Pool<C> {
    connector: Rc<Connector>,
    idle: RefCell<HashMap<Arc<str>, Vec<Wire<C>>>>,
    /// How many are idle, and may be: for all upstreams together.
    idling: Cell<usize>,
    most_idling: usize,
    watched: RefCell<Vec<Weak<UpstreamState>>>,
}

/// An answer's head, and the connection by which its body comes.
pub(super) struct Arrived<L: Letter> {
    pub(super) answer: L::Answer,
    pub(super) wire: Wire<L::Conn>,
    pub(super) target: Arc<Target>,
}

enum Failure {
    /// Nothing was sent: another upstream may be tried.
    Unsent(Outcome),
    Final(Outcome),
}

impl<C: Conn> Pool<C> {
    pub(super) fn new(connector: Rc<Connector>, most_idling: usize) -> Self {
        let (idle, watched) = (RefCell::default(), RefCell::default());
        Self { connector, idle, idling: Cell::new(0), most_idling, watched }
    }

    /// Sends a call to one of its upstreams, and waits for the answer's head. `turn`: where among several the choice
    /// falls.
    ///
    /// Where no connection can be made, the next upstream of the class is tried: nothing was sent. A pooled connection
    /// that the upstream had closed meanwhile is replaced, where the call may be repeated.
    pub(super) async fn forward<L: Letter<Conn = C>>(
        &self,
        admitted: &Admitted,
        turn: u64,
        letter: &mut L,
    ) -> Result<Arrived<L>, Outcome> {
        let timeouts = admitted.api().timeouts;
        let mut last = Outcome::UpstreamUnreachable;
        for target in in_turn(admitted.targets(), turn) {
            letter.address(target)?;
            match self.try_target(target, timeouts, letter).await {
                Ok((answer, wire)) => return Ok(Arrived { answer, wire, target: Arc::clone(target) }),
                Err(Failure::Unsent(outcome)) => last = outcome,
                Err(Failure::Final(outcome)) => return Err(outcome),
            }
        }
        Err(last)
    }

    async fn try_target<L: Letter<Conn = C>>(
        &self,
        target: &Target,
        timeouts: Timeouts,
        letter: &mut L,
    ) -> Result<(L::Answer, Wire<C>), Failure> {
        while let Some(mut wire) = self.take(&target.origin).await {
            let repeatable = letter.is_repeatable();
            match letter.send(&mut wire, target, timeouts).await {
                Ok(answer) => return Ok((answer, wire)),
                Err(Lost::Unsent) => {}
                // Perhaps it is the call that the upstream dies of, or what was left on the connection: it is repeated
                // once, on a connection of its own.
                Err(Lost::Unanswered(Outcome::UpstreamBroken)) if repeatable => break,
                Err(Lost::Unanswered(outcome) | Lost::Answered(outcome)) => {
                    return Err(Failure::Final(outcome));
                }
            }
        }
        let within = Duration::from_millis(u64::from(timeouts.connect_ms));
        let connecting = self.connector.connect(target, &self.watched);
        let mut wire = match tokio::time::timeout(within, connecting).await {
            Ok(Ok(wire)) => wire,
            Ok(Err(outcome)) => return Err(Failure::Unsent(outcome)),
            Err(_) => return Err(Failure::Unsent(Outcome::UpstreamTimeout)),
        };
        match letter.send(&mut wire, target, timeouts).await {
            Ok(answer) => Ok((answer, wire)),
            Err(Lost::Unsent) => Err(Failure::Unsent(Outcome::UpstreamBroken)),
            Err(Lost::Unanswered(outcome) | Lost::Answered(outcome)) => Err(Failure::Final(outcome)),
        }
    }

    /// The most recently used connection that is still open.
    async fn take(&self, origin: &Arc<str>) -> Option<Wire<C>> {
        loop {
            let mut wire = self.idle.borrow_mut().get_mut(origin)?.pop()?;
            self.idling.set(self.idling.get() - 1);
            let alive = poll_fn(|cx| Poll::Ready(!wire.timed_out() && wire.conn.is_reusable(cx)));
            // A task that has had its turn is told of no byte: one that came must not pass for none.
            if tokio::task::unconstrained(alive).await {
                return Some(wire);
            }
        }
    }

    /// Keeps a connection whose answer was read to its end. Whether it can be used again is looked at when it is: the
    /// answer's last piece is still on its way, and driven now the connection would take new memory beside it.
    pub(super) fn give_back(&self, mut wire: Wire<C>) {
        if wire.last || !wire.conn.is_open() || wire.timed_out() {
            return;
        }
        wire.state.give(u64::MAX);
        wire.idle_since = self.connector.clock.get();
        let mut idle = self.idle.borrow_mut();
        let list = match idle.get_mut(&wire.origin) {
            Some(list) => list,
            None => idle.entry(Arc::clone(&wire.origin)).or_default(),
        };
        if list.len() < MOST_IDLE && self.idling.get() < self.most_idling {
            list.push(wire);
            self.idling.set(self.idling.get() + 1);
        }
    }

    /// Ends connections whose upstream is too slow.
    pub(super) fn sweep(&self) {
        self.watched.borrow_mut().retain(|state| {
            let Some(state) = state.upgrade() else { return false };
            state.sweep();
            true
        });
    }

    /// Closes connections that nobody used for `most`.
    pub(super) fn close_idle(&self, most: Duration) {
        let now = self.connector.clock.get();
        let mut idle = self.idle.borrow_mut();
        idle.retain(|_, list| {
            list.retain(|wire| u128::from(now.saturating_sub(wire.idle_since)) < most.as_millis());
            !list.is_empty()
        });
        self.idling.set(idle.values().map(Vec::len).sum());
    }
}

/// Whether an answer says that its connection ends with it.
pub(super) fn says_close(headers: &impl Headers) -> bool {
    values(headers, &CONNECTION)
        .flat_map(|line| line.split(|b| *b == b','))
        .any(|token| token.trim_ascii().eq_ignore_ascii_case(b"close"))
}

pub(super) fn is_idempotent(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::PUT | Method::DELETE)
}

/// The targets, beginning with the one whose turn it is by weight.
fn in_turn(targets: &[Arc<Target>], turn: u64) -> impl Iterator<Item = &Arc<Target>> {
    let total: u64 = targets.iter().map(|t| u64::from(t.weight)).sum();
    let mut place = if targets.len() > 1 { turn % total.max(1) } else { 0 };
    let first = targets.iter().position(|t| {
        let weight = u64::from(t.weight);
        let here = place < weight;
        place = place.saturating_sub(weight);
        here
    });
    let (before, from) = targets.split_at(first.unwrap_or(0));
    from.iter().chain(before)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(host: &'static str, weight: u32) -> Arc<Target> {
        Arc::new(Target {
            tls: false,
            host: host.into(),
            port: 80,
            authority: http::HeaderValue::from_static(host),
            origin: host.into(),
            base_path: String::new(),
            base_url: String::new(),
            weight,
        })
    }

    #[test]
    fn targets_take_turns_by_weight_and_the_others_follow() {
        let targets = [target("a", 1), target("b", 3)];
        let order = |turn| in_turn(&targets, turn).map(|t| t.host.as_str()).collect::<String>();
        assert_eq!((0..5).map(order).collect::<Vec<_>>(), ["ab", "ba", "ba", "ba", "ab"]);
    }
}
