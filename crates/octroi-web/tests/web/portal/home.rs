//! The home page, and the index for programs.

use octroi_testkit::{on_both, plan};
use serde_json::json;

use super::browser::Browser;
use crate::door::{Ask, Door};

on_both! {
    async fn an_empty_portal_promises_nothing(house) {
        let door = Door::of(house);
        let mut browser = Browser::new(&door);
        let page = browser.get("/").await;
        page.shows(200, "Une clé, et l’API publique vous est ouverte");
        assert!(!page.text.contains("HTTP/1.1 200") && !page.text.contains("class=\"card\""), "{}", page.text);
        browser.get("/apis").await.shows(200, "Aucune API n’est encore publiée");
    }

    async fn a_real_api_gives_the_two_calls(house) {
        let more = json!({"name": "API <Sirene>", "presentation": {"summary": "Les entreprises & établissements."}});
        let published = house.publish(more, vec![plan("public", json!({}))]).await;
        let document = json!({"openapi": "3.1.0", "info": {"title": "t", "version": "1"},
            "paths": {"/siren/{siren}": {"get": {"parameters": [
                {"name": "siren", "in": "path", "required": true, "example": "999901002"}]}}}});
        let bytes = document.to_string().into_bytes();
        house.app.put_openapi(&published.provider, published.api_id(), bytes, None).await.unwrap();
        let door = Door::of(house);
        let mut browser = Browser::new(&door);
        let page = browser.get("/").await;
        page.shows(200, "-H &#34;X-INSEE-Api-Key-Integration: $CLE_SIRENE&#34;")
            .shows(200, "http://gateway.test/api-sirene/3.11/siren/999901002")
            .shows(200, "x-rate-limit-remaining: 29")
            .shows(200, "{&#34;message&#34;:&#34;Unauthorized&#34;,&#34;http_status_code&#34;:401}")
            .shows(200, "API &#60;Sirene&#62;")
            .shows(200, "aucun appel en 7 jours");
        Browser::new(&door).in_english().get("/").await.shows(200, "KEY_SIRENE").shows(200, "no call in 7 days");
    }

    async fn programs_are_not_told_that_there_is_nothing_where_nothing_could_be_read(house) {
        let door = Door::of(house);
        house.database.meddle("ALTER TABLE plans RENAME TO plans_elsewhere").await;
        for path in ["/llms.txt", "/llms-full.txt", "/.well-known/api-catalog"] {
            door.raw(Ask::get(path)).await.refuses(500, "internal");
        }
        house.database.meddle("ALTER TABLE plans_elsewhere RENAME TO plans").await;
    }

    async fn programs_find_every_text(house) {
        let published = house.publish(json!({}), vec![plan("public", json!({}))]).await;
        let page = json!({"slug": "pas", "language": "fr", "title": "Pas", "markdown": "# Pas\n\n<b>gras</b>"});
        let page = serde_json::from_value(page).unwrap();
        house.app.put_page(&published.provider, published.api_id(), page, None).await.unwrap();
        let door = Door::of(house);
        let read = async |path: &str| {
            let answer = door.raw(Ask::get(path)).await;
            assert_eq!(answer.status.as_u16(), 200, "{path}");
            (answer.header("content-type").to_owned(), answer.text())
        };
        let (_, index) = read("/llms.txt").await;
        for place in [
            "http://portal.test/apis/sirene/3.11/documentation.md",
            "http://portal.test/documentation/first-call.md",
            "http://portal.test/docs/errors/",
        ] {
            assert!(index.contains(place), "{index}");
        }
        let (_, whole) = read("/llms-full.txt").await;
        for text in ["<http://portal.test/documentation/keys>", "# Pas\n\n<b>gras</b>", "/docs/errors/rate_limited>"] {
            assert!(whole.contains(text), "{text}");
        }
        let (media, links) = read("/.well-known/api-catalog").await;
        assert!(media.starts_with("application/linkset+json"), "{media}");
        let links: serde_json::Value = serde_json::from_str(&links).unwrap();
        let first = &links["linkset"][0];
        assert_eq!(first["anchor"], "http://gateway.test/api-sirene/3.11");
        assert_eq!(first["service-doc"][0]["href"], "http://portal.test/apis/sirene/3.11");
        assert!(!index.contains("3.11/openapi.json"), "it has none: {index}");
        assert_eq!(read("/robots.txt").await.1, "User-agent: *\nAllow: /\n");
        let (media, pages) = read("/apis/sirene/3.11/documentation.md").await;
        assert_eq!(media, "text/markdown; charset=utf-8");
        assert!(pages.contains("http://portal.test/apis/sirene/3.11/documentation/pas.md"), "{pages}");
        let (media, text) = read("/apis/sirene/3.11/documentation/pas.md").await;
        assert_eq!((media.as_str(), text.as_str()), ("text/markdown; charset=utf-8", "# Pas\n\n<b>gras</b>"));
        for path in ["/documentation/keys.md", "/docs/errors/rate_limited.md"] {
            let (media, text) = read(path).await;
            assert!(media.starts_with("text/markdown") && text.starts_with("# "), "{path}");
        }
    }
}
