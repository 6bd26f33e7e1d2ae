//! The last step: sanitised HTML fitted into our page. It reads what `ammonia` writes, in which every `<` begins a tag
//! and every value stands in double quotes, and adds or leaves out constants only.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;

use super::{Heading, Rendered, Setting, escape};

/// Longest name of a heading, in characters.
const MAX_ID: usize = 60;

pub(super) fn finish(clean: &str, setting: &Setting<'_>) -> Rendered {
    let mut page = Page::new(setting);
    let mut rest = clean;
    while let Some(start) = rest.find('<') {
        page.text(&rest[..start]);
        let end = rest[start..].find('>').map_or(rest.len(), |end| start + end + 1);
        page.tag(&rest[start..end]);
        rest = &rest[end..];
    }
    page.text(rest);
    Rendered { html: page.html, headings: page.headings }
}

struct Page<'a> {
    setting: &'a Setting<'a>,
    html: String,
    headings: Vec<Heading>,
    /// Levels that the text gave to the headings in which we are, highest first.
    outline: Vec<u8>,
    /// The heading that is open.
    open: Option<Open>,
    /// How often a name was given.
    names: HashMap<String, usize>,
}

/// A heading that is being read.
struct Open {
    /// Where its content begins.
    start: usize,
    /// What it says so far.
    said: String,
    /// Headings inside it, which raw HTML can hold: they are part of what it says.
    inner: usize,
}

impl<'a> Page<'a> {
    fn new(setting: &'a Setting<'a>) -> Self {
        Self {
            setting,
            html: String::new(),
            headings: Vec::new(),
            outline: Vec::new(),
            open: None,
            names: HashMap::new(),
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(open) = &mut self.open {
            open.said.push_str(&unescape(text));
        }
        self.html.push_str(text);
    }

    fn tag(&mut self, tag: &str) {
        let inside = tag.trim_start_matches("</").trim_start_matches('<').trim_end_matches('>');
        let name = inside.split(' ').next().unwrap_or_default();
        let closes = tag.starts_with("</");
        match name {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" if closes => self.close_heading(),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => self.open_heading(name.as_bytes()[1] - b'0'),
            "a" if !closes => self.link(tag),
            "img" => self.picture(tag),
            "table" if closes => self.html.push_str("</table></div>"),
            "table" => {
                let label = escape(self.setting.table_label);
                self.html.push_str(&format!(
                    "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"{label}\"><table class=\"table\">"
                ));
            }
            "pre" if !closes => {
                let label = escape(self.setting.code_label);
                self.html.push_str(&format!("<pre tabindex=\"0\" role=\"group\" aria-label=\"{label}\">"));
            }
            "th" | "td" if !closes => self.html.push_str(&aligned(tag)),
            _ => self.html.push_str(tag),
        }
    }

    fn open_heading(&mut self, level: u8) {
        if let Some(open) = &mut self.open {
            open.inner += 1;
            return;
        }
        while self.outline.last().is_some_and(|above| *above >= level) {
            self.outline.pop();
        }
        self.outline.push(level);
        self.open = Some(Open { start: self.html.len(), said: String::new(), inner: 0 });
    }

    fn close_heading(&mut self) {
        let Some(mut open) = self.open.take() else { return };
        if open.inner > 0 {
            open.inner -= 1;
            self.open = Some(open);
            return;
        }
        let content = self.html.split_off(open.start);
        let text = open.said.split_whitespace().collect::<Vec<_>>().join(" ");
        let repeats_title = self.html.trim().is_empty() && text == self.setting.title;
        if repeats_title || (text.is_empty() && !content.contains("<img")) {
            // What follows stands one level higher.
            self.outline.pop();
            return;
        }
        let depth = u8::try_from(self.outline.len()).unwrap_or(u8::MAX);
        let level = self.setting.top.saturating_add(depth - 1).min(6);
        let id = self.name(&text);
        self.html.push_str(&format!("<h{level} id=\"{}\">{content}</h{level}>", escape(&id)));
        self.headings.push(Heading { level, id, text });
    }

    /// A name for a heading that no other one has.
    fn name(&mut self, text: &str) -> String {
        let name = slug(self.setting.prefix, text);
        let count = self.names.entry(name.clone()).or_insert(0);
        *count += 1;
        match *count {
            1 => name,
            // Two hyphens: no text gives such a name by itself.
            n => format!("{name}--{n}"),
        }
    }

    fn link(&mut self, tag: &str) {
        let Some(target) = attribute(tag, "href") else {
            self.html.push_str(tag);
            return;
        };
        if let Some(place) = target.strip_prefix('#') {
            let place = unescape(place);
            let place = percent_decode_str(&place).decode_utf8_lossy();
            let place = escape(&slug(self.setting.prefix, &place));
            self.html.push_str(&tag.replacen(
                &format!("href=\"{target}\""),
                &format!("href=\"#{place}\""),
                1,
            ));
        } else if is_relative(&unescape(target)) {
            let page = page_of(target);
            self.html.push_str(&tag.replacen(&format!("href=\"{target}\""), &format!("href=\"{page}\""), 1));
        } else {
            self.html.push_str("<a rel=\"nofollow noopener noreferrer\"");
            self.html.push_str(&tag["<a".len()..]);
        }
    }

    /// A picture of ours stays; of another's, what stands in its place.
    fn picture(&mut self, tag: &str) {
        let alternative = attribute(tag, "alt").unwrap_or_default();
        match attribute(tag, "src") {
            Some(_) if attribute(tag, "alt").is_some() => self.html.push_str(tag),
            Some(_) => self.html.push_str(&tag.replacen("<img", "<img alt=\"\"", 1)),
            None => self.text(alternative),
        }
    }
}

/// A cell whose alignment is said by a class: HTML no longer has the attribute.
fn aligned(tag: &str) -> String {
    match attribute(tag, "align") {
        Some("right") => tag.replacen("align=\"right\"", "class=\"n\"", 1),
        Some("center") => tag.replacen("align=\"center\"", "class=\"center\"", 1),
        Some(_) => tag.replacen(" align=\"left\"", "", 1),
        None => tag.to_owned(),
    }
}

/// The value of an attribute, as it is written.
fn attribute<'t>(tag: &'t str, name: &str) -> Option<&'t str> {
    // A value holds no double quote, so that this can only be the attribute itself.
    let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    let value = &tag[start..];
    Some(&value[..value.find('"')?])
}

