//! Mails that the portal sends: what each says, as data. Their sentences are made at the edge, in the reader's language.

use std::pin::Pin;

use octroi_domain::api::Language;
use octroi_domain::time::Timestamp;
use octroi_store::Tx;
use serde::{Deserialize, Serialize};

use crate::jobs::Task;
use crate::{App, AppError};

/// A mail to one person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// The address.
    pub to: String,
    /// The language that the person reads.
    pub language: Language,
    /// What it says.
    pub message: MailMessage,
}

/// Neither addresses nor links belong into a log.
impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mail(…)")
    }
}

/// What a mail says. Every `url` begins with the portal's public address; those that hold a secret work once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "message", rename_all = "snake_case")]
pub enum MailMessage {
    /// Confirm the address of your new account.
    VerifyEmail {
        /// First name.
        first_name: String,
        /// Confirms.
        url: String,
        /// Until when.
        expires_at: Timestamp,
    },
    /// Somebody registered with your address, which has an account already.
    AlreadyRegistered {
        /// First name.
        first_name: String,
        /// The sign-in page.
        sign_in_url: String,
        /// The page for a forgotten password.
        forgot_url: String,
    },
    /// Set a new password.
    ResetPassword {
        /// First name.
        first_name: String,
        /// Sets it.
        url: String,
        /// Until when.
        expires_at: Timestamp,
    },
    /// Your password was changed.
    PasswordChanged {
        /// First name.
        first_name: String,
        /// The page for a forgotten password, should it not have been you.
        forgot_url: String,
    },
    /// Confirm the new address of your account.
    ConfirmNewEmail {
        /// First name.
        first_name: String,
        /// Confirms.
        url: String,
        /// Until when.
        expires_at: Timestamp,
    },
    /// Your account has another address from now on: sent to the old one.
    EmailChanged {
        /// First name.
        first_name: String,
    },
    /// You are invited.
    Invitation {
        /// The organization, where it is one that invites.
        organization: Option<String>,
        /// Who invites, by name.
        inviter: Option<String>,
        /// Accepts.
        url: String,
        /// Until when.
        expires_at: Timestamp,
    },
}

impl std::fmt::Debug for MailMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MailMessage(…)")
    }
}

/// A mail in words, ready to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The address.
    pub to: String,
    /// The subject line.
    pub subject: String,
    /// The text, in lines.
    pub text: String,
}

/// Why a mail was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// Not now: it is tried again later.
    #[error("the mail server did not answer as it should: {0}")]
    Later(String),
    /// Never: it is kept aside for a person to look at.
    #[error("the mail server refuses the mail for good: {0}")]
    Refused(String),
}

/// What a mailer gives back, in the end.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), MailError>> + Send + 'a>>;

/// Takes mails to where they are delivered: a server, a folder.
pub trait MailSender: Send + Sync + 'static {
    /// Hands over one mail. Ends within a minute, one way or the other.
    fn send(&self, mail: Rendered) -> Sending<'_>;
}

/// Pages of the portal that mails and the command line lead to.
pub mod pages {
    /// Confirms an address; `?token=`.
    pub const VERIFY_EMAIL: &str = "/verify-email";
    /// Sets a new password; `?token=`.
    pub const RESET_PASSWORD: &str = "/reset-password";
    /// Accepts an invitation; `?token=`.
    pub const INVITATION: &str = "/invitation";
    /// Signs in.
    pub const SIGN_IN: &str = "/sign-in";
    /// Asks for a link that sets a new password.
    pub const FORGOT_PASSWORD: &str = "/forgot-password";
}

impl App {
    /// Sends `message` once the transaction is committed.
    pub(crate) async fn mail(
        &self,
        tx: &mut Tx,
        to: &str,
        language: Language,
        message: MailMessage,
    ) -> Result<(), AppError> {
        self.enqueue(tx, &Task::Mail(Mail { to: to.to_owned(), language, message })).await
    }

    /// The address of a page of the portal: never built from anything that a request says.
    pub(crate) fn page_url(&self, page: &str) -> String {
        format!("{}{page}", self.portal_url())
    }
}
