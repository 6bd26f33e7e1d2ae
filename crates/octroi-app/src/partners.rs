//! The officers' desk: partner organizations, their people, and the one key that each calls an API with. An officer
//! makes, renews and ends keys without ever seeing one: only the partner's own people read it.

use octroi_domain::actor::Actor;
use octroi_domain::api::ApiState;
use octroi_domain::application::{Application, ApplicationKind, ApplicationState};
use octroi_domain::credential::Standing;
use octroi_domain::ids::{AccountId, ApiId, CredentialId, OrganizationId, PlanId, SubscriptionId};
use octroi_domain::organization::{Organization, OrganizationKind, Role};
use octroi_domain::permission::{Action, Parties};
use octroi_domain::plan::{PlanState, Validation};
use octroi_domain::subscription::{SubscriptionState, Transition};
use octroi_domain::time::Timestamp;
use octroi_domain::validate::{Check, Rule};
use octroi_store::{
    ApplicationScope, CredentialScope, Partner, Session, SubscriptionInPlace, SubscriptionScope, Tx,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::access::viewer;
use crate::applications::NewApplication;
use crate::context::require;
use crate::credentials::{CredentialView, Desk, Renew};
use crate::organizations::{InviteMember, MemberView, SentInvitation, check_slug_kept};
use crate::page::{Page, PageRequest};
use crate::subscriptions::SubscriptionView;
use crate::{App, AppError, Conflict};

/// Applications of one partner that the desk looks through, and subscriptions that are read at a time.
const MOST: i64 = 200;

/// The officer who looks after a partner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OfficerView {
    /// The account.
    pub account_id: AccountId,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// E-mail address.
    pub email: String,
}

/// A partner as the list shows it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PartnerView {
    /// The organization.
    pub id: OrganizationId,
    /// Names it in files and addresses; unique.
    pub slug: String,
    /// What people read.
    pub name: String,
    /// The officer who looks after it; absent while none does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub officer: Option<OfficerView>,
    /// Since when nothing that it calls with opens anything; absent where it is not suspended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspended_at: Option<Timestamp>,
    /// Its members.
    pub people: i64,
    /// Its subscriptions that are active.
    pub active: i64,
    /// Its subscriptions that are paused.
    pub paused: i64,
    /// The minute of its last call; absent before the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_call_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl PartnerView {
    /// Whether everything that it calls with is stopped.
    pub const fn is_suspended(&self) -> bool {
        self.suspended_at.is_some()
    }
}

/// What a partner calls an API with.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PartnerKeyView {
    /// The subscription.
    pub subscription: SubscriptionView,
    /// Its youngest key that opens something or is paused, without the secret; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<CredentialView>,
    /// The minute of its last call; absent before the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_call_at: Option<Timestamp>,
}

/// A partner with its people and keys.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PartnerCard {
    /// The partner.
    pub partner: PartnerView,
    /// Its people.
    pub members: Vec<MemberView>,
    /// What it calls with, oldest first; closed and rejected subscriptions are left out.
    pub keys: Vec<PartnerKeyView>,
}

/// A new partner. The officer who makes it looks after it, and is no member of it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPartner {
    /// What people read.
    #[schemars(length(min = 1, max = 150), regex(pattern = octroi_domain::patterns::NAME))]
    pub name: String,
    /// Names it in files and addresses; unique.
    #[schemars(length(min = 1, max = 64), regex(pattern = octroi_domain::patterns::SLUG))]
    pub slug: String,
}

/// A plan whose keys are issued by officers.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PartnerPlan {
    /// The plan.
    pub plan_id: PlanId,
    /// Its name.
    pub plan: String,
    /// The API that it opens.
    pub api_id: ApiId,
    /// The API's name.
    pub api: String,
    /// The API's version.
    pub version: String,
}

/// A key for a partner.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IssueToPartner {
    /// The plan, which names the API: one whose keys are issued by officers.
    pub plan_id: PlanId,
}

/// Why a partner is suspended, for its people to read.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SuspendPartner {
    /// The reason.
    #[schemars(length(min = 1, max = 2000), regex(pattern = octroi_domain::patterns::TEXT))]
    pub reason: String,
}

impl From<Partner> for PartnerView {
    fn from(partner: Partner) -> Self {
        let Organization { id, slug, name, created_at, .. } = partner.organization;
        Self {
            id,
            slug,
            name,
            officer: partner.officer.map(|officer| OfficerView {
                account_id: officer.account_id,
                first_name: officer.first_name,
                last_name: officer.last_name,
                email: officer.email,
            }),
            suspended_at: partner.suspended_at,
            people: partner.people,
            active: partner.active,
            paused: partner.paused,
            last_call_at: partner.last_call,
            created_at,
        }
    }
}

