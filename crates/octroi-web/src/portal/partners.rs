//! The officers' desk: partners, their people and their keys. No page of it holds a secret.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use octroi_app::credentials::{CredentialView, Renew};
use octroi_app::organizations::InviteMember;
use octroi_app::partners::{
    IssueToPartner, NewPartner, PartnerCard, PartnerKeyView, PartnerPlan, PartnerView, SuspendPartner,
};
use octroi_app::{AppError, Conflict};
use octroi_domain::credential::Standing;
use octroi_domain::ids::{CredentialId, OrganizationId, SubscriptionId};
use octroi_domain::permission::Action;
use octroi_domain::validate::Rule;

use super::account::{member_roles, role_of, role_word};
use super::answer;
use super::badges::{Badge, State as _};
use super::fields::{Choice, Choices, Field, FormState, Kind, Summary};
use super::gate::{Form, PageResult};
use super::lists::{self, Pager};
use super::path::{Id, Ids};
use super::refused::Refused;
use super::route::{Access, PageRow, get, post};
use super::shell::{Section, Shell};
use super::visitor::Visitor;
use crate::field::FieldError;

const PARTNERS: &str = "/partners";

pub(super) fn pages() -> Vec<PageRow> {
    let (sees, manages) = (Access::May(Action::PartnerRead), Access::May(Action::PartnerManage));
    vec![
        get(PARTNERS, sees, list),
        get("/partners/new", manages, ask),
        post("/partners/new", manages, make),
        get("/partners/{organization_id}", sees, show),
        post("/partners/{organization_id}/take-over", manages, take),
        get("/partners/{organization_id}/invite", manages, ask_person),
        post("/partners/{organization_id}/invite", manages, invite),
        post("/partners/{organization_id}/keys", manages, issue),
        post("/partners/{organization_id}/keys/{credential_id}/renew", manages, renew),
        post("/partners/{organization_id}/keys/{credential_id}/revoke", manages, revoke),
        post("/partners/{organization_id}/subscriptions/{subscription_id}/key", manages, replace),
        post("/partners/{organization_id}/suspend", manages, suspend),
        post("/partners/{organization_id}/resume", manages, resume),
    ]
}

fn place(id: OrganizationId) -> String {
    format!("{PARTNERS}/{id}")
}

#[derive(Template)]
#[template(path = "partners/list.html")]
struct List<'a> {
    shell: &'a Shell,
    query: String,
    partners: Vec<Line>,
    pager: Pager<'a>,
}

/// A partner in the list.
struct Line {
    view: PartnerView,
    officer: String,
    last_call: String,
    state: &'static str,
}

async fn list(visitor: Visitor) -> PageResult {
    let shell = visitor.shell(Section::Partners);
    let query = visitor.query("q").unwrap_or_default().trim().to_owned();
    let page = visitor.app().partners(visitor.actor(), &lists::part(&visitor), Some(&query)).await?;
    let line = |view: PartnerView| Line {
        officer: officer(&shell, &view),
        last_call: last_call(&shell, view.last_call_at.as_ref()),
        state: state(&view),
        view,
    };
    let template = List {
        pager: Pager::of(&visitor, &shell, page.next_cursor.as_deref()),
        partners: page.items.into_iter().map(line).collect(),
        query,
        shell: &shell,
    };
    answer::ok(&shell, &template)
}

fn officer(shell: &Shell, partner: &PartnerView) -> String {
    match &partner.officer {
        Some(officer) => format!("{} {}", officer.first_name, officer.last_name),
        None => shell.say("partners-nobody"),
    }
}

fn last_call(shell: &Shell, at: Option<&octroi_domain::time::Timestamp>) -> String {
    at.map_or_else(|| shell.say("partners-never"), |at| shell.moment(at))
}

/// How a partner stands, in a word.
const fn state(partner: &PartnerView) -> &'static str {
    match (partner.is_suspended(), partner.active) {
        (true, _) => "partners-suspended",
        (false, 0) => "partners-keyless",
        (false, _) => "partners-calling",
    }
}

#[derive(Template)]
#[template(path = "partners/new.html")]
struct NewPage<'a> {
    shell: &'a Shell,
    is_wrong: bool,
    summary: Summary<'a>,
    name: Field,
    slug: Field,
}

async fn ask(visitor: Visitor) -> PageResult {
    visitor.app().check_may_make_partners(visitor.actor())?;
    let shell = visitor.shell(Section::Partners);
    Ok(new_page(&shell, StatusCode::OK, &FormState::new(&shell)))
}

async fn make(visitor: Visitor, sent: Form) -> PageResult {
    let new = NewPartner { name: sent.text("name"), slug: sent.one("slug").trim().to_owned() };
    match visitor.app().create_partner(visitor.actor(), new).await {
        Ok(made) => answer::done(&place(made.partner.id), "notice-partner-made"),
        Err(error) => {
            let refused = Refused::by(error, "")?;
            let shell = visitor.shell(Section::Partners);
            Ok(new_page(&shell, refused.status, &FormState::wrong(&shell, &sent, refused.errors)))
        }
    }
}

