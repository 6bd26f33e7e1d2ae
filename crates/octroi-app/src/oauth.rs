//! The portal's OAuth2 server: client credentials (RFC 6749, 4.4), access tokens as JWT (RFC 9068), keys (RFC 7517) and
//! metadata (RFC 8414).

mod client;
mod scope;
mod signing;

use octroi_domain::ids::ApplicationId;
use octroi_domain::plan::Security;
use octroi_domain::subscription::SubscriptionState;
use octroi_domain::time::random_bytes;
use octroi_store::{Session, SubscriptionInPlace};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{App, AppError};

/// How long an access token lives, in seconds (at most ten minutes, promise P10).
const TOKEN_SECONDS: i64 = 600;

/// A request to the token endpoint, as it came.
#[derive(Clone, Default)]
pub struct TokenRequest {
    /// The `Authorization` header, for `client_secret_basic`.
    pub authorization: Option<String>,
    /// The form's `grant_type`.
    pub grant_type: Option<String>,
    /// The form's `client_id`, for `client_secret_post`.
    pub client_id: Option<String>,
    /// The form's `client_secret`, for `client_secret_post`.
    pub client_secret: Option<String>,
    /// The form's `scope`: words with spaces between them; all that the client may have where absent.
    pub scope: Option<String>,
    /// Every `resource` (RFC 8707) and `audience` of the form: an API's access URL or its slug. A token for every API
    /// of the client where there is none.
    pub resource: Vec<String>,
}

impl std::fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenRequest").field("scope", &self.scope).finish_non_exhaustive()
    }
}

/// An access token (RFC 6749, 5.1).
#[derive(Clone, Serialize, JsonSchema)]
pub struct TokenAnswer {
    /// The token.
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: &'static str,
    /// How long it lives, in seconds.
    pub expires_in: i64,
    /// Its scopes, with spaces between them.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub scope: String,
}

impl std::fmt::Debug for TokenAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenAnswer").field("scope", &self.scope).finish_non_exhaustive()
    }
}

/// Why no token was given.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Something is missing, twice there or not understood. The word names the parameter.
    #[error("the parameter {0} is missing, repeated or not understood")]
    InvalidRequest(&'static str),
    /// An unknown client, a wrong secret, or none.
    #[error("the client is unknown or its secret is wrong")]
    InvalidClient,
    /// Another grant than client credentials.
    #[error("only client_credentials is supported")]
    UnsupportedGrantType,
    /// The client's application has no active subscription to an OAuth2 plan.
    #[error("the client has no active subscription under an OAuth2 plan")]
    UnauthorizedClient,
    /// A scope that no plan of the client gives.
    #[error("a scope is unknown or was not granted")]
    InvalidScope,
    /// A resource that the client has no subscription to (RFC 8707).
    #[error("a resource is unknown or was not granted")]
    InvalidTarget,
    /// Our fault, or the database's.
    #[error(transparent)]
    App(#[from] AppError),
}

impl TokenError {
    /// The `error` of the answer (RFC 6749, 5.2; RFC 8707, 2).
    pub const fn code(&self) -> &'static str {
        match self {
            Self::InvalidRequest(_) => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::App(AppError::Unavailable(_)) => "temporarily_unavailable",
            Self::App(_) => "server_error",
        }
    }

    /// The answer's HTTP status.
    pub const fn status(&self) -> u16 {
        match self {
            Self::InvalidClient => 401,
            Self::App(AppError::Unavailable(_)) => 503,
            Self::App(_) => 500,
            _ => 400,
        }
    }
}

impl From<octroi_store::StoreError> for TokenError {
    fn from(error: octroi_store::StoreError) -> Self {
        Self::App(error.into())
    }
}

impl App {
    /// Gives an access token to a client that shows its secret. An unknown client and a wrong secret take one path and
    /// get one answer.
    pub async fn token(&self, request: TokenRequest) -> Result<TokenAnswer, TokenError> {
        let shown = client::read(&request)?;
        match request.grant_type.as_deref() {
            Some("client_credentials") => {}
            Some(_) => return Err(TokenError::UnsupportedGrantType),
            None => return Err(TokenError::InvalidRequest("grant_type")),
        }
        let mut session = self.read().await.map_err(TokenError::App)?;
        let application = self.authenticate_client(&mut session, &shown).await?;
        let granted = self.granted(&mut session, application).await?;
        let targets =
            scope::targets(&granted, &request.resource, |place| self.access_url(&place.gateway.route))?;
        let scope = scope::scopes(&targets, request.scope.as_deref())?;
        let audience = scope::audience(&targets, &request.resource);
        let key = self.signing_key(&mut session).await?;
        let access_token = key.sign(&self.claims(&shown.client_id, audience, &scope))?;
        Ok(TokenAnswer { access_token, token_type: "Bearer", expires_in: TOKEN_SECONDS, scope })
    }

    /// The claims of an access token (RFC 9068, 2.2).
    fn claims(&self, client_id: &str, audience: Value, scope: &str) -> Value {
        let now = self.now().as_secs();
        let mut claims = json!({
            "iss": self.portal_url(),
            "sub": client_id,
            "client_id": client_id,
            "aud": audience,
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "jti": octroi_domain::credential::digest::hex(&random_bytes::<16>(self.entropy())),
        });
        if !scope.is_empty() {
            claims["scope"] = scope.into();
        }
        claims
    }

    /// The active subscriptions of an application under OAuth2 plans.
    async fn granted(
        &self,
        session: &mut Session,
        application: ApplicationId,
    ) -> Result<Vec<SubscriptionInPlace>, TokenError> {
        let now = self.now();
        let mut open = session.open_subscriptions(application).await?;
        open.retain(|place| {
            place.subscription.state == SubscriptionState::Active
                && place.plan.security == Security::Oauth2
                && place.subscription.ends_at.is_none_or(|end| now < end)
        });
        if open.is_empty() { Err(TokenError::UnauthorizedClient) } else { Ok(open) }
    }

    /// Public halves of the signing keys (RFC 7517).
    pub async fn jwks(&self) -> Result<Value, AppError> {
        let keys = self.read().await?.signing_keys().await?;
        let keys: Vec<Value> = keys
            .into_iter()
            .map(|key| {
                json!({
                    "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256",
                    "kid": key.id, "x": key.public_x, "y": key.public_y,
                })
            })
            .collect();
        Ok(json!({ "keys": keys }))
    }

    /// What the server is and can do (RFC 8414).
    pub fn oauth_metadata(&self) -> Value {
        json!({
            "issuer": self.portal_url(),
            "token_endpoint": self.token_endpoint(),
            "jwks_uri": format!("{}/oauth/jwks", self.portal_url()),
            "grant_types_supported": ["client_credentials"],
            "response_types_supported": [],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "service_documentation": format!("{}/llms.txt", self.portal_url()),
        })
    }

    /// Address of the token endpoint.
    pub fn token_endpoint(&self) -> String {
        format!("{}/oauth/token", self.portal_url())
    }
}
