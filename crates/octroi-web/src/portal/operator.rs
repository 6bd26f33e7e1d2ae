//! What an operator does: accounts, organizations, the work queue with its dead letters, the audit trail.

use askama::Template;
use octroi_app::accounts::AccountView;
use octroi_app::audit::{AuditEntryView, AuditFault, AuditReport};
use octroi_app::jobs::JobView;
use octroi_app::organizations::OrganizationView;
use octroi_app::{AppError, Conflict};
use octroi_domain::account::{AccountState, PortalRole};
use octroi_domain::ids::{AccountId, JobId};
use octroi_domain::job::JobState;
use octroi_domain::organization::OrganizationKind;
use octroi_domain::permission::{Action, Parties, require};

use super::answer;
use super::badges::{Badge, State as _};
use super::fields::{Choice, Choices, FormState};
use super::gate::PageResult;
use super::lists::{self, Pager};
use super::path::Id;
use super::route::{Access, PageRow, get, post};
use super::shell::{Section, Shell};
use super::visitor::Visitor;

const JOBS: &str = "/admin/jobs";

pub(super) fn pages() -> Vec<PageRow> {
    let administer = Access::May(Action::AccountAdminister);
    vec![
        get("/admin", Access::May(Action::AccountList), accounts),
        get("/admin/accounts/{account_id}", Access::May(Action::AccountRead), account),
        post("/admin/accounts/{account_id}/suspend", administer, suspend),
        post("/admin/accounts/{account_id}/resume", administer, resume),
        get("/admin/organizations", Access::May(Action::OrganizationList), organizations),
        get(JOBS, Access::May(Action::JobManage), jobs),
        post("/admin/jobs/{job_id}/retry", Access::May(Action::JobManage), retry),
        get("/admin/audit", Access::May(Action::AuditRead), audit),
        get("/admin/audit/verify", Access::May(Action::AuditRead), verify),
    ]
}

/// Links to the pages: address, label, whether it is the present one. Only those that the visitor may open.
struct Tabs(Vec<(&'static str, String, bool)>);

impl Tabs {
    fn of(visitor: &Visitor, shell: &Shell, current: &str) -> Self {
        let all = [
            ("/admin", "operator-accounts", Action::AccountList),
            ("/admin/organizations", "operator-organizations", Action::OrganizationList),
            (JOBS, "operator-jobs", Action::JobManage),
            ("/admin/audit", "operator-audit", Action::AuditRead),
        ];
        let may = |action| require(visitor.actor(), action, &Parties::PORTAL).is_ok();
        let links = all.into_iter().filter(|(.., action)| may(*action));
        Self(links.map(|(href, label, _)| (href, shell.say(label), href == current)).collect())
    }
}

#[derive(Template)]
#[template(path = "operator/accounts.html")]
struct Accounts<'a> {
    shell: &'a Shell,
    tabs: Tabs,
    query: String,
    accounts: Vec<(AccountView, Badge, String)>,
    pager: Pager<'a>,
}

async fn accounts(visitor: Visitor) -> PageResult {
    let shell = visitor.shell(Section::Operator);
    let query = visitor.query("q").unwrap_or_default().trim().to_owned();
    let wanted = Some(query.as_str()).filter(|query| !query.is_empty());
    let page = visitor.app().accounts(visitor.actor(), &lists::part(&visitor), wanted).await?;
    let shown = |account: AccountView| {
        (account.clone(), account.state.badge(&shell), shell.moment(&account.created_at))
    };
    let template = Accounts {
        tabs: Tabs::of(&visitor, &shell, "/admin"),
        pager: Pager::of(&visitor, &shell, page.next_cursor.as_deref()),
        accounts: page.items.into_iter().map(shown).collect(),
        query,
        shell: &shell,
    };
    answer::ok(&shell, &template)
}

#[derive(Template)]
#[template(path = "operator/account.html")]
struct Account<'a> {
    shell: &'a Shell,
    account: &'a AccountView,
    badge: Badge,
    created: String,
    roles: Vec<String>,
    /// Where the state is changed, and the words of the button; nothing where the visitor may not.
    change: Option<(String, &'static str, &'static str)>,
}

