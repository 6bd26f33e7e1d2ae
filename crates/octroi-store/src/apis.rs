//! APIs in the database, and what is counted of them.

use std::collections::HashMap;

use octroi_domain::api::{Api, ApiState};
use octroi_domain::ids::{AccountId, ApiId, OrganizationId};
use octroi_domain::time::Timestamp;

use crate::row::{Row, json, text, values, word};
use crate::{Session, StoreError, Tx};

/// Who looks at the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Viewer {
    /// Somebody who sees everything.
    Everything,
    /// Somebody who sees what is public, what the account's organizations provide and what they subscribed to.
    Account(AccountId),
    /// Somebody who sees what is public.
    Anybody,
}

/// What is counted of an API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ApiFigures {
    /// Subscriptions that are active or paused.
    pub subscriptions: i64,
    /// Calls since the moment asked for.
    pub calls: i64,
}

/// A statement with the condition under which a viewer sees the API `a`: `$1` is 1 for everything, `$2` the account or
/// an empty text.
macro_rules! seen {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            "($1 = 1 OR (a.listing = 'public' AND a.state IN ('published', 'deprecated')) \
              OR ($2 <> '' AND (EXISTS (SELECT 1 FROM memberships m \
                  WHERE m.organization_id = a.organization_id AND m.account_id = $2) \
                OR EXISTS (SELECT 1 FROM subscriptions s JOIN applications p ON p.id = s.application_id \
                  JOIN memberships m ON m.organization_id = p.organization_id \
                  WHERE s.api_id = a.id AND m.account_id = $2 AND s.state IN ('pending', 'active', 'paused')))))",
            $after
        )
    };
}

impl Viewer {
    fn everything(self) -> bool {
        self == Self::Everything
    }

    fn account(self) -> String {
        match self {
            Self::Account(id) => text(id),
            _ => String::new(),
        }
    }
}

fn read(row: &Row) -> Result<Api, StoreError> {
    Ok(Api {
        id: row.parsed("id")?,
        organization_id: row.parsed("organization_id")?,
        slug: row.text("slug")?,
        version: row.text("version")?,
        name: row.text("name")?,
        state: row.word("state")?,
        listing: row.word("listing")?,
        presentation: row.json("presentation")?,
        gateway: row.json("gateway")?,
        terms: row.opt_text("terms")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        edition: row.int("edition")?,
    })
}

/// A retired API leaves its place to others.
fn route_key(api: &Api) -> Option<String> {
    (api.state != ApiState::Retired).then(|| api.gateway.route.key())
}

impl Session {
    /// The API `id`, whoever asks.
    pub async fn api(&mut self, id: ApiId) -> Result<Option<Api>, StoreError> {
        let row = self.maybe("SELECT * FROM apis WHERE id = $1", values![text(id)]).await?;
        row.as_ref().map(read).transpose()
    }

    /// The API `id`, if `viewer` sees it.
    pub async fn api_seen(&mut self, viewer: Viewer, id: ApiId) -> Result<Option<Api>, StoreError> {
        let sql = seen!("SELECT a.* FROM apis a WHERE ", " AND a.id = $3");
        let row = self.maybe(sql, values![viewer.everything(), viewer.account(), text(id)]).await?;
        row.as_ref().map(read).transpose()
    }

    /// The versions with this slug that `viewer` sees, oldest first.
    pub async fn api_versions_seen(&mut self, viewer: Viewer, slug: &str) -> Result<Vec<Api>, StoreError> {
        let sql = seen!("SELECT a.* FROM apis a WHERE ", " AND a.slug = $3 ORDER BY a.id");
        let values = values![viewer.everything(), viewer.account(), slug];
        self.rows(sql, values).await?.iter().map(read).collect()
    }

    /// Every version with this slug, oldest first, whoever asks.
    pub async fn api_versions(&mut self, slug: &str) -> Result<Vec<Api>, StoreError> {
        let sql = "SELECT * FROM apis WHERE slug = $1 ORDER BY id";
        self.rows(sql, values![slug]).await?.iter().map(read).collect()
    }

    /// The API that has this place on the gateway.
    pub async fn api_on_route(&mut self, route_key: &str) -> Result<Option<Api>, StoreError> {
        let row = self.maybe("SELECT * FROM apis WHERE route_key = $1", values![route_key]).await?;
        row.as_ref().map(read).transpose()
    }

    /// Every API of an organization, oldest first.
    pub async fn apis_of(&mut self, organization: OrganizationId) -> Result<Vec<Api>, StoreError> {
        let sql = "SELECT * FROM apis WHERE organization_id = $1 ORDER BY id";
        self.rows(sql, values![text(organization)]).await?.iter().map(read).collect()
    }

    /// Every API that the gateway serves.
    pub async fn apis_served(&mut self) -> Result<Vec<Api>, StoreError> {
        let sql = "SELECT * FROM apis WHERE state IN ('published', 'deprecated') ORDER BY id";
        self.rows(sql, values![]).await?.iter().map(read).collect()
    }

