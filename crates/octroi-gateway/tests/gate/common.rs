//! A gateway in the test's own process, with a clock turned by hand, a source and a sink in memory, and upstreams that
//! record every byte they receive.
#![allow(unreachable_pub, reason = "the tests are one program; its modules share this one")]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use octroi_domain::api::{ApiState, GatewayDefinition, UpstreamClass};
use octroi_domain::credential::{Instance, Pepper, Peppers};
use octroi_domain::ids::{ApiId, ApplicationId, BootId, CredentialId, PlanId, SubscriptionId};
use octroi_domain::plan::{Limits, RateLimit, Security};
use octroi_domain::time::{Clock, Entropy, Timestamp};
use octroi_gateway::access_log::AccessLog;
use octroi_gateway::meter::UsageSink;
use octroi_gateway::refresh::SnapshotSource;
use octroi_gateway::resolve::{Resolve, SystemResolver};
use octroi_gateway::{Gateway, GatewayConfig, PortError, Ports};
use octroi_policy::feed::{
    ApiSource, CatalogueSource, Delta, Grant, KeyKind, KeyRecord, KeyStatus, PlanSource, QuotaUse, Revision,
    UsageBatch, UsageRow, client_lookup,
};
use serde_json::{Value, json};
use tokio::sync::watch;

pub const START: &str = "2026-11-22T16:20:30Z";
pub const KEY_HEADER: &str = "X-INSEE-Api-Key-Integration";

/// A clock turned by hand.
pub struct HandClock(AtomicI64);

impl HandClock {
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(by.as_millis() as i64, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::parse(START).unwrap().after(self.monotonic())
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst) as u64)
    }
}

/// Bytes that are different each time and the same in every run.
pub struct Counting(AtomicU64);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let n = self.0.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            chunk.copy_from_slice(&n.to_le_bytes()[..chunk.len()]);
        }
    }
}

/// What there is to serve, in memory.
pub struct Memory {
    state: Mutex<MemoryState>,
    bell: watch::Sender<u64>,
}

#[derive(Default)]
struct MemoryState {
    revision: i64,
    catalogue: CatalogueSource,
    catalogue_at: i64,
    keys: BTreeMap<u128, (i64, KeyRecord)>,
    quota_used: Vec<QuotaUse>,
    down: bool,
}

impl Memory {
    fn change(&self, change: impl FnOnce(&mut MemoryState, i64)) -> Revision {
        let mut state = self.state.lock().unwrap();
        state.revision += 1;
        let revision = state.revision;
        change(&mut state, revision);
        drop(state);
        self.bell.send_modify(|n| *n += 1);
        Revision(revision)
    }

    pub fn put_key(&self, record: KeyRecord) -> Revision {
        self.change(|state, at| {
            state.keys.insert(record.id.as_u128(), (at, record));
        })
    }

    pub fn put_catalogue(&self, catalogue: CatalogueSource) -> Revision {
        self.change(|state, at| {
            state.catalogue = catalogue;
            state.catalogue_at = at;
        })
    }

    pub fn set_down(&self, down: bool) {
        self.state.lock().unwrap().down = down;
    }
}

impl SnapshotSource for Memory {
    fn load(&self, after: Option<Revision>) -> BoxFuture<'_, Result<Delta, PortError>> {
        let state = self.state.lock().unwrap();
        let since = after.map_or(i64::MIN, |r| r.0);
        let delta = Delta {
            from: after,
            to: Revision(state.revision),
            catalogue: (state.catalogue_at > since).then(|| state.catalogue.clone()),
            keys: state.keys.values().filter(|(at, _)| *at > since).map(|(_, k)| k.clone()).collect(),
            quota_used: if after.is_none() { state.quota_used.clone() } else { Vec::new() },
        };
        let down = state.down;
        Box::pin(async move { if down { Err("the database is down".into()) } else { Ok(delta) } })
    }

    fn doorbell(&self) -> watch::Receiver<u64> {
        self.bell.subscribe()
    }
}

/// Counts that were delivered.
#[derive(Default)]
pub struct Sink(pub Mutex<Vec<UsageBatch>>);

impl UsageSink for Sink {
    fn deliver<'a>(&'a self, batch: &'a UsageBatch) -> BoxFuture<'a, Result<(), PortError>> {
        self.0.lock().unwrap().push(batch.clone());
        Box::pin(async { Ok(()) })
    }
}

/// The access log's lines.
#[derive(Default)]
pub struct Log(Mutex<String>);

