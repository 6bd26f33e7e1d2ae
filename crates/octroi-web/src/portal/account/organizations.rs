//! My organizations: those that I belong to, making one, one with its members, its name, leaving it.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use octroi_app::organizations::{MemberView, NewOrganization, OrganizationChange, OrganizationView};
use octroi_app::partners::OfficerView;
use octroi_app::{AppError, Conflict};
use octroi_domain::ids::OrganizationId;
use octroi_domain::organization::{OrganizationKind, Role};
use octroi_domain::permission::Action;
use octroi_domain::validate::Rule;

use super::{Tab, tabs};
use crate::portal::answer;
use crate::portal::fields::{Field, FormState, Kind, Summary};
use crate::portal::gate::{Form, PageResult};
use crate::portal::path::Id;
use crate::portal::refused::Refused;
use crate::portal::route::{Access, PageRow, get, post};
use crate::portal::shell::{Section, Shell};
use crate::portal::visitor::Visitor;
use crate::problem::ProblemCode;

/// Where they are listed.
pub(in crate::portal) const ORGANIZATIONS: &str = "/account/organizations";
const NEW: &str = "/account/organizations/new";
const ONE: &str = "/account/organizations/{organization_id}";
const EDIT: &str = "/account/organizations/{organization_id}/edit";

pub(super) fn pages() -> Vec<PageRow> {
    vec![
        get(ORGANIZATIONS, Access::SignedIn, list),
        get(NEW, Access::SignedIn, ask),
        post(NEW, Access::SignedIn, make),
        get(ONE, Access::May(Action::OrganizationRead), show),
        get(EDIT, Access::May(Action::OrganizationManage), edit),
        post(EDIT, Access::May(Action::OrganizationManage), save),
        post("/account/organizations/{organization_id}/leave", Access::SignedIn, leave),
    ]
}

#[derive(Template)]
#[template(path = "account/organizations.html")]
struct List<'a> {
    shell: &'a Shell,
    tabs: Vec<Tab>,
    organizations: &'a [OrganizationView],
}

/// A form with an organization's name: a new one's, or that of one that is there.
#[derive(Template)]
#[template(path = "account/organization-form.html")]
struct NameForm<'a> {
    shell: &'a Shell,
    tabs: Vec<Tab>,
    is_wrong: bool,
    summary: Summary<'a>,
    /// The one that is there, with its present edition.
    organization: Option<&'a OrganizationView>,
    /// Whether it was changed since the form was shown.
    overtaken: bool,
    name: Field,
    slug: Field,
}

#[derive(Template)]
#[template(path = "account/organization.html")]
struct One<'a> {
    shell: &'a Shell,
    tabs: Vec<Tab>,
    organization: &'a OrganizationView,
    members: &'a [MemberView],
    /// The officer whom a partner's people turn to.
    officer: Option<OfficerView>,
    /// Whether the visitor manages its members.
    manages: bool,
    /// Whether the visitor is its only owner, and cannot leave it.
    only_owner: bool,
}

/// Words that both pages say.
pub(super) trait Words {
    fn shell(&self) -> &Shell;

    fn role(&self, role: &Role) -> String {
        self.shell().say(role_word(*role))
    }

    fn kind(&self, kind: &OrganizationKind) -> String {
        self.shell().say(kind_word(*kind))
    }
}

impl Words for List<'_> {
    fn shell(&self) -> &Shell {
        self.shell
    }
}

impl Words for One<'_> {
    fn shell(&self) -> &Shell {
        self.shell
    }
}

/// A role in an organization, in a word.
pub(in crate::portal) const fn role_word(role: Role) -> &'static str {
    match role {
        Role::Viewer => "role-viewer",
        Role::Developer => "role-developer",
        Role::Owner => "role-owner",
    }
}

const fn kind_word(kind: OrganizationKind) -> &'static str {
    match kind {
        OrganizationKind::Personal => "kind-personal",
        OrganizationKind::Company => "kind-company",
        OrganizationKind::PublicBody => "kind-public-body",
        OrganizationKind::Provider => "kind-provider",
        OrganizationKind::Vendor => "kind-vendor",
        OrganizationKind::Partner => "kind-partner",
    }
}

/// Where one organization is shown.
pub(super) fn place(id: OrganizationId) -> String {
    format!("{ORGANIZATIONS}/{id}")
}

async fn list(visitor: Visitor) -> PageResult {
    let organizations = visitor.app().my_organizations(visitor.actor()).await?;
    let shell = visitor.shell(Section::Account);
    let tabs = tabs(&shell, ORGANIZATIONS);
    answer::ok(&shell, &List { shell: &shell, tabs, organizations: &organizations })
}

async fn ask(visitor: Visitor) -> PageResult {
    let shell = visitor.shell(Section::Account);
    Ok(name_form(&shell, StatusCode::OK, &FormState::new(&shell), None, false))
}

