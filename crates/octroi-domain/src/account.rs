//! Accounts: people who act in the portal.

pub mod password;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::Language;
use crate::ids::{AccountId, OrganizationId};
use crate::time::Timestamp;
use crate::validate::{Check, Rule, Violation};

/// Where an account is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// Registered; its address is not confirmed yet. Cannot sign in.
    Unverified,
    /// In use.
    Active,
    /// Stopped by an operator. Cannot sign in, its tokens are refused.
    Suspended,
}

/// What an account may do for the portal as a whole, beside its roles in organizations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PortalRole {
    /// Runs the portal (operator).
    Admin,
    /// Creates partners and issues their keys (chargé de déploiement).
    Officer,
    /// Judges access requests (instructeur).
    Instructor,
}

/// A person's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its identifier.
    pub id: AccountId,
    /// Its personal organization.
    pub organization_id: OrganizationId,
    /// E-mail address as typed; compared without letter case.
    pub email: String,
    /// The name to sign in with, beside the address; unique without letter case.
    pub identifier: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Language of pages and mails.
    pub language: Language,
    /// Where it is in its life.
    pub state: AccountState,
    /// What it may do for the portal as a whole.
    pub portal_roles: Vec<PortalRole>,
    /// argon2id hash in PHC form; none for an account that signs in elsewhere.
    pub password_hash: Option<String>,
    /// Version of the portal's terms that it accepted.
    pub terms_version: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Counts the changes; the entity tag of the management API.
    pub edition: i64,
}

/// What a registration says, before it is checked.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// E-mail address.
    pub email: String,
    /// The name to sign in with.
    pub identifier: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Language of pages and mails.
    #[serde(default)]
    pub language: Language,
}

impl Person {
    /// What is wrong, every violation at once.
    pub fn check(&self) -> Result<(), Vec<Violation>> {
        let mut c = Check::new();
        c.line("first_name", &self.first_name, 1, 100).line("last_name", &self.last_name, 1, 100);
        if self.email.trim().is_empty() {
            c.fail("email", Rule::Required);
        } else {
            c.require(is_email(&self.email), "email", Rule::Malformed { expected: "email" });
        }
        let id = &self.identifier;
        if id.is_empty() {
            c.fail("identifier", Rule::Required);
        } else {
            let fits = (3..=64).contains(&id.len())
                && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
            c.require(fits, "identifier", Rule::Malformed { expected: "identifier" });
        }
        c.finish()
    }
}

/// Whether `text` is an address that a mail server would take: one `@`, a dotted host, no space or control
/// character, at most 254 bytes (RFC 5321). Whether somebody reads it, the confirmation mail tells.
pub fn is_email(text: &str) -> bool {
    let Some((local, host)) = text.rsplit_once('@') else { return false };
    let local_fits = !local.is_empty()
        && local.len() <= 64
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && local.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~.-".contains(&b));
    let host_fits = host.contains('.')
        && host.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        });
    text.len() <= 254 && local_fits && host_fits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for good in ["a@b.fr", "jean.dupont+insee@exemple.gouv.fr", "o'neil@x-y.eu"] {
            assert!(is_email(good), "{good}");
        }
        for bad in
            ["", "a", "@b.fr", "a@b", "a b@c.fr", "a@b..fr", "a@-b.fr", ".a@b.fr", "a@b.fr\r\nBcc: x@y.fr"]
        {
            assert!(!is_email(bad), "{bad}");
        }
    }
}
