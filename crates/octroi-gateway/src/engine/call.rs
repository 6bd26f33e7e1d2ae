//! A call in hand, on either road: its record, the decision on it, and what is ours on its way there and back.

use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

use bytes::Bytes;
use http::Method;
use http::header::{self, HeaderName, HeaderValue};
use octroi_domain::ids::RequestId;
use octroi_policy::catalogue::Target;
use octroi_policy::stages::Preflight;
use octroi_policy::{Admitted, Caller, Outcome, Refusal, RequestFacts};

use super::record::{Asked, CallRecord};
use super::stall::CallerState;
use super::worker::Worker;
use crate::answer::{self, AnswerFacts, AnswerSettings, Reply};
use crate::forwarding::{self, Origin, OwnHeaders, Seen, X_REQUEST_ID};
use crate::lines::HeaderLines;
use crate::pipeline::{Decision, decide};
use crate::rewrite::{self, Rewriter};

/// A call in hand.
pub(super) struct Call<A: Asked> {
    pub(super) worker: Rc<Worker>,
    peer: SocketAddr,
    trusted: bool,
    client_ip: IpAddr,
    pub(super) seen: Seen,
    facts: AnswerFacts,
    /// What the API's addresses begin with as the caller knows them, where those in the answer are led back there.
    public: Option<String>,
    pub(super) record: Box<CallRecord<A>>,
}

impl<A: Asked> Call<A> {
    pub(super) fn new(
        worker: Rc<Worker>,
        connection: Rc<CallerState>,
        peer: SocketAddr,
        headers: &impl HeaderLines,
        asked: A,
    ) -> Self {
        let shared = &worker.shared;
        let started = shared.ports.clock.monotonic();
        let now = shared.ports.clock.now();
        let request_id = worker.random.borrow_mut().request_id(now, &*shared.ports.entropy);
        let seen = Seen::among(headers);
        let take = |name: &HeaderName, seen: bool| {
            let value = if seen { headers.value(name, 0) } else { None };
            value.and_then(|value| HeaderValue::from_bytes(value).ok())
        };
        let (trusted, client_ip) =
            forwarding::client_address(peer.ip(), &shared.config.trusted_proxies, headers);
        let facts = AnswerFacts {
            request_id: id_value(request_id),
            method: asked.method().clone(),
            accept: take(&header::ACCEPT, seen.accept),
            origin: take(&header::ORIGIN, seen.origin),
        };
        let client_text = match trusted {
            false => Rc::clone(&connection.peer_text),
            true => client_ip.to_string().into(),
        };
        let record = Box::new(CallRecord {
            worker: Rc::clone(&worker),
            connection,
            arrived: now,
            started,
            request_id,
            their_request_id: take(&X_REQUEST_ID, seen.request_id),
            client_text,
            asked,
            api: None,
            caller: Caller::default(),
            admitted: false,
            outcome: Outcome::ClientGone,
            status: 499,
            upstream_us: None,
            body_in: None,
            bytes_out: 0,
            done: false,
        });
        Self { worker, peer, trusted, client_ip, seen, facts, public: None, record }
    }

    /// Has the call decided. `query` and `body_bytes`: as in [`RequestFacts`].
    pub(super) fn decide(
        &self,
        headers: &impl HeaderLines,
        host: Option<&str>,
        query: Option<&str>,
        body_bytes: Option<u64>,
    ) -> Decision {
        let asked = &self.record.asked;
        let facts = RequestFacts {
            method: asked.method().as_str(),
            host,
            path: asked.path(),
            query,
            headers,
            body_bytes,
            client_ip: self.client_ip,
            now: self.record.arrived,
        };
        decide(&self.worker.shared.policy, facts)
    }