async fn make(visitor: Visitor, sent: Form) -> PageResult {
    let (name, slug) = (sent.text("name"), sent.one("slug").trim().to_owned());
    let new = NewOrganization { kind: OrganizationKind::Company, slug: slug.clone(), name: name.clone() };
    let error = match visitor.app().create_organization(visitor.actor(), new).await {
        Ok(made) => return answer::done(&place(made.id), "notice-organization-made"),
        Err(error) => error,
    };
    if let AppError::Invalid(violations) = &error
        && violations.iter().all(|v| v.field == "slug" && v.rule == Rule::Taken)
        && let Ok(mine) = visitor.app().my_organization(visitor.actor(), &slug).await
        && (mine.role, mine.name.as_str()) == (Some(Role::Owner), name.trim())
    {
        // The same form, sent twice: here is what it made.
        return answer::done(&place(mine.id), "notice-organization-made");
    }
    let refused = Refused::by(error, "")?;
    let shell = visitor.shell(Section::Account);
    let form = FormState::wrong(&shell, &sent, refused.errors);
    Ok(name_form(&shell, refused.status, &form, None, false))
}

async fn show(visitor: Visitor, Id(id): Id<OrganizationId>) -> PageResult {
    let organization = visitor.app().organization(visitor.actor(), id).await?;
    let members = visitor.app().members(visitor.actor(), id).await?;
    let manages = visitor.app().organization_to_manage(visitor.actor(), id).await.is_ok();
    let owners = members.iter().filter(|member| member.role == Role::Owner).count();
    let shell = visitor.shell(Section::Account);
    let page = One {
        shell: &shell,
        tabs: tabs(&shell, ORGANIZATIONS),
        only_owner: organization.role == Some(Role::Owner) && owners == 1,
        organization: &organization,
        members: &members,
        officer: visitor.app().officer_of(visitor.actor(), id).await?,
        manages,
    };
    answer::ok(&shell, &page)
}

async fn edit(visitor: Visitor, Id(id): Id<OrganizationId>) -> PageResult {
    let present = visitor.app().organization_to_manage(visitor.actor(), id).await?;
    let shell = visitor.shell(Section::Account);
    let form = FormState::filled(&shell, [("name", present.name.as_str()), ("slug", &present.slug)]);
    Ok(name_form(&shell, StatusCode::OK, &form, Some(&present), false))
}

async fn save(visitor: Visitor, Id(id): Id<OrganizationId>, sent: Form) -> PageResult {
    let change =
        OrganizationChange { slug: Some(sent.one("slug").trim().to_owned()), name: Some(sent.text("name")) };
    let edition = sent.one("edition").parse().ok();
    let saved = visitor.app().update_organization(visitor.actor(), id, change, edition).await;
    let (status, errors, overtaken) = match saved {
        Ok(_) => return answer::done(&place(id), "notice-organization-saved"),
        Err(AppError::Stale) => (ProblemCode::Stale.status(), Vec::new(), true),
        Err(error) => {
            let refused = Refused::by(error, "")?;
            (refused.status, refused.errors, false)
        }
    };
    let present = visitor.app().organization_to_manage(visitor.actor(), id).await?;
    let shell = visitor.shell(Section::Account);
    let form = FormState::wrong(&shell, &sent, errors);
    Ok(name_form(&shell, status, &form, Some(&present), overtaken))
}

fn name_form(
    shell: &Shell,
    status: StatusCode,
    form: &FormState<'_>,
    organization: Option<&OrganizationView>,
    overtaken: bool,
) -> Response {
    let page = NameForm {
        shell,
        tabs: tabs(shell, ORGANIZATIONS),
        is_wrong: form.is_wrong() || overtaken,
        summary: form.summary(&["name", "slug"]),
        organization,
        overtaken,
        name: form.field("name", Kind::Text, "organizations-name").autocomplete("organization").max(150),
        slug: form
            .field("slug", Kind::Text, "organizations-slug")
            .hint(shell, "organizations-slug-hint")
            .max(64),
    };
    answer::page(status, shell.language, &page)
}

async fn leave(visitor: Visitor, Id(id): Id<OrganizationId>) -> PageResult {
    let person = visitor.signed_in()?;
    match visitor.app().remove_member(&person.actor, id, person.account.id).await {
        // Whoever is not in it has left it.
        Ok(()) | Err(AppError::NotFound) => answer::done(ORGANIZATIONS, "notice-organization-left"),
        Err(AppError::Conflict(Conflict::LastOwner)) => {
            let shell = visitor.shell(Section::Account);
            let back = vec![(place(id), shell.say("organizations-back"))];
            answer::refusal(&visitor, StatusCode::CONFLICT, ["last_owner", "last_owner.detail"], back)
        }
        Err(error) => Err(error.into()),
    }
}
