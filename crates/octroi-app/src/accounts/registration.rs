//! Registering and confirming one's address. Whether an address has an account already is told to its reader alone: the
//! answer, its time and what it leaves behind are the same.

use octroi_domain::account::{Account, AccountState, Person};
use octroi_domain::actor::Actor;
use octroi_domain::api::Language;
use octroi_domain::credential::digest::{hex, sha256};
use octroi_domain::permission::{Action, Parties};
use octroi_domain::validate::Rule;
use octroi_store::{Link, LinkPurpose, Session, Tx, login_key};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::checked_email;
use crate::context::require;
use crate::jobs::Task;
use crate::mail::MailMessage;
use crate::setup::check_person;
use crate::shared::MailReason;
use crate::{App, AppError, Conflict};

/// What somebody who registers says.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// E-mail address; a link is sent there.
    #[schemars(email, length(max = 254))]
    pub email: String,
    /// The name to sign in with, beside the address: 3 to 64 letters, digits, dots, hyphens and underscores.
    #[schemars(length(min = 3, max = 64), regex(pattern = octroi_domain::patterns::IDENTIFIER))]
    pub identifier: String,
    /// First name.
    #[schemars(length(min = 1, max = 100), regex(pattern = octroi_domain::patterns::NAME))]
    pub first_name: String,
    /// Last name.
    #[schemars(length(min = 1, max = 100), regex(pattern = octroi_domain::patterns::NAME))]
    pub last_name: String,
    /// Language of pages and mails.
    #[serde(default)]
    pub language: Language,
    /// At least 12 characters, and not easily guessed.
    #[schemars(length(min = 12, max = 1024))]
    pub password: String,
    /// Whether the portal's terms are accepted: they must be.
    pub accept_terms: bool,
    /// The page to go on to once the address is confirmed and somebody has signed in. Kept with the link, so that it
    /// comes back wherever the mail is opened; pages alone say it.
    #[serde(skip)]
    pub next: Option<String>,
}

impl std::fmt::Debug for Registration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Registration(…)")
    }
}

/// Confirms an address.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyEmail {
    /// The `token` of the link.
    #[schemars(length(min = 1, max = 200))]
    pub token: String,
}

impl std::fmt::Debug for VerifyEmail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("VerifyEmail(…)")
    }
}

/// What a link that confirms the address of a new account carries: what was said when it was asked for. Whoever registers
/// somebody else's address gains nothing by it: the link of the one holds nothing of the other.
#[derive(Default, Serialize, Deserialize)]
struct Confirmation {
    /// Where the person came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    said: Option<Said>,
}

/// A registration as it was checked.
#[derive(Clone, Serialize, Deserialize)]
struct Said {
    person: Person,
    password_hash: String,
    terms_version: Option<String>,
}

impl Confirmation {
    fn payload(&self) -> Result<String, AppError> {
        serde_json::to_string(self).map_err(|e| AppError::Internal(e.to_string()))
    }

    fn of(link: &Link) -> Result<Self, AppError> {
        serde_json::from_str(&link.payload).map_err(|e| AppError::Internal(e.to_string()))
    }
}

impl Said {
    fn write_into(&self, account: &mut Account) {
        take_data(account, &self.person);
        account.password_hash = Some(self.password_hash.clone());
        account.terms_version.clone_from(&self.terms_version);
    }
}

/// Whom a link confirms, for its reader to recognise.
#[derive(Clone, Debug)]
pub struct Confirmed {
    /// The name to sign in with.
    pub identifier: String,
    /// First and last name.
    pub name: String,
}

impl Registration {
    /// What is wrong with it, as far as it tells by itself; every violation at once.
    pub fn check(&self) -> Result<(), AppError> {
        check_person(&self.person(), &self.password, self.accept_terms)
    }

    fn person(&self) -> Person {
        Person {
            email: self.email.trim().to_owned(),
            identifier: self.identifier.clone(),
            first_name: self.first_name.trim().to_owned(),
            last_name: self.last_name.trim().to_owned(),
            language: self.language,
        }
    }
}

