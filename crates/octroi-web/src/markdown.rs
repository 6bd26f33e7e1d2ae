//! Markdown that providers write, as HTML that a page can hold (promise P7). Three steps, each narrower than the one
//! before: `comrak` reads the text and writes HTML, raw HTML included; `ammonia` keeps what stands on its list and
//! nothing else; `finish` fits the result into our page, by constants alone: levels and names of headings, what links
//! say of themselves, the frames of tables and code.

mod finish;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};
use comrak::nodes::{AstNode, NodeValue};
use comrak::{Arena, Options, format_html, parse_document};
use octroi_domain::api::MAX_MARKDOWN_BYTES;

use crate::portal::Shell;

/// Parts of a text beyond which it is shown as it is written: what they unfold to would be larger than any page.
const MAX_NODES: usize = 100_000;

/// Quotes, lists and emphasis inside one another.
const MAX_DEPTH: usize = 100;

/// Signs that may begin a tag of raw HTML. A browser's reading of badly nested ones is quadratic.
const MAX_TAGS: usize = 4_000;

/// References to characters, times the length of the text that they stand in: reading them is that slow.
const MAX_WORK: usize = 10_000_000_000;

/// What is read of a text for its beginning.
const EXCERPT_BYTES: usize = 16 * 1024;

/// What the names of headings begin with in a page's main text.
pub(crate) const PREFIX: &str = "text-";

/// How a text stands in its page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting<'a> {
    /// The level of its highest headings, 2 to 6: a page has one `h1`, and that is its title.
    pub(crate) top: u8,
    /// What the names of its headings begin with, so that they are no other part's.
    pub(crate) prefix: &'a str,
    /// The page's title: a first heading that only repeats it is left out.
    pub(crate) title: &'a str,
    /// What a reader of the screen hears of a table that can be scrolled, and of code.
    pub(crate) table_label: &'a str,
    /// See `table_label`.
    pub(crate) code_label: &'a str,
}

/// A text as HTML.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rendered {
    /// Safe to stand in a page as it is.
    pub(crate) html: String,
    /// Its headings, in order.
    pub(crate) headings: Vec<Heading>,
}

/// A heading of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Heading {
    /// Its level in the page.
    pub(crate) level: u8,
    /// Its name in addresses.
    pub(crate) id: String,
    /// What it says.
    pub(crate) text: String,
}

/// What stands under one heading of a text, in plain words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Passage {
    /// The heading's name in addresses; none for what stands before the first.
    pub(crate) id: Option<String>,
    /// What the heading says.
    pub(crate) heading: String,
    /// What stands under it.
    pub(crate) text: String,
}

impl Rendered {
    /// The text cut at its headings, without tags.
    pub(crate) fn passages(&self) -> Vec<Passage> {
        let mut rest = self.html.as_str();
        let mut passages = Vec::new();
        let (mut id, mut heading) = (None, String::new());
        for next in &self.headings {
            let (level, name) = (next.level, escape(&next.id));
            let Some((before, after)) = rest.split_once(&format!("<h{level} id=\"{name}\">")) else {
                continue;
            };
            passages.push(Passage { id, heading, text: said(before) });
            (id, heading) = (Some(next.id.clone()), next.text.clone());
            rest = after.split_once(&format!("</h{level}>")).map_or("", |(_, after)| after);
        }
        passages.push(Passage { id, heading, text: said(rest) });
        passages.retain(|passage| passage.id.is_some() || !passage.text.is_empty());
        passages
    }
}

/// Tags within a line: no blank stands for them.
const INLINE: [&str; 16] = [
    "a", "abbr", "b", "code", "del", "em", "i", "ins", "kbd", "mark", "s", "samp", "span", "strong", "sub",
    "sup",
];

