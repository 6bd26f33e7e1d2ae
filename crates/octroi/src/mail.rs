//! How mails leave: through an SMTP server, as files in a folder, or not at all.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use lettre::message::header::{ContentTransferEncoding, ContentType};
use lettre::message::{Body, Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use octroi_app::mail::{MailError, MailSender, Rendered, Sending};
use octroi_domain::credential::digest::hex;
use octroi_domain::time::{Timestamp, random_bytes};

use crate::ambient::Ambient;
use crate::config::{Config, ConfigError, Given, MailKind, MailSecurity};

/// How long the server may take for each answer.
const PATIENCE: Duration = Duration::from_secs(20);

type Smtp = AsyncSmtpTransport<Tokio1Executor>;

/// Sends mails as the configuration says.
pub struct Mailer {
    sender: Mailbox,
    road: Road,
    ambient: Ambient,
}

enum Road {
    Smtp(Box<Smtp>),
    Folder(Arc<Path>),
    None,
}

impl Mailer {
    /// Reads the configuration; connects to nothing yet. A folder is made where it is missing.
    pub fn new(config: &Config, ambient: Ambient) -> Result<Self, ConfigError> {
        let unfit = |option, why: String| ConfigError::Unfit { option, why };
        let sender = config.mail.from.parse::<Mailbox>().map_err(|e| unfit("mail.from", e.to_string()))?;
        let road = match config.mail.kind {
            MailKind::Smtp => Road::Smtp(Box::new(smtp(config)?)),
            MailKind::Folder => {
                let folder = config.mail_folder();
                make_folder(&folder)
                    .map_err(|e| unfit("mail.folder", format!("cannot make {}: {e}", folder.display())))?;
                Road::Folder(folder.into())
            }
            MailKind::None => Road::None,
        };
        Ok(Self { sender, road, ambient })
    }

    /// Whether mails can leave now: connects to the server and greets it, or writes into the folder.
    pub async fn probe(&self) -> Result<String, String> {
        match &self.road {
            Road::Smtp(smtp) => match smtp.test_connection().await {
                Ok(true) => Ok("the mail server answers".to_owned()),
                Ok(false) => Err("the mail server did not answer the greeting".to_owned()),
                Err(e) => Err(chain(&e)),
            },
            Road::Folder(folder) => tempfile::tempfile_in(folder)
                .map(|_| format!("mails are written to {}", folder.display()))
                .map_err(|e| format!("cannot write into {}: {e}", folder.display())),
            Road::None => Ok("mails are not sent (mail.kind is none)".to_owned()),
        }
    }

    fn message(&self, mail: &Rendered, now: Timestamp) -> Result<Message, MailError> {
        let refused = |e: &dyn std::error::Error| MailError::Refused(chain(e));
        let to = Mailbox::new(None, mail.to.parse().map_err(|e: lettre::address::AddressError| refused(&e))?);
        let date =
            SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(now.as_millis()).unwrap_or(0));
        let name = hex(&random_bytes::<16>(&*self.ambient.entropy));
        Message::builder()
            .from(self.sender.clone())
            .to(to)
            .date(date)
            .message_id(Some(format!("<{name}@{}>", self.sender.email.domain())))
            .subject(mail.subject.clone())
            .header(ContentType::TEXT_PLAIN)
            .body(self.body(&mail.text))
            .map_err(|e| refused(&e))
    }

    /// A file is read by people, who copy its link: its text stands as it is. A server gets what every other
    /// server takes.
    fn body(&self, text: &str) -> Body {
        match self.road {
            Road::Folder(_) => Body::new_with_encoding(text.to_owned(), ContentTransferEncoding::Binary)
                .unwrap_or_else(|_| Body::new(text.to_owned())),
            Road::Smtp(_) | Road::None => Body::new(text.to_owned()),
        }
    }

    async fn deliver(&self, mail: Rendered) -> Result<(), MailError> {
        let now = self.ambient.clock.now();
        let message = self.message(&mail, now)?;
        match &self.road {
            Road::Smtp(smtp) => match smtp.send(message).await {
                Ok(_) => Ok(()),
                Err(e) if e.is_permanent() => Err(MailError::Refused(chain(&e))),
                Err(e) => Err(MailError::Later(chain(&e))),
            },
            Road::Folder(folder) => {
                let name =
                    format!("{}-{}.eml", now.as_millis(), hex(&random_bytes::<4>(&*self.ambient.entropy)));
                let path = folder.join(name);
                let written =
                    tokio::task::spawn_blocking(move || crate::keys::write_file(&path, &message.formatted()));
                let written = written.await.map_err(|e| MailError::Later(e.to_string()))?;
                written.map_err(|e| MailError::Later(e.to_string()))
            }
            Road::None => {
                tracing::info!(subject = mail.subject, "a mail is not sent: mail.kind is none");
                Ok(())
            }
        }
    }
}

