//! Counts of calls through their doors: taken in once, whatever is repeated; asked for by whom they concern.

#![allow(clippy::unwrap_used, reason = "a test that fails stops here")]

use std::time::Duration;

use octroi_app::AppError;
use octroi_app::subscriptions::SubscriptionView;
use octroi_app::usage::{MAX_BATCH_ROWS, UsageQuery, UsageStep};
use octroi_domain::actor::Actor;
use octroi_domain::ids::{BootId, CredentialId, SubscriptionId};
use octroi_domain::time::Timestamp;
use octroi_policy::feed::{UsageBatch, UsageRow};
use octroi_store::UsageBatchName;
use octroi_testkit::{House, Mailbox, Published, on_both, plan, violations};
use serde_json::json;

async fn scene(house: &House) -> (Published, Actor, SubscriptionView) {
    let sirene = house.publish(json!({}), vec![plan("public", json!({}))]).await;
    let ada = house.person("ada", &[]).await;
    let app = house.application(&ada, "Une").await;
    let subscription = house.subscribed(&ada, app.id, sirene.plan_id(0)).await.0;
    (sirene, ada, subscription)
}

fn row(subscription: &SubscriptionView, minute: Timestamp, outcome: &str, calls: u64) -> UsageRow {
    UsageRow {
        minute,
        api_id: Some(subscription.api.id),
        subscription_id: Some(subscription.id),
        credential_id: None,
        outcome: outcome.to_owned().into(),
        status: if outcome == "admitted" { 200 } else { 429 },
        admitted: outcome == "admitted",
        calls,
        bytes_in: 10 * calls,
        bytes_out: 100 * calls,
        duration_us: 1_000 * calls,
    }
}

fn batch(sequence: i64, rows: Vec<UsageRow>) -> UsageBatch {
    UsageBatch { gateway: "gw-1".into(), boot: BootId::from_u128(7), sequence, rows }
}

/// Rows of a batch that is too large to be written at once.
const MANY: u128 = 600;

async fn rows_written(house: &House) -> String {
    let rows = house.database.texts("SELECT CAST(COUNT(*) AS TEXT) FROM usage_minutes").await;
    rows.into_iter().next().unwrap_or_default()
}

fn of(subscription: SubscriptionId, step: UsageStep) -> UsageQuery {
    UsageQuery { subscription_id: Some(subscription), step, ..UsageQuery::default() }
}

