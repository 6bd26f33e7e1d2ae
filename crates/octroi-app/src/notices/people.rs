//! Mails about people: a sign-in from an unknown place, and what is written in tickets. Those who know of the sign-in or
//! the ticket call them, in its commit.

use std::net::IpAddr;

use octroi_domain::account::Account;
use octroi_store::Tx;

use crate::mail::{MailMessage, TicketNews, pages};
use crate::{App, AppError};

/// Characters of a ticket's text that a mail shows at most: the rest is in the portal.
const EXCERPT_CHARS: usize = 500;

/// What somebody wrote in a ticket.
pub(crate) struct TicketMail<'a> {
    /// Opened or answered.
    pub(crate) news: TicketNews,
    /// The ticket's subject.
    pub(crate) subject: &'a str,
    /// The name of the API concerned.
    pub(crate) api: &'a str,
    /// The writer's name, as the recipients may see it.
    pub(crate) author: &'a str,
    /// What was written, whole.
    pub(crate) text: &'a str,
    /// The ticket's page: [`pages::ticket`].
    pub(crate) page: String,
}

impl App {
    /// Tells a person of a sign-in from `client` with `agent`, a short label such as `Firefox, Linux`. The address is
    /// not told whole: its beginning says enough to the one person who knows it.
    pub(crate) async fn mail_new_sign_in(
        &self,
        tx: &mut Tx,
        account: &Account,
        client: IpAddr,
        agent: &str,
    ) -> Result<(), AppError> {
        let message = MailMessage::NewSignIn {
            first_name: account.first_name.clone(),
            at: self.now(),
            client: truncated(client),
            agent: agent.to_owned(),
            sessions_url: self.page_url(pages::SESSIONS),
            forgot_url: self.page_url(pages::FORGOT_PASSWORD),
        };
        self.mail(tx, &account.email, account.language, message).await
    }

    /// Tells `recipients` that a ticket was opened or answered.
    pub(crate) async fn mail_ticket(
        &self,
        tx: &mut Tx,
        recipients: &[Account],
        ticket: &TicketMail<'_>,
    ) -> Result<(), AppError> {
        let (excerpt, url) = (excerpt(ticket.text), self.page_url(&ticket.page));
        self.mail_all(tx, recipients, |account| MailMessage::Ticket {
            first_name: account.first_name.clone(),
            news: ticket.news,
            subject: ticket.subject.to_owned(),
            api: ticket.api.to_owned(),
            author: ticket.author.to_owned(),
            excerpt: excerpt.clone(),
            url: url.clone(),
        })
        .await
    }
}

/// How a text begins, at most [`EXCERPT_CHARS`] characters of it.
fn excerpt(text: &str) -> String {
    let text = text.trim();
    match text.char_indices().nth(EXCERPT_CHARS) {
        None => text.to_owned(),
        Some(_) => text.chars().take(EXCERPT_CHARS - 1).chain(['…']).collect(),
    }
}

