//! Listening and serving for people and client programs: the portal and the operator's side. (Calls to APIs come in by
//! the gateway's own engine.)

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, Response, StatusCode};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tower::ServiceExt as _;

use super::StartError;
use crate::descriptors::Shares;

/// From a connection's first byte, or the end of the last answer, to the end of a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// From a request's head to its answer's, the body's arrival included.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// Connections at once, where there are descriptors for as many; further ones wait to be accepted.
const MAX_CONNECTIONS: usize = 1_024;
/// For requests in hand to end when the listener stops.
const DRAIN: Duration = Duration::from_secs(10);
const MAX_HEADERS: usize = 100;
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// Takes an address, or says which option names one that is taken.
pub(super) fn listen(option: &'static str, address: SocketAddr) -> Result<StdListener, StartError> {
    let failed = |e: io::Error| StartError::Listen { option, address, why: e.to_string() };
    let listener = StdListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    Ok(listener)
}

/// An address that the gateway is about to share out among its workers: nobody else can take it meanwhile.
pub(super) struct Reserved {
    _socket: Socket,
    /// The address, its port known.
    pub(super) address: SocketAddr,
}

/// Checks that an address is free and holds it without listening. The gateway's listeners share their port among
/// themselves, which would also let a second program of the same user join in: this is what refuses it.
pub(super) fn reserve(option: &'static str, address: SocketAddr) -> Result<Reserved, StartError> {
    let failed = |e: io::Error| StartError::Listen { option, address, why: e.to_string() };
    let free = StdListener::bind(address).map_err(failed)?.local_addr().map_err(failed)?;
    let socket = Socket::new(Domain::for_address(free), Type::STREAM, Some(Protocol::TCP)).map_err(failed)?;
    socket.set_reuse_address(true).map_err(failed)?;
    socket.set_reuse_port(true).map_err(failed)?;
    socket.bind(&free.into()).map_err(failed)?;
    Ok(Reserved { _socket: socket, address: free })
}

/// Serves until `stop` says so, then lets the requests in hand end.
pub(super) async fn serve(
    listener: StdListener,
    router: Router,
    mut stop: watch::Receiver<bool>,
) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let places = Arc::new(Semaphore::new(Shares::take().visitors.min(MAX_CONNECTIONS)));
    let mut connections = JoinSet::new();
    let for_connections = stop.clone();
    loop {
        let place = tokio::select! {
            biased;
            () = stopped(&mut stop) => break,
            Some(_) = connections.join_next() => continue,
            place = Arc::clone(&places).acquire_owned() => place.map_err(io::Error::other)?,
        };
        tokio::select! {
            biased;
            () = stopped(&mut stop) => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let work = connection(stream, peer, router.clone(), for_connections.clone());
                    connections.spawn(async move {
                        work.await;
                        drop(place);
                    });
                }
                Err(error) => {
                    // The other side went away, or there are too many open files: either passes.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
        }
    }
    drop(listener);
    let _ = tokio::time::timeout(DRAIN, async { while connections.join_next().await.is_some() {} }).await;
    Ok(())
}

async fn connection(stream: TcpStream, peer: SocketAddr, router: Router, mut stop: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |mut request: Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        answer(router.clone(), request.map(Body::new))
    });
    let mut connection = std::pin::pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_headers(MAX_HEADERS)
            .max_buf_size(MAX_HEAD_BYTES)
            .serve_connection(TokioIo::new(stream), service)
    );
    tokio::select! {
        ended = connection.as_mut() => {
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection ended early");
            }
        }
        () = stopped(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

/// Resolves once it is time to stop.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // A guard of the value must not live across what follows.
    let _ = stop.wait_for(|stop| *stop).await.map(drop);
}

async fn answer(router: Router, request: Request<Body>) -> Result<Response<Body>, Infallible> {
    let answered = tokio::time::timeout(REQUEST_TIMEOUT, router.oneshot(request)).await;
    answered.unwrap_or_else(|_| {
        let mut late = Response::new(Body::empty());
        *late.status_mut() = StatusCode::REQUEST_TIMEOUT;
        Ok(late)
    })
}
