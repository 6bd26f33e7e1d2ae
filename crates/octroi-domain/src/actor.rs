//! Who acts in the portal: a person, through a browser session or a management token, or the system itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::PortalRole;
use crate::ids::{AccountId, OrganizationId};
use crate::organization::Role;
use crate::time::Timestamp;

/// What a management token may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenScope {
    /// Reading.
    Read,
    /// Changing; includes reading.
    Write,
    /// Showing a stored secret again.
    Reveal,
    /// What only the portal's administrators may do.
    Admin,
}

/// A person who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The account.
    pub account_id: AccountId,
    /// The account's own organization.
    pub organization_id: OrganizationId,
    /// What it may do for the portal as a whole.
    pub portal_roles: Vec<PortalRole>,
    /// Its place in organizations, the personal one included.
    pub memberships: Vec<(OrganizationId, Role)>,
    /// The scopes of the management token in use; none for a browser session, which may do all that the person may.
    pub token_scopes: Option<Vec<TokenScope>>,
    /// When the management token in use ends.
    pub token_ends_at: Option<Timestamp>,
    /// When the person last showed a password or signed in elsewhere.
    pub signed_in_at: Option<Timestamp>,
}

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Somebody who has not signed in.
    Anonymous,
    /// A person.
    Person(Box<Person>),
    /// Octroi itself, at the command line or in a job; the word says which part.
    System(&'static str),
}

impl Actor {
    /// The account, where there is one.
    pub fn account_id(&self) -> Option<AccountId> {
        match self {
            Self::Person(p) => Some(p.account_id),
            _ => None,
        }
    }

    /// The role in `organization`, where there is one.
    pub fn role_in(&self, organization: OrganizationId) -> Option<Role> {
        match self {
            Self::Person(p) => p.memberships.iter().find(|(id, _)| *id == organization).map(|(_, r)| *r),
            _ => None,
        }
    }

    /// The same person acting in the name of an organization, as far as `role` goes. Whoever lends it has made sure that
    /// the person may; the audit names the person.
    #[must_use]
    pub fn acting_for(&self, organization: OrganizationId, role: Role) -> Self {
        let mut acting = self.clone();
        if let Self::Person(person) = &mut acting {
            person.memberships.retain(|(id, own)| *id != organization || *own > role);
            if person.memberships.iter().all(|(id, _)| *id != organization) {
                person.memberships.push((organization, role));
            }
        }
        acting
    }

    /// Whether the person has a role for the portal as a whole. A management token lends `Admin` only with its scope.
    pub fn has(&self, role: PortalRole) -> bool {
        match self {
            Self::Person(p) => {
                let lent = role != PortalRole::Admin
                    || p.token_scopes.as_ref().is_none_or(|s| s.contains(&TokenScope::Admin));
                lent && p.portal_roles.contains(&role)
            }
            Self::System(_) => true,
            Self::Anonymous => false,
        }
    }

    /// Whether the token in use has `scope`; a session and the system have every one.
    pub fn has_scope(&self, scope: TokenScope) -> bool {
        match self {
            Self::Person(p) => p.token_scopes.as_ref().is_none_or(|scopes| {
                scopes.contains(&scope) || (scope == TokenScope::Read && scopes.contains(&TokenScope::Write))
            }),
            Self::System(_) => true,
            Self::Anonymous => false,
        }
    }

    /// What the audit writes: the pseudonymous id, never a name.
    pub fn audit_name(&self) -> String {
        match self {
            Self::Anonymous => "anonymous".to_owned(),
            Self::Person(p) => p.account_id.to_string(),
            Self::System(part) => format!("system:{part}"),
        }
    }
}
