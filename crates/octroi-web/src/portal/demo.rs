//! What only a demo shows: the mails that it sent, to be read in the browser.

use std::sync::Arc;

use askama::Template;

use super::answer;
use super::gate::{PageError, PageResult};
use super::path::Name;
use super::route::{Access, PageRow, get};
use super::shell::{Section, Shell};
use super::visitor::Visitor;
use crate::context::{DemoMail, DemoSite};
use crate::problem::{Problem, ProblemCode};

pub(super) fn pages() -> Vec<PageRow> {
    vec![get("/demo/mail", Access::Anybody, list), get("/demo/mail/{number}", Access::Anybody, read)]
}

#[derive(Template)]
#[template(path = "demo/mails.html")]
struct Mails<'a> {
    shell: &'a Shell,
    mails: &'a [DemoMail],
}

#[derive(Template)]
#[template(path = "demo/mail.html")]
struct OneMail<'a> {
    shell: &'a Shell,
    mail: &'a DemoMail,
    pieces: Vec<Piece<'a>>,
}

/// A piece of a mail's text.
#[derive(Debug, PartialEq, Eq)]
struct Piece<'a> {
    text: &'a str,
    /// The page of this portal that it leads to.
    href: Option<&'a str>,
}

/// The demo, or nothing at this address.
fn demo(visitor: &Visitor) -> Result<&Arc<dyn DemoSite>, PageError> {
    visitor.options().demo.as_ref().ok_or_else(|| Problem::new(ProblemCode::NotFound).into())
}

async fn list(visitor: Visitor) -> PageResult {
    let mails = demo(&visitor)?.mails();
    let shell = visitor.shell(Section::Elsewhere);
    answer::ok(&shell, &Mails { shell: &shell, mails: &mails })
}

async fn read(visitor: Visitor, Name(number): Name) -> PageResult {
    let mails = demo(&visitor)?.mails();
    let number: Option<u64> = number.parse().ok();
    let mail = mails.iter().find(|mail| Some(mail.number) == number);
    let mail = mail.ok_or_else(|| Problem::new(ProblemCode::NotFound))?;
    let shell = visitor.shell(Section::Elsewhere);
    let pieces = pieces(&mail.rendered.text, visitor.app().portal_url());
    answer::ok(&shell, &OneMail { shell: &shell, mail, pieces })
}

/// The text with its links to this portal apart; whatever else looks like a link stays text.
fn pieces<'a>(text: &'a str, portal: &str) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(portal) {
        let (before, found) = rest.split_at(at);
        let end = found
            .find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '\'' | '\\'))
            .unwrap_or(found.len());
        let link = found[..end].trim_end_matches(['.', ',', ')', ';', ':']);
        let (link, after) = found.split_at(link.len().max(portal.len()));
        let path = &link[portal.len()..];
        pieces.push(Piece { text: before, href: None });
        // Another host may begin like ours.
        pieces.push(Piece { text: link, href: path.starts_with('/').then_some(path) });
        rest = after;
    }
    pieces.push(Piece { text: rest, href: None });
    pieces.retain(|piece| !piece.text.is_empty());
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_to_this_portal_can_be_followed() {
        let portal = "http://127.0.0.1:8080";
        let text = "Ouvrez http://127.0.0.1:8080/verify?token=x_1.\nNon : http://127.0.0.1:80801/a, <http://ailleurs.example/>";
        let found = pieces(text, portal);
        let links: Vec<_> = found.iter().filter_map(|piece| piece.href).collect();
        assert_eq!(links, ["/verify?token=x_1"]);
        assert_eq!(found.iter().map(|piece| piece.text).collect::<String>(), text, "nothing is lost");
        assert_eq!(pieces("", portal), []);
        assert_eq!(pieces(portal, portal), [Piece { text: portal, href: None }]);
    }
}