impl App {
    /// Registers: sends a link to the address, which confirms it. An address that has an account gets a mail that says
    /// so; one that waits for its confirmation gets another link. Each link confirms what was said when it was asked for.
    pub async fn register(&self, actor: &Actor, registration: Registration) -> Result<(), AppError> {
        require(actor, Action::AccountRegister, &Parties::PORTAL)?;
        registration.check()?;
        let person = registration.person();
        let password_hash = self.hash_password(&registration.password).await?;
        match self.write_registration(actor, person, password_hash, registration.next).await {
            // Two people registered one address at the same moment: the other one's mail is on its way.
            Err(AppError::Invalid(v)) if v.iter().any(|v| v.field == "email" && v.rule == Rule::Taken) => {
                Ok(())
            }
            other => other,
        }
    }

    async fn write_registration(
        &self,
        actor: &Actor,
        person: Person,
        password_hash: String,
        next: Option<String>,
    ) -> Result<(), AppError> {
        let mut tx = self.begin().await?;
        self.check_identifier_for(&mut tx, &person.identifier, &person.email).await?;
        let terms_version = tx.current_terms().await?.map(|terms| terms.version);
        let said = Said { person: person.clone(), password_hash, terms_version };
        let confirmation = Confirmation { next, said: Some(said.clone()) };
        match tx.account_by_email(&person.email).await? {
            None => {
                let mut account = self.draft_account(&person);
                said.write_into(&mut account);
                self.insert_account(&mut tx, &account).await?;
                self.send_verification(&mut tx, &account, &confirmation).await?;
                self.audit(&mut tx, actor, "account.registered", account.id, json!({}));
            }
            Some(mut account) if account.state == AccountState::Unverified => {
                self.reserve(&mut tx, &account.identifier, &account.email).await?;
                said.write_into(&mut account);
                self.save_account(&mut tx, &mut account).await?;
                self.send_verification(&mut tx, &account, &confirmation).await?;
                self.audit(&mut tx, actor, "account.registered_again", account.id, json!({}));
            }
            Some(account) => {
                self.reserve(&mut tx, &person.identifier, &account.email).await?;
                if self.admit_mail(MailReason::Registration, &account.email).is_ok() {
                    let message = self.already_registered(&account);
                    self.mail(&mut tx, &account.email, account.language, message).await?;
                }
                self.audit(&mut tx, actor, "account.registration_repeated", account.id, json!({}));
            }
        }
        self.commit(tx).await
    }

    /// Refuses an identifier that an account has, or that a registration with another address took.
    pub(super) async fn check_identifier_for(
        &self,
        session: &mut Session,
        identifier: &str,
        email: &str,
    ) -> Result<(), AppError> {
        let own = |account: &Account| {
            account.state == AccountState::Unverified && login_key(&account.email) == login_key(email)
        };
        let held = session.account_by_identifier(identifier).await?.is_some_and(|account| !own(&account));
        let reserved = session.reservation(identifier, self.now()).await?;
        if held || reserved.is_some_and(|holder| holder != fingerprint(email)) {
            return Err(AppError::invalid("identifier", Rule::Taken));
        }
        Ok(())
    }

    /// Keeps an identifier taken as long as it would be if this registration had made an account: see
    /// [`Session::reservation`].
    async fn reserve(&self, tx: &mut Tx, identifier: &str, email: &str) -> Result<(), AppError> {
        let purpose = LinkPurpose::Reservation;
        self.make_link(tx, purpose, None, &login_key(identifier), fingerprint(email)).await.map(drop)
    }

    /// Sends the link that confirms the address of a new account. Those sent before stay good: whoever asks for another
    /// in somebody else's name must not spoil them.
    async fn send_verification(
        &self,
        tx: &mut Tx,
        account: &Account,
        confirmation: &Confirmation,
    ) -> Result<(), AppError> {
        if self.admit_mail(MailReason::Registration, &account.email).is_err() {
            return Ok(());
        }
        let (purpose, payload) = (LinkPurpose::VerifyEmail, confirmation.payload()?);
        let link = self.make_link(tx, purpose, Some(account.id), &account.email, payload).await?;
        let message = MailMessage::VerifyEmail {
            first_name: account.first_name.clone(),
            url: link.url,
            expires_at: link.expires_at,
        };
        self.mail(tx, &account.email, account.language, message).await
    }