on_both! {
    async fn a_batch_counts_once_whatever_is_repeated(house) {
        let (sirene, ada, subscription) = scene(house).await;
        let now = house.app.now();
        let minute_ago = now.before(Duration::from_secs(60));
        let rows = vec![
            row(&subscription, minute_ago, "admitted", 3),
            row(&subscription, minute_ago, "admitted", 4),
            row(&subscription, minute_ago, "rate_limited", 2),
        ];
        assert!(house.app.ingest(&batch(1, rows.clone())).await.unwrap());
        assert!(!house.app.ingest(&batch(1, rows.clone())).await.unwrap());
        assert!(house.app.ingest(&batch(2, rows.clone())).await.unwrap(), "the next one of the same gateway");
        let other = UsageBatch { boot: BootId::from_u128(8), ..batch(1, rows) };
        assert!(house.app.ingest(&other).await.unwrap(), "after a restart");

        let usage = house.app.usage(&ada, &of(subscription.id, UsageStep::Minute)).await.unwrap();
        assert_eq!((usage.calls, usage.admitted, usage.points.len()), (27, 21, 1));
        let point = &usage.points[0];
        assert_eq!((point.calls, point.bytes_in, point.bytes_out), (27, 270, 2_700));
        assert_eq!(point.mean_duration_us, 1_000);
        assert_eq!(point.start.as_millis() % 60_000, 0);
        let outcomes: Vec<_> = usage.outcomes.iter().map(|o| (o.outcome.as_str(), o.status, o.calls)).collect();
        assert_eq!(outcomes, [("admitted", 200, 21), ("rate_limited", 429, 6)]);
        let listed = house.app.api(&Actor::Anonymous, sirene.api_id()).await.unwrap();
        assert_eq!(listed.calls_last_7_days, 21, "refusals, which anybody can cause, are left out");
        house.clock.advance(Duration::from_secs(7 * 24 * 3600));
        let listed = house.app.api(&Actor::Anonymous, sirene.api_id()).await.unwrap();
        assert_eq!(listed.calls_last_7_days, 0);
    }

    async fn two_deliveries_at_once_count_once(house) {
        let (_, ada, subscription) = scene(house).await;
        let now = house.app.now();
        let rows: Vec<_> = (0..50)
            .map(|i| row(&subscription, now.before(Duration::from_secs(60 * i)), "admitted", 1))
            .collect();
        let mut backwards = rows.clone();
        backwards.reverse();
        let tasks: Vec<_> = [(1, rows.clone()), (1, rows), (2, backwards.clone()), (2, backwards)]
            .into_iter()
            .map(|(sequence, rows)| {
                let app = house.app.clone();
                tokio::spawn(async move { app.ingest(&batch(sequence, rows)).await })
            })
            .collect();
        let mut new = 0;
        for task in tasks {
            new += i32::from(task.await.unwrap().unwrap());
        }
        assert_eq!(new, 2);
        let usage = house.app.usage(&ada, &of(subscription.id, UsageStep::Hour)).await.unwrap();
        assert_eq!(usage.calls, 100);
    }

    async fn the_same_calls_by_minute_hour_and_day(house) {
        let (sirene, ada, subscription) = scene(house).await;
        let now = Timestamp::parse("2026-11-23T00:30:00Z").unwrap();
        house.clock.set(now);
        let hours = |h: u64| now.before(Duration::from_secs(3600 * h));
        let rows = vec![
            row(&subscription, now, "admitted", 1),
            row(&subscription, hours(1), "admitted", 2),
            row(&subscription, hours(20), "admitted", 4),
            row(&subscription, hours(48), "admitted", 8),
        ];
        house.app.ingest(&batch(1, rows)).await.unwrap();

        let by = async |step, from| {
            let query = UsageQuery { from, ..of(subscription.id, step) };
            let usage = house.app.usage(&ada, &query).await.unwrap();
            usage.points.iter().map(|p| (p.start.to_string(), p.calls)).collect::<Vec<_>>()
        };
        let point = |start: &str, calls| (start.to_owned(), calls);
        // `to` is not included: the minute that runs is not over.
        assert_eq!(by(UsageStep::Minute, None).await, [point("2026-11-22T23:30:00.000Z", 2)]);
        assert_eq!(
            by(UsageStep::Hour, None).await,
            [point("2026-11-22T04:00:00.000Z", 4), point("2026-11-22T23:00:00.000Z", 2)]
        );
        house.clock.advance(Duration::from_millis(1));
        assert_eq!(
            by(UsageStep::Day, None).await,
            [
                point("2026-11-21T00:00:00.000Z", 8),
                point("2026-11-22T00:00:00.000Z", 6),
                point("2026-11-23T00:00:00.000Z", 1)
            ]
        );
        let whose = UsageQuery { step: UsageStep::Day, ..UsageQuery::default() };
        let application = UsageQuery { application_id: Some(subscription.application.id), ..whose };
        assert_eq!(house.app.usage(&ada, &application).await.unwrap().calls, 15);
        let api = UsageQuery { api_id: Some(sirene.api_id()), ..whose };
        let provider = house.sign_in("paul").await;
        assert_eq!(house.app.usage(&provider, &api).await.unwrap().calls, 15);
    }

    async fn many_rows_wait_and_are_seen_all_the_same(house) {
        let (sirene, ada, subscription) = scene(house).await;
        let minute_ago = house.app.now().before(Duration::from_secs(60));
        let many = |sequence| {
            let row = |n: u128| UsageRow {
                credential_id: Some(CredentialId::from_u128(n)),
                ..row(&subscription, minute_ago, "admitted", 1)
            };
            batch(sequence, (1..=MANY).map(row).collect())
        };
        for sequence in [1, 2] {
            assert!(house.app.ingest(&many(sequence)).await.unwrap());
            assert!(!house.app.ingest(&many(sequence)).await.unwrap());
        }
        assert_eq!(rows_written(house).await, "0", "they wait");
        let readers: Vec<_> = (0..3)
            .map(|_| {
                let (app, ada) = (house.app.clone(), ada.clone());
                let query = of(subscription.id, UsageStep::Minute);
                tokio::spawn(async move { app.usage(&ada, &query).await.unwrap().calls })
            })
            .collect();
        for reader in readers {
            assert_eq!(reader.await.unwrap(), 2 * MANY as i64);
        }
        assert_eq!(rows_written(house).await, MANY.to_string(), "added up before they are written");
        assert!(!house.app.ingest(&many(1)).await.unwrap(), "also once they are added");

        assert!(house.app.ingest(&many(3)).await.unwrap());
        house.app.add_waiting_usage().await.unwrap();
        let listed = house.app.api(&Actor::Anonymous, sirene.api_id()).await.unwrap();
        assert_eq!(listed.calls_last_7_days, 3 * MANY as i64);
    }

    async fn waiting_counts_use_up_a_quota(house) {
        let quota = json!({"limits": {"rate": null, "quota": {"count": 10_000, "period": "month"}}});
        let sirene = house.publish(json!({}), vec![plan("public", quota)]).await;
        let ada = house.person("ada", &[]).await;
        let app = house.application(&ada, "Une").await;
        let subscription = house.subscribed(&ada, app.id, sirene.plan_id(0)).await.0;
        let now = house.app.now();
        let row = |n| UsageRow {
            credential_id: Some(CredentialId::from_u128(n)),
            ..row(&subscription, now, "admitted", 2)
        };
        house.app.ingest(&batch(1, (1..=MANY).map(row).collect())).await.unwrap();
        let whole = house.app.snapshot(None).await.unwrap();
        assert_eq!(whole.quota_used.iter().map(|q| q.used).collect::<Vec<_>>(), [2 * MANY as u64]);
    }

    async fn a_batch_that_cannot_be_read_keeps_no_other_waiting(house) {
        let (_, ada, subscription) = scene(house).await;
        let minute_ago = house.app.now().before(Duration::from_secs(60));
        let mut tx = house.app.store().begin().await.unwrap();
        let damaged = UsageBatchName { gateway: "gw-2".into(), boot: BootId::from_u128(7), sequence: 1 };
        assert!(tx.insert_usage_batch(&damaged, minute_ago, Some(vec![0; 100])).await.unwrap());
        tx.commit().await.unwrap();
        let row = |n| UsageRow {
            credential_id: Some(CredentialId::from_u128(n)),
            ..row(&subscription, minute_ago, "admitted", 1)
        };
        house.app.ingest(&batch(1, (1..=MANY).map(row).collect())).await.unwrap();
        let usage = house.app.usage(&ada, &of(subscription.id, UsageStep::Minute)).await.unwrap();
        assert_eq!(usage.calls, MANY as i64);
    }

    async fn what_is_too_much_for_one_commit_is_added_in_several(house) {
        let (_, ada, subscription) = scene(house).await;
        let minute_ago = house.app.now().before(Duration::from_secs(60));
        let row = |n| UsageRow {
            credential_id: Some(CredentialId::from_u128(n)),
            ..row(&subscription, minute_ago, "admitted", 1)
        };
        let rows = 20_500;
        house.app.ingest(&batch(1, (1..=rows).map(row).collect())).await.unwrap();
        let adders: Vec<_> = (0..2)
            .map(|_| {
                let app = house.app.clone();
                tokio::spawn(async move { app.add_waiting_usage().await.unwrap() })
            })
            .collect();
        for adder in adders {
            adder.await.unwrap();
        }
        assert_eq!(rows_written(house).await, rows.to_string());
        let usage = house.app.usage(&ada, &of(subscription.id, UsageStep::Minute)).await.unwrap();
        assert_eq!(usage.calls, rows as i64);
        let waiting = house.app.store().read().await.unwrap().waiting_usage_batches().await.unwrap();
        assert_eq!(waiting, []);
    }

    async fn the_worker_adds_what_waits_once_a_minute(house) {
        let (_, _, subscription) = scene(house).await;
        let row = |n| UsageRow {
            credential_id: Some(CredentialId::from_u128(n)),
            ..row(&subscription, house.app.now(), "admitted", 1)
        };
        let rows: Vec<UsageRow> = (1..=MANY).map(row).collect();
        let mut written = Vec::new();
        for (sequence, seconds) in [(1, 0), (2, 10), (3, 60)] {
            house.clock.advance(Duration::from_secs(seconds));
            house.app.ingest(&batch(sequence, rows.clone())).await.unwrap();
            house.app.run_due_jobs(&Mailbox::default()).await.unwrap();
            written.push(house.database.texts("SELECT CAST(SUM(calls) AS TEXT) FROM usage_minutes").await);
        }
        let once = MANY.to_string();
        assert_eq!(written, [[once.clone()], [once], [(3 * MANY).to_string()]]);
    }

    async fn usage_is_seen_by_whom_it_concerns(house) {
        let (sirene, ada, subscription) = scene(house).await;
        let eve = house.person("eve", &[]).await;
        let subscription = of(subscription.id, UsageStep::Hour);
        let api = UsageQuery { api_id: Some(sirene.api_id()), ..UsageQuery::default() };
        for actor in [&ada, &sirene.provider] {
            house.app.usage(actor, &subscription).await.unwrap();
        }
        assert!(matches!(house.app.usage(&eve, &subscription).await, Err(AppError::NotFound)));
        assert!(matches!(house.app.usage(&ada, &api).await, Err(AppError::NotFound)));
        assert!(matches!(house.app.usage(&Actor::Anonymous, &api).await, Err(AppError::SignIn)));
        house.app.usage(&sirene.provider, &api).await.unwrap();

        let none = UsageQuery::default();
        assert_eq!(violations(house.app.usage(&ada, &none).await), [("subscription_id".to_owned(), "required")]);
        let two = UsageQuery { api_id: api.api_id, ..subscription };
        assert_eq!(violations(house.app.usage(&ada, &two).await), [("subscription_id".to_owned(), "conflicts")]);
        let now = house.app.now();
        let backwards = UsageQuery { from: Some(now), to: Some(now.before(Duration::from_secs(7200))), ..subscription };
        assert_eq!(violations(house.app.usage(&ada, &backwards).await), [("from".to_owned(), "conflicts")]);
        let endless = UsageQuery { from: Some(Timestamp::default()), ..subscription };
        assert_eq!(violations(house.app.usage(&ada, &endless).await), [("from".to_owned(), "too_long")]);
    }

    async fn odd_batches_harm_nobody(house) {
        let (_, ada, subscription) = scene(house).await;
        let now = house.app.now();
        let mut stray = row(&subscription, now.after(Duration::from_secs(1_000_000)), "admitted", 1);
        stray.subscription_id = Some(SubscriptionId::from_u128(99));
        let nobody = UsageRow { api_id: None, subscription_id: None, ..row(&subscription, now, "api_not_found", 1) };
        let huge = UsageRow { calls: u64::MAX, bytes_in: u64::MAX, ..row(&subscription, now, "admitted", 1) };
        let named = row(&subscription, Timestamp::from_millis(i64::MIN), "no\nword; DROP TABLE", 1);
        house.app.ingest(&batch(1, vec![stray, nobody, huge, named])).await.unwrap();
        house.clock.advance(Duration::from_secs(60));
        let usage = house.app.usage(&ada, &of(subscription.id, UsageStep::Minute)).await.unwrap();
        assert_eq!(usage.calls, 1 << 52);

        let too_many = vec![row(&subscription, now, "admitted", 1); MAX_BATCH_ROWS + 1];
        assert_eq!(violations(house.app.ingest(&batch(2, too_many)).await), [("rows".to_owned(), "too_long")]);
        assert_eq!(violations(house.app.ingest(&batch(0, vec![])).await), [("sequence".to_owned(), "out_of_range")]);
        let unnamed = UsageBatch { gateway: String::new(), ..batch(2, vec![]) };
        assert_eq!(violations(house.app.ingest(&unnamed).await), [("gateway".to_owned(), "required")]);
        let sql = "SELECT DISTINCT outcome FROM usage_minutes ORDER BY outcome";
        assert_eq!(house.database.texts(sql).await, ["admitted", "api_not_found", "unknown"]);
    }
}
