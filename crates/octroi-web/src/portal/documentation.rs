//! The portal's own documentation: guides in French and English, and what to read about each API.

use askama::Template;
use octroi_app::catalog::{ApiCard, BrowseFilter};
use octroi_app::page::PageRequest;
use octroi_domain::api::Language;

use super::answer;
use super::answers::{self, Scope};
use super::apis::source;
use super::gate::PageResult;
use super::path::Name;
use super::route::{Access, PageRow, get};
use super::shell::{Section, Shell};
use super::visitor::Visitor;
use crate::markdown::Rendered;
use crate::problem::{Problem, ProblemCode};

/// APIs whose documentation the first page leads to.
const APIS: u32 = 12;

pub(super) fn pages() -> Vec<PageRow> {
    vec![get("/documentation", Access::Anybody, index), get("/documentation/{guide}", Access::Anybody, show)]
}

/// A guide: its name in addresses, its text in both languages. The text begins with its title.
struct Guide {
    slug: &'static str,
    french: &'static str,
    english: &'static str,
}

macro_rules! guides {
    ($($slug:literal),* $(,)?) => {
        /// Every guide, in the order of the menu.
        const GUIDES: &[Guide] = &[$(Guide {
            slug: $slug,
            french: include_str!(concat!("../../guides/fr/", $slug, ".md")),
            english: include_str!(concat!("../../guides/en/", $slug, ".md")),
        }),*];
    };
}

guides! { "first-call", "keys", "publish" }

impl Guide {
    fn text(&self, language: Language) -> &'static str {
        match language {
            Language::Fr => self.french,
            Language::En => self.english,
        }
    }

    fn title(&self, language: Language) -> &'static str {
        let first = self.text(language).lines().next().unwrap_or_default();
        first.trim_start_matches("# ")
    }

    /// What it is about, in a sentence: its first paragraph.
    fn lead(&self, language: Language) -> String {
        let mut paragraphs = self.text(language).split("\n\n");
        crate::markdown::excerpt(paragraphs.nth(1).unwrap_or_default(), 200)
    }
}

/// Names and titles of the guides in a language, for indexes.
fn guides(language: Language) -> impl Iterator<Item = (&'static str, &'static str)> {
    GUIDES.iter().map(move |guide| (guide.slug, guide.title(language)))
}

/// Names, titles and texts of the guides in a language, for the search.
pub(super) fn texts(language: Language) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    GUIDES.iter().map(move |guide| (guide.slug, guide.title(language), guide.text(language)))
}

#[derive(Template)]
#[template(path = "documentation/index.html")]
struct Documentation<'a> {
    shell: &'a Shell,
    /// Name, title, what it is about.
    guides: Vec<(&'static str, &'static str, String)>,
    apis: &'a [ApiCard],
}

async fn index(visitor: Visitor) -> PageResult {
    if let Some(answers) = answers::to(&visitor, Scope::Portal).await? {
        return Ok(answers);
    }
    let shell = visitor.shell(Section::Documentation);
    let request = PageRequest { limit: Some(APIS), cursor: None };
    let browsed = visitor.app().browse(visitor.actor(), &BrowseFilter::default(), &request).await?;
    let language = shell.language;
    let guides =
        GUIDES.iter().map(|guide| (guide.slug, guide.title(language), guide.lead(language))).collect();
    answer::ok(&shell, &Documentation { shell: &shell, guides, apis: &browsed.page.items })
}

#[derive(Template)]
#[template(path = "documentation/guide.html")]
struct GuidePage<'a> {
    shell: &'a Shell,
    slug: &'static str,
    title: &'static str,
    text: &'a Rendered,
    /// Every guide: name, title.
    guides: Vec<(&'static str, &'static str)>,
}

async fn show(visitor: Visitor, Name(name): Name) -> PageResult {
    let shell = visitor.shell(Section::Documentation);
    let (slug, as_source) = match name.strip_suffix(".md") {
        Some(slug) => (slug, true),
        None => (name.as_str(), false),
    };
    let guide = GUIDES.iter().find(|guide| guide.slug == slug);
    let guide = guide.ok_or_else(|| Problem::new(ProblemCode::NotFound))?;
    if let Some(answers) = answers::to(&visitor, Scope::Portal).await? {
        return Ok(answers);
    }
    let (text, title) = (guide.text(shell.language), guide.title(shell.language));
    if as_source {
        return Ok(source(text.to_owned()));
    }
    let rendered = shell.markdown(text, 2, title);
    let page = GuidePage {
        shell: &shell,
        slug: guide.slug,
        title,
        text: &rendered,
        guides: guides(shell.language).collect(),
    };
    answer::ok(&shell, &page)
}
