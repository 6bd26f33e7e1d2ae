//! APIs for tests: one like Sirene, with the plans that a test asks for.

use octroi_app::catalog::{ApiInput, ApiView, PlanView};
use octroi_domain::actor::Actor;
use octroi_domain::ids::{ApiId, OrganizationId, PlanId};
use octroi_domain::organization::{OrganizationKind, Role};
use octroi_domain::plan::PlanDefinition;
use serde_json::{Value, json};

use crate::TestApp;

/// An API that is published, and who provides it.
#[derive(Debug)]
pub struct Published {
    /// Somebody who may decide for the provider.
    pub provider: Actor,
    /// The provider.
    pub organization_id: OrganizationId,
    /// The API.
    pub api: ApiView,
    /// Its plans, in the order asked for.
    pub plans: Vec<PlanView>,
}

impl Published {
    /// The API's identifier.
    pub fn api_id(&self) -> ApiId {
        self.api.id
    }

    /// The identifier of a plan.
    pub fn plan_id(&self, place: usize) -> PlanId {
        self.plans[place].id
    }
}

/// A plan "Accès public", changed by the members of `more`.
pub fn plan(slug: &str, more: Value) -> PlanDefinition {
    let mut plan = json!({
        "slug": slug, "name": slug, "security": "api_key",
        "limits": {"rate": {"count": 30, "window_seconds": 60}},
    });
    merge(&mut plan, more);
    serde_json::from_value(plan).expect("a plan")
}

/// What a provider writes of an API like Sirene, changed by the members of `more`.
pub fn sirene(organization: OrganizationId, version: &str, more: Value) -> ApiInput {
    let mut input = json!({
        "organization_id": organization, "slug": "sirene", "version": version, "name": "API Sirene",
        "gateway": {
            "route": {"path": format!("/api-sirene/{version}")},
            "upstreams": [{"url": "http://127.0.0.1:9"}],
            "credentials": [{"in": "header", "name": "X-INSEE-Api-Key-Integration"}],
            "dialect": "gravitee",
        },
    });
    merge(&mut input, more);
    serde_json::from_value(input).expect("an API")
}

fn merge(into: &mut Value, more: Value) {
    match (into, more) {
        (Value::Object(into), Value::Object(more)) => {
            for (name, value) in more {
                merge(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (into, more) => *into = more,
    }
}

impl TestApp {
    /// The provider INSEE and its API Sirene 3.11, changed by the members of `more`, with these plans.
    pub async fn publish(&self, more: Value, plans: Vec<PlanDefinition>) -> Published {
        let provider = self.person("paul", &[]).await;
        let insee = self.organization(OrganizationKind::Provider, "insee", &provider, Role::Owner).await;
        let provider = self.sign_in("paul").await;
        self.publish_as(provider, insee, "3.11", more, plans).await
    }

    /// Another version of it.
    pub async fn publish_as(
        &self,
        provider: Actor,
        organization_id: OrganizationId,
        version: &str,
        more: Value,
        plans: Vec<PlanDefinition>,
    ) -> Published {
        let input = sirene(organization_id, version, more);
        let api = self.app.create_api(&provider, input).await.expect("an API");
        let mut made = Vec::new();
        for plan in plans {
            made.push(self.app.create_plan(&provider, api.id, plan, None).await.expect("a plan"));
        }
        Published { provider, organization_id, api, plans: made }
    }
}
