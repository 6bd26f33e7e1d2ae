//! Writing in tickets: opening, replying, closing. What is sent twice under one identifier is written once.

use octroi_domain::actor::Actor;
use octroi_domain::api::Api;
use octroi_domain::ids::{AccountId, ApiId, ApplicationId, TicketId, TicketMessageId};
use octroi_domain::permission::{Action, Parties};
use octroi_domain::ticket::{
    MAX_MESSAGES, MAX_OPEN, Side, Ticket, TicketMessage, TicketState, check_body, check_subject,
};
use octroi_domain::validate::{Check, Rule};
use octroi_store::{Session, SignedMessage, TicketInPlace, Tx};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{TicketMessageView, TicketView, parties, ticket_view};
use crate::access::viewer;
use crate::context::require;
use crate::error::taken;
use crate::{App, AppError, Conflict};

/// A new ticket.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenTicket {
    /// The API that it is about.
    pub api_id: ApiId,
    /// The application that it is about: one that I may change. Whoever else may change it reads the ticket too.
    #[serde(default)]
    pub application_id: Option<ApplicationId>,
    /// What it is about, in one line.
    #[schemars(length(min = 1, max = 150), regex(pattern = octroi_domain::patterns::NAME))]
    pub subject: String,
    /// The first message, in Markdown.
    #[schemars(length(min = 1, max = 10_000), regex(pattern = octroi_domain::patterns::TEXT))]
    pub body: String,
    /// The identifier that the message is to have. The same request again, with the same one, opens nothing more and
    /// gives the same ticket.
    #[serde(default)]
    pub once: Option<TicketMessageId>,
}

/// A message for a ticket.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    /// What it says, in Markdown.
    #[schemars(length(min = 1, max = 10_000), regex(pattern = octroi_domain::patterns::TEXT))]
    pub body: String,
    /// The identifier that the message is to have. The same request again, with the same one, adds nothing and gives
    /// the same message.
    #[serde(default)]
    pub once: Option<TicketMessageId>,
}

/// Columns that two messages cannot share, and the field they come from.
const MESSAGE_KEYS: &[(&str, &str)] = &[("ticket_messages", "once")];

impl App {
    /// An identifier for a message that is being written.
    pub fn new_message_id(&self) -> TicketMessageId {
        TicketMessageId::new(self.now(), self.entropy())
    }

    /// Opens a ticket on an API that `actor` sees.
    pub async fn open_ticket(&self, actor: &Actor, request: OpenTicket) -> Result<TicketView, AppError> {
        let account = writer(actor)?;
        require(actor, Action::TicketOpen, &Parties::of_account(account))?;
        let mut check = Check::new();
        check.within("", check_subject(&request.subject)).within("", check_body(&request.body));
        check.finish()?;
        let mut tx = self.begin().await?;
        // One after the other: neither does a doubled request open two, nor do many at once pass the bound.
        tx.lock_account(account).await?;
        if let Some(first) = sent_before(&mut tx, account, request.once, &request.body).await? {
            let place = tx.ticket(first.ticket_id).await?.ok_or(AppError::NotFound)?;
            if first.position != 1 || place.ticket.subject != request.subject.trim() {
                return Err(AppError::invalid("once", Rule::Taken));
            }
            return Ok(ticket_view(actor, place));
        }
        let api = named_api(&mut tx, actor, request.api_id).await?;
        if let Some(id) = request.application_id {
            check_application(&mut tx, actor, id).await?;
        }
        if tx.count_open_tickets(account).await? >= MAX_OPEN {
            return Err(Conflict::TooManyTickets.into());
        }
        self.admit_writer(actor)?;
        let first = self.insert_ticket(&mut tx, account, &api, request).await?;
        self.audit(&mut tx, actor, "ticket.opened", first.ticket_id, json!({"api": api.id}));
        let place = tx.ticket(first.ticket_id).await?.ok_or(AppError::NotFound)?;
        self.tell_ticket(&mut tx, &place, &first).await?;
        self.commit(tx).await?;
        Ok(ticket_view(actor, place))
    }

    /// Writes a ticket with its first message; gives the message.
    async fn insert_ticket(
        &self,
        tx: &mut Tx,
        account: AccountId,
        api: &Api,
        request: OpenTicket,
    ) -> Result<TicketMessage, AppError> {
        let now = self.now();
        let ticket = Ticket {
            id: TicketId::new(now, self.entropy()),
            api_id: api.id,
            account,
            application_id: request.application_id,
            subject: request.subject.trim().to_owned(),
            state: TicketState::Open,
            messages: 1,
            created_at: now,
            updated_at: now,
        };
        let message = TicketMessage {
            id: request.once.unwrap_or_else(|| self.new_message_id()),
            ticket_id: ticket.id,
            position: 1,
            author: account,
            side: Side::Consumer,
            body: request.body.trim().to_owned(),
            created_at: now,
        };
        tx.insert_ticket(&ticket).await?;
        tx.insert_ticket_message(&message).await.map_err(|error| taken(error, MESSAGE_KEYS))?;
        Ok(message)
    }

