//! Bad input: whatever is sent, the answer is a documented refusal that names what is wrong; nothing panics, nothing is
//! a fault of ours. On both databases: what one takes, the other may choke on.

use http::Method;
use octroi_testkit::{House, databases};
use octroi_web::api::{Auth, Row, route_table};
use serde_json::{Value, json};

use crate::door::{Answer, Ask, Door};
use crate::fixtures::World;

/// A door and somebody who may do what the row is about, as far as anybody may.
async fn world() -> Vec<(House, Door, World)> {
    let mut all = Vec::new();
    for database in databases().await {
        let house = House::on(database).await;
        let door = Door::of(&house);
        let world = World::of(&house, &door).await;
        all.push((house, door, world));
    }
    all
}

fn token<'a>(world: &'a World, row: &Row) -> &'a str {
    let name = match (row.auth, row.tag) {
        (Auth::None, _) => "anonymous",
        (_, "apis" | "plans" | "pages") => "provider",
        (_, "partners") => "officer",
        (_, "operation" | "terms") => "administrator",
        _ if row.operation == "listAccounts" => "administrator",
        _ if row.operation == "importKeys" || row.operation.contains("Subscription") => "administrator",
        _ => "owner",
    };
    &world.caller(name).token
}

fn reads_json(row: &&Row) -> bool {
    row.has_body() && !row.operation.contains("Picture") && !row.operation.contains("Openapi")
}

/// A refusal that is the caller's to mend.
#[track_caller]
fn refused(said: &str, answer: &Answer, expected: &[u16]) {
    let status = answer.status.as_u16();
    assert!(expected.contains(&status), "{said}: {status} {}", answer.text());
    assert!(!answer.code().is_empty(), "{said}: no problem document");
}

#[tokio::test]
async fn bodies_that_are_not_what_a_route_reads() {
    for (_house, door, world) in world().await {
        for row in route_table().iter().filter(reads_json) {
            let fixture = world.fixture(row);
            let ask = || Ask::new(row.method.clone(), fixture.path.clone()).by(token(&world, row));
            let deep = "[".repeat(100_000);
            let table: &[(&str, &str, Vec<u8>, u16)] = &[
                ("no JSON", "application/json", b"{".to_vec(), 400),
                ("two documents", "application/json", b"{} {}".to_vec(), 400),
                ("invalid UTF-8", "application/json", b"{\"a\":\"\xff\xfe\"}".to_vec(), 400),
                ("a byte-order mark", "application/json", b"\xef\xbb\xbf{}".to_vec(), 400),
                ("a raw control character", "application/json", b"{\"a\":\"\x01\"}".to_vec(), 400),
                ("half a surrogate pair", "application/json", br#"{"a":"\ud800"}"#.to_vec(), 400),
                ("a number beyond measure", "application/json", b"{\"a\":1e999999}".to_vec(), 400),
                ("depth", "application/json", deep.into_bytes(), 400),
                ("10 MB", "application/json", vec![b' '; 10_000_000], 413),
                ("another type", "text/plain", b"{}".to_vec(), 415),
                ("another charset", "application/json; charset=utf-16", b"{}".to_vec(), 415),
                ("a form", "application/x-www-form-urlencoded", b"a=b".to_vec(), 415),
                ("a list", "application/json", b"[]".to_vec(), 422),
                ("a text", "application/json", b"\"text\"".to_vec(), 422),
                ("null", "application/json", b"null".to_vec(), 422),
                ("an unknown field", "application/json", b"{\"nonsense\":1}".to_vec(), 422),
            ];
            for (what, media, body, status) in table {
                let answer = door.call(ask().bytes(media, body.clone())).await;
                refused(&format!("{row:?}, {what}"), &answer, &[*status]);
            }
            let unknown = door.call(ask().json(&json!({"nonsense": 1}))).await;
            assert!(unknown.fields().contains(&("nonsense".into(), "unexpected".into())), "{row:?}");
        }
    }
}

#[tokio::test]
async fn where_json_breaks_is_told_in_both_languages() {
    let (_house, door, _) = world().await.remove(0);
    let ask = |language: &'static str| {
        Ask::post("/api/v1/sign-ins", &Value::Null)
            .with("accept-language", language)
            .bytes_only("{\n  \"login\": nobody}")
    };
    let french = door.call(ask("fr")).await.refuses(400, "malformed_json");
    assert!(french["detail"].as_str().unwrap().contains("ligne 2, colonne 13"), "{french}");
    let english = door.call(ask("en-GB")).await.refuses(400, "malformed_json");
    assert!(english["detail"].as_str().unwrap().contains("line 2, column 13"), "{english}");
}

