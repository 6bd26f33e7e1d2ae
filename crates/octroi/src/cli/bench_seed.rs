//! `octroi bench-seed`: fills a database with as many applications, subscriptions and keys as a bench asks for, in few
//! transactions. Not for portals.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use octroi_app::App;
use octroi_app::catalog::apply::ApplyOptions;
use octroi_app::catalog::files::{self, Variables};
use octroi_app::setup::NewAccount;
use octroi_app::vault::Vault;
use octroi_domain::account::Person;
use octroi_domain::actor::Actor;
use octroi_domain::api::Language;
use octroi_domain::application::{Application, ApplicationKind, ApplicationProfile, ApplicationState};
use octroi_domain::credential::{Credential, CredentialKind, CredentialState, SecretKind};
use octroi_domain::ids::{
    AccountId, ApiId, ApplicationId, CredentialId, OrganizationId, PlanId, SubscriptionId,
};
use octroi_domain::organization::OrganizationKind;
use octroi_domain::subscription::{Subscription, SubscriptionState};
use octroi_store::Tx;

use super::{Ended, Failure, Where, say};
use crate::ambient::Ambient;
use crate::foundation::{Addresses, Foundation};

pub(super) const SYSTEM: Actor = Actor::System("bench");

/// Keys written in one transaction.
pub(super) const BATCH: u32 = 10_000;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// How many keys, each with an application and a subscription of its own.
    #[arg(long)]
    keys: u32,
    /// File to list the keys in, one a line.
    #[arg(long)]
    out: PathBuf,
    /// Path of the API on the gateway.
    #[arg(long, default_value = "/bench")]
    path: String,
    /// Header of the key.
    #[arg(long, default_value = "X-Api-Key")]
    header: String,
    /// Address of the upstream.
    #[arg(long)]
    upstream: url::Url,
    #[command(flatten)]
    place: Where,
}

/// What every key belongs to.
pub(super) struct Scene {
    pub(super) account: AccountId,
    pub(super) organization: OrganizationId,
    pub(super) api: ApiId,
    pub(super) plan: PlanId,
}

/// What was made for a key, and its text.
pub(super) struct Inserted {
    pub(super) application: ApplicationId,
    pub(super) subscription: SubscriptionId,
    pub(super) credential: CredentialId,
    pub(super) key: String,
}

pub(super) async fn run(options: Options) -> Ended {
    let config = options.place.load()?;
    let ambient = Ambient::system();
    let foundation = Foundation::lay(&config, &ambient).await?;
    let app = foundation.app(&config, &ambient, &Addresses::configured(&config)?, None).await?;
    app.ensure_signing_key().await?;
    let scene = scene(&app, &options).await?;
    let vault = foundation.keys.vault(&config.keys.instance)?;
    let mut list = std::io::BufWriter::new(std::fs::File::create(&options.out)?);
    let mut left = options.keys;
    while left > 0 {
        let mut tx = foundation.store.begin().await?;
        for _ in 0..left.min(BATCH) {
            let inserted = insert(&mut tx, &scene, &vault, &ambient).await?;
            writeln!(list, "{}", inserted.key)?;
        }
        tx.commit().await?;
        left -= left.min(BATCH);
    }
    list.flush()?;
    foundation.store.close().await;
    say(format!("{} keys for {}", options.keys, options.path))
}

async fn scene(app: &App, options: &Options) -> Result<Scene, Failure> {
    app.ensure_organization(&SYSTEM, OrganizationKind::Provider, "bench", "Bench").await?;
    let person = Person {
        email: "bench@exemple.fr".to_owned(),
        identifier: "bench".to_owned(),
        first_name: "Bench".to_owned(),
        last_name: "Bench".to_owned(),
        language: Language::Fr,
    };
    let password = "f3c1-77ab-90de-42b8-nobody-signs-in".to_owned();
    let account =
        app.ensure_account(&SYSTEM, NewAccount { person, password, portal_roles: Vec::new() }).await?;
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("bench.yaml"), document(options))?;
    let loaded = files::load(folder.path(), &Variables::new())?;
    app.apply(&SYSTEM, loaded, ApplyOptions::default()).await?;
    let api = app.api_by_slug(&SYSTEM, "bench", None).await?;
    let plan = api.plans.first().map(|p| p.id).ok_or_else(|| Failure("no plan".to_owned()))?;
    let organization = app.account(&SYSTEM, account).await?.organization_id;
    Ok(Scene { account, organization, api: api.id, plan })
}

fn document(options: &Options) -> String {
    let Options { path, header, upstream, .. } = options;
    format!(
        "apiVersion: octroi/v1\nkind: Api\nprovider: bench\nslug: bench\nversion: \"1\"\nname: Bench\n\
         gateway:\n  route: {{ path: {path:?} }}\n  upstreams: [{{ url: {:?} }}]\n  \
         credentials: [{{ in: header, name: {header:?} }}]\n  dialect: ietf\n\
         plans:\n  - slug: wide\n    name: Wide\n    security: api_key\n    \
         limits: {{ rate: {{ count: 10000000, window_seconds: 1 }} }}\n",
        upstream.as_str()
    )
}

/// One application, its subscription and its key.
pub(super) async fn insert(
    tx: &mut Tx,
    scene: &Scene,
    vault: &Vault,
    ambient: &Ambient,
) -> Result<Inserted, Failure> {
    let (now, entropy) = (ambient.clock.now(), &*ambient.entropy);
    let application_id = ApplicationId::new(now, entropy);
    let subscription_id = SubscriptionId::new(now, entropy);
    tx.insert_application(&Application {
        id: application_id,
        organization_id: scene.organization,
        profile: ApplicationProfile {
            name: "Bench".to_owned(),
            description: "Bench".to_owned(),
            domain: None,
        },
        kind: ApplicationKind::Simple,
        client_id: None,
        state: ApplicationState::Active,
        created_by: scene.account,
        created_at: now,
        edition: 1,
    })
    .await?;
    tx.insert_subscription(&Subscription {
        id: subscription_id,
        application_id,
        api_id: scene.api,
        plan_id: scene.plan,
        state: SubscriptionState::Active,
        comment: String::new(),
        accepted_terms: None,
        reason: None,
        created_at: now,
        decided_at: Some(now),
        ends_at: None,
        edition: 1,
    })
    .await?;
    let secret = vault.instance.generate(SecretKind::ApiKey, entropy);
    let (scheme, digest) = vault.peppers.digest(secret.expose());
    let credential_id = CredentialId::new(now, entropy);
    tx.insert_credential(&Credential {
        id: credential_id,
        kind: CredentialKind::ApiKey,
        organization_id: scene.organization,
        application_id,
        subscription_id: Some(subscription_id),
        hint: secret.hint(),
        scheme,
        digest,
        sealed: None,
        state: CredentialState::Active,
        replaced_by: None,
        created_at: now,
        expires_at: None,
        revoked_at: None,
        edition: 1,
    })
    .await?;
    Ok(Inserted {
        application: application_id,
        subscription: subscription_id,
        credential: credential_id,
        key: secret.expose().to_owned(),
    })
}
