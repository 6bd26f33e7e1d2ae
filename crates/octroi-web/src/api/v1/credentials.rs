//! Credentials: shown, renewed, paused, resumed, revoked, revealed.

use octroi_app::credentials::{CredentialView, IssuedKey, Renew};
use octroi_app::{AppError, Conflict};
use octroi_domain::ids::CredentialId;
use octroi_domain::permission::Action;

use crate::api::call::{Call, Json};
use crate::api::route::{Row, get, post};
use crate::problem::ProblemCode;

const TAG: &str = "credentials";

pub(super) fn rows() -> Vec<Row> {
    vec![
        get("/api/v1/credentials/{credential_id}", "getCredential", read)
            .says(TAG, "One key or client secret, without the secret itself")
            .permits(Action::CredentialRead),
        post("/api/v1/credentials/{credential_id}/reveal", "revealCredential", reveal)
            .says(TAG, "Show a stored secret again, within five minutes of a sign-in")
            .more("Needs a token with the scope `reveal`. `POST /api/v1/confirmations` counts as a sign-in.")
            .permits(Action::CredentialReveal)
            .always_anew()
            .problems([ProblemCode::SignInAgain])
            .conflicts([Conflict::NotRevealable]),
        post("/api/v1/credentials/{credential_id}/renew", "renewCredential", renew)
            .says(TAG, "Replace a key by a new one; the old one lives on for the grace")
            .permits(Action::CredentialManage)
            .created("/api/v1/credentials/{}", "/credential/id")
            .conflicts([
                Conflict::CredentialState,
                Conflict::TooManyKeys,
                Conflict::SubscriptionState,
                Conflict::ApplicationArchived,
                Conflict::ApplicationKind,
            ]),
        post("/api/v1/credentials/{credential_id}/pause", "pauseCredential", pause)
            .says(TAG, "Stop a key for a while")
            .permits(Action::CredentialManage)
            .conflicts([Conflict::CredentialState]),
        post("/api/v1/credentials/{credential_id}/resume", "resumeCredential", resume)
            .says(TAG, "Let a paused key go on")
            .permits(Action::CredentialManage)
            .conflicts([Conflict::CredentialState]),
        post("/api/v1/credentials/{credential_id}/revoke", "revokeCredential", revoke)
            .says(TAG, "Revoke a key, at once and for good")
            .permits(Action::CredentialRevoke)
            .conflicts([Conflict::CredentialState]),
    ]
}

type One = (CredentialId,);
type Shown = Result<Json<CredentialView>, AppError>;

async fn read(call: Call<One>) -> Shown {
    call.app.credential(&call.actor, call.path.0).await.map(Json)
}

async fn reveal(call: Call<One>) -> Result<Json<IssuedKey>, AppError> {
    call.app.reveal_credential(&call.actor, call.path.0).await.map(Json)
}

async fn renew(call: Call<One, (), Json<Renew>>) -> Result<Json<IssuedKey>, AppError> {
    call.app.renew_credential(&call.actor, call.path.0, call.body.0).await.map(Json)
}

async fn pause(call: Call<One>) -> Shown {
    call.app.pause_credential(&call.actor, call.path.0).await.map(Json)
}

async fn resume(call: Call<One>) -> Shown {
    call.app.resume_credential(&call.actor, call.path.0).await.map(Json)
}

async fn revoke(call: Call<One>) -> Shown {
    call.app.revoke_credential(&call.actor, call.path.0).await.map(Json)
}
