//! States as stamps: a colour, a sign and a word.

use askama::Template;
use octroi_domain::application::ApplicationState;
use octroi_domain::credential::Standing;
use octroi_domain::subscription::SubscriptionState;

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

impl State for SubscriptionState {
    fn stamp(self) -> (&'static str, &'static str) {
        match self {
            Self::Pending => ("waiting", "subscription-pending"),
            Self::Active => ("admitted", "subscription-active"),
            Self::Rejected => ("refused", "subscription-rejected"),
            Self::Paused => ("paused", "subscription-paused"),
            Self::Closed => ("closed", "subscription-closed"),
        }
    }
}

impl State for Standing {
    fn stamp(self) -> (&'static str, &'static str) {
        match self {
            Self::Active => ("admitted", "key-active"),
            Self::Grace => ("waiting", "key-grace"),
            Self::Paused => ("paused", "key-paused"),
            Self::Expired => ("closed", "key-expired"),
            Self::Revoked => ("refused", "key-revoked"),
        }
    }
}

impl State for ApplicationState {
    fn stamp(self) -> (&'static str, &'static str) {
        match self {
            Self::Active => ("admitted", "application-active"),
            Self::Archived => ("closed", "application-archived"),
        }
    }
}
