//! Who may do what: one table of actor × action × object. Every use case asks it before it decides anything.

use crate::account::PortalRole;
use crate::actor::{Actor, TokenScope};
use crate::ids::{AccountId, OrganizationId};
use crate::organization::Role;

/// What stands between an actor and an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// Anybody, signed in or not.
    Anybody,
    /// Anybody who has signed in.
    SignedIn,
    /// The account itself.
    Oneself,
    /// A member of the organization that owns the object, with this role or a higher one.
    Owner(Role),
    /// A member of the organization that provides the API concerned, with this role or a higher one.
    Provider(Role),
    /// A role for the portal as a whole.
    Portal(PortalRole),
}

/// The parties of an object: whose it is, and who provides the API that it concerns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parties {
    /// The account that the object is or belongs to.
    pub account: Option<AccountId>,
    /// The organization that owns it.
    pub owner: Option<OrganizationId>,
    /// The organization that provides the API concerned.
    pub provider: Option<OrganizationId>,
}

impl Parties {
    /// An object of the portal as a whole.
    pub const PORTAL: Self = Self { account: None, owner: None, provider: None };

    /// An object of an organization.
    pub const fn owned_by(owner: OrganizationId) -> Self {
        Self { account: None, owner: Some(owner), provider: None }
    }

    /// An object of an account.
    pub const fn of_account(account: AccountId) -> Self {
        Self { account: Some(account), owner: None, provider: None }
    }

    /// An API or a part of one.
    pub const fn provided_by(provider: OrganizationId) -> Self {
        Self { account: None, owner: None, provider: Some(provider) }
    }

    /// A ticket that `account` opened on an API of `provider`, about an application of `owner` where one was named.
    pub const fn ticket(account: AccountId, owner: Option<OrganizationId>, provider: OrganizationId) -> Self {
        Self { account: Some(account), owner, provider: Some(provider) }
    }

    /// A subscription or a key: one organization's, on another's API.
    pub const fn between(owner: OrganizationId, provider: OrganizationId) -> Self {
        Self { account: None, owner: Some(owner), provider: Some(provider) }
    }
}

/// Why an actor may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Nobody has signed in, and somebody must.
    #[error("sign in first")]
    SignIn,
    /// The actor may not even know that the object exists: answered as if it did not.
    #[error("not found")]
    Hidden,
    /// The actor sees the object and may not do this to it.
    #[error("not allowed")]
    Forbidden,
    /// The person may; the token in use lacks this scope.
    #[error("the token lacks a scope")]
    Scope(TokenScope),
}

use PortalRole::{Admin, Officer};
use Relation::{Anybody, Oneself, Owner, Portal, Provider, SignedIn};
use Role::{Developer, Viewer};

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident: $see:ident, $scope:ident, [$($who:expr),*];)*) => {
        /// Something that can be done to an object.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Action { $($(#[$doc])* $name,)* }

        impl Action {
            /// Every action: a test walks them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Who may.
            pub const fn allowed(self) -> &'static [Relation] {
                match self { $(Self::$name => &[$($who),*],)* }
            }

            /// The action that lets one see the object: who may not even do that is told that it does not exist.
            pub const fn sight(self) -> Self {
                match self { $(Self::$name => Self::$see,)* }
            }

            /// The scope that a management token needs.
            pub const fn scope(self) -> TokenScope {
                match self { $(Self::$name => TokenScope::$scope,)* }
            }

            /// The name in the audit and in the API's document.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }
        }
    };
}

