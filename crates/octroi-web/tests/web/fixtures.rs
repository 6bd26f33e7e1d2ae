//! One world for the generated tests: two organizations, a provider, an administrator; and for each operation of the
//! management API a request that fits it. An operation without one fails the suite.

use std::net::Ipv4Addr;

use octroi_app::applications::NewApplication;
use octroi_app::catalog::PageInput;
use octroi_app::partners::{IssueToPartner, NewPartner};
use octroi_app::sessions::OpenSession;
use octroi_app::tickets::OpenTicket;
use octroi_app::tokens::NewTokenRequest;
use octroi_domain::account::PortalRole;
use octroi_domain::actor::{Actor, TokenScope};
use octroi_domain::application::ApplicationKind;
use octroi_domain::ids::{
    AccountId, ApiId, ApplicationId, BrowserSessionId, CredentialId, JobId, ManagementTokenId,
    OrganizationId, PlanId, SubscriptionId, TicketId,
};
use octroi_domain::organization::{OrganizationKind, Role};
use octroi_domain::permission::Parties;
use octroi_testkit::{House, PASSWORD, PNG, plan, sirene, subscribe};
use octroi_web::api::Row;
use serde_json::{Value, json};

use crate::door::{Ask, Door};

/// Somebody who knocks.
pub(crate) struct Caller {
    pub(crate) name: &'static str,
    pub(crate) token: String,
    pub(crate) actor: Actor,
}

/// Everything that a request can be about.
pub(crate) struct World {
    pub(crate) callers: Vec<Caller>,
    pub(crate) owner: Actor,
    pub(crate) owner_account: AccountId,
    pub(crate) owner_token: ManagementTokenId,
    pub(crate) owner_session: BrowserSessionId,
    pub(crate) guest_account: AccountId,
    pub(crate) consumer: OrganizationId,
    pub(crate) provider: OrganizationId,
    pub(crate) provider_actor: Actor,
    pub(crate) api: ApiId,
    pub(crate) plan: PlanId,
    pub(crate) hidden_api: ApiId,
    pub(crate) hidden_plan: PlanId,
    pub(crate) application: ApplicationId,
    pub(crate) client: ApplicationId,
    pub(crate) subscription: SubscriptionId,
    pub(crate) pending: SubscriptionId,
    pub(crate) credential: CredentialId,
    pub(crate) ticket: TicketId,
    pub(crate) partner: OrganizationId,
    pub(crate) partner_plan: PlanId,
    pub(crate) partner_subscription: SubscriptionId,
    pub(crate) partner_key: CredentialId,
}

/// What an operation is asked, and whose object it is about.
pub(crate) struct Fixture {
    pub(crate) path: String,
    pub(crate) body: Value,
    pub(crate) file: Option<(&'static str, Vec<u8>)>,
    pub(crate) parties: Parties,
    /// The object is the caller's own, whoever calls.
    pub(crate) own: bool,
    /// Everybody sees the object: a refusal need not hide it.
    pub(crate) public: bool,
}

impl Fixture {
    pub(crate) fn ask(&self, row: &Row, token: &str) -> Ask {
        let ask = Ask::new(row.method.clone(), self.path.clone()).by(token);
        match (&self.file, &self.body) {
            (Some((media, bytes)), _) => ask.bytes(media, bytes.clone()),
            (None, Value::Null) => ask,
            (None, body) => ask.json(body),
        }
    }

