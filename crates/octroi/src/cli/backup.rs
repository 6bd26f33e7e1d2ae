//! `octroi backup` and `octroi restore`.

use std::path::PathBuf;

use clap::Args;

use super::{Ended, Failure, Where, environment, say};
use crate::ambient::Ambient;
use crate::backup;
use crate::config::{Given, SecretText};

/// Where the passphrase comes from.
const PASSPHRASE: &str = "OCTROI_BACKUP_PASSPHRASE";

#[derive(Debug, Args)]
#[command(after_help = "The passphrase is read from OCTROI_BACKUP_PASSPHRASE, or from the file that \
    OCTROI_BACKUP_PASSPHRASE_FILE names. Without it nobody can open the file, we neither.\n\nExamples:\n  \
    OCTROI_BACKUP_PASSPHRASE_FILE=/run/secrets/backup octroi backup octroi-2026-11-22.backup\n  \
    OCTROI_BACKUP_PASSPHRASE_FILE=/run/secrets/backup octroi restore octroi-2026-11-22.backup --config new.toml\n\n\
    A SQLite database is copied while it is in use. Of a PostgreSQL one, the file holds the keys alone: use pg_dump and \
    pg_restore for the database. A restore overwrites nothing.")]
pub(super) struct Options {
    /// The sealed file.
    file: PathBuf,
    #[command(flatten)]
    place: Where,
}

pub(super) async fn make(options: Options) -> Ended {
    let config = options.place.load()?;
    let passphrase = passphrase()?;
    let ambient = Ambient::system();
    let about =
        backup::make(&config, &passphrase, &options.file, ambient.clock.now(), &*ambient.entropy).await?;
    let what = match about.database.as_str() {
        "sqlite" => "database and keys",
        _ => "the keys alone; take the PostgreSQL database with pg_dump",
    };
    say(format!("{}: {what}", options.file.display()))
}

pub(super) async fn restore(options: Options) -> Ended {
    let config = options.place.load()?;
    let passphrase = passphrase()?;
    let about = backup::restore(&config, &passphrase, &options.file).await?;
    let what = match about.database.as_str() {
        "sqlite" => "database and keys are back",
        _ => "the keys are back; put back the PostgreSQL database with pg_restore",
    };
    say(format!("{what}, as of {} (octroi {})", about.made_at, about.octroi))
}

fn passphrase() -> Result<SecretText, Failure> {
    let text = environment(PASSPHRASE).filter(|t| !t.is_empty()).map(SecretText::new);
    let file = environment(&format!("{PASSPHRASE}_FILE")).map(PathBuf::from);
    match Given::read(PASSPHRASE, &text, &file)? {
        Some(given) => Ok(given.text),
        None => Err(Failure(format!("give a passphrase by {PASSPHRASE} or {PASSPHRASE}_FILE"))),
    }
}
