//! What a message says, as data: its sentences by name, what fills them, where its button leads, its facts.

use std::borrow::Cow;

use octroi_app::mail::{About, Author, MailMessage, SubscriptionNews, TicketNews};
use octroi_domain::api::Language;
use octroi_domain::time::Timestamp;

use super::{harmless, moment};
use crate::locale;

/// Characters of what somebody wrote that are shown at most.
const QUOTE_CHARS: usize = 500;

/// See the module. Everything that others chose is made harmless already.
#[derive(Default)]
pub(super) struct Script<'a> {
    /// Names the sentences.
    pub(super) id: &'static str,
    /// The paragraphs before the button: attributes of the sentences.
    pub(super) paragraphs: Vec<&'static str>,
    /// Why one gets it.
    pub(super) why: &'static str,
    /// Who is greeted.
    pub(super) first_name: Option<String>,
    /// What fills the sentences.
    pub(super) values: Vec<(&'static str, Cow<'a, str>)>,
    /// Where the button leads.
    pub(super) action: Option<&'a str>,
    /// Another address of the portal, which stands as a paragraph of its own.
    pub(super) link: Option<&'a str>,
    /// Labels and values.
    pub(super) facts: Vec<(&'static str, String)>,
    /// What somebody wrote.
    pub(super) quote: Vec<String>,
}

impl<'a> Script<'a> {
    /// The script of a message.
    pub(super) fn of(message: &'a MailMessage, language: Language) -> Self {
        match message {
            MailMessage::VerifyEmail { first_name, url, expires_at } => {
                Self::new("email-verify", "email-why-address")
                    .to(first_name)
                    .until(*expires_at, language)
                    .leading(url)
            }
            MailMessage::AlreadyRegistered { first_name, sign_in_url, forgot_url } => {
                Self::new("email-already-registered", "email-why-account")
                    .to(first_name)
                    .leading(sign_in_url)
                    .linking("forgot_url", forgot_url)
            }
            MailMessage::ResetPassword { first_name, url, expires_at } => {
                Self::new("email-reset-password", "email-why-account")
                    .to(first_name)
                    .until(*expires_at, language)
                    .leading(url)
            }
            MailMessage::PasswordChanged { first_name, forgot_url } => {
                Self::new("email-password-changed", "email-why-account").to(first_name).leading(forgot_url)
            }
            MailMessage::ConfirmNewEmail { first_name, url, expires_at } => {
                Self::new("email-confirm-new", "email-why-address")
                    .to(first_name)
                    .until(*expires_at, language)
                    .leading(url)
            }
            MailMessage::EmailChanged { first_name } => {
                Self::new("email-changed", "email-why-account").to(first_name)
            }
            MailMessage::Invitation { organization, inviter, url, expires_at } => {
                Self::invitation(organization.as_deref(), inviter.as_deref(), language)
                    .until(*expires_at, language)
                    .leading(url)
            }
            MailMessage::NewSignIn { first_name, at, client, agent, sessions_url, forgot_url } => {
                Self::new("email-new-sign-in", "email-why-account")
                    .to(first_name)
                    .fact("email-fact-when", moment::say(*at, language))
                    .fact("email-fact-client", client.clone())
                    .fact("email-fact-agent", harmless::name(agent))
                    .leading(sessions_url)
                    .linking("forgot_url", forgot_url)
            }
            MailMessage::SubscriptionRequested { first_name, about, organization, author, comment, url } => {
                Self::new("email-subscription-requested", "email-why-provider")
                    .to(first_name)
                    .naming("organization", organization)
                    .fact("email-fact-organization", harmless::name(organization))
                    .about(about)
                    .fact("email-fact-author", asking(author, language))
                    .quoting(comment)
                    .leading(url)
            }
            MailMessage::Subscription { first_name, news, about, author, reason, url } => {
                Self::new(subscription(*news), "email-why-owner")
                    .to(first_name)
                    .about(about)
                    .fact("email-fact-author", by(author, language))
                    .quoting(reason.as_deref().unwrap_or_default())
                    .leading(url)
            }
            MailMessage::ApplicationArchived { first_name, about, author, url } => {
                Self::new("email-application-archived", "email-why-owner")
                    .to(first_name)
                    .about(about)
                    .fact("email-fact-author", by(author, language))
                    .leading(url)
            }
            MailMessage::KeyRenewed { first_name, about, hint, old_until, author, url } => {
                let script = Self::new("email-key-renewed", "email-why-owner").key(about, hint);
                let script = match old_until {
                    Some(end) => script.saying("until").until(*end, language),
                    None => script.saying("ended"),
                };
                script
                    .to(first_name)
                    .about(about)
                    .fact("email-fact-author", by(author, language))
                    .leading(url)
            }
            MailMessage::KeyRevoked { first_name, about, hint, author, url } => {
                Self::new("email-key-revoked", "email-why-owner")
                    .key(about, hint)
                    .to(first_name)
                    .about(about)
                    .fact("email-fact-author", by(author, language))
                    .leading(url)
            }
            MailMessage::KeyLeaked { first_name, about, hint, revoked, place, url } => {
                Self::new("email-key-leaked", "email-why-owner")
                    .saying(if *revoked { "revoked" } else { "paused" })
                    .key(about, hint)
                    .to(first_name)
                    .about(about)
                    .quoting(place)
                    .leading(url)
            }
            MailMessage::TokenLeaked { first_name, name, hint, url } => {
                Self::new("email-token-leaked", "email-why-account")
                    .to(first_name)
                    .naming("name", name)
                    .naming("hint", hint)
                    .leading(url)
            }
            MailMessage::KeyExpiring { first_name, about, hint, ends_at, days, with_subscription, url } => {
                Self::new("email-key-expiring", "email-why-owner")
                    .saying(if *with_subscription { "subscription" } else { "renew" })
                    .key(about, hint)
                    .to(first_name)
                    .with("days", days.to_string())
                    .until(*ends_at, language)
                    .about(about)
                    .leading(url)
            }
            MailMessage::Ticket { first_name, news, subject, api, author, excerpt, url } => {
                let id = match news {
                    TicketNews::Opened => "email-ticket-opened",
                    TicketNews::Answered => "email-ticket-answered",
                };
                Self::new(id, "email-why-ticket")
                    .to(first_name)
                    .naming("subject", subject)
                    .naming("api", api)
                    .naming("author", author)
                    .fact("email-fact-subject", harmless::name(subject))
                    .fact("email-fact-api", harmless::name(api))
                    .fact("email-fact-author", harmless::name(author))
                    .quoting(excerpt)
                    .leading(url)
            }
        }
    }

