//! The record of one call: counted and logged once, whatever becomes of the call.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Method};
use octroi_domain::ids::RequestId;
use octroi_domain::time::Timestamp;
use octroi_policy::catalogue::Api;
use octroi_policy::{Caller, Outcome};

use super::body::BodyCount;
use super::stall::CallerState;
use super::worker::Worker;
use crate::access_log::Line;
use crate::meter::{Counts, TallyKey, minute_of};
use crate::metrics::{CallKey, known_method};

/// What a call asks for: kept by the library's parts, or where it stands in the bytes that were read.
pub(super) trait Asked {
    fn method(&self) -> &Method;
    fn path(&self) -> &str;
    /// The host: the target's own authority stands before `Host` (RFC 9112, 3.2.2). Of one that was refused, what
    /// stands before an `@` is left out: it may be a secret.
    fn host(&self) -> Option<&str>;
}

/// The record of one call. Dropped unfinished, the caller went away.
pub(super) struct CallRecord<A: Asked> {
    pub(super) worker: Rc<Worker>,
    pub(super) connection: Rc<CallerState>,
    /// When the call's head was there.
    pub(super) arrived: Timestamp,
    /// The same moment, on the clock that never goes back.
    pub(super) started: Duration,
    pub(super) request_id: RequestId,
    pub(super) their_request_id: Option<HeaderValue>,
    pub(super) client_text: Rc<str>,
    pub(super) asked: A,
    pub(super) api: Option<Arc<Api>>,
    pub(super) caller: Caller,
    /// Whether the call passed the limits, whatever came of it.
    pub(super) admitted: bool,
    pub(super) outcome: Outcome,
    pub(super) status: u16,
    pub(super) upstream_us: Option<u64>,
    pub(super) body_in: Option<Rc<BodyCount>>,
    pub(super) bytes_out: u64,
    pub(super) done: bool,
}

impl<A: Asked> CallRecord<A> {
    /// The call ended with another outcome than was thought.
    pub(super) fn finish_as(&mut self, outcome: Outcome) {
        self.outcome = outcome;
        self.finish();
    }

    /// Counts and logs the call.
    pub(super) fn finish(&mut self) {
        if std::mem::replace(&mut self.done, true) {
            return;
        }
        self.connection.end_call();
        let shared = &self.worker.shared;
        let duration = shared.ports.clock.monotonic().saturating_sub(self.started);
        let (now, duration_us) = (self.arrived.after(duration), micros(duration));
        self.count(now, duration_us);
        self.log(now, duration_us);
    }

    /// What stands before whatever the upstream makes of the call: that it was revoked, or what is wrong with the
    /// caller's body.
    pub(super) fn callers_fault(&self) -> Option<Outcome> {
        let body = || self.body_in.as_ref().and_then(|count| count.fault.get());
        self.connection.cut_short().or_else(body)
    }

    fn bytes_in(&self) -> u64 {
        self.body_in.as_ref().map_or(0, |count| count.bytes.get())
    }

    fn count(&self, now: Timestamp, duration_us: u64) {
        let api_id = self.api.as_ref().map(|a| a.id);
        let key = TallyKey {
            minute: minute_of(now),
            api_id,
            subscription_id: self.caller.subscription_id,
            credential_id: self.caller.credential_id,
            outcome: self.outcome,
            status: self.status,
            admitted: self.admitted,
        };
        let counts = Counts { calls: 1, bytes_in: self.bytes_in(), bytes_out: self.bytes_out, duration_us };
        // A browser's question before a call is measured, and is no call of anybody's.
        if self.outcome != Outcome::CorsPreflight {
            self.worker.tally.borrow_mut().entry(key).or_default().add(counts);
        }
        let key = CallKey {
            method: known_method(self.asked.method()),
            api_id,
            status: self.status,
            outcome: self.outcome,
        };
        let mut measured = self.worker.measured.borrow_mut();
        let (_, durations) =
            measured.calls.entry(key).or_insert_with(|| (self.api.clone(), Default::default()));
        durations.observe(duration_us);
    }

    fn log(&self, now: Timestamp, duration_us: u64) {
        let their_request_id = self.their_request_id.as_ref().map(|v| String::from_utf8_lossy(v.as_bytes()));
        let mut time = self.worker.time.borrow_mut();
        let line = Line {
            time: time.of(now),
            request_id: self.request_id,
            their_request_id: their_request_id.as_deref(),
            client_ip: &self.client_text,
            method: self.asked.method().as_str(),
            host: self.asked.host(),
            path: self.asked.path(),
            api: self.api.as_ref().map(|a| (a.slug.as_str(), a.version.as_str())),
            caller: self.caller,
            outcome: self.outcome,
            status: self.status,
            duration_us,
            upstream_us: self.upstream_us,
            bytes_in: self.bytes_in(),
            bytes_out: self.bytes_out,
        };
        self.worker.log(&line);
    }
}

impl<A: Asked> Drop for CallRecord<A> {
    fn drop(&mut self) {
        if !self.done {
            self.finish_as(self.connection.cut_short().unwrap_or(Outcome::ClientGone));
        }
    }
}

/// A duration in whole microseconds.
pub(super) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
