//! Accounts: registering, confirming an address, forgotten passwords, one's own data, what administrators do.

use http::StatusCode;
use octroi_app::accounts::{
    AccountChange, AccountView, ChangePassword, Registration, ResetPassword, VerifyEmail,
};
use octroi_app::page::Page;
use octroi_app::{AppError, Conflict};
use octroi_domain::account::PortalRole;
use octroi_domain::ids::AccountId;
use octroi_domain::permission::Action;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::api::call::{Call, Json};
use crate::api::route::{Row, delete, get, patch, post, put};
use crate::problem::ProblemCode;

const TAG: &str = "accounts";

pub(super) fn rows() -> Vec<Row> {
    let mut rows = entrance();
    rows.extend(own());
    rows.extend(administration());
    rows
}

/// What nobody needs an account for.
fn entrance() -> Vec<Row> {
    vec![
        post("/api/v1/accounts", "register", register)
            .says(TAG, "Register; a link is sent to the address")
            .more("The same answer for an address that has an account: its reader is told by mail.")
            .permits(Action::AccountRegister)
            .open()
            .problems([ProblemCode::TooMany])
            .status(StatusCode::ACCEPTED),
        post("/api/v1/email-verifications", "verifyEmail", verify_email)
            .says(TAG, "Confirm an address with the token of the mailed link")
            .open()
            .conflicts([Conflict::LinkSpent]),
        post("/api/v1/email-verification-requests", "resendVerification", resend_verification)
            .says(TAG, "Have the confirmation link sent again; the same answer for every address")
            .open()
            .problems([ProblemCode::TooMany])
            .status(StatusCode::ACCEPTED),
        post("/api/v1/password-reset-requests", "forgotPassword", forgot_password)
            .says(TAG, "Have a link sent that sets a new password; the same answer for every address")
            .open()
            .problems([ProblemCode::TooMany])
            .status(StatusCode::ACCEPTED),
        post("/api/v1/password-resets", "resetPassword", reset_password)
            .says(
                TAG,
                "Set a new password with the token of the mailed link; every token of the account ends",
            )
            .open()
            .problems([ProblemCode::TooMany])
            .conflicts([Conflict::LinkSpent]),
    ]
}

/// What one does with one's own account.
fn own() -> Vec<Row> {
    vec![
        get("/api/v1/me", "getMe", me).says(TAG, "The account that acts").permits(Action::AccountRead),
        get("/api/v1/accounts/{account_id}", "getAccount", read)
            .says(TAG, "One account: one's own, or any for an administrator")
            .permits(Action::AccountRead),
        patch("/api/v1/accounts/{account_id}", "updateAccount", update)
            .says(TAG, "Change one's own account; what is absent stays")
            .more("Another address asks for a fresh sign-in, and counts once the link sent there was opened.")
            .permits(Action::AccountUpdate)
            .if_match()
            .problems([ProblemCode::SignInAgain, ProblemCode::TooMany]),
        post("/api/v1/me/password", "changePassword", change_password)
            .says(TAG, "Replace one's own password; every token ends, the one in use too")
            .permits(Action::AccountUpdate)
            .problems([ProblemCode::TooMany, ProblemCode::Stale]),
        get("/api/v1/accounts/{account_id}/export", "exportAccount", export)
            .says(TAG, "All that is kept about a person, as one document")
            .permits(Action::AccountRead),
        delete("/api/v1/accounts/{account_id}", "eraseAccount", erase)
            .says(TAG, "Erase a person; what their own organization consumes ends at once. Final")
            .more("One's own account asks for a fresh sign-in; another's, for an administrator.")
            .permits(Action::AccountUpdate)
            .or_permits(Action::AccountAdminister)
            .problems([ProblemCode::SignInAgain])
            .conflicts([Conflict::LastOwner, Conflict::LastAdministrator, Conflict::StillUsed]),
    ]
}

