//! Mails that the portal sends: what each says, as data. Their sentences are made at the edge, in the reader's language.

use std::pin::Pin;

use octroi_domain::account::Account;
use octroi_domain::api::Language;
use octroi_domain::time::Timestamp;
use octroi_store::Tx;
use serde::{Deserialize, Serialize};

use crate::jobs::Task;
use crate::{App, AppError};

/// People who are written to about one thing at most: each mail is a job, written in the commit of the change.
pub(crate) const MAX_RECIPIENTS: usize = 50;

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
    /// Somebody signed in to your account, from where it was not seen before.
    NewSignIn {
        /// First name.
        first_name: String,
        /// When.
        at: Timestamp,
        /// Where from: the beginning of the client's address.
        client: String,
        /// With what: a short label such as `Firefox, Linux`.
        agent: String,
        /// The page that lists the sign-ins and ends them.
        sessions_url: String,
        /// The page for a forgotten password, should it not have been you.
        forgot_url: String,
    },
    /// An application of others asks for an API of your organization.
    SubscriptionRequested {
        /// First name.
        first_name: String,
        /// What is asked for.
        about: About,
        /// Who owns the application.
        organization: String,
        /// Who asks.
        author: Author,
        /// What it says.
        comment: String,
        /// The page where it is decided.
        url: String,
    },
    /// Something happened to a subscription of your organization.
    Subscription {
        /// First name.
        first_name: String,
        /// What.
        news: SubscriptionNews,
        /// To which.
        about: About,
        /// By whom.
        author: Author,
        /// The reason given.
        reason: Option<String>,
        /// The subscription's page.
        url: String,
    },
    /// An application of your organization is archived: its subscriptions are closed, its keys revoked.
    ApplicationArchived {
        /// First name.
        first_name: String,
        /// The application.
        about: About,
        /// By whom.
        author: Author,
        /// The application's page.
        url: String,
    },
    /// A key of your organization, or the secret of an OAuth2 client, was replaced by a new one.
    KeyRenewed {
        /// First name.
        first_name: String,
        /// What it opens.
        about: About,
        /// The last characters of the old one.
        hint: String,
        /// Until when the old one lives on; not at all where absent.
        old_until: Option<Timestamp>,
        /// By whom.
        author: Author,
        /// The page that shows it.
        url: String,
    },
    /// A key of your organization, or the secret of an OAuth2 client, was revoked.
    KeyRevoked {
        /// First name.
        first_name: String,
        /// What it opened.
        about: About,
        /// Its last characters.
        hint: String,
        /// By whom.
        author: Author,
        /// The page that shows it.
        url: String,
    },
    /// A key of your organization, or the secret of an OAuth2 client, was reported as leaked and stopped.
    KeyLeaked {
        /// First name.
        first_name: String,
        /// What it opened.
        about: About,
        /// Its last characters.
        hint: String,
        /// Whether it was revoked for good; else it is paused.
        revoked: bool,
        /// Where it was found, in the words of whoever reported it.
        place: String,
        /// The page where it is renewed.
        url: String,
    },
    /// A management token of yours was reported as leaked and revoked.
    TokenLeaked {
        /// First name.
        first_name: String,
        /// The token's name.
        name: String,
        /// Its last characters.
        hint: String,
        /// The page that lists one's tokens.
        url: String,
    },
    /// A key of your organization ends soon.
    KeyExpiring {
        /// First name.
        first_name: String,
        /// What it opens.
        about: About,
        /// Its last characters.
        hint: String,
        /// When it ends.
        ends_at: Timestamp,
        /// Days until then, begun ones included.
        days: i64,
        /// Whether its subscription ends then too, so that a new key would not help.
        with_subscription: bool,
        /// The page where it is renewed.
        url: String,
    },
    /// A ticket was opened, or answered.
    Ticket {
        /// First name.
        first_name: String,
        /// Which of the two.
        news: TicketNews,
        /// What it is about, in its author's words.
        subject: String,
        /// The API concerned.
        api: String,
        /// Who wrote, as others see the name.
        author: String,
        /// How the text begins.
        excerpt: String,
        /// The ticket's page.
        url: String,
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

/// What a mail about a subscription or a key speaks of, by the names of the moment.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The application.
    pub application: String,
    /// The subscription; none where the whole application is meant.
    pub offer: Option<Offer>,
}

/// The other side of a subscription.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The API's name.
    pub api: String,
    /// Its version.
    pub version: String,
    /// The plan's name.
    pub plan: String,
}

/// Who did what a mail tells of, and on which side.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "side", rename_all = "snake_case")]
pub enum Author {
    /// Somebody of the organization that owns the application.
    Owner {
        /// First and last name.
        name: String,
    },
    /// Somebody of the organization that provides the API.
    Provider {
        /// First and last name.
        name: String,
        /// The organization's name.
        organization: String,
    },
    /// Whoever runs the portal.
    Operator,
}

/// What happened to a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubscriptionNews {
    /// It is open.
    Approved,
    /// It will not be.
    Rejected,
    /// Stopped for a while.
    Paused,
    /// Goes on after a pause.
    Resumed,
    /// Ended, its keys revoked.
    Closed,
    /// Under another plan, and not by its owner's will.
    PlanChanged,
}

/// What happened to a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TicketNews {
    /// Opened.
    Opened,
    /// Somebody wrote an answer.
    Answered,
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
    /// The same as a document, for readers that show it.
    pub html: String,
    /// The language of all three.
    pub language: Language,
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
    use std::fmt::Display;

    use octroi_domain::ids::{ApiId, ApplicationId, OrganizationId, SubscriptionId};

    /// Lists one's sign-ins and ends them.
    pub const SESSIONS: &str = "/account/sessions";
    /// Lists one's management tokens.
    pub const TOKENS: &str = "/account/tokens";
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

    /// An application.
    pub fn application(id: ApplicationId) -> String {
        format!("/applications/{id}")
    }

    /// A subscription, with its keys.
    pub fn subscription(application: ApplicationId, id: SubscriptionId) -> String {
        format!("/applications/{application}/subscriptions/{id}")
    }

    /// The subscriptions to an API, as its provider sees and decides them.
    pub fn provider_subscriptions(api: ApiId) -> String {
        format!("/provider/apis/{api}/subscriptions")
    }

    /// A partner at the officers' desk.
    pub fn partner(id: OrganizationId) -> String {
        format!("/partners/{id}")
    }

    /// A ticket.
    pub fn ticket(id: impl Display) -> String {
        format!("/tickets/{id}")
    }
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
        self.enqueue(tx, &Task::Mail(Box::new(Mail { to: to.to_owned(), language, message }))).await
    }

    /// Sends each of `recipients` its own mail once the transaction is committed: fifty at most, and the log says when
    /// there were more.
    pub(crate) async fn mail_all(
        &self,
        tx: &mut Tx,
        recipients: &[Account],
        message: impl Fn(&Account) -> MailMessage,
    ) -> Result<(), AppError> {
        if recipients.len() > MAX_RECIPIENTS {
            tracing::warn!(at_most = MAX_RECIPIENTS, "a mail has more recipients than are written to");
        }
        for account in recipients.iter().take(MAX_RECIPIENTS) {
            self.mail(tx, &account.email, account.language, message(account)).await?;
        }
        Ok(())
    }

    /// The address of a page of the portal: never built from anything that a request says.
    pub(crate) fn page_url(&self, page: &str) -> String {
        format!("{}{page}", self.portal_url())
    }
}