impl App {
    /// All partners, oldest first; those whose name or slug holds `query`, where one is given.
    pub async fn partners(
        &self,
        actor: &Actor,
        page: &PageRequest,
        query: Option<&str>,
    ) -> Result<Page<PartnerView>, AppError> {
        require(actor, Action::PartnerRead, &Parties::PORTAL)?;
        let window = page.window::<OrganizationId>()?;
        let query = query.unwrap_or_default().trim();
        let rows = self.read().await?.partners(window.after, window.rows(), query).await?;
        Ok(window.page(rows, |partner| partner.organization.id, PartnerView::from))
    }

    /// One partner with its people and keys.
    pub async fn partner(&self, actor: &Actor, id: OrganizationId) -> Result<PartnerCard, AppError> {
        require(actor, Action::PartnerRead, &Parties::PORTAL)?;
        let mut session = self.read().await?;
        let partner = session.partner(id).await?.ok_or(AppError::NotFound)?.into();
        let members = session.members(id).await?.into_iter().map(MemberView::from).collect();
        let mut keys = Vec::new();
        for place in open_subscriptions(&mut session, id).await? {
            keys.push(self.partner_key(&mut session, place).await?);
        }
        Ok(PartnerCard { partner, members, keys })
    }

    async fn partner_key(
        &self,
        session: &mut Session,
        place: SubscriptionInPlace,
    ) -> Result<PartnerKeyView, AppError> {
        let id = place.subscription.id;
        let live = session.live_credentials(CredentialScope::Subscription(id)).await?;
        let last_call_at = session.last_call(id).await?;
        let now = self.now();
        let known = live.iter().filter(|key| key.standing(now) != Standing::Expired);
        let key = known.max_by_key(|key| key.id).map(|key| CredentialView::of(key, now));
        Ok(PartnerKeyView { subscription: self.subscription_view(place), key, last_call_at })
    }

    /// The plans whose keys are issued by officers, and that take new subscriptions.
    pub async fn partner_plans(&self, actor: &Actor) -> Result<Vec<PartnerPlan>, AppError> {
        require(actor, Action::PartnerRead, &Parties::PORTAL)?;
        let mut session = self.read().await?;
        let every = session.every_plan().await?;
        let issued = every.into_iter().filter(|plan| {
            plan.state == PlanState::Published && plan.definition.validation == Validation::Officer
        });
        let mut plans = Vec::new();
        for plan in issued {
            let api = session.api_seen(viewer(actor), plan.api_id).await?;
            plans.extend(api.filter(|api| api.state == ApiState::Published).map(|api| PartnerPlan {
                plan_id: plan.id,
                plan: plan.definition.name,
                api_id: api.id,
                api: api.name,
                version: api.version,
            }));
        }
        Ok(plans)
    }

    /// The officer who looks after an organization, for its own people to turn to; none for one that is no partner.
    pub async fn officer_of(
        &self,
        actor: &Actor,
        id: OrganizationId,
    ) -> Result<Option<OfficerView>, AppError> {
        require(actor, Action::OrganizationRead, &Parties::owned_by(id))?;
        let partner = self.read().await?.partner(id).await?;
        Ok(partner.and_then(|partner| PartnerView::from(partner).officer))
    }

    /// Whether the person who acts may make partners.
    pub fn check_may_make_partners(&self, actor: &Actor) -> Result<(), AppError> {
        require(actor, Action::PartnerManage, &Parties::PORTAL)
    }

    /// Makes a partner, which the officer who acts looks after.
    pub async fn create_partner(&self, actor: &Actor, new: NewPartner) -> Result<PartnerCard, AppError> {
        require(actor, Action::PartnerManage, &Parties::PORTAL)?;
        Organization::check(&new.slug, &new.name)?;
        check_slug_kept(&new.slug)?;
        let organization = self.draft_organization(OrganizationKind::Partner, &new.slug, &new.name);
        let mut tx = self.begin().await?;
        self.insert_organization(&mut tx, &organization).await?;
        if let Some(officer) = actor.account_id() {
            tx.put_partner(organization.id, officer).await?;
        }
        self.audit(&mut tx, actor, "partner.created", organization.id, json!({}));
        self.commit(tx).await?;
        self.partner(actor, organization.id).await
    }

