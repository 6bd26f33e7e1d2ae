//! The gateway's decision without its wires: follows the feed of an application and judges calls.

use std::net::{IpAddr, Ipv4Addr};

use http::{HeaderMap, HeaderName, HeaderValue};
use octroi_domain::time::Clock as _;
use octroi_policy::feed::Delta;
use octroi_policy::stages::{Screening, locate};
use octroi_policy::{Admitted, Outcome, Policy, Refusal, RequestFacts, Snapshot};

use crate::{FakeClock, House, app_options};

/// A gateway that decides and forwards nothing.
pub struct Gate {
    /// What it decides by.
    pub policy: Policy,
    clock: FakeClock,
}

impl Gate {
    /// A gateway that has loaded everything.
    pub async fn open(house: &House) -> Self {
        let vault = app_options(house.database.store.clone(), &house.clock).vault;
        let policy = Policy {
            snapshot: Snapshot::new(),
            instance: vault.instance,
            peppers: vault.peppers,
            portal_origins: Vec::new(),
        };
        let gate = Self { policy, clock: house.clock.clone() };
        gate.follow(house).await;
        gate
    }

    /// Reads the feed once; gives what came.
    pub async fn follow(&self, house: &House) -> Delta {
        let delta = house.app.snapshot(self.policy.snapshot.revision()).await.expect("the feed can be read");
        let applied = self.policy.snapshot.apply(delta.clone(), self.clock.now()).expect("the change fits");
        assert_eq!(applied.faults, [], "everything compiles");
        delta
    }

    /// The outcome's code of a call to Sirene with this key, once the feed was read.
    pub async fn call(&self, house: &House, key: &str) -> &'static str {
        self.follow(house).await;
        self.judge("/api-sirene/3.11/siret/1", &[("x-insee-api-key-integration", key)])
    }

    /// The outcome's code of a call, by what is known already.
    pub fn judge(&self, path: &str, headers: &[(&'static str, &str)]) -> &'static str {
        match self.decide(path, headers) {
            Ok(_) => Outcome::Admitted.code(),
            Err(refusal) => refusal.outcome.code(),
        }
    }

    /// The decision on a call, by what is known already.
    pub fn decide(&self, path: &str, headers: &[(&'static str, &str)]) -> Result<Admitted, Box<Refusal>> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).expect("a header value");
            map.append(HeaderName::from_static(name), value);
        }
        let facts = RequestFacts {
            method: "GET",
            host: Some("gateway.test"),
            path,
            query: None,
            headers: &map,
            body_bytes: None,
            client_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            now: self.clock.now(),
        };
        let Screening::Passed(screened) = locate(&self.policy, facts)?.screen(&self.policy)? else {
            panic!("a preflight is no call");
        };
        screened.identify(&self.policy)?.authorize()?.validate()?.limit(&self.policy)
    }
}
