//! Connections to upstreams: one pool per worker, the most recently used first; every address judged before it is
//! connected to (promise G6); redirects never followed.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use foldhash::HashMap;
use http::header::CONNECTION;
use http::uri::PathAndQuery;
use http::{HeaderMap, Method, Request, Response, Uri, Version};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, Connection, SendRequest};
use hyper_util::rt::TokioIo;
use ipnet::IpNet;
use octroi_domain::api::{Timeouts, may_connect};
use octroi_policy::catalogue::Target;
use octroi_policy::{Admitted, Outcome};
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::body::ToUpstream;
use super::stall::{CoarseClock, UpstreamIo, UpstreamState};
use super::transport::Transport;
use crate::forwarding::OwnHeaders;
use crate::resolve::Resolve;

type Driver = Connection<TokioIo<UpstreamIo<Transport>>, ToUpstream>;

/// One connection to an upstream. It has no task of its own: whoever uses it drives it.
pub(super) struct Wire {
    sender: SendRequest<ToUpstream>,
    driver: Option<Box<Driver>>,
    state: Rc<UpstreamState>,
    origin: Arc<str>,
    idle_since: u64,
    /// Whether the upstream said that it closes the connection after this answer.
    last: bool,
}

impl Wire {
    /// Lets the connection read and write what it can.
    pub(super) fn drive(&mut self, cx: &mut Context<'_>) {
        if self.driver.as_mut().is_some_and(|driver| Pin::new(driver).poll(cx).is_ready()) {
            self.driver = None;
        }
    }

    /// Whether the sweep ended it.
    pub(super) fn timed_out(&self) -> bool {
        self.state.expired()
    }

    fn is_reusable(&self) -> bool {
        self.driver.is_some() && !self.timed_out() && self.sender.is_ready()
    }

