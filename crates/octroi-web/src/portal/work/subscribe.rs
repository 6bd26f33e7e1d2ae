//! Subscribing to an API from its page: plan, then application and a word to the owner, then a last look; it ends on the
//! key and a ready command, or on what the subscription waits for. What was chosen and typed is kept in a draft.

use askama::Template;
use axum::response::Response;
use octroi_app::catalog::{ApiView, PlanView};
use octroi_app::subscriptions::{
    ChoosableApplication, MadeSubscription, SubscriptionCard, SubscriptionDraft, SubscriptionDraftView,
};
use octroi_app::{AppError, Conflict};
use octroi_domain::application::ApplicationKind;
use octroi_domain::ids::DraftId;
use octroi_domain::plan::{Security, Validation};
use octroi_domain::subscription::SubscriptionState;

use super::keycard::KeyCard;
use super::offer::{self, Terms};
use super::steps::{Step, Steps};
use super::subscriptions;
use crate::field::FieldError;
use crate::portal::answer::{self, see_other};
use crate::portal::fields::{Choice, Choices, Field, FormState, Summary};
use crate::portal::gate::{Form, PageError, PageResult};
use crate::portal::path::ApiPath;
use crate::portal::route::{Access, PageRow, get, post};
use crate::portal::shell::{Section, Shell};
use crate::portal::visitor::Visitor;

const PLAN: &str = "/apis/{slug}/{version}/subscribe";
const APPLICATION: &str = "/apis/{slug}/{version}/subscribe/application";
const CHECK: &str = "/apis/{slug}/{version}/subscribe/check";

pub(super) fn pages() -> Vec<PageRow> {
    vec![
        get(PLAN, Access::SignedIn, show_plans),
        get(APPLICATION, Access::SignedIn, show_applications),
        post(APPLICATION, Access::SignedIn, send_application),
        get(CHECK, Access::SignedIn, show_check),
        post(CHECK, Access::SignedIn, subscribe),
    ]
}

/// Where a draft is gone on with.
pub(super) fn address(form: &SubscriptionDraft, draft: DraftId) -> String {
    let place = format!("/apis/{}/{}/subscribe", form.slug, form.version);
    let part = if form.application_id.is_some() { "/check" } else { "" };
    format!("{place}{part}?draft={draft}")
}

/// The API that is subscribed to, and the draft that the address names.
struct Place {
    api: ApiView,
    draft: SubscriptionDraftView,
}

impl Place {
    /// Reads both. A draft that was sent already leads to what came of it.
    async fn read(visitor: &Visitor, named: ApiPath, draft: Option<DraftId>) -> Result<Self, AppError> {
        let (app, actor) = (visitor.app(), visitor.actor());
        let api = app.api_by_slug(actor, &named.slug, Some(&named.version)).await?;
        let id = draft.unwrap_or_else(|| app.new_draft_id());
        let mut draft = app.subscription_draft(actor, id).await?;
        if draft.form.slug != api.slug || draft.form.version != api.version {
            draft.form = SubscriptionDraft::default();
        }
        Ok(Self { api, draft })
    }

    fn asked(visitor: &Visitor) -> Option<DraftId> {
        visitor.query("draft").and_then(|id| id.parse().ok())
    }

    fn of(&self, part: &str) -> String {
        format!("/apis/{}/{}/subscribe{part}", self.api.slug, self.api.version)
    }

    /// A page of this form with the draft's name.
    fn with_draft(&self, part: &str) -> String {
        format!("{}?draft={}", self.of(part), self.draft.id)
    }

    /// The plan with this identifier, where it can be chosen.
    fn plan(&self, id: &str) -> Option<&PlanView> {
        offer::choosable(&self.api.plans).find(|plan| plan.id.to_string() == id)
    }

    fn chosen_plan(&self) -> Option<&PlanView> {
        self.draft.form.plan_id.and_then(|id| self.plan(&id.to_string()))
    }

    fn steps<'a>(&self, shell: &'a Shell, at: usize) -> Steps<'a> {
        let labels = ["subscribe-plan", "subscribe-application", "subscribe-check"];
        let hrefs = [self.with_draft(""), self.with_draft("/application"), self.with_draft("/check")];
        let step = |(place, (label, href)): (usize, (&str, String))| Step {
            label: shell.say(label),
            href: (place < at).then_some(href),
        };
        let steps = labels.into_iter().zip(hrefs).enumerate().map(step).collect();
        Steps::new(shell, steps, at)
    }
}

