//! The keys outside the database: made once, never replaced, never guessed.

use std::fs;
use std::path::Path;

use crate::program::{done, line_of_failure, on};

fn first_start() -> tempfile::TempDir {
    let data = tempfile::tempdir().unwrap();
    done(&mut on(data.path(), &["migrate"]));
    data
}

/// Every command that needs the keys, the server first.
const COMMANDS: [&[&str]; 3] = [&["serve"], &["migrate"], &["audit", "verify"]];

fn refused(data: &Path, expected: &str) {
    for arguments in COMMANDS {
        let said = line_of_failure(&mut on(data, arguments));
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
}

#[test]
fn what_is_kept_is_its_owners_alone() {
    use std::os::unix::fs::MetadataExt as _;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    done(&mut on(&data, &["migrate"]));
    assert_eq!(fs::metadata(&data).unwrap().mode() & 0o777, 0o700);
    for entry in fs::read_dir(&data).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().mode() & 0o077, 0, "{:?}", entry.file_name());
    }
}

#[test]
fn a_missing_key_stops_the_program_and_is_not_made_anew() {
    for (file, name) in [("master.key", "master key"), ("pepper.key", "pepper")] {
        let data = first_start();
        let path = data.path().join(file);
        let kept = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        refused(data.path(), &format!("the {name} is missing"));
        assert!(!path.exists());
        fs::write(&path, kept).unwrap();
        done(&mut on(data.path(), &["audit", "verify"]));
    }
}

#[test]
fn a_wrong_or_damaged_key_stops_the_program() {
    for (file, name) in [("master.key", "master key"), ("pepper.key", "pepper")] {
        let data = first_start();
        let path = data.path().join(file);
        let kept = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("1:{}\n", "ab".repeat(32))).unwrap();
        refused(data.path(), &format!("the {name} is not the one that this database was made with"));
        fs::write(&path, &kept[..40]).unwrap();
        refused(data.path(), &format!("the {name} cannot be read"));
        fs::write(&path, "").unwrap();
        refused(data.path(), "the file is empty");
        fs::write(&path, kept).unwrap();
        done(&mut on(data.path(), &["audit", "verify"]));
    }
}

#[test]
fn a_new_pepper_goes_before_the_old_one_which_stays() {
    let data = first_start();
    let path = data.path().join("pepper.key");
    let old = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("2:{}\n{old}", "ab".repeat(32))).unwrap();
    done(&mut on(data.path(), &["audit", "verify"]));
    // Keys may have been made under either.
    for lost in [old.clone(), format!("2:{}\n", "ab".repeat(32))] {
        fs::write(&path, lost).unwrap();
        refused(data.path(), "the pepper is not the one that this database was made with");
    }
    fs::write(&path, format!("2:{}\n{old}", "ab".repeat(32))).unwrap();
    done(&mut on(data.path(), &["audit", "verify"]));
}

#[test]
fn keys_can_come_from_the_environment_and_from_files() {
    let data = tempfile::tempdir().unwrap();
    let (master, pepper) = ("0f".repeat(32), data.path().join("elsewhere"));
    fs::write(&pepper, format!("3:{}\n", "f0".repeat(32))).unwrap();
    let with_keys = |master: &str, arguments: &[&str]| {
        let mut command = on(data.path(), arguments);
        command.env("OCTROI_KEYS_MASTER_KEY", master).env("OCTROI_KEYS_PEPPER_FILE", &pepper);
        command
    };
    done(&mut with_keys(&master, &["migrate"]));
    assert!(!data.path().join("master.key").exists() && !data.path().join("pepper.key").exists());
    done(&mut with_keys(&master, &["audit", "verify"]));
    let said = line_of_failure(&mut with_keys(&"11".repeat(32), &["serve"]));
    assert!(said.contains("the master key is not the one"), "{said}");
    assert!(!said.contains("1111"), "a key is never shown: {said}");
    let said = line_of_failure(&mut on(data.path(), &["serve"]));
    assert!(said.contains("is missing"), "{said}");
}
