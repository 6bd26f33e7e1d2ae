//! The passages of a set of pages, and what they answer.

use std::collections::{HashMap, HashSet};

use octroi_domain::api::Language;

use super::words::Reader;
use crate::markdown::Passage;

/// BM25: how soon another occurrence of a word says nothing more, and how much a long passage is held against itself.
const K1: f32 = 1.2;
const B: f32 = 0.6;

/// How much more a word says in the title of a page, in the heading of a passage, and in the name of what the page is
/// about.
const IN_TITLE: f32 = 2.5;
const IN_HEADING: f32 = 2.5;
const IN_SUBJECT: f32 = 1.0;

/// How much the whole page counts beside its best passage.
const OF_PAGE: f32 = 0.5;

/// How much the goal counts beside the question.
const OF_GOAL: f32 = 0.3;

/// How much a word counts that people use for the one that is asked.
const OF_ALIKE: f32 = 0.6;

/// How much a word counts against an answer that no page has: a question may be told in more words than it needs.
const OF_UNKNOWN: f32 = 0.4;

/// The least share of what a question asks that an answer speaks of, by the weight of its words.
const LEAST: f32 = 0.25;

/// How much more a number counts: it is a status, a limit, a version.
const OF_NUMBER: f32 = 1.5;

/// Words of a question that are looked for.
const MAX_WORDS: usize = 40;

/// Bytes of the pages of one index that are searched, together.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Bytes of a passage that are kept to be shown.
const KEPT: usize = 4 * 1024;

/// A page to be searched.
pub(crate) struct Page {
    /// Where it is, without the portal's address.
    pub(crate) address: String,
    /// Its title.
    pub(crate) title: String,
    /// What it is about: the API's name; empty for the portal's own pages.
    pub(crate) subject: String,
    /// What it says, cut at its headings.
    pub(crate) passages: Vec<Passage>,
}

/// Pages in one language, ready to be searched.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pages: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    address: String,
    title: String,
    subject: String,
    passages: Vec<Searched>,
    whole: Counted,
}

#[derive(Debug)]
struct Searched {
    passage: Passage,
    counted: Counted,
}

/// The words of a text: how often each stands there, weighed by where, and how long it is.
#[derive(Debug, Default)]
struct Counted {
    weights: HashMap<String, f32>,
    length: f32,
}

/// What is asked.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    words: Vec<Wanted>,
}

/// A word that is asked, with those that people use for it.
#[derive(Clone, Debug)]
struct Wanted {
    word: String,
    alike: Vec<String>,
    weight: f32,
    /// Whether the question has it, not the goal alone.
    asked: bool,
}

impl Wanted {
    fn stands_in(&self, counted: &Counted) -> bool {
        std::iter::once(&self.word).chain(&self.alike).any(|word| counted.weights.contains_key(word))
    }

    fn score(&self, counted: &Counted, mean: f32) -> f32 {
        let alike = self.alike.iter().map(|word| OF_ALIKE * counted.score(word, mean));
        alike.fold(counted.score(&self.word, mean), f32::max)
    }
}

/// An answer: the best passage of a page.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Found {
    /// Where it is, with the heading's name, without the portal's address.
    pub(crate) address: String,
    /// The page's title.
    pub(crate) title: String,
    /// What the page is about; empty for the portal's own pages.
    pub(crate) subject: String,
    /// The passage's heading; empty for what stands before the first.
    pub(crate) heading: String,
    /// What it says.
    pub(crate) text: String,
    /// How well it fits, to compare with others of the same search.
    pub(crate) score: f32,
}

impl Counted {
    fn add(&mut self, reader: &Reader, text: &str, weight: f32) {
        for stem in reader.stems(text) {
            *self.weights.entry(stem).or_default() += weight;
            self.length += weight.min(1.0);
        }
    }

    fn score(&self, word: &str, mean: f32) -> f32 {
        let Some(weight) = self.weights.get(word) else { return 0.0 };
        weight * (K1 + 1.0) / (weight + K1 * (1.0 - B + B * self.length / mean.max(1.0)))
    }
}