/// To the subscription that a draft became.
async fn to_what_came(
    visitor: &Visitor,
    draft: &SubscriptionDraftView,
) -> Result<Option<Response>, PageError> {
    let Some(id) = draft.became else { return Ok(None) };
    let made = visitor.app().subscription(visitor.actor(), id).await?;
    let place = format!("{}#key", subscriptions::address(made.application.id, id));
    answer::done(&place, "notice-subscription-before").map(Some)
}

#[derive(Template)]
#[template(path = "work/subscribe-plan.html")]
struct Plans<'a> {
    shell: &'a Shell,
    place: &'a Place,
    steps: Steps<'a>,
    form: FormState<'a>,
    summary: Summary<'a>,
    plans: Option<Choices>,
}

async fn show_plans(visitor: Visitor, named: ApiPath) -> PageResult {
    let shell = visitor.shell(Section::Catalogue);
    let place = Place::read(&visitor, named, Place::asked(&visitor)).await?;
    if let Some(made) = to_what_came(&visitor, &place.draft).await? {
        return Ok(made);
    }
    let plan = visitor.query("plan").or_else(|| place.draft.form.plan_id.map(|id| id.to_string()));
    let plan = plan.unwrap_or_default();
    let form = FormState::filled(&shell, [("plan", plan.as_str())]);
    answer::ok(&shell, &plans(&shell, &place, form))
}

fn plans<'a>(shell: &'a Shell, place: &'a Place, form: FormState<'a>) -> Plans<'a> {
    let open: Vec<_> = offer::choosable(&place.api.plans).collect();
    Plans {
        shell,
        place,
        steps: place.steps(shell, 0),
        summary: form.summary(&["plan"]),
        plans: open.first().map(|first| {
            let choices =
                open.iter().map(|plan| offer::choice(shell, plan, &place.api.provider.name)).collect();
            form.choices("plan", "field-plan", choices).usually(&first.id.to_string())
        }),
        form,
    }
}

#[derive(Template)]
#[template(path = "work/subscribe-application.html")]
struct Applications<'a> {
    shell: &'a Shell,
    place: &'a Place,
    plan: &'a PlanView,
    limits: String,
    steps: Steps<'a>,
    form: FormState<'a>,
    summary: Summary<'a>,
    /// The applications to choose from; none where there is none yet.
    applications: Option<Choices>,
    comment: Field,
    terms: Option<Terms>,
}

impl Applications<'_> {
    /// Where a first application is made; it comes back here.
    fn create(&self) -> String {
        let next = format!("{}?plan={}", self.place.of("/application"), self.plan.id);
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("next", &next).finish();
        format!("/applications/new?{query}")
    }
}

async fn show_applications(visitor: Visitor, named: ApiPath) -> PageResult {
    let shell = visitor.shell(Section::Catalogue);
    let mut place = Place::read(&visitor, named, Place::asked(&visitor)).await?;
    if let Some(made) = to_what_came(&visitor, &place.draft).await? {
        return Ok(made);
    }
    if let Some(plan) = visitor.query("plan") {
        place.draft.form.plan_id = plan.parse().ok();
    }
    let Some(plan) = place.chosen_plan() else { return Ok(see_other(&place.with_draft(""))) };
    let choices = visitor.app().applications_to_subscribe(visitor.actor(), place.api.id).await?;
    let chosen = place.draft.form.application_id.map(|id| id.to_string()).unwrap_or_default();
    let accepted = place.draft.form.accepted_terms.as_deref().unwrap_or_default();
    let values = [
        ("application", chosen.as_str()),
        ("comment", place.draft.form.comment.as_str()),
        ("accept_terms", accepted),
    ];
    let form = FormState::filled(&shell, values);
    answer::ok(&shell, &applications(&shell, &place, plan, &choices, form))
}

