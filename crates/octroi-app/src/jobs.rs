//! Work that goes on after the answer: enqueued in the commit that makes it necessary, done by whichever process has
//! time, tried again with growing pauses, kept aside once it has failed too often.

use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use octroi_domain::actor::Actor;
use octroi_domain::ids::JobId;
use octroi_domain::job::JobState;
use octroi_domain::permission::{Action, Parties};
use octroi_domain::time::Timestamp;
use octroi_domain::validate::Rule;
use octroi_store::{Job, Tx};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::context::require;
use crate::mail::{Mail, MailError, Sending};
use crate::page::{Page, PageRequest};
use crate::{App, AppError};

/// How long a worker has a job for itself.
const LEASE: Duration = Duration::from_secs(5 * 60);

/// Pauses after each failure; after the last one the job is dead.
const PAUSES: [Duration; 7] = [
    Duration::from_secs(10),
    Duration::from_secs(60),
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(2 * 3600),
    Duration::from_secs(6 * 3600),
    Duration::from_secs(12 * 3600),
];

/// Jobs done in one round at most.
const ROUND: usize = 50;

/// Characters of an error that are kept.
const ERROR_CHARS: usize = 300;

/// How often old rows are removed, and looked for what ends soon.
const DUTIES_EVERY: Duration = Duration::from_secs(3600);

/// Work to do. Sealed in the database: it holds addresses and links.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "task", content = "data", rename_all = "snake_case")]
pub(crate) enum Task {
    /// Send a mail.
    Mail(Box<Mail>),
    /// Send a link that sets a new password, if the address has an account.
    ForgotPassword(String),
    /// Send another link that confirms the address, if it has an account that waits for it.
    ResendVerification(String),
}

impl Task {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Mail(_) => "mail",
            Self::ForgotPassword(_) => "forgot_password",
            Self::ResendVerification(_) => "resend_verification",
        }
    }

    /// Whom it is for.
    fn address(&self) -> &str {
        match self {
            Self::Mail(mail) => &mail.to,
            Self::ForgotPassword(address) | Self::ResendVerification(address) => address,
        }
    }
}

/// What jobs need from the outside world.
pub trait JobHandlers: Send + Sync {
    /// Puts a mail into words and sends it. Ends within a minute.
    fn send<'a>(&'a self, mail: &'a Mail) -> Sending<'a>;
}

/// A job, without what it holds.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct JobView {
    /// Its identifier.
    pub id: JobId,
    /// Which work it is.
    pub kind: String,
    /// Whom it is for: the first letter and the domain of the address; none where the job cannot be read.
    pub recipient: Option<String>,
    /// Where it is in its life.
    pub state: JobState,
    /// Not before this moment.
    pub run_at: Timestamp,
    /// How often it was begun.
    pub attempts: i64,
    /// What went wrong the last time.
    pub last_error: Option<String>,
    /// When it was enqueued.
    pub created_at: Timestamp,
}

impl JobView {
    fn of(job: Job, task: Option<&Task>) -> Self {
        Self {
            id: job.id,
            kind: job.kind,
            recipient: task.map(|task| masked(task.address())),
            state: job.state,
            run_at: job.run_at,
            attempts: job.attempts,
            last_error: job.last_error,
            created_at: job.created_at,
        }
    }
}

/// Why a job was not done.
enum Failure {
    Later(String),
    Never(String),
}

impl From<MailError> for Failure {
    fn from(error: MailError) -> Self {
        match error {
            MailError::Later(_) => Self::Later(error.to_string()),
            MailError::Refused(_) => Self::Never(error.to_string()),
        }
    }
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        Self::Later(error.to_string())
    }
}

impl App {
    /// Adds `task` to the work queue, in `tx`: it is there once the transaction is committed, or never.
    pub(crate) async fn enqueue(&self, tx: &mut Tx, task: &Task) -> Result<(), AppError> {
        let now = self.now();
        let id = JobId::new(now, self.entropy());
        let plain = serde_json::to_vec(task).map_err(|e| AppError::Internal(e.to_string()))?;
        let sealed = self
            .vault()
            .master
            .seal(&plain, &label(id), self.entropy())
            .map_err(|e| AppError::Internal(e.to_string()))?;
        tx.enqueue(&Job {
            id,
            kind: task.kind().to_owned(),
            payload: STANDARD.encode(sealed),
            state: JobState::Ready,
            run_at: now,
            attempts: 0,
            last_error: None,
            created_at: now,
        })
        .await?;
        Ok(())
    }

