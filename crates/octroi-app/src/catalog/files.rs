//! Reads catalogue files, and the files that they name, into memory. Each is bounded; none is read outside the
//! catalogue's folder.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use octroi_domain::api::MAX_MARKDOWN_BYTES;
use octroi_domain::validate::{Check, Violation};
use octroi_store::Document;
use serde_json::Value;

use super::document::ApiDocument;
use super::openapi;
use super::yaml::{self, Bounds, Node, Place};
use super::{Fault, Faults, MAX_OPENAPI_BYTES};
use crate::picture::{self, MAX_PICTURE_BYTES};

/// Values for `${NAME}` in catalogue files. Only what is given here is put in: the environment is never read.
pub type Variables = BTreeMap<String, String>;

/// The most bytes of a catalogue file.
pub const MAX_CATALOGUE_BYTES: usize = 1024 * 1024;

/// The most catalogue files of a folder.
const MAX_FILES: usize = 1_000;

const BOUNDS: Bounds = Bounds { nodes: 100_000, bytes: 4 * MAX_CATALOGUE_BYTES, depth: 64 };

/// How the message about an unknown variable begins.
pub(super) const NO_VALUE: &str = "no value is given for";

/// Catalogue files in memory, each well formed by itself.
#[derive(Debug)]
pub struct Loaded {
    pub(super) apis: Vec<LoadedApi>,
}

/// One document and what it names.
#[derive(Debug)]
pub(super) struct LoadedApi {
    pub(super) file: String,
    pub(super) node: Arc<Node>,
    pub(super) document: ApiDocument,
    pub(super) openapi: Option<Value>,
    /// Texts of the document's pages, in its order.
    pub(super) pages: Vec<String>,
    pub(super) picture: Option<Document>,
    pub(super) terms: Option<String>,
}

impl Loaded {
    /// What each document says, in order.
    pub fn documents(&self) -> impl Iterator<Item = &ApiDocument> {
        self.apis.iter().map(|api| &api.document)
    }
}

/// Reads the catalogue at `path`: one file, or every `*.yaml` and `*.yml` directly in a folder, by name.
pub fn load(path: &Path, variables: &Variables) -> Result<Loaded, Faults> {
    let (folder, files) = list(path).map_err(|fault| Faults(vec![fault]))?;
    let mut loader = Loader { folder, variables, faults: Vec::new() };
    let mut apis = Vec::new();
    for file in files {
        loader.load_file(&file, &mut apis);
    }
    if apis.is_empty() && loader.faults.is_empty() {
        loader.faults.push(Fault::file(&path.display().to_string(), "no document in it"));
    }
    if loader.faults.is_empty() { Ok(Loaded { apis }) } else { Err(Faults(loader.faults)) }
}

/// The catalogue's folder and its files.
fn list(path: &Path) -> Result<(PathBuf, Vec<PathBuf>), Fault> {
    let name = path.display().to_string();
    let fault = |e: std::io::Error| Fault::file(&name, e.to_string());
    if !std::fs::metadata(path).map_err(fault)?.is_dir() {
        let folder = match path.parent() {
            Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
            Some(parent) => parent,
            None => path,
        };
        return Ok((folder.to_owned(), vec![path.to_owned()]));
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(fault)? {
        let file = entry.map_err(fault)?.path();
        let hidden = file.file_name().is_some_and(|n| n.as_encoded_bytes().starts_with(b"."));
        let yaml = file.extension().is_some_and(|e| e == "yaml" || e == "yml");
        if yaml && !hidden && file.is_file() {
            files.push(file);
        }
        if files.len() > MAX_FILES {
            return Err(Fault::file(&name, format!("more than {MAX_FILES} catalogue files")));
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(Fault::file(&name, "no file *.yaml or *.yml in this folder"));
    }
    Ok((path.to_owned(), files))
}

struct Loader<'a> {
    folder: PathBuf,
    variables: &'a Variables,
    faults: Vec<Fault>,
}

/// The document whose files are being read.
struct Source<'a> {
    file: &'a str,
    /// The folder that the document's paths start from.
    beside: &'a Path,
    node: &'a Arc<Node>,
}

