//! Metrics for Prometheus, under OpenTelemetry's names. Labels are bounded: the API's slug, never a path; the
//! outcome's code; one of the usual methods.

use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::HashMap;
use octroi_domain::ids::ApiId;
use octroi_policy::Policy;
use octroi_policy::catalogue::Api;
use octroi_policy::outcome::Outcome;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};

use crate::access_log::AccessLog;
use crate::meter::Meter;

/// Upper bounds of the duration buckets, in microseconds.
const BOUNDS_US: [u64; 14] = [
    250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    10_000_000,
];

/// Calls that a worker measures together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CallKey {
    pub(crate) method: &'static str,
    pub(crate) api_id: Option<ApiId>,
    pub(crate) status: u16,
    pub(crate) outcome: Outcome,
}

/// Calls that are told together: exactly the labels, so that no series is told twice.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct SeriesKey {
    method: &'static str,
    slug: String,
    version: String,
    status: u16,
    error: &'static str,
}

/// A distribution of durations.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Durations {
    buckets: [u64; BOUNDS_US.len() + 1],
    sum_us: u64,
    count: u64,
}

impl Durations {
    pub(crate) fn observe(&mut self, us: u64) {
        let place = BOUNDS_US.iter().position(|bound| us <= *bound).unwrap_or(BOUNDS_US.len());
        self.buckets[place] += 1;
        self.sum_us = self.sum_us.saturating_add(us);
        self.count += 1;
    }

    fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.buckets.iter_mut().zip(other.buckets) {
            *mine += theirs;
        }
        self.sum_us = self.sum_us.saturating_add(other.sum_us);
        self.count += other.count;
    }
}

/// What one worker measured since it last handed over.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    /// By call; the API is kept for its name.
    pub(crate) calls: HashMap<CallKey, (Option<Arc<Api>>, Durations)>,
    /// By server, then by status.
    pub(crate) upstream: HashMap<Arc<str>, HashMap<u16, Durations>>,
}

impl Measured {
    pub(crate) fn observe_upstream(&mut self, server: &Arc<str>, status: u16, us: u64) {
        if let Some(known) = self.upstream.get_mut(server) {
            known.entry(status).or_default().observe(us);
        } else {
            self.upstream.entry(Arc::clone(server)).or_default().entry(status).or_default().observe(us);
        }
    }
}

#[derive(Debug, Default)]
struct All {
    calls: HashMap<SeriesKey, Durations>,
    upstream: HashMap<(Arc<str>, u16), Durations>,
}

/// One of the usual methods, so that labels stay bounded (OpenTelemetry, HTTP conventions).
pub(crate) fn known_method(method: &http::Method) -> &'static str {
    const KNOWN: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"];
    KNOWN.into_iter().find(|m| *m == method.as_str()).unwrap_or("_OTHER")
}

/// All that the gateway tells of itself.
pub(crate) struct Metrics {
    measured: Mutex<All>,
    /// Connections of callers now open.
    pub(crate) connections: AtomicI64,
    /// Connections refused because too many were open.
    pub(crate) connections_refused: AtomicU64,
    /// Refreshes of the snapshot that failed.
    pub(crate) refresh_failures: Arc<AtomicU64>,
    meter: Arc<Meter>,
    policy: Arc<Policy>,
    access_log: Arc<dyn AccessLog>,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

/// More series than this are put together under no route: a catalogue of a million APIs must not fill the memory of
/// whoever scrapes.
const MOST_SERIES: usize = 20_000;

impl Metrics {
    pub(crate) fn new(meter: Arc<Meter>, policy: Arc<Policy>, access_log: Arc<dyn AccessLog>) -> Self {
        Self {
            measured: Mutex::default(),
            connections: AtomicI64::new(0),
            connections_refused: AtomicU64::new(0),
            refresh_failures: Arc::default(),
            meter,
            policy,
            access_log,
        }
    }

