//! What a catalogue file says: one document for each API. Its JSON Schema is kept in
//! `docs/reference/catalogue.schema.json`, its description in `docs/reference/catalogue.md`.

use octroi_domain::api::{ApiState, GatewayDefinition, Language, Listing, Presentation};
use octroi_domain::plan::PlanDefinition;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};

/// The form of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum FormatVersion {
    /// The only form so far.
    #[serde(rename = "octroi/v1")]
    V1,
}

/// What the document describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DocumentKind {
    /// One version of an API, with its plans and pages.
    Api,
}

/// One version of an API, with its plans and pages. Several documents in one file are parted by `---`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiDocument {
    /// Always `octroi/v1`.
    #[serde(rename = "apiVersion")]
    pub format: FormatVersion,
    /// Always `Api`.
    pub kind: DocumentKind,
    /// Slug of the organization that provides the API: it exists already and is of kind `provider`.
    pub provider: String,
    /// Names the API, alike for all its versions: lower-case letters, digits, hyphens.
    pub slug: String,
    /// The version: letters, digits, `.`, `-` and `_`.
    pub version: String,
    /// What people read: "API Sirene".
    pub name: String,
    /// Where it is in its life.
    #[serde(default)]
    pub state: ApiState,
    /// Who sees it in the catalogue.
    #[serde(default)]
    pub listing: Listing,
    /// What its pages say.
    #[serde(default)]
    pub presentation: Presentation,
    /// How the gateway serves it.
    pub gateway: GatewayDefinition,
    /// Its plans, in the order in which they are shown.
    #[serde(default)]
    pub plans: Vec<PlanDefinition>,
    /// Its OpenAPI document: a file in JSON or YAML, OpenAPI 3.0 or 3.1, at most 10 MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub openapi: Option<String>,
    /// Its documentation pages, in the order of the menu.
    #[serde(default)]
    pub pages: Vec<PageDocument>,
    /// Its picture: a file in PNG, JPEG or WebP, at most 1 MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    /// Its own terms, accepted when subscribing: a file in Markdown, at most 512 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<String>,
}

/// A documentation page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PageDocument {
    /// Names it in addresses; the same in every language.
    pub slug: String,
    /// Its title.
    pub title: String,
    /// Its language.
    #[serde(default)]
    pub language: Language,
    /// Its text: a file in Markdown, at most 512 KiB.
    pub file: String,
}

/// The JSON Schema (2020-12) of one document of a catalogue file.
pub fn schema() -> serde_json::Value {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<ApiDocument>();
    schema.insert("title".to_owned(), "Octroi catalogue".into());
    schema.to_value()
}