    /// Takes over a partner: from now on the officer who acts looks after it.
    pub async fn take_partner(&self, actor: &Actor, id: OrganizationId) -> Result<PartnerCard, AppError> {
        let mut tx = self.begin().await?;
        held_partner(&mut tx, actor, id).await?;
        tx.put_partner(id, actor.account_id().ok_or(AppError::Forbidden)?).await?;
        self.audit(&mut tx, actor, "partner.taken_over", id, json!({}));
        self.commit(tx).await?;
        self.partner(actor, id).await
    }

    /// Sends an invitation into a partner.
    pub async fn invite_to_partner(
        &self,
        actor: &Actor,
        id: OrganizationId,
        invite: InviteMember,
    ) -> Result<SentInvitation, AppError> {
        let acting = self.for_partner(actor, id, Role::Owner).await?;
        self.invite_member(&acting, id, invite).await
    }

    /// Gives a partner its key for an API: its application, where it has none that could take it, the subscription and
    /// the key, which its people find in the portal.
    pub async fn issue_partner_key(
        &self,
        actor: &Actor,
        id: OrganizationId,
        issue: IssueToPartner,
    ) -> Result<PartnerKeyView, AppError> {
        let mut tx = self.begin().await?;
        let partner = held_partner(&mut tx, actor, id).await?.organization;
        let acting = actor.acting_for(id, Role::Developer);
        let api = tx.plan(issue.plan_id).await?.map(|plan| plan.api_id);
        let api = api.ok_or_else(|| AppError::invalid("plan_id", Rule::Unknown))?;
        if tx.organization_subscribed(id, api).await? {
            // One key for each partner: what is there is renewed.
            return Err(Conflict::AlreadySubscribed.into());
        }
        let application = self.partner_application(&mut tx, &acting, &partner).await?;
        let place = self.write_issued_subscription(&mut tx, &acting, &application, issue.plan_id).await?;
        self.tell_decided(&mut tx, actor, &place, Transition::Approve, 0).await?;
        self.commit(tx).await?;
        self.partner_key(&mut self.read().await?, place).await
    }

    /// The application that a partner calls with: the one named like the partner, or a new one.
    async fn partner_application(
        &self,
        tx: &mut Tx,
        acting: &Actor,
        partner: &Organization,
    ) -> Result<Application, AppError> {
        let fits = |application: &Application| {
            application.profile.name == partner.name
                && application.state == ApplicationState::Active
                && application.kind == ApplicationKind::Simple
        };
        let own = tx.applications(ApplicationScope::Organization(partner.id), None, MOST).await?;
        let found = own.into_iter().map(|listed| listed.application).find(fits);
        if let Some(found) = found {
            tx.lock_application(found.id).await?;
            return Ok(found);
        }
        let new = NewApplication {
            organization_id: Some(partner.id),
            name: partner.name.clone(),
            description: partner.name.clone(),
            domain: None,
            kind: ApplicationKind::Simple,
            client_id: None,
        };
        let id = self.write_application(tx, acting, new).await?.application.id;
        Ok(tx.application(id).await?.ok_or(AppError::NotFound)?.application)
    }

    /// Replaces a partner's key: the old one lives on for the grace, or dies at once without one.
    pub async fn renew_partner_key(
        &self,
        actor: &Actor,
        id: OrganizationId,
        key: CredentialId,
        renew: Renew,
    ) -> Result<CredentialView, AppError> {
        let acting = self.for_partner_key(actor, id, key).await?;
        Ok(self.renew_credential(&acting, key, renew).await?.credential)
    }

    /// Issues a partner's subscription a key where its last one was revoked.
    pub async fn replace_partner_key(
        &self,
        actor: &Actor,
        id: OrganizationId,
        subscription: SubscriptionId,
    ) -> Result<CredentialView, AppError> {
        let acting = self.for_partner(actor, id, Role::Developer).await?;
        let place = self.read().await?.subscription(subscription).await?;
        place.filter(|place| place.owner == id).ok_or(AppError::NotFound)?;
        Ok(self.issue_key_from(&acting, subscription, Desk::OfOfficer).await?.credential)
    }

    /// Ends a partner's key at once and for good.
    pub async fn revoke_partner_key(
        &self,
        actor: &Actor,
        id: OrganizationId,
        key: CredentialId,
    ) -> Result<CredentialView, AppError> {
        let acting = self.for_partner_key(actor, id, key).await?;
        self.revoke_credential(&acting, key).await
    }

