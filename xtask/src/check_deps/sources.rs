//! What manifests cannot say, checked on source text: the engine's seam, the environment, the shape of files.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::workspace;

/// A file has one subject: past this many lines it has more.
const MAX_LINES: usize = 800;

/// Folders whose Rust files are looked at.
const FOLDERS: &[&str] = &["crates", "xtask", "tests"];

/// Words that may stand in some files only.
struct Ban {
    words: &'static [&'static str],
    /// Where the words are looked for: paths that begin so.
    within: &'static [&'static str],
    /// Where they may stand all the same.
    except: &'static [&'static str],
    /// A line that holds this is fine.
    unless_line_has: Option<&'static str>,
    what_to_do: &'static str,
}

const BANS: &[Ban] = &[
    Ban {
        words: &["use hyper", "hyper::", "hyper_util::"],
        within: &["crates/octroi-gateway/src/"],
        except: &["crates/octroi-gateway/src/engine/", "crates/octroi-gateway/src/engine.rs"],
        unless_line_has: None,
        what_to_do: "only engine/ names the proxy library; give the seam a type of its own",
    },
    Ban {
        words: &["env::var", "env::vars", "env::args"],
        within: &["crates/"],
        except: &["crates/octroi/"],
        // How tests learn of the PostgreSQL that `cargo xtask test` starts.
        unless_line_has: Some("OCTROI_TEST_"),
        what_to_do: "only the binary reads the environment; take the value as an argument",
    },
    Ban {
        words: &["std::fs", "fs::read", "TcpStream", "TcpListener", "UdpSocket", "tokio::"],
        within: &["crates/octroi-domain/src/", "crates/octroi-policy/src/"],
        except: &[],
        unless_line_has: None,
        what_to_do: "domain and policy do no input or output; let the caller read and pass the value in",
    },
];

/// Every breach in the workspace's sources.
pub(super) fn check() -> Result<Vec<String>> {
    let root = workspace::root();
    let mut files = Vec::new();
    for folder in FOLDERS {
        rust_files(&root.join(folder), &mut files)?;
    }
    files.sort();
    let mut breaches = Vec::new();
    for file in files {
        if file.with_extension("stderr").is_file() {
            // A case that must not compile: input of a test, not source.
            continue;
        }
        let text =
            std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let path = file.strip_prefix(&root).unwrap_or(&file).to_string_lossy().into_owned();
        breaches.extend(check_file(&path, &text));
    }
    Ok(breaches)
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            rust_files(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(())
}

/// Every breach in one file, whose path is relative to the root.
fn check_file(path: &str, text: &str) -> Vec<String> {
    let mut breaches = Vec::new();
    if !text.starts_with("//!") {
        breaches.push(format!("{path}: begin the file with a `//!` comment that says its one subject"));
    }
    let lines = text.lines().count();
    if lines >= MAX_LINES {
        breaches
            .push(format!("{path}: {lines} lines are more than one subject; split it (below {MAX_LINES})"));
    }
    let applicable =
        BANS.iter().filter(|ban| starts_with_any(path, ban.within) && !starts_with_any(path, ban.except));
    for ban in applicable {
        breaches.extend(banned_lines(ban, path, text));
    }
    breaches
}

fn starts_with_any(path: &str, prefixes: &[&str]) -> bool {
    prefixes.iter().any(|prefix| path.starts_with(prefix))
}

fn banned_lines(ban: &Ban, path: &str, text: &str) -> Vec<String> {
    let said = |(index, line): (usize, &str)| {
        let code = line.split("//").next().unwrap_or_default();
        let word = ban.words.iter().find(|word| names(code, word))?;
        let excused = ban.unless_line_has.is_some_and(|mark| line.contains(mark));
        (!excused).then(|| format!("{path}:{}: `{word}`: {}", index + 1, ban.what_to_do))
    };
    text.lines().take(shipped_lines(text)).enumerate().filter_map(said).collect()
}

/// The number of lines before the module of tests that closes a file: tests may read what they like.
fn shipped_lines(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let opens_tests =
        |pair: &[&str]| pair.first() == Some(&"#[cfg(test)]") && pair.last() == Some(&"mod tests {");
    lines.windows(2).position(opens_tests).unwrap_or(lines.len())
}

/// Whether code holds the word, not merely as the end of a longer one.
fn names(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(start, _)| {
        let before = code.get(..start).and_then(|text| text.chars().next_back());
        !before.is_some_and(|character| character.is_alphanumeric() || character == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tidy_file_passes() {
        let text = "//! One subject.\n// hyper::Request is named in a comment only\nuse http::Request;\n";
        assert_eq!(check_file("crates/octroi-gateway/src/pipeline.rs", text), Vec::<String>::new());
    }

    #[test]
    fn only_the_engine_names_the_proxy_library() {
        let text = "//! One subject.\nuse hyper::Request;\n";
        let breaches = check_file("crates/octroi-gateway/src/pipeline.rs", text);
        assert!(breaches.iter().any(|breach| breach.contains("pipeline.rs:2")), "{breaches:?}");
        assert!(check_file("crates/octroi-gateway/src/engine/hyper_road.rs", text).is_empty());
        let own_word = "//! One subject.\nlet x = my_hyper::road();\n";
        assert!(check_file("crates/octroi-gateway/src/pipeline.rs", own_word).is_empty());
    }

    #[test]
    fn only_the_binary_reads_the_environment() {
        let text = "//! One subject.\nlet home = std::env::var(\"HOME\");\n";
        assert_eq!(check_file("crates/octroi-store/src/lib.rs", text).len(), 1);
        assert!(check_file("crates/octroi/src/config.rs", text).is_empty());
        let test = "//! One subject.\nlet url = std::env::var(\"OCTROI_TEST_POSTGRES\");\n";
        assert!(check_file("crates/octroi-store/src/conformance.rs", test).is_empty());
    }

    #[test]
    fn domain_and_policy_do_no_input_or_output() {
        let text = "//! One subject.\nlet text = std::fs::read_to_string(path);\n";
        assert_eq!(check_file("crates/octroi-policy/src/dialect.rs", text).len(), 1);
        assert!(check_file("crates/octroi-app/src/jobs.rs", text).is_empty());
    }

    #[test]
    fn the_tests_at_the_end_of_a_file_may_read_files() {
        let text = "//! One subject.\n#[cfg(test)]\nmod tests {\n    use std::fs;\n}\n";
        assert!(check_file("crates/octroi-policy/src/outcome.rs", text).is_empty());
        let shipped = "//! One subject.\nuse std::fs;\n#[cfg(test)]\nmod tests {\n}\n";
        assert_eq!(check_file("crates/octroi-policy/src/outcome.rs", shipped).len(), 1);
    }

    #[test]
    fn a_file_says_its_subject_and_stays_short() {
        assert_eq!(check_file("crates/octroi/src/main.rs", "fn main() {}\n").len(), 1);
        let long = format!("//! One subject.\n{}", "\n".repeat(MAX_LINES));
        assert_eq!(check_file("tests/src/row2.rs", &long).len(), 1);
    }
}
