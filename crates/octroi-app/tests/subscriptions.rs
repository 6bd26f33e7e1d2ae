//! Subscriptions through their doors: who may ask, what each state lets happen, and what the gate makes of it.

#![allow(clippy::unwrap_used, reason = "a test that fails stops here")]

use octroi_app::subscriptions::{ChangePlan, Decision, Subscribe, SubscriptionFilter, terms_digest};
use octroi_app::{AppError, Conflict};
use octroi_domain::account::PortalRole;
use octroi_domain::actor::Actor;
use octroi_domain::ids::{PlanId, SubscriptionId};
use octroi_domain::organization::{OrganizationKind, Role};
use octroi_domain::subscription::SubscriptionState::{Active, Closed, Paused, Pending, Rejected};
use octroi_domain::subscription::Transition::{Approve, Close, Pause, Reject, Resume};
use octroi_domain::subscription::{SubscriptionState, Transition};
use octroi_testkit::{Gate, House, conflict, on_both, plan, subscribe, violations};
use serde_json::json;

async fn decide(
    house: &House,
    actor: &Actor,
    id: SubscriptionId,
    transition: Transition,
) -> Result<SubscriptionState, AppError> {
    let decision = Decision { reason: Some("Because.".to_owned()) };
    Ok(house.app.decide_subscription(actor, id, transition, decision, None).await?.state)
}

fn change(plan_id: PlanId) -> ChangePlan {
    ChangePlan { plan_id, comment: None, accepted_terms: None }
}

