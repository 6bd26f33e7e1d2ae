//! The engine: the only place that names the proxy library. [`Gateway`] starts the workers and the two tasks that keep
//! the snapshot up to date and deliver the counts, and stops them in order.

mod body;
mod call;
mod client;
mod fast;
mod framing;
mod record;
mod server;
mod stall;
mod transport;
mod upstream;
mod worker;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use octroi_policy::{Policy, Snapshot};
use rustls::{ClientConfig, RootCertStore};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::watch;
use tokio_rustls::TlsConnector;

use crate::config::{GatewayConfig, Ports};
use crate::meter::{Delivery, Meter};
use crate::metrics::Metrics;
use crate::refresh::{AppliedRevision, Refresher, applied_channel};
use worker::Shared;

/// A gateway that cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// A thread or a runtime cannot be made.
    #[error("cannot start a worker: {0}")]
    Worker(io::Error),
    /// A certificate or the cryptography cannot be used.
    #[error("cannot use TLS towards upstreams: {0}")]
    Tls(#[from] rustls::Error),
}

/// A gateway in service.
pub struct Gateway {
    addresses: Vec<SocketAddr>,
    policy: Arc<Policy>,
    metrics: Arc<Metrics>,
    applied: AppliedRevision,
    stop_workers: watch::Sender<bool>,
    stop_tasks: watch::Sender<bool>,
    workers: Vec<JoinHandle<()>>,
    refresher: tokio::task::JoinHandle<()>,
    delivery: tokio::task::JoinHandle<()>,
    patience: Duration,
}

impl Gateway {
    /// Listens, and begins to serve. Must be called within a tokio runtime, which carries the refreshing and the
    /// delivery of counts; calls are carried by threads of the gateway's own. Until the first snapshot is there, calls
    /// are answered 503: see [`AppliedRevision::ready`].
    pub fn start(config: GatewayConfig, ports: Ports) -> Result<Self, StartError> {
        let (addresses, listeners) = listen(&config.listen, config.workers.max(1))?;
        let policy = Arc::new(Policy {
            snapshot: Snapshot::new(),
            instance: config.instance.clone(),
            peppers: config.peppers.clone(),
            portal_origins: config.portal_origins.clone(),
        });
        let meter = Arc::new(Meter::default());
        let metrics =
            Arc::new(Metrics::new(Arc::clone(&meter), Arc::clone(&policy), Arc::clone(&ports.access_log)));
        let (stop_workers, stopped_workers) = watch::channel(false);
        let (stop_tasks, stopped_tasks) = watch::channel(false);
        let (tell, applied) = applied_channel();
        let refresher = Refresher {
            policy: Arc::clone(&policy),
            source: Arc::clone(&ports.source),
            clock: Arc::clone(&ports.clock),
            applied: tell,
            every: config.timings.refresh,
            failures: Arc::clone(&metrics.refresh_failures),
        };
        let delivery = Delivery {
            meter: Arc::clone(&meter),
            sink: Arc::clone(&ports.sink),
            gateway: config.name.clone(),
            boot: config.boot,
        };
        let tls = tls_connector(&config)?;
        let patience = config.timings.drain;
        let shared = Arc::new(Shared {
            config,
            ports,
            policy: Arc::clone(&policy),
            meter,
            metrics: Arc::clone(&metrics),
            tls,
        });
        let workers = listeners
            .into_iter()
            .enumerate()
            .map(|(number, mine)| spawn_worker(number, &shared, mine, &stopped_workers))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            addresses,
            policy,
            metrics,
            applied,
            stop_workers,
            stop_tasks,
            workers,
            refresher: tokio::spawn(refresher.run(stopped_tasks.clone())),
            delivery: tokio::spawn(delivery.run(stopped_tasks)),
            patience,
        })
    }

    /// The addresses that it listens on, in the order of the settings.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// What it decides by: for `explain`.
    pub fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    /// Tells which revision it decides by.
    pub fn applied(&self) -> AppliedRevision {
        self.applied.clone()
    }

    /// Whether the first snapshot is there.
    pub fn is_ready(&self) -> bool {
        self.policy.snapshot.is_ready()
    }

    /// Whether a worker or a task has ended although nobody stopped it: a fault of ours, after which the process should
    /// end.
    pub fn has_failed(&self) -> bool {
        self.workers.iter().any(JoinHandle::is_finished)
            || self.refresher.is_finished()
            || self.delivery.is_finished()
    }

    /// What Prometheus scrapes (OpenMetrics text): for the admin listener, never for the public one.
    pub fn metrics_text(&self) -> String {
        self.metrics.text()
    }

    /// A handle that gives the metrics without the gateway.
    pub fn metrics_handle(&self) -> MetricsHandle {
        MetricsHandle(Arc::clone(&self.metrics))
    }

    /// Stops: takes no further connection, lets the calls in hand end, delivers the last counts.
    pub async fn shutdown(self) {
        self.stop_workers.send_replace(true);
        let workers = self.workers;
        let joined = tokio::task::spawn_blocking(move || {
            for worker in workers {
                let _ = worker.join();
            }
        });
        let _ = joined.await;
        self.stop_tasks.send_replace(true);
        let _ = self.refresher.await;
        if tokio::time::timeout(self.patience, self.delivery).await.is_err() {
            tracing::error!("the last counts could not be delivered");
        }
    }
}