fn new_page(shell: &Shell, status: StatusCode, form: &FormState<'_>) -> Response {
    let page = NewPage {
        shell,
        is_wrong: form.is_wrong(),
        summary: form.summary(&["name", "slug"]),
        name: form.field("name", Kind::Text, "organizations-name").max(150),
        slug: form
            .field("slug", Kind::Text, "organizations-slug")
            .hint(shell, "organizations-slug-hint")
            .max(64),
    };
    answer::page(status, shell.language, &page)
}

/// What a partner calls an API with, as the page shows it.
struct KeyLine {
    api: String,
    plan: String,
    state: Badge,
    last_call: String,
    key: Option<Shown>,
    /// Where a new key is issued, where there is none.
    issue: Option<String>,
}

/// A key as the page shows it.
struct Shown {
    hint: String,
    standing: Badge,
    created: String,
    /// Where it is renewed and revoked, while it can be.
    renew: Option<(String, String)>,
}

#[derive(Template)]
#[template(path = "partners/one.html")]
struct One<'a> {
    shell: &'a Shell,
    card: &'a PartnerCard,
    here: String,
    officer: String,
    is_mine: bool,
    state: &'static str,
    keys: Vec<KeyLine>,
    /// The plans to issue a key under, of APIs that the partner has none for.
    plans: Option<Choices>,
    summary: Summary<'a>,
    reason: Field,
    is_wrong: bool,
}

impl One<'_> {
    fn role(&self, role: &octroi_domain::organization::Role) -> String {
        self.shell.say(role_word(*role))
    }
}

async fn show(visitor: Visitor, Id(id): Id<OrganizationId>) -> PageResult {
    let shell = visitor.shell(Section::Partners);
    page(&visitor, &shell, id, StatusCode::OK, &FormState::new(&shell)).await
}

async fn page(
    visitor: &Visitor,
    shell: &Shell,
    id: OrganizationId,
    status: StatusCode,
    form: &FormState<'_>,
) -> PageResult {
    let app = visitor.app();
    let card = app.partner(visitor.actor(), id).await?;
    let plans = app.partner_plans(visitor.actor()).await?;
    let template = One {
        here: place(id),
        officer: officer(shell, &card.partner),
        is_mine: card.partner.officer.as_ref().map(|o| o.account_id) == visitor.actor().account_id(),
        state: state(&card.partner),
        keys: card.keys.iter().map(|key| key_line(shell, id, key)).collect(),
        plans: choices(form, &card, plans),
        summary: form.summary(&["plan_id", "reason"]),
        reason: form
            .field("reason", Kind::Lines, "partners-reason")
            .hint(shell, "partners-reason-hint")
            .max(2_000),
        is_wrong: form.is_wrong(),
        card: &card,
        shell,
    };
    Ok(answer::page(status, shell.language, &template))
}

fn choices(form: &FormState<'_>, card: &PartnerCard, plans: Vec<PartnerPlan>) -> Option<Choices> {
    let open = plans.into_iter().filter(|p| card.keys.iter().all(|k| k.subscription.api.id != p.api_id));
    let options: Vec<Choice> = open
        .map(|plan| Choice {
            value: plan.plan_id.to_string(),
            label: format!("{} {}", plan.api, plan.version),
            hint: Some(plan.plan),
        })
        .collect();
    let first = options.first()?.value.clone();
    Some(form.choices("plan_id", "partners-plan", options).usually(&first))
}

fn key_line(shell: &Shell, id: OrganizationId, key: &PartnerKeyView) -> KeyLine {
    let subscription = &key.subscription;
    let usable = key.key.as_ref().filter(|key| in_use(key));
    KeyLine {
        api: format!("{} {}", subscription.api.name, subscription.api.version),
        plan: subscription.plan.name.clone(),
        state: subscription.state.badge(shell),
        last_call: last_call(shell, key.last_call_at.as_ref()),
        issue: usable.is_none().then(|| format!("{}/subscriptions/{}/key", place(id), subscription.id)),
        key: key.key.as_ref().map(|key| Shown {
            hint: key.hint.clone(),
            standing: key.standing.badge(shell),
            created: shell.moment(&key.created_at),
            renew: in_use(key).then(|| {
                let at = format!("{}/keys/{}", place(id), key.id);
                (format!("{at}/renew"), format!("{at}/revoke"))
            }),
        }),
    }
}

const fn in_use(key: &CredentialView) -> bool {
    matches!(key.standing, Standing::Active | Standing::Paused)
}

async fn take(visitor: Visitor, Id(id): Id<OrganizationId>) -> PageResult {
    visitor.app().take_partner(visitor.actor(), id).await?;
    answer::done(&place(id), "notice-partner-taken")
}

#[derive(Template)]
#[template(path = "partners/invite.html")]
struct InvitePage<'a> {
    shell: &'a Shell,
    partner: &'a PartnerView,
    is_wrong: bool,
    summary: Summary<'a>,
    email: Field,
    role: Choices,
}

async fn ask_person(visitor: Visitor, Id(id): Id<OrganizationId>) -> PageResult {
    let card = visitor.app().partner(visitor.actor(), id).await?;
    let shell = visitor.shell(Section::Partners);
    Ok(invite_page(&shell, StatusCode::OK, &card.partner, &FormState::new(&shell)))
}

