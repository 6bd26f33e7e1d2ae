//! `octroi explain`: why a call would be let through or refused, stage by stage, by the data as they are now. Nothing is
//! counted: how much of a limit is used, only the running gateway knows.

use std::net::IpAddr;
use std::path::PathBuf;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use octroi_domain::api::Placement;
use octroi_policy::explain::{Explanation, explain};
use octroi_policy::feed::ApiSource;
use octroi_policy::{Policy, RequestFacts, Snapshot};

use super::{Ended, Failure, Where, say, words};
use crate::ambient::Ambient;
use crate::config::{Given, SecretText};
use crate::foundation::{Addresses, Foundation};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  octroi explain /api-sirene/3.11/siret/99990100200017 --key-file key.txt\n  \
    octroi explain 'https://api.example.fr/x?y=1' --method POST --header 'Accept: text/html' --ip 192.0.2.7\n\n\
    How much of a limit is used, only the running gateway knows: here nothing is."
)]
pub(super) struct Options {
    /// The call's path and query, or its whole URL.
    call: String,
    /// The method.
    #[arg(long, default_value = "GET", env = "OCTROI_METHOD")]
    method: String,
    /// The credential, put where the API looks for one; better by OCTROI_KEY or --key-file, which others cannot see.
    #[arg(long, env = "OCTROI_KEY", hide_env_values = true)]
    key: Option<String>,
    /// File that holds the credential.
    #[arg(long, value_name = "FILE", env = "OCTROI_KEY_FILE", conflicts_with = "key")]
    key_file: Option<PathBuf>,
    /// A header of the call; may be given several times.
    #[arg(long, value_name = "NAME: VALUE", value_parser = header_line)]
    header: Vec<(HeaderName, HeaderValue)>,
    /// The caller's address.
    #[arg(long, default_value = "127.0.0.1", env = "OCTROI_IP")]
    ip: IpAddr,
    /// Print as JSON.
    #[arg(long, env = "OCTROI_JSON")]
    json: bool,
    #[command(flatten)]
    place: Where,
}

fn header_line(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or("give NAME: VALUE")?;
    let name = name.trim().parse().map_err(|_| "not a header's name".to_owned())?;
    Ok((name, HeaderValue::from_str(value.trim()).map_err(|_| "not a header's value".to_owned())?))
}

/// The call, in pieces.
struct Call {
    host: Option<String>,
    path: String,
    query: Option<String>,
    headers: HeaderMap,
}

pub(super) async fn run(options: Options) -> Ended {
    let config = options.place.load()?;
    let key_text = options.key.clone().map(SecretText::new);
    let key = Given::read("--key", &key_text, &options.key_file)?.map(|g| g.text);
    let mut call = Call::read(&options)?;
    let ambient = Ambient::system();
    let foundation = Foundation::existing(&config, &ambient).await?;
    let addresses = Addresses::configured(&config)?;
    let app = foundation.app(&config, &ambient, &addresses, None).await?;
    let delta = app.snapshot(None).await;
    foundation.store.close().await;
    let delta = delta.map_err(|e| words::failure(&e))?;
    if let Some(key) = &key {
        let apis = delta.catalogue.as_ref().map_or([].as_slice(), |c| c.apis.as_slice());
        call.put(key, apis)?;
    }
    let vault = foundation.keys.vault(&config.keys.instance)?;
    let policy = Policy {
        snapshot: Snapshot::new(),
        instance: vault.instance,
        peppers: vault.peppers,
        portal_origins: vec![addresses.portal.origin().ascii_serialization()],
    };
    let now = ambient.clock.now();
    policy.snapshot.apply(delta, now)?;
    let facts = RequestFacts {
        method: &options.method,
        host: call.host.as_deref(),
        path: &call.path,
        query: call.query.as_deref(),
        headers: &call.headers,
        body_bytes: None,
        client_ip: options.ip,
        now,
    };
    let explanation = explain(&policy, facts);
    if options.json { say(serde_json::to_string(&explanation)?) } else { say(text(&explanation)) }
}

impl Call {
    fn read(options: &Options) -> Result<Self, Failure> {
        let (host, target) = match options.call.split_once("://") {
            Some((_, rest)) => {
                let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                (Some(host.to_owned()), if path.is_empty() { "/" } else { path })
            }
            None => (None, options.call.as_str()),
        };
        if !target.starts_with('/') {
            return Err(Failure(format!("`{target}` is not a path: it begins with /")));
        }
        let (path, query) = target.split_once('?').map_or((target, None), |(p, q)| (p, Some(q.to_owned())));
        let mut headers = HeaderMap::new();
        for (name, value) in &options.header {
            headers.append(name.clone(), value.clone());
        }
        Ok(Self { host, path: path.to_owned(), query, headers })
    }

    /// Puts the credential where the API that the path leads to looks first.
    fn put(&mut self, key: &SecretText, apis: &[ApiSource]) -> Result<(), Failure> {
        let under = |prefix: &str| {
            prefix == "/"
                || self.path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let api = apis
            .iter()
            .filter(|api| under(&api.gateway.route.path))
            .max_by_key(|api| api.gateway.route.path.len());
        let Some(placement) = api.and_then(|api| api.gateway.credentials.first()) else { return Ok(()) };
        let value = |text: String| {
            let mut value = HeaderValue::from_str(&text)
                .map_err(|_| Failure("the credential holds a character that no header can".to_owned()))?;
            value.set_sensitive(true);
            Ok::<_, Failure>(value)
        };
        let key = key.expose();
        match placement {
            Placement::Header { name } => {
                let name: HeaderName =
                    name.parse().map_err(|_| Failure(format!("{name} is no header's name")))?;
                self.headers.insert(name, value(key.to_owned())?);
            }
            Placement::Bearer => {
                drop(self.headers.insert(header::AUTHORIZATION, value(format!("Bearer {key}"))?))
            }
            Placement::Basic => {
                let basic = format!("Basic {}", STANDARD.encode(key));
                self.headers.insert(header::AUTHORIZATION, value(basic)?);
            }
            Placement::Query { name } => {
                let encoded: String = url::form_urlencoded::byte_serialize(key.as_bytes()).collect();
                let pair = format!("{name}={encoded}");
                self.query = Some(match self.query.take() {
                    Some(query) if !query.is_empty() => format!("{query}&{pair}"),
                    _ => pair,
                });
            }
        }
        Ok(())
    }
}

fn text(explanation: &Explanation) -> String {
    let status =
        explanation.status.map_or_else(|| "the upstream answers".to_owned(), |s| format!("HTTP {s}"));
    let mut lines = vec![format!("{}: {status}", explanation.outcome)];
    for stage in &explanation.stages {
        let mark = if stage.passed { "ok  " } else { "STOP" };
        let fault = stage.fault.map(|f| format!(" (up to: {f})")).unwrap_or_default();
        lines.push(format!("  {mark} {:<9} {}{fault}", stage.stage, stage.detail));
    }
    if let Some(stopped) = explanation.stages.iter().find_map(|s| s.outcome) {
        lines.push(format!("  what to do: docs/errors/{stopped}.md"));
    }
    lines.join("\n")
}
