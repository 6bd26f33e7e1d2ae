//! `octroi schema …`: documents that the program writes of itself, kept in the repository.

use clap::Subcommand;
use octroi_web::portal::{Access, page_table};
use serde_json::{Value, json};

use super::{Ended, say};

/// The server that the checked-in document names; a running portal names itself.
const EXAMPLE_PORTAL: &str = "https://portail-api.example.fr";

#[derive(Clone, Copy, Debug, Subcommand)]
pub(super) enum Command {
    /// JSON Schema of the catalogue files.
    Catalogue,
    /// OpenAPI document of the management API.
    Openapi,
    /// The table of the portal's pages.
    Pages,
}

pub(super) fn run(command: &Command) -> Ended {
    let document = match command {
        Command::Catalogue => octroi_app::catalog::schema(),
        Command::Openapi => octroi_web::api::openapi::document(EXAMPLE_PORTAL),
        Command::Pages => pages(),
    };
    say(serde_json::to_string_pretty(&document)?)
}

/// Each page and form of the portal, and who may knock: `anybody`, `signed_in`, or whoever the table of permissions lets
/// do the action that is named. Browser tests and benches are held against it, so that no page is left out.
fn pages() -> Value {
    let access = |access| match access {
        Access::Anybody => "anybody",
        Access::SignedIn => "signed_in",
        Access::May(action) => action.name(),
    };
    let rows = page_table().iter();
    rows.map(|row| json!({"method": row.method.as_str(), "path": row.path, "access": access(row.access)}))
        .collect()
}