// The table: action: what lets one see the object, scope of a token, who may.
actions! {
    /// See an account.
    AccountRead: AccountRead, Read, [Oneself, Portal(Admin)];
    /// Change an account's profile, password, sessions and tokens.
    AccountUpdate: AccountRead, Write, [Oneself];
    /// List all accounts.
    AccountList: AccountList, Read, [Portal(Admin)];
    /// Suspend or resume an account, give portal roles, invite.
    AccountAdminister: AccountRead, Admin, [Portal(Admin)];
    /// Register.
    AccountRegister: AccountRegister, Write, [Anybody];

    /// See an organization and its members.
    OrganizationRead: OrganizationRead, Read, [Owner(Viewer), Portal(Admin), Portal(Officer)];
    /// Create an organization.
    OrganizationCreate: OrganizationCreate, Write, [SignedIn];
    /// Create one of the kinds that give rights: provider, vendor, partner, public body.
    OrganizationCreateSpecial: OrganizationCreate, Admin, [Portal(Admin)];
    /// Change an organization, invite, change and remove members.
    OrganizationManage: OrganizationRead, Write, [Owner(Role::Owner), Portal(Admin)];
    /// List all organizations.
    OrganizationList: OrganizationList, Read, [Portal(Admin), Portal(Officer)];

    /// See a partner organization, its people and its keys from the officers' desk, without any secret.
    PartnerRead: PartnerRead, Read, [Portal(Officer), Portal(Admin)];
    /// Make a partner, invite its people, issue, renew and end its keys, suspend it.
    PartnerManage: PartnerRead, Write, [Portal(Officer), Portal(Admin)];

    /// See a published, public API.
    ApiRead: ApiRead, Read, [Anybody];
    /// See an API that is a draft, private or retired.
    ApiReadHidden: ApiReadHidden, Read, [Provider(Viewer), Owner(Viewer), Portal(Admin)];
    /// See how an API is served: upstreams and the like.
    ApiReadGateway: ApiReadHidden, Read, [Provider(Viewer), Portal(Admin)];
    /// Publish, change or retire an API, its plans and pages.
    ApiManage: ApiReadHidden, Write, [Provider(Developer), Portal(Admin)];

    /// See an application.
    ApplicationRead: ApplicationRead, Read, [Owner(Viewer), Portal(Admin)];
    /// Create, change or archive an application.
    ApplicationManage: ApplicationRead, Write, [Owner(Developer)];

    /// See a subscription.
    SubscriptionRead: SubscriptionRead, Read, [Owner(Viewer), Provider(Viewer), Portal(Admin)];
    /// Subscribe, change the plan or version.
    SubscriptionManage: SubscriptionRead, Write, [Owner(Developer)];
    /// Approve, reject, pause, resume.
    SubscriptionDecide: SubscriptionRead, Write, [Provider(Developer), Portal(Admin)];
    /// Close.
    SubscriptionClose: SubscriptionRead, Write, [Owner(Developer), Provider(Developer), Portal(Admin)];
    /// Bring existing keys from another system.
    SubscriptionImport: SubscriptionRead, Admin, [Portal(Admin)];

    /// See a key's id, state and dates.
    CredentialRead: CredentialRead, Read, [Owner(Viewer), Portal(Admin)];
    /// Show a stored secret again.
    CredentialReveal: CredentialRead, Reveal, [Owner(Developer)];
    /// Issue, renew, pause and resume keys.
    CredentialManage: CredentialRead, Write, [Owner(Developer)];
    /// Revoke a key.
    CredentialRevoke: CredentialRead, Write, [Owner(Developer), Provider(Developer), Portal(Admin)];

    /// Report a key that leaked.
    LeakReport: LeakReport, Write, [Anybody];

    /// Read a ticket.
    TicketRead: TicketRead, Read, [Oneself, Owner(Developer), Provider(Viewer), Portal(Admin)];
    /// Open a ticket on an API that one sees.
    TicketOpen: ApiRead, Write, [SignedIn];
    /// Write in a ticket.
    TicketReply: TicketRead, Write, [Oneself, Owner(Developer), Provider(Developer), Portal(Admin)];
    /// Close a ticket.
    TicketClose: TicketRead, Write, [Oneself, Owner(Developer), Provider(Developer), Portal(Admin)];

    /// See usage.
    UsageRead: UsageRead, Read, [Owner(Viewer), Provider(Viewer), Portal(Admin)];
    /// See the audit trail.
    AuditRead: AuditRead, Admin, [Portal(Admin)];
    /// See and mend the work queue.
    JobManage: JobManage, Admin, [Portal(Admin)];
}

impl Relation {
    /// Whether `actor` stands in this relation to the object with these `parties`.
    pub fn holds(self, actor: &Actor, parties: &Parties) -> bool {
        let member = |organization: Option<OrganizationId>, least: Role| {
            organization.and_then(|o| actor.role_in(o)).is_some_and(|role| role >= least)
        };
        match self {
            Self::Anybody => true,
            Self::SignedIn => actor.account_id().is_some(),
            Self::Oneself => actor.account_id().is_some_and(|id| parties.account == Some(id)),
            Self::Owner(least) => member(parties.owner, least),
            Self::Provider(least) => member(parties.provider, least),
            Self::Portal(role) => actor.has(role),
        }
    }
}