impl Log {
    pub fn lines(&self) -> Vec<Value> {
        self.0.lock().unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect()
    }

    pub fn text(&self) -> String {
        self.0.lock().unwrap().clone()
    }
}

impl AccessLog for Log {
    fn write(&self, lines: Vec<u8>) {
        self.0.lock().unwrap().push_str(&String::from_utf8(lines).unwrap());
    }
}

/// An upstream: what it does with each connection is given; every byte that it receives is kept.
pub struct Upstream {
    pub address: SocketAddr,
    received: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Upstream {
    /// Runs `serve` for each connection, on a thread of its own.
    pub fn new(serve: impl Fn(&mut Recorded) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let received: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
        let (kept, serve) = (Arc::clone(&received), Arc::new(serve));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                let number = {
                    let mut all = kept.lock().unwrap();
                    all.push(Vec::new());
                    all.len() - 1
                };
                let (kept, serve) = (Arc::clone(&kept), Arc::clone(&serve));
                std::thread::spawn(move || serve(&mut Recorded { stream, kept, number, buffer: Vec::new() }));
            }
        });
        Self { address, received }
    }

    /// Answers each request with 200 and a small body.
    pub fn echo() -> Self {
        Self::new(|c| {
            while let Some(request) = c.request() {
                let line = request.lines().next().unwrap_or("").to_owned();
                c.send(&format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{line}",
                    line.len()
                ));
            }
        })
    }

    /// Answers each request with `answer`.
    pub fn answering(answer: &'static str) -> Self {
        Self::new(move |c| {
            while c.request().is_some() {
                c.send(answer);
            }
        })
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it received, connection by connection.
    pub fn heard(&self) -> Vec<Vec<u8>> {
        self.received.lock().unwrap().clone()
    }

    /// What it received, all connections one after the other.
    pub fn received(&self) -> String {
        String::from_utf8_lossy(&self.heard().concat()).into_owned()
    }

    pub fn connections(&self) -> usize {
        self.received.lock().unwrap().len()
    }

    /// The requests it received whose line is complete.
    pub fn request_lines(&self) -> Vec<String> {
        let lines = self.received();
        lines.lines().filter(|l| l.ends_with(" HTTP/1.1")).map(str::to_owned).collect()
    }
}

/// One connection of an upstream.
pub struct Recorded {
    pub stream: TcpStream,
    kept: Arc<Mutex<Vec<Vec<u8>>>>,
    number: usize,
    buffer: Vec<u8>,
}

impl Recorded {
    fn fill(&mut self) -> bool {
        let mut piece = [0; 16_384];
        match self.stream.read(&mut piece) {
            Ok(0) | Err(_) => false,
            Ok(n) => {
                self.kept.lock().unwrap()[self.number].extend_from_slice(&piece[..n]);
                self.buffer.extend_from_slice(&piece[..n]);
                true
            }
        }
    }

    /// The next request's head, its body read too.
    pub fn request(&mut self) -> Option<String> {
        let head = self.head()?;
        let lower = head.to_ascii_lowercase();
        if let Some(length) = lower.lines().find_map(|l| l.strip_prefix("content-length: ")) {
            let length: usize = length.trim().parse().unwrap();
            while self.buffer.len() < length {
                if !self.fill() {
                    return None;
                }
            }
            self.buffer.drain(..length);
        } else if lower.contains("transfer-encoding: chunked") {
            while !self.buffer.windows(5).any(|w| w == b"0\r\n\r\n") {
                if !self.fill() {
                    return None;
                }
            }
            self.buffer.clear();
        }
        Some(head)
    }

    /// The next request's head.
    pub fn head(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.buffer.windows(4).position(|w| w == b"\r\n\r\n") {
                let head: Vec<u8> = self.buffer.drain(..end + 4).collect();
                return Some(String::from_utf8_lossy(&head).into_owned());
            }
            if !self.fill() {
                return None;
            }
        }
    }

    pub fn send(&mut self, text: &str) {
        let _ = self.stream.write_all(text.as_bytes());
    }
}

pub fn api_id(slug: &str) -> ApiId {
    ApiId::from_u128(number(slug))
}

pub fn plan_id(slug: &str) -> PlanId {
    PlanId::from_u128(number(slug))
}

fn number(slug: &str) -> u128 {
    slug.bytes().fold(1, |n, b| n * 257 + u128::from(b))
}

