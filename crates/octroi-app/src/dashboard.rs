//! What somebody finds after signing in: applications, what waits, what ends soon, what was begun, and calls.

use std::time::Duration;

use octroi_domain::actor::Actor;
use octroi_domain::ids::DraftId;
use octroi_domain::subscription::SubscriptionState;
use octroi_domain::time::Timestamp;
use octroi_store::SubscriptionScope;

pub use octroi_store::OwnEndingKey;

use crate::access::own_account;
use crate::applications::{ApplicationDraft, ApplicationView};
use crate::drafts::content;
use crate::subscriptions::{SubscriptionDraft, SubscriptionView};
use crate::usage::UsageView;
use crate::{App, AppError, applications, subscriptions};

/// Applications, and lines of each list, shown at most.
const APPLICATIONS: i64 = 6;
const LINES: i64 = 5;

/// A key that ends within this time ends soon.
const SOON: Duration = Duration::from_secs(30 * 24 * 3600);

/// See the module.
#[derive(Clone, Debug)]
pub struct DashboardView {
    /// The youngest applications in use.
    pub applications: Vec<ApplicationView>,
    /// Whether there are more of them.
    pub more_applications: bool,
    /// Subscriptions that wait for their API's owner.
    pub waiting: Vec<SubscriptionView>,
    /// Keys that end within thirty days.
    pub ending: Vec<OwnEndingKey>,
    /// Forms that were begun.
    pub drafts: Vec<BegunForm>,
    /// Calls of all applications, day by day, over seven days.
    pub usage: UsageView,
}

/// A form that was begun and not sent.
#[derive(Clone, Debug)]
pub struct BegunForm {
    /// Its identifier.
    pub id: DraftId,
    /// What it is about.
    pub about: BegunAbout,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What a form that was begun is about.
#[derive(Clone, Debug)]
pub enum BegunAbout {
    /// A new application.
    Application(ApplicationDraft),
    /// A subscription.
    Subscription(SubscriptionDraft),
}

impl App {
    /// What `actor` finds after signing in.
    pub async fn dashboard(&self, actor: &Actor) -> Result<DashboardView, AppError> {
        let account = own_account(actor)?;
        let now = self.now();
        self.settle_usage().await;
        let mut session = self.read().await?;
        let mut applications = session.latest_applications(account, APPLICATIONS + 1).await?;
        let more_applications = applications.len() as i64 > APPLICATIONS;
        applications.truncate(APPLICATIONS as usize);
        let pending = Some(SubscriptionState::Pending);
        let mine = SubscriptionScope::Account(account);
        let waiting = session.subscriptions(mine, pending, None, None, LINES).await?;
        let ending = session.own_ending_keys(account, now, now.after(SOON), LINES).await?;
        let drafts = session.drafts(account).await?;
        let usage = self.usage_of_account(&mut session, account).await?;
        let begun = |draft: &octroi_store::Draft| {
            let about = match draft.kind.as_str() {
                applications::DRAFTS => BegunAbout::Application(content(draft)?),
                subscriptions::DRAFTS => BegunAbout::Subscription(content(draft)?),
                _ => return None,
            };
            Some(BegunForm { id: draft.id, about, updated_at: draft.updated_at })
        };
        Ok(DashboardView {
            applications: applications.into_iter().map(ApplicationView::from).collect(),
            more_applications,
            waiting: waiting.into_iter().map(|place| self.subscription_view(place)).collect(),
            ending,
            drafts: drafts.iter().filter_map(begun).take(LINES as usize).collect(),
            usage,
        })
    }
}
