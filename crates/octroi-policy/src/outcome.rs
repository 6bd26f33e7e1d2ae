//! How a call ended, as a stable code: the same word in the log, the metric, the answer, the documentation page
//! (`docs/errors/<code>.md`) and the portal's "why was I refused?".

/// Who can do something about an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Nobody: it went well.
    Nobody,
    /// The caller.
    Client,
    /// Octroi or its operator.
    Us,
    /// The server behind the API.
    Upstream,
}

impl Fault {
    /// The stable word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Client => "client",
            Self::Us => "us",
            Self::Upstream => "upstream",
        }
    }
}

macro_rules! outcomes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $class:literal, $fault:ident, $status:literal;)*) => {
        /// How a call ended.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Outcome { $($(#[$doc])* $name,)* }

        impl Outcome {
            /// Every outcome.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The stable code: for the log, the metrics and the consumer's own "why was I refused?".
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// The code that the answer shows. Outcomes that an outsider must not tell apart share one.
            pub const fn public_code(self) -> &'static str {
                match self { $(Self::$name => $class,)* }
            }

            /// Who can do something about it.
            pub const fn fault(self) -> Fault {
                match self { $(Self::$name => Fault::$fault,)* }
            }

            /// The HTTP status where the dialect names no other.
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// The outcome with this code.
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$name),)* _ => None }
            }
        }
    };
}

outcomes! {
    /// Let through, and answered by the upstream.
    Admitted = "admitted", "admitted", Nobody, 200;
    /// A browser's preflight, answered without a credential.
    CorsPreflight = "cors_preflight", "cors_preflight", Nobody, 204;
    /// Not a request that can be read in one way only.
    MalformedRequest = "malformed_request", "malformed_request", Client, 400;
    /// A path that two servers could read in two ways.
    PathAmbiguous = "path_ambiguous", "path_ambiguous", Client, 400;
    /// Too many headers, or too long ones.
    HeaderTooLarge = "header_too_large", "header_too_large", Client, 431;
    /// A body longer than the API allows.
    BodyTooLarge = "body_too_large", "body_too_large", Client, 413;
    /// The request came too slowly.
    RequestTimeout = "request_timeout", "request_timeout", Client, 408;
    /// An `Expect` that is not `100-continue`.
    ExpectationUnsupported = "expectation_unsupported", "expectation_unsupported", Client, 417;
    /// A change of protocol that the gateway does not carry.
    UpgradeUnsupported = "upgrade_unsupported", "upgrade_unsupported", Client, 501;
    /// No API at this host and path.
    ApiNotFound = "api_not_found", "api_not_found", Client, 404;
    /// The API is there, and something in its definition keeps it shut.
    ApiUnavailable = "api_unavailable", "api_unavailable", Us, 503;
    /// The client address may not call this API.
    IpDenied = "ip_denied", "ip_denied", Client, 403;
    /// Too many calls from this client address.
    IpRateLimited = "ip_rate_limited", "ip_rate_limited", Client, 429;
    /// A web page of this origin may not call this API.
    OriginDenied = "origin_denied", "origin_denied", Client, 403;
    /// No credential where the API looks for one.
    CredentialMissing = "credential_missing", "unauthorized", Client, 401;
    /// Begins like one of ours and is mistyped: the checksum does not hold.
    CredentialMalformed = "credential_malformed", "unauthorized", Client, 401;
    /// Nobody has this credential.
    CredentialUnknown = "credential_unknown", "unauthorized", Client, 401;
    /// Revoked, or its subscription or application is closed.
    CredentialRevoked = "credential_revoked", "unauthorized", Client, 401;
    /// Past its end, or its subscription is.
    CredentialExpired = "credential_expired", "unauthorized", Client, 401;
    /// Paused, or its subscription is paused or pending.
    CredentialPaused = "credential_paused", "unauthorized", Client, 401;
    /// Good, but for another API.
    CredentialForeign = "credential_foreign", "unauthorized", Client, 401;
    /// A signed token that is not one of ours, or not for this use.
    TokenInvalid = "token_invalid", "unauthorized", Client, 401;
    /// Two different credentials in one call.
    CredentialAmbiguous = "credential_ambiguous", "credential_ambiguous", Client, 400;
    /// The credential may not be used from this network.
    FilterDenied = "filter_denied", "filter_denied", Client, 403;
    /// The credential does not open this part of the API.
    ResourceDenied = "resource_denied", "resource_denied", Client, 403;
    /// The API knows the path, not with this method.
    MethodNotAllowed = "method_not_allowed", "method_not_allowed", Client, 405;
    /// The API lets no method through at this path.
    PathNotAllowed = "path_not_allowed", "path_not_allowed", Client, 404;
    /// A required query parameter is missing.
    ParameterMissing = "parameter_missing", "parameter_missing", Client, 400;
    /// More calls in the window than the plan gives.
    RateLimited = "rate_limited", "rate_limited", Client, 429;
    /// More calls in the calendar period than the plan gives.
    QuotaExceeded = "quota_exceeded", "quota_exceeded", Client, 429;
    /// The gateway has not yet read what it serves.
    GatewayNotReady = "gateway_not_ready", "gateway_not_ready", Us, 503;
    /// The gateway has more to do than it can.
    Overloaded = "overloaded", "overloaded", Us, 503;
    /// The upstream's name leads to a network that the gateway may not reach.
    UpstreamForbidden = "upstream_forbidden", "upstream_forbidden", Us, 502;
    /// No connection to the upstream.
    UpstreamUnreachable = "upstream_unreachable", "upstream_unreachable", Upstream, 502;
    /// The upstream did not answer in time.
    UpstreamTimeout = "upstream_timeout", "upstream_timeout", Upstream, 504;
    /// The upstream's answer broke off or is not HTTP.
    UpstreamBroken = "upstream_broken", "upstream_broken", Upstream, 502;
    /// The caller went away before the answer's end.
    ClientGone = "client_gone", "client_gone", Client, 499;
}

impl Outcome {
    /// Whether the call was let through to the upstream, whatever came of it there.
    pub const fn admitted(self) -> bool {
        matches!(self, Self::Admitted)
    }

    /// Whether this is a refusal or a failure, with an answer of our own and a documentation page.
    pub const fn is_failure(self) -> bool {
        !matches!(self, Self::Admitted | Self::CorsPreflight)
    }

    /// The only public code for everything that is wrong with a credential.
    pub const UNAUTHORIZED: &'static str = "unauthorized";
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_lead_back() {
        let codes: std::collections::BTreeSet<_> = Outcome::ALL.iter().map(|o| o.code()).collect();
        assert_eq!(codes.len(), Outcome::ALL.len());
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::from_code(outcome.code()), Some(*outcome));
        }
    }

    #[test]
    fn everything_wrong_with_a_credential_is_answered_alike() {
        for outcome in Outcome::ALL.iter().filter(|o| o.status() == 401) {
            assert_eq!(outcome.public_code(), Outcome::UNAUTHORIZED);
        }
    }

    #[test]
    fn every_outcome_has_a_documentation_page() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors");
        let index = std::fs::read_to_string(folder.join("README.md")).unwrap();
        let codes = Outcome::ALL.iter().map(|o| o.code()).chain([Outcome::UNAUTHORIZED]);
        for code in codes {
            let page = std::fs::read_to_string(folder.join(format!("{code}.md"))).expect(code);
            assert!(page.contains(code), "{code}");
            assert!(index.contains(&format!("({code}.md)")), "{code} is not in the index");
        }
    }
}
