//! Tells of keys that end soon: 30, 7 and 1 days before, each once. A regular duty of the work queue.

use octroi_domain::credential::{CredentialState, NOTICE_DAYS};
use octroi_domain::ids::CredentialId;
use octroi_domain::time::Timestamp;
use octroi_store::{EndingKey, NoticeSpan};

use super::correspondents;
use crate::mail::{MailMessage, pages};
use crate::{App, AppError};

const DAY: i64 = 24 * 3_600_000;

/// Keys read at once.
const BATCH: i64 = 100;

impl App {
    /// Tells the owners of keys that end soon, unless they were told. A key that has less time than a notice names, but
    /// more than the next one does, gets that one alone: nobody is told twice because the portal slept.
    pub(crate) async fn tell_ending_keys(&self) -> Result<(), AppError> {
        let now = self.now();
        let mut after = now;
        for days in NOTICE_DAYS {
            let until = Timestamp::from_millis(now.as_millis().saturating_add(days * DAY));
            self.tell_span(NoticeSpan { days, after, until }).await?;
            after = until;
        }
        Ok(())
    }

    async fn tell_span(&self, span: NoticeSpan) -> Result<(), AppError> {
        let mut last: Option<CredentialId> = None;
        loop {
            let keys = self.read().await?.ending_keys(span, last, BATCH).await?;
            let Some(key) = keys.last() else { return Ok(()) };
            last = Some(key.credential_id);
            for key in keys {
                self.tell_ending(key, span.days).await?;
            }
        }
    }

    /// One notice, with its mails in one commit. Of several processes that try, the one that notes it first sends it.
    async fn tell_ending(&self, key: EndingKey, days: i64) -> Result<(), AppError> {
        let now = self.now();
        let mut tx = self.begin().await?;
        tx.lock_subscription(key.subscription_id).await?;
        let (Some(credential), Some(place)) =
            (tx.credential(key.credential_id).await?, tx.subscription(key.subscription_id).await?)
        else {
            return Ok(());
        };
        let ends = [credential.expires_at, place.subscription.ends_at].into_iter().flatten().min();
        let gone = credential.state == CredentialState::Revoked || credential.replaced_by.is_some();
        // It may have been renewed or revoked since the list was read.
        let Some(ends_at) = ends.filter(|end| *end > now && !gone) else { return Ok(()) };
        if !tx.note_notice(credential.id, days, now).await? {
            return Ok(());
        }
        let recipients = correspondents(&mut tx, place.owner, None).await?;
        let (application, subscription) = (credential.application_id, place.subscription.id);
        let url = self.page_url(&pages::subscription(application, subscription));
        self.mail_all(&mut tx, &recipients, |account| MailMessage::KeyExpiring {
            first_name: account.first_name.clone(),
            about: (&place).into(),
            hint: credential.hint.clone(),
            ends_at,
            days: days_until(ends_at, now),
            with_subscription: place.subscription.ends_at == Some(ends_at),
            url: url.clone(),
        })
        .await?;
        self.commit(tx).await
    }
}

/// Days until `end`, a begun one counted whole.
fn days_until(end: Timestamp, now: Timestamp) -> i64 {
    let left = end.as_millis().saturating_sub(now.as_millis());
    left.saturating_add(DAY - 1) / DAY
}
