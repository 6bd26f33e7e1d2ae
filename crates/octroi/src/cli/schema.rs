//! `octroi schema …`: documents that the program writes of itself, kept in the repository.

use clap::Subcommand;

use super::{Ended, say};

/// The server that the checked-in document names; a running portal names itself.
const EXAMPLE_PORTAL: &str = "https://portail-api.example.fr";

#[derive(Clone, Copy, Debug, Subcommand)]
pub(super) enum Command {
    /// JSON Schema of the catalogue files.
    Catalogue,
    /// OpenAPI document of the management API.
    Openapi,
}

pub(super) fn run(command: &Command) -> Ended {
    let document = match command {
        Command::Catalogue => octroi_app::catalog::schema(),
        Command::Openapi => octroi_web::api::openapi::document(EXAMPLE_PORTAL),
    };
    say(serde_json::to_string_pretty(&document)?)
}