/// Every member of a body replaced by every value that somebody might try.
fn spoiled(body: &Value) -> Vec<Value> {
    let hostile = [
        Value::Null,
        json!(""),
        json!(" "),
        json!("\u{0}"),
        json!("a\u{0}b"),
        json!("\u{202e}abc"),
        json!("'; DROP TABLE accounts; --"),
        json!("x".repeat(20_000)),
        json!("é".repeat(300)),
        json!(-1),
        json!(0),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(1.5),
        json!(true),
        json!([]),
        json!({}),
        json!([null]),
        json!({"a": {"b": []}}),
    ];
    let mut all = Vec::new();
    for place in places(body, String::new()) {
        for value in &hostile {
            let mut copy = body.clone();
            if let Some(target) = copy.pointer_mut(&place) {
                *target = value.clone();
            }
            all.push(copy);
        }
    }
    all
}

/// JSON pointers to every value inside.
fn places(value: &Value, here: String) -> Vec<String> {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, v)| (name.replace('/', "~1"), v)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(i, v)| (i.to_string(), v)).collect(),
        _ => Vec::new(),
    };
    let mut all = Vec::new();
    for (name, value) in inner {
        let place = format!("{here}/{name}");
        all.extend(places(value, place.clone()));
        all.push(place);
    }
    all
}

#[tokio::test]
async fn every_field_with_every_wrong_value() {
    for (house, door, world) in world().await {
        for row in route_table().iter().filter(reads_json) {
            let fixture = world.fixture(row);
            // A password is slow to hash: the few routes that take one are tried with fewer values elsewhere.
            if fixture.body.to_string().contains("password") {
                continue;
            }
            for body in spoiled(&fixture.body) {
                let ask =
                    Ask::new(row.method.clone(), fixture.path.clone()).by(token(&world, row)).json(&body);
                let answer = door.call(ask).await;
                let said = format!("{}: {row:?} with {body:.200}", house.database.name);
                assert!(answer.status.as_u16() < 500, "{said}: {}", answer.text());
                if answer.status.as_u16() == 422 {
                    assert!(!answer.fields().is_empty(), "{said} names no field");
                }
            }
        }
    }
}

#[tokio::test]
async fn passwords_and_names_with_wrong_values() {
    for (house, door, _) in world().await {
        let whole = json!({
            "email": "a@exemple.fr", "identifier": "abc", "first_name": "A", "last_name": "B",
            "password": "un pavillon de pierre blonde", "accept_terms": true,
        });
        for field in ["email", "identifier", "first_name", "last_name", "password", "accept_terms"] {
            for value in
                [Value::Null, json!(""), json!("\u{0}"), json!("x".repeat(20_000)), json!(7), json!(false)]
            {
                let mut body = whole.clone();
                body[field] = value.clone();
                let answer = door.call(Ask::post("/api/v1/accounts", &body)).await;
                let named = answer.fields();
                assert!(
                    named.iter().any(|(f, _)| f == field),
                    "{}: {field} = {value:.50}",
                    house.database.name
                );
            }
        }
        for login in [json!("\u{0}"), json!("x".repeat(100_000)), json!("é\u{202e}")] {
            let answer =
                door.call(Ask::post("/api/v1/sign-ins", &json!({"login": login, "password": "x"}))).await;
            refused("sign-in", &answer, &[401, 422]);
        }
    }
}

#[tokio::test]
async fn paths_that_name_nothing() {
    for (_house, door, world) in world().await {
        for row in route_table().iter().filter(|row| row.path.contains('{')) {
            let fixture = world.fixture(row);
            for part in
                ["%00", "%ff%fe", "..", "%2e%2e%2f", "key_", "org_0", "é", "%F0%9F%98%80", &"a".repeat(3_000)]
            {
                let path = row.path.split('/').map(|s| if s.starts_with('{') { part } else { s });
                let path = path.collect::<Vec<_>>().join("/").replace('é', "%C3%A9");
                let mut ask = fixture.ask(row, token(&world, row));
                ask.path = path;
                let answer = door.call(ask).await;
                refused(&format!("{row:?} with {part:.20}"), &answer, &[404, 405, 422]);
            }
        }
        for path in ["/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v2/apis", "/nothing", "/api/v1/apis/"] {
            door.raw(Ask::get(path)).await.refuses(404, "not_found");
        }
    }
}

