//! People at the portal's management API, and what they hold.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::{Answer, PASSWORD, call};

/// Somebody at the portal.
#[derive(Clone, Debug)]
pub struct Person {
    pub(crate) portal: SocketAddr,
    /// The management token; none for a visitor.
    pub token: Option<String>,
}

/// A consumer's first application, its subscription and its key.
#[derive(Clone, Debug)]
pub struct Consumer {
    /// The application's identifier.
    pub application: String,
    /// The subscription's identifier.
    pub subscription: String,
    /// The credential's identifier.
    pub credential: String,
    /// The key.
    pub key: String,
    /// The command that was shown with it.
    pub curl: String,
}

impl Person {
    /// Somebody at the portal who listens at `portal`.
    pub fn at(portal: SocketAddr, token: Option<String>) -> Self {
        Self { portal, token }
    }

    /// Where the portal listens.
    pub fn portal(&self) -> SocketAddr {
        self.portal
    }

    /// The same person, not signed in.
    pub fn visitor(&self) -> Self {
        Self { portal: self.portal, token: None }
    }

    /// Calls the management API, with further headers and any body.
    pub async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let bearer = self.token.as_ref().map(|token| format!("Bearer {token}"));
        let mut all = headers.to_vec();
        all.extend(bearer.as_deref().map(|bearer| ("Authorization", bearer)));
        call(self.portal, method, path, &all, body).await
    }

    async fn send(&self, method: &str, path: &str, body: Value) -> Answer {
        if body.is_null() {
            return self.ask(method, path, &[], b"").await;
        }
        let headers = [("Content-Type", "application/json")];
        self.ask(method, path, &headers, body.to_string().as_bytes()).await
    }

    /// Reads.
    pub async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], b"").await
    }

    /// Posts JSON; null stands for no body.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, body).await
    }

    /// Puts JSON.
    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send("PUT", path, body).await
    }

    /// The person with this identifier, freshly signed in with every scope.
    pub async fn sign_in(&self, identifier: &str) -> Person {
        let scopes = ["read", "write", "reveal", "admin"];
        let form = json!({"login": identifier, "password": PASSWORD, "name": "test", "scopes": scopes});
        let token = self.visitor().post("/api/v1/sign-ins", form).await.expect(201);
        Self { portal: self.portal, token: Some(text(&token["token"])) }
    }

    /// API Sirene as this person sees it.
    pub async fn sirene(&self) -> Value {
        self.get("/api/v1/apis/by-slug/sirene").await.expect(200)
    }

    /// The identifier of a plan of API Sirene.
    pub async fn plan(&self, slug: &str) -> String {
        let sirene = self.sirene().await;
        let plans = sirene["plans"].as_array().expect("plans");
        text(&plans.iter().find(|plan| plan["slug"] == slug).expect("the plan")["id"])
    }

    /// A new application.
    pub async fn application(&self, name: &str, kind: &str) -> Value {
        let new = json!({"name": name, "description": "An application for tests", "kind": kind});
        self.post("/api/v1/applications", new).await.expect(201)
    }

    /// A subscription of an application under a plan of API Sirene, its terms accepted.
    pub async fn subscribe(&self, application: &str, plan: &str) -> Answer {
        let sirene = self.sirene().await;
        let plan = self.plan(plan).await;
        let request = json!({
            "application_id": application, "plan_id": plan, "accepted_terms": sirene["terms"]["digest"],
        });
        self.post("/api/v1/subscriptions", request).await
    }

    /// A new application with a key for API Sirene, under a plan that gives it at once.
    pub async fn subscriber(&self, name: &str, plan: &str) -> Consumer {
        let application = text(&self.application(name, "simple").await["application"]["id"]);
        let made = self.subscribe(&application, plan).await.expect(201);
        Consumer {
            application,
            subscription: text(&made["subscription"]["id"]),
            credential: text(&made["key"]["credential"]["id"]),
            key: text(&made["key"]["secret"]),
            curl: text(&made["key"]["curl"]),
        }
    }

    /// Publishes another API, at `/autre`, whose credential may stand in the same header or in `?api-key=`; gives the
    /// identifier of its plan.
    pub async fn publish_another(&self, upstream: &str) -> String {
        let api = json!({
            "slug": "autre", "version": "1", "name": "Une autre API", "state": "published",
            "organization_id": self.sirene().await["provider"]["id"],
            "gateway": {
                "route": {"path": "/autre"}, "upstreams": [{"url": upstream}], "dialect": "gravitee",
                "credentials": [{"in": "header", "name": crate::KEY_HEADER}, {"in": "query", "name": "api-key"}],
            },
        });
        let api = self.post("/api/v1/apis", api).await.expect(201);
        self.add_plan(&text(&api["id"]), json!({"slug": "libre", "name": "Libre"})).await
    }

    /// Adds a plan by key, 100 calls a minute, to an API; gives its identifier.
    pub async fn add_plan(&self, api: &str, more: Value) -> String {
        let mut plan =
            json!({"security": "api_key", "limits": {"rate": {"count": 100, "window_seconds": 60}}});
        for (name, value) in more.as_object().expect("members") {
            plan[name] = value.clone();
        }
        let path = format!("/api/v1/apis/{api}/plans");
        text(&self.post(&path, plan).await.expect(201)["id"])
    }

    /// The key of an application for an API without terms.
    pub async fn key_for(&self, application: &str, plan: &str) -> String {
        let request = json!({"application_id": application, "plan_id": plan});
        text(&self.post("/api/v1/subscriptions", request).await.expect(201)["key"]["secret"])
    }

    /// Does something with a credential; gives the answer's document.
    pub async fn credential(&self, id: &str, deed: &str) -> Value {
        self.post(&format!("/api/v1/credentials/{id}/{deed}"), Value::Null).await.expect(200)
    }

    /// Renews a credential with a grace in seconds, or the default one: the new credential's identifier and key.
    pub async fn renew(&self, id: &str, grace: Option<u64>) -> (String, String) {
        let body = grace.map_or_else(|| json!({}), |seconds| json!({"grace_seconds": seconds}));
        let made = self.post(&format!("/api/v1/credentials/{id}/renew"), body).await.expect(201);
        (text(&made["credential"]["id"]), text(&made["secret"]))
    }

    /// Does something with a subscription; gives the answer's document.
    pub async fn subscription(&self, id: &str, deed: &str) -> Value {
        self.post(&format!("/api/v1/subscriptions/{id}/{deed}"), json!({})).await.expect(200)
    }
}

/// A JSON string.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}