    /// Sends a request and waits for the answer's head. An error gives the request back where no byte of it was sent.
    async fn send(
        &mut self,
        request: Request<ToUpstream>,
    ) -> Result<Response<Incoming>, Option<Request<ToUpstream>>> {
        let mut answer = std::pin::pin!(self.sender.try_send_request(request));
        let driver = &mut self.driver;
        poll_fn(|cx| {
            if driver.as_mut().is_some_and(|driver| Pin::new(driver).poll(cx).is_ready()) {
                *driver = None;
            }
            match answer.as_mut().poll(cx) {
                Poll::Ready(Ok(response)) => Poll::Ready(Ok(response)),
                Poll::Ready(Err(mut error)) => Poll::Ready(Err(error.take_message())),
                Poll::Pending if driver.is_none() => Poll::Ready(Err(None)),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }
}

/// What a worker connects with.
pub(super) struct Connector {
    pub(super) resolver: Arc<dyn Resolve>,
    pub(super) allowed_private: Vec<IpNet>,
    pub(super) tls: TlsConnector,
    pub(super) clock: CoarseClock,
}

impl Connector {
    async fn connect(
        &self,
        target: &Target,
        watched: &RefCell<Vec<Weak<UpstreamState>>>,
    ) -> Result<Wire, Outcome> {
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
        let io = TokioIo::new(UpstreamIo::new(transport, Rc::clone(&state)));
        let handshake = http1::Builder::new().handshake(io).await;
        let (sender, driver) = handshake.map_err(|_| Outcome::UpstreamUnreachable)?;
        Ok(Wire {
            sender,
            driver: Some(Box::new(driver)),
            state,
            origin: Arc::clone(&target.origin),
            idle_since: 0,
            last: false,
        })
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

/// The connections of one worker.
pub(super) struct Pool {
    connector: Connector,
    idle: RefCell<HashMap<Arc<str>, Vec<Wire>>>,
    watched: RefCell<Vec<Weak<UpstreamState>>>,
}

/// A call on its way to an upstream.
pub(super) struct Shipment<'a> {
    pub(super) admitted: &'a Admitted,
    pub(super) method: Method,
    pub(super) headers: HeaderMap,
    pub(super) own: OwnHeaders,
    pub(super) body: ToUpstream,
    /// Where among several upstreams the choice falls.
    pub(super) turn: u64,
}

/// An answer's head, and the connection by which its body comes.
pub(super) struct Arrived {
    pub(super) response: Response<Incoming>,
    pub(super) wire: Wire,
    pub(super) target: Arc<Target>,
}

impl Pool {
    pub(super) fn new(connector: Connector) -> Self {
        Self { connector, idle: RefCell::default(), watched: RefCell::default() }
    }

    /// Sends a call to one of its upstreams, and waits for the answer's head.
    ///
    /// Where no connection can be made, the next upstream of the class is tried: nothing was sent. A pooled connection
    /// that the upstream had closed meanwhile is replaced, where the call may be repeated.
    pub(super) async fn forward(&self, shipment: Shipment<'_>) -> Result<Arrived, Outcome> {
        let Shipment { admitted, method, headers, own, body, turn } = shipment;
        let timeouts = admitted.api().timeouts;
        let mut last = Outcome::UpstreamUnreachable;
        let mut load = Load { headers, body };
        for target in in_turn(admitted.targets(), turn) {
            let uri = make_uri(admitted.path_and_query(target))?;
            let way = Way { target, uri, method: &method, own: &own, timeouts };
            match self.try_target(&way, load).await {
                Ok((response, wire)) => return Ok(Arrived { response, wire, target: Arc::clone(target) }),
                Err(Failure::Unsent(outcome, unsent)) => (last, load) = (outcome, *unsent),
                Err(Failure::Final(outcome)) => return Err(outcome),
            }
        }
        Err(last)
    }

    async fn try_target(&self, way: &Way<'_>, mut load: Load) -> Result<(Response<Incoming>, Wire), Failure> {
        let timeouts = way.timeouts;
        let repeatable = load.body.is_none() && is_idempotent(way.method);
        while let Some(mut wire) = self.take(&way.target.origin).await {
            let copy = repeatable.then(|| Load { headers: load.headers.clone(), body: ToUpstream::none() });
            wire.state.give(u64::from(timeouts.first_byte_ms));
            match wire.send(way.request(load)).await {
                Ok(response) => return Ok(arrive(response, wire, timeouts)),
                Err(unsent) if !wire.timed_out() => match unsent.map(Load::of).or(copy) {
                    Some(again) => load = again,
                    None => return Err(Failure::Final(Outcome::UpstreamBroken)),
                },
                Err(_) => return Err(Failure::Final(Outcome::UpstreamTimeout)),
            }
        }
        let within = Duration::from_millis(u64::from(timeouts.connect_ms));
        let connecting = self.connector.connect(way.target, &self.watched);
        let mut wire = match tokio::time::timeout(within, connecting).await {
            Ok(Ok(wire)) => wire,
            Ok(Err(outcome)) => return Err(Failure::Unsent(outcome, Box::new(load))),
            Err(_) => return Err(Failure::Unsent(Outcome::UpstreamTimeout, Box::new(load))),
        };
        wire.state.give(u64::from(timeouts.first_byte_ms));
        match wire.send(way.request(load)).await {
            Ok(response) => Ok(arrive(response, wire, timeouts)),
            Err(_) if wire.timed_out() => Err(Failure::Final(Outcome::UpstreamTimeout)),
            Err(_) => Err(Failure::Final(Outcome::UpstreamBroken)),
        }
    }

    /// The most recently used connection that is still open.
    async fn take(&self, origin: &Arc<str>) -> Option<Wire> {
        loop {
            let mut wire = self.idle.borrow_mut().get_mut(origin)?.pop()?;
            // An upstream that closed it shows here, at the cost of no system call where nothing came.
            let alive = poll_fn(|cx| {
                wire.drive(cx);
                Poll::Ready(wire.is_reusable())
            });
            if alive.await {
                return Some(wire);
            }
        }
    }

    /// Keeps a connection whose answer was read to its end. Whether it can be used again is looked at when it is: the
    /// answer's last piece is still on its way, and driven now the connection would take new memory beside it.
    pub(super) fn give_back(&self, mut wire: Wire) {
        if wire.last || wire.driver.is_none() || wire.timed_out() {
            return;
        }
        wire.state.give(u64::MAX);
        wire.idle_since = self.connector.clock.get();
        let mut idle = self.idle.borrow_mut();
        let list = match idle.get_mut(&wire.origin) {
            Some(list) => list,
            None => idle.entry(Arc::clone(&wire.origin)).or_default(),
        };
        if list.len() < MOST_IDLE {
            list.push(wire);
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
        self.idle.borrow_mut().retain(|_, list| {
            list.retain(|wire| u128::from(now.saturating_sub(wire.idle_since)) < most.as_millis());
            !list.is_empty()
        });
    }
}

enum Failure {
    /// Nothing was sent: another upstream may be tried.
    Unsent(Outcome, Box<Load>),
    Final(Outcome),
}

fn arrive(response: Response<Incoming>, mut wire: Wire, timeouts: Timeouts) -> (Response<Incoming>, Wire) {
    wire.state.give(u64::from(timeouts.idle_ms));
    wire.last = says_close(response.headers());
    (response, wire)
}

fn says_close(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(CONNECTION).iter();
    lines
        .flat_map(|line| line.as_bytes().split(|b| *b == b','))
        .any(|token| token.trim_ascii().eq_ignore_ascii_case(b"close"))
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

/// What a call carries: the caller's headers, without ours, and its body.
struct Load {
    headers: HeaderMap,
    body: ToUpstream,
}

impl Load {
    fn of(request: Request<ToUpstream>) -> Self {
        let (parts, body) = request.into_parts();
        Self { headers: parts.headers, body }
    }
}

/// Where a call goes, and how.
struct Way<'a> {
    target: &'a Target,
    uri: Uri,
    method: &'a Method,
    own: &'a OwnHeaders,
    timeouts: Timeouts,
}

impl Way<'_> {
    fn request(&self, load: Load) -> Request<ToUpstream> {
        let mut headers = load.headers;
        headers.insert(http::header::HOST, self.target.authority.clone());
        self.own.put_into(&mut headers);
        let mut request = Request::new(load.body);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.version_mut() = Version::HTTP_11;
        *request.headers_mut() = headers;
        request
    }
}

fn make_uri(path_and_query: String) -> Result<Uri, Outcome> {
    let path = PathAndQuery::from_maybe_shared(Bytes::from(path_and_query));
    path.map(Uri::from).map_err(|_| Outcome::PathAmbiguous)
}

fn is_idempotent(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::PUT | Method::DELETE)
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
