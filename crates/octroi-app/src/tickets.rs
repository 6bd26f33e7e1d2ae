//! Tickets: opened by those who use an API, answered by those who provide it, read by both and nobody else but the
//! portal's administrators.

mod write;

use octroi_domain::actor::Actor;
use octroi_domain::ids::{AccountId, ApiId, TicketId, TicketMessageId};
use octroi_domain::permission::{Action, Parties};
use octroi_domain::ticket::{Side, TicketState};
use octroi_domain::time::Timestamp;
use octroi_store::{SignedMessage, TicketFigures, TicketInPlace, TicketScope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::{Reader, signed_in};
use crate::context::require;
use crate::page::{Page, PageRequest};
use crate::provided::ApiName;
use crate::subscriptions::ApplicationReference;
use crate::{App, AppError};

pub use write::{OpenTicket, Reply};

/// Who wrote something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Writer {
    /// The account.
    pub id: AccountId,
    /// The name; absent once the account is erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A ticket.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct TicketView {
    /// Its identifier.
    pub id: TicketId,
    /// What it is about, in one line.
    pub subject: String,
    /// Whose turn it is.
    pub state: TicketState,
    /// The API that it is about.
    pub api: ApiName,
    /// The application that it is about, where one was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application: Option<ApplicationReference>,
    /// Who opened it.
    pub opener: Writer,
    /// How many messages it has.
    pub messages: i64,
    /// For whom the reader would write.
    pub side: Side,
    /// Whether the reader may write in it and close it.
    pub may_reply: bool,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last written to or closed.
    pub updated_at: Timestamp,
}

/// A message of a ticket.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct TicketMessageView {
    /// Its identifier.
    pub id: TicketMessageId,
    /// The ticket.
    pub ticket_id: TicketId,
    /// Its place in the thread, from 1.
    pub position: i64,
    /// Who wrote it.
    pub author: Writer,
    /// For whom.
    pub side: Side,
    /// What it says, in Markdown.
    pub body: String,
    /// When it was written.
    pub created_at: Timestamp,
}

/// Which tickets a list holds. All that is given must hold.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TicketFilter {
    /// Those on one API: everybody's for its provider, one's own for others.
    #[serde(default)]
    pub api_id: Option<ApiId>,
    /// Those in one state.
    #[serde(default)]
    pub state: Option<TicketState>,
    /// Only those that I opened, or that are about an application for which I answer, whatever else I may read.
    #[serde(default)]
    pub mine: bool,
}

/// Whose tickets are counted.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TicketCountQuery {
    /// The API.
    pub api_id: ApiId,
}

/// How many tickets of an API wait for whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TicketCounts {
    /// Wait for the provider.
    pub open: i64,
    /// Were answered.
    pub answered: i64,
    /// Are done.
    pub closed: i64,
}

impl From<TicketFigures> for TicketCounts {
    fn from(figures: TicketFigures) -> Self {
        Self { open: figures.open, answered: figures.answered, closed: figures.closed }
    }
}

impl From<SignedMessage> for TicketMessageView {
    fn from(signed: SignedMessage) -> Self {
        let message = signed.message;
        Self {
            id: message.id,
            ticket_id: message.ticket_id,
            position: message.position,
            author: Writer { id: message.author, name: signed.author },
            side: message.side,
            body: message.body,
            created_at: message.created_at,
        }
    }
}

impl App {
    /// Tickets that `actor` reads, newest first: of an API for its provider, one's own otherwise; every one for
    /// administrators.
    pub async fn tickets(
        &self,
        actor: &Actor,
        filter: &TicketFilter,
        page: &PageRequest,
    ) -> Result<Page<TicketView>, AppError> {
        let reader = Reader::of(actor)?;
        let window = page.window::<TicketId>()?;
        let mut session = self.read().await?;
        let provider = match filter.api_id {
            Some(id) => session.api(id).await?.map(|api| api.organization_id),
            None => None,
        };
        let provides =
            provider.is_some_and(|id| require(actor, Action::TicketRead, &Parties::provided_by(id)).is_ok());
        let scope = match (reader, actor.account_id(), filter.api_id) {
            (_, Some(account), _) if filter.mine => TicketScope::Account(account),
            (_, _, Some(api)) if provides => TicketScope::Api(api),
            (Reader::Account(account), _, _) => TicketScope::Account(account),
            (Reader::All, _, _) => TicketScope::All,
        };
        let found = session.tickets(scope, filter.api_id, filter.state, window.after, window.rows()).await?;
        Ok(window.page(found, |place| place.ticket.id, |place| ticket_view(actor, place)))
    }

    /// How many tickets of an API wait for whom: for those who provide it.
    pub async fn ticket_counts(&self, actor: &Actor, api: ApiId) -> Result<TicketCounts, AppError> {
        signed_in(actor)?;
        let mut session = self.read().await?;
        let provider = session.api(api).await?.ok_or(AppError::NotFound)?.organization_id;
        require(actor, Action::TicketRead, &Parties::provided_by(provider))?;
        Ok(session.ticket_figures(api).await?.into())
    }

    /// One ticket.
    pub async fn ticket(&self, actor: &Actor, id: TicketId) -> Result<TicketView, AppError> {
        signed_in(actor)?;
        let place = self.read().await?.ticket(id).await?.ok_or(AppError::NotFound)?;
        require(actor, Action::TicketRead, &parties(&place))?;
        Ok(ticket_view(actor, place))
    }

    /// What was written in a ticket, in order.
    pub async fn ticket_messages(
        &self,
        actor: &Actor,
        id: TicketId,
        page: &PageRequest,
    ) -> Result<Page<TicketMessageView>, AppError> {
        signed_in(actor)?;
        let window = page.window::<i64>()?;
        let mut session = self.read().await?;
        let place = session.ticket(id).await?.ok_or(AppError::NotFound)?;
        require(actor, Action::TicketRead, &parties(&place))?;
        let found = session.ticket_messages(id, window.after.unwrap_or(0), window.rows()).await?;
        Ok(window.page(found, |signed| signed.message.position, TicketMessageView::from))
    }
}

/// Between whom a ticket is.
fn parties(place: &TicketInPlace) -> Parties {
    Parties::ticket(place.ticket.account, place.owner, place.provider)
}

fn ticket_view(actor: &Actor, place: TicketInPlace) -> TicketView {
    let parties = parties(&place);
    let ticket = place.ticket;
    TicketView {
        id: ticket.id,
        subject: ticket.subject,
        state: ticket.state,
        api: ApiName {
            id: ticket.api_id,
            slug: place.api_slug,
            version: place.api_version,
            name: place.api_name,
        },
        application: ticket
            .application_id
            .zip(place.application_name)
            .map(|(id, name)| ApplicationReference { id, name }),
        opener: Writer { id: ticket.account, name: place.opener },
        messages: ticket.messages,
        side: Side::of(actor, &parties),
        may_reply: require(actor, Action::TicketReply, &parties).is_ok(),
        created_at: ticket.created_at,
        updated_at: ticket.updated_at,
    }
}