impl Index {
    /// Reads pages; what is beyond the bound of all together is found by titles and headings alone.
    pub(crate) fn of(language: Language, pages: Vec<Page>) -> Self {
        let reader = Reader::new(language);
        let mut left = MAX_BYTES;
        Self { pages: pages.into_iter().map(|page| Entry::of(&reader, page, &mut left)).collect() }
    }

    /// The best answers of several indexes in one language, best first; none where nothing fits.
    pub(crate) fn search<'i>(
        indexes: impl IntoIterator<Item = &'i Self>,
        question: &Question,
        most: usize,
    ) -> Vec<Found> {
        let pages: Vec<&Entry> = indexes.into_iter().flat_map(|index| &index.pages).collect();
        let rarity = Rarity::of(&pages, question);
        let mut found: Vec<Found> = pages.iter().filter_map(|page| page.answer(&rarity)).collect();
        found.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.address.cmp(&b.address)));
        found.truncate(most);
        found
    }
}

/// How much each word of a question tells one page from another.
struct Rarity<'q> {
    /// Word, its weight.
    words: Vec<(&'q Wanted, f32)>,
    /// The weight of all that the question asks; the goal only helps to choose.
    all: f32,
    mean_passage: f32,
    mean_page: f32,
}

impl<'q> Rarity<'q> {
    fn of(pages: &[&Entry], question: &'q Question) -> Self {
        let count = pages.len() as f32;
        let (mut words, mut all) = (Vec::new(), 0.0);
        for wanted in &question.words {
            let with = pages.iter().filter(|page| wanted.stands_in(&page.whole)).count() as f32;
            let weight = wanted.weight * (1.0 + (count - with + 0.5) / (with + 0.5)).ln();
            if wanted.asked {
                all += if with > 0.0 { weight } else { OF_UNKNOWN * weight };
            }
            words.push((wanted, weight));
        }
        let passages = pages.iter().map(|page| page.passages.len()).sum::<usize>().max(1) as f32;
        let length = pages.iter().map(|page| page.whole.length).sum::<f32>();
        Self { words, all, mean_passage: length / passages, mean_page: length / count.max(1.0) }
    }

    fn score(&self, counted: &Counted, mean: f32) -> f32 {
        self.words.iter().map(|(wanted, weight)| weight * wanted.score(counted, mean)).sum()
    }

    /// The share of the question that a text speaks of.
    fn share(&self, counted: &Counted) -> f32 {
        let known = self.words.iter().filter(|(wanted, _)| wanted.asked && wanted.stands_in(counted));
        known.map(|(_, weight)| weight).sum::<f32>() / self.all.max(f32::EPSILON)
    }
}

impl Entry {
    fn of(reader: &Reader, page: Page, left: &mut usize) -> Self {
        let mut whole = Counted::default();
        whole.add(reader, &page.title, IN_TITLE);
        whole.add(reader, &page.subject, IN_SUBJECT);
        let mut passages = Vec::new();
        for mut passage in page.passages {
            let text = &passage.text[..passage.text.floor_char_boundary(*left)];
            *left -= text.len();
            let mut counted = Counted::default();
            counted.add(reader, &passage.heading, IN_HEADING);
            counted.add(reader, &page.title, IN_TITLE / 2.0);
            counted.add(reader, &page.subject, IN_SUBJECT);
            counted.add(reader, text, 1.0);
            whole.add(reader, &passage.heading, IN_HEADING);
            whole.add(reader, text, 1.0);
            passage.text.truncate(passage.text.floor_char_boundary(KEPT));
            passage.text.shrink_to_fit();
            passages.push(Searched { passage, counted });
        }
        Self { address: page.address, title: page.title, subject: page.subject, passages, whole }
    }

