//! The OAuth2 endpoints as HTTP: form in, JSON out, errors as RFC 6749 says.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::{HeaderValue, StatusCode, header};
use octroi_app::oauth::{TokenError, TokenRequest};
use serde_json::{Value, json};

use crate::api::only;
use crate::context::Web;
use crate::form::{self, Fields};

pub(crate) fn router() -> Router<Arc<Web>> {
    let keys = || only("GET", get(jwks));
    Router::new()
        .route("/oauth/token", only("POST", post(token)))
        .route("/oauth/jwks", keys())
        .route("/oauth/jwks.json", keys())
        .route("/.well-known/jwks.json", keys())
        .route("/.well-known/oauth-authorization-server", only("GET", get(metadata)))
}

/// Gives an access token (RFC 6749, 4.4.2).
async fn token(State(web): State<Arc<Web>>, request: Request) -> Response {
    let mut response = match answer(&web, request).await {
        Ok(answer) => axum::Json(answer).into_response(),
        Err(error) => refusal(&error),
    };
    // RFC 6749, 5.1.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

async fn answer(web: &Web, request: Request) -> Result<impl serde::Serialize, TokenError> {
    let (parts, body) = request.into_parts();
    let mut shown = parts.headers.get_all(header::AUTHORIZATION).iter();
    let authorization = shown.next().map(|v| v.to_str().unwrap_or_default().to_owned());
    if shown.next().is_some() {
        return Err(TokenError::InvalidRequest("Authorization"));
    }
    let fields = form::read(&parts.headers, body).await.map_err(|_| TokenError::InvalidRequest("body"))?;
    let once = |name| one(&fields, name);
    let request = TokenRequest {
        authorization,
        grant_type: once("grant_type")?,
        client_id: once("client_id")?,
        client_secret: once("client_secret")?,
        scope: once("scope")?,
        resource: fields.all("resource").chain(fields.all("audience")).map(str::to_owned).collect(),
    };
    web.app.token(request).await
}

/// A parameter that may stand once (RFC 6749, 3.2); an empty one is as good as absent.
fn one(fields: &Fields, name: &'static str) -> Result<Option<String>, TokenError> {
    let mut values = fields.all(name);
    let first = values.next();
    if values.next().is_some() {
        return Err(TokenError::InvalidRequest(name));
    }
    Ok(first.filter(|value| !value.is_empty()).map(str::to_owned))
}

fn refusal(error: &TokenError) -> Response {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let description = match error {
        TokenError::App(inner) => {
            tracing::error!(error = %inner, "no token could be given");
            "the server cannot answer now".to_owned()
        }
        told => told.to_string(),
    };
    let body = axum::Json(json!({"error": error.code(), "error_description": description}));
    let mut response = (status, body).into_response();
    let challenge = match status {
        StatusCode::UNAUTHORIZED => Some((header::WWW_AUTHENTICATE, r#"Basic realm="octroi""#)),
        StatusCode::SERVICE_UNAVAILABLE => Some((header::RETRY_AFTER, "5")),
        _ => None,
    };
    if let Some((name, value)) = challenge {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Public halves of the signing keys.
async fn jwks(State(web): State<Arc<Web>>) -> Response {
    match web.app.jwks().await {
        Ok(keys) => public(&keys),
        Err(error) => refusal(&TokenError::App(error)),
    }
}

/// What the server is and can do (RFC 8414).
async fn metadata(State(web): State<Arc<Web>>) -> Response {
    public(&web.app.oauth_metadata())
}

/// A document that everybody may keep for a while.
fn public(document: &Value) -> Response {
    let mut response = Response::new(Body::from(document.to_string()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    response
}