    fn new(id: &'static str, why: &'static str) -> Self {
        Self { id, why, paragraphs: vec!["text"], ..Self::default() }
    }

    fn invitation(organization: Option<&str>, inviter: Option<&str>, language: Language) -> Self {
        let Some(organization) = organization else {
            return Self::new("email-invitation", "email-why-address");
        };
        let somebody = || locale::text(language, "email-invitation-somebody", &[]);
        Self::new("email-invitation-organization", "email-why-address")
            .naming("organization", organization)
            .with("inviter", inviter.map_or_else(somebody, harmless::name))
    }

    /// Greets somebody.
    fn to(mut self, first_name: &str) -> Self {
        self.first_name = Some(harmless::name(first_name));
        self
    }

    fn with(mut self, name: &'static str, value: impl Into<Cow<'a, str>>) -> Self {
        self.values.push((name, value.into()));
        self
    }

    /// Fills a place with a name that somebody chose.
    fn naming(self, name: &'static str, chosen: &str) -> Self {
        self.with(name, harmless::name(chosen))
    }

    fn until(self, at: Timestamp, language: Language) -> Self {
        self.with("moment", moment::say(at, language))
    }

    /// One more paragraph.
    fn saying(mut self, paragraph: &'static str) -> Self {
        self.paragraphs.push(paragraph);
        self
    }

    fn leading(mut self, url: &'a str) -> Self {
        self.action = Some(url);
        self
    }

    fn linking(mut self, name: &'static str, url: &'a str) -> Self {
        self.link = Some(url);
        self.with(name, url)
    }

    fn fact(mut self, label: &'static str, value: String) -> Self {
        self.facts.push((label, value));
        self
    }

    fn quoting(mut self, text: &str) -> Self {
        self.quote = harmless::lines(text, QUOTE_CHARS);
        self
    }

    /// The application, the API and the plan: in the sentences and among the facts.
    fn about(self, about: &About) -> Self {
        let script = self
            .naming("application", &about.application)
            .fact("email-fact-application", harmless::name(&about.application));
        let Some(offer) = &about.offer else { return script };
        script
            .naming("api", &offer.api)
            .naming("plan", &offer.plan)
            .fact(
                "email-fact-api",
                format!("{} {}", harmless::name(&offer.api), harmless::name(&offer.version)),
            )
            .fact("email-fact-plan", harmless::name(&offer.plan))
    }

    /// The key, or the secret of a client, that `about` has.
    fn key(self, about: &About, hint: &str) -> Self {
        self.with("kind", if about.offer.is_some() { "key" } else { "secret" }).naming("hint", hint)
    }
}

const fn subscription(news: SubscriptionNews) -> &'static str {
    match news {
        SubscriptionNews::Approved => "email-subscription-approved",
        SubscriptionNews::Rejected => "email-subscription-rejected",
        SubscriptionNews::Paused => "email-subscription-paused",
        SubscriptionNews::Resumed => "email-subscription-resumed",
        SubscriptionNews::Closed => "email-subscription-closed",
        SubscriptionNews::PlanChanged => "email-plan-changed",
    }
}

/// Who did it, as the owner of the application reads it.
fn by(author: &Author, language: Language) -> String {
    match author {
        Author::Owner { name } => {
            locale::text(language, "email-author-owner", &[("name", harmless::name(name).into())])
        }
        Author::Provider { name, organization } => locale::text(
            language,
            "email-author-provider",
            &[("name", harmless::name(name).into()), ("organization", harmless::name(organization).into())],
        ),
        Author::Operator => locale::text(language, "email-author-operator", &[]),
    }
}

/// Who asks, as the provider reads it.
fn asking(author: &Author, language: Language) -> String {
    match author {
        Author::Owner { name } | Author::Provider { name, .. } => harmless::name(name),
        Author::Operator => locale::text(language, "email-author-operator", &[]),
    }
}