on_both! {
    async fn an_automatic_plan_gives_the_key_with_the_answer(house) {
        let sirene = house.publish(json!({}), vec![plan("public", json!({}))]).await;
        let gate = Gate::open(house).await;
        let ada = house.person("ada", &[]).await;
        let app = house.application(&ada, "Mon application").await;

        let (subscription, key) = house.subscribed(&ada, app.id, sirene.plan_id(0)).await;
        assert_eq!(subscription.state, Active);
        assert_eq!(subscription.api.access_url, "http://gateway.test/api-sirene/3.11");
        assert_eq!(
            key.curl,
            format!(
                "curl -H 'X-INSEE-Api-Key-Integration: {}' 'http://gateway.test/api-sirene/3.11'",
                key.secret
            )
        );
        assert_eq!(gate.call(house, &key.secret).await, "admitted");
        assert_eq!(house.app.application(&ada, app.id).await.unwrap().subscriptions, 1);

        let again = house.app.subscribe(&ada, subscribe(app.id, sirene.plan_id(0))).await;
        assert_eq!(conflict(again), Conflict::AlreadySubscribed);
        // Once closed, another may begin.
        decide(house, &ada, subscription.id, Close).await.unwrap();
        let (other, new) = house.subscribed(&ada, app.id, sirene.plan_id(0)).await;
        assert_ne!(other.id, subscription.id);
        assert_eq!(gate.call(house, &key.secret).await, "credential_revoked");
        assert_eq!(gate.call(house, &new.secret).await, "admitted");
    }

    async fn a_manual_plan_waits_and_every_transition_is_felt(house) {
        let manual = json!({"validation": "manual"});
        let sirene = house.publish(json!({}), vec![plan("reviewed", manual)]).await;
        let gate = Gate::open(house).await;
        let ada = house.person("ada", &[]).await;
        let app = house.application(&ada, "Mon application").await;

        let done = house.app.subscribe(&ada, subscribe(app.id, sirene.plan_id(0))).await.unwrap();
        let id = done.subscription.id;
        assert_eq!(done.subscription.state, Pending);
        assert!(done.key.is_none());
        assert_eq!(conflict(house.app.issue_key(&ada, id).await), Conflict::SubscriptionState);
        assert!(matches!(decide(house, &ada, id, Approve).await, Err(AppError::Forbidden)));

        assert_eq!(decide(house, &sirene.provider, id, Approve).await.unwrap(), Active);
        let keys = house.app.credentials(&ada, id, &Default::default()).await.unwrap().items;
        let key = house.app.reveal_credential(&ada, keys[0].id).await.unwrap().secret;
        assert_eq!(gate.call(house, &key).await, "admitted");
        assert_eq!(conflict(decide(house, &sirene.provider, id, Approve).await), Conflict::SubscriptionState);
        assert_eq!(decide(house, &sirene.provider, id, Pause).await.unwrap(), Paused);
        assert_eq!(gate.call(house, &key).await, "credential_paused");
        assert_eq!(decide(house, &sirene.provider, id, Resume).await.unwrap(), Active);
        assert_eq!(gate.call(house, &key).await, "admitted");
        assert_eq!(decide(house, &sirene.provider, id, Close).await.unwrap(), Closed);
        assert_eq!(gate.call(house, &key).await, "credential_revoked");
        for transition in [Approve, Reject, Pause, Resume, Close] {
            let result = decide(house, &sirene.provider, id, transition).await;
            assert_eq!(conflict(result), Conflict::SubscriptionState, "{transition:?}");
        }
    }

    async fn a_rejection_needs_a_reason_and_is_read_by_the_subscriber(house) {
        let manual = json!({"validation": "manual"});
        let sirene = house.publish(json!({}), vec![plan("reviewed", manual)]).await;
        let ada = house.person("ada", &[]).await;
        let app = house.application(&ada, "Mon application").await;
        let id = house.app.subscribe(&ada, subscribe(app.id, sirene.plan_id(0))).await.unwrap().subscription.id;

        let silent =
            house.app.decide_subscription(&sirene.provider, id, Reject, Decision::default(), None).await;
        assert_eq!(violations(silent), [("reason".to_owned(), "required")]);
        assert_eq!(decide(house, &sirene.provider, id, Reject).await.unwrap(), Rejected);
        let seen = house.app.subscription(&ada, id).await.unwrap();
        assert_eq!(seen.reason.as_deref(), Some("Because."));
        // A refusal does not keep anybody from asking again.
        house.app.subscribe(&ada, subscribe(app.id, sirene.plan_id(0))).await.unwrap();
    }

    async fn what_a_plan_asks_for_is_asked(house) {
        let terms = json!({"terms": "# Conditions\nÊtre courtois."});
        let plans = vec![
            plan("commented", json!({"comment": "required"})),
            plan("machine", json!({"security": "oauth2"})),
            plan("open", json!({"security": "keyless"})),
        ];
        let sirene = house.publish(terms, plans).await;
        let ada = house.person("ada", &[]).await;
        let app = house.application(&ada, "Mon application").await;
        let accepted = Some(terms_digest("# Conditions\nÊtre courtois."));

        let mut request = Subscribe { accepted_terms: accepted.clone(), ..subscribe(app.id, sirene.plan_id(0)) };
        let silent = house.app.subscribe(&ada, request.clone()).await;
        assert_eq!(violations(silent), [("comment".to_owned(), "required")]);
        request.comment = "Pour un annuaire\u{202e}".to_owned();
        let disguised = house.app.subscribe(&ada, request.clone()).await;
        assert_eq!(violations(disguised), [("comment".to_owned(), "control_character")]);
        request.comment = "Pour un annuaire".to_owned();
        for wrong in [None, Some(terms_digest("others"))] {
            let request = Subscribe { accepted_terms: wrong, ..request.clone() };
            assert_eq!(conflict(house.app.subscribe(&ada, request).await), Conflict::TermsNotAccepted);
        }
        let machine = Subscribe { plan_id: sirene.plan_id(1), ..request.clone() };
        assert_eq!(conflict(house.app.subscribe(&ada, machine).await), Conflict::ApplicationKind);
        let keyless = Subscribe { plan_id: sirene.plan_id(2), ..request.clone() };
        assert_eq!(violations(house.app.subscribe(&ada, keyless).await), [("plan_id".to_owned(), "not_allowed")]);
        let unknown = Subscribe { plan_id: PlanId::from_u128(7), ..request.clone() };
        assert_eq!(violations(house.app.subscribe(&ada, unknown).await), [("plan_id".to_owned(), "unknown")]);

        let done = house.app.subscribe(&ada, request).await.unwrap();
        assert_eq!(done.subscription.accepted_terms, accepted);
        assert_eq!(done.subscription.comment, "Pour un annuaire");
    }

    async fn closed_plans_and_apis_that_are_not_open_take_nobody(house) {
        let sirene = house.publish(json!({}), vec![plan("a", json!({})), plan("b", json!({}))]).await;
        let ada = house.person("ada", &[]).await;
        let app = house.application(&ada, "Mon application").await;

        house.app.close_plan(&sirene.provider, sirene.plan_id(0), None).await.unwrap();
        let closed = house.app.subscribe(&ada, subscribe(app.id, sirene.plan_id(0))).await;
        assert_eq!(conflict(closed), Conflict::PlanClosed);

        use octroi_domain::api::ApiState;
        house.app.set_api_state(&sirene.provider, sirene.api_id(), ApiState::Deprecated, None).await.unwrap();
        let left = house.app.subscribe(&ada, subscribe(app.id, sirene.plan_id(1))).await;
        assert_eq!(conflict(left), Conflict::ApiNotOpen);
    }

    async fn a_private_api_is_found_by_its_provider_only(house) {
        let sirene = house.publish(json!({"listing": "private"}), vec![plan("public", json!({}))]).await;
        let ada = house.person("ada", &[]).await;
        let app = house.application(&ada, "Mon application").await;
        let hidden = house.app.subscribe(&ada, subscribe(app.id, sirene.plan_id(0))).await;
        assert_eq!(violations(hidden), [("plan_id".to_owned(), "unknown")]);

        let own = house.application(&sirene.provider, "Supervision").await;
        house.subscribed(&sirene.provider, own.id, sirene.plan_id(0)).await;
    }

    async fn strangers_find_nothing(house) {
        let sirene = house.publish(json!({}), vec![plan("public", json!({}))]).await;
        let (ada, eve) = (house.person("ada", &[]).await, house.person("eve", &[]).await);
        let app = house.application(&ada, "Mon application").await;
        let id = house.subscribed(&ada, app.id, sirene.plan_id(0)).await.0.id;

        let hidden = |error: AppError| matches!(error, AppError::NotFound);
        assert!(hidden(house.app.subscription(&eve, id).await.unwrap_err()));
        assert!(hidden(decide(house, &eve, id, Close).await.unwrap_err()));
        assert!(hidden(house.app.change_plan(&eve, id, change(sirene.plan_id(0)), None).await.unwrap_err()));
        assert!(hidden(house.app.subscribe(&eve, subscribe(app.id, sirene.plan_id(0))).await.unwrap_err()));
        let filter = SubscriptionFilter { application_id: Some(app.id), ..Default::default() };
        assert!(hidden(house.app.subscriptions(&eve, &filter, &Default::default()).await.unwrap_err()));
        let anonymous = house.app.subscription(&Actor::Anonymous, id).await;
        assert!(matches!(anonymous, Err(AppError::SignIn)));
        let unknown = house.app.subscription(&Actor::Anonymous, SubscriptionId::from_u128(1)).await;
        assert!(matches!(unknown, Err(AppError::SignIn)));

        // Each list holds what its reader sees.
        let admin = house.person_with_admin().await;
        let everything = SubscriptionFilter::default();
        let to_api = SubscriptionFilter { api_id: Some(sirene.api_id()), ..Default::default() };
        for (actor, filter, found) in [
            (&ada, &everything, 1),
            (&eve, &everything, 0),
            (&sirene.provider, &everything, 0),
            (&admin, &everything, 1),
            (&ada, &to_api, 1),
            (&eve, &to_api, 0),
            (&sirene.provider, &to_api, 1),
        ] {
            let list = house.app.subscriptions(actor, filter, &Default::default()).await.unwrap();
            assert_eq!(list.items.len(), found, "{actor:?} {filter:?}");
        }
    }

    async fn what_somebody_else_did_meanwhile_is_not_overwritten(house) {
        let sirene = house.publish(json!({}), vec![plan("a", json!({})), plan("b", json!({}))]).await;
        let ada = house.person("ada", &[]).await;
        let app = house.application(&ada, "Mon application").await;
        let seen = house.subscribed(&ada, app.id, sirene.plan_id(0)).await.0;

        decide(house, &sirene.provider, seen.id, Pause).await.unwrap();
        let late = house.app.change_plan(&ada, seen.id, change(sirene.plan_id(1)), Some(seen.edition)).await;
        assert!(matches!(late, Err(AppError::Stale)));
        let late =
            house.app.decide_subscription(&ada, seen.id, Close, Decision::default(), Some(seen.edition)).await;
        assert!(matches!(late, Err(AppError::Stale)));
        assert_eq!(house.app.subscription(&ada, seen.id).await.unwrap().state, Paused);

        decide(house, &sirene.provider, seen.id, Close).await.unwrap();
        let late = house.app.change_plan(&ada, seen.id, change(sirene.plan_id(1)), None).await;
        assert_eq!(conflict(late), Conflict::SubscriptionState);
        assert_eq!(conflict(house.app.issue_key(&ada, seen.id).await), Conflict::SubscriptionState);
    }

    async fn of_many_at_once_one_subscription_and_one_decision_win(house) {
        let sirene = house.publish(json!({}), vec![plan("public", json!({}))]).await;
        let ada = house.person("ada", &[]).await;
        let app = house.application(&ada, "Mon application").await;

        let asked = (0..8).map(|_| {
            let (kit, ada) = (house.app.clone(), ada.clone());
            let request = subscribe(app.id, sirene.plan_id(0));
            tokio::spawn(async move { kit.subscribe(&ada, request).await })
        });
        let mut won = Vec::new();
        for one in asked.collect::<Vec<_>>() {
            match one.await.unwrap() {
                Ok(done) => won.push(done.subscription.id),
                error => assert_eq!(conflict(error), Conflict::AlreadySubscribed),
            }
        }
        let [id] = won[..] else { panic!("{won:?}") };

        let closed = (0..8).map(|_| {
            let (kit, ada) = (house.app.clone(), ada.clone());
            tokio::spawn(async move { kit.decide_subscription(&ada, id, Close, Decision::default(), None).await })
        });
        let mut closings = 0;
        for one in closed.collect::<Vec<_>>() {
            match one.await.unwrap() {
                Ok(_) => closings += 1,
                error => assert_eq!(conflict(error), Conflict::SubscriptionState),
            }
        }
        assert_eq!(closings, 1);
    }

    async fn a_plan_or_version_is_changed_without_a_new_key(house) {
        let slow = json!({"limits": {"rate": {"count": 2, "window_seconds": 60}}});
        let fast = json!({"limits": {"rate": {"count": 1000, "window_seconds": 60}}});
        let sirene = house.publish(json!({}), vec![plan("slow", slow), plan("fast", fast.clone())]).await;
        let newer = house
            .publish_as(
                sirene.provider.clone(),
                sirene.organization_id,
                "4.0",
                json!({"terms": "Nouvelles conditions"}),
                vec![plan("fast", fast)],
            )
            .await;
        let gate = Gate::open(house).await;
        let ada = house.person("ada", &[]).await;
        let app = house.application(&ada, "Mon application").await;
        let (subscription, key) = house.subscribed(&ada, app.id, sirene.plan_id(0)).await;
        for expected in ["admitted", "admitted", "rate_limited"] {
            assert_eq!(gate.call(house, &key.secret).await, expected);
        }

        let moved = house.app.change_plan(&ada, subscription.id, change(sirene.plan_id(1)), None).await.unwrap();
        assert_eq!((moved.plan.slug.as_str(), moved.state), ("fast", Active));
        assert_eq!(gate.call(house, &key.secret).await, "admitted");

        let to_newer = change(newer.plan_id(0));
        let silent = house.app.change_plan(&ada, subscription.id, to_newer.clone(), None).await;
        assert_eq!(conflict(silent), Conflict::TermsNotAccepted);
        let accepted = ChangePlan { accepted_terms: Some(terms_digest("Nouvelles conditions")), ..to_newer };
        let moved = house.app.change_plan(&ada, subscription.id, accepted, None).await.unwrap();
        assert_eq!(moved.api.version, "4.0");
        assert_eq!(gate.call(house, &key.secret).await, "credential_foreign");
        let at_newer = gate.judge("/api-sirene/4.0/siret/1", &[("x-insee-api-key-integration", &key.secret)]);
        assert_eq!(at_newer, "admitted");
    }

    async fn a_change_of_plan_is_no_way_around_the_provider(house) {
        let manual = json!({"validation": "manual"});
        let other = json!({
            "slug": "melodi", "gateway": {"route": {"path": "/melodi"}}, "name": "Melodi",
        });
        let sirene = house
            .publish(json!({}), vec![plan("public", json!({})), plan("reviewed", manual), plan("short", json!({"key_days": 30}))])
            .await;
        let melodi = house
            .publish_as(sirene.provider.clone(), sirene.organization_id, "1", other, vec![plan("public", json!({}))])
            .await;
        let gate = Gate::open(house).await;
        let ada = house.person("ada", &[]).await;
        let app = house.application(&ada, "Mon application").await;
        let (subscription, key) = house.subscribed(&ada, app.id, sirene.plan_id(0)).await;

        let elsewhere = house.app.change_plan(&ada, subscription.id, change(melodi.plan_id(0)), None).await;
        assert_eq!(violations(elsewhere), [("plan_id".to_owned(), "not_allowed")]);

        let waits = house.app.change_plan(&ada, subscription.id, change(sirene.plan_id(1)), None).await.unwrap();
        assert_eq!(waits.state, Pending);
        assert_eq!(gate.call(house, &key.secret).await, "credential_paused");
        decide(house, &sirene.provider, subscription.id, Approve).await.unwrap();
        assert_eq!(gate.call(house, &key.secret).await, "admitted");
        let keys = house.app.credentials(&ada, subscription.id, &Default::default()).await.unwrap().items;
        assert_eq!(keys.len(), 1, "the key stayed, and no second one was made");

        // What the provider paused is not started again by a change of plan; a shorter life is felt by the old key.
        decide(house, &sirene.provider, subscription.id, Pause).await.unwrap();
        let moved = house.app.change_plan(&ada, subscription.id, change(sirene.plan_id(2)), None).await.unwrap();
        assert_eq!(moved.state, Paused);
        let key = house.app.credential(&ada, keys[0].id).await.unwrap();
        let month = std::time::Duration::from_secs(30 * 24 * 3600);
        assert_eq!(key.expires_at, Some(house.app.now().after(month)));
    }

    async fn an_organization_shares_its_applications_by_role(house) {
        let sirene = house.publish(json!({}), vec![plan("public", json!({}))]).await;
        let (ada, bob) = (house.person("ada", &[]).await, house.person("bob", &[]).await);
        let acme = house.organization(OrganizationKind::Company, "acme", &ada, Role::Developer).await;
        house.organization(OrganizationKind::Company, "acme", &bob, Role::Viewer).await;
        let (ada, bob) = (house.sign_in("ada").await, house.sign_in("bob").await);
        let new = serde_json::from_value(json!({
            "organization_id": acme, "name": "Partagée", "description": "À plusieurs",
        }))
        .unwrap();
        let app = house.app.create_application(&ada, new).await.unwrap().application;
        let (subscription, key) = house.subscribed(&ada, app.id, sirene.plan_id(0)).await;

        assert_eq!(house.app.subscription(&bob, subscription.id).await.unwrap().state, Active);
        assert!(house.app.credential(&bob, key.credential.id).await.is_ok());
        assert!(matches!(decide(house, &bob, subscription.id, Close).await, Err(AppError::Forbidden)));
        assert!(matches!(house.app.reveal_credential(&bob, key.credential.id).await, Err(AppError::Forbidden)));
    }
}

/// An administrator of the portal.
trait Admin {
    async fn person_with_admin(&self) -> Actor;
}

impl Admin for House {
    async fn person_with_admin(&self) -> Actor {
        self.person("root", &[PortalRole::Admin]).await
    }
}
