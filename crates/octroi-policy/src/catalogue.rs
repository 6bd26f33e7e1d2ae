//! The catalogue as the gateway uses it: compiled once for each change, looked up by host and path. An API that cannot
//! be compiled stands there shut (promise G14).

mod operations;
mod retirement;
mod rewriting;

use std::sync::Arc;

use foldhash::HashMap;
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};
use octroi_domain::api::{Cors, GatewayDefinition, Language, Placement, Timeouts, Upstream, UpstreamClass};
use octroi_domain::ids::{ApiId, PlanId};
use octroi_domain::plan::{RateLimit, Security};

use crate::dialect::Dialect;
use crate::feed::{ApiSource, CatalogueSource, PlanSource};
use crate::token::Issuer;
pub use operations::{Operations, Permitted};
pub use retirement::Farewell;
pub use rewriting::Rewriting;

/// Every API that is served, and those that cannot be.
#[derive(Debug, Default)]
pub struct Catalogue {
    any_host: Paths,
    hosts: HashMap<String, Paths>,
    /// Who signs access tokens.
    pub issuer: Option<Issuer>,
    /// What could not be compiled, and why: for the operator's log.
    pub faults: Vec<Fault>,
}

/// Something that could not be compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The API; none for the issuer.
    pub api_id: Option<ApiId>,
    /// What is wrong.
    pub reason: String,
}

#[derive(Debug, Default)]
struct Paths {
    by_path: HashMap<String, Arc<Api>>,
    deepest: usize,
}

/// One version of an API, ready to be served.
#[derive(Debug)]
pub struct Api {
    /// Its identifier.
    pub id: ApiId,
    /// Shared by its versions.
    pub slug: String,
    /// The version.
    pub version: String,
    /// The path prefix, without a slash at its end.
    pub prefix: String,
    /// The shape of its errors and limit headers.
    pub dialect: Arc<Dialect>,
    /// The language of its sentences.
    pub language: Language,
    /// Where a credential may stand, in order.
    pub seats: Vec<Seat>,
    /// Whether signed access tokens open it.
    pub accepts_tokens: bool,
    /// Headers that are taken out before the upstream.
    pub hidden_headers: Vec<HeaderName>,
    /// Query parameters that are taken out before the upstream.
    pub hidden_parameters: Vec<String>,
    /// Which web pages may call.
    pub cors: Option<Cors>,
    /// Limit for each address.
    pub ip_limit: Option<RateLimit>,
    /// Networks that may call; empty means all.
    pub allow_networks: Vec<ipnet::IpNet>,
    /// Networks that may not.
    pub deny_networks: Vec<ipnet::IpNet>,
    /// Query parameters that every call must carry.
    pub required_parameters: Vec<String>,
    /// How long to wait for an upstream.
    pub timeouts: Timeouts,
    /// Largest request body in bytes.
    pub max_body_bytes: u64,
    /// Values of `WWW-Authenticate` in a 401.
    pub challenges: Vec<HeaderValue>,
    /// How addresses in answers are led back through the gateway.
    pub rewriting: Option<Rewriting>,
    /// What is told with every answer to a call of an API that is to be left.
    pub farewell: Farewell,
    operations: Operations,
    live: Vec<Arc<Target>>,
    sandbox: Vec<Arc<Target>>,
    plans: Vec<PlanSource>,
    keyless: Option<Keyless>,
    /// What keeps it shut.
    pub fault: Option<String>,
}

/// What anybody may call.
#[derive(Debug)]
struct Keyless {
    plan: PlanSource,
    operations: Operations,
}

/// Where a credential may stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seat {
    /// The whole value of a header.
    Header(HeaderName),
    /// The whole value of a query parameter.
    Query(String),
    /// `Authorization: Bearer …`.
    Bearer,
    /// `Authorization: Basic …`.
    Basic,
}

/// One server behind an API.
#[derive(Debug, PartialEq, Eq)]
pub struct Target {
    /// Whether it speaks TLS.
    pub tls: bool,
    /// Host name or address, without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Value of `Host`: without the port where it is the scheme's own.
    pub authority: HeaderValue,
    /// Names the server among all: scheme, host and port.
    pub origin: Arc<str>,
    /// Put before the path, without a slash at its end.
    pub base_path: String,
    /// What addresses on this server begin with: scheme, host, port where it is not the scheme's own, and the base path.
    pub base_url: String,
    /// Share among the targets of its class.
    pub weight: u32,
}

