//! The document that is shown: the imported one, with our access URL and the plans' security schemes.

use octroi_domain::api::Placement;
use octroi_domain::plan::{PlanDefinition, Security};
use octroi_policy::catalogue::{Operations, Permitted};
use serde_json::{Map, Value, json};

/// What a published document says of the API, whatever the imported one said.
pub(in crate::catalog) struct Publication<'a> {
    /// What every call begins with.
    pub(in crate::catalog) access_url: String,
    /// Where access tokens are given (RFC 6749, 3.2).
    pub(in crate::catalog) token_url: String,
    /// Where a key may stand.
    pub(in crate::catalog) credentials: &'a [Placement],
    /// The plans.
    pub(in crate::catalog) plans: Vec<&'a PlanDefinition>,
}

/// Puts our server and security into an imported document, from which those of others were taken out.
pub(in crate::catalog) fn publish(document: &mut Value, publication: &Publication<'_>) {
    let Some(root) = document.as_object_mut() else { return };
    let (schemes, requirements) = security(publication);
    root.insert("servers".to_owned(), json!([{ "url": publication.access_url }]));
    open_operations(root, publication, &requirements);
    root.insert("security".to_owned(), Value::Array(requirements));
    let components = root.entry("components").or_insert_with(|| json!({}));
    if let Some(components) = components.as_object_mut() {
        components.insert("securitySchemes".to_owned(), Value::Object(schemes));
    }
}

/// Security schemes, and the alternatives of which a call needs one (OpenAPI 3.1, 4.8.30).
fn security(publication: &Publication<'_>) -> (Map<String, Value>, Vec<Value>) {
    let has = |security| publication.plans.iter().any(|p| p.security == security);
    let (mut schemes, mut requirements) = (Map::new(), Vec::new());
    if has(Security::ApiKey) || publication.plans.is_empty() {
        for placement in publication.credentials {
            let name = free_name(&schemes, scheme_name(placement));
            requirements.push(json!({ name.as_str(): [] }));
            schemes.insert(name, scheme(placement));
        }
    }
    if has(Security::Oauth2) {
        requirements.push(json!({ "oauth2": [] }));
        schemes.insert("oauth2".to_owned(), oauth2(publication));
    }
    if publication.plans.iter().any(|p| p.security == Security::Keyless && p.operations.is_empty()) {
        requirements.push(nothing());
    }
    (schemes, requirements)
}

/// The alternative that asks for no credential.
fn nothing() -> Value {
    json!({})
}

/// Says of each operation that a keyless plan opens by itself that it needs no credential.
fn open_operations(root: &mut Map<String, Value>, publication: &Publication<'_>, requirements: &[Value]) {
    let Some(part) = publication.plans.iter().find(|plan| !plan.operations.is_empty()) else { return };
    let open = Operations::compile(&part.operations);
    let is_open = |method: &str, path: &str| open.permits(method, path) == Permitted::Yes;
    let security: Vec<Value> = requirements.iter().cloned().chain([nothing()]).collect();
    let paths = root.get_mut("paths").and_then(Value::as_object_mut);
    for (path, item) in paths.into_iter().flatten() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            if let Some(operation) =
                operation.as_object_mut().filter(|_| is_open(&method.to_uppercase(), path))
            {
                operation.insert("security".to_owned(), Value::Array(security.clone()));
            }
        }
    }
}

fn scheme_name(placement: &Placement) -> &'static str {
    match placement {
        Placement::Header { .. } | Placement::Query { .. } => "api_key",
        Placement::Bearer => "bearer",
        Placement::Basic => "basic",
    }
}

fn free_name(schemes: &Map<String, Value>, name: &str) -> String {
    let numbered = (2..).map(|n| format!("{name}_{n}"));
    let mut names = std::iter::once(name.to_owned()).chain(numbered);
    names.find(|n| !schemes.contains_key(n)).unwrap_or_default()
}

fn scheme(placement: &Placement) -> Value {
    match placement {
        Placement::Header { name } => json!({ "type": "apiKey", "in": "header", "name": name }),
        Placement::Query { name } => json!({ "type": "apiKey", "in": "query", "name": name }),
        Placement::Bearer => json!({ "type": "http", "scheme": "bearer" }),
        Placement::Basic => json!({ "type": "http", "scheme": "basic" }),
    }
}

fn oauth2(publication: &Publication<'_>) -> Value {
    let mut scopes = Map::new();
    for plan in publication.plans.iter().filter(|p| p.security == Security::Oauth2) {
        for scope in &plan.scopes {
            scopes.entry(scope).or_insert_with(|| Value::String(plan.name.clone()));
        }
    }
    let flow = json!({ "tokenUrl": publication.token_url, "scopes": scopes });
    json!({ "type": "oauth2", "flows": { "clientCredentials": flow } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_in_is_one_alternative() {
        let plan = |security: &str| -> PlanDefinition {
            serde_json::from_value(json!({"slug": "p", "name": "P", "security": security, "scopes": ["s"]}))
                .unwrap()
        };
        let (key, oauth, open) = (plan("api_key"), plan("oauth2"), plan("keyless"));
        let credentials = [
            Placement::Header { name: "X-Key".into() },
            Placement::Query { name: "k".into() },
            Placement::Bearer,
        ];
        let mut document = json!({"components": {"schemas": {}}});
        let publication = Publication {
            access_url: "https://gate.example/a".into(),
            token_url: "https://portal.example/oauth/token".into(),
            credentials: &credentials,
            plans: vec![&key, &oauth, &open],
        };
        publish(&mut document, &publication);
        let expected = json!({
            "components": {"schemas": {}, "securitySchemes": {
                "api_key": {"type": "apiKey", "in": "header", "name": "X-Key"},
                "api_key_2": {"type": "apiKey", "in": "query", "name": "k"},
                "bearer": {"type": "http", "scheme": "bearer"},
                "oauth2": {"type": "oauth2", "flows": {"clientCredentials":
                    {"tokenUrl": "https://portal.example/oauth/token", "scopes": {"s": "P"}}}},
            }},
            "servers": [{"url": "https://gate.example/a"}],
            "security": [{"api_key": []}, {"api_key_2": []}, {"bearer": []}, {"oauth2": []}, {}],
        });
        assert_eq!(document, expected);
    }

    #[test]
    fn a_part_that_is_open_to_anybody_stands_at_its_operations() {
        let plan = |more: Value| -> PlanDefinition {
            let mut plan = json!({"slug": "p", "name": "P"});
            plan.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            serde_json::from_value(plan).unwrap()
        };
        let (key, part) = (
            plan(json!({"security": "api_key"})),
            plan(json!({"security": "keyless", "operations": [{"methods": ["GET"], "path": "/widget/*"}]})),
        );
        let publication = Publication {
            access_url: "https://gate.example/a".into(),
            token_url: "https://portal.example/oauth/token".into(),
            credentials: &[Placement::Header { name: "X-Key".into() }],
            plans: vec![&key, &part],
        };
        let mut document = json!({"paths": {
            "/widget/{id}": {"parameters": [], "get": {"summary": "w"}, "delete": {}},
            "/mission": {"get": {}},
        }});
        publish(&mut document, &publication);
        assert_eq!(document["security"], json!([{"api_key": []}]));
        let paths = &document["paths"];
        assert_eq!(paths["/widget/{id}"]["get"], json!({"summary": "w", "security": [{"api_key": []}, {}]}));
        assert_eq!(paths["/widget/{id}"]["delete"], json!({}));
        assert_eq!(paths["/mission"]["get"], json!({}));
    }
}
