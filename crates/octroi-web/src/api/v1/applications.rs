//! Applications: what calls an API on behalf of an organization.

use octroi_app::applications::{
    ApplicationChange, ApplicationFilter, ApplicationView, CreatedApplication, NewApplication,
};
use octroi_app::credentials::{CredentialView, IssuedKey, Renew};
use octroi_app::page::Page;
use octroi_app::{AppError, Conflict};
use octroi_domain::ids::ApplicationId;
use octroi_domain::permission::Action;

use super::files::{PictureBody, PictureFile};
use crate::api::call::{Call, Json};
use crate::api::route::{Row, delete, get, post, put};

const TAG: &str = "applications";

pub(super) fn rows() -> Vec<Row> {
    vec![
        get("/api/v1/applications", "listApplications", list)
            .says(TAG, "Applications of my organizations, oldest first")
            .permits(Action::ApplicationRead)
            .paged(),
        post("/api/v1/applications", "createApplication", create)
            .says(TAG, "Create an application")
            .more("For `backend_to_backend` the answer holds the OAuth2 client's secret, shown here and never again.")
            .permits(Action::ApplicationManage)
            .created("/api/v1/applications/{}", "/application/id"),
        get("/api/v1/applications/{application_id}", "getApplication", read)
            .says(TAG, "One application")
            .permits(Action::ApplicationRead),
        put("/api/v1/applications/{application_id}", "updateApplication", update)
            .says(TAG, "Replace what is said of an application")
            .permits(Action::ApplicationManage)
            .if_match()
            .conflicts([Conflict::ApplicationArchived]),
        post("/api/v1/applications/{application_id}/archive", "archiveApplication", archive)
            .says(TAG, "Archive an application: its subscriptions are closed, its keys revoked. Final")
            .permits(Action::ApplicationManage)
            .if_match()
            .conflicts([Conflict::ApplicationArchived]),
        get("/api/v1/applications/{application_id}/picture", "getApplicationPicture", picture)
            .says(TAG, "An application's picture")
            .permits(Action::ApplicationRead),
        put("/api/v1/applications/{application_id}/picture", "putApplicationPicture", put_picture)
            .says(TAG, "Give an application a picture: PNG, JPEG or WebP, 1 MiB at most")
            .more("It is drawn anew: PNG or JPEG, 512 pixels a side at most, without metadata. What has more than 4,096 pixels a side or 16 million in all is refused.")
            .permits(Action::ApplicationManage)
            .conflicts([Conflict::ApplicationArchived]),
        delete("/api/v1/applications/{application_id}/picture", "deleteApplicationPicture", delete_picture)
            .says(TAG, "Take an application's picture away")
            .permits(Action::ApplicationManage)
            .conflicts([Conflict::ApplicationArchived]),
        get("/api/v1/applications/{application_id}/credentials", "listApplicationCredentials", credentials)
            .says("credentials", "Keys and client secrets of an application, oldest first, revoked ones included")
            .permits(Action::CredentialRead)
            .paged(),
        post("/api/v1/applications/{application_id}/client-secrets", "rotateClientSecret", rotate)
            .says("credentials", "Give an OAuth2 client a new secret; the old one lives on for the grace")
            .permits(Action::CredentialManage)
            .created("/api/v1/credentials/{}", "/credential/id")
            .conflicts([
                Conflict::ApplicationArchived,
                Conflict::ApplicationKind,
                Conflict::CredentialState,
                Conflict::TooManyKeys,
            ]),
    ]
}

type One = (ApplicationId,);

async fn list(call: Call<(), ApplicationFilter>) -> Result<Json<Page<ApplicationView>>, AppError> {
    call.app.applications(&call.actor, &call.query, &call.page).await.map(Json)
}

async fn create(call: Call<(), (), Json<NewApplication>>) -> Result<Json<CreatedApplication>, AppError> {
    call.app.create_application(&call.actor, call.body.0).await.map(Json)
}

async fn read(call: Call<One>) -> Result<Json<ApplicationView>, AppError> {
    call.app.application(&call.actor, call.path.0).await.map(Json)
}

async fn update(call: Call<One, (), Json<ApplicationChange>>) -> Result<Json<ApplicationView>, AppError> {
    call.app.update_application(&call.actor, call.path.0, call.body.0, call.edition).await.map(Json)
}

async fn archive(call: Call<One>) -> Result<Json<ApplicationView>, AppError> {
    call.app.archive_application(&call.actor, call.path.0, call.edition).await.map(Json)
}

async fn picture(call: Call<One>) -> Result<PictureFile, AppError> {
    call.app.application_picture(&call.actor, call.path.0).await.map(PictureFile)
}

async fn put_picture(call: Call<One, (), PictureBody>) -> Result<(), AppError> {
    call.app.put_application_picture(&call.actor, call.path.0, call.body.bytes.into()).await
}

async fn delete_picture(call: Call<One>) -> Result<(), AppError> {
    call.app.delete_application_picture(&call.actor, call.path.0).await
}

async fn credentials(call: Call<One>) -> Result<Json<Page<CredentialView>>, AppError> {
    call.app.application_credentials(&call.actor, call.path.0, &call.page).await.map(Json)
}

async fn rotate(call: Call<One, (), Json<Renew>>) -> Result<Json<IssuedKey>, AppError> {
    call.app.rotate_client_secret(&call.actor, call.path.0, call.body.0).await.map(Json)
}
