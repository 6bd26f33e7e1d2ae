//! Who calls the management API: the bearer of a management token (RFC 6750), or nobody in particular.

use http::{HeaderMap, header};
use octroi_app::{App, AppError};
use octroi_domain::actor::Actor;
use octroi_domain::ids::ManagementTokenId;

use crate::api::route::Auth;
use crate::problem::{Problem, ProblemCode};

/// Finds who calls. Where somebody must, nobody is refused; a token that is shown and not good is refused anywhere
/// but where no token is looked at.
pub(crate) async fn actor(
    app: &App,
    headers: &HeaderMap,
    auth: Auth,
) -> Result<(Actor, Option<ManagementTokenId>), Problem> {
    if auth == Auth::None {
        return Ok((Actor::Anonymous, None));
    }
    let Some(token) = bearer(headers)? else {
        return match auth {
            Auth::Bearer => Err(Problem::new(ProblemCode::SignInRequired)),
            Auth::Optional | Auth::None => Ok((Actor::Anonymous, None)),
        };
    };
    match app.authenticate(token).await {
        Ok((actor, id)) => Ok((actor, Some(id))),
        Err(AppError::SignIn) => Err(Problem::new(ProblemCode::TokenInvalid)),
        Err(other) => Err(other.into()),
    }
}

/// The token of the one `Authorization` header. Another scheme than Bearer shows no token that could be good.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Problem::new(ProblemCode::MalformedRequest));
    }
    let (scheme, token) = value.to_str().ok().and_then(|text| text.split_once(' ')).unwrap_or_default();
    let token = token.trim();
    if scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() {
        Ok(Some(token))
    } else {
        Err(Problem::new(ProblemCode::TokenInvalid))
    }
}
