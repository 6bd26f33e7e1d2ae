//! The project's own tasks, as `cargo xtask <task>`: tests, walls between crates, generated files, benches.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a task talks to the person who started it")]
#![allow(clippy::disallowed_methods, reason = "tasks time real programs and read the real environment")]

mod background;
mod bench;
mod browser;
mod check_deps;
mod command;
mod demo;
mod fhir;
mod generate;
mod http;
mod postgres;
mod schemathesis;
mod test;
mod tools;
mod workspace;

use clap::{Parser, Subcommand};

/// Tasks of the Octroi project.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Pass every check and every test; installs what is missing (Debian, PyPI, npm).
    Test(test::Options),
    /// Check the walls between crates (who may import whom) and the shape of source files.
    CheckDeps,
    /// Write the generated files (schemas), or compare them with `--check`.
    Generate(generate::Options),
    /// Run a command with a private PostgreSQL in OCTROI_TEST_POSTGRES.
    Postgres(postgres::Options),
    /// Walk the portal with a browser, or draw its picture for the README.
    Browser(browser::Options),
    /// Measure Octroi, beside its peers where there are any.
    Bench(bench::Options),
}

fn main() -> std::process::ExitCode {
    let outcome = match Cli::parse().task {
        Task::Test(options) => test::run(&options),
        Task::CheckDeps => check_deps::run(),
        Task::Generate(options) => generate::run(&options),
        Task::Postgres(options) => postgres::run(&options),
        Task::Browser(options) => browser::run(&options),
        Task::Bench(options) => bench::run(&options),
    };
    match outcome {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}
