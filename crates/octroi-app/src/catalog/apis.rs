//! APIs: finding and reading them, publishing, changing, retiring.

use octroi_domain::actor::Actor;
use octroi_domain::api::{Api, ApiState, GatewayDefinition, Listing, Presentation};
use octroi_domain::ids::{ApiId, OrganizationId};
use octroi_domain::permission::{Action, Parties};
use octroi_domain::validate::{Check, Rule, is_slug};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ApiView;
use super::write::fold;
use crate::access::{signed_in, viewer};
use crate::context::require;
use crate::page::{Page, PageRequest};
use crate::subscriptions::ApiReference;
use crate::{App, AppError, Conflict};
use octroi_store::Session;

/// Rows read at once while looking for those that fit a search.
const CHUNK: i64 = 200;

/// Which APIs are wanted.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiFilter {
    /// Words that the name, the slug, the summary or the labels contain, whatever their case and accents.
    #[serde(default)]
    #[schemars(length(max = 200))]
    pub q: Option<String>,
    /// One of the labels.
    #[serde(default)]
    #[schemars(length(max = 50))]
    pub label: Option<String>,
    /// Where in its life.
    #[serde(default)]
    pub state: Option<ApiState>,
}

/// An API as its provider writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiInput {
    /// The provider, an organization of kind `provider`; one's own organization where absent. Never changes.
    #[serde(default)]
    pub organization_id: Option<OrganizationId>,
    /// Shared by all versions: lower-case letters, digits, hyphens. Never changes.
    #[schemars(length(min = 1, max = 64), regex(pattern = octroi_domain::patterns::SLUG))]
    pub slug: String,
    /// The version: letters, digits, `.`, `-` and `_`. Never changes.
    #[schemars(length(min = 1, max = 32), regex(pattern = octroi_domain::patterns::VERSION))]
    pub version: String,
    /// What people read.
    #[schemars(length(min = 1, max = 100), regex(pattern = octroi_domain::patterns::NAME))]
    pub name: String,
    /// Where it is in its life.
    #[serde(default)]
    pub state: ApiState,
    /// Who sees it in the catalogue.
    #[serde(default)]
    pub listing: Listing,
    /// What its pages say.
    #[serde(default)]
    pub presentation: Presentation,
    /// How it is served.
    pub gateway: GatewayDefinition,
    /// Its own terms in Markdown, accepted when subscribing.
    #[serde(default)]
    pub terms: Option<String>,
}

/// Which of two versions somebody means who names none: the greater one, and of two equal ones the newer.
pub(super) const fn standing(state: ApiState) -> u8 {
    match state {
        ApiState::Retired => 0,
        ApiState::Draft => 1,
        ApiState::Deprecated => 2,
        ApiState::Published => 3,
    }
}

impl ApiFilter {
    fn fits(&self, api: &Api) -> bool {
        let labels = &api.presentation.labels;
        let label = self.label.as_ref().is_none_or(|wanted| labels.iter().any(|l| fold(l) == fold(wanted)));
        let text =
            || fold(&format!("{} {} {} {}", api.name, api.slug, api.presentation.summary, labels.join(" ")));
        label
            && self.q.as_ref().is_none_or(|q| {
                let text = text();
                fold(q).split_whitespace().all(|word| text.contains(word))
            })
    }
}

/// Up to `rows` APIs that `actor` sees and that fit `filter`, after `after`.
async fn fitting(
    session: &mut Session,
    actor: &Actor,
    filter: &ApiFilter,
    mut after: Option<ApiId>,
    rows: i64,
) -> Result<Vec<Api>, AppError> {
    if filter.q.as_ref().is_some_and(|q| q.len() > 200) {
        return Err(AppError::invalid("q", Rule::TooLong { max: 200 }));
    }
    let mut found = Vec::new();
    loop {
        let seen = session.apis_seen(viewer(actor), after, CHUNK, filter.state).await?;
        let last = seen.len() < CHUNK as usize;
        after = seen.last().map(|api| api.id);
        found.extend(seen.into_iter().filter(|api| filter.fits(api)));
        if last || found.len() as i64 >= rows {
            break;
        }
    }
    found.truncate(rows as usize);
    Ok(found)
}

impl App {
    /// The APIs that `actor` sees and that fit `filter`, oldest first.
    pub async fn apis(
        &self,
        actor: &Actor,
        page: &PageRequest,
        filter: &ApiFilter,
    ) -> Result<Page<ApiView>, AppError> {
        let window = page.window::<ApiId>()?;
        let mut session = self.read().await?;
        let found = fitting(&mut session, actor, filter, window.after, window.rows()).await?;
        let Page { items, next_cursor } = window.page(found, |api| api.id, |api| api);
        let mut views = Vec::with_capacity(items.len());
        for api in items {
            views.push(self.api_view(&mut session, actor, api).await?);
        }
        Ok(Page { items: views, next_cursor })
    }

    /// The names of up to `limit` APIs that `actor` sees, that fit `filter` and that take subscriptions; oldest first.
    pub async fn find_apis(
        &self,
        actor: &Actor,
        filter: &ApiFilter,
        limit: u32,
    ) -> Result<Vec<ApiReference>, AppError> {
        let filter = ApiFilter { state: Some(ApiState::Published), ..filter.clone() };
        let found = fitting(&mut self.read().await?, actor, &filter, None, limit.into()).await?;
        let named = |api: Api| ApiReference {
            access_url: self.access_url(&api.gateway.route),
            id: api.id,
            slug: api.slug,
            version: api.version,
            name: api.name,
        };
        Ok(found.into_iter().map(named).collect())
    }