    /// Sends the confirmation link again, if `email` has an account that waits for it. What is done now is the same
    /// for every address; the rest is done by a job.
    pub async fn resend_verification(&self, email: &str) -> Result<(), AppError> {
        let email = checked_email(email)?.to_owned();
        let mut tx = self.begin().await?;
        self.enqueue(&mut tx, &Task::ResendVerification(email)).await?;
        self.commit(tx).await
    }

    /// The job's part of [`App::resend_verification`].
    pub(crate) async fn send_verification_again(&self, email: &str) -> Result<(), AppError> {
        let mut tx = self.begin().await?;
        match tx.account_by_email(email).await? {
            Some(account) if account.state == AccountState::Unverified => {
                // It says what the one before said.
                let before = tx.newest_link(account.id, LinkPurpose::VerifyEmail).await?;
                let confirmation = before.as_ref().map(Confirmation::of).transpose()?.unwrap_or_default();
                self.send_verification(&mut tx, &account, &confirmation).await?;
            }
            _ => {}
        }
        self.commit(tx).await
    }

    /// Whom a link confirms; nobody where it is about an account in use. Opening it changes nothing.
    pub async fn confirmed_by(&self, token: &str) -> Result<Option<Confirmed>, AppError> {
        let purposes = [LinkPurpose::VerifyEmail, LinkPurpose::ChangeEmail];
        let link = self.open_link(&mut self.read().await?, token, &purposes).await?;
        let said = Confirmation::of(&link)?.said;
        Ok(said.map(|said| Confirmed {
            name: format!("{} {}", said.person.first_name, said.person.last_name),
            identifier: said.person.identifier,
        }))
    }

    /// Confirms the address of a new account, or the new address of one in use. Gives the page that whoever registered
    /// came from, where that is known.
    pub async fn verify_email(&self, request: VerifyEmail) -> Result<Option<String>, AppError> {
        let mut tx = self.begin().await?;
        let purposes = [LinkPurpose::VerifyEmail, LinkPurpose::ChangeEmail];
        let link = self.open_link(&mut tx, &request.token, &purposes).await?;
        self.spend_link(&mut tx, &link).await?;
        let Confirmation { next, said } = Confirmation::of(&link)?;
        let spent = || AppError::from(Conflict::LinkSpent);
        let mut account = tx.account(link.account_id.ok_or_else(spent)?).await?.ok_or_else(spent)?;
        let action = match (link.purpose, account.state) {
            (LinkPurpose::VerifyEmail, AccountState::Unverified) => {
                if let Some(said) = said {
                    said.write_into(&mut account);
                }
                account.state = AccountState::Active;
                tx.delete_links(account.id, LinkPurpose::VerifyEmail).await?;
                "account.verified"
            }
            (LinkPurpose::ChangeEmail, AccountState::Active) => {
                let holder = tx.account_by_email(&link.email).await?;
                if holder.is_some_and(|holder| holder.id != account.id) {
                    return Err(spent());
                }
                let message = MailMessage::EmailChanged { first_name: account.first_name.clone() };
                self.mail(&mut tx, &account.email, account.language, message).await?;
                tx.delete_links(account.id, LinkPurpose::ResetPassword).await?;
                account.email = link.email;
                "account.email_changed"
            }
            _ => return Err(spent()),
        };
        self.save_account(&mut tx, &mut account).await?;
        self.audit(&mut tx, &Actor::Anonymous, action, account.id, json!({}));
        self.commit(tx).await?;
        Ok(next)
    }
}

/// Takes over what a person said of themselves; the address stays as it was typed first.
pub(super) fn take_data(account: &mut Account, person: &Person) {
    account.identifier = person.identifier.clone();
    account.first_name = person.first_name.clone();
    account.last_name = person.last_name.clone();
    account.language = person.language;
}

/// An address that can be compared and not read.
fn fingerprint(email: &str) -> String {
    hex(&sha256(login_key(email).as_bytes()))
}