async fn account(visitor: Visitor, Id(id): Id<AccountId>) -> PageResult {
    let shell = visitor.shell(Section::Operator);
    let account = visitor.app().account(visitor.actor(), id).await?;
    let may = require(visitor.actor(), Action::AccountAdminister, &Parties::of_account(id)).is_ok();
    let change = match account.state {
        AccountState::Active => Some(("suspend", "operator-suspend-lead", "operator-suspend")),
        AccountState::Suspended => Some(("resume", "operator-resume-lead", "operator-resume")),
        AccountState::Unverified => None,
    };
    let template = Account {
        badge: account.state.badge(&shell),
        created: shell.moment(&account.created_at),
        roles: account.portal_roles.iter().map(|role| shell.say(role_word(*role))).collect(),
        change: change
            .filter(|_| may)
            .map(|(part, lead, button)| (format!("{}/{part}", account_place(id)), lead, button)),
        account: &account,
        shell: &shell,
    };
    answer::ok(&shell, &template)
}

fn account_place(id: AccountId) -> String {
    format!("/admin/accounts/{id}")
}

const fn role_word(role: PortalRole) -> &'static str {
    match role {
        PortalRole::Admin => "operator-role-admin",
        PortalRole::Officer => "operator-role-officer",
        PortalRole::Instructor => "operator-role-instructor",
    }
}

async fn suspend(visitor: Visitor, Id(id): Id<AccountId>) -> PageResult {
    let done = visitor.app().suspend_account(visitor.actor(), id).await;
    moved(done, &account_place(id), "notice-account-suspended", "notice-account-moved")
}

async fn resume(visitor: Visitor, Id(id): Id<AccountId>) -> PageResult {
    let done = visitor.app().resume_account(visitor.actor(), id).await;
    moved(done, &account_place(id), "notice-account-resumed", "notice-account-moved")
}

/// Back to where the object is shown. What its state no longer allowed is told there: somebody else was quicker.
fn moved<T>(done: Result<T, AppError>, place: &str, notice: &str, otherwise: &str) -> PageResult {
    match done {
        Ok(_) => answer::done(place, notice),
        Err(AppError::Invalid(_)) => answer::done(place, otherwise),
        Err(AppError::Conflict(Conflict::LastAdministrator)) => {
            answer::done(place, "notice-last-administrator")
        }
        Err(other) => Err(other.into()),
    }
}

#[derive(Template)]
#[template(path = "operator/organizations.html")]
struct Organizations<'a> {
    shell: &'a Shell,
    tabs: Tabs,
    organizations: Vec<(OrganizationView, String, String)>,
    pager: Pager<'a>,
}

async fn organizations(visitor: Visitor) -> PageResult {
    require(visitor.actor(), Action::OrganizationList, &Parties::PORTAL).map_err(AppError::from)?;
    let shell = visitor.shell(Section::Operator);
    let page = visitor.app().organizations(visitor.actor(), &lists::part(&visitor)).await?;
    let shown = |organization: OrganizationView| {
        let (kind, created) =
            (shell.say(kind_word(organization.kind)), shell.moment(&organization.created_at));
        (organization, kind, created)
    };
    let template = Organizations {
        tabs: Tabs::of(&visitor, &shell, "/admin/organizations"),
        pager: Pager::of(&visitor, &shell, page.next_cursor.as_deref()),
        organizations: page.items.into_iter().map(shown).collect(),
        shell: &shell,
    };
    answer::ok(&shell, &template)
}

const fn kind_word(kind: OrganizationKind) -> &'static str {
    match kind {
        OrganizationKind::Personal => "operator-kind-personal",
        OrganizationKind::Company => "operator-kind-company",
        OrganizationKind::PublicBody => "operator-kind-public-body",
        OrganizationKind::Provider => "operator-kind-provider",
        OrganizationKind::Vendor => "operator-kind-vendor",
        OrganizationKind::Partner => "operator-kind-partner",
    }
}

/// A job as the queue shows it.
struct Queued {
    job: JobView,
    badge: Badge,
    created: String,
    run_at: String,
    kind: String,
}

#[derive(Template)]
#[template(path = "operator/jobs.html")]
struct Jobs<'a> {
    shell: &'a Shell,
    tabs: Tabs,
    jobs: Vec<Queued>,
    states: Choices,
    pager: Pager<'a>,
}

/// The states that the queue can be held to.
const STATES: [(&str, JobState); 3] =
    [("ready", JobState::Ready), ("running", JobState::Running), ("dead", JobState::Dead)];

