//! The catalogue as people look through it: one card for each API, the most called first, with what can be chosen among.

use std::collections::HashMap;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use octroi_domain::actor::Actor;
use octroi_domain::api::{Api, ApiState};
use octroi_domain::ids::ApiId;
use octroi_domain::plan::{Plan, PlanState, Security, Validation};
use octroi_domain::validate::{Rule, is_slug};
use octroi_store::{ApiFigures, DocumentKind, Session, Viewer};

use super::OrganizationName;
use super::apis::standing;
use super::view::LAST_CALLS;
use super::write::fold;
use crate::access::viewer;
use crate::page::{Page, PageRequest};
use crate::{App, AppError};

/// Rows read at once.
const CHUNK: i64 = 500;

/// Longest text that is searched for, in bytes.
pub const MAX_QUERY: usize = 200;

/// How long what is counted of the APIs is shown before it is counted anew.
const COUNTED_FOR: Duration = Duration::from_secs(60);

/// What is counted of each API that has something to count.
pub(crate) type Figures = HashMap<ApiId, ApiFigures>;

/// How somebody comes to call an API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccessKind {
    /// A plan gives access at once.
    Immediate,
    /// A plan lets anybody call without a key.
    Open,
    /// Every plan asks the provider first.
    OnRequest,
}

impl AccessKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Immediate, Self::Open, Self::OnRequest];

    /// The kind's word in addresses.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Immediate => "immediate",
            Self::Open => "open",
            Self::OnRequest => "on_request",
        }
    }

    /// The kind with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// The easiest way in that these plans give to the whole API.
    fn of(plans: &[Plan]) -> Option<Self> {
        let whole =
            |plan: &&Plan| plan.state == PlanState::Published && plan.definition.operations.is_empty();
        let kind = |plan: &Plan| match (plan.definition.security, plan.definition.validation) {
            (Security::Keyless, _) => Self::Open,
            (_, Validation::Automatic) => Self::Immediate,
            (_, Validation::Manual | Validation::Officer) => Self::OnRequest,
        };
        plans.iter().filter(whole).map(kind).min()
    }
}

/// What somebody looks for. An empty filter finds everything that is seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BrowseFilter {
    /// Words that the name, the slug, the summary, the labels or the provider contain, whatever their case and accents.
    pub q: String,
    /// One of the labels.
    pub label: Option<String>,
    /// The provider's slug.
    pub provider: Option<String>,
    /// Where in its life.
    pub state: Option<ApiState>,
    /// How access is given.
    pub access: Option<AccessKind>,
}

/// An API in the catalogue: its best version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiCard {
    /// Its identifier.
    pub id: ApiId,
    /// Shared by all versions.
    pub slug: String,
    /// The version.
    pub version: String,
    /// What people read.
    pub name: String,
    /// Where it is in its life.
    pub state: ApiState,
    /// Who provides it.
    pub provider: OrganizationName,
    /// One sentence.
    pub summary: String,
    /// What every call begins with.
    pub access_url: String,
    /// Whether it has an OpenAPI document.
    pub has_openapi: bool,
    /// Words to filter by.
    pub labels: Vec<String>,
    /// How access is given; `None` where no plan is offered.
    pub access: Option<AccessKind>,
    /// Whether it has a picture.
    pub has_picture: bool,
    /// Its edition: grows with every change of it, of its pages and of its document.
    pub edition: i64,
    /// Calls let in during the last seven days, to all versions.
    pub calls_last_7_days: i64,
}

/// Something to filter by, and how many APIs it leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Its word in addresses.
    pub word: String,
    /// What people read.
    pub name: String,
    /// APIs that have it, of all that are seen.
    pub count: usize,
}

/// A page of the catalogue, and what can be chosen among.
#[derive(Clone, Debug)]
pub struct Browsed {
    /// The cards of the page.
    pub page: Page<ApiCard>,
    /// APIs that fit the filter.
    pub found: usize,
    /// APIs that are seen at all.
    pub all: usize,
    /// Providers, by name.
    pub providers: Vec<Choice>,
    /// Labels, by name.
    pub labels: Vec<Choice>,
    /// States, in the order of a life.
    pub states: Vec<Choice>,
    /// Kinds of access, the easiest first.
    pub accesses: Vec<Choice>,
}

