//! The work queue, answers kept for requests sent again, the audit trail, the keys outside the database, terms.

#![allow(clippy::unwrap_used, reason = "a step that fails stops its test")]

mod common;

use std::time::Duration;

use common::{each_database, registration};
use octroi_app::audit::AuditFault;
use octroi_app::idempotency::StoredAnswer;
use octroi_app::mail::MailError;
use octroi_app::page::PageRequest;
use octroi_app::setup::VaultError;
use octroi_app::terms::NewTerms;
use octroi_app::vault::Vault;
use octroi_app::{App, AppError, AppOptions, Conflict};
use octroi_domain::account::PortalRole;
use octroi_domain::actor::Actor;
use octroi_domain::audit::Broken;
use octroi_domain::credential::seal::MasterKey;
use octroi_domain::credential::{Instance, Pepper, Peppers};
use octroi_domain::job::JobState;
use octroi_store::{Store, StoreOptions};
use octroi_testkit::{Database, FakeClock, Mailbox, TestApp, app_on, app_options};

const SYSTEM: Actor = Actor::System("test");

async fn a_mail(test: &TestApp, who: &str) {
    test.app.register(&Actor::Anonymous, registration(who)).await.unwrap();
}

#[tokio::test]
async fn a_mail_is_tried_again_with_growing_pauses_and_kept_aside_at_last() {
    each_database(async |db: &Database, test: TestApp| {
        a_mail(&test, "marie").await;
        let mailbox = Mailbox::default();
        mailbox.refuse(Some(MailError::Later("busy".into())));
        let mut pauses = Vec::new();
        for _ in 0..8 {
            assert_eq!(test.app.run_due_jobs(&mailbox).await.unwrap(), 1, "{}", db.name);
            assert_eq!(test.app.run_due_jobs(&mailbox).await.unwrap(), 0);
            let jobs = test.app.jobs(&SYSTEM, &PageRequest::default(), None).await.unwrap().items;
            assert!(jobs[0].last_error.as_deref().unwrap().contains("busy"));
            if jobs[0].state == JobState::Dead {
                break;
            }
            let pause = jobs[0].run_at.since(test.app.now());
            test.clock.advance(pause - Duration::from_millis(1));
            assert_eq!(test.app.run_due_jobs(&mailbox).await.unwrap(), 0);
            test.clock.advance(Duration::from_millis(1));
            pauses.push(pause.as_secs());
        }
        assert_eq!(pauses, [10, 60, 300, 1_800, 7_200, 21_600, 43_200]);
        let dead = test.app.jobs(&SYSTEM, &PageRequest::default(), Some(JobState::Dead)).await.unwrap();
        mailbox.refuse(None);
        test.app.retry_job(&SYSTEM, dead.items[0].id).await.unwrap();
        assert_eq!(test.app.run_due_jobs(&mailbox).await.unwrap(), 1);
        assert_eq!(mailbox.take().len(), 1);
        let left = test.app.jobs(&SYSTEM, &PageRequest::default(), None).await.unwrap();
        assert_eq!(left.items.len(), 0);
    })
    .await;
}

#[tokio::test]
async fn a_mail_refused_for_good_is_not_sent_again_and_the_next_one_goes_out() {
    each_database(async |_: &Database, test: TestApp| {
        a_mail(&test, "marie").await;
        let mailbox = Mailbox::default();
        mailbox.refuse(Some(MailError::Refused("no such address".into())));
        assert_eq!(test.app.run_due_jobs(&mailbox).await.unwrap(), 1);
        mailbox.refuse(None);
        a_mail(&test, "luc").await;
        assert_eq!(test.app.run_due_jobs(&mailbox).await.unwrap(), 1);
        let dead = test.app.jobs(&SYSTEM, &PageRequest::default(), None).await.unwrap().items;
        assert_eq!((dead.len(), dead[0].state), (1, JobState::Dead));
        let visitor = test.person("zoe", &[]).await;
        let refused = test.app.jobs(&visitor, &PageRequest::default(), None).await;
        assert!(matches!(refused, Err(AppError::NotFound)));
    })
    .await;
}

