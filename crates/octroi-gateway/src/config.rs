//! What a gateway is started with: plain settings, and the ports through which it reaches the world.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use octroi_domain::api::Language;
use octroi_domain::credential::{Instance, Peppers};
use octroi_domain::ids::BootId;
use octroi_domain::time::{Clock, Entropy};
use rustls_pki_types::CertificateDer;

use crate::access_log::AccessLog;
use crate::meter::UsageSink;
use crate::refresh::SnapshotSource;
use crate::resolve::Resolve;

/// Settings of a gateway.
#[derive(Clone, Debug)]
pub struct GatewayConfig {
    /// The gateway's name: with `boot` and a sequence it makes a batch of counts unique.
    pub name: String,
    /// This start of it.
    pub boot: BootId,
    /// Addresses to listen on. Port 0 takes a free one.
    pub listen: Vec<SocketAddr>,
    /// Number of worker threads.
    pub workers: usize,
    /// The road that calls take.
    pub engine: Engine,
    /// Most connections of callers that one worker keeps; further ones are closed at once. As many more may lead to
    /// upstreams, and half as many may wait there for the next call.
    pub max_connections_per_worker: usize,
    /// Networks of proxies before the gateway, whose `X-Forwarded-*` are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Private networks that upstreams may be on.
    pub allowed_private_upstreams: Vec<IpNet>,
    /// Certificates, beside the public ones, that upstreams may be signed by.
    pub upstream_roots: Vec<CertificateDer<'static>>,
    /// Origins of the portal's own pages, let in by every API.
    pub portal_origins: Vec<String>,
    /// The name that begins every secret of this installation.
    pub instance: Instance,
    /// What secrets are digested under.
    pub peppers: Peppers,
    /// Where the pages about outcomes are, without a slash at the end.
    pub errors_base_url: String,
    /// Language of sentences where no API was found.
    pub language: Language,
    /// How long things may take.
    pub timings: Timings,
}

impl GatewayConfig {
    /// As many workers as the machine has cores for us.
    pub fn a_worker_for_each_core() -> usize {
        std::thread::available_parallelism().map_or(1, usize::from)
    }

    /// Settings that suit most, listening on `listen`.
    pub fn new(
        name: &str,
        boot: BootId,
        listen: Vec<SocketAddr>,
        instance: Instance,
        peppers: Peppers,
    ) -> Self {
        Self {
            name: name.to_owned(),
            boot,
            listen,
            workers: Self::a_worker_for_each_core(),
            engine: Engine::default(),
            max_connections_per_worker: 20_000,
            trusted_proxies: Vec::new(),
            allowed_private_upstreams: Vec::new(),
            upstream_roots: Vec::new(),
            portal_origins: Vec::new(),
            instance,
            peppers,
            errors_base_url: "/docs/errors".to_owned(),
            language: Language::Fr,
            timings: Timings::default(),
        }
    }
}

/// The road that calls take (docs/architecture.md, "Engine").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// Plain calls from bytes to bytes; whatever is unusual by hyper.
    #[default]
    Fast,
    /// Every call by hyper.
    Hyper,
}

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Timings {
    /// From a request's first byte to the end of its head.
    pub header_read: Duration,
    /// Between two requests of a connection.
    pub keep_alive: Duration,
    /// Without any byte leaving for a caller who has an answer to read.
    pub write_stall: Duration,
    /// Waiting for a request's body before its rate is judged.
    pub body_grace: Duration,
    /// Slowest rate of a request's body, in bytes per second of waiting.
    pub body_bytes_per_second: u64,
    /// How long a connection to an upstream is kept without use.
    pub upstream_keep_alive: Duration,
    /// Between two comparisons with the source, where the doorbell stays silent.
    pub refresh: Duration,
    /// For calls in hand to end when the gateway stops.
    pub drain: Duration,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            header_read: Duration::from_secs(10),
            keep_alive: Duration::from_secs(75),
            write_stall: Duration::from_secs(60),
            body_grace: Duration::from_secs(10),
            body_bytes_per_second: 512,
            upstream_keep_alive: Duration::from_secs(50),
            refresh: Duration::from_secs(5),
            drain: Duration::from_secs(30),
        }
    }
}

/// The ports through which a gateway reaches the world.
#[derive(Clone)]
pub struct Ports {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness, for request ids and trace ids.
    pub entropy: Arc<dyn Entropy>,
    /// Where it learns what to serve.
    pub source: Arc<dyn SnapshotSource>,
    /// Where counts go.
    pub sink: Arc<dyn UsageSink>,
    /// Where the access log's lines go.
    pub access_log: Arc<dyn AccessLog>,
    /// What names lead to.
    pub resolver: Arc<dyn Resolve>,
}
