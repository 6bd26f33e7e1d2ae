//! Backup and restore, through the program.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::program::{Demo, done, line_of_failure, on};

const PASSPHRASE: &str = "une phrase que personne ne devine";

fn sealed(command: &mut Command, passphrase: &str) -> String {
    done(command.env("OCTROI_BACKUP_PASSPHRASE", passphrase))
}

fn backup_of(data: &Path, file: &Path) -> Command {
    on(data, &["backup", file.to_str().unwrap()])
}

fn restore_to(data: &Path, file: &Path) -> Command {
    on(data, &["restore", file.to_str().unwrap()])
}

#[test]
fn a_backup_taken_in_use_brings_back_every_acknowledged_thing_and_its_keys() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("octroi.backup"));
    let demo = Demo::start(&data);
    let application = demo.make_application("Avant la sauvegarde").unwrap();
    let said = sealed(&mut backup_of(&data, &file), PASSPHRASE);
    assert!(said.contains("database and keys"), "{said}");
    let key = demo.key();
    demo.kill();
    let bytes = fs::read(&file).unwrap();
    let contains = |needle: &[u8]| bytes.windows(needle.len()).any(|w| w == needle);
    assert!(!contains(b"SQLite format") && !contains(key.as_bytes()) && !contains(b"Avant la sauvegarde"));

    let restored = folder.path().join("restored");
    sealed(&mut restore_to(&restored, &file), PASSPHRASE);
    done(&mut on(&restored, &["audit", "verify"]));
    // The passwords of a demo are not part of a portal.
    fs::copy(data.join("demo.json"), restored.join("demo.json")).unwrap();
    let demo = Demo::start(&restored);
    assert_eq!(demo.key(), key);
    assert_eq!(demo.sample_call(Some(&key)), 200);
    assert_eq!(demo.manage("GET", &format!("/applications/{application}"), None).unwrap().0, 200);
    demo.stop("TERM");
}

#[test]
fn what_does_not_open_is_refused_and_nothing_is_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("octroi.backup"));
    done(&mut on(&data, &["migrate"]));
    sealed(&mut backup_of(&data, &file), PASSPHRASE);
    let good = fs::read(&file).unwrap();
    let bad = folder.path().join("bad.backup");
    let target = folder.path().join("target");
    let mut changed = good.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    for (bytes, passphrase, expected) in [
        (good.clone(), "une autre phrase, fausse", "the passphrase is not the one"),
        (good[..good.len() - 20].to_vec(), PASSPHRASE, "cut short or altered"),
        (good[..good.len() / 2].to_vec(), PASSPHRASE, "cut short or altered"),
        (changed, PASSPHRASE, "cut short or altered"),
        (b"not a backup".to_vec(), PASSPHRASE, "not a file that `octroi backup`"),
    ] {
        fs::write(&bad, bytes).unwrap();
        let mut command = restore_to(&target, &bad);
        let said = line_of_failure(command.env("OCTROI_BACKUP_PASSPHRASE", passphrase));
        assert!(said.contains(expected), "{said}");
        assert_eq!(fs::read_dir(&target).map_or(0, Iterator::count), 0);
    }
    sealed(&mut restore_to(&target, &file), PASSPHRASE);
}

#[test]
fn nothing_is_ever_overwritten_and_the_passphrase_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("octroi.backup"));
    let nothing = line_of_failure(backup_of(&data, &file).env("OCTROI_BACKUP_PASSPHRASE", PASSPHRASE));
    assert!(nothing.contains("nothing to back up"), "{nothing}");
    done(&mut on(&data, &["migrate"]));
    let unasked = line_of_failure(&mut backup_of(&data, &file));
    assert!(unasked.contains("OCTROI_BACKUP_PASSPHRASE"), "{unasked}");
    let short = line_of_failure(backup_of(&data, &file).env("OCTROI_BACKUP_PASSPHRASE", "court"));
    assert!(short.contains("too short"), "{short}");

    let passphrase = folder.path().join("passphrase");
    fs::write(&passphrase, format!("{PASSPHRASE}\n")).unwrap();
    done(backup_of(&data, &file).env("OCTROI_BACKUP_PASSPHRASE_FILE", &passphrase));
    let again = line_of_failure(backup_of(&data, &file).env("OCTROI_BACKUP_PASSPHRASE", PASSPHRASE));
    assert!(again.contains("exists already"), "{again}");

    let before = fs::read(data.join("master.key")).unwrap();
    let full = line_of_failure(restore_to(&data, &file).env("OCTROI_BACKUP_PASSPHRASE", PASSPHRASE));
    assert!(full.contains("octroi.db exists already"), "{full}");
    assert_eq!(fs::read(data.join("master.key")).unwrap(), before);
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

#[test]
fn what_another_database_left_is_not_replayed_into_the_one_that_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("octroi.backup"));
    done(&mut on(&data, &["migrate"]));
    sealed(&mut backup_of(&data, &file), PASSPHRASE);
    let target = folder.path().join("target");
    fs::create_dir(&target).unwrap();
    fs::write(target.join("octroi.db-wal"), "left by a crash").unwrap();
    let said = line_of_failure(restore_to(&target, &file).env("OCTROI_BACKUP_PASSPHRASE", PASSPHRASE));
    assert!(said.contains("octroi.db-wal exists already"), "{said}");
    fs::remove_file(target.join("octroi.db-wal")).unwrap();
    sealed(&mut restore_to(&target, &file), PASSPHRASE);
}

#[test]
fn keys_that_are_not_those_of_the_database_are_not_backed_up() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("octroi.backup"));
    done(&mut on(&data, &["migrate"]));
    fs::write(data.join("pepper.key"), format!("1:{}\n", "ab".repeat(32))).unwrap();
    let said = line_of_failure(backup_of(&data, &file).env("OCTROI_BACKUP_PASSPHRASE", PASSPHRASE));
    assert!(said.contains("the pepper at hand is not the one"), "{said}");
    assert!(!file.exists());
}

#[test]
fn of_a_postgresql_database_the_file_holds_the_keys_alone() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let Some(database) = runtime.block_on(async { octroi_testkit::blank_databases() }).into_iter().nth(1)
    else {
        return;
    };
    assert!(database.url.starts_with("postgres"), "{}", database.name);
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("octroi.backup"));
    let with = |mut command: Command| {
        command.env("OCTROI_DATABASE_URL", &database.url).env("OCTROI_BACKUP_PASSPHRASE", PASSPHRASE);
        command
    };
    done(&mut with(on(&data, &["migrate"])));
    let said = done(&mut with(backup_of(&data, &file)));
    assert!(said.contains("the keys alone") && said.contains("pg_dump"), "{said}");
    let restored = folder.path().join("restored");
    let said = line_of_failure(restore_to(&restored, &file).env("OCTROI_BACKUP_PASSPHRASE", PASSPHRASE));
    assert!(said.contains("made of a PostgreSQL database"), "{said}");
    let said = done(&mut with(restore_to(&restored, &file)));
    assert!(said.contains("the keys are back"), "{said}");
    for key in ["master.key", "pepper.key"] {
        assert_eq!(fs::read(restored.join(key)).unwrap(), fs::read(data.join(key)).unwrap());
    }
    done(&mut with(on(&restored, &["audit", "verify"])));
}
