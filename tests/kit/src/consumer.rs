//! Consumers for tests: applications and their subscriptions.

use octroi_app::applications::{ApplicationView, CreatedApplication, NewApplication};
use octroi_app::credentials::IssuedKey;
use octroi_app::subscriptions::{Subscribe, SubscriptionView};
use octroi_domain::actor::Actor;
use octroi_domain::application::ApplicationKind;
use octroi_domain::ids::{ApplicationId, PlanId};

use crate::TestApp;

impl TestApp {
    /// A simple application of a person's own organization.
    pub async fn application(&self, owner: &Actor, name: &str) -> ApplicationView {
        self.create(owner, name, ApplicationKind::Simple).await.application
    }

    /// An application that is an OAuth2 client, with its secret.
    pub async fn client(&self, owner: &Actor, name: &str) -> CreatedApplication {
        self.create(owner, name, ApplicationKind::BackendToBackend).await
    }

    async fn create(&self, owner: &Actor, name: &str, kind: ApplicationKind) -> CreatedApplication {
        let new = NewApplication {
            organization_id: None,
            name: name.to_owned(),
            description: "An application for tests".to_owned(),
            domain: None,
            kind,
            client_id: None,
        };
        self.app.create_application(owner, new).await.expect("an application")
    }

    /// A subscription under a plan that validates by itself and opens by key, and that key.
    pub async fn subscribed(
        &self,
        owner: &Actor,
        application: ApplicationId,
        plan: PlanId,
    ) -> (SubscriptionView, IssuedKey) {
        let done = self.app.subscribe(owner, subscribe(application, plan)).await.expect("a subscription");
        (done.subscription, done.key.expect("a key"))
    }
}

/// An application asks for a plan, without a word.
pub fn subscribe(application_id: ApplicationId, plan_id: PlanId) -> Subscribe {
    Subscribe { application_id, plan_id, comment: String::new(), accepted_terms: None }
}