    /// What this page answers; nothing where it speaks of too little of the question.
    fn answer(&self, rarity: &Rarity<'_>) -> Option<Found> {
        if rarity.share(&self.whole) < LEAST {
            return None;
        }
        let scored = self.passages.iter().map(|p| (rarity.score(&p.counted, rarity.mean_passage), p));
        let (score, best) = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
        let passage = &best.passage;
        let address = match &passage.id {
            Some(id) => format!("{}#{id}", self.address),
            None => self.address.clone(),
        };
        Some(Found {
            address,
            title: self.title.clone(),
            subject: self.subject.clone(),
            heading: passage.heading.clone(),
            text: passage.text.clone(),
            score: score + OF_PAGE * rarity.score(&self.whole, rarity.mean_page),
        })
    }
}

impl Question {
    /// A question, and the goal that its asker has: words of the goal help to choose among answers.
    pub(crate) fn new(language: Language, ask: &str, goal: &str) -> Self {
        let reader = Reader::new(language);
        let groups = reader.alike();
        let mut seen = HashSet::new();
        let mut words = Vec::new();
        for (text, weight, asked) in [(ask, 1.0, true), (goal, OF_GOAL, false)] {
            for word in reader.stems(text).take(MAX_WORDS).filter(|word| seen.insert(word.clone())) {
                let alike = groups.iter().filter(|group| group.contains(&word)).flatten();
                let alike = alike.filter(|other| **other != word).cloned().collect();
                let is_number = word.bytes().all(|b| b.is_ascii_digit());
                let weight = if is_number { weight * OF_NUMBER } else { weight };
                words.push(Wanted { word, alike, weight, asked });
            }
        }
        Self { words }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(address: &str, title: &str, passages: &[(&str, &str)]) -> Page {
        let passage = |(heading, text): &(&str, &str)| Passage {
            id: (!heading.is_empty()).then(|| format!("text-{heading}")),
            heading: (*heading).to_owned(),
            text: (*text).to_owned(),
        };
        Page {
            address: address.to_owned(),
            title: title.to_owned(),
            subject: String::new(),
            passages: passages.iter().map(passage).collect(),
        }
    }

    fn search(ask: &str, goal: &str) -> Vec<String> {
        let index = Index::of(
            Language::En,
            vec![
                page(
                    "/keys",
                    "Keeping keys",
                    &[("", "A key says who calls."), ("renewing", "The old key lives on.")],
                ),
                page("/limits", "Limits", &[("", "After too many calls wait as long as Retry-After says.")]),
                page("/publish", "Publishing", &[("", "An API with its plans and a document.")]),
            ],
        );
        let question = Question::new(Language::En, ask, goal);
        Index::search([&index], &question, 3).into_iter().map(|found| found.address).collect()
    }

    #[test]
    fn the_best_passage_of_each_page_is_named() {
        assert_eq!(search("renewing a key", ""), ["/keys#text-renewing"]);
        assert_eq!(search("how many calls", "")[0], "/limits");
        assert_eq!(search("calls", "retry after")[0], "/limits");
    }

    #[test]
    fn pages_beyond_the_bound_are_found_by_what_they_are_called() {
        let long = "mot ".repeat(MAX_BYTES / 4);
        let pages = vec![page("/long", "Long", &[("", &long)]), page("/late", "Late", &[("", "girafe")])];
        let index = Index::of(Language::En, pages);
        let found = |ask: &str| Index::search([&index], &Question::new(Language::En, ask, ""), 3);
        assert_eq!(found("late")[0].address, "/late");
        assert_eq!(found("girafe"), []);
        assert!(found("mot")[0].text.len() <= KEPT);
    }

    #[test]
    fn what_nothing_speaks_of_is_not_guessed() {
        assert_eq!(search("weather forecast for tomorrow", ""), [""; 0]);
        assert_eq!(search("", ""), [""; 0]);
        assert_eq!(search("the of and", "keys"), [""; 0]);
        assert_eq!(search(&"key ".repeat(100_000), "")[0], "/keys");
    }
}
