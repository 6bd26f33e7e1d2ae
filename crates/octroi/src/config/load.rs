//! Reading the configuration, with the place of every mistake.

use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Table;

use super::{Config, environment};

/// A configuration that cannot be used: each message names the place and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {}: {why}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// A mistake in the file.
    #[error("{}:{line}:{column}: {}{message}", path.display(), in_field(field))]
    Mistake {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// The option's path; empty where it is not known.
        field: String,
        /// What is wrong.
        message: String,
    },
    /// A mistake in an environment variable.
    #[error("{variable}: {message}")]
    Variable {
        /// Its name.
        variable: String,
        /// What is wrong.
        message: String,
    },
    /// A secret given in place and in a file.
    #[error("{0} and {0}_file are both given: keep one of them")]
    Twice(String),
    /// A file that holds a secret and cannot be read.
    #[error("{option}: cannot read {}: {why}", path.display())]
    SecretFile {
        /// The option.
        option: String,
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// Two options that do not fit together.
    #[error("{option}: {why}")]
    Unfit {
        /// The option.
        option: &'static str,
        /// What is wrong with it and what to do.
        why: String,
    },
}

fn in_field(field: &str) -> String {
    if field.is_empty() { String::new() } else { format!("{field}: ") }
}

/// Reads the file, where one is named, and the environment through `read` over it.
pub fn load(file: Option<&Path>, read: &dyn Fn(&str) -> Option<String>) -> Result<Config, ConfigError> {
    let mut table = match file {
        Some(path) => from_file(path)?,
        None => Table::new(),
    };
    overlay(&mut table, read)?;
    // File and variables were each checked alone, with their places; what is left are faults of the two together.
    let mut config: Config = table
        .try_into()
        .map_err(|e: toml::de::Error| ConfigError::Unfit { option: "configuration", why: one_line(&e) })?;
    config.resolve(file.and_then(Path::parent).unwrap_or(Path::new("")));
    check(&config)?;
    Ok(config)
}

fn from_file(path: &Path) -> Result<Table, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|e| ConfigError::Unreadable { path: path.to_owned(), why: e.to_string() })?;
    let mistake = |e: toml::de::Error| {
        let at = e.span().unwrap_or(Range { start: 0, end: 0 }).start.min(text.len());
        let before = text.get(..at).unwrap_or_default();
        ConfigError::Mistake {
            path: path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before.rsplit('\n').next().unwrap_or_default().chars().count() + 1,
            field: field_at(&text, at),
            message: one_line(&e),
        }
    };
    toml::from_str::<Config>(&text).map_err(mistake)?;
    toml::from_str::<Table>(&text).map_err(mistake)
}

/// The option in whose line the byte `at` stands.
fn field_at(text: &str, at: usize) -> String {
    let line_start = text.get(..at).and_then(|t| t.rfind('\n')).map_or(0, |n| n + 1);
    let line = text.get(line_start..).and_then(|t| t.lines().next()).unwrap_or_default();
    let Some((name, _)) = line.split_once('=') else { return String::new() };
    let section =
        text.get(..line_start).unwrap_or_default().lines().rev().find_map(|l| {
            l.trim().strip_prefix('[')?.split_once(']').map(|(name, _)| name.trim().to_owned())
        });
    match section {
        Some(section) => format!("{section}.{}", name.trim()),
        None => name.trim().to_owned(),
    }
}

