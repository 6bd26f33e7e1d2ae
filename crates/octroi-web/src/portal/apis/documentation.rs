//! The documentation that a provider writes: Markdown pages with their menu, each also as the Markdown it is.

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::header;
use octroi_app::catalog::PageSummary;

use super::frame::{Frame, Tab};
use crate::markdown::{self, Rendered};
use crate::portal::answer::{self, see_other};
use crate::portal::answers::{self, Scope};
use crate::portal::gate::{PageError, PageResult};
use crate::portal::path::{ApiPagePath, ApiPath};
use crate::portal::shell::{Section, Shell};
use crate::portal::visitor::Visitor;

/// The menu beside every page of an API's documentation: label, address, whether it is this one.
pub(super) struct Menu {
    pub(super) pages: Vec<(String, String, bool)>,
    /// Reference and console.
    pub(super) tools: Vec<(String, String, bool)>,
}

/// The place in the menu of what is not a page in Markdown.
pub(super) const REFERENCE: &str = "/reference";
pub(super) const CONSOLE: &str = "/console";

impl Menu {
    /// The menu at the page `current`: a page's slug, [`REFERENCE`] or [`CONSOLE`].
    pub(super) async fn at(
        visitor: &Visitor,
        shell: &Shell,
        frame: &Frame,
        current: &str,
    ) -> Result<Self, PageError> {
        let pages = visitor.app().pages_in(visitor.actor(), frame.api.id, shell.language).await?;
        let page = |page: PageSummary| {
            let address = format!("{}/documentation/{}", frame.base, page.slug);
            (page.title, address, page.slug == current)
        };
        let tool = |(label, path): (&str, &str)| {
            (shell.say(label), format!("{}{path}", frame.base), path == current)
        };
        let tools = [("api-reference", REFERENCE), ("api-console", CONSOLE)];
        let tools = if frame.api.has_openapi { tools.map(tool).into() } else { Vec::new() };
        Ok(Self { pages: pages.into_iter().map(page).collect(), tools })
    }
}

#[derive(Template)]
#[template(path = "apis/page.html")]
struct Page<'a> {
    shell: &'a Shell,
    frame: &'a Frame,
    menu: &'a Menu,
    title: &'a str,
    /// The language of the text, where it is not the page's.
    foreign: Option<&'static str>,
    text: &'a Rendered,
    /// The same as Markdown.
    source: String,
}

#[derive(Template)]
#[template(path = "apis/no-pages.html")]
struct NoPages<'a> {
    shell: &'a Shell,
    frame: &'a Frame,
}

/// The first page of the documentation.
pub(super) async fn begin(visitor: Visitor, place: ApiPath) -> PageResult {
    let frame = Frame::at(&visitor, place, Tab::Documentation).await?;
    if let Some(answers) = answers::to(&visitor, Scope::Api(&frame.api)).await? {
        return Ok(answers);
    }
    let shell = visitor.shell(Section::Catalogue);
    let menu = Menu::at(&visitor, &shell, &frame, "").await?;
    match menu.pages.iter().chain(&menu.tools).next() {
        Some((_, address, _)) => Ok(see_other(address)),
        None => answer::ok(&shell, &NoPages { shell: &shell, frame: &frame }),
    }
}

/// The pages of a version, for programs that read text.
pub(super) async fn index(visitor: Visitor, place: ApiPath) -> PageResult {
    let frame = Frame::at(&visitor, place, Tab::Documentation).await?;
    if let Some(answers) = answers::to(&visitor, Scope::Api(&frame.api)).await? {
        return Ok(answers);
    }
    let shell = visitor.shell(Section::Catalogue);
    let portal = visitor.app().portal_url();
    let menu = Menu::at(&visitor, &shell, &frame, "").await?;
    let api = &frame.api;
    let mut text = format!("# {} {}\n\n> {}\n\n", api.name, api.version, api.presentation.summary);
    for (title, address, _) in &menu.pages {
        text.push_str(&format!("- [{title}]({portal}{address}.md)\n"));
    }
    if api.has_openapi {
        text.push_str(&format!("- [OpenAPI]({portal}{}/openapi.json)\n", frame.base));
    }
    Ok(source(text))
}

pub(super) async fn show(visitor: Visitor, place: ApiPagePath) -> PageResult {
    let api = visitor.app().api_by_slug(visitor.actor(), &place.slug, Some(&place.version)).await?;
    let frame = Frame::of(api, Tab::Documentation);
    if let Some(answers) = answers::to(&visitor, Scope::Api(&frame.api)).await? {
        return Ok(answers);
    }
    let (slug, as_source) = match place.page.strip_suffix(".md") {
        Some(slug) => (slug, true),
        None => (place.page.as_str(), false),
    };
    let page = visitor.app().page(visitor.actor(), frame.api.id, slug, visitor.language()).await?;
    if as_source {
        return Ok(source(page.markdown));
    }
    let shell = visitor.shell(Section::Catalogue);
    let menu = Menu::at(&visitor, &shell, &frame, slug).await?;
    let text = markdown::render_apart(page.markdown, &shell, 3, &page.title).await;
    let page = Page {
        shell: &shell,
        frame: &frame,
        menu: &menu,
        title: &page.title,
        foreign: (page.language != shell.language).then_some(page.language.code()),
        text: &text,
        source: format!("{}/documentation/{slug}.md", frame.base),
    };
    answer::ok(&shell, &page)
}

/// A text in Markdown as it is.
pub(in crate::portal) fn source(markdown: String) -> Response {
    ([(header::CONTENT_TYPE, "text/markdown; charset=utf-8")], markdown).into_response()
}