/// Whether an address leads to a path of this portal, however a browser reads it.
pub(super) fn is_own_path(address: &str) -> bool {
    let mut signs = address.chars();
    signs.next() == Some('/')
        && !matches!(signs.next(), Some('/' | '\\'))
        && !address.contains(|c: char| c == '\\' || c.is_ascii_control())
}

/// Whether an address leads to this portal.
fn is_relative(address: &str) -> bool {
    let first = address.split(['/', '?', '#']).next().unwrap_or_default();
    is_own_path(address)
        || (!address.starts_with(['/', '\\'])
            && !first.contains(':')
            && !address.contains(|c: char| c == '\\' || c.is_ascii_control()))
}

/// The address of a page that a text names by its file, as pages of one folder do: `erreurs.fr.md#x` is `erreurs#x`.
fn page_of(address: &str) -> String {
    let end = address.find(['?', '#']).unwrap_or(address.len());
    let (path, rest) = address.split_at(end);
    match path.strip_suffix(".md").filter(|_| !path.starts_with('/')) {
        Some(page) => {
            let page = page.strip_suffix(".fr").or_else(|| page.strip_suffix(".en")).unwrap_or(page);
            format!("{page}{rest}")
        }
        None => address.to_owned(),
    }
}

/// What a heading is called in addresses: its letters and digits.
fn slug(prefix: &str, text: &str) -> String {
    let mut slug = prefix.to_owned();
    let mut gap = false;
    for c in text.chars().filter(|c| *c != '\'' && *c != '’').take(MAX_ID) {
        if c.is_alphanumeric() {
            if gap {
                slug.push('-');
            }
            slug.extend(c.to_lowercase());
            gap = false;
        } else {
            gap = slug.len() > prefix.len();
        }
    }
    slug
}

/// What a text says that HTML wrote with entities.
pub(super) fn unescape(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    let text =
        text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&nbsp;", "\u{a0}");
    text.replace("&amp;", "&")
}
