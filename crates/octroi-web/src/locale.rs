//! Sentences in French and English, from the Fluent files of `locales/`, and the choice of the language.

use std::borrow::Cow;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use http::{HeaderMap, header};
use octroi_domain::api::Language;

type Bundle = FluentBundle<FluentResource>;

macro_rules! files {
    ($language:literal) => {
        [
            include_str!(concat!("../locales/", $language, "/problems.ftl")),
            include_str!(concat!("../locales/", $language, "/fields.ftl")),
            include_str!(concat!("../locales/", $language, "/emails.ftl")),
            include_str!(concat!("../locales/", $language, "/pages.ftl")),
            include_str!(concat!("../locales/", $language, "/account.ftl")),
            include_str!(concat!("../locales/", $language, "/service.ftl")),
            include_str!(concat!("../locales/", $language, "/reference.ftl")),
            include_str!(concat!("../locales/", $language, "/public.ftl")),
            include_str!(concat!("../locales/", $language, "/tickets.ftl")),
            include_str!(concat!("../locales/", $language, "/provider.ftl")),
            include_str!(concat!("../locales/", $language, "/operator.ftl")),
            include_str!(concat!("../locales/", $language, "/partners.ftl")),
            include_str!(concat!("../locales/", $language, "/chart.ftl")),
            include_str!(concat!("../locales/", $language, "/work.ftl")),
        ]
    };
}

const FRENCH: &[&str] = &files!("fr");
const ENGLISH: &[&str] = &files!("en");

static BUNDLES: LazyLock<[Bundle; 2]> = LazyLock::new(|| [bundle("fr", FRENCH), bundle("en", ENGLISH)]);

fn bundle(language: &str, files: &[&str]) -> Bundle {
    let mut bundle = Bundle::new_concurrent(language.parse().into_iter().collect());
    // Marks around arguments that isolate their direction would end up in mails and JSON.
    bundle.set_use_isolating(false);
    for file in files {
        let resource = match FluentResource::try_new((*file).to_owned()) {
            Ok(resource) | Err((resource, _)) => resource,
        };
        // Two messages of one name: the first stays. A test of this file lets neither case through.
        let _ = bundle.add_resource(resource);
    }
    bundle
}

/// What a sentence is filled with: names and texts.
pub(crate) type Arguments<'a> = [(&'a str, Cow<'a, str>)];

/// The sentence `id` in `language`. An `id` with a dot names an attribute: `not_found.detail`. An unknown one gives
/// the id itself behind two question marks: something a reader can report and a test finds.
pub(crate) fn text(language: Language, id: &str, arguments: &Arguments<'_>) -> String {
    find(language, id, arguments).unwrap_or_else(|| format!("⁇{id}"))
}

/// The sentence `id` in `language`, where there is one.
pub(crate) fn find(language: Language, id: &str, arguments: &Arguments<'_>) -> Option<String> {
    let bundle = match language {
        Language::Fr => &BUNDLES[0],
        Language::En => &BUNDLES[1],
    };
    let (message, attribute) = id.split_once('.').map_or((id, None), |(m, a)| (m, Some(a)));
    let message = bundle.get_message(message)?;
    let pattern = match attribute {
        Some(name) => message.get_attribute(name)?.value(),
        None => message.value()?,
    };
    let mut values = FluentArgs::new();
    for (name, value) in arguments {
        values.set(*name, argument(value));
    }
    Some(bundle.format_pattern(pattern, Some(&values), &mut Vec::new()).into_owned())
}

/// A plain integer is a number, so that sentences can tell one from many; anything else stays as it is written.
fn argument<'a>(text: &'a Cow<'a, str>) -> FluentValue<'a> {
    match text.parse::<u32>() {
        Ok(number) if number.to_string() == **text => FluentValue::from(number),
        _ => FluentValue::from(&**text),
    }
}

/// The language that a client prefers: the first of its `Accept-Language` that Octroi speaks, else French.
pub(crate) fn negotiate(headers: &HeaderMap) -> Language {
    let mut best = (0.0, Language::Fr);
    for value in headers.get_all(header::ACCEPT_LANGUAGE).iter().filter_map(|v| v.to_str().ok()) {
        for range in value.split(',').take(32) {
            let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
            let quality = match parameters.trim().strip_prefix("q=") {
                Some(number) => number.trim().parse::<f32>().unwrap_or(0.0),
                None => 1.0,
            };
            if let Some(language) = spoken(tag.trim())
                && quality > best.0
            {
                best = (quality, language);
            }
        }
    }
    best.1
}

