//! Who is written to, and which keys end soon: what mails about subscriptions and keys need to know.

use octroi_domain::account::Account;
use octroi_domain::ids::{AccountId, CredentialId, OrganizationId, SubscriptionId};
use octroi_domain::organization::Role;
use octroi_domain::time::Timestamp;

use crate::accounts::read as read_account;
use crate::row::{text, values};
use crate::{Session, StoreError, Tx};

/// A span before the end of keys, and the notice that falls into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoticeSpan {
    /// Names the notice: days before the end at which it is due.
    pub days: i64,
    /// Keys that end after this moment,
    pub after: Timestamp,
    /// and not after this one.
    pub until: Timestamp,
}

/// A key that ends soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndingKey {
    /// The key.
    pub credential_id: CredentialId,
    /// What it opens.
    pub subscription_id: SubscriptionId,
}

impl Session {
    /// Up to `limit` members of an organization with the role `least` or a higher one whose accounts are in use, but
    /// not `except`: owners first, then the longest-standing account.
    pub async fn correspondents(
        &mut self,
        organization: OrganizationId,
        least: Role,
        except: Option<AccountId>,
        limit: i64,
    ) -> Result<Vec<Account>, StoreError> {
        let developers = i64::from(least <= Role::Developer);
        let viewers = i64::from(least <= Role::Viewer);
        self.rows(
            "SELECT a.* FROM memberships m JOIN accounts a ON a.id = m.account_id \
             WHERE m.organization_id = $1 AND a.state = 'active' AND a.id <> $2 \
             AND (m.role = 'owner' OR (m.role = 'developer' AND $3 = 1) OR (m.role = 'viewer' AND $4 = 1)) \
             ORDER BY CASE m.role WHEN 'owner' THEN 0 ELSE 1 END, a.id LIMIT $5",
            values![text(organization), except.map(text).unwrap_or_default(), developers, viewers, limit],
        )
        .await?
        .iter()
        .map(read_account)
        .collect()
    }

    /// Up to `limit` keys after `after` that end within `span`, by their own end or by their subscription's, whichever
    /// comes first, and of whose end this notice was not sent yet. Neither keys that were replaced or revoked, nor
    /// those that were made with no more days to live than the notice names.
    pub async fn ending_keys(
        &mut self,
        span: NoticeSpan,
        after: Option<CredentialId>,
        limit: i64,
    ) -> Result<Vec<EndingKey>, StoreError> {
        const DAY: i64 = 24 * 3_600_000;
        let rows = self
            .rows(
                "SELECT k.id, k.subscription_id FROM (\
                   SELECT c.id, c.subscription_id, c.created_at, \
                   CASE WHEN c.expires_at IS NULL OR s.ends_at < c.expires_at THEN s.ends_at ELSE c.expires_at END \
                   AS ends_at \
                   FROM credentials c JOIN subscriptions s ON s.id = c.subscription_id \
                   WHERE c.state <> 'revoked' AND c.replaced_by IS NULL AND c.id > $1 AND c.id IN (\
                     SELECT id FROM credentials WHERE expires_at > $2 AND expires_at <= $3 \
                     UNION SELECT o.id FROM subscriptions e JOIN credentials o ON o.subscription_id = e.id \
                     WHERE e.ends_at > $2 AND e.ends_at <= $3)\
                 ) k \
                 WHERE k.ends_at > $2 AND k.ends_at <= $3 AND k.ends_at - k.created_at > $4 \
                 AND NOT EXISTS (SELECT 1 FROM key_notices n WHERE n.credential_id = k.id AND n.days = $5) \
                 ORDER BY k.id LIMIT $6",
                values![
                    after.map(text).unwrap_or_default(),
                    span.after,
                    span.until,
                    span.days * DAY,
                    span.days,
                    limit
                ],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(EndingKey {
                    credential_id: row.parsed("id")?,
                    subscription_id: row.parsed("subscription_id")?,
                })
            })
            .collect()
    }
}

impl Tx {
    /// Notes that a key's notice is sent; says whether it was not noted before. Of several that note it at once, one
    /// is told yes.
    pub async fn note_notice(
        &mut self,
        credential: CredentialId,
        days: i64,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "INSERT INTO key_notices (credential_id, days, sent_at) VALUES ($1, $2, $3) \
                   ON CONFLICT (credential_id, days) DO NOTHING";
        Ok(self.execute(sql, values![text(credential), days, now]).await? == 1)
    }
}