fn one_line(error: &toml::de::Error) -> String {
    error.message().lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

fn overlay(table: &mut Table, read: &dyn Fn(&str) -> Option<String>) -> Result<(), ConfigError> {
    let wrong = |(variable, message)| ConfigError::Variable { variable, message };
    for set in environment::found(read).map_err(wrong)? {
        let mut alone = Table::new();
        environment::place(&mut alone, &set.path, Some(set.value.clone()));
        alone
            .try_into::<Config>()
            .map_err(|e: toml::de::Error| wrong((set.variable.clone(), one_line(&e))))?;
        if let Some(other) = &set.instead_of {
            environment::place(table, other, None);
        }
        environment::place(table, &set.path, Some(set.value));
    }
    Ok(())
}

/// What the types alone do not say.
fn check(config: &Config) -> Result<(), ConfigError> {
    let unfit = |option, why: &str| Err(ConfigError::Unfit { option, why: why.to_owned() });
    for (option, url, listen) in [
        ("portal.public_url", &config.portal.public_url, config.portal.listen),
        ("gateway.public_url", &config.gateway.public_url, config.gateway.listen),
    ] {
        match url {
            Some(url)
                if !matches!(url.scheme(), "http" | "https")
                    || !url.has_host()
                    || url.query().is_some()
                    || url.fragment().is_some()
                    || url.path() != "/" =>
            {
                return unfit(option, "give an address such as https://portail.example.fr, without a path");
            }
            None if listen.ip().is_unspecified() => {
                return unfit(option, "must be given where `listen` is every address of the machine");
            }
            _ => {}
        }
    }
    config.portal.zone()?;
    if octroi_domain::credential::Instance::new(&config.keys.instance).is_err() {
        return unfit("keys.instance", "2 to 16 lower-case letters and digits, beginning with a letter");
    }
    if config.gateway.workers.is_some_and(|n| !(1..=256).contains(&n)) {
        return unfit("gateway.workers", "a number from 1 to 256");
    }
    if !(1..=1_000).contains(&config.database.max_connections) {
        return unfit("database.max_connections", "a number from 1 to 1000");
    }
    let name = &config.gateway.name;
    if name.is_empty() || name.len() > 64 || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return unfit("gateway.name", "1 to 64 letters, digits and hyphens");
    }
    if config.mail.kind == super::MailKind::Smtp && config.mail.host.is_none() {
        return unfit("mail.host", "must be given where `mail.kind` is smtp");
    }
    if config.mail.from.parse::<lettre::message::Mailbox>().is_err() {
        return unfit("mail.from", "give a sender such as \"Portail des API <portail-api@example.fr>\"");
    }
    crate::telemetry::filter(&config.logs.level)
        .map(drop)
        .map_err(|why| ConfigError::Unfit { option: "logs.level", why })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, environment: &[(&str, &str)]) -> Result<Config, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("octroi.toml");
        std::fs::write(&path, text).unwrap();
        let environment: Vec<(String, String)> =
            environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let read = move |name: &str| environment.iter().find(|(k, _)| k == name).map(|(_, v)| v.clone());
        load(Some(&path), &read).map_err(|e| e.to_string().replace(&folder.path().display().to_string(), "."))
    }

    #[test]
    fn an_empty_file_means_the_defaults() {
        let config = read("", &[]).unwrap();
        assert_eq!(config.portal.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(config.gateway.listen.to_string(), "127.0.0.1:8081");
        assert!(config.data.ends_with("octroi-data") && config.data.is_absolute());
    }

    #[test]
    fn a_mistake_is_told_with_line_and_field() {
        let unknown = read("[portal]\nlisten = \"127.0.0.1:1\"\nlisten_port = 3\n", &[]).unwrap_err();
        assert!(unknown.starts_with("./octroi.toml:3:1: portal.listen_port: unknown field"), "{unknown}");
        let typed = read("[gateway]\nworkers = \"two\"\n", &[]).unwrap_err();
        assert!(typed.starts_with("./octroi.toml:2:11: gateway.workers: invalid type"), "{typed}");
        let address = read("[portal]\nlisten = \"here\"\n", &[]).unwrap_err();
        assert!(address.starts_with("./octroi.toml:2:10: portal.listen: "), "{address}");
        let syntax = read("[portal\n", &[]).unwrap_err();
        assert!(syntax.starts_with("./octroi.toml:1:") && !syntax.contains('\n'), "{syntax}");
    }

    #[test]
    fn a_variable_goes_before_the_file_and_its_mistake_names_it() {
        let file = "[gateway]\nlisten = \"127.0.0.1:1\"\n[database]\nurl_file = \"/nowhere\"\n";
        let config = read(
            file,
            &[
                ("OCTROI_GATEWAY_LISTEN", "127.0.0.1:2"),
                ("OCTROI_GATEWAY_TRUSTED_PROXIES", "10.0.0.0/8, 192.168.0.0/16"),
                ("OCTROI_DATABASE_URL", "sqlite:///x/y.db"),
            ],
        )
        .unwrap();
        assert_eq!(config.gateway.listen.port(), 2);
        assert_eq!(config.gateway.trusted_proxies.len(), 2);
        assert_eq!(config.database_url().unwrap().expose(), "sqlite:///x/y.db");
        let wrong = read("", &[("OCTROI_GATEWAY_WORKERS", "many")]).unwrap_err();
        assert_eq!(wrong, "OCTROI_GATEWAY_WORKERS: `many` is not a whole number");
        let wrong = read("", &[("OCTROI_ADMIN_LISTEN", "x")]).unwrap_err();
        assert!(wrong.starts_with("OCTROI_ADMIN_LISTEN: "), "{wrong}");
    }

    #[test]
    fn a_secret_comes_from_one_place_and_is_not_printed() {
        let both = read("[keys]\nmaster_key = \"a\"\nmaster_key_file = \"b\"\n", &[]).unwrap();
        let twice =
            super::super::Given::read("keys.master_key", &both.keys.master_key, &both.keys.master_key_file);
        assert!(matches!(twice, Err(ConfigError::Twice(_))));
        let config = read("[mail]\npassword = \"hunter2\"\n", &[]).unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        for (text, option) in [
            ("[portal]\nlisten = \"0.0.0.0:80\"", "portal.public_url"),
            ("[portal]\npublic_url = \"ftp://x\"", "portal.public_url"),
            ("[portal]\ntime_zone = \"Europe/Lutece\"", "portal.time_zone"),
            ("[gateway]\npublic_url = \"https://x/path\"", "gateway.public_url"),
            ("[mail]\nkind = \"smtp\"", "mail.host"),
            ("[mail]\nfrom = \"nobody\"", "mail.from"),
            ("[keys]\ninstance = \"Octroi!\"", "keys.instance"),
            ("[gateway]\nworkers = 0", "gateway.workers"),
            ("[logs]\nlevel = \"octroi=loud\"", "logs.level"),
        ] {
            let found = read(text, &[]).unwrap_err();
            assert!(found.starts_with(option), "{text}: {found}");
        }
    }

    #[test]
    fn every_option_is_in_the_reference_and_in_the_example() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let reference = std::fs::read_to_string(root.join("docs/reference/configuration.md")).unwrap();
        for setting in environment::SETTINGS {
            assert!(reference.contains(&environment::variable(setting.path)), "{}", setting.path);
        }
        let example = root.join("examples/octroi.toml");
        let config = load(Some(&example), &|_| None).unwrap();
        assert_eq!(format!("{:?}", config.portal.listen), "127.0.0.1:8080");
    }
}
