//! A reference that everybody can read, written by the server from an API's OpenAPI document (3.0 or 3.1): an index of
//! its operations, and one page for each. Any JSON gives a page; what is too large is cut, and the page says so: the
//! document itself is always one link away.
//!
//! | part | what it does |
//! |---|---|
//! | `Index`, here | what stands in the document: its words, its groups of operations |
//! | `operation` | one operation: parameters, body, responses, a command that calls it |
//! | `schema` | values in words: a flat list of names, with references followed and cycles ended |

mod operation;
mod schema;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use octroi_app::catalog::openapi::{METHODS, resolve};
use octroi_domain::api::Language;
use serde_json::Value;

pub(crate) use operation::{Access, OperationPage};
pub(crate) use schema::Shape;

use crate::locale;
use crate::markdown::{self, Setting};

/// Bytes of what a document says of an operation that are searched.
const MAX_SAID: usize = 4_000;

/// Operations of one document.
const MAX_OPERATIONS: usize = 2_000;

/// Longest name of an operation in addresses, in characters.
const MAX_SLUG: usize = 80;

/// Longest line of a title or a summary, in characters.
const MAX_LINE: usize = 300;

/// Markdown that one page renders, in bytes.
const MAX_PROSE: usize = 128 * 1024;

/// What stands in a document.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// Its description, as HTML.
    pub(crate) description: String,
    /// Its licence, in words.
    pub(crate) license: Option<String>,
    /// Its operations, by tag, in the document's order.
    pub(crate) groups: Vec<Group>,
    /// Operations that are not listed.
    pub(crate) left_out: usize,
}

/// Operations with one tag.
#[derive(Debug)]
pub(crate) struct Group {
    /// Names it within the page.
    pub(crate) id: String,
    /// The tag; `None` for operations without one.
    pub(crate) name: Option<String>,
    /// What the document says of the tag, as HTML.
    pub(crate) description: String,
    /// Its operations.
    pub(crate) lines: Vec<Line>,
}

/// An operation in a list.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// Names it in addresses.
    pub(crate) slug: String,
    /// `GET`.
    pub(crate) method: String,
    /// Its path behind the access URL.
    pub(crate) path: String,
    /// What it does, in a line; its path where the document does not say.
    pub(crate) summary: String,
    /// Whether it is to be left.
    pub(crate) deprecated: bool,
}

/// An operation where it stands in the document.
struct Listed<'d> {
    line: Line,
    /// The method as the document writes it.
    method: &'static str,
    /// The path as the document writes it.
    path: &'d str,
    item: &'d Value,
    operation: &'d Value,
}

impl Index {
    /// The index of a document.
    pub(crate) fn of(document: &Value, language: Language) -> Self {
        let mut prose = Prose::new(language, 3);
        let info = document.get("info").unwrap_or(&Value::Null);
        let description = prose.html(info.get("description"));
        let (listed, left_out) = operations(document);
        let license = info.get("license").and_then(|l| l.get("name")).and_then(Value::as_str).map(line);
        let mut index = Self { description, license, groups: Vec::new(), left_out };
        let mut places: HashMap<Option<String>, usize> = HashMap::new();
        for (name, text) in tags(document) {
            if listed.iter().any(|l| tag(l.operation).as_ref() == Some(&name)) {
                let description = prose.html(text);
                index.place(&mut places, Some(name), description);
            }
        }
        for one in listed {
            let place = index.place(&mut places, tag(one.operation), String::new());
            index.groups[place].lines.push(one.line);
        }
        index
    }

    /// The place of a group among the groups.
    fn place(
        &mut self,
        places: &mut HashMap<Option<String>, usize>,
        name: Option<String>,
        description: String,
    ) -> usize {
        if let Some(place) = places.get(&name) {
            return *place;
        }
        let place = self.groups.len();
        self.groups.push(Group {
            id: format!("group-{}", place + 1),
            name: name.clone(),
            description,
            lines: Vec::new(),
        });
        places.insert(name, place);
        place
    }
}

/// The operations of a document and what it says of each, without its schemas, for the search.
pub(crate) fn said(document: &Value) -> Vec<(Line, String)> {
    let (listed, _) = operations(document);
    listed.into_iter().map(|one| (one.line.clone(), words_of(document, &one))).collect()
}

/// The description of an operation, and the names and descriptions of its parameters, as far as they are searched.
fn words_of(document: &Value, one: &Listed<'_>) -> String {
    let prose = |holder: &Value| {
        let text = holder.get("description").and_then(Value::as_str);
        text.map(|text| markdown::excerpt(text, MAX_SAID)).unwrap_or_default()
    };
    let mut words = prose(one.operation);
    let lists = [one.item, one.operation].into_iter().filter_map(|at| at.get("parameters")?.as_array());
    for parameter in lists.flatten().filter_map(|parameter| resolve(document, parameter)) {
        if words.len() >= MAX_SAID {
            break;
        }
        let name = parameter.get("name").and_then(Value::as_str).unwrap_or_default();
        words.push_str(&format!(" {name} {}", prose(parameter)));
    }
    words.truncate(words.floor_char_boundary(MAX_SAID));
    words
}

