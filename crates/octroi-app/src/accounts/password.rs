//! Changing a password, and setting a new one after it was forgotten. Either ends every token and session of the account.

use std::net::IpAddr;

use octroi_domain::account::{Account, AccountState, password};
use octroi_domain::actor::Actor;
use octroi_domain::permission::{Action, Parties};
use octroi_store::{LinkPurpose, Tx};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::checked_email;
use crate::context::require;
use crate::jobs::Task;
use crate::mail::{MailMessage, pages};
use crate::shared::MailReason;
use crate::tokens::wrong_password;
use crate::{App, AppError, Conflict};

/// Sets a new password by a link.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetPassword {
    /// The `token` of the link.
    #[schemars(length(min = 1, max = 200))]
    pub token: String,
    /// At least 12 characters, and not easily guessed.
    #[schemars(length(min = 12, max = 1024))]
    pub password: String,
}

impl std::fmt::Debug for ResetPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ResetPassword(…)")
    }
}

/// Replaces a password that is known.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    /// The present one.
    #[schemars(length(min = 1, max = 1024))]
    pub current_password: String,
    /// At least 12 characters, and not easily guessed.
    #[schemars(length(min = 12, max = 1024))]
    pub new_password: String,
}

impl std::fmt::Debug for ChangePassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ChangePassword(…)")
    }
}

impl App {
    /// Sends a link that sets a new password, if `email` has an account. What is done now is the same for every
    /// address; the rest is done by a job.
    pub async fn forgot_password(&self, email: &str) -> Result<(), AppError> {
        let email = checked_email(email)?.to_owned();
        let mut tx = self.begin().await?;
        self.enqueue(&mut tx, &Task::ForgotPassword(email)).await?;
        self.commit(tx).await
    }

    /// The job's part of [`App::forgot_password`]. Also for an unconfirmed account: the link confirms its address.
    pub(crate) async fn send_reset_link(&self, email: &str) -> Result<(), AppError> {
        let mut tx = self.begin().await?;
        let account = tx.account_by_email(email).await?;
        let Some(account) = account.filter(|a| a.state != AccountState::Suspended) else { return Ok(()) };
        if self.admit_mail(MailReason::Password, email).is_err() {
            return Ok(());
        }
        tx.delete_links(account.id, LinkPurpose::ResetPassword).await?;
        let purpose = LinkPurpose::ResetPassword;
        let link =
            self.make_link(&mut tx, purpose, Some(account.id), &account.email, "{}".to_owned()).await?;
        let message = MailMessage::ResetPassword {
            first_name: account.first_name.clone(),
            url: link.url,
            expires_at: link.expires_at,
        };
        self.mail(&mut tx, &account.email, account.language, message).await?;
        self.audit(&mut tx, &Actor::Anonymous, "account.password_reset_sent", account.id, json!({}));
        self.commit(tx).await
    }

    /// Sets a new password by a link. A password that is refused does not use the link up.
    pub async fn reset_password(&self, request: ResetPassword) -> Result<(), AppError> {
        let spent = || AppError::from(Conflict::LinkSpent);
        let mut session = self.read().await?;
        let link = self.open_link(&mut session, &request.token, &[LinkPurpose::ResetPassword]).await?;
        let account_id = link.account_id.ok_or_else(spent)?;
        let account = session.account(account_id).await?.ok_or_else(spent)?;
        drop(session);
        check_for(&account, "password", &request.password)?;
        let hash = self.hash_password(&request.password).await?;

        let mut tx = self.begin().await?;
        self.spend_link(&mut tx, &link).await?;
        let mut account = tx.account(account_id).await?.ok_or_else(spent)?;
        match account.state {
            AccountState::Suspended => return Err(spent()),
            // Whoever opened the link reads the address.
            AccountState::Unverified => account.state = AccountState::Active,
            AccountState::Active => {}
        }
        self.replace_password(&mut tx, &mut account, hash).await?;
        self.audit(&mut tx, &Actor::Anonymous, "account.password_reset", account.id, json!({}));
        self.commit(tx).await
    }

    /// Replaces the password of the person who acts, from the address `client`. Every token and session ends, the one in use
    /// too.
    pub async fn change_password(
        &self,
        actor: &Actor,
        client: IpAddr,
        request: ChangePassword,
    ) -> Result<(), AppError> {
        let id = actor.account_id().ok_or(AppError::SignIn)?;
        require(actor, Action::AccountUpdate, &Parties::of_account(id))?;
        let account = self.read().await?.account(id).await?.ok_or(AppError::SignIn)?;
        check_for(&account, "new_password", &request.new_password)?;
        let proven = self.prove(client, &account.email, &request.current_password).await;
        let proven = proven.map_err(|e| wrong_password("current_password", e))?;
        let hash = self.hash_password(&request.new_password).await?;

        let mut tx = self.begin().await?;
        let mut account = tx.account(id).await?.ok_or(AppError::SignIn)?;
        if account.password_hash != proven.password_hash {
            return Err(AppError::Stale);
        }
        self.replace_password(&mut tx, &mut account, hash).await?;
        self.audit(&mut tx, actor, "account.password_changed", id, json!({}));
        self.commit(tx).await
    }

    /// Writes a new password: tokens, sessions and links made under the old one end, and the person is told.
    async fn replace_password(
        &self,
        tx: &mut Tx,
        account: &mut Account,
        hash: String,
    ) -> Result<(), AppError> {
        account.password_hash = Some(hash);
        tx.update_account(account).await?;
        self.end_sign_ins(tx, account.id).await?;
        for purpose in [LinkPurpose::ResetPassword, LinkPurpose::ChangeEmail, LinkPurpose::VerifyEmail] {
            tx.delete_links(account.id, purpose).await?;
        }
        let message = MailMessage::PasswordChanged {
            first_name: account.first_name.clone(),
            forgot_url: self.page_url(pages::FORGOT_PASSWORD),
        };
        self.mail(tx, &account.email, account.language, message).await
    }
}

/// Checks a new password for the person whose account it is.
fn check_for(account: &Account, field: &str, text: &str) -> Result<(), AppError> {
    let own = [&*account.email, &account.identifier, &account.first_name, &account.last_name];
    Ok(password::check(field, text, &own)?)
}
