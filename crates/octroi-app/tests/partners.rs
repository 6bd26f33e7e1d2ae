//! The officers' desk: partners made, their people invited, keys issued, renewed and ended; what an officer never sees.

#![allow(clippy::unwrap_used, reason = "a test that fails stops here")]

use octroi_app::accounts::AcceptInvitation;
use octroi_app::applications::NewApplication;
use octroi_app::credentials::Renew;
use octroi_app::organizations::InviteMember;
use octroi_app::page::PageRequest;
use octroi_app::partners::{IssueToPartner, NewPartner, PartnerCard, PartnerKeyView, SuspendPartner};
use octroi_app::subscriptions::{ChangePlan, Decision};
use octroi_app::{AppError, Conflict};
use octroi_domain::account::PortalRole;
use octroi_domain::actor::Actor;
use octroi_domain::api::Language;
use octroi_domain::application::ApplicationKind;
use octroi_domain::ids::{OrganizationId, PlanId};
use octroi_domain::organization::Role;
use octroi_domain::subscription::{SubscriptionState, Transition};
use octroi_testkit::{
    Gate, House, Mailbox, Published, conflict, link_token, on_both, plan, subscribe, violations,
};
use serde_json::json;

async fn desk(house: &House) -> (Published, Actor) {
    let plans = vec![plan("partenaire", json!({"validation": "officer"})), plan("public", json!({}))];
    let published = house.publish(json!({}), plans).await;
    (published, house.person("odile", &[PortalRole::Officer]).await)
}

async fn partner(house: &House, officer: &Actor) -> PartnerCard {
    let new = NewPartner { name: "Les Bénévoles".into(), slug: "les-benevoles".into() };
    house.app.create_partner(officer, new).await.unwrap()
}

async fn issue(
    house: &House,
    officer: &Actor,
    id: OrganizationId,
    plan_id: PlanId,
) -> Result<PartnerKeyView, AppError> {
    house.app.issue_partner_key(officer, id, IssueToPartner { plan_id }).await
}

/// What the partner's person reads: the key that the officer issued.
async fn reveal(house: &House, who: &Actor, key: &PartnerKeyView) -> String {
    house.app.reveal_credential(who, key.key.as_ref().unwrap().id).await.unwrap().secret
}

/// A person of the partner.
async fn member(house: &House, id: OrganizationId, name: &str) -> Actor {
    let person = house.person(name, &[]).await;
    house
        .app
        .ensure_member(&Actor::System("test"), id, person.account_id().unwrap(), Role::Developer)
        .await
        .unwrap();
    house.sign_in(name).await
}

