//! From an HTTP request to a row's handler and back: who calls, what the path, query, headers and body say, each
//! checked before the use case hears of it.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body as HttpBody;
use axum::extract::{FromRequestParts as _, RawPathParams, Request};
use axum::response::Response;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde_json::Value;

use super::call::{Body, BodyKind, JSON_LIMIT, Reply};
use super::query;
use super::replay::Replay;
use super::route::{Incoming, Row};
use crate::context::{Visit, Web};
use crate::problem::{Problem, ProblemCode};
use crate::{auth, etag};

/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(30);

/// Answers a request that was routed to `row`.
pub(crate) async fn serve(web: Arc<Web>, row: &'static Row, visit: Visit, request: Request) -> Response {
    match attempt(&web, row, &visit, request).await {
        Ok(response) => response,
        Err(problem) => visit.refuse(&web.app, &problem),
    }
}

async fn attempt(
    web: &Arc<Web>,
    row: &'static Row,
    visit: &Visit,
    request: Request,
) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let (actor, token) = auth::actor(&web.app, &parts.headers, row.auth).await?;
    let path = path_parts(&mut parts).await?;
    let (query, page) = query::read(row, parts.uri.query())?;
    let edition = if row.if_match { etag::if_match(&parts.headers)? } else { None };
    let bytes = read_bytes(row, &parts.headers, body).await?;
    let replay = Replay::of(row, &parts, token, &bytes)?;
    let body = parse(row, bytes)?;
    let incoming = Incoming {
        app: web.app.clone(),
        actor,
        token,
        path,
        query,
        body,
        page,
        edition,
        client: visit.client,
        language: visit.language,
    };
    // On a task of its own: a client that hangs up does not stop a change halfway between its commit and its record.
    let web = Arc::clone(web);
    let task = tokio::spawn(async move {
        match replay {
            Some(replay) => replay.once(&web, row, incoming).await,
            None => (row.handler)(incoming).await.and_then(|reply| response(row, reply)),
        }
    });
    task.await.unwrap_or_else(|error| {
        tracing::error!(%error, operation = row.operation, "a handler did not end");
        Err(Problem::new(ProblemCode::Internal))
    })
}

async fn path_parts(parts: &mut Parts) -> Result<Vec<String>, Problem> {
    // What is not UTF-8 once decoded names nothing.
    let raw = RawPathParams::from_request_parts(parts, &())
        .await
        .map_err(|_| Problem::new(ProblemCode::NotFound))?;
    Ok(raw.iter().map(|(_, value)| value.to_owned()).collect())
}

/// Reads the body up to the row's limit; the type it says to have must be one that the row reads.
async fn read_bytes(row: &Row, headers: &HeaderMap, body: HttpBody) -> Result<Bytes, Problem> {
    let (types, limit) = match row.body {
        BodyKind::None => return Ok(Bytes::new()),
        BodyKind::Json(_) => (&["application/json"][..], JSON_LIMIT),
        BodyKind::File { types, limit } => (types, limit),
    };
    let too_large = || Problem::new(ProblemCode::BodyTooLarge).with("max", limit.to_string());
    let told = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if told.is_some_and(|length| length > limit as u64) {
        return Err(too_large());
    }
    let optional = row.body_schema.as_ref().is_some_and(|schema| schema.may_be_empty());
    let typed = headers.contains_key(header::CONTENT_TYPE);
    if (typed || !optional) && !is_one_of(headers, types) {
        return Err(Problem::new(ProblemCode::UnsupportedMediaType).with("wanted", types.join(", ")));
    }
    let whole = tokio::time::timeout(BODY_TIME, Limited::new(body, limit).collect())
        .await
        .map_err(|_| Problem::new(ProblemCode::RequestTimeout))?;
    let bytes = match whole {
        Ok(collected) => collected.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Err(too_large()),
        Err(_) => return Err(Problem::new(ProblemCode::MalformedRequest)),
    };
    if !typed && !bytes.is_empty() && !is_one_of(headers, types) {
        return Err(Problem::new(ProblemCode::UnsupportedMediaType).with("wanted", types.join(", ")));
    }
    Ok(bytes)
}

/// Whether the one `Content-Type` is in `types`; a `charset`, where it stands, is UTF-8.
fn is_one_of(headers: &HeaderMap, types: &[&str]) -> bool {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let Ok(text) = value.to_str() else { return false };
    let mut pieces = text.split(';').map(str::trim);
    let essence = pieces.next().unwrap_or_default();
    types.iter().any(|known| known.eq_ignore_ascii_case(essence))
        && pieces.filter_map(|p| p.split_once('=')).all(|(name, value)| {
            !name.trim().eq_ignore_ascii_case("charset")
                || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        })
}

fn parse(row: &Row, bytes: Bytes) -> Result<Body, Problem> {
    let Some(schema) = &row.body_schema else {
        return Ok(match row.body {
            BodyKind::File { .. } => Body::File(bytes),
            BodyKind::None | BodyKind::Json(_) => Body::None,
        });
    };

    let mut value = if bytes.is_empty() && schema.may_be_empty() {
        Value::Object(serde_json::Map::new())
    } else {
        serde_json::from_slice(&bytes).map_err(|error| {
            Problem::new(ProblemCode::MalformedJson)
                .with("line", error.line().to_string())
                .with("column", error.column().to_string())
        })?
    };
    schema.check(&value)?;
    integral(&mut value);
    Ok(Body::Json(value))
}

/// Writes `7.0` as `7`: to JSON Schema, and to languages whose only numbers are floating, it is the integer.
fn integral(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(integral),
        Value::Object(members) => members.values_mut().for_each(integral),
        Value::Number(number) if number.is_f64() => {
            let float = number.as_f64().unwrap_or_default();
            // Beyond, whole numbers have no exact form of this kind.
            if float.fract() == 0.0 && float.abs() < 9_007_199_254_740_992.0 {
                *value = Value::from(float as i64);
            }
        }
        _ => {}
    }
}

/// The answer to a call that went well.
pub(crate) fn response(row: &Row, reply: Reply) -> Result<Response, Problem> {
    let mut response = Response::new(HttpBody::empty());
    *response.status_mut() = row.success;
    let headers = response.headers_mut();
    let (media, bytes) = match reply {
        Reply::Empty => return Ok(response),
        Reply::File { media, bytes } => (media, bytes),
        Reply::Json(value) => {
            if let Some(tag) = etag::edition(&value).and_then(etag::of) {
                headers.insert(header::ETAG, tag);
            }
            if let Some(place) = location(row, &value) {
                headers.insert(header::LOCATION, place);
            }
            let text = serde_json::to_vec(&value).map_err(|_| Problem::new(ProblemCode::Internal))?;
            ("application/json", Bytes::from(text))
        }
    };
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    *response.body_mut() = HttpBody::from(bytes);
    Ok(response)
}

/// Where the created object is.
fn location(row: &Row, representation: &Value) -> Option<HeaderValue> {
    let (template, pointer) = row.location?;
    let id = representation.pointer(pointer)?.as_str()?;
    HeaderValue::from_str(&template.replace("{}", id)).ok()
}
