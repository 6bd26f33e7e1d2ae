//! The work queue: jobs enqueued in the commit that makes them necessary, leased to one worker at a time, tried again
//! with growing pauses, and kept aside once they have failed too often.

use octroi_domain::ids::JobId;
use octroi_domain::job::JobState;
use octroi_domain::time::Timestamp;

use crate::row::{Row, text, values, word};
use crate::{Session, StoreError, Tx};

/// A job of the work queue.
#[derive(Clone, PartialEq, Eq)]
pub struct Job {
    /// Its identifier.
    pub id: JobId,
    /// Which work it is.
    pub kind: String,
    /// What the work needs; sealed where it holds personal data or secrets.
    pub payload: String,
    /// Where it is in its life.
    pub state: JobState,
    /// Not before this moment.
    pub run_at: Timestamp,
    /// How often it was begun; also tells one lease from the next.
    pub attempts: i64,
    /// What went wrong the last time.
    pub last_error: Option<String>,
    /// When it was enqueued.
    pub created_at: Timestamp,
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job").field("id", &self.id).field("kind", &self.kind).finish_non_exhaustive()
    }
}

fn read(row: &Row) -> Result<Job, StoreError> {
    Ok(Job {
        id: row.parsed("id")?,
        kind: row.text("kind")?,
        payload: row.text("payload")?,
        state: row.word("state")?,
        run_at: row.time("run_at")?,
        attempts: row.int("attempts")?,
        last_error: row.opt_text("last_error")?,
        created_at: row.time("created_at")?,
    })
}

impl Session {
    /// The job `id`.
    pub async fn job(&mut self, id: JobId) -> Result<Option<Job>, StoreError> {
        let row = self.maybe("SELECT * FROM jobs WHERE id = $1", values![text(id)]).await?;
        row.as_ref().map(read).transpose()
    }

    /// Whether a job waits for a worker at `now`.
    pub async fn has_due_job(&mut self, now: Timestamp) -> Result<bool, StoreError> {
        let sql = "SELECT 1 AS one FROM jobs WHERE (state = 'ready' AND run_at <= $1) \
                   OR (state = 'running' AND locked_until <= $1) LIMIT 1";
        Ok(self.maybe(sql, values![now]).await?.is_some())
    }

    /// Up to `limit` jobs after `after`, oldest first; only those in `state`, where one is given.
    pub async fn jobs(
        &mut self,
        after: Option<JobId>,
        limit: i64,
        state: Option<JobState>,
    ) -> Result<Vec<Job>, StoreError> {
        let state = state.map(|s| word(&s)).transpose()?.unwrap_or_default();
        self.rows(
            "SELECT * FROM jobs WHERE id > $1 AND ($2 = '' OR state = $2) ORDER BY id LIMIT $3",
            values![after.map(text).unwrap_or_default(), state, limit],
        )
        .await?
        .iter()
        .map(read)
        .collect()
    }
}

impl Tx {
    /// Adds `job`: it is there once this transaction is committed, or never.
    pub async fn enqueue(&mut self, job: &Job) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO jobs (id, kind, payload, state, run_at, attempts, last_error, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            values![
                text(job.id),
                &job.kind,
                &job.payload,
                word(&job.state)?,
                job.run_at,
                job.attempts,
                job.last_error.clone(),
                job.created_at
            ],
        )
        .await?;
        Ok(())
    }

    /// Leases the job that has waited for longest, until `until`. None is ready, or another worker was quicker: none.
    pub async fn lease_job(&mut self, now: Timestamp, until: Timestamp) -> Result<Option<Job>, StoreError> {
        // The outer condition is looked at again under the row's lock: of two workers that chose the same job, one
        // gets it.
        let row = self
            .maybe(
                "UPDATE jobs SET state = 'running', locked_until = $2, attempts = attempts + 1 \
                 WHERE id = (SELECT id FROM jobs \
                   WHERE (state = 'ready' AND run_at <= $1) OR (state = 'running' AND locked_until <= $1) \
                   ORDER BY run_at, id LIMIT 1) \
                 AND ((state = 'ready' AND run_at <= $1) OR (state = 'running' AND locked_until <= $1)) \
                 RETURNING *",
                values![now, until],
            )
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// Removes a job that is done; says whether the lease still held.
    pub async fn finish_job(&mut self, job: &Job) -> Result<bool, StoreError> {
        let sql = "DELETE FROM jobs WHERE id = $1 AND attempts = $2 AND state = 'running'";
        Ok(self.execute(sql, values![text(job.id), job.attempts]).await? > 0)
    }

    /// Gives a job back after a failure: ready again at `run_at`, or dead where there is none. Says whether the lease
    /// still held.
    pub async fn fail_job(
        &mut self,
        job: &Job,
        error: &str,
        run_at: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        let state = if run_at.is_some() { JobState::Ready } else { JobState::Dead };
        let touched = self
            .execute(
                "UPDATE jobs SET state = $3, last_error = $4, run_at = $5, locked_until = NULL \
                 WHERE id = $1 AND attempts = $2 AND state = 'running'",
                values![text(job.id), job.attempts, word(&state)?, error, run_at.unwrap_or(job.run_at)],
            )
            .await?;
        Ok(touched > 0)
    }

    /// Lets a dead job begin anew at `now`; says whether it was dead.
    pub async fn revive_job(&mut self, id: JobId, now: Timestamp) -> Result<bool, StoreError> {
        let sql =
            "UPDATE jobs SET state = 'ready', attempts = 0, run_at = $2 WHERE id = $1 AND state = 'dead'";
        Ok(self.execute(sql, values![text(id), now]).await? > 0)
    }

    /// Forgets dead jobs made before `before`.
    pub async fn delete_dead_jobs(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        self.execute("DELETE FROM jobs WHERE state = 'dead' AND created_at < $1", values![before]).await
    }
}
