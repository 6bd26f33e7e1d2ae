//! The catalogue and what stands on an API's own pages: search, filters, pages of a list, who sees what, hostile texts.

use octroi_domain::account::PortalRole;
use octroi_domain::organization::{OrganizationKind, Role};
use octroi_testkit::{House, PNG, on_both, plan};
use serde_json::json;

use super::browser::{Browser, Page};
use crate::door::Door;

/// The names of the cards on a page, in order.
fn cards(page: &Page) -> Vec<String> {
    let card =
        |piece: &str| piece.split("<h3>").nth(1)?.split('>').nth(1)?.split('<').next().map(str::to_owned);
    page.text.split("class=\"card\"").skip(1).filter_map(card).collect()
}

/// Several APIs of two providers.
async fn filled(house: &House) {
    let manual = plan("manuel", json!({"validation": "manual"}));
    let labels =
        json!({"presentation": {"labels": ["Entreprises"], "summary": "Répertoire des unités légales"}});
    house.publish(labels, vec![plan("public", json!({}))]).await;
    let ign = house.person("irene", &[]).await;
    let organization = house.organization(OrganizationKind::Provider, "ign", &ign, Role::Owner).await;
    let irene = house.sign_in("irene").await;
    for (slug, name, state, plans) in [
        ("adresses", "Adresses", "published", vec![manual.clone()]),
        ("cartes", "Cartes", "deprecated", vec![plan("libre", json!({"security": "keyless"}))]),
        ("bientot", "Bientôt", "draft", vec![]),
    ] {
        let more = json!({"slug": slug, "name": name, "state": state,
            "gateway": {"route": {"path": format!("/{slug}")}}, "presentation": {"labels": ["Cartes"]}});
        house.publish_as(irene.clone(), organization, "1", more, plans).await;
    }
}

