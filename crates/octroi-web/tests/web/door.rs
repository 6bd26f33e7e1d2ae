//! The door: a router on a house's application, and calls through it whose answers are held against the document.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use jsonschema::Validator;
use octroi_testkit::{House, PASSWORD};
use octroi_web::WebOptions;
use octroi_web::api::{Row, route_table};
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// The portal of a house.
pub(crate) struct Door {
    router: Router,
}

/// A call.
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| octroi_web::api::openapi::document("http://portal.test"));
static VALIDATORS: LazyLock<Mutex<HashMap<String, &'static Validator>>> = LazyLock::new(Mutex::default);

impl Ask {
    pub(crate) fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), headers: Vec::new(), body: Vec::new() }
    }

    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    pub(crate) fn post(path: impl Into<String>, body: &Value) -> Self {
        Self::new(Method::POST, path).json(body)
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.bytes("application/json", body.to_string())
    }

    pub(crate) fn bytes(mut self, media: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.with("content-type", media)
    }

    /// Another body, of the same type.
    pub(crate) fn bytes_only(mut self, body: &str) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn by(self, token: &str) -> Self {
        if token.is_empty() { self } else { self.with("authorization", format!("Bearer {token}")) }
    }
}

impl Door {
    pub(crate) fn of(house: &House) -> Self {
        Self::with(house, WebOptions::default())
    }

    /// The portal of a house that was told more at its start.
    pub(crate) fn with(house: &House, options: WebOptions) -> Self {
        Self { router: octroi_web::router(house.app.clone(), options) }
    }

    /// Calls, and holds the answer against the document.
    pub(crate) async fn call(&self, ask: Ask) -> Answer {
        let said = format!("{} {}", ask.method, ask.path);
        let (method, path) = (ask.method.clone(), ask.path.clone());
        let answer = self.raw(ask).await;
        check(&said, &method, &path, &answer);
        answer
    }

    /// Calls.
    pub(crate) async fn raw(&self, ask: Ask) -> Answer {
        let mut request = Request::builder().method(ask.method).uri(ask.path);
        for (name, value) in ask.headers {
            request = request.header(name, value);
        }
        let request = request.body(Body::from(ask.body)).expect("a request");
        let (parts, body) = self.router.clone().oneshot(request).await.expect("an answer").into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes().to_vec();
        Answer { status: parts.status, headers: parts.headers, bytes }
    }

    /// A management token of the person with this identifier, with every scope or with these.
    pub(crate) async fn token(&self, identifier: &str, scopes: Option<&[&str]>) -> String {
        let mut body = json!({"login": identifier, "password": PASSWORD, "name": "test"});
        if let Some(scopes) = scopes {
            body["scopes"] = json!(scopes);
        }
        let answer = self.call(Ask::post("/api/v1/sign-ins", &body)).await;
        answer.expect(201)["token"].as_str().expect("a token").to_owned()
    }
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|e| panic!("{e}: {:?}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("readable"))
    }

    /// The body, of an answer with this status.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        if self.bytes.is_empty() { Value::Null } else { self.json() }
    }

    /// A problem's code; nothing where it is none.
    pub(crate) fn code(&self) -> String {
        if self.header("content-type") == "application/problem+json" {
            self.json()["code"].as_str().unwrap_or_default().to_owned()
        } else {
            String::new()
        }
    }

    /// A refusal with this status and code.
    #[track_caller]
    pub(crate) fn refuses(&self, status: u16, code: &str) -> Value {
        assert_eq!((self.status.as_u16(), self.code().as_str()), (status, code), "{}", self.text());
        self.json()
    }

    /// The fields that a refusal names, each with its code.
    #[track_caller]
    pub(crate) fn fields(&self) -> Vec<(String, String)> {
        let problem = self.refuses(422, "invalid");
        let errors = problem["errors"].as_array().cloned().unwrap_or_default();
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        errors.iter().map(|e| (text(&e["field"]), text(&e["code"]))).collect()
    }
}

/// The row that answers this method and path.
pub(crate) fn row_of(method: &Method, path: &str) -> Option<&'static Row> {
    let path = path.split('?').next().unwrap_or_default();
    let fits = |row: &&Row| {
        let (mut wanted, mut given) = (row.path.split('/'), path.split('/'));
        loop {
            match (wanted.next(), given.next()) {
                (None, None) => return true,
                (Some(w), Some(g)) if w == g || (w.starts_with('{') && !g.is_empty()) => {}
                _ => return false,
            }
        }
    };
    let mut all: Vec<_> = route_table().iter().filter(|r| r.method == *method).filter(fits).collect();
    all.sort_by_key(|row| row.path.matches('{').count());
    all.first().copied()
}

fn check(said: &str, method: &Method, path: &str, answer: &Answer) {
    let status = answer.status.as_u16();
    let told = || format!("{said} answered {status}: {}", answer.text());
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{}", told());
    assert!(answer.header("x-request-id").starts_with("req_"), "{}", told());
    let Some(row) = row_of(method, path) else { return };
    let responses = &DOCUMENT["paths"][row.path][method.as_str().to_ascii_lowercase()]["responses"];
    let response = resolved(&responses[status.to_string()]);
    assert!(!response.is_null(), "undocumented: {}", told());
    if !answer.code().is_empty() {
        let known = row.problems_all().iter().any(|code| code.code() == answer.code());
        assert!(known, "undocumented problem: {}", told());
    }
    let media = answer.header("content-type");
    if response["content"].is_null() {
        assert!(answer.bytes.is_empty() && media.is_empty(), "undocumented body: {}", told());
        return;
    }
    let content = &response["content"][media];
    assert!(!content.is_null(), "undocumented content type {media}: {}", told());
    for name in response["headers"].as_object().into_iter().flatten().map(|(name, _)| name) {
        assert!(answer.headers.contains_key(name.as_str()), "no {name}: {}", told());
    }
    if content["schema"].is_null() {
        return;
    }
    let validator = validator(&format!("{} {status}", row.operation), &content["schema"]);
    let body = answer.json();
    let errors: Vec<String> =
        validator.iter_errors(&body).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:?} in {}", told());
}

/// What a reference leads to.
fn resolved(value: &'static Value) -> &'static Value {
    let place = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    place.map_or(value, |place| DOCUMENT.pointer(place).expect("a reference that leads somewhere"))
}

fn validator(name: &str, schema: &Value) -> &'static Validator {
    let mut known = VALIDATORS.lock().unwrap();
    known.entry(name.to_owned()).or_insert_with(|| {
        let mut root = schema.clone();
        root["components"] = DOCUMENT["components"].clone();
        Box::leak(Box::new(jsonschema::options().build(&root).expect("a schema")))
    })
}
