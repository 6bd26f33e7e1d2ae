//! APIs: what the catalogue says of one and what the gateway needs to serve it. One [`Api`] is one version; versions
//! of the same API share a slug.

mod offer;
mod operations;
mod retirement;
mod rewriting;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::ids::{ApiId, OrganizationId};
use crate::plan::RateLimit;
use crate::time::Timestamp;
use crate::validate::{Check, Rule, Violation};

pub use offer::{MAX_MARKDOWN_BYTES, MAX_PLANS, check_markdown, check_plans};
pub use operations::OperationRule;
pub(crate) use operations::check as check_operations;
pub use retirement::Retirement;
pub use rewriting::Rewriting;

/// Where an API is in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApiState {
    /// Being prepared: its provider alone sees it, the gateway does not serve it.
    Draft,
    /// In service.
    #[default]
    Published,
    /// In service, and to be left: no new subscription.
    Deprecated,
    /// No longer served.
    Retired,
}

impl ApiState {
    /// Whether the gateway serves it.
    pub const fn served(self) -> bool {
        matches!(self, Self::Published | Self::Deprecated)
    }
}

/// Who sees an API in the catalogue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Listing {
    /// Everybody.
    #[default]
    Public,
    /// Its provider, and organizations that subscribed.
    Private,
}

/// Where the gateway finds an API: a path prefix, and optionally a host of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The host name, without port; any host where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub host: Option<String>,
    /// The path prefix, such as `/api-sirene/3.11`: begins with a slash, does not end with one. `/` takes all.
    #[schemars(length(min = 1, max = 200))]
    pub path: String,
}

/// One server behind an API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Upstream {
    /// Base address: `https://host[:port][/path]`. The path after the API's prefix is put behind it.
    pub url: Url,
    /// Share of the calls among the upstreams of the same class, 1 to 1,000.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 1000))]
    pub weight: u32,
    /// Which calls go there.
    #[serde(default)]
    pub class: UpstreamClass,
}

const fn one() -> u32 {
    1
}

/// Which calls an upstream takes. A grant names one class, and a call never crosses to the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UpstreamClass {
    /// Real data.
    #[default]
    Live,
    /// Fictitious data.
    Sandbox,
}

/// Where a credential may stand in a call.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "in", rename_all = "snake_case", deny_unknown_fields)]
pub enum Placement {
    /// The whole value of a header. Names match in any letter case.
    Header {
        /// The header's name.
        name: String,
    },
    /// The whole value of a query parameter. Names match exactly.
    Query {
        /// The parameter's name.
        name: String,
    },
    /// `Authorization: Bearer …` (RFC 6750).
    Bearer,
    /// `Authorization: Basic …` (RFC 7617).
    Basic,
}

/// Which web pages may call the API from a browser (Fetch standard, CORS).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cors {
    /// Origins such as `https://example.fr`, or the single `*` for all.
    #[schemars(length(min = 1, max = 1000))]
    pub origins: Vec<String>,
    /// Answer headers that a page may read besides the safe ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expose_headers: Vec<String>,
    /// How long a browser keeps a preflight's answer, in seconds.
    #[serde(default = "ten_minutes")]
    pub max_age_seconds: u32,
}

const fn ten_minutes() -> u32 {
    600
}

/// How long the gateway waits for an upstream, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Timeouts {
    /// For the connection, 10 to 60,000.
    pub connect_ms: u32,
    /// From the request's last byte to the answer's head, 10 to 600,000.
    pub first_byte_ms: u32,
    /// Between two pieces of a body, 10 to 600,000.
    pub idle_ms: u32,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect_ms: 3_000, first_byte_ms: 30_000, idle_ms: 60_000 }
    }
}

