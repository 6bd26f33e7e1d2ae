//! `octroi doctor`: looks at everything that a portal needs, without starting it, and says what to mend.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use octroi_domain::api::may_connect;
use octroi_domain::time::Timestamp;
use octroi_store::Store;

use super::{Ended, Failure, Where, say};
use crate::ambient::Ambient;
use crate::config::{self, Config, MailKind, environment};
use crate::foundation::{Addresses, Foundation};
use crate::mail::Mailer;
use crate::{database, keys, texts};

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// No program of this version ran before: 2026-11-01.
const EARLIEST: Timestamp = Timestamp::from_millis(1_793_491_200_000);
/// A clock beyond this is wrong: 2100-01-01.
const LATEST: Timestamp = Timestamp::from_millis(4_102_444_800_000);

/// What was found.
enum Finding {
    Fine(String),
    /// Works, and should be looked at.
    Odd(String),
    /// Must be mended.
    Wrong(String),
}
use Finding::{Fine, Odd, Wrong};

#[derive(Default)]
struct Report(Vec<(&'static str, Finding)>);

impl Report {
    fn note(&mut self, what: &'static str, finding: Finding) {
        self.0.push((what, finding));
    }

    fn print(&self) -> Ended {
        for (what, finding) in &self.0 {
            let (mark, text) = match finding {
                Fine(text) => ("ok  ", text),
                Odd(text) => ("odd ", text),
                Wrong(text) => ("MEND", text),
            };
            say(format!("{mark} {what:<14} {}", text.replace('\n', " ")))?;
        }
        match self.0.iter().filter(|(_, f)| matches!(f, Wrong(_))).count() {
            0 => Ok(()),
            1 => Err(Failure("one thing to mend".to_owned())),
            n => Err(Failure(format!("{n} things to mend"))),
        }
    }
}

pub(super) async fn run(place: Where) -> Ended {
    let mut report = Report::default();
    let file = place.file();
    let config = match place.read() {
        Ok(config) => config,
        Err(error) => {
            report.note("configuration", Wrong(error.to_string()));
            return report.print();
        }
    };
    let named =
        file.map_or_else(|| "no file: defaults and environment".to_owned(), |f| f.display().to_string());
    report.note("configuration", Fine(named));
    crate::telemetry::start(&config::Logs { level: "error".to_owned(), ..config.logs.clone() });
    unknown_variables(&mut report);
    addresses(&config, &mut report);
    texts(&config, &mut report);
    clock(&mut report);
    data_folder(&config, &mut report);
    data(&config, &mut report).await;
    mail(&config, &mut report).await;
    ports(&config, &mut report).await;
    report.print()
}

/// Variables that begin like ours and mean nothing: usually a typing mistake.
fn unknown_variables(report: &mut Report) {
    const OTHERS: [&str; 14] = [
        "CONFIG",
        "ROLE",
        "JSON",
        "DRY_RUN",
        "PRUNE",
        "METHOD",
        "KEY",
        "KEY_FILE",
        "IP",
        "PORTAL",
        "GATEWAY",
        "BACKUP_PASSPHRASE",
        "BACKUP_PASSPHRASE_FILE",
        "TEST_BINARY",
    ];
    #[allow(clippy::disallowed_methods, reason = "the command line is where the environment is read")]
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let known = |name: &str| {
        OTHERS.iter().any(|o| name.strip_prefix("OCTROI_") == Some(o))
            || name.starts_with("OCTROI_TEST_")
            || environment::SETTINGS.iter().any(|s| {
                let variable = environment::variable(s.path);
                variable == name || name.strip_suffix("_FILE") == Some(&variable)
            })
    };
    for name in names.filter(|n| n.starts_with("OCTROI_") && !known(n)) {
        report.note("environment", Odd(format!("{name} means nothing to this program")));
    }
}

fn addresses(config: &Config, report: &mut Report) {
    for (what, url, listen) in [
        ("portal", &config.portal.public_url, config.portal.listen),
        ("gateway", &config.gateway.public_url, config.gateway.listen),
    ] {
        let finding = match url {
            Some(url) if url.scheme() == "https" => Fine(format!("people reach it at {url}")),
            None if listen.ip().is_loopback() => Fine(format!("for this machine only, at http://{listen}")),
            Some(url) if url.host_str().is_some_and(|h| h == "localhost" || h.starts_with("127.")) => {
                Fine(format!("for this machine only, at {url}"))
            }
            Some(url) => Odd(format!("{url} is not https: keys and passwords travel in clear")),
            None => {
                Odd(format!("{what}.public_url is not given: links begin with http://{listen}, in clear"))
            }
        };
        report.note(what, finding);
    }
    if !config.admin.listen.ip().is_loopback() {
        report.note(
            "admin",
            Odd(format!("{} may be reached from outside: it is not for the public", config.admin.listen)),
        );
    }
}

/// The operator's texts. Without a legal notice a portal that others reach is not ready.
fn texts(config: &Config, report: &mut Report) {
    let found = match texts::read(config.portal.texts.as_deref()) {
        Ok(found) => found,
        Err(error) => return report.note("texts", Wrong(error.to_string())),
    };
    for name in &found.unknown {
        report.note(
            "texts",
            Odd(format!("{name} means nothing to this program: files are named like legal.fr.md")),
        );
    }
    let missing = found.missing();
    let finding = if missing.is_empty() {
        Fine("all four pages are the operator's own".to_owned())
    } else if missing.contains(&"legal") && !config.portal.listen.ip().is_loopback() {
        Odd("the legal notice is not written: see portal.texts".to_owned())
    } else {
        Fine(format!("Octroi's own for {}", missing.join(", ")))
    };
    report.note("texts", finding);
}

fn clock(report: &mut Report) {
    let now = Ambient::system().clock.now();
    report.note(
        "clock",
        if now < EARLIEST || now > LATEST {
            Wrong(format!("it says {now}: set this machine's time"))
        } else {
            Fine(now.to_string())
        },
    );
}

fn data_folder(config: &Config, report: &mut Report) {
    let path = config.data.display();
    let finding = match std::fs::metadata(&config.data) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            Fine(format!("{path} will be made at the first start"))
        }
        Err(e) => Wrong(format!("cannot look into {path}: {e}")),
        Ok(found) if !found.is_dir() => Wrong(format!("{path} is not a folder: name another with `data`")),
        Ok(_) => match tempfile::tempfile_in(&config.data) {
            Err(e) => Wrong(format!("cannot write into {path}: {e}; give it to the user that runs Octroi")),
            Ok(_) if config::open_to_others(&config.data) => {
                Odd(format!("others can look into {path}: chmod 700 it"))
            }
            Ok(_) => Fine(path.to_string()),
        },
    };
    report.note("data folder", finding);
}

