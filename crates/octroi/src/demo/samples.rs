//! The sample APIs: their catalogue files, their upstreams, and the key with which the sample developer calls them.

use std::path::Path;

use axum::Router;
use octroi_app::accounts::AccountView;
use octroi_app::applications::{ApplicationFilter, NewApplication};
use octroi_app::catalog::apply::{ApplyError, ApplyOptions};
use octroi_app::catalog::files::{self, Variables};
use octroi_app::credentials::IssuedKey;
use octroi_app::page::PageRequest;
use octroi_app::partners::{IssueToPartner, NewPartner};
use octroi_app::subscriptions::{Subscribe, SubscriptionFilter};
use octroi_app::{App, AppError};
use octroi_domain::account::{AccountState, PortalRole};
use octroi_domain::actor::Actor;
use octroi_domain::api::Placement;
use octroi_domain::application::ApplicationState;
use octroi_domain::credential::Standing;
use octroi_domain::ids::{ApiId, ApplicationId, PlanId, SubscriptionId};
use octroi_domain::organization::Role;
use octroi_domain::plan::Validation;
use octroi_domain::subscription::SubscriptionState;
use serde_json::{Value, json};

use super::{SYSTEM, annuaire, engagement, people, sirene};

/// A sample API.
pub(super) struct Sample {
    /// Its slug.
    pub(super) slug: &'static str,
    /// The variable of its catalogue file that stands for its upstream.
    pub(super) variable: &'static str,
    /// The plan that the sample developer subscribes to.
    plan: &'static str,
    /// A call that answers 200, behind the access URL.
    try_path: &'static str,
    /// What stands behind it.
    pub(super) upstream: fn() -> Result<Router, serde_json::Error>,
}

/// Every sample API. A further one adds a row, its files and its upstream.
pub(super) const SAMPLES: [Sample; 3] = [
    Sample {
        slug: "sirene",
        variable: "OCTROI_UPSTREAM_SIRENE",
        plan: "acces-public",
        try_path: "/siret/99990100200017",
        upstream: sirene::router,
    },
    Sample {
        slug: "annuaire-sante",
        variable: "OCTROI_UPSTREAM_ANNUAIRE",
        plan: "libre-acces",
        try_path: "/Practitioner/001",
        upstream: annuaire::router,
    },
    Sample {
        slug: "engagement",
        variable: "OCTROI_UPSTREAM_ENGAGEMENT",
        plan: "partenaire",
        try_path: "/mission",
        upstream: engagement::router,
    },
];

macro_rules! embedded {
    ($($path:literal),* $(,)?) => {
        /// The catalogue files that the program carries.
        const FILES: &[(&str, &str)] =
            &[$(($path, include_str!(concat!("../../demo/catalogue/", $path)))),*];
    };
}

embedded! {
    "annuaire-sante.yaml",
    "engagement.yaml",
    "sirene.yaml",
    "openapi/annuaire-sante.yaml",
    "openapi/engagement.yaml",
    "openapi/sirene.yaml",
    "pages/annuaire-sante/premiers-pas.en.md",
    "pages/annuaire-sante/premiers-pas.fr.md",
    "pages/annuaire-sante/synchronisation.en.md",
    "pages/annuaire-sante/synchronisation.fr.md",
    "pages/engagement/authentification.en.md",
    "pages/engagement/authentification.fr.md",
    "pages/engagement/missions.en.md",
    "pages/engagement/missions.fr.md",
    "pages/engagement/securite-des-cles.en.md",
    "pages/engagement/securite-des-cles.fr.md",
    "pages/sirene/erreurs.en.md",
    "pages/sirene/erreurs.fr.md",
    "pages/sirene/premiers-pas.en.md",
    "pages/sirene/premiers-pas.fr.md",
    "pages/sirene/recherche.en.md",
    "pages/sirene/recherche.fr.md",
    "terms/sirene.md",
}

/// Slug and name of the sample partner.
const PARTNER: (&str, &str) = ("benevoles-demo", "Les Bénévoles (démonstration)");

/// The name of the sample developer's application.
const APPLICATION: &str = "MonApplication";

/// Publishes the sample APIs through the same door as anybody's files.
pub(super) async fn publish(app: &App, variables: Variables) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|e| format!("cannot make a temporary folder: {e}"))?;
    write_files(folder.path()).map_err(|e| format!("cannot write to {}: {e}", folder.path().display()))?;
    let loaded = files::load(folder.path(), &variables).map_err(|faults| faults.to_string())?;
    match app.apply(&SYSTEM, loaded, ApplyOptions::default()).await {
        Ok(_) => Ok(()),
        Err(ApplyError::Faults(faults)) => Err(faults.to_string()),
        Err(ApplyError::App(error)) => Err(error.to_string()),
    }
}

fn write_files(folder: &Path) -> std::io::Result<()> {
    for (path, text) in FILES {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap_or(folder))?;
        std::fs::write(path, text)?;
    }
    Ok(())
}

/// The sample people who bring a key about: who calls, and the officer who issues keys to partners.
pub(super) struct People {
    developer: AccountView,
    officer: AccountView,
}

impl People {
    /// Those with these addresses.
    pub(super) async fn find(app: &App, developer: &str, officer: &str) -> Result<Self, AppError> {
        Ok(Self { developer: account(app, developer).await?, officer: account(app, officer).await? })
    }
}

async fn account(app: &App, email: &str) -> Result<AccountView, AppError> {
    let found = app.accounts(&SYSTEM, &PageRequest::default(), Some(email)).await?.items;
    let fits = |account: &AccountView| account.email == email && account.state == AccountState::Active;
    found.into_iter().find(fits).ok_or(AppError::NotFound)
}

