//! The feed: everything that gateways must know, compiled to grants; whole, or what changed after a revision.
//!
//! All of one answer is read in one session, so that it shows one moment. Keys are read in sets.

use std::collections::HashMap;
use std::time::Duration;

use octroi_domain::api::UpstreamClass;
use octroi_domain::application::ApplicationState;
use octroi_domain::credential::CredentialState;
use octroi_domain::ids::{ApiId, ApplicationId, PlanId};
use octroi_domain::plan::{Plan, PlanDefinition, Quota, Security};
use octroi_domain::subscription::SubscriptionState;
use octroi_domain::time::Timestamp;
use octroi_policy::feed::{
    ApiSource, CatalogueSource, Delta, Grant, IssuerKey, IssuerSource, KeyKind, KeyRecord, KeyStatus,
    PlanSource, QuotaUse, Revision, client_lookup,
};
use octroi_store::{FeedClient, FeedKey, FeedSubscription, Session};

use crate::{App, AppError};

/// How long gateways are told of a credential that is revoked or has ended: so that the reason can be told.
const TOMBSTONE_LIFE: Duration = Duration::from_secs(31 * 24 * 3600);

/// Keys read from the database at once.
const CHUNK: i64 = 2_000;

/// From so many entries on, everything is sent instead of the changes.
const MANY_CHANGES: i64 = 50_000;

impl App {
    /// What changed after the revision `after`; everything where it is `None`, lies too far back, or was never
    /// reached (a database restored from a backup).
    pub async fn snapshot(&self, after: Option<Revision>) -> Result<Delta, AppError> {
        if let Some(from) = after
            && let Some(delta) = self.changes_after(from).await?
        {
            return Ok(delta);
        }
        // What is used of quotas is read with the whole.
        self.settle_usage().await;
        self.whole_snapshot().await
    }

    /// What changed after `from`; none where everything is to be sent instead.
    async fn changes_after(&self, from: Revision) -> Result<Option<Delta>, AppError> {
        let mut session = self.read().await?;
        let to = Revision(session.revision().await?);
        if from > to {
            return Ok(None);
        }
        let changes = session.feed_changes(from.0).await?;
        if changes.entries > MANY_CHANGES {
            return Ok(None);
        }
        let mut delta = Delta { from: Some(from), to, ..Delta::default() };
        if changes == octroi_store::FeedChanges::default() {
            return Ok(Some(delta));
        }
        let plans = Plans::read(&mut session).await?;
        if changes.catalogue {
            delta.catalogue = Some(self.catalogue_source(&mut session, &plans).await?);
        }
        if changes.entries > 0 {
            let keys = session.feed_changed_keys(from.0).await?;
            delta.keys.extend(keys.into_iter().map(|key| compile_key(key, &plans)));
            let clients = session.feed_changed_clients(from.0).await?;
            let granted = session.feed_changed_client_subscriptions(from.0).await?;
            delta.keys.extend(self.compile_clients(clients, granted, &plans));
        }
        Ok(Some(delta))
    }

    async fn whole_snapshot(&self) -> Result<Delta, AppError> {
        let session = &mut self.read().await?;
        let to = Revision(session.revision().await?);
        let plans = Plans::read(session).await?;
        let mut delta = Delta { from: None, to, ..Delta::default() };
        delta.catalogue = Some(self.catalogue_source(session, &plans).await?);
        let since = self.now().before(TOMBSTONE_LIFE);
        let mut after = None;
        loop {
            let keys = session.feed_keys(since, after, CHUNK).await?;
            let full = keys.len() as i64 == CHUNK;
            after = keys.last().map(|key| key.id);
            delta.keys.extend(keys.into_iter().map(|key| compile_key(key, &plans)));
            if !full {
                break;
            }
        }
        let clients = session.feed_clients().await?;
        let granted = session.feed_client_subscriptions().await?;
        delta.keys.extend(self.compile_clients(clients, granted, &plans));
        delta.quota_used = plans.quota_used(session, self.now()).await?;
        Ok(delta)
    }

    async fn catalogue_source(
        &self,
        session: &mut Session,
        plans: &Plans,
    ) -> Result<CatalogueSource, AppError> {
        let mut of_api = plans.by_api();
        let apis = session.apis_served().await?.into_iter().map(|api| ApiSource {
            plans: of_api.remove(&api.id).unwrap_or_default(),
            id: api.id,
            slug: api.slug,
            version: api.version,
            state: api.state,
            gateway: api.gateway,
        });
        let apis = apis.collect();
        let keys: Vec<IssuerKey> = session
            .signing_keys()
            .await?
            .into_iter()
            .map(|key| IssuerKey { id: key.id.to_string(), x: key.public_x, y: key.public_y })
            .collect();
        let issuer = (!keys.is_empty()).then(|| IssuerSource { issuer: self.portal_url().to_owned(), keys });
        Ok(CatalogueSource { apis, issuer })
    }

