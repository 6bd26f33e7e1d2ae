//! The third step: APIs that the application is to subscribe to, searched and chosen here. It may stay empty.

use askama::Template;
use octroi_app::AppError;
use octroi_app::applications::ApplicationDraftView;
use octroi_app::catalog::{ApiFilter, ApiView};
use octroi_app::picture::PictureChange;
use octroi_app::subscriptions::ApiReference;
use octroi_domain::ids::{ApiId, DraftId, PlanId};
use octroi_domain::plan::CommentRule;

use super::{Step, Steps, draft_at, keep, steps};
use crate::field::FieldError;
use crate::form::Fields;
use crate::portal::answer::{self, see_other};
use crate::portal::fields::{Choices, Field, FormState, Summary};
use crate::portal::gate::{Form, PageResult};
use crate::portal::path::Id;
use crate::portal::route::{Access, PageRow, get, post};
use crate::portal::shell::{Section, Shell};
use crate::portal::visitor::Visitor;
use crate::portal::work::offer::{self, Terms};

const PATH: &str = "/applications/new/{draft_id}/subscription";

/// Results of a search that are shown.
const RESULTS: u32 = 10;

pub(super) fn pages() -> Vec<PageRow> {
    vec![get(PATH, Access::SignedIn, show), post(PATH, Access::SignedIn, send)]
}

#[derive(Template)]
#[template(path = "work/wizard-subscription.html")]
struct Page<'a> {
    shell: &'a Shell,
    draft: &'a ApplicationDraftView,
    steps: Steps<'a>,
    form: FormState<'a>,
    summary: Summary<'a>,
    /// The words searched for.
    q: &'a str,
    results: &'a [ApiReference],
    chosen: Option<Chosen<'a>>,
}

/// The API that was chosen from the results.
struct Chosen<'a> {
    api: &'a ApiView,
    plans: Option<Choices>,
    comment: Field,
    terms: Option<Terms>,
}

impl Page<'_> {
    fn address(&self) -> String {
        Step::Subscription.of(self.draft.id)
    }

    fn onward(&self) -> String {
        Step::Summary.of(self.draft.id)
    }

    fn back(&self) -> String {
        Step::Security.of(self.draft.id)
    }

    /// The page with this result chosen.
    fn choose(&self, result: &ApiReference) -> String {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("q", self.q)
            .append_pair("api", &result.id.to_string())
            .finish();
        format!("{}?{query}#chosen", self.address())
    }
}

async fn show(visitor: Visitor, Id(id): Id<DraftId>) -> PageResult {
    let shell = visitor.shell(Section::Applications);
    let draft = match draft_at(&visitor, id, Step::Subscription).await? {
        Ok(draft) => draft,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let api = visitor.query("api").and_then(|id| id.parse().ok());
    let view = View::read(&visitor, visitor.query("q").unwrap_or_default(), api).await?;
    answer::ok(&shell, &page(&shell, &draft, &view, FormState::new(&shell)))
}

/// What the page shows of the catalogue.
struct View {
    q: String,
    results: Vec<ApiReference>,
    api: Option<ApiView>,
}

impl View {
    async fn read(visitor: &Visitor, q: String, api: Option<ApiId>) -> Result<Self, AppError> {
        let (app, actor) = (visitor.app(), visitor.actor());
        // More words than any name has find nothing.
        let q: String = q.chars().take(50).collect();
        let filter = ApiFilter { q: Some(q.clone()), ..ApiFilter::default() };
        let results = app.find_apis(actor, &filter, RESULTS).await?;
        let api = match api {
            Some(api) => match app.api(actor, api).await {
                Ok(api) => Some(api),
                Err(AppError::NotFound) => None,
                Err(other) => return Err(other),
            },
            None => None,
        };
        Ok(Self { q, results, api })
    }
}

fn page<'a>(
    shell: &'a Shell,
    draft: &'a ApplicationDraftView,
    view: &'a View,
    form: FormState<'a>,
) -> Page<'a> {
    Page {
        shell,
        draft,
        steps: steps(shell, draft, Step::Subscription),
        summary: form.summary(&["plan", "comment", "accept_terms"]),
        q: &view.q,
        results: &view.results,
        chosen: view.api.as_ref().map(|api| chosen(shell, api, &form)),
        form,
    }
}

fn chosen<'a>(shell: &Shell, api: &'a ApiView, form: &FormState<'_>) -> Chosen<'a> {
    let plans: Vec<_> = offer::choosable(&api.plans).collect();
    let needs_word = !plans.is_empty() && plans.iter().all(|plan| plan.comment == CommentRule::Required);
    let rule = if needs_word { CommentRule::Required } else { CommentRule::Optional };
    Chosen {
        api,
        plans: plans.first().map(|first| {
            let choices = plans.iter().map(|plan| offer::choice(shell, plan, &api.provider.name)).collect();
            form.choices("plan", "field-plan", choices).usually(&first.id.to_string())
        }),
        comment: offer::comment_field(shell, form, rule),
        terms: api.terms.as_ref().map(|terms| Terms::of(shell, form, terms, 4)),
    }
}

async fn send(visitor: Visitor, Id(id): Id<DraftId>, fields: Form) -> PageResult {
    let mut draft = match draft_at(&visitor, id, Step::Subscription).await? {
        Ok(draft) => draft,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let errors = match fields.one("remove").parse::<PlanId>() {
        Ok(plan) => {
            draft.form.wanted.retain(|wanted| wanted.plan_id != plan);
            Vec::new()
        }
        Err(_) => add(&visitor, &mut draft, &fields).await?,
    };
    if errors.is_empty() {
        keep(&visitor, id, &draft.form, PictureChange::Keep).await?;
        return Ok(see_other(&Step::Subscription.of(id)));
    }
    let shell = visitor.shell(Section::Applications);
    let view = View::read(&visitor, fields.text("q"), fields.one("api").parse().ok()).await?;
    let form = FormState::wrong(&shell, &fields, errors);
    answer::wrong(&shell, &page(&shell, &draft, &view, form))
}

/// Adds a subscription to the draft, or says what is wrong with it.
async fn add(
    visitor: &Visitor,
    draft: &mut ApplicationDraftView,
    fields: &Fields,
) -> Result<Vec<FieldError>, AppError> {
    let Ok(plan) = fields.one("plan").parse::<PlanId>() else {
        return Ok(vec![FieldError::said("plan", "plan-choose-one")]);
    };
    let accepted = fields.ticked("accept_terms").then(|| fields.text("terms"));
    let kind = draft.form.kind.unwrap_or_default();
    let wanted = visitor
        .app()
        .check_wanted(visitor.actor(), kind, plan, fields.one("comment"), accepted.as_deref())
        .await;
    match wanted.and_then(|wanted| draft.form.want(wanted)) {
        Ok(()) => Ok(Vec::new()),
        Err(error) => offer::refusals(error),
    }
}
