//! The management API's own document (OpenAPI 3.1), made from the table of routes.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header;
use schemars::generate::Contract;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::call::{AnswerKind, BodyKind};
use super::route::{Auth, Row};
use super::schema::{self, Make};
use super::{query, route_table};
use crate::context::Web;
use crate::problem::{ProblemCode, ProblemDocument};
use crate::{etag, idempotency};

/// What each tag is about, in the order of the document.
const TAGS: &[(&str, &str)] = &[
    ("accounts", "People who act in the portal."),
    ("organizations", "Owners of everything, and their members."),
    (
        "partners",
        "The deployment officers' desk: partner organizations, their people and their keys, without any secret.",
    ),
    ("tokens", "Management tokens: what this API is called with."),
    ("apis", "The catalogue: what can be called, and what the gateway does."),
    ("plans", "How an API may be used."),
    ("pages", "Documentation of an API."),
    ("applications", "What calls an API."),
    ("subscriptions", "An application's right to an API under a plan."),
    ("credentials", "Keys, and the secrets of OAuth2 clients."),
    ("usage", "Calls that were counted."),
    ("tickets", "Threads between those who use an API and those who provide it."),
    ("terms", "The portal's terms of use."),
    ("operation", "Audit trail and work queue."),
];

const DESCRIPTION: &str = "Everything that a page of the portal can do, by the same use case.\n\n\
    Sign in with `POST /api/v1/sign-ins` and send the token as `Authorization: Bearer …`. Lists come in pages \
    (`limit`, `cursor`, `next_cursor`). Refusals are problem documents (RFC 9457) with a stable `code`, in French \
    or English by `Accept-Language`. A `POST` with an `Idempotency-Key` is done once. An update with `If-Match` is \
    done only to the version that was read.";

/// The document, with `public_url` (no slash at its end) as the server.
pub fn document(public_url: &str) -> Value {
    let mut writer = Writer::new();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for row in route_table() {
        let operation = writer.operation(row);
        paths.entry(row.path).or_default().insert(row.method.as_str().to_ascii_lowercase(), operation);
    }
    let tags: Vec<Value> =
        TAGS.iter().map(|(name, description)| json!({"name": name, "description": description})).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Octroi",
            "summary": "Management API of the portal",
            "description": DESCRIPTION,
            "version": env!("CARGO_PKG_VERSION"),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "servers": [{"url": public_url}],
        "tags": tags,
        "paths": paths,
        "components": {
            "responses": std::mem::take(&mut writer.problems),
            "schemas": writer.schemas(),
            "headers": headers(),
            "securitySchemes": {
                "management_token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A management token: see `POST /api/v1/sign-ins` and `POST /api/v1/tokens`.",
                },
            },
        },
    })
}

/// Answers with the document.
pub(crate) async fn serve(State(web): State<Arc<Web>>) -> Response {
    let made = web
        .document
        .get_or_init(|| Bytes::from(serde_json::to_vec(&document(web.app.portal_url())).unwrap_or_default()));
    ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-cache")], made.clone())
        .into_response()
}

/// Headers of answers, described once.
fn headers() -> Value {
    json!({
        "X-Request-Id": {"description": "Names the request in our logs.", "schema": {"type": "string"}},
        "ETag": {
            "description": "The representation's edition: send it as `If-Match` with an update.",
            "schema": {"type": "string"},
        },
        "Location": {"description": "Where the created object is.", "schema": {"type": "string"}},
        "Retry-After": {
            "description": "Seconds to wait.",
            "schema": {"type": "string", "pattern": "^[0-9]+$"},
        },
        "WWW-Authenticate": {"description": "How to sign in (RFC 6750).", "schema": {"type": "string"}},
    })
}

/// Gathers the named schemas while the operations are written. What is read and what is answered are not the same:
/// a member that may be left out of a request is always in an answer.
struct Writer {
    read: SchemaGenerator,
    answered: SchemaGenerator,
    parameters: Map<String, Value>,
    problems: BTreeMap<String, Value>,
}

