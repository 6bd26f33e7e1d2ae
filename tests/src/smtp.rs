//! A real mail server, Python's aiosmtpd, as the test command installs it.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use octroi::config::{Config, MailKind, MailSecurity};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::Value;
use tempfile::TempDir;

use crate::eventually;

/// Where the test command says that Python with aiosmtpd is.
const PYTHON: &str = "OCTROI_TEST_SMTP_PYTHON";

/// Its name in `mail.host`, and in its certificate.
const HOST: &str = "127.0.0.1";

/// A mail server on a free port. Ended with this value.
pub struct SmtpServer {
    child: Child,
    port: u16,
    security: MailSecurity,
    mails: Arc<Mutex<Vec<Value>>>,
    folder: TempDir,
}

impl SmtpServer {
    /// A server that answers the first mails with `answers` (`later`, `never`, `gone`, between commas) and takes the
    /// rest; asks for `login` (`name:password`) where one is given.
    pub fn start(security: MailSecurity, answers: &str, login: Option<&str>) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let mut command = Command::new(python());
        command.arg("-Wignore").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("smtp/server.py"));
        command.args(["--answers", answers, "--security", word(security)]);
        if security != MailSecurity::None {
            let [certificate, key] = certify(folder.path());
            command.arg("--certificate").arg(certificate).arg("--key").arg(key);
        }
        if let Some(login) = login {
            command.args(["--login", login]);
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python with aiosmtpd, which `cargo xtask test` installs");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let mut said =
            lines.map_while(Result::ok).map(|line| serde_json::from_str::<Value>(&line).expect("JSON"));
        let first = said.next().expect("the mail server starts");
        let port = first["port"].as_u64().and_then(|port| u16::try_from(port).ok()).expect("a port");
        let mails = Arc::<Mutex<Vec<Value>>>::default();
        let kept = Arc::clone(&mails);
        std::thread::spawn(move || {
            for mail in said {
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(mail);
            }
        });
        Self { child, port, security, mails, folder }
    }

    /// Lets the product send its mails here.
    pub fn configure(&self, config: &mut Config) {
        config.mail.kind = MailKind::Smtp;
        config.mail.from = "Portail des API <portail@exemple.fr>".to_owned();
        config.mail.host = Some(HOST.to_owned());
        config.mail.port = Some(self.port);
        config.mail.security = self.security;
        config.mail.ca_file = (self.security != MailSecurity::None).then(|| self.authority());
    }

    /// The file of the authority that signed its certificate.
    fn authority(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// The mails that were taken so far.
    pub fn mails(&self) -> Vec<Value> {
        self.mails.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The mails that were taken, once there are `count`.
    pub async fn taken(&self, count: usize) -> Vec<Value> {
        eventually("the mails arrive", || async { Some(self.mails()).filter(|mails| mails.len() >= count) })
            .await
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const fn word(security: MailSecurity) -> &'static str {
    match security {
        MailSecurity::None => "none",
        MailSecurity::Starttls => "starttls",
        MailSecurity::Tls => "tls",
    }
}

/// A certificate and its key, and beside them the authority that signed it.
fn certify(folder: &Path) -> [PathBuf; 2] {
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).expect("a file");
        path
    };
    let (authority_key, key) = (KeyPair::generate().expect("a key"), KeyPair::generate().expect("a key"));
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = authority.self_signed(&authority_key).expect("a certificate");
    write("authority.pem", &root.pem());
    let own = CertificateParams::new(vec![HOST.to_owned()]).expect("a name");
    let signed = own.signed_by(&key, &Issuer::new(authority, authority_key)).expect("a certificate");
    [write("certificate.pem", &signed.pem()), write("key.pem", &key.serialize_pem())]
}

/// Python with aiosmtpd: where the test command says, else where it puts it.
fn python() -> PathBuf {
    std::env::var_os(PYTHON).map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/venv/bin/python"),
        PathBuf::from,
    )
}
