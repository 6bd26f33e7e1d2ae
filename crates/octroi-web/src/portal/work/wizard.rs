//! The form of four steps that makes an application. Each step keeps what was typed, right or wrong, in a draft whose name
//! the address holds: going back, leaving, two tabs or another sign-in lose nothing, and sent twice it makes one.

mod create;
mod subscription;

use askama::Template;
use axum::response::Response;
use octroi_app::AppError;
use octroi_app::applications::{ApplicationDraft, ApplicationDraftView};
use octroi_app::catalog::OrganizationName;
use octroi_app::picture::PictureChange;
use octroi_domain::application::ApplicationKind;
use octroi_domain::ids::DraftId;

use super::application::{PICTURES, description, domain, picture_change};
use super::applications::served;
use super::dashboard;
use super::steps::{Step as Arch, Steps};
use crate::field::FieldError;
use crate::portal::answer::{self, see_other};
use crate::portal::fields::{Choice, Choices, Field, FormState, Kind, Summary};
use crate::portal::gate::{Form, PageResult};
use crate::portal::path::Id;
use crate::portal::route::{Access, PageRow, get, post};
use crate::portal::shell::{Section, Shell};
use crate::portal::sign_in::Onward;
use crate::portal::visitor::Visitor;

const GENERAL: &str = "/applications/new/{draft_id}";
const SECURITY: &str = "/applications/new/{draft_id}/security";

pub(super) fn pages() -> Vec<PageRow> {
    let mut pages = vec![
        get("/applications/new", Access::SignedIn, start),
        get(GENERAL, Access::SignedIn, show_general),
        post(GENERAL, Access::SignedIn, send_general),
        get("/applications/new/{draft_id}/picture", Access::SignedIn, picture),
        get(SECURITY, Access::SignedIn, show_security),
        post(SECURITY, Access::SignedIn, send_security),
    ];
    pages.extend(subscription::pages());
    pages.extend(create::pages());
    pages
}

/// Where a draft is gone on with.
pub(super) fn address(draft: DraftId) -> String {
    format!("/applications/new/{draft}")
}

/// Where a draft is gone on with: at the first step where something is left to do.
pub(super) fn onward(form: &ApplicationDraft, draft: DraftId) -> String {
    let last = if form.wanted.is_empty() { Step::Subscription } else { Step::Summary };
    Step::Summary.missing(form).unwrap_or(last).of(draft)
}

/// A step of the form.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    General,
    Security,
    Subscription,
    Summary,
}

impl Step {
    const ALL: [Self; 4] = [Self::General, Self::Security, Self::Subscription, Self::Summary];

    const fn label(self) -> &'static str {
        match self {
            Self::General => "application-general",
            Self::Security => "wizard-security",
            Self::Subscription => "wizard-subscription",
            Self::Summary => "wizard-summary",
        }
    }

    fn of(self, draft: DraftId) -> String {
        let part = match self {
            Self::General => "",
            Self::Security => "/security",
            Self::Subscription => "/subscription",
            Self::Summary => "/summary",
        };
        format!("{}{part}", address(draft))
    }

    /// Whether what the step asks for is there.
    fn is_done(self, form: &ApplicationDraft) -> bool {
        match self {
            Self::General => form.check_general().is_ok(),
            Self::Security => form.check_security().is_ok(),
            Self::Subscription => true,
            Self::Summary => false,
        }
    }

    /// The first step before this one that is not done.
    fn missing(self, form: &ApplicationDraft) -> Option<Self> {
        Self::ALL.into_iter().take_while(|step| *step != self).find(|step| !step.is_done(form))
    }
}

/// Where a form leads that was sent by this button.
enum Way {
    On,
    Back,
    Quit,
}

impl Way {
    fn of(fields: &Form) -> Self {
        match fields.one("to") {
            "back" => Self::Back,
            "quit" => Self::Quit,
            _ => Self::On,
        }
    }
}

/// The draft in the address. Where it became an application, or an earlier step is not done, the way there instead.
async fn draft_at(
    visitor: &Visitor,
    id: DraftId,
    step: Step,
) -> Result<Result<ApplicationDraftView, Response>, AppError> {
    let draft = visitor.app().application_draft(visitor.actor(), id).await?;
    if let Some(application) = draft.became {
        let made = format!("{}?notice=notice-application-before", super::application::address(application));
        return Ok(Err(see_other(&made)));
    }
    Ok(match step.missing(&draft.form) {
        Some(missing) => Err(see_other(&missing.of(id))),
        None => Ok(draft),
    })
}