    /// Writes in a ticket. A closed one is open again.
    pub async fn reply_ticket(
        &self,
        actor: &Actor,
        id: TicketId,
        reply: Reply,
    ) -> Result<TicketMessageView, AppError> {
        let account = writer(actor)?;
        let mut tx = self.begin().await?;
        let place = hold_ticket(&mut tx, actor, id, Action::TicketReply).await?;
        check_body(&reply.body)?;
        if let Some(sent) = sent_before(&mut tx, account, reply.once, &reply.body).await? {
            if sent.ticket_id != id {
                return Err(AppError::invalid("once", Rule::Taken));
            }
            return signed(&mut tx, sent).await;
        }
        if place.ticket.messages >= MAX_MESSAGES {
            return Err(Conflict::TicketFull.into());
        }
        self.admit_correspondent(account)?;
        let message = self.insert_reply(&mut tx, actor, account, &place, reply).await?;
        self.tell_ticket(&mut tx, &place, &message).await?;
        let view = signed(&mut tx, message).await?;
        self.commit(tx).await?;
        Ok(view)
    }

    /// Adds a message to a held ticket, which moves on with it.
    async fn insert_reply(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        account: AccountId,
        place: &TicketInPlace,
        reply: Reply,
    ) -> Result<TicketMessage, AppError> {
        let now = self.now();
        let side = Side::of(actor, &parties(place));
        let mut ticket = place.ticket.clone();
        let reopened = ticket.state == TicketState::Closed;
        ticket.state = ticket.state.after_message(side);
        ticket.messages += 1;
        ticket.updated_at = now;
        let message = TicketMessage {
            id: reply.once.unwrap_or_else(|| self.new_message_id()),
            ticket_id: ticket.id,
            position: ticket.messages,
            author: account,
            side,
            body: reply.body.trim().to_owned(),
            created_at: now,
        };
        tx.update_ticket(&ticket).await?;
        tx.insert_ticket_message(&message).await.map_err(|error| taken(error, MESSAGE_KEYS))?;
        let details = json!({"message": message.id, "side": side, "reopened": reopened});
        self.audit(tx, actor, "ticket.replied", ticket.id, details);
        Ok(message)
    }

    /// Closes a ticket. One that is closed stays so.
    pub async fn close_ticket(&self, actor: &Actor, id: TicketId) -> Result<TicketView, AppError> {
        writer(actor)?;
        let mut tx = self.begin().await?;
        let mut place = hold_ticket(&mut tx, actor, id, Action::TicketClose).await?;
        if place.ticket.state != TicketState::Closed {
            place.ticket.state = TicketState::Closed;
            place.ticket.updated_at = self.now();
            tx.update_ticket(&place.ticket).await?;
            self.audit(&mut tx, actor, "ticket.closed", id, json!({}));
            self.commit(tx).await?;
        }
        Ok(ticket_view(actor, place))
    }
}

/// Who writes: a person, never the system.
fn writer(actor: &Actor) -> Result<AccountId, AppError> {
    actor.account_id().ok_or(AppError::SignIn)
}

/// The ticket `id` if `actor` may do `action` to it, with others who want to write in it waiting.
async fn hold_ticket(
    tx: &mut Tx,
    actor: &Actor,
    id: TicketId,
    action: Action,
) -> Result<TicketInPlace, AppError> {
    let place = tx.ticket(id).await?.ok_or(AppError::NotFound)?;
    require(actor, action, &parties(&place))?;
    tx.lock_ticket(id).await?;
    tx.ticket(id).await?.ok_or(AppError::NotFound)
}

/// The message that `account` has sent before under the identifier `once`. Another's, or one that says something else, is
/// told as a field that is wrong: nothing that was written is taken for sent.
async fn sent_before(
    session: &mut Session,
    account: AccountId,
    once: Option<TicketMessageId>,
    body: &str,
) -> Result<Option<TicketMessage>, AppError> {
    let Some(id) = once else { return Ok(None) };
    match session.ticket_message(id).await? {
        Some(sent) if sent.author != account || sent.body != body.trim() => {
            Err(AppError::invalid("once", Rule::Taken))
        }
        found => Ok(found),
    }
}

async fn named_api(session: &mut Session, actor: &Actor, id: ApiId) -> Result<Api, AppError> {
    let seen = session.api_seen(viewer(actor), id).await?;
    seen.ok_or_else(|| AppError::invalid("api_id", Rule::Unknown))
}

/// Whether `actor` answers for the application.
async fn check_application(session: &mut Session, actor: &Actor, id: ApplicationId) -> Result<(), AppError> {
    let found = session.application(id).await?.map(|listed| listed.application.organization_id);
    let answers = |owner| require(actor, Action::ApplicationManage, &Parties::owned_by(owner)).is_ok();
    if found.is_some_and(answers) { Ok(()) } else { Err(AppError::invalid("application_id", Rule::Unknown)) }
}

/// A message with its writer's name.
async fn signed(session: &mut Session, message: TicketMessage) -> Result<TicketMessageView, AppError> {
    let author = session.account(message.author).await?.map(|a| format!("{} {}", a.first_name, a.last_name));
    Ok(SignedMessage { message, author }.into())
}
