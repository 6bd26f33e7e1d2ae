//! Who is told of what is written in a ticket: the other side, in the commit of the message.

use octroi_domain::account::{Account, AccountState};
use octroi_domain::ticket::{Side, TicketMessage};
use octroi_store::{TicketInPlace, Tx};

use super::correspondents;
use super::people::TicketMail;
use crate::mail::{TicketNews, pages};
use crate::{App, AppError};

impl App {
    /// Tells those who provide the API, or who opened the ticket, of a message that was just written.
    pub(crate) async fn tell_ticket(
        &self,
        tx: &mut Tx,
        place: &TicketInPlace,
        message: &TicketMessage,
    ) -> Result<(), AppError> {
        let recipients = readers(tx, place, message).await?;
        if recipients.is_empty() {
            return Ok(());
        }
        let author = tx.account(message.author).await?.ok_or(AppError::NotFound)?;
        let mail = TicketMail {
            news: if message.position == 1 { TicketNews::Opened } else { TicketNews::Answered },
            subject: &place.ticket.subject,
            api: &place.api_name,
            author: &format!("{} {}", author.first_name, author.last_name),
            text: &message.body,
            page: pages::ticket(place.ticket.id),
        };
        self.mail_ticket(tx, &recipients, &mail).await
    }
}

/// Those who wait for the message: the provider's developers for what the consumer writes, the opener for what the
/// provider writes, both for the operator's word; never the writer.
async fn readers(
    tx: &mut Tx,
    place: &TicketInPlace,
    message: &TicketMessage,
) -> Result<Vec<Account>, AppError> {
    let mut readers = match message.side {
        Side::Provider => Vec::new(),
        Side::Consumer | Side::Operator => correspondents(tx, place.provider, Some(message.author)).await?,
    };
    let opener = place.ticket.account;
    if message.side != Side::Consumer
        && opener != message.author
        && readers.iter().all(|reader| reader.id != opener)
        && let Some(account) = tx.account(opener).await?
        && account.state == AccountState::Active
    {
        readers.push(account);
    }
    Ok(readers)
}
