//! The catalogue: searched, filtered, page by page. One GET form, so that every choice is an address.

use askama::Template;
use octroi_app::catalog::{AccessKind, ApiCard, BrowseFilter, Browsed, Choice, MAX_QUERY};
use octroi_app::page::PageRequest;

use super::words::{self, State};
use crate::portal::answer;
use crate::portal::gate::PageResult;
use crate::portal::shell::{Section, Shell};
use crate::portal::visitor::Visitor;

/// Cards of a page.
const CARDS: u32 = 12;

#[derive(Template)]
#[template(path = "apis/catalogue.html")]
struct Catalogue<'a> {
    shell: &'a Shell,
    browsed: &'a Browsed,
    filter: &'a BrowseFilter,
    /// Fields with choices: name, label, what stands for all, choices.
    selects: Vec<Select>,
    /// The address of the next page.
    next: Option<String>,
    /// Whether this is not the first page.
    goes_on: bool,
    /// The address of the first page with the same filter.
    first: String,
}

/// A field with choices.
struct Select {
    name: &'static str,
    label: String,
    all: String,
    /// Value, label, whether it is chosen.
    options: Vec<(String, String, bool)>,
}

impl Catalogue<'_> {
    fn cards(&self) -> &[ApiCard] {
        &self.browsed.page.items
    }

    fn is_filtered(&self) -> bool {
        *self.filter != BrowseFilter::default()
    }
}

pub(super) async fn list(visitor: Visitor) -> PageResult {
    let shell = visitor.shell(Section::Catalogue);
    let asked = |name: &str| visitor.query(name).map(|v| v.trim().to_owned()).filter(|v| !v.is_empty());
    let mut q = asked("q").unwrap_or_default();
    // What is longer than anything that could be found finds what its beginning finds.
    q.truncate(q.floor_char_boundary(MAX_QUERY));
    let filter = BrowseFilter {
        q,
        label: asked("label"),
        provider: asked("provider"),
        state: asked("state").and_then(|word| State::from_word(&word)).map(|state| state.0),
        access: asked("access").and_then(|word| AccessKind::from_word(&word)),
    };
    let cursor = asked("cursor");
    let request = PageRequest { limit: Some(CARDS), cursor: cursor.clone() };
    let browsed = visitor.app().browse(visitor.actor(), &filter, &request).await?;
    let next = browsed.page.next_cursor.as_ref().map(|cursor| address(&filter, Some(cursor)));
    let page = Catalogue {
        shell: &shell,
        selects: selects(&shell, &browsed, &filter),
        next,
        goes_on: cursor.is_some(),
        first: address(&filter, None),
        browsed: &browsed,
        filter: &filter,
    };
    answer::ok(&shell, &page)
}

fn address(filter: &BrowseFilter, cursor: Option<&str>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let fields = [
        ("q", (!filter.q.is_empty()).then_some(filter.q.as_str())),
        ("label", filter.label.as_deref()),
        ("provider", filter.provider.as_deref()),
        ("state", filter.state.map(|state| State(state).word())),
        ("access", filter.access.map(AccessKind::word)),
        ("cursor", cursor),
    ];
    query.extend_pairs(fields.iter().filter_map(|(name, value)| value.map(|value| (name, value))));
    let query = query.finish();
    if query.is_empty() { "/apis".to_owned() } else { format!("/apis?{query}") }
}

fn selects(shell: &Shell, browsed: &Browsed, filter: &BrowseFilter) -> Vec<Select> {
    let select =
        |name, label, all, choices: &[Choice], chosen: Option<&str>, named: &dyn Fn(&Choice) -> String| {
            let option = |choice: &Choice| {
                let label = format!("{} ({})", named(choice), choice.count);
                (choice.word.clone(), label, chosen == Some(choice.word.as_str()))
            };
            Select {
                name,
                label: shell.say(label),
                all: shell.say(all),
                options: choices.iter().map(option).collect(),
            }
        };
    let own = |choice: &Choice| choice.name.clone();
    let access = |choice: &Choice| {
        AccessKind::from_word(&choice.word).map_or_else(String::new, |k| shell.say(words::access(k)))
    };
    let state =
        |choice: &Choice| State::from_word(&choice.word).map_or_else(String::new, |s| shell.say(s.id()));
    let all = vec![
        select(
            "access",
            "catalogue-access",
            "catalogue-access-all",
            &browsed.accesses,
            filter.access.map(AccessKind::word),
            &access,
        ),
        select(
            "provider",
            "catalogue-provider",
            "catalogue-provider-all",
            &browsed.providers,
            filter.provider.as_deref(),
            &own,
        ),
        select(
            "label",
            "catalogue-label",
            "catalogue-label-all",
            &browsed.labels,
            filter.label.as_deref(),
            &own,
        ),
        select(
            "state",
            "catalogue-state",
            "catalogue-state-all",
            &browsed.states,
            filter.state.map(|state| State(state).word()),
            &state,
        ),
    ];
    // A field with nothing to choose is left out, unless something is chosen in it.
    all.into_iter()
        .filter(|s| s.options.len() > 1 || s.options.iter().any(|(_, _, chosen)| *chosen))
        .collect()
}

/// What templates of cards say of one.
pub(in crate::portal) trait CardWords {
    fn plate(&self) -> String;
    fn state_word(&self) -> State;
    fn access_word(&self, shell: &Shell) -> String;
    fn asks(&self) -> bool;
}

impl CardWords for ApiCard {
    fn plate(&self) -> String {
        words::plate(&self.provider.slug)
    }

    fn state_word(&self) -> State {
        State(self.state)
    }

    fn access_word(&self, shell: &Shell) -> String {
        shell.say(self.access.map_or("access-none", words::access))
    }

    fn asks(&self) -> bool {
        matches!(self.access, None | Some(AccessKind::OnRequest))
    }
}