#[tokio::test]
async fn what_a_job_holds_cannot_be_read_in_the_database() {
    each_database(async |db: &Database, test: TestApp| {
        a_mail(&test, "marie").await;
        let payloads = db.texts("SELECT payload FROM jobs").await;
        assert_eq!(payloads.len(), 1);
        assert!(!payloads[0].contains("marie") && !payloads[0].contains("lnk"));
        // A payload moved to another job opens nothing.
        db.meddle("UPDATE jobs SET id = 'job_00000000000000000000000001'").await;
        let mailbox = Mailbox::default();
        assert_eq!(test.app.run_due_jobs(&mailbox).await.unwrap(), 1);
        assert_eq!(mailbox.take().len(), 0);
        let dead = test.app.jobs(&SYSTEM, &PageRequest::default(), None).await.unwrap().items;
        assert_eq!(dead[0].state, JobState::Dead);
    })
    .await;
}

#[tokio::test]
async fn the_same_request_is_answered_once_more_and_another_one_refused() {
    each_database(async |db: &Database, test: TestApp| {
        let app = &test.app;
        let actor = test.person("marie", &[]).await;
        let other = test.person("luc", &[]).await;
        assert_eq!(app.idempotent_lookup(&actor, "k", "digest").await.unwrap(), None);
        let running = app.idempotent_lookup(&actor, "k", "digest").await;
        assert!(matches!(running, Err(AppError::Conflict(Conflict::StillRunning))), "{}", db.name);
        let answer = StoredAnswer {
            status: 201,
            headers: vec![("location".into(), "/x".into())],
            body: b"octroi_key_secret".to_vec(),
        };
        app.idempotent_store(&actor, "k", "digest", &answer).await.unwrap();
        assert_eq!(app.idempotent_lookup(&actor, "k", "digest").await.unwrap(), Some(answer));
        let reused = app.idempotent_lookup(&actor, "k", "other").await;
        assert!(matches!(reused, Err(AppError::Conflict(Conflict::IdempotencyKeyReused))));
        assert_eq!(app.idempotent_lookup(&other, "k", "other").await.unwrap(), None);
        app.idempotent_release(&other, "k").await.unwrap();
        assert_eq!(app.idempotent_lookup(&other, "k", "third").await.unwrap(), None);
        // Work that died with its process is taken over after a minute; answers are kept for a day.
        test.clock.advance(Duration::from_secs(60));
        assert_eq!(app.idempotent_lookup(&other, "k", "third").await.unwrap(), None);
        test.clock.advance(Duration::from_secs(24 * 3600));
        app.sweep().await.unwrap();
        assert_eq!(app.idempotent_lookup(&actor, "k", "other").await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn an_edited_a_dropped_and_a_cut_off_entry_are_found() {
    each_database(async |db: &Database, test: TestApp| {
        test.person("marie", &[PortalRole::Admin]).await;
        test.person("luc", &[]).await;
        let report = test.app.verify_audit().await.unwrap();
        assert_eq!(report.entries, 4, "{}", db.name);
        let broken = async || match test.app.verify_audit().await {
            Err(AuditFault::Broken(broken)) => broken,
            other => panic!("{other:?}"),
        };
        db.meddle("CREATE TABLE spare AS SELECT * FROM audit").await;
        let restore = "DELETE FROM audit; INSERT INTO audit SELECT * FROM spare";
        for (meddle, fault) in [
            ("UPDATE audit SET object = 'acc_x' WHERE sequence = 2", Broken::Changed(2)),
            ("UPDATE audit SET at = at + 1 WHERE sequence = 4", Broken::Changed(4)),
            ("DELETE FROM audit WHERE sequence = 1", Broken::Gap { expected: 1, found: 2 }),
            ("DELETE FROM audit WHERE sequence = 3", Broken::Gap { expected: 3, found: 4 }),
            ("DELETE FROM audit WHERE sequence = 4", Broken::Shortened { found: 3, head: 4 }),
            ("DELETE FROM audit", Broken::Shortened { found: 0, head: 4 }),
        ] {
            db.meddle(meddle).await;
            assert_eq!(broken().await, fault, "{} {meddle}", db.name);
            db.meddle(restore).await;
        }
        assert_eq!(test.app.verify_audit().await.unwrap(), report);
    })
    .await;
}

#[tokio::test]
async fn the_trail_is_read_backwards_by_administrators_alone() {
    each_database(async |_: &Database, test: TestApp| {
        let admin = test.person("marie", &[PortalRole::Admin]).await;
        let visitor = test.person("luc", &[]).await;
        let page = PageRequest { limit: Some(3), cursor: None };
        let refused = test.app.audit_entries(&visitor, &page, None).await;
        assert!(matches!(refused, Err(AppError::NotFound)));
        let first = test.app.audit_entries(&admin, &page, None).await.unwrap();
        let second = PageRequest { limit: Some(3), cursor: first.next_cursor.clone() };
        let second = test.app.audit_entries(&admin, &second, None).await.unwrap();
        let places: Vec<i64> = first.items.iter().chain(&second.items).map(|e| e.sequence).collect();
        assert_eq!((places, second.next_cursor), (vec![4, 3, 2, 1], None));
        let luc = visitor.account_id().unwrap().to_string();
        let about = test.app.audit_entries(&admin, &PageRequest::default(), Some(&luc)).await.unwrap();
        let actions: Vec<&str> = about.items.iter().map(|e| e.action.as_str()).collect();
        assert_eq!(actions, ["account.created"]);
    })
    .await;
}

#[tokio::test]
async fn a_wrong_key_stops_the_program_and_is_never_taken_silently() {
    each_database(async |db: &Database, test: TestApp| {
        test.app.check_vault().await.unwrap();
        let with = |master: [u8; 32], pepper: [u8; 32]| {
            App::new(AppOptions {
                vault: Vault {
                    instance: Instance::new("octroi").unwrap(),
                    peppers: Peppers::new(Pepper::new(1, &pepper), vec![]),
                    master: MasterKey::new(master),
                },
                ..app_options(db.store.clone(), &FakeClock::default())
            })
        };
        let wrong = with([9; 32], [1; 32]).check_vault().await;
        assert!(matches!(wrong, Err(VaultError::Foreign("master key"))), "{}", db.name);
        let wrong = with([2; 32], [9; 32]).check_vault().await;
        assert!(matches!(wrong, Err(VaultError::Foreign("pepper"))));
        test.person("marie", &[]).await;
        db.meddle("DELETE FROM settings").await;
        assert!(matches!(test.app.check_vault().await, Err(VaultError::Forgotten(_))));
    })
    .await;
}

#[tokio::test]
async fn new_terms_are_accepted_in_the_version_in_force() {
    each_database(async |_: &Database, test: TestApp| {
        let actor = test.person("marie", &[]).await;
        let terms = |version: &str| NewTerms { version: version.into(), body: "# Conditions".into() };
        assert!(test.app.publish_terms(&actor, terms("1")).await.is_err());
        test.app.publish_terms(&SYSTEM, terms("1")).await.unwrap();
        test.clock.advance(Duration::from_secs(1));
        test.app.publish_terms(&SYSTEM, terms("2")).await.unwrap();
        assert!(test.app.publish_terms(&SYSTEM, terms("2")).await.is_err());
        assert_eq!(test.app.current_terms().await.unwrap().unwrap().version, "2");
        assert!(test.app.accept_terms(&actor, "1").await.is_err());
        let view = test.app.accept_terms(&actor, "2").await.unwrap();
        assert_eq!(view.terms_version.as_deref(), Some("2"));
    })
    .await;
}

#[tokio::test]
async fn a_full_disk_is_told_and_nothing_is_promised() {
    let db = &octroi_testkit::databases().await[0];
    let options = StoreOptions { max_page_count: Some(1), ..StoreOptions::new(&db.url) };
    let test = app_on(&db.store).await;
    let full = App::new(app_options(Store::open(&options).await.unwrap(), &test.clock));
    let mut registered = 0;
    let refused = loop {
        match full.register(&Actor::Anonymous, registration(&format!("personne{registered}"))).await {
            Ok(()) => registered += 1,
            Err(error) => break error,
        }
        assert!(registered < 200);
    };
    assert!(matches!(refused, AppError::Unavailable(_)), "{refused:?}");
    // Exactly what was promised is there: each account with its mail and its entry.
    for table in ["accounts", "jobs", "audit"] {
        let rows = db.texts(&format!("SELECT CAST(COUNT(*) AS TEXT) FROM {table}")).await;
        assert_eq!(rows, [registered.to_string()], "{table}");
    }
    test.app.verify_audit().await.unwrap();
}
