//! Tickets: a private thread of messages between those who use an API and those who provide it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::actor::Actor;
use crate::ids::{AccountId, ApiId, ApplicationId, TicketId, TicketMessageId};
use crate::organization::Role;
use crate::permission::{Parties, Relation};
use crate::time::Timestamp;
use crate::validate::{Check, Violation};

/// Characters of a subject at most.
pub const MAX_SUBJECT: usize = 150;

/// Characters of a message at most.
pub const MAX_BODY: usize = 10_000;

/// Messages of one ticket at most.
pub const MAX_MESSAGES: i64 = 500;

/// Tickets that one account may have open at a time.
pub const MAX_OPEN: i64 = 50;

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TicketState {
    /// Waits for the provider.
    Open,
    /// The provider wrote last.
    Answered,
    /// Done, until somebody writes again.
    Closed,
}

/// For whom a message speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Those who use the API.
    Consumer,
    /// Those who provide it.
    Provider,
    /// Those who run the portal.
    Operator,
}

/// A thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Its identifier.
    pub id: TicketId,
    /// The API that it is about.
    pub api_id: ApiId,
    /// Who opened it. The identifier stays when the account is erased.
    pub account: AccountId,
    /// The application that it is about, where one was named.
    pub application_id: Option<ApplicationId>,
    /// What it is about, in one line.
    pub subject: String,
    /// Whose turn it is.
    pub state: TicketState,
    /// How many messages it has: the place of the last one.
    pub messages: i64,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last written to or closed.
    pub updated_at: Timestamp,
}

/// A message of a thread. Never changed once written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketMessage {
    /// Its identifier; its writer may have chosen it, so that sending it twice adds it once.
    pub id: TicketMessageId,
    /// The thread.
    pub ticket_id: TicketId,
    /// Its place in the thread, from 1.
    pub position: i64,
    /// Who wrote it. The identifier stays when the account is erased.
    pub author: AccountId,
    /// For whom.
    pub side: Side,
    /// What it says, in Markdown.
    pub body: String,
    /// When it was written.
    pub created_at: Timestamp,
}

impl TicketState {
    /// The state after `side` has written. Whoever runs the portal speaks for neither of the two: their word leaves the
    /// turn as it was, and a closed thread to the provider.
    pub const fn after_message(self, side: Side) -> Self {
        match (side, self) {
            (Side::Provider, _) | (Side::Operator, Self::Answered) => Self::Answered,
            (Side::Consumer, _) | (Side::Operator, Self::Open | Self::Closed) => Self::Open,
        }
    }
}

impl Side {
    /// For whom `actor` writes in a thread with these parties. Who opened a thread, or answers for the application that
    /// it is about, uses the API there, whatever else the same person may be.
    pub fn of(actor: &Actor, parties: &Parties) -> Self {
        let is = |relation: Relation| relation.holds(actor, parties);
        if is(Relation::Oneself) || is(Relation::Owner(Role::Developer)) {
            Self::Consumer
        } else if is(Relation::Provider(Role::Viewer)) {
            Self::Provider
        } else {
            Self::Operator
        }
    }
}

/// What is wrong with a subject.
pub fn check_subject(subject: &str) -> Result<(), Vec<Violation>> {
    let mut check = Check::new();
    check.line("subject", subject, 1, MAX_SUBJECT);
    check.finish()
}

/// What is wrong with what a message says.
pub fn check_body(body: &str) -> Result<(), Vec<Violation>> {
    let mut check = Check::new();
    check.paragraph("body", body, 1, MAX_BODY);
    check.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::PortalRole;
    use crate::actor::Person;
    use crate::ids::OrganizationId;

    #[test]
    fn a_message_gives_the_turn_to_the_other_side_and_reopens_what_was_closed() {
        use Side::{Consumer, Operator, Provider};
        use TicketState::{Answered, Closed, Open};
        let table = [
            (Open, Consumer, Open),
            (Open, Provider, Answered),
            (Open, Operator, Open),
            (Answered, Consumer, Open),
            (Answered, Provider, Answered),
            (Answered, Operator, Answered),
            (Closed, Consumer, Open),
            (Closed, Provider, Answered),
            (Closed, Operator, Open),
        ];
        for (from, side, to) in table {
            assert_eq!(from.after_message(side), to, "{from:?} {side:?}");
        }
    }

    #[test]
    fn who_opened_a_thread_uses_the_api_there_whatever_else_the_person_is() {
        let organization = OrganizationId::from_u128;
        let person = |id: u128, roles: &[(u128, Role)], portal: &[PortalRole]| {
            Actor::Person(Box::new(Person {
                account_id: AccountId::from_u128(id),
                organization_id: organization(id),
                portal_roles: portal.to_vec(),
                memberships: roles.iter().map(|(o, role)| (organization(*o), *role)).collect(),
                token_scopes: None,
                token_ends_at: None,
                signed_in_at: None,
            }))
        };
        let parties = Parties {
            account: Some(AccountId::from_u128(1)),
            owner: Some(organization(10)),
            provider: Some(organization(20)),
        };
        for (actor, side) in [
            (person(1, &[(20, Role::Owner)], &[PortalRole::Admin]), Side::Consumer),
            (person(2, &[(10, Role::Developer), (20, Role::Owner)], &[]), Side::Consumer),
            (person(3, &[(10, Role::Viewer), (20, Role::Developer)], &[]), Side::Provider),
            (person(4, &[(20, Role::Developer)], &[PortalRole::Admin]), Side::Provider),
            (person(5, &[], &[PortalRole::Admin]), Side::Operator),
        ] {
            assert_eq!(Side::of(&actor, &parties), side, "{actor:?}");
        }
    }

    #[test]
    fn what_is_written_has_bounds() {
        assert_eq!(check_subject(&"é".repeat(MAX_SUBJECT)), Ok(()));
        assert_eq!(check_body(&"é\n".repeat(MAX_BODY / 2)), Ok(()));
        let code = |checked: Result<(), Vec<Violation>>| checked.unwrap_err()[0].rule.code();
        for (text, expected) in [("  ", "required"), ("a\nb", "control_character")] {
            assert_eq!(code(check_subject(text)), expected, "{text:?}");
        }
        assert_eq!(code(check_subject(&"a".repeat(MAX_SUBJECT + 1))), "too_long");
        assert_eq!(code(check_body(" \n ")), "required");
        assert_eq!(code(check_body(&"a".repeat(MAX_BODY + 1))), "too_long");
        assert_eq!(code(check_body("a\u{202e}b")), "control_character");
    }
}
