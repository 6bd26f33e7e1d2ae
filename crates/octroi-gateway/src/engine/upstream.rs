//! Connections to upstreams: one pool per worker, the most recently used first; every address judged before it is
//! connected to (promise G6); redirects never followed.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use foldhash::HashMap;
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, Version};
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1::{self, Connection, SendRequest};
use hyper_util::rt::TokioIo;
use ipnet::IpNet;
use octroi_domain::api::{Timeouts, may_connect};
use octroi_policy::catalogue::Target;
use octroi_policy::{Admitted, Outcome};
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::body::{BodyCount, ToUpstream};
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
    /// Whether the answer in hand is the last that the connection is good for.
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
    /// How many are idle, and may be: for all upstreams together.
    idling: Cell<usize>,
    most_idling: usize,
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
    pub(super) fn new(connector: Connector, most_idling: usize) -> Self {
        let (idle, watched) = (RefCell::default(), RefCell::default());
        Self { connector, idle, idling: Cell::new(0), most_idling, watched }
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
                Ok((response, _)) if !is_sound(&response) => return Err(Outcome::UpstreamBroken),
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
        while let Some(wire) = self.take(&way.target.origin).await {
            let copy = repeatable.then(|| Load { headers: load.headers.clone(), body: ToUpstream::none() });
            match way.send(wire, load).await {
                Ok(arrived) => return Ok(arrived),
                Err(Lost::Unsent(again)) => load = *again,
                // Perhaps it is the call that the upstream dies of: it is repeated once, on a connection of its own.
                Err(Lost::Sent(outcome)) => match copy.filter(|_| outcome == Outcome::UpstreamBroken) {
                    Some(again) => {
                        load = again;
                        break;
                    }
                    None => return Err(Failure::Final(outcome)),
                },
            }
        }
        let within = Duration::from_millis(u64::from(timeouts.connect_ms));
        let connecting = self.connector.connect(way.target, &self.watched);
        let wire = match tokio::time::timeout(within, connecting).await {
            Ok(Ok(wire)) => wire,
            Ok(Err(outcome)) => return Err(Failure::Unsent(outcome, Box::new(load))),
            Err(_) => return Err(Failure::Unsent(Outcome::UpstreamTimeout, Box::new(load))),
        };
        way.send(wire, load).await.map_err(|lost| match lost {
            Lost::Unsent(load) => Failure::Unsent(Outcome::UpstreamBroken, load),
            Lost::Sent(outcome) => Failure::Final(outcome),
        })
    }

    /// The most recently used connection that is still open.
    async fn take(&self, origin: &Arc<str>) -> Option<Wire> {
        loop {
            let mut wire = self.idle.borrow_mut().get_mut(origin)?.pop()?;
            self.idling.set(self.idling.get() - 1);
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

enum Failure {
    /// Nothing was sent: another upstream may be tried.
    Unsent(Outcome, Box<Load>),
    Final(Outcome),
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

/// A call that came to nothing on one connection.
enum Lost {
    /// No byte of it was sent.
    Unsent(Box<Load>),
    /// It may have reached the upstream.
    Sent(Outcome),
}

impl Way<'_> {
    /// Sends the call by this connection and waits for the answer's head.
    async fn send(&self, mut wire: Wire, load: Load) -> Result<(Response<Incoming>, Wire), Lost> {
        let sending = load.body.count();
        wire.state.give_for_head(u64::from(self.timeouts.first_byte_ms));
        let response = match wire.send(self.request(load)).await {
            Ok(response) => response,
            Err(_) if wire.timed_out() => return Err(Lost::Sent(Outcome::UpstreamTimeout)),
            Err(None) => return Err(Lost::Sent(Outcome::UpstreamBroken)),
            Err(Some(unsent)) => return Err(Lost::Unsent(Box::new(Load::of(unsent)))),
        };
        wire.state.give(u64::from(self.timeouts.idle_ms));
        wire.last = self.is_last(&response, sending.as_deref());
        Ok((response, wire))
    }

    /// Whether nothing may follow an answer on its connection: what comes after it could be mistaken for the answer to
    /// somebody else's call.
    fn is_last(&self, response: &Response<Incoming>, sending: Option<&BodyCount>) -> bool {
        // Of a body that it need not read, an upstream may take the rest for the next call.
        let unread = |count: &BodyCount| !count.ended.get() || may_ignore_body(self.method);
        response.version() == Version::HTTP_10
            || sending.is_some_and(unread)
            || says_close(response.headers())
    }

    fn request(&self, load: Load) -> Request<ToUpstream> {
        let mut headers = load.headers;
        headers.insert(HOST, self.target.authority.clone());
        if load.body.size_hint().exact().is_none() {
            // Said here: the library sends no body of unknown length with a GET.
            headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        }
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

/// Whether an answer can be read in one way only: framed by one header, in the one encoding that is undone here, and no
/// change of protocol that nobody asked for.
fn is_sound(response: &Response<Incoming>) -> bool {
    let headers = response.headers();
    let length = headers.get(CONTENT_LENGTH);
    let framed = match response.body().size_hint().exact() {
        Some(_) => length.is_none_or(|l| l.as_bytes().iter().all(u8::is_ascii_digit)),
        None => {
            let mut encodings = headers.get_all(TRANSFER_ENCODING).iter();
            let plain = encodings.next().is_none_or(|e| e.as_bytes().eq_ignore_ascii_case(b"chunked"));
            plain && encodings.next().is_none() && length.is_none()
        }
    };
    framed && response.status() != StatusCode::SWITCHING_PROTOCOLS
}

/// Whether a body means nothing with this method (RFC 9110, 9.3): many servers leave it unread.
fn may_ignore_body(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::DELETE)
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
