//! Accounts: seeing, changing and stopping them. Registration, forgotten passwords, invitations and personal data have
//! files of their own.

mod invitation;
mod password;
mod personal_data;
mod registration;

pub use invitation::{AcceptInvitation, Invitation, InvitationLink, InvitationView};
pub use password::{ChangePassword, ResetPassword};
pub use personal_data::Closing;
pub use registration::{Confirmed, Registration, VerifyEmail};

use std::time::Duration;

use octroi_domain::account::{Account, AccountState, Person, PortalRole, is_email};
use octroi_domain::actor::Actor;
use octroi_domain::api::Language;
use octroi_domain::ids::{AccountId, OrganizationId};
use octroi_domain::permission::{Action, Parties};
use octroi_domain::time::Timestamp;
use octroi_domain::validate::Rule;
use octroi_store::{LinkPurpose, Tx, login_key};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::context::require;
use crate::error::taken;
use crate::mail::{MailMessage, pages};
use crate::page::{Page, PageRequest};
use crate::setup::ACCOUNT_KEYS;
use crate::shared::MailReason;
use crate::{App, AppError, Conflict};

/// For this long after a sign-in one may do what a stolen token must not.
pub(crate) const FRESH_SIGN_IN: Duration = Duration::from_secs(5 * 60);

/// An account.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AccountView {
    /// Its identifier.
    pub id: AccountId,
    /// Its personal organization.
    pub organization_id: OrganizationId,
    /// E-mail address.
    pub email: String,
    /// The name to sign in with, beside the address.
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
    /// Version of the portal's terms that it accepted.
    pub terms_version: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Counts the changes.
    pub edition: i64,
}

impl From<Account> for AccountView {
    fn from(account: Account) -> Self {
        Self {
            id: account.id,
            organization_id: account.organization_id,
            email: account.email,
            identifier: account.identifier,
            first_name: account.first_name,
            last_name: account.last_name,
            language: account.language,
            state: account.state,
            portal_roles: account.portal_roles,
            terms_version: account.terms_version,
            created_at: account.created_at,
            edition: account.edition,
        }
    }
}

/// A change of an account: what is absent stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountChange {
    /// E-mail address: takes effect once the link sent to the new address was opened.
    #[serde(default)]
    #[schemars(email, length(max = 254))]
    pub email: Option<String>,
    /// The name to sign in with.
    #[serde(default)]
    #[schemars(length(min = 3, max = 64), regex(pattern = octroi_domain::patterns::IDENTIFIER))]
    pub identifier: Option<String>,
    /// First name.
    #[serde(default)]
    #[schemars(length(min = 1, max = 100), regex(pattern = octroi_domain::patterns::NAME))]
    pub first_name: Option<String>,
    /// Last name.
    #[serde(default)]
    #[schemars(length(min = 1, max = 100), regex(pattern = octroi_domain::patterns::NAME))]
    pub last_name: Option<String>,
    /// Language of pages and mails.
    #[serde(default)]
    pub language: Option<Language>,
}

impl App {
    /// One account: one's own, or any for an administrator.
    pub async fn account(&self, actor: &Actor, id: AccountId) -> Result<AccountView, AppError> {
        require(actor, Action::AccountRead, &Parties::of_account(id))?;
        Ok(self.read().await?.account(id).await?.ok_or(AppError::NotFound)?.into())
    }

    /// The account that acts.
    pub async fn me(&self, actor: &Actor) -> Result<AccountView, AppError> {
        self.account(actor, actor.account_id().ok_or(AppError::SignIn)?).await
    }

    /// All accounts, oldest first; those whose address, identifier or names contain `query`, where one is given.
    pub async fn accounts(
        &self,
        actor: &Actor,
        page: &PageRequest,
        query: Option<&str>,
    ) -> Result<Page<AccountView>, AppError> {
        require(actor, Action::AccountList, &Parties::PORTAL)?;
        let window = page.window()?;
        let rows = self.read().await?.accounts(window.after, window.rows(), query).await?;
        Ok(window.page(rows, |account| account.id, AccountView::from))
    }