/// A version of an API in a list of versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionLine {
    /// The version.
    pub version: String,
    /// Where it is in its life.
    pub state: ApiState,
}

impl App {
    /// The catalogue as `actor` sees it. A cursor names the last card of the page before.
    pub async fn browse(
        &self,
        actor: &Actor,
        filter: &BrowseFilter,
        request: &PageRequest,
    ) -> Result<Browsed, AppError> {
        let window = request.window::<ApiId>()?;
        if filter.q.len() > MAX_QUERY {
            return Err(AppError::invalid("q", Rule::TooLong { max: MAX_QUERY as u64 }));
        }
        let cards = self.every_card(actor).await?;
        let browsed = Browsed {
            all: cards.len(),
            providers: choices(&cards, |card| vec![(card.provider.slug.clone(), card.provider.name.clone())]),
            labels: choices(&cards, |card| card.labels.iter().map(|l| (l.clone(), l.clone())).collect()),
            states: STATES
                .iter()
                .filter_map(|(state, word)| counted(word, cards.iter().filter(|c| c.state == *state).count()))
                .collect(),
            accesses: AccessKind::ALL
                .iter()
                .filter_map(|kind| {
                    counted(kind.word(), cards.iter().filter(|c| c.access == Some(*kind)).count())
                })
                .collect(),
            found: 0,
            page: Page { items: Vec::new(), next_cursor: None },
        };
        let found: Vec<ApiCard> = cards.into_iter().filter(|card| filter.fits(card)).collect();
        // A card that is gone meanwhile: the list begins anew.
        let begin =
            window.after.and_then(|id| found.iter().position(|card| card.id == id)).map_or(0, |at| at + 1);
        let count = found.len();
        let rows = found.into_iter().skip(begin).take(window.rows() as usize).collect();
        Ok(Browsed {
            page: window.page(rows, |card: &ApiCard| card.id, |card| card),
            found: count,
            ..browsed
        })
    }

    /// The versions of an API that `actor` sees, newest first.
    pub async fn api_versions(&self, actor: &Actor, slug: &str) -> Result<Vec<VersionLine>, AppError> {
        if !is_slug(slug) {
            return Err(AppError::NotFound);
        }
        let versions = self.read().await?.api_versions_seen(viewer(actor), slug).await?;
        let line = |api: Api| VersionLine { version: api.version, state: api.state };
        Ok(versions.into_iter().rev().map(line).collect())
    }

    /// What is counted of every API: counted anew after a minute, since it adds up the calls of a week.
    async fn figures(&self, session: &mut Session) -> Result<Arc<Figures>, AppError> {
        let now = self.monotonic();
        let known = self.known_figures().clone();
        if let Some((_, figures)) = known.filter(|(at, _)| now.saturating_sub(*at) < COUNTED_FOR) {
            return Ok(figures);
        }
        let figures = Arc::new(session.every_api_figures(self.now().before(LAST_CALLS)).await?);
        *self.known_figures() = Some((now, Arc::clone(&figures)));
        Ok(figures)
    }

