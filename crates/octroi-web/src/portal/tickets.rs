//! Tickets for people: one's own threads, those on one API, and a thread itself.

use askama::Template;
use http::StatusCode;
use octroi_app::AppError;
use octroi_app::applications::{ApplicationFilter, ApplicationView};
use octroi_app::mail::pages::ticket as place;
use octroi_app::page::PageRequest;
use octroi_app::tickets::{OpenTicket, Reply, TicketFilter, TicketMessageView, TicketView, Writer};
use octroi_domain::application::ApplicationState;
use octroi_domain::ids::{TicketId, TicketMessageId};
use octroi_domain::organization::Role;
use octroi_domain::permission::Action;
use octroi_domain::ticket::{MAX_BODY, MAX_MESSAGES, MAX_SUBJECT, Side, TicketState};
use octroi_domain::validate::{Rule, Violation};

use super::answer;
use super::apis::{Frame, Tab};
use super::badges::{Badge, State as _};
use super::fields::{Choice, Choices, Field, FormState, Kind, Summary};
use super::gate::{Form, PageError, PageResult};
use super::lists::{self, Pager};
use super::path::{ApiPath, Id};
use super::refused::Refused;
use super::route::{Access, PageRow, get, post};
use super::shell::{Section, Shell};
use super::visitor::Visitor;
use crate::field::FieldError;
use crate::form::Fields;
use crate::markdown::{self, Setting};

/// Messages of a thread on one page.
const SHOWN: u32 = 50;

/// Applications that the form offers at most.
const OFFERED: u32 = 100;

pub(super) fn pages() -> Vec<PageRow> {
    const ON_API: &str = "/apis/{slug}/{version}/tickets";
    const THREAD: &str = "/tickets/{ticket_id}";
    vec![
        get("/tickets", Access::SignedIn, mine),
        get(ON_API, Access::SignedIn, on_api),
        post(ON_API, Access::SignedIn, open),
        get(THREAD, Access::May(Action::TicketRead), thread),
        post(THREAD, Access::May(Action::TicketReply), reply),
        post("/tickets/{ticket_id}/close", Access::May(Action::TicketClose), close),
    ]
}

/// A ticket as a list shows it.
pub(super) struct Listed {
    pub(super) ticket: TicketView,
    pub(super) badge: Badge,
    pub(super) updated: String,
}

impl Listed {
    pub(super) fn all(shell: &Shell, tickets: Vec<TicketView>) -> Vec<Self> {
        let listed = |ticket: TicketView| Self {
            badge: ticket.state.badge(shell),
            updated: shell.moment(&ticket.updated_at),
            ticket,
        };
        tickets.into_iter().map(listed).collect()
    }
}

/// The states of a ticket that a list can be held to.
pub(super) const STATES: [(&str, TicketState); 3] =
    [("open", TicketState::Open), ("answered", TicketState::Answered), ("closed", TicketState::Closed)];

/// The state that the address asks for, where it names one.
pub(super) fn state_asked(visitor: &Visitor) -> Option<TicketState> {
    let asked = visitor.query("state")?;
    STATES.iter().find(|(word, _)| *word == asked).map(|(_, state)| *state)
}

/// The choice among the states of a ticket.
pub(super) fn state_choices(visitor: &Visitor, shell: &Shell) -> Choices {
    let all = Choice { value: String::new(), label: shell.say("list-all"), hint: None };
    let states = STATES.iter().map(|(word, state)| Choice {
        value: (*word).to_owned(),
        label: shell.say(state.stamp().1),
        hint: None,
    });
    let chosen = visitor.query("state").unwrap_or_default();
    let form = FormState::filled(shell, [("state", chosen.as_str())]);
    form.choices("state", "list-state", std::iter::once(all).chain(states).collect()).unfolding()
}

#[derive(Template)]
#[template(path = "tickets/mine.html")]
struct Mine<'a> {
    shell: &'a Shell,
    tickets: Vec<Listed>,
    states: Choices,
    filtered: bool,
    pager: Pager<'a>,
}

async fn mine(visitor: Visitor) -> PageResult {
    let shell = visitor.shell(Section::Account);
    let filter = TicketFilter { api_id: None, state: state_asked(&visitor), mine: true };
    let page = visitor.app().tickets(visitor.actor(), &filter, &lists::part(&visitor)).await?;
    let template = Mine {
        states: state_choices(&visitor, &shell),
        filtered: filter.state.is_some() || visitor.query("cursor").is_some(),
        pager: Pager::of(&visitor, &shell, page.next_cursor.as_deref()),
        tickets: Listed::all(&shell, page.items),
        shell: &shell,
    };
    answer::ok(&shell, &template)
}

#[derive(Template)]
#[template(path = "tickets/on-api.html")]
struct OnApi<'a> {
    shell: &'a Shell,
    frame: &'a Frame,
    here: String,
    tickets: Vec<Listed>,
    pager: Pager<'a>,
    form: FormState<'a>,
    summary: Summary<'a>,
    application: Option<Choices>,
    subject: Field,
    body: Field,
    once: String,
}

