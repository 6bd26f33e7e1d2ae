//! What the catalogue shows: the representations that the management API answers and that pages are made from.

use octroi_domain::actor::Actor;
use octroi_domain::api::{
    Api, ApiState, GatewayDefinition, Language, Listing, OperationRule, Placement, Presentation, Retirement,
    Route,
};
use octroi_domain::ids::{ApiId, OrganizationId, PageId, PlanId};
use octroi_domain::organization::Organization;
use octroi_domain::page::Page;
use octroi_domain::permission::{self, Action, Parties};
use octroi_domain::plan::{CommentRule, Limits, Plan, PlanState, Security, Validation};
use octroi_domain::time::Timestamp;
use octroi_store::{DocumentKind, Session};
use schemars::JsonSchema;
use serde::Serialize;
use std::time::Duration;

use crate::subscriptions::terms_digest;
use crate::{App, AppError};

/// How far back calls are counted.
pub(super) const LAST_CALLS: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// An organization, as everybody sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OrganizationName {
    /// Its identifier.
    pub id: OrganizationId,
    /// Names it in addresses.
    pub slug: String,
    /// What people read.
    pub name: String,
}

/// An API's own terms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TermsView {
    /// What a subscriber sends back as `accepted_terms`: SHA-256 of the text, in hexadecimal.
    pub digest: String,
    /// The text.
    pub markdown: String,
}

/// One version of an API.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ApiView {
    /// Its identifier.
    pub id: ApiId,
    /// Who provides it.
    pub provider: OrganizationName,
    /// Shared by all versions.
    pub slug: String,
    /// The version.
    pub version: String,
    /// What people read.
    pub name: String,
    /// Where it is in its life.
    pub state: ApiState,
    /// Who sees it in the catalogue.
    pub listing: Listing,
    /// What its pages say.
    pub presentation: Presentation,
    /// What every call begins with.
    pub access_url: String,
    /// Where a key may stand in a call.
    pub credentials: Vec<Placement>,
    /// When it is to be left and when it ends; none where it stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retirement: Option<Retirement>,
    /// How it is served; only for those who provide it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway: Option<GatewayDefinition>,
    /// Its own terms, accepted when subscribing.
    pub terms: Option<TermsView>,
    /// Its plans, in the provider's order.
    pub plans: Vec<PlanView>,
    /// Whether it has an OpenAPI document.
    pub has_openapi: bool,
    /// Whether it has a picture.
    pub has_picture: bool,
    /// Subscriptions that are active or paused.
    pub subscriptions: i64,
    /// Calls let in during the last seven days: refusals, which anybody can cause, do not count.
    pub calls_last_7_days: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Counts the changes of the API, its plans, pages and files: its entity tag.
    pub edition: i64,
}

/// A plan of an API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PlanView {
    /// Its identifier.
    pub id: PlanId,
    /// The API that it belongs to.
    pub api_id: ApiId,
    /// Names it within its API.
    pub slug: String,
    /// What people read.
    pub name: String,
    /// One or two sentences.
    pub description: String,
    /// How the caller shows who it is.
    pub security: Security,
    /// Who lets a subscription begin.
    pub validation: Validation,
    /// Whether a word to the owner is asked.
    pub comment: CommentRule,
    /// What limits the calls.
    pub limits: Limits,
    /// Scopes that it gives.
    pub scopes: Vec<String>,
    /// The largest life of a key in days; none means without end.
    pub key_days: Option<u32>,
    /// What a keyless plan opens of the API; empty opens all of it.
    pub operations: Vec<OperationRule>,
    /// Whether it takes new subscriptions.
    pub state: PlanState,
    /// The edition of the API, which counts the changes of its plans too.
    pub edition: i64,
}

impl PlanView {
    /// Whether an application's own people may ask for it now.
    pub fn is_open_to_requests(&self) -> bool {
        self.state == PlanState::Published
            && self.security != Security::Keyless
            && self.validation != Validation::Officer
    }
}