    fn known_figures(&self) -> MutexGuard<'_, Option<(Duration, Arc<Figures>)>> {
        // What a panic leaves is whole: the value of before, or the new one.
        self.shared.figures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every API that `actor` sees: one card for each slug, its best version; the most called first.
    pub async fn every_card(&self, actor: &Actor) -> Result<Vec<ApiCard>, AppError> {
        let mut session = self.read().await?;
        let apis = every_api(&mut session, viewer(actor)).await?;
        let figures = self.figures(&mut session).await?;
        let mut plans: HashMap<ApiId, Vec<Plan>> = HashMap::new();
        for plan in session.every_plan().await? {
            plans.entry(plan.api_id).or_default().push(plan);
        }
        let providers: HashMap<_, OrganizationName> =
            session.providers().await?.into_iter().map(|o| (o.id, o.into())).collect();
        let pictures = session.documented(DocumentKind::Picture).await?;
        let described = session.documented(DocumentKind::Openapi).await?;
        let mut best: HashMap<String, (Api, i64)> = HashMap::new();
        for api in apis {
            let calls = figures.get(&api.id).map_or(0, |f: &ApiFigures| f.calls);
            match best.get_mut(&api.slug) {
                None => drop(best.insert(api.slug.clone(), (api, calls))),
                Some((known, all)) => {
                    *all += calls;
                    if (standing(api.state), api.id) > (standing(known.state), known.id) {
                        *known = api;
                    }
                }
            }
        }
        let cards = best.into_values().map(|(api, calls)| {
            let provider = providers.get(&api.organization_id).cloned();
            Ok(ApiCard {
                provider: provider
                    .ok_or_else(|| AppError::Internal(format!("{} has no provider", api.id)))?,
                access: plans.get(&api.id).and_then(|plans| AccessKind::of(plans)),
                has_picture: pictures.contains(&api.id.to_string()),
                has_openapi: described.contains(&api.id.to_string()),
                access_url: self.access_url(&api.gateway.route),
                calls_last_7_days: calls,
                id: api.id,
                slug: api.slug,
                version: api.version,
                name: api.name,
                state: api.state,
                edition: api.edition,
                summary: api.presentation.summary,
                labels: api.presentation.labels,
            })
        });
        let mut cards = cards.collect::<Result<Vec<_>, AppError>>()?;
        cards.sort_by_cached_key(|card| (-card.calls_last_7_days, fold(&card.name), card.slug.clone()));
        Ok(cards)
    }
}

const STATES: [(ApiState, &str); 4] = [
    (ApiState::Draft, "draft"),
    (ApiState::Published, "published"),
    (ApiState::Deprecated, "deprecated"),
    (ApiState::Retired, "retired"),
];

async fn every_api(session: &mut Session, viewer: Viewer) -> Result<Vec<Api>, AppError> {
    let (mut apis, mut after) = (Vec::new(), None);
    loop {
        let rows = session.apis_seen(viewer, after, CHUNK, None).await?;
        let last = rows.len() < CHUNK as usize;
        after = rows.last().map(|api| api.id);
        apis.extend(rows);
        if last {
            return Ok(apis);
        }
    }
}

impl BrowseFilter {
    fn fits(&self, card: &ApiCard) -> bool {
        let text = || {
            let labels = card.labels.join(" ");
            fold(&format!("{} {} {} {labels} {}", card.name, card.slug, card.summary, card.provider.name))
        };
        let wanted = fold(&self.q);
        let mut words = wanted.split_whitespace().peekable();
        self.state.is_none_or(|state| card.state == state)
            && self.access.is_none_or(|access| card.access == Some(access))
            && self.provider.as_ref().is_none_or(|provider| card.provider.slug == *provider)
            && self.label.as_ref().is_none_or(|l| card.labels.iter().any(|own| fold(own) == fold(l)))
            && (words.peek().is_none() || {
                let text = text();
                words.all(|word| text.contains(word))
            })
    }
}

/// What cards have, each with its count, by name.
fn choices(cards: &[ApiCard], of: impl Fn(&ApiCard) -> Vec<(String, String)>) -> Vec<Choice> {
    let mut found: HashMap<String, Choice> = HashMap::new();
    for (word, name) in cards.iter().flat_map(of) {
        let choice = found.entry(fold(&word)).or_insert(Choice { word, name, count: 0 });
        choice.count += 1;
    }
    let mut choices: Vec<Choice> = found.into_values().collect();
    choices.sort_by_cached_key(|choice| fold(&choice.name));
    choices
}

/// A choice whose name its reader knows from its word, where it leaves anything.
fn counted(word: &str, count: usize) -> Option<Choice> {
    (count > 0).then(|| Choice { word: word.to_owned(), name: String::new(), count })
}
