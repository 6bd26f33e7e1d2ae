//! The demo: the whole product on embedded defaults, with fictitious data behind it.

mod annuaire;
mod engagement;
mod notebook;
mod people;
mod print;
mod samples;
mod sirene;
pub(crate) mod site;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use octroi_app::catalog::files::Variables;
use octroi_app::terms::NewTerms;
use octroi_app::tokens::SignIn;
use octroi_app::{App, AppError};
use octroi_domain::actor::Actor;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::ambient::Ambient;
use crate::cli::{Ended, Failure, say};
use crate::config::{Config, LogFormat};
use crate::product::{Prepared, Product, Role, upstream};
use crate::signals::Signals;
use crate::{mail, telemetry};

use notebook::Notebook;
pub(crate) use people::acting;
use samples::SAMPLES;
use site::Site;

/// The demo itself, acting.
const SYSTEM: Actor = Actor::System("demo");

/// Days that the management token lives.
const TOKEN_DAYS: u32 = 365;

/// Options of `octroi demo`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  octroi demo\n  octroi demo --data /tmp/octroi --portal 127.0.0.1:0 --gateway 127.0.0.1:0 --json\n\n\
    Everything is fictitious and listens on this machine only. Mails become files in DIR/mail. Started again with the same \
    DIR, the demo goes on where it was."
)]
pub(crate) struct Options {
    /// Folder of its data; a new temporary one, removed at the end, where it is left out.
    #[arg(long, value_name = "DIR", env = "OCTROI_DATA")]
    data: Option<PathBuf>,
    /// Address and port of the portal; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", env = "OCTROI_PORTAL", default_value = "127.0.0.1:8080")]
    portal: SocketAddr,
    /// Address and port of the gateway; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", env = "OCTROI_GATEWAY", default_value = "127.0.0.1:8081")]
    gateway: SocketAddr,
    /// Print one line of JSON that says everything, for programs.
    #[arg(long, env = "OCTROI_JSON")]
    json: bool,
}

/// Runs the demo until it is told to stop.
pub(crate) async fn run(options: Options) -> Ended {
    let temporary = match &options.data {
        Some(_) => None,
        None => Some(tempfile::Builder::new().prefix("octroi-demo-").tempdir()?),
    };
    let folder = options.data.as_deref().or(temporary.as_ref().map(tempfile::TempDir::path));
    let folder = std::path::absolute(folder.unwrap_or(std::path::Path::new("octroi-demo")))?;
    let config = configure(&options, &folder);
    telemetry::start(&config.logs);
    let mut signals = Signals::listen()?;
    let ambient = Ambient::system();
    let starting = Box::pin(Demo::start(&config, &ambient));
    let Some(started) = signals.unless_stopped(starting).await else { return Ok(()) };
    let demo = started?;
    if options.json {
        say(&demo.line)?
    } else {
        print::for_people(&demo.line)?
    }
    let Demo { product, upstreams, .. } = demo;
    let ended = signals.until_stopped(product).await;
    upstreams.stop().await;
    drop(temporary);
    ended
}

fn configure(options: &Options, folder: &std::path::Path) -> Config {
    let mut config = Config::around(folder);
    config.portal.listen = options.portal;
    config.gateway.listen = options.gateway;
    config.gateway.name = "demo".to_owned();
    config.gateway.allowed_private_upstreams = [[127, 0, 0, 0]]
        .into_iter()
        .filter_map(|ip| ipnet::Ipv4Net::new(ip.into(), 8).ok().map(Into::into))
        .collect();
    config.mail.from = "Portail des API <portail-api@exemple.fr>".to_owned();
    config.logs.format = LogFormat::Text;
    config.logs.level = if options.json { "info" } else { "warn" }.to_owned();
    config.logs.access = folder.join("access.log").display().to_string();
    config
}

/// The sample upstreams, while they run.
pub(crate) struct Upstreams {
    tasks: JoinSet<()>,
    stop: watch::Sender<bool>,
}

impl Upstreams {
    /// Starts them on free ports of loopback; gives the variables that their catalogue files need.
    fn start() -> Result<(Self, Variables), Failure> {
        let (mut tasks, stop) = (JoinSet::new(), watch::Sender::new(false));
        let mut variables = Variables::new();
        for sample in &SAMPLES {
            let router = (sample.upstream)()?;
            let (address, serving) = upstream(router, stop.subscribe())?;
            variables.insert(sample.variable.to_owned(), format!("http://{address}"));
            tasks.spawn(serving);
        }
        Ok((Self { tasks, stop }, variables))
    }

    async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

/// A running demo.
pub(crate) struct Demo {
    product: Product,
    upstreams: Upstreams,
    /// Everything that somebody needs to use it.
    line: Value,
}

impl Demo {
    /// Starts everything; resolves once all of it answers.
    pub(crate) async fn start(config: &Config, ambient: &Ambient) -> Result<Self, Failure> {
        mail::make_folder(&config.data)?;
        let mut notebook = Notebook::open(&config.data, &*ambient.entropy).map_err(Failure)?;
        let prepared = Prepared::new(config, ambient, Role::All).await?;
        let (upstreams, variables) = Upstreams::start()?;
        let app = prepared.app.clone();
        Box::pin(settle(&app, &mut notebook, variables)).await?;
        let email = |role| notebook.accounts.iter().find(|a| a.role == role).map_or("", |a| a.email.as_str());
        let people = samples::People::find(&app, email("developer"), email("officer")).await?;
        let mut apis = Vec::new();
        for sample in &SAMPLES {
            // One after the other: they share the developer's application.
            apis.push(samples::describe(&app, sample, &people).await?);
        }
        let site = Arc::new(Site::new(people::as_shown(&notebook.accounts)));
        let product = prepared.serve_as(Some(site)).await?;
        let line = json!({
            "portal": app.portal_url(),
            "gateway": app.gateway_url(),
            "admin": format!("http://{}", product.admin),
            "mail_dir": config.mail_folder(),
            "management_token": notebook.management_token,
            "accounts": notebook.accounts,
            "apis": apis,
        });
        Ok(Self { product, upstreams, line })
    }
}

/// Makes what is missing: terms, people, APIs, token.
async fn settle(app: &App, notebook: &mut Notebook, variables: Variables) -> Result<(), Failure> {
    if app.current_terms().await?.is_none() {
        let body = include_str!("../../demo/terms.md").to_owned();
        app.publish_terms(&SYSTEM, NewTerms { version: "2026-11".to_owned(), body }).await?;
    }
    people::settle(app, &notebook.accounts).await?;
    // The administrator's password is checked while the catalogue is written.
    let (published, token) = tokio::join!(samples::publish(app, variables), token(app, notebook));
    published.map_err(Failure)?;
    let token = token?;
    if notebook.management_token.as_ref() != Some(&token) {
        notebook.management_token = Some(token);
        notebook.save().map_err(Failure)?;
    }
    Ok(())
}

/// The administrator's token: that of an earlier start while it opens something, else a new one.
async fn token(app: &App, notebook: &Notebook) -> Result<String, AppError> {
    if let Some(known) = &notebook.management_token
        && app.authenticate(known).await.is_ok()
    {
        return Ok(known.clone());
    }
    let login = notebook.accounts.iter().find(|a| a.role == "admin").ok_or(AppError::NotFound)?;
    let request = SignIn {
        login: login.email.clone(),
        password: login.password.clone(),
        name: "demo".to_owned(),
        scopes: None,
        expires_in_days: Some(TOKEN_DAYS),
    };
    Ok(app.sign_in(std::net::Ipv4Addr::LOCALHOST.into(), request).await?.token)
}
