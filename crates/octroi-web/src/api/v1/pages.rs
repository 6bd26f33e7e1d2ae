//! Documentation pages of an API. Their entity tag is the API's edition, which counts their changes too.

use octroi_app::AppError;
use octroi_app::catalog::{PageInput, PageSummary, PageView};
use octroi_app::page::Page;
use octroi_domain::api::Language;
use octroi_domain::ids::ApiId;
use octroi_domain::permission::Action;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::api::call::{Call, Json, Slug};
use crate::api::route::{Row, delete, get, put};

const TAG: &str = "pages";

pub(super) fn rows() -> Vec<Row> {
    vec![
        get("/api/v1/apis/{api_id}/pages", "listPages", list)
            .says(TAG, "Pages of an API, without their text, in the provider's order")
            .permits(Action::ApiRead),
        put("/api/v1/apis/{api_id}/pages", "putPage", write)
            .says(TAG, "Write a page, over the one with the same slug and language where there is one")
            .permits(Action::ApiManage)
            .if_match(),
        get("/api/v1/apis/{api_id}/pages/{slug}", "getPage", read)
            .says(TAG, "One page, in the other language where it does not exist in the one asked for")
            .permits(Action::ApiRead),
        delete("/api/v1/apis/{api_id}/pages/{slug}", "deletePage", remove)
            .says(TAG, "Remove a page")
            .permits(Action::ApiManage)
            .if_match(),
    ]
}

async fn list(call: Call<(ApiId,)>) -> Result<Json<Page<PageSummary>>, AppError> {
    let items = call.app.pages(&call.actor, call.path.0).await?;
    Ok(Json(Page { items, next_cursor: None }))
}

async fn write(call: Call<(ApiId,), (), Json<PageInput>>) -> Result<Json<PageView>, AppError> {
    call.app.put_page(&call.actor, call.path.0, call.body.0, call.edition).await.map(Json)
}

/// The language of a page.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// The language; that of `Accept-Language` where absent.
    #[serde(default)]
    language: Option<Language>,
}

async fn read(call: Call<(ApiId, Slug), Wanted>) -> Result<Json<PageView>, AppError> {
    let language = call.query.language.unwrap_or(call.language);
    call.app.page(&call.actor, call.path.0, call.path.1.as_str(), language).await.map(Json)
}

/// The language of a page.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Exactly {
    /// The language.
    language: Language,
}

async fn remove(call: Call<(ApiId, Slug), Exactly>) -> Result<(), AppError> {
    let (api, slug) = &call.path;
    call.app.delete_page(&call.actor, *api, slug.as_str(), call.query.language, call.edition).await
}