/// A documentation page, without its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PageSummary {
    /// Names it in addresses; the same in every language.
    pub slug: String,
    /// Its language.
    pub language: Language,
    /// Its title.
    pub title: String,
    /// Its place in the menu, from 0.
    pub position: i64,
}

/// A documentation page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PageView {
    /// Its identifier.
    pub id: PageId,
    /// The API that it is about.
    pub api_id: ApiId,
    /// Names it in addresses; the same in every language.
    pub slug: String,
    /// Its language.
    pub language: Language,
    /// Its title.
    pub title: String,
    /// Its text.
    pub markdown: String,
    /// Its place in the menu, from 0.
    pub position: i64,
    /// The edition of the API, which counts the changes of its pages too.
    pub edition: i64,
}

impl From<Organization> for OrganizationName {
    fn from(o: Organization) -> Self {
        Self { id: o.id, slug: o.slug, name: o.name }
    }
}

impl PlanView {
    pub(crate) fn new(plan: Plan, edition: i64) -> Self {
        let d = plan.definition;
        Self {
            id: plan.id,
            api_id: plan.api_id,
            slug: d.slug,
            name: d.name,
            description: d.description,
            security: d.security,
            validation: d.validation,
            comment: d.comment,
            limits: d.limits,
            scopes: d.scopes,
            key_days: d.key_days,
            operations: d.operations,
            state: plan.state,
            edition,
        }
    }
}

impl From<&Page> for PageSummary {
    fn from(page: &Page) -> Self {
        Self {
            slug: page.slug.clone(),
            language: page.language,
            title: page.title.clone(),
            position: page.position,
        }
    }
}

impl PageView {
    pub(crate) fn new(page: Page, edition: i64) -> Self {
        Self {
            id: page.id,
            api_id: page.api_id,
            slug: page.slug,
            language: page.language,
            title: page.title,
            markdown: page.markdown,
            position: page.position,
            edition,
        }
    }
}

impl App {
    /// What every call to an API with this route begins with.
    pub fn access_url(&self, route: &Route) -> String {
        let path = route.path.trim_end_matches('/');
        let base = match &route.host {
            None => self.gateway_url().to_owned(),
            Some(host) => {
                let mut url = self.inner.gateway_url.clone();
                // A host that the domain has checked; were it refused, the gateway's own address would stay.
                let _ = url.set_host(Some(host));
                url.as_str().trim_end_matches('/').to_owned()
            }
        };
        base + path
    }

    /// An API as `actor`, who may see it, sees it.
    pub(crate) async fn api_view(
        &self,
        session: &mut Session,
        actor: &Actor,
        api: Api,
    ) -> Result<ApiView, AppError> {
        let object = api.id.to_string();
        let provider = session
            .organization(api.organization_id)
            .await?
            .ok_or_else(|| AppError::Internal(format!("{object} has no provider")))?;
        let plans = session.plans(api.id).await?;
        let figures = session.api_figures(api.id, self.now().before(LAST_CALLS)).await?;
        let parties = Parties::provided_by(api.organization_id);
        let inside = permission::require(actor, Action::ApiReadGateway, &parties).is_ok();
        Ok(ApiView {
            has_openapi: session.document_digest(&object, DocumentKind::Openapi).await?.is_some(),
            has_picture: session.document_digest(&object, DocumentKind::Picture).await?.is_some(),
            id: api.id,
            provider: provider.into(),
            slug: api.slug,
            version: api.version,
            name: api.name,
            state: api.state,
            listing: api.listing,
            presentation: api.presentation,
            access_url: self.access_url(&api.gateway.route),
            credentials: api.gateway.credentials.clone(),
            retirement: api.gateway.retirement.clone(),
            gateway: inside.then_some(api.gateway),
            terms: api.terms.map(|markdown| TermsView { digest: terms_digest(&markdown), markdown }),
            plans: plans.into_iter().map(|p| PlanView::new(p, api.edition)).collect(),
            subscriptions: figures.subscriptions,
            calls_last_7_days: figures.calls,
            created_at: api.created_at,
            updated_at: api.updated_at,
            edition: api.edition,
        })
    }
}
