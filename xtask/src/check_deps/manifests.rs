//! Who may import whom, checked on `cargo metadata`.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::command::CommandExt as _;
use crate::workspace;

/// A crate of the house and the crates of the house that it may import.
struct Room {
    name: &'static str,
    imports: &'static [&'static str],
}

/// Every crate below crates/, from the bottom up.
const ROOMS: &[Room] = &[
    Room { name: "octroi-domain", imports: &[] },
    Room { name: "octroi-policy", imports: &["octroi-domain"] },
    Room { name: "octroi-store", imports: &["octroi-domain"] },
    Room { name: "octroi-app", imports: &["octroi-store", "octroi-policy", "octroi-domain"] },
    Room { name: "octroi-gateway", imports: &["octroi-policy", "octroi-domain"] },
    Room { name: "octroi-web", imports: &["octroi-app", "octroi-domain"] },
    Room {
        name: "octroi",
        imports: &[
            "octroi-domain",
            "octroi-policy",
            "octroi-store",
            "octroi-app",
            "octroi-gateway",
            "octroi-web",
        ],
    },
];

/// Members outside crates/: they ship nothing and see everything.
const OUTSIDE: &[&str] = &["octroi-testkit", "octroi-tests", "xtask"];

/// Libraries that may be named in a few rooms only, with the reason that a breach is told.
struct Fence {
    libraries: &'static [&'static str],
    rooms: &'static [&'static str],
    why: &'static str,
}

const FENCES: &[Fence] = &[
    Fence {
        libraries: &["sqlx", "libsqlite3-sys", "sea-orm"],
        rooms: &["octroi-store"],
        why: "SQL lives in octroi-store; ask it for a query with a name",
    },
    Fence {
        libraries: &["hyper", "hyper-util"],
        rooms: &["octroi-gateway", "octroi"],
        why: "the proxy library is the gateway's engine; elsewhere use `http` types",
    },
    Fence {
        libraries: &["axum", "axum-extra", "tower", "tower-http"],
        rooms: &["octroi-web", "octroi"],
        why: "pages and routes live in octroi-web; a use case takes and gives plain types",
    },
    Fence {
        libraries: &["tokio", "tokio-util", "async-trait"],
        rooms: &["octroi-store", "octroi-app", "octroi-gateway", "octroi-web", "octroi"],
        why: "domain and policy are pure: facts and the time come in as arguments",
    },
    Fence {
        libraries: &["clap", "tracing-subscriber"],
        rooms: &["octroi"],
        why: "arguments, configuration and log output belong to the binary",
    },
];

/// The workspace as cargo tells it.
#[derive(Deserialize)]
pub(super) struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
}

/// Asks cargo for the manifests of the workspace.
pub(super) fn read() -> Result<Metadata> {
    let text = workspace::cargo().args(["metadata", "--format-version", "1", "--no-deps"]).must_output()?;
    serde_json::from_str(&text).context("`cargo metadata` wrote something unexpected")
}

/// Every breach, as a sentence that says what to do. Dependencies of tests count too: a test that needs more
/// of the house than its crate may import is a whole-product test and stands in tests/.
pub(super) fn check(metadata: &Metadata) -> Vec<String> {
    let mut breaches = Vec::new();
    for package in &metadata.packages {
        if OUTSIDE.contains(&package.name.as_str()) {
            continue;
        }
        let Some(room) = ROOMS.iter().find(|room| room.name == package.name) else {
            breaches.push(format!(
                "{}: a crate without walls; give it a room in xtask/src/check_deps/manifests.rs and docs/architecture.md",
                package.name
            ));
            continue;
        };
        breaches.extend(package.dependencies.iter().filter_map(|needed| breach(room, &needed.name)));
        breaches.extend(without_lints(package));
    }
    breaches
}

fn breach(room: &Room, needed: &str) -> Option<String> {
    let name = room.name;
    if ROOMS.iter().any(|other| other.name == needed) {
        let allowed = if room.imports.is_empty() { "nothing".to_owned() } else { room.imports.join(", ") };
        return (!room.imports.contains(&needed)).then(|| {
            format!("{name} must not import {needed} (it may import {allowed}); move the code to where both can see it, or pass the value in")
        });
    }
    let fence = FENCES.iter().find(|fence| fence.libraries.contains(&needed))?;
    (!fence.rooms.contains(&name)).then(|| format!("{name} must not import {needed}: {}", fence.why))
}