    /// Stops everything that a partner calls with; its people cannot start it again, nor subscribe to anything else.
    pub async fn suspend_partner(
        &self,
        actor: &Actor,
        id: OrganizationId,
        suspend: SuspendPartner,
    ) -> Result<PartnerCard, AppError> {
        let mut check = Check::new();
        check.paragraph("reason", &suspend.reason, 1, 2_000);
        check.finish()?;
        let reason = suspend.reason.trim();
        let mut tx = self.begin().await?;
        let partner = held_partner(&mut tx, actor, id).await?;
        if partner.suspended_at.is_some() {
            return Err(Conflict::OrganizationSuspended.into());
        }
        tx.set_partner_suspended(id, Some(self.now())).await?;
        self.move_all(&mut tx, actor, id, Transition::Pause, Some(reason), |_| true).await?;
        self.audit(&mut tx, actor, "partner.suspended", id, json!({}));
        self.commit(tx).await?;
        self.partner(actor, id).await
    }

    /// Lets a suspended partner call again. What was paused before the suspension stays so: that is the provider's.
    pub async fn resume_partner(&self, actor: &Actor, id: OrganizationId) -> Result<PartnerCard, AppError> {
        let mut tx = self.begin().await?;
        let partner = held_partner(&mut tx, actor, id).await?;
        let Some(since) = partner.suspended_at else { return Err(Conflict::SubscriptionState.into()) };
        tx.set_partner_suspended(id, None).await?;
        let by_suspension = |place: &SubscriptionInPlace| {
            place.subscription.decided_at.is_some_and(|decided| decided >= since)
        };
        self.move_all(&mut tx, actor, id, Transition::Resume, None, by_suspension).await?;
        self.audit(&mut tx, actor, "partner.resumed", id, json!({}));
        self.commit(tx).await?;
        self.partner(actor, id).await
    }

    /// Moves every subscription of a partner that can be and is meant.
    async fn move_all(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        id: OrganizationId,
        transition: Transition,
        reason: Option<&str>,
        is_meant: impl Fn(&SubscriptionInPlace) -> bool,
    ) -> Result<(), AppError> {
        for found in open_subscriptions(tx, id).await? {
            let subscription = found.subscription.id;
            tx.lock_subscription(subscription).await?;
            let place = tx.subscription(subscription).await?;
            let movable = |place: &SubscriptionInPlace| {
                place.subscription.state.apply(transition).is_ok() && is_meant(place)
            };
            if let Some(mut place) = place.filter(movable) {
                let reason = reason.map(str::to_owned);
                self.move_subscription(tx, actor, &mut place, transition, reason).await?;
                self.tell_decided(tx, actor, &place, transition, 0).await?;
            }
        }
        Ok(())
    }

    /// The officer acting in the name of a partner.
    async fn for_partner(&self, actor: &Actor, id: OrganizationId, role: Role) -> Result<Actor, AppError> {
        require(actor, Action::PartnerManage, &Parties::PORTAL)?;
        self.read().await?.partner(id).await?.ok_or(AppError::NotFound)?;
        Ok(actor.acting_for(id, role))
    }

    async fn for_partner_key(
        &self,
        actor: &Actor,
        id: OrganizationId,
        key: CredentialId,
    ) -> Result<Actor, AppError> {
        let acting = self.for_partner(actor, id, Role::Developer).await?;
        let found = self.read().await?.credential(key).await?;
        found.filter(|key| key.organization_id == id).ok_or(AppError::NotFound)?;
        Ok(acting)
    }
}

/// A partner that no other officer changes before the end of the transaction.
async fn held_partner(tx: &mut Tx, actor: &Actor, id: OrganizationId) -> Result<Partner, AppError> {
    require(actor, Action::PartnerManage, &Parties::PORTAL)?;
    tx.lock_organization(id).await?;
    tx.partner(id).await?.ok_or(AppError::NotFound)
}

/// What a partner calls with, or did until it was paused: all of it, however much was closed before. What a suspension
/// overlooked would go on calling.
async fn open_subscriptions(
    session: &mut Session,
    id: OrganizationId,
) -> Result<Vec<SubscriptionInPlace>, AppError> {
    let is_open = |place: &SubscriptionInPlace| {
        matches!(place.subscription.state, SubscriptionState::Active | SubscriptionState::Paused)
    };
    let (mut open, mut after) = (Vec::new(), None);
    loop {
        let scope = SubscriptionScope::Organization(id);
        let part = session.subscriptions(scope, None, None, after, MOST).await?;
        let is_last = (part.len() as i64) < MOST;
        after = part.last().map(|place| place.subscription.id);
        open.extend(part.into_iter().filter(is_open));
        if is_last {
            return Ok(open);
        }
    }
}
