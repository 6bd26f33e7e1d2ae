//! Where I am signed in, and signing out from afar.

use askama::Template;
use octroi_app::mail::pages::SESSIONS;
use octroi_app::sessions::SessionView;
use octroi_domain::ids::BrowserSessionId;

use super::{Tab, tabs};
use crate::portal::answer;
use crate::portal::gate::PageResult;
use crate::portal::path::Id;
use crate::portal::route::{Access, PageRow, get, post};
use crate::portal::shell::{Section, Shell};
use crate::portal::visitor::Visitor;

pub(super) fn pages() -> Vec<PageRow> {
    vec![
        get(SESSIONS, Access::SignedIn, show),
        post("/account/sessions/{session_id}/end", Access::SignedIn, end),
        post("/account/sessions/end-others", Access::SignedIn, end_others),
    ]
}

#[derive(Template)]
#[template(path = "account/sessions.html")]
struct SessionsPage<'a> {
    shell: &'a Shell,
    tabs: Vec<Tab>,
    sessions: &'a [SessionView],
    /// The one in use.
    this: BrowserSessionId,
}

impl SessionsPage<'_> {
    fn is_this(&self, session: &SessionView) -> bool {
        session.id == self.this
    }

    fn browser(&self, session: &SessionView) -> String {
        session.browser.clone().unwrap_or_else(|| self.shell.say("sessions-unknown-browser"))
    }
}

async fn show(visitor: Visitor) -> PageResult {
    let person = visitor.signed_in()?;
    let sessions = visitor.app().sessions(&person.actor).await?;
    let shell = visitor.shell(Section::Account);
    let page = SessionsPage {
        shell: &shell,
        tabs: tabs(&shell, SESSIONS),
        sessions: &sessions,
        this: person.session,
    };
    answer::ok(&shell, &page)
}

async fn end(visitor: Visitor, Id(id): Id<BrowserSessionId>) -> PageResult {
    visitor.app().end_session(visitor.actor(), id).await?;
    answer::done(SESSIONS, "notice-session-ended")
}

async fn end_others(visitor: Visitor) -> PageResult {
    let person = visitor.signed_in()?;
    visitor.app().end_other_sessions(&person.actor, Some(person.session)).await?;
    answer::done(SESSIONS, "notice-sessions-ended")
}