    /// The records of OAuth2 clients. A client is found by its identifier, so all of its secrets share one place in
    /// the gateways' table: the youngest decides, the others are told as gone, so that a gateway that still knows one
    /// of them forgets it. `clients` come by application and then by age.
    fn compile_clients(
        &self,
        clients: Vec<FeedClient>,
        granted: Vec<(ApplicationId, FeedSubscription)>,
        plans: &Plans,
    ) -> Vec<KeyRecord> {
        let mut grants: HashMap<ApplicationId, Vec<Grant>> = HashMap::new();
        for (application, subscription) in granted {
            grants.entry(application).or_default().extend(plans.grant(subscription, Security::Oauth2));
        }
        let mut records = Vec::with_capacity(clients.len());
        for secrets in clients.chunk_by(|a, b| a.application_id == b.application_id) {
            let Some((youngest, older)) = secrets.split_last() else { continue };
            let grants = grants.remove(&youngest.application_id).unwrap_or_default();
            let current = self.client_record(youngest, client_status(youngest, grants));
            let gone = older.iter().map(|old| self.client_record(old, KeyStatus::Revoked));
            // Gateways let an open credential stand before one that is not. What opens comes first, so that no call
            // falls between; what does not comes last, so that nothing stands before it.
            if matches!(current.status, KeyStatus::Open { .. }) {
                records.push(current);
                records.extend(gone);
            } else {
                records.extend(gone);
                records.push(current);
            }
        }
        records
    }

    fn client_record(&self, client: &FeedClient, status: KeyStatus) -> KeyRecord {
        KeyRecord {
            id: client.id,
            kind: KeyKind::OauthClient,
            digest: self.vault().peppers.first(client_lookup(&client.client_id).as_bytes()),
            application_id: client.application_id,
            status,
        }
    }
}

fn client_status(client: &FeedClient, grants: Vec<Grant>) -> KeyStatus {
    match (client.application_state, client.state) {
        (ApplicationState::Archived, _) | (_, CredentialState::Revoked) => KeyStatus::Revoked,
        (_, CredentialState::Paused) => KeyStatus::Paused,
        (_, CredentialState::Active) => KeyStatus::Open { expires_at: client.expires_at, grants },
    }
}

fn compile_key(key: FeedKey, plans: &Plans) -> KeyRecord {
    use SubscriptionState::{Active, Closed, Paused, Pending, Rejected};
    let status = match (key.application_state, key.state, key.subscription_state) {
        (ApplicationState::Archived, _, _) | (_, CredentialState::Revoked, _) | (_, _, Rejected | Closed) => {
            KeyStatus::Revoked
        }
        (_, CredentialState::Paused, _) | (_, _, Pending | Paused) => KeyStatus::Paused,
        (_, CredentialState::Active, Active) => KeyStatus::Open {
            expires_at: key.expires_at,
            grants: plans.grant(key.subscription, Security::ApiKey).into_iter().collect(),
        },
    };
    KeyRecord {
        id: key.id,
        kind: KeyKind::Opaque,
        digest: key.digest,
        application_id: key.application_id,
        status,
    }
}

/// Every plan, read once for a whole answer.
struct Plans {
    in_order: Vec<Plan>,
    by_id: HashMap<PlanId, usize>,
}

impl Plans {
    async fn read(session: &mut Session) -> Result<Self, AppError> {
        let in_order = session.every_plan().await?;
        let by_id = in_order.iter().enumerate().map(|(i, plan)| (plan.id, i)).collect();
        Ok(Self { in_order, by_id })
    }

    fn definition(&self, id: PlanId) -> Option<&PlanDefinition> {
        self.by_id.get(&id).and_then(|i| self.in_order.get(*i)).map(|plan| &plan.definition)
    }

    /// What a subscription opens to credentials of the kind that its plan asks for; nothing to others.
    fn grant(&self, subscription: FeedSubscription, security: Security) -> Option<Grant> {
        let plan = self.definition(subscription.plan_id).filter(|plan| plan.security == security)?;
        Some(Grant {
            api_id: subscription.api_id,
            plan_id: subscription.plan_id,
            subscription_id: subscription.id,
            limits: plan.limits,
            scopes: plan.scopes.clone(),
            resources: Vec::new(),
            upstream: UpstreamClass::Live,
            ends_at: subscription.ends_at,
            subject: None,
            filters: Vec::new(),
        })
    }

    fn by_api(&self) -> HashMap<ApiId, Vec<PlanSource>> {
        let mut map: HashMap<ApiId, Vec<PlanSource>> = HashMap::new();
        for Plan { id, api_id, definition, .. } in &self.in_order {
            map.entry(*api_id).or_default().push(PlanSource {
                id: *id,
                slug: definition.slug.clone(),
                security: definition.security,
                limits: definition.limits,
                operations: definition.operations.clone(),
            });
        }
        map
    }

    /// What is used of the quotas that run at `now`.
    async fn quota_used(&self, session: &mut Session, now: Timestamp) -> Result<Vec<QuotaUse>, AppError> {
        let mut used = Vec::new();
        let quotas = self.in_order.iter().filter_map(|plan| Some((plan.id, plan.definition.limits.quota?)));
        let quotas: Vec<(PlanId, Quota)> = quotas.collect();
        for (plan, quota) in quotas {
            let (period_start, _) = quota.bounds(now);
            let counts = session.admitted_since(plan, period_start).await?;
            used.extend(counts.into_iter().map(|(subscription_id, calls)| QuotaUse {
                subscription_id,
                period_start,
                used: u64::try_from(calls).unwrap_or(0),
            }));
        }
        Ok(used)
    }
}