/// The arcade above each step.
fn steps<'a>(shell: &'a Shell, draft: &ApplicationDraftView, at: Step) -> Steps<'a> {
    let arch = |step: Step| {
        let reached = step.missing(&draft.form).is_none() && step.is_done(&draft.form);
        let passed = step != Step::Subscription || at == Step::Summary || !draft.form.wanted.is_empty();
        Arch { label: shell.say(step.label()), href: (reached && passed).then(|| step.of(draft.id)) }
    };
    let place = Step::ALL.iter().position(|step| *step == at).unwrap_or(0);
    Steps::new(shell, Step::ALL.map(arch).into(), place)
}

/// Keeps what was typed, and the picture where it is one; gives what is wrong.
async fn keep(
    visitor: &Visitor,
    id: DraftId,
    form: &ApplicationDraft,
    picture: PictureChange,
) -> Result<Vec<FieldError>, AppError> {
    let (app, actor) = (visitor.app(), visitor.actor());
    let mut errors = wrong(app.save_application_draft(actor, id, form, picture).await)?;
    if !errors.is_empty() {
        // A picture that is none must not take the text with it.
        errors.extend(wrong(app.save_application_draft(actor, id, form, PictureChange::Keep).await)?);
    }
    Ok(errors)
}

/// What is wrong, field by field.
fn wrong(result: Result<(), AppError>) -> Result<Vec<FieldError>, AppError> {
    match result {
        Ok(()) => Ok(Vec::new()),
        Err(AppError::Invalid(violations)) => Ok(violations.into_iter().map(FieldError::from).collect()),
        Err(other) => Err(other),
    }
}

/// A form with a name of its own, so that sending it twice makes one draft.
async fn start(visitor: Visitor) -> PageResult {
    let place = address(visitor.app().new_draft_id());
    Ok(see_other(&match visitor.uri().query() {
        Some(query) => format!("{place}?{query}"),
        None => place,
    }))
}

#[derive(Template)]
#[template(path = "work/wizard-general.html")]
struct General<'a> {
    shell: &'a Shell,
    draft: &'a ApplicationDraftView,
    steps: Steps<'a>,
    form: FormState<'a>,
    summary: Summary<'a>,
    name: Field,
    description: Field,
    domain: Field,
    /// Whom it can belong to, where there is a choice.
    organization: Option<Choices>,
    picture: Field,
    remove_picture: Option<Field>,
    next: &'a str,
}

async fn show_general(visitor: Visitor, Id(id): Id<DraftId>) -> PageResult {
    let shell = visitor.shell(Section::Applications);
    let draft = match draft_at(&visitor, id, Step::General).await? {
        Ok(draft) => draft,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let owners = visitor.app().organizations_to_work_for(visitor.actor()).await?;
    let organization = draft.form.organization_id.map(|id| id.to_string()).unwrap_or_default();
    let next = match visitor.query("next") {
        Some(next) => Onward::to(Some(&next)).next,
        None => draft.form.next.clone().unwrap_or_default(),
    };
    let form = FormState::filled(
        &shell,
        [
            ("name", draft.form.name.as_str()),
            ("description", &draft.form.description),
            ("domain", &draft.form.domain),
            ("organization_id", &organization),
        ],
    );
    answer::ok(&shell, &general(&shell, &draft, form, &owners, &next))
}

fn general<'a>(
    shell: &'a Shell,
    draft: &'a ApplicationDraftView,
    form: FormState<'a>,
    owners: &[OrganizationName],
    next: &'a str,
) -> General<'a> {
    let owner = |owner: &OrganizationName| Choice {
        value: owner.id.to_string(),
        label: owner.name.clone(),
        hint: None,
    };
    General {
        shell,
        draft,
        steps: steps(shell, draft, Step::General),
        summary: form.summary(&["name", "description", "domain", "organization_id", "picture"]),
        name: form
            .field("name", Kind::Text, "field-application-name")
            .hint(shell, "field-application-name-hint")
            .max(100),
        description: description(&form, shell),
        domain: domain(&form, shell),
        organization: (owners.len() > 1).then(|| {
            let choices = owners.iter().map(owner).collect();
            form.choices("organization_id", "field-organization", choices)
                .hint(shell, "field-organization-hint")
                .unfolding()
        }),
        picture: form
            .field("picture", Kind::File, "field-picture")
            .hint(shell, "field-picture-hint")
            .optional(shell)
            .accept(PICTURES),
        remove_picture: draft
            .has_picture
            .then(|| form.field("remove_picture", Kind::Check, "field-remove-picture").optional(shell)),
        form,
        next,
    }
}

