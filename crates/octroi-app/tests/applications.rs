//! Applications through their doors: made, changed, archived with all that hangs on them.

#![allow(clippy::unwrap_used, reason = "a test that fails stops here")]

use octroi_app::applications::{ApplicationChange, ApplicationFilter, NewApplication};
use octroi_app::{AppError, Conflict};
use octroi_domain::account::PortalRole;
use octroi_domain::actor::Actor;
use octroi_domain::application::{ApplicationKind, ApplicationState};
use octroi_domain::organization::{OrganizationKind, Role};
use octroi_testkit::{Gate, PNG, conflict, on_both, plan, subscribe, violations};
use serde_json::{Value, json};

fn new(more: Value) -> NewApplication {
    let mut text = json!({"name": "Annuaire", "description": "Un annuaire"});
    for (name, value) in more.as_object().unwrap() {
        text[name] = value.clone();
    }
    serde_json::from_value(text).unwrap()
}

fn change(name: &str) -> ApplicationChange {
    ApplicationChange { name: name.into(), description: "Autre".into(), domain: None, client_id: None }
}

on_both! {
    async fn what_is_wrong_is_named_all_at_once(house) {
        let ada = house.person("ada", &[]).await;
        let bad = new(json!({"name": " ", "description": "a\u{0}b", "domain": "not a domain"}));
        let found = violations(house.app.create_application(&ada, bad).await);
        let expected = [("name", "required"), ("description", "control_character"), ("domain", "malformed")];
        assert_eq!(found, expected.map(|(f, r)| (f.to_owned(), r)));

        let noted = new(json!({"client_id": "  my-client ", "domain": "https://mon-application.fr", "name": " A "}));
        let made = house.app.create_application(&ada, noted).await.unwrap().application;
        assert_eq!((made.name.as_str(), made.client_id.as_deref()), ("A", Some("my-client")));
        assert_eq!(made.kind, ApplicationKind::Simple);
        let both = new(json!({"client_id": "mine", "kind": "backend_to_backend"}));
        assert_eq!(
            violations(house.app.create_application(&ada, both).await),
            [("client_id".to_owned(), "conflicts")]
        );
        assert!(serde_json::from_value::<NewApplication>(json!({"nom": "x"})).is_err());
    }

    async fn a_backend_gets_its_client_and_its_secret_once(house) {
        let ada = house.person("ada", &[]).await;
        let made = house.client(&ada, "Machine").await;
        let client = made.client.unwrap();
        assert_eq!(made.application.client_id, Some(made.application.id.to_string()));
        assert!(client.secret.starts_with("octroi_cs_"), "its kind shows");
        assert!(client.curl.contains("grant_type=client_credentials"));
        let again = house.app.reveal_credential(&ada, client.credential.id).await;
        assert_eq!(conflict(again), Conflict::NotRevealable);
    }

    async fn a_change_that_comes_late_is_refused(house) {
        let ada = house.person("ada", &[]).await;
        let app = house.application(&ada, "Avant").await;
        let first = house.app.update_application(&ada, app.id, change("Après"), Some(app.edition)).await.unwrap();
        assert_eq!((first.name.as_str(), first.edition), ("Après", app.edition + 1));
        let late = house.app.update_application(&ada, app.id, change("Trop tard"), Some(app.edition)).await;
        assert!(matches!(late, Err(AppError::Stale)));
        assert_eq!(house.app.application(&ada, app.id).await.unwrap().name, "Après");
    }

    async fn an_archive_takes_everything_with_it(house) {
        let plans = vec![plan("public", json!({})), plan("machine", json!({"security": "oauth2"}))];
        let sirene = house.publish(json!({}), plans).await;
        let gate = Gate::open(house).await;
        let ada = house.person("ada", &[]).await;
        let client = house.client(&ada, "Machine").await;
        let id = client.application.id;
        let (subscription, key) = house.subscribed(&ada, id, sirene.plan_id(0)).await;
        assert_eq!(gate.call(house, &key.secret).await, "admitted");

        let archived = house.app.archive_application(&ada, id, None).await.unwrap();
        assert_eq!((archived.state, archived.subscriptions), (ApplicationState::Archived, 0));
        assert_eq!(gate.call(house, &key.secret).await, "credential_revoked");
        assert!(house.app.subscription(&ada, subscription.id).await.unwrap().state.is_final());
        let keys = house.app.application_credentials(&ada, id, &Default::default()).await.unwrap().items;
        assert!(keys.iter().all(|k| k.revoked_at.is_some()) && keys.len() == 2);

        let archived = Conflict::ApplicationArchived;
        assert_eq!(conflict(house.app.archive_application(&ada, id, None).await), archived);
        assert_eq!(conflict(house.app.update_application(&ada, id, change("x"), None).await), archived);
        assert_eq!(conflict(house.app.subscribe(&ada, subscribe(id, sirene.plan_id(0))).await), archived);
        assert_eq!(conflict(house.app.rotate_client_secret(&ada, id, Default::default()).await), archived);
    }

    async fn each_sees_what_its_organizations_own(house) {
        let (ada, eve) = (house.person("ada", &[]).await, house.person("eve", &[]).await);
        let admin = house.person("root", &[PortalRole::Admin]).await;
        let acme = house.organization(OrganizationKind::Company, "acme", &ada, Role::Owner).await;
        house.organization(OrganizationKind::Company, "acme", &eve, Role::Viewer).await;
        let (ada, eve) = (house.sign_in("ada").await, house.sign_in("eve").await);
        let own = house.application(&ada, "À moi").await;
        let shared = house.app.create_application(&ada, new(json!({"organization_id": acme}))).await.unwrap();

        let all = ApplicationFilter::default();
        let of_acme = ApplicationFilter { organization_id: Some(acme) };
        let of_ada = ApplicationFilter { organization_id: Some(own.organization_id) };
        for (actor, filter, found) in
            [(&ada, &all, 2), (&eve, &all, 1), (&admin, &all, 2), (&ada, &of_acme, 1), (&eve, &of_acme, 1)]
        {
            let list = house.app.applications(actor, filter, &Default::default()).await.unwrap();
            assert_eq!(list.items.len(), found);
        }
        let hidden = |e: AppError| assert!(matches!(e, AppError::NotFound), "{e:?}");
        hidden(house.app.applications(&eve, &of_ada, &Default::default()).await.unwrap_err());
        hidden(house.app.application(&eve, own.id).await.unwrap_err());
        hidden(house.app.update_application(&eve, own.id, change("x"), None).await.unwrap_err());
        hidden(house.app.archive_application(&eve, own.id, None).await.unwrap_err());
        hidden(house.app.put_application_picture(&eve, own.id, PNG.to_vec()).await.unwrap_err());
        let create = house.app.create_application(&eve, new(json!({"organization_id": own.organization_id})));
        hidden(create.await.unwrap_err());
        let shared = shared.application.id;
        let seen = house.app.archive_application(&eve, shared, None).await;
        assert!(matches!(seen, Err(AppError::Forbidden)));
        let anonymous = house.app.application(&Actor::Anonymous, own.id).await;
        assert!(matches!(anonymous, Err(AppError::SignIn)));
    }

    async fn a_picture_is_what_its_bytes_say(house) {
        let ada = house.person("ada", &[]).await;
        let id = house.application(&ada, "Illustrée").await.id;
        for other in [&b"<svg/>"[..], b"GIF89a\x01\0\x01\0", &PNG[..40]] {
            let refused = house.app.put_application_picture(&ada, id, other.to_vec()).await;
            assert_eq!(violations(refused), [("picture".to_owned(), "malformed")]);
        }
        assert!(matches!(house.app.application_picture(&ada, id).await, Err(AppError::NotFound)));
        house.app.put_application_picture(&ada, id, [PNG, b"<script>"].concat()).await.unwrap();
        let kept = house.app.application_picture(&ada, id).await.unwrap();
        assert_eq!(kept.content_type, "image/png");
        assert!(!kept.body.ends_with(b"<script>"), "what hides behind the pixels is gone");
        assert!(house.app.application(&ada, id).await.unwrap().has_picture);
        house.app.delete_application_picture(&ada, id).await.unwrap();
        assert!(matches!(house.app.delete_application_picture(&ada, id).await, Err(AppError::NotFound)));
    }
}