/// What HTML of ours says: its text, with a blank where a block begins or ends.
pub(crate) fn said(html: &str) -> String {
    let mut words = String::with_capacity(html.len());
    for part in html.split('<') {
        let (tag, text) = part.split_once('>').unwrap_or(("a", part));
        let name = tag.trim_start_matches('/').split(|c: char| !c.is_ascii_alphanumeric()).next();
        if !name.is_some_and(|name| INLINE.contains(&name)) {
            words.push(' ');
        }
        words.push_str(&finish::unescape(text));
    }
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Turns a text into HTML. Beyond the bounds it is shown as it is written, never lost; beyond the largest text that is
/// taken in, it is cut.
pub(crate) fn render(markdown: &str, setting: &Setting<'_>) -> Rendered {
    let markdown = readable(markdown, MAX_MARKDOWN_BYTES);
    let arena = Arena::new();
    let options = options();
    let root = parse_document(&arena, &markdown, &options);
    match written(root, &options) {
        Some(html) => finish::finish(&CLEANER.clean(&html).to_string(), setting),
        None => finish::finish(&as_written(&markdown), setting),
    }
}

/// A text of a few words without headings as HTML.
pub(crate) fn plain(markdown: &str) -> String {
    let setting = Setting { top: 6, prefix: "", title: "", table_label: "", code_label: "" };
    render(markdown, &setting).html
}

/// Longest text that is rendered where requests are served, in bytes.
const AT_ONCE: usize = 32 * 1024;

/// Somebody's text for a page, rendered away from the threads that serve where it is long.
pub(crate) async fn render_apart(markdown: String, shell: &Shell, top: u8, title: &str) -> Rendered {
    if markdown.len() <= AT_ONCE {
        return shell.markdown(&markdown, top, title);
    }
    let (table_label, code_label) = (shell.say("markdown-table"), shell.say("markdown-code"));
    let title = title.to_owned();
    let rendered = tokio::task::spawn_blocking(move || {
        let setting = Setting {
            top,
            prefix: PREFIX,
            title: &title,
            table_label: &table_label,
            code_label: &code_label,
        };
        render(&markdown, &setting)
    });
    rendered.await.unwrap_or_else(|error| {
        tracing::error!(%error, "a text in Markdown cannot be rendered");
        Rendered::default()
    })
}

/// The HTML of a text, unless it would be too much to read again.
fn written<'a>(root: &'a AstNode<'a>, options: &Options<'_>) -> Option<String> {
    let tags = tags(root)?;
    let mut html = String::new();
    format_html(root, options, &mut html).ok()?;
    let work = |text: &str| text.bytes().filter(|b| *b == b'&').count() * text.len();
    // Between two tags of Markdown's own stands one text. Raw tags may join what stands around them.
    let work = if tags == 0 { html.split('<').map(work).sum() } else { work(&html) };
    (work <= MAX_WORK).then_some(html)
}

/// The beginning of a text in plain words: `length` characters at most, cut between two words.
pub(crate) fn excerpt(markdown: &str, length: usize) -> String {
    let markdown = readable(markdown, EXCERPT_BYTES);
    let arena = Arena::new();
    let root = parse_document(&arena, &markdown, &options());
    let words = if tags(root).is_some() { words(root) } else { markdown.into_owned() };
    shorten(&words, length)
}

/// `text` on one line, `length` characters at most, cut between two words.
pub(crate) fn shorten(text: &str, length: usize) -> String {
    let mut short = String::new();
    let mut left = length;
    for word in text.split_whitespace() {
        let size = word.chars().count() + usize::from(!short.is_empty());
        // Room for the sign that says that there is more.
        if size >= left {
            let cut: String = if short.is_empty() { word.chars().take(left - 1).collect() } else { short };
            return cut + "…";
        }
        if !short.is_empty() {
            short.push(' ');
        }
        short.push_str(word);
        left -= size;
    }
    short
}

/// What is read of a text: a bound on its length, and none of the signs that make letters change places, with which
/// a text would say something else than what is seen (CVE-2021-42574).
fn readable(markdown: &str, bytes: usize) -> Cow<'_, str> {
    let cut = &markdown[..markdown.floor_char_boundary(bytes)];
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if cut.contains(turns) { Cow::Owned(cut.replace(turns, "")) } else { Cow::Borrowed(cut) }
}

fn options() -> Options<'static> {
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.extension.autolink = true;
    // Raw HTML goes on to the sanitizer.
    options.render.r#unsafe = true;
    options
}

/// How many tags of raw HTML a text may hold; `None` beyond the bounds.
fn tags<'a>(root: &'a AstNode<'a>) -> Option<usize> {
    use comrak::arena_tree::NodeEdge;
    let (mut depth, mut nodes, mut tags) = (0_usize, 0, 0);
    for edge in root.traverse() {
        match edge {
            NodeEdge::Start(node) => {
                depth += 1;
                nodes += 1;
                tags += match &node.data.borrow().value {
                    NodeValue::HtmlBlock(block) => signs(&block.literal),
                    NodeValue::HtmlInline(text) => signs(text),
                    _ => 0,
                };
                if depth > MAX_DEPTH || nodes > MAX_NODES || tags > MAX_TAGS {
                    return None;
                }
            }
            NodeEdge::End(_) => depth -= 1,
        }
    }
    Some(tags)
}

