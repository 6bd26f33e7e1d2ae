//! The reference of an API, written from its OpenAPI document: an index, and a page for each operation.

use askama::Template;

use super::documentation::{Menu, REFERENCE};
use super::frame::{Frame, Tab};
use crate::markdown;
use crate::portal::answer::{self, apart};
use crate::portal::answers::{self, Scope};
use crate::portal::gate::PageResult;
use crate::portal::path::{ApiPagePath, ApiPath};
use crate::portal::shell::{Section, Shell};
use crate::portal::visitor::Visitor;
use crate::problem::{Problem, ProblemCode};
use crate::reference::{Access, Index, OperationPage, Shape};

#[derive(Template)]
#[template(path = "apis/reference.html")]
struct IndexPage<'a> {
    shell: &'a Shell,
    frame: &'a Frame,
    menu: &'a Menu,
    index: &'a Index,
}

#[derive(Template)]
#[template(path = "apis/operation.html")]
struct Operation<'a> {
    shell: &'a Shell,
    frame: &'a Frame,
    menu: &'a Menu,
    page: &'a OperationPage,
}

/// A list of values in a table.
#[derive(Template)]
#[template(path = "apis/shapes.html")]
struct Shapes<'a> {
    shell: &'a Shell,
    caption: &'a str,
    shapes: &'a [Shape],
}

impl Operation<'_> {
    /// Written into the page by `|safe`: its own template escapes every value.
    fn table<'a>(&'a self, caption: &'a str, shapes: &'a [Shape]) -> Shapes<'a> {
        Shapes { shell: self.shell, caption, shapes }
    }
}

impl Shapes<'_> {
    /// A name that a browser breaks between its words: safe HTML.
    fn breakable(&self, name: &str) -> String {
        let mut written = String::new();
        let mut before = ' ';
        for c in name.chars() {
            if (before.is_lowercase() && c.is_uppercase()) || matches!(before, '.' | '_' | '-') {
                written.push_str("<wbr>");
            }
            written.push_str(&markdown::escape(c.encode_utf8(&mut [0; 4])));
            before = c;
        }
        written
    }
}

pub(super) async fn index(visitor: Visitor, place: ApiPath) -> PageResult {
    let frame = Frame::at(&visitor, place, Tab::Documentation).await?;
    if let Some(answers) = answers::to(&visitor, Scope::Api(&frame.api)).await? {
        return Ok(answers);
    }
    let shell = visitor.shell(Section::Catalogue);
    let document = visitor.app().openapi(visitor.actor(), frame.api.id).await?;
    let language = shell.language;
    let index = apart(move || Index::of(&document, language)).await?;
    let menu = Menu::at(&visitor, &shell, &frame, REFERENCE).await?;
    answer::ok(&shell, &IndexPage { shell: &shell, frame: &frame, menu: &menu, index: &index })
}

pub(super) async fn operation(visitor: Visitor, place: ApiPagePath) -> PageResult {
    let api = visitor.app().api_by_slug(visitor.actor(), &place.slug, Some(&place.version)).await?;
    let frame = Frame::of(api, Tab::Documentation);
    if let Some(answers) = answers::to(&visitor, Scope::Api(&frame.api)).await? {
        return Ok(answers);
    }
    let shell = visitor.shell(Section::Catalogue);
    let document = visitor.app().openapi(visitor.actor(), frame.api.id).await?;
    let (language, slug) = (shell.language, place.page);
    let (url, credentials) = (frame.api.access_url.clone(), frame.placements());
    let variable = frame.variable(language);
    let written = apart(move || {
        let access = Access { url: &url, credentials: &credentials, variable: &variable };
        OperationPage::of(&document, language, &slug, &access)
    });
    let page = written.await?.ok_or_else(|| Problem::new(ProblemCode::NotFound))?;
    let menu = Menu::at(&visitor, &shell, &frame, REFERENCE).await?;
    answer::ok(&shell, &Operation { shell: &shell, frame: &frame, menu: &menu, page: &page })
}