/// The beginning of an address: its network, not the machine.
fn truncated(client: IpAddr) -> String {
    match client.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.…")
        }
        IpAddr::V6(v6) => {
            let [a, b, c, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}:…")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use octroi_domain::account::AccountState;
    use octroi_domain::api::Language;
    use octroi_domain::credential::seal::MasterKey;
    use octroi_domain::credential::{Instance, Pepper, Peppers};
    use octroi_domain::ids::{AccountId, OrganizationId};
    use octroi_domain::time::Timestamp;
    use octroi_testkit::{FakeClock, SeededEntropy, databases};

    use super::*;
    use crate::AppOptions;
    use crate::jobs::JobHandlers;
    use crate::mail::{Mail, Sending};
    use crate::vault::Vault;

    /// Keeps what is sent. (The kit's own mailbox knows the application as other crates see it.)
    #[derive(Default)]
    struct Kept(std::sync::Mutex<Vec<Mail>>);

    impl JobHandlers for Kept {
        fn send<'a>(&'a self, mail: &'a Mail) -> Sending<'a> {
            self.0.lock().unwrap().push(mail.clone());
            Box::pin(async { Ok(()) })
        }
    }

    async fn app() -> (octroi_testkit::Database, App) {
        let database = databases().await.remove(0);
        let app = App::new(AppOptions {
            store: database.store.clone(),
            clock: Arc::new(FakeClock::default()),
            entropy: Arc::new(SeededEntropy::new(7)),
            vault: Vault {
                instance: Instance::new("octroi").unwrap(),
                peppers: Peppers::new(Pepper::new(1, &[1; 32]), vec![]),
                master: MasterKey::new([2; 32]),
            },
            portal_url: "http://portal.test".parse().unwrap(),
            gateway_url: "http://gateway.test".parse().unwrap(),
            allowed_private: vec![],
            leaks: Default::default(),
            applied: None,
        });
        (database, app)
    }

    fn account(n: u128) -> Account {
        Account {
            id: AccountId::from_u128(n),
            organization_id: OrganizationId::from_u128(n),
            email: format!("personne{n}@exemple.fr"),
            identifier: format!("personne{n}"),
            first_name: format!("Prénom{n}"),
            last_name: "Nom".to_owned(),
            language: if n.is_multiple_of(2) { Language::En } else { Language::Fr },
            state: AccountState::Active,
            portal_roles: vec![],
            password_hash: None,
            terms_version: None,
            created_at: Timestamp::from_millis(1),
            edition: 1,
        }
    }

    #[tokio::test]
    async fn a_sign_in_is_told_without_the_whole_address() {
        let (_database, app) = app().await;
        let mut tx = app.begin().await.unwrap();
        let client = "192.0.2.77".parse().unwrap();
        app.mail_new_sign_in(&mut tx, &account(1), client, "Firefox, Linux").await.unwrap();
        app.commit(tx).await.unwrap();
        let kept = Kept::default();
        app.run_due_jobs(&kept).await.unwrap();
        let mails = kept.0.into_inner().unwrap();
        let MailMessage::NewSignIn { client, agent, sessions_url, at, .. } = &mails[0].message else {
            panic!("another mail")
        };
        assert_eq!((client.as_str(), agent.as_str()), ("192.0.2.…", "Firefox, Linux"));
        assert_eq!((sessions_url.as_str(), *at), ("http://portal.test/account/sessions", app.now()));
    }

    #[tokio::test]
    async fn a_ticket_is_told_to_fifty_people_at_most_and_not_whole() {
        let (_database, app) = app().await;
        let recipients: Vec<Account> = (1..=60).map(account).collect();
        let ticket = TicketMail {
            news: TicketNews::Answered,
            subject: "Une erreur 503",
            api: "API Sirene",
            author: "Paul Martin",
            text: &"é".repeat(501),
            page: pages::ticket("tic_1"),
        };
        let mut tx = app.begin().await.unwrap();
        app.mail_ticket(&mut tx, &recipients, &ticket).await.unwrap();
        app.commit(tx).await.unwrap();
        let kept = Kept::default();
        assert_eq!(app.run_due_jobs(&kept).await.unwrap(), 50);
        let mails = kept.0.into_inner().unwrap();
        assert_eq!(mails.len(), MAX);
        let languages = mails.iter().filter(|mail| mail.language == Language::En).count();
        assert_eq!(languages, MAX / 2);
        for mail in mails {
            let MailMessage::Ticket { excerpt, url, first_name, .. } = mail.message else {
                panic!("another mail")
            };
            assert_eq!(excerpt, format!("{}…", "é".repeat(499)));
            assert_eq!(url, "http://portal.test/tickets/tic_1");
            assert_eq!(mail.to, format!("{}@exemple.fr", first_name.replace("Prénom", "personne")));
        }
    }

    const MAX: usize = crate::mail::MAX_RECIPIENTS;

    #[test]
    fn addresses_lose_the_machine() {
        for (client, told) in [
            ("203.0.113.9", "203.0.113.…"),
            ("::ffff:203.0.113.9", "203.0.113.…"),
            ("2001:db8:1:2:3::4", "2001:db8:1:…"),
        ] {
            assert_eq!(truncated(client.parse().unwrap()), told);
        }
    }
}
