//! Tickets on every database: read as they were written, listed by whom they concern, kept when their writers go.

#![allow(clippy::unwrap_used, reason = "a step that fails stops its test")]

use octroi_domain::account::{Account, AccountState};
use octroi_domain::api::{Api, ApiState, Language, Listing, Presentation};
use octroi_domain::application::{Application, ApplicationKind, ApplicationProfile, ApplicationState};
use octroi_domain::ids::{AccountId, ApiId, ApplicationId, OrganizationId, TicketId, TicketMessageId};
use octroi_domain::organization::{Membership, Organization, OrganizationKind, Role};
use octroi_domain::ticket::{Side, Ticket, TicketMessage, TicketState};
use octroi_domain::time::Timestamp;
use octroi_store::{StoreError, TicketFigures, TicketScope, Tx};
use octroi_testkit::databases;
use serde_json::json;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn account(n: u128) -> AccountId {
    AccountId::from_u128(n)
}

fn organization(n: u128) -> OrganizationId {
    OrganizationId::from_u128(n)
}

/// The person `n` with a company of the same number.
async fn add_person(tx: &mut Tx, n: u128) {
    let company = Organization {
        id: organization(n),
        kind: OrganizationKind::Company,
        slug: format!("maison-{n}"),
        name: format!("Maison {n}"),
        created_at: at(1),
        edition: 1,
    };
    tx.insert_organization(&company, &[1]).await.unwrap();
    let person = Account {
        id: account(n),
        organization_id: company.id,
        email: format!("p{n}@exemple.fr"),
        identifier: format!("p{n}"),
        first_name: "Zoé".into(),
        last_name: format!("D'Août {n}"),
        language: Language::Fr,
        state: AccountState::Active,
        portal_roles: vec![],
        password_hash: None,
        terms_version: None,
        created_at: at(1),
        edition: 1,
    };
    tx.insert_account(&person).await.unwrap();
}

async fn add_member(tx: &mut Tx, n: u128, company: u128, role: Role) {
    let membership =
        Membership { organization_id: organization(company), account_id: account(n), role, since: at(1) };
    tx.put_membership(&membership).await.unwrap();
}

async fn add_api(tx: &mut Tx, n: u128, provider: u128) {
    let gateway =
        json!({"route": {"path": format!("/api-{n}")}, "upstreams": [{"url": "http://127.0.0.1:9"}]});
    let api = Api {
        id: ApiId::from_u128(n),
        organization_id: organization(provider),
        slug: format!("api-{n}"),
        version: "1".into(),
        name: format!("API {n}"),
        state: ApiState::Published,
        listing: Listing::Public,
        presentation: Presentation::default(),
        gateway: serde_json::from_value(gateway).unwrap(),
        terms: None,
        created_at: at(1),
        updated_at: at(1),
        edition: 1,
    };
    tx.insert_api(&api).await.unwrap();
}

async fn add_application(tx: &mut Tx, n: u128, owner: u128) {
    let profile = ApplicationProfile { name: "Carnet".into(), description: "d".into(), domain: None };
    let application = Application {
        id: ApplicationId::from_u128(n),
        organization_id: organization(owner),
        profile,
        kind: ApplicationKind::Simple,
        client_id: None,
        state: ApplicationState::Active,
        created_by: account(owner),
        created_at: at(1),
        edition: 1,
    };
    tx.insert_application(&application).await.unwrap();
}

fn ticket(n: u128, api: u128, opener: u128, application: Option<u128>) -> Ticket {
    Ticket {
        id: TicketId::from_u128(n),
        api_id: ApiId::from_u128(api),
        account: account(opener),
        application_id: application.map(ApplicationId::from_u128),
        subject: "Où est « la » clé ?".into(),
        state: TicketState::Open,
        messages: 1,
        created_at: at(10),
        updated_at: at(11),
    }
}

fn message(n: u128, ticket: u128, position: i64, author: u128, side: Side) -> TicketMessage {
    TicketMessage {
        id: TicketMessageId::from_u128(n),
        ticket_id: TicketId::from_u128(ticket),
        position,
        author: account(author),
        side,
        body: format!("Message {n}\n\n- é"),
        created_at: at(20),
    }
}

/// Two providers with an API each; two consumers, of whom the first has an application and a colleague.
async fn furnish(tx: &mut Tx) {
    for n in 1..=5 {
        add_person(tx, n).await;
    }
    add_api(tx, 1, 1).await;
    add_api(tx, 2, 2).await;
    add_application(tx, 1, 3).await;
    add_member(tx, 3, 3, Role::Owner).await;
    add_member(tx, 4, 3, Role::Developer).await;
    add_member(tx, 5, 3, Role::Viewer).await;
}