impl Writer {
    fn new() -> Self {
        Self {
            read: schema::generator(Contract::Deserialize),
            answered: schema::generator(Contract::Serialize),
            parameters: Map::new(),
            problems: BTreeMap::new(),
        }
    }

    fn schemas(self) -> BTreeMap<String, Value> {
        // A type that is read as well is published in its weaker form, as it is read: it describes both.
        let all = [schema::definitions(self.answered), schema::definitions(self.read), self.parameters];
        all.into_iter().flatten().collect()
    }

    fn operation(&mut self, row: &Row) -> Value {
        let mut operation = json!({
            "operationId": row.operation,
            "summary": row.summary,
            "tags": [row.tag],
            "parameters": self.parameters(row),
        });
        if !row.description.is_empty() {
            operation["description"] = row.description.into();
        }
        if let Some(body) = self.request_body(row) {
            operation["requestBody"] = body;
        }
        operation["responses"] = self.responses(row);
        operation["security"] = match row.auth {
            Auth::None => json!([]),
            Auth::Optional => json!([{}, {"management_token": []}]),
            Auth::Bearer => json!([{"management_token": []}]),
        };
        operation
    }

    fn parameters(&mut self, row: &Row) -> Vec<Value> {
        let names = row.path.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name);
        let mut all: Vec<Value> = names
            .zip(&row.path_schemas)
            .map(|(name, make)| {
                json!({"name": name, "in": "path", "required": true, "schema": make(&mut self.read)})
            })
            .collect();
        all.extend(self.query(row.query_schema));
        if row.paged {
            all.extend(self.query(query::page_schema()));
        }
        if row.if_match {
            all.push(json!({
                "name": "If-Match",
                "in": "header",
                "description": "The `ETag` of what was read; the update is refused when it is not current.",
                "schema": {"type": "string", "pattern": etag::PATTERN},
            }));
        }
        if row.idempotent() {
            all.push(json!({
                "name": "Idempotency-Key",
                "in": "header",
                "description": "Sent again within 24 hours, the same request gets the same answer and is not done twice.",
                "schema": {"type": "string", "pattern": "^[!-~]+$", "minLength": 1, "maxLength": idempotency::MAX_KEY},
            }));
        }
        all
    }

    /// One parameter for each member of the query's type.
    fn query(&mut self, make: Make) -> Vec<Value> {
        let (object, mut named) = schema::object(make);
        let required: Vec<&str> =
            object["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let members = object["properties"].as_object();
        let parameters = members.into_iter().flatten().map(|(name, schema)| {
            let mut schema = schema.clone();
            let description = schema.as_object_mut().and_then(|s| s.remove("description"));
            json!({
                "name": name,
                "in": "query",
                "required": required.contains(&name.as_str()),
                "description": description.unwrap_or_default(),
                "schema": present(schema),
            })
        });
        let parameters = parameters.collect();
        self.parameters.append(&mut named);
        parameters
    }

    fn request_body(&mut self, row: &Row) -> Option<Value> {
        match &row.body {
            BodyKind::None => None,
            BodyKind::Json(make) => Some(json!({
                "required": !row.body_schema.as_ref().is_some_and(schema::Held::may_be_empty),
                "content": {"application/json": {"schema": make(&mut self.read)}},
            })),
            BodyKind::File { types, limit } => {
                let content: Map<String, Value> = types
                    .iter()
                    .map(|media| ((*media).to_owned(), json!({"schema": {"maxLength": limit}})))
                    .collect();
                Some(json!({"required": true, "content": content}))
            }
        }
    }

    fn responses(&mut self, row: &Row) -> Value {
        let mut responses = BTreeMap::from([(row.success.as_u16(), self.success(row))]);
        let mut by_status: BTreeMap<u16, Vec<ProblemCode>> = BTreeMap::new();
        for code in row.problems_all() {
            let codes = by_status.entry(code.status().as_u16()).or_default();
            if !codes.contains(&code) {
                codes.push(code);
            }
        }
        for (status, codes) in by_status {
            responses.insert(status, self.problem(status, &codes));
        }
        json!(responses)
    }

    fn success(&mut self, row: &Row) -> Value {
        let mut headers = json!({"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}});
        let content = match row.answer {
            AnswerKind::Empty => None,
            AnswerKind::Json(make) => {
                if !schema::object(make).0["properties"]["edition"].is_null() {
                    headers["ETag"] = json!({"$ref": "#/components/headers/ETag"});
                }
                let schema: Schema = make(&mut self.answered);
                Some(json!({"application/json": {"schema": schema}}))
            }
            AnswerKind::File(types) => {
                Some(types.iter().map(|media| ((*media).to_owned(), json!({}))).collect::<Map<_, _>>().into())
            }
        };
        if row.location.is_some() {
            headers["Location"] = json!({"$ref": "#/components/headers/Location"});
        }
        let reason = row.success.canonical_reason().unwrap_or("Done");
        let mut response = json!({"description": reason, "headers": headers});
        if let Some(content) = content {
            response["content"] = content;
        }
        response
    }

    /// A refusal, described once for every route that answers just these codes.
    fn problem(&mut self, status: u16, codes: &[ProblemCode]) -> Value {
        let words: Vec<&str> = codes.iter().map(|code| code.code()).collect();
        let name = format!("{status}.{}", words.join("."));
        let reference = json!({"$ref": format!("#/components/responses/{name}")});
        if self.problems.contains_key(&name) {
            return reference;
        }
        let mut headers = json!({"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}});
        let more = match status {
            401 => Some("WWW-Authenticate"),
            429 | 503 => Some("Retry-After"),
            _ => None,
        };
        if let Some(name) = more {
            headers[name] = json!({"$ref": format!("#/components/headers/{name}")});
        }
        let problem = self.answered.subschema_for::<ProblemDocument>();
        let response = json!({
            "description": format!("`{}`", words.join("`, `")),
            "headers": headers,
            "content": {"application/problem+json": {"schema": {
                "allOf": [problem, {"type": "object", "properties": {"code": {"enum": words}}}],
            }}},
        });
        self.problems.insert(name, response);
        reference
    }
}

/// The schema of a parameter that is present: it cannot be `null`.
fn present(mut schema: Value) -> Value {
    if let Some(types) = schema.get_mut("type")
        && let Some(several) = types.as_array_mut()
    {
        several.retain(|t| t != "null");
        if let [one] = several.as_slice() {
            *types = one.clone();
        }
    }
    if let Some(branches) = schema.get_mut("anyOf").and_then(Value::as_array_mut) {
        branches.retain(|branch| branch.get("type").is_none_or(|t| t != "null"));
    }
    if let Some(members) = schema.as_object_mut() {
        members.remove("default");
    }
    schema
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_reference_leads_somewhere_and_every_schema_compiles() {
        let document = document("https://portal.example");
        let text = document.to_string();
        for reference in text.split("\"$ref\":\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(document.pointer(reference).is_some(), "{reference}");
        }
        for (name, _) in document["components"]["schemas"].as_object().unwrap() {
            assert!(!name.ends_with(|c: char| c.is_ascii_digit()), "{name}: two types of one name");
            let root =
                json!({"$ref": format!("#/components/schemas/{name}"), "components": document["components"]});
            jsonschema::options().build(&root).unwrap_or_else(|e| panic!("{name}: {e}"));
        }
    }

    #[test]
    fn operations_are_named_once_tagged_and_described() {
        let mut seen = BTreeSet::new();
        for row in route_table() {
            assert!(seen.insert(row.operation), "{row:?}: name taken");
            assert!(TAGS.iter().any(|(name, _)| *name == row.tag), "{row:?}: unknown tag");
            assert!(!row.summary.is_empty(), "{row:?}: no summary");
            assert!(row.path.starts_with(super::super::ROOT), "{row:?}: outside");
            assert_eq!(
                row.path.matches('{').count(),
                row.path_schemas.len(),
                "{row:?}: path and types differ"
            );
        }
    }

    #[test]
    fn a_route_that_somebody_must_sign_in_for_names_what_is_asked_of_the_table() {
        for row in route_table().iter().filter(|row| row.auth == Auth::Bearer) {
            assert!(row.permission.is_some(), "{row:?}");
        }
    }
}