/// What the demo's line says of a sample API, with a key of the sample developer's. The key of an earlier start is
/// found again; another one is issued only where none works any more.
pub(super) async fn describe(app: &App, sample: &Sample, people: &People) -> Result<Value, AppError> {
    let developer = &people.developer;
    let actor = people::acting(developer.id, developer.organization_id, app.now());
    let api = app.api_by_slug(&actor, sample.slug, None).await?;
    let plan = api.plans.iter().find(|p| p.slug == sample.plan).ok_or(AppError::NotFound)?;
    let key = match plan.validation {
        Validation::Officer => partner_key(app, people, &actor, api.id, plan.id).await?,
        Validation::Automatic | Validation::Manual => {
            let terms = api.terms.as_ref().map(|t| t.digest.clone());
            let application = application(app, &actor).await?;
            key(app, &actor, application, api.id, plan.id, terms).await?
        }
    };
    Ok(json!({
        "slug": api.slug,
        "base_url": api.access_url,
        "try": sample.try_path,
        "credential": credential(api.credentials.first(), &key.secret),
        "curl": format!("curl {} {}{}", curl_option(api.credentials.first(), &key.secret), api.access_url, sample.try_path),
    }))
}

/// The key that the officer issued to the sample partner, in which the developer works.
async fn partner_key(
    app: &App,
    people: &People,
    developer: &Actor,
    api: ApiId,
    plan_id: PlanId,
) -> Result<IssuedKey, AppError> {
    let officer = &people.officer;
    let officer =
        people::acting_as(officer.id, officer.organization_id, vec![PortalRole::Officer], app.now());
    let found = app.partners(&officer, &PageRequest::default(), Some(PARTNER.0)).await?.items;
    let partner = match found.into_iter().find(|partner| partner.slug == PARTNER.0) {
        Some(partner) => partner.id,
        None => {
            let new = NewPartner { slug: PARTNER.0.to_owned(), name: PARTNER.1.to_owned() };
            app.create_partner(&officer, new).await?.partner.id
        }
    };
    app.ensure_member(&SYSTEM, partner, people.developer.id, Role::Developer).await?;
    let card = app.partner(&officer, partner).await?;
    let subscription = match card.keys.into_iter().find(|key| key.subscription.api.id == api) {
        Some(key) => key.subscription.id,
        None => app.issue_partner_key(&officer, partner, IssueToPartner { plan_id }).await?.subscription.id,
    };
    found_key(app, &developer.acting_for(partner, Role::Developer), subscription).await
}

fn credential(placement: Option<&Placement>, value: &str) -> Value {
    let (place, name) = match placement {
        Some(Placement::Header { name }) => ("header", name.as_str()),
        Some(Placement::Query { name }) => ("query", name.as_str()),
        Some(Placement::Bearer | Placement::Basic) | None => ("header", "Authorization"),
    };
    json!({"kind": "api_key", "in": place, "name": name, "value": value})
}

fn curl_option(placement: Option<&Placement>, value: &str) -> String {
    match placement {
        Some(Placement::Query { name }) => format!("-G --data-urlencode '{name}={value}'"),
        Some(Placement::Bearer) | None => format!("-H 'Authorization: Bearer {value}'"),
        Some(Placement::Basic) => format!("-u '{value}'"),
        Some(Placement::Header { name }) => format!("-H '{name}: {value}'"),
    }
}

async fn application(app: &App, actor: &Actor) -> Result<ApplicationId, AppError> {
    let own = app.applications(actor, &ApplicationFilter::default(), &PageRequest::default()).await?;
    let found = own.items.iter().find(|a| a.name == APPLICATION && a.state == ApplicationState::Active);
    if let Some(found) = found {
        return Ok(found.id);
    }
    let new = NewApplication {
        organization_id: None,
        name: APPLICATION.to_owned(),
        description: "Premiers appels, avec des données fictives.".to_owned(),
        domain: None,
        kind: octroi_domain::application::ApplicationKind::Simple,
        client_id: None,
    };
    Ok(app.create_application(actor, new).await?.application.id)
}

async fn key(
    app: &App,
    actor: &Actor,
    application_id: ApplicationId,
    api: ApiId,
    plan_id: PlanId,
    accepted_terms: Option<String>,
) -> Result<IssuedKey, AppError> {
    let filter = SubscriptionFilter {
        application_id: Some(application_id),
        state: Some(SubscriptionState::Active),
        ..SubscriptionFilter::default()
    };
    let active = app.subscriptions(actor, &filter, &PageRequest::default()).await?;
    if let Some(subscription) = active.items.iter().find(|s| s.api.id == api) {
        return found_key(app, actor, subscription.id).await;
    }
    let comment = "Souscription de la démonstration.".to_owned();
    let new = app.subscribe(actor, Subscribe { application_id, plan_id, comment, accepted_terms }).await?;
    new.key.ok_or(AppError::NotFound)
}

async fn found_key(app: &App, actor: &Actor, subscription: SubscriptionId) -> Result<IssuedKey, AppError> {
    let page = PageRequest { limit: Some(100), cursor: None };
    let keys = app.credentials(actor, subscription, &page).await?;
    match keys.items.iter().rev().find(|k| k.standing == Standing::Active && k.revealable) {
        Some(key) => app.reveal_credential(actor, key.id).await,
        None => app.issue_key(actor, subscription).await,
    }
}
