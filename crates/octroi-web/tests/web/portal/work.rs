//! The public document of INSEE, walked step by step; subscribing in every other way that people come.

use std::time::Duration;

use octroi_domain::ids::{ApiId, BootId, CredentialId, SubscriptionId};
use octroi_domain::subscription::Transition;
use octroi_domain::time::Timestamp;
use octroi_testkit::{Gate, House, PASSWORD, Published, on_both, plan, sirene};
use serde_json::{Value, json};

use super::browser::{Browser, Page};
use crate::door::Door;

/// What stands between two texts of a page.
#[track_caller]
pub(super) fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let start = text.find(before).unwrap_or_else(|| panic!("{before:?} is not in {text}")) + before.len();
    &text[start..start + text[start..].find(after).unwrap()]
}

/// The key that a page shows.
#[track_caller]
pub(super) fn key_of(page: &Page) -> String {
    between(&page.text, "id=\"key-value\">", "<").to_owned()
}

/// An API like Sirene, whose plan lets people in by itself.
pub(super) async fn open_api(house: &House) -> Published {
    house.publish(json!({}), vec![plan("public", json!({"name": "Accès public"}))]).await
}

/// Makes an application through the form, without a subscription; gives its page.
pub(super) async fn make_application(browser: &mut Browser<'_>, name: &str) -> String {
    let place = browser.get("/applications/new").await.location;
    let form = [("name", name), ("description", "MaDescription")];
    assert_eq!(browser.post(&place, &form).await.status, 303);
    let security = browser.post(&format!("{place}/security"), &[("kind", "simple")]).await;
    assert_eq!(security.location, format!("{place}/subscription"));
    let made = browser.confirm(&format!("{place}/summary"), &[]).await;
    made.shows(200, "Bravo");
    format!("/applications/app_{}", between(&made.text, "href=\"/applications/app_", "\""))
}

/// Subscribes the application through the form; gives the page with the key.
pub(super) async fn subscribe(browser: &mut Browser<'_>, application: &str, plan: &str) -> Page {
    let page = browser.get(&format!("/apis/sirene/3.11/subscribe/application?plan={plan}")).await;
    let draft = page.value("draft");
    let application = application.strip_prefix("/applications/").unwrap();
    let form =
        [("draft", draft.as_str()), ("plan", plan), ("application", application), ("comment", "Bonjour")];
    let check = browser.post("/apis/sirene/3.11/subscribe/application", &form).await;
    browser.follow(check).await.shows(200, "Validation");
    browser.confirm(&format!("/apis/sirene/3.11/subscribe/check?draft={draft}"), &[("draft", &draft)]).await
}

