//! The snapshot and the stages through their public doors.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::time::Duration;

use http::HeaderMap;
use octroi_domain::api::{ApiState, UpstreamClass};
use octroi_domain::credential::{Instance, Pepper, Peppers};
use octroi_domain::ids::{ApiId, ApplicationId, CredentialId, PlanId, SubscriptionId};
use octroi_domain::plan::{Limits, RateLimit, Security};
use octroi_domain::time::Timestamp;
use octroi_policy::explain::explain;
use octroi_policy::feed::*;
use octroi_policy::keys::TOMBSTONE_LIFE;
use octroi_policy::snapshot::Unfit;
use octroi_policy::stages::{Screening, locate};
use octroi_policy::{Admitted, Outcome, Policy, Refusal, RequestFacts, Snapshot};
use proptest::prelude::*;
use serde_json::json;

const NOW: Timestamp = Timestamp::from_millis(1_795_364_438_123);
const SECRET: &str = "an-imported-key-of-mine";

fn peppers() -> Peppers {
    Peppers::new(Pepper::new(1, &[7; 32]), vec![Pepper::new(0, &[6; 32])])
}

fn api() -> ApiSource {
    let gateway = json!({
        "route": {"path": "/s"},
        "upstreams": [
            {"url": "http://192.0.2.1/live"},
            {"url": "http://192.0.2.2/sandbox", "class": "sandbox"},
        ],
        "credentials": [{"in": "query", "name": "api-key"}, {"in": "header", "name": "X-Key"}, {"in": "basic"}],
        "operations": [{"methods": ["GET"], "path": "/**"}],
    });
    let limits = Limits { rate: Some(RateLimit { count: 2, window_seconds: 60 }), quota: None };
    ApiSource {
        id: ApiId::from_u128(1),
        slug: "sirene".into(),
        version: "3.11".into(),
        state: ApiState::Published,
        gateway: serde_json::from_value(gateway).unwrap(),
        plans: vec![PlanSource {
            id: PlanId::from_u128(1),
            slug: "public".into(),
            security: Security::ApiKey,
            limits,
            operations: Vec::new(),
        }],
    }
}

fn grant() -> Grant {
    Grant {
        api_id: ApiId::from_u128(1),
        plan_id: PlanId::from_u128(1),
        subscription_id: SubscriptionId::from_u128(1),
        limits: api().plans[0].limits,
        scopes: vec![],
        resources: vec![],
        upstream: UpstreamClass::Live,
        ends_at: None,
        subject: None,
        filters: vec![],
    }
}

fn key(id: u128, secret: &str, status: KeyStatus) -> KeyRecord {
    KeyRecord {
        id: CredentialId::from_u128(id),
        kind: KeyKind::Opaque,
        digest: peppers().digest(secret).1,
        application_id: ApplicationId::from_u128(1),
        status,
    }
}

fn open() -> KeyStatus {
    KeyStatus::Open { expires_at: None, grants: vec![grant()] }
}

fn whole(to: i64, keys: Vec<KeyRecord>) -> Delta {
    let catalogue = CatalogueSource { apis: vec![api()], issuer: None };
    Delta { from: None, to: Revision(to), catalogue: Some(catalogue), keys, quota_used: vec![] }
}

fn step(from: i64, to: i64, keys: Vec<KeyRecord>) -> Delta {
    Delta { from: Some(Revision(from)), to: Revision(to), keys, ..Delta::default() }
}

fn policy(keys: Vec<KeyRecord>) -> Policy {
    let policy = Policy {
        snapshot: Snapshot::new(),
        instance: Instance::new("octroi").unwrap(),
        peppers: peppers(),
        portal_origins: vec![],
    };
    policy.snapshot.apply(whole(1, keys), NOW).unwrap();
    policy
}

fn decide(policy: &Policy, query: Option<&str>, headers: &HeaderMap) -> Result<Admitted, Box<Refusal>> {
    let facts = facts("/s/x", query, headers);
    match locate(policy, facts)?.screen(policy)? {
        Screening::Passed(screened) => screened.identify(policy)?.authorize()?.validate()?.limit(policy),
        Screening::Preflight(_) => panic!("not a preflight"),
    }
}

fn facts<'r>(path: &'r str, query: Option<&'r str>, headers: &'r HeaderMap) -> RequestFacts<'r> {
    let client_ip = "192.0.2.9".parse().unwrap();
    RequestFacts { method: "GET", host: None, path, query, headers, body_bytes: Some(0), client_ip, now: NOW }
}

fn with_key(secret: &str) -> HeaderMap {
    HeaderMap::from_iter([(http::HeaderName::from_static("x-key"), secret.parse().unwrap())])
}

fn outcome(policy: &Policy, secret: &str) -> Outcome {
    decide(policy, None, &with_key(secret)).map_or_else(|r| r.outcome, |_| Outcome::Admitted)
}