    /// Notes that the call was admitted, and makes the headers that are ours; out of the caller's goes what the upstream
    /// must not receive.
    pub(super) fn admit(&mut self, admitted: &Admitted, headers: &mut impl HeaderLines) -> OwnHeaders {
        let record = &mut self.record;
        record.api = Some(admitted.api().clone());
        record.caller = admitted.caller();
        record.admitted = true;
        record.connection.admitted_by(admitted.pass());
        let host = record.asked.host();
        let peer_text = &record.connection.peer_text;
        let origin = Origin { peer: self.peer.ip(), peer_text, trusted: self.trusted, host, scheme: "http" };
        if admitted.rewriting().is_some() {
            rewrite::ask_plainly(headers);
            self.public = Some(forwarding::public_base(headers, &origin, &admitted.api().prefix));
        }
        let entropy = &*self.worker.shared.ports.entropy;
        let mut random = self.worker.random.borrow_mut();
        forwarding::to_upstream(headers, self.seen, admitted, &origin, record.request_id, |incoming, out| {
            random.traceparent(incoming, entropy, out)
        })
    }

    /// The answer of `target` is there, with this status: takes out of its headers what belongs to the upstream's
    /// connection, and puts ours in. Gives what its body must go through, if anything.
    pub(super) fn complete(
        &mut self,
        admitted: &Admitted,
        target: &Target,
        headers: &mut impl HeaderLines,
        status: u16,
    ) -> Option<Box<Rewriter>> {
        let seen = Seen::among(headers);
        forwarding::strip_hop_by_hop(headers, seen);
        if seen.forged {
            forwarding::strip_from_answer(headers);
        }
        if status == 204 && seen.framing {
            // Such an answer has no length to tell (RFC 9110, 8.6).
            headers.remove(&header::CONTENT_LENGTH);
        }
        let rewriter = admitted.rewriting().zip(self.public.as_deref()).and_then(|(rewriting, public)| {
            let rewriter = Rewriter::new(rewriting, target, public);
            rewriter.prepare(rewriting, status, headers).then(|| Box::new(rewriter))
        });
        let origins = &self.worker.shared.config.portal_origins;
        answer::complete(headers, admitted, &self.facts, origins, self.record.arrived);
        self.record.outcome = Outcome::Admitted;
        self.record.status = status;
        rewriter
    }

    /// The refusal of a call that was admitted, and that nothing came of.
    pub(super) fn failed(
        self,
        admitted: &Admitted,
        outcome: Outcome,
        headers: &mut impl HeaderLines,
    ) -> Reply {
        let outcome = self.record.callers_fault().unwrap_or(outcome);
        let mut refusal = Refusal::at(outcome, admitted.api(), admitted.caller());
        refusal.readings = *admitted.readings();
        self.refuse(&refusal, headers)
    }

    /// Refuses the call; the answer's headers are added to `headers`.
    pub(super) fn refuse(mut self, refusal: &Refusal, headers: &mut impl HeaderLines) -> Reply {
        let shared = &self.worker.shared;
        self.record.api.clone_from(&refusal.api);
        self.record.caller = refusal.caller;
        let settings = AnswerSettings {
            errors_base_url: &shared.config.errors_base_url,
            language: shared.config.language,
            portal_origins: &shared.config.portal_origins,
        };
        let reply = answer::refusal(refusal, &self.facts, &settings, self.record.arrived, headers);
        self.reply(reply, refusal.outcome)
    }

    /// Answers a browser's preflight; the answer's headers are added to `headers`.
    pub(super) fn preflight(mut self, preflight: Preflight, headers: &mut impl HeaderLines) -> Reply {
        self.record.api = Some(preflight.api.clone());
        let reply = answer::preflight(preflight, &self.facts, headers);
        self.reply(reply, Outcome::CorsPreflight)
    }

    fn reply(mut self, reply: Reply, outcome: Outcome) -> Reply {
        self.record.status = reply.status.as_u16();
        if *self.record.asked.method() != Method::HEAD {
            self.record.bytes_out = reply.body.len() as u64;
        }
        self.record.finish_as(outcome);
        reply
    }
}

fn id_value(id: RequestId) -> HeaderValue {
    let mut text = String::with_capacity(32);
    id.append_to(&mut text);
    HeaderValue::from_maybe_shared(Bytes::from(text)).unwrap_or(HeaderValue::from_static("req"))
}
