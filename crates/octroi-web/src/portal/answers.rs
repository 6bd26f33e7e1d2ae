//! Questions to the documentation: `?ask=…&goal=…` on one of its pages, or on the Markdown of one, is answered with the
//! passages that fit best and where they stand, in the form that the asker reads. What fits too little is not guessed.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use octroi_app::catalog::{ApiCard, ApiView, PageView};
use octroi_app::{App, AppError};
use octroi_domain::actor::Actor;
use octroi_domain::api::Language;
use octroi_domain::ids::ApiId;
use serde_json::Value;

use super::answer::apart;
use super::apis::source;
use super::shell::{Section, Shell};
use super::visitor::Visitor;
use super::{answer, documentation, errors};
use crate::markdown::{self, PREFIX, Passage, Setting};
use crate::reference;
use crate::search::{Found, Index, Page, Question};

/// Passages of an answer.
const MOST: usize = 5;

/// Characters of a question, and of a goal, that are read.
const MAX_CHARS: usize = 500;

/// Characters of a passage that are shown.
const SHOWN: usize = 600;

/// APIs that one question goes through: the most called.
const MOST_APIS: usize = 400;

/// Indexes of APIs that are kept, for two languages and what only some see; all are made anew beyond.
const MAX_KEPT: usize = 4 * MOST_APIS;

/// Where an answer is looked for, besides the portal's own pages.
#[derive(Clone, Copy)]
pub(super) enum Scope<'a> {
    /// In the APIs that the visitor sees.
    Portal,
    /// In this API.
    Api(&'a ApiView),
}

/// An API that can be asked about.
#[derive(Clone, Debug)]
struct Subject {
    id: ApiId,
    edition: i64,
    /// Name and version.
    name: String,
    /// Where its pages begin.
    base: String,
    /// One sentence.
    summary: String,
}

impl Subject {
    fn of_card(card: ApiCard) -> Self {
        let (name, base) = named(&card.name, &card.slug, &card.version);
        Self { id: card.id, edition: card.edition, name, base, summary: card.summary }
    }

    fn of_view(api: &ApiView) -> Self {
        let (name, base) = named(&api.name, &api.slug, &api.version);
        Self { id: api.id, edition: api.edition, name, base, summary: api.presentation.summary.clone() }
    }
}

/// What a version is called, and where its pages begin.
fn named(name: &str, slug: &str, version: &str) -> (String, String) {
    (format!("{name} {version}"), format!("/apis/{slug}/{version}"))
}

/// Indexes of APIs, each good for one edition.
#[derive(Default)]
pub(crate) struct Shelf {
    kept: Mutex<Kept>,
    /// Held while an index is made: of many who ask first, one does the work.
    making: tokio::sync::Mutex<()>,
}

/// Index and edition, by API and language.
type Kept = HashMap<(ApiId, Language), (i64, Arc<Index>)>;

impl Shelf {
    fn open(&self) -> MutexGuard<'_, Kept> {
        // What a panic leaves is whole: an index, or none.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, subject: &Subject, language: Language) -> Option<Arc<Index>> {
        let kept = self.open();
        let (edition, index) = kept.get(&(subject.id, language))?;
        (*edition == subject.edition).then(|| Arc::clone(index))
    }

    fn put(&self, subject: &Subject, language: Language, index: &Arc<Index>) {
        let mut kept = self.open();
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        kept.insert((subject.id, language), (subject.edition, Arc::clone(index)));
    }
}

#[derive(Template)]
#[template(path = "documentation/answers.html")]
struct Answers<'a> {
    shell: &'a Shell,
    ask: &'a str,
    goal: &'a str,
    /// The page that was asked.
    place: &'a str,
    found: &'a [Found],
}

impl Answers<'_> {
    fn text(&self, found: &Found) -> String {
        markdown::shorten(&found.text, SHOWN)
    }
}

/// The answer to a question in the address; nothing where there is none.
pub(super) async fn to(visitor: &Visitor, scope: Scope<'_>) -> Result<Option<Response>, AppError> {
    let read = |name| visitor.query(name).map(|text| text.trim().chars().take(MAX_CHARS).collect::<String>());
    let Some(ask) = read("ask").filter(|ask| !ask.is_empty()) else { return Ok(None) };
    let goal = read("goal").unwrap_or_default();
    let found = look_up(visitor, scope, &ask, &goal).await?;
    let path = visitor.uri().path();
    if path.ends_with(".md") || visitor.reads_markdown() {
        return Ok(Some(source(written(visitor, &ask, &found))));
    }
    let shell = visitor.shell(Section::Documentation);
    let page = Answers { shell: &shell, ask: &ask, goal: &goal, place: path, found: &found };
    Ok(Some(answer::page(StatusCode::OK, shell.language, &page)))
}

async fn look_up(visitor: &Visitor, scope: Scope<'_>, ask: &str, goal: &str) -> Result<Vec<Found>, AppError> {
    let language = visitor.language();
    let subjects = match scope {
        Scope::Api(api) => vec![Subject::of_view(api)],
        Scope::Portal => subjects(visitor).await?,
    };
    let mut indexes = Vec::with_capacity(subjects.len());
    for subject in &subjects {
        match index_of(visitor, subject, language).await {
            // It is gone meanwhile.
            Err(AppError::NotFound) => {}
            index => indexes.push(index?),
        }
    }
    let (ask, goal) = (ask.to_owned(), goal.to_owned());
    let search = move || {
        let question = Question::new(language, &ask, &goal);
        let own = &OWN[usize::from(language == Language::En)];
        Index::search(indexes.iter().map(|index| &**index).chain([own]), &question, MOST)
    };
    apart(search).await
}

