//! The pages of one API for its provider: who asks, who subscribed, how much is called, what is written.

use askama::Template;
use octroi_app::provided::{ProvidedApiView, SubscriberFilter, SubscriberView};
use octroi_app::tickets::TicketFilter;
use octroi_app::usage::{OutcomeCount, UsageQuery};
use octroi_domain::ids::ApiId;
use octroi_domain::subscription::SubscriptionState;

use crate::portal::answer;
use crate::portal::badges::{Badge, State as _};
use crate::portal::chart::Chart;
use crate::portal::fields::{Choice, Choices, FormState};
use crate::portal::gate::PageResult;
use crate::portal::lists::{self, Pager};
use crate::portal::path::Id;
use crate::portal::periods::Period;
use crate::portal::shell::{Section, Shell};
use crate::portal::tickets::{self, Listed};
use crate::portal::visitor::Visitor;

/// One of the pages of an API.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tab {
    Pending,
    Subscribers,
    Usage,
    Tickets,
}

/// A link to one of the pages.
struct TabLink {
    href: String,
    label: String,
    count: Option<i64>,
    current: bool,
}

/// What stands above each of the pages.
struct Head {
    view: ProvidedApiView,
    badge: Badge,
    tabs: Vec<TabLink>,
}

impl Head {
    /// Also looks whether the visitor may see what waits there.
    async fn of(
        visitor: &Visitor,
        shell: &Shell,
        id: ApiId,
        current: Tab,
    ) -> Result<Self, octroi_app::AppError> {
        let view = visitor.app().provided_api(visitor.actor(), id).await?;
        let tab = |tab: Tab, part: &str, label: &str, count: Option<i64>| TabLink {
            href: format!("/provider/apis/{id}{part}"),
            label: shell.say(label),
            count: count.filter(|count| *count > 0),
            current: tab == current,
        };
        let tabs = vec![
            tab(Tab::Pending, "/subscriptions", "provider-tab-pending", Some(view.pending)),
            tab(Tab::Subscribers, "/subscribers", "provider-tab-subscribers", Some(view.subscriptions)),
            tab(Tab::Usage, "/usage", "provider-tab-usage", None),
            tab(Tab::Tickets, "/tickets", "ticket-tickets", Some(view.open_tickets)),
        ];
        Ok(Self { badge: view.state.badge(shell), tabs, view })
    }
}

/// A subscription as the lists show it.
struct Subscribed {
    view: SubscriberView,
    badge: Badge,
    created: String,
}

#[derive(Template)]
#[template(path = "provider/subscriptions.html")]
struct Subscriptions<'a> {
    shell: &'a Shell,
    head: Head,
    title: String,
    subscribers: Vec<Subscribed>,
    /// What is said where there is none.
    empty: String,
    states: Option<Choices>,
    here: String,
    pager: Pager<'a>,
}

pub(super) async fn pending(visitor: Visitor, Id(id): Id<ApiId>) -> PageResult {
    let state = Some(SubscriptionState::Pending);
    let words = ["provider-tab-pending", "provider-pending-empty"];
    list(&visitor, id, Tab::Pending, state, words).await
}

/// The states that the list of subscribers can be held to; the first one where none is asked for.
const STATES: [(&str, SubscriptionState); 4] = [
    ("active", SubscriptionState::Active),
    ("paused", SubscriptionState::Paused),
    ("rejected", SubscriptionState::Rejected),
    ("closed", SubscriptionState::Closed),
];

pub(super) async fn subscribers(visitor: Visitor, Id(id): Id<ApiId>) -> PageResult {
    let asked = visitor.query("state").unwrap_or_default();
    let state = match asked.as_str() {
        "all" => None,
        _ => Some(STATES.iter().find(|(word, _)| *word == asked).unwrap_or(&STATES[0]).1),
    };
    let words = ["provider-tab-subscribers", "provider-subscribers-empty"];
    list(&visitor, id, Tab::Subscribers, state, words).await
}