async fn on_api(visitor: Visitor, path: ApiPath) -> PageResult {
    let frame = framed(&visitor, &path).await?;
    let shell = visitor.shell(Section::Catalogue);
    show_on_api(&visitor, &shell, &frame, FormState::new(&shell), StatusCode::OK).await
}

/// The frame of the API's pages.
async fn framed(visitor: &Visitor, path: &ApiPath) -> Result<Frame, AppError> {
    let api = visitor.app().api_by_slug(visitor.actor(), &path.slug, Some(&path.version)).await?;
    Ok(Frame::of(api, Tab::Tickets))
}

/// Opens a ticket. What is wrong is shown beside what was typed.
async fn open(visitor: Visitor, path: ApiPath, sent: Form) -> PageResult {
    let frame = framed(&visitor, &path).await?;
    let shell = visitor.shell(Section::Catalogue);
    let wrong = |errors| FormState::wrong(&shell, &sent, errors);
    let application_id = match sent.some("application_id").map(|id| id.parse()) {
        None => None,
        Some(Ok(id)) => Some(id),
        Some(Err(_)) => {
            let violation = Violation { field: "application_id".into(), rule: Rule::Unknown };
            let form = wrong(vec![FieldError::from(violation)]);
            return show_on_api(&visitor, &shell, &frame, form, StatusCode::UNPROCESSABLE_ENTITY).await;
        }
    };
    let request = OpenTicket {
        api_id: frame.api.id,
        application_id,
        subject: sent.text("subject"),
        body: lines(sent.one("body")),
        once: once_of(&sent),
    };
    match visitor.app().open_ticket(visitor.actor(), request).await {
        Ok(ticket) => answer::done(&place(ticket.id), "notice-ticket-opened"),
        Err(error) => {
            let refused = refused(error)?;
            show_on_api(&visitor, &shell, &frame, wrong(refused.errors), refused.status).await
        }
    }
}

async fn show_on_api(
    visitor: &Visitor,
    shell: &Shell,
    frame: &Frame,
    form: FormState<'_>,
    status: StatusCode,
) -> PageResult {
    let filter = TicketFilter { api_id: Some(frame.api.id), state: None, mine: true };
    let page = visitor.app().tickets(visitor.actor(), &filter, &lists::part(visitor)).await?;
    let application = application_choice(visitor, shell, &form).await?;
    let subject = form.field("subject", Kind::Text, "ticket-subject").max(MAX_SUBJECT as u32);
    let body = form.field("body", Kind::Lines, "ticket-body").hint(shell, "ticket-markdown");
    let template = OnApi {
        here: format!("{}/tickets", frame.base),
        pager: Pager::of(visitor, shell, page.next_cursor.as_deref()),
        tickets: Listed::all(shell, page.items),
        summary: form.summary(&["application_id", "subject", "body"]),
        application,
        subject,
        body: body.max(MAX_BODY as u32),
        once: once_for(visitor, &form),
        shell,
        frame,
        form,
    };
    Ok(answer::page(status, shell.language, &template))
}

/// The applications that the visitor answers for; none where there is none to choose.
async fn application_choice(
    visitor: &Visitor,
    shell: &Shell,
    form: &FormState<'_>,
) -> Result<Option<Choices>, AppError> {
    let part = PageRequest { limit: Some(OFFERED), cursor: None };
    let filter = ApplicationFilter::default();
    let page = visitor.app().applications(visitor.actor(), &filter, &part).await?;
    let answers = |application: &ApplicationView| {
        application.state == ApplicationState::Active
            && visitor.actor().role_in(application.organization_id) >= Some(Role::Developer)
    };
    let none = Choice { value: String::new(), label: shell.say("ticket-no-application"), hint: None };
    let own: Vec<Choice> = page
        .items
        .into_iter()
        .filter(answers)
        .map(|application| Choice { value: application.id.to_string(), label: application.name, hint: None })
        .collect();
    if own.is_empty() {
        return Ok(None);
    }
    let all = std::iter::once(none).chain(own).collect();
    let choices = form.choices("application_id", "ticket-application", all);
    Ok(Some(choices.hint(shell, "ticket-application-hint").unfolding()))
}

/// A message as its thread shows it.
struct Said {
    position: i64,
    author: String,
    side: String,
    own: bool,
    moment: String,
    html: String,
}

#[derive(Template)]
#[template(path = "tickets/thread.html")]
struct Thread<'a> {
    shell: &'a Shell,
    ticket: &'a TicketView,
    badge: Badge,
    here: String,
    messages: Vec<Said>,
    /// Where the thread begins, when this is not its beginning.
    beginning: Option<String>,
    /// Where it goes on.
    next: Option<String>,
    form: FormState<'a>,
    summary: Summary<'a>,
    body: Field,
    once: String,
    is_full: bool,
}

impl Thread<'_> {
    fn is_closed(&self) -> bool {
        self.ticket.state == TicketState::Closed
    }
}

async fn thread(visitor: Visitor, Id(id): Id<TicketId>) -> PageResult {
    let shell = visitor.shell(Section::Account);
    show_thread(&visitor, &shell, id, FormState::new(&shell), StatusCode::OK).await
}