/// An API in the manner of row 2: key in a header, Gravitee's dialect. `more` is merged into its definition.
pub fn api(slug: &str, path: &str, upstream: &str, more: Value) -> ApiSource {
    let mut definition = json!({
        "route": {"path": path},
        "upstreams": [{"url": upstream}],
        "credentials": [{"in": "header", "name": KEY_HEADER}, {"in": "query", "name": "api-key"}],
        "dialect": "gravitee",
    });
    for (field, value) in more.as_object().unwrap() {
        definition[field] = value.clone();
    }
    let gateway: GatewayDefinition = serde_json::from_value(definition).unwrap();
    let plan = PlanSource {
        id: plan_id(slug),
        slug: "public".into(),
        security: Security::ApiKey,
        limits: Limits::default(),
        operations: Vec::new(),
    };
    ApiSource {
        id: api_id(slug),
        slug: slug.into(),
        version: "3.11".into(),
        state: ApiState::Published,
        gateway,
        plans: vec![plan],
    }
}

/// The row's limit: 30 calls for each minute.
pub fn thirty() -> Limits {
    Limits { rate: Some(RateLimit { count: 30, window_seconds: 60 }), quota: None }
}

pub fn grant(api: &str, subscription: u128, limits: Limits) -> Grant {
    Grant {
        api_id: api_id(api),
        plan_id: plan_id(api),
        subscription_id: SubscriptionId::from_u128(subscription),
        limits,
        scopes: Vec::new(),
        resources: Vec::new(),
        upstream: UpstreamClass::Live,
        ends_at: None,
        subject: None,
        filters: Vec::new(),
    }
}

pub fn peppers() -> Peppers {
    Peppers::new(Pepper::new(1, &[7; 32]), vec![])
}

pub fn key(id: u128, secret: &str, status: KeyStatus) -> KeyRecord {
    KeyRecord {
        id: CredentialId::from_u128(id),
        kind: KeyKind::Opaque,
        digest: peppers().digest(secret).1,
        application_id: ApplicationId::from_u128(id),
        status,
    }
}

pub fn client(id: u128, client_id: &str, status: KeyStatus) -> KeyRecord {
    KeyRecord { kind: KeyKind::OauthClient, ..key(id, &client_lookup(client_id), status) }
}

pub fn open(grants: Vec<Grant>) -> KeyStatus {
    KeyStatus::Open { expires_at: None, grants }
}

/// A gateway in service.
pub struct House {
    pub gateway: Option<Gateway>,
    pub address: SocketAddr,
    pub clock: Arc<HandClock>,
    pub source: Arc<Memory>,
    pub sink: Arc<Sink>,
    pub log: Arc<Log>,
    runtime: tokio::runtime::Runtime,
}

/// A gateway that serves `apis` to `keys`.
pub fn house(apis: Vec<ApiSource>, keys: Vec<KeyRecord>) -> House {
    house_with(CatalogueSource { apis, issuer: None }, keys, |_| {})
}

pub fn house_with(
    catalogue: CatalogueSource,
    keys: Vec<KeyRecord>,
    settings: impl FnOnce(&mut GatewayConfig),
) -> House {
    house_resolving(catalogue, keys, settings, Arc::new(SystemResolver))
}

pub fn house_resolving(
    catalogue: CatalogueSource,
    keys: Vec<KeyRecord>,
    settings: impl FnOnce(&mut GatewayConfig),
    resolver: Arc<dyn Resolve>,
) -> House {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let clock = Arc::new(HandClock(AtomicI64::new(1_000)));
    let source = Arc::new(Memory { state: Mutex::default(), bell: watch::channel(0).0 });
    source.put_catalogue(catalogue);
    for key in keys {
        source.put_key(key);
    }
    let (sink, log) = (Arc::new(Sink::default()), Arc::new(Log::default()));
    let listen = vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))];
    let instance = Instance::new("octroi").unwrap();
    let mut config = GatewayConfig::new("test", BootId::from_u128(1), listen, instance, peppers());
    config.workers = 2;
    config.engine = crate::ENGINE;
    config.allowed_private_upstreams = vec!["127.0.0.0/8".parse().unwrap()];
    config.timings.drain = Duration::from_secs(5);
    settings(&mut config);
    let ports = Ports {
        clock: Arc::clone(&clock) as _,
        entropy: Arc::new(Counting(AtomicU64::new(1))),
        source: Arc::clone(&source) as _,
        sink: Arc::clone(&sink) as _,
        access_log: Arc::clone(&log) as _,
        resolver,
    };
    let guard = runtime.enter();
    let gateway = Gateway::start(config, ports).unwrap();
    drop(guard);
    assert!(runtime.block_on(gateway.applied().ready()));
    let address = gateway.addresses()[0];
    let house = House { gateway: Some(gateway), address, clock, source, sink, log, runtime };
    let revision = house.source.state.lock().unwrap().revision;
    house.applied(Revision(revision));
    house
}

