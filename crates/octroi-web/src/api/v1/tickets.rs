//! Tickets: threads between those who use an API and those who provide it.

use octroi_app::page::Page;
use octroi_app::tickets::{
    OpenTicket, Reply, TicketCountQuery, TicketCounts, TicketFilter, TicketMessageView, TicketView,
};
use octroi_app::{AppError, Conflict};
use octroi_domain::ids::TicketId;
use octroi_domain::permission::Action;

use crate::api::call::{Call, Json};
use crate::api::route::{Row, get, post};

const TAG: &str = "tickets";

pub(super) fn rows() -> Vec<Row> {
    vec![
        get("/api/v1/tickets", "listTickets", list)
            .says(TAG, "Tickets that I opened, or of an API that I provide, newest first")
            .permits(Action::TicketRead)
            .paged(),
        post("/api/v1/tickets", "openTicket", open)
            .says(TAG, "Open a ticket on an API, with a first message to those who provide it")
            .more("Who names `once` may send the same request again: the first one counts, and its ticket is the answer.")
            .permits(Action::TicketOpen)
            .created("/api/v1/tickets/{}", "/id")
            .conflicts([Conflict::TooManyTickets]),
        get("/api/v1/ticket-counts", "getTicketCounts", counts)
            .says(TAG, "How many tickets of an API that I provide wait for whom")
            .permits(Action::TicketRead),
        get("/api/v1/tickets/{ticket_id}", "getTicket", read)
            .says(TAG, "One ticket, without its messages")
            .permits(Action::TicketRead),
        get("/api/v1/tickets/{ticket_id}/messages", "listTicketMessages", messages)
            .says(TAG, "What was written in a ticket, in order")
            .permits(Action::TicketRead)
            .paged(),
        post("/api/v1/tickets/{ticket_id}/messages", "replyTicket", reply)
            .says(TAG, "Write in a ticket; a closed one is open again")
            .more("Who names `once` may send the same request again: the first one counts, and its message is the answer.")
            .permits(Action::TicketReply)
            .status(http::StatusCode::CREATED)
            .conflicts([Conflict::TicketFull]),
        post("/api/v1/tickets/{ticket_id}/close", "closeTicket", close)
            .says(TAG, "Close a ticket, until somebody writes in it again")
            .permits(Action::TicketClose),
    ]
}

type One = (TicketId,);
type Shown = Result<Json<TicketView>, AppError>;

async fn list(call: Call<(), TicketFilter>) -> Result<Json<Page<TicketView>>, AppError> {
    call.app.tickets(&call.actor, &call.query, &call.page).await.map(Json)
}

async fn open(call: Call<(), (), Json<OpenTicket>>) -> Shown {
    call.app.open_ticket(&call.actor, call.body.0).await.map(Json)
}

async fn counts(call: Call<(), TicketCountQuery>) -> Result<Json<TicketCounts>, AppError> {
    call.app.ticket_counts(&call.actor, call.query.api_id).await.map(Json)
}

async fn read(call: Call<One>) -> Shown {
    call.app.ticket(&call.actor, call.path.0).await.map(Json)
}

async fn messages(call: Call<One>) -> Result<Json<Page<TicketMessageView>>, AppError> {
    call.app.ticket_messages(&call.actor, call.path.0, &call.page).await.map(Json)
}

async fn reply(call: Call<One, (), Json<Reply>>) -> Result<Json<TicketMessageView>, AppError> {
    call.app.reply_ticket(&call.actor, call.path.0, call.body.0).await.map(Json)
}

async fn close(call: Call<One>) -> Shown {
    call.app.close_ticket(&call.actor, call.path.0).await.map(Json)
}
