//! The catalogue through its doors: who sees and who publishes, what clashes, what a change counts as.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test that cannot go on stops"
)]

use std::time::Duration;

use octroi_app::AppError;
use octroi_app::Conflict;
use octroi_app::catalog::{ApiFilter, ApiView, PageInput};
use octroi_app::page::PageRequest;
use octroi_domain::account::PortalRole;
use octroi_domain::actor::{Actor, TokenScope};
use octroi_domain::api::{ApiState, Language};
use octroi_domain::organization::{OrganizationKind, Role};
use octroi_domain::plan::PlanState;
use octroi_domain::validate::Rule;
use octroi_testkit::{Gate, House, PNG, on_both, plan, sirene};
use serde_json::{Value, json};

const NOBODY: Actor = Actor::Anonymous;

/// The fields and rules that a door reports.
fn violations<T: std::fmt::Debug>(result: Result<T, AppError>) -> Vec<(String, &'static str)> {
    match result {
        Err(AppError::Invalid(found)) => found.into_iter().map(|v| (v.field, v.rule.code())).collect(),
        other => panic!("violations were due: {other:?}"),
    }
}

async fn names(house: &House, actor: &Actor, filter: Value) -> Vec<String> {
    let filter: ApiFilter = serde_json::from_value(filter).unwrap();
    let page = house.app.apis(actor, &PageRequest::default(), &filter).await.unwrap();
    page.items.into_iter().map(|api| format!("{} {}", api.slug, api.version)).collect()
}

/// What `update_api` takes to leave an API as it is.
fn unchanged(api: &ApiView) -> octroi_app::catalog::ApiInput {
    let gateway = serde_json::to_value(api.gateway.as_ref().unwrap()).unwrap();
    sirene(api.provider.id, &api.version, json!({ "gateway": gateway }))
}

