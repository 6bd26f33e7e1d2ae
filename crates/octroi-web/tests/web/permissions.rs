//! Promise P8: every route of the table × everybody who knocks. What is expected follows from the table of permissions;
//! a refused call writes nothing.

use octroi_domain::actor::Actor;
use octroi_domain::permission::{Action, Denied, require};
use octroi_testkit::{House, databases};
use octroi_web::api::{Auth, Row, route_table};

use crate::door::Door;
use crate::fixtures::{Fixture, World, about_api};

/// What the table of permissions says: nothing where the call is let in, else the status and code of the refusal.
fn expected(row: &Row, fixture: &Fixture, actor: &Actor) -> Option<(u16, &'static str)> {
    if row.auth == Auth::None {
        return None;
    }
    let parties = fixture.parties_for(actor);
    let mut refusal = None;
    for action in row.permission.into_iter().chain(row.or_permission) {
        match require(actor, action, &parties) {
            Ok(()) => return None,
            Err(denied) => refusal = refusal.or(Some(denied)),
        }
    }
    refusal.map(|denied| match (denied, row.operation) {
        // What a body names and its writer cannot see is a field that is wrong.
        (Denied::Hidden, "createApi") => (422, "invalid"),
        // Whose token or session it is, nobody else learns.
        (Denied::Forbidden, "revokeToken" | "endSession") => (404, "not_found"),
        (Denied::SignIn, _) => (401, "sign_in_required"),
        (Denied::Hidden, _) if fixture.public => (403, "forbidden"),
        (Denied::Hidden, _) => (404, "not_found"),
        (Denied::Forbidden, _) => (403, "forbidden"),
        (Denied::Scope(_), _) => (403, "insufficient_scope"),
    })
}

/// Whether an answer says that its caller may not.
fn is_refusal(code: &str) -> bool {
    ["sign_in_required", "token_invalid", "forbidden", "insufficient_scope", "not_found"].contains(&code)
}

#[tokio::test]
async fn every_route_lets_in_whom_the_table_lets_in_and_a_refused_call_writes_nothing() {
    for database in databases().await {
        let house = House::on(database).await;
        let door = Door::of(&house);
        let world = World::of(&house, &door).await;
        let faults = [refusals(&house, &door, &world).await, admissions(&house, &door, &world).await];
        assert_eq!(faults.concat(), Vec::<String>::new(), "{}", house.database.name);
    }
}

async fn refusals(house: &House, door: &Door, world: &World) -> Vec<String> {
    let (mut faults, mut asked) = (Vec::new(), 0);
    // Every token is used once before, so that noting its use is not taken for a write.
    for caller in &world.callers {
        door.call(crate::door::Ask::get("/api/v1/me").by(&caller.token)).await;
    }
    let before = house.database.dump().await;
    for row in route_table() {
        let fixture = world.fixture(row);
        for caller in &world.callers {
            let Some((status, code)) = expected(row, &fixture, &caller.actor) else { continue };
            let answer = door.call(fixture.ask(row, &caller.token)).await;
            asked += 1;
            let got = (answer.status.as_u16(), answer.code());
            if got != (status, code.to_owned()) {
                faults.push(format!("{}: {row:?} answered {got:?}, not {status} {code}", caller.name));
            }
        }
    }
    assert!(asked > 200, "the matrix is all there: {asked}");
    let after = house.database.dump().await;
    if before != after {
        let new: Vec<&str> = after.lines().filter(|line| !before.contains(line)).take(20).collect();
        faults.push(format!("refused calls wrote: {new:#?}"));
    }
    faults
}

async fn admissions(house: &House, door: &Door, world: &World) -> Vec<String> {
    let mut faults = Vec::new();
    // What ends things comes last; what ends tokens, after everything.
    let endings = ["archive", "close", "revoke", "reject", "erase", "suspend"];
    let end = |row: &&Row| endings.iter().position(|word| row.operation.starts_with(word));
    let mut rows: Vec<&Row> = route_table().iter().collect();
    rows.sort_by_key(end);
    for row in rows {
        let fixture = world.fixture(row);
        for caller in &world.callers {
            if expected(row, &fixture, &caller.actor).is_some() {
                continue;
            }
            if row.method == http::Method::DELETE {
                world.restore(house).await;
            }
            let answer = door.call(fixture.ask(row, &caller.token)).await;
            // A queue without the job, a portal without terms: seen, and nothing there.
            let empty = ["retryJob", "getTerms"].contains(&row.operation);
            // The token in use was ended by the call before.
            let ended = row.operation == "suspendAccount";
            if is_refusal(&answer.code()) && !empty && !ended {
                faults.push(format!("{}: {row:?} refused: {}", caller.name, answer.text()));
            }
        }
    }
    faults
}

/// What the table says of an API that is being prepared: those who do not provide it find nothing.
fn expected_hidden(row: &Row, fixture: &Fixture, actor: &Actor) -> Option<(u16, &'static str)> {
    if row.permission != Some(Action::ApiRead) {
        return expected(row, fixture, actor);
    }
    require(actor, Action::ApiReadHidden, &fixture.parties).err().map(|_| (404, "not_found"))
}

#[tokio::test]
async fn an_api_that_is_being_prepared_exists_for_its_provider_alone() {
    for database in databases().await {
        let house = House::on(database).await;
        let door = Door::of(&house);
        let world = World::of(&house, &door).await;
        let mut faults = Vec::new();
        for row in route_table().iter().filter(|row| about_api(row)) {
            let fixture = world.hidden_fixture(row);
            for caller in &world.callers {
                let wanted = expected_hidden(row, &fixture, &caller.actor);
                if wanted.is_none() && row.method == http::Method::DELETE {
                    // One that may would take it away from the others.
                    continue;
                }
                let answer = door.call(fixture.ask(row, &caller.token)).await;
                let got = (answer.status.as_u16(), answer.code());
                let right = match wanted {
                    Some((status, code)) => got == (status, code.to_owned()),
                    None => !is_refusal(&got.1),
                };
                if !right {
                    faults.push(format!("{}: {row:?} answered {got:?}, not {wanted:?}", caller.name));
                }
            }
        }
        assert_eq!(faults, Vec::<String>::new(), "{}", house.database.name);
    }
}