    /// The object's parties as they are for this caller.
    pub(crate) fn parties_for(&self, actor: &Actor) -> Parties {
        match actor {
            Actor::Person(person) if self.own => Parties {
                account: Some(person.account_id),
                owner: Some(person.organization_id),
                provider: None,
            },
            _ => self.parties,
        }
    }
}

impl World {
    pub(crate) async fn of(house: &House, door: &Door) -> Self {
        for name in ["olga", "dora", "vera", "otto", "gina"] {
            house.person(name, &[]).await;
        }
        house.person("ada", &[PortalRole::Admin]).await;
        let olga = house.sign_in("olga").await;
        let consumer = house.organization(OrganizationKind::Company, "acme", &olga, Role::Owner).await;
        for (name, role) in [("dora", Role::Developer), ("vera", Role::Viewer), ("gina", Role::Viewer)] {
            let person = house.sign_in(name).await;
            house.organization(OrganizationKind::Company, "acme", &person, role).await;
        }
        let otto = house.sign_in("otto").await;
        house.organization(OrganizationKind::Provider, "autre", &otto, Role::Owner).await;
        let public = plan("public", json!({}));
        let manual = plan("manuel", json!({"validation": "manual"}));
        let issued = plan("partenaire", json!({"validation": "officer"}));
        let published = house.publish(json!({}), vec![public, manual, issued]).await;
        let owner = house.sign_in("olga").await;
        let draft = serde_json::from_value(hidden_api(published.organization_id)).unwrap();
        let draft = house.app.create_api(&published.provider, draft).await.unwrap().id;
        let prepared = plan("public", json!({}));
        let prepared = house.app.create_plan(&published.provider, draft, prepared, None).await.unwrap().id;

        let application = new_application(house, &owner, consumer, ApplicationKind::Simple).await;
        let waiting = new_application(house, &owner, consumer, ApplicationKind::Simple).await;
        let client = new_application(house, &owner, consumer, ApplicationKind::BackendToBackend).await;
        let (subscription, key) = house.subscribed(&owner, application, published.plan_id(0)).await;
        let asked = house.app.subscribe(&owner, subscribe(waiting, published.plan_id(1))).await.unwrap();
        let ticket: OpenTicket = serde_json::from_value(ticket(published.api_id(), application)).unwrap();
        let opened = house.app.open_ticket(&owner, ticket).await.unwrap();
        let request =
            NewTokenRequest { name: "spare".into(), scopes: vec![TokenScope::Read], expires_in_days: None };
        let spare = house.app.create_token(&owner, request).await.unwrap();

        let odile = house.person("odile", &[PortalRole::Officer]).await;
        let partner = NewPartner { name: "Partenaire".into(), slug: "partenaire".into() };
        let partner = house.app.create_partner(&odile, partner).await.unwrap().partner.id;
        let issue = IssueToPartner { plan_id: published.plan_id(2) };
        let issued = house.app.issue_partner_key(&odile, partner, issue).await.unwrap();

        let session = OpenSession {
            login: "olga".into(),
            password: PASSWORD.into(),
            remember: false,
            agent: "Firefox/132.0".into(),
        };
        house.app.open_session(Ipv4Addr::LOCALHOST.into(), session).await.unwrap();
        let sessions = house.app.sessions(&owner).await.unwrap();

        let world = Self {
            callers: callers(house, door).await,
            owner_account: owner.account_id().unwrap(),
            owner_token: spare.view.id,
            owner_session: sessions[0].id,
            guest_account: house.sign_in("gina").await.account_id().unwrap(),
            consumer,
            provider: published.organization_id,
            provider_actor: published.provider.clone(),
            api: published.api_id(),
            plan: published.plan_id(0),
            hidden_api: draft,
            hidden_plan: prepared,
            application,
            client,
            subscription: subscription.id,
            pending: asked.subscription.id,
            credential: key.credential.id,
            ticket: opened.id,
            partner,
            partner_plan: published.plan_id(2),
            partner_subscription: issued.subscription.id,
            partner_key: issued.key.unwrap().id,
            owner,
        };
        world.restore(house).await;
        world
    }

    /// Puts back what a permitted call may have taken away.
    pub(crate) async fn restore(&self, house: &House) {
        let (app, provider) = (&house.app, &self.provider_actor);
        let page =
            json!({"slug": "bienvenue", "language": "fr", "title": "Bienvenue", "markdown": "# Bonjour"});
        let page: PageInput = serde_json::from_value(page).unwrap();
        for api in [self.api, self.hidden_api] {
            app.put_page(provider, api, page.clone(), None).await.unwrap();
            app.put_openapi(provider, api, openapi().to_string().into(), None).await.unwrap();
            app.put_api_picture(provider, api, PNG.to_vec(), None).await.unwrap();
        }
        app.put_application_picture(&self.owner, self.client, PNG.to_vec()).await.unwrap();
        let system = Actor::System("test");
        app.ensure_member(&system, self.consumer, self.guest_account, Role::Viewer).await.unwrap();
    }