    /// Does the jobs whose time has come, at most fifty, one after the other; gives how many were begun. Call it again
    /// at once when it gives any, a second later when it gives none. Any number of processes may do so at once.
    pub async fn run_due_jobs(&self, handlers: &dyn JobHandlers) -> Result<usize, AppError> {
        self.do_duties_sometimes().await?;
        self.add_waiting_usage_sometimes().await?;
        for done in 0..ROUND {
            if !self.read().await?.has_due_job(self.now()).await? {
                return Ok(done);
            }
            let now = self.now();
            let mut tx = self.begin().await?;
            let leased = tx.lease_job(now, now.after(LEASE)).await?;
            self.commit(tx).await?;
            match leased {
                Some(job) => self.run_job(job, handlers).await?,
                None => return Ok(done),
            }
        }
        Ok(ROUND)
    }

    async fn run_job(&self, job: Job, handlers: &dyn JobHandlers) -> Result<(), AppError> {
        let outcome = match self.open_task(&job) {
            Some(task) => self.work(task, handlers).await,
            None => Err(Failure::Never("the job cannot be read".to_owned())),
        };
        let mut tx = self.begin().await?;
        match outcome {
            Ok(()) => drop(tx.finish_job(&job).await?),
            Err(failure) => {
                let (error, run_at) = match failure {
                    Failure::Later(error) => (error, self.next_try(&job)),
                    Failure::Never(error) => (error, None),
                };
                tracing::warn!(job = %job.id, kind = job.kind, attempts = job.attempts, dead = run_at.is_none(), error, "a job failed");
                let kept: String = error.chars().take(ERROR_CHARS).collect();
                tx.fail_job(&job, &kept, run_at).await?;
            }
        }
        self.commit(tx).await
    }

    fn open_task(&self, job: &Job) -> Option<Task> {
        let sealed = STANDARD.decode(&job.payload).ok()?;
        let plain = self.vault().master.open(&sealed, &label(job.id)).ok()?;
        serde_json::from_slice(&plain).ok()
    }

    /// Boxed: tasks enqueue others.
    fn work<'a>(
        &'a self,
        task: Task,
        handlers: &'a dyn JobHandlers,
    ) -> Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + 'a>> {
        Box::pin(async move {
            match task {
                Task::Mail(mail) => handlers.send(&mail).await?,
                Task::ForgotPassword(email) => self.send_reset_link(&email).await?,
                Task::ResendVerification(email) => self.send_verification_again(&email).await?,
            }
            Ok(())
        })
    }

    fn next_try(&self, job: &Job) -> Option<Timestamp> {
        let failures = usize::try_from(job.attempts - 1).unwrap_or(0);
        PAUSES.get(failures).map(|pause| self.now().after(*pause))
    }

    /// Jobs, oldest first.
    pub async fn jobs(
        &self,
        actor: &Actor,
        page: &PageRequest,
        state: Option<JobState>,
    ) -> Result<Page<JobView>, AppError> {
        require(actor, Action::JobManage, &Parties::PORTAL)?;
        let window = page.window()?;
        let rows = self.read().await?.jobs(window.after, window.rows(), state).await?;
        Ok(window.page(rows, |job| job.id, |job| self.job_view(job)))
    }

    /// Lets a dead job begin anew.
    pub async fn retry_job(&self, actor: &Actor, id: JobId) -> Result<JobView, AppError> {
        require(actor, Action::JobManage, &Parties::PORTAL)?;
        let mut tx = self.begin().await?;
        tx.job(id).await?.ok_or(AppError::NotFound)?;
        if !tx.revive_job(id, self.now()).await? {
            return Err(AppError::invalid("state", Rule::NotAllowed { allowed: "dead".to_owned() }));
        }
        self.audit(&mut tx, actor, "job.retried", id, json!({}));
        let job = tx.job(id).await?.ok_or(AppError::NotFound)?;
        self.commit(tx).await?;
        Ok(self.job_view(job))
    }

    fn job_view(&self, job: Job) -> JobView {
        let task = self.open_task(&job);
        JobView::of(job, task.as_ref())
    }

    /// At most once an hour: removes what has served its time, and tells of keys that end soon.
    async fn do_duties_sometimes(&self) -> Result<(), AppError> {
        let now = i64::try_from(self.monotonic().as_millis()).unwrap_or(i64::MAX);
        let last = self.shared.swept_at.load(Ordering::Relaxed);
        let every = i64::try_from(DUTIES_EVERY.as_millis()).unwrap_or(i64::MAX);
        if last >= 0 && now.saturating_sub(last) < every {
            return Ok(());
        }
        if self.shared.swept_at.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            self.sweep().await?;
            self.tell_ending_keys().await?;
        }
        Ok(())
    }
}

/// An address that its owner recognises and nobody else can write to.
fn masked(address: &str) -> String {
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    format!("{}…@{domain}", local.chars().next().unwrap_or('…'))
}

/// What a job's payload is bound to.
fn label(id: JobId) -> String {
    format!("job {id}")
}
