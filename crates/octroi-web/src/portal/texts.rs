//! What the law or the service asks for: help, legal notice, personal data, accessibility. The operator's text where
//! there is one, else ours, which says what is true of the program and what the operator has not said yet.

use askama::Template;
use octroi_domain::api::Language;

use super::answer;
use super::gate::PageResult;
use super::route::{Access, PageRow, get};
use super::shell::{Section, Shell};
use super::visitor::Visitor;
use crate::context::{TEXT_PAGES, Texts};

pub(super) fn pages() -> Vec<PageRow> {
    [Page::Help, Page::Legal, Page::Privacy, Page::Accessibility]
        .map(|page| get(page.path(), Access::Anybody, async move |visitor: Visitor| page.show(&visitor)))
        .into()
}

/// Which page.
#[derive(Clone, Copy)]
enum Page {
    Help,
    Legal,
    Privacy,
    Accessibility,
}

macro_rules! ours {
    ($name:literal) => {
        [
            include_str!(concat!("../../assets/texts/fr/", $name, ".md")),
            include_str!(concat!("../../assets/texts/en/", $name, ".md")),
        ]
    };
}

#[derive(Template)]
#[template(path = "text.html")]
struct TextPage<'a> {
    shell: &'a Shell,
    title: String,
    /// Safe HTML.
    body: String,
    /// The language of the text, where it is not the page's.
    other: Option<&'static str>,
}

impl Page {
    const fn path(self) -> &'static str {
        match self {
            Self::Help => "/help",
            Self::Legal => "/legal",
            Self::Privacy => "/privacy",
            Self::Accessibility => "/accessibility",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Help => TEXT_PAGES[0],
            Self::Legal => TEXT_PAGES[1],
            Self::Privacy => TEXT_PAGES[2],
            Self::Accessibility => TEXT_PAGES[3],
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Help => "text-help",
            Self::Legal => "foot-legal",
            Self::Privacy => "foot-privacy",
            Self::Accessibility => "text-accessibility",
        }
    }

    fn ours(self, language: Language) -> &'static str {
        let [french, english] = match self {
            Self::Help => ours!("help"),
            Self::Legal => ours!("legal"),
            Self::Privacy => ours!("privacy"),
            Self::Accessibility => ours!("accessibility"),
        };
        if language == Language::Fr { french } else { english }
    }

    fn show(self, visitor: &Visitor) -> PageResult {
        let shell = visitor.shell(Section::Elsewhere);
        let (text, language) = match find(&visitor.options().texts, self.name(), shell.language) {
            Some((text, language)) => (text, language),
            None => (self.ours(shell.language), shell.language),
        };
        let title = shell.say(self.title());
        let body = shell.markdown(text, 2, &title).html;
        let other = (language != shell.language).then(|| language.code());
        answer::ok(&shell, &TextPage { shell: &shell, title, body, other })
    }
}

/// The operator's text, in the reader's language or, where there is none, in the other.
fn find<'t>(texts: &'t Texts, name: &str, wanted: Language) -> Option<(&'t str, Language)> {
    let in_language =
        |language: Language| texts.0.get(&(name.to_owned(), language)).map(|text| (text.as_str(), language));
    in_language(wanted).or_else(|| in_language(Language::Fr)).or_else(|| in_language(Language::En))
}
