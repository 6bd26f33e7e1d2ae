//! Reports of keys that leaked: whoever finds one stops it, whoever they are, and its owner is told. The answer is the
//! same whether the key is one of ours, so that nobody learns anything by reporting.

use octroi_domain::actor::Actor;
use octroi_domain::credential::{Credential, Secret, SecretKind, Shape, Standing};
use octroi_domain::validate::Check;
use octroi_store::{Change, SubscriptionInPlace, Tx};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::mail::{MailMessage, pages};
use crate::tokens::digest;
use crate::{App, AppError};

/// The report, acting.
const REPORT: Actor = Actor::System("leak-report");

/// What is done at once about a key or client secret that leaked. A management token is always revoked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeakAction {
    /// Paused: refused at once, until its owner renews it, or lets it go on after a false alarm.
    #[default]
    Pause,
    /// Revoked: refused at once and for good.
    Revoke,
}

/// A key that somebody found.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeakReport {
    /// The key, secret or token, as it was found.
    #[schemars(length(min = 8, max = 200), regex(pattern = octroi_domain::patterns::NAME))]
    pub secret: String,
    /// Where: an address or a few words, for its owner to read.
    #[serde(default)]
    #[schemars(length(max = 500), regex(pattern = octroi_domain::patterns::LINE))]
    pub place: String,
}

impl std::fmt::Debug for LeakReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LeakReport").field("place", &self.place).finish_non_exhaustive()
    }
}

impl App {
    /// Takes a report. What is ours and in use is stopped at once, and its owner told; everything else changes nothing.
    pub async fn report_leak(&self, report: LeakReport) -> Result<(), AppError> {
        let mut check = Check::new();
        check.line("secret", &report.secret, 8, 200).line("place", &report.place, 0, 500);
        check.finish()?;
        let (text, place) = (report.secret.trim(), report.place.trim());
        match self.vault().instance.shape(text) {
            Shape::Broken => Ok(()),
            Shape::Ours(SecretKind::ManagementToken) => self.end_leaked_token(text).await,
            Shape::Ours(SecretKind::Session) => self.end_leaked_session(text).await,
            Shape::Ours(SecretKind::Link) => self.spend_leaked_link(text).await,
            Shape::Ours(_) | Shape::Foreign => self.stop_leaked_credential(text, place).await,
        }
    }

    async fn end_leaked_token(&self, text: &str) -> Result<(), AppError> {
        let mut tx = self.begin().await?;
        let Some(token) = tx.management_token_by_digest(&digest(text)).await? else { return Ok(()) };
        if !tx.revoke_management_token(token.id, self.now()).await? {
            return Ok(());
        }
        self.audit(&mut tx, &REPORT, "token.revoked", token.id, json!({}));
        if let Some(account) = tx.account(token.account_id).await? {
            let message = MailMessage::TokenLeaked {
                first_name: account.first_name,
                name: token.name,
                hint: token.hint,
                url: self.page_url(pages::TOKENS),
            };
            self.mail(&mut tx, &account.email, account.language, message).await?;
        }
        self.commit(tx).await
    }

    /// Ends the session of a cookie that somebody else holds; its owner signs in again.
    async fn end_leaked_session(&self, text: &str) -> Result<(), AppError> {
        let mut tx = self.begin().await?;
        let Some(session) = tx.browser_session_by_digest(&digest(text)).await? else { return Ok(()) };
        if tx.end_browser_session(session.id, self.now()).await? {
            self.audit(&mut tx, &REPORT, "session.ended", session.id, json!({"leak": true}));
        }
        self.commit(tx).await
    }

    /// Uses up a link that somebody else could open; whoever it was for asks for another.
    async fn spend_leaked_link(&self, text: &str) -> Result<(), AppError> {
        let mut tx = self.begin().await?;
        let Some(link) = tx.link_by_digest(&digest(text)).await? else { return Ok(()) };
        if tx.use_link(link.id, self.now()).await? {
            self.audit(&mut tx, &REPORT, "link.ended", link.id, json!({"leak": true}));
        }
        self.commit(tx).await
    }

    async fn stop_leaked_credential(&self, text: &str, place: &str) -> Result<(), AppError> {
        let mut tx = self.begin().await?;
        let secret = Secret::new(text.to_owned());
        let Some(found) = self.credential_of_secret(&mut tx, &secret).await? else { return Ok(()) };
        let (mut credential, subscription) = self.hold_leaked(&mut tx, found).await?;
        let (now, before) = (self.now(), credential.standing(self.now()));
        let audited = match (self.inner.leaks, before) {
            (_, Standing::Revoked | Standing::Expired) | (LeakAction::Pause, Standing::Paused) => {
                return Ok(());
            }
            (LeakAction::Pause, _) => {
                credential.pause(now)?;
                "credential.paused"
            }
            (LeakAction::Revoke, _) => {
                credential.revoke(now)?;
                "credential.revoked"
            }
        };
        tx.update_credential(&credential).await?;
        tx.changed(Change::Credential(credential.id));
        self.audit(&mut tx, &REPORT, audited, credential.id, json!({"leak": true}));
        let stopped = self.inner.leaks;
        self.tell_leaked(&mut tx, &credential, subscription.as_ref(), stopped, place).await?;
        self.commit(tx).await
    }

    /// The credential once nobody else is changing it, and the subscription that it opens.
    async fn hold_leaked(
        &self,
        tx: &mut Tx,
        found: Credential,
    ) -> Result<(Credential, Option<SubscriptionInPlace>), AppError> {
        match found.subscription_id {
            Some(subscription) => {
                tx.lock_subscription(subscription).await?;
            }
            None => {
                tx.lock_application(found.application_id).await?;
            }
        }
        let credential = tx.credential(found.id).await?.ok_or(AppError::NotFound)?;
        let place = match credential.subscription_id {
            Some(subscription) => tx.subscription(subscription).await?,
            None => None,
        };
        Ok((credential, place))
    }
}