on_both! {
    async fn drafts_and_private_apis_are_for_those_concerned(house) {
        let public = house.publish(json!({}), vec![plan("public", json!({}))]).await;
        let (provider, insee) = (public.provider.clone(), public.organization_id);
        house.clock.advance(Duration::from_secs(1));
        let draft = house.publish_as(provider.clone(), insee, "4", json!({"state": "draft"}), vec![]).await;
        house.clock.advance(Duration::from_secs(1));
        let private = json!({"listing": "private"});
        let plans = vec![plan("public", json!({}))];
        let private = house.publish_as(provider.clone(), insee, "5", private, plans).await;

        let (ada, root) = (house.person("ada", &[]).await, house.person("root", &[PortalRole::Admin]).await);
        let all = ["sirene 3.11", "sirene 4", "sirene 5"];
        assert_eq!(names(house, &NOBODY, json!({})).await, all[..1]);
        assert_eq!(names(house, &ada, json!({})).await, all[..1]);
        assert_eq!(names(house, &provider, json!({})).await, all);
        assert_eq!(names(house, &root, json!({})).await, all);
        for hidden in [draft.api_id(), private.api_id()] {
            for stranger in [&NOBODY, &ada] {
                let read = house.app.api(stranger, hidden).await;
                assert!(matches!(read, Err(AppError::NotFound)), "{read:?}");
                assert!(matches!(house.app.plans(stranger, hidden).await, Err(AppError::NotFound)));
                assert!(matches!(house.app.openapi(stranger, hidden).await, Err(AppError::NotFound)));
            }
        }
        // A token without the scope to read sees what everybody does.
        let Actor::Person(mut person) = provider.clone() else { unreachable!() };
        person.token_scopes = Some(vec![TokenScope::Reveal]);
        assert_eq!(names(house, &Actor::Person(person), json!({})).await, all[..1]);

        // How an API is served is its provider's business.
        assert!(house.app.api(&ada, public.api_id()).await.unwrap().gateway.is_none());
        assert!(house.app.api(&provider, public.api_id()).await.unwrap().gateway.is_some());
        let newest = house.app.api_by_slug(&ada, "sirene", None).await.unwrap();
        assert_eq!(newest.version, "3.11");
        assert_eq!(house.app.api_by_slug(&provider, "sirene", None).await.unwrap().version, "5");
        let found = house.app.api_by_slug(&ada, "sirene", Some("4")).await;
        assert!(matches!(found, Err(AppError::NotFound)));
    }

    async fn only_members_of_a_provider_publish(house) {
        let sirene_311 = house.publish(json!({}), vec![]).await;
        let ada = house.person("ada", &[]).await;
        let company = house.organization(OrganizationKind::Company, "acme", &ada, Role::Owner).await;
        let ada = house.sign_in("ada").await;
        let viewer = house.person("victor", &[]).await;
        house.organization(OrganizationKind::Provider, "insee", &viewer, Role::Viewer).await;
        let viewer = house.sign_in("victor").await;
        let insee = sirene_311.organization_id;

        let create = async |actor: &Actor, organization| {
            house.app.create_api(actor, sirene(organization, "4", json!({}))).await
        };
        assert!(matches!(create(&NOBODY, insee).await, Err(AppError::SignIn)));
        assert!(matches!(create(&ada, company).await, Err(AppError::Forbidden)));
        assert_eq!(violations(create(&ada, insee).await), [("organization_id".to_owned(), "unknown")]);
        assert!(matches!(create(&viewer, insee).await, Err(AppError::Forbidden)));

        // Who sees an API and may not change it is told so; who does not see it finds nothing.
        let retire = async |actor: &Actor, id| house.app.set_api_state(actor, id, ApiState::Retired, None).await;
        assert!(matches!(retire(&NOBODY, sirene_311.api_id()).await, Err(AppError::SignIn)));
        assert!(matches!(retire(&ada, sirene_311.api_id()).await, Err(AppError::Forbidden)));
        let draft = house.publish_as(sirene_311.provider.clone(), insee, "5", json!({"state": "draft"}), vec![]);
        let draft = draft.await.api_id();
        assert!(matches!(retire(&ada, draft).await, Err(AppError::NotFound)));
        assert!(matches!(retire(&viewer, draft).await, Err(AppError::Forbidden)));
    }

    async fn two_apis_never_share_a_place(house) {
        let first = house.publish(json!({}), vec![]).await;
        let (provider, insee) = (first.provider.clone(), first.organization_id);
        let same_path = json!({"gateway": {"route": {"path": "/api-sirene/3.11"}}});
        let input = sirene(insee, "4", same_path.clone());
        let refused = house.app.create_api(&provider, input).await;
        let Err(AppError::Invalid(found)) = refused else { panic!("{refused:?}") };
        assert_eq!(found[0].field, "gateway.route.path");
        assert_eq!(found[0].rule, Rule::TakenBy { by: "API Sirene 3.11".to_owned() });

        // A name of something that one does not see is not told.
        let hidden = json!({"state": "draft", "name": "Secret", "gateway": {"route": {"path": "/secret"}}});
        house.app.create_api(&provider, sirene(insee, "5", hidden)).await.unwrap();
        let ada = house.person("ada", &[]).await;
        let ign = house.organization(OrganizationKind::Provider, "ign", &ada, Role::Owner).await;
        let ada = house.sign_in("ada").await;
        let other = json!({"slug": "geo", "gateway": {"route": {"path": "/secret"}}});
        let refused = house.app.create_api(&ada, sirene(ign, "1", other)).await;
        assert_eq!(violations(refused), [("gateway.route.path".to_owned(), "taken")]);
        // Versions of one slug have one provider.
        let stolen = json!({"gateway": {"route": {"path": "/mine"}}});
        let refused = house.app.create_api(&ada, sirene(ign, "9", stolen)).await;
        assert_eq!(violations(refused), [("slug".to_owned(), "taken_by")]);
        let again = house.app.create_api(&provider, sirene(insee, "3.11", json!({}))).await;
        assert_eq!(
            violations(again),
            [("version".to_owned(), "taken_by"), ("gateway.route.path".to_owned(), "taken_by")]
        );

        // A retired API leaves its place, and takes it back only while it is free.
        house.app.set_api_state(&provider, first.api_id(), ApiState::Retired, None).await.unwrap();
        house.app.create_api(&provider, sirene(insee, "4", same_path)).await.unwrap();
        let back = house.app.set_api_state(&provider, first.api_id(), ApiState::Published, None).await;
        assert_eq!(violations(back), [("gateway.route.path".to_owned(), "taken_by")]);
        Gate::open(house).await;
    }

    async fn every_mistake_is_named_at_once(house) {
        let first = house.publish(json!({}), vec![]).await;
        let input = sirene(first.organization_id, "no/good", json!({
            "slug": "Sirène", "name": "a\u{202e}b", "terms": "\u{0}",
            "presentation": {"contact_email": "nobody"},
            "gateway": {
                "dialect": "klingon", "route": {"path": "/x"},
                "upstreams": [{"url": "http://10.0.0.1"}, {"url": "http://169.254.169.254"}],
            },
        }));
        let found = violations(house.app.create_api(&first.provider, input).await);
        let expected = [
            ("slug", "malformed"), ("name", "control_character"), ("version", "malformed"),
            ("presentation.contact_email", "malformed"), ("gateway.upstreams[0].url", "private_address"),
            ("gateway.upstreams[1].url", "private_address"), ("terms", "control_character"),
            ("gateway.dialect", "not_allowed"),
        ];
        assert_eq!(found, expected.map(|(field, rule)| (field.to_owned(), rule)));
        assert_eq!(names(house, &first.provider, json!({})).await, ["sirene 3.11"]);
    }

    async fn a_change_made_on_an_old_edition_is_refused(house) {
        let api = house.publish(json!({}), vec![plan("public", json!({}))]).await;
        let (provider, id) = (api.provider.clone(), api.api_id());
        let before = house.app.api(&provider, id).await.unwrap();
        let same = house.app.update_api(&provider, id, unchanged(&before), Some(before.edition)).await.unwrap();
        assert_eq!(same.edition, before.edition, "nothing changed");

        let mut input = unchanged(&before);
        input.name = "API Sirene, nouvelle".to_owned();
        let after = house.app.update_api(&provider, id, input.clone(), Some(before.edition)).await.unwrap();
        assert_eq!((after.name.as_str(), after.edition), ("API Sirene, nouvelle", before.edition + 1));
        let stale = house.app.update_api(&provider, id, input.clone(), Some(before.edition)).await;
        assert!(matches!(stale, Err(AppError::Stale)));
        let stale = house.app.close_plan(&provider, api.plan_id(0), Some(before.edition)).await;
        assert!(matches!(stale, Err(AppError::Stale)));

        input.slug = "autre".to_owned();
        input.version = "9".to_owned();
        let moved = violations(house.app.update_api(&provider, id, input, None).await);
        assert_eq!(moved, [("slug".to_owned(), "not_allowed"), ("version".to_owned(), "not_allowed")]);
    }

    async fn plans_fit_together_and_keep_what_subscribers_rely_on(house) {
        let api = house.publish(json!({}), vec![plan("public", json!({}))]).await;
        let (provider, id) = (api.provider.clone(), api.api_id());
        let create = async |definition| house.app.create_plan(&provider, id, definition, None).await;

        let open = json!({"security": "keyless", "limits": {"rate": null}});
        let found = violations(create(plan("open", open)).await);
        assert_eq!(found, [("limits.rate".to_owned(), "required")]);
        create(plan("open", json!({"security": "keyless"}))).await.unwrap();
        let found = violations(create(plan("open-2", json!({"security": "keyless"}))).await);
        assert_eq!(found, [("security".to_owned(), "conflicts")]);
        assert_eq!(violations(create(plan("public", json!({}))).await), [("slug".to_owned(), "taken")]);

        let ada = house.person("ada", &[]).await;
        let app = house.application(&ada, "A").await;
        house.subscribed(&ada, app.id, api.plan_id(0)).await;
        let other = plan("public", json!({"security": "oauth2"}));
        let found = violations(house.app.update_plan(&provider, api.plan_id(0), other, None).await);
        assert_eq!(found, [("security".to_owned(), "not_allowed")]);
        let deleted = house.app.delete_api(&provider, id, None).await;
        assert!(matches!(deleted, Err(AppError::Conflict(Conflict::StillUsed))));
        assert_eq!(house.app.api(&NOBODY, id).await.unwrap().subscriptions, 1);

        let closed = house.app.close_plan(&provider, api.plan_id(0), None).await.unwrap();
        assert_eq!(closed.state, PlanState::Closed);
        let reopened = house.app.reopen_plan(&provider, api.plan_id(0), None).await.unwrap();
        assert_eq!(reopened.state, PlanState::Published);
        Gate::open(house).await;
    }

    async fn a_changed_limit_reaches_the_keys_that_are_out(house) {
        let api = house.publish(json!({}), vec![plan("public", json!({}))]).await;
        let ada = house.person("ada", &[]).await;
        let app = house.application(&ada, "A").await;
        let (_, key) = house.subscribed(&ada, app.id, api.plan_id(0)).await;
        let gate = Gate::open(house).await;
        let one = plan("public", json!({"limits": {"rate": {"count": 1}}}));
        house.app.update_plan(&api.provider, api.plan_id(0), one, None).await.unwrap();
        assert_eq!(gate.call(house, &key.secret).await, "admitted");
        assert_eq!(gate.call(house, &key.secret).await, "rate_limited");
        house.app.set_api_state(&api.provider, api.api_id(), ApiState::Retired, None).await.unwrap();
        assert_eq!(gate.call(house, &key.secret).await, "api_not_found");
    }

    async fn an_api_that_nobody_used_can_be_removed(house) {
        let api = house.publish(json!({}), vec![plan("public", json!({}))]).await;
        let (id, provider) = (api.api_id(), api.provider);
        let page = PageInput {
            slug: "a".into(), language: Language::Fr, title: "A".into(), markdown: "a".into(), position: None,
        };
        house.app.put_page(&provider, id, page, None).await.unwrap();
        house.app.put_api_picture(&provider, id, PNG.to_vec(), None).await.unwrap();
        house.app.delete_api(&provider, id, None).await.unwrap();
        assert!(matches!(house.app.api(&provider, id).await, Err(AppError::NotFound)));
        let entries = house.database.texts("SELECT action FROM audit ORDER BY sequence").await;
        assert!(entries.contains(&"api.deleted".to_owned()), "{entries:?}");
    }

    async fn a_text_that_no_database_takes_is_refused_like_any_other(house) {
        let api = house.publish(json!({}), vec![]).await;
        let by_slug = house.app.api_by_slug(&NOBODY, "a\0", Some("\0")).await;
        assert!(matches!(by_slug, Err(AppError::NotFound)));
        let page = house.app.page(&NOBODY, api.api_id(), "\0", Language::Fr).await;
        assert!(matches!(page, Err(AppError::NotFound)));
        let more = json!({"slug": "a\0", "gateway": {"route": {"path": "/\0", "host": "\0"}}});
        let found = violations(house.app.create_api(&api.provider, sirene(api.organization_id, "1\0", more)).await);
        let fields: Vec<_> = found.iter().map(|(field, _)| field.as_str()).collect();
        assert_eq!(fields, ["slug", "version", "gateway.route.path", "gateway.route.host"]);
        assert!(names(house, &NOBODY, json!({"q": "\0", "label": "\0"})).await.is_empty());
        let page = PageInput {
            slug: "\0".into(), language: Language::Fr, title: "\0".into(), markdown: "\0".into(), position: None,
        };
        assert_eq!(violations(house.app.put_page(&api.provider, api.api_id(), page, None).await).len(), 3);
    }

    async fn pages_have_languages_and_bounds(house) {
        let api = house.publish(json!({}), vec![]).await;
        let (id, provider) = (api.api_id(), api.provider);
        let put = async |slug: &str, language, markdown: &str| {
            let (slug, markdown) = (slug.to_owned(), markdown.to_owned());
            let page = PageInput { slug, language, title: "T".into(), markdown, position: None };
            house.app.put_page(&provider, id, page, None).await
        };
        put("debut", Language::Fr, "# Début").await.unwrap();
        put("debut", Language::En, "# Start").await.unwrap();
        put("suite", Language::Fr, "Suite").await.unwrap();
        let page = async |slug: &str, language| house.app.page(&NOBODY, id, slug, language).await;
        assert_eq!(page("debut", Language::En).await.unwrap().markdown, "# Start");
        assert_eq!(page("suite", Language::En).await.unwrap().language, Language::Fr);
        let listed = house.app.pages(&NOBODY, id).await.unwrap();
        assert_eq!(listed.iter().map(|p| p.slug.as_str()).collect::<Vec<_>>(), ["debut", "debut", "suite"]);

        let found = violations(put("x", Language::Fr, &"x".repeat(512 * 1024 + 1)).await);
        assert_eq!(found, [("markdown".to_owned(), "too_long")]);
        let found = violations(put("A b", Language::Fr, "\u{7}").await);
        assert_eq!(found, [("slug".to_owned(), "malformed"), ("markdown".to_owned(), "control_character")]);
        house.app.delete_page(&provider, id, "suite", Language::Fr, None).await.unwrap();
        assert!(matches!(page("suite", Language::Fr).await, Err(AppError::NotFound)));
    }

    async fn the_catalogue_is_searched_and_paged(house) {
        let api = house.publish(json!({}), vec![]).await;
        for (n, name) in ["Établissements", "Œuvres", "Annuaire"].into_iter().enumerate() {
            let more = json!({
                "slug": format!("api-{n}"), "name": name, "state": if n == 1 { "deprecated" } else { "published" },
                "gateway": {"route": {"path": format!("/{n}")}},
                "presentation": {"labels": ["Données"], "summary": "Un répertoire"},
            });
            house.app.create_api(&api.provider, sirene(api.organization_id, "1", more)).await.unwrap();
        }
        assert_eq!(names(house, &NOBODY, json!({"q": "etablissements REPERTOIRE"})).await, ["api-0 1"]);
        assert_eq!(names(house, &NOBODY, json!({"q": "oeuvres"})).await, ["api-1 1"]);
        assert_eq!(names(house, &NOBODY, json!({"label": "donnees"})).await.len(), 3);
        assert_eq!(names(house, &NOBODY, json!({"state": "deprecated"})).await, ["api-1 1"]);
        assert!(names(house, &NOBODY, json!({"q": "%"})).await.is_empty());

        let (mut request, mut seen) = (PageRequest { limit: Some(3), cursor: None }, Vec::new());
        loop {
            let page = house.app.apis(&NOBODY, &request, &ApiFilter::default()).await.unwrap();
            seen.push(page.items.len());
            request.cursor = page.next_cursor;
            if request.cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, [3, 1]);
    }

    async fn the_published_document_is_ours(house) {
        let plans = vec![plan("public", json!({})), plan("machine", json!({"security": "oauth2", "scopes": ["s"]}))];
        let api = house.publish(json!({}), plans).await;
        let (id, provider) = (api.api_id(), api.provider);
        assert!(matches!(house.app.openapi(&NOBODY, id).await, Err(AppError::NotFound)));
        let imported = "\u{feff}{\"openapi\":\"3.0.3\",\"info\":{\"title\":\"T\",\"version\":\"1\"},\
            \"servers\":[{\"url\":\"https://elsewhere.example\"}],\"security\":[{\"theirs\":[]}],\
            \"paths\":{\"/a\":{\"get\":{\"security\":[],\"responses\":{}}}},\
            \"components\":{\"securitySchemes\":{\"theirs\":{\"type\":\"http\"}}}}";
        house.app.put_openapi(&provider, id, imported.as_bytes().to_vec(), None).await.unwrap();
        let published = house.app.openapi(&NOBODY, id).await.unwrap();
        assert_eq!(published["servers"], json!([{"url": "http://gateway.test/api-sirene/3.11"}]));
        assert_eq!(published["security"], json!([{"api_key": []}, {"oauth2": []}]));
        assert_eq!(
            published["components"]["securitySchemes"],
            json!({
                "api_key": {"type": "apiKey", "in": "header", "name": "X-INSEE-Api-Key-Integration"},
                "oauth2": {"type": "oauth2", "flows": {"clientCredentials":
                    {"tokenUrl": "http://portal.test/oauth/token", "scopes": {"s": "machine"}}}},
            })
        );
        assert_eq!(published["paths"]["/a"]["get"], json!({"responses": {}}));
        assert!(!published.to_string().contains("elsewhere") && !published.to_string().contains("theirs"));

        for (bytes, field, rule) in [
            (b"{\"swagger\":\"2.0\"}".to_vec(), "swagger", "not_allowed"),
            (b"openapi: 3.0.0\n\xff".to_vec(), "", "malformed"),
            (vec![b' '; 10 * 1024 * 1024 + 1], "", "too_long"),
        ] {
            let found = violations(house.app.put_openapi(&provider, id, bytes, None).await);
            assert_eq!(found, [(field.to_owned(), rule)]);
        }
        assert!(house.app.openapi(&NOBODY, id).await.is_ok(), "a refused document leaves the old one");
        let refused = house.app.put_api_picture(&provider, id, b"<svg/>".to_vec(), None).await;
        assert_eq!(violations(refused), [("picture".to_owned(), "malformed")]);
    }
}
