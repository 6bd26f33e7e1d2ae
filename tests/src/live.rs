//! The product in service, in the test's process, with a clock turned by hand. Everything goes through its listeners;
//! only what the command line does (the first administrator's link, `octroi apply`) is asked of its application.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use octroi::ambient::Ambient;
use octroi::config::{Config, SecretText};
use octroi::product::{Product, Role};
use octroi_app::catalog::apply::ApplyOptions;
use octroi_app::catalog::files::{self, Variables};
use octroi_domain::account::PortalRole;
use octroi_domain::actor::Actor;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    Answer, Database, FakeClock, PASSWORD, Person, SeededEntropy, call, eventually, mails, token_of,
};

/// The catalogue of the demo: API Sirene 3.11 with its plans.
const CATALOGUE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/octroi/demo/catalogue/sirene.yaml");

/// The product in service.
pub struct Live {
    /// The clock that it reads.
    pub clock: FakeClock,
    /// Its database.
    pub database: Database,
    /// Its configuration.
    pub config: Config,
    product: Product,
    ambient: Ambient,
    folder: TempDir,
}

impl Live {
    /// Starts on an empty database, as configured by default.
    pub async fn on(database: Database) -> Self {
        Self::with(database, |_| {}).await
    }

    /// Starts on an empty database, with a changed configuration.
    pub async fn with(database: Database, change: impl FnOnce(&mut Config)) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let mut config = Config::around(folder.path());
        config.database.url = Some(SecretText::new(database.url.clone()));
        config.gateway.workers = Some(2);
        config.gateway.allowed_private_upstreams = vec!["127.0.0.0/8".parse().expect("a network")];
        config.logs.access = folder.path().join("access.log").display().to_string();
        change(&mut config);
        let clock = FakeClock::default();
        let entropy = Arc::new(SeededEntropy::new(7));
        let ambient = Ambient { clock: Arc::new(clock.clone()), entropy };
        let product = Product::start(&config, &ambient, Role::All).await.expect("the product starts");
        Self { clock, database, config, product, ambient, folder }
    }

    /// Stops it as an operator does and starts it anew on the same data.
    pub async fn restart(self) -> Self {
        let Self { clock, database, config, product, ambient, folder } = self;
        product.stop().await;
        let product = Product::start(&config, &ambient, Role::All).await.expect("the product starts again");
        Self { clock, database, config, product, ambient, folder }
    }

    /// Stops it as an operator does: what remains are the data.
    pub async fn stop(self) -> (Database, TempDir) {
        self.product.stop().await;
        (self.database, self.folder)
    }

    /// Another process of the same installation, with its own listeners.
    pub async fn another(&self, role: Role) -> Product {
        Product::start(&self.config, &self.ambient, role).await.expect("a second process starts")
    }

    /// The running product.
    pub fn product(&self) -> &Product {
        &self.product
    }

    /// Its data folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The access log, as far as it is written.
    pub fn access_log(&self) -> PathBuf {
        self.folder.path().join("access.log")
    }

    /// Where the portal listens.
    pub fn portal(&self) -> SocketAddr {
        address(&self.product.addresses.portal)
    }

    /// Where the gateway listens.
    pub fn gateway(&self) -> SocketAddr {
        address(&self.product.addresses.gateway)
    }

    /// A call to the gateway.
    pub async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        call(self.gateway(), "GET", path, headers, b"").await
    }

    /// A call to API Sirene with this key.
    pub async fn sirene(&self, key: &str) -> Answer {
        self.get(crate::SIRET, &[(crate::KEY_HEADER, key)]).await
    }

    /// A text of the operator's side.
    pub async fn operator(&self, path: &str) -> Answer {
        call(self.product.admin, "GET", path, &[], b"").await
    }

    /// Somebody who has not signed in.
    pub fn visitor(&self) -> Person {
        Person { portal: self.portal(), token: None }
    }

    /// The secrets of the links in the mails to somebody, oldest first, once there are `count`.
    pub async fn mailed_secrets(&self, to: &str, count: usize) -> Vec<String> {
        let folder = self.config.mail_folder();
        eventually("the mails arrive", || {
            let found: Vec<_> =
                mails::texts_to(&folder, to).iter().filter_map(|text| mails::secret_in(text)).collect();
            async move { (found.len() >= count).then_some(found) }
        })
        .await
    }

    /// The first administrator, who comes by the link that `octroi admin invite` prints.
    pub async fn administrator(&self) -> Person {
        let operator = Actor::System("cli");
        let invited =
            self.product.app.admin_invite(&operator, "jeanne@exemple.fr", vec![PortalRole::Admin]).await;
        let token = token_of(&invited.expect("a link").url);
        let visitor = self.visitor();
        let accept = json!({
            "token": token, "identifier": "jeanne", "first_name": "Jeanne", "last_name": "Roy",
            "password": PASSWORD, "accept_terms": true,
        });
        visitor.post("/api/v1/invitation-acceptances", accept).await.expect(201);
        visitor.sign_in("jeanne").await
    }

    /// An administrator who is also the provider `insee`, its API Sirene published from files.
    pub async fn provider_of_sirene(&self, upstream: &str) -> Person {
        let administrator = self.administrator().await;
        let insee = json!({"kind": "provider", "slug": "insee", "name": "Insee"});
        administrator.post("/api/v1/organizations", insee).await.expect(201);
        let variables = Variables::from([("OCTROI_UPSTREAM_SIRENE".to_owned(), upstream.to_owned())]);
        let loaded =
            files::load(Path::new(CATALOGUE), &variables).expect("the demo's catalogue is well formed");
        let applied = self.product.app.apply(&Actor::System("cli"), loaded, ApplyOptions::default()).await;
        applied.expect("the demo's catalogue can be published");
        administrator.visitor().sign_in("jeanne").await
    }

    /// A person who registered, confirmed the address and signed in.
    pub async fn newcomer(&self, identifier: &str) -> Person {
        let visitor = self.visitor();
        let email = format!("{identifier}@exemple.fr");
        visitor.post("/api/v1/accounts", registration(identifier)).await.expect(202);
        let secret = self.mailed_secrets(&email, 1).await.remove(0);
        visitor.post("/api/v1/email-verifications", json!({"token": secret})).await.expect(204);
        visitor.sign_in(identifier).await
    }
}

/// What somebody writes into the form.
pub(crate) fn registration(identifier: &str) -> Value {
    json!({
        "email": format!("{identifier}@exemple.fr"), "identifier": identifier, "first_name": "Camille",
        "last_name": "Arnaud", "password": PASSWORD, "accept_terms": true,
    })
}

/// The address behind a URL of this machine.
pub fn address(url: &url::Url) -> SocketAddr {
    url.socket_addrs(|| None).expect("an address of this machine").remove(0)
}
