//! Organizations and their members in the database.

use octroi_domain::ids::{AccountId, OrganizationId};
use octroi_domain::organization::{Membership, Organization, Role};

use crate::row::{Row, text, values, word};
use crate::{Session, StoreError, Tx};

pub(crate) fn read(row: &Row) -> Result<Organization, StoreError> {
    Ok(Organization {
        id: row.parsed("id")?,
        kind: row.word("kind")?,
        slug: row.text("slug")?,
        name: row.text("name")?,
        created_at: row.time("created_at")?,
        edition: row.int("edition")?,
    })
}

fn read_membership(row: &Row) -> Result<Membership, StoreError> {
    Ok(Membership {
        organization_id: row.parsed("organization_id")?,
        account_id: row.parsed("account_id")?,
        role: row.word("role")?,
        since: row.time("since")?,
    })
}

/// A member with the names that other members see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The place in the organization.
    pub membership: Membership,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// E-mail address.
    pub email: String,
}

impl Session {
    /// The organization `id`.
    pub async fn organization(&mut self, id: OrganizationId) -> Result<Option<Organization>, StoreError> {
        let row = self.maybe("SELECT * FROM organizations WHERE id = $1", values![text(id)]).await?;
        row.as_ref().map(read).transpose()
    }

    /// The organization with this slug.
    pub async fn organization_by_slug(&mut self, slug: &str) -> Result<Option<Organization>, StoreError> {
        let row = self.maybe("SELECT * FROM organizations WHERE slug = $1", values![slug]).await?;
        row.as_ref().map(read).transpose()
    }

    /// Every organization that provides an API.
    pub async fn providers(&mut self) -> Result<Vec<Organization>, StoreError> {
        let sql = "SELECT * FROM organizations WHERE id IN (SELECT organization_id FROM apis) ORDER BY id";
        self.rows(sql, values![]).await?.iter().map(read).collect()
    }

    /// Up to `limit` organizations after `after`, oldest first; only those of `member`, where one is given.
    pub async fn organizations(
        &mut self,
        after: Option<OrganizationId>,
        limit: i64,
        member: Option<AccountId>,
    ) -> Result<Vec<Organization>, StoreError> {
        let after = after.map(text).unwrap_or_default();
        self.rows(
            "SELECT * FROM organizations WHERE id > $1 AND ($2 = '' OR id IN \
             (SELECT organization_id FROM memberships WHERE account_id = $2)) ORDER BY id LIMIT $3",
            values![after, member.map(text).unwrap_or_default(), limit],
        )
        .await?
        .iter()
        .map(read)
        .collect()
    }

    /// The account's places, in the order of the organizations.
    pub async fn memberships(&mut self, account: AccountId) -> Result<Vec<Membership>, StoreError> {
        self.rows(
            "SELECT * FROM memberships WHERE account_id = $1 ORDER BY organization_id",
            values![text(account)],
        )
        .await?
        .iter()
        .map(read_membership)
        .collect()
    }

    /// The account's place in one organization.
    pub async fn membership(
        &mut self,
        organization: OrganizationId,
        account: AccountId,
    ) -> Result<Option<Membership>, StoreError> {
        let sql = "SELECT * FROM memberships WHERE organization_id = $1 AND account_id = $2";
        let row = self.maybe(sql, values![text(organization), text(account)]).await?;
        row.as_ref().map(read_membership).transpose()
    }

