//! Who is written to and which keys end soon, alike on both databases.

#![allow(clippy::unwrap_used, reason = "a step that fails stops its test")]

use octroi_domain::account::{Account, AccountState};
use octroi_domain::api::Language;
use octroi_domain::credential::{Credential, CredentialKind, CredentialState, Digest, DigestScheme};
use octroi_domain::ids::{AccountId, ApplicationId, CredentialId, OrganizationId, SubscriptionId};
use octroi_domain::organization::{Membership, Organization, OrganizationKind, Role};
use octroi_domain::time::Timestamp;
use octroi_store::{NoticeSpan, Tx};
use octroi_testkit::{Database, databases};

const DAY: i64 = 24 * 3_600_000;

fn day(n: i64) -> Timestamp {
    Timestamp::from_millis(n * DAY)
}

async fn add_organization(tx: &mut Tx, n: u128) -> OrganizationId {
    let organization = Organization {
        id: OrganizationId::from_u128(n),
        kind: OrganizationKind::Company,
        slug: format!("maison-{n}"),
        name: format!("Maison {n}"),
        created_at: day(0),
        edition: 1,
    };
    tx.insert_organization(&organization, &[1]).await.unwrap();
    organization.id
}

async fn add_member(tx: &mut Tx, organization_id: OrganizationId, n: u128, role: Role, state: AccountState) {
    let account = Account {
        id: AccountId::from_u128(n),
        organization_id: add_organization(tx, n).await,
        email: format!("personne{n}@exemple.fr"),
        identifier: format!("personne{n}"),
        first_name: "Élise".into(),
        last_name: "Août".into(),
        language: Language::En,
        state,
        portal_roles: vec![],
        password_hash: None,
        terms_version: None,
        created_at: day(0),
        edition: 1,
    };
    tx.insert_account(&account).await.unwrap();
    let place = Membership { organization_id, account_id: account.id, role, since: day(0) };
    tx.put_membership(&place).await.unwrap();
}

#[tokio::test]
async fn those_who_can_act_are_written_to_owners_first() {
    for db in databases().await {
        let mut tx = db.store.begin().await.unwrap();
        let house = add_organization(&mut tx, 99).await;
        add_member(&mut tx, house, 1, Role::Developer, AccountState::Active).await;
        add_member(&mut tx, house, 2, Role::Viewer, AccountState::Active).await;
        add_member(&mut tx, house, 3, Role::Owner, AccountState::Active).await;
        add_member(&mut tx, house, 4, Role::Owner, AccountState::Suspended).await;
        add_member(&mut tx, house, 5, Role::Developer, AccountState::Active).await;
        let mut found = async |least, except: Option<u128>, limit| {
            let except = except.map(AccountId::from_u128);
            let accounts = tx.correspondents(house, least, except, limit).await.unwrap();
            accounts.iter().map(|a| a.id.as_u128()).collect::<Vec<_>>()
        };
        assert_eq!(found(Role::Developer, None, 10).await, [3, 1, 5], "{}", db.name);
        assert_eq!(found(Role::Developer, Some(1), 10).await, [3, 5]);
        assert_eq!(found(Role::Developer, None, 2).await, [3, 1]);
        assert_eq!(found(Role::Owner, None, 10).await, [3]);
        assert_eq!(found(Role::Viewer, None, 10).await, [3, 1, 2, 5]);
    }
}

/// A subscription, without the rest of the house: only its end matters here.
async fn add_subscription(db: &Database, n: u128, ends_at: Option<Timestamp>) -> SubscriptionId {
    let id = SubscriptionId::from_u128(n);
    let (api, plan) = (format!("api-{n}"), format!("plan-{n}"));
    let organization = OrganizationId::from_u128(99);
    let application = ApplicationId::from_u128(n);
    let end = ends_at.map_or("NULL".to_owned(), |end| end.as_millis().to_string());
    for sql in [
        format!(
            "INSERT INTO apis (id, organization_id, slug, version, name, state, listing, presentation, gateway, \
             created_at, updated_at, edition) \
             VALUES ('{api}', '{organization}', '{api}', '1', 'A', 'published', 'public', '{{}}', '{{}}', 0, 0, 1)"
        ),
        format!("INSERT INTO plans VALUES ('{plan}', '{api}', 'p', '{{}}', 'published', 0)"),
        format!(
            "INSERT INTO applications (id, organization_id, name, description, kind, state, created_by, created_at, \
             edition) VALUES ('{application}', '{organization}', 'A', '', 'simple', 'active', 'x', 0, 1)"
        ),
        format!(
            "INSERT INTO subscriptions (id, application_id, api_id, plan_id, state, comment, created_at, ends_at, \
             edition) VALUES ('{id}', '{application}', '{api}', '{plan}', 'active', '', 0, {end}, 1)"
        ),
    ] {
        db.meddle(&sql).await;
    }
    id
}

