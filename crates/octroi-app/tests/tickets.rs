//! Tickets through their doors: who reads and writes, whose turn it is, what is sent twice, what is kept of the erased.

#![allow(clippy::unwrap_used, reason = "a test that fails stops here")]

use octroi_app::mail::{MailMessage, TicketNews};
use octroi_app::page::PageRequest;
use octroi_app::tickets::{OpenTicket, Reply, TicketFilter, TicketMessageView, TicketView};
use octroi_app::{AppError, Conflict};
use octroi_domain::account::PortalRole;
use octroi_domain::actor::Actor;
use octroi_domain::ids::{ApiId, TicketId, TicketMessageId};
use octroi_domain::organization::{OrganizationKind, Role};
use octroi_domain::ticket::TicketState::{Answered, Closed, Open};
use octroi_domain::ticket::{MAX_MESSAGES, MAX_OPEN, Side, TicketState};
use octroi_testkit::{House, Mailbox, conflict, on_both, plan, subscribe, violations};
use serde_json::json;
use std::time::Duration;

fn ticket(api_id: ApiId) -> OpenTicket {
    OpenTicket {
        api_id,
        application_id: None,
        subject: " Une clé de plus ? ".into(),
        body: "Bonjour,\n\n**merci**.\n".into(),
        once: None,
    }
}

fn reply(body: &str) -> Reply {
    Reply { body: body.into(), once: None }
}

async fn say(house: &House, actor: &Actor, id: TicketId, body: &str) -> TicketMessageView {
    house.app.reply_ticket(actor, id, reply(body)).await.unwrap()
}

async fn state(house: &House, id: TicketId) -> TicketState {
    house.app.ticket(&Actor::System("test"), id).await.unwrap().state
}

async fn listed(house: &House, actor: &Actor, filter: &TicketFilter) -> Vec<TicketId> {
    let page = house.app.tickets(actor, filter, &PageRequest::default()).await.unwrap();
    page.items.iter().map(|ticket| ticket.id).collect()
}

fn hidden<T: std::fmt::Debug>(result: Result<T, AppError>) {
    assert!(matches!(result, Err(AppError::NotFound)), "{result:?}");
}

