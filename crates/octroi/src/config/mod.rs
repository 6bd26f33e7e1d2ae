//! The configuration: what `octroi.toml` and the environment may say, with every default.
//!
//! A file is read first, then each option's environment variable over it ([`environment`]). Relative paths are taken
//! from the folder of the file, or from the working directory where there is none.

pub mod environment;
mod load;
mod secret;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use jiff::tz::TimeZone;
use octroi_app::leaks::LeakAction;
use serde::Deserialize;
use url::Url;

pub use load::{ConfigError, load};
pub use secret::{Given, SecretText};
pub(crate) use secret::{open_to_others, read_file as read_secret_file};

/// Everything that an operator may say. `Config::default()` is what an empty file means.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Folder of everything that Octroi keeps on this machine: database, keys, mails, pending counts.
    pub data: PathBuf,
    /// The portal and its management API.
    pub portal: Portal,
    /// The gateway.
    pub gateway: Gateway,
    /// The listener of the operator: health and metrics.
    pub admin: Admin,
    /// Where everything is kept.
    pub database: Database,
    /// Keys that stand outside the database.
    pub keys: Keys,
    /// How mails leave.
    pub mail: Mail,
    /// What is written about what happens.
    pub logs: Logs,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("octroi-data"),
            portal: Portal::default(),
            gateway: Gateway::default(),
            admin: Admin::default(),
            database: Database::default(),
            keys: Keys::default(),
            mail: Mail::default(),
            logs: Logs::default(),
        }
    }
}

const fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), port)
}

/// `[portal]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Portal {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What links in mails begin with, and the OAuth2 issuer; from `listen` where absent.
    pub public_url: Option<Url>,
    /// Networks of the proxies before the portal, whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Zone in which pages tell the time: its IANA name.
    pub time_zone: String,
    /// What is done at once about keys that somebody reports as leaked.
    pub leaked_keys: LeakAction,
    /// Folder of the operator's own texts: legal notice and the like; ours where absent.
    pub texts: Option<PathBuf>,
}

impl Default for Portal {
    fn default() -> Self {
        Self {
            listen: loopback(8080),
            public_url: None,
            trusted_proxies: Vec::new(),
            time_zone: "Europe/Paris".to_owned(),
            leaked_keys: LeakAction::Pause,
            texts: None,
        }
    }
}

impl Portal {
    /// The zone in which pages tell the time.
    pub fn zone(&self) -> Result<TimeZone, ConfigError> {
        TimeZone::get(&self.time_zone).map_err(|_| ConfigError::Unfit {
            option: "portal.time_zone",
            why: format!(
                "`{}` is not the name of a time zone: give one such as Europe/Paris or UTC",
                self.time_zone
            ),
        })
    }
}

/// `[gateway]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Gateway {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What the access URLs of APIs begin with; from `listen` where absent.
    pub public_url: Option<Url>,
    /// Names this gateway in usage batches; letters, digits, hyphens.
    pub name: String,
    /// Threads that serve; one for each core where absent.
    pub workers: Option<usize>,
    /// The road that calls take.
    pub engine: Engine,
    /// Networks whose `Forwarded` and `X-Forwarded-For` are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Private networks in which upstreams may stand. Link-local addresses are refused all the same.
    pub allowed_private_upstreams: Vec<IpNet>,
}

/// The road that calls take through the gateway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// The short one for plain calls, hyper's for all others.
    #[default]
    Fast,
    /// Hyper's for every call.
    Hyper,
}

impl Default for Gateway {
    fn default() -> Self {
        Self {
            listen: loopback(8081),
            public_url: None,
            name: "gateway".to_owned(),
            workers: None,
            engine: Engine::default(),
            trusted_proxies: Vec::new(),
            allowed_private_upstreams: Vec::new(),
        }
    }
}

/// `[admin]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Admin {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
}

impl Default for Admin {
    fn default() -> Self {
        Self { listen: loopback(9090) }
    }
}

/// `[database]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// `sqlite:///path/octroi.db` or `postgres://user:password@host/database`; SQLite in the data folder where absent.
    pub url: Option<SecretText>,
    /// File that holds the address.
    pub url_file: Option<PathBuf>,
    /// Connections at most; for SQLite, those that read.
    pub max_connections: u32,
}

impl Default for Database {
    fn default() -> Self {
        Self { url: None, url_file: None, max_connections: 8 }
    }
}