    /// Takes over what a worker measured.
    pub(crate) fn merge(&self, new: &mut Measured) {
        if new.calls.is_empty() && new.upstream.is_empty() {
            return;
        }
        let mut all = self.measured.lock().unwrap_or_else(PoisonError::into_inner);
        for (call, (api, durations)) in new.calls.drain() {
            let (slug, version) = api.map(|a| (a.slug.clone(), a.version.clone())).unwrap_or_default();
            let error = if call.outcome.is_failure() { call.outcome.code() } else { "" };
            let key = SeriesKey { method: call.method, slug, version, status: call.status, error };
            let full = all.calls.len() >= MOST_SERIES && !all.calls.contains_key(&key);
            let rest = |key| SeriesKey { slug: "_other".to_owned(), version: String::new(), ..key };
            let key = if full { rest(key) } else { key };
            all.calls.entry(key).or_default().add(&durations);
        }
        for (server, by_status) in new.upstream.drain() {
            for (status, durations) in by_status {
                let key = (Arc::clone(&server), status);
                let full = all.upstream.len() >= MOST_SERIES && !all.upstream.contains_key(&key);
                let key = if full { (Arc::from("_other"), status) } else { key };
                all.upstream.entry(key).or_default().add(&durations);
            }
        }
    }

    /// The text that Prometheus scrapes (OpenMetrics).
    pub(crate) fn text(self: &Arc<Self>) -> String {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Arc::clone(self)));
        let mut text = String::new();
        match prometheus_client::encoding::text::encode(&mut text, &registry) {
            Ok(()) => text,
            Err(_) => String::new(),
        }
    }
}

impl Collector for Metrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.encode_durations(&mut encoder)?;
        let gauge = |encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: i64| {
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)
        };
        let snapshot = &self.policy.snapshot;
        let revision = snapshot.revision().map_or(-1, |r| r.0);
        gauge(&mut encoder, "octroi_snapshot_revision", "Revision that calls are decided by", revision)?;
        gauge(&mut encoder, "octroi_snapshot_keys", "Credentials known", snapshot.keys.len() as i64)?;
        let connections = self.connections.load(Ordering::Relaxed);
        gauge(&mut encoder, "http_server_open_connections", "Connections of callers", connections)?;
        gauge(
            &mut encoder,
            "octroi_usage_waiting_rows",
            "Counts not yet delivered",
            self.meter.waiting() as i64,
        )?;
        let counter = |encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64| {
            let counter = ConstCounter::new(value);
            counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)
        };
        for (name, help, value) in [
            ("octroi_usage_batches", "Batches of counts delivered", self.meter.delivered()),
            ("octroi_usage_coarsened", "Counts that lost detail", self.meter.coarsened()),
            ("octroi_access_log_dropped_lines", "Lines of the access log dropped", self.access_log.dropped()),
            (
                "octroi_refresh_failures",
                "Refreshes of the snapshot that failed",
                self.refresh_failures.load(Ordering::Relaxed),
            ),
            (
                "octroi_connections_refused",
                "Connections closed because too many were open",
                self.connections_refused.load(Ordering::Relaxed),
            ),
        ] {
            counter(&mut encoder, name, help, value)?;
        }
        Ok(())
    }
}

impl Metrics {
    fn encode_durations(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let all = self.measured.lock().unwrap_or_else(PoisonError::into_inner);
        let mut family = encoder.encode_descriptor(
            "http_server_request_duration",
            "From a call's head to its answer's end",
            Some(&Unit::Seconds),
            MetricType::Histogram,
        )?;
        for (key, durations) in &all.calls {
            let status = key.status.to_string();
            let labels = [
                ("http_request_method", key.method),
                ("http_route", key.slug.as_str()),
                ("octroi_api_version", key.version.as_str()),
                ("http_response_status_code", status.as_str()),
                ("error_type", key.error),
            ];
            encode_histogram(&mut family.encode_family(&labels)?, durations)?;
        }
        let mut family = encoder.encode_descriptor(
            "http_client_request_duration",
            "From a request to an upstream to its answer's head",
            Some(&Unit::Seconds),
            MetricType::Histogram,
        )?;
        for ((server, status), durations) in &all.upstream {
            let status = status.to_string();
            let labels = [("server_address", &**server), ("http_response_status_code", status.as_str())];
            encode_histogram(&mut family.encode_family(&labels)?, durations)?;
        }
        Ok(())
    }
}

fn encode_histogram(
    encoder: &mut prometheus_client::encoding::MetricEncoder<'_>,
    durations: &Durations,
) -> fmt::Result {
    let bounds = BOUNDS_US.iter().map(|us| *us as f64 / 1e6).chain([f64::MAX]);
    let buckets: Vec<(f64, u64)> = bounds.zip(durations.buckets).collect();
    encoder.encode_histogram::<NoLabelSet>(durations.sum_us as f64 / 1e6, durations.count, &buckets, None)
}