async fn reply(visitor: Visitor, Id(id): Id<TicketId>, sent: Form) -> PageResult {
    let shell = visitor.shell(Section::Account);
    let request = Reply { body: lines(sent.one("body")), once: once_of(&sent) };
    match visitor.app().reply_ticket(visitor.actor(), id, request).await {
        Ok(message) => {
            let to = format!("{}#message-{}", place(id), message.position);
            answer::done(&to, "notice-ticket-sent")
        }
        Err(error) => {
            let refused = refused(error)?;
            let form = FormState::wrong(&shell, &sent, refused.errors);
            show_thread(&visitor, &shell, id, form, refused.status).await
        }
    }
}

async fn close(visitor: Visitor, Id(id): Id<TicketId>) -> PageResult {
    visitor.app().close_ticket(visitor.actor(), id).await?;
    answer::done(&place(id), "notice-ticket-closed")
}

async fn show_thread(
    visitor: &Visitor,
    shell: &Shell,
    id: TicketId,
    form: FormState<'_>,
    status: StatusCode,
) -> PageResult {
    let ticket = visitor.app().ticket(visitor.actor(), id).await?;
    let cursor = visitor.query("cursor").filter(|cursor| !cursor.is_empty());
    let (part, is_beginning) = match (cursor, visitor.query("from").is_some()) {
        (Some(cursor), _) => (PageRequest { limit: Some(SHOWN), cursor: Some(cursor) }, false),
        (None, true) => (PageRequest { limit: Some(SHOWN), cursor: None }, true),
        // The end of a long thread is what its reader came for.
        (None, false) => {
            let before = (ticket.messages - i64::from(SHOWN)).max(0);
            (PageRequest::after(before, SHOWN), before == 0)
        }
    };
    let page = visitor.app().ticket_messages(visitor.actor(), id, &part).await?;
    let here = place(id);
    let label = if ticket.state == TicketState::Closed { "ticket-reopen" } else { "ticket-reply" };
    let body = form.field("body", Kind::Lines, label).hint(shell, "ticket-markdown").max(MAX_BODY as u32);
    let template = Thread {
        badge: ticket.state.badge(shell),
        messages: page.items.into_iter().map(|message| said(visitor, shell, message)).collect(),
        beginning: (!is_beginning).then(|| format!("{here}?from=start")),
        next: page.next_cursor.map(|cursor| format!("{here}?cursor={cursor}")),
        summary: form.summary(&["body"]),
        body,
        once: once_for(visitor, &form),
        is_full: ticket.messages >= MAX_MESSAGES,
        ticket: &ticket,
        here,
        shell,
        form,
    };
    Ok(answer::page(status, shell.language, &template))
}

fn said(visitor: &Visitor, shell: &Shell, message: TicketMessageView) -> Said {
    let (table_label, code_label) = (shell.say("markdown-table"), shell.say("markdown-code"));
    let prefix = format!("message-{}-", message.position);
    let setting =
        Setting { top: 2, prefix: &prefix, title: "", table_label: &table_label, code_label: &code_label };
    Said {
        position: message.position,
        side: shell.say(side_word(message.side)),
        own: visitor.actor().account_id() == Some(message.author.id),
        author: name(shell, &message.author),
        moment: shell.moment(&message.created_at),
        html: markdown::render(&message.body, &setting).html,
    }
}

const fn side_word(side: Side) -> &'static str {
    match side {
        Side::Consumer => "ticket-side-consumer",
        Side::Provider => "ticket-side-provider",
        Side::Operator => "ticket-side-operator",
    }
}

/// The name of somebody who wrote; those who were erased have none.
pub(super) fn name(shell: &Shell, writer: &Writer) -> String {
    writer.name.clone().unwrap_or_else(|| shell.say("ticket-erased"))
}

/// Browsers send the ends of lines as two characters (HTML, 4.10.11), of which one is counted.
fn lines(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// The identifier that the form proposes for its message.
fn once_of(sent: &Fields) -> Option<TicketMessageId> {
    sent.one("once").parse().ok()
}

/// The identifier that a form is to propose: the same after a mistake, another once a message has it.
fn once_for(visitor: &Visitor, form: &FormState<'_>) -> String {
    match form.value("once").parse::<TicketMessageId>() {
        Ok(id) if !form.is_about("once") => id.to_string(),
        _ => visitor.app().new_message_id().to_string(),
    }
}

/// What the form can mend. One that was sent before with another text is told so: whoever sends it again means it.
fn refused(error: AppError) -> Result<Refused, PageError> {
    let told = |violation: Violation| match violation {
        Violation { field, rule: Rule::Taken } if field == "once" => FieldError::sent_before("once"),
        other => FieldError::from(other),
    };
    match error {
        AppError::Invalid(violations) => Ok(Refused::fields(violations.into_iter().map(told))),
        AppError::Conflict(conflict) => {
            Ok(Refused { status: StatusCode::CONFLICT, errors: vec![FieldError::conflict("body", conflict)] })
        }
        other => Refused::by(other, "body"),
    }
}