/// `[keys]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Keys {
    /// Begins every secret that this installation gives: 2 to 16 lower-case letters and digits.
    pub instance: String,
    /// The master key: `1:` and 64 hexadecimal digits.
    pub master_key: Option<SecretText>,
    /// File that holds the master key; `master.key` in the data folder where neither is given.
    pub master_key_file: Option<PathBuf>,
    /// The peppers, newest first: each `version:` and 64 hexadecimal digits.
    pub pepper: Option<SecretText>,
    /// File that holds the peppers, one a line; `pepper.key` in the data folder where neither is given.
    pub pepper_file: Option<PathBuf>,
}

impl Default for Keys {
    fn default() -> Self {
        Self {
            instance: "octroi".to_owned(),
            master_key: None,
            master_key_file: None,
            pepper: None,
            pepper_file: None,
        }
    }
}

/// How mails leave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailKind {
    /// Through an SMTP server.
    Smtp,
    /// Written as `.eml` files into a folder.
    #[default]
    Folder,
    /// Not at all: each one is noted in the log, without its text.
    None,
}

/// How the connection to the SMTP server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailSecurity {
    /// TLS from the first byte (port 465).
    Tls,
    /// STARTTLS, and nothing without it (port 587).
    #[default]
    Starttls,
    /// None: for a relay on the same machine (port 25).
    None,
}

/// `[mail]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mail {
    /// How mails leave.
    pub kind: MailKind,
    /// Sender: `Portail des API <portail-api@example.fr>`.
    pub from: String,
    /// Folder of the `.eml` files; `mail` in the data folder where absent.
    pub folder: Option<PathBuf>,
    /// SMTP server's name.
    pub host: Option<String>,
    /// SMTP server's port; the usual one of `security` where absent.
    pub port: Option<u16>,
    /// How the connection is protected.
    pub security: MailSecurity,
    /// File of certificates, in PEM form, of authorities that are trusted beside the public ones.
    pub ca_file: Option<PathBuf>,
    /// Name to sign in with.
    pub username: Option<String>,
    /// Password to sign in with.
    pub password: Option<SecretText>,
    /// File that holds the password.
    pub password_file: Option<PathBuf>,
}

impl Default for Mail {
    fn default() -> Self {
        Self {
            kind: MailKind::default(),
            from: "Octroi <octroi@localhost.localdomain>".to_owned(),
            folder: None,
            host: None,
            port: None,
            security: MailSecurity::default(),
            ca_file: None,
            username: None,
            password: None,
            password_file: None,
        }
    }
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// `[logs]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Logs {
    /// What is told: `error`, `warn`, `info`, `debug`, `trace`, or directives such as `info,octroi_gateway=debug`.
    pub level: String,
    /// The form of the program's log, which goes to standard error.
    pub format: LogFormat,
    /// Where the gateway's access log goes: `stdout`, `stderr`, `none` or a file.
    pub access: String,
}

impl Default for Logs {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: LogFormat::default(), access: "stdout".to_owned() }
    }
}

impl Config {
    /// The defaults around `data`, on free ports of loopback: for the demo and for tests.
    pub fn around(data: &Path) -> Self {
        let mut config = Self { data: data.to_owned(), ..Self::default() };
        for listen in [&mut config.portal.listen, &mut config.gateway.listen, &mut config.admin.listen] {
            listen.set_port(0);
        }
        config.logs.access = "none".to_owned();
        config
    }

    /// The database's address.
    pub fn database_url(&self) -> Result<SecretText, ConfigError> {
        let given = Given::read("database.url", &self.database.url, &self.database.url_file)?;
        Ok(given.map_or_else(
            || SecretText::new(crate::database::sqlite_url(&self.data.join("octroi.db"))),
            |g| g.text,
        ))
    }

    /// The folder of the `.eml` files.
    pub fn mail_folder(&self) -> PathBuf {
        self.mail.folder.clone().unwrap_or_else(|| self.data.join("mail"))
    }

    /// Makes relative paths begin at `folder`.
    fn resolve(&mut self, folder: &Path) {
        let paths = [
            Some(&mut self.data),
            self.portal.texts.as_mut(),
            self.database.url_file.as_mut(),
            self.keys.master_key_file.as_mut(),
            self.keys.pepper_file.as_mut(),
            self.mail.folder.as_mut(),
            self.mail.ca_file.as_mut(),
            self.mail.password_file.as_mut(),
        ];
        for path in paths.into_iter().flatten() {
            if path.is_relative() {
                *path = folder.join(&*path);
            }
        }
        if !matches!(self.logs.access.as_str(), "stdout" | "stderr" | "none")
            && Path::new(&self.logs.access).is_relative()
        {
            self.logs.access = folder.join(&self.logs.access).display().to_string();
        }
    }
}