/// A query parameter that a call must carry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequiredParameter {
    /// The parameter's name.
    #[schemars(length(min = 1, max = 100), regex(pattern = crate::patterns::NAME))]
    pub name: String,
    /// Outcome code of the call that lacks it, where the dialect has one of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// What the gateway needs to serve an API. All data: a new provider is a new document, not new code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GatewayDefinition {
    /// Where the gateway finds the API.
    pub route: Route,
    /// The servers behind it, at least one.
    #[schemars(length(min = 1, max = 32))]
    pub upstreams: Vec<Upstream>,
    /// Where the credential may stand, looked at in this order. Not needed when every plan is keyless.
    #[serde(default)]
    pub credentials: Vec<Placement>,
    /// Leaves the credential in the call that the upstream receives. Rarely right.
    #[serde(default)]
    pub keep_credential: bool,
    /// Name of the dialect of errors and limit headers: `ietf`, `gravitee`, …
    #[serde(default = "ietf")]
    pub dialect: String,
    /// Language of error sentences, where the dialect has several: `fr` or `en`.
    #[serde(default)]
    pub language: Language,
    /// Methods and paths let through; empty lets all through.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    pub operations: Vec<OperationRule>,
    /// Web pages that may call; none where absent. The portal's own console is always let in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cors: Option<Cors>,
    /// Limit for each client address, before any credential is looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_limit: Option<RateLimit>,
    /// Networks that may call; empty means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub allow_networks: Vec<IpNet>,
    /// Networks that may not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub deny_networks: Vec<IpNet>,
    /// Query parameters that every call must carry, reported in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required_parameters: Vec<RequiredParameter>,
    /// How long to wait for an upstream.
    #[serde(default)]
    pub timeouts: Timeouts,
    /// Largest request body in bytes.
    #[serde(default = "ten_mebibytes")]
    pub max_body_bytes: u64,
    /// Keeps no copy of a key that could be shown again.
    #[serde(default)]
    pub show_key_once: bool,
    /// Leads the addresses in answers back through the gateway, where the upstream does not do it by itself from the
    /// `Forwarded` headers that it receives. None where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rewriting: Option<Rewriting>,
    /// When the API is to be left and when it ends, told with every answer to a call. None where it stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retirement: Option<Retirement>,
}

fn ietf() -> String {
    "ietf".to_owned()
}

const fn ten_mebibytes() -> u64 {
    10 * 1024 * 1024
}

/// A language of Octroi. French comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// French.
    #[default]
    Fr,
    /// English.
    En,
}

impl Language {
    /// The language's ISO 639-1 code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Fr => "fr",
            Self::En => "en",
        }
    }
}

impl GatewayDefinition {
    /// What is wrong with this definition as far as the text alone can tell. Whether an upstream's *name* leads to a
    /// private network is asked again at every connection (promise G6).
    ///
    /// `allowed_private` lists the private networks that the operator permits as upstreams.
    pub fn check(&self, allowed_private: &[IpNet]) -> Result<(), Vec<Violation>> {
        let mut c = Check::new();
        self.check_route(&mut c);
        self.check_upstreams(&mut c, allowed_private);
        for (i, placement) in self.credentials.iter().enumerate() {
            let fits = match placement {
                Placement::Header { name } => is_header_name(name) && !is_reserved_header(name),
                Placement::Query { name } => {
                    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
                }
                Placement::Bearer | Placement::Basic => true,
            };
            c.require(fits, &format!("credentials[{i}].name"), Rule::Malformed { expected: "header_name" });
        }
        check_operations(&mut c, "operations", &self.operations);
        if let Some(cors) = &self.cors {
            check_cors(&mut c, cors);
        }
        if let Some(limit) = self.ip_limit {
            c.within("ip_limit", limit.check());
        }
        let t = self.timeouts;
        for (field, value, max) in [
            ("timeouts.connect_ms", t.connect_ms, 60_000),
            ("timeouts.first_byte_ms", t.first_byte_ms, 600_000),
            ("timeouts.idle_ms", t.idle_ms, 600_000),
        ] {
            c.require((10..=max).contains(&value), field, Rule::OutOfRange { min: 10, max: i64::from(max) });
        }
        const GIB: u64 = 1 << 30;
        c.require(
            self.max_body_bytes <= 100 * GIB,
            "max_body_bytes",
            Rule::OutOfRange { min: 0, max: 100 << 30 },
        );
        if let Some(rewriting) = &self.rewriting {
            rewriting.check(&mut c);
        }
        if let Some(retirement) = &self.retirement {
            retirement.check(&mut c);
        }
        for (i, p) in self.required_parameters.iter().enumerate() {
            c.line(&format!("required_parameters[{i}].name"), &p.name, 1, 100);
        }
        c.finish()
    }

    fn check_route(&self, c: &mut Check) {
        let path = &self.route.path;
        let fits = path == "/"
            || (path.starts_with('/')
                && !path.ends_with('/')
                && path.len() <= 200
                && path[1..].split('/').all(|s| {
                    !s.is_empty()
                        && s != "."
                        && s != ".."
                        && s.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~".contains(&b))
                }));
        c.require(fits, "route.path", Rule::Malformed { expected: "route_path" });
        if let Some(host) = &self.route.host {
            let fits = !host.is_empty()
                && host.len() <= 253
                && host.split('.').all(|label| crate::validate::is_slug(label) && label.len() <= 63);
            c.require(fits, "route.host", Rule::Malformed { expected: "host" });
        }
    }

