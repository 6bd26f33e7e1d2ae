//! The command line: what people type, and how a command ends: 0 done, 1 failed with one line on standard error, 2 wrong
//! usage.

mod admin;
mod apply;
mod audit;
mod backup;
mod bench_portal;
mod bench_seed;
mod doctor;
mod explain;
mod migrate;
mod schema;
mod serve;
mod words;

use std::io::{self, Write as _};
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;

use crate::config::{self, Config, ConfigError};
use crate::{demo, telemetry};

/// API portal, key desk and gateway in one program.
#[derive(Debug, Parser)]
#[command(name = "octroi", version, propagate_version = true, max_term_width = 100)]
#[command(
    after_help = "First steps:\n  octroi demo                          the whole product with fictitious data\n  \
    octroi serve --config octroi.toml    for real\n\nEvery option can also be given by the environment: OCTROI_ and its \
    name in capitals.\nExit status: 0 done, 1 failed (one line on standard error says why), 2 wrong usage."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the whole product with fictitious data, without any configuration.
    Demo(demo::Options),
    /// Run portal and gateway as the configuration says.
    Serve(serve::Options),
    /// Make the catalogue what files say: APIs, plans, pages.
    Apply(apply::Options),
    /// Care for administrators.
    #[command(subcommand)]
    Admin(admin::Command),
    /// Check configuration, keys, database, mail and upstreams, and say what to mend.
    Doctor(Where),
    /// Bring the database to this program's version.
    Migrate(Where),
    /// Write database and keys into one sealed file.
    Backup(backup::Options),
    /// Put back what a backup holds, into an empty place.
    Restore(backup::Options),
    /// Look after the audit trail.
    #[command(subcommand)]
    Audit(audit::Command),
    /// Say why a call would be let through or refused, stage by stage.
    Explain(explain::Options),
    /// Print what a shell needs to complete commands and options.
    #[command(
        after_help = "Example:\n  octroi completions bash > ~/.local/share/bash-completion/completions/octroi"
    )]
    Completions {
        /// The shell.
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Print a document that the program can write of itself.
    #[command(subcommand, hide = true)]
    Schema(schema::Command),
    /// Fill a database for benches.
    #[command(hide = true)]
    BenchSeed(bench_seed::Options),
    /// Fill a database for the bench of the portal's pages.
    #[command(hide = true)]
    BenchPortal(bench_portal::Options),
}

/// Where the configuration is.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Where {
    /// Configuration file; `octroi.toml` here where there is one, else the defaults.
    #[arg(long, value_name = "FILE", env = "OCTROI_CONFIG")]
    config: Option<PathBuf>,
}

impl Where {
    /// The file that is read, where one is.
    fn file(&self) -> Option<PathBuf> {
        let usual = || Some(PathBuf::from("octroi.toml")).filter(|path| path.exists());
        self.config.clone().or_else(usual)
    }

    /// Reads the configuration and begins to log.
    fn load(&self) -> Result<Config, ConfigError> {
        let config = self.read()?;
        telemetry::start(&config.logs);
        Ok(config)
    }

    fn read(&self) -> Result<Config, ConfigError> {
        config::load(self.file().as_deref(), &environment)
    }
}

/// A variable of the process's environment.
#[allow(clippy::disallowed_methods, reason = "the command line is where the environment is read")]
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Why a command failed, in one line.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) String);

impl<E: std::fmt::Display> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// How a command ends.
pub(crate) type Ended = Result<(), Failure>;

/// Prints text on standard output. A reader that went away is no failure.
pub(crate) fn say(text: impl std::fmt::Display) -> Ended {
    match writeln!(io::stdout(), "{text}") {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(Failure(format!("cannot write: {e}"))),
        _ => Ok(()),
    }
}

fn complain(text: &str) {
    let line = text.lines().map(str::trim).filter(|l| !l.is_empty()).collect::<Vec<_>>().join(" ");
    let _ = writeln!(io::stderr(), "octroi: {line}");
}

/// Reads the arguments, runs the command, gives the exit status.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    // A panic is a fault of ours: it was logged where it happened, and ends like any failure.
    let ended = std::panic::catch_unwind(AssertUnwindSafe(|| run(cli.command)));
    match ended {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(Failure(line))) => {
            complain(&line);
            ExitCode::FAILURE
        }
        Err(_) => {
            complain("a fault of ours ended the program; the log says where. Please report it");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Ended {
    match command {
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "octroi", &mut io::stdout());
            Ok(())
        }
        Command::Schema(schema) => schema::run(&schema),
        other => {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .enable_all()
                .thread_name("octroi")
                .build()
                .map_err(|e| Failure(format!("cannot start: {e}")))?;
            let ended = runtime.block_on(run_async(other));
            // What still runs in the background was told to stop; it is not waited for longer than this.
            runtime.shutdown_timeout(std::time::Duration::from_millis(500));
            ended
        }
    }
}

async fn run_async(command: Command) -> Ended {
    match command {
        Command::Demo(options) => Box::pin(demo::run(options)).await,
        Command::Serve(options) => Box::pin(serve::run(options)).await,
        Command::Apply(options) => Box::pin(apply::run(options)).await,
        Command::Admin(command) => Box::pin(admin::run(command)).await,
        Command::Doctor(place) => Box::pin(doctor::run(place)).await,
        Command::Migrate(place) => Box::pin(migrate::run(place)).await,
        Command::Backup(options) => Box::pin(backup::make(options)).await,
        Command::Restore(options) => Box::pin(backup::restore(options)).await,
        Command::Audit(command) => Box::pin(audit::run(command)).await,
        Command::Explain(options) => Box::pin(explain::run(options)).await,
        Command::BenchSeed(options) => Box::pin(bench_seed::run(options)).await,
        Command::BenchPortal(options) => Box::pin(bench_portal::run(options)).await,
        Command::Completions { .. } | Command::Schema(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_and_option_is_in_the_reference() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/cli.md");
        let reference = std::fs::read_to_string(path).unwrap();
        let mut missing = Vec::new();
        collect(&Cli::command(), &mut Vec::new(), &reference, &mut missing);
        assert_eq!(missing, Vec::<String>::new());
    }

    fn collect(command: &clap::Command, path: &mut Vec<String>, reference: &str, missing: &mut Vec<String>) {
        for sub in command.get_subcommands().filter(|s| !s.is_hide_set() && s.get_name() != "help") {
            path.push(sub.get_name().to_owned());
            let name = format!("octroi {}", path.join(" "));
            if !reference.contains(&name) {
                missing.push(name);
            }
            for long in sub.get_arguments().filter_map(clap::Arg::get_long) {
                if !["help", "version"].contains(&long) && !reference.contains(&format!("--{long}")) {
                    missing.push(format!("{} --{long}", path.join(" ")));
                }
            }
            collect(sub, path, reference, missing);
            path.pop();
        }
    }
}
