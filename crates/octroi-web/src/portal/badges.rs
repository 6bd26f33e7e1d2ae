//! States as stamps: a colour, a sign and a word.

use askama::Template;
use octroi_domain::account::AccountState;
use octroi_domain::api::ApiState;
use octroi_domain::application::ApplicationState;
use octroi_domain::credential::Standing;
use octroi_domain::job::JobState;
use octroi_domain::subscription::SubscriptionState;
use octroi_domain::ticket::TicketState;

use super::apis::words;
use super::shell::Shell;

/// A stamp. Written into a page by `{{ badge|safe }}`.
#[derive(Template)]
#[template(source = "<span class=\"badge {{ form }}\">{{ word }}</span>", ext = "html")]
pub(super) struct Badge {
    form: &'static str,
    word: String,
}

/// Something that has a state.
pub(super) trait State: Copy {
    /// The stamp's form and the sentence of its word.
    fn stamp(self) -> (&'static str, &'static str);

    /// The stamp in the page's language.
    fn badge(self, shell: &Shell) -> Badge {
        let (form, word) = self.stamp();
        Badge { form, word: shell.say(word) }
    }
}

impl State for TicketState {
    fn stamp(self) -> (&'static str, &'static str) {
        match self {
            Self::Open => ("badge--waiting", "ticket-open"),
            Self::Answered => ("badge--admitted", "ticket-answered"),
            Self::Closed => ("badge--closed", "ticket-closed"),
        }
    }
}

impl State for SubscriptionState {
    fn stamp(self) -> (&'static str, &'static str) {
        match self {
            Self::Pending => ("badge--waiting", "subscription-pending"),
            Self::Active => ("badge--admitted", "subscription-active"),
            Self::Rejected => ("badge--refused", "subscription-rejected"),
            Self::Paused => ("badge--paused", "subscription-paused"),
            Self::Closed => ("badge--closed", "subscription-closed"),
        }
    }
}

impl State for Standing {
    fn stamp(self) -> (&'static str, &'static str) {
        match self {
            Self::Active => ("badge--admitted", "key-active"),
            Self::Grace => ("badge--waiting", "key-grace"),
            Self::Paused => ("badge--paused", "key-paused"),
            Self::Expired => ("badge--closed", "key-expired"),
            Self::Revoked => ("badge--refused", "key-revoked"),
        }
    }
}

impl State for ApplicationState {
    fn stamp(self) -> (&'static str, &'static str) {
        match self {
            Self::Active => ("badge--admitted", "application-active"),
            Self::Archived => ("badge--closed", "application-archived"),
        }
    }
}

impl State for ApiState {
    fn stamp(self) -> (&'static str, &'static str) {
        let state = words::State(self);
        (state.badge(), state.id())
    }
}

impl State for AccountState {
    fn stamp(self) -> (&'static str, &'static str) {
        match self {
            Self::Unverified => ("badge--waiting", "operator-unverified"),
            Self::Active => ("badge--admitted", "operator-active"),
            Self::Suspended => ("badge--paused", "operator-suspended"),
        }
    }
}

impl State for JobState {
    fn stamp(self) -> (&'static str, &'static str) {
        match self {
            Self::Ready => ("badge--waiting", "operator-ready"),
            Self::Running => ("badge--admitted", "operator-running"),
            Self::Dead => ("badge--refused", "operator-dead"),
        }
    }
}