fn applications<'a>(
    shell: &'a Shell,
    place: &'a Place,
    plan: &'a PlanView,
    choices: &[ChoosableApplication],
    form: FormState<'a>,
) -> Applications<'a> {
    let personal = |name: &str| choices.iter().all(|other| other.organization == name);
    let choice = |application: &ChoosableApplication| {
        let mut label = application.name.clone();
        if !personal(&application.organization) {
            label = format!("{label} ({})", application.organization);
        }
        if application.subscription.is_some() {
            label = format!("{label}, {}", shell.say("subscribe-already"));
        }
        Choice { value: application.id.to_string(), label, hint: None }
    };
    let fits = |a: &&ChoosableApplication| {
        plan.security != Security::Oauth2 || a.kind == ApplicationKind::BackendToBackend
    };
    let fitting: Vec<_> = choices.iter().filter(fits).collect();
    let first = fitting.iter().find(|a| a.subscription.is_none()).or(fitting.first());
    Applications {
        shell,
        place,
        plan,
        limits: offer::limits(shell, &plan.limits),
        steps: place.steps(shell, 1),
        summary: form.summary(&["application", "comment", "accept_terms"]),
        applications: first.map(|first| {
            let all = fitting.iter().map(|application| choice(application)).collect();
            form.choices("application", "field-application", all)
                .hint(shell, "field-application-hint")
                .unfolding()
                .usually(&first.id.to_string())
        }),
        comment: offer::comment_field(shell, &form, plan.comment),
        terms: place.api.terms.as_ref().map(|terms| Terms::of(shell, &form, terms, 3)),
        form,
    }
}

async fn send_application(visitor: Visitor, named: ApiPath, fields: Form) -> PageResult {
    let (app, actor) = (visitor.app(), visitor.actor());
    let mut place = Place::read(&visitor, named, fields.one("draft").parse().ok()).await?;
    if let Some(made) = to_what_came(&visitor, &place.draft).await? {
        return Ok(made);
    }
    place.draft.form = SubscriptionDraft {
        slug: place.api.slug.clone(),
        version: place.api.version.clone(),
        api: place.api.name.clone(),
        plan_id: fields.one("plan").parse().ok(),
        application_id: fields.one("application").parse().ok(),
        comment: fields.text("comment"),
        accepted_terms: fields.ticked("accept_terms").then(|| fields.text("terms")),
    };
    let id = place.draft.id;
    let kept = app.save_subscription_draft(actor, id, &place.draft.form).await;
    match fields.one("to") {
        "back" if kept.is_ok() => return Ok(see_other(&place.with_draft(""))),
        "quit" if kept.is_ok() => return answer::done(super::dashboard::PATH, "notice-draft-kept"),
        _ => {}
    }
    let Some(plan) = place.chosen_plan() else { return Ok(see_other(&place.with_draft(""))) };
    let errors = match kept.and_then(|()| place.draft.form.request()) {
        Ok(request) => match app.check_subscription(actor, request).await {
            Ok(()) => return Ok(see_other(&place.with_draft("/check"))),
            Err(error) => match stopped(&visitor, &place, error).await? {
                Stopped::There(there) => return answer::done(&there, "notice-already-subscribed"),
                Stopped::Wrong(errors) => errors,
            },
        },
        Err(error) => offer::refusals(error)?,
    };
    let shell = visitor.shell(Section::Catalogue);
    let choices = app.applications_to_subscribe(actor, place.api.id).await?;
    let form = FormState::wrong(&shell, &fields, errors);
    answer::wrong(&shell, &applications(&shell, &place, plan, &choices, form))
}

/// Why there is no new subscription.
enum Stopped {
    /// There is one already: here.
    There(String),
    /// Something is to be mended.
    Wrong(Vec<FieldError>),
}

async fn stopped(visitor: &Visitor, place: &Place, error: AppError) -> Result<Stopped, AppError> {
    if let (AppError::Conflict(Conflict::AlreadySubscribed), Some(application)) =
        (&error, place.draft.form.application_id)
    {
        let found = visitor.app().open_subscription(visitor.actor(), application, place.api.id).await?;
        if let Some(id) = found {
            return Ok(Stopped::There(format!("{}#key", subscriptions::address(application, id))));
        }
    }
    match error {
        // An application that is somebody else's is no choice of the list.
        AppError::NotFound | AppError::Forbidden => {
            Ok(Stopped::Wrong(vec![FieldError::said("application", "subscribe-choose-application")]))
        }
        error => offer::refusals(error).map(Stopped::Wrong),
    }
}

