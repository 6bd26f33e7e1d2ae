//! What a page costs the database: few statements, and not more of them where there is more to show.

use std::collections::BTreeMap;

use octroi_domain::actor::Actor;
use octroi_testkit::{House, databases, plan, subscribe};
use octroi_web::portal::page_table;
use serde_json::json;

use super::browser::Browser;
use super::fixtures::fixture;
use crate::door::Door;
use crate::fixtures::World;

/// Statements that a page may run, the recognition of its visitor among them.
const AT_MOST: u64 = 20;

/// How many more things of each kind there are the second time.
const MORE: usize = 12;

/// Statements of each page that shows itself to each person.
type Costs = BTreeMap<(&'static str, &'static str), u64>;

#[tokio::test]
async fn no_page_asks_much_of_the_database_nor_more_where_there_is_more_to_show() {
    for database in databases().await {
        let house = House::on(database).await;
        let door = Door::of(&house);
        let world = World::of(&house, &door).await;
        let before = costs(&house, &door, &world).await;
        grow(&house, &world).await;
        let after = costs(&house, &door, &world).await;
        let mut faults = Vec::new();
        for (page, cost) in &after {
            if *cost > AT_MOST {
                faults.push(format!("{page:?} runs {cost} statements: {AT_MOST} are allowed"));
            }
            if let Some(fewer) = before.get(page).filter(|fewer| cost > *fewer) {
                faults.push(format!("{page:?} ran {fewer} statements, and {cost} with {MORE} more of all"));
            }
        }
        assert_eq!(faults, Vec::<String>::new(), "{}", house.database.name);
    }
}

/// Opens every page as each of the people and counts. The first visit is not counted: it may fill what is kept.
async fn costs(house: &House, door: &Door, world: &World) -> Costs {
    let mut costs = Costs::new();
    for person in ["olga", "paul", "ada"] {
        let mut browser = Browser::signed_in(door, person).await;
        for row in page_table().iter().filter(|row| row.method == http::Method::GET) {
            let path = fixture(world, row).path;
            browser.get(&path).await;
            let before = house.database.store.statements();
            let page = browser.get(&path).await;
            if page.status == 200 {
                costs.insert((row.path, person), house.database.store.statements() - before);
            }
        }
    }
    costs
}

/// More of everything that lists show: APIs with plans, applications, subscriptions that open and that wait, keys.
async fn grow(house: &House, world: &World) {
    let (owner, provider) = (&world.owner, &world.provider_actor);
    for number in 0..MORE {
        let plans = vec![plan("public", json!({})), plan("manuel", json!({"validation": "manual"}))];
        let more = json!({"slug": format!("sirene-{number}"), "gateway": {"route": {"path": format!("/more/{number}")}}});
        let api = house.publish_as(provider.clone(), world.provider, "1", more, plans).await;
        let application = house.application(owner, "Une de plus").await.id;
        house.subscribed(owner, application, world.plan).await;
        house.subscribed(owner, application, api.plan_id(0)).await;
        let waiting = house.application(owner, "Une qui attend").await.id;
        house.app.subscribe(owner, subscribe(waiting, api.plan_id(1))).await.unwrap();
        write(house, world, owner, number).await;
    }
}

/// One more ticket, and one more message in the first.
async fn write(house: &House, world: &World, owner: &Actor, number: usize) {
    let ticket = json!({"api_id": world.api, "subject": format!("Ticket {number}"), "body": "Bonjour"});
    house.app.open_ticket(owner, serde_json::from_value(ticket).unwrap()).await.unwrap();
    let reply = serde_json::from_value(json!({"body": format!("Message {number}")})).unwrap();
    house.app.reply_ticket(owner, world.ticket, reply).await.unwrap();
}
