//! The program `octroi`.

use std::process::ExitCode;

fn main() -> ExitCode {
    octroi::cli::main()
}