on_both! {
    async fn a_thread_goes_to_and_fro_between_both_sides(house) {
        let sirene = house.publish(json!({}), vec![]).await;
        let ada = house.person("ada", &[]).await;
        let opened = house.app.open_ticket(&ada, ticket(sirene.api_id())).await.unwrap();
        let id = opened.id;
        assert_eq!((opened.subject.as_str(), opened.state, opened.messages), ("Une clé de plus ?", Open, 1));
        assert_eq!((opened.side, opened.may_reply), (Side::Consumer, true));
        assert_eq!(opened.opener.name.as_deref(), Some("Camille Arnaud"));
        assert_eq!(opened.api.name, "API Sirene");

        assert_eq!(say(house, &sirene.provider, id, "Voici.").await.side, Side::Provider);
        assert_eq!(state(house, id).await, Answered);
        say(house, &ada, id, "Et encore ?").await;
        assert_eq!(state(house, id).await, Open);
        assert_eq!(house.app.close_ticket(&sirene.provider, id).await.unwrap().state, Closed);
        let entries = house.database.texts("SELECT action FROM audit WHERE action = 'ticket.closed'").await;
        assert_eq!(house.app.close_ticket(&ada, id).await.unwrap().state, Closed);
        let again = house.database.texts("SELECT action FROM audit WHERE action = 'ticket.closed'").await;
        assert_eq!((entries.len(), again.len()), (1, 1), "what is closed is not closed again");
        say(house, &sirene.provider, id, "Une chose de plus.").await;
        assert_eq!(state(house, id).await, Answered);

        let mut page = PageRequest { limit: Some(3), cursor: None };
        let first = house.app.ticket_messages(&ada, id, &page).await.unwrap();
        page.cursor = first.next_cursor.clone();
        let rest = house.app.ticket_messages(&ada, id, &page).await.unwrap();
        assert!(rest.next_cursor.is_none());
        let bodies: Vec<&str> = first.items.iter().chain(&rest.items).map(|m| m.body.as_str()).collect();
        assert_eq!(bodies, ["Bonjour,\n\n**merci**.", "Voici.", "Et encore ?", "Une chose de plus."]);
        // The trail names what was done and nothing that was said.
        let trail = house.database.texts("SELECT details FROM audit WHERE action LIKE 'ticket.%'").await;
        assert_eq!(trail.len(), 5);
        assert!(!trail.concat().contains("Bonjour") && !trail.concat().contains("clé"), "{trail:?}");
        house.app.verify_audit().await.unwrap();
    }

    async fn a_thread_is_seen_by_its_sides_and_nobody_else(house) {
        let sirene = house.publish(json!({}), vec![]).await;
        let (ada, eve) = (house.person("ada", &[]).await, house.person("eve", &[]).await);
        let company = house.organization(OrganizationKind::Company, "acme", &ada, Role::Owner).await;
        let ada = house.sign_in("ada").await;
        let mut colleagues = Vec::new();
        for (name, role) in [("dora", Role::Developer), ("vera", Role::Viewer)] {
            let person = house.person(name, &[]).await;
            house.organization(OrganizationKind::Company, "acme", &person, role).await;
            colleagues.push(house.sign_in(name).await);
        }
        let clerk = house.person("clerk", &[]).await;
        house.organization(OrganizationKind::Provider, "insee", &clerk, Role::Viewer).await;
        let clerk = house.sign_in("clerk").await;
        let admin = house.person("admin", &[PortalRole::Admin]).await;

        let application = house.application(&ada, "Carnet").await.id;
        let shared = json!({"organization_id": company, "name": "Commune", "description": "d"});
        let shared = house.app.create_application(&ada, serde_json::from_value(shared).unwrap()).await.unwrap();
        let about = |id| OpenTicket { application_id: Some(id), ..ticket(sirene.api_id()) };
        let alone = house.app.open_ticket(&ada, about(application)).await.unwrap().id;
        house.clock.advance(Duration::from_secs(1));
        let common = house.app.open_ticket(&ada, about(shared.application.id)).await.unwrap();
        assert_eq!(common.application.as_ref().unwrap().name, "Commune");

        let [dora, vera] = &colleagues[..] else { unreachable!() };
        for stranger in [&eve, vera] {
            hidden(house.app.ticket(stranger, common.id).await);
            hidden(house.app.ticket_messages(stranger, common.id, &PageRequest::default()).await);
            hidden(house.app.reply_ticket(stranger, common.id, reply("x")).await);
            hidden(house.app.close_ticket(stranger, common.id).await);
            hidden(house.app.ticket_counts(stranger, sirene.api_id()).await);
        }
        hidden(house.app.ticket(dora, alone).await);
        assert_eq!(say(house, dora, common.id, "Moi aussi.").await.side, Side::Consumer);
        let seen = house.app.ticket(&clerk, alone).await.unwrap();
        assert_eq!((seen.side, seen.may_reply), (Side::Provider, false));
        let refused = house.app.reply_ticket(&clerk, alone, reply("x")).await;
        assert!(matches!(refused, Err(AppError::Forbidden)), "{refused:?}");
        assert_eq!(say(house, &admin, alone, "Nous regardons.").await.side, Side::Operator);
        assert_eq!(state(house, alone).await, Open, "the provider's turn, still");
        let anonymous = house.app.ticket(&Actor::Anonymous, alone).await;
        assert!(matches!(anonymous, Err(AppError::SignIn)));

        let (on_api, mine) = (
            TicketFilter { api_id: Some(sirene.api_id()), ..TicketFilter::default() },
            TicketFilter { mine: true, ..TicketFilter::default() },
        );
        assert_eq!(listed(house, &ada, &TicketFilter::default()).await, [common.id, alone]);
        assert_eq!(listed(house, dora, &TicketFilter::default()).await, [common.id]);
        assert_eq!(listed(house, vera, &on_api).await, []);
        assert_eq!(listed(house, &clerk, &on_api).await, [common.id, alone]);
        assert_eq!(listed(house, &clerk, &TicketFilter::default()).await, [], "one's own, unless an API is named");
        assert_eq!(listed(house, &admin, &TicketFilter::default()).await, [common.id, alone]);
        assert_eq!(listed(house, &admin, &mine).await, []);
        let counts = house.app.ticket_counts(&clerk, sirene.api_id()).await.unwrap();
        assert_eq!((counts.open, counts.answered, counts.closed), (2, 0, 0));
    }

    async fn a_ticket_names_only_what_its_opener_may_name(house) {
        let sirene = house.publish(json!({}), vec![]).await;
        let draft = json!({"slug": "secrete", "state": "draft", "gateway": {"route": {"path": "/secrete"}}});
        let draft = house.publish_as(sirene.provider.clone(), sirene.organization_id, "1", draft, vec![]).await;
        let (ada, eve) = (house.person("ada", &[]).await, house.person("eve", &[]).await);
        let application = house.application(&ada, "Carnet").await.id;
        let of_ada = OpenTicket { application_id: Some(application), ..ticket(sirene.api_id()) };
        let field = |name: &str, code| vec![(name.to_owned(), code)];
        assert_eq!(violations(house.app.open_ticket(&eve, of_ada).await), field("application_id", "unknown"));
        assert_eq!(violations(house.app.open_ticket(&eve, ticket(draft.api_id())).await), field("api_id", "unknown"));
        let empty = OpenTicket { subject: "a\nb".into(), body: " ".into(), ..ticket(sirene.api_id()) };
        let both = vec![("subject".to_owned(), "control_character"), ("body".to_owned(), "required")];
        assert_eq!(violations(house.app.open_ticket(&eve, empty).await), both);
        let anonymous = house.app.open_ticket(&Actor::Anonymous, ticket(sirene.api_id())).await;
        assert!(matches!(anonymous, Err(AppError::SignIn)));
        assert!(house.database.texts("SELECT id FROM tickets").await.is_empty());
    }

    async fn what_is_sent_twice_is_written_once(house) {
        let sirene = house.publish(json!({}), vec![]).await;
        let (ada, eve) = (house.person("ada", &[]).await, house.person("eve", &[]).await);
        let once = |n| Some(TicketMessageId::from_u128(n));
        let open = |n| OpenTicket { once: once(n), ..ticket(sirene.api_id()) };
        let first = house.app.open_ticket(&ada, open(1)).await.unwrap();
        let second = house.app.open_ticket(&ada, open(1)).await.unwrap();
        assert_eq!((first.id, first.messages), (second.id, second.messages));
        let answer = |n| Reply { body: "Encore.".into(), once: once(n) };
        let sent = house.app.reply_ticket(&ada, first.id, answer(2)).await.unwrap();
        let again = house.app.reply_ticket(&ada, first.id, answer(2)).await.unwrap();
        assert_eq!((sent.id, sent.position), (again.id, again.position));
        assert_eq!(house.app.ticket(&ada, first.id).await.unwrap().messages, 2);

        // An identifier that stands elsewhere is no repetition, whoever sends it.
        let taken = vec![("once".to_owned(), "taken")];
        let other = house.app.open_ticket(&ada, open(3)).await.unwrap().id;
        assert_eq!(violations(house.app.reply_ticket(&ada, other, answer(2)).await), taken);
        assert_eq!(violations(house.app.open_ticket(&ada, open(2)).await), taken);
        assert_eq!(violations(house.app.open_ticket(&eve, open(1)).await), taken);
        // Nor is another text under the same one: it would be lost.
        let changed = OpenTicket { body: "Autre chose.".into(), ..open(1) };
        assert_eq!(violations(house.app.open_ticket(&ada, changed).await), taken);
        let changed = Reply { body: "Autre chose.".into(), ..answer(2) };
        assert_eq!(violations(house.app.reply_ticket(&ada, first.id, changed).await), taken);
        assert_eq!(violations(house.app.reply_ticket(&sirene.provider, first.id, answer(2)).await), taken);
    }

    async fn each_side_is_told_what_the_other_writes(house) {
        let sirene = house.publish(json!({}), vec![]).await;
        for (name, role) in [("dora", Role::Developer), ("vera", Role::Viewer)] {
            let person = house.person(name, &[]).await;
            house.organization(OrganizationKind::Provider, "insee", &person, role).await;
        }
        let (ada, admin) = (house.person("ada", &[]).await, house.person("admin", &[PortalRole::Admin]).await);
        let mails = Mailbox::default();
        let told = async || {
            house.app.run_due_jobs(&mails).await.unwrap();
            let mut told = Vec::new();
            for mail in mails.take() {
                let MailMessage::Ticket { news, subject, excerpt, url, .. } = mail.message else { continue };
                assert!(url.starts_with("http://portal.test/tickets/tkt_"), "{url}");
                assert_eq!(subject, "Une clé de plus ?");
                told.push((mail.to, news, excerpt));
            }
            told.sort_by(|a, b| a.0.cmp(&b.0));
            told
        };
        let (paul, dora) = ("paul@exemple.fr", "dora@exemple.fr");
        let id = house.app.open_ticket(&ada, ticket(sirene.api_id())).await.unwrap().id;
        let first = told().await;
        let to: Vec<&str> = first.iter().map(|mail| mail.0.as_str()).collect();
        assert_eq!(to, [dora, paul], "who may answer is told");
        assert_eq!(first[0].1, TicketNews::Opened);
        say(house, &sirene.provider, id, "Voici.").await;
        assert_eq!(told().await, [("ada@exemple.fr".to_owned(), TicketNews::Answered, "Voici.".to_owned())]);
        say(house, &ada, id, "Merci.").await;
        assert_eq!(told().await.len(), 2);
        say(house, &admin, id, "Nous suivons.").await;
        let both = told().await;
        assert_eq!(both.iter().map(|mail| mail.0.as_str()).collect::<Vec<_>>(), ["ada@exemple.fr", dora, paul]);
        // What was sent before is not told again, nor is a ticket closed behind somebody's back a message.
        let once = Some(TicketMessageId::from_u128(5));
        for _ in 0..2 {
            let again = Reply { body: "Encore.".into(), once };
            house.app.reply_ticket(&ada, id, again).await.unwrap();
        }
        assert_eq!(told().await.len(), 2);
        house.app.close_ticket(&ada, id).await.unwrap();
        house.app.erase_account(&ada, ada.account_id().unwrap()).await.unwrap();
        say(house, &sirene.provider, id, "À qui de droit.").await;
        assert_eq!(told().await, []);
    }

    async fn many_at_once_open_one(house) {
        let sirene = house.publish(json!({}), vec![]).await;
        let ada = house.person("ada", &[]).await;
        let asked = (0..4).map(|_| {
            let (app, ada, api) = (house.app.clone(), ada.clone(), sirene.api_id());
            let once = Some(TicketMessageId::from_u128(7));
            tokio::spawn(async move { app.open_ticket(&ada, OpenTicket { once, ..ticket(api) }).await })
        });
        let mut ids = Vec::new();
        for one in asked.collect::<Vec<_>>() {
            ids.push(one.await.unwrap().unwrap().id);
        }
        ids.dedup();
        assert_eq!(ids.len(), 1);
        assert_eq!(house.database.texts("SELECT id FROM tickets").await.len(), 1);
    }

    async fn threads_and_their_number_have_bounds(house) {
        let sirene = house.publish(json!({}), vec![]).await;
        let ada = house.person("ada", &[]).await;
        let mut last: Option<TicketView> = None;
        for _ in 0..MAX_OPEN {
            // Nobody opens them all at once: the limit on writers is another test's.
            house.clock.advance(Duration::from_secs(3600));
            last = Some(house.app.open_ticket(&ada, ticket(sirene.api_id())).await.unwrap());
        }
        let last = last.unwrap().id;
        house.clock.advance(Duration::from_secs(3600));
        let refused = house.app.open_ticket(&ada, ticket(sirene.api_id())).await;
        assert_eq!(conflict(refused), Conflict::TooManyTickets);
        house.app.close_ticket(&ada, last).await.unwrap();
        house.app.open_ticket(&ada, ticket(sirene.api_id())).await.unwrap();

        house.database.meddle(&format!("UPDATE tickets SET messages = {MAX_MESSAGES}")).await;
        assert_eq!(conflict(house.app.reply_ticket(&ada, last, reply("x")).await), Conflict::TicketFull);
    }

    async fn a_machine_that_writes_without_end_is_told_to_wait(house) {
        let sirene = house.publish(json!({}), vec![]).await;
        let ada = house.person("ada", &[]).await;
        let id = house.app.open_ticket(&ada, ticket(sirene.api_id())).await.unwrap().id;
        let mut written = 0;
        let seconds = loop {
            match house.app.reply_ticket(&ada, id, reply("encore")).await {
                Ok(_) => written += 1,
                Err(AppError::TooMany(seconds)) => break seconds,
                Err(other) => unreachable!("{other:?}"),
            }
        };
        assert!((50..200).contains(&written), "{written}");
        say(house, &sirene.provider, id, "Nous avons lu.").await;
        house.clock.advance(Duration::from_secs(seconds.into()));
        say(house, &ada, id, "Merci.").await;
    }

    async fn the_erased_leave_their_words_without_their_name(house) {
        let sirene = house.publish(json!({}), vec![plan("public", json!({}))]).await;
        let ada = house.person("ada", &[]).await;
        let application = house.application(&ada, "Carnet").await.id;
        house.app.subscribe(&ada, subscribe(application, sirene.plan_id(0))).await.unwrap();
        let named = OpenTicket { application_id: Some(application), ..ticket(sirene.api_id()) };
        let id = house.app.open_ticket(&ada, named).await.unwrap().id;
        let account = ada.account_id().unwrap();
        let export = house.app.export_account(&ada, account).await.unwrap();
        assert_eq!(export["ticket_messages"][0]["body"], "Bonjour,\n\n**merci**.");
        assert_eq!(export["ticket_messages"][0]["ticket_id"], json!(id));

        house.app.erase_account(&ada, account).await.unwrap();
        let kept = house.app.ticket(&sirene.provider, id).await.unwrap();
        assert_eq!((kept.opener.id, kept.opener.name), (account, None));
        let said = house.app.ticket_messages(&sirene.provider, id, &PageRequest::default()).await.unwrap();
        assert_eq!((said.items.len(), said.items[0].author.name.as_deref()), (1, None));
        say(house, &sirene.provider, id, "À qui de droit.").await;
    }

    async fn an_api_with_tickets_is_retired_rather_than_deleted(house) {
        let sirene = house.publish(json!({}), vec![]).await;
        let ada = house.person("ada", &[]).await;
        house.app.open_ticket(&ada, ticket(sirene.api_id())).await.unwrap();
        let refused = house.app.delete_api(&sirene.provider, sirene.api_id(), None).await;
        assert_eq!(conflict(refused), Conflict::StillUsed);
    }
}
