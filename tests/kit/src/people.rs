//! An application on a database, and people who act in it.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use octroi_app::setup::NewAccount;
use octroi_app::vault::Vault;
use octroi_app::{App, AppOptions};
use octroi_domain::account::{Person, PortalRole};
use octroi_domain::actor::Actor;
use octroi_domain::api::Language;
use octroi_domain::credential::seal::MasterKey;
use octroi_domain::credential::{Instance, Pepper, Peppers};
use octroi_domain::ids::OrganizationId;
use octroi_domain::organization::{OrganizationKind, Role};
use octroi_store::Store;

use crate::{FakeClock, SeededEntropy};

/// The password of everybody in the tests.
pub const PASSWORD: &str = "un pavillon de pierre blonde";

/// An application whose clock a test turns.
#[derive(Clone)]
pub struct TestApp {
    /// The application.
    pub app: App,
    /// Its clock.
    pub clock: FakeClock,
}

/// What an application on `store` is told: fixed keys, upstreams on loopback permitted.
pub fn app_options(store: Store, clock: &FakeClock) -> AppOptions {
    AppOptions {
        store,
        clock: Arc::new(clock.clone()),
        entropy: Arc::new(SeededEntropy::new(7)),
        vault: Vault {
            instance: Instance::new("octroi").expect("a fitting name"),
            peppers: Peppers::new(Pepper::new(1, &[1; 32]), vec![]),
            master: MasterKey::new([2; 32]),
        },
        portal_url: "http://portal.test".parse().expect("an address"),
        gateway_url: "http://gateway.test".parse().expect("an address"),
        allowed_private: vec!["127.0.0.0/8".parse().expect("a network")],
        leaks: octroi_app::leaks::LeakAction::Pause,
        applied: None,
    }
}

/// An application on `store`.
pub async fn app_on(store: &Store) -> TestApp {
    let clock = FakeClock::default();
    let app = App::new(app_options(store.clone(), &clock));
    app.check_vault().await.expect("a new database takes the keys");
    TestApp { app, clock }
}

impl TestApp {
    /// A confirmed account with this identifier and these roles, signed in just now.
    pub async fn person(&self, identifier: &str, roles: &[PortalRole]) -> Actor {
        let account = NewAccount {
            person: Person {
                email: format!("{identifier}@exemple.fr"),
                identifier: identifier.to_owned(),
                first_name: "Camille".to_owned(),
                last_name: "Arnaud".to_owned(),
                language: Language::Fr,
            },
            password: PASSWORD.to_owned(),
            portal_roles: roles.to_vec(),
        };
        self.app.ensure_account(&Actor::System("test"), account).await.expect("an account");
        self.sign_in(identifier).await
    }

    /// The person with this identifier, as the management API sees it after a sign-in.
    pub async fn sign_in(&self, identifier: &str) -> Actor {
        let request = serde_json::from_value(serde_json::json!({
            "login": identifier,
            "password": PASSWORD,
            "name": "test",
            "scopes": ["read", "write", "reveal", "admin"],
        }))
        .expect("a sign-in");
        let client = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let token = self.app.sign_in(client, request).await.expect("signs in");
        self.app.authenticate(&token.token).await.expect("a token that works").0
    }

    /// An organization with `person` in it. Its members see that after their next sign-in.
    pub async fn organization(
        &self,
        kind: OrganizationKind,
        slug: &str,
        person: &Actor,
        role: Role,
    ) -> OrganizationId {
        let system = Actor::System("test");
        let id = self.app.ensure_organization(&system, kind, slug, slug).await.expect("an organization");
        let account = person.account_id().expect("a person");
        self.app.ensure_member(&system, id, account, role).await.expect("a member");
        id
    }
}
