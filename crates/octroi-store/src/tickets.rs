//! Tickets and their messages in the database, each read with the names that stand around it.

use octroi_domain::ids::{AccountId, ApiId, OrganizationId, TicketId, TicketMessageId};
use octroi_domain::ticket::{Ticket, TicketMessage, TicketState};

use crate::row::{Row, text, values, word};
use crate::{Session, StoreError, Tx};

/// A ticket and what stands around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketInPlace {
    /// The ticket.
    pub ticket: Ticket,
    /// The name of who opened it; none once the account is erased.
    pub opener: Option<String>,
    /// The API's slug.
    pub api_slug: String,
    /// The API's version.
    pub api_version: String,
    /// The API's name.
    pub api_name: String,
    /// The organization that provides the API.
    pub provider: OrganizationId,
    /// The organization that owns the application, where one was named.
    pub owner: Option<OrganizationId>,
    /// The application's name.
    pub application_name: Option<String>,
}

/// A message and the name of who wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedMessage {
    /// The message.
    pub message: TicketMessage,
    /// The name; none once the account is erased.
    pub author: Option<String>,
}

/// Whose tickets a list holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TicketScope {
    /// Everybody's.
    All,
    /// Those on one API.
    Api(ApiId),
    /// Those that an account opened, or that are about an application for which it answers.
    Account(AccountId),
}

/// How many tickets wait for whom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TicketFigures {
    /// Wait for the provider.
    pub open: i64,
    /// Were answered.
    pub answered: i64,
    /// Are done.
    pub closed: i64,
}

macro_rules! select {
    ($($rest:literal),*) => {
        concat!(
            "SELECT t.*, i.slug AS api_slug, i.version AS api_version, i.name AS api_name, \
             i.organization_id AS provider, p.organization_id AS owner, p.name AS application_name, \
             a.first_name || ' ' || a.last_name AS opener \
             FROM tickets t JOIN apis i ON i.id = t.api_id LEFT JOIN applications p ON p.id = t.application_id \
             LEFT JOIN accounts a ON a.id = t.account_id ",
            $($rest),*
        )
    };
}

/// The part of a list that fits `$condition`, which ends in `AND` or is empty.
macro_rules! list {
    ($condition:literal) => {
        select!(
            "WHERE ",
            $condition,
            "t.id < $1 AND ($3 = '' OR t.state = $3) AND ($4 = '' OR t.api_id = $4) ORDER BY t.id DESC LIMIT $2"
        )
    };
}

fn read(row: &Row) -> Result<TicketInPlace, StoreError> {
    Ok(TicketInPlace {
        ticket: Ticket {
            id: row.parsed("id")?,
            api_id: row.parsed("api_id")?,
            account: row.parsed("account_id")?,
            application_id: row.opt_parsed("application_id")?,
            subject: row.text("subject")?,
            state: row.word("state")?,
            messages: row.int("messages")?,
            created_at: row.time("created_at")?,
            updated_at: row.time("updated_at")?,
        },
        opener: row.opt_text("opener")?,
        api_slug: row.text("api_slug")?,
        api_version: row.text("api_version")?,
        api_name: row.text("api_name")?,
        provider: row.parsed("provider")?,
        owner: row.opt_parsed("owner")?,
        application_name: row.opt_text("application_name")?,
    })
}

fn read_message(row: &Row) -> Result<TicketMessage, StoreError> {
    Ok(TicketMessage {
        id: row.parsed("id")?,
        ticket_id: row.parsed("ticket_id")?,
        position: row.int("position")?,
        author: row.parsed("account_id")?,
        side: row.word("side")?,
        body: row.text("body")?,
        created_at: row.time("created_at")?,
    })
}

impl Session {
    /// The ticket `id`.
    pub async fn ticket(&mut self, id: TicketId) -> Result<Option<TicketInPlace>, StoreError> {
        self.maybe(select!("WHERE t.id = $1"), values![text(id)]).await?.as_ref().map(read).transpose()
    }

    /// Up to `limit` tickets before `before`, newest first; only those on `api` and in `state`, where given.
    pub async fn tickets(
        &mut self,
        scope: TicketScope,
        api: Option<ApiId>,
        state: Option<TicketState>,
        before: Option<TicketId>,
        limit: i64,
    ) -> Result<Vec<TicketInPlace>, StoreError> {
        let mut values = values![
            text(before.unwrap_or(TicketId::from_u128(u128::MAX))),
            limit,
            state.as_ref().map(word).transpose()?.unwrap_or_default(),
            api.map(text).unwrap_or_default(),
        ];
        let (sql, of) = match scope {
            TicketScope::All => (list!(""), None),
            TicketScope::Api(id) => (list!("t.api_id = $5 AND "), Some(text(id))),
            TicketScope::Account(id) => (
                list!(
                    "t.id IN (SELECT id FROM tickets WHERE account_id = $5 UNION SELECT own.id FROM memberships m \
                     JOIN applications b ON b.organization_id = m.organization_id \
                     JOIN tickets own ON own.application_id = b.id \
                     WHERE m.account_id = $5 AND m.role IN ('developer', 'owner')) AND "
                ),
                Some(text(id)),
            ),
        };
        values.extend(of.map(crate::row::Value::from));
        self.rows(sql, values).await?.iter().map(read).collect()
    }

