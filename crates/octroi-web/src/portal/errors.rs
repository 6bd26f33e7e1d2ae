//! A page for each outcome of a call: where the `type` of the gateway's problem documents leads. Their texts are the
//! files of `docs/errors/`, in English, and of `docs/errors/fr/`, of one form.

use askama::Template;
use octroi_domain::api::Language;

use super::answer;
use super::answers::{self, Scope};
use super::apis::source;
use super::gate::PageResult;
use super::path::Name;
use super::route::{Access, PageRow, get};
use super::shell::{Section, Shell};
use super::visitor::Visitor;
use crate::markdown;
use crate::problem::{Problem, ProblemCode};

pub(super) fn pages() -> Vec<PageRow> {
    vec![
        get("/docs/errors", Access::Anybody, list),
        get("/docs/errors/", Access::Anybody, list),
        get("/docs/errors/{code}", Access::Anybody, show),
    ]
}

/// An outcome's texts.
struct Text {
    code: &'static str,
    french: &'static str,
    english: &'static str,
}

macro_rules! texts {
    ($($code:literal),* $(,)?) => {
        /// Every outcome that has a page, in the order of the index.
        const TEXTS: &[Text] = &[$(Text {
            code: $code,
            french: include_str!(concat!("../../../../docs/errors/fr/", $code, ".md")),
            english: include_str!(concat!("../../../../docs/errors/", $code, ".md")),
        }),*];
    };
}

texts! {
    "unauthorized", "credential_missing", "credential_malformed", "credential_unknown", "credential_revoked",
    "credential_expired", "credential_paused", "credential_foreign", "token_invalid", "credential_ambiguous",
    "rate_limited", "quota_exceeded", "ip_rate_limited", "ip_denied", "origin_denied", "filter_denied",
    "resource_denied", "api_not_found", "path_not_allowed", "method_not_allowed", "parameter_missing",
    "malformed_request", "path_ambiguous", "header_too_large", "body_too_large", "request_timeout",
    "expectation_unsupported", "upgrade_unsupported", "upstream_unreachable", "upstream_timeout", "upstream_broken",
    "upstream_forbidden", "api_unavailable", "gateway_not_ready", "overloaded", "client_gone", "admitted",
    "cors_preflight",
}

/// What is said of an outcome.
#[derive(Clone, Debug)]
pub(super) struct Explained {
    /// Its code.
    pub(super) code: &'static str,
    /// The status of the answer, in words where there is no one number.
    pub(super) status: String,
    /// What it is called.
    pub(super) title: &'static str,
    /// Its sections, in order: heading, and text as safe HTML.
    pub(super) sections: Vec<(&'static str, String)>,
}

impl Explained {
    /// What happened, as safe HTML.
    pub(super) fn cause(&self) -> &str {
        self.sections.first().map_or("", |(_, text)| text)
    }

    /// What to do, as safe HTML.
    pub(super) fn remedy(&self) -> &str {
        self.sections.last().map_or("", |(_, text)| text)
    }
}

/// What is said of the outcome with this code.
pub(super) fn explained(code: &str, language: Language) -> Option<Explained> {
    TEXTS.iter().find(|text| text.code == code).map(|text| text.read(language))
}

/// What is said of each outcome in a language, and its text, for the search.
pub(super) fn texts(language: Language) -> impl Iterator<Item = (Explained, &'static str)> {
    TEXTS.iter().map(move |text| (text.read(language), text.in_language(language)))
}

impl Text {
    fn in_language(&self, language: Language) -> &'static str {
        match language {
            Language::Fr => self.french,
            Language::En => self.english,
        }
    }

