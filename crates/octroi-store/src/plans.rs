//! Plans in the database. A plan is a part of its API: the API's edition counts its changes.

use octroi_domain::ids::{ApiId, PlanId};
use octroi_domain::plan::Plan;

use crate::row::{Row, json, text, values, word};
use crate::{Session, StoreError, Tx};

fn read(row: &Row) -> Result<Plan, StoreError> {
    Ok(Plan {
        id: row.parsed("id")?,
        api_id: row.parsed("api_id")?,
        definition: row.json("definition")?,
        state: row.word("state")?,
    })
}

impl Session {
    /// The plan `id`.
    pub async fn plan(&mut self, id: PlanId) -> Result<Option<Plan>, StoreError> {
        let row = self.maybe("SELECT * FROM plans WHERE id = $1", values![text(id)]).await?;
        row.as_ref().map(read).transpose()
    }

    /// The plans of an API, in the provider's order.
    pub async fn plans(&mut self, api: ApiId) -> Result<Vec<Plan>, StoreError> {
        let sql = "SELECT * FROM plans WHERE api_id = $1 ORDER BY position, id";
        self.rows(sql, values![text(api)]).await?.iter().map(read).collect()
    }

    /// The plans of every version with this slug, version by version, in their providers' orders.
    pub async fn plans_of_versions(&mut self, slug: &str) -> Result<Vec<Plan>, StoreError> {
        let sql = "SELECT p.* FROM plans p JOIN apis a ON a.id = p.api_id WHERE a.slug = $1 \
                   ORDER BY p.api_id, p.position, p.id";
        self.rows(sql, values![slug]).await?.iter().map(read).collect()
    }

    /// Every plan, API by API, in their providers' orders.
    pub async fn every_plan(&mut self) -> Result<Vec<Plan>, StoreError> {
        let sql = "SELECT * FROM plans ORDER BY api_id, position, id";
        self.rows(sql, vec![]).await?.iter().map(read).collect()
    }

    /// Whether anybody ever subscribed under a plan.
    pub async fn plan_was_subscribed(&mut self, id: PlanId) -> Result<bool, StoreError> {
        let sql = "SELECT 1 AS one FROM subscriptions WHERE plan_id = $1 LIMIT 1";
        Ok(self.maybe(sql, values![text(id)]).await?.is_some())
    }

    /// Whether a subscription under a plan is not over.
    pub async fn plan_has_open_subscriptions(&mut self, id: PlanId) -> Result<bool, StoreError> {
        let sql = "SELECT 1 AS one FROM subscriptions \
                   WHERE plan_id = $1 AND state IN ('pending', 'active', 'paused') LIMIT 1";
        Ok(self.maybe(sql, values![text(id)]).await?.is_some())
    }
}

impl Tx {
    /// Adds a plan at this place, from 0.
    pub async fn insert_plan(&mut self, plan: &Plan, position: i64) -> Result<(), StoreError> {
        let definition = &plan.definition;
        let values = values![
            text(plan.id),
            text(plan.api_id),
            &definition.slug,
            json(definition)?,
            word(&plan.state)?,
            position
        ];
        let sql = "INSERT INTO plans (id, api_id, slug, definition, state, position) VALUES ($1, $2, $3, $4, $5, $6)";
        self.execute(sql, values).await.map(drop)
    }

    /// Writes a plan at this place.
    pub async fn update_plan(&mut self, plan: &Plan, position: i64) -> Result<(), StoreError> {
        let definition = &plan.definition;
        let values =
            values![text(plan.id), &definition.slug, json(definition)?, word(&plan.state)?, position];
        let sql = "UPDATE plans SET slug = $2, definition = $3, state = $4, position = $5 WHERE id = $1";
        self.execute(sql, values).await.map(drop)
    }

    /// Removes a plan under which nobody ever subscribed.
    pub async fn delete_plan(&mut self, id: PlanId) -> Result<(), StoreError> {
        self.execute("DELETE FROM plans WHERE id = $1", values![text(id)]).await.map(drop)
    }
}
