//! Small questions about an actor that several use cases ask before they look at any object.

use octroi_domain::account::PortalRole;
use octroi_domain::actor::{Actor, TokenScope};
use octroi_domain::ids::AccountId;
use octroi_store::Viewer;

use crate::AppError;

/// Refuses whoever has not signed in, before an answer could tell whether an object exists.
pub(crate) fn signed_in(actor: &Actor) -> Result<(), AppError> {
    match actor {
        Actor::Anonymous => Err(AppError::SignIn),
        _ => Ok(()),
    }
}

/// The account of the person who acts; a management token needs the scope to read.
pub(crate) fn own_account(actor: &Actor) -> Result<AccountId, AppError> {
    match Reader::of(actor)? {
        Reader::Account(account) => Ok(account),
        Reader::All => actor.account_id().ok_or(AppError::Forbidden),
    }
}

/// Whose lists an actor reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// Everything: the system and administrators.
    All,
    /// What the account's organizations own.
    Account(AccountId),
}

impl Reader {
    /// Whose lists `actor` reads; a management token needs the scope to read.
    pub(crate) fn of(actor: &Actor) -> Result<Self, AppError> {
        signed_in(actor)?;
        if !actor.has_scope(TokenScope::Read) {
            return Err(AppError::Scope(TokenScope::Read));
        }
        match actor.account_id() {
            Some(account) if !actor.has(PortalRole::Admin) => Ok(Self::Account(account)),
            _ => Ok(Self::All),
        }
    }
}

/// Which APIs `actor` sees. A token without the scope to read sees what everybody does.
pub(crate) fn viewer(actor: &Actor) -> Viewer {
    match actor.account_id() {
        _ if !actor.has_scope(TokenScope::Read) => Viewer::Anybody,
        _ if actor.has(PortalRole::Admin) => Viewer::Everything,
        Some(account) => Viewer::Account(account),
        None => Viewer::Anybody,
    }
}
