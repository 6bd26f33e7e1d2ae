//! Documentation: pages in Markdown, the reference, the console and its files, guides, outcomes of calls.

use octroi_domain::ids::ApiId;
use octroi_testkit::{House, on_both, plan};
use serde_json::{Value, json};

use super::browser::Browser;
use crate::door::{Ask, Door};

/// Writes a page of an API.
async fn write(house: &House, provider: &octroi_domain::actor::Actor, api: ApiId, page: Value) {
    house.app.put_page(provider, api, serde_json::from_value(page).unwrap(), None).await.unwrap();
}

fn document() -> Value {
    json!({
        "openapi": "3.1.0", "info": {"title": "t", "version": "1", "description": "Le **répertoire**."},
        "tags": [{"name": "Unités", "description": "Les unités."}],
        "paths": {
            "/siren/{siren}": {"get": {"tags": ["Unités"], "operationId": "lireUnite", "summary": "Lire une unité",
                "parameters": [{"name": "siren", "in": "path", "required": true, "example": "999901002",
                    "description": "Neuf chiffres.", "schema": {"type": "string", "pattern": "^[0-9]{9}$"}}],
                "responses": {"200": {"description": "Trouvée.", "content": {"application/json": {
                    "schema": {"type": "object", "required": ["nom"], "properties": {"nom": {"type": "string"},
                        "adresse": {"properties": {"code": {"type": "string"}}}}},
                    "example": {"nom": "<OCTROI>"}}}}}}},
            "/informations": {"get": {"summary": "État du service", "deprecated": true}},
        },
    })
}

