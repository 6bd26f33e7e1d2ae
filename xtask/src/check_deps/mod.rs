//! The walls of the house (docs/architecture.md), checked on manifests and on source text.

mod manifests;
mod sources;

use anyhow::{Result, bail};

/// Checks every wall; lists every breach at once.
pub(crate) fn run() -> Result<()> {
    let mut breaches = manifests::check(&manifests::read()?);
    breaches.extend(sources::check()?);
    if breaches.is_empty() {
        println!("the walls stand: manifests and sources keep to docs/architecture.md");
        return Ok(());
    }
    for breach in &breaches {
        println!("- {breach}");
    }
    bail!("{} breach(es) of the walls between crates (docs/architecture.md)", breaches.len());
}
