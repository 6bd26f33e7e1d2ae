//! Applications: what calls an API on behalf of an organization.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, ApplicationId, OrganizationId};
use crate::time::Timestamp;
use crate::validate::{Check, Rule, Violation};

/// How an application shows who it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApplicationKind {
    /// By keys; a `client_id` may be noted but opens nothing.
    #[default]
    Simple,
    /// Machine to machine: also by OAuth2 client credentials, with a `client_id` and secret that Octroi gives.
    BackendToBackend,
}

/// Whether an application is in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApplicationState {
    /// In use.
    #[default]
    Active,
    /// Closed by its owner: its subscriptions are closed, nothing can be added.
    Archived,
}

/// What its owner says of an application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplicationProfile {
    /// The name, 1 to 100 characters.
    pub name: String,
    /// What it is for, 1 to 2,000 characters.
    pub description: String,
    /// The domain that it is used on; noted, never verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
}

impl ApplicationProfile {
    /// What is wrong, every violation at once.
    pub fn check(&self) -> Result<(), Vec<Violation>> {
        let mut c = Check::new();
        c.line("name", &self.name, 1, 100).paragraph("description", &self.description, 1, 2_000);
        if let Some(domain) = &self.domain {
            c.line("domain", domain, 1, 300);
            let fits = url::Url::parse(domain)
                .or_else(|_| url::Url::parse(&format!("https://{domain}")))
                .is_ok_and(|u| matches!(u.scheme(), "http" | "https") && u.has_host());
            c.require(fits, "domain", Rule::Malformed { expected: "domain" });
        }
        c.finish()
    }
}

/// An application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// Its identifier.
    pub id: ApplicationId,
    /// Its owner.
    pub organization_id: OrganizationId,
    /// What its owner says of it.
    pub profile: ApplicationProfile,
    /// How it shows who it is.
    pub kind: ApplicationKind,
    /// OAuth2 client identifier: given by Octroi for backend to backend, free text for simple.
    pub client_id: Option<String>,
    /// Whether it is in use.
    pub state: ApplicationState,
    /// Who made it.
    pub created_by: AccountId,
    /// When it was made.
    pub created_at: Timestamp,
    /// Counts the changes; the entity tag of the management API.
    pub edition: i64,
}