    /// Up to `limit` APIs that `viewer` sees, after `after`, oldest first; only those in `state`, where one is given.
    pub async fn apis_seen(
        &mut self,
        viewer: Viewer,
        after: Option<ApiId>,
        limit: i64,
        state: Option<ApiState>,
    ) -> Result<Vec<Api>, StoreError> {
        let sql = seen!(
            "SELECT a.* FROM apis a WHERE ",
            " AND a.id > $3 AND ($4 = '' OR a.state = $4) ORDER BY a.id LIMIT $5"
        );
        let state = state.as_ref().map(word).transpose()?.unwrap_or_default();
        let after = after.map(text).unwrap_or_default();
        let values = values![viewer.everything(), viewer.account(), after, state, limit];
        self.rows(sql, values).await?.iter().map(read).collect()
    }

    /// What is counted of an API, its calls of the whole hours since `since`.
    pub async fn api_figures(&mut self, id: ApiId, since: Timestamp) -> Result<ApiFigures, StoreError> {
        let row = self
            .one(
                "SELECT (SELECT COUNT(*) FROM subscriptions \
                         WHERE api_id = $1 AND state IN ('active', 'paused')) AS subscriptions, \
                 (SELECT CAST(COALESCE(SUM(calls), 0) AS BIGINT) FROM usage_hours \
                  WHERE api_id = $1 AND hour >= $2 AND admitted = 1) AS calls",
                values![text(id), since],
            )
            .await?;
        Ok(ApiFigures { subscriptions: row.int("subscriptions")?, calls: row.int("calls")? })
    }

    /// What is counted of every API that has something to count, calls of the whole hours since `since`.
    pub async fn every_api_figures(
        &mut self,
        since: Timestamp,
    ) -> Result<HashMap<ApiId, ApiFigures>, StoreError> {
        let mut figures: HashMap<ApiId, ApiFigures> = HashMap::new();
        let sql = "SELECT api_id, COUNT(*) AS subscriptions FROM subscriptions \
                   WHERE state IN ('active', 'paused') GROUP BY api_id";
        for row in self.rows(sql, values![]).await? {
            figures.entry(row.parsed("api_id")?).or_default().subscriptions = row.int("subscriptions")?;
        }
        let sql = "SELECT api_id, CAST(SUM(calls) AS BIGINT) AS calls FROM usage_hours \
                   WHERE hour >= $1 AND admitted = 1 GROUP BY api_id";
        for row in self.rows(sql, values![since]).await? {
            // Calls that reached no API are counted under none.
            if let Ok(id) = row.parsed("api_id") {
                figures.entry(id).or_default().calls = row.int("calls")?;
            }
        }
        Ok(figures)
    }

    /// Whether anybody ever subscribed to an API, or opened a ticket on it.
    pub async fn api_was_used(&mut self, id: ApiId) -> Result<bool, StoreError> {
        let sql = "SELECT 1 AS one FROM apis WHERE id = $1 \
                   AND (EXISTS (SELECT 1 FROM subscriptions WHERE api_id = $1) \
                     OR EXISTS (SELECT 1 FROM tickets WHERE api_id = $1))";
        Ok(self.maybe(sql, values![text(id)]).await?.is_some())
    }
}

impl Tx {
    /// Lets one change of the catalogue follow the other, so that what was read stays true until the commit.
    pub async fn lock_catalogue(&mut self) -> Result<(), StoreError> {
        self.execute("UPDATE heads SET revision = revision WHERE id = 1", values![]).await.map(drop)
    }

    /// Adds an API.
    pub async fn insert_api(&mut self, api: &Api) -> Result<(), StoreError> {
        let values = values![
            text(api.id),
            text(api.organization_id),
            &api.slug,
            &api.version,
            &api.name,
            word(&api.state)?,
            word(&api.listing)?,
            json(&api.presentation)?,
            json(&api.gateway)?,
            route_key(api),
            api.terms.as_deref(),
            api.created_at,
            api.updated_at,
            api.edition,
        ];
        let sql = "INSERT INTO apis (id, organization_id, slug, version, name, state, listing, presentation, gateway, \
                   route_key, terms, created_at, updated_at, edition) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
        self.execute(sql, values).await.map(drop)
    }

    /// Writes an API that is still at `api.edition` in the database; its edition becomes the next.
    pub async fn update_api(&mut self, api: &Api) -> Result<(), StoreError> {
        let values = values![
            text(api.id),
            api.edition,
            &api.slug,
            &api.version,
            &api.name,
            word(&api.state)?,
            word(&api.listing)?,
            json(&api.presentation)?,
            json(&api.gateway)?,
            route_key(api),
            api.terms.as_deref(),
            api.updated_at,
        ];
        let sql = "UPDATE apis SET slug = $3, version = $4, name = $5, state = $6, listing = $7, presentation = $8, \
                   gateway = $9, route_key = $10, terms = $11, updated_at = $12, edition = edition + 1 \
                   WHERE id = $1 AND edition = $2";
        self.execute_at_edition(sql, values).await
    }

    /// Removes an API that nobody ever used, with its plans, pages and files.
    pub async fn delete_api(&mut self, id: ApiId) -> Result<(), StoreError> {
        for sql in [
            "DELETE FROM documents WHERE object = $1",
            "DELETE FROM pages WHERE api_id = $1",
            "DELETE FROM plans WHERE api_id = $1",
            "DELETE FROM apis WHERE id = $1",
        ] {
            self.execute(sql, values![text(id)]).await?;
        }
        Ok(())
    }
}
