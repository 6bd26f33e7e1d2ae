//! The keys that stand outside the database: given by the operator, or made in the data folder at the first start.
//!
//! They are made only for a database that has none yet. For any other, a key that is missing or wrong ends the program:
//! a new one would make every stored secret unreadable and every issued key unknown.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use octroi_app::vault::Vault;
use octroi_domain::credential::Instance;
use octroi_domain::credential::digest::{Pepper, Peppers, hex, unhex};
use octroi_domain::credential::format::BadInstance;
use octroi_domain::credential::seal::MasterKey;
use octroi_domain::time::{Entropy, random_bytes};
use zeroize::Zeroizing;

use crate::config::{Config, ConfigError, Given, SecretText};

/// The only version of the master key's form.
const MASTER_VERSION: u16 = 1;

/// The two keys, each with its name for messages and files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Seals what is stored.
    MasterKey,
    /// Makes the digests under which secrets are looked up.
    Pepper,
}

impl Which {
    /// What messages call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MasterKey => "master key",
            Self::Pepper => "pepper",
        }
    }

    const fn option(self) -> &'static str {
        match self {
            Self::MasterKey => "keys.master_key",
            Self::Pepper => "keys.pepper",
        }
    }

    /// Its file in the data folder.
    pub fn file_in(self, data: &Path) -> PathBuf {
        data.join(match self {
            Self::MasterKey => "master.key",
            Self::Pepper => "pepper.key",
        })
    }
}

/// Why the keys cannot be used. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The configuration contradicts itself or names a file that cannot be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database has been used, and the key that it was used with is not there.
    #[error(
        "the {} is missing: {} does not exist, and the database was made with one; put the file back or restore a \
         backup (a new key could read nothing)", .0.name(), .1.display()
    )]
    Missing(Which, PathBuf),
    /// The key is there and cannot be read.
    #[error("the {} cannot be read from {place}: {why}", .which.name())]
    Unreadable {
        /// Which key.
        which: Which,
        /// File or option.
        place: String,
        /// Why.
        why: String,
    },
    /// A new key cannot be written.
    #[error("the {} cannot be written to {}: {why}", .which.name(), path.display())]
    Unwritable {
        /// Which key.
        which: Which,
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The name in `keys.instance` cannot begin a secret.
    #[error("keys.instance: {0}")]
    Instance(#[from] BadInstance),
}

type Bytes = Zeroizing<[u8; 32]>;

/// The keys' bytes.
pub struct KeyMaterial {
    master: Bytes,
    /// Newest first; never empty.
    peppers: Vec<(u16, Bytes)>,
}

impl std::fmt::Debug for KeyMaterial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyMaterial(…)")
    }
}

impl KeyMaterial {
    /// What the application works with.
    pub fn vault(&self, instance: &str) -> Result<Vault, KeyError> {
        let mut peppers = self.peppers.iter().map(|(version, bytes)| Pepper::new(*version, bytes));
        let (Some(current), older) = (peppers.next(), peppers.collect()) else {
            return Err(unreadable(Which::Pepper, "the file", "no pepper in it"));
        };
        Ok(Vault {
            instance: Instance::new(instance)?,
            peppers: Peppers::new(current, older),
            master: MasterKey::new(*self.master),
        })
    }

    /// The text of one key's file.
    pub(crate) fn text(&self, which: Which) -> Zeroizing<String> {
        let line = |version: u16, bytes: &Bytes| format!("{version}:{}\n", hex(bytes.as_slice()));
        Zeroizing::new(match which {
            Which::MasterKey => line(MASTER_VERSION, &self.master),
            Which::Pepper => self.peppers.iter().map(|(version, bytes)| line(*version, bytes)).collect(),
        })
    }

    /// Reads what [`KeyMaterial::text`] wrote; `place` is for messages.
    pub(crate) fn parse(master: &str, pepper: &str, place: &str) -> Result<Self, KeyError> {
        Ok(Self { master: parse_master(master, place)?, peppers: parse_peppers(pepper, place)? })
    }
}

