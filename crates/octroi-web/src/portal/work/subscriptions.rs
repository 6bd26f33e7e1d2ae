//! Subscriptions: an application's with their keys, and one's own across applications.

use askama::Template;
use octroi_app::AppError;
use octroi_app::applications::ApplicationCard;
use octroi_app::page::{Page, PageRequest};
use octroi_app::subscriptions::{Decision, SubscriptionRow, SubscriptionView};
use octroi_domain::application::ApplicationState;
use octroi_domain::credential::Standing;
use octroi_domain::ids::{ApplicationId, SubscriptionId};
use octroi_domain::permission::{Action, Parties};
use octroi_domain::subscription::{SubscriptionState, Transition};

use super::application::{Head, Tab};
use super::keycard::KeyCard;
use super::offer;
use crate::portal::answer;
use crate::portal::badges::State as _;
use crate::portal::fields::{Choice, Choices, FormState};
use crate::portal::gate::PageResult;
use crate::portal::lists::{Pager, part};
use crate::portal::path::{Id, Ids};
use crate::portal::route::{Access, PageRow, get, post};
use crate::portal::shell::{Section, Shell};
use crate::portal::visitor::Visitor;

const LIST: &str = "/applications/{application_id}/subscriptions";
const ONE: &str = "/applications/{application_id}/subscriptions/{subscription_id}";
const CLOSE: &str = "/applications/{application_id}/subscriptions/{subscription_id}/close";

pub(super) fn pages() -> Vec<PageRow> {
    vec![
        get("/subscriptions", Access::SignedIn, own),
        get(LIST, Access::May(Action::ApplicationRead), list),
        get(ONE, Access::May(Action::ApplicationRead), show),
        post(CLOSE, Access::May(Action::SubscriptionClose), close),
    ]
}

/// Where a subscription is.
pub(super) fn address(application: ApplicationId, subscription: SubscriptionId) -> String {
    format!("/applications/{application}/subscriptions/{subscription}")
}

#[derive(Template)]
#[template(path = "work/subscriptions.html")]
struct Tabbed<'a> {
    shell: &'a Shell,
    head: Head<'a>,
    card: &'a ApplicationCard,
    rows: &'a [SubscriptionRow],
    pager: Pager<'a>,
    /// Whether those that are over are shown too.
    ended_too: bool,
    /// Whether the visitor may subscribe.
    may_subscribe: bool,
    chosen: Option<Chosen<'a>>,
}

/// The subscription that was chosen from the list.
struct Chosen<'a> {
    subscription: &'a SubscriptionView,
    key: KeyCard<'a>,
    limits: String,
    may_change: bool,
    may_close: bool,
}

async fn list(visitor: Visitor, Id(application): Id<ApplicationId>) -> PageResult {
    let shell = visitor.shell(Section::Applications);
    let card = visitor.app().application_card(visitor.actor(), application).await?;
    let rows = rows(&visitor, application).await?;
    answer::ok(&shell, &tabbed(&visitor, &shell, &card, &rows, None))
}

async fn show(
    visitor: Visitor,
    Ids(application, subscription): Ids<ApplicationId, SubscriptionId>,
) -> PageResult {
    page(&visitor, &visitor.shell(Section::Applications), (application, subscription), None).await
}

/// The page of one subscription, with its key where `secret` is it.
pub(super) async fn page(
    visitor: &Visitor,
    shell: &Shell,
    (application, subscription): (ApplicationId, SubscriptionId),
    secret: Option<&str>,
) -> PageResult {
    let (app, actor) = (visitor.app(), visitor.actor());
    let card = app.application_card(actor, application).await?;
    let chosen = app.subscription_card(actor, application, subscription).await?;
    let mut rows = rows(visitor, application).await?;
    let view = &chosen.subscription;
    if !rows.items.iter().any(|row| row.subscription.id == view.id) {
        // One that is over, or on another page of the list.
        let (key, last_call) = (chosen.keys.first().cloned(), None);
        rows.items.push(SubscriptionRow { subscription: view.clone(), key, last_call });
    }
    let parties = Parties::between(view.organization_id, chosen.provider);
    let open = !view.state.is_final();
    let part = Chosen {
        subscription: view,
        key: KeyCard::new(visitor, shell, &chosen, secret),
        limits: offer::limits(shell, &view.plan.limits),
        may_change: open && visitor.may(Action::SubscriptionManage, &parties),
        may_close: open && visitor.may(Action::SubscriptionClose, &parties),
    };
    answer::ok(shell, &tabbed(visitor, shell, &card, &rows, Some(part)))
}

