//! The key card: everything about the key of one subscription, and how to make the first call with it. A key that is
//! kept is shown in answer to a form alone, so that the trail knows of it.

use askama::Template;
use octroi_app::credentials::{CredentialView, curl};
use octroi_app::subscriptions::{SubscriptionCard, SubscriptionView};
use octroi_domain::api::Placement;
use octroi_domain::credential::Standing;
use octroi_domain::permission::{Action, Parties};
use octroi_domain::plan::Security;
use octroi_domain::subscription::SubscriptionState;

use super::keys::grace_choices;
use super::{offer, subscriptions};
use crate::portal::badges::State as _;
use crate::portal::fields::{Choices, FormState};
use crate::portal::shell::Shell;
use crate::portal::visitor::Visitor;

/// The card. Written into a page by `{{ card|safe }}`.
#[derive(Template)]
#[template(path = "work/keycard.html")]
pub(super) struct KeyCard<'a> {
    shell: &'a Shell,
    card: &'a SubscriptionCard,
    subscription: &'a SubscriptionView,
    /// The youngest key that is in use or paused; else the youngest of all.
    key: Option<&'a CredentialView>,
    /// Keys that were replaced and are still admitted for a while.
    old: Vec<&'a CredentialView>,
    /// The key itself, where it was asked for or made just now.
    secret: Option<&'a str>,
    limits: String,
    command: String,
    grace: Choices,
    may_reveal: bool,
    may_manage: bool,
    may_revoke: bool,
    /// Tells this card's parts from those of another card on its page.
    mark: String,
    /// Whether the key was made just now: nothing is done to it here.
    fresh: bool,
}

impl<'a> KeyCard<'a> {
    pub(super) fn new(
        visitor: &Visitor,
        shell: &'a Shell,
        card: &'a SubscriptionCard,
        secret: Option<&'a str>,
    ) -> Self {
        let subscription = &card.subscription;
        let parties = Parties::between(subscription.organization_id, card.provider);
        let may = |action| visitor.may(action, &parties);
        let current = card.keys.iter().find(|key| is_current(key));
        Self {
            shell,
            card,
            subscription,
            key: current.or(card.keys.first()),
            old: card.keys.iter().filter(|key| key.standing == Standing::Grace).collect(),
            secret,
            limits: offer::limits(shell, &subscription.plan.limits),
            command: written(shell, card, secret),
            grace: grace_choices(shell, &FormState::new(shell)),
            may_reveal: may(Action::CredentialReveal),
            may_manage: may(Action::CredentialManage),
            may_revoke: may(Action::CredentialRevoke),
            mark: String::new(),
            fresh: false,
        }
    }

    /// The card of a key that was made just now; `mark` tells it from others on its page.
    pub(super) fn fresh(mut self, mark: &str) -> Self {
        self.fresh = true;
        mark.clone_into(&mut self.mark);
        self
    }

    fn address(&self) -> String {
        subscriptions::address(self.subscription.application.id, self.subscription.id)
    }

    fn opens_by_key(&self) -> bool {
        self.subscription.plan.security == Security::ApiKey
    }

    /// Whether calls are let in by this subscription, or would be once it is resumed.
    fn is_open(&self) -> bool {
        matches!(self.subscription.state, SubscriptionState::Active | SubscriptionState::Paused)
    }

    /// Whether the key can be used, or resumed.
    fn usable(&self) -> bool {
        self.key.is_some_and(is_current)
    }

    fn can_reveal(&self) -> bool {
        let kept = self.key.is_some_and(|key| key.revealable) && !self.card.show_key_once;
        self.may_reveal && kept && self.secret.is_none()
    }

    /// Whether a first or another key can be issued.
    fn can_issue(&self) -> bool {
        self.may_manage && self.is_open() && self.opens_by_key() && !self.usable() && !self.card.by_officer
    }

    /// Where the key stands in a call: the sentence that says so, and the name.
    fn place(&self) -> (&'static str, String) {
        match self.card.places.first() {
            Some(Placement::Header { name }) => ("key-header", name.clone()),
            Some(Placement::Query { name }) => ("key-parameter", name.clone()),
            Some(Placement::Basic) => ("key-header", "Authorization: Basic".to_owned()),
            Some(Placement::Bearer) | None => ("key-header", "Authorization: Bearer".to_owned()),
        }
    }
}

/// The first call: the key goes into a variable, and the call takes it from there.
fn written(shell: &Shell, card: &SubscriptionCard, secret: Option<&str>) -> String {
    let variable = variable(shell, &card.subscription.api.slug);
    let call = card.command(&variable).join(" \\\n  ");
    let key = secret.map_or_else(|| shell.say("key-here"), str::to_owned);
    format!("{}\n{call}", curl::export(&variable, &key))
}

fn is_current(key: &CredentialView) -> bool {
    matches!(key.standing, Standing::Active | Standing::Paused)
}

/// The environment variable that holds the key in our commands.
fn variable(shell: &Shell, slug: &str) -> String {
    let name: String = slug.chars().map(|c| if c == '-' { '_' } else { c.to_ascii_uppercase() }).collect();
    shell.fill("key-variable", "api", name)
}
