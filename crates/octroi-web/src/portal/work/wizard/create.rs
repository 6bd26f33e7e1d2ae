//! The last step: everything at one glance, and the application that comes of it.

use askama::Template;
use octroi_app::AppError;
use octroi_app::applications::{
    ApplicationDraftView, CreatedApplication, MadeApplication, WantedSubscription,
};
use octroi_app::subscriptions::{Subscribe, SubscribedView, SubscriptionCard};
use octroi_domain::application::ApplicationKind;
use octroi_domain::ids::{ApplicationId, DraftId};

use super::{Step, Steps, draft_at, quit, steps};
use crate::portal::answer::{self, see_other};
use crate::portal::badges::State as _;
use crate::portal::gate::{Form, PageResult};
use crate::portal::path::Id;
use crate::portal::route::{Access, PageRow, get, post};
use crate::portal::shell::{Section, Shell};
use crate::portal::visitor::Visitor;
use crate::portal::work::application;
use crate::portal::work::keycard::KeyCard;
use crate::problem::Problem;

const PATH: &str = "/applications/new/{draft_id}/summary";

pub(super) fn pages() -> Vec<PageRow> {
    vec![get(PATH, Access::SignedIn, show), post(PATH, Access::SignedIn, create)]
}

#[derive(Template)]
#[template(path = "work/wizard-summary.html")]
struct Page<'a> {
    shell: &'a Shell,
    draft: &'a ApplicationDraftView,
    steps: Steps<'a>,
    /// The name of the organization that it will belong to, where there is a choice.
    owner: Option<String>,
}

impl Page<'_> {
    fn of(&self, step: &str) -> String {
        format!("{}{step}", super::address(self.draft.id))
    }

    fn kind(&self) -> &'static str {
        crate::portal::work::kind_word(&self.draft.form.kind.unwrap_or_default())
    }

    /// The client identifier that counts.
    fn client_id(&self) -> Option<&str> {
        let simple = self.draft.form.kind != Some(ApplicationKind::BackendToBackend);
        Some(self.draft.form.client_id.trim()).filter(|id| simple && !id.is_empty())
    }
}

async fn show(visitor: Visitor, Id(id): Id<DraftId>) -> PageResult {
    let shell = visitor.shell(Section::Applications);
    let draft = match draft_at(&visitor, id, Step::Summary).await? {
        Ok(draft) => draft,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let owners = visitor.app().organizations_to_work_for(visitor.actor()).await?;
    let chosen =
        |owner: &&octroi_app::catalog::OrganizationName| Some(owner.id) == draft.form.organization_id;
    let owner = owners.iter().find(chosen).map(|owner| owner.name.clone()).filter(|_| owners.len() > 1);
    let steps = steps(&shell, &draft, Step::Summary);
    answer::ok(&shell, &Page { shell: &shell, draft: &draft, steps, owner })
}

/// A subscription that was asked for, and what came of it.
struct Asked<'a> {
    wanted: &'a WantedSubscription,
    made: Result<&'a SubscribedView, String>,
}

#[derive(Template)]
#[template(path = "work/created.html")]
struct Created<'a> {
    shell: &'a Shell,
    created: &'a CreatedApplication,
    asked: Vec<Asked<'a>>,
    /// The keys that were issued at once.
    keys: Vec<KeyCard<'a>>,
    /// Where the person came from, to go on with.
    next: Option<&'a str>,
}

async fn create(visitor: Visitor, Id(id): Id<DraftId>, fields: Form) -> PageResult {
    if fields.one("to") == "quit" {
        return quit();
    }
    let (app, actor) = (visitor.app(), visitor.actor());
    // It is empty once it was sent: where to go on is read before.
    let next = app.application_draft(actor, id).await?.form.next;
    let (created, wanted) = match app.create_application_from_draft(actor, id, fields.one("seen")).await {
        Ok(MadeApplication::New(created, wanted)) => (created, wanted),
        Ok(MadeApplication::Before(application)) => {
            return answer::done(&application::address(application), "notice-application-before");
        }
        // Another window wrote meanwhile: it is looked at again.
        Err(AppError::Stale) => return answer::done(&Step::Summary.of(id), "notice-draft-changed"),
        // A step that is not done, or not any more: it says itself what is missing.
        Err(AppError::Invalid(_)) => {
            let draft = app.application_draft(actor, id).await?;
            let step = Step::Summary.missing(&draft.form).unwrap_or(Step::General);
            return Ok(see_other(&step.of(id)));
        }
        Err(other) => return Err(other.into()),
    };
    let shell = visitor.shell(Section::Applications);
    let mut made = Vec::new();
    for wanted in &wanted {
        made.push(subscribe(&visitor, created.application.id, wanted).await);
    }
    let mut cards: Vec<(SubscriptionCard, &str)> = Vec::new();
    for key in made.iter().flatten().filter_map(|made| made.key.as_ref()) {
        let Some(subscription) = key.credential.subscription_id else { continue };
        let card = app.subscription_card(actor, created.application.id, subscription).await?;
        cards.push((card, &key.secret));
    }
    let words = |error: &AppErrorWords| error.0.clone();
    let page = Created {
        shell: &shell,
        created: &created,
        asked: wanted
            .iter()
            .zip(&made)
            .map(|(wanted, made)| Asked { wanted, made: made.as_ref().map_err(words) })
            .collect(),
        keys: cards
            .iter()
            .enumerate()
            .map(|(at, (card, secret))| {
                KeyCard::new(&visitor, &shell, card, Some(secret)).fresh(&format!("-{at}"))
            })
            .collect(),
        next: next.as_deref(),
    };
    answer::ok(&shell, &page)
}

/// Why a subscription was not made, in the page's language.
struct AppErrorWords(String);

/// Asks for one of the subscriptions. A refusal is told on the page: the application is there already.
async fn subscribe(
    visitor: &Visitor,
    application_id: ApplicationId,
    wanted: &WantedSubscription,
) -> Result<SubscribedView, AppErrorWords> {
    let request = Subscribe {
        application_id,
        plan_id: wanted.plan_id,
        comment: wanted.comment.clone(),
        accepted_terms: wanted.accepted_terms.clone(),
    };
    let made = visitor.app().subscribe(visitor.actor(), request).await;
    made.map_err(|error| AppErrorWords(Problem::from(error).words_for_people(visitor.language()).1))
}