/// What administrators do.
fn administration() -> Vec<Row> {
    vec![
        get("/api/v1/accounts", "listAccounts", list)
            .says(TAG, "All accounts, oldest first")
            .permits(Action::AccountList)
            .paged(),
        post("/api/v1/accounts/{account_id}/suspend", "suspendAccount", suspend)
            .says(TAG, "Stop an account: it cannot sign in, its tokens end")
            .permits(Action::AccountAdminister)
            .conflicts([Conflict::LastAdministrator]),
        post("/api/v1/accounts/{account_id}/resume", "resumeAccount", resume)
            .says(TAG, "Let a stopped account go on")
            .permits(Action::AccountAdminister),
        put("/api/v1/accounts/{account_id}/portal-roles", "setPortalRoles", set_roles)
            .says(TAG, "Give an account exactly these roles for the portal as a whole")
            .permits(Action::AccountAdminister)
            .conflicts([Conflict::LastAdministrator]),
    ]
}

type One = (AccountId,);
type Shown = Result<Json<AccountView>, AppError>;

async fn register(call: Call<(), (), Json<Registration>>) -> Result<(), AppError> {
    call.app.admit_visitor(call.client)?;
    call.app.register(&call.actor, call.body.0).await
}

async fn verify_email(call: Call<(), (), Json<VerifyEmail>>) -> Result<(), AppError> {
    call.app.verify_email(call.body.0).await.map(drop)
}

/// An address to send a mail to.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Address {
    /// The e-mail address.
    #[schemars(email, length(min = 1, max = 254))]
    email: String,
}

async fn resend_verification(call: Call<(), (), Json<Address>>) -> Result<(), AppError> {
    call.app.admit_visitor(call.client)?;
    call.app.resend_verification(&call.body.0.email).await
}

async fn forgot_password(call: Call<(), (), Json<Address>>) -> Result<(), AppError> {
    call.app.admit_visitor(call.client)?;
    call.app.forgot_password(&call.body.0.email).await
}

async fn reset_password(call: Call<(), (), Json<ResetPassword>>) -> Result<(), AppError> {
    call.app.reset_password(call.body.0).await
}

async fn me(call: Call) -> Shown {
    call.app.me(&call.actor).await.map(Json)
}

async fn read(call: Call<One>) -> Shown {
    call.app.account(&call.actor, call.path.0).await.map(Json)
}

async fn update(call: Call<One, (), Json<AccountChange>>) -> Shown {
    call.app.update_account(&call.actor, call.path.0, call.body.0, call.edition).await.map(Json)
}

async fn change_password(call: Call<(), (), Json<ChangePassword>>) -> Result<(), AppError> {
    call.app.change_password(&call.actor, call.client, call.body.0).await
}

async fn export(call: Call<One>) -> Result<Json<Map<String, Value>>, AppError> {
    match call.app.export_account(&call.actor, call.path.0).await? {
        Value::Object(data) => Ok(Json(data)),
        _ => Err(AppError::Internal("an export is not an object".to_owned())),
    }
}

async fn erase(call: Call<One>) -> Result<(), AppError> {
    call.app.erase_account(&call.actor, call.path.0).await
}

/// Which accounts are wanted.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AccountFilter {
    /// Part of the address, identifier or names.
    #[serde(default)]
    #[schemars(length(max = 200))]
    q: Option<String>,
}

async fn list(call: Call<(), AccountFilter>) -> Result<Json<Page<AccountView>>, AppError> {
    call.app.accounts(&call.actor, &call.page, call.query.q.as_deref()).await.map(Json)
}

async fn suspend(call: Call<One>) -> Shown {
    call.app.suspend_account(&call.actor, call.path.0).await.map(Json)
}

async fn resume(call: Call<One>) -> Shown {
    call.app.resume_account(&call.actor, call.path.0).await.map(Json)
}

/// Roles for the portal as a whole.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Roles {
    /// Exactly these.
    #[schemars(length(max = 10))]
    portal_roles: Vec<PortalRole>,
}

async fn set_roles(call: Call<One, (), Json<Roles>>) -> Shown {
    call.app.set_portal_roles(&call.actor, call.path.0, call.body.0.portal_roles).await.map(Json)
}