async fn send_general(visitor: Visitor, Id(id): Id<DraftId>, fields: Form) -> PageResult {
    let mut draft = match draft_at(&visitor, id, Step::General).await? {
        Ok(draft) => draft,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let next = fields.some("next").map(|next| Onward::to(Some(&next)).next);
    let form = &mut draft.form;
    form.name = fields.text("name");
    form.description = fields.text("description");
    form.domain = fields.text("domain");
    form.organization_id = fields.one("organization_id").parse().ok().or(form.organization_id);
    form.next = next;
    let mut errors = keep(&visitor, id, form, picture_change(&fields)).await?;
    match Way::of(&fields) {
        Way::Quit if errors.is_empty() => return quit(),
        Way::Quit => {}
        Way::On | Way::Back => {
            errors.splice(0..0, wrong(form.check_general())?);
            if errors.is_empty() {
                return Ok(see_other(&Step::Security.of(id)));
            }
        }
    }
    let shell = visitor.shell(Section::Applications);
    let owners = visitor.app().organizations_to_work_for(visitor.actor()).await?;
    let next = draft.form.next.clone().unwrap_or_default();
    let form = FormState::wrong(&shell, &fields, errors);
    answer::wrong(&shell, &general(&shell, &draft, form, &owners, &next))
}

fn quit() -> PageResult {
    answer::done(dashboard::PATH, "notice-draft-kept")
}

async fn picture(visitor: Visitor, Id(id): Id<DraftId>) -> PageResult {
    match visitor.app().application_draft_picture(visitor.actor(), id).await {
        Ok(picture) => Ok(served(picture)),
        // None was chosen, or it is the application's by now.
        Err(AppError::NotFound) => draft_at(&visitor, id, Step::General)
            .await
            .map(|found| found.map_or_else(|elsewhere| elsewhere, |draft| see_other(&address(draft.id))))
            .map_err(Into::into),
        Err(other) => Err(other.into()),
    }
}

#[derive(Template)]
#[template(path = "work/wizard-security.html")]
struct Security<'a> {
    shell: &'a Shell,
    draft: &'a ApplicationDraftView,
    steps: Steps<'a>,
    form: FormState<'a>,
    summary: Summary<'a>,
    kind: Choices,
    client_id: Field,
}

/// The kinds and the words that stand for them in a form.
const KINDS: [(&str, ApplicationKind, &str); 2] = [
    ("simple", ApplicationKind::Simple, "kind-simple-hint"),
    ("backend_to_backend", ApplicationKind::BackendToBackend, "kind-backend-hint"),
];

async fn show_security(visitor: Visitor, Id(id): Id<DraftId>) -> PageResult {
    let shell = visitor.shell(Section::Applications);
    let draft = match draft_at(&visitor, id, Step::Security).await? {
        Ok(draft) => draft,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let kind = KINDS.iter().find(|(_, kind, _)| Some(*kind) == draft.form.kind);
    let values = [("kind", kind.map_or("", |kind| kind.0)), ("client_id", draft.form.client_id.as_str())];
    let form = FormState::filled(&shell, values);
    answer::ok(&shell, &security(&shell, &draft, form))
}

fn security<'a>(shell: &'a Shell, draft: &'a ApplicationDraftView, form: FormState<'a>) -> Security<'a> {
    let choice = |(word, kind, hint): (&str, ApplicationKind, &str)| Choice {
        value: word.to_owned(),
        label: shell.say(super::kind_word(&kind)),
        hint: Some(shell.say(hint)),
    };
    Security {
        shell,
        draft,
        steps: steps(shell, draft, Step::Security),
        summary: form.summary(&["kind", "client_id"]),
        kind: form.choices("kind", "field-kind", KINDS.map(choice).into()).usually("simple"),
        client_id: form
            .field("client_id", Kind::Text, "field-client-id")
            .hint(shell, "field-client-id-hint")
            .optional(shell)
            .max(200),
        form,
    }
}

async fn send_security(visitor: Visitor, Id(id): Id<DraftId>, fields: Form) -> PageResult {
    let mut draft = match draft_at(&visitor, id, Step::Security).await? {
        Ok(draft) => draft,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let form = &mut draft.form;
    form.kind = KINDS.iter().find(|(word, ..)| *word == fields.one("kind")).map(|(_, kind, _)| *kind);
    form.client_id = fields.text("client_id");
    let mut errors = keep(&visitor, id, form, PictureChange::Keep).await?;
    match Way::of(&fields) {
        Way::Quit if errors.is_empty() => return quit(),
        Way::Back if errors.is_empty() => return Ok(see_other(&Step::General.of(id))),
        Way::Quit | Way::Back => {}
        Way::On => {
            errors.splice(0..0, wrong(form.check_security())?);
            if errors.is_empty() {
                return Ok(see_other(&Step::Subscription.of(id)));
            }
        }
    }
    let shell = visitor.shell(Section::Applications);
    let form = FormState::wrong(&shell, &fields, errors);
    answer::wrong(&shell, &security(&shell, &draft, form))
}
