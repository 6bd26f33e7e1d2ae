//! Backup and restore: the database, copied while it is in use, and the two keys without which it is worth nothing,
//! together in one file sealed under a passphrase.
//!
//! A PostgreSQL database is copied by its own tools (`pg_dump`): the file then holds the keys alone, and says so.

mod archive;
mod sealed;

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read};
use std::path::{Path, PathBuf};

use octroi_app::vault::Unfit;
use octroi_domain::time::{Entropy, Timestamp};
use octroi_store::{Store, StoreError, StoreOptions};
use serde::{Deserialize, Serialize};

use crate::config::{Config, ConfigError, SecretText};
use crate::keys::{self, KeyError, KeyMaterial, Which};
use crate::{database, mail};

use archive::ArchiveWriter;
pub use sealed::SealedError;

/// Fewest characters of a passphrase.
const MIN_PASSPHRASE: usize = 12;

const ABOUT: &str = "about.json";
const MASTER: &str = "master.key";
const PEPPER: &str = "pepper.key";
const DATABASE: &str = "octroi.db";

/// Largest small file inside: everything but the database.
const MAX_SMALL: u64 = 64 * 1024;

/// Why a backup was not made or restored. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Too easy to try.
    #[error("the passphrase is too short: {MIN_PASSPHRASE} characters at least")]
    ShortPassphrase,
    /// Something stands where the backup or what is restored would be written.
    #[error("{} exists already: {what}", path.display())]
    Exists {
        /// What stands there.
        path: PathBuf,
        /// What to do.
        what: &'static str,
    },
    /// There is nothing to back up.
    #[error("there is no database at {}: nothing to back up", .0.display())]
    NoDatabase(PathBuf),
    /// The keys at hand are not those of the database.
    #[error(
        "the {0} at hand is not the one that the database was made with: the backup would be worth nothing"
    )]
    ForeignKey(&'static str),
    /// The configuration gives another key than the backup.
    #[error(
        "the {0} that the configuration gives is not the one in the backup: take it out of the configuration"
    )]
    OtherKey(&'static str),
    /// The backup and the configuration are for different databases.
    #[error("{0}")]
    WrongDatabase(&'static str),
    /// What is inside is not what a backup holds.
    #[error("the backup is not complete: {0}")]
    Incomplete(String),
    /// A file cannot be read or written.
    #[error("{}: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The file does not open.
    #[error(transparent)]
    Sealed(#[from] SealedError),
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The keys cannot be used.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn file_error(path: &Path) -> impl Fn(io::Error) -> BackupError + '_ {
    |e| match sealed::unwrap_io(e) {
        SealedError::Io(e) => BackupError::File { path: path.to_owned(), why: e.to_string() },
        sealed => BackupError::Sealed(sealed),
    }
}

/// What a backup says of itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct About {
    /// The program's version.
    pub octroi: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// `sqlite`, or `postgresql`: then the database itself is not inside.
    pub database: String,
}

/// Writes a backup into the new file `out`.
///
/// # Errors
/// Where anything is missing or does not belong together; `out` is then not there.
pub async fn make(
    config: &Config,
    passphrase: &SecretText,
    out: &Path,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> Result<About, BackupError> {
    if passphrase.expose().chars().count() < MIN_PASSPHRASE {
        return Err(BackupError::ShortPassphrase);
    }
    refuse_existing(out, "give another name, an existing file is never overwritten")?;
    let options = database::options(config)?;
    let sqlite = database::sqlite_path(&options.url);
    if let Some(path) = sqlite.as_ref().filter(|p| !p.exists()) {
        return Err(BackupError::NoDatabase(path.clone()));
    }
    let material = keys::load(config, None)?;
    let folder = parent(out);
    let drafts =
        tempfile::Builder::new().prefix(".octroi-backup-").tempdir_in(folder).map_err(file_error(folder))?;
    let store = Store::open(&options).await?;
    let copied = copy(&store, sqlite.is_some(), &drafts.path().join(DATABASE)).await;
    let checked = check_keys(&store, &material, config).await;
    store.close().await;
    let copy = copied?;
    checked?;
    let about = About {
        octroi: env!("CARGO_PKG_VERSION").to_owned(),
        made_at: now,
        database: if copy.is_some() { "sqlite" } else { "postgresql" }.to_owned(),
    };
    let draft = drafts.path().join("sealed");
    write(&about, &material, copy.as_deref(), passphrase, &draft, entropy).map_err(file_error(out))?;
    // The same folder, so a name is enough; never over a file that came meanwhile.
    std::fs::hard_link(&draft, out).map_err(file_error(out))?;
    sync(folder).map_err(file_error(folder))?;
    Ok(about)
}

async fn copy(store: &Store, sqlite: bool, to: &Path) -> Result<Option<PathBuf>, BackupError> {
    if !sqlite {
        return Ok(None);
    }
    store.copy_to(to).await?;
    Ok(Some(to.to_owned()))
}

/// Whether `material` is what the database was made with.
async fn check_keys(store: &Store, material: &KeyMaterial, config: &Config) -> Result<(), BackupError> {
    let vault = material.vault(&config.keys.instance)?;
    let noted = store.read().await?.settings().await?;
    match vault.check(&noted) {
        Ok(_) => Ok(()),
        Err(Unfit::Foreign(which) | Unfit::Forgotten(which)) => Err(BackupError::ForeignKey(which)),
    }
}

fn write(
    about: &About,
    material: &KeyMaterial,
    copy: Option<&Path>,
    passphrase: &SecretText,
    to: &Path,
    entropy: &dyn Entropy,
) -> io::Result<()> {
    let sealed = sealed::Writer::new(BufWriter::new(private_file(to)?), passphrase.expose(), entropy)?;
    let mut archive = ArchiveWriter::new(sealed);
    let about = serde_json::to_vec(about)?;
    archive.put(ABOUT, about.len() as u64, about.as_slice())?;
    for (name, which) in [(MASTER, Which::MasterKey), (PEPPER, Which::Pepper)] {
        let text = material.text(which);
        archive.put(name, text.len() as u64, text.as_bytes())?;
    }
    if let Some(copy) = copy {
        let file = File::open(copy)?;
        archive.put(DATABASE, file.metadata()?.len(), file)?;
    }
    archive.finish()?.finish()?.into_inner()?.sync_all()
}

/// Puts back what the backup `from` holds, where nothing stands yet.
///
/// # Errors
/// Where anything does not fit; nothing is put back then.
pub async fn restore(config: &Config, passphrase: &SecretText, from: &Path) -> Result<About, BackupError> {
    let options = database::options(config)?;
    let target = database::sqlite_path(&options.url);
    if let Some(path) = &target {
        refuse_existing(path, "restore into an empty place, nothing is ever overwritten")?;
        // SQLite would replay what another database left there into the one that comes back.
        for left in ["-wal", "-journal"] {
            let mut beside = path.as_os_str().to_owned();
            beside.push(left);
            refuse_existing(Path::new(&beside), "another database left it there: move it away first")?;
        }
    }
    let wanted: Vec<Which> = [Which::MasterKey, Which::Pepper]
        .into_iter()
        .filter_map(|w| keys::given(config, w).map(|g| g.is_none().then_some(w)).transpose())
        .collect::<Result<_, _>>()?;
    for which in &wanted {
        refuse_existing(
            &which.file_in(&config.data),
            "restore into an empty place, nothing is ever overwritten",
        )?;
    }
    mail::make_folder(&config.data).map_err(file_error(&config.data))?;
    let target_folder = target.as_deref().map_or(config.data.as_path(), parent);
    mail::make_folder(target_folder).map_err(file_error(target_folder))?;
    let drafts = tempfile::Builder::new()
        .prefix(".octroi-restore-")
        .tempdir_in(target_folder)
        .map_err(file_error(target_folder))?;
    let draft = drafts.path().join(DATABASE);
    let contents = unpack(from, passphrase, &draft)?;
    match (&target, contents.database) {
        (Some(_), false) => {
            return Err(BackupError::WrongDatabase(
                "this backup was made of a PostgreSQL database and holds its keys alone: name that database \
                 (database.url) and restore its own dump with pg_restore",
            ));
        }
        (None, true) => {
            return Err(BackupError::WrongDatabase(
                "this backup holds a SQLite database and the configuration names a PostgreSQL one",
            ));
        }
        _ => {}
    }
    let material = KeyMaterial::parse(&contents.master, &contents.pepper, "the backup")?;
    check_given(config, &material)?;
    if target.is_some() {
        check_database(&draft, &material, config).await?;
    }
    // From here on only names change. The database comes last: while it is missing, a start says so.
    for which in wanted {
        let path = which.file_in(&config.data);
        keys::write_file(&path, material.text(which).as_bytes()).map_err(file_error(&path))?;
    }
    if let Some(target) = &target {
        std::fs::hard_link(&draft, target).map_err(file_error(target))?;
        sync(target_folder).map_err(file_error(target_folder))?;
    }
    Ok(contents.about)
}

struct Contents {
    about: About,
    master: String,
    pepper: String,
    /// Whether a database was inside; it is in the draft then.
    database: bool,
}

/// Reads the whole backup, its end included, the database into `draft`.
fn unpack(from: &Path, passphrase: &SecretText, draft: &Path) -> Result<Contents, BackupError> {
    let error = file_error(from);
    let mut reader =
        sealed::Reader::new(BufReader::new(File::open(from).map_err(&error)?), passphrase.expose())?;
    let (mut about, mut master, mut pepper, mut database) = (None, None, None, false);
    while let Some((name, size)) = archive::next(&mut reader).map_err(&error)? {
        if name == DATABASE {
            let mut file = private_file(draft).map_err(file_error(draft))?;
            let copied = io::copy(&mut reader.by_ref().take(size), &mut file).map_err(&error)?;
            file.sync_all().map_err(file_error(draft))?;
            database = copied == size;
            continue;
        }
        if size > MAX_SMALL {
            return Err(BackupError::Incomplete(format!("{name} is too long")));
        }
        let mut text = String::new();
        reader.by_ref().take(size).read_to_string(&mut text).map_err(&error)?;
        match name.as_str() {
            ABOUT => about = Some(text),
            MASTER => master = Some(text),
            PEPPER => pepper = Some(text),
            _ => {}
        }
    }
    let missing = |name: &str| BackupError::Incomplete(format!("{name} is missing"));
    let about = about.ok_or_else(|| missing(ABOUT))?;
    Ok(Contents {
        about: serde_json::from_str(&about).map_err(|e| BackupError::Incomplete(format!("{ABOUT}: {e}")))?,
        master: master.ok_or_else(|| missing(MASTER))?,
        pepper: pepper.ok_or_else(|| missing(PEPPER))?,
        database,
    })
}

/// Keys that the configuration gives must be those of the backup.
fn check_given(config: &Config, material: &KeyMaterial) -> Result<(), BackupError> {
    for which in [Which::MasterKey, Which::Pepper] {
        if let Some(given) = keys::given(config, which)? {
            let same = keys::same(which, given.text.expose(), material)?;
            if !same {
                return Err(BackupError::OtherKey(which.name()));
            }
        }
    }
    Ok(())
}

/// Opens the database that came out, and checks that it is whole and belongs to the keys.
async fn check_database(draft: &Path, material: &KeyMaterial, config: &Config) -> Result<(), BackupError> {
    let store = Store::open(&StoreOptions::new(database::sqlite_url(draft))).await?;
    let checked = async {
        store.check_integrity().await?;
        check_keys(&store, material, config).await
    };
    let checked = checked.await;
    store.close().await;
    checked
}

fn refuse_existing(path: &Path, what: &'static str) -> Result<(), BackupError> {
    match path.try_exists() {
        Ok(false) => Ok(()),
        Ok(true) => Err(BackupError::Exists { path: path.to_owned(), what }),
        Err(e) => Err(file_error(path)(e)),
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A new file of mode 0600.
fn private_file(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
