//! What every database must do alike: commits in order, editions, uniqueness, links, jobs, versions of the schema.

#![allow(clippy::unwrap_used, reason = "a step that fails stops its test")]

use std::time::Duration;

use octroi_domain::account::{Account, AccountState};
use octroi_domain::api::Language;
use octroi_domain::audit::{AuditEntry, AuditEvent, GENESIS};
use octroi_domain::credential::Digest;
use octroi_domain::ids::{
    AccountId, ApiId, BootId, CredentialId, InvitationId, JobId, OrganizationId, SubscriptionId,
};
use octroi_domain::job::JobState;
use octroi_domain::organization::{Membership, Organization, OrganizationKind, Role};
use octroi_domain::time::Timestamp;
use octroi_store::{
    Change, Job, Link, LinkPurpose, MinuteCount, Store, StoreError, StoreOptions, Tx, UsageBatchName,
    UsageScope,
};
use octroi_testkit::{blank_databases, databases};

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn event(object: &str) -> AuditEvent {
    AuditEvent {
        at: at(1),
        actor: "system:test".into(),
        action: "test.done".into(),
        object: object.into(),
        details: serde_json::json!({"b": 1, "a": "é"}),
    }
}

fn organization(n: u128) -> Organization {
    Organization {
        id: OrganizationId::from_u128(n),
        kind: OrganizationKind::Company,
        slug: format!("maison-{n}"),
        name: format!("Maison {n}"),
        created_at: at(5),
        edition: 1,
    }
}

fn account(n: u128) -> Account {
    Account {
        id: AccountId::from_u128(n),
        organization_id: OrganizationId::from_u128(n),
        email: format!("Personne.{n}@exemple.fr"),
        identifier: format!("Personne{n}"),
        first_name: "Élise".into(),
        last_name: format!("D'Août {n}"),
        language: Language::Fr,
        state: AccountState::Active,
        portal_roles: vec![],
        password_hash: None,
        terms_version: None,
        created_at: at(5),
        edition: 1,
    }
}

async fn add_account(tx: &mut Tx, n: u128) -> Account {
    let account = account(n);
    tx.insert_organization(&organization(n), &[1, 2, 3]).await.unwrap();
    tx.insert_account(&account).await.unwrap();
    account
}

#[tokio::test]
async fn an_account_is_read_as_it_was_written_and_found_in_any_letter_case() {
    for db in databases().await {
        let mut tx = db.store.begin().await.unwrap();
        let written = add_account(&mut tx, 1).await;
        tx.commit().await.unwrap();
        let mut session = db.store.read().await.unwrap();
        assert_eq!(session.account(written.id).await.unwrap(), Some(written.clone()), "{}", db.name);
        let by_email = session.account_by_email(" PERSONNE.1@exemple.FR ").await.unwrap();
        assert_eq!(by_email, Some(written.clone()));
        assert_eq!(session.account_by_identifier("personne1").await.unwrap(), Some(written.clone()));
        assert_eq!(session.account_by_email("personne_1@exemple.fr").await.unwrap(), None);
        for (query, found) in [("PERSONNE", 1), ("d'août", 1), ("%", 0), ("_", 0), ("!", 0), ("nobody", 0)] {
            let list = session.accounts(None, 10, Some(query)).await.unwrap();
            // SQLite folds the letter case of ASCII letters only: names with accents are found as they are written.
            let folded = query.is_ascii() || db.name == "postgres";
            assert!(list.len() == found || !folded, "{} {query}", db.name);
        }
        assert_eq!(session.accounts(Some(written.id), 10, None).await.unwrap(), []);
    }
}

