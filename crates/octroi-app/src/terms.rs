//! The portal's own terms of use: the version in force, publishing another, accepting it.

use octroi_domain::actor::Actor;
use octroi_domain::permission::{Action, Parties};
use octroi_domain::time::Timestamp;
use octroi_domain::validate::{Check, Rule};
use octroi_store::Terms;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::accounts::AccountView;
use crate::context::require;
use crate::error::taken;
use crate::{App, AppError};

/// The most characters of the terms.
const MAX_BODY: usize = 200_000;

/// A version of the terms of use.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "PortalTermsView")]
pub struct TermsView {
    /// Its name, such as `2026-11`.
    pub version: String,
    /// Its text, in Markdown.
    pub body: String,
    /// Since when it is in force.
    pub published_at: Timestamp,
}

/// A new version of the terms of use.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTerms {
    /// Its name, such as `2026-11`: 1 to 50 characters, used once.
    #[schemars(length(min = 1, max = 50), regex(pattern = octroi_domain::patterns::NAME))]
    pub version: String,
    /// Its text, in Markdown.
    #[schemars(length(min = 1, max = 200_000), regex(pattern = octroi_domain::patterns::TEXT))]
    pub body: String,
}

impl From<Terms> for TermsView {
    fn from(terms: Terms) -> Self {
        Self { version: terms.version, body: terms.body, published_at: terms.published_at }
    }
}

impl App {
    /// The version in force, where the portal has terms.
    pub async fn current_terms(&self) -> Result<Option<TermsView>, AppError> {
        Ok(self.read().await?.current_terms().await?.map(TermsView::from))
    }

    /// Puts a new version in force; every account is asked again.
    pub async fn publish_terms(&self, actor: &Actor, new: NewTerms) -> Result<TermsView, AppError> {
        require(actor, Action::AccountAdminister, &Parties::PORTAL)?;
        let mut c = Check::new();
        c.line("version", &new.version, 1, 50).paragraph("body", &new.body, 1, MAX_BODY);
        c.finish()?;
        let terms =
            Terms { version: new.version.trim().to_owned(), body: new.body, published_at: self.now() };
        let mut tx = self.begin().await?;
        tx.insert_terms(&terms).await.map_err(|e| taken(e, &[("terms", "version")]))?;
        self.audit(&mut tx, actor, "terms.published", "portal", json!({"version": terms.version}));
        self.commit(tx).await?;
        Ok(terms.into())
    }

    /// Accepts the terms of use, in the version in force, for the account that acts.
    pub async fn accept_terms(&self, actor: &Actor, version: &str) -> Result<AccountView, AppError> {
        let id = actor.account_id().ok_or(AppError::SignIn)?;
        require(actor, Action::AccountUpdate, &Parties::of_account(id))?;
        let mut tx = self.begin().await?;
        let current = tx.current_terms().await?.map(|terms| terms.version);
        if current.as_deref() != Some(version) {
            let allowed = current.unwrap_or_default();
            return Err(AppError::invalid("version", Rule::NotAllowed { allowed }));
        }
        let mut account = tx.account(id).await?.ok_or(AppError::SignIn)?;
        account.terms_version = current;
        tx.update_account(&mut account).await?;
        self.audit(&mut tx, actor, "terms.accepted", id, json!({"version": version}));
        self.commit(tx).await?;
        Ok(account.into())
    }
}
