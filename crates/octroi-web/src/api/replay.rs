//! A POST with an `Idempotency-Key`: done once, its answer kept for whoever sends it again. Only answers to what was
//! done are kept: after a refusal nothing was written, and the same key may be tried again.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode};
use http_body_util::BodyExt as _;
use octroi_app::App;
use octroi_app::idempotency::StoredAnswer;
use octroi_domain::actor::Actor;
use octroi_domain::credential::digest::{hex, sha256};
use octroi_domain::ids::ManagementTokenId;

use super::dispatch::response;
use super::route::{Incoming, Row};
use crate::context::Web;
use crate::idempotency;
use crate::problem::{Problem, ProblemCode};

/// What tells one request from another.
pub(crate) struct Replay {
    key: String,
    /// Over the token, the method, the address and the body: what one token was given, a lesser one of the same person
    /// must not be given again.
    digest: String,
}

impl Replay {
    /// What is to be kept of this request, if anything.
    pub(crate) fn of(
        row: &Row,
        parts: &Parts,
        token: Option<ManagementTokenId>,
        body: &Bytes,
    ) -> Result<Option<Self>, Problem> {
        let Some(token) = token.filter(|_| row.idempotent()) else { return Ok(None) };
        let Some(key) = idempotency::key(&parts.headers)? else { return Ok(None) };
        let target = parts.uri.path_and_query().map_or("/", |all| all.as_str());
        let mut bytes = format!("{token} {} {target}\n", parts.method).into_bytes();
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
        let (app, actor) = (incoming.app.clone(), incoming.actor.clone());
        let _turn = web.turns.wait(format!("{} {}", actor.audit_name(), self.key)).await;
        if let Some(kept) = app.idempotent_lookup(&actor, &self.key, &self.digest).await? {
            return Ok(again(kept));
        }
        let done = match (row.handler)(incoming).await {
            Ok(reply) => response(row, reply)?,
            Err(problem) => {
                self.release(&app, &actor).await;
                return Err(problem);
            }
        };
        self.keep(&app, &actor, done).await
    }

    /// Keeps the answer. Where that fails, the work is done all the same and its answer is given.
    async fn keep(&self, app: &App, actor: &Actor, done: Response) -> Result<Response, Problem> {
        let (parts, body) = done.into_parts();
        let body = body.collect().await.map_err(|_| Problem::new(ProblemCode::Internal))?.to_bytes();
        let text = |value: &HeaderValue| value.to_str().unwrap_or_default().to_owned();
        let answer = StoredAnswer {
            status: parts.status.as_u16(),
            headers: parts.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
            body: body.to_vec(),
        };
        if let Err(error) = app.idempotent_store(actor, &self.key, &self.digest, &answer).await {
            tracing::warn!(%error, "an answer could not be kept for its idempotency key");
        }
        Ok(Response::from_parts(parts, Body::from(body)))
    }

    async fn release(&self, app: &App, actor: &Actor) {
        if let Err(error) = app.idempotent_release(actor, &self.key).await {
            tracing::warn!(%error, "an idempotency key could not be released");
        }
    }
}

/// The answer that was given before.
fn again(kept: StoredAnswer) -> Response {
    let mut response = Response::new(Body::from(kept.body));
    *response.status_mut() = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::OK);
    for (name, value) in kept.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
    response
}