fn signs(html: &str) -> usize {
    html.bytes().filter(|b| *b == b'<').count()
}

/// The text itself, where it is too intricate to be read.
fn as_written(markdown: &str) -> String {
    format!("<pre><code>{}</code></pre>", escape(markdown))
}

/// `text` as the content of an element or of a quoted attribute.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            c => safe.push(c),
        }
    }
    safe
}

/// What the paragraphs, lists and tables of a text say, without its headings and its code.
fn words<'a>(root: &'a AstNode<'a>) -> String {
    let mut words = String::new();
    let mut skipped = 0_usize;
    for edge in root.traverse() {
        use comrak::arena_tree::NodeEdge::{End, Start};
        let (node, starts) = match edge {
            Start(node) => (node, true),
            End(node) => (node, false),
        };
        let ast = node.data.borrow();
        match &ast.value {
            NodeValue::Heading(_) if starts => skipped += 1,
            NodeValue::Heading(_) => skipped -= 1,
            _ if skipped > 0 || !starts => {}
            NodeValue::Text(text) => words.push_str(text),
            NodeValue::Code(code) => words.push_str(&code.literal),
            NodeValue::SoftBreak | NodeValue::LineBreak => words.push(' '),
            value if value.block() => words.push(' '),
            _ => {}
        }
    }
    words
}

/// Tags that stay, with the attributes that they keep. Everything else goes: of an unknown tag the tag alone, of a
/// script or a style the content too.
const KEPT: [(&str, &[&str]); 42] = [
    ("a", &["href", "title"]),
    ("abbr", &["title"]),
    ("b", &[]),
    ("blockquote", &[]),
    ("br", &[]),
    ("caption", &[]),
    ("code", &["class"]),
    ("dd", &[]),
    ("del", &[]),
    ("details", &[]),
    ("dl", &[]),
    ("dt", &[]),
    ("em", &[]),
    ("h1", &[]),
    ("h2", &[]),
    ("h3", &[]),
    ("h4", &[]),
    ("h5", &[]),
    ("h6", &[]),
    ("hr", &[]),
    ("i", &[]),
    ("img", &["alt", "src"]),
    ("ins", &[]),
    ("kbd", &[]),
    ("li", &[]),
    ("mark", &[]),
    ("ol", &["start"]),
    ("p", &[]),
    ("pre", &[]),
    ("s", &[]),
    ("samp", &[]),
    ("strong", &[]),
    ("sub", &[]),
    ("summary", &[]),
    ("sup", &[]),
    ("table", &[]),
    ("tbody", &[]),
    ("td", &["align", "colspan", "rowspan"]),
    ("th", &["align", "colspan", "rowspan", "scope"]),
    ("thead", &[]),
    ("tr", &[]),
    ("ul", &[]),
];

/// Ways of leading elsewhere.
const SCHEMES: [&str; 4] = ["http", "https", "mailto", "tel"];

static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut cleaner = Builder::empty();
    cleaner
        .tags(KEPT.iter().map(|(tag, _)| *tag).collect())
        .tag_attributes(KEPT.iter().map(|(tag, names)| (*tag, names.iter().copied().collect())).collect())
        .clean_content_tags(["script", "style", "template", "noscript", "iframe", "object"].into())
        .url_schemes(SCHEMES.into())
        .url_relative(UrlRelative::PassThrough)
        .link_rel(None)
        .attribute_filter(|element, attribute, value| {
            kept(element, attribute, value).then_some(Cow::Borrowed(value))
        });
    cleaner
});

/// Whether the value of an attribute is one that we know.
fn kept(element: &str, attribute: &str, value: &str) -> bool {
    match (element, attribute) {
        ("code", "class") => value.strip_prefix("language-").is_some_and(|name| {
            name.len() <= 30 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"+#-_.".contains(&b))
        }),
        (_, "align") => matches!(value, "left" | "center" | "right"),
        (_, "scope") => matches!(value, "col" | "row"),
        (_, "colspan" | "rowspan" | "start") => value.parse::<u16>().is_ok_and(|n| n <= 1_000),
        ("img", "src") => finish::is_own_path(value),
        _ => true,
    }
}
