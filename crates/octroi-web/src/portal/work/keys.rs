//! What is done to keys: showing, renewing, pausing, resuming, revoking, issuing. What shows a key answers a form with
//! the page itself, which is never kept by the browser.

use octroi_app::credentials::{CredentialView, IssuedKey, Renew};
use octroi_app::{App, AppError};
use octroi_domain::actor::Actor;
use octroi_domain::ids::{ApplicationId, CredentialId, SubscriptionId};
use octroi_domain::permission::Action;

use super::{application, subscriptions};
use crate::form::Fields;
use crate::portal::answer::{self, see_other};
use crate::portal::fields::{Choice, Choices, FormState};
use crate::portal::gate::{Form, PageResult};
use crate::portal::path::{Id, Ids};
use crate::portal::route::{Access, PageRow, get, post};
use crate::portal::shell::{Section, Shell};
use crate::portal::visitor::Visitor;

const REVEAL: &str = "/keys/{credential_id}/reveal";
const RENEW: &str = "/keys/{credential_id}/renew";
const ISSUE: &str = "/applications/{application_id}/subscriptions/{subscription_id}/key";

pub(super) fn pages() -> Vec<PageRow> {
    vec![
        get(REVEAL, Access::May(Action::CredentialRead), back),
        post(REVEAL, Access::May(Action::CredentialReveal), reveal),
        get(RENEW, Access::May(Action::CredentialRead), back),
        post(RENEW, Access::May(Action::CredentialManage), renew),
        post("/keys/{credential_id}/pause", Access::May(Action::CredentialManage), pause),
        post("/keys/{credential_id}/resume", Access::May(Action::CredentialManage), resume),
        post("/keys/{credential_id}/revoke", Access::May(Action::CredentialRevoke), revoke),
        get(ISSUE, Access::May(Action::CredentialRead), back_to_subscription),
        post(ISSUE, Access::May(Action::CredentialManage), issue),
    ]
}

/// How long an old key lives on, by the seconds that a form sends, and the sentence of each.
const GRACES: [(u64, &str); 4] =
    [(0, "grace-none"), (7_200, "grace-hours"), (86_400, "grace-day"), (604_800, "grace-week")];

/// What is chosen where nobody chooses.
const USUAL_GRACE: &str = "7200";

/// How a form renews a key.
pub(super) struct Grace(pub(super) Renew);

impl Grace {
    /// What the form chose; a number that no list of ours offers is left to the use case, which refuses what it must.
    pub(super) fn of(fields: &Fields) -> Self {
        Self(Renew { grace_seconds: fields.one("grace").parse().ok() })
    }
}

/// The list of graces.
pub(super) fn grace_choices(shell: &Shell, form: &FormState<'_>) -> Choices {
    let choice =
        |(seconds, id): (u64, &str)| Choice { value: seconds.to_string(), label: shell.say(id), hint: None };
    let choices = form.choices("grace", "field-grace", GRACES.map(choice).into());
    choices.hint(shell, "field-grace-hint").unfolding().usually(USUAL_GRACE)
}

/// Where a key is shown: its subscription's page, or its application's where it is an OAuth2 client's secret.
fn address(key: &CredentialView) -> String {
    match key.subscription_id {
        Some(subscription) => format!("{}#key", subscriptions::address(key.application_id, subscription)),
        None => format!("{}#secret", application::address(key.application_id)),
    }
}

/// Where a page leads that answers a form, for whoever comes to its address in another way.
async fn back(visitor: Visitor, Id(id): Id<CredentialId>) -> PageResult {
    Ok(see_other(&address(&visitor.app().credential(visitor.actor(), id).await?)))
}

async fn back_to_subscription(
    visitor: Visitor,
    Ids(application, subscription): Ids<ApplicationId, SubscriptionId>,
) -> PageResult {
    visitor.app().subscription_card(visitor.actor(), application, subscription).await?;
    Ok(see_other(&subscriptions::address(application, subscription)))
}

async fn reveal(visitor: Visitor, Id(id): Id<CredentialId>) -> PageResult {
    match visitor.app().reveal_credential(visitor.actor(), id).await {
        Ok(shown) => with_key(&visitor, &shown, None).await,
        Err(error) => meanwhile(&visitor, id, error).await,
    }
}

async fn renew(visitor: Visitor, Id(id): Id<CredentialId>, fields: Form) -> PageResult {
    let Grace(renew) = Grace::of(&fields);
    match visitor.app().renew_credential(visitor.actor(), id, renew).await {
        Ok(issued) => with_key(&visitor, &issued, Some("notice-key-renewed")).await,
        Err(error) => meanwhile(&visitor, id, error).await,
    }
}

async fn issue(
    visitor: Visitor,
    Ids(application, subscription): Ids<ApplicationId, SubscriptionId>,
) -> PageResult {
    match visitor.app().issue_key(visitor.actor(), subscription).await {
        Ok(issued) => with_key(&visitor, &issued, Some("notice-key-issued")).await,
        Err(AppError::Conflict(_)) => {
            answer::done(&subscriptions::address(application, subscription), "notice-meanwhile")
        }
        Err(other) => Err(other.into()),
    }
}

async fn pause(visitor: Visitor, Id(id): Id<CredentialId>) -> PageResult {
    changed(&visitor, id, "notice-key-paused", async |app, actor| app.pause_credential(actor, id).await).await
}

async fn resume(visitor: Visitor, Id(id): Id<CredentialId>) -> PageResult {
    changed(&visitor, id, "notice-key-resumed", async |app, actor| app.resume_credential(actor, id).await)
        .await
}

async fn revoke(visitor: Visitor, Id(id): Id<CredentialId>) -> PageResult {
    changed(&visitor, id, "notice-key-revoked", async |app, actor| app.revoke_credential(actor, id).await)
        .await
}

async fn changed(
    visitor: &Visitor,
    id: CredentialId,
    notice: &str,
    change: impl AsyncFnOnce(&App, &Actor) -> Result<CredentialView, AppError>,
) -> PageResult {
    match change(visitor.app(), visitor.actor()).await {
        Ok(key) => answer::done(&address(&key), notice),
        Err(error) => meanwhile(visitor, id, error).await,
    }
}

/// A key that is not any more as the form took it: its page as it is now says more than a refusal.
async fn meanwhile(visitor: &Visitor, id: CredentialId, error: AppError) -> PageResult {
    let notice = match error {
        AppError::Conflict(octroi_app::Conflict::NotRevealable) => "notice-key-not-kept",
        AppError::Conflict(octroi_app::Conflict::TooManyKeys) => "notice-too-many-keys",
        AppError::Conflict(_) => "notice-meanwhile",
        AppError::Invalid(_) => "notice-grace",
        other => return Err(other.into()),
    };
    let key = visitor.app().credential(visitor.actor(), id).await?;
    answer::done(&address(&key), notice)
}

/// The page that the key is shown on, with the key.
async fn with_key(visitor: &Visitor, key: &IssuedKey, notice: Option<&str>) -> PageResult {
    let mut shell = visitor.shell(Section::Applications);
    shell.notice = notice.map(|id| shell.say(id));
    let application = key.credential.application_id;
    match key.credential.subscription_id {
        Some(subscription) => {
            subscriptions::page(visitor, &shell, (application, subscription), Some(&key.secret)).await
        }
        None => application::with_secret(visitor, &shell, application, key).await,
    }
}