#[tokio::test]
async fn one_address_and_one_identifier_belong_to_one_account() {
    for db in databases().await {
        let mut tx = db.store.begin().await.unwrap();
        add_account(&mut tx, 1).await;
        tx.commit().await.unwrap();
        type Spoil = fn(&mut Account);
        let spoil: [(Spoil, &str); 2] = [
            (|a| a.email = "personne.1@EXEMPLE.fr".into(), "email_key"),
            (|a| a.identifier = "PERSONNE1".into(), "identifier_key"),
        ];
        for (spoil, column) in spoil {
            let mut tx = db.store.begin().await.unwrap();
            tx.insert_organization(&organization(2), &[1]).await.unwrap();
            let mut second = account(2);
            spoil(&mut second);
            let refused = tx.insert_account(&second).await;
            assert!(
                matches!(&refused, Err(StoreError::Duplicate(what)) if what.contains(column)),
                "{} {refused:?}",
                db.name
            );
        }
        // What was dropped without a commit left no trace.
        assert_eq!(db.store.read().await.unwrap().organization(organization(2).id).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_row_that_somebody_else_changed_is_not_overwritten() {
    for db in databases().await {
        let mut tx = db.store.begin().await.unwrap();
        let mut first = add_account(&mut tx, 1).await;
        tx.commit().await.unwrap();
        let mut second = first.clone();
        first.first_name = "Anne".into();
        second.first_name = "Zoé".into();
        let mut tx = db.store.begin().await.unwrap();
        tx.update_account(&mut first).await.unwrap();
        assert_eq!(first.edition, 2);
        tx.commit().await.unwrap();
        let mut tx = db.store.begin().await.unwrap();
        let refused = tx.update_account(&mut second).await;
        assert!(matches!(refused, Err(StoreError::Stale)), "{} {refused:?}", db.name);
        drop(tx);
        let kept = db.store.read().await.unwrap().account(first.id).await.unwrap().unwrap();
        assert_eq!((kept.first_name.as_str(), kept.edition), ("Anne", 2));
    }
}

#[tokio::test]
async fn members_are_listed_with_their_names_and_owners_counted() {
    for db in databases().await {
        let mut tx = db.store.begin().await.unwrap();
        let shared = organization(9);
        tx.insert_organization(&shared, &[1]).await.unwrap();
        for (n, role) in [(1, Role::Owner), (2, Role::Developer)] {
            let account = add_account(&mut tx, n).await;
            let (organization_id, account_id) = (shared.id, account.id);
            tx.put_membership(&Membership { organization_id, account_id, role, since: at(7) }).await.unwrap();
        }
        assert_eq!(tx.count_owners(shared.id).await.unwrap(), 1);
        let members = tx.members(shared.id).await.unwrap();
        let seen: Vec<_> = members.iter().map(|m| (m.last_name.as_str(), m.membership.role)).collect();
        assert_eq!(seen, [("D'Août 1", Role::Owner), ("D'Août 2", Role::Developer)], "{}", db.name);
        assert_eq!(tx.memberships(AccountId::from_u128(2)).await.unwrap().len(), 1);
        let own = tx.organizations(None, 10, Some(AccountId::from_u128(2))).await.unwrap();
        assert_eq!(own, std::slice::from_ref(&shared));
        assert!(tx.delete_membership(shared.id, AccountId::from_u128(2)).await.unwrap());
        assert!(!tx.delete_membership(shared.id, AccountId::from_u128(2)).await.unwrap());
        tx.delete_account(AccountId::from_u128(1)).await.unwrap();
        assert_eq!(tx.members(shared.id).await.unwrap(), []);
    }
}

#[tokio::test]
async fn a_link_is_used_once() {
    for db in databases().await {
        let link = Link {
            id: InvitationId::from_u128(1),
            digest: Digest([7; 32]),
            purpose: LinkPurpose::ResetPassword,
            account_id: None,
            email: "a@b.fr".into(),
            payload: "{}".into(),
            created_at: at(1),
            expires_at: at(100),
            used_at: None,
        };
        let mut tx = db.store.begin().await.unwrap();
        tx.insert_link(&link).await.unwrap();
        assert_eq!(tx.link_by_digest(&link.digest).await.unwrap(), Some(link.clone()), "{}", db.name);
        assert!(tx.use_link(link.id, at(2)).await.unwrap());
        assert!(!tx.use_link(link.id, at(3)).await.unwrap());
        let used = tx.link_by_digest(&link.digest).await.unwrap().unwrap();
        assert_eq!(used.used_at, Some(at(2)));
        assert_eq!(tx.delete_old_links(at(100)).await.unwrap(), 0);
        assert_eq!(tx.delete_old_links(at(101)).await.unwrap(), 1);
    }
}

fn job(n: u128, run_at: i64) -> Job {
    Job {
        id: JobId::from_u128(n),
        kind: "test".into(),
        payload: format!("payload {n}"),
        state: JobState::Ready,
        run_at: at(run_at),
        attempts: 0,
        last_error: None,
        created_at: at(1),
    }
}

#[tokio::test]
async fn a_job_is_leased_to_one_worker_and_comes_back_when_the_lease_ends() {
    for db in databases().await {
        let mut tx = db.store.begin().await.unwrap();
        tx.enqueue(&job(1, 20)).await.unwrap();
        tx.enqueue(&job(2, 10)).await.unwrap();
        assert!(!tx.has_due_job(at(9)).await.unwrap());
        assert_eq!(tx.lease_job(at(9), at(50)).await.unwrap(), None);
        let first = tx.lease_job(at(30), at(50)).await.unwrap().unwrap();
        assert_eq!((first.id, first.attempts, first.state), (job(2, 0).id, 1, JobState::Running));
        assert_eq!(tx.lease_job(at(30), at(50)).await.unwrap().unwrap().id, job(1, 0).id);
        assert_eq!(tx.lease_job(at(30), at(50)).await.unwrap(), None, "{}", db.name);
        assert!(tx.has_due_job(at(50)).await.unwrap());
        let again = tx.lease_job(at(50), at(90)).await.unwrap().unwrap();
        assert_eq!((again.id, again.attempts), (first.id, 2));
        // The worker whose lease has ended can neither finish nor fail it.
        assert!(!tx.finish_job(&first).await.unwrap());
        assert!(!tx.fail_job(&first, "late", Some(at(60))).await.unwrap());
        assert!(tx.fail_job(&again, "refused", None).await.unwrap());
        let dead = tx.jobs(None, 10, Some(JobState::Dead)).await.unwrap();
        assert_eq!((dead.len(), dead[0].last_error.as_deref()), (1, Some("refused")));
        assert!(tx.revive_job(again.id, at(100)).await.unwrap());
        let revived = tx.lease_job(at(100), at(110)).await.unwrap().unwrap();
        assert!(revived.id == again.id || revived.id == job(1, 0).id);
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn two_workers_never_get_the_same_job() {
    for db in databases().await {
        let mut tx = db.store.begin().await.unwrap();
        for n in 1..=20 {
            tx.enqueue(&job(n, 1)).await.unwrap();
        }
        tx.commit().await.unwrap();
        let workers = (0..4).map(|_| {
            let store = db.store.clone();
            tokio::spawn(async move {
                let mut got = Vec::new();
                while store.read().await.unwrap().has_due_job(at(2)).await.unwrap() {
                    let mut tx = store.begin().await.unwrap();
                    let leased = tx.lease_job(at(2), at(1_000)).await.unwrap();
                    tx.commit().await.unwrap();
                    got.extend(leased.map(|job| job.id));
                }
                got
            })
        });
        let mut all = Vec::new();
        for worker in workers.collect::<Vec<_>>() {
            all.extend(worker.await.unwrap());
        }
        all.sort_unstable();
        assert_eq!(all, (1..=20).map(JobId::from_u128).collect::<Vec<_>>(), "{}", db.name);
    }
}

#[tokio::test]
async fn answers_are_kept_under_their_key() {
    for db in databases().await {
        let mut tx = db.store.begin().await.unwrap();
        tx.reserve_answer("acc_x", "k", "digest", at(1)).await.unwrap();
        assert_eq!(tx.remembered("acc_x", "k").await.unwrap().unwrap().answer, Vec::<u8>::new());
        assert!(tx.remember_answer("acc_x", "k", "digest", &[1, 2]).await.unwrap());
        assert!(!tx.remember_answer("acc_x", "k", "other", &[3]).await.unwrap());
        assert_eq!(tx.remembered("acc_x", "k").await.unwrap().unwrap().answer, [1, 2]);
        assert_eq!(tx.remembered("acc_y", "k").await.unwrap(), None);
        assert_eq!(tx.delete_old_answers(at(2)).await.unwrap(), 1);
        tx.commit().await.unwrap();
        let mut tx = db.store.begin().await.unwrap();
        tx.reserve_answer("acc_x", "k", "digest", at(1)).await.unwrap();
        let refused = tx.reserve_answer("acc_x", "k", "digest", at(1)).await;
        assert!(matches!(refused, Err(StoreError::Duplicate(_))), "{} {refused:?}", db.name);
    }
}

/// Two transactions that overlap: the one that began first commits last. Whoever reads the feed between the two must
/// not see a revision whose elder is still to come.
#[tokio::test]
async fn commits_out_of_order_still_give_revisions_in_order() {
    for db in databases().await {
        let change = |n| Change::Credential(CredentialId::from_u128(n));
        if db.name == "postgres" {
            let mut early = db.store.begin().await.unwrap();
            early.put_setting("early", "1").await.unwrap();
            early.changed(change(1));
            early.audit(event("early"));
            let mut late = db.store.begin().await.unwrap();
            late.put_setting("late", "1").await.unwrap();
            late.changed(change(2));
            late.audit(event("late"));
            assert_eq!(late.commit().await.unwrap().revision, Some(1));
            assert_eq!(early.commit().await.unwrap().revision, Some(2));
        }
        let before = db.store.read().await.unwrap().revision().await.unwrap();
        let writers = (0..8_u128).map(|n| {
            let store = db.store.clone();
            tokio::spawn(async move {
                let mut tx = store.begin().await.unwrap();
                tx.put_setting(&format!("writer {n}"), "1").await.unwrap();
                tx.changed(change(10 + n));
                tx.audit(event(&format!("writer {n}")));
                tx.commit().await.unwrap().revision.unwrap()
            })
        });
        let watcher = tokio::spawn(watch_order(db.store.clone(), before, before + 8));
        let mut revisions = Vec::new();
        for writer in writers.collect::<Vec<_>>() {
            revisions.push(writer.await.unwrap());
        }
        revisions.sort_unstable();
        assert_eq!(revisions, (before + 1..=before + 8).collect::<Vec<_>>(), "{}", db.name);
        watcher.await.unwrap();
        check_chain(&db.store).await;
    }
}

/// Reads until the revision is `last`: at each look, exactly one change for each revision up to the head.
async fn watch_order(store: Store, first: i64, last: i64) {
    loop {
        let mut session = store.read().await.unwrap();
        let head = session.revision().await.unwrap();
        let changes = session.changes_after(first).await.unwrap();
        assert_eq!(changes.len() as i64, head - first);
        if head == last {
            return;
        }
    }
}

async fn check_chain(store: &Store) {
    let mut session = store.read().await.unwrap();
    let (mut sequence, mut digest) = (0, GENESIS.to_owned());
    for entry in session.audit_after(0, 1_000).await.unwrap() {
        AuditEntry::verify(&entry, sequence, &digest).unwrap();
        (sequence, digest) = (entry.sequence, entry.digest);
    }
    let head = session.audit_head().await.unwrap();
    assert_eq!((head.sequence, head.digest), (sequence, digest));
}

#[tokio::test]
async fn what_is_dropped_leaves_no_trace_and_rings_no_bell() {
    for db in databases().await {
        let bell = db.store.bell();
        let mut tx = db.store.begin().await.unwrap();
        tx.put_setting("a", "1").await.unwrap();
        tx.enqueue(&job(1, 1)).await.unwrap();
        tx.changed(Change::Catalogue);
        tx.audit(event("a"));
        drop(tx);
        let mut session = db.store.read().await.unwrap();
        assert_eq!(session.setting("a").await.unwrap(), None);
        assert_eq!(session.job(job(1, 1).id).await.unwrap(), None);
        assert_eq!(session.revision().await.unwrap(), 0);
        assert_eq!(session.audit_head().await.unwrap().sequence, 0);
        assert!(!bell.has_changed().unwrap(), "{}", db.name);
        drop(session);

        let mut tx = db.store.begin().await.unwrap();
        tx.put_setting("a", "1").await.unwrap();
        tx.changed(Change::Catalogue);
        tx.changed(Change::Catalogue);
        assert_eq!(tx.commit().await.unwrap().revision, Some(1));
        assert_eq!(*bell.borrow(), 1);
        let changes = db.store.read().await.unwrap().changes_after(0).await.unwrap();
        assert_eq!(changes, [Change::Catalogue]);
    }
}

#[tokio::test]
async fn what_another_process_commits_is_heard() {
    for db in databases().await {
        let other = Store::open(&StoreOptions::new(&db.url)).await.unwrap();
        let mut bell = db.store.bell();
        let store = db.store.clone();
        let listening = tokio::spawn(async move { store.listen().await });
        let mut tx = other.begin().await.unwrap();
        tx.changed(Change::Catalogue);
        tx.commit().await.unwrap();
        let heard = tokio::time::timeout(Duration::from_secs(20), bell.wait_for(|r| *r == 1)).await;
        assert!(matches!(heard, Ok(Ok(_))), "{}", db.name);
        listening.abort();
    }
}

fn count(n: u128) -> MinuteCount {
    MinuteCount {
        minute: at(60_000),
        api_id: Some(ApiId::from_u128(1)),
        subscription_id: (n > 0).then(|| SubscriptionId::from_u128(n)),
        credential_id: None,
        outcome: "admitted".into(),
        status: 200,
        admitted: true,
        calls: 1,
        bytes_in: 2,
        bytes_out: 3,
        duration_us: 4,
    }
}

#[tokio::test]
async fn counts_are_added_to_what_is_there_in_sets_of_any_size() {
    for db in databases().await {
        let mut expected = 0;
        for rows in [0, 1, 15, 255, 600, 600] {
            let counts: Vec<MinuteCount> = (0..rows).map(count).collect();
            let mut tx = db.store.begin().await.unwrap();
            tx.add_usage(&counts).await.unwrap();
            tx.commit().await.unwrap();
            expected += rows as i64;
            let mut session = db.store.read().await.unwrap();
            let of_api = UsageScope::Api(ApiId::from_u128(1));
            let spans = session.usage(of_api, at(0), at(120_000), 60_000).await.unwrap();
            let sums: Vec<_> =
                spans.iter().map(|s| [s.calls, s.bytes_in, s.bytes_out, s.duration_us]).collect();
            let all = [expected, 2 * expected, 3 * expected, 4 * expected];
            assert_eq!(sums, if rows == 0 { vec![] } else { vec![all] }, "{}", db.name);
        }
        let mut session = db.store.read().await.unwrap();
        let one = UsageScope::Subscription(SubscriptionId::from_u128(14));
        let spans = session.usage(one, at(0), at(120_000), 60_000).await.unwrap();
        assert_eq!(spans.iter().map(|s| s.calls).collect::<Vec<_>>(), [4], "{}", db.name);
    }
}

#[tokio::test]
async fn what_waits_of_a_batch_is_taken_once() {
    for db in databases().await {
        let batch = |sequence| UsageBatchName { gateway: "g".into(), boot: BootId::from_u128(7), sequence };
        let mut tx = db.store.begin().await.unwrap();
        assert!(tx.insert_usage_batch(&batch(2), at(20), Some(vec![2, 2])).await.unwrap());
        assert!(tx.insert_usage_batch(&batch(1), at(10), Some(vec![1])).await.unwrap());
        assert!(tx.insert_usage_batch(&batch(3), at(10), None).await.unwrap());
        assert!(!tx.insert_usage_batch(&batch(1), at(30), Some(vec![9])).await.unwrap());
        tx.commit().await.unwrap();

        let mut session = db.store.read().await.unwrap();
        assert_eq!(session.waiting_usage_batches().await.unwrap(), [batch(1), batch(2)], "{}", db.name);
        for (sequence, counts) in [(1, Some(vec![1])), (2, Some(vec![2, 2])), (3, None), (4, None)] {
            assert_eq!(session.waiting_counts(&batch(sequence)).await.unwrap(), counts, "{}", db.name);
        }
        drop(session);

        let takers: Vec<_> = (0..3)
            .map(|_| {
                let store = db.store.clone();
                tokio::spawn(async move {
                    let mut tx = store.begin().await.unwrap();
                    let taken = tx.take_waiting_counts(&batch(1)).await.unwrap();
                    tx.commit().await.unwrap();
                    taken
                })
            })
            .collect();
        let mut taken = 0;
        for taker in takers {
            taken += i32::from(taker.await.unwrap());
        }
        assert_eq!(taken, 1, "{}", db.name);

        let mut tx = db.store.begin().await.unwrap();
        assert_eq!(tx.prune_usage_batches(at(100)).await.unwrap(), 2, "what waits is kept: {}", db.name);
        tx.commit().await.unwrap();
        let mut session = db.store.read().await.unwrap();
        assert_eq!(session.waiting_usage_batches().await.unwrap(), [batch(2)], "{}", db.name);
    }
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused_and_the_present_one_left_alone() {
    for db in databases().await {
        assert_eq!(db.store.migrate(at(9)).await.unwrap(), Vec::<&str>::new());
        let known = octroi_store::latest_version();
        let newer = known + 1;
        db.meddle(&format!("INSERT INTO schema_versions VALUES ({newer}, 'from the future', '', 1)")).await;
        let refused = db.store.migrate(at(9)).await;
        assert!(
            matches!(refused, Err(StoreError::NewerSchema { found, known: k }) if found == newer && k == known),
            "{} {refused:?}",
            db.name
        );
        db.meddle(&format!("DELETE FROM schema_versions WHERE version = {newer}")).await;
        db.meddle("UPDATE schema_versions SET digest = 'another text' WHERE version = 1").await;
        assert!(matches!(db.store.migrate(at(9)).await, Err(StoreError::ForeignSchema(1))));
    }
}

#[tokio::test]
async fn programs_that_start_together_migrate_once() {
    for db in blank_databases() {
        let starts = (0..3).map(|_| {
            let url = db.url.clone();
            tokio::spawn(async move {
                let store = Store::open(&StoreOptions::new(url)).await.unwrap();
                store.migrate(at(1)).await.unwrap().len()
            })
        });
        let mut run = 0;
        for start in starts.collect::<Vec<_>>() {
            run += start.await.unwrap();
        }
        assert_eq!(run as i64, octroi_store::latest_version(), "{}", db.name);
    }
}