impl Loader<'_> {
    fn load_file(&mut self, path: &Path, apis: &mut Vec<LoadedApi>) {
        let file = path.display().to_string();
        let text = match read_bounded(path, MAX_CATALOGUE_BYTES).and_then(text) {
            Ok(text) => text,
            Err(message) => return self.faults.push(Fault::file(&file, message)),
        };
        let nodes = match yaml::documents(&text, BOUNDS, &|text| substitute(text, self.variables)) {
            Ok(nodes) => nodes,
            Err(error) => return self.faults.push(Fault::syntax(&file, error)),
        };
        let beside = path.parent().unwrap_or(&self.folder).to_owned();
        for node in nodes {
            match yaml::read::<ApiDocument>(&node) {
                Ok(document) => {
                    let source = Source { file: &file, beside: &beside, node: &node };
                    apis.push(self.load_parts(&source, document));
                }
                Err(error) => self.faults.push(Fault::read(&file, &error)),
            }
        }
    }

    /// Reads the files that a document names.
    fn load_parts(&mut self, source: &Source<'_>, document: ApiDocument) -> LoadedApi {
        let openapi = document.openapi.as_deref().and_then(|path| self.openapi(source, path));
        let picture = document.picture.as_deref().and_then(|path| self.picture(source, path));
        let terms = document.terms.as_deref().and_then(|path| self.markdown(source, "terms", path));
        let mut pages = Vec::with_capacity(document.pages.len());
        for (i, page) in document.pages.iter().enumerate() {
            let field = format!("pages[{i}].file");
            pages.push(self.markdown(source, &field, &page.file).unwrap_or_default());
        }
        let (file, node) = (source.file.to_owned(), Arc::clone(source.node));
        LoadedApi { file, node, document, openapi, pages, picture, terms }
    }

    fn openapi(&mut self, source: &Source<'_>, path: &str) -> Option<Value> {
        let (name, bytes) = self.bytes(source, "openapi", path, MAX_OPENAPI_BYTES)?;
        match openapi::import(&bytes) {
            Ok(document) => Some(document),
            Err(error) => {
                self.faults.push(error.fault(&name));
                None
            }
        }
    }

    fn picture(&mut self, source: &Source<'_>, path: &str) -> Option<Document> {
        let (name, bytes) = self.bytes(source, "picture", path, MAX_PICTURE_BYTES)?;
        match picture::redraw(&bytes) {
            Ok(picture) => Some(picture),
            Err(rule) => {
                self.faults.push(Fault::rule(&name, Place { line: 0, column: 0 }, "", &rule));
                None
            }
        }
    }

    fn markdown(&mut self, source: &Source<'_>, field: &str, path: &str) -> Option<String> {
        let (name, bytes) = self.bytes(source, field, path, MAX_MARKDOWN_BYTES)?;
        let text = match text(bytes) {
            Ok(text) => text,
            Err(message) => {
                self.faults.push(Fault::file(&name, message));
                return None;
            }
        };
        let mut check = Check::new();
        octroi_domain::api::check_markdown(&mut check, "", &text);
        for Violation { rule, .. } in check.finish().err().unwrap_or_default() {
            self.faults.push(Fault::rule(&name, Place { line: 0, column: 0 }, "", &rule));
        }
        Some(text)
    }

    /// The bytes of a file that `field` names, and the file's name for people.
    fn bytes(
        &mut self,
        source: &Source<'_>,
        field: &str,
        path: &str,
        max: usize,
    ) -> Option<(String, Vec<u8>)> {
        let read = inside(&self.folder, source.beside, path).and_then(|full| read_bounded(&full, max));
        match read {
            Ok(bytes) => Some((source.beside.join(path).display().to_string(), bytes)),
            Err(message) => {
                let place = source.node.place_of(field);
                self.faults.push(Fault::at(source.file, place, field, "file", format!("{path}: {message}")));
                None
            }
        }
    }
}

/// The file at `path`, which starts from `beside` and, links followed, must stay in `folder`.
fn inside(folder: &Path, beside: &Path, path: &str) -> Result<PathBuf, String> {
    const OUTSIDE: &str = "stands outside the catalogue's folder";
    let relative = Path::new(path);
    if !relative.components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir)) {
        return Err(OUTSIDE.to_owned());
    }
    let folder = folder.canonicalize().map_err(|e| e.to_string())?;
    let full = beside.join(relative).canonicalize().map_err(|e| e.to_string())?;
    if full.starts_with(&folder) { Ok(full) } else { Err(OUTSIDE.to_owned()) }
}

/// The bytes of a regular file of at most `max` bytes. Anything else, such as a pipe that would never end, is refused
/// before it is opened.
fn read_bounded(path: &Path, max: usize) -> Result<Vec<u8>, String> {
    let too_large = || format!("larger than {} KiB", max / 1024);
    let metadata = std::fs::metadata(path).map_err(|e| e.to_string())?;
    if !metadata.is_file() {
        return Err("not a file".to_owned());
    }
    if metadata.len() > max as u64 {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|e| e.to_string())?;
    file.take(max as u64 + 1).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    if bytes.len() > max { Err(too_large()) } else { Ok(bytes) }
}

/// Bytes as text, without the byte-order mark that some editors put first.
pub(super) fn text(bytes: Vec<u8>) -> Result<String, String> {
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)),
        Err(e) => {
            let before = &e.as_bytes()[..e.utf8_error().valid_up_to()];
            let line = before.iter().filter(|b| **b == b'\n').count() + 1;
            Err(format!("not valid UTF-8, at line {line}"))
        }
    }
}

/// Puts values in the place of `${NAME}`; `$${` stands for `${` itself.
fn substitute(text: String, variables: &Variables) -> Result<String, String> {
    if !text.contains("${") {
        return Ok(text);
    }
    let (mut done, mut rest) = (String::with_capacity(text.len()), text.as_str());
    while let Some(start) = rest.find("${") {
        if rest[..start].ends_with('$') {
            done.push_str(&rest[..start - 1]);
            done.push_str("${");
            rest = &rest[start + 2..];
            continue;
        }
        let end = rest[start..].find('}').ok_or("`${` without `}`; write `$${` for the signs themselves")?;
        let name = &rest[start + 2..start + end];
        let value = variables.get(name).ok_or_else(|| format!("{NO_VALUE} the variable ${{{name}}}"))?;
        done.push_str(&rest[..start]);
        done.push_str(value);
        rest = &rest[start + end + 1..];
    }
    done.push_str(rest);
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_put_in_once_and_only_those_given() {
        let variables = Variables::from([("A".into(), "${B}".into()), ("B".into(), "x".into())]);
        let put = |text: &str| substitute(text.to_owned(), &variables);
        assert_eq!(put("http://${B}:${A}/"), Ok("http://x:${B}/".into()));
        assert_eq!(put("costs 5 $, $${B} and ${B}"), Ok("costs 5 $, ${B} and x".into()));
        assert!(put("${C}").unwrap_err().starts_with(NO_VALUE));
        assert!(put("${B").is_err());
    }
}
