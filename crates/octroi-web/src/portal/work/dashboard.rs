//! The dashboard, and giving up a form that was begun.

use askama::Template;
use octroi_app::dashboard::{BegunAbout, BegunForm, DashboardView};
use octroi_domain::ids::DraftId;

use crate::markdown::shorten;
use crate::portal::answer;
use crate::portal::chart::Chart;
use crate::portal::gate::PageResult;
use crate::portal::path::Id;
use crate::portal::route::{Access, PageRow, get, post};
use crate::portal::shell::{Section, Shell};
use crate::portal::visitor::Visitor;

pub(super) const PATH: &str = "/dashboard";

pub(super) fn pages() -> Vec<PageRow> {
    vec![get(PATH, Access::SignedIn, show), post("/drafts/{draft_id}/discard", Access::SignedIn, discard)]
}

#[derive(Template)]
#[template(path = "work/dashboard.html")]
struct Dashboard<'a> {
    shell: &'a Shell,
    first_name: &'a str,
    view: &'a DashboardView,
    begun: Vec<Begun<'a>>,
    chart: Chart<'a>,
}

/// Characters of a draft's name that are shown: one that was refused can be of any length.
const SHOWN: usize = 100;

/// A form that was begun, as the page shows it.
struct Begun<'a> {
    form: &'a BegunForm,
    name: String,
    href: String,
}

fn begun<'a>(shell: &Shell, form: &'a BegunForm) -> Begun<'a> {
    let (name, href) = match &form.about {
        BegunAbout::Application(about) => {
            let name = match about.name.trim() {
                "" => shell.say("dashboard-draft-unnamed"),
                name => shell.fill("dashboard-draft-application", "name", shorten(name, SHOWN)),
            };
            (name, super::wizard::onward(about, form.id))
        }
        BegunAbout::Subscription(about) => {
            let api = format!("{} {}", about.api, about.version);
            (
                shell.fill("dashboard-draft-subscription", "api", api),
                super::subscribe::address(about, form.id),
            )
        }
    };
    Begun { form, name, href }
}

async fn show(visitor: Visitor) -> PageResult {
    let shell = visitor.shell(Section::Dashboard);
    let view = visitor.app().dashboard(visitor.actor()).await?;
    let page = Dashboard {
        shell: &shell,
        first_name: &visitor.signed_in()?.account.first_name,
        begun: view.drafts.iter().map(|form| begun(&shell, form)).collect(),
        chart: Chart::of(&shell, "week", shell.say("dashboard-usage"), &view.usage),
        view: &view,
    };
    answer::ok(&shell, &page)
}

async fn discard(visitor: Visitor, Id(draft): Id<DraftId>) -> PageResult {
    visitor.app().delete_draft(visitor.actor(), draft).await?;
    answer::done(PATH, "notice-draft-discarded")
}