on_both! {
    async fn it_is_searched_and_filtered(house) {
        filled(house).await;
        let door = Door::of(house);
        let mut browser = Browser::new(&door);
        for (query, expected) in [
            ("", vec!["Adresses", "API Sirene", "Cartes"]),
            ("?q=unites+LEGALES", vec!["API Sirene"]),
            ("?q=insee", vec!["API Sirene"]),
            ("?provider=ign", vec!["Adresses", "Cartes"]),
            ("?label=cartes", vec!["Adresses", "Cartes"]),
            ("?state=deprecated", vec!["Cartes"]),
            ("?access=on_request", vec!["Adresses"]),
            ("?access=open&provider=ign", vec!["Cartes"]),
            ("?q=nulle+part", vec![]),
            ("?state=draft", vec![]),
            // What is no word of ours filters nothing.
            ("?state=x&access=y&label=&cursor=", vec!["Adresses", "API Sirene", "Cartes"]),
        ] {
            let page = browser.get(&format!("/apis{query}")).await;
            assert_eq!((page.status, cards(&page)), (200, expected.iter().map(ToString::to_string).collect()), "{query}");
        }
        browser.get("/apis?q=nulle+part").await.shows(200, "Aucune API ne répond").shows(200, "nulle part");
        browser.get("/apis").await.shows(200, "3 API, de la plus appelée").shows(200, "(2)</option>").shows(200, "Sur demande (1)");
        browser.get("/apis?cursor=nonsense").await.shows(422, "<h1");
        browser.get(&format!("/apis?q={}", "é".repeat(2_000))).await.shows(200, "Aucune API ne répond");
        browser.get("/apis?q=%22%3E%3Cscript%3E").await.shows(200, "value=\"&#34;&#62;&#60;script&#62;\"");
        // Its provider sees what is being prepared.
        let page = Browser::signed_in(&door, "irene").await.get("/apis?state=draft").await;
        assert_eq!(cards(&page), ["Bientôt"]);
    }

    async fn a_long_catalogue_has_pages(house) {
        let published = house.publish(json!({}), vec![]).await;
        for n in 0..29 {
            let more = json!({"slug": format!("api-{n:02}"), "name": format!("Api {n:02}"),
                "gateway": {"route": {"path": format!("/api-{n:02}")}}});
            house.publish_as(published.provider.clone(), published.organization_id, "1", more, vec![]).await;
        }
        let door = Door::of(house);
        let mut browser = Browser::new(&door);
        let (mut seen, mut next) = (Vec::new(), "/apis?q=api".to_owned());
        loop {
            let page = browser.get(&next).await;
            page.shows(200, "30 API");
            seen.extend(cards(&page));
            match page.text.split("href=\"").find(|rest| rest.contains("rel=\"next\"")) {
                Some(rest) if rest.split('>').next().unwrap().contains("rel=\"next\"") => {
                    next = rest.split('"').next().unwrap().replace("&#38;", "&");
                    assert!(next.contains("q=api") && next.contains("cursor="), "{next}");
                }
                _ => break,
            }
        }
        assert_eq!(seen.len(), 30);
        assert_eq!((seen[0].as_str(), seen[28].as_str(), seen[29].as_str()), ("Api 00", "Api 28", "API Sirene"));
    }

    async fn its_pages_say_what_it_is(house) {
        let more = json!({
            "presentation": {
                "summary": "Les entreprises.", "description": "# Titre\n\nLes **unités**.\n\n## Suite\n",
                "labels": ["open data"], "contact_email": "sirene@exemple.fr", "contact_url": "https://exemple.fr/sirene",
            },
            "terms": "# Conditions\n\nSoyez polis.",
        });
        let plans = vec![
            plan("acces-public", json!({"name": "Accès public"})),
            plan("etendu", json!({"name": "Étendu", "validation": "manual", "comment": "required", "key_days": 730,
                "limits": {"rate": {"count": 500, "window_seconds": 1}, "quota": {"count": 1_000_000, "period": "month"}}})),
        ];
        let published = house.publish(more, plans).await;
        house.publish_as(published.provider.clone(), published.organization_id, "3.10",
            json!({"state": "deprecated"}), vec![]).await;
        house.app.put_api_picture(&published.provider, published.api_id(), PNG.to_vec(), None).await.unwrap();
        let door = Door::of(house);
        let mut browser = Browser::new(&door);
        for path in ["/apis/sirene", "/apis/sirene/3.11"] {
            browser.get(path).await
                .shows(200, "<h1>API Sirene</h1>")
                .shows(200, "<strong>unités</strong>")
                .shows(200, "<h3 id=\"text-titre\">")
                .shows(200, "http://gateway.test/api-sirene/3.11")
                .shows(200, "30 appels par minute")
                .shows(200, "500 appels par seconde")
                .shows(200, "et 1\u{202f}000\u{202f}000 appels par mois")
                .shows(200, "valable 730 jours")
                .shows(200, "/apis/sirene/3.11/subscribe")
                .shows(200, "href=\"/apis/sirene/3.10\"")
                .shows(200, "<code>429</code>")
                .shows(200, "/docs/errors/rate_limited")
                .shows(200, "You reached the limit of 30 requests per 1 minutes")
                .shows(200, "class=\"btn btn--gate");
        }
        let old = browser.get("/apis/sirene/3.10").await;
        old.shows(200, "À quitter");
        assert!(!old.text.contains("/3.10/subscribe"), "{}", old.text);
        browser.get("/apis/sirene/3.11/contact").await
            .shows(200, "mailto:sirene@exemple.fr").shows(200, "https://exemple.fr/sirene").shows(200, "/3.11/tickets");
        browser.get("/apis/sirene/3.11/terms").await.shows(200, "Soyez polis.");
        browser.get("/apis/sirene/3.10/terms").await.shows(200, "pas de conditions propres");
        let picture = browser.get("/apis/sirene/3.11/picture").await;
        assert_eq!((picture.status, picture.answer.header("content-type")), (200, "image/png"));
        assert_eq!(picture.answer.header("x-content-type-options"), "nosniff");
        browser.get("/apis/sirene/3.10/picture").await.shows(404, "<h1");
        Browser::new(&door).in_english().get("/apis/sirene").await
            .shows(200, "30 calls per minute").shows(200, "General information").shows(200, "Rate limit reached");
    }

    async fn what_is_hidden_is_nowhere(house) {
        let hidden = house.publish(json!({"listing": "private", "name": "Secrète"}), vec![plan("public", json!({}))]).await;
        let document = json!({"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {"/a": {"get": {}}}});
        house.app.put_openapi(&hidden.provider, hidden.api_id(), document.to_string().into(), None).await.unwrap();
        let page = json!({"slug": "pas", "language": "fr", "title": "Pas", "markdown": "x"});
        house.app.put_page(&hidden.provider, hidden.api_id(), serde_json::from_value(page).unwrap(), None).await.unwrap();
        house.app.put_api_picture(&hidden.provider, hidden.api_id(), PNG.to_vec(), None).await.unwrap();
        house.person("vera", &[]).await;
        let door = Door::of(house);
        let mut inside = Browser::signed_in(&door, "paul").await;
        let mut outside = [Browser::new(&door), Browser::signed_in(&door, "vera").await];
        for place in [
            "", "/3.11", "/3.11/contact", "/3.11/terms", "/3.11/picture", "/3.11/documentation", "/3.11/documentation.md",
            "/3.11/documentation/pas", "/3.11/documentation/pas.md", "/3.11/reference", "/3.11/reference/get-a",
            "/3.11/console", "/3.11/openapi.json",
        ] {
            let path = format!("/apis/sirene{place}");
            for browser in &mut outside {
                let page = browser.get(&path).await;
                assert_eq!(page.status, 404, "{path}");
                assert!(!page.text.contains("Secrète"), "{path}");
            }
            assert!(matches!(inside.get(&path).await.status, 200 | 303), "{path}");
        }
        for browser in &mut outside {
            let (home, list) = (browser.get("/").await, browser.get("/apis").await);
            assert!(!home.text.contains("Secrète") && !list.text.contains("Secrète"));
        }
        for path in ["/apis/rien", "/apis/sirene/9", "/apis/Sirene", "/apis/%00/1", "/apis/a%2fb/1"] {
            assert_eq!(outside[0].get(path).await.status, 404, "{path}");
        }
    }

    async fn an_address_that_is_no_text_names_nothing(house) {
        house.person("ada", &[PortalRole::Admin]).await;
        house.publish(json!({}), vec![plan("public", json!({}))]).await;
        let door = Door::of(house);
        let mut ada = Browser::signed_in(&door, "ada").await;
        for path in [
            "/docs/errors/%ff", "/problems/%ff", "/apis/%ff", "/apis/sirene/%ff", "/documentation/%ff",
            "/apis/sirene/3.11/reference/%ff", "/apis/sirene/3.11/documentation/%ff", "/apis/sirene/3.11/%00",
        ] {
            ada.get(path).await.shows(404, "Introuvable");
        }
        assert_eq!(ada.get("/assets/x/%ff").await.status, 404);
        for path in ["/admin?q=%00", "/apis?q=%00", "/partners?q=a%00b"] {
            assert_eq!(ada.get(path).await.status, 200, "{path}");
        }
        let unreadable = Browser::new(&door).post("/sign-in", &[("login", "\0a"), ("password", "x")]).await;
        assert_eq!(unreadable.status, 400);
    }

    async fn hostile_texts_stay_texts(house) {
        let attack = "<script>alert(1)</script><img src=x onerror=alert(1)>[x](JAVASCRIPT:alert(1))";
        let more = json!({
            "name": "\"><script>alert(1)</script>",
            "presentation": {"summary": attack, "description": attack, "labels": ["\"><script>alert(1)</script>"]},
            "terms": attack,
        });
        let published = house.publish(more, vec![plan("p", json!({"name": attack, "description": attack}))]).await;
        let page = json!({"slug": "pas", "language": "fr", "title": attack, "markdown": attack});
        house.app.put_page(&published.provider, published.api_id(), serde_json::from_value(page).unwrap(), None).await.unwrap();
        let document = json!({"openapi": "3.1.0",
            "info": {"title": attack, "version": attack, "description": attack, "license": {"name": attack}},
            "tags": [{"name": attack, "description": attack}],
            "paths": {format!("/{attack}/{{id}}"): {"get": {"summary": attack, "description": attack, "tags": [attack], "operationId": "op",
                "parameters": [{"name": attack, "in": "query", "required": true, "description": attack, "example": attack,
                    "schema": {"type": attack, "format": attack, "pattern": attack, "enum": [attack]}}],
                "requestBody": {"description": attack, "content": {attack: {"example": {attack: attack},
                    "schema": {"properties": {attack: {"description": attack, "$ref": format!("https://e.fr/{attack}")}}}}}},
                "responses": {attack: {"description": attack, "headers": {attack: {"description": attack}}}}}}}});
        house.app.put_openapi(&published.provider, published.api_id(), document.to_string().into(), None).await.unwrap();
        let door = Door::of(house);
        for path in ["/", "/apis", "/documentation"] {
            Browser::new(&door).get(path).await.shows(200, "alert(1)");
        }
        for place in ["", "/terms", "/documentation/pas", "/reference", "/reference/op", "/console", "/contact"] {
            let page = Browser::new(&door).get(&format!("/apis/sirene/3.11{place}")).await;
            page.shows(200, "alert(1)");
            assert!(!page.text.contains("<script>") && !page.text.contains("<img src=x"), "{place}");
        }
    }
}