fn key(n: u8, subscription: SubscriptionId, created: i64, expires: Option<i64>) -> Credential {
    Credential {
        id: CredentialId::from_u128(n.into()),
        kind: CredentialKind::ApiKey,
        organization_id: OrganizationId::from_u128(99),
        application_id: ApplicationId::from_u128(subscription.as_u128()),
        subscription_id: Some(subscription),
        hint: "abcd".into(),
        scheme: DigestScheme::Hmac { pepper: 1 },
        digest: Digest([n; 32]),
        sealed: None,
        state: CredentialState::Active,
        replaced_by: None,
        created_at: day(created),
        expires_at: expires.map(day),
        revoked_at: None,
        edition: 1,
    }
}

/// The keys that the notice of `days` is due for at day 100.
async fn due(tx: &mut Tx, days: i64, after: i64) -> Vec<u128> {
    let span = NoticeSpan { days, after: day(100 + after), until: day(100 + days) };
    let keys = tx.ending_keys(span, None, 100).await.unwrap();
    keys.iter().map(|key| key.credential_id.as_u128()).collect()
}

#[tokio::test]
async fn a_key_is_due_once_for_each_notice_that_it_was_made_in_time_for() {
    for db in databases().await {
        let mut tx = db.store.begin().await.unwrap();
        add_organization(&mut tx, 99).await;
        tx.commit().await.unwrap();
        let endless = add_subscription(&db, 1, None).await;
        let ending = add_subscription(&db, 2, Some(day(105))).await;
        let mut tx = db.store.begin().await.unwrap();
        let paused = Credential { state: CredentialState::Paused, ..key(9, endless, 0, Some(105)) };
        let revoked = Credential { state: CredentialState::Revoked, ..key(10, endless, 0, Some(105)) };
        let replaced =
            Credential { replaced_by: Some(CredentialId::from_u128(1)), ..key(11, endless, 0, Some(105)) };
        for key in [
            key(1, endless, 0, None),
            key(2, endless, 0, Some(100)),
            key(3, endless, 0, Some(101)),
            key(4, endless, 0, Some(107)),
            key(5, endless, 0, Some(130)),
            key(6, endless, 0, Some(131)),
            // Made with thirty days to live, and with thirty-one.
            key(7, endless, 95, Some(125)),
            key(8, endless, 94, Some(125)),
            paused,
            revoked,
            replaced,
            // Ends with its subscription: without an end of its own, with a later and with an earlier one.
            key(12, ending, 0, None),
            key(13, ending, 0, Some(120)),
            key(14, ending, 0, Some(101)),
        ] {
            tx.insert_credential(&key).await.unwrap();
        }
        assert_eq!(due(&mut tx, 1, 0).await, [3, 14], "{}", db.name);
        assert_eq!(due(&mut tx, 7, 1).await, [4, 9, 12, 13]);
        assert_eq!(due(&mut tx, 30, 7).await, [5, 8]);
        let span = NoticeSpan { days: 7, after: day(101), until: day(107) };
        let page = tx.ending_keys(span, Some(CredentialId::from_u128(4)), 2).await.unwrap();
        let page: Vec<_> = page.iter().map(|k| (k.credential_id.as_u128(), k.subscription_id)).collect();
        assert_eq!(page, [(9, endless), (12, ending)]);

        assert!(tx.note_notice(CredentialId::from_u128(9), 7, day(100)).await.unwrap());
        assert!(!tx.note_notice(CredentialId::from_u128(9), 7, day(100)).await.unwrap());
        assert!(tx.note_notice(CredentialId::from_u128(12), 30, day(100)).await.unwrap());
        assert_eq!(due(&mut tx, 7, 1).await, [4, 12, 13]);
    }
}

#[tokio::test]
async fn of_several_that_note_a_notice_at_once_one_does() {
    for db in databases().await {
        let mut tx = db.store.begin().await.unwrap();
        add_organization(&mut tx, 99).await;
        tx.commit().await.unwrap();
        let subscription = add_subscription(&db, 1, None).await;
        let mut tx = db.store.begin().await.unwrap();
        tx.insert_credential(&key(1, subscription, 0, Some(101))).await.unwrap();
        tx.commit().await.unwrap();
        let tries = (0..4).map(|_| {
            let store = db.store.clone();
            tokio::spawn(async move {
                let mut tx = store.begin().await.unwrap();
                let first = tx.note_notice(CredentialId::from_u128(1), 1, day(100)).await.unwrap();
                tx.commit().await.unwrap();
                first
            })
        });
        let mut noted = 0;
        for tried in tries.collect::<Vec<_>>() {
            noted += usize::from(tried.await.unwrap());
        }
        assert_eq!(noted, 1, "{}", db.name);
    }
}