/// A crate that does not take the workspace's lints would be judged by no rule at all.
fn without_lints(package: &Package) -> Option<String> {
    let text = std::fs::read_to_string(&package.manifest_path).ok()?;
    (!takes_lints(&text))
        .then(|| format!("{}: add `[lints]` with `workspace = true` to its manifest", package.name))
}

fn takes_lints(manifest: &str) -> bool {
    let mut lines = manifest.lines().map(str::trim);
    lines.any(|line| line == "[lints]") && lines.next() == Some("workspace = true")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace(packages: &[(&str, &[&str])]) -> Metadata {
        let packages = packages
            .iter()
            .map(|(name, needed)| Package {
                name: (*name).to_owned(),
                manifest_path: PathBuf::from("nowhere/Cargo.toml"),
                dependencies: needed.iter().map(|name| Dependency { name: (*name).to_owned() }).collect(),
            })
            .collect();
        Metadata { packages }
    }

    #[test]
    fn the_house_as_planned_passes() {
        let metadata = workspace(&[
            ("octroi-domain", &["serde"]),
            ("octroi-policy", &["octroi-domain", "http"]),
            ("octroi-store", &["octroi-domain", "sqlx", "tokio"]),
            ("octroi-app", &["octroi-store", "octroi-policy", "octroi-domain"]),
            ("octroi-gateway", &["octroi-policy", "octroi-domain", "hyper"]),
            ("octroi-web", &["octroi-app", "octroi-domain", "axum"]),
            ("octroi", &["octroi-gateway", "octroi-web", "octroi-store", "axum", "hyper", "clap"]),
            ("octroi-tests", &["octroi", "octroi-store", "hyper"]),
            ("xtask", &["clap"]),
        ]);
        assert_eq!(check(&metadata), Vec::<String>::new());
    }

    #[test]
    fn every_forbidden_import_is_told() {
        let breaches = |name, needed| check(&workspace(&[(name, &[needed])])).len();
        for (name, needed) in [
            ("octroi-domain", "octroi-policy"),
            ("octroi-domain", "tokio"),
            ("octroi-policy", "tokio"),
            ("octroi-policy", "octroi-store"),
            ("octroi-store", "octroi-app"),
            ("octroi-app", "octroi-web"),
            ("octroi-app", "octroi-gateway"),
            ("octroi-app", "axum"),
            ("octroi-app", "sqlx"),
            ("octroi-gateway", "octroi-store"),
            ("octroi-gateway", "octroi-app"),
            ("octroi-gateway", "octroi-web"),
            ("octroi-gateway", "axum"),
            ("octroi-web", "octroi-store"),
            ("octroi-web", "hyper"),
            ("octroi", "sqlx"),
            ("octroi-store", "clap"),
        ] {
            assert_eq!(breaches(name, needed), 1, "{name} -> {needed}");
        }
    }

    #[test]
    fn a_breach_names_both_sides_and_what_is_allowed() {
        let breaches = check(&workspace(&[("octroi-web", &["octroi-store"])]));
        let [message] = breaches.as_slice() else { panic!("one breach, not {breaches:?}") };
        assert!(message.contains("octroi-web must not import octroi-store"), "{message}");
        assert!(message.contains("octroi-app, octroi-domain"), "{message}");
    }

    #[test]
    fn a_crate_nobody_knows_is_told() {
        let breaches = check(&workspace(&[("octroi-attic", &[])]));
        assert!(
            breaches.len() == 1 && breaches.iter().all(|breach| breach.contains("octroi-attic")),
            "{breaches:?}"
        );
    }

    #[test]
    fn lints_are_taken_from_the_workspace_or_not() {
        assert!(takes_lints("[package]\n\n[lints]\nworkspace = true\n"));
        assert!(!takes_lints("[package]\n[dependencies]\nserde.workspace = true\n"));
    }
}