    /// Changes one's own account. Another address asks for a fresh sign-in, and is not taken before its link was opened.
    pub async fn update_account(
        &self,
        actor: &Actor,
        id: AccountId,
        change: AccountChange,
        edition: Option<i64>,
    ) -> Result<AccountView, AppError> {
        require(actor, Action::AccountUpdate, &Parties::of_account(id))?;
        let mut tx = self.begin().await?;
        let mut account = tx.account(id).await?.ok_or(AppError::NotFound)?;
        check_edition(edition, account.edition)?;
        let person = Person {
            email: change.email.as_deref().unwrap_or(&account.email).trim().to_owned(),
            identifier: change.identifier.unwrap_or_else(|| account.identifier.clone()),
            first_name: change.first_name.unwrap_or_else(|| account.first_name.clone()).trim().to_owned(),
            last_name: change.last_name.unwrap_or_else(|| account.last_name.clone()).trim().to_owned(),
            language: change.language.unwrap_or(account.language),
        };
        person.check()?;
        if person.email != account.email {
            self.require_fresh(actor)?;
            self.admit_writer(actor)?;
            self.send_new_email_link(&mut tx, &account, &person.email).await?;
        }
        self.check_identifier(&mut tx, &account, &person.identifier).await?;
        account.identifier = person.identifier;
        account.first_name = person.first_name;
        account.last_name = person.last_name;
        account.language = person.language;
        self.save_account(&mut tx, &mut account).await?;
        self.audit(&mut tx, actor, "account.updated", id, json!({}));
        self.commit(tx).await?;
        Ok(account.into())
    }

    async fn check_identifier(
        &self,
        tx: &mut Tx,
        account: &Account,
        identifier: &str,
    ) -> Result<(), AppError> {
        if login_key(identifier) == login_key(&account.identifier) {
            return Ok(());
        }
        let holder = tx.account_by_identifier(identifier).await?;
        if holder.is_some() || tx.reservation(identifier, self.now()).await?.is_some() {
            return Err(AppError::invalid("identifier", Rule::Taken));
        }
        Ok(())
    }

    /// Writes a changed account; its personal organization bears its names.
    pub(crate) async fn save_account(&self, tx: &mut Tx, account: &mut Account) -> Result<(), AppError> {
        tx.update_account(account).await.map_err(|e| taken(e, ACCOUNT_KEYS))?;
        let name = format!("{} {}", account.first_name, account.last_name);
        if let Some(mut personal) = tx.organization(account.organization_id).await?
            && personal.name != name
        {
            personal.name = name;
            tx.update_organization(&mut personal).await?;
        }
        Ok(())
    }

    /// Asks whoever reads `email` to confirm it, or tells them that their address has an account.
    async fn send_new_email_link(&self, tx: &mut Tx, account: &Account, email: &str) -> Result<(), AppError> {
        if self.admit_mail(MailReason::NewAddress, email).is_err() {
            return Ok(());
        }
        if let Some(other) = tx.account_by_email(email).await?.filter(|other| other.id != account.id) {
            return self.mail(tx, &other.email, other.language, self.already_registered(&other)).await;
        }
        tx.delete_links(account.id, LinkPurpose::ChangeEmail).await?;
        let link =
            self.make_link(tx, LinkPurpose::ChangeEmail, Some(account.id), email, "{}".to_owned()).await?;
        let message = MailMessage::ConfirmNewEmail {
            first_name: account.first_name.clone(),
            url: link.url,
            expires_at: link.expires_at,
        };
        self.mail(tx, email, account.language, message).await
    }

    pub(crate) fn already_registered(&self, account: &Account) -> MailMessage {
        MailMessage::AlreadyRegistered {
            first_name: account.first_name.clone(),
            sign_in_url: self.page_url(pages::SIGN_IN),
            forgot_url: self.page_url(pages::FORGOT_PASSWORD),
        }
    }