    pub(crate) fn caller(&self, name: &str) -> &Caller {
        self.callers.iter().find(|caller| caller.name == name).unwrap()
    }

    /// The request for `operation`.
    pub(crate) fn fixture(&self, row: &Row) -> Fixture {
        let (body, parties) = self.about(row.operation);
        let file = match row.operation {
            "putApiPicture" | "putApplicationPicture" => Some(("image/png", PNG.to_vec())),
            "putApiOpenapi" => Some(("application/json", openapi().to_string().into_bytes())),
            _ => None,
        };
        let (own, public) = (parties.is_none(), about_api(row));
        let parties = parties.unwrap_or(Parties::PORTAL);
        Fixture { path: self.path(row), body, file, parties, own, public }
    }

    /// The same request about the API that only its provider sees.
    pub(crate) fn hidden_fixture(&self, row: &Row) -> Fixture {
        let mut fixture = self.fixture(row);
        let names = [
            (self.api.to_string(), self.hidden_api.to_string()),
            (self.plan.to_string(), self.hidden_plan.to_string()),
            ("by-slug/sirene".to_owned(), "by-slug/brouillon".to_owned()),
        ];
        for (public, hidden) in names {
            fixture.path = fixture.path.replace(&public, &hidden);
        }
        if row.operation == "updateApi" {
            fixture.body = hidden_api(self.provider);
        }
        fixture.public = false;
        fixture
    }

    fn path(&self, row: &Row) -> String {
        let subscription = match row.operation {
            "approveSubscription" | "rejectSubscription" => self.pending,
            _ => self.subscription,
        };
        let application = match row.operation {
            "rotateClientSecret" => self.client,
            operation if operation.contains("Picture") => self.client,
            _ => self.application,
        };
        let account = match row.operation {
            "setMemberRole" | "removeMember" => self.guest_account,
            _ => self.owner_account,
        };
        let partner = row.path.contains("/partners/");
        let (organization, subscription, credential) = match partner {
            true => (self.partner, self.partner_subscription, self.partner_key),
            false => (self.consumer, subscription, self.credential),
        };
        let slug = if row.operation == "getApiBySlug" { "sirene" } else { "bienvenue" };
        let ids = [
            ("{account_id}", account.to_string()),
            ("{organization_id}", organization.to_string()),
            ("{token_id}", self.owner_token.to_string()),
            ("{session_id}", self.owner_session.to_string()),
            ("{api_id}", self.api.to_string()),
            ("{plan_id}", self.plan.to_string()),
            ("{application_id}", application.to_string()),
            ("{subscription_id}", subscription.to_string()),
            ("{credential_id}", credential.to_string()),
            ("{ticket_id}", self.ticket.to_string()),
            ("{job_id}", JobId::from_u128(1).to_string()),
            ("{slug}", slug.to_owned()),
        ];
        let path = ids.iter().fold(row.path.to_owned(), |path, (name, id)| path.replace(name, id));
        assert!(!path.contains('{'), "no identifier for {}", row.path);
        match row.operation {
            "getUsage" => format!("{path}?subscription_id={}", self.subscription),
            "getTicketCounts" | "listSubscribers" => format!("{path}?api_id={}", self.api),
            "deletePage" => format!("{path}?language=fr"),
            _ => path,
        }
    }

