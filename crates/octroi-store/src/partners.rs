//! Partner organizations as the officers' desk sees them.

use octroi_domain::ids::{AccountId, OrganizationId, SubscriptionId};
use octroi_domain::organization::Organization;
use octroi_domain::time::Timestamp;

use crate::accounts::{contains, login_key};
use crate::organizations;
use crate::row::{Row, text, values};
use crate::{Session, StoreError, Tx};

/// A partner, and what stands with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partner {
    /// The organization.
    pub organization: Organization,
    /// The officer who looks after it, while the account is there.
    pub officer: Option<PartnerOfficer>,
    /// Since when it is suspended.
    pub suspended_at: Option<Timestamp>,
    /// Its members.
    pub people: i64,
    /// Its subscriptions that are active.
    pub active: i64,
    /// Its subscriptions that are paused.
    pub paused: i64,
    /// The minute of its last call.
    pub last_call: Option<Timestamp>,
}

/// A deployment officer, as partners know one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartnerOfficer {
    /// The account.
    pub account_id: AccountId,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// E-mail address.
    pub email: String,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT o.*, p.suspended_at, b.id AS officer_id, b.first_name, b.last_name, b.email, \
             (SELECT COUNT(*) FROM memberships m WHERE m.organization_id = o.id) AS people, \
             (SELECT COUNT(*) FROM applications a JOIN subscriptions s ON s.application_id = a.id \
              WHERE a.organization_id = o.id AND s.state = 'active') AS active, \
             (SELECT COUNT(*) FROM applications a JOIN subscriptions s ON s.application_id = a.id \
              WHERE a.organization_id = o.id AND s.state = 'paused') AS paused, \
             (SELECT MAX(k.last) FROM (SELECT (SELECT MAX(u.minute) FROM usage_minutes u \
              WHERE u.subscription_id = s.id) AS last FROM applications a \
              JOIN subscriptions s ON s.application_id = a.id WHERE a.organization_id = o.id) k) AS last_call \
             FROM organizations o LEFT JOIN partners p ON p.organization_id = o.id \
             LEFT JOIN accounts b ON b.id = p.officer_id WHERE o.kind = 'partner' AND ",
            $rest
        )
    };
}

fn read(row: &Row) -> Result<Partner, StoreError> {
    let officer: Option<AccountId> = row.opt_parsed("officer_id")?;
    let officer = match officer {
        None => None,
        Some(account_id) => Some(PartnerOfficer {
            account_id,
            first_name: row.text("first_name")?,
            last_name: row.text("last_name")?,
            email: row.text("email")?,
        }),
    };
    Ok(Partner {
        organization: organizations::read(row)?,
        officer,
        suspended_at: row.opt_time("suspended_at")?,
        people: row.int("people")?,
        active: row.int("active")?,
        paused: row.int("paused")?,
        last_call: row.opt_time("last_call")?,
    })
}

impl Session {
    /// Up to `limit` partners after `after`, oldest first; only those whose slug holds `query`, or whose name does in
    /// any letter case.
    pub async fn partners(
        &mut self,
        after: Option<OrganizationId>,
        limit: i64,
        query: &str,
    ) -> Result<Vec<Partner>, StoreError> {
        let sql = select!(
            "o.id > $1 AND ($2 = '' OR LOWER(o.name) LIKE $3 ESCAPE '!' OR o.slug LIKE $3 ESCAPE '!') \
             ORDER BY o.id LIMIT $4"
        );
        let query = login_key(query);
        let values = values![after.map(text).unwrap_or_default(), &query, contains(&query), limit];
        self.rows(sql, values).await?.iter().map(read).collect()
    }

    /// The partner `id`.
    pub async fn partner(&mut self, id: OrganizationId) -> Result<Option<Partner>, StoreError> {
        self.maybe(select!("o.id = $1"), values![text(id)]).await?.as_ref().map(read).transpose()
    }

    /// Whether an organization is a partner that is suspended.
    pub async fn is_suspended(&mut self, id: OrganizationId) -> Result<bool, StoreError> {
        let sql = "SELECT 1 AS one FROM partners WHERE organization_id = $1 AND suspended_at IS NOT NULL";
        Ok(self.maybe(sql, values![text(id)]).await?.is_some())
    }

    /// The minute of the last call of a subscription.
    pub async fn last_call(&mut self, id: SubscriptionId) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT MAX(minute) AS last_call FROM usage_minutes WHERE subscription_id = $1";
        self.one(sql, values![text(id)]).await?.opt_time("last_call")
    }
}

impl Tx {
    /// Notes which officer looks after a partner.
    pub async fn put_partner(&mut self, id: OrganizationId, officer: AccountId) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO partners (organization_id, officer_id) VALUES ($1, $2) \
             ON CONFLICT (organization_id) DO UPDATE SET officer_id = excluded.officer_id",
            values![text(id), text(officer)],
        )
        .await?;
        Ok(())
    }

    /// Notes since when a partner is suspended; that it is not, where no moment is given.
    pub async fn set_partner_suspended(
        &mut self,
        id: OrganizationId,
        since: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO partners (organization_id, suspended_at) VALUES ($1, $2) \
             ON CONFLICT (organization_id) DO UPDATE SET suspended_at = excluded.suspended_at",
            values![text(id), since],
        )
        .await?;
        Ok(())
    }
}
