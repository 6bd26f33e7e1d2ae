//! Who is told of what: the mails about subscriptions and keys, written in the commit of the change that they tell of.
//!
//! They go to those who could act on them: the members of the organization concerned with the role of a developer or a
//! higher one. Whoever did it knows already, and is written to only where somebody else might have done it in their
//! name: when keys are renewed or end.

mod expiry;
mod people;
mod tickets;

use octroi_domain::account::Account;
use octroi_domain::actor::Actor;
use octroi_domain::application::Application;
use octroi_domain::credential::Credential;
use octroi_domain::ids::{AccountId, ApplicationId, OrganizationId};
use octroi_domain::organization::Role;
use octroi_domain::subscription::Transition;
use octroi_domain::time::Timestamp;
use octroi_store::{SubscriptionInPlace, Tx};

use crate::leaks::LeakAction;
use crate::mail::{About, Author, MAX_RECIPIENTS, MailMessage, Offer, SubscriptionNews, pages};
use crate::{App, AppError};

/// The sides on which somebody may act, with the organizations that they are.
enum Side {
    Owner(OrganizationId),
    Provider(OrganizationId),
}

impl From<&SubscriptionInPlace> for About {
    fn from(place: &SubscriptionInPlace) -> Self {
        Self {
            application: place.application_name.clone(),
            offer: Some(Offer {
                api: place.api_name.clone(),
                version: place.api_version.clone(),
                plan: place.plan.name.clone(),
            }),
        }
    }
}

impl From<Transition> for SubscriptionNews {
    fn from(transition: Transition) -> Self {
        match transition {
            Transition::Approve => Self::Approved,
            Transition::Reject => Self::Rejected,
            Transition::Pause => Self::Paused,
            Transition::Resume => Self::Resumed,
            Transition::Close => Self::Closed,
        }
    }
}

impl App {
    /// Tells the provider of a subscription that waits for its decision. One account has no more of these sent in a row
    /// than other mails to people of its choice: beyond, the provider finds the request in the portal.
    pub(crate) async fn tell_requested(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        place: &SubscriptionInPlace,
    ) -> Result<(), AppError> {
        let recipients = correspondents(tx, place.provider, actor.account_id()).await?;
        if recipients.is_empty() {
            return Ok(());
        }
        if self.admit_writer(actor).is_err() {
            tracing::info!(
                actor = actor.audit_name(),
                "a request for a subscription is not mailed: too many"
            );
            return Ok(());
        }
        let organization = tx.organization(place.owner).await?.ok_or(AppError::NotFound)?.name;
        let author = author(tx, actor, &[Side::Owner(place.owner)]).await?;
        let url = self.page_url(&pages::provider_subscriptions(place.subscription.api_id));
        self.mail_all(tx, &recipients, |account| MailMessage::SubscriptionRequested {
            first_name: account.first_name.clone(),
            about: place.into(),
            organization: organization.clone(),
            author: author.clone(),
            comment: place.subscription.comment.clone(),
            url: url.clone(),
        })
        .await
    }

    /// Tells the owner what was decided about a subscription. Where keys ended with it, whoever did it is told too.
    pub(crate) async fn tell_decided(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        place: &SubscriptionInPlace,
        transition: Transition,
        keys_ended: usize,
    ) -> Result<(), AppError> {
        let (owner, provider) = (Side::Owner(place.owner), Side::Provider(place.provider));
        // The two sides close; the provider decides, though it may be a member of the owner too.
        let sides = if transition == Transition::Close { vec![owner, provider] } else { vec![provider] };
        let except = if keys_ended > 0 { None } else { actor.account_id() };
        self.tell_owner(tx, actor, &sides, place, transition.into(), except).await
    }

    /// Tells the owner that a subscription is under another plan, where somebody else did it.
    pub(crate) async fn tell_plan_changed(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        place: &SubscriptionInPlace,
    ) -> Result<(), AppError> {
        if is_on_side(actor, place.owner) {
            return Ok(());
        }
        let sides = [Side::Provider(place.provider)];
        self.tell_owner(tx, actor, &sides, place, SubscriptionNews::PlanChanged, actor.account_id()).await
    }

    async fn tell_owner(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        sides: &[Side],
        place: &SubscriptionInPlace,
        news: SubscriptionNews,
        except: Option<AccountId>,
    ) -> Result<(), AppError> {
        let recipients = correspondents(tx, place.owner, except).await?;
        if recipients.is_empty() || !self.may_tell(place.subscription.id) {
            return Ok(());
        }
        let author = author(tx, actor, sides).await?;
        let s = &place.subscription;
        let url = self.page_url(&pages::subscription(s.application_id, s.id));
        self.mail_all(tx, &recipients, |account| MailMessage::Subscription {
            first_name: account.first_name.clone(),
            news,
            about: place.into(),
            author: author.clone(),
            // A change of plan keeps what was said at an earlier decision.
            reason: s.reason.clone().filter(|_| news != SubscriptionNews::PlanChanged),
            url: url.clone(),
        })
        .await
    }

    /// Tells the owner that an application is archived, and with it every subscription and key that it had.
    pub(crate) async fn tell_archived(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        application: &Application,
        keys_ended: usize,
    ) -> Result<(), AppError> {
        let owner = application.organization_id;
        let except = if keys_ended > 0 { None } else { actor.account_id() };
        let recipients = correspondents(tx, owner, except).await?;
        if recipients.is_empty() {
            return Ok(());
        }
        let author = author(tx, actor, &[Side::Owner(owner)]).await?;
        let url = self.page_url(&pages::application(application.id));
        self.mail_all(tx, &recipients, |account| MailMessage::ApplicationArchived {
            first_name: account.first_name.clone(),
            about: About { application: application.profile.name.clone(), offer: None },
            author: author.clone(),
            url: url.clone(),
        })
        .await
    }

