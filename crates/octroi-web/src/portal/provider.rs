//! What a provider does: its APIs, those who ask and those who subscribed, the calls, the tickets.

mod api;
mod subscription;

use askama::Template;
use octroi_app::provided::ProvidedApiView;
use octroi_domain::permission::Action;

use super::answer;
use super::badges::{Badge, State as _};
use super::gate::PageResult;
use super::lists::{self, Pager};
use super::route::{Access, PageRow, get, post};
use super::shell::{Section, Shell};
use super::visitor::Visitor;

pub(super) fn pages() -> Vec<PageRow> {
    vec![
        get("/provider", Access::SignedIn, apis),
        get("/provider/apis/{api_id}/subscriptions", Access::May(Action::SubscriptionRead), api::pending),
        get("/provider/apis/{api_id}/subscribers", Access::May(Action::SubscriptionRead), api::subscribers),
        get("/provider/apis/{api_id}/usage", Access::May(Action::UsageRead), api::usage),
        get("/provider/apis/{api_id}/tickets", Access::May(Action::TicketRead), api::tickets),
        get(
            "/provider/subscriptions/{subscription_id}",
            Access::May(Action::SubscriptionRead),
            subscription::show,
        ),
        post(
            "/provider/subscriptions/{subscription_id}/decide",
            Access::May(Action::SubscriptionDecide),
            subscription::decide,
        ),
        post(
            "/provider/subscriptions/{subscription_id}/close",
            Access::May(Action::SubscriptionClose),
            subscription::close,
        ),
    ]
}

/// An API as the list shows it.
struct Listed {
    view: ProvidedApiView,
    badge: Badge,
}

#[derive(Template)]
#[template(path = "provider/apis.html")]
struct Apis<'a> {
    shell: &'a Shell,
    apis: Vec<Listed>,
    pager: Pager<'a>,
}

async fn apis(visitor: Visitor) -> PageResult {
    let shell = visitor.shell(Section::Provider);
    let page = visitor.app().provided_apis(visitor.actor(), &lists::part(&visitor)).await?;
    let template = Apis {
        pager: Pager::of(&visitor, &shell, page.next_cursor.as_deref()),
        apis: page.items.into_iter().map(|view| Listed { badge: view.state.badge(&shell), view }).collect(),
        shell: &shell,
    };
    answer::ok(&shell, &template)
}