/// The keys that the configuration gives or the data folder holds. Where one is in neither, `make` lets a new one be
/// made there: only for a database that has never been used.
pub fn load(config: &Config, make: Option<&dyn Entropy>) -> Result<KeyMaterial, KeyError> {
    let master = source(config, Which::MasterKey, make)?;
    let pepper = source(config, Which::Pepper, make)?;
    Ok(KeyMaterial {
        master: parse_master(master.text.expose(), &master.place)?,
        peppers: parse_peppers(pepper.text.expose(), &pepper.place)?,
    })
}

/// Where the configuration says that a key is, when that is not the data folder.
pub(crate) fn given(config: &Config, which: Which) -> Result<Option<Given>, ConfigError> {
    let keys = &config.keys;
    match which {
        Which::MasterKey => Given::read(which.option(), &keys.master_key, &keys.master_key_file),
        Which::Pepper => Given::read(which.option(), &keys.pepper, &keys.pepper_file),
    }
}

/// Whether `text` holds the same key as `material`: for the pepper, all versions.
pub(crate) fn same(which: Which, text: &str, material: &KeyMaterial) -> Result<bool, KeyError> {
    let place = which.option();
    Ok(match which {
        Which::MasterKey => parse_master(text, place)? == material.master,
        Which::Pepper => parse_peppers(text, place)? == material.peppers,
    })
}

struct Source {
    text: SecretText,
    place: String,
}

fn source(config: &Config, which: Which, make: Option<&dyn Entropy>) -> Result<Source, KeyError> {
    if let Some(given) = given(config, which)? {
        let place =
            given.file.as_ref().map_or_else(|| which.option().to_owned(), |f| f.display().to_string());
        warn_if_open(which, given.file.as_deref());
        return Ok(Source { text: given.text, place });
    }
    let path = which.file_in(&config.data);
    let missing = matches!(path.try_exists(), Ok(false));
    if missing {
        match make {
            Some(entropy) => write_new(which, &path, entropy)?,
            None => return Err(KeyError::Missing(which, path)),
        }
    }
    let text = crate::config::read_secret_file(&path)
        .map_err(|why| unreadable(which, &path.display().to_string(), &why))?;
    warn_if_open(which, Some(&path));
    Ok(Source { text, place: path.display().to_string() })
}

fn warn_if_open(which: Which, file: Option<&Path>) {
    if let Some(path) = file.filter(|p| crate::config::open_to_others(p)) {
        tracing::warn!("others can read the {} in {}: chmod 600 it", which.name(), path.display());
    }
}

fn unreadable(which: Which, place: &str, why: &str) -> KeyError {
    KeyError::Unreadable { which, place: place.to_owned(), why: why.to_owned() }
}

/// Makes a key and writes its file, whole or not at all, and never over another.
fn write_new(which: Which, path: &Path, entropy: &dyn Entropy) -> Result<(), KeyError> {
    let bytes = Zeroizing::new(random_bytes::<32>(entropy));
    let text = Zeroizing::new(format!("1:{}\n", hex(bytes.as_slice())));
    write_file(path, text.as_bytes()).map_err(|e| KeyError::Unwritable {
        which,
        path: path.to_owned(),
        why: e.to_string(),
    })?;
    tracing::info!(
        "made a new {}: {}; a backup holds it, the database does not",
        which.name(),
        path.display()
    );
    Ok(())
}

/// Writes a new file of mode 0600 so that it is there whole or not at all; fine where somebody else just made it.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut draft = tempfile::Builder::new()
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))
        .prefix(".new-")
        .tempfile_in(folder)?;
    draft.write_all(bytes)?;
    draft.as_file().sync_all()?;
    match draft.persist_noclobber(path) {
        Ok(_) => {}
        Err(e) if e.error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(e) => return Err(e.error),
    }
    std::fs::File::open(folder)?.sync_all()
}

/// `version:hex`, or the hexadecimal digits alone for version 1.
fn parse_line(which: Which, line: &str, place: &str) -> Result<(u16, Bytes), KeyError> {
    let line = line.trim();
    let (version, digits) = line.split_once(':').unwrap_or(("1", line));
    let version = version.parse().map_err(|_| unreadable(which, place, "its version is not a number"))?;
    if digits.len() != 64 {
        let why =
            format!("{} characters long where 64 hexadecimal digits are needed", digits.chars().count());
        return Err(unreadable(which, place, &why));
    }
    let bytes = unhex(digits).ok_or_else(|| unreadable(which, place, "not hexadecimal digits"))?;
    Ok((version, Zeroizing::new(bytes)))
}

