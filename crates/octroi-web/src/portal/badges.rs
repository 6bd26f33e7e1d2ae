//! States as stamps: a colour, a sign and a word.

use askama::Template;
use octroi_domain::account::AccountState;
use octroi_domain::api::ApiState;
use octroi_domain::job::JobState;
use octroi_domain::subscription::SubscriptionState;
use octroi_domain::ticket::TicketState;

use super::shell::Shell;

/// A stamp. Written into a page by `{{ badge|safe }}`.
#[derive(Template)]
#[template(source = "<span class=\"badge badge--{{ tone }}\">{{ word }}</span>", ext = "html")]
pub(super) struct Badge {
    tone: &'static str,
    word: String,
}

/// Something that has a state.
pub(super) trait State: Copy {
    /// The stamp's tone and the sentence of its word.
    fn stamp(self) -> (&'static str, &'static str);

    /// The stamp in the page's language.
    fn badge(self, shell: &Shell) -> Badge {
        let (tone, word) = self.stamp();
        Badge { tone, word: shell.say(word) }
    }
}

impl State for TicketState {
    fn stamp(self) -> (&'static str, &'static str) {
        match self {
            Self::Open => ("waiting", "ticket-open"),
            Self::Answered => ("admitted", "ticket-answered"),
            Self::Closed => ("closed", "ticket-closed"),
        }
    }
}

impl State for SubscriptionState {
    fn stamp(self) -> (&'static str, &'static str) {
        match self {
            Self::Pending => ("waiting", "provider-pending"),
            Self::Active => ("admitted", "provider-active"),
            Self::Rejected => ("refused", "provider-rejected"),
            Self::Paused => ("paused", "provider-paused"),
            Self::Closed => ("closed", "provider-closed"),
        }
    }
}

impl State for ApiState {
    fn stamp(self) -> (&'static str, &'static str) {
        match self {
            Self::Draft => ("waiting", "state-draft"),
            Self::Published => ("admitted", "state-published"),
            Self::Deprecated => ("paused", "state-deprecated"),
            Self::Retired => ("closed", "state-retired"),
        }
    }
}

impl State for AccountState {
    fn stamp(self) -> (&'static str, &'static str) {
        match self {
            Self::Unverified => ("waiting", "operator-unverified"),
            Self::Active => ("admitted", "operator-active"),
            Self::Suspended => ("paused", "operator-suspended"),
        }
    }
}

impl State for JobState {
    fn stamp(self) -> (&'static str, &'static str) {
        match self {
            Self::Ready => ("waiting", "operator-ready"),
            Self::Running => ("admitted", "operator-running"),
            Self::Dead => ("refused", "operator-dead"),
        }
    }
}