#[tokio::test]
async fn a_thread_is_read_as_it_was_written_and_keeps_its_order() {
    for db in databases().await {
        let mut tx = db.store.begin().await.unwrap();
        furnish(&mut tx).await;
        let mut written = ticket(1, 1, 3, Some(1));
        tx.insert_ticket(&written).await.unwrap();
        assert!(!tx.lock_ticket(TicketId::from_u128(9)).await.unwrap());
        assert!(tx.lock_ticket(written.id).await.unwrap());
        // Identifiers that their writers chose say nothing about the order.
        for (id, position, author, side) in
            [(9, 1, 3, Side::Consumer), (2, 2, 1, Side::Provider), (5, 3, 4, Side::Consumer)]
        {
            tx.insert_ticket_message(&message(id, 1, position, author, side)).await.unwrap();
        }
        (written.state, written.messages, written.updated_at) = (TicketState::Answered, 3, at(30));
        tx.update_ticket(&written).await.unwrap();
        tx.commit().await.unwrap();

        let mut session = db.store.read().await.unwrap();
        let found = session.ticket(written.id).await.unwrap().unwrap();
        assert_eq!(found.ticket, written, "{}", db.name);
        assert_eq!((found.api_slug.as_str(), found.api_version.as_str()), ("api-1", "1"));
        assert_eq!((found.provider, found.owner), (organization(1), Some(organization(3))));
        assert_eq!(found.application_name.as_deref(), Some("Carnet"));
        assert_eq!(found.opener.as_deref(), Some("Zoé D'Août 3"));
        let first = session.ticket_messages(written.id, 0, 2).await.unwrap();
        let rest = session.ticket_messages(written.id, 2, 2).await.unwrap();
        assert_eq!(first[0].message, message(9, 1, 1, 3, Side::Consumer));
        let order: Vec<_> =
            first.iter().chain(&rest).map(|m| (m.message.position, m.author.as_deref().unwrap())).collect();
        assert_eq!(order, [(1, "Zoé D'Août 3"), (2, "Zoé D'Août 1"), (3, "Zoé D'Août 4")]);
        let again = session.ticket_message(TicketMessageId::from_u128(2)).await.unwrap();
        assert_eq!(again, Some(message(2, 1, 2, 1, Side::Provider)));
        assert_eq!(session.ticket_messages_by(account(4), 10).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn one_identifier_and_one_place_belong_to_one_message() {
    for db in databases().await {
        for (id, position) in [(1, 2), (2, 1)] {
            let mut tx = db.store.begin().await.unwrap();
            furnish(&mut tx).await;
            tx.insert_ticket(&ticket(1, 1, 3, None)).await.unwrap();
            tx.insert_ticket_message(&message(1, 1, 1, 3, Side::Consumer)).await.unwrap();
            let refused = tx.insert_ticket_message(&message(id, 1, position, 3, Side::Consumer)).await;
            assert!(
                matches!(&refused, Err(StoreError::Duplicate(what)) if what.contains("ticket_messages")),
                "{} {refused:?}",
                db.name
            );
        }
    }
}

#[tokio::test]
async fn lists_hold_what_concerns_their_reader_newest_first() {
    for db in databases().await {
        let mut tx = db.store.begin().await.unwrap();
        furnish(&mut tx).await;
        for written in [ticket(1, 1, 3, Some(1)), ticket(2, 1, 4, None), ticket(3, 2, 3, None)] {
            tx.insert_ticket(&written).await.unwrap();
        }
        let mut closed = ticket(4, 1, 3, None);
        closed.state = TicketState::Closed;
        tx.insert_ticket(&closed).await.unwrap();
        tx.commit().await.unwrap();

        let mut session = db.store.read().await.unwrap();
        let api = Some(ApiId::from_u128(1));
        let (open, before) = (Some(TicketState::Open), Some(TicketId::from_u128(3)));
        let mine = |n| TicketScope::Account(account(n));
        let lists = [
            (TicketScope::All, None, None, None, vec![4, 3, 2, 1]),
            (TicketScope::Api(ApiId::from_u128(1)), None, None, None, vec![4, 2, 1]),
            (TicketScope::Api(ApiId::from_u128(1)), api, open, before, vec![2, 1]),
            (mine(3), None, None, None, vec![4, 3, 1]),
            (mine(3), api, open, None, vec![1]),
            // One's own, and those about an application that one answers for; to look is not to answer.
            (mine(4), None, None, None, vec![2, 1]),
            (mine(5), None, None, None, vec![]),
        ];
        for (scope, api, state, before, expected) in lists {
            let found = session.tickets(scope, api, state, before, 10).await.unwrap();
            let ids: Vec<u128> = found.iter().map(|place| place.ticket.id.as_u128()).collect();
            assert_eq!(ids, expected, "{} {scope:?}", db.name);
        }
        assert_eq!(session.tickets(TicketScope::All, None, None, None, 2).await.unwrap().len(), 2);
        let figures = session.ticket_figures(ApiId::from_u128(1)).await.unwrap();
        assert_eq!(figures, TicketFigures { open: 2, answered: 0, closed: 1 });
        assert_eq!(session.count_open_tickets(account(3)).await.unwrap(), 2);
        assert!(session.api_was_used(ApiId::from_u128(2)).await.unwrap());
        assert!(!session.api_was_used(ApiId::from_u128(9)).await.unwrap());
    }
}

#[tokio::test]
async fn a_thread_outlives_its_writers_and_loses_their_names() {
    for db in databases().await {
        let mut tx = db.store.begin().await.unwrap();
        furnish(&mut tx).await;
        tx.insert_ticket(&ticket(1, 1, 3, Some(1))).await.unwrap();
        tx.insert_ticket_message(&message(1, 1, 1, 3, Side::Consumer)).await.unwrap();
        tx.delete_account(account(3)).await.unwrap();
        tx.commit().await.unwrap();
        let mut session = db.store.read().await.unwrap();
        let found = session.ticket(TicketId::from_u128(1)).await.unwrap().unwrap();
        assert_eq!((found.ticket.account, found.opener), (account(3), None), "{}", db.name);
        let kept = session.ticket_messages(found.ticket.id, 0, 10).await.unwrap();
        assert_eq!((kept.len(), kept[0].author.as_deref()), (1, None));
    }
}