    /// The body, and whose object it is about; nobody in particular's where the caller asks about their own.
    fn about(&self, operation: &str) -> (Value, Option<Parties>) {
        let none = Value::Null;
        let account = Some(Parties::of_account(self.owner_account));
        let consumer = Some(Parties::owned_by(self.consumer));
        let provider = Some(Parties::provided_by(self.provider));
        let between = Some(Parties::between(self.consumer, self.provider));
        let thread = Some(Parties::ticket(self.owner_account, Some(self.consumer), self.provider));
        let portal = Some(Parties::PORTAL);
        match operation {
            "register" => (registration(), portal),
            "verifyEmail" | "previewInvitation" | "joinByInvitation" => (json!({"token": "x"}), None),
            "reportLeak" => (json!({"secret": "une-cle-de-personne", "place": "un dépôt"}), portal),
            "resendVerification" | "forgotPassword" => (json!({"email": "nobody@exemple.fr"}), None),
            "resetPassword" => (json!({"token": "x", "password": PASSWORD}), None),
            "acceptInvitation" => {
                let body = json!({
                    "token": "x", "identifier": "new-one", "first_name": "A", "last_name": "B",
                    "password": PASSWORD, "accept_terms": true,
                });
                (body, None)
            }
            "getMe" | "listTokens" | "listSessions" | "listOrganizations" | "listApplications"
            | "listSubscriptions" | "listTickets" | "listProvidedApis" => (none, None),
            "getAccount" | "exportAccount" | "eraseAccount" | "suspendAccount" | "resumeAccount" => {
                (none, account)
            }
            "updateAccount" => (json!({"first_name": "Olga"}), account),
            "changePassword" => (
                json!({"current_password": "not this one", "new_password": "une tour de verre bleu nuit"}),
                None,
            ),
            "setPortalRoles" => (json!({"portal_roles": []}), account),
            "listAccounts" | "listJobs" | "retryJob" | "listAuditEntries" => (none, portal),
            "inviteToPortal" => (json!({"email": "new@exemple.fr", "portal_roles": ["officer"]}), portal),
            "publishTerms" => (json!({"version": "2026-11", "body": "# CGU"}), portal),
            "acceptTerms" => (json!({"version": "2026-11"}), None),
            "getTerms" => (none, portal),
            "signIn" => (json!({"login": "olga", "password": PASSWORD}), None),
            "confirmPassword" => (json!({"password": PASSWORD}), None),
            "createToken" => (json!({"name": "more", "scopes": ["read"]}), None),
            "revokeToken" | "endSession" => (none, account),
            "createOrganization" => (json!({"kind": "company", "slug": "neuve", "name": "Neuve"}), portal),
            "getOrganization" | "listMembers" | "removeMember" => (none, consumer),
            "updateOrganization" => (json!({"name": "Acme"}), consumer),
            "inviteMember" => (json!({"email": "guest@exemple.fr", "role": "viewer"}), consumer),
            "setMemberRole" => (json!({"role": "viewer"}), consumer),
            "listPartners" | "getPartner" | "takePartner" | "resumePartner" | "listPartnerPlans"
            | "revokePartnerKey" | "replacePartnerKey" => (none, portal),
            "createPartner" => (json!({"name": "Autre", "slug": "autre-partenaire"}), portal),
            "inviteToPartner" => (json!({"email": "zoe@exemple.fr", "role": "owner"}), portal),
            "issuePartnerKey" => (json!({"plan_id": self.partner_plan}), portal),
            "renewPartnerKey" => (json!({"grace_seconds": 60}), portal),
            "suspendPartner" => (json!({"reason": "Parce que."}), portal),
            "listApis" | "getApi" | "getApiBySlug" | "getApiOpenapi" | "getApiPicture" | "listPlans"
            | "getPlan" | "listPages" | "getPage" | "deleteApi" | "deleteApiOpenapi" | "deleteApiPicture"
            | "deletePage" | "putApiOpenapi" | "putApiPicture" | "closePlan" | "reopenPlan" => {
                (none, provider)
            }
            "createApi" => (api(self.provider, "9.0"), provider),
            "updateApi" => (api(self.provider, "3.11"), provider),
            "setApiState" => (json!({"state": "published"}), provider),
            "createPlan" => (json!(plan("autre", json!({}))), provider),
            "updatePlan" => (json!(plan("public", json!({}))), provider),
            "putPage" => {
                let body = json!({
                    "slug": "bienvenue", "language": "fr", "title": "Bienvenue", "markdown": "# Salut",
                });
                (body, provider)
            }
            "createApplication" => {
                let body = json!({
                    "organization_id": self.consumer, "name": "Une", "description": "Une application",
                });
                (body, consumer)
            }
            "getApplication"
            | "archiveApplication"
            | "getApplicationPicture"
            | "putApplicationPicture"
            | "deleteApplicationPicture"
            | "listApplicationCredentials" => (none, consumer),
            "updateApplication" => (json!({"name": "Une", "description": "Autre chose"}), consumer),
            "rotateClientSecret" => (json!({"grace_seconds": 0}), consumer),
            "subscribe" => (json!({"application_id": self.application, "plan_id": self.plan}), consumer),
            "getSubscription" | "listCredentials" | "issueKey" => (none, between),
            "approveSubscription"
            | "pauseSubscription"
            | "resumeSubscription"
            | "closeSubscription"
            | "rejectSubscription" => (json!({"reason": "Parce que."}), between),
            "changePlan" => (json!({"plan_id": self.plan}), between),
            "importKeys" => (json!({"keys": [{"secret": "une-cle-d-ailleurs"}]}), between),
            "getCredential" | "revealCredential" | "pauseCredential" | "resumeCredential"
            | "revokeCredential" => (none, between),
            "renewCredential" => (json!({"grace_seconds": 60}), between),
            "getUsage" => (none, between),
            "openTicket" => (json!({"api_id": self.api, "subject": "Aide", "body": "Bonjour"}), None),
            "getTicketCounts" | "listSubscribers" => (none, provider),
            "getTicket" | "listTicketMessages" | "closeTicket" => (none, thread),
            "replyTicket" => (json!({"body": "Bonjour"}), thread),
            other => panic!("{other} has no fixture: add one, so that its permissions are tested"),
        }
    }
}

async fn new_application(
    house: &House,
    owner: &Actor,
    organization: OrganizationId,
    kind: ApplicationKind,
) -> ApplicationId {
    let new = NewApplication {
        organization_id: Some(organization),
        name: "Une".into(),
        description: "Une application".into(),
        domain: None,
        kind,
        client_id: None,
    };
    house.app.create_application(owner, new).await.unwrap().application.id
}

/// Everybody who knocks at each route.
async fn callers(house: &House, door: &Door) -> Vec<Caller> {
    let mut callers = vec![Caller { name: "anonymous", token: String::new(), actor: Actor::Anonymous }];
    for (name, identifier, scopes) in [
        ("stranger", "otto", None),
        ("viewer", "vera", None),
        ("developer", "dora", None),
        ("owner", "olga", None),
        ("owner who may only read", "olga", Some(&["read"][..])),
        ("provider", "paul", None),
        ("administrator", "ada", None),
        ("officer", "odile", None),
        ("administrator without the scope", "ada", Some(&["read", "write", "reveal"][..])),
    ] {
        let token = door.token(identifier, scopes).await;
        let actor = house.app.authenticate(&token).await.unwrap().0;
        callers.push(Caller { name, token, actor });
    }
    callers
}

fn registration() -> Value {
    json!({
        "email": "nouvelle@exemple.fr", "identifier": "nouvelle", "first_name": "Nina", "last_name": "Noël",
        "password": PASSWORD, "accept_terms": true,
    })
}

fn ticket(api: ApiId, application: ApplicationId) -> Value {
    json!({"api_id": api, "application_id": application, "subject": "Aide", "body": "Bonjour"})
}

fn api(organization: OrganizationId, version: &str) -> Value {
    json!(sirene(organization, version, json!({})))
}

/// Whether a row is about an API or a part of one.
pub(crate) fn about_api(row: &Row) -> bool {
    ["{api_id}", "{plan_id}", "by-slug"].iter().any(|part| row.path.contains(part))
}

/// An API that is being prepared.
fn hidden_api(organization: OrganizationId) -> Value {
    let more = json!({
        "slug": "brouillon", "state": "draft", "listing": "private",
        "gateway": {"route": {"path": "/brouillon"}},
    });
    json!(sirene(organization, "1", more))
}

/// A small document.
pub(crate) fn openapi() -> Value {
    json!({
        "openapi": "3.1.0", "info": {"title": "Sirene", "version": "3.11"},
        "servers": [{"url": "https://elsewhere.example"}],
        "paths": {"/siren": {"get": {"responses": {"200": {"description": "ok"}}}}},
    })
}