on_both! {
    async fn an_officer_issues_a_key_that_only_the_partner_reads(house) {
        let (sirene, odile) = desk(house).await;
        let gate = Gate::open(house).await;
        let made = partner(house, &odile).await;
        let id = made.partner.id;
        assert_eq!(made.partner.officer.as_ref().unwrap().account_id, odile.account_id().unwrap());
        let key = issue(house, &odile, id, sirene.plan_id(0)).await.unwrap();
        assert_eq!(key.subscription.state, SubscriptionState::Active);

        let credential = key.key.as_ref().unwrap().id;
        let refused = house.app.reveal_credential(&odile, credential).await;
        assert!(matches!(refused, Err(AppError::NotFound)), "{refused:?}");
        let benoit = member(house, id, "benoit").await;
        let secret = reveal(house, &benoit, &key).await;
        assert_eq!(gate.call(house, &secret).await, "admitted");

        let again = issue(house, &odile, id, sirene.plan_id(0)).await;
        assert_eq!(conflict(again), Conflict::AlreadySubscribed);
        let shown = house.app.partner(&odile, id).await.unwrap();
        assert_eq!((shown.members.len(), shown.keys.len(), shown.partner.active), (1, 1, 1));
        assert_eq!(house.app.officer_of(&benoit, id).await.unwrap().unwrap().email, "odile@exemple.fr");
    }

    async fn a_key_that_leaked_is_replaced_at_once(house) {
        let (sirene, odile) = desk(house).await;
        let gate = Gate::open(house).await;
        let id = partner(house, &odile).await.partner.id;
        let benoit = member(house, id, "benoit").await;
        let key = issue(house, &odile, id, sirene.plan_id(0)).await.unwrap();
        let old = reveal(house, &benoit, &key).await;
        let now = Renew { grace_seconds: Some(0) };
        let renewed = house.app.renew_partner_key(&odile, id, key.key.unwrap().id, now).await.unwrap();
        let new = house.app.reveal_credential(&benoit, renewed.id).await.unwrap().secret;
        assert_ne!(gate.call(house, &old).await, "admitted");
        assert_eq!(gate.call(house, &new).await, "admitted");
        house.app.revoke_partner_key(&odile, id, renewed.id).await.unwrap();
        let shown = house.app.partner(&odile, id).await.unwrap();
        assert!(shown.keys[0].key.is_none(), "not the one that ended before: {:?}", shown.keys[0].key);
        assert_eq!(gate.call(house, &new).await, "credential_revoked");
        let subscription = key.subscription.id;
        assert_eq!(conflict(house.app.issue_key(&benoit, subscription).await), Conflict::IssuedByOfficer);
        let next = house.app.replace_partner_key(&odile, id, subscription).await.unwrap();
        let next = house.app.reveal_credential(&benoit, next.id).await.unwrap().secret;
        assert_eq!(gate.call(house, &next).await, "admitted");
    }

    async fn a_suspended_partner_calls_nothing_and_cannot_help_itself(house) {
        let (sirene, odile) = desk(house).await;
        let gate = Gate::open(house).await;
        let id = partner(house, &odile).await.partner.id;
        let benoit = member(house, id, "benoit").await;
        let key = issue(house, &odile, id, sirene.plan_id(0)).await.unwrap();
        let secret = reveal(house, &benoit, &key).await;
        let wordless = house.app.suspend_partner(&odile, id, SuspendPartner::default()).await;
        assert_eq!(violations(wordless), [("reason".to_owned(), "required")]);
        let suspend = SuspendPartner { reason: "Convention échue".into() };
        let suspended = house.app.suspend_partner(&odile, id, suspend.clone()).await.unwrap();
        assert!(suspended.partner.is_suspended());
        assert_eq!(conflict(house.app.suspend_partner(&odile, id, suspend).await), Conflict::OrganizationSuspended);
        assert_eq!(gate.call(house, &secret).await, "credential_paused");
        let resume = house
            .app
            .decide_subscription(&benoit, key.subscription.id, Transition::Resume, Decision::default(), None)
            .await;
        assert!(matches!(resume, Err(AppError::Forbidden)), "{resume:?}");
        // Nor by the way of another plan that gives its key at once.
        let beside = house.app.subscribe(&benoit, subscribe(key.subscription.application.id, sirene.plan_id(1))).await;
        assert_eq!(conflict(beside), Conflict::OrganizationSuspended);
        house.app.resume_partner(&odile, id).await.unwrap();
        assert_eq!(gate.call(house, &secret).await, "admitted");
        assert_eq!(conflict(house.app.resume_partner(&odile, id).await), Conflict::SubscriptionState);
    }

    async fn a_suspension_finds_the_last_of_very_many_subscriptions(house) {
        let (sirene, odile) = desk(house).await;
        let gate = Gate::open(house).await;
        let id = partner(house, &odile).await.partner.id;
        let benoit = member(house, id, "benoit").await;
        let new = NewApplication {
            organization_id: Some(id),
            name: "Tri".into(),
            description: "Essai".into(),
            domain: None,
            kind: ApplicationKind::Simple,
            client_id: None,
        };
        let app = house.app.create_application(&benoit, new).await.unwrap().application.id;
        for _ in 0..201 {
            let (gone, _) = house.subscribed(&benoit, app, sirene.plan_id(1)).await;
            let close = Decision::default();
            house.app.decide_subscription(&benoit, gone.id, Transition::Close, close, None).await.unwrap();
        }
        let (_, key) = house.subscribed(&benoit, app, sirene.plan_id(1)).await;
        assert_eq!(gate.call(house, &key.secret).await, "admitted");
        let suspended =
            house.app.suspend_partner(&odile, id, SuspendPartner { reason: "Essai".into() }).await.unwrap();
        assert_eq!(suspended.keys.len(), 1);
        assert_eq!(gate.call(house, &key.secret).await, "credential_paused");
    }

    async fn an_officer_does_not_let_themselves_in(house) {
        let (_, odile) = desk(house).await;
        let id = partner(house, &odile).await.partner.id;
        let own = InviteMember { email: "Odile@exemple.fr".into(), role: Role::Owner };
        let refused = house.app.invite_to_partner(&odile, id, own).await;
        assert_eq!(violations(refused), [("email".to_owned(), "own_address")]);
    }

    async fn what_a_provider_paused_an_officer_does_not_resume(house) {
        let (sirene, odile) = desk(house).await;
        let gate = Gate::open(house).await;
        let id = partner(house, &odile).await.partner.id;
        let benoit = member(house, id, "benoit").await;
        let key = issue(house, &odile, id, sirene.plan_id(0)).await.unwrap();
        let secret = reveal(house, &benoit, &key).await;
        let decision = Decision { reason: Some("Abus".into()) };
        house
            .app
            .decide_subscription(&sirene.provider, key.subscription.id, Transition::Pause, decision, None)
            .await
            .unwrap();
        house.clock.advance(std::time::Duration::from_secs(1));
        house.app.suspend_partner(&odile, id, SuspendPartner { reason: "Essai".into() }).await.unwrap();
        let resumed = house
            .app
            .decide_subscription(&sirene.provider, key.subscription.id, Transition::Resume, Decision::default(), None)
            .await;
        assert_eq!(conflict(resumed), Conflict::OrganizationSuspended);
        house.app.resume_partner(&odile, id).await.unwrap();
        assert_eq!(gate.call(house, &secret).await, "credential_paused");
    }

    async fn nobody_takes_a_key_that_officers_issue(house) {
        let (sirene, odile) = desk(house).await;
        let ada = house.person("ada", &[]).await;
        let app = house.application(&ada, "Mon application").await;
        let asked = house.app.subscribe(&ada, subscribe(app.id, sirene.plan_id(0))).await;
        assert_eq!(conflict(asked), Conflict::IssuedByOfficer);
        let (public, _) = house.subscribed(&ada, app.id, sirene.plan_id(1)).await;
        let change = ChangePlan { plan_id: sirene.plan_id(0), comment: None, accepted_terms: None };
        assert_eq!(conflict(house.app.change_plan(&ada, public.id, change, None).await), Conflict::IssuedByOfficer);
        // And officers issue no others.
        let id = partner(house, &odile).await.partner.id;
        assert_eq!(violations(issue(house, &odile, id, sirene.plan_id(1)).await), [("plan_id".to_owned(), "not_allowed")]);
    }

    async fn the_desk_is_the_officers_and_ends_at_partners(house) {
        let (sirene, odile) = desk(house).await;
        let id = partner(house, &odile).await.partner.id;
        let ada = house.person("ada", &[]).await;
        let own = house.app.my_organizations(&ada).await.unwrap()[0].id;
        for stranger in [&ada, &sirene.provider, &Actor::Anonymous] {
            assert!(house.app.partners(stranger, &PageRequest::default(), None).await.is_err());
            assert!(house.app.partner(stranger, id).await.is_err());
            assert!(issue(house, stranger, id, sirene.plan_id(0)).await.is_err());
            assert!(house.app.suspend_partner(stranger, id, SuspendPartner { reason: "x".into() }).await.is_err());
            let new = NewPartner { name: "À moi".into(), slug: "a-moi".into() };
            assert!(house.app.create_partner(stranger, new).await.is_err());
        }
        assert!(matches!(house.app.partner(&odile, own).await, Err(AppError::NotFound)));
        assert!(matches!(issue(house, &odile, own, sirene.plan_id(0)).await, Err(AppError::NotFound)));
        // A key of somebody else's is not reached through a partner.
        let app = house.application(&ada, "Mon application").await;
        let (subscription, key) = house.subscribed(&ada, app.id, sirene.plan_id(1)).await;
        let through = house.app.renew_partner_key(&odile, id, key.credential.id, Renew::default()).await;
        assert!(matches!(through, Err(AppError::NotFound)), "{through:?}");
        let through = house.app.replace_partner_key(&odile, id, subscription.id).await;
        assert!(matches!(through, Err(AppError::NotFound)), "{through:?}");
    }

    async fn an_officer_invites_and_the_invitation_is_used_once(house) {
        let (_, odile) = desk(house).await;
        let id = partner(house, &odile).await.partner.id;
        let invite = InviteMember { email: "zoe@exemple.fr".into(), role: Role::Owner };
        house.app.invite_to_partner(&odile, id, invite).await.unwrap();
        let mailbox = Mailbox::default();
        while house.app.run_due_jobs(&mailbox).await.unwrap() > 0 {}
        let token = link_token(mailbox.take().last().unwrap());
        let accept = |identifier: &str| AcceptInvitation {
            token: token.clone(),
            identifier: identifier.into(),
            first_name: "Zoé".into(),
            last_name: "Martin".into(),
            language: Language::Fr,
            password: "brume tandem horloge violette".into(),
            accept_terms: true,
        };
        house.app.accept_invitation(accept("zoe")).await.unwrap();
        assert_eq!(conflict(house.app.accept_invitation(accept("zoe2")).await), Conflict::LinkSpent);
        let shown = house.app.partner(&odile, id).await.unwrap();
        assert_eq!((shown.members.len(), shown.members[0].role), (1, Role::Owner));
    }

    async fn partners_are_found_by_name_and_taken_over(house) {
        let (_, odile) = desk(house).await;
        let id = partner(house, &odile).await.partner.id;
        let found = async |query: &str| {
            house.app.partners(&odile, &PageRequest::default(), Some(query)).await.unwrap().items.len()
        };
        assert_eq!([found("bénév").await, found("LES-BEN").await, found("%").await, found("").await], [1, 1, 0, 1]);
        let other = house.person("olivier", &[PortalRole::Officer]).await;
        let taken = house.app.take_partner(&other, id).await.unwrap();
        assert_eq!(taken.partner.officer.unwrap().account_id, other.account_id().unwrap());
        let twice = house.app.create_partner(&odile, NewPartner { name: "x".into(), slug: "les-benevoles".into() }).await;
        assert_eq!(violations(twice), [("slug".to_owned(), "taken")]);
    }
}