    /// The members of an organization, longest-standing account first.
    pub async fn members(&mut self, organization: OrganizationId) -> Result<Vec<Member>, StoreError> {
        let rows = self
            .rows(
                "SELECT m.organization_id, m.account_id, m.role, m.since, a.first_name, a.last_name, a.email \
                 FROM memberships m JOIN accounts a ON a.id = m.account_id \
                 WHERE m.organization_id = $1 ORDER BY m.account_id",
                values![text(organization)],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(Member {
                    membership: read_membership(row)?,
                    first_name: row.text("first_name")?,
                    last_name: row.text("last_name")?,
                    email: row.text("email")?,
                })
            })
            .collect()
    }

    /// How many owners an organization has.
    pub async fn count_owners(&mut self, organization: OrganizationId) -> Result<i64, StoreError> {
        self.one(
            "SELECT COUNT(*) AS n FROM memberships WHERE organization_id = $1 AND role = 'owner'",
            values![text(organization)],
        )
        .await?
        .int("n")
    }

    /// How many organizations there are: none in a database that is new.
    pub async fn count_organizations(&mut self) -> Result<i64, StoreError> {
        self.one("SELECT COUNT(*) AS n FROM organizations", vec![]).await?.int("n")
    }

    /// How many APIs an organization provides, retired ones included.
    pub async fn count_provided_apis(&mut self, organization: OrganizationId) -> Result<i64, StoreError> {
        self.one("SELECT COUNT(*) AS n FROM apis WHERE organization_id = $1", values![text(organization)])
            .await?
            .int("n")
    }
}

impl Tx {
    /// Adds `organization`, with its own wrapped sealing key; its slug must be free.
    pub async fn insert_organization(
        &mut self,
        organization: &Organization,
        sealing_key: &[u8],
    ) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO organizations (id, kind, slug, name, sealing_key, created_at, edition) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            values![
                text(organization.id),
                word(&organization.kind)?,
                &organization.slug,
                &organization.name,
                sealing_key,
                organization.created_at,
                organization.edition
            ],
        )
        .await?;
        Ok(())
    }

    /// Writes the name and slug of `organization`, which must still be at the edition it was read at; that edition is
    /// counted up.
    pub async fn update_organization(&mut self, organization: &mut Organization) -> Result<(), StoreError> {
        self.execute_at_edition(
            "UPDATE organizations SET kind = $3, slug = $4, name = $5, edition = edition + 1 \
             WHERE id = $1 AND edition = $2",
            values![
                text(organization.id),
                organization.edition,
                word(&organization.kind)?,
                &organization.slug,
                &organization.name
            ],
        )
        .await?;
        organization.edition += 1;
        Ok(())
    }

    /// Makes everybody else who changes this organization's members wait for the end of this transaction.
    pub async fn lock_organization(&mut self, id: OrganizationId) -> Result<(), StoreError> {
        self.execute("UPDATE organizations SET edition = edition WHERE id = $1", values![text(id)]).await?;
        Ok(())
    }

    /// Gives an account its place in an organization, or another role in it.
    pub async fn put_membership(&mut self, membership: &Membership) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO memberships (organization_id, account_id, role, since) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (organization_id, account_id) DO UPDATE SET role = excluded.role",
            values![
                text(membership.organization_id),
                text(membership.account_id),
                word::<Role>(&membership.role)?,
                membership.since
            ],
        )
        .await?;
        Ok(())
    }

    /// Takes an account out of an organization; says whether it was in.
    pub async fn delete_membership(
        &mut self,
        organization: OrganizationId,
        account: AccountId,
    ) -> Result<bool, StoreError> {
        let sql = "DELETE FROM memberships WHERE organization_id = $1 AND account_id = $2";
        Ok(self.execute(sql, values![text(organization), text(account)]).await? > 0)
    }

    /// Removes an organization that owns nothing yet.
    pub async fn delete_organization(&mut self, id: OrganizationId) -> Result<(), StoreError> {
        self.execute("DELETE FROM organizations WHERE id = $1", values![text(id)]).await?;
        Ok(())
    }

    /// Erases the words of an organization that goes: its name, and what its archived applications and closed
    /// subscriptions say.
    pub async fn erase_organization(&mut self, id: OrganizationId) -> Result<(), StoreError> {
        let erasures = [
            "UPDATE subscriptions SET comment = '', reason = NULL \
             WHERE application_id IN (SELECT id FROM applications WHERE organization_id = $1)",
            "DELETE FROM documents WHERE object IN (SELECT id FROM applications WHERE organization_id = $1)",
            "UPDATE applications SET name = id, description = '', domain = NULL, edition = edition + 1 \
             WHERE organization_id = $1",
            "UPDATE organizations SET name = id, edition = edition + 1 WHERE id = $1",
        ];
        for sql in erasures {
            self.execute(sql, values![text(id)]).await?;
        }
        Ok(())
    }
}