    /// Lets go on only who signed in within the last five minutes.
    pub(crate) fn require_fresh(&self, actor: &Actor) -> Result<(), AppError> {
        match actor {
            Actor::System(_) => Ok(()),
            Actor::Person(p) if p.signed_in_at.is_some_and(|at| self.now().since(at) <= FRESH_SIGN_IN) => {
                Ok(())
            }
            Actor::Person(_) => Err(AppError::SignInAgain),
            Actor::Anonymous => Err(AppError::SignIn),
        }
    }

    /// Stops an account: it cannot sign in, its tokens are refused and ended.
    pub async fn suspend_account(&self, actor: &Actor, id: AccountId) -> Result<AccountView, AppError> {
        self.set_state(actor, id, AccountState::Active, AccountState::Suspended, "account.suspended").await
    }

    /// Lets a stopped account go on; it signs in anew.
    pub async fn resume_account(&self, actor: &Actor, id: AccountId) -> Result<AccountView, AppError> {
        self.set_state(actor, id, AccountState::Suspended, AccountState::Active, "account.resumed").await
    }

    async fn set_state(
        &self,
        actor: &Actor,
        id: AccountId,
        from: AccountState,
        to: AccountState,
        action: &str,
    ) -> Result<AccountView, AppError> {
        require(actor, Action::AccountAdminister, &Parties::of_account(id))?;
        let mut tx = self.begin().await?;
        let mut account = tx.account(id).await?.ok_or(AppError::NotFound)?;
        if account.state == to {
            return Ok(account.into());
        }
        if account.state != from {
            let allowed = if from == AccountState::Active { "active" } else { "suspended" };
            return Err(AppError::invalid("state", Rule::NotAllowed { allowed: allowed.to_owned() }));
        }
        if to == AccountState::Suspended {
            keep_an_administrator(&mut tx, actor, &account).await?;
        }
        account.state = to;
        tx.update_account(&mut account).await?;
        self.end_sign_ins(&mut tx, id).await?;
        self.audit(&mut tx, actor, action, id, json!({}));
        self.commit(tx).await?;
        Ok(account.into())
    }

    /// Gives an account exactly these roles for the portal as a whole.
    pub async fn set_portal_roles(
        &self,
        actor: &Actor,
        id: AccountId,
        mut roles: Vec<PortalRole>,
    ) -> Result<AccountView, AppError> {
        require(actor, Action::AccountAdminister, &Parties::of_account(id))?;
        roles.sort_unstable();
        roles.dedup();
        let mut tx = self.begin().await?;
        let mut account = tx.account(id).await?.ok_or(AppError::NotFound)?;
        if !roles.contains(&PortalRole::Admin) {
            keep_an_administrator(&mut tx, actor, &account).await?;
        }
        account.portal_roles = roles;
        tx.update_account(&mut account).await?;
        self.audit(&mut tx, actor, "account.roles_set", id, json!({"roles": account.portal_roles}));
        self.commit(tx).await?;
        Ok(account.into())
    }
}

/// Refuses to let the last administrator go who can sign in. The command line may: it can invite another.
pub(crate) async fn keep_an_administrator(
    tx: &mut Tx,
    actor: &Actor,
    leaving: &Account,
) -> Result<(), AppError> {
    let counts = leaving.state == AccountState::Active && leaving.portal_roles.contains(&PortalRole::Admin);
    if !counts || matches!(actor, Actor::System(_)) {
        return Ok(());
    }
    if tx.lock_administrators().await? > 1 { Ok(()) } else { Err(Conflict::LastAdministrator.into()) }
}

/// Refuses a change made on another edition than the present one.
pub(crate) fn check_edition(wanted: Option<i64>, present: i64) -> Result<(), AppError> {
    if wanted.is_none_or(|edition| edition == present) { Ok(()) } else { Err(AppError::Stale) }
}

/// An e-mail address that somebody typed, checked and without blanks around it.
pub(crate) fn checked_email(email: &str) -> Result<&str, AppError> {
    let email = email.trim();
    let rule = match email {
        "" => Rule::Required,
        text if is_email(text) => return Ok(text),
        _ => Rule::Malformed { expected: "email" },
    };
    Err(AppError::invalid("email", rule))
}