impl Catalogue {
    /// Compiles all of it. Never fails: what cannot be compiled is shut, and named in `faults`.
    pub fn compile(source: CatalogueSource) -> Self {
        let mut catalogue = Self::default();
        if let Some(issuer) = source.issuer {
            match Issuer::compile(issuer) {
                Ok(issuer) => catalogue.issuer = Some(issuer),
                Err(reason) => catalogue.faults.push(Fault { api_id: None, reason }),
            }
        }
        for api in source.apis {
            catalogue.mount(api);
        }
        catalogue
    }

    fn mount(&mut self, source: ApiSource) {
        let host = source.gateway.route.host.clone();
        let api = Api::compile(source);
        let paths = match host {
            Some(host) => self.hosts.entry(host.to_ascii_lowercase()).or_default(),
            None => &mut self.any_host,
        };
        let mut faults: Vec<_> = api.fault.iter().map(|f| (api.id, f.clone())).collect();
        if let Some(other) = paths.by_path.get(&api.prefix) {
            let reason = format!("shares the path {:?} with another API", api.prefix);
            faults.extend([(other.id, reason.clone()), (api.id, reason.clone())]);
            let shut = Api { fault: Some(reason), ..api };
            paths.put(shut);
        } else {
            paths.put(api);
        }
        self.faults.extend(faults.into_iter().map(|(id, reason)| Fault { api_id: Some(id), reason }));
    }

    /// The API at this host and normal path: the longest prefix that ends at a segment's end; APIs with a host of
    /// their own before those without.
    pub fn find(&self, host: Option<&str>, path: &str) -> Option<&Arc<Api>> {
        let own = host.filter(|_| !self.hosts.is_empty()).map(host_name);
        own.and_then(|name| self.hosts.get(&name))
            .and_then(|p| p.find(path))
            .or_else(|| self.any_host.find(path))
    }

    /// Every API.
    pub fn apis(&self) -> impl Iterator<Item = &Arc<Api>> {
        self.any_host.by_path.values().chain(self.hosts.values().flat_map(|p| p.by_path.values()))
    }
}

