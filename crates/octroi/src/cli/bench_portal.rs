//! `octroi bench-portal`: fills a database with people, APIs, and applications with subscriptions and keys, for a bench of the
//! portal's pages. Not for portals.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use octroi_app::App;
use octroi_app::catalog::apply::ApplyOptions;
use octroi_app::catalog::files::{self, Variables};
use octroi_app::setup::NewAccount;
use octroi_app::tickets::OpenTicket;
use octroi_domain::account::{Person, PortalRole};
use octroi_domain::actor::Actor;
use octroi_domain::api::Language;
use octroi_domain::ids::{AccountId, ApiId, OrganizationId, PlanId, TicketId};
use octroi_domain::organization::{OrganizationKind, Role};
use octroi_domain::time::Timestamp;
use octroi_store::MinuteCount;
use serde_json::json;

use super::bench_seed::{BATCH, Inserted, SYSTEM, Scene, insert};
use super::{Ended, Failure, Where, say};
use crate::ambient::Ambient;
use crate::demo::acting;
use crate::foundation::{Addresses, Foundation};

/// The password of everybody here.
const PASSWORD: &str = "f3c1-77ab-90de-42b8-for-a-bench-only";

/// A document of usual size, and a page, for every API.
const OPENAPI: &str = include_str!("../../demo/catalogue/openapi/sirene.yaml");
const PAGE: &str = include_str!("../../demo/catalogue/pages/sirene/premiers-pas.fr.md");

/// How many tickets the developer has open.
const TICKETS: u32 = 30;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// How many applications, each with a subscription and a key.
    #[arg(long)]
    applications: u32,
    /// How many of them belong to the developer whose pages are measured.
    #[arg(long, default_value_t = 200)]
    largest: u32,
    /// How many accounts share the others.
    #[arg(long, default_value_t = 50)]
    accounts: u32,
    /// How many APIs there are.
    #[arg(long, default_value_t = 20)]
    apis: u32,
    /// File to write people and identifiers to, as JSON.
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    place: Where,
}

pub(super) async fn run(options: Options) -> Ended {
    let config = options.place.load()?;
    let ambient = Ambient::system();
    let foundation = Foundation::lay(&config, &ambient).await?;
    let app = foundation.app(&config, &ambient, &Addresses::configured(&config)?, None).await?;
    app.ensure_signing_key().await?;
    let apis = catalogue(&app, options.apis).await?;
    let developer = person(&app, "developer", Vec::new()).await?;
    let provider = person(&app, "provider", Vec::new()).await?;
    person(&app, "admin", vec![PortalRole::Admin]).await?;
    let organization = app.ensure_organization(&SYSTEM, OrganizationKind::Provider, "bench", "Bench").await?;
    app.ensure_member(&SYSTEM, organization, provider.0, Role::Owner).await?;
    let mut others = Vec::new();
    for number in 0..options.accounts.max(1) {
        others.push(person(&app, &format!("person-{number}"), Vec::new()).await?);
    }

    let vault = foundation.keys.vault(&config.keys.instance)?;
    let mut first: Option<Inserted> = None;
    let mut tx = foundation.store.begin().await?;
    for number in 0..options.applications {
        let (account, organization) =
            if number < options.largest { developer } else { turn(&others, number)? };
        let (api, plan) = turn(&apis, number)?;
        let scene = Scene { account, organization, api, plan };
        let inserted = insert(&mut tx, &scene, &vault, &ambient).await?;
        tx.add_usage(&week_of_calls(&inserted, api, app.now())).await?;
        first.get_or_insert(inserted);
        if number % BATCH == BATCH - 1 {
            tx.commit().await?;
            tx = foundation.store.begin().await?;
        }
    }
    tx.commit().await?;

    let first = first.ok_or_else(|| Failure("no application was asked for".to_owned()))?;
    let (api, plan) = turn(&apis, 0)?;
    let actor = acting(developer.0, developer.1, app.now());
    let ticket = tickets(&app, &actor, api).await?;
    let (form, kind) =
        (json!({"name": "Carte", "description": "Une carte", "kind": "simple"}), "application");
    let draft = app.save_draft(&actor, kind, None, &form).await?;
    let member = format!("/account/organizations/{organization}/members/{}", provider.0);
    let scene = json!({
        "password": PASSWORD,
        "ids": {
            "account_id": developer.0, "organization_id": organization, "api_id": api, "plan_id": plan,
            "slug": "bench-0", "version": "1", "page": "premiers-pas", "operation": "rechercher-etablissements",
            "application_id": first.application, "subscription_id": first.subscription,
            "credential_id": first.credential, "ticket_id": ticket, "draft_id": draft, "guide": "first-call", "code": "rate_limited",
            "number": "1",
            "/problems/{code}": "/problems/not_found",
            "/account/organizations/{organization_id}/members/{account_id}": member,
        },
    });
    std::fs::write(&options.out, scene.to_string())?;
    foundation.store.close().await;
    say(format!("{} applications", options.applications))
}