#[derive(Template)]
#[template(path = "work/subscribe-check.html")]
struct Check<'a> {
    shell: &'a Shell,
    place: &'a Place,
    plan: &'a PlanView,
    limits: String,
    application: &'a str,
    steps: Steps<'a>,
    form: FormState<'a>,
    summary: Summary<'a>,
}

async fn show_check(visitor: Visitor, named: ApiPath) -> PageResult {
    let place = Place::read(&visitor, named, Place::asked(&visitor)).await?;
    if let Some(made) = to_what_came(&visitor, &place.draft).await? {
        return Ok(made);
    }
    check(&visitor, &place, None).await
}

/// The last look, and what is wrong with it where that was found when it was sent.
async fn check(visitor: &Visitor, place: &Place, errors: Option<Vec<FieldError>>) -> PageResult {
    let shell = visitor.shell(Section::Catalogue);
    let (Some(plan), Some(application)) = (place.chosen_plan(), place.draft.form.application_id) else {
        let part = if place.chosen_plan().is_some() { "/application" } else { "" };
        return Ok(see_other(&place.with_draft(part)));
    };
    let application = visitor.app().application(visitor.actor(), application).await?;
    let wrong = errors.is_some();
    let form = match errors {
        Some(errors) => FormState::wrong(&shell, &crate::form::Fields::default(), errors),
        None => FormState::new(&shell),
    };
    let page = Check {
        shell: &shell,
        place,
        plan,
        limits: offer::limits(&shell, &plan.limits),
        application: &application.name,
        steps: place.steps(&shell, 2),
        summary: form.summary(&[]),
        form,
    };
    if wrong { answer::wrong(&shell, &page) } else { answer::ok(&shell, &page) }
}

#[derive(Template)]
#[template(path = "work/subscribed.html")]
struct Subscribed<'a> {
    shell: &'a Shell,
    card: &'a SubscriptionCard,
    key: KeyCard<'a>,
    has_key: bool,
}

impl Subscribed<'_> {
    fn address(&self) -> String {
        subscriptions::address(self.card.subscription.application.id, self.card.subscription.id)
    }

    fn waits(&self) -> bool {
        self.card.subscription.state == SubscriptionState::Pending
    }

    fn title(&self) -> &'static str {
        match (self.waits(), self.has_key) {
            (true, _) => "subscribed-waits-title",
            (false, true) => "subscribed-key-title",
            (false, false) => "subscribed-title",
        }
    }
}

async fn subscribe(visitor: Visitor, named: ApiPath, fields: Form) -> PageResult {
    let (app, actor) = (visitor.app(), visitor.actor());
    let place = Place::read(&visitor, named, fields.one("draft").parse().ok()).await?;
    if fields.one("to") == "quit" {
        return answer::done(super::dashboard::PATH, "notice-draft-kept");
    }
    let made = match app.subscribe_from_draft(actor, place.draft.id, fields.one("seen")).await {
        Ok(MadeSubscription::New(made)) => made,
        Ok(MadeSubscription::Before(_)) => {
            let there = to_what_came(&visitor, &app.subscription_draft(actor, place.draft.id).await?).await?;
            return Ok(there.unwrap_or_else(|| see_other(&place.of(""))));
        }
        // Another window wrote meanwhile: it is looked at again.
        Err(AppError::Stale) => return answer::done(&place.with_draft("/check"), "notice-draft-changed"),
        // Nothing is known of the draft: the form begins again.
        Err(AppError::NotFound) => return Ok(see_other(&place.of(""))),
        Err(error) => {
            return match stopped(&visitor, &place, error).await? {
                Stopped::There(there) => answer::done(&there, "notice-already-subscribed"),
                Stopped::Wrong(errors) => check(&visitor, &place, Some(errors)).await,
            };
        }
    };
    let shell = visitor.shell(Section::Catalogue);
    let application = made.subscription.application.id;
    let card = app.subscription_card(actor, application, made.subscription.id).await?;
    let secret = made.key.as_ref().map(|key| key.secret.as_str());
    let key = KeyCard::new(&visitor, &shell, &card, secret).fresh("");
    answer::ok(&shell, &Subscribed { shell: &shell, card: &card, key, has_key: secret.is_some() })
}
