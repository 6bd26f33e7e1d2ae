//! The whole product in one process: portal, gateway, operator's side, work queue. The command line runs it with the
//! system's clock, the tests with one that they turn by hand.

mod admin;
mod feed;
mod listen;
mod worker;

use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::middleware::{self, Next};
use octroi_app::mail::MailSender;
use octroi_app::{App, AppError, Applied};
use octroi_domain::ids::BootId;
use octroi_gateway::access_log::{AccessLog, NoAccessLog};
use octroi_gateway::refresh::AppliedRevision;
use octroi_gateway::resolve::SystemResolver;
use octroi_gateway::{Gateway, GatewayConfig, Ports};
use octroi_web::{DemoSite, WebOptions};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::access_log::AccessLogWriter;
use crate::ambient::Ambient;
use crate::config::{Config, ConfigError};
use crate::demo::site::{KeptMailer, Site};
use crate::descriptors::Shares;
use crate::foundation::{Addresses, Foundation, FoundationError};
use crate::mail::Mailer;
use crate::texts;

/// How often the gateway's threads are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Which parts run in this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Role {
    /// Portal and gateway.
    #[default]
    All,
    /// The portal, its management API and the work queue.
    Portal,
    /// The gateway, reading the database that the portal writes.
    Gateway,
}