    /// Tells everybody on the owner's side that a credential was replaced: whoever did it as well, since it may have
    /// been done in their name.
    pub(crate) async fn tell_renewed(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        old: &Credential,
        place: Option<&SubscriptionInPlace>,
    ) -> Result<(), AppError> {
        let recipients = correspondents(tx, old.organization_id, None).await?;
        if recipients.is_empty() || !self.may_tell(subject(old)) {
            return Ok(());
        }
        let author = author(tx, actor, &[Side::Owner(old.organization_id)]).await?;
        let (about, url) = self.credential_page(tx, old, place).await?;
        let old_until: Option<Timestamp> = old.expires_at.filter(|end| *end > self.now());
        self.mail_all(tx, &recipients, |account| MailMessage::KeyRenewed {
            first_name: account.first_name.clone(),
            about: about.clone(),
            hint: old.hint.clone(),
            old_until,
            author: author.clone(),
            url: url.clone(),
        })
        .await
    }

    /// Tells everybody on the owner's side that a credential was revoked, whoever did it as well.
    pub(crate) async fn tell_revoked(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        revoked: &Credential,
        place: Option<&SubscriptionInPlace>,
    ) -> Result<(), AppError> {
        let recipients = correspondents(tx, revoked.organization_id, None).await?;
        if recipients.is_empty() || !self.may_tell(subject(revoked)) {
            return Ok(());
        }
        let mut sides = vec![Side::Owner(revoked.organization_id)];
        sides.extend(place.map(|place| Side::Provider(place.provider)));
        let author = author(tx, actor, &sides).await?;
        let (about, url) = self.credential_page(tx, revoked, place).await?;
        self.mail_all(tx, &recipients, |account| MailMessage::KeyRevoked {
            first_name: account.first_name.clone(),
            about: about.clone(),
            hint: revoked.hint.clone(),
            author: author.clone(),
            url: url.clone(),
        })
        .await
    }

    /// Tells everybody on the owner's side that a credential leaked and was stopped, and a partner's officer too.
    pub(crate) async fn tell_leaked(
        &self,
        tx: &mut Tx,
        leaked: &Credential,
        place: Option<&SubscriptionInPlace>,
        stopped: LeakAction,
        found_at: &str,
    ) -> Result<(), AppError> {
        let (about, url) = self.credential_page(tx, leaked, place).await?;
        let message = |account: &Account, url: &str| MailMessage::KeyLeaked {
            first_name: account.first_name.clone(),
            about: about.clone(),
            hint: leaked.hint.clone(),
            revoked: stopped == LeakAction::Revoke,
            place: found_at.to_owned(),
            url: url.to_owned(),
        };
        let owner = leaked.organization_id;
        let recipients = correspondents(tx, owner, None).await?;
        self.mail_all(tx, &recipients, |account| message(account, &url)).await?;
        let officer = tx.partner(owner).await?.and_then(|partner| partner.officer);
        if let Some(officer) = officer
            && let Some(account) = tx.account(officer.account_id).await?
        {
            let desk = self.page_url(&pages::partner(owner));
            self.mail(tx, &account.email, account.language, message(&account, &desk)).await?;
        }
        Ok(())
    }

    /// What a credential opens, and the page that shows it.
    async fn credential_page(
        &self,
        tx: &mut Tx,
        credential: &Credential,
        place: Option<&SubscriptionInPlace>,
    ) -> Result<(About, String), AppError> {
        let id: ApplicationId = credential.application_id;
        if let Some(place) = place {
            let page = pages::subscription(id, place.subscription.id);
            return Ok((place.into(), self.page_url(&page)));
        }
        let application = tx.application(id).await?.ok_or(AppError::NotFound)?.application.profile.name;
        Ok((About { application, offer: None }, self.page_url(&pages::application(id))))
    }
}

/// The members of an organization who are told what happens to its applications and APIs; one more than are written
/// to, where there are more.
async fn correspondents(
    tx: &mut Tx,
    organization: OrganizationId,
    except: Option<AccountId>,
) -> Result<Vec<Account>, AppError> {
    let limit = i64::try_from(MAX_RECIPIENTS).unwrap_or(i64::MAX).saturating_add(1);
    Ok(tx.correspondents(organization, Role::Developer, except, limit).await?)
}

/// Who `actor` is to those who are told: the first of `sides` that it stands on, else whoever runs the portal.
async fn author(tx: &mut Tx, actor: &Actor, sides: &[Side]) -> Result<Author, AppError> {
    let on_side = |side: &&Side| match side {
        Side::Owner(id) | Side::Provider(id) => is_on_side(actor, *id),
    };
    let (Some(side), Some(account)) = (sides.iter().find(on_side), actor.account_id()) else {
        return Ok(Author::Operator);
    };
    let account = tx.account(account).await?.ok_or(AppError::NotFound)?;
    let name = format!("{} {}", account.first_name, account.last_name);
    match side {
        Side::Owner(_) => Ok(Author::Owner { name }),
        Side::Provider(id) => {
            let organization = tx.organization(*id).await?.ok_or(AppError::NotFound)?.name;
            Ok(Author::Provider { name, organization })
        }
    }
}

fn is_on_side(actor: &Actor, organization: OrganizationId) -> bool {
    actor.role_in(organization).is_some_and(|role| role >= Role::Developer)
}

/// What news of a credential are about: the subscription that it opens, or the application that it signs in.
fn subject(credential: &Credential) -> String {
    match credential.subscription_id {
        Some(subscription) => subscription.to_string(),
        None => credential.application_id.to_string(),
    }
}