/// Calls of each of the last seven days, admitted and refused.
fn week_of_calls(inserted: &Inserted, api: ApiId, now: Timestamp) -> Vec<MinuteCount> {
    let minute = |day: u64| {
        let moment = now.before(Duration::from_secs(day * 24 * 3600)).as_secs();
        Timestamp::from_millis((moment - moment % 60) * 1000)
    };
    let count = |day: u64, outcome: &'static str, status, admitted| MinuteCount {
        minute: minute(day),
        api_id: Some(api),
        subscription_id: Some(inserted.subscription),
        credential_id: Some(inserted.credential),
        outcome: outcome.into(),
        status,
        admitted,
        calls: 17,
        bytes_in: 0,
        bytes_out: 17_000,
        duration_us: 17_000,
    };
    (0..7)
        .flat_map(|day| [count(day, "admitted", 200, true), count(day, "rate_limited", 429, false)])
        .collect()
}

/// Tickets of the developer's; gives one of them.
async fn tickets(app: &App, actor: &Actor, api_id: ApiId) -> Result<TicketId, Failure> {
    let mut first = None;
    for number in 0..TICKETS {
        let (subject, body) = (format!("Question {number}"), "Bonjour, **pourquoi** ?".to_owned());
        let ticket = OpenTicket { api_id, application_id: None, subject, body, once: None };
        first.get_or_insert(app.open_ticket(actor, ticket).await?.id);
    }
    first.ok_or_else(|| Failure("no ticket was opened".to_owned()))
}

/// One after the other, again and again.
fn turn<T: Copy>(all: &[T], number: u32) -> Result<T, Failure> {
    let place = usize::try_from(number)?.checked_rem(all.len()).unwrap_or_default();
    all.get(place).copied().ok_or_else(|| Failure("there is nothing to choose from".to_owned()))
}

/// An account and its own organization.
async fn person(
    app: &App,
    identifier: &str,
    portal_roles: Vec<PortalRole>,
) -> Result<(AccountId, OrganizationId), Failure> {
    let person = Person {
        email: format!("{identifier}@exemple.fr"),
        identifier: identifier.to_owned(),
        first_name: "Bench".to_owned(),
        last_name: "Bench".to_owned(),
        language: Language::Fr,
    };
    let new = NewAccount { person, password: PASSWORD.to_owned(), portal_roles };
    let account = app.ensure_account(&SYSTEM, new).await?;
    Ok((account, app.account(&SYSTEM, account).await?.organization_id))
}

/// Publishes APIs, each with a document and a page; gives them and their plans.
async fn catalogue(app: &App, count: u32) -> Result<Vec<(ApiId, PlanId)>, Failure> {
    app.ensure_organization(&SYSTEM, OrganizationKind::Provider, "bench", "Bench").await?;
    let folder = tempfile::tempdir()?;
    write_files(folder.path(), count.max(1))?;
    let loaded = files::load(folder.path(), &Variables::new())?;
    app.apply(&SYSTEM, loaded, ApplyOptions::default()).await?;
    let mut apis = Vec::new();
    for number in 0..count.max(1) {
        let api = app.api_by_slug(&SYSTEM, &format!("bench-{number}"), None).await?;
        let plan = api.plans.first().ok_or_else(|| Failure("no plan".to_owned()))?;
        apis.push((api.id, plan.id));
    }
    Ok(apis)
}

fn write_files(folder: &Path, count: u32) -> std::io::Result<()> {
    std::fs::write(folder.join("page.md"), PAGE)?;
    std::fs::create_dir(folder.join("openapi"))?;
    std::fs::write(folder.join("openapi/document.yaml"), OPENAPI)?;
    for number in 0..count {
        let text = format!(
            "apiVersion: octroi/v1\nkind: Api\nprovider: bench\nslug: bench-{number}\nversion: \"1\"\n\
             name: Bench {number}\nstate: published\nlisting: public\n\
             gateway:\n  route: {{ path: /bench-{number} }}\n  upstreams: [{{ url: \"http://127.0.0.1:9\" }}]\n  \
             credentials: [{{ in: header, name: X-Api-Key }}]\n  dialect: ietf\n\
             plans:\n  - slug: wide\n    name: Wide\n    security: api_key\n    \
             limits: {{ rate: {{ count: 30, window_seconds: 60 }} }}\n\
             openapi: openapi/document.yaml\n\
             pages:\n  - {{ slug: premiers-pas, title: Premiers pas, language: fr, file: page.md }}\n"
        );
        std::fs::write(folder.join(format!("bench-{number}.yaml")), text)?;
    }
    Ok(())
}
