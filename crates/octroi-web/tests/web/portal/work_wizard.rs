//! The form that makes an application: bad input, two tabs, lost sessions, double sending lose nothing and make one.

use octroi_app::page::PageRequest;
use octroi_testkit::{House, PASSWORD, on_both, plan};
use serde_json::json;

use super::browser::Browser;
use super::work::{between, key_of, open_api};
use crate::door::Door;

/// The form's address, its first step right and its second step done.
async fn begun(browser: &mut Browser<'_>) -> String {
    let place = browser.get("/applications/new").await.location;
    browser.post(&place, &[("name", "Une"), ("description", "Pour voir")]).await;
    browser.post(&format!("{place}/security"), &[("kind", "simple")]).await;
    place
}

async fn names(house: &House, who: &str) -> Vec<String> {
    let actor = house.sign_in(who).await;
    let found = house.app.own_applications(&actor, &PageRequest::default()).await.unwrap();
    found.items.into_iter().map(|application| application.name).collect()
}

on_both! {
    async fn bad_input_is_told_beside_its_field_and_kept(house) {
        house.person("marie", &[]).await;
        let door = Door::of(house);
        let mut browser = Browser::signed_in(&door, "marie").await;
        let place = browser.get("/applications/new").await.location;
        let long = "é".repeat(10_000);
        for (name, description, domain, said) in [
            ("", "Texte", "", "Ce champ est obligatoire"),
            (long.as_str(), "Texte", "", "Au plus 100"),
            ("a\u{202e}b", "Texte", "", "caractère invisible"),
            ("a\u{0007}b", "Texte", "", "caractère de contrôle"),
            ("Une", " ", "", "Ce champ est obligatoire"),
            ("Une", "Texte", "pas un domaine", "Un nom de domaine"),
        ] {
            let page = browser.post(&place, &[("name", name), ("description", description), ("domain", domain)]).await;
            page.shows(422, said).shows(422, "<title>Erreur").shows(422, "aria-invalid=\"true\"");
            assert_eq!(page.value("name"), name);
            assert_eq!(browser.get(&place).await.value("name"), name, "the draft has it too");
            assert!(!browser.get("/dashboard").await.text.contains(&long), "a name of any length is cut there");
        }
        // Letters of several scripts are letters; what looks like markup is text.
        let mixed = "Аnnuaire <script>alert(1)</script> 日本 عربي";
        let next = browser.post(&place, &[("name", mixed), ("description", "<b>gras</b>")]).await;
        assert_eq!(next.location, format!("{place}/security"));
        browser.post(&format!("{place}/security"), &[("kind", "no kind")]).await.shows(422, "Ce champ est obligatoire");
        let long_id = "x".repeat(201);
        let security = [("kind", "simple"), ("client_id", long_id.as_str())];
        browser.post(&format!("{place}/security"), &security).await.shows(422, "Au plus 200");
        browser.post(&format!("{place}/security"), &[("kind", "simple")]).await;
        let summary = browser.get(&format!("{place}/summary")).await;
        summary.shows(200, "&#60;script&#62;").shows(200, "&#60;b&#62;gras");
        browser.confirm(&format!("{place}/summary"), &[]).await.shows(200, "Bravo");
        assert_eq!(names(house, "marie").await, [mixed]);
    }

    async fn a_picture_that_is_too_large_costs_nothing_else(house) {
        house.person("marie", &[]).await;
        let door = Door::of(house);
        let mut browser = Browser::signed_in(&door, "marie").await;
        let place = browser.get("/applications/new").await.location;
        for megabytes in [2, 5, 30] {
            let file = vec![0x89; megabytes * 1024 * 1024];
            let form = [("name", "Grande image"), ("description", "Pour voir")];
            let page = browser.post_file(&place, &form, ("picture", "image/png", &file)).await;
            page.shows(422, "1 Mio au plus");
            assert_eq!(page.value("name"), "Grande image");
        }
    }

    async fn what_is_no_picture_is_refused_and_the_text_stays(house) {
        house.person("marie", &[]).await;
        let door = Door::of(house);
        let mut browser = Browser::signed_in(&door, "marie").await;
        let place = browser.get("/applications/new").await.location;
        let form = [("name", "Une"), ("description", "Pour voir")];
        let svg = ("picture", "image/svg+xml", b"<svg onload=alert(1)>".as_slice());
        browser.post_file(&place, &form, svg).await.shows(422, "Une image PNG, JPEG ou WebP");
        assert_eq!(browser.get(&place).await.value("name"), "Une");
        let large = vec![0xff; 1024 * 1024 + 1];
        browser.post_file(&place, &form, ("picture", "image/png", &large)).await.shows(422, "Au plus");
        let right = browser.post_file(&place, &form, ("picture", "image/png", octroi_testkit::PNG)).await;
        assert_eq!(right.location, format!("{place}/security"));
        browser.get(&place).await.shows(200, &format!("{place}/picture"));
        let picture = browser.get(&format!("{place}/picture")).await;
        assert_eq!(picture.answer.header("content-type"), "image/png");
        browser.post(&place, &[("name", "Une"), ("description", "Pour voir"), ("remove_picture", "true")]).await;
        assert_eq!(browser.get(&format!("{place}/picture")).await.location, place);
    }

    async fn steps_are_taken_in_order_and_leaving_keeps_them(house) {
        house.person("marie", &[]).await;
        let door = Door::of(house);
        let mut browser = Browser::signed_in(&door, "marie").await;
        let place = browser.get("/applications/new").await.location;
        for step in ["security", "subscription", "summary"] {
            assert_eq!(browser.get(&format!("{place}/{step}")).await.location, place, "{step}");
        }
        assert_eq!(browser.post(&format!("{place}/summary"), &[]).await.status, 404, "nothing was written yet");
        let left = browser.post(&place, &[("name", "À moitié"), ("to", "quit")]).await;
        browser.follow(left).await.shows(200, "Votre brouillon est gardé").shows(200, "À moitié").shows(200, &place);
        assert_eq!(browser.post(&format!("{place}/summary"), &[]).await.location, place);
        assert_eq!(browser.get(&place).await.value("name"), "À moitié");
        browser.post(&place, &[("name", "Entière"), ("description", "Oui")]).await;
        let back = browser.post(&format!("{place}/security"), &[("kind", "simple"), ("to", "back")]).await;
        assert_eq!(back.location, place);
        browser.get(&format!("{place}/summary")).await.shows(200, "Entière");
        let left = browser.get("/dashboard").await;
        left.shows(200, &format!("href=\"{place}/subscription\""));
        let id = place.rsplit('/').next().unwrap();
        let gone = browser.post(&format!("/drafts/{id}/discard"), &[]).await;
        let dashboard = browser.follow(gone).await;
        dashboard.shows(200, "Le brouillon est abandonné");
        assert!(!dashboard.text.contains("Entière"));
    }

    async fn sent_twice_it_makes_one_application(house) {
        house.person("marie", &[]).await;
        let door = Door::of(house);
        let mut browser = Browser::signed_in(&door, "marie").await;
        let mut twin = Browser::signed_in(&door, "marie").await;
        let place = begun(&mut browser).await;
        let summary = format!("{place}/summary");
        let seen = browser.get(&summary).await.value("seen");
        let form = [("seen", seen.as_str())];
        let (first, second) = tokio::join!(browser.post(&summary, &form), twin.post(&summary, &form));
        let statuses = [first.status, second.status];
        assert!(statuses == [200, 303] || statuses == [303, 200], "{statuses:?}");
        assert_eq!(names(house, "marie").await, ["Une"]);
        // The first step too: the form carries the draft's name.
        let place = browser.get("/applications/new").await.location;
        for _ in 0..2 {
            browser.post(&place, &[("name", "Deux"), ("description", "Pour voir")]).await;
        }
        assert_eq!(house.app.drafts(&house.sign_in("marie").await).await.unwrap().len(), 1);
    }

    async fn a_draft_is_its_authors_alone(house) {
        house.person("marie", &[]).await;
        house.person("luc", &[]).await;
        let door = Door::of(house);
        let mut browser = Browser::signed_in(&door, "marie").await;
        let place = begun(&mut browser).await;
        let mut luc = Browser::signed_in(&door, "luc").await;
        for step in ["", "/security", "/subscription", "/summary", "/picture"] {
            luc.get(&format!("{place}{step}")).await.shows(404, "Introuvable");
        }
        for step in ["", "/security", "/subscription", "/summary"] {
            luc.post(&format!("{place}{step}"), &[("name", "Volée"), ("kind", "simple")]).await.shows(404, "Introuvable");
        }
        let id = place.rsplit('/').next().unwrap();
        luc.post(&format!("/drafts/{id}/discard"), &[]).await.shows(404, "Introuvable");
        luc.get(&format!("/apis/x/1/subscribe?draft={id}")).await.shows(404, "Introuvable");
        browser.get(&format!("{place}/summary")).await.shows(200, "Une");
    }

    async fn a_session_that_ended_in_the_middle_loses_nothing(house) {
        house.person("marie", &[]).await;
        let door = Door::of(house);
        let mut browser = Browser::signed_in(&door, "marie").await;
        let place = browser.get("/applications/new").await.location;
        browser.post(&place, &[("name", "Une"), ("description", "Pour voir")]).await;
        let security = format!("{place}/security");
        browser.set_cookie("octroi_session", "gone");
        let asked = browser.post(&security, &[("kind", "simple"), ("client_id", "mon-client")]).await;
        asked.shows(403, "Ce que vous avez saisi est gardé");
        let carried = [
            ("login", "marie"), ("password", PASSWORD), ("next", &security),
            ("kept.kind", &asked.value("kept.kind")), ("kept.client_id", &asked.value("kept.client_id")),
        ];
        let resume = browser.post("/sign-in", &carried).await;
        resume.shows(200, &format!("action=\"{security}\""));
        let kept = [("kind", resume.value("kind")), ("client_id", resume.value("client_id"))];
        let kept: Vec<(&str, &str)> = kept.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(browser.post(&security, &kept).await.location, format!("{place}/subscription"));
        browser.get(&format!("{place}/summary")).await.shows(200, "mon-client").shows(200, "Une");
    }

    async fn apis_are_searched_and_wanted_inside_the_form(house) {
        let manual = plan("marches", json!({"name": "Marchés", "validation": "manual", "comment": "required"}));
        let oauth = plan("machines", json!({"name": "Machines", "security": "oauth2"}));
        let published = house.publish(json!({"terms": "Pas de revente."}), vec![plan("public", json!({})), manual, oauth]).await;
        house.person("marie", &[]).await;
        let door = Door::of(house);
        let mut browser = Browser::signed_in(&door, "marie").await;
        let place = format!("{}/subscription", begun(&mut browser).await);
        browser.get(&format!("{place}?q=rien+de+tel")).await.shows(200, "Aucune API ne contient ces mots");
        let long = "a".repeat(5_000);
        browser.get(&format!("{place}?q={long}")).await.shows(200, "Aucune API ne contient ces mots");
        browser.get(&format!("{place}?q=SIR%C3%88NE")).await.shows(200, "API Sirene");
        let api = published.api_id().to_string();
        let chosen = browser.get(&format!("{place}?q=sirene&api={api}")).await;
        chosen.shows(200, "Marchés").shows(200, "Pas de revente");
        let terms = chosen.value("terms");
        let plans: Vec<String> = (0..3).map(|n| published.plan_id(n).to_string()).collect();
        let add = async |browser: &mut Browser<'_>, plan: &str, comment: &str, accept: &str| {
            let form = [
                ("q", "sirene"), ("api", &api), ("plan", plan), ("comment", comment),
                ("accept_terms", accept), ("terms", &terms),
            ];
            browser.post(&place, &form).await
        };
        add(&mut browser, &plans[0], "", "").await.shows(422, "doivent être acceptées");
        add(&mut browser, &plans[1], "", "true").await.shows(422, "Ce champ est obligatoire");
        add(&mut browser, &plans[2], "", "true").await.shows(422, "ne convient pas");
        add(&mut browser, "no plan", "", "true").await.shows(422, "Choisissez un plan");
        let added = add(&mut browser, &plans[1], "Veille", "true").await;
        browser.follow(added).await.shows(200, "API Sirene 3.11</strong>, Marchés");
        let removed = browser.post(&place, &[("remove", &plans[1])]).await;
        assert!(!browser.follow(removed).await.text.contains("3.11</strong>, Marchés"));
        add(&mut browser, &plans[0], "Bonjour", "true").await;
        let summary = place.replace("/subscription", "/summary");
        browser.get(&summary).await.shows(200, "API Sirene 3.11");
        let unseen = browser.post(&summary, &[]).await;
        browser.follow(unseen).await.shows(200, "changé dans une autre fenêtre");
        let made = browser.confirm(&summary, &[]).await;
        made.shows(200, "Bravo").shows(200, "Active").shows(200, "id=\"key-value-0\"");
        let key = between(&made.text, "id=\"key-value-0\">", "<");
        assert_eq!(octroi_testkit::Gate::open(house).await.call(house, key).await, "admitted");
    }

    async fn a_subscription_that_is_refused_afterwards_is_told_and_the_application_stays(house) {
        let published = open_api(house).await;
        house.person("marie", &[]).await;
        let door = Door::of(house);
        let mut browser = Browser::signed_in(&door, "marie").await;
        let place = begun(&mut browser).await;
        let plan = published.plan_id(0);
        let (id, api) = (plan.to_string(), published.api_id().to_string());
        browser.post(&format!("{place}/subscription"), &[("api", &api), ("plan", &id)]).await;
        house.app.close_plan(&published.provider, plan, None).await.unwrap();
        let made = browser.confirm(&format!("{place}/summary"), &[]).await;
        made.shows(200, "Bravo").shows(200, "accepte plus de nouvelle souscription");
        assert_eq!(names(house, "marie").await, ["Une"]);
    }

    async fn a_machine_gets_its_secret_once_and_another_on_demand(house) {
        house.person("marie", &[]).await;
        let door = Door::of(house);
        let mut browser = Browser::signed_in(&door, "marie").await;
        let place = browser.get("/applications/new").await.location;
        browser.post(&place, &[("name", "Machine"), ("description", "La nuit")]).await;
        browser.post(&format!("{place}/security"), &[("kind", "backend_to_backend"), ("client_id", "ignored")]).await;
        let made = browser.confirm(&format!("{place}/summary"), &[]).await;
        made.shows(200, "Copiez ce secret maintenant");
        let secret = between(&made.text, "id=\"secret-value\">", "<").to_owned();
        let application = format!("/applications/app_{}", between(&made.text, "href=\"/applications/app_", "\""));
        let page = browser.get(&application).await;
        page.shows(200, "Client OAuth\u{a0}2").shows(200, &secret[secret.len() - 4..]);
        assert!(!page.text.contains(&secret));
        let renewed = browser.post(&format!("{application}/secret"), &[("grace", "7200")]).await;
        renewed.shows(200, "Copiez ce secret maintenant").shows(200, "L’arrêter maintenant");
        assert_ne!(between(&renewed.text, "id=\"secret-value\">", "<"), secret);
        assert_eq!(browser.get(&format!("{application}/secret")).await.location, application);
        let late = [("grace", "99999999")];
        assert!(browser.post(&format!("{application}/secret"), &late).await.location.contains("notice-grace"));
    }

    async fn an_application_is_edited_by_one_at_a_time_and_archived(house) {
        let published = open_api(house).await;
        house.person("marie", &[]).await;
        let door = Door::of(house);
        let mut browser = Browser::signed_in(&door, "marie").await;
        let application = super::work::make_application(&mut browser, "Une").await;
        let plan = published.plan_id(0).to_string();
        let key = key_of(&super::work::subscribe(&mut browser, &application, &plan).await);
        let edition = browser.get(&application).await.value("edition");
        let form = |name: &'static str, edition: &str| {
            [("name", name.to_owned()), ("description", "Autre".to_owned()), ("edition", edition.to_owned())]
        };
        let send = async |browser: &mut Browser<'_>, form: [(&'static str, String); 3]| {
            let pairs: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
            browser.post(&application, &pairs).await
        };
        let saved = send(&mut browser, form("Deux", &edition)).await;
        browser.follow(saved).await.shows(200, "est enregistrée").shows(200, "Deux");
        let stale = send(&mut browser, form("Trois", &edition)).await;
        stale.shows(422, "Quelqu’un d’autre a modifié");
        assert_eq!(stale.value("name"), "Trois");
        let again = send(&mut browser, form("Trois", &stale.value("edition"))).await;
        browser.follow(again).await.shows(200, "Trois");
        send(&mut browser, form("", "1")).await.shows(422, "Erreur");
        let gate = octroi_testkit::Gate::open(house).await;
        assert_eq!(gate.call(house, &key).await, "admitted");
        let archived = browser.post(&format!("{application}/archive"), &[]).await;
        let page = browser.follow(archived).await;
        page.shows(200, "Archivée").shows(200, "L’application est archivée");
        assert!(!page.text.contains("name=\"edition\""), "nothing is left to edit");
        assert_ne!(gate.call(house, &key).await, "admitted");
        browser.post(&format!("{application}/archive"), &[]).await;
        browser.get("/applications").await.shows(200, "Archivée");
    }
}