#[tokio::test]
async fn queries_that_nobody_reads() {
    for (_house, door, world) in world().await {
        for row in route_table().iter().filter(|row| row.method == Method::GET) {
            let path = world.fixture(row).path;
            let token = token(&world, row);
            let with = |query: &str| {
                let joint = if path.contains('?') { '&' } else { '?' };
                Ask::get(format!("{path}{joint}{query}")).by(token)
            };
            let answer = door.call(with("nonsense=1")).await;
            assert_eq!(answer.fields(), [("nonsense".to_owned(), "unexpected".to_owned())], "{row:?}");
            refused("invalid UTF-8", &door.call(with("nonsense=%ff")).await, &[400]);
            if !row.paged {
                continue;
            }
            for (query, field) in [
                ("limit=0", "limit"),
                ("limit=101", "limit"),
                ("limit=-1", "limit"),
                ("limit=many", "limit"),
                ("limit=99999999999999999999", "limit"),
                ("limit=", "limit"),
                ("limit=1&limit=2", "limit"),
                ("cursor=", "cursor"),
                ("cursor=%00", "cursor"),
                ("cursor=bm9ib2R5", "cursor"),
                ("cursor=a&cursor=b", "cursor"),
            ] {
                let answer = door.call(with(query)).await;
                let named = answer.fields();
                assert!(named.iter().any(|(f, _)| f == field), "{row:?} {query}: {named:?}");
            }
        }
        let provider = &world.caller("provider").token;
        for query in ["q=%00", "label=%00", "state=gone", &format!("q={}", "x".repeat(500))] {
            let answer = door.call(Ask::get(format!("/api/v1/apis?{query}")).by(provider)).await;
            refused(query, &answer, &[422]);
        }
        let admin = &world.caller("administrator").token;
        for path in [
            "/api/v1/accounts?q=%25_%27%22",
            "/api/v1/audit-entries?object=%27--",
            "/api/v1/apis?q=%C3%A9%25",
        ] {
            door.call(Ask::get(path).by(admin)).await.expect(200);
        }
        door.call(Ask::get("/api/v1/accounts?q=%00").by(admin)).await.refuses(422, "invalid");
    }
}

#[tokio::test]
async fn headers_that_contradict_or_mislead() {
    let (_house, door, world) = world().await.remove(0);
    let owner = &world.caller("owner").token;
    let me = || Ask::get("/api/v1/me");
    for value in ["Bearer", "Bearer ", "Basic b2xnYTp4", "Bearer octroi_mgt_x", owner, "bearer a b"] {
        let answer = door.call(me().with("authorization", value)).await;
        answer.refuses(401, "token_invalid");
        assert!(answer.header("www-authenticate").contains("invalid_token"));
    }
    let twice = me().by(owner).by(owner);
    door.call(twice).await.refuses(400, "malformed_request");
    assert_eq!(door.call(me()).await.header("www-authenticate"), r#"Bearer realm="octroi""#);

    let body = json!({"name": "more", "scopes": ["read"]});
    for key in ["", " ", "a b", "é", &"k".repeat(129)] {
        let ask = Ask::post("/api/v1/tokens", &body).by(owner).with("idempotency-key", key);
        let fields = door.call(ask).await.fields();
        assert_eq!(fields, [("Idempotency-Key".to_owned(), "malformed".to_owned())], "{key}");
    }
    for (tag, status, code) in [
        ("\"0\"", 412, "stale"),
        ("\"999\"", 412, "stale"),
        ("W/\"1\"", 422, "invalid"),
        ("1", 422, "invalid"),
        ("\"1\", \"2\"", 422, "invalid"),
        ("", 422, "invalid"),
        ("\"99999999999999999999\"", 422, "invalid"),
    ] {
        let path = format!("/api/v1/applications/{}", world.application);
        let change = json!({"name": "Une", "description": "Autre"});
        let ask = Ask::new(Method::PUT, path).json(&change).by(owner).with("if-match", tag);
        door.call(ask).await.refuses(status, code);
    }
}

#[tokio::test]
async fn methods_that_a_path_does_not_take() {
    let (_house, door, world) = world().await.remove(0);
    for row in route_table() {
        let path = world.fixture(row).path;
        let bare = path.split('?').next().unwrap();
        let answer = door.raw(Ask::new(Method::from_bytes(b"PURGE").unwrap(), bare)).await;
        answer.refuses(405, "method_not_allowed");
        assert!(answer.header("allow").split(", ").any(|m| m == row.method.as_str()), "{row:?}");
    }
    for (path, allowed) in [("/oauth/token", "POST"), ("/healthz", "GET"), ("/", "GET")] {
        let answer = door.raw(Ask::new(Method::DELETE, path)).await;
        answer.refuses(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), allowed);
    }
}

#[tokio::test]
async fn files_that_are_none_or_too_long() {
    let (_house, door, world) = world().await.remove(0);
    let provider = &world.caller("provider").token;
    let put = |part: &str| Ask::new(Method::PUT, format!("/api/v1/apis/{}/{part}", world.api)).by(provider);
    let svg = br#"<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>"#;
    door.call(put("picture").bytes("image/svg+xml", *svg)).await.refuses(415, "unsupported_media_type");
    let named = door.call(put("picture").bytes("image/png", *svg)).await.fields();
    assert_eq!(named, [("picture".to_owned(), "malformed".to_owned())]);
    door.call(put("picture").bytes("image/png", vec![0; 1_048_577])).await.refuses(413, "body_too_large");
    door.call(put("openapi").bytes("application/json", vec![b' '; 10_485_761]))
        .await
        .refuses(413, "body_too_large");
    for body in
        ["", "{", "[]", "null", "{\"openapi\": \"2.0\"}", "\u{0}", "&a [*a, *a]", "a: !!python/object x"]
    {
        let answer = door.call(put("openapi").bytes("application/json", body)).await;
        refused(body, &answer, &[422]);
    }
}
