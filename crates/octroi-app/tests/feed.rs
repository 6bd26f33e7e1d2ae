//! The feed: what gateways are told, whole and step by step, and that both lead to the same.

#![allow(clippy::unwrap_used, reason = "a test that fails stops here")]

use std::time::Duration;

use octroi_domain::ids::BootId;
use octroi_domain::plan::PlanDefinition;
use octroi_domain::subscription::Transition::{Close, Pause, Resume};
use octroi_policy::feed::{Delta, KeyRecord, KeyStatus, Revision, UsageBatch, UsageRow};
use octroi_testkit::{Gate, House, on_both, plan, subscribe};
use serde_json::json;

async fn delta(house: &House, after: Option<Revision>) -> Delta {
    house.app.snapshot(after).await.unwrap()
}

/// The records by id, to compare two ways to one state.
fn sorted(mut keys: Vec<KeyRecord>) -> Vec<KeyRecord> {
    keys.sort_by_key(|k| k.id);
    keys
}

fn fast() -> PlanDefinition {
    plan("public", json!({"limits": {"rate": {"count": 5000, "window_seconds": 60}}}))
}

on_both! {
    async fn nothing_new_is_nothing(house) {
        let empty = delta(house, None).await;
        assert_eq!((empty.from, empty.keys.len()), (None, 0));
        assert!(empty.catalogue.is_some());
        house.publish(json!({}), vec![plan("public", json!({}))]).await;
        let whole = delta(house, None).await;
        assert!(whole.to > empty.to);
        let nothing = delta(house, Some(whole.to)).await;
        assert_eq!((nothing.from, nothing.to, nothing.keys.len()), (Some(whole.to), whole.to, 0));
        assert!(nothing.catalogue.is_none());
        // A database restored from a backup is behind its gateways: they get everything.
        let restored = delta(house, Some(Revision(whole.to.0 + 5))).await;
        assert_eq!((restored.from, restored.to), (None, whole.to));
    }

    async fn step_by_step_and_whole_lead_to_the_same(house) {
        let plans = vec![plan("public", json!({})), plan("machine", json!({"security": "oauth2", "scopes": ["read"]}))];
        let sirene = house.publish(json!({}), plans).await;
        house.app.ensure_signing_key().await.unwrap();
        let ada = house.person("ada", &[]).await;
        let mut at = delta(house, None).await;
        let mut known: std::collections::BTreeMap<_, _> = Default::default();
        let (app, client) = (house.application(&ada, "Une").await, house.client(&ada, "Machine").await.application);

        macro_rules! step {
            ($what:expr) => {{
                let done = $what.await.unwrap();
                let next = delta(house, Some(at.to)).await;
                assert_eq!(next.from, Some(at.to));
                assert!(next.to > at.to, "gateways hear of it");
                known.extend(next.keys.iter().map(|k| (k.id, k.clone())));
                at = next;
                done
            }};
        }
        let key = step!(house.app.subscribe(&ada, subscribe(app.id, sirene.plan_id(0))));
        let (id, key) = (key.subscription.id, key.key.unwrap().credential.id);
        let machine = step!(house.app.subscribe(&ada, subscribe(client.id, sirene.plan_id(1)))).subscription.id;
        step!(house.app.pause_credential(&ada, key));
        step!(house.app.resume_credential(&ada, key));
        let new = step!(house.app.renew_credential(&ada, key, Default::default())).credential.id;
        step!(house.app.decide_subscription(&sirene.provider, machine, Pause, Default::default(), None));
        step!(house.app.decide_subscription(&sirene.provider, machine, Resume, Default::default(), None));
        step!(house.app.rotate_client_secret(&ada, client.id, Default::default()));
        step!(house.app.revoke_credential(&ada, new));
        step!(house.app.update_plan(&sirene.provider, sirene.plan_id(0), fast(), None));
        step!(house.app.decide_subscription(&ada, id, Close, Default::default(), None));

        let whole = delta(house, None).await;
        assert_eq!(whole.to, at.to);
        let known: Vec<KeyRecord> = known.into_values().collect();
        assert_eq!(sorted(whole.keys), sorted(known));
    }

    async fn a_change_of_limits_reaches_every_key_under_the_plan(house) {
        let slow = plan("public", json!({"limits": {"rate": {"count": 1, "window_seconds": 60}}}));
        let sirene = house.publish(json!({}), vec![slow]).await;
        let gate = Gate::open(house).await;
        let ada = house.person("ada", &[]).await;
        let mut keys = Vec::new();
        for name in ["Une", "Deux", "Trois"] {
            let app = house.application(&ada, name).await;
            keys.push(house.subscribed(&ada, app.id, sirene.plan_id(0)).await.1.secret);
        }
        for key in &keys {
            assert_eq!(gate.call(house, key).await, "admitted");
            assert_eq!(gate.call(house, key).await, "rate_limited");
        }
        house.app.update_plan(&sirene.provider, sirene.plan_id(0), fast(), None).await.unwrap();
        assert_eq!(gate.follow(house).await.keys.len(), 3);
        for key in &keys {
            assert_eq!(gate.call(house, key).await, "admitted");
        }
    }

    async fn tombstones_are_told_for_thirty_days(house) {
        let sirene = house.publish(json!({}), vec![plan("public", json!({}))]).await;
        let ada = house.person("ada", &[]).await;
        let app = house.application(&ada, "Une").await;
        let (subscription, key) = house.subscribed(&ada, app.id, sirene.plan_id(0)).await;
        house.app.revoke_credential(&ada, key.credential.id).await.unwrap();
        let kept = house.app.issue_key(&ada, subscription.id).await.unwrap();

        house.clock.advance(Duration::from_secs(30 * 24 * 3600));
        assert_eq!(Gate::open(house).await.call(house, &key.secret).await, "credential_revoked");
        house.clock.advance(Duration::from_secs(2 * 24 * 3600));
        let gate = Gate::open(house).await;
        assert_eq!(gate.call(house, &key.secret).await, "credential_unknown");
        assert_eq!(gate.call(house, &kept.secret).await, "admitted");
    }

    async fn a_new_gateway_knows_what_is_used_of_a_quota(house) {
        let quota = json!({"limits": {"rate": null, "quota": {"count": 10, "period": "month"}}});
        let sirene = house.publish(json!({}), vec![plan("public", quota)]).await;
        let ada = house.person("ada", &[]).await;
        let app = house.application(&ada, "Une").await;
        let (subscription, key) = house.subscribed(&ada, app.id, sirene.plan_id(0)).await;
        let now = house.app.now();
        let row = |calls, admitted, days: u64| UsageRow {
            minute: now.before(Duration::from_secs(days * 24 * 3600)),
            api_id: Some(sirene.api_id()),
            subscription_id: Some(subscription.id),
            credential_id: Some(key.credential.id),
            outcome: "admitted".into(),
            status: 200,
            admitted,
            calls,
            bytes_in: 0,
            bytes_out: 0,
            duration_us: 1,
        };
        // Before the month and refused ones do not count.
        let rows = vec![row(5, true, 0), row(4, true, 3), row(7, false, 0), row(100, true, 40)];
        let batch = UsageBatch { gateway: "g".into(), boot: BootId::from_u128(1), sequence: 1, rows };
        house.app.ingest(&batch).await.unwrap();

        let whole = delta(house, None).await;
        assert_eq!(whole.quota_used.len(), 1);
        assert_eq!(whole.quota_used[0].used, 9);
        let gate = Gate::open(house).await;
        assert_eq!(gate.call(house, &key.secret).await, "admitted");
        assert_eq!(gate.call(house, &key.secret).await, "quota_exceeded");
    }

    async fn what_cannot_open_is_never_open(house) {
        let sirene = house.publish(json!({}), vec![plan("public", json!({}))]).await;
        let ada = house.person("ada", &[]).await;
        let app = house.application(&ada, "Une").await;
        let (_, key) = house.subscribed(&ada, app.id, sirene.plan_id(0)).await;
        // A plan that turned into another kind behind everybody's back opens nothing to keys.
        let sql = "UPDATE plans SET definition = REPLACE(definition, '\"api_key\"', '\"oauth2\"')";
        house.database.meddle(sql).await;
        let whole = delta(house, None).await;
        let record = whole.keys.iter().find(|k| k.id == key.credential.id).unwrap();
        assert!(matches!(&record.status, KeyStatus::Open { grants, .. } if grants.is_empty()));
        assert_eq!(Gate::open(house).await.call(house, &key.secret).await, "credential_foreign");
    }

    async fn many_keys_are_read_in_sets(house) {
        let sirene = house.publish(json!({}), vec![plan("public", json!({}))]).await;
        let ada = house.person("ada", &[]).await;
        let admin = house.person("root", &[octroi_domain::account::PortalRole::Admin]).await;
        let app = house.application(&ada, "Une").await;
        let (subscription, _) = house.subscribed(&ada, app.id, sirene.plan_id(0)).await;
        let before = delta(house, None).await.to;
        // More than one chunk of the whole load.
        let keys = (0..2_500)
            .map(|i| serde_json::from_value(json!({"secret": format!("imported-{i:05}")})).unwrap())
            .collect();
        house.app.import_keys(&admin, subscription.id, keys).await.unwrap();
        assert_eq!(delta(house, Some(before)).await.keys.len(), 2_500);
        let whole = delta(house, None).await;
        assert_eq!(whole.keys.len(), 2_501);
        let distinct: std::collections::HashSet<_> = whole.keys.iter().map(|k| k.id).collect();
        assert_eq!(distinct.len(), 2_501);
        let gate = Gate::open(house).await;
        assert_eq!(gate.call(house, "imported-02499").await, "admitted");
    }
}
