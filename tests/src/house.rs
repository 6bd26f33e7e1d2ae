//! The product in process: use cases over a fresh database, and people to act in it.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use octroi_app::setup::NewAccount;
use octroi_app::tokens::SignIn;
use octroi_app::vault::Vault;
use octroi_app::{App, AppOptions};
use octroi_domain::account::{Person, PortalRole};
use octroi_domain::actor::Actor;
use octroi_domain::api::Language;
use octroi_domain::credential::seal::MasterKey;
use octroi_domain::credential::{Instance, Pepper, Peppers};
use octroi_domain::organization::{OrganizationKind, Role};
use octroi_domain::ids::OrganizationId;
use octroi_domain::time::Clock as _;
use octroi_store::{Store, StoreOptions};

use crate::{Backend, Database, FakeClock, SeededEntropy};

/// Who sets the stage.
pub const SYSTEM: Actor = Actor::System("test");

/// The password of everybody here.
pub const PASSWORD: &str = "carmine otter plays ninepins 42";

/// The product in process.
pub struct House {
    /// The use cases.
    pub app: App,
    /// Their clock.
    pub clock: Arc<FakeClock>,
    /// Their database.
    pub store: Store,
    /// Where that is.
    pub database: Database,
}

/// The keys that stand outside the database.
pub fn vault() -> Vault {
    Vault {
        instance: Instance::new("octroi").expect("a good name"),
        peppers: Peppers::new(Pepper::new(1, &[11; 32]), vec![]),
        master: MasterKey::new([12; 32]),
    }
}

/// The product in process, over a fresh database of this kind.
pub async fn app_on(backend: Backend) -> House {
    let database = Database::new(backend).await.expect("a database");
    let clock = Arc::new(FakeClock::default());
    let store = Store::open(&StoreOptions::new(&database.url)).await.expect("the database opens");
    store.migrate(clock.now()).await.expect("the schema is made");
    let app = App::new(AppOptions {
        store: store.clone(),
        clock: clock.clone(),
        entropy: Arc::new(SeededEntropy::new(1)),
        vault: vault(),
        portal_url: "http://portal.test/".parse().expect("a URL"),
        gateway_url: "http://gateway.test/".parse().expect("a URL"),
        allowed_private: vec!["127.0.0.0/8".parse().expect("a network")],
        applied: None,
    });
    app.check_vault().await.expect("a new database takes the vault's keys");
    House { app, clock, store, database }
}

impl House {
    /// A person with an account, signed in just now.
    pub async fn person(&self, name: &str) -> Actor {
        self.person_with(name, &[]).await
    }

    /// The same, with roles for the portal as a whole.
    pub async fn person_with(&self, name: &str, roles: &[PortalRole]) -> Actor {
        let person = Person {
            email: format!("{name}@exemple.fr"),
            identifier: name.to_owned(),
            first_name: name.to_owned(),
            last_name: "Martin".to_owned(),
            language: Language::Fr,
        };
        let new = NewAccount { person, password: PASSWORD.to_owned(), portal_roles: roles.to_vec() };
        self.app.ensure_account(&SYSTEM, new).await.expect("an account");
        self.signed_in(name).await
    }

    /// A person who has an account, signed in again just now.
    pub async fn signed_in(&self, name: &str) -> Actor {
        let request = SignIn {
            login: name.to_owned(),
            password: PASSWORD.to_owned(),
            name: "test".to_owned(),
            scopes: None,
            expires_in_days: Some(365),
        };
        let client = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let token = self.app.sign_in(client, request).await.expect("a token");
        self.app.authenticate(&token.token).await.expect("an actor").0
    }

    /// An organization with `person` in it.
    pub async fn organization(
        &self,
        kind: OrganizationKind,
        slug: &str,
        person: &Actor,
        role: Role,
    ) -> OrganizationId {
        let id = self.app.ensure_organization(&SYSTEM, kind, slug, slug).await.expect("an organization");
        let account = person.account_id().expect("a person");
        self.app.ensure_member(&SYSTEM, id, account, role).await.expect("a member");
        id
    }
}