    /// Reads a file: a title, a line with code and status, sections.
    fn read(&self, language: Language) -> Explained {
        let (head, rest) = self.in_language(language).split_once("\n## ").unwrap_or_default();
        let (title, line) = head.split_once('\n').unwrap_or((head, ""));
        let status = line.rsplit_once("statut").or_else(|| line.rsplit_once("status")).map_or("", |(_, s)| s);
        let section = |text: &'static str| {
            let (heading, text) = text.split_once('\n').unwrap_or((text, ""));
            (heading, markdown::plain(&led_from_anywhere(text)))
        };
        Explained {
            code: self.code,
            status: status.trim_matches(|c: char| c.is_whitespace() || c == ':' || c == '.').to_owned(),
            title: title.trim_start_matches("# "),
            sections: rest.split("\n## ").map(section).collect(),
        }
    }
}

/// A text whose links to the texts beside it hold on every page that shows a part of it.
fn led_from_anywhere(text: &str) -> String {
    let mut parts = text.split("](");
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let beside = part.split_once(".md)").filter(|(name, _)| !name.contains(['/', ')', ':']));
        match beside {
            Some((name, rest)) => whole.push_str(&format!("](/docs/errors/{name}){rest}")),
            None => whole.push_str(&format!("]({part}")),
        }
    }
    whole
}

#[derive(Template)]
#[template(path = "errors/list.html")]
struct List<'a> {
    shell: &'a Shell,
    outcomes: Vec<Explained>,
}

async fn list(visitor: Visitor) -> PageResult {
    if let Some(answers) = answers::to(&visitor, Scope::Portal).await? {
        return Ok(answers);
    }
    let shell = visitor.shell(Section::Documentation);
    let outcomes = TEXTS.iter().map(|text| text.read(shell.language)).collect();
    answer::ok(&shell, &List { shell: &shell, outcomes })
}

#[derive(Template)]
#[template(path = "errors/outcome.html")]
struct Outcome<'a> {
    shell: &'a Shell,
    outcome: &'a Explained,
}

async fn show(visitor: Visitor, Name(code): Name) -> PageResult {
    let shell = visitor.shell(Section::Documentation);
    let (code, as_source) = match code.strip_suffix(".md") {
        Some(code) => (code.to_owned(), true),
        None => (code, false),
    };
    let known = TEXTS.iter().find(|text| text.code == code);
    let known = known.ok_or_else(|| Problem::new(ProblemCode::NotFound))?;
    if let Some(answers) = answers::to(&visitor, Scope::Portal).await? {
        return Ok(answers);
    }
    if as_source {
        return Ok(source(known.in_language(shell.language).to_owned()));
    }
    answer::ok(&shell, &Outcome { shell: &shell, outcome: &known.read(shell.language) })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_file_has_its_page_and_all_have_one_form() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors");
        let files = |folder: &Path| -> BTreeSet<String> {
            let names =
                std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
            names
                .filter_map(|n| n.strip_suffix(".md").filter(|n| *n != "README").map(str::to_owned))
                .collect()
        };
        let served: BTreeSet<String> = TEXTS.iter().map(|text| text.code.to_owned()).collect();
        assert_eq!(served.len(), TEXTS.len());
        assert_eq!(files(&folder), served);
        assert_eq!(files(&folder.join("fr")), served);
        for text in TEXTS {
            let (french, english) = (text.read(Language::Fr), text.read(Language::En));
            for (read, headings) in [
                (&french, ["Ce qui s’est passé", "À qui la faute", "Que faire"]),
                (&english, ["What happened", "Whose fault", "What to do"]),
            ] {
                assert_eq!(
                    read.sections.iter().map(|(h, _)| *h).collect::<Vec<_>>(),
                    headings,
                    "{}",
                    text.code
                );
                assert!(read.sections.iter().all(|(_, t)| t.starts_with("<p>")), "{}", text.code);
                assert!(!read.status.is_empty() && !read.title.is_empty(), "{}", text.code);
            }
            let number = |read: &Explained| read.status.parse::<u16>().ok();
            assert_eq!(number(&french), number(&english), "{}", text.code);
        }
    }
}
