//! Promise P8 for pages: every row of the table × everybody who knocks. Strangers are led to the sign-in page, those who
//! may not see an object find nothing, and a refused form writes nothing.

use octroi_domain::actor::Actor;
use octroi_domain::permission::{Denied, require};
use octroi_testkit::{House, databases};
use octroi_web::portal::{Access, PageRow, page_table};

use super::browser::{Browser, Page};
use super::demo;
use super::fixtures::{Fixture, fixture};
use crate::door::Door;
use crate::fixtures::World;

/// What a visitor finds at a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// The page, whatever it says of the form.
    Let,
    /// The way to sign in.
    SignIn,
    Nothing,
    NotAllowed,
}

fn expected(row: &PageRow, fixture: &Fixture, actor: &Actor) -> Found {
    let signed_in = actor.account_id().is_some();
    match row.access {
        access if access.asks_sign_in() && !signed_in => Found::SignIn,
        Access::Anybody | Access::SignedIn => Found::Let,
        Access::May(action) => match require(actor, action, &fixture.parties) {
            Ok(()) => Found::Let,
            Err(Denied::SignIn) => Found::SignIn,
            Err(Denied::Hidden) => Found::Nothing,
            Err(Denied::Forbidden | Denied::Scope(_)) => Found::NotAllowed,
        },
    }
}

fn found(page: &Page) -> Found {
    match page.status {
        303 if page.location.starts_with("/sign-in") => Found::SignIn,
        403 if page.text.contains("action=\"/sign-in\"") => Found::SignIn,
        403 if page.text.contains("action=\"/confirm\"") => Found::Let,
        403 => Found::NotAllowed,
        404 => Found::Nothing,
        _ => Found::Let,
    }
}

#[tokio::test]
async fn every_page_lets_in_whom_the_table_lets_in_and_a_refused_form_writes_nothing() {
    for database in databases().await {
        let house = House::on(database).await;
        // As a demo, which has a page more than others.
        let door = demo::door(&house);
        let world = World::of(&house, &door).await;
        let mut faults = Vec::new();
        for (name, identifier) in [
            ("anonymous", None),
            ("stranger", Some("otto")),
            ("viewer", Some("vera")),
            ("developer", Some("dora")),
            ("owner", Some("olga")),
            ("provider", Some("paul")),
            ("officer", Some("odile")),
            ("administrator", Some("ada")),
        ] {
            let actor = match identifier {
                Some(identifier) => house.sign_in(identifier).await,
                None => Actor::Anonymous,
            };
            let mut browser = match identifier {
                Some(identifier) => Browser::signed_in(&door, identifier).await,
                None => Browser::new(&door),
            };
            let before = house.database.dump().await;
            for row in page_table() {
                let fixture = fixture(&world, row);
                let wanted = expected(row, &fixture, &actor);
                if wanted == Found::Let && row.method != http::Method::GET {
                    // What a permitted form does is the subject of other tests.
                    continue;
                }
                let page = knock(&mut browser, row, &fixture).await;
                if found(&page) != wanted {
                    let (status, found) = (page.status, found(&page));
                    faults.push(format!("{name}: {row:?} gave {status} ({found:?}), not {wanted:?}"));
                }
            }
            let after = house.database.dump().await;
            let new: Vec<&str> = after.lines().filter(|line| !before.contains(line)).take(20).collect();
            if before != after {
                faults.push(format!("{name}: pages or refused forms wrote {new:#?}"));
            }
        }
        assert_eq!(faults, Vec::<String>::new(), "{}", house.database.name);
    }
}

async fn knock(browser: &mut Browser<'_>, row: &PageRow, fixture: &Fixture) -> Page {
    if row.method == http::Method::GET {
        return browser.get(&fixture.path).await;
    }
    let pairs: Vec<(&str, &str)> = fixture.form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.post(&fixture.path, &pairs).await
}

#[tokio::test]
async fn every_page_refuses_forms_from_elsewhere() {
    let house = House::on(databases().await.remove(0)).await;
    let door = Door::of(&house);
    let world = World::of(&house, &door).await;
    let mut browser = Browser::signed_in(&door, "olga").await;
    browser.headers.push(("sec-fetch-site", "cross-site".to_owned()));
    let before = house.database.dump().await;
    for row in page_table().iter().filter(|row| row.method == http::Method::POST) {
        let fixture = fixture(&world, row);
        let ask = crate::door::Ask::new(http::Method::POST, &fixture.path)
            .bytes("application/x-www-form-urlencoded", "");
        assert_eq!(browser.send(ask).await.status, 403, "{row:?}");
    }
    assert_eq!(before, house.database.dump().await);
}
