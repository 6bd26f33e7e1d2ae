//! What operators look after: the work queue and the audit trail.

use octroi_app::AppError;
use octroi_app::audit::AuditEntryView;
use octroi_app::jobs::JobView;
use octroi_app::page::Page;
use octroi_domain::ids::JobId;
use octroi_domain::job::JobState;
use octroi_domain::permission::Action;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::api::call::{Call, Json};
use crate::api::route::{Row, get, post};

const TAG: &str = "operation";

pub(super) fn rows() -> Vec<Row> {
    vec![
        get("/api/v1/jobs", "listJobs", jobs)
            .says(TAG, "Jobs of the work queue, oldest first")
            .permits(Action::JobManage)
            .paged(),
        post("/api/v1/jobs/{job_id}/retry", "retryJob", retry)
            .says(TAG, "Let a dead job begin anew")
            .permits(Action::JobManage),
        get("/api/v1/audit-entries", "listAuditEntries", entries)
            .says(TAG, "The audit trail, newest first")
            .permits(Action::AuditRead)
            .paged(),
    ]
}

/// Which jobs are wanted.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct JobFilter {
    /// Those in one state.
    #[serde(default)]
    state: Option<JobState>,
}

async fn jobs(call: Call<(), JobFilter>) -> Result<Json<Page<JobView>>, AppError> {
    call.app.jobs(&call.actor, &call.page, call.query.state).await.map(Json)
}

async fn retry(call: Call<(JobId,)>) -> Result<Json<JobView>, AppError> {
    call.app.retry_job(&call.actor, call.path.0).await.map(Json)
}

/// Which entries are wanted.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct EntryFilter {
    /// Those about this object, by its identifier.
    #[serde(default)]
    #[schemars(length(max = 100))]
    object: Option<String>,
}

async fn entries(call: Call<(), EntryFilter>) -> Result<Json<Page<AuditEntryView>>, AppError> {
    call.app.audit_entries(&call.actor, &call.page, call.query.object.as_deref()).await.map(Json)
}