    /// The API `id`.
    pub async fn api(&self, actor: &Actor, id: ApiId) -> Result<ApiView, AppError> {
        let mut session = self.read().await?;
        let api = session.api_seen(viewer(actor), id).await?.ok_or(AppError::NotFound)?;
        self.api_view(&mut session, actor, api).await
    }

    /// The API with this slug and version; the newest one in service where no version is named.
    pub async fn api_by_slug(
        &self,
        actor: &Actor,
        slug: &str,
        version: Option<&str>,
    ) -> Result<ApiView, AppError> {
        if !is_slug(slug) {
            return Err(AppError::NotFound);
        }
        let mut session = self.read().await?;
        let mut versions = session.api_versions_seen(viewer(actor), slug).await?;
        if let Some(version) = version {
            versions.retain(|api| api.version == version);
        }
        let api = versions.into_iter().max_by_key(|api| (standing(api.state), api.id));
        self.api_view(&mut session, actor, api.ok_or(AppError::NotFound)?).await
    }

    /// Publishes an API, or prepares one.
    pub async fn create_api(&self, actor: &Actor, input: ApiInput) -> Result<ApiView, AppError> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let organization_id = self.provider_for(&mut tx, actor, input.organization_id).await?;
        tx.lock_catalogue().await?;
        let api = Api {
            id: ApiId::new(now, self.entropy()),
            organization_id,
            slug: input.slug,
            version: input.version,
            name: input.name,
            state: input.state,
            listing: input.listing,
            presentation: input.presentation,
            gateway: input.gateway,
            terms: input.terms,
            created_at: now,
            updated_at: now,
            edition: 1,
        };
        self.check_api(&mut tx, actor, &api).await?;
        self.insert_api(&mut tx, actor, &api).await?;
        let view = self.api_view(&mut tx, actor, api).await?;
        self.commit(tx).await?;
        Ok(view)
    }

    /// Replaces what is said of an API. Its provider, slug and version stay.
    pub async fn update_api(
        &self,
        actor: &Actor,
        id: ApiId,
        input: ApiInput,
        edition: Option<i64>,
    ) -> Result<ApiView, AppError> {
        let mut tx = self.begin().await?;
        let before = self.managed_api(&mut tx, actor, id, edition).await?;
        let fixed = |same: bool, value: &str| (!same).then(|| Rule::NotAllowed { allowed: value.to_owned() });
        let provider = before.organization_id;
        let mut c = Check::new();
        for (field, rule) in [
            (
                "organization_id",
                fixed(input.organization_id.is_none_or(|o| o == provider), &provider.to_string()),
            ),
            ("slug", fixed(input.slug == before.slug, &before.slug)),
            ("version", fixed(input.version == before.version, &before.version)),
        ] {
            if let Some(rule) = rule {
                c.fail(field, rule);
            }
        }
        c.finish()?;
        let api = Api {
            name: input.name,
            state: input.state,
            listing: input.listing,
            presentation: input.presentation,
            gateway: input.gateway,
            terms: input.terms,
            ..before.clone()
        };
        self.replace_api(tx, actor, &before, api).await
    }

    /// Changes where an API is in its life.
    pub async fn set_api_state(
        &self,
        actor: &Actor,
        id: ApiId,
        state: ApiState,
        edition: Option<i64>,
    ) -> Result<ApiView, AppError> {
        let mut tx = self.begin().await?;
        let before = self.managed_api(&mut tx, actor, id, edition).await?;
        let api = Api { state, ..before.clone() };
        self.replace_api(tx, actor, &before, api).await
    }

    async fn replace_api(
        &self,
        mut tx: octroi_store::Tx,
        actor: &Actor,
        before: &Api,
        mut api: Api,
    ) -> Result<ApiView, AppError> {
        self.check_api(&mut tx, actor, &api).await?;
        if *before != api {
            self.save_api(&mut tx, actor, &mut api).await?;
        }
        let view = self.api_view(&mut tx, actor, api).await?;
        self.commit(tx).await?;
        Ok(view)
    }

    /// Removes an API to which nobody ever subscribed and on which nobody opened a ticket; another is retired instead.
    pub async fn delete_api(&self, actor: &Actor, id: ApiId, edition: Option<i64>) -> Result<(), AppError> {
        let mut tx = self.begin().await?;
        let api = self.managed_api(&mut tx, actor, id, edition).await?;
        if tx.api_was_used(id).await? {
            return Err(Conflict::StillUsed.into());
        }
        self.remove_api(&mut tx, actor, api.id).await?;
        self.commit(tx).await
    }

    /// The organization that a new API belongs to: the one named, or the actor's own.
    async fn provider_for(
        &self,
        session: &mut Session,
        actor: &Actor,
        named: Option<OrganizationId>,
    ) -> Result<OrganizationId, AppError> {
        signed_in(actor)?;
        let id = match (named, actor) {
            (Some(id), _) => id,
            (None, Actor::Person(person)) => person.organization_id,
            (None, _) => return Err(AppError::invalid("organization_id", Rule::Required)),
        };
        let unknown = || AppError::invalid("organization_id", Rule::Unknown);
        let organization = session.organization(id).await?.ok_or_else(unknown)?;
        let parties = Parties::provided_by(id);
        match require(actor, Action::ApiManage, &parties) {
            // Whether an organization exists is its members' business.
            Err(AppError::NotFound) => return Err(unknown()),
            other => other?,
        }
        if !super::write::may_provide(&organization) {
            return Err(AppError::Forbidden);
        }
        Ok(id)
    }
}