fn parse_master(text: &str, place: &str) -> Result<Bytes, KeyError> {
    match parse_line(Which::MasterKey, text, place)? {
        (MASTER_VERSION, bytes) => Ok(bytes),
        (other, _) => {
            Err(unreadable(Which::MasterKey, place, &format!("version {other} is not known to this program")))
        }
    }
}

fn parse_peppers(text: &str, place: &str) -> Result<Vec<(u16, Bytes)>, KeyError> {
    let lines = text.split(['\n', ',']).map(str::trim).filter(|l| !l.is_empty());
    let peppers: Vec<_> = lines.map(|l| parse_line(Which::Pepper, l, place)).collect::<Result<_, _>>()?;
    if peppers.is_empty() {
        return Err(unreadable(Which::Pepper, place, "no pepper in it"));
    }
    let mut versions: Vec<u16> = peppers.iter().map(|(v, _)| *v).collect();
    versions.sort_unstable();
    versions.dedup();
    if versions.len() != peppers.len() {
        return Err(unreadable(Which::Pepper, place, "two peppers of the same version"));
    }
    Ok(peppers)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;
    use crate::ambient::OsEntropy;

    fn config(data: &Path) -> Config {
        Config::around(data)
    }

    #[test]
    fn the_first_start_makes_keys_that_only_their_owner_reads_and_later_ones_find_them() {
        let data = tempfile::tempdir().unwrap();
        let first = load(&config(data.path()), Some(&OsEntropy)).unwrap();
        for which in [Which::MasterKey, Which::Pepper] {
            let mode = std::fs::metadata(which.file_in(data.path())).unwrap().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", which.name());
        }
        let second = load(&config(data.path()), None).unwrap();
        assert_eq!(
            first.vault("octroi").unwrap().fingerprints(),
            second.vault("octroi").unwrap().fingerprints()
        );
        assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 2, "no draft is left behind");
    }

    #[test]
    fn a_missing_key_is_never_replaced_for_a_used_database() {
        let data = tempfile::tempdir().unwrap();
        let found = load(&config(data.path()), None).unwrap_err().to_string();
        assert!(found.starts_with("the master key is missing: ") && !found.contains('\n'), "{found}");
        assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_damaged_key_is_told_and_left_alone() {
        let data = tempfile::tempdir().unwrap();
        let path = Which::MasterKey.file_in(data.path());
        for (text, why) in [
            ("", "the file is empty"),
            ("1:abc\n", "3 characters long where 64 hexadecimal digits are needed"),
            ("2:0000000000000000000000000000000000000000000000000000000000000000", "version 2 is not known"),
            ("1:zz00000000000000000000000000000000000000000000000000000000000000", "not hexadecimal"),
            ("x:0000000000000000000000000000000000000000000000000000000000000000", "version is not a number"),
        ] {
            std::fs::write(&path, text).unwrap();
            let found = load(&config(data.path()), Some(&OsEntropy)).unwrap_err().to_string();
            assert!(found.contains("the master key cannot be read from") && found.contains(why), "{found}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn the_newest_pepper_comes_first_and_versions_are_distinct() {
        let mut c = config(Path::new("/nowhere"));
        c.keys.master_key = Some(SecretText::new("ab".repeat(32)));
        c.keys.pepper = Some(SecretText::new(format!("2:{},1:{}", "cd".repeat(32), "ef".repeat(32))));
        let vault = load(&c, None).unwrap().vault("octroi").unwrap();
        assert_eq!(vault.peppers.current().version(), 2);
        c.keys.pepper = Some(SecretText::new(format!("1:{}\n1:{}", "cd".repeat(32), "ef".repeat(32))));
        assert!(load(&c, None).unwrap_err().to_string().contains("two peppers of the same version"));
    }
}