impl House {
    /// Waits until calls are decided by this revision.
    pub fn applied(&self, revision: Revision) {
        let applied = self.gateway.as_ref().unwrap().applied();
        assert!(self.runtime.block_on(applied.reached(revision)));
    }

    pub fn connect(&self) -> Caller {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        Caller { stream, buffer: Vec::new() }
    }

    /// One call on a connection of its own.
    pub fn call(&self, request: &str) -> Answer {
        self.connect().call(request)
    }

    /// GET with more header lines, each ended by CR LF.
    pub fn get(&self, path: &str, headers: &str) -> Answer {
        self.call(&format!("GET {path} HTTP/1.1\r\nHost: gateway.test\r\n{headers}\r\n"))
    }

    /// GET with a key.
    pub fn get_with(&self, path: &str, secret: &str) -> Answer {
        self.get(path, &format!("{KEY_HEADER}: {secret}\r\n"))
    }

    /// Stops the gateway; all counts are delivered and all lines written then.
    pub fn stop(&mut self) {
        if let Some(gateway) = self.gateway.take() {
            self.runtime.block_on(gateway.shutdown());
        }
    }

    /// Stops the gateway and gives all counts.
    pub fn usage(&mut self) -> Vec<UsageRow> {
        self.stop();
        self.sink.0.lock().unwrap().iter().flat_map(|b| b.rows.clone()).collect()
    }
}

/// A caller's connection.
pub struct Caller {
    pub stream: TcpStream,
    buffer: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }
}

impl Caller {
    pub fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).unwrap();
    }

    pub fn call(&mut self, request: &str) -> Answer {
        let _ = self.stream.write_all(request.as_bytes());
        self.answer(request.starts_with("HEAD")).expect("an answer")
    }

    fn fill(&mut self) -> bool {
        let mut piece = [0; 16_384];
        match self.stream.read(&mut piece) {
            Ok(0) => false,
            Ok(n) => {
                self.buffer.extend_from_slice(&piece[..n]);
                true
            }
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => false,
            Err(error) => panic!("{error}"),
        }
    }

    /// The next answer; none where the connection ends before it. A body that breaks off is marked.
    pub fn answer(&mut self, bodyless: bool) -> Option<Answer> {
        let end = loop {
            if let Some(end) = self.buffer.windows(4).position(|w| w == b"\r\n\r\n") {
                break end;
            }
            if !self.fill() {
                return None;
            }
        };
        let head: Vec<u8> = self.buffer.drain(..end + 4).collect();
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.split("\r\n");
        let status: u16 = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers: Vec<_> =
            lines.filter_map(|l| l.split_once(": ")).map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
        let mut answer = Answer { status, headers, body: String::new() };
        if status == 100 {
            return Some(answer);
        }
        if bodyless || matches!(status, 204 | 304) {
            return Some(answer);
        }
        let body = if answer.header("transfer-encoding").is_some() {
            self.chunked()
        } else if let Some(length) = answer.header("content-length") {
            self.exactly(length.parse().unwrap())
        } else {
            while self.fill() {}
            std::mem::take(&mut self.buffer)
        };
        answer.body = String::from_utf8_lossy(&body).into_owned();
        Some(answer)
    }

    fn exactly(&mut self, length: usize) -> Vec<u8> {
        while self.buffer.len() < length {
            if !self.fill() {
                let mut broken = std::mem::take(&mut self.buffer);
                broken.extend_from_slice(b"<broken off>");
                return broken;
            }
        }
        self.buffer.drain(..length).collect()
    }

    fn chunked(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let Some(end) = self.buffer.windows(2).position(|w| w == b"\r\n") else {
                if !self.fill() {
                    body.extend_from_slice(b"<broken off>");
                    return body;
                }
                continue;
            };
            let line: Vec<u8> = self.buffer.drain(..end + 2).collect();
            let size = usize::from_str_radix(std::str::from_utf8(&line).unwrap().trim(), 16).unwrap();
            body.extend(self.exactly(size));
            self.exactly(2);
            if size == 0 {
                return body;
            }
        }
    }

    /// Whether the gateway closes the connection without another byte.
    pub fn is_closed(&mut self) -> bool {
        self.buffer.is_empty() && !self.fill()
    }
}
