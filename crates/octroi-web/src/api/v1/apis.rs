//! The catalogue: APIs, their documents and pictures.

use octroi_app::catalog::{ApiFilter, ApiInput, ApiView};
use octroi_app::page::Page;
use octroi_app::{AppError, Conflict};
use octroi_domain::api::ApiState;
use octroi_domain::ids::ApiId;
use octroi_domain::permission::Action;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::files::{OpenapiBody, PictureBody, PictureFile};
use crate::api::call::{Call, Json, Slug};
use crate::api::route::{Row, delete, get, post, put};

const TAG: &str = "apis";

pub(super) fn rows() -> Vec<Row> {
    vec![
        get("/api/v1/apis", "listApis", list)
            .says(
                TAG,
                "The catalogue: published APIs, and those that I provide or subscribed to, oldest first",
            )
            .permits(Action::ApiRead)
            .paged(),
        post("/api/v1/apis", "createApi", create)
            .says(TAG, "Publish an API, or prepare one")
            .permits(Action::ApiManage)
            .created("/api/v1/apis/{}", "/id"),
        get("/api/v1/apis/by-slug/{slug}", "getApiBySlug", by_slug)
            .says(TAG, "An API by its name in addresses; the newest version in service unless one is named")
            .permits(Action::ApiRead),
        get("/api/v1/apis/{api_id}", "getApi", read).says(TAG, "One API").permits(Action::ApiRead),
        put("/api/v1/apis/{api_id}", "updateApi", update)
            .says(TAG, "Replace what is said of an API; its provider, slug and version stay")
            .permits(Action::ApiManage)
            .if_match(),
        put("/api/v1/apis/{api_id}/state", "setApiState", set_state)
            .says(TAG, "Change where an API is in its life")
            .permits(Action::ApiManage)
            .if_match(),
        delete("/api/v1/apis/{api_id}", "deleteApi", remove)
            .says(TAG, "Remove an API to which nobody ever subscribed")
            .permits(Action::ApiManage)
            .if_match()
            .conflicts([Conflict::StillUsed]),
        get("/api/v1/apis/{api_id}/openapi", "getApiOpenapi", openapi)
            .says(TAG, "An API's OpenAPI document, with our access URL and its plans' security")
            .permits(Action::ApiRead),
        put("/api/v1/apis/{api_id}/openapi", "putApiOpenapi", put_openapi)
            .says(TAG, "Import an API's OpenAPI document, in JSON or YAML, 10 MiB at most")
            .permits(Action::ApiManage)
            .if_match(),
        delete("/api/v1/apis/{api_id}/openapi", "deleteApiOpenapi", delete_openapi)
            .says(TAG, "Take an API's OpenAPI document away")
            .permits(Action::ApiManage)
            .if_match(),
        get("/api/v1/apis/{api_id}/picture", "getApiPicture", picture)
            .says(TAG, "An API's picture")
            .permits(Action::ApiRead),
        put("/api/v1/apis/{api_id}/picture", "putApiPicture", put_picture)
            .says(TAG, "Give an API a picture: PNG, JPEG or WebP, 1 MiB at most")
            .more("It is drawn anew: PNG or JPEG, 512 pixels a side at most, without metadata. What has more than 4,096 pixels a side or 16 million in all is refused.")
            .permits(Action::ApiManage)
            .if_match(),
        delete("/api/v1/apis/{api_id}/picture", "deleteApiPicture", delete_picture)
            .says(TAG, "Take an API's picture away")
            .permits(Action::ApiManage)
            .if_match(),
    ]
}

type One = (ApiId,);
type Shown = Result<Json<ApiView>, AppError>;

async fn list(call: Call<(), ApiFilter>) -> Result<Json<Page<ApiView>>, AppError> {
    call.app.apis(&call.actor, &call.page, &call.query).await.map(Json)
}

async fn create(call: Call<(), (), Json<ApiInput>>) -> Shown {
    call.app.create_api(&call.actor, call.body.0).await.map(Json)
}

/// Which version is wanted.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Version {
    /// The version; the newest one in service where absent.
    #[serde(default)]
    #[schemars(length(max = 32))]
    version: Option<String>,
}

async fn by_slug(call: Call<(Slug,), Version>) -> Shown {
    call.app.api_by_slug(&call.actor, call.path.0.as_str(), call.query.version.as_deref()).await.map(Json)
}

async fn read(call: Call<One>) -> Shown {
    call.app.api(&call.actor, call.path.0).await.map(Json)
}

async fn update(call: Call<One, (), Json<ApiInput>>) -> Shown {
    call.app.update_api(&call.actor, call.path.0, call.body.0, call.edition).await.map(Json)
}

/// Where an API now is in its life.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewState {
    /// The state.
    state: ApiState,
}

async fn set_state(call: Call<One, (), Json<NewState>>) -> Shown {
    call.app.set_api_state(&call.actor, call.path.0, call.body.0.state, call.edition).await.map(Json)
}

async fn remove(call: Call<One>) -> Result<(), AppError> {
    call.app.delete_api(&call.actor, call.path.0, call.edition).await
}

/// An OpenAPI document, whatever it holds.
async fn openapi(call: Call<One>) -> Result<Json<Map<String, Value>>, AppError> {
    match call.app.openapi(&call.actor, call.path.0).await? {
        Value::Object(document) => Ok(Json(document)),
        _ => Err(AppError::Internal("a published OpenAPI document is not an object".to_owned())),
    }
}

async fn put_openapi(call: Call<One, (), OpenapiBody>) -> Result<(), AppError> {
    call.app.put_openapi(&call.actor, call.path.0, call.body.bytes.into(), call.edition).await
}

async fn delete_openapi(call: Call<One>) -> Result<(), AppError> {
    call.app.delete_openapi(&call.actor, call.path.0, call.edition).await
}

async fn picture(call: Call<One>) -> Result<PictureFile, AppError> {
    call.app.api_picture(&call.actor, call.path.0).await.map(PictureFile)
}

async fn put_picture(call: Call<One, (), PictureBody>) -> Result<(), AppError> {
    call.app.put_api_picture(&call.actor, call.path.0, call.body.bytes.into(), call.edition).await
}

async fn delete_picture(call: Call<One>) -> Result<(), AppError> {
    call.app.delete_api_picture(&call.actor, call.path.0, call.edition).await
}