#[test]
fn a_whole_snapshot_replaces_whatever_was_there() {
    let policy = policy(vec![key(5, SECRET, open())]);
    assert_eq!(outcome(&policy, SECRET), Outcome::Admitted);
    policy.snapshot.apply(whole(2, vec![key(3, SECRET, KeyStatus::Revoked)]), NOW).unwrap();
    assert_eq!(outcome(&policy, SECRET), Outcome::CredentialRevoked);
}

#[test]
fn before_the_first_load_nothing_is_let_through() {
    let empty = Policy { snapshot: Snapshot::new(), ..policy(vec![]) };
    assert_eq!(outcome(&empty, SECRET), Outcome::GatewayNotReady);
}

#[test]
fn a_change_must_follow_and_a_refused_one_changes_nothing() {
    let policy = policy(vec![key(1, SECRET, open())]);
    let snapshot = &policy.snapshot;
    let at = Some(Revision(1));
    let revoked = || vec![key(1, SECRET, KeyStatus::Revoked)];
    assert_eq!(
        snapshot.apply(step(2, 3, revoked()), NOW),
        Err(Unfit::DoesNotFollow { from: Revision(2), at })
    );
    assert_eq!(
        snapshot.apply(step(0, 1, revoked()), NOW),
        Err(Unfit::DoesNotFollow { from: Revision(0), at })
    );
    let older = Err(Unfit::Older { to: Revision(0), at: Revision(1) });
    assert_eq!(snapshot.apply(whole(0, vec![]), NOW), older);
    assert_eq!(snapshot.apply(step(1, 0, revoked()), NOW), older);
    let blank = Delta { from: None, to: Revision(9), ..Delta::default() };
    assert_eq!(snapshot.apply(blank, NOW), Err(Unfit::Incomplete));
    assert_eq!((snapshot.revision(), outcome(&policy, SECRET)), (at, Outcome::Admitted));
}

#[test]
fn deltas_tombstones_and_whole_snapshots_move_keys() {
    let policy = policy(vec![key(1, SECRET, open())]);
    let snapshot = &policy.snapshot;
    let second = key(2, "another-key-of-mine", open());
    snapshot.apply(step(1, 2, vec![key(1, SECRET, KeyStatus::Revoked), second.clone()]), NOW).unwrap();
    assert_eq!(outcome(&policy, SECRET), Outcome::CredentialRevoked);
    assert_eq!(outcome(&policy, "another-key-of-mine"), Outcome::Admitted);
    let later = NOW.after(TOMBSTONE_LIFE + Duration::from_secs(1));
    snapshot.apply(step(2, 3, vec![]), later).unwrap();
    assert_eq!(outcome(&policy, SECRET), Outcome::CredentialUnknown);
    assert_eq!(snapshot.keys.len(), 1);
    snapshot.apply(whole(4, vec![key(3, "a-third-key-of-mine", open())]), later).unwrap();
    assert_eq!(outcome(&policy, "another-key-of-mine"), Outcome::CredentialUnknown);
    assert_eq!(outcome(&policy, "a-third-key-of-mine"), Outcome::Admitted);
}

#[test]
fn counts_survive_a_whole_snapshot() {
    let policy = policy(vec![key(1, SECRET, open())]);
    assert_eq!(outcome(&policy, SECRET), Outcome::Admitted);
    assert_eq!(outcome(&policy, SECRET), Outcome::Admitted);
    policy.snapshot.apply(whole(2, vec![key(1, SECRET, open())]), NOW).unwrap();
    policy.snapshot.sweep(NOW);
    assert_eq!(outcome(&policy, SECRET), Outcome::RateLimited);
}

#[test]
fn keys_stored_under_other_digests_are_found() {
    let old = Peppers::new(Pepper::new(0, &[6; 32]), vec![]);
    let sha256 = octroi_domain::credential::digest::sha256(b"only-its-digest-is-known");
    let imported = KeyRecord { digest: peppers().digest_of_sha256(&sha256).1, ..key(1, "x", open()) };
    let aged = KeyRecord { digest: old.digest("from-before-the-pepper").1, ..key(2, "x", open()) };
    let policy = policy(vec![imported, aged]);
    assert_eq!(outcome(&policy, "only-its-digest-is-known"), Outcome::Admitted);
    assert_eq!(outcome(&policy, "from-before-the-pepper"), Outcome::Admitted);
}

#[test]
fn a_grant_for_fictitious_data_never_reaches_the_real_ones() {
    let sandbox = Grant { upstream: UpstreamClass::Sandbox, ..grant() };
    let status = KeyStatus::Open { expires_at: None, grants: vec![sandbox] };
    let policy = policy(vec![key(1, SECRET, status)]);
    let admitted = decide(&policy, None, &with_key(SECRET)).unwrap();
    assert!(admitted.targets().iter().all(|t| admitted.path_and_query(t) == "/sandbox/x"));
    let mut without = api();
    without.gateway.upstreams.pop();
    let catalogue = Some(CatalogueSource { apis: vec![without], issuer: None });
    let change = Delta { catalogue, ..step(1, 2, vec![]) };
    policy.snapshot.apply(change, NOW).unwrap();
    assert_eq!(outcome(&policy, SECRET), Outcome::ApiUnavailable);
}