/// The host of a `Host` header or an authority: without port, in small letters, without the root's dot.
fn host_name(host: &str) -> String {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

impl Paths {
    fn put(&mut self, api: Api) {
        self.deepest = self.deepest.max(api.prefix.matches('/').count());
        self.by_path.insert(api.prefix.clone(), Arc::new(api));
    }

    fn find(&self, path: &str) -> Option<&Arc<Api>> {
        // Only as many segments as the deepest prefix has: a path of ten thousand costs no more than a short one.
        let slashes = path.bytes().enumerate().filter(|(_, b)| *b == b'/').map(|(i, _)| i);
        let mut end = slashes.skip(1).nth(self.deepest.saturating_sub(1)).unwrap_or(path.len());
        loop {
            if let Some(api) = self.by_path.get(&path[..end]) {
                return Some(api);
            }
            end = path[..end].rfind('/')?;
        }
    }
}

impl Api {
    fn compile(source: ApiSource) -> Self {
        let fault = check(&source).err();
        let ApiSource { id, slug, version, gateway, plans, .. } = source;
        let accepts_tokens = plans.iter().any(|p| p.security == Security::Oauth2);
        let mut seats: Vec<Seat> = gateway.credentials.iter().filter_map(Seat::compile).collect();
        if accepts_tokens && !seats.contains(&Seat::Bearer) {
            seats.push(Seat::Bearer);
        }
        let (hidden_headers, hidden_parameters) = hidden(&seats, gateway.keep_credential);
        let targets = |class| -> Vec<_> {
            gateway
                .upstreams
                .iter()
                .filter(|u| u.class == class)
                .filter_map(Target::compile)
                .map(Arc::new)
                .collect()
        };
        Self {
            id,
            challenges: challenges(&slug, &seats),
            slug,
            version,
            prefix: gateway.route.path.trim_end_matches('/').to_owned(),
            dialect: Dialect::find(&gateway.dialect).unwrap_or_else(Dialect::standard),
            language: gateway.language,
            accepts_tokens,
            seats,
            hidden_headers,
            hidden_parameters,
            live: targets(UpstreamClass::Live),
            sandbox: targets(UpstreamClass::Sandbox),
            operations: Operations::compile(&gateway.operations),
            rewriting: gateway.rewriting.as_ref().map(Rewriting::compile),
            farewell: Farewell::compile(gateway.retirement.as_ref()),
            cors: gateway.cors,
            ip_limit: gateway.ip_limit,
            allow_networks: gateway.allow_networks,
            deny_networks: gateway.deny_networks,
            required_parameters: gateway.required_parameters.into_iter().map(|p| p.name).collect(),
            timeouts: gateway.timeouts,
            max_body_bytes: gateway.max_body_bytes,
            keyless: plans.iter().find(|p| p.security == Security::Keyless).map(Keyless::compile),
            plans,
            fault,
        }
    }

    /// The servers of one class.
    pub fn targets(&self, class: UpstreamClass) -> &[Arc<Target>] {
        match class {
            UpstreamClass::Live => &self.live,
            UpstreamClass::Sandbox => &self.sandbox,
        }
    }

    /// The plan that lets anybody call, the whole API or a part of it.
    pub fn keyless(&self) -> Option<&PlanSource> {
        self.keyless.as_ref().map(|keyless| &keyless.plan)
    }

    /// Whether a method and the normal path behind the prefix ask for no credential.
    pub fn open_to_anybody(&self, method: &str, rest: &str) -> bool {
        self.keyless.as_ref().is_some_and(|k| k.operations.permits(method, rest) == Permitted::Yes)
    }

    /// The plan with this identifier.
    pub fn plan(&self, id: PlanId) -> Option<&PlanSource> {
        self.plans.iter().find(|p| p.id == id)
    }

    /// What the API's rules say of a method and of the normal path behind the prefix.
    pub fn permits(&self, method: &str, rest: &str) -> Permitted {
        self.operations.permits(method, rest)
    }
}

/// Why an API cannot be served.
fn check(source: &ApiSource) -> Result<(), String> {
    let everywhere: Vec<ipnet::IpNet> = ["0.0.0.0/0", "::/0"].iter().filter_map(|n| n.parse().ok()).collect();
    let gateway: &GatewayDefinition = &source.gateway;
    if !source.state.served() {
        return Err(format!("is {:?}", source.state));
    }
    // Whether a private network is permitted is asked at each connection, where the permissions are known.
    if let Some(violation) = gateway.check(&everywhere).err().and_then(|v| v.into_iter().next()) {
        return Err(format!("{}: {}", violation.field, violation.rule.code()));
    }
    if Dialect::find(&gateway.dialect).is_none() {
        return Err(format!("the dialect {:?} is unknown", gateway.dialect));
    }
    let needs_seat = source.plans.iter().any(|p| p.security == Security::ApiKey);
    if needs_seat && gateway.credentials.is_empty() {
        return Err("a plan needs a key and there is no place for one".to_owned());
    }
    for plan in &source.plans {
        if let Some(violation) =
            plan.limits.rate.and_then(|r| r.check().err()).and_then(|v| v.into_iter().next())
        {
            return Err(format!("plan {}: {}: {}", plan.slug, violation.field, violation.rule.code()));
        }
        if plan.security == Security::Keyless && plan.limits.rate.is_none() {
            return Err(format!("plan {} lets anybody call without a limit", plan.slug));
        }
    }
    if source.plans.iter().filter(|p| p.security == Security::Keyless).count() > 1 {
        return Err("two plans let anybody call".to_owned());
    }
    Ok(())
}

fn hidden(seats: &[Seat], keep: bool) -> (Vec<HeaderName>, Vec<String>) {
    let (mut headers, mut parameters) = (Vec::new(), Vec::new());
    for seat in seats.iter().filter(|_| !keep) {
        match seat {
            Seat::Header(name) => headers.push(name.clone()),
            Seat::Query(name) => parameters.push(name.clone()),
            Seat::Bearer | Seat::Basic => headers.push(AUTHORIZATION),
        }
    }
    headers.dedup();
    (headers, parameters)
}

/// A 401 names how to show a credential (RFC 9110, 11.6.1). Keys in a header or parameter of their own have no
/// registered scheme; `ApiKey` with the place's name is what most readers understand.
fn challenges(slug: &str, seats: &[Seat]) -> Vec<HeaderValue> {
    let challenge = |seat: &Seat| match seat {
        Seat::Header(name) => format!("ApiKey realm=\"{slug}\", in=\"header\", name=\"{name}\""),
        Seat::Query(name) => format!("ApiKey realm=\"{slug}\", in=\"query\", name=\"{name}\""),
        Seat::Bearer => format!("Bearer realm=\"{slug}\""),
        Seat::Basic => format!("Basic realm=\"{slug}\", charset=\"UTF-8\""),
    };
    seats.iter().filter_map(|seat| HeaderValue::from_str(&challenge(seat)).ok()).collect()
}

impl Keyless {
    fn compile(plan: &PlanSource) -> Self {
        Self { plan: plan.clone(), operations: Operations::compile(&plan.operations) }
    }
}

impl Seat {
    fn compile(placement: &Placement) -> Option<Self> {
        Some(match placement {
            Placement::Header { name } => Self::Header(HeaderName::from_bytes(name.as_bytes()).ok()?),
            Placement::Query { name } => Self::Query(name.clone()),
            Placement::Bearer => Self::Bearer,
            Placement::Basic => Self::Basic,
        })
    }
}

impl Target {
    /// The server of a definition's upstream; none where its address cannot be called.
    pub fn compile(upstream: &Upstream) -> Option<Self> {
        let url = &upstream.url;
        let host = url.host_str()?;
        let port = url.port_or_known_default()?;
        let authority = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        Some(Self {
            tls: url.scheme() == "https",
            host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
            port,
            authority: HeaderValue::from_str(&authority).ok()?,
            origin: format!("{}://{host}:{port}", url.scheme()).into(),
            base_path: url.path().trim_end_matches('/').to_owned(),
            base_url: url.as_str().trim_end_matches('/').to_owned(),
            weight: upstream.weight.max(1),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{api_source, catalogue_source};

    #[test]
    fn the_longest_prefix_wins_and_hosts_stand_before_paths() {
        let mut own = api_source("own", "/a");
        own.gateway.route.host = Some("own.example.fr".into());
        let apis = vec![api_source("root", "/"), api_source("a", "/a"), api_source("ab", "/a/b"), own];
        let catalogue = Catalogue::compile(catalogue_source(apis));
        let found = |host, path| catalogue.find(host, path).map(|a| a.slug.as_str());
        assert_eq!(found(None, "/a/b/c"), Some("ab"));
        assert_eq!(found(None, "/a/bc"), Some("a"));
        assert_eq!(found(None, "/a"), Some("a"));
        assert_eq!(found(None, "/ab"), Some("root"));
        assert_eq!(found(Some("OWN.example.fr.:8081"), "/a/b"), Some("own"));
        assert_eq!(found(Some("own.example.fr"), "/x"), Some("root"));
        assert_eq!(catalogue.faults, []);
    }

    #[test]
    fn without_a_root_api_unknown_paths_find_nothing() {
        let catalogue = Catalogue::compile(catalogue_source(vec![api_source("a", "/a/b")]));
        assert!(catalogue.find(None, "/").is_none());
        assert!(catalogue.find(None, "/a").is_none());
        assert!(catalogue.find(None, &format!("/a/b{}", "/c".repeat(10_000))).is_some());
    }

    #[test]
    fn what_cannot_be_compiled_stands_there_shut() {
        let mut unknown_dialect = api_source("d", "/d");
        unknown_dialect.gateway.dialect = "klingon".into();
        let mut seatless = api_source("s", "/s");
        seatless.gateway.credentials.clear();
        let mut metadata = api_source("m", "/m");
        metadata.gateway.upstreams[0].url = "http://169.254.169.254/".parse().unwrap();
        let twins = [api_source("x", "/x"), api_source("y", "/x")];
        let good = api_source("good", "/good");
        let apis = [unknown_dialect, seatless, metadata, good].into_iter().chain(twins).collect();
        let catalogue = Catalogue::compile(catalogue_source(apis));
        for path in ["/d", "/s", "/m", "/x"] {
            assert!(catalogue.find(None, path).unwrap().fault.is_some(), "{path}");
        }
        assert!(catalogue.find(None, "/good/1").unwrap().fault.is_none());
        assert_eq!(catalogue.faults.len(), 5);
    }

    #[test]
    fn a_target_keeps_the_base_path_and_names_its_port_only_where_unusual() {
        let target = |url: &str| {
            let upstream = Upstream { url: url.parse().unwrap(), weight: 1, class: UpstreamClass::Live };
            let t = Target::compile(&upstream).unwrap();
            (t.tls, t.host, t.port, t.authority.to_str().unwrap().to_owned(), t.base_path)
        };
        assert_eq!(
            target("https://api.example.fr/v1/"),
            (true, "api.example.fr".into(), 443, "api.example.fr".into(), "/v1".into())
        );
        assert_eq!(
            target("http://[::1]:8080"),
            (false, "::1".into(), 8080, "[::1]:8080".into(), String::new())
        );
    }
}