on_both! {
    async fn pages_have_a_menu_and_their_language(house) {
        let published = house.publish(json!({}), vec![plan("public", json!({}))]).await;
        let (provider, api) = (&published.provider, published.api_id());
        let door = Door::of(house);
        let mut browser = Browser::new(&door);
        browser.get("/apis/sirene/3.11/documentation").await.shows(200, "Pas encore de documentation");
        write(house, provider, api, json!({"slug": "pas", "language": "fr", "title": "Premiers pas",
            "markdown": "# Premiers pas\n\nVoir [les erreurs](erreurs.fr.md#limites).\n\n## Un\n\n## Deux\n\n## Trois\n"})).await;
        write(house, provider, api, json!({"slug": "erreurs", "language": "fr", "title": "Erreurs", "markdown": "## Limites"})).await;
        write(house, provider, api, json!({"slug": "pas", "language": "en", "title": "First steps", "markdown": "# First steps\n\nHello."})).await;
        let begin = browser.get("/apis/sirene/3.11/documentation").await;
        assert_eq!((begin.status, begin.location.as_str()), (303, "/apis/sirene/3.11/documentation/pas"));
        let page = browser.follow(begin).await;
        page.shows(200, "<h2 id=\"page-title\">Premiers pas</h2>")
            .shows(200, "href=\"erreurs#limites\"")
            .shows(200, "<h3 id=\"text-deux\">Deux</h3>")
            .shows(200, "href=\"#text-deux\"")
            .shows(200, "aria-current=\"page\">Premiers pas")
            .shows(200, "/apis/sirene/3.11/documentation/erreurs\"");
        assert_eq!(page.text.matches("Premiers pas</h").count(), 1, "the title is said once: {}", page.text);
        // The other language where there is one; else the one that there is, and it is said.
        let mut english = Browser::new(&door).in_english();
        english.get("/apis/sirene/3.11/documentation/pas").await.shows(200, "First steps").shows(200, "Erreurs</a>");
        english.get("/apis/sirene/3.11/documentation/erreurs").await
            .shows(200, "lang=\"fr\">Erreurs</h2>").shows(200, "does not exist in English yet");
        for path in ["rien", "rien.md", ".md", "Pas", "%2e%2e"] {
            let page = browser.get(&format!("/apis/sirene/3.11/documentation/{path}")).await;
            assert_eq!(page.status, 404, "{path}");
        }
        // As long as texts may be.
        let long = "# T\n\n".to_owned() + &"Un mot de plus. ".repeat(30_000);
        write(house, provider, api, json!({"slug": "long", "language": "fr", "title": "Long", "markdown": long})).await;
        browser.get("/apis/sirene/3.11/documentation/long").await.shows(200, "Un mot de plus.");
    }

    async fn the_reference_tells_every_operation(house) {
        let published = house.publish(json!({}), vec![plan("public", json!({}))]).await;
        let door = Door::of(house);
        let mut browser = Browser::new(&door);
        for place in ["reference", "reference/x", "console", "openapi.json"] {
            assert_eq!(browser.get(&format!("/apis/sirene/3.11/{place}")).await.status, 404, "{place}");
        }
        let bytes = document().to_string().into_bytes();
        house.app.put_openapi(&published.provider, published.api_id(), bytes, None).await.unwrap();
        let begin = browser.get("/apis/sirene/3.11/documentation").await;
        assert_eq!(begin.location, "/apis/sirene/3.11/reference");
        browser.get("/apis/sirene/3.11/reference").await
            .shows(200, "<strong>répertoire</strong>").shows(200, "Les unités.").shows(200, "Lire une unité")
            .shows(200, "/apis/sirene/3.11/reference/lire-unite\"").shows(200, "<b>GET</b> /informations")
            .shows(200, "Autres opérations");
        browser.get("/apis/sirene/3.11/reference/lire-unite").await
            .shows(200, "Neuf chiffres.").shows(200, "obligatoire").shows(200, "^[0-9]{9}$")
            .shows(200, "-H &#34;X-INSEE-Api-Key-Integration: $CLE_SIRENE&#34;")
            .shows(200, "&#39;http://gateway.test/api-sirene/3.11/siren/999901002&#39;")
            .shows(200, "<span class=\"soft\">adresse.</span>code")
            .shows(200, "&#60;OCTROI&#62;")
            .shows(200, "rel=\"next\">État du service");
        browser.get("/apis/sirene/3.11/reference/get-informations").await.shows(200, "demande de quitter cette opération");
        assert_eq!(browser.get("/apis/sirene/3.11/reference/rien").await.status, 404);
        Browser::new(&door).in_english().get("/apis/sirene/3.11/reference/lire-unite").await
            .shows(200, "required").shows(200, "$KEY_SIRENE").shows(200, "In the path");
    }

    async fn a_question_is_answered_from_what_the_asker_sees(house) {
        let published = house.publish(json!({}), vec![plan("public", json!({}))]).await;
        let (provider, api) = (&published.provider, published.api_id());
        write(house, provider, api, json!({"slug": "curseur", "language": "fr", "title": "Parcourir",
            "markdown": "# Parcourir\n\nLe début.\n\n## Avec un curseur\n\nDemandez `curseur=*`, <b>puis</b> la suite."})).await;
        house.app.put_openapi(provider, api, document().to_string().into_bytes(), None).await.unwrap();
        let door = Door::of(house);
        let mut browser = Browser::new(&door);
        let found = browser.get("/documentation?ask=comment+utiliser+le+curseur").await;
        found.shows(200, "href=\"/apis/sirene/3.11/documentation/curseur#text-avec-un-curseur\">Parcourir, Avec un curseur</a>")
            .shows(200, "puis la suite");
        browser.get("/apis/sirene/3.11/documentation?ask=lire+une+unité").await
            .shows(200, "href=\"/apis/sirene/3.11/reference/lire-unite\"");
        browser.get("/docs/errors/?ask=clé+révoquée").await.shows(200, "href=\"/docs/errors/credential_revoked\"");
        let hostile = "%22%3E%3Cscript%3Ealert(1)%3C/script%3E";
        let page = browser.get(&format!("/documentation?ask={hostile}&goal={hostile}")).await;
        assert!(page.status == 200 && !page.text.contains("<script>alert"), "{}", page.text);
        browser.get("/documentation?ask=tour+Eiffel").await.shows(200, "Rien dans la documentation");
        browser.get(&format!("/documentation/keys?ask={}", "cle+".repeat(5_000))).await.shows(200, "Garder ses clés");
        browser.get("/documentation?ask=%00").await.shows(200, "Guides");
        // As programs ask: by the address or by what they accept.
        for (path, accept) in [("/documentation/keys.md", "*/*"), ("/documentation", "text/markdown")] {
            let ask = Ask::get(format!("{path}?ask=curseur&goal=tout+parcourir")).with("accept", accept);
            let answer = door.raw(ask).await;
            assert_eq!(answer.header("content-type"), "text/markdown; charset=utf-8");
            let line = "## 1. [Parcourir, Avec un curseur, API Sirene 3.11]\
                (http://portal.test/apis/sirene/3.11/documentation/curseur#text-avec-un-curseur)";
            assert!(answer.text().contains(line), "{}", answer.text());
        }
        // What is changed is found at once; what a visitor may not see is not found.
        write(house, provider, api, json!({"slug": "curseur", "language": "fr", "title": "Parcourir", "markdown": "Avec une girafe."})).await;
        browser.get("/documentation?ask=girafe").await.shows(200, "Avec une girafe");
        let hidden = octroi_testkit::sirene(published.organization_id, "3.11", json!({"listing": "private"}));
        house.app.update_api(provider, api, hidden, None).await.unwrap();
        browser.get("/documentation?ask=girafe").await.shows(200, "Rien dans la documentation");
        assert_eq!(browser.get("/apis/sirene/3.11/documentation?ask=girafe").await.status, 404);
    }

    async fn an_api_says_what_it_opens_without_a_key_and_when_it_is_to_be_left(house) {
        let open = json!({"security": "keyless", "limits": {"rate": {"count": 120, "window_seconds": 60}},
            "operations": [{"methods": ["GET"], "path": "/widget/*"}]});
        let more = json!({"gateway": {"retirement": {"deprecated_at": "2026-12-01T12:00:00Z",
            "sunset_at": "2027-06-30T12:00:00Z", "guide": "https://exemple.fr/suite"}}});
        house.publish(more, vec![plan("public", json!({})), plan("widget", open)]).await;
        let door = Door::of(house);
        let page = Browser::new(&door).get("/apis/sirene/3.11").await;
        page.shows(200, "pour ces appels seulement : ").shows(200, "GET /widget/*").shows(200, "par adresse IP")
            .shows(200, "À quitter à partir du ").shows(200, "30\u{a0}juin 2027").shows(200, "href=\"https://exemple.fr/suite\"");
    }

    async fn links_of_an_explanation_hold_wherever_it_stands(house) {
        house.publish(json!({}), vec![plan("public", json!({}))]).await;
        let door = Door::of(house);
        let page = Browser::new(&door).get("/apis/sirene/3.11").await;
        page.shows(200, "href=\"/docs/errors/credential_missing\"");
        assert!(!page.text.contains("href=\"credential_"), "{}", page.text);
    }

    async fn the_console_may_call_the_gateway_and_nobody_else(house) {
        let published = house.publish(json!({}), vec![plan("public", json!({}))]).await;
        let bytes = document().to_string().into_bytes();
        house.app.put_openapi(&published.provider, published.api_id(), bytes, None).await.unwrap();
        let door = Door::of(house);
        let mut browser = Browser::new(&door);
        let console = browser.get("/apis/sirene/3.11/console").await;
        console.shows(200, "<noscript>").shows(200, "data-document=\"/apis/sirene/3.11/openapi.json\"")
            .shows(200, "/apis/sirene/3.11/reference");
        let policy = console.answer.header("content-security-policy").to_owned();
        assert!(policy.ends_with("/apis/sirene/3.11/openapi.json http://gateway.test") && !policy.contains("connect-src 'self'"), "{policy}");
        let elsewhere = browser.get("/apis/sirene/3.11/reference").await;
        assert!(!elsewhere.answer.header("content-security-policy").contains("connect-src"));
        for file in console.text.split("=\"/assets/").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            let answer = door.raw(Ask::get(format!("/assets/{file}")).with("accept-encoding", "gzip")).await;
            assert_eq!(answer.status.as_u16(), 200, "{file}");
            assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable", "{file}");
        }
        let document = browser.get("/apis/sirene/3.11/openapi.json").await;
        assert_eq!(document.answer.header("content-type"), "application/json");
        let value: Value = serde_json::from_str(&document.text).unwrap();
        assert_eq!(value["servers"], json!([{"url": "http://gateway.test/api-sirene/3.11"}]));
    }

    async fn guides_and_outcomes_exist_in_both_languages(house) {
        let door = Door::of(house);
        let (mut french, mut english) = (Browser::new(&door), Browser::new(&door).in_english());
        french.get("/documentation").await.shows(200, "Le premier appel, pas à pas").shows(200, "/docs/errors/");
        english.get("/documentation").await.shows(200, "The first call, step by step");
        for guide in ["first-call", "keys", "publish"] {
            let path = format!("/documentation/{guide}");
            let (one, other) = (french.get(&path).await, english.get(&path).await);
            assert_eq!((one.status, other.status), (200, 200), "{guide}");
            assert_ne!(one.text, other.text);
        }
        assert_eq!(french.get("/documentation/rien").await.status, 404);
        french.get("/docs/errors/").await.shows(200, "Limite atteinte").shows(200, "rate_limited");
        french.get("/docs/errors").await.shows(200, "Limite atteinte");
        english.get("/docs/errors/").await.shows(200, "Rate limit reached");
        french.get("/docs/errors/unauthorized").await
            .shows(200, "<h1>Non autorisé</h1>").shows(200, "href=\"/docs/errors/credential_missing\"").shows(200, "<code>401</code>");
        english.get("/docs/errors/unauthorized").await.shows(200, "<h2>What to do</h2>");
        for path in ["rien", "README", "..%2fREADME", "rate_limited.txt"] {
            assert_eq!(french.get(&format!("/docs/errors/{path}")).await.status, 404, "{path}");
        }
    }
}