/// Tags that a document declares, each once, with what it says of them.
fn tags(document: &Value) -> Vec<(String, Option<&Value>)> {
    let declared = document.get("tags").and_then(Value::as_array).into_iter().flatten();
    let mut seen = HashSet::new();
    declared
        .filter_map(|tag| Some((line(tag.get("name")?.as_str()?), tag.get("description"))))
        .filter(|(name, _)| seen.insert(name.clone()))
        .take(MAX_OPERATIONS)
        .collect()
}

/// The group that an operation stands in: its first tag.
fn tag(operation: &Value) -> Option<String> {
    operation.get("tags")?.get(0)?.as_str().map(line).filter(|name| !name.is_empty())
}

/// The operations of a document in its order, and how many more there are.
fn operations(document: &Value) -> (Vec<Listed<'_>>, usize) {
    let mut listed = Vec::new();
    let mut left_out = 0;
    let mut slugs = HashSet::new();
    for (path, item) in document.get("paths").and_then(Value::as_object).into_iter().flatten() {
        let Some(item) = resolve(document, item) else { continue };
        for method in METHODS {
            let Some(operation) = item.get(method).filter(|operation| operation.is_object()) else {
                continue;
            };
            if listed.len() == MAX_OPERATIONS {
                left_out += 1;
                continue;
            }
            let slug = free(&mut slugs, slug(method, path, operation));
            let summary = operation.get("summary").and_then(Value::as_str).map(line);
            let line = Line {
                slug,
                method: method.to_ascii_uppercase(),
                path: line(path),
                summary: summary.filter(|text| !text.is_empty()).unwrap_or_else(|| line(path)),
                deprecated: operation.get("deprecated") == Some(&Value::Bool(true)),
            };
            listed.push(Listed { line, method, path, item, operation });
        }
    }
    (listed, left_out)
}

/// What an operation is called in addresses: its identifier, or its method and path.
fn slug(method: &str, path: &str, operation: &Value) -> String {
    let id = operation.get("operationId").and_then(Value::as_str).map(kebab).filter(|id| !id.is_empty());
    id.unwrap_or_else(|| kebab(&format!("{method} {path}")))
}

/// The ASCII letters and digits of a name, in lower case, with hyphens between words: `lireUniteLegale` is
/// `lire-unite-legale`.
fn kebab(name: &str) -> String {
    let mut slug = String::new();
    let mut before = ' ';
    for c in name.chars().take(4 * MAX_SLUG) {
        if c.is_ascii_alphanumeric() {
            let begins =
                !before.is_ascii_alphanumeric() || (before.is_ascii_lowercase() && c.is_ascii_uppercase());
            if begins && !slug.is_empty() {
                slug.push('-');
            }
            slug.push(c.to_ascii_lowercase());
        }
        before = c;
    }
    slug.truncate(MAX_SLUG);
    slug
}

/// A name that no other operation has.
fn free(taken: &mut HashSet<String>, name: String) -> String {
    let numbered = (2..).map(|n| format!("{name}-{n}"));
    let free = std::iter::once(name.clone()).chain(numbered).find(|n| taken.insert(n.clone()));
    free.unwrap_or(name)
}

/// A text on one line of bounded length.
fn line(text: &str) -> String {
    let words = text.split_whitespace().take(MAX_LINE).collect::<Vec<_>>().join(" ");
    if words.chars().count() <= MAX_LINE {
        return words;
    }
    words.chars().take(MAX_LINE - 1).collect::<String>() + "…"
}

/// Descriptions in Markdown, of which a page renders so much and no more.
struct Prose {
    language: Language,
    /// The level of their highest headings.
    top: u8,
    left: usize,
    rendered: usize,
}

impl Prose {
    fn new(language: Language, top: u8) -> Self {
        Self { language, top, left: MAX_PROSE, rendered: 0 }
    }

    /// A description as HTML: nothing where there is none.
    fn html(&mut self, text: Option<&Value>) -> String {
        let Some(text) = text.and_then(Value::as_str) else { return String::new() };
        let text = text.trim();
        if text.is_empty() || text.len() > self.left {
            return markdown::escape(&markdown::excerpt(text, MAX_LINE));
        }
        self.left -= text.len();
        self.rendered += 1;
        let (table, code) = (
            locale::text(self.language, "markdown-table", &[]),
            locale::text(self.language, "markdown-code", &[]),
        );
        let prefix = format!("d{}-", self.rendered);
        let setting =
            Setting { top: self.top, prefix: &prefix, title: "", table_label: &table, code_label: &code };
        markdown::render(text, &setting).html
    }
}
