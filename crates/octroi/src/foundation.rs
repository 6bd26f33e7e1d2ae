//! What stands before anything is served: data folder, database at its version, keys that belong to it, application.

use std::net::SocketAddr;
use std::sync::Arc;

use octroi_app::setup::VaultError;
use octroi_app::{App, AppError, AppOptions, Applied};
use octroi_store::{Store, StoreError};
use url::Url;

use crate::ambient::Ambient;
use crate::config::{Config, ConfigError};
use crate::keys::{self, KeyError, KeyMaterial};
use crate::{database, mail};

/// Why the portal's data cannot be used. Each message is one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum FoundationError {
    /// The data folder cannot be made.
    #[error("cannot make the data folder {path}: {why}")]
    Folder {
        /// The folder.
        path: String,
        /// Why.
        why: String,
    },
    /// There is no database where one must be.
    #[error("there is no portal here: {0} does not exist; name its configuration with --config")]
    Absent(String),
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The keys cannot be used.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keys are not those of the database.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The first use case failed.
    #[error(transparent)]
    App(#[from] AppError),
}

/// Public addresses: what links, access URLs and tokens begin with.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// The portal's.
    pub portal: Url,
    /// The gateway's.
    pub gateway: Url,
}

impl Addresses {
    /// Those that the configuration names, or those of the listeners.
    pub fn of(config: &Config, portal: SocketAddr, gateway: SocketAddr) -> Result<Self, ConfigError> {
        let from = |option, given: &Option<Url>, listen: SocketAddr| match given {
            Some(url) => Ok(url.clone()),
            None => Url::parse(&format!("http://{listen}"))
                .map_err(|e| ConfigError::Unfit { option, why: e.to_string() }),
        };
        Ok(Self {
            portal: from("portal.public_url", &config.portal.public_url, portal)?,
            gateway: from("gateway.public_url", &config.gateway.public_url, gateway)?,
        })
    }

    /// Those that the configuration alone tells.
    pub fn configured(config: &Config) -> Result<Self, ConfigError> {
        Self::of(config, config.portal.listen, config.gateway.listen)
    }
}

/// The database, open and migrated, and the keys that were found for it.
#[derive(Debug)]
pub struct Foundation {
    /// The database.
    pub store: Store,
    /// The keys.
    pub keys: KeyMaterial,
    /// Migrations that were run.
    pub migrated: Vec<&'static str>,
}

impl Foundation {
    /// Makes the data folder, opens and migrates the database, finds the keys; for a database that has never been used,
    /// makes them.
    pub async fn lay(config: &Config, ambient: &Ambient) -> Result<Self, FoundationError> {
        mail::make_folder(&config.data).map_err(|e| FoundationError::Folder {
            path: config.data.display().to_string(),
            why: e.to_string(),
        })?;
        let options = database::options(config)?;
        database::prepare(&options.url);
        let store = Store::open(&options).await?;
        let migrated = store.migrate(ambient.clock.now()).await?;
        let used = database::knows_its_keys(&store).await?;
        let keys = keys::load(config, (!used).then_some(&*ambient.entropy))?;
        Ok(Self { store, keys, migrated })
    }

    /// The same for a database that must be there already.
    pub async fn existing(config: &Config, ambient: &Ambient) -> Result<Self, FoundationError> {
        let url = config.database_url()?;
        if let Some(path) = database::sqlite_path(url.expose()).filter(|path| !path.exists()) {
            return Err(FoundationError::Absent(path.display().to_string()));
        }
        Self::lay(config, ambient).await
    }

    /// The application on this foundation, once the keys were found to be those of the database.
    pub async fn app(
        &self,
        config: &Config,
        ambient: &Ambient,
        addresses: &Addresses,
        applied: Option<Arc<dyn Applied>>,
    ) -> Result<App, FoundationError> {
        let app = App::new(AppOptions {
            store: self.store.clone(),
            clock: Arc::clone(&ambient.clock),
            entropy: Arc::clone(&ambient.entropy),
            vault: self.keys.vault(&config.keys.instance)?,
            portal_url: addresses.portal.clone(),
            gateway_url: addresses.gateway.clone(),
            allowed_private: config.gateway.allowed_private_upstreams.clone(),
            leaks: config.portal.leaked_keys,
            applied,
        });
        app.check_vault().await?;
        Ok(app)
    }
}