/// Why the product did not start. Each message is one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data cannot be used.
    #[error(transparent)]
    Foundation(#[from] FoundationError),
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// An address is taken, or not of this machine.
    #[error("cannot listen on {address}: {why}; {option} names another address")]
    Listen {
        /// The option.
        option: &'static str,
        /// The address.
        address: SocketAddr,
        /// Why.
        why: String,
    },
    /// The access log cannot be opened.
    #[error("cannot write the access log {path}: {why}; logs.access names another place")]
    AccessLog {
        /// The file.
        path: String,
        /// Why.
        why: String,
    },
    /// The gateway did not start.
    #[error(transparent)]
    Gateway(#[from] octroi_gateway::StartError),
    /// The gateway could not read what it serves.
    #[error("the gateway could not read what it serves")]
    NotReady,
    /// A use case failed.
    #[error(transparent)]
    App(#[from] AppError),
}

/// The product with its addresses taken and its application at work, not yet serving.
pub struct Prepared {
    config: Config,
    ambient: Ambient,
    role: Role,
    foundation: Foundation,
    own_gateway: Arc<feed::OwnGateway>,
    portal: Option<StdListener>,
    gateway: Option<listen::Reserved>,
    admin: StdListener,
    addresses: Addresses,
    /// The application.
    pub app: App,
}

/// The product in service.
pub struct Product {
    /// The application.
    pub app: App,
    /// Public addresses.
    pub addresses: Addresses,
    /// Where the operator's side listens.
    pub admin: SocketAddr,
    gateway: Option<Gateway>,
    access_log: Option<Arc<AccessLogWriter>>,
    servers: JoinSet<&'static str>,
    /// Tasks that have nothing to bring to an end.
    attendants: JoinSet<&'static str>,
    stop_servers: watch::Sender<bool>,
    stop_worker: watch::Sender<bool>,
    wake: Arc<Notify>,
}

impl Prepared {
    /// Takes the addresses, opens the data, makes the application.
    pub async fn new(config: &Config, ambient: &Ambient, role: Role) -> Result<Self, StartError> {
        let portal = (role != Role::Gateway)
            .then(|| listen::listen("portal.listen", config.portal.listen))
            .transpose()?;
        let gateway = (role != Role::Portal)
            .then(|| listen::reserve("gateway.listen", config.gateway.listen))
            .transpose()?;
        let admin = listen::listen("admin.listen", config.admin.listen)?;
        let local = |listener: &Option<StdListener>, otherwise| {
            listener.as_ref().and_then(|l| l.local_addr().ok()).unwrap_or(otherwise)
        };
        let addresses = Addresses::of(
            config,
            local(&portal, config.portal.listen),
            gateway.as_ref().map_or(config.gateway.listen, |g| g.address),
        )?;
        let foundation = Foundation::lay(config, ambient).await?;
        for name in &foundation.migrated {
            tracing::info!(name, "migrated the database");
        }
        let own_gateway = Arc::new(feed::OwnGateway::default());
        let applied = gateway.is_some().then(|| Arc::clone(&own_gateway) as Arc<dyn Applied>);
        let app = foundation.app(config, ambient, &addresses, applied).await?;
        app.ensure_signing_key().await?;
        Ok(Self {
            config: config.clone(),
            ambient: ambient.clone(),
            role,
            foundation,
            own_gateway,
            portal,
            gateway,
            admin,
            addresses,
            app,
        })
    }

    /// Begins to serve; resolves once the gateway has its first snapshot.
    pub async fn serve(self) -> Result<Product, StartError> {
        self.serve_as(None).await
    }

    /// The same; as a demo, where there is one, which keeps the mails that it sends.
    pub(crate) async fn serve_as(self, demo: Option<Arc<Site>>) -> Result<Product, StartError> {
        let access_log = self.open_access_log()?;
        let (ring, doorbell) = watch::channel(0);
        let mut attendants = JoinSet::new();
        let bell = (self.app.clone(), self.app.store().clone());
        attendants.spawn(async move {
            feed::ring(bell.0, ring).await;
            "doorbell"
        });
        attendants.spawn(async move {
            bell.1.listen().await;
            "database's bell"
        });
        let gateway = self.start_gateway(doorbell, access_log.clone()).await?;
        let mut product = Product {
            app: self.app,
            addresses: self.addresses,
            admin: self.admin.local_addr().unwrap_or(self.config.admin.listen),
            gateway,
            access_log,
            servers: JoinSet::new(),
            attendants,
            stop_servers: watch::Sender::new(false),
            stop_worker: watch::Sender::new(false),
            wake: Arc::new(Notify::new()),
        };
        product.serve_admin(self.admin);
        if let Some(listener) = self.portal {
            let clock = Arc::clone(&self.ambient.clock);
            let mailer = Box::new(Mailer::new(&self.config, self.ambient)?);
            let options = web_options(&self.config, demo.clone())?;
            product.serve_portal(listener, options);
            product.work(match demo {
                Some(site) => Box::new(KeptMailer::new(mailer, site, clock)),
                None => mailer,
            });
        }
        tracing::info!(
            role = ?self.role,
            portal = %product.addresses.portal,
            gateway = %product.addresses.gateway,
            admin = %product.admin,
            database = self.foundation.store.describe().await.unwrap_or_default(),
            "ready"
        );
        Ok(product)
    }

    fn open_access_log(&self) -> Result<Option<Arc<AccessLogWriter>>, StartError> {
        if self.role == Role::Portal {
            return Ok(None);
        }
        let path = &self.config.logs.access;
        AccessLogWriter::start(path)
            .map_err(|e| StartError::AccessLog { path: path.clone(), why: e.to_string() })
    }

    async fn start_gateway(
        &self,
        doorbell: watch::Receiver<u64>,
        access_log: Option<Arc<AccessLogWriter>>,
    ) -> Result<Option<Gateway>, StartError> {
        let Some(reserved) = &self.gateway else { return Ok(None) };
        let vault = self.foundation.keys.vault(&self.config.keys.instance).map_err(FoundationError::from)?;
        let boot = BootId::new(self.ambient.clock.now(), &*self.ambient.entropy);
        let settings = &self.config.gateway;
        let usual =
            GatewayConfig::new(&settings.name, boot, vec![reserved.address], vault.instance, vault.peppers);
        let workers = settings.workers.unwrap_or_else(GatewayConfig::a_worker_for_each_core);
        let callers = Shares::take().callers_per_worker(workers);
        let config = GatewayConfig {
            workers,
            engine: match settings.engine {
                crate::config::Engine::Fast => octroi_gateway::Engine::Fast,
                crate::config::Engine::Hyper => octroi_gateway::Engine::Hyper,
            },
            max_connections_per_worker: callers.min(usual.max_connections_per_worker),
            trusted_proxies: settings.trusted_proxies.clone(),
            allowed_private_upstreams: settings.allowed_private_upstreams.clone(),
            portal_origins: vec![self.addresses.portal.origin().ascii_serialization()],
            errors_base_url: format!("{}/docs/errors", self.app.portal_url()),
            ..usual
        };
        let own_portal = Arc::new(feed::OwnPortal::new(self.app.clone(), doorbell));
        let access_log: Arc<dyn AccessLog> = match access_log {
            Some(log) => log,
            None => Arc::new(NoAccessLog),
        };
        let gateway = Gateway::start(
            config,
            Ports {
                clock: Arc::clone(&self.ambient.clock),
                entropy: Arc::clone(&self.ambient.entropy),
                source: Arc::clone(&own_portal) as _,
                sink: own_portal,
                access_log,
                resolver: Arc::new(SystemResolver),
            },
        )?;
        let applied = gateway.applied();
        self.own_gateway.set(applied.clone());
        if applied.ready().await { Ok(Some(gateway)) } else { Err(StartError::NotReady) }
    }
}

impl Product {
    /// Prepares and serves.
    pub async fn start(config: &Config, ambient: &Ambient, role: Role) -> Result<Self, StartError> {
        Prepared::new(config, ambient, role).await?.serve().await
    }

    fn serve_admin(&mut self, listener: StdListener) {
        let gateway = self.gateway.as_ref().map(|g| (g.applied(), g.metrics_handle()));
        let router = admin::router(admin::Operator { app: self.app.clone(), gateway });
        self.spawn_server("operator's side", listener, router);
    }

    fn serve_portal(&mut self, listener: StdListener, options: WebOptions) {
        let wake = Arc::clone(&self.wake);
        // Whatever a request enqueued is begun at once; the timer is for what other processes enqueue.
        let after = move |request: Request, next: Next| {
            let wake = Arc::clone(&wake);
            async move {
                let changes = !request.method().is_safe();
                let response = next.run(request).await;
                if changes {
                    wake.notify_one();
                }
                response
            }
        };
        let router = octroi_web::router(self.app.clone(), options).layer(middleware::from_fn(after));
        self.spawn_server("portal", listener, router);
    }

    fn spawn_server(&mut self, name: &'static str, listener: StdListener, router: axum::Router) {
        let stop = self.stop_servers.subscribe();
        self.servers.spawn(async move {
            if let Err(error) = listen::serve(listener, router, stop).await {
                tracing::error!(%error, name, "cannot serve");
            }
            name
        });
    }

    fn work(&mut self, mailer: Box<dyn MailSender>) {
        let (app, wake, stop) = (self.app.clone(), Arc::clone(&self.wake), self.stop_worker.subscribe());
        self.servers.spawn(async move {
            worker::run(app, mailer, wake, stop).await;
            "work queue"
        });
    }

    /// Resolves when a part that must run has ended: its name.
    pub async fn failed(&mut self) -> String {
        loop {
            let name = |ended: Result<&'static str, tokio::task::JoinError>| match ended {
                Ok(name) => name.to_owned(),
                Err(error) => error.to_string(),
            };
            tokio::select! {
                Some(ended) = self.servers.join_next() => return name(ended),
                Some(ended) = self.attendants.join_next() => return name(ended),
                () = tokio::time::sleep(LOOK_EVERY) => {
                    if self.gateway.as_ref().is_some_and(Gateway::has_failed) {
                        return "gateway".to_owned();
                    }
                }
            }
        }
    }

    /// Tells which revision the gateway of this process decides by, where there is one.
    pub fn applied(&self) -> Option<AppliedRevision> {
        self.gateway.as_ref().map(Gateway::applied)
    }

    /// Opens the access log anew, after its file was moved away.
    pub fn reopen_logs(&self) {
        if let Some(log) = &self.access_log {
            log.reopen();
        }
    }

    /// Stops: no further request or call, those in hand end, the last counts are written, the database is closed.
    pub async fn stop(mut self) {
        self.stop_servers.send_replace(true);
        self.stop_worker.send_replace(true);
        if let Some(gateway) = self.gateway.take() {
            gateway.shutdown().await;
        }
        while self.servers.join_next().await.is_some() {}
        self.attendants.shutdown().await;
        if let Some(log) = self.access_log.take() {
            let _ = tokio::task::spawn_blocking(move || log.stop()).await;
        }
        self.app.store().close().await;
        tracing::info!("stopped");
    }
}

/// What the web layer is told.
fn web_options(config: &Config, demo: Option<Arc<Site>>) -> Result<WebOptions, ConfigError> {
    let found = texts::read(config.portal.texts.as_deref())?;
    for name in found.unknown {
        tracing::warn!(name, "a file among the operator's texts means nothing: name it like legal.fr.md");
    }
    Ok(WebOptions {
        trusted_proxies: config.portal.trusted_proxies.clone(),
        time_zone: config.portal.zone()?,
        texts: found.texts,
        demo: demo.map(|site| site as Arc<dyn DemoSite>),
    })
}

/// Serves a sample upstream on a free port of loopback until `stop` says so: its address, and what to await.
pub(crate) fn upstream(
    router: axum::Router,
    stop: watch::Receiver<bool>,
) -> Result<(SocketAddr, impl Future<Output = ()> + Send + 'static), StartError> {
    let option = "a sample upstream";
    let address = SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, 0));
    let listener = listen::listen(option, address)?;
    let address =
        listener.local_addr().map_err(|e| StartError::Listen { option, address, why: e.to_string() })?;
    let serving = async move {
        if let Err(error) = listen::serve(listener, router, stop).await {
            tracing::error!(%error, "a sample upstream cannot serve");
        }
    };
    Ok((address, serving))
}