/// Lets `actor` do `action` to an object with these `parties`, or says why not. The system may do everything.
pub fn require(actor: &Actor, action: Action, parties: &Parties) -> Result<(), Denied> {
    if matches!(actor, Actor::System(_)) {
        return Ok(());
    }
    let may = |action: Action| action.allowed().iter().any(|relation| relation.holds(actor, parties));
    if may(action) {
        let open = action.allowed().contains(&Anybody);
        return if open || actor.has_scope(action.scope()) {
            Ok(())
        } else {
            Err(Denied::Scope(action.scope()))
        };
    }
    match actor {
        Actor::Anonymous => Err(Denied::SignIn),
        _ if may(action.sight()) => Err(Denied::Forbidden),
        _ => Err(Denied::Hidden),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actor::Person;

    fn person(id: u128, roles: &[(u128, Role)], portal: &[PortalRole]) -> Actor {
        Actor::Person(Box::new(Person {
            account_id: AccountId::from_u128(id),
            organization_id: OrganizationId::from_u128(id),
            portal_roles: portal.to_vec(),
            memberships: roles.iter().map(|(o, r)| (OrganizationId::from_u128(*o), *r)).collect(),
            token_scopes: None,
            token_ends_at: None,
            signed_in_at: None,
        }))
    }

    #[test]
    fn strangers_get_nothing_but_what_is_for_anybody() {
        let parties = Parties {
            account: Some(AccountId::from_u128(1)),
            owner: Some(OrganizationId::from_u128(1)),
            provider: Some(OrganizationId::from_u128(2)),
        };
        let stranger = person(9, &[(9, Role::Owner)], &[]);
        for action in Action::ALL {
            let open = action.allowed().contains(&Anybody);
            let signed_in = action.allowed().contains(&SignedIn);
            assert_eq!(require(&Actor::Anonymous, *action, &parties).is_ok(), open, "{action:?}");
            assert_eq!(require(&stranger, *action, &parties).is_ok(), open || signed_in, "{action:?}");
            assert_eq!(require(&Actor::System("test"), *action, &parties), Ok(()));
        }
    }

    #[test]
    fn who_sees_is_forbidden_and_who_does_not_see_finds_nothing() {
        let parties = Parties::between(OrganizationId::from_u128(1), OrganizationId::from_u128(2));
        let viewer = person(5, &[(1, Role::Viewer)], &[]);
        assert_eq!(require(&viewer, Action::CredentialRead, &parties), Ok(()));
        assert_eq!(require(&viewer, Action::CredentialReveal, &parties), Err(Denied::Forbidden));
        let provider = person(6, &[(2, Role::Owner)], &[]);
        assert_eq!(require(&provider, Action::SubscriptionDecide, &parties), Ok(()));
        assert_eq!(require(&provider, Action::CredentialReveal, &parties), Err(Denied::Hidden));
        let admin = person(7, &[], &[Admin]);
        assert_eq!(require(&admin, Action::CredentialRevoke, &parties), Ok(()));
        assert_eq!(require(&admin, Action::CredentialReveal, &parties), Err(Denied::Forbidden));
    }

    #[test]
    fn a_token_lends_only_its_scopes() {
        let Actor::Person(mut p) = person(1, &[(1, Role::Owner)], &[Admin]) else { unreachable!() };
        p.token_scopes = Some(vec![TokenScope::Write]);
        let actor = Actor::Person(p);
        let own = Parties::owned_by(OrganizationId::from_u128(1));
        assert_eq!(require(&actor, Action::ApplicationRead, &own), Ok(()));
        assert_eq!(require(&actor, Action::ApplicationManage, &own), Ok(()));
        assert_eq!(require(&actor, Action::CredentialReveal, &own), Err(Denied::Scope(TokenScope::Reveal)));
        assert_eq!(require(&actor, Action::AuditRead, &Parties::PORTAL), Err(Denied::Hidden));
    }
}
