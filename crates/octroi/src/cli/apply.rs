//! `octroi apply`: makes the catalogue what files say.

use std::path::PathBuf;

use clap::Args;
use octroi_app::catalog::Faults;
use octroi_app::catalog::apply::{ApplyError, ApplyOptions};
use octroi_app::catalog::files::{self, Variables};
use octroi_domain::actor::Actor;

use super::{Ended, Failure, Where, say, words};
use crate::ambient::Ambient;
use crate::foundation::{Addresses, Foundation};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  octroi apply sirene.yaml --dry-run\n  octroi apply catalogue/ --config octroi.toml\n  \
    octroi apply catalogue/ --set UPSTREAM=https://sirene.example.fr\n\nAll is done in one commit or not at all; a mistake \
    points at file, line and field.\nThe form of the files: docs/reference/catalogue.md"
)]
pub(super) struct Options {
    /// A catalogue file, or a folder of them (*.yaml, *.yml).
    path: PathBuf,
    /// Show the difference and change nothing.
    #[arg(long, env = "OCTROI_DRY_RUN")]
    dry_run: bool,
    /// Also take out what the files do not name, among the APIs of the providers that they do name.
    #[arg(long, env = "OCTROI_PRUNE")]
    prune: bool,
    /// A value for ${NAME} in the files; may be given several times.
    #[arg(long, value_name = "NAME=VALUE", value_parser = variable)]
    set: Vec<(String, String)>,
    /// Print the difference as JSON.
    #[arg(long, env = "OCTROI_JSON")]
    json: bool,
    #[command(flatten)]
    place: Where,
}

fn variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("give NAME=VALUE")?;
    if name.is_empty() {
        Err("the name is missing".to_owned())
    } else {
        Ok((name.to_owned(), value.to_owned()))
    }
}

pub(super) async fn run(options: Options) -> Ended {
    let config = options.place.load()?;
    let variables: Variables = options.set.into_iter().collect();
    let path = options.path;
    let loaded = tokio::task::spawn_blocking(move || files::load(&path, &variables)).await?;
    let loaded = loaded.map_err(|faults| mistakes(&faults))?;
    let ambient = Ambient::system();
    let foundation = Foundation::existing(&config, &ambient).await?;
    let app = foundation.app(&config, &ambient, &Addresses::configured(&config)?, None).await?;
    let how = ApplyOptions { dry_run: options.dry_run, prune: options.prune };
    let applied = app.apply(&Actor::System("cli"), loaded, how).await;
    foundation.store.close().await;
    let report = applied.map_err(|error| match error {
        ApplyError::Faults(faults) => mistakes(&faults),
        ApplyError::App(error) => words::failure(&error),
    })?;
    if options.json { say(serde_json::to_string(&report)?) } else { say(report) }
}

/// Every mistake on a line of its own: they are what the person came for.
fn mistakes(faults: &Faults) -> Failure {
    use std::io::Write as _;
    for fault in &faults.0 {
        let _ = writeln!(std::io::stderr(), "{fault}");
    }
    Failure(match faults.0.len() {
        1 => "one mistake: nothing was changed".to_owned(),
        n => format!("{n} mistakes: nothing was changed"),
    })
}
