//! The one command that passes everything, step by step.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::ValueEnum;

use crate::command::CommandExt as _;
use crate::postgres::{self, Postgres};
use crate::tools::Python;
use crate::workspace::{Profile, build_octroi, cargo};
use crate::{browser, check_deps, fhir, generate, schemathesis, tools};

/// The environment variable through which tests find the real program.
const BINARY_VARIABLE: &str = "OCTROI_TEST_BINARY";

/// The environment variable through which tests find Python with a mail server.
const SMTP_VARIABLE: &str = "OCTROI_TEST_SMTP_PYTHON";

/// Options of `cargo xtask test`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Run only this step (may be given several times).
    #[arg(long, value_enum)]
    only: Vec<Step>,
    /// Stop at the first step that fails.
    #[arg(long)]
    fail_fast: bool,
    /// Arguments for `cargo nextest run`, such as a filter; implies `--only tests`.
    #[arg(last = true)]
    nextest: Vec<String>,
}

/// The steps, in the order they run: the quick ones first.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Step {
    /// Formatting.
    Fmt,
    /// Walls between crates.
    Deps,
    /// Licences, banned crates, sources.
    Deny,
    /// Lints.
    Clippy,
    /// Documentation builds without warnings.
    Doc,
    /// Generated files are current.
    Generated,
    /// Examples in the documentation.
    Doctests,
    /// All tests, with SQLite and PostgreSQL.
    Tests,
    /// Schemathesis against the management API.
    Api,
    /// FHIR programs against the gateway.
    Fhir,
    /// A browser from no account to the first call.
    Browser,
}

impl Step {
    fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    fn run(self, nextest: &[String]) -> Result<()> {
        match self {
            Self::Fmt => cargo().args(["fmt", "--all", "--check"]).must(),
            Self::Deps => check_deps::run(),
            Self::Deny => deny(),
            Self::Clippy => {
                cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]).must()
            }
            Self::Doc => {
                cargo().args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings").must()
            }
            Self::Generated => generate::check(),
            Self::Doctests => cargo().args(["test", "--quiet", "--workspace", "--doc"]).must(),
            Self::Tests => tests(nextest),
            Self::Api => schemathesis::run(),
            Self::Fhir => fhir::run(),
            Self::Browser => browser::test(),
        }
    }
}

/// A step that ran.
struct Ran {
    step: Step,
    took: Duration,
    passed: bool,
}

/// Runs the chosen steps and says how each went.
pub(crate) fn run(options: &Options) -> Result<()> {
    let mut ran = Vec::new();
    for step in chosen(options) {
        println!("\n== {}", step.name());
        let started = Instant::now();
        let outcome = step.run(&options.nextest);
        let took = started.elapsed();
        let passed = outcome.is_ok();
        match outcome {
            Ok(()) => println!("== {} passed in {:.1} s", step.name(), took.as_secs_f64()),
            Err(error) => println!("== {} FAILED after {:.1} s: {error:#}", step.name(), took.as_secs_f64()),
        }
        ran.push(Ran { step, took, passed });
        if options.fail_fast && !passed {
            break;
        }
    }
    summarize(&ran)
}

fn chosen(options: &Options) -> Vec<Step> {
    let wanted: &[Step] = match (options.only.as_slice(), options.nextest.is_empty()) {
        ([], true) => Step::value_variants(),
        ([], false) => &[Step::Tests],
        (only, _) => only,
    };
    Step::value_variants().iter().copied().filter(|step| wanted.contains(step)).collect()
}

fn summarize(ran: &[Ran]) -> Result<()> {
    println!();
    for Ran { step, took, passed } in ran {
        let word = if *passed { "passed" } else { "FAILED" };
        println!("{word}  {:>7.1} s  {}", took.as_secs_f64(), step.name());
    }
    let failed = ran.iter().filter(|step| !step.passed).count();
    println!("steps: {} passed, {failed} failed", ran.len() - failed);
    if failed > 0 {
        bail!("run one step alone with `cargo xtask test --only <step>`");
    }
    Ok(())
}

fn deny() -> Result<()> {
    // A fresh clone has not downloaded every crate yet; a lock file out of date is told here too.
    cargo().args(["fetch", "--quiet", "--locked"]).must()?;
    println!("advisories are not looked at here: their database is not in any package registry");
    tools::cargo_subcommand("deny")?.args(["--offline", "check", "licenses", "bans", "sources"]).must()
}

fn tests(nextest: &[String]) -> Result<()> {
    let mut command = tools::cargo_subcommand("nextest")?;
    command.arg("run");
    if !names_packages(nextest) {
        command.arg("--workspace");
    }
    if needs_binary(nextest) {
        command.env(BINARY_VARIABLE, build_octroi(Profile::Dev)?);
    }
    if needs_smtp(nextest) {
        command.env(SMTP_VARIABLE, tools::python(Python::Aiosmtpd)?.join("python"));
    }
    let server = Postgres::start()?;
    command.args(nextest).env(postgres::URL_VARIABLE, server.url()).must()
}

/// Whether a developer asks for some packages only.
fn names_packages(nextest: &[String]) -> bool {
    nextest.iter().any(|word| word.starts_with("-p") || word.starts_with("--package"))
}

/// The packages whose tests run the real program.
fn needs_binary(nextest: &[String]) -> bool {
    !names_packages(nextest) || nextest.iter().any(|word| word == "octroi" || word == "octroi-tests")
}

/// The package whose tests talk to a real mail server.
fn needs_smtp(nextest: &[String]) -> bool {
    !names_packages(nextest) || nextest.iter().any(|word| word == "octroi-tests")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(only: &[Step], nextest: &[&str]) -> Options {
        let nextest = nextest.iter().map(|word| (*word).to_owned()).collect();
        Options { only: only.to_vec(), fail_fast: false, nextest }
    }

    #[test]
    fn everything_runs_by_default_and_a_filter_means_the_tests() {
        assert!(chosen(&options(&[], &[])) == Step::value_variants());
        assert!(chosen(&options(&[], &["renewal"])) == [Step::Tests]);
    }

    #[test]
    fn the_program_is_built_for_the_tests_that_run_it() {
        let needs =
            |words: &[&str]| needs_binary(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert!(needs(&[]) && needs(&["renewal"]) && needs(&["-p", "octroi-tests"]));
        assert!(!needs(&["-p", "octroi-store"]));
    }

    #[test]
    fn the_mail_server_is_installed_for_the_tests_that_run_it() {
        let needs =
            |words: &[&str]| needs_smtp(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert!(needs(&[]) && needs(&["renewal"]) && needs(&["-p", "octroi-tests"]));
        assert!(!needs(&["-p", "octroi"]));
    }

    #[test]
    fn chosen_steps_run_in_the_usual_order() {
        assert!(chosen(&options(&[Step::Api, Step::Fmt], &[])) == [Step::Fmt, Step::Api]);
    }
}