async fn jobs(visitor: Visitor) -> PageResult {
    let shell = visitor.shell(Section::Operator);
    let asked = visitor.query("state").unwrap_or_default();
    let state = STATES.iter().find(|(word, _)| *word == asked).map(|(_, state)| *state);
    let page = visitor.app().jobs(visitor.actor(), &lists::part(&visitor), state).await?;
    let queued = |job: JobView| Queued {
        badge: job.state.badge(&shell),
        created: shell.moment(&job.created_at),
        run_at: shell.moment(&job.run_at),
        kind: job_words(&job.kind).map_or_else(|| job.kind.clone(), |words| shell.say(words)),
        job,
    };
    let all = Choice { value: String::new(), label: shell.say("list-all"), hint: None };
    let choices = STATES.iter().map(|(word, state)| Choice {
        value: (*word).to_owned(),
        label: shell.say(state.stamp().1),
        hint: None,
    });
    let form = FormState::filled(&shell, [("state", asked.as_str())]);
    let template = Jobs {
        tabs: Tabs::of(&visitor, &shell, JOBS),
        states: form
            .choices("state", "list-state", std::iter::once(all).chain(choices).collect())
            .unfolding(),
        pager: Pager::of(&visitor, &shell, page.next_cursor.as_deref()),
        jobs: page.items.into_iter().map(queued).collect(),
        shell: &shell,
    };
    answer::ok(&shell, &template)
}

/// What a kind of work is called.
fn job_words(kind: &str) -> Option<&'static str> {
    match kind {
        "mail" => Some("operator-job-mail"),
        "forgot_password" => Some("operator-job-forgot-password"),
        "resend_verification" => Some("operator-job-resend"),
        _ => None,
    }
}

async fn retry(visitor: Visitor, Id(id): Id<JobId>) -> PageResult {
    let done = visitor.app().retry_job(visitor.actor(), id).await;
    moved(done, JOBS, "notice-job-retried", "notice-job-moved")
}

/// An entry of the trail as the page shows it.
struct Entry {
    view: AuditEntryView,
    at: String,
    /// The account that acted, where one did.
    actor: Option<AccountId>,
    /// Where all that was done to the object is.
    of_object: String,
    details: String,
}

#[derive(Template)]
#[template(path = "operator/audit.html")]
struct Audit<'a> {
    shell: &'a Shell,
    tabs: Tabs,
    object: String,
    entries: Vec<Entry>,
    pager: Pager<'a>,
}

async fn audit(visitor: Visitor) -> PageResult {
    let shell = visitor.shell(Section::Operator);
    let object = visitor.query("object").unwrap_or_default().trim().to_owned();
    let wanted = Some(object.as_str()).filter(|object| !object.is_empty());
    let page = visitor.app().audit_entries(visitor.actor(), &lists::part(&visitor), wanted).await?;
    let shown = |view: AuditEntryView| Entry {
        at: shell.date_time(&view.at),
        actor: view.actor.parse().ok(),
        of_object: of_object(&view.object),
        details: if view.details == serde_json::json!({}) { String::new() } else { view.details.to_string() },
        view,
    };
    let template = Audit {
        tabs: Tabs::of(&visitor, &shell, "/admin/audit"),
        pager: Pager::of(&visitor, &shell, page.next_cursor.as_deref()),
        entries: page.items.into_iter().map(shown).collect(),
        object,
        shell: &shell,
    };
    answer::ok(&shell, &template)
}

/// The trail of one object.
fn of_object(object: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("object", object).finish();
    format!("/admin/audit?{query}")
}

#[derive(Template)]
#[template(path = "operator/verify.html")]
struct Verify<'a> {
    shell: &'a Shell,
    /// The trail without a fault, or what is wrong with it.
    result: Result<AuditReport, String>,
}

async fn verify(visitor: Visitor) -> PageResult {
    let shell = visitor.shell(Section::Operator);
    let result = match visitor.app().audit_report(visitor.actor()).await {
        Ok(report) => Ok(report),
        Err(AuditFault::Broken(broken)) => Err(broken.to_string()),
        Err(AuditFault::App(error)) => return Err(error.into()),
    };
    answer::ok(&shell, &Verify { shell: &shell, result })
}
