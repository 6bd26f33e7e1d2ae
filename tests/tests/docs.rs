//! What is written beside the program stays true: a page for each outcome and none too many, links that lead somewhere,
//! codes that are explained.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use octroi_policy::Outcome;
use octroi_web::ProblemCode;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Every Markdown file that the repository holds, outside what is built.
fn pages() -> Vec<PathBuf> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "*.md"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let text = String::from_utf8(listed.stdout).unwrap();
    text.lines().map(|line| root().join(line)).filter(|path| path.exists()).collect()
}

/// The targets of a page's links, code left out.
fn links(text: &str) -> Vec<String> {
    let mut prose = String::new();
    for (place, part) in text.split("```").enumerate() {
        if place % 2 == 0 {
            prose.push_str(part);
        }
    }
    let mut found = Vec::new();
    for after in prose.split("](").skip(1) {
        found.extend(after.split(')').next().map(str::to_owned));
    }
    found
}

#[test]
fn every_outcome_has_its_page_and_every_page_its_outcome() {
    let folder = root().join("docs/errors");
    let wanted: BTreeSet<String> =
        Outcome::ALL.iter().map(|o| o.code()).chain([Outcome::UNAUTHORIZED]).map(str::to_owned).collect();
    // In English, and beside it in French.
    for pages in [&folder, &folder.join("fr")] {
        let there: BTreeSet<String> = std::fs::read_dir(pages)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file())
            .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
            .filter(|stem| stem != "README")
            .collect();
        assert_eq!(there, wanted, "{}", pages.display());
    }
    let index = read(&folder.join("README.md"));
    for outcome in Outcome::ALL {
        let row = index.lines().find(|line| line.contains(&format!("({}.md)", outcome.code()))).unwrap();
        assert!(row.contains(outcome.fault().word()), "{row}");
        assert!(*outcome == Outcome::Admitted || row.contains(&outcome.status().to_string()), "{row}");
    }
}

#[test]
fn every_problem_code_is_explained() {
    let reference = read(&root().join("docs/reference/api.md"));
    let missing: Vec<_> = ProblemCode::all()
        .map(ProblemCode::code)
        .filter(|code| !reference.contains(&format!("`{code}`")))
        .collect();
    assert_eq!(missing, Vec::<&str>::new());
}

/// Whether the portal shows something at this path: a page, or the document of its API.
fn is_page(path: &str) -> bool {
    let document = format!("{}/openapi.json", octroi_web::api::ROOT);
    path == document
        || octroi_web::portal::page_table().iter().any(|row| row.method == "GET" && row.path == path)
}

#[test]
fn links_lead_to_files_and_to_pages() {
    let mut broken = Vec::new();
    let pages = pages();
    assert!(pages.iter().any(|page| page.ends_with("README.md")));
    for page in pages {
        for link in links(&read(&page)) {
            let target = link.split('#').next().unwrap_or_default();
            let elsewhere = target.is_empty() || target.contains("://") || target.starts_with("mailto:");
            let leads = match target.strip_prefix('/') {
                // Texts that the portal shows lead to its pages.
                Some(_) => page.starts_with(root().join("crates/octroi-web")) && is_page(target),
                None => page.parent().unwrap().join(target).exists(),
            };
            if !elsewhere && !leads {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert_eq!(broken, Vec::<String>::new());
}

#[test]
fn the_readme_names_the_two_commands() {
    let readme = read(&root().join("README.md"));
    assert!(
        readme.contains("cargo run --release -- demo") && readme.contains("cargo xtask test"),
        "{readme}"
    );
}

#[test]
fn the_readmes_first_command_means_the_program() {
    // `cargo run` names no package: it runs what the workspace says it does.
    let said = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
    let members = metadata["workspace_default_members"].as_array().unwrap();
    let runs: Vec<&str> = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|package| members.contains(&package["id"]))
        .flat_map(|package| package["targets"].as_array().unwrap())
        .filter(|target| target["kind"][0] == "bin")
        .map(|target| target["name"].as_str().unwrap())
        .collect();
    assert_eq!(runs, ["octroi"]);
}
