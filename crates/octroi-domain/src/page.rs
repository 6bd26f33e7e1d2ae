//! Documentation pages of an API, in Markdown, each in one language.

use crate::api::{Language, check_markdown};
use crate::ids::{ApiId, PageId};
use crate::validate::{Check, Violation};

/// The most pages of one API, all languages together.
pub const MAX_PAGES: usize = 500;

/// A page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Its identifier.
    pub id: PageId,
    /// The API that it is about.
    pub api_id: ApiId,
    /// Names it in addresses; the same in every language.
    pub slug: String,
    /// Its language.
    pub language: Language,
    /// Its title.
    pub title: String,
    /// Its text.
    pub markdown: String,
    /// Its place in the menu, from 0.
    pub position: i64,
}

impl Page {
    /// What is wrong with this page.
    pub fn check(&self) -> Result<(), Vec<Violation>> {
        let mut c = Check::new();
        c.slug("slug", &self.slug, 100).line("title", &self.title, 1, 200);
        check_markdown(&mut c, "markdown", &self.markdown);
        c.finish()
    }
}