    fn check_upstreams(&self, c: &mut Check, allowed_private: &[IpNet]) {
        c.require(self.upstreams.iter().any(|u| u.class == UpstreamClass::Live), "upstreams", Rule::Required);
        c.require(self.upstreams.len() <= 32, "upstreams", Rule::TooLong { max: 32 });
        for (i, upstream) in self.upstreams.iter().enumerate() {
            let field = format!("upstreams[{i}].url");
            let url = &upstream.url;
            c.require(is_base_address(url), &field, Rule::Malformed { expected: "upstream_url" });
            let address = match url.host() {
                Some(url::Host::Ipv4(ip)) => Some(ip.into()),
                Some(url::Host::Ipv6(ip)) => Some(ip.into()),
                Some(url::Host::Domain(name)) if name == "localhost" || name.ends_with(".localhost") => {
                    Some(std::net::Ipv4Addr::LOCALHOST.into())
                }
                _ => None,
            };
            if let Some(ip) = address {
                c.require(may_connect(ip, allowed_private), &field, Rule::PrivateAddress);
            }
            c.require(
                (1..=1_000).contains(&upstream.weight),
                &format!("upstreams[{i}].weight"),
                Rule::OutOfRange { min: 1, max: 1_000 },
            );
        }
    }
}

/// An address that paths are put behind: a host, and nothing that belongs to one call.
fn is_base_address(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
        && url.host().is_some()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
        && url.path().bytes().all(is_path_byte)
}

/// Whether a byte stands in paths as it is (RFC 3986, 3.3).
const fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'/' | b'%'
                | b'-'
                | b'.'
                | b'_'
                | b'~'
                | b'!'
                | b'$'
                | b'&'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b';'
                | b'='
                | b':'
                | b'@'
        )
}

fn check_cors(c: &mut Check, cors: &Cors) {
    c.require(!cors.origins.is_empty(), "cors.origins", Rule::Required);
    let alone = cors.origins.len() == 1;
    for (i, origin) in cors.origins.iter().enumerate() {
        let fits = (origin == "*" && alone)
            || Url::parse(origin).is_ok_and(|u| {
                matches!(u.scheme(), "http" | "https") && u.origin().ascii_serialization() == *origin
            });
        c.require(fits, &format!("cors.origins[{i}]"), Rule::Malformed { expected: "origin" });
    }
    for (i, name) in cors.expose_headers.iter().enumerate() {
        c.require(
            is_header_name(name),
            &format!("cors.expose_headers[{i}]"),
            Rule::Malformed { expected: "header_name" },
        );
    }
}

/// A token of RFC 9110, 5.6.2, of at most 100 characters.
pub fn is_header_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 100
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// Headers that frame or route a message, which therefore can never carry a credential.
fn is_reserved_header(name: &str) -> bool {
    const RESERVED: [&str; 12] = [
        "host",
        "connection",
        "content-length",
        "transfer-encoding",
        "te",
        "trailer",
        "upgrade",
        "expect",
        "forwarded",
        "authorization",
        "cookie",
        "keep-alive",
    ];
    let name = name.to_ascii_lowercase();
    RESERVED.contains(&name.as_str()) || name.starts_with("x-forwarded-") || name.starts_with("x-octroi-")
}

/// Whether the gateway may open a connection to `ip` (promise G6): public addresses always, others only inside a
/// network that the operator permits. Link-local addresses, where clouds keep their metadata, are never permitted.
pub fn may_connect(ip: std::net::IpAddr, allowed_private: &[IpNet]) -> bool {
    use std::net::IpAddr;
    let ip = ip.to_canonical();
    let (never, private) = match ip {
        IpAddr::V4(v4) => (
            v4.is_link_local() || v4.is_multicast() || v4.is_broadcast() || v4.is_unspecified(),
            v4.is_loopback()
                || v4.is_private()
                || v4.is_documentation()
                || v4.octets()[0] == 0
                || v4.octets()[0] >= 240
                || (v4.octets()[0] == 100 && (64..128).contains(&v4.octets()[1]))
                || (v4.octets()[0] == 198 && (18..20).contains(&v4.octets()[1]))
                || (v4.octets()[..3] == [192, 0, 0]),
        ),
        IpAddr::V6(v6) => {
            let s = v6.segments();
            // Addresses that carry an IPv4 one inside (NAT64, 6to4, Teredo, IPv4-compatible) could lead to any
            // network: they count as private, so that they need a permission.
            let carries_v4 = s[..2] == [0x64, 0xff9b]
                || s[0] == 0x2002
                || s[..2] == [0x2001, 0]
                || (s[..6] == [0; 6] && !v6.is_loopback());
            (
                (s[0] & 0xffc0) == 0xfe80 || v6.is_multicast() || v6.is_unspecified() || ip == METADATA_V6,
                v6.is_loopback()
                    || (s[0] & 0xfe00) == 0xfc00
                    || (s[0] & 0xffc0) == 0xfec0
                    || s[..2] == [0x2001, 0xdb8]
                    || carries_v4,
            )
        }
    };
    !never && (!private || allowed_private.iter().any(|net| net.contains(&ip)))
}

