//! The same options from the environment: `OCTROI_` and the option's path in capitals, `OCTROI_PORTAL_LISTEN`.

use toml::{Table, Value};

/// How the text of a variable is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// As it stands.
    Text,
    /// A whole number.
    Number,
    /// Values between commas.
    List,
    /// As it stands; also from a file, under the name with `_file` behind it.
    Secret,
}

/// An option of the configuration.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its path in the file: `portal.listen`.
    pub path: &'static str,
    /// How its variable is read.
    pub kind: Kind,
}

macro_rules! settings {
    ($($path:literal $kind:ident,)*) => {
        /// Every option.
        pub const SETTINGS: &[Setting] = &[$(Setting { path: $path, kind: Kind::$kind },)*];
    };
}

settings! {
    "data" Text,
    "portal.listen" Text,
    "portal.public_url" Text,
    "portal.trusted_proxies" List,
    "portal.time_zone" Text,
    "portal.leaked_keys" Text,
    "portal.texts" Text,
    "gateway.listen" Text,
    "gateway.public_url" Text,
    "gateway.name" Text,
    "gateway.workers" Number,
    "gateway.engine" Text,
    "gateway.trusted_proxies" List,
    "gateway.allowed_private_upstreams" List,
    "admin.listen" Text,
    "database.url" Secret,
    "database.max_connections" Number,
    "keys.instance" Text,
    "keys.master_key" Secret,
    "keys.pepper" Secret,
    "mail.kind" Text,
    "mail.from" Text,
    "mail.folder" Text,
    "mail.host" Text,
    "mail.port" Number,
    "mail.security" Text,
    "mail.ca_file" Text,
    "mail.username" Text,
    "mail.password" Secret,
    "logs.level" Text,
    "logs.format" Text,
    "logs.access" Text,
}

/// The variable of the option at `path`.
pub fn variable(path: &str) -> String {
    format!("OCTROI_{}", path.replace('.', "_").to_ascii_uppercase())
}

/// A variable that is set, as the piece of configuration that it stands for.
#[derive(Debug)]
pub(crate) struct Set {
    /// The variable's name.
    pub(crate) variable: String,
    /// The option's path.
    pub(crate) path: String,
    /// The option that this one takes the place of, where a secret has two.
    pub(crate) instead_of: Option<String>,
    /// Its value.
    pub(crate) value: Value,
}

/// Every option that `read` finds in the environment; or the variable whose text cannot be read, and why.
pub(crate) fn found(read: &dyn Fn(&str) -> Option<String>) -> Result<Vec<Set>, (String, String)> {
    let mut all = Vec::new();
    for setting in SETTINGS {
        let file = format!("{}_file", setting.path);
        if let Some(text) = read(&variable(setting.path)) {
            let name = variable(setting.path);
            let value = parse(setting.kind, &text).map_err(|why| (name.clone(), why))?;
            let instead_of = (setting.kind == Kind::Secret).then(|| file.clone());
            all.push(Set { variable: name, path: setting.path.to_owned(), instead_of, value });
        }
        if setting.kind == Kind::Secret
            && let Some(text) = read(&variable(&file))
        {
            let instead_of = Some(setting.path.to_owned());
            all.push(Set { variable: variable(&file), path: file, instead_of, value: Value::String(text) });
        }
    }
    Ok(all)
}

fn parse(kind: Kind, text: &str) -> Result<Value, String> {
    match kind {
        Kind::Text | Kind::Secret => Ok(Value::String(text.to_owned())),
        Kind::Number => {
            text.trim().parse().map(Value::Integer).map_err(|_| format!("`{text}` is not a whole number"))
        }
        Kind::List => Ok(text
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(|item| Value::String(item.to_owned()))
            .collect::<Vec<_>>()
            .into()),
    }
}

/// Puts `value` at `path` of `table`, or takes away what is there.
pub(crate) fn place(table: &mut Table, path: &str, value: Option<Value>) {
    let (section, name) = path.split_once('.').unwrap_or(("", path));
    let place = if section.is_empty() {
        table
    } else {
        let section = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
        let Value::Table(inner) = section else { return };
        inner
    };
    match value {
        Some(value) => drop(place.insert(name.to_owned(), value)),
        None => drop(place.remove(name)),
    }
}