/// Database, keys, upstreams: each needs the one before.
async fn data(config: &Config, report: &mut Report) {
    let url = match config.database_url() {
        Ok(url) => url,
        Err(error) => return report.note("database", Wrong(error.to_string())),
    };
    if !database::exists(url.expose()) {
        report.note("database", Fine("will be made at the first start".to_owned()));
        return keys_alone(config, report);
    }
    match look_into(config, report).await {
        Ok(()) => {}
        Err(why) => report.note("database", Wrong(why)),
    }
}

fn keys_alone(config: &Config, report: &mut Report) {
    let finding = match keys::load(config, None) {
        Ok(_) => Fine("found".to_owned()),
        Err(keys::KeyError::Missing(..)) => Fine("will be made at the first start".to_owned()),
        Err(error) => Wrong(error.to_string()),
    };
    report.note("keys", finding);
}

async fn look_into(config: &Config, report: &mut Report) -> Result<(), String> {
    let options = database::options(config).map_err(|e| e.to_string())?;
    let store = Store::open(&options).await.map_err(|e| e.to_string())?;
    let looked = look_into_store(config, &store, report).await;
    store.close().await;
    looked
}

async fn look_into_store(config: &Config, store: &Store, report: &mut Report) -> Result<(), String> {
    let kind = store.describe().await.map_err(|e| e.to_string())?;
    let version = store.schema_version().await.map_err(|e| e.to_string())?;
    let latest = octroi_store::latest_version();
    if version > latest {
        return Err(format!(
            "{kind}, at version {version}: made by a newer program than this one ({latest})"
        ));
    }
    // A transaction that is left again: whether the database can write now.
    drop(store.begin().await.map_err(|e| format!("{kind}: cannot write: {e}"))?);
    if version == 0 {
        report.note("database", Fine(format!("{kind}, empty: will be filled at the first start")));
        keys_alone(config, report);
        return Ok(());
    }
    if version < latest {
        let what = format!(
            "{kind}, at version {version} of {latest}: `octroi migrate` or the next start brings it up"
        );
        report.note("database", Odd(what));
        return Ok(());
    }
    report.note("database", Fine(format!("{kind}, at version {version}")));
    let ambient = Ambient::system();
    let keys = keys::load(config, None).map_err(|e| e.to_string());
    let app = match keys {
        Ok(keys) => {
            let foundation = Foundation { store: store.clone(), keys, migrated: Vec::new() };
            let addresses = Addresses::configured(config).map_err(|e| e.to_string())?;
            foundation.app(config, &ambient, &addresses, None).await.map_err(|e| e.to_string())
        }
        Err(why) => Err(why),
    };
    match app {
        Err(why) => report.note("keys", Wrong(why)),
        Ok(app) => {
            report.note("keys", Fine("those that the database was made with".to_owned()));
            upstreams(config, &app, report).await;
        }
    }
    Ok(())
}

