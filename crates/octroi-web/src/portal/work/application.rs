//! One application: what it says of itself, its picture, its OAuth2 client, its end.

use askama::Template;
use http::StatusCode;
use octroi_app::applications::{ApplicationCard, ApplicationChange, ApplicationView};
use octroi_app::credentials::{CredentialView, IssuedKey};
use octroi_app::picture::PictureChange;
use octroi_app::{AppError, Conflict};
use octroi_domain::application::{ApplicationKind, ApplicationState};
use octroi_domain::credential::Standing;
use octroi_domain::ids::ApplicationId;
use octroi_domain::permission::{Action, Parties};

use super::keys::{Grace, grace_choices};
use crate::field::FieldError;
use crate::form::Fields;
use crate::portal::answer::{self, see_other};
use crate::portal::badges::State as _;
use crate::portal::fields::{Choices, Field, FormState, Kind, Summary};
use crate::portal::gate::{Form, PageResult};
use crate::portal::path::Id;
use crate::portal::route::{Access, PageRow, get, post};
use crate::portal::shell::{Section, Shell};
use crate::portal::visitor::Visitor;

const PATH: &str = "/applications/{application_id}";
const SECRET: &str = "/applications/{application_id}/secret";

/// Media types of pictures.
pub(super) const PICTURES: &str = "image/png,image/jpeg,image/webp";

pub(super) fn pages() -> Vec<PageRow> {
    vec![
        get(PATH, Access::May(Action::ApplicationRead), show),
        post(PATH, Access::May(Action::ApplicationManage), change),
        post("/applications/{application_id}/archive", Access::May(Action::ApplicationManage), archive),
        get(SECRET, Access::May(Action::ApplicationRead), back),
        post(SECRET, Access::May(Action::CredentialManage), rotate),
    ]
}

/// Where an application is.
pub(super) fn address(id: ApplicationId) -> String {
    format!("/applications/{id}")
}

/// The tabs of an application's pages.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    General,
    Subscriptions,
    Usage,
}

/// What every page of an application begins with. Written into a page by `{{ head|safe }}`.
#[derive(Template)]
#[template(path = "work/application-head.html")]
pub(super) struct Head<'a> {
    shell: &'a Shell,
    application: &'a ApplicationView,
    made: String,
    tab: Tab,
    /// Whether the tab's link leads away from the page, which is a part of it.
    within: bool,
}

impl<'a> Head<'a> {
    pub(super) fn new(shell: &'a Shell, card: &'a ApplicationCard, tab: Tab, within: bool) -> Self {
        let date = shell.date(&card.application.created_at);
        let values = [
            ("organization", card.owner.name.as_str().into()),
            ("date", date.into()),
            ("person", card.made_by.as_deref().unwrap_or_default().into()),
        ];
        let id = if card.made_by.is_some() { "application-made-by" } else { "application-made" };
        let made = shell.fill_all(id, &values);
        Self { shell, application: &card.application, made, tab, within }
    }

    fn tabs(&self) -> [(Tab, String, String); 3] {
        let to = |part: &str| format!("{}{part}", address(self.application.id));
        [
            (Tab::General, to(""), self.shell.say("application-general")),
            (Tab::Subscriptions, to("/subscriptions"), self.shell.say("application-subscriptions")),
            (Tab::Usage, to("/usage"), self.shell.say("application-usage")),
        ]
    }

    /// How the link of a tab tells that one is there.
    fn current(&self, tab: &Tab) -> Option<&'static str> {
        (self.tab == *tab).then_some(if self.within { "true" } else { "page" })
    }
}

#[derive(Template)]
#[template(path = "work/application.html")]
struct General<'a> {
    shell: &'a Shell,
    head: Head<'a>,
    card: &'a ApplicationCard,
    application: &'a ApplicationView,
    /// Whether the visitor may change it, and it can be changed.
    editable: bool,
    form: FormState<'a>,
    summary: Summary<'a>,
    name: Field,
    description: Field,
    domain: Field,
    client_id: Option<Field>,
    picture: Field,
    remove_picture: Option<Field>,
    secret: SecretPart<'a>,
}

/// The OAuth2 client of an application, where it is one.
struct SecretPart<'a> {
    /// The secret that is in use.
    current: Option<&'a CredentialView>,
    /// Secrets that were replaced and are still good for a while.
    old: Vec<&'a CredentialView>,
    /// A secret that was made just now.
    new: Option<&'a IssuedKey>,
    grace: Choices,
    may_manage: bool,
    may_revoke: bool,
}

async fn show(visitor: Visitor, Id(id): Id<ApplicationId>) -> PageResult {
    let shell = visitor.shell(Section::Applications);
    let card = visitor.app().application_card(visitor.actor(), id).await?;
    answer::ok(&shell, &general(&visitor, &shell, &card, filled(&shell, &card), None))
}

fn filled<'a>(shell: &'a Shell, card: &ApplicationCard) -> FormState<'a> {
    let application = &card.application;
    FormState::filled(
        shell,
        [
            ("name", &application.name),
            ("description", &application.description),
            ("domain", application.domain.as_deref().unwrap_or_default()),
            ("client_id", application.client_id.as_deref().unwrap_or_default()),
        ],
    )
}

