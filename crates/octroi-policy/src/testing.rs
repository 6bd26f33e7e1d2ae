//! Samples for the tests of this crate.

use octroi_domain::api::ApiState;
use octroi_domain::ids::ApiId;

use crate::feed::{ApiSource, CatalogueSource};

/// An API without plans, with a key in a header.
pub(crate) fn api_source(slug: &str, path: &str) -> ApiSource {
    let gateway = serde_json::json!({
        "route": {"path": path},
        "upstreams": [{"url": "http://192.0.2.1:9000"}],
        "credentials": [{"in": "header", "name": "X-Key"}],
    });
    let number = slug.bytes().fold(7_u128, |n, b| n * 257 + u128::from(b));
    ApiSource {
        id: ApiId::from_u128(number),
        slug: slug.to_owned(),
        version: "1".to_owned(),
        state: ApiState::Published,
        gateway: serde_json::from_value(gateway).unwrap(),
        plans: vec![crate::feed::PlanSource {
            id: octroi_domain::ids::PlanId::from_u128(number),
            slug: "public".into(),
            security: octroi_domain::plan::Security::ApiKey,
            limits: octroi_domain::plan::Limits::default(),
            operations: Vec::new(),
        }],
    }
}

/// A catalogue without an issuer.
pub(crate) fn catalogue_source(apis: Vec<ApiSource>) -> CatalogueSource {
    CatalogueSource { apis, issuer: None }
}