#[test]
fn a_grant_for_a_part_opens_that_part_only() {
    let part = |resource: &str| {
        let grant = Grant { resources: vec![resource.into()], ..grant() };
        let policy = policy(vec![key(1, SECRET, KeyStatus::Open { expires_at: None, grants: vec![grant] })]);
        outcome(&policy, SECRET)
    };
    assert_eq!(part("/x"), Outcome::Admitted);
    assert_eq!(part("/xy"), Outcome::ResourceDenied);
    assert_eq!(part("a-layer"), Outcome::ResourceDenied);
}

#[test]
fn the_old_and_the_new_secret_of_a_client_do_not_shut_each_other_out() {
    let client = |id, status| KeyRecord { kind: KeyKind::OauthClient, ..key(id, "oauth-client:x", status) };
    for order in [[1, 2], [2, 1]] {
        let policy = policy(vec![]);
        let records = order.map(|id| client(id, if id == 1 { KeyStatus::Revoked } else { open() }));
        policy.snapshot.apply(step(1, 2, records.to_vec()), NOW).unwrap();
        let digest = peppers().digest("oauth-client:x").1;
        let found = policy.snapshot.keys.find(&digest, KeyKind::OauthClient).unwrap();
        assert_eq!(found.id, CredentialId::from_u128(2));
        assert!(policy.snapshot.keys.find(&digest, KeyKind::Opaque).is_none());
    }
}

#[test]
fn an_explanation_names_every_stage_and_counts_nothing() {
    let policy = policy(vec![key(1, SECRET, open())]);
    let ask = |path, secret: &str| {
        let headers = with_key(secret);
        let explanation = explain(&policy, facts(path, None, &headers));
        (explanation.outcome, explanation.stages.iter().map(|s| (s.stage, s.passed)).collect::<Vec<_>>())
    };
    for _ in 0..5 {
        let (outcome, stages) = ask("/s/x", SECRET);
        assert_eq!((outcome, stages.len(), stages.iter().all(|s| s.1)), ("admitted", 6, true));
    }
    assert_eq!(
        ask("/s/x", "a-key-nobody-has"),
        ("credential_unknown", vec![("locate", true), ("screen", true), ("identify", false)])
    );
    assert_eq!(ask("/t", SECRET), ("api_not_found", vec![("locate", false)]));
    assert_eq!(outcome(&policy, SECRET), Outcome::Admitted);
    assert_eq!(outcome(&policy, SECRET), Outcome::Admitted);
    assert_eq!(ask("/s/x", SECRET).0, "rate_limited");
}

proptest! {
    #[test]
    fn a_normal_path_is_its_own_normal_form_and_hides_nothing(path in "/([a-z.;%/\\\\ ]|%[0-9a-fA-F]{2}|é){0,12}") {
        if let Ok(normal) = octroi_policy::path::normalise(&path) {
            let again = octroi_policy::path::normalise(&normal);
            prop_assert_eq!(again.as_deref(), Ok(&*normal));
            prop_assert!(normal.is_ascii() && !normal.contains("//") && !normal.contains(';') && !normal.contains('\\'));
            prop_assert!(normal.split('/').all(|s| s != "." && s != ".."));
            let decoded = percent_encoding::percent_decode_str(&normal).collect::<Vec<u8>>();
            prop_assert_eq!(decoded.iter().filter(|b| **b == b'/').count(), normal.matches('/').count());
            prop_assert!(decoded.iter().all(|b| *b >= 0x20 && *b != 0x7f));
            let given = percent_encoding::percent_decode_str(&path).collect::<Vec<u8>>();
            prop_assert_eq!(decoded, given);
        }
    }

    #[test]
    fn a_key_is_found_wherever_it_stands_and_never_reaches_the_upstream(
        before in proptest::collection::vec("[a-z]{1,3}=[a-z0-9%2B]{0,4}", 0..4),
        place in 0_usize..3,
        upper in any::<bool>(),
    ) {
        let policy = policy(vec![key(1, SECRET, open())]);
        let mut headers = HeaderMap::new();
        let mut query = before.join("&");
        match place {
            0 => {
                let name = if upper { "api%2Dkey" } else { "api-key" };
                query = format!("{query}&{name}={SECRET}");
            }
            1 => {
                headers.insert("x-key", SECRET.parse().unwrap());
            }
            _ => {
                use base64::Engine as _;
                let pair = base64::engine::general_purpose::STANDARD.encode(format!("me:{SECRET}"));
                let scheme = if upper { "BASIC" } else { "Basic" };
                headers.insert("authorization", format!("{scheme} {pair}").parse().unwrap());
            }
        }
        let admitted = decide(&policy, Some(&query), &headers).map_err(|r| r.outcome).unwrap();
        let target = admitted.path_and_query(&admitted.targets()[0]);
        prop_assert!(!target.contains(SECRET));
        for part in &before {
            prop_assert!(target.contains(part.as_str()));
        }
        for name in headers.keys() {
            prop_assert!(admitted.hidden_headers().contains(name));
        }
    }
}