async fn upstreams(config: &Config, app: &octroi_app::App, report: &mut Report) {
    let apis = match app.snapshot(None).await {
        Ok(delta) => delta.catalogue.map(|c| c.apis).unwrap_or_default(),
        Err(error) => return report.note("upstreams", Wrong(error.to_string())),
    };
    for api in apis {
        for upstream in &api.gateway.upstreams {
            let finding = match reach(&upstream.url, &config.gateway.allowed_private_upstreams).await {
                Ok(address) => Fine(format!("{} {}: {} answers", api.slug, api.version, address)),
                Err(why) => Wrong(format!("{} {}: {}: {why}", api.slug, api.version, upstream.url)),
            };
            report.note("upstream", finding);
        }
    }
}

/// Connects to an upstream as the gateway would.
async fn reach(url: &url::Url, allowed: &[ipnet::IpNet]) -> Result<SocketAddr, String> {
    let host = url.host_str().ok_or("no host")?.trim_matches(['[', ']']);
    let port = url.port_or_known_default().ok_or("no port")?;
    let found = tokio::time::timeout(PATIENCE, tokio::net::lookup_host((host, port))).await;
    let addresses: Vec<SocketAddr> =
        found.map_err(|_| "its name could not be looked up in time")?.map_err(|e| e.to_string())?.collect();
    let permitted = |ip: IpAddr| may_connect(ip, allowed);
    let Some(address) = addresses.iter().find(|a| permitted(a.ip())) else {
        let shown: Vec<String> = addresses.iter().map(|a| a.ip().to_string()).collect();
        return Err(format!(
            "leads to {}, a private network: permit it with gateway.allowed_private_upstreams",
            shown.join(", ")
        ));
    };
    match tokio::time::timeout(PATIENCE, tokio::net::TcpStream::connect(address)).await {
        Ok(Ok(_)) => Ok(*address),
        Ok(Err(e)) => Err(format!("{address}: {e}")),
        Err(_) => Err(format!("{address} does not answer")),
    }
}

async fn mail(config: &Config, report: &mut Report) {
    if config.mail.kind == MailKind::Folder && !config.mail_folder().exists() {
        let folder = config.mail_folder();
        return report.note("mail", Fine(format!("{} will be made at the first start", folder.display())));
    }
    let probed = match Mailer::new(config, Ambient::system()) {
        Ok(mailer) => match tokio::time::timeout(PATIENCE, mailer.probe()).await {
            Ok(probed) => probed,
            Err(_) => Err("the mail server does not answer".to_owned()),
        },
        Err(error) => Err(error.to_string()),
    };
    let finding = match (probed, config.mail.kind) {
        (Err(why), _) => Wrong(why),
        (Ok(said), MailKind::None) => Odd(format!("{said}: nobody can register")),
        (Ok(said), _) => Fine(said),
    };
    report.note("mail", finding);
}

async fn ports(config: &Config, report: &mut Report) {
    let running = answers(config.admin.listen).await;
    for (what, listen) in [
        ("portal.listen", config.portal.listen),
        ("gateway.listen", config.gateway.listen),
        ("admin.listen", config.admin.listen),
    ] {
        let finding = match std::net::TcpListener::bind(listen) {
            Ok(_) => Fine(format!("{listen} is free")),
            Err(_) if running => Fine(format!("{listen} is taken, by the running Octroi it seems")),
            Err(e) => Wrong(format!("{listen}: {e}; stop what listens there or choose another")),
        };
        report.note(what, finding);
    }
}

/// Whether an Octroi answers at this operator's address.
async fn answers(admin: SocketAddr) -> bool {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let asked = async {
        let mut stream = tokio::net::TcpStream::connect(admin).await?;
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: octroi\r\nConnection: close\r\n\r\n").await?;
        let mut answer = Vec::new();
        stream.take(1_024).read_to_end(&mut answer).await?;
        Ok::<_, std::io::Error>(answer.starts_with(b"HTTP/1.1 200"))
    };
    tokio::time::timeout(PATIENCE, asked).await.is_ok_and(|answered| answered.unwrap_or(false))
}