async fn rows(visitor: &Visitor, application: ApplicationId) -> Result<Page<SubscriptionRow>, AppError> {
    let ended_too = visitor.query("ended").is_some();
    let part = if ended_too { part(visitor) } else { PageRequest::default() };
    visitor.app().application_subscriptions(visitor.actor(), application, ended_too, &part).await
}

fn tabbed<'a>(
    visitor: &Visitor,
    shell: &'a Shell,
    card: &'a ApplicationCard,
    rows: &'a Page<SubscriptionRow>,
    chosen: Option<Chosen<'a>>,
) -> Tabbed<'a> {
    let application = &card.application;
    let owner = Parties::owned_by(application.organization_id);
    Tabbed {
        shell,
        head: Head::new(shell, card, Tab::Subscriptions, chosen.is_some()),
        card,
        pager: Pager::of(visitor, shell, rows.next_cursor.as_deref()),
        rows: &rows.items,
        ended_too: visitor.query("ended").is_some(),
        may_subscribe: application.state == ApplicationState::Active
            && visitor.may(Action::SubscriptionManage, &owner),
        chosen,
    }
}

impl Tabbed<'_> {
    fn is_chosen(&self, row: &SubscriptionRow) -> bool {
        self.chosen.as_ref().is_some_and(|chosen| chosen.subscription.id == row.subscription.id)
    }

    fn href(&self, row: &SubscriptionRow) -> String {
        let ended = if self.ended_too { "?ended=1" } else { "" };
        format!("{}{ended}#key", address(row.subscription.application.id, row.subscription.id))
    }

    /// The list's address with and without those that are over.
    fn toggle(&self) -> String {
        let ended = if self.ended_too { "" } else { "?ended=1" };
        format!("{}/subscriptions{ended}", super::application::address(self.card.application.id))
    }
}

impl Chosen<'_> {
    fn href(&self, part: &str) -> String {
        format!("{}/{part}", address(self.subscription.application.id, self.subscription.id))
    }
}

async fn close(
    visitor: Visitor,
    Ids(application, subscription): Ids<ApplicationId, SubscriptionId>,
) -> PageResult {
    let (app, actor) = (visitor.app(), visitor.actor());
    let closed =
        app.decide_subscription(actor, subscription, Transition::Close, Decision::default(), None).await;
    let notice = match closed {
        Ok(_) => "notice-subscription-closed",
        Err(AppError::Conflict(_)) => "notice-meanwhile",
        Err(other) => return Err(other.into()),
    };
    answer::done(&address(application, subscription), notice)
}

#[derive(Template)]
#[template(path = "work/own-subscriptions.html")]
struct Own<'a> {
    shell: &'a Shell,
    subscriptions: &'a [SubscriptionView],
    states: Choices,
    filtered: bool,
    pager: Pager<'a>,
}

/// The states that the list can be narrowed to, and the words that stand for them in the address.
const STATES: [(&str, SubscriptionState); 5] = [
    ("active", SubscriptionState::Active),
    ("pending", SubscriptionState::Pending),
    ("paused", SubscriptionState::Paused),
    ("rejected", SubscriptionState::Rejected),
    ("closed", SubscriptionState::Closed),
];

async fn own(visitor: Visitor) -> PageResult {
    let shell = visitor.shell(Section::Applications);
    let word = visitor.query("state").unwrap_or_default();
    let state = STATES.iter().find(|(known, _)| *known == word).map(|(_, state)| *state);
    let found = visitor.app().own_subscriptions(visitor.actor(), state, &part(&visitor)).await?;
    let all = Choice { value: String::new(), label: shell.say("subscriptions-any-state"), hint: None };
    let some = STATES.iter().map(|(word, state)| Choice {
        value: (*word).to_owned(),
        label: shell.say(state.stamp().1),
        hint: None,
    });
    let form = FormState::filled(&shell, [("state", word.as_str())]);
    let states = form.choices("state", "subscriptions-state", std::iter::once(all).chain(some).collect());
    let page = Own {
        shell: &shell,
        states: states.unfolding(),
        filtered: state.is_some(),
        pager: Pager::of(&visitor, &shell, found.next_cursor.as_deref()),
        subscriptions: &found.items,
    };
    answer::ok(&shell, &page)
}
