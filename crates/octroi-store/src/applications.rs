//! Applications in the database.

use octroi_domain::application::{Application, ApplicationProfile};
use octroi_domain::ids::{AccountId, ApplicationId, OrganizationId};

use crate::row::{Row, text, values, word};
use crate::{Session, StoreError, Tx};

/// An application and what its list shows beside it.
#[derive(Clone, Debug)]
pub struct ListedApplication {
    /// The application.
    pub application: Application,
    /// How many of its subscriptions are pending, active or paused.
    pub subscriptions: i64,
    /// Whether it has a picture.
    pub has_picture: bool,
}

/// Whose applications a list holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApplicationScope {
    /// Everybody's.
    All,
    /// One organization's.
    Organization(OrganizationId),
    /// Those of every organization that an account is a member of.
    Account(AccountId),
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT a.*, (SELECT COUNT(*) FROM subscriptions s WHERE s.application_id = a.id \
             AND s.state IN ('pending', 'active', 'paused')) AS open_subscriptions, \
             (SELECT COUNT(*) FROM documents d WHERE d.object = a.id AND d.kind = 'picture') AS pictures \
             FROM applications a ",
            $rest
        )
    };
}

pub(crate) fn read(row: &Row) -> Result<Application, StoreError> {
    Ok(Application {
        id: row.parsed("id")?,
        organization_id: row.parsed("organization_id")?,
        profile: ApplicationProfile {
            name: row.text("name")?,
            description: row.text("description")?,
            domain: row.opt_text("domain")?,
        },
        kind: row.word("kind")?,
        client_id: row.opt_text("client_id")?,
        state: row.word("state")?,
        created_by: row.parsed("created_by")?,
        created_at: row.time("created_at")?,
        edition: row.int("edition")?,
    })
}

fn read_listed(row: &Row) -> Result<ListedApplication, StoreError> {
    Ok(ListedApplication {
        application: read(row)?,
        subscriptions: row.int("open_subscriptions")?,
        has_picture: row.int("pictures")? > 0,
    })
}

impl Session {
    /// The application `id`.
    pub async fn application(&mut self, id: ApplicationId) -> Result<Option<ListedApplication>, StoreError> {
        self.maybe(select!("WHERE a.id = $1"), values![text(id)]).await?.as_ref().map(read_listed).transpose()
    }

    /// The application that has this OAuth2 client identifier from us.
    pub async fn application_of_client(
        &mut self,
        client_id: &str,
    ) -> Result<Option<Application>, StoreError> {
        let sql = "SELECT * FROM applications WHERE client_id = $1 AND kind = 'backend_to_backend'";
        self.maybe(sql, values![client_id]).await?.as_ref().map(read).transpose()
    }

    /// Up to `limit` applications after `after`, oldest first.
    pub async fn applications(
        &mut self,
        scope: ApplicationScope,
        after: Option<ApplicationId>,
        limit: i64,
    ) -> Result<Vec<ListedApplication>, StoreError> {
        let after = after.map(text).unwrap_or_default();
        let (sql, values) = match scope {
            ApplicationScope::All => {
                (select!("WHERE a.id > $1 ORDER BY a.id LIMIT $2"), values![after, limit])
            }
            ApplicationScope::Organization(id) => (
                select!("WHERE a.organization_id = $3 AND a.id > $1 ORDER BY a.id LIMIT $2"),
                values![after, limit, text(id)],
            ),
            ApplicationScope::Account(id) => (
                select!(
                    "WHERE a.organization_id IN (SELECT organization_id FROM memberships WHERE account_id = $3) \
                     AND a.id > $1 ORDER BY a.id LIMIT $2"
                ),
                values![after, limit, text(id)],
            ),
        };
        self.rows(sql, values).await?.iter().map(read_listed).collect()
    }

    /// Up to `limit` applications in use of the organizations that `account` is a member of, youngest first.
    pub async fn latest_applications(
        &mut self,
        account: AccountId,
        limit: i64,
    ) -> Result<Vec<ListedApplication>, StoreError> {
        let sql = select!(
            "WHERE a.organization_id IN (SELECT organization_id FROM memberships WHERE account_id = $1) \
             AND a.state = 'active' ORDER BY a.id DESC LIMIT $2"
        );
        self.rows(sql, values![text(account), limit]).await?.iter().map(read_listed).collect()
    }

    /// Every application of `organization` that is in use.
    pub async fn active_applications(
        &mut self,
        organization: OrganizationId,
    ) -> Result<Vec<ApplicationId>, StoreError> {
        let sql = "SELECT id FROM applications WHERE organization_id = $1 AND state = 'active' ORDER BY id";
        self.rows(sql, values![text(organization)]).await?.iter().map(|row| row.parsed("id")).collect()
    }
}

impl Tx {
    /// Makes others that want to change the application, or add to it, wait until this commits. Gives whether it
    /// exists.
    pub async fn lock_application(&mut self, id: ApplicationId) -> Result<bool, StoreError> {
        let sql = "UPDATE applications SET edition = edition WHERE id = $1";
        Ok(self.execute(sql, values![text(id)]).await? == 1)
    }

    /// Adds an application.
    pub async fn insert_application(&mut self, application: &Application) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO applications (id, organization_id, name, description, domain, kind, client_id, state, \
             created_by, created_at, edition) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            values![
                text(application.id),
                text(application.organization_id),
                &application.profile.name,
                &application.profile.description,
                application.profile.domain.clone(),
                word(&application.kind)?,
                application.client_id.clone(),
                word(&application.state)?,
                text(application.created_by),
                application.created_at,
                application.edition
            ],
        )
        .await?;
        Ok(())
    }

    /// Writes what can change of an application, if it is still at the edition that was read; it moves to the next.
    pub async fn update_application(&mut self, application: &Application) -> Result<(), StoreError> {
        self.execute_at_edition(
            "UPDATE applications SET name = $1, description = $2, domain = $3, client_id = $4, state = $5, \
             edition = edition + 1 WHERE id = $6 AND edition = $7",
            values![
                &application.profile.name,
                &application.profile.description,
                application.profile.domain.clone(),
                application.client_id.clone(),
                word(&application.state)?,
                text(application.id),
                application.edition
            ],
        )
        .await
    }
}