/// The language of a tag such as `en-GB`, where Octroi speaks it.
pub(crate) fn spoken(tag: &str) -> Option<Language> {
    match tag.split('-').next()?.to_ascii_lowercase().as_str() {
        "fr" => Some(Language::Fr),
        "en" => Some(Language::En),
        _ => None,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Every message and attribute of a language.
    pub(crate) fn ids(language: Language) -> BTreeSet<String> {
        let files = match language {
            Language::Fr => FRENCH,
            Language::En => ENGLISH,
        };
        let mut ids = BTreeSet::new();
        let mut message = "";
        for line in files.iter().flat_map(|file| file.lines()) {
            let Some((name, _)) = line.split_once('=') else { continue };
            if let Some(attribute) = name.trim().strip_prefix('.') {
                ids.insert(format!("{message}.{}", attribute.trim()));
            } else if line.starts_with(|c: char| c.is_ascii_alphabetic()) {
                message = name.trim();
                ids.insert(message.to_owned());
            }
        }
        ids
    }

    /// The variables that a message's text asks for.
    fn variables(language: Language, id: &str) -> BTreeSet<String> {
        let text = find(language, id, &[]).unwrap_or_default();
        text.split("{$").skip(1).filter_map(|rest| Some(rest.split_once('}')?.0.trim().to_owned())).collect()
    }

    #[test]
    fn every_file_is_well_formed_and_names_no_message_twice() {
        for files in [FRENCH, ENGLISH] {
            let mut seen = BTreeSet::new();
            for file in files {
                FluentResource::try_new((*file).to_owned()).expect("a Fluent file");
                for line in file.lines().filter(|l| l.starts_with(|c: char| c.is_ascii_alphabetic())) {
                    let id = line.split('=').next().unwrap_or_default().trim().to_owned();
                    assert!(seen.insert(id.clone()), "{id} twice");
                }
            }
        }
    }

    #[test]
    fn both_languages_say_the_same_things_about_the_same_values() {
        let (french, english) = (ids(Language::Fr), ids(Language::En));
        assert_eq!(french.symmetric_difference(&english).collect::<Vec<_>>(), Vec::<&String>::new());
        for id in french {
            assert_eq!(variables(Language::Fr, &id), variables(Language::En, &id), "{id}");
        }
    }

    /// Everything that the crate's sources and templates say.
    fn sources(folder: &std::path::Path, all: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()) {
            if entry.is_dir() {
                sources(&entry, all);
            } else {
                all.push_str(&std::fs::read_to_string(&entry).unwrap());
            }
        }
    }

    #[test]
    fn no_sentence_is_left_over() {
        let home = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut written = String::new();
        sources(&home.join("src"), &mut written);
        sources(&home.join("templates"), &mut written);
        for id in ids(Language::Fr) {
            let message = id.split('.').next().unwrap_or_default();
            // Those of fields have a test of their own.
            let field = ["rule-", "form-", "range-"].iter().any(|kind| id.starts_with(kind));
            let problem = crate::problem::ProblemCode::from_code(message).is_some();
            let used =
                || written.contains(&format!("\"{id}\"")) || written.contains(&format!("\"{message}\""));
            assert!(field || problem || used(), "{id} is never said");
        }
    }

    #[test]
    fn the_preferred_language_wins_and_french_comes_first() {
        for (header, expected) in [
            ("", Language::Fr),
            ("de", Language::Fr),
            ("en", Language::En),
            ("en-GB,en;q=0.9", Language::En),
            ("de, en;q=0.8, fr;q=0.9", Language::Fr),
            ("fr;q=0.1, en;q=0.2", Language::En),
            ("en;q=0", Language::Fr),
            ("en;q=NaN", Language::Fr),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, header.parse().unwrap());
            assert_eq!(negotiate(&headers), expected, "{header}");
        }
    }

    #[test]
    fn arguments_stand_in_the_sentence_as_they_are() {
        let said = text(Language::En, "rule-too_long", &[("max", "2000".into())]);
        assert!(said.contains("2000"), "{said}");
    }
}