async fn invite(visitor: Visitor, Id(id): Id<OrganizationId>, sent: Form) -> PageResult {
    let card = visitor.app().partner(visitor.actor(), id).await?;
    let invited = async {
        let wanted = InviteMember { email: sent.text("email"), role: role_of(&sent)? };
        visitor.app().invite_to_partner(visitor.actor(), id, wanted).await
    };
    match invited.await {
        Ok(_) => answer::done(&place(id), "notice-member-invited"),
        Err(error) => {
            let refused = Refused::by(error, "email")?;
            let shell = visitor.shell(Section::Partners);
            let form = FormState::wrong(&shell, &sent, refused.errors);
            Ok(invite_page(&shell, refused.status, &card.partner, &form))
        }
    }
}

fn invite_page(shell: &Shell, status: StatusCode, partner: &PartnerView, form: &FormState<'_>) -> Response {
    let page = InvitePage {
        shell,
        partner,
        is_wrong: form.is_wrong(),
        summary: form.summary(&["email", "role"]),
        email: form.field("email", Kind::Email, "field-email").hint(shell, "members-email-hint").max(254),
        role: member_roles(shell, form, octroi_domain::organization::Role::Developer),
    };
    answer::page(status, shell.language, &page)
}

async fn issue(visitor: Visitor, Id(id): Id<OrganizationId>, sent: Form) -> PageResult {
    let done = match sent.one("plan_id").parse() {
        Ok(plan_id) => visitor.app().issue_partner_key(visitor.actor(), id, IssueToPartner { plan_id }).await,
        // Whoever may not see the partner is not told more for a form that cannot be read.
        Err(_) => visitor
            .app()
            .partner(visitor.actor(), id)
            .await
            .and_then(|_| Err(AppError::invalid("plan_id", Rule::Required))),
    };
    changed(&visitor, id, &sent, done, "notice-partner-key-issued").await
}

async fn renew(visitor: Visitor, Ids(id, key): Ids<OrganizationId, CredentialId>, sent: Form) -> PageResult {
    // With the button that says so, the old key dies at once: it leaked.
    let renew = Renew { grace_seconds: (sent.one("old") == "ends").then_some(0) };
    let done = visitor.app().renew_partner_key(visitor.actor(), id, key, renew).await;
    changed(&visitor, id, &sent, done, "notice-partner-key-renewed").await
}

async fn revoke(visitor: Visitor, Ids(id, key): Ids<OrganizationId, CredentialId>, sent: Form) -> PageResult {
    let done = visitor.app().revoke_partner_key(visitor.actor(), id, key).await;
    changed(&visitor, id, &sent, done, "notice-partner-key-revoked").await
}

async fn replace(
    visitor: Visitor,
    Ids(id, subscription): Ids<OrganizationId, SubscriptionId>,
    sent: Form,
) -> PageResult {
    let done = visitor.app().replace_partner_key(visitor.actor(), id, subscription).await;
    changed(&visitor, id, &sent, done, "notice-partner-key-issued").await
}

async fn suspend(visitor: Visitor, Id(id): Id<OrganizationId>, sent: Form) -> PageResult {
    let suspend = SuspendPartner { reason: sent.one("reason").replace("\r\n", "\n") };
    let done = visitor.app().suspend_partner(visitor.actor(), id, suspend).await;
    changed(&visitor, id, &sent, done, "notice-partner-suspended").await
}

async fn resume(visitor: Visitor, Id(id): Id<OrganizationId>, sent: Form) -> PageResult {
    let done = visitor.app().resume_partner(visitor.actor(), id).await;
    changed(&visitor, id, &sent, done, "notice-partner-resumed").await
}

/// Back to the partner, or its page with what was wrong. Pressed twice, or somebody else was quicker: the page shows
/// where things are.
async fn changed<T>(
    visitor: &Visitor,
    id: OrganizationId,
    sent: &Form,
    done: Result<T, AppError>,
    notice: &str,
) -> PageResult {
    let shell = visitor.shell(Section::Partners);
    match done {
        Ok(_) => answer::done(&place(id), notice),
        Err(AppError::Conflict(Conflict::TooManyKeys)) => answer::done(&place(id), "notice-too-many-keys"),
        Err(AppError::Conflict(
            Conflict::AlreadySubscribed
            | Conflict::KeyExists
            | Conflict::CredentialState
            | Conflict::OrganizationSuspended
            | Conflict::SubscriptionState,
        )) => answer::done(&place(id), "notice-partner-moved"),
        Err(AppError::Conflict(conflict @ (Conflict::PlanClosed | Conflict::ApiNotOpen))) => {
            let form = FormState::wrong(&shell, sent, vec![FieldError::conflict("plan_id", conflict)]);
            page(visitor, &shell, id, StatusCode::CONFLICT, &form).await
        }
        Err(error) => {
            let refused = Refused::by(error, "")?;
            let form = FormState::wrong(&shell, sent, refused.errors);
            page(visitor, &shell, id, refused.status, &form).await
        }
    }
}
