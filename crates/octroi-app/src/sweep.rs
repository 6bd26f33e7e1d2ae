//! Removing what has served its time: answers kept for repeated requests, spent links, ended tokens
//! and sessions, forms never sent, registrations that
//! nobody confirmed, jobs that nobody mended.

use std::time::Duration;

use octroi_domain::account::AccountState;
use octroi_domain::actor::Actor;
use octroi_domain::time::Timestamp;
use serde_json::json;

use crate::{App, AppError};

const DAY: u64 = 24 * 3600;

/// Answers kept for requests that are sent again.
const ANSWERS: Duration = Duration::from_secs(DAY);

/// Links, after their end.
const LINKS: Duration = Duration::from_secs(7 * DAY);

/// Management tokens, after their end.
const TOKENS: Duration = Duration::from_secs(90 * DAY);

/// Browser sessions, after their end.
const SESSIONS: Duration = Duration::from_secs(90 * DAY);

/// Forms that nobody sent, after their last change.
const DRAFTS: Duration = Duration::from_secs(30 * DAY);

/// Accounts whose address nobody confirmed, after their registration.
pub(crate) const UNVERIFIED: Duration = Duration::from_secs(7 * DAY);

/// Dead jobs, after they were enqueued.
const DEAD_JOBS: Duration = Duration::from_secs(30 * DAY);

impl App {
    /// Removes what has served its time. [`App::run_due_jobs`] does so every hour.
    pub async fn sweep(&self) -> Result<(), AppError> {
        let now = self.now();
        let mut tx = self.begin().await?;
        tx.delete_old_answers(before(now, ANSWERS)).await?;
        tx.delete_old_links(before(now, LINKS)).await?;
        tx.delete_old_tokens(before(now, TOKENS)).await?;
        tx.delete_old_browser_sessions(before(now, SESSIONS)).await?;
        tx.delete_old_drafts(before(now, DRAFTS)).await?;
        tx.delete_dead_jobs(before(now, DEAD_JOBS)).await?;
        for account in tx.unverified_accounts_before(before(now, UNVERIFIED)).await? {
            // It may be confirmed at this very moment.
            tx.lock_account(account.id).await?;
            if tx.account(account.id).await?.is_none_or(|a| a.state != AccountState::Unverified) {
                continue;
            }
            tx.delete_account(account.id).await?;
            tx.delete_organization(account.organization_id).await?;
            self.audit(&mut tx, &Actor::System("sweep"), "account.expired", account.id, json!({}));
        }
        self.commit(tx).await
    }
}

fn before(now: Timestamp, span: Duration) -> Timestamp {
    let span = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millis(now.as_millis().saturating_sub(span))
}