/// Gives the metrics of a gateway.
#[derive(Clone)]
pub struct MetricsHandle(Arc<Metrics>);

impl MetricsHandle {
    /// What Prometheus scrapes (OpenMetrics text).
    pub fn text(&self) -> String {
        self.0.text()
    }
}

/// For each worker, one listener for each address: the kernel spreads the connections (SO_REUSEPORT).
fn listen(
    wanted: &[SocketAddr],
    workers: usize,
) -> Result<(Vec<SocketAddr>, Vec<Vec<TcpListener>>), StartError> {
    let mut addresses = Vec::new();
    let mut listeners: Vec<Vec<TcpListener>> = (0..workers).map(|_| Vec::new()).collect();
    for &wanted in wanted {
        let mut address = wanted;
        for mine in &mut listeners {
            let failed = |source| StartError::Listen { address: wanted, source };
            let listener = bind(address).map_err(failed)?;
            // Port 0 is chosen once, for the first worker.
            address = listener.local_addr().map_err(failed)?;
            mine.push(listener);
        }
        addresses.push(address);
    }
    Ok((addresses, listeners))
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(4_096)?;
    Ok(socket.into())
}

fn spawn_worker(
    number: usize,
    shared: &Arc<Shared>,
    listeners: Vec<TcpListener>,
    stop: &watch::Receiver<bool>,
) -> Result<JoinHandle<()>, StartError> {
    let (shared, stop) = (Arc::clone(shared), stop.clone());
    // The runtime never leaves its thread: its tasks need no set of their own to stay on it.
    let (tell, told) = std::sync::mpsc::sync_channel(1);
    let work = move || {
        let built = Builder::new_current_thread().enable_all().build_local(LocalOptions::default());
        let (runtime, said) = match built {
            Ok(runtime) => (Some(runtime), Ok(())),
            Err(error) => (None, Err(error)),
        };
        let _ = tell.send(said);
        if let Some(runtime) = runtime {
            let worker = runtime.block_on(worker::run(shared, listeners, stop));
            // Calls that are cut short are counted and logged too.
            drop(runtime);
            worker.hand_over();
        }
    };
    let name = format!("gateway-{number}");
    let thread = std::thread::Builder::new().name(name).spawn(work).map_err(StartError::Worker)?;
    match told.recv() {
        Ok(Ok(())) => Ok(thread),
        Ok(Err(error)) => Err(StartError::Worker(error)),
        Err(gone) => Err(StartError::Worker(io::Error::other(gone))),
    }
}

fn tls_connector(config: &GatewayConfig) -> Result<TlsConnector, StartError> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    for certificate in &config.upstream_roots {
        roots.add(certificate.clone())?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(tls)))
}