    /// How many tickets of an API wait for whom.
    pub async fn ticket_figures(&mut self, api: ApiId) -> Result<TicketFigures, StoreError> {
        let sql = "SELECT state, COUNT(*) AS n FROM tickets WHERE api_id = $1 GROUP BY state";
        let mut figures = TicketFigures::default();
        for row in self.rows(sql, values![text(api)]).await? {
            let place = match row.word("state")? {
                TicketState::Open => &mut figures.open,
                TicketState::Answered => &mut figures.answered,
                TicketState::Closed => &mut figures.closed,
            };
            *place = row.int("n")?;
        }
        Ok(figures)
    }

    /// How many tickets that an account opened are not closed.
    pub async fn count_open_tickets(&mut self, account: AccountId) -> Result<i64, StoreError> {
        let sql = "SELECT COUNT(*) AS n FROM tickets WHERE account_id = $1 AND state <> 'closed'";
        self.one(sql, values![text(account)]).await?.int("n")
    }

    /// The message `id`.
    pub async fn ticket_message(&mut self, id: TicketMessageId) -> Result<Option<TicketMessage>, StoreError> {
        let row = self.maybe("SELECT * FROM ticket_messages WHERE id = $1", values![text(id)]).await?;
        row.as_ref().map(read_message).transpose()
    }

    /// Up to `limit` messages of a ticket after the place `position`, in their order.
    pub async fn ticket_messages(
        &mut self,
        ticket: TicketId,
        position: i64,
        limit: i64,
    ) -> Result<Vec<SignedMessage>, StoreError> {
        let sql = "SELECT m.*, a.first_name || ' ' || a.last_name AS author FROM ticket_messages m \
                   LEFT JOIN accounts a ON a.id = m.account_id \
                   WHERE m.ticket_id = $1 AND m.position > $2 ORDER BY m.position LIMIT $3";
        let rows = self.rows(sql, values![text(ticket), position, limit]).await?;
        rows.iter()
            .map(|row| Ok(SignedMessage { message: read_message(row)?, author: row.opt_text("author")? }))
            .collect()
    }

    /// Up to `limit` messages that an account wrote, oldest first.
    pub async fn ticket_messages_by(
        &mut self,
        account: AccountId,
        limit: i64,
    ) -> Result<Vec<TicketMessage>, StoreError> {
        let sql = "SELECT * FROM ticket_messages WHERE account_id = $1 ORDER BY created_at, id LIMIT $2";
        self.rows(sql, values![text(account), limit]).await?.iter().map(read_message).collect()
    }
}

impl Tx {
    /// Makes others that want to write in a ticket wait until this commits. Gives whether it exists.
    pub async fn lock_ticket(&mut self, id: TicketId) -> Result<bool, StoreError> {
        let sql = "UPDATE tickets SET state = state WHERE id = $1";
        Ok(self.execute(sql, values![text(id)]).await? == 1)
    }

    /// Adds a ticket.
    pub async fn insert_ticket(&mut self, ticket: &Ticket) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO tickets (id, api_id, account_id, application_id, subject, state, messages, created_at, \
             updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            values![
                text(ticket.id),
                text(ticket.api_id),
                text(ticket.account),
                ticket.application_id.map(text),
                &ticket.subject,
                word(&ticket.state)?,
                ticket.messages,
                ticket.created_at,
                ticket.updated_at
            ],
        )
        .await?;
        Ok(())
    }

    /// Writes what can change of a locked ticket.
    pub async fn update_ticket(&mut self, ticket: &Ticket) -> Result<(), StoreError> {
        let sql = "UPDATE tickets SET state = $2, messages = $3, updated_at = $4 WHERE id = $1";
        let values = values![text(ticket.id), word(&ticket.state)?, ticket.messages, ticket.updated_at];
        self.execute_at_edition(sql, values).await
    }

    /// Adds a message. [`StoreError::Duplicate`] where there is one with this identifier.
    pub async fn insert_ticket_message(&mut self, message: &TicketMessage) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO ticket_messages (id, ticket_id, position, account_id, side, body, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            values![
                text(message.id),
                text(message.ticket_id),
                message.position,
                text(message.author),
                word(&message.side)?,
                &message.body,
                message.created_at
            ],
        )
        .await?;
        Ok(())
    }
}