async fn subjects(visitor: &Visitor) -> Result<Vec<Subject>, AppError> {
    let cards = visitor.app().every_card(visitor.actor()).await?;
    Ok(cards.into_iter().take(MOST_APIS).map(Subject::of_card).collect())
}

async fn index_of(visitor: &Visitor, subject: &Subject, language: Language) -> Result<Arc<Index>, AppError> {
    let shelf = visitor.shelf();
    if let Some(index) = shelf.find(subject, language) {
        return Ok(index);
    }
    let _turn = shelf.making.lock().await;
    if let Some(index) = shelf.find(subject, language) {
        return Ok(index);
    }
    let (pages, document) = texts(visitor.app(), visitor.actor(), subject.id, language).await?;
    let about = subject.clone();
    let index = apart(move || Index::of(language, pages_of(&about, pages, document.as_ref()))).await?;
    let index = Arc::new(index);
    shelf.put(subject, language, &index);
    Ok(index)
}

/// The pages of an API with their texts, and its document where it has one.
async fn texts(
    app: &App,
    actor: &Actor,
    api: ApiId,
    language: Language,
) -> Result<(Vec<PageView>, Option<Value>), AppError> {
    let pages = app.page_texts(actor, api, language).await?;
    match app.openapi(actor, api).await {
        Ok(document) => Ok((pages, Some(document))),
        Err(AppError::NotFound) => Ok((pages, None)),
        Err(error) => Err(error),
    }
}

/// What of an API is searched: its first page, its pages in Markdown, its operations.
fn pages_of(subject: &Subject, pages: Vec<PageView>, document: Option<&Value>) -> Vec<Page> {
    let about = |address: String, title: &str, passages: Vec<Passage>| Page {
        address,
        title: title.to_owned(),
        subject: subject.name.clone(),
        passages,
    };
    let mut all = vec![about(subject.base.clone(), &subject.name, vec![whole(subject.summary.clone())])];
    for page in pages {
        let rendered = markdown::render(&page.markdown, &setting(3, &page.title));
        let address = format!("{}/documentation/{}", subject.base, page.slug);
        all.push(about(address, &page.title, rendered.passages()));
    }
    for (line, said) in document.map(reference::said).unwrap_or_default() {
        let address = format!("{}/reference/{}", subject.base, line.slug);
        let text = format!("{} {} {said}", line.method, line.path);
        all.push(about(address, &line.summary, vec![whole(text)]));
    }
    all
}

/// The portal's own pages, in French and in English.
static OWN: LazyLock<[Index; 2]> =
    LazyLock::new(|| [Language::Fr, Language::En].map(|language| Index::of(language, own_pages(language))));

fn own_pages(language: Language) -> Vec<Page> {
    let guides = documentation::texts(language).map(|(slug, title, text)| Page {
        address: format!("/documentation/{slug}"),
        title: title.to_owned(),
        subject: String::new(),
        passages: markdown::render(text, &setting(2, title)).passages(),
    });
    let outcomes = errors::texts(language).map(|(outcome, _)| Page {
        address: format!("/docs/errors/{}", outcome.code),
        title: outcome.title.to_owned(),
        subject: format!("{} {}", outcome.status, outcome.code).trim().to_owned(),
        passages: vec![whole(markdown::said(&format!("{} {}", outcome.cause(), outcome.remedy())))],
    });
    guides.chain(outcomes).collect()
}

/// A page that is not cut.
fn whole(text: String) -> Passage {
    Passage { id: None, heading: String::new(), text }
}

/// How a text stands in its own page.
fn setting(top: u8, title: &str) -> Setting<'_> {
    Setting { top, prefix: PREFIX, title, table_label: "", code_label: "" }
}

/// The answer as Markdown.
fn written(visitor: &Visitor, ask: &str, found: &[Found]) -> String {
    let shell = visitor.shell(Section::Documentation);
    let portal = visitor.app().portal_url();
    let ask = in_a_line(ask);
    let mut text = format!("# {}\n\n", shell.fill("answers-title", "ask", ask));
    if found.is_empty() {
        text.push_str(&format!("{}\n\n{}\n", shell.say("answers-none"), shell.say("answers-none-lead")));
    }
    for (place, one) in found.iter().enumerate() {
        let said = in_a_line(&markdown::shorten(&one.text, SHOWN));
        let name = in_a_line(&name(one));
        text.push_str(&format!("## {}. [{name}]({portal}{})\n\n{said}\n\n", place + 1, one.address));
    }
    text
}

/// What a passage is called: its page, its heading, what the page is about.
fn name(found: &Found) -> String {
    let parts = [&found.title, &found.heading, &found.subject];
    parts.into_iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(", ")
}

/// A text as one line of Markdown that says the same: whatever would be a sign is a letter.
fn in_a_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.split_whitespace().collect::<Vec<_>>().join(" ").chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '!' | '&') {
            line.push('\\');
        }
        line.push(c);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_no_markdown() {
        assert_eq!(in_a_line("a\n# b](x) <i>"), "a \\# b\\](x) \\<i\\>");
    }
}
