//! The database's address: where a SQLite file stands, and how one is named.

use std::path::{Path, PathBuf};

use octroi_store::{Store, StoreError, StoreOptions};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use crate::config::{Config, ConfigError};

/// What a path must not hold in an address.
const ENCODED: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#').add(b' ');

/// The address of the SQLite file at `path`.
pub(crate) fn sqlite_url(path: &Path) -> String {
    format!("sqlite://{}", utf8_percent_encode(&path.to_string_lossy(), ENCODED))
}

/// The file behind a SQLite address; none for another database.
pub(crate) fn sqlite_path(url: &str) -> Option<PathBuf> {
    let rest = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:"))?;
    let path = rest.split('?').next().unwrap_or_default();
    Some(PathBuf::from(percent_decode_str(path).decode_utf8_lossy().into_owned()))
}

/// Whether the database is there to be opened: a server always, a file where it exists.
pub(crate) fn exists(url: &str) -> bool {
    sqlite_path(url).is_none_or(|path| path.exists())
}

/// Makes a SQLite file that does not exist yet, for its owner alone: the files beside it take its mode. Where that
/// fails, opening it will say why.
pub(crate) fn prepare(url: &str) {
    use std::os::unix::fs::OpenOptionsExt as _;
    if let Some(path) = sqlite_path(url) {
        let _ = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    }
}

/// How the configuration says that the database is opened.
pub(crate) fn options(config: &Config) -> Result<StoreOptions, ConfigError> {
    let mut options = StoreOptions::new(config.database_url()?.expose());
    options.max_connections = config.database.max_connections;
    Ok(options)
}

/// Whether the database says which keys it was made with. Where it does not, it has never been used.
pub(crate) async fn knows_its_keys(store: &Store) -> Result<bool, StoreError> {
    Ok(store.read().await?.setting("master_key_fingerprint").await?.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_survives_its_address() {
        for path in ["/var/lib/octroi/octroi.db", "/tmp/a b%20c?d#e.db", "relatif/é.db"] {
            assert_eq!(sqlite_path(&sqlite_url(Path::new(path))), Some(PathBuf::from(path)));
        }
        assert_eq!(sqlite_path("sqlite:x.db?mode=rwc"), Some(PathBuf::from("x.db")));
        assert_eq!(sqlite_path("postgres://localhost/x"), None);
    }
}
