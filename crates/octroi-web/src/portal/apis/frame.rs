//! What stands around every page of an API: its name and state, the way to subscribe, its tabs.

use octroi_app::catalog::{ApiView, PlanView};
use octroi_domain::api::{ApiState, Language, Placement};
use octroi_domain::plan::{PlanState, Security};

use crate::portal::gate::PageError;
use crate::portal::path::ApiPath;
use crate::portal::shell::Shell;
use crate::portal::visitor::Visitor;

use super::words;

/// A tab of an API's pages: each is a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tab {
    General,
    Documentation,
    Contact,
    Tickets,
}

impl Tab {
    const ALL: [Self; 4] = [Self::General, Self::Documentation, Self::Contact, Self::Tickets];

    const fn label(self) -> &'static str {
        match self {
            Self::General => "api-tab-general",
            Self::Documentation => "api-tab-documentation",
            Self::Contact => "api-tab-contact",
            Self::Tickets => "api-tab-tickets",
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::General => "",
            Self::Documentation => "/documentation",
            Self::Contact => "/contact",
            Self::Tickets => "/tickets",
        }
    }
}

/// See the module. Templates of an API's pages extend `apis/frame.html` and hold one as `frame`.
pub(crate) struct Frame {
    pub(crate) api: ApiView,
    /// Where the pages of this version begin.
    pub(crate) base: String,
    pub(crate) tab: Tab,
    /// Whether somebody can subscribe.
    pub(crate) takes_subscriptions: bool,
}

impl Frame {
    /// The frame of the version that an address names, for a page under `tab`.
    pub(super) async fn at(visitor: &Visitor, place: ApiPath, tab: Tab) -> Result<Self, PageError> {
        let ApiPath { slug, version } = place;
        Ok(Self::of(visitor.app().api_by_slug(visitor.actor(), &slug, Some(&version)).await?, tab))
    }

    /// The frame of an API that somebody sees.
    pub(crate) fn of(api: ApiView, tab: Tab) -> Self {
        Self {
            base: format!("/apis/{}/{}", api.slug, api.version),
            takes_subscriptions: api.state == ApiState::Published
                && api.plans.iter().any(PlanView::is_open_to_requests),
            tab,
            api,
        }
    }

    /// The tabs: label, address, whether it is this one.
    pub(crate) fn tabs(&self, shell: &Shell) -> Vec<(String, String, bool)> {
        let tab =
            |tab: &Tab| (shell.say(tab.label()), format!("{}{}", self.base, tab.path()), *tab == self.tab);
        Tab::ALL.iter().map(tab).collect()
    }

    /// What stands on the provider's plate.
    pub(crate) fn plate(&self) -> String {
        words::plate(&self.api.provider.slug)
    }

    pub(crate) fn state(&self) -> words::State {
        words::State(self.api.state)
    }

    /// Plans that are offered.
    pub(super) fn plans(&self) -> impl Iterator<Item = &PlanView> {
        self.api.plans.iter().filter(|plan| plan.state == PlanState::Published)
    }

    /// Where the credential stands in a call, under the plans that are offered.
    pub(crate) fn placements(&self) -> Vec<Placement> {
        let gives = |security| self.plans().any(|plan| plan.security == security);
        match self.api.credentials.first() {
            Some(placement) if gives(Security::ApiKey) => vec![placement.clone()],
            _ if gives(Security::Oauth2) => vec![Placement::Bearer],
            _ => Vec::new(),
        }
    }

    /// The environment variable that stands for the key in examples.
    pub(crate) fn variable(&self, language: Language) -> String {
        let word = if language == Language::Fr { "CLE" } else { "KEY" };
        format!("{word}_{}", self.api.slug.to_uppercase().replace('-', "_"))
    }
}