on_both! {
    async fn the_document_of_insee_is_walked_from_the_dashboard_to_the_first_call(house) {
        let published = open_api(house).await;
        house.person("marie", &[]).await;
        let door = Door::of(house);
        let gate = Gate::open(house).await;
        let mut browser = Browser::new(&door);

        // A link to the API's subscription survives the sign-in.
        let plan = published.plan_id(0).to_string();
        let asked = browser.get(&format!("/apis/sirene/3.11/subscribe?plan={plan}")).await;
        assert!(asked.location.starts_with("/sign-in?next=%2Fapis%2Fsirene%2F3.11%2Fsubscribe"), "{}", asked.location);
        let next = browser.follow(asked).await.value("next");
        let signed_in = browser.post("/sign-in", &[("login", "marie"), ("password", PASSWORD), ("next", &next)]).await;
        browser.follow(signed_in).await.shows(200, "Choix du plan").shows(200, "30 appels par minute")
            .shows(200, &format!("value=\"{plan}\" checked"));

        // 2.2 to 2.5: the application.
        browser.get("/dashboard").await.shows(200, "Bonjour Camille").shows(200, "Créer ma première application");
        let place = browser.get("/applications/new").await.location;
        browser.get(&place).await.shows(200, "Nom de l’application").shows(200, "Domaine utilisé par l’application");
        let form = [("name", " MonApplication "), ("description", "MaDescription"), ("domain", "https://mon-application.fr")];
        let general = browser.post_file(&place, &form, ("picture", "image/png", octroi_testkit::PNG)).await;
        assert_eq!(general.location, format!("{place}/security"));
        browser.follow(general).await.shows(200, "Étape 2 sur 4").shows(200, "Backend to backend")
            .shows(200, "value=\"simple\" checked");
        let security = browser.post(&format!("{place}/security"), &[("kind", "simple"), ("client_id", "")]).await;
        browser.follow(security).await.shows(200, "Cette étape peut rester vide").shows(200, "API Sirene");
        let summary = browser.get(&format!("{place}/summary")).await;
        summary.shows(200, "MonApplication").shows(200, "Pas de souscription").shows(200, "Créer l’application");
        let made = browser.confirm(&format!("{place}/summary"), &[]).await;
        made.shows(200, "Bravo").shows(200, "MonApplication");
        let again = browser.post(&format!("{place}/summary"), &[]).await;
        let application = again.location.split('?').next().unwrap().to_owned();
        browser.follow(again).await.shows(200, "a déjà été envoyé").shows(200, &format!("{application}/picture"));
        let picture = browser.get(&format!("{application}/picture")).await;
        assert_eq!(picture.answer.header("content-type"), "image/png");
        assert_eq!(browser.get(&place).await.location.split('?').next().unwrap(), application);

        // 3.2 to 3.5: the subscription, and the key at once.
        let key_page = subscribe(&mut browser, &application, &plan).await;
        key_page.shows(200, "Votre clé est prête").shows(200, "X-INSEE-Api-Key-Integration");
        let key = key_of(&key_page);
        assert_eq!(key_page.text.matches(&key).count(), 2, "in the card, and where the command takes it from");
        key_page.shows(200, &format!("export CLE_SIRENE={key}\ncurl"));
        key_page.shows(200, "$CLE_SIRENE").shows(200, "Jamais dans un dépôt de code public");
        assert_eq!(key_page.answer.header("cache-control"), "no-store");
        assert_eq!(gate.call(house, &key).await, "admitted");

        // 4: the key is found again under the application's subscriptions.
        let list = browser.get(&format!("{application}/subscriptions")).await;
        list.shows(200, "API Sirene 3.11").shows(200, "Accès public");
        let card = format!("/applications/{}", between(&list.text, "<th scope=\"row\"><a href=\"/applications/", "#"));
        let masked = browser.get(&card).await;
        masked.shows(200, "Afficher").shows(200, &key[key.len() - 4..]);
        assert!(!masked.text.contains(&key));
        let reveal = between(&masked.text, "action=\"/keys/", "#").to_owned();
        browser.post(&format!("/keys/{reveal}"), &[]).await.shows(200, &key);
        browser.get("/dashboard").await.shows(200, "MonApplication").shows(200, "Une souscription");
        browser.get("/subscriptions").await.shows(200, "API Sirene 3.11").shows(200, "MonApplication");
    }

    async fn who_has_no_application_makes_one_and_comes_back_to_the_subscription(house) {
        let published = open_api(house).await;
        house.person("marie", &[]).await;
        let door = Door::of(house);
        let mut browser = Browser::signed_in(&door, "marie").await;
        let place = format!("/apis/sirene/3.11/subscribe/application?plan={}", published.plan_id(0));
        let page = browser.get(&place).await;
        page.shows(200, "vous reviendrez ici");
        let create = between(&page.text, "href=\"/applications/new?", "\"").replace("&#38;", "&");
        let wizard = browser.get(&format!("/applications/new?{create}")).await;
        let form = browser.follow(wizard).await;
        assert_eq!(form.value("next"), place);
        let draft = between(&form.text, "action=\"/applications/new/", "\"").to_owned();
        let general = [("name", "Mienne"), ("description", "Pour souscrire"), ("next", place.as_str())];
        browser.post(&format!("/applications/new/{draft}"), &general).await;
        browser.post(&format!("/applications/new/{draft}/security"), &[("kind", "simple")]).await;
        let made = browser.confirm(&format!("/applications/new/{draft}/summary"), &[]).await;
        made.shows(200, "Continuer la souscription").shows(200, &place.replace('&', "&#38;"));
        browser.get(&place).await.shows(200, "Mienne");
        // Another site's page is no place to go back to.
        let away = browser.get("/applications/new?next=https://mechant.example/").await;
        assert_eq!(browser.follow(away).await.value("next"), "/dashboard");
    }

    async fn what_waits_is_told_and_what_was_decided_has_its_reason(house) {
        let manual = plan("marches", json!({"validation": "manual", "comment": "required"}));
        let published = house.publish(json!({"terms": "# Conditions\n\nPas de revente."}), vec![manual]).await;
        house.person("marie", &[]).await;
        let door = Door::of(house);
        let mut browser = Browser::signed_in(&door, "marie").await;
        let application = make_application(&mut browser, "Veille").await;
        let plan = published.plan_id(0).to_string();
        let page = browser.get(&format!("/apis/sirene/3.11/subscribe/application?plan={plan}")).await;
        page.shows(200, "Pas de revente");
        let (draft, terms) = (page.value("draft"), page.value("terms"));
        let id = application.strip_prefix("/applications/").unwrap();
        let to = "/apis/sirene/3.11/subscribe/application";
        let send = async |browser: &mut Browser<'_>, comment: &str, accept: &str, terms: &str| {
            let form = [
                ("draft", draft.as_str()), ("plan", &plan), ("application", id),
                ("comment", comment), ("accept_terms", accept), ("terms", terms),
            ];
            browser.post(to, &form).await
        };
        let empty = send(&mut browser, "  ", "true", &terms).await;
        empty.shows(422, "Ce champ est obligatoire").shows(422, "Erreur");
        let stale = send(&mut browser, "Veille juridique", "true", "0000").await;
        stale.shows(422, "doivent être acceptées").shows(422, "Veille juridique");
        send(&mut browser, "Veille juridique", "", &terms).await.shows(422, "Veille juridique");
        let check = send(&mut browser, "Veille juridique", "true", &terms).await;
        browser.follow(check).await.shows(200, "Lues et acceptées").shows(200, "Envoyer la demande");
        let sent = browser.confirm(&format!("/apis/sirene/3.11/subscribe/check?draft={draft}"), &[("draft", &draft)]).await;
        sent.shows(200, "En attente de réponse");
        assert!(!sent.text.contains("key-value"), "there is no key yet");
        browser.get("/dashboard").await.shows(200, "Souscriptions en attente de réponse").shows(200, "API Sirene 3.11");
        browser.get("/subscriptions?state=pending").await.shows(200, "Veille");
        browser.get("/subscriptions?state=active").await.shows(200, "Aucune souscription dans cet état");

        let marie = house.sign_in("marie").await;
        let pending = house.app.own_subscriptions(&marie, None, &Default::default()).await.unwrap().items.remove(0).id;
        let decision = octroi_app::subscriptions::Decision { reason: Some("Usage <b>imprécis</b>".into()) };
        house.app.decide_subscription(&published.provider, pending, Transition::Reject, decision, None).await.unwrap();
        let page = browser.get(&format!("{application}/subscriptions/{pending}")).await;
        page.shows(200, "Refusée").shows(200, "Usage &#60;b&#62;imprécis");
        let list = browser.get(&format!("{application}/subscriptions")).await;
        list.shows(200, "Aucune souscription").shows(200, "Afficher les révoquées");
        browser.get(&format!("{application}/subscriptions?ended=1")).await.shows(200, "Refusée");
    }

    async fn who_has_subscribed_already_is_led_there(house) {
        let published = open_api(house).await;
        house.person("marie", &[]).await;
        let door = Door::of(house);
        let mut browser = Browser::signed_in(&door, "marie").await;
        let application = make_application(&mut browser, "Une").await;
        let plan = published.plan_id(0).to_string();
        subscribe(&mut browser, &application, &plan).await.shows(200, "Votre clé est prête");
        let page = browser.get(&format!("/apis/sirene/3.11/subscribe/application?plan={plan}")).await;
        page.shows(200, "déjà souscrite");
        let id = application.strip_prefix("/applications/").unwrap();
        let form = [("draft", page.value("draft")), ("plan", plan.clone()), ("application", id.to_owned())];
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let led = browser.post("/apis/sirene/3.11/subscribe/application", &form).await;
        assert!(led.location.starts_with(&format!("{application}/subscriptions/sub_")), "{}", led.location);
        browser.follow(led).await.shows(200, "a déjà souscrit");
        // Another tab that was further on.
        let marie = house.sign_in("marie").await;
        let open = house.app.own_subscriptions(&marie, None, &Default::default()).await.unwrap().items.remove(0);
        house.app.decide_subscription(&marie, open.id, Transition::Close, Default::default(), None).await.unwrap();
        let check = browser.post("/apis/sirene/3.11/subscribe/application", &form).await;
        browser.follow(check).await.shows(200, "Validation");
        let wanted = octroi_testkit::subscribe(id.parse().unwrap(), published.plan_id(0));
        house.app.subscribe(&marie, wanted).await.unwrap();
        let led = browser.confirm(&format!("/apis/sirene/3.11/subscribe/check?draft={}", form[0].1), &form).await;
        browser.follow(led).await.shows(200, "a déjà souscrit");
    }

    async fn what_another_tab_wrote_meanwhile_is_shown_before_it_is_asked_for(house) {
        let fast = plan("rapide", json!({"name": "Rapide", "validation": "manual"}));
        let published = house.publish(json!({}), vec![plan("public", json!({})), fast]).await;
        house.person("marie", &[]).await;
        let door = Door::of(house);
        let mut browser = Browser::signed_in(&door, "marie").await;
        let application = make_application(&mut browser, "Une").await;
        let id = application.strip_prefix("/applications/").unwrap();
        let (plain, fast) = (published.plan_id(0).to_string(), published.plan_id(1).to_string());
        let page = browser.get(&format!("/apis/sirene/3.11/subscribe/application?plan={plain}")).await;
        let draft = page.value("draft");
        let to = "/apis/sirene/3.11/subscribe/application";
        let choose = async |browser: &mut Browser<'_>, plan: &str| {
            browser.post(to, &[("draft", draft.as_str()), ("plan", plan), ("application", id)]).await
        };
        let check = choose(&mut browser, &plain).await;
        let shown = browser.follow(check).await;
        choose(&mut browser, &fast).await;
        let form = [("draft", draft.as_str()), ("seen", &shown.value("seen"))];
        let again = browser.post("/apis/sirene/3.11/subscribe/check", &form).await;
        browser.follow(again).await.shows(200, "changé dans une autre fenêtre").shows(200, "Rapide");
        let marie = house.sign_in("marie").await;
        assert!(house.app.own_subscriptions(&marie, None, &Default::default()).await.unwrap().items.is_empty());
    }

    async fn what_closed_while_somebody_was_choosing_is_said_and_nothing_is_lost(house) {
        let published = open_api(house).await;
        house.person("marie", &[]).await;
        let door = Door::of(house);
        let mut browser = Browser::signed_in(&door, "marie").await;
        let application = make_application(&mut browser, "Une").await;
        let plan = published.plan_id(0);
        let page = browser.get(&format!("/apis/sirene/3.11/subscribe/application?plan={plan}")).await;
        let (draft, plan_text) = (page.value("draft"), plan.to_string());
        let id = application.strip_prefix("/applications/").unwrap();
        let form = [("draft", draft.as_str()), ("plan", &plan_text), ("application", id), ("comment", "Un mot")];
        let check = browser.post("/apis/sirene/3.11/subscribe/application", &form).await;
        browser.follow(check).await.shows(200, "Un mot");
        let insee = published.organization_id;
        let retired = sirene(insee, "3.11", json!({"state": "deprecated"}));
        house.app.update_api(&published.provider, published.api_id(), retired, None).await.unwrap();
        let refused = browser.confirm(&format!("/apis/sirene/3.11/subscribe/check?draft={draft}"), &[("draft", &draft)]).await;
        refused.shows(422, "accepte pas de nouvelle souscription").shows(422, "Un mot");
        let forged = [("draft", draft.as_str()), ("plan", &plan_text), ("application", "app_00000000000000000000000001")];
        let refused = browser.post("/apis/sirene/3.11/subscribe/application", &forged).await;
        refused.shows(422, "Choisissez une application de la liste");
        browser.get("/apis/nothing/1/subscribe").await.shows(404, "Introuvable");
    }

    async fn a_plan_or_version_is_changed_and_the_key_stays(house) {
        let fast = plan("rapide", json!({"name": "Rapide", "limits": {"rate": {"count": 1_500, "window_seconds": 1}}}));
        let published = house.publish(json!({}), vec![plan("public", json!({})), fast]).await;
        let next = sirene(published.organization_id, "4", json!({"terms": "Nouvelles conditions"}));
        let api = house.app.create_api(&published.provider, next).await.unwrap();
        let newer = house.app.create_plan(&published.provider, api.id, plan("public4", json!({})), None).await.unwrap();
        house.person("marie", &[]).await;
        let door = Door::of(house);
        let gate = Gate::open(house).await;
        let mut browser = Browser::signed_in(&door, "marie").await;
        let application = make_application(&mut browser, "Une").await;
        let key_page = subscribe(&mut browser, &application, &published.plan_id(0).to_string()).await;
        let key = key_of(&key_page);
        let place = format!("{application}/subscriptions/{}", between(&key_page.text, "/subscriptions/", "\""));
        let list = browser.get(&format!("{place}/plan")).await;
        list.shows(200, "Rapide").shows(200, "1\u{202f}500 appels par seconde").shows(200, "Version 4");
        let chosen = published.plan_id(1).to_string();
        browser.get(&format!("{place}/plan?plan={chosen}")).await.shows(200, "Changer de plan");
        let done = browser.post(&format!("{place}/plan"), &[("plan", &chosen)]).await;
        browser.follow(done).await.shows(200, "Votre clé reste la même").shows(200, "Rapide");
        assert_eq!(gate.call(house, &key).await, "admitted");
        let newer = newer.id.to_string();
        let asked = browser.get(&format!("{place}/plan?plan={newer}")).await;
        asked.shows(200, "Nouvelles conditions");
        let refused = browser.post(&format!("{place}/plan"), &[("plan", &newer)]).await;
        refused.shows(422, "doivent être acceptées");
        let form = [("plan", newer.as_str()), ("accept_terms", "true"), ("terms", &asked.value("terms"))];
        let done = browser.post(&format!("{place}/plan"), &form).await;
        browser.follow(done).await.shows(200, "API Sirene 4");
        browser.post(&format!("{place}/plan"), &[("plan", "no plan")]).await.shows(422, "Choisissez un plan");
    }

    async fn usage_is_drawn_told_and_given_as_a_file(house) {
        let published = open_api(house).await;
        house.person("marie", &[]).await;
        let door = Door::of(house);
        let mut browser = Browser::signed_in(&door, "marie").await;
        let application = make_application(&mut browser, "Une").await;
        let key_page = subscribe(&mut browser, &application, &published.plan_id(0).to_string()).await;
        browser.get(&format!("{application}/usage")).await.shows(200, "Aucun appel pendant cette période");
        let subscription: SubscriptionId =
            between(&key_page.text, "/subscriptions/", "\"").parse().unwrap();
        let credential = house
            .app
            .credentials(&house.sign_in("marie").await, subscription, &Default::default())
            .await.unwrap().items.remove(0).id;
        let whose = (published.api_id(), subscription, credential);
        let (now, day) = (house.app.now(), Duration::from_secs(86_400));
        let rows = [
            counted(whose, "admitted", 2_655, now),
            counted(whose, "rate_limited", 188, now),
            counted(whose, "admitted", 7, now.before(day)),
        ];
        let batch = json!({"gateway": "test", "boot": BootId::from_u128(7), "sequence": 1, "rows": rows});
        house.app.ingest(&serde_json::from_value(batch).unwrap()).await.unwrap();
        let page = browser.get(&format!("{application}/usage")).await;
        page.shows(200, "2\u{202f}850 appels, dont 188 refusés").shows(200, "dimanche 22\u{a0}novembre 2026");
        page.shows(200, "role=\"img\"").shows(200, "rate_limited");
        browser.get(&format!("{application}/usage?period=day")).await.shows(200, "Appels par heure");
        browser.get(&format!("{application}/usage?period=month")).await.shows(200, "Appels par jour, sur 30 jours");
        let csv = browser.get(&format!("{application}/usage.csv?period=week")).await;
        assert_eq!(csv.answer.header("content-type"), "text/csv; charset=utf-8");
        assert!(csv.text.contains("2026-11-22T00:00:00.000Z,2843,2655,188,"), "{}", csv.text);
        browser.get("/dashboard").await.shows(200, "2\u{202f}850 appels");
        let card = browser.get(&format!("{application}/subscriptions/{subscription}")).await;
        card.shows(200, "à l’instant");
    }
}

/// A row of counts, as a gateway sends it.
fn counted(
    (api, subscription, credential): (ApiId, SubscriptionId, CredentialId),
    outcome: &str,
    calls: u64,
    minute: Timestamp,
) -> Value {
    let admitted = outcome == "admitted";
    json!({
        "minute": minute, "api_id": api, "subscription_id": subscription, "credential_id": credential,
        "outcome": outcome, "status": if admitted { 200 } else { 429 }, "admitted": admitted, "calls": calls,
        "bytes_in": 0, "bytes_out": 0, "duration_us": 1_000 * calls,
    })
}