impl MailSender for Mailer {
    fn send(&self, mail: Rendered) -> Sending<'_> {
        Box::pin(self.deliver(mail))
    }
}

fn smtp(config: &Config) -> Result<Smtp, ConfigError> {
    let mail = &config.mail;
    let host = mail.host.as_deref().unwrap_or_default();
    let tls = || {
        TlsParameters::new(host.to_owned())
            .map_err(|e| ConfigError::Unfit { option: "mail.host", why: e.to_string() })
    };
    let (security, usual_port) = match mail.security {
        MailSecurity::Tls => (Tls::Wrapper(tls()?), 465),
        MailSecurity::Starttls => (Tls::Required(tls()?), 587),
        MailSecurity::None => (Tls::None, 25),
    };
    let mut transport = Smtp::builder_dangerous(host)
        .port(mail.port.unwrap_or(usual_port))
        .tls(security)
        .timeout(Some(PATIENCE));
    let password = Given::read("mail.password", &mail.password, &mail.password_file)?;
    match (&mail.username, password) {
        (Some(name), Some(password)) => {
            let password = password.text.expose().to_owned();
            transport = transport.credentials(Credentials::new(name.clone(), password));
        }
        (None, None) => {}
        (Some(_), None) => {
            return Err(ConfigError::Unfit { option: "mail.password", why: "is missing".to_owned() });
        }
        (None, Some(_)) => {
            return Err(ConfigError::Unfit { option: "mail.username", why: "is missing".to_owned() });
        }
    }
    Ok(transport.build())
}

/// Makes a folder that only its owner enters.
pub(crate) fn make_folder(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// An error and what caused it, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let said = inner.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = inner.source();
    }
    text.replace(['\r', '\n'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: &str =
        "http://127.0.0.1:8080/verify-email?token=octroi_lnk_6OWNAfPVPizBvN4Qfdgn9B2ePIEEaBdT0Kt7Qi";

    fn mail(to: &str, subject: &str) -> Rendered {
        Rendered {
            to: to.to_owned(),
            subject: subject.to_owned(),
            text: format!("Bonjour,\nvoilà :\n{LINK}\n"),
        }
    }

    #[tokio::test]
    async fn a_mail_becomes_a_file_that_only_its_owner_reads() {
        use std::os::unix::fs::MetadataExt as _;
        let data = tempfile::tempdir().unwrap();
        let config = Config::around(data.path());
        let mailer = Mailer::new(&config, Ambient::system()).unwrap();
        mailer.send(mail("jeanne@exemple.fr", "Activez votre compte créé")).await.unwrap();
        let files: Vec<_> =
            std::fs::read_dir(config.mail_folder()).unwrap().map(|e| e.unwrap().path()).collect();
        assert_eq!(files.len(), 1);
        assert_eq!(files[0].extension().unwrap(), "eml");
        assert_eq!(std::fs::metadata(&files[0]).unwrap().mode() & 0o777, 0o600);
        let text = std::fs::read_to_string(&files[0]).unwrap();
        assert!(text.contains("To: jeanne@exemple.fr\r\n") && text.contains("Message-ID: <"), "{text}");
        // As it is, so that the link can be copied from the file.
        assert!(text.contains(&format!("voilà :\r\n{LINK}\r\n")), "{text}");
    }

    #[tokio::test]
    async fn an_address_or_subject_cannot_add_a_header() {
        let data = tempfile::tempdir().unwrap();
        let config = Config::around(data.path());
        let mailer = Mailer::new(&config, Ambient::system()).unwrap();
        let bad = mailer.send(mail("a@exemple.fr\r\nBcc: b@exemple.fr", "x")).await;
        assert!(matches!(bad, Err(MailError::Refused(_))));
        mailer.send(mail("a@exemple.fr", "x\r\nBcc: b@exemple.fr")).await.unwrap();
        for entry in std::fs::read_dir(config.mail_folder()).unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            assert!(!text.lines().any(|line| line.starts_with("Bcc:")), "{text}");
        }
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_tried_again_later() {
        let data = tempfile::tempdir().unwrap();
        let mut config = Config::around(data.path());
        config.mail.kind = MailKind::Smtp;
        config.mail.host = Some("127.0.0.1".to_owned());
        config.mail.security = MailSecurity::None;
        // A port that was free a moment ago.
        config.mail.port =
            Some(std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port());
        let mailer = Mailer::new(&config, Ambient::system()).unwrap();
        assert!(matches!(mailer.send(mail("a@exemple.fr", "x")).await, Err(MailError::Later(_))));
        assert!(mailer.probe().await.is_err());
    }
}
