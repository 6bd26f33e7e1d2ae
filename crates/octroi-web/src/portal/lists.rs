//! Lists that come in pages: which part an address asks for, and the way to the next one. Filters stay as they are.

use askama::Template;
use octroi_app::page::PageRequest;

use super::shell::Shell;
use super::visitor::Visitor;

/// Items of one page.
const SHOWN: u32 = 20;

/// The part of a list that the address asks for.
pub(super) fn part(visitor: &Visitor) -> PageRequest {
    PageRequest { limit: Some(SHOWN), cursor: visitor.query("cursor").filter(|cursor| !cursor.is_empty()) }
}

/// The way on and back to the beginning. Written into a page by `{{ pager|safe }}`; empty where all is shown.
#[derive(Template)]
#[template(path = "parts/pager.html")]
pub(super) struct Pager<'a> {
    shell: &'a Shell,
    first: Option<String>,
    next: Option<String>,
}

impl<'a> Pager<'a> {
    /// Of the list at the visitor's address.
    pub(super) fn of(visitor: &Visitor, shell: &'a Shell, next_cursor: Option<&str>) -> Self {
        let first = visitor.query("cursor").map(|_| address(visitor, None));
        Self { shell, first, next: next_cursor.map(|cursor| address(visitor, Some(cursor))) }
    }
}

/// The visitor's address with another cursor.
fn address(visitor: &Visitor, cursor: Option<&str>) -> String {
    let uri = visitor.uri();
    let pairs = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs.filter(|(name, _)| !matches!(&**name, "cursor" | "notice" | "lang")));
    if let Some(cursor) = cursor {
        query.append_pair("cursor", cursor);
    }
    match query.finish() {
        query if query.is_empty() => uri.path().to_owned(),
        query => format!("{}?{query}", uri.path()),
    }
}
