//! A mail in words, and its two layouts: text in lines, and a document for readers that show one.

use askama::Template;
use octroi_domain::api::Language;

use super::script::Script;
use crate::locale;

/// A mail in words, in the order in which they are read. All of it is text: the layouts escape.
#[derive(Template)]
#[template(path = "emails/message.html")]
pub(super) struct Letter<'a> {
    pub(super) subject: String,
    lang: &'static str,
    greeting: String,
    paragraphs: Vec<Paragraph>,
    facts: Vec<Fact>,
    quote: Option<Quote>,
    action: Option<Action<'a>>,
    closing: Vec<Paragraph>,
    footer: String,
    why: String,
    portal: &'a str,
}

/// A paragraph: a sentence or more, or an address of the portal alone.
enum Paragraph {
    Words(String),
    Link(String),
}

/// The one thing to do.
struct Action<'a> {
    label: String,
    /// The label where the address follows.
    announced: String,
    url: &'a str,
}

struct Fact {
    label: String,
    /// The label where the value follows in the same line.
    announced: String,
    value: String,
}

/// What somebody wrote, and what it is.
struct Quote {
    lead: String,
    lines: Vec<String>,
}

impl<'a> Letter<'a> {
    /// Puts a script into words.
    pub(super) fn write(script: &Script<'a>, language: Language, portal: &'a str) -> Self {
        let say = |id: &str| locale::text(language, id, &script.values);
        let part = |name: &str| locale::find(language, &format!("{}.{name}", script.id), &script.values);
        let paragraphs = |text: String| -> Vec<Paragraph> {
            text.split("\n\n")
                .map(|paragraph| match script.link {
                    Some(link) if link == paragraph => Paragraph::Link(link.to_owned()),
                    _ => Paragraph::Words(paragraph.to_owned()),
                })
                .collect()
        };
        let announce =
            |label: &str| locale::text(language, "email-link", &[("label", label.to_owned().into())]);
        let greeting = match &script.first_name {
            Some(name) => locale::text(language, "email-greeting", &[("first_name", name.into())]),
            None => locale::text(language, "email-greeting-nobody", &[]),
        };
        let action = script.action.map(|url| {
            let label = part("action").unwrap_or_default();
            Action { announced: announce(&label), label, url }
        });
        let fact = |(id, value): &(&'static str, String)| {
            let label = locale::text(language, id, &[]);
            Fact { announced: announce(&label), label, value: value.clone() }
        };
        let quote = (!script.quote.is_empty())
            .then(|| Quote { lead: part("comment").unwrap_or_default(), lines: script.quote.clone() });
        Self {
            subject: say(script.id),
            lang: language.code(),
            greeting,
            paragraphs: script.paragraphs.iter().filter_map(|name| part(name)).flat_map(paragraphs).collect(),
            facts: script.facts.iter().map(fact).collect(),
            quote,
            action,
            closing: part("closing").map(paragraphs).unwrap_or_default(),
            footer: locale::text(language, "email-footer", &[]),
            why: locale::text(language, script.why, &[]),
            portal,
        }
    }

    /// The text, its blocks apart by empty lines. What follows the line `-- ` is a signature to readers of mail.
    pub(super) fn text(&self) -> String {
        let mut blocks = vec![self.greeting.clone()];
        let words = |paragraph: &Paragraph| match paragraph {
            Paragraph::Words(text) | Paragraph::Link(text) => text.clone(),
        };
        blocks.extend(self.paragraphs.iter().map(words));
        if !self.facts.is_empty() {
            let fact = |fact: &Fact| format!("{} {}", fact.announced, fact.value);
            blocks.push(self.facts.iter().map(fact).collect::<Vec<_>>().join("\n"));
        }
        if let Some(quote) = &self.quote {
            let lines: Vec<String> = quote.lines.iter().map(|line| format!("> {line}")).collect();
            blocks.push(format!("{}\n{}", quote.lead, lines.join("\n")));
        }
        blocks.extend(self.action.as_ref().map(|action| format!("{}\n{}", action.announced, action.url)));
        blocks.extend(self.closing.iter().map(words));
        format!("{}\n\n-- \n{} {}\n{}\n", blocks.join("\n\n"), self.footer, self.portal, self.why)
    }

    /// The document.
    pub(super) fn html(&self) -> String {
        // A template of plain text, written into a string, has nothing that could fail.
        self.render().unwrap_or_default()
    }
}
