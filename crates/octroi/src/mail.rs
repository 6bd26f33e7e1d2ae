//! How mails leave: through an SMTP server, as files in a folder, or not at all.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use lettre::message::header::{ContentTransferEncoding, ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, Message, MultiPart, MultiPartKind, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::response::{Category, Severity};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use octroi_app::mail::{MailError, MailSender, Rendered, Sending};
use octroi_domain::credential::digest::hex;
use octroi_domain::time::{Timestamp, random_bytes};

use crate::ambient::Ambient;
use crate::config::{Config, ConfigError, Given, MailKind, MailSecurity};

/// How long the server may take for each answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Characters in a row of a mail that an error may not repeat.
const TELLING: usize = 12;

/// Characters of an error that are looked at.
const ERROR_CHARS: usize = 600;

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
        let part = |kind, text: &str| SinglePart::builder().header(kind).body(self.body(text));
        let both = MultiPart::builder()
            .kind(MultiPartKind::Alternative)
            .boundary(format!("octroi-{}", hex(&random_bytes::<12>(&*self.ambient.entropy))))
            // The last one is the one that is preferred (RFC 2046, 5.1.4).
            .singlepart(part(ContentType::TEXT_PLAIN, &mail.text))
            .singlepart(part(ContentType::TEXT_HTML, &mail.html));
        Message::builder()
            .from(self.sender.clone())
            .to(to)
            .date(date)
            .message_id(Some(format!("<{name}@{}>", self.sender.email.domain())))
            .subject(mail.subject.clone())
            // Nobody's absence is to be told to a program (RFC 3834).
            .header(AutoSubmitted("auto-generated".to_owned()))
            .header(ContentLanguage(mail.language.code().to_owned()))
            .multipart(both)
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
                Err(e) if refuses_the_mail(&e) => Err(MailError::Refused(discreet(&chain(&e), &mail))),
                Err(e) => Err(MailError::Later(discreet(&chain(&e), &mail))),
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

/// A header of one word.
macro_rules! header {
    ($type:ident $name:literal) => {
        #[derive(Clone)]
        struct $type(String);

        impl Header for $type {
            fn name() -> HeaderName {
                HeaderName::new_from_ascii_str($name)
            }

            fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
                Ok(Self(text.to_owned()))
            }

            fn display(&self) -> HeaderValue {
                HeaderValue::new(Self::name(), self.0.clone())
            }
        }
    };
}
header!(AutoSubmitted "Auto-Submitted");
header!(ContentLanguage "Content-Language");

/// Whether the server will never take this mail. A server that does not let us in (RFC 4954: 530, 534, 535, 538) may,
/// once the configuration is mended.
fn refuses_the_mail(error: &lettre::transport::smtp::Error) -> bool {
    error.status().is_some_and(|code| {
        code.severity == Severity::PermanentNegativeCompletion && code.category != Category::Unspecified3
    })
}

/// What a server said, without what it repeats of the mail: the operator reads it, and the mail is not the operator's.
/// Words with an address keep its domain.
fn discreet(error: &str, mail: &Rendered) -> String {
    let error: Vec<char> = error.chars().take(ERROR_CHARS).collect();
    let secret = [mail.subject.as_str(), &mail.text, &mail.html, &mail.to];
    let mut kept = vec![true; error.len()];
    for at in 0..error.len().saturating_sub(TELLING - 1) {
        let run: String = error[at..at + TELLING].iter().collect();
        if secret.iter().any(|text| text.contains(&run)) {
            kept[at..at + TELLING].fill(false);
        }
    }
    let mut told = String::new();
    for (&c, &keep) in error.iter().zip(&kept) {
        if keep {
            told.push(c);
        } else if !told.ends_with('…') {
            told.push('…');
        }
    }
    told.split(' ').map(without_local_part).collect::<Vec<_>>().join(" ")
}

fn without_local_part(word: &str) -> String {
    word.rsplit_once('@').map_or_else(|| word.to_owned(), |(_, domain)| format!("…@{domain}"))
}

/// Whom the server's certificate is checked against: the public authorities, and those of `mail.ca_file`.
fn tls_parameters(config: &Config, host: &str) -> Result<TlsParameters, ConfigError> {
    let unfit = |option, why: String| ConfigError::Unfit { option, why };
    let mut parameters = TlsParameters::builder(host.to_owned());
    if let Some(path) = &config.mail.ca_file {
        let pem = std::fs::read(path)
            .map_err(|e| unfit("mail.ca_file", format!("cannot read {}: {e}", path.display())))?;
        if !String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----") {
            return Err(unfit(
                "mail.ca_file",
                format!("{} holds no certificate in PEM form", path.display()),
            ));
        }
        let authorities = Certificate::from_pem(&pem)
            .map_err(|e| unfit("mail.ca_file", format!("{}: {}", path.display(), chain(&e))))?;
        parameters = parameters.add_root_certificate(authorities);
    }
    let built_of = if config.mail.ca_file.is_some() { "mail.ca_file" } else { "mail.host" };
    parameters.build().map_err(|e| unfit(built_of, chain(&e)))
}

fn smtp(config: &Config) -> Result<Smtp, ConfigError> {
    let mail = &config.mail;
    let host = mail.host.as_deref().unwrap_or_default();
    let (security, usual_port) = match mail.security {
        MailSecurity::Tls => (Tls::Wrapper(tls_parameters(config, host)?), 465),
        MailSecurity::Starttls => (Tls::Required(tls_parameters(config, host)?), 587),
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
            html: format!("<p>Bonjour, voilà : <a href=\"{LINK}\">{LINK}</a></p>"),
            language: octroi_domain::api::Language::Fr,
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
        for header in [
            "Auto-Submitted: auto-generated",
            "Content-Language: fr",
            "MIME-Version: 1.0",
            "Content-Type: multipart/alternative;",
            "Content-Type: text/html; charset=utf-8",
        ] {
            assert!(text.contains(header), "{header}: {text}");
        }
    }

    #[test]
    fn an_error_repeats_nothing_of_the_mail() {
        let mail = mail("jeanne.roy@exemple.fr", "Activez votre compte créé");
        let told = discreet(
            &format!(
                "permanent error (550): 5.7.1 <jeanne.roy@exemple.fr>: «Activez votre compte créé» links to {LINK}, not here"
            ),
            &mail,
        );
        assert_eq!(told, "permanent error (550): 5.7.1 <…>: «…» links to …, not here");
        let other = discreet("transient error (451): greylisted postmaster@relay.example", &mail);
        assert_eq!(other, "transient error (451): greylisted …@relay.example");
        assert!(discreet(&"x".repeat(100_000), &mail).len() <= ERROR_CHARS);
    }

    #[test]
    fn authorities_that_cannot_be_read_are_told_with_their_option() {
        let data = tempfile::tempdir().unwrap();
        let mut config = Config::around(data.path());
        config.mail.kind = MailKind::Smtp;
        config.mail.host = Some("127.0.0.1".to_owned());
        let empty = data.path().join("empty.pem");
        std::fs::write(&empty, "nothing here").unwrap();
        let broken = data.path().join("broken.pem");
        std::fs::write(&broken, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
        for file in [data.path().join("missing.pem"), empty, broken] {
            config.mail.ca_file = Some(file);
            let refused = Mailer::new(&config, Ambient::system()).err().unwrap().to_string();
            assert!(refused.starts_with("mail.ca_file: "), "{refused}");
        }
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
