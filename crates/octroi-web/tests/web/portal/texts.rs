//! The operator's pages, and ours in their place; the style page, which shows every component.

use std::collections::{BTreeSet, HashMap};

use octroi_domain::api::Language;
use octroi_testkit::{House, databases};
use octroi_web::{Texts, WebOptions};

use super::browser::Browser;
use crate::door::Door;

const PAGES: [&str; 4] = ["/help", "/legal", "/privacy", "/accessibility"];

async fn house() -> House {
    House::on(databases().await.remove(0)).await
}

#[tokio::test]
async fn without_the_operators_texts_ours_say_what_is_true_of_the_program() {
    let house = house().await;
    let door = Door::of(&house);
    let (mut french, mut english) = (Browser::new(&door), Browser::new(&door).in_english());
    let home = french.get("/").await;
    for path in PAGES {
        home.shows(200, &format!("href=\"{path}\""));
        let (fr, en) = (french.get(path).await, english.get(path).await);
        assert_eq!((fr.status, en.status), (200, 200), "{path}");
        assert_ne!(fr.text, en.text);
        assert!(!fr.text.contains("table-frame\"></"), "{path}");
    }
    home.shows(200, "conformité non évaluée");
    french.get("/legal").await.shows(200, "n’a pas encore rempli ses mentions légales");
    french.get("/accessibility").await.shows(200, "conformité non évaluée");
    english.get("/privacy").await.shows(200, "octroi_language").shows(200, "argon2id");
    for question in ["/verify-email/resend", "/forgot-password", "<code>429</code>"] {
        english.get("/help").await.shows(200, question);
    }
}

#[tokio::test]
async fn what_the_operator_writes_is_shown_cleaned_in_the_language_that_there_is() {
    let house = house().await;
    let write = |page: &str, language, text: &str| ((page.to_owned(), language), text.to_owned());
    let texts = Texts(HashMap::from([
        write("legal", Language::Fr, "# Mentions légales\n\nVille de Montbrac <script>alert(1)</script>"),
        write("accessibility", Language::Fr, "Partiellement conforme."),
        write("accessibility", Language::En, "Partly conforming."),
    ]));
    let door = Door::with(&house, WebOptions { texts, ..WebOptions::default() });
    let mut french = Browser::new(&door);
    let legal = french.get("/legal").await;
    legal.shows(200, "Ville de Montbrac");
    assert!(
        !legal.text.contains("alert(1)</script>") && !legal.text.contains("pas encore rempli"),
        "{}",
        legal.text
    );
    let mut english = Browser::new(&door).in_english();
    english.get("/legal").await.shows(200, "lang=\"fr\">").shows(200, "Ville de Montbrac");
    english.get("/accessibility").await.shows(200, "Partly conforming.");
    let home = english.get("/").await;
    assert!(!home.text.contains("conformity not assessed"), "the operator says it");
}

/// Classes that stand on a page only in a state, or where a page needs them, and not as a part of their own.
const ELSEWHERE: [&str; 51] = [
    "arcade",
    "before",
    "beside",
    "btn--wide",
    "call",
    "card--past",
    "center",
    "clamp",
    "console",
    "copy-status",
    "courses--2",
    "demo-mark",
    "facts--big",
    "facts--rows",
    "filter",
    "filters",
    "hero",
    "hero__in",
    "hero__text",
    "input--code",
    "input--short",
    "keycard__bar",
    "keycard__foot",
    "labels",
    "langs",
    "letter",
    "lines",
    "links",
    "measure",
    "must",
    "narrow",
    "note",
    "operation",
    "operations",
    "pair",
    "people",
    "picture",
    "picture--letter",
    "picture--lg",
    "plate--lg",
    "response",
    "row--end",
    "scroll",
    "section",
    "shapes",
    "side",
    "table--brief",
    "text",
    "thread",
    "toc",
    "with-aside--left",
];

#[tokio::test]
async fn the_style_page_shows_every_component_in_both_themes() {
    let house = house().await;
    let door = Door::of(&house);
    let mut browser = Browser::new(&door);
    let light = browser.get("/style?theme=light").await;
    light.shows(200, "data-theme=\"light\"");
    browser.get("/style?theme=dark").await.shows(200, "data-theme=\"dark\"");
    let plain = browser.get("/style?theme=%22%3E").await;
    assert!(!plain.text.contains("data-theme"), "a theme that there is not is none");

    let shown: BTreeSet<&str> = plain
        .text
        .split("class=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .flat_map(str::split_whitespace)
        .collect();
    let missing: Vec<String> =
        block_classes().into_iter().filter(|class| !shown.contains(class.as_str())).collect();
    assert_eq!(missing, Vec::<String>::new());
}

/// Names of components and their variants, from the style sheet itself: `btn`, `btn--gate`, `keycard__stub`.
fn block_classes() -> BTreeSet<String> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/components.css");
    let css = std::fs::read_to_string(path).unwrap();
    let selectors = css.lines().filter_map(|line| line.split_once('{').map(|(selector, _)| selector.trim()));
    let names = selectors.filter_map(|selector| selector.strip_prefix('.')).map(|rest| {
        rest.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect::<String>()
    });
    let parts = ["__", "mt-", "is-", "ico-"];
    names
        .filter(|name| !ELSEWHERE.contains(&name.as_str()) && !parts.iter().any(|part| name.contains(part)))
        .filter(|name| !name.starts_with("site-") && !name.starts_with("menu-"))
        .collect()
}
