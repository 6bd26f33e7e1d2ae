//! Management tokens: signing in, further tokens, showing the password again.

use http::StatusCode;
use octroi_app::AppError;
use octroi_app::page::Page;
use octroi_app::tokens::{NewToken, NewTokenRequest, SignIn, TokenView};
use octroi_domain::ids::ManagementTokenId;
use octroi_domain::permission::Action;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::api::call::{Call, Json};
use crate::api::route::{Row, delete, get, post};
use crate::problem::{Problem, ProblemCode};

const TAG: &str = "tokens";

pub(super) fn rows() -> Vec<Row> {
    vec![
        post("/api/v1/sign-ins", "signIn", sign_in)
            .says(TAG, "Sign in with a password; gives a management token")
            .more("The token is shown here and never again. Failures make the next try wait.")
            .open()
            .problems([ProblemCode::SignInFailed, ProblemCode::TooMany])
            .status(StatusCode::CREATED),
        post("/api/v1/confirmations", "confirmPassword", confirm)
            .says(TAG, "Show the password again, so that secrets can be revealed for five minutes")
            .permits(Action::AccountRead)
            .always_anew()
            .problems([ProblemCode::TooMany]),
        get("/api/v1/tokens", "listTokens", list)
            .says(TAG, "My tokens, newest first")
            .permits(Action::AccountRead),
        post("/api/v1/tokens", "createToken", create)
            .says(TAG, "Make a further token, with no more scopes than the one in use")
            .permits(Action::AccountUpdate)
            .status(StatusCode::CREATED),
        delete("/api/v1/tokens/{token_id}", "revokeToken", revoke)
            .says(TAG, "Revoke a token, at once and for good")
            .permits(Action::AccountUpdate),
    ]
}

async fn sign_in(call: Call<(), (), Json<SignIn>>) -> Result<Json<NewToken>, Problem> {
    match call.app.sign_in(call.client, call.body.0).await {
        Ok(token) => Ok(Json(token)),
        Err(AppError::SignIn) => Err(Problem::new(ProblemCode::SignInFailed)),
        Err(other) => Err(other.into()),
    }
}

/// A password, shown again.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Confirmation {
    /// The account's password.
    #[schemars(length(min = 1, max = 1024))]
    password: String,
}

async fn confirm(call: Call<(), (), Json<Confirmation>>) -> Result<(), Problem> {
    let token = call.token.ok_or_else(|| Problem::new(ProblemCode::SignInRequired))?;
    call.app.confirm(&call.actor, call.client, token, &call.body.0.password).await?;
    Ok(())
}

async fn list(call: Call) -> Result<Json<Page<TokenView>>, AppError> {
    let items = call.app.tokens(&call.actor).await?;
    Ok(Json(Page { items, next_cursor: None }))
}

async fn create(call: Call<(), (), Json<NewTokenRequest>>) -> Result<Json<NewToken>, AppError> {
    call.app.create_token(&call.actor, call.body.0).await.map(Json)
}

async fn revoke(call: Call<(ManagementTokenId,)>) -> Result<(), AppError> {
    call.app.revoke_token(&call.actor, call.path.0).await
}