fn general<'a>(
    visitor: &Visitor,
    shell: &'a Shell,
    card: &'a ApplicationCard,
    form: FormState<'a>,
    new_secret: Option<&'a IssuedKey>,
) -> General<'a> {
    let application = &card.application;
    let parties = Parties::owned_by(application.organization_id);
    let may = |action| visitor.may(action, &parties);
    let active = application.state == ApplicationState::Active;
    let by_standing = |wanted: &'static [Standing]| {
        card.secrets.iter().rev().filter(move |secret| wanted.contains(&secret.standing))
    };
    General {
        shell,
        head: Head::new(shell, card, Tab::General, false),
        card,
        application,
        editable: active && may(Action::ApplicationManage),
        summary: form.summary(&["name", "description", "domain", "client_id", "picture"]),
        name: form.field("name", Kind::Text, "field-application-name").max(100),
        description: description(&form, shell),
        domain: domain(&form, shell),
        client_id: (application.kind == ApplicationKind::Simple).then(|| {
            form.field("client_id", Kind::Text, "field-client-id")
                .hint(shell, "field-client-id-hint")
                .optional(shell)
                .max(200)
        }),
        picture: form
            .field("picture", Kind::File, "field-picture")
            .hint(shell, "field-picture-hint")
            .optional(shell)
            .accept(PICTURES),
        remove_picture: application
            .has_picture
            .then(|| form.field("remove_picture", Kind::Check, "field-remove-picture").optional(shell)),
        secret: SecretPart {
            current: by_standing(&[Standing::Active, Standing::Paused]).next(),
            old: by_standing(&[Standing::Grace]).collect(),
            new: new_secret,
            grace: grace_choices(shell, &FormState::new(shell)),
            may_manage: active && may(Action::CredentialManage),
            may_revoke: active && may(Action::CredentialRevoke),
        },
        form,
    }
}

/// What an application is for.
pub(super) fn description(form: &FormState<'_>, shell: &Shell) -> Field {
    form.field("description", Kind::Lines, "field-application-description")
        .hint(shell, "field-application-description-hint")
        .max(2_000)
}

/// Where an application is found.
pub(super) fn domain(form: &FormState<'_>, shell: &Shell) -> Field {
    form.field("domain", Kind::Text, "field-application-domain")
        .hint(shell, "field-application-domain-hint")
        .optional(shell)
        .max(300)
}

/// What a form says of the picture.
pub(super) fn picture_change(fields: &Fields) -> PictureChange {
    match fields.file("picture") {
        Some(bytes) => PictureChange::Put(bytes.to_vec()),
        None if fields.ticked("remove_picture") => PictureChange::Remove,
        None => PictureChange::Keep,
    }
}

async fn change(visitor: Visitor, Id(id): Id<ApplicationId>, fields: Form) -> PageResult {
    let (app, actor) = (visitor.app(), visitor.actor());
    let change = ApplicationChange {
        name: fields.text("name"),
        description: fields.text("description"),
        domain: fields.some("domain"),
        client_id: fields.some("client_id"),
    };
    let edition = fields.one("edition").parse().ok();
    let errors = match app.change_application(actor, id, change, picture_change(&fields), edition).await {
        Ok(_) => return answer::done(&address(id), "notice-application-saved"),
        Err(AppError::Invalid(violations)) => violations.into_iter().map(FieldError::from).collect(),
        // What was typed stays; sent once more, it goes over what the other one wrote.
        Err(AppError::Stale) => vec![FieldError::said("", "application-stale")],
        Err(other) => return Err(other.into()),
    };
    let shell = visitor.shell(Section::Applications);
    let card = app.application_card(actor, id).await?;
    let form = FormState::wrong(&shell, &fields, errors);
    answer::wrong(&shell, &general(&visitor, &shell, &card, form, None))
}

async fn archive(visitor: Visitor, Id(id): Id<ApplicationId>) -> PageResult {
    match visitor.app().archive_application(visitor.actor(), id, None).await {
        Ok(_) | Err(AppError::Conflict(Conflict::ApplicationArchived)) => {
            answer::done(&address(id), "notice-application-archived")
        }
        Err(other) => Err(other.into()),
    }
}

/// Where a page leads that answers a form, for whoever comes to its address in another way.
async fn back(visitor: Visitor, Id(id): Id<ApplicationId>) -> PageResult {
    visitor.app().application(visitor.actor(), id).await?;
    Ok(see_other(&address(id)))
}

async fn rotate(visitor: Visitor, Id(id): Id<ApplicationId>, fields: Form) -> PageResult {
    let Grace(renew) = Grace::of(&fields);
    match visitor.app().rotate_client_secret(visitor.actor(), id, renew).await {
        Ok(issued) => {
            let mut shell = visitor.shell(Section::Applications);
            shell.notice = Some(shell.say("notice-secret-made"));
            with_secret(&visitor, &shell, id, &issued).await
        }
        Err(AppError::Conflict(_)) => answer::done(&address(id), "notice-meanwhile"),
        Err(AppError::Invalid(_)) => answer::done(&address(id), "notice-grace"),
        Err(other) => Err(other.into()),
    }
}

/// The application's page with a secret that was made just now, and is never shown again.
pub(super) async fn with_secret(
    visitor: &Visitor,
    shell: &Shell,
    id: ApplicationId,
    issued: &IssuedKey,
) -> PageResult {
    let card = visitor.app().application_card(visitor.actor(), id).await?;
    let page = general(visitor, shell, &card, filled(shell, &card), Some(issued));
    Ok(answer::page(StatusCode::OK, shell.language, &page))
}
