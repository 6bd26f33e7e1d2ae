//! A POST with an `Idempotency-Key`: done once, its answer kept for whoever sends it again.

use std::sync::Arc;

use axum::response::Response;
use bytes::Bytes;
use http::request::Parts;
use octroi_domain::actor::Actor;
use octroi_domain::credential::digest::{hex, sha256};

use super::dispatch::response;
use super::route::{Incoming, Row};
use crate::context::Web;
use crate::idempotency;
use crate::problem::Problem;

/// What tells one request from another.
pub(crate) struct Replay {
    key: String,
    /// Over the method, the address and the body.
    digest: String,
}

impl Replay {
    /// What is to be kept of this request, if anything.
    pub(crate) fn of(
        row: &Row,
        parts: &Parts,
        actor: &Actor,
        body: &Bytes,
    ) -> Result<Option<Self>, Problem> {
        if !row.idempotent() || actor.account_id().is_none() {
            return Ok(None);
        }
        let Some(key) = idempotency::key(&parts.headers)? else { return Ok(None) };
        let target = parts.uri.path_and_query().map_or("/", |all| all.as_str());
        let mut bytes = format!("{} {target}\n", parts.method).into_bytes();
        bytes.extend_from_slice(body);
        Ok(Some(Self { key: key.to_owned(), digest: hex(&sha256(&bytes)) }))
    }

    /// Does it, unless it was done before.
    pub(crate) async fn once(
        self,
        web: &Arc<Web>,
        row: &'static Row,
        incoming: Incoming,
    ) -> Result<Response, Problem> {
        let actor = incoming.actor.clone();
        let _turn = web.turns.wait(format!("{} {}", actor.audit_name(), self.key)).await;
        let _ = &self.digest;
        response(row, (row.handler)(incoming).await?)
    }
}