async fn list(
    visitor: &Visitor,
    id: ApiId,
    tab: Tab,
    state: Option<SubscriptionState>,
    [title, empty]: [&str; 2],
) -> PageResult {
    let shell = visitor.shell(Section::Provider);
    let head = Head::of(visitor, &shell, id, tab).await?;
    let filter = SubscriberFilter { api_id: id, state };
    let page = visitor.app().subscribers(visitor.actor(), &filter, &lists::part(visitor)).await?;
    let subscribed = |view: SubscriberView| Subscribed {
        badge: view.state.badge(&shell),
        created: shell.moment(&view.created_at),
        view,
    };
    let template = Subscriptions {
        head,
        title: shell.say(title),
        empty: shell.say(empty),
        states: (tab == Tab::Subscribers).then(|| state_choices(visitor, &shell)),
        here: visitor.uri().path().to_owned(),
        pager: Pager::of(visitor, &shell, page.next_cursor.as_deref()),
        subscribers: page.items.into_iter().map(subscribed).collect(),
        shell: &shell,
    };
    answer::ok(&shell, &template)
}

fn state_choices(visitor: &Visitor, shell: &Shell) -> Choices {
    let choice = |(word, state): &(&str, SubscriptionState)| Choice {
        value: (*word).to_owned(),
        label: shell.say(state.stamp().1),
        hint: None,
    };
    let all = Choice { value: "all".to_owned(), label: shell.say("list-all"), hint: None };
    let chosen = visitor.query("state").unwrap_or_default();
    let form = FormState::filled(shell, [("state", chosen.as_str())]);
    let options = STATES.iter().map(choice).chain([all]).collect();
    form.choices("state", "list-state", options).usually(STATES[0].0).unfolding()
}

#[derive(Template)]
#[template(path = "provider/usage.html")]
struct Usage<'a> {
    shell: &'a Shell,
    head: Head,
    /// Address, label, whether it is the present one.
    periods: Vec<(String, String, bool)>,
    chart: Chart<'a>,
    outcomes: Vec<OutcomeCount>,
}

pub(super) async fn usage(visitor: Visitor, Id(id): Id<ApiId>) -> PageResult {
    let shell = visitor.shell(Section::Provider);
    let head = Head::of(&visitor, &shell, id, Tab::Usage).await?;
    let period = Period::asked(&visitor);
    let query = UsageQuery {
        api_id: Some(id),
        from: Some(period.from(visitor.app().now())),
        step: period.step,
        ..UsageQuery::default()
    };
    let mut usage = visitor.app().usage(visitor.actor(), &query).await?;
    usage.outcomes.sort_by_key(|outcome| std::cmp::Reverse(outcome.calls));
    let template = Usage {
        head,
        periods: period.links(&shell, &format!("/provider/apis/{id}/usage")),
        chart: Chart::of(&shell, "chart", shell.say(period.title), &usage),
        outcomes: usage.outcomes,
        shell: &shell,
    };
    answer::ok(&shell, &template)
}

#[derive(Template)]
#[template(path = "provider/tickets.html")]
struct Tickets<'a> {
    shell: &'a Shell,
    head: Head,
    tickets: Vec<Listed>,
    states: Choices,
    here: String,
    filtered: bool,
    pager: Pager<'a>,
}

pub(super) async fn tickets(visitor: Visitor, Id(id): Id<ApiId>) -> PageResult {
    let shell = visitor.shell(Section::Provider);
    let head = Head::of(&visitor, &shell, id, Tab::Tickets).await?;
    let filter = TicketFilter { api_id: Some(id), state: tickets::state_asked(&visitor), mine: false };
    let page = visitor.app().tickets(visitor.actor(), &filter, &lists::part(&visitor)).await?;
    let template = Tickets {
        head,
        states: tickets::state_choices(&visitor, &shell),
        here: visitor.uri().path().to_owned(),
        filtered: filter.state.is_some() || visitor.query("cursor").is_some(),
        pager: Pager::of(&visitor, &shell, page.next_cursor.as_deref()),
        tickets: Listed::all(&shell, page.items),
        shell: &shell,
    };
    answer::ok(&shell, &template)
}
