//! The complete road's way to an upstream: the library's client, driven by whoever uses the connection.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, Version};
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1::{self, Connection, SendRequest};
use hyper_util::rt::TokioIo;
use octroi_domain::api::Timeouts;
use octroi_policy::catalogue::Target;
use octroi_policy::{Admitted, Outcome};

use super::body::{BodyCount, ToUpstream};
use super::upstream::{Conn, Letter, Lost, Stream, Wire, is_idempotent, says_close};
use crate::forwarding::OwnHeaders;

/// What one connection reads ahead of a caller who takes it slowly, and the longest head of an answer, in bytes.
const MOST_BUFFERED: usize = 64 * 1024;

/// A connection in the library's hands. It has no task of its own: whoever uses it drives it.
pub(super) struct LibraryConn {
    sender: SendRequest<ToUpstream>,
    driver: Option<Box<Connection<TokioIo<Stream>, ToUpstream>>>,
}

impl LibraryConn {
    /// Lets the connection read and write what it can.
    pub(super) fn drive(&mut self, cx: &mut Context<'_>) {
        if self.driver.as_mut().is_some_and(|driver| Pin::new(driver).poll(cx).is_ready()) {
            self.driver = None;
        }
    }

    /// Sends a request and waits for the answer's head.
    async fn send(&mut self, request: Request<ToUpstream>) -> Result<Response<Incoming>, Unsent> {
        let mut answer = std::pin::pin!(self.sender.try_send_request(request));
        let driver = &mut self.driver;
        poll_fn(|cx| {
            if driver.as_mut().is_some_and(|driver| Pin::new(driver).poll(cx).is_ready()) {
                *driver = None;
            }
            match answer.as_mut().poll(cx) {
                Poll::Ready(Ok(response)) => Poll::Ready(Ok(response)),
                Poll::Ready(Err(mut error)) => Poll::Ready(Err(match error.take_message() {
                    Some(request) => Unsent::Whole(Box::new(request)),
                    None if error.error().is_parse() => Unsent::Answered,
                    None => Unsent::Perhaps,
                })),
                Poll::Pending if driver.is_none() => Poll::Ready(Err(Unsent::Perhaps)),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }
}

/// A request that no answer came to.
enum Unsent {
    /// No byte of it was sent: here it is again.
    Whole(Box<Request<ToUpstream>>),
    /// It may have been sent.
    Perhaps,
    /// It was sent, and answered with what is no answer.
    Answered,
}

impl Conn for LibraryConn {
    async fn open(stream: Stream) -> Result<Self, Outcome> {
        let handshake =
            http1::Builder::new().max_buf_size(MOST_BUFFERED).handshake(TokioIo::new(stream)).await;
        let (sender, driver) = handshake.map_err(|_| Outcome::UpstreamUnreachable)?;
        Ok(Self { sender, driver: Some(Box::new(driver)) })
    }

    fn is_reusable(&mut self, cx: &mut Context<'_>) -> bool {
        self.drive(cx);
        self.is_open() && self.sender.is_ready()
    }

    fn is_open(&self) -> bool {
        self.driver.is_some()
    }
}

/// What a call carries: the caller's headers, without ours, and its body.
struct Load {
    headers: HeaderMap,
    body: ToUpstream,
}

/// A call on its way to an upstream.
pub(super) struct LibraryLetter<'a> {
    admitted: &'a Admitted,
    method: Method,
    own: OwnHeaders,
    uri: Uri,
    load: Option<Load>,
}

impl<'a> LibraryLetter<'a> {
    pub(super) fn new(
        admitted: &'a Admitted,
        method: Method,
        headers: HeaderMap,
        own: OwnHeaders,
        body: ToUpstream,
    ) -> Self {
        Self { admitted, method, own, uri: Uri::default(), load: Some(Load { headers, body }) }
    }

    fn request(&self, load: Load, target: &Target) -> Request<ToUpstream> {
        let mut headers = load.headers;
        headers.insert(HOST, target.authority.clone());
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

    /// Whether nothing may follow an answer on its connection: what comes after it could be mistaken for the answer to
    /// somebody else's call.
    fn is_last(&self, response: &Response<Incoming>, sending: Option<&BodyCount>) -> bool {
        // Of a body that it need not read, an upstream may take the rest for the next call.
        let unread = |count: &BodyCount| !count.ended.get() || may_ignore_body(&self.method);
        response.version() == Version::HTTP_10
            || sending.is_some_and(unread)
            || says_close(response.headers())
    }
}

impl Letter for LibraryLetter<'_> {
    type Conn = LibraryConn;
    type Answer = Response<Incoming>;

    fn address(&mut self, target: &Target) -> Result<(), Outcome> {
        let path = PathAndQuery::from_maybe_shared(Bytes::from(self.admitted.path_and_query(target)));
        self.uri = path.map(Uri::from).map_err(|_| Outcome::PathAmbiguous)?;
        Ok(())
    }

    fn is_repeatable(&self) -> bool {
        self.load.as_ref().is_some_and(|load| load.body.is_none()) && is_idempotent(&self.method)
    }

    async fn send(
        &mut self,
        wire: &mut Wire<LibraryConn>,
        target: &Target,
        timeouts: Timeouts,
    ) -> Result<Response<Incoming>, Lost> {
        let copy =
            self.is_repeatable().then(|| self.load.as_ref().map(|load| load.headers.clone())).flatten();
        let Some(load) = self.load.take() else { return Err(Lost::Unanswered(Outcome::UpstreamBroken)) };
        let sending = load.body.count();
        wire.state.give_for_head(u64::from(timeouts.first_byte_ms));
        let sent = wire.conn.send(self.request(load, target)).await;
        self.load = copy.map(|headers| Load { headers, body: ToUpstream::none() });
        let response = match sent {
            Ok(response) => response,
            Err(_) if wire.timed_out() => return Err(Lost::Unanswered(Outcome::UpstreamTimeout)),
            Err(Unsent::Perhaps) => return Err(Lost::Unanswered(Outcome::UpstreamBroken)),
            Err(Unsent::Answered) => return Err(Lost::UNSOUND),
            Err(Unsent::Whole(unsent)) => {
                let (parts, body) = unsent.into_parts();
                self.load = Some(Load { headers: parts.headers, body });
                return Err(Lost::Unsent);
            }
        };
        if !is_sound(&response) {
            return Err(Lost::UNSOUND);
        }
        wire.state.give(u64::from(timeouts.idle_ms));
        wire.last = self.is_last(&response, sending.as_deref());
        Ok(response)
    }
}

/// Whether an answer can be read in one way only: framed by one header, in the one encoding that is undone here, and no
/// change of protocol that nobody asked for.
fn is_sound(response: &Response<Incoming>) -> bool {
    let headers = response.headers();
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let length = lengths.next();
    if lengths.next().is_some() {
        return false;
    }
    let framed = match response.body().size_hint().exact() {
        Some(_) => length.is_none_or(|l| !l.is_empty() && l.as_bytes().iter().all(u8::is_ascii_digit)),
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
