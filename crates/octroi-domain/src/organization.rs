//! Organizations own everything: each account has a personal one, so that sealing, quotas and transfers have one shape.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, OrganizationId};
use crate::time::Timestamp;
use crate::validate::{Check, Violation};

/// What an organization is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrganizationKind {
    /// One account's own, made and erased with it.
    Personal,
    /// A company.
    Company,
    /// A public body.
    PublicBody,
    /// Publishes APIs (fournisseur).
    Provider,
    /// Serves public clients (éditeur).
    Vendor,
    /// Works with a provider (partenaire).
    Partner,
}

/// What a member may do in an organization; each role includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees.
    Viewer,
    /// Creates and changes applications, subscriptions, keys, APIs.
    Developer,
    /// Also manages members and the organization itself.
    Owner,
}

/// An organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Its identifier.
    pub id: OrganizationId,
    /// What it is.
    pub kind: OrganizationKind,
    /// Names it in files and addresses; unique.
    pub slug: String,
    /// What people read.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Counts the changes; the entity tag of the management API.
    pub edition: i64,
}

/// An account's place in an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Where.
    pub organization_id: OrganizationId,
    /// Who.
    pub account_id: AccountId,
    /// What it may do.
    pub role: Role,
    /// Since when.
    pub since: Timestamp,
}

impl Organization {
    /// What is wrong with a name and slug.
    pub fn check(slug: &str, name: &str) -> Result<(), Vec<Violation>> {
        let mut c = Check::new();
        c.slug("slug", slug, 64).line("name", name, 1, 150);
        c.finish()
    }
}