/// Where one large cloud serves instance metadata over IPv6: inside the unique-local range, so named on its own.
const METADATA_V6: std::net::IpAddr =
    std::net::IpAddr::V6(std::net::Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254));

/// What the catalogue's pages say of an API.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Presentation {
    /// One sentence for the catalogue's list.
    #[schemars(length(max = 300), regex(pattern = crate::patterns::LINE))]
    pub summary: String,
    /// The description, in Markdown.
    #[schemars(length(max = 50_000), regex(pattern = crate::patterns::PARAGRAPH))]
    pub description: String,
    /// Words to find and filter by.
    #[schemars(length(max = 30))]
    pub labels: Vec<String>,
    /// E-mail address for questions.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(email, length(max = 254))]
    pub contact_email: Option<String>,
    /// Page of the provider about the API.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2000))]
    pub contact_url: Option<String>,
}

impl Presentation {
    /// What is wrong with these texts.
    pub fn check(&self) -> Result<(), Vec<Violation>> {
        let mut c = Check::new();
        c.line("summary", &self.summary, 0, 300).paragraph("description", &self.description, 0, 50_000);
        c.require(self.labels.len() <= 30, "labels", Rule::TooLong { max: 30 });
        for (i, label) in self.labels.iter().enumerate() {
            c.line(&format!("labels[{i}]"), label, 1, 50);
        }
        if let Some(email) = &self.contact_email {
            c.require(
                crate::account::is_email(email),
                "contact_email",
                Rule::Malformed { expected: "email" },
            );
        }
        if let Some(url) = &self.contact_url {
            let fits = Url::parse(url).is_ok_and(|u| matches!(u.scheme(), "http" | "https"));
            c.require(fits, "contact_url", Rule::Malformed { expected: "url" });
        }
        c.finish()
    }
}

/// One version of an API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Api {
    /// Its identifier.
    pub id: ApiId,
    /// The provider.
    pub organization_id: OrganizationId,
    /// Shared by all versions: `sirene`.
    pub slug: String,
    /// The version: `3.11`.
    pub version: String,
    /// What people read: "API Sirene".
    pub name: String,
    /// Where it is in its life.
    pub state: ApiState,
    /// Who sees it.
    pub listing: Listing,
    /// What its pages say.
    pub presentation: Presentation,
    /// What the gateway does.
    pub gateway: GatewayDefinition,
    /// The API's own terms, in Markdown, accepted when subscribing.
    pub terms: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Counts the changes; the entity tag of the management API.
    pub edition: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(url: &str) -> GatewayDefinition {
        serde_json::from_value(serde_json::json!({
            "route": {"path": "/api-sirene/3.11"},
            "upstreams": [{"url": url}],
            "credentials": [{"in": "header", "name": "X-INSEE-Api-Key-Integration"}],
        }))
        .unwrap()
    }

    #[test]
    fn private_addresses_need_a_permission_and_metadata_never_gets_one() {
        let loopback: IpNet = "127.0.0.0/8".parse().unwrap();
        let everything: Vec<IpNet> = vec!["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()];
        for url in [
            "http://127.0.0.1:9",
            "http://10.1.2.3",
            "http://[::1]",
            "http://localhost",
            "http://[::ffff:10.0.0.1]",
            "http://[fd12::1]",
            "http://2130706433",
            "http://0x7f.1",
            "http://[64:ff9b::a9fe:a9fe]",
        ] {
            let found = definition(url).check(&[]).unwrap_err();
            assert_eq!(found[0].rule, Rule::PrivateAddress, "{url}");
            assert_eq!(definition(url).check(&everything), Ok(()), "{url}");
        }
        for url in ["http://169.254.169.254", "http://[fe80::1]", "http://0.0.0.0", "http://[fd00:ec2::254]"]
        {
            assert!(definition(url).check(&everything).is_err(), "{url}");
        }
        assert_eq!(definition("http://127.0.0.1:9").check(&[loopback]), Ok(()));
        assert_eq!(definition("https://api.insee.fr").check(&[]), Ok(()));
    }

    #[test]
    fn a_definition_reports_every_fault() {
        let mut d = definition("https://u:p@example.fr/?q");
        d.route.path = "/a//b/".into();
        d.credentials = vec![Placement::Header { name: "Host".into() }];
        d.operations = vec![OperationRule { methods: vec!["get".into()], path: "/**/x".into() }];
        d.cors =
            Some(Cors { origins: vec!["https://a.fr/".into()], expose_headers: vec![], max_age_seconds: 1 });
        let fields: Vec<_> = d.check(&[]).unwrap_err().into_iter().map(|v| v.field).collect();
        assert_eq!(
            fields,
            [
                "route.path",
                "upstreams[0].url",
                "credentials[0].name",
                "operations[0].methods[0]",
                "operations[0].path",
                "cors.origins[0]"
            ]
        );
    }
}
