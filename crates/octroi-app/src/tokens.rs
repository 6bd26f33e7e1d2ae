//! Tokens of the management API: signing in, making, listing and ending them, and recognising one.

use std::net::IpAddr;
use std::time::Duration;

use octroi_domain::account::{Account, AccountState};
use octroi_domain::actor::{Actor, Person, TokenScope};
use octroi_domain::credential::digest::sha256;
use octroi_domain::credential::{Digest, SecretKind, Shape};
use octroi_domain::ids::{AccountId, ManagementTokenId};
use octroi_domain::permission::{Action, Parties};
use octroi_domain::time::Timestamp;
use octroi_domain::validate::{Check, Rule};
use octroi_store::{ManagementToken, Session, login_key};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::context::require;
use crate::error::taken;
use crate::shared::client_key;
use crate::{App, AppError};

/// How long a token lives when nobody says.
const DEFAULT_DAYS: u32 = 30;

/// The longest life of a token.
const MAX_DAYS: u32 = 365;

/// Tokens of one account that open something, at most.
const MAX_LIVE: i64 = 100;

/// How exactly the last use of a token is known.
const USE_NOTED_EVERY: Duration = Duration::from_secs(60);

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A sign-in with a password.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// E-mail address or identifier, in any letter case.
    #[schemars(length(min = 1, max = 254))]
    pub login: String,
    /// The password.
    #[schemars(length(min = 1, max = 1024))]
    pub password: String,
    /// What the new token is called.
    #[serde(default = "default_name")]
    #[schemars(length(min = 1, max = 100), regex(pattern = octroi_domain::patterns::NAME))]
    pub name: String,
    /// What the new token may be used for; all that the person may where absent.
    #[serde(default)]
    #[schemars(length(min = 1, max = 10))]
    pub scopes: Option<Vec<TokenScope>>,
    /// Days that the new token lives: 1 to 365, 30 by default.
    #[serde(default)]
    #[schemars(range(min = 1, max = 365))]
    pub expires_in_days: Option<u32>,
}

fn default_name() -> String {
    "sign-in".to_owned()
}

impl std::fmt::Debug for SignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignIn").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A further token.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTokenRequest {
    /// What it is called: 1 to 100 characters.
    #[schemars(length(min = 1, max = 100), regex(pattern = octroi_domain::patterns::NAME))]
    pub name: String,
    /// What it may be used for; never more than the token that asks.
    #[schemars(length(min = 1, max = 10))]
    pub scopes: Vec<TokenScope>,
    /// Days that it lives: 1 to 365, 30 by default; never longer than the token that it is asked with.
    #[serde(default)]
    #[schemars(range(min = 1, max = 365))]
    pub expires_in_days: Option<u32>,
}

/// A token, without its text.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct TokenView {
    /// Its identifier.
    pub id: ManagementTokenId,
    /// What it is called.
    pub name: String,
    /// Its last four characters.
    pub hint: String,
    /// What it may be used for.
    pub scopes: Vec<TokenScope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From this moment on it opens nothing.
    pub expires_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// A token that was just made. Its text is shown here and never again.
#[derive(Clone, Serialize, JsonSchema)]
pub struct NewToken {
    /// The text to send as `Authorization: Bearer …`.
    pub token: String,
    /// The rest.
    pub view: TokenView,
}

impl std::fmt::Debug for NewToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewToken").field("view", &self.view).finish_non_exhaustive()
    }
}

impl From<ManagementToken> for TokenView {
    fn from(token: ManagementToken) -> Self {
        Self {
            id: token.id,
            name: token.name,
            hint: token.hint,
            scopes: token.scopes,
            created_at: token.created_at,
            expires_at: token.expires_at,
            last_used_at: token.last_used_at,
            revoked_at: token.revoked_at,
        }
    }
}

/// Every scope: what a sign-in gives unless it asks for less.
const ALL_SCOPES: [TokenScope; 4] =
    [TokenScope::Read, TokenScope::Write, TokenScope::Reveal, TokenScope::Admin];

impl App {
    /// Signs in with a password from the address `client`, and makes a token. An unknown account, a wrong password, an
    /// unconfirmed and a suspended account get the same answer after the same time; failures make the next try wait.
    pub async fn sign_in(&self, client: IpAddr, request: SignIn) -> Result<NewToken, AppError> {
        let scopes = request.scopes.clone().unwrap_or_else(|| ALL_SCOPES.to_vec());
        check_token(&request.name, &scopes, request.expires_in_days)?;
        let account = self.prove(client, &request.login, &request.password).await?;
        let (id, now) = (self.new_token_id(), self.now());
        let ends_at = self.token_end(request.expires_in_days);
        self.make_token(&account, id, &request.name, scopes, ends_at, Some(now)).await
    }

    /// The account that `login` names, where the password is right and the account may sign in.
    pub(crate) async fn prove(
        &self,
        client: IpAddr,
        login: &str,
        password: &str,
    ) -> Result<Account, AppError> {
        let client = client_key(client);
        let subject = (client, limited_key(login));
        let now = self.monotonic();
        let wait = self.shared.sign_ins.wait(&subject, now).max(self.shared.clients.wait(&client, now));
        if let Some(seconds) = wait {
            return Err(AppError::TooMany(seconds));
        }
        // Counted before the slow part, so that tries sent at the same time are all counted; forgiven by a success.
        self.shared.sign_ins.fail(subject.clone(), now);
        self.shared.clients.fail(client, now);
        let account = find_by_login(&mut self.read().await?, login).await?;
        let hash = account.as_ref().and_then(|a| a.password_hash.clone());
        let fits = self.verify_password(password, hash).await?;
        let account = account.filter(|a| fits && a.state == AccountState::Active).ok_or(AppError::SignIn)?;
        self.shared.sign_ins.forgive(&subject);
        // Whoever signs in to an account of their own goes on being slowed down on those of others.
        self.shared.clients.take_back(&client);
        Ok(account)
    }

    /// A new name for a token that is about to be made: a form that carries it makes one token, however often it is sent.
    pub fn new_token_id(&self) -> ManagementTokenId {
        ManagementTokenId::new(self.now(), self.entropy())
    }

    /// Makes a further token for the person who acts.
    pub async fn create_token(&self, actor: &Actor, request: NewTokenRequest) -> Result<NewToken, AppError> {
        self.create_token_as(actor, self.new_token_id(), request).await
    }

    /// The same under a name that the caller proposes; one that is in use is refused as the field `id`.
    pub async fn create_token_as(
        &self,
        actor: &Actor,
        id: ManagementTokenId,
        request: NewTokenRequest,
    ) -> Result<NewToken, AppError> {
        let Actor::Person(person) = actor else { return Err(AppError::SignIn) };
        require(actor, Action::AccountUpdate, &Parties::of_account(person.account_id))?;
        check_token(&request.name, &request.scopes, request.expires_in_days)?;
        if let Some(missing) = request.scopes.iter().find(|scope| !actor.has_scope(**scope)) {
            return Err(AppError::Scope(*missing));
        }
        let account = self.read().await?.account(person.account_id).await?.ok_or(AppError::NotFound)?;
        let ends_at = self.token_end(request.expires_in_days);
        // A token makes none that outlives it: what was found on a disk cannot be kept for ever.
        let ends_at = person.token_ends_at.map_or(ends_at, |own| own.min(ends_at));
        self.make_token(&account, id, &request.name, request.scopes, ends_at, None).await
    }

    fn token_end(&self, days: Option<u32>) -> Timestamp {
        self.now().after(DAY * days.unwrap_or(DEFAULT_DAYS))
    }

    async fn make_token(
        &self,
        account: &Account,
        id: ManagementTokenId,
        name: &str,
        mut scopes: Vec<TokenScope>,
        expires_at: Timestamp,
        signed_in_at: Option<Timestamp>,
    ) -> Result<NewToken, AppError> {
        let now = self.now();
        scopes.sort_unstable();
        scopes.dedup();
        let secret = self.vault().instance.generate(SecretKind::ManagementToken, self.entropy());
        let token = ManagementToken {
            id,
            account_id: account.id,
            name: name.trim().to_owned(),
            digest: digest(secret.expose()),
            hint: secret.hint(),
            scopes,
            created_at: now,
            signed_in_at,
            expires_at,
            last_used_at: None,
            revoked_at: None,
        };
        let mut tx = self.begin().await?;
        // Read again with others waiting: a suspension or a new password may have come meanwhile.
        tx.lock_account(account.id).await?;
        let current = tx.account(account.id).await?.ok_or(AppError::SignIn)?;
        if current.state != AccountState::Active || current.password_hash != account.password_hash {
            return Err(AppError::SignIn);
        }
        if tx.count_live_tokens(account.id, now).await? >= MAX_LIVE {
            return Err(AppError::invalid("", Rule::OutOfRange { min: 0, max: MAX_LIVE }));
        }
        tx.insert_management_token(&token).await.map_err(|e| taken(e, &[("management_tokens", "id")]))?;
        let actor = Actor::Person(Box::new(person_of(&mut tx, &current).await?));
        self.audit(&mut tx, &actor, "token.created", token.id, json!({"scopes": token.scopes}));
        self.commit(tx).await?;
        Ok(NewToken { token: secret.expose().to_owned(), view: token.into() })
    }

    /// The tokens of the person who acts, newest first.
    pub async fn tokens(&self, actor: &Actor) -> Result<Vec<TokenView>, AppError> {
        let account = actor.account_id().ok_or(AppError::SignIn)?;
        require(actor, Action::AccountRead, &Parties::of_account(account))?;
        let tokens = self.read().await?.management_tokens(account).await?;
        Ok(tokens.into_iter().map(TokenView::from).collect())
    }

    /// Ends a token of the person who acts, at once and for good. One that has ended already stays ended.
    pub async fn revoke_token(&self, actor: &Actor, id: ManagementTokenId) -> Result<(), AppError> {
        let mut tx = self.begin().await?;
        let token = tx.management_token(id).await?.ok_or(AppError::NotFound)?;
        require(actor, Action::AccountUpdate, &Parties::of_account(token.account_id)).map_err(hide)?;
        if tx.revoke_management_token(id, self.now()).await? {
            self.audit(&mut tx, actor, "token.revoked", id, json!({}));
        }
        self.commit(tx).await
    }

    /// The account of the person who acts, where `password` is its password: shown again, and not only remembered.
    pub(crate) async fn prove_again(
        &self,
        actor: &Actor,
        client: IpAddr,
        password: &str,
    ) -> Result<AccountId, AppError> {
        let account = actor.account_id().ok_or(AppError::SignIn)?;
        let login = self.read().await?.account(account).await?.ok_or(AppError::SignIn)?.email;
        let proven = self.prove(client, &login, password).await.map_err(|e| wrong_password("password", e))?;
        // Another account may have taken the address meanwhile.
        if proven.id == account { Ok(account) } else { Err(AppError::SignIn) }
    }

    /// Shows the password again, so that stored secrets can be revealed for five minutes with the token `id`, which is
    /// the one in use.
    pub async fn confirm(
        &self,
        actor: &Actor,
        client: IpAddr,
        id: ManagementTokenId,
        password: &str,
    ) -> Result<(), AppError> {
        let account = self.prove_again(actor, client, password).await?;
        let mut tx = self.begin().await?;
        let token = tx.management_token(id).await?.ok_or(AppError::NotFound)?;
        if token.account_id != account || token.revoked_at.is_some() {
            return Err(AppError::NotFound);
        }
        tx.refresh_sign_in(id, self.now()).await?;
        self.audit(&mut tx, actor, "token.confirmed", id, json!({}));
        self.commit(tx).await
    }

    /// Who shows this token. Unknown, mistyped, expired and revoked ones, and those of accounts that may not sign in,
    /// get the same answer.
    pub async fn authenticate(&self, bearer: &str) -> Result<(Actor, ManagementTokenId), AppError> {
        if self.vault().instance.shape(bearer) != Shape::Ours(SecretKind::ManagementToken) {
            return Err(AppError::SignIn);
        }
        let now = self.now();
        let mut session = self.read().await?;
        let token = session
            .management_token_by_digest(&digest(bearer))
            .await?
            .filter(|t| t.revoked_at.is_none() && now < t.expires_at)
            .ok_or(AppError::SignIn)?;
        let account = session
            .account(token.account_id)
            .await?
            .filter(|a| a.state == AccountState::Active)
            .ok_or(AppError::SignIn)?;
        let mut person = person_of(&mut session, &account).await?;
        drop(session);
        person.token_scopes = Some(token.scopes);
        person.token_ends_at = Some(token.expires_at);
        person.signed_in_at = token.signed_in_at;
        if token.last_used_at.is_none_or(|last| now.since(last) >= USE_NOTED_EVERY) {
            self.note_use(token.id, now).await;
        }
        Ok((Actor::Person(Box::new(person)), token.id))
    }

    /// Notes a token's use, if the database can write now: reading goes on without.
    async fn note_use(&self, id: ManagementTokenId, now: Timestamp) {
        let noted = async {
            let mut tx = self.begin().await?;
            tx.touch_management_token(id, now).await?;
            self.commit(tx).await
        };
        if let Err(error) = noted.await {
            tracing::warn!(%error, token = %id, "the use of a token cannot be noted");
        }
    }
}

/// The account that `login` names by its address or its identifier.
async fn find_by_login(session: &mut Session, login: &str) -> Result<Option<Account>, AppError> {
    let by_email = session.account_by_email(login).await?;
    let by_identifier = session.account_by_identifier(login).await?;
    Ok(by_email.or(by_identifier))
}

/// A person as an actor, with every place in organizations; scopes and sign-in are the caller's to fill in.
pub(crate) async fn person_of(session: &mut Session, account: &Account) -> Result<Person, AppError> {
    let memberships = session.memberships(account.id).await?;
    Ok(Person {
        account_id: account.id,
        organization_id: account.organization_id,
        portal_roles: account.portal_roles.clone(),
        memberships: memberships.into_iter().map(|m| (m.organization_id, m.role)).collect(),
        token_scopes: None,
        token_ends_at: None,
        signed_in_at: None,
    })
}

/// The digest under which tokens and links are kept. They hold 190 random bits: no pepper is needed.
pub(crate) fn digest(secret: &str) -> Digest {
    Digest(sha256(secret.as_bytes()))
}

/// What sign-ins are limited by: bounded, whatever was typed.
fn limited_key(login: &str) -> String {
    login_key(login).chars().take(254).collect()
}

/// What is somebody else's does not exist: a token, a session.
pub(crate) fn hide(error: AppError) -> AppError {
    match error {
        AppError::Forbidden => AppError::NotFound,
        other => other,
    }
}

/// The person has signed in; it is the password typed now that is wrong.
pub(crate) fn wrong_password(field: &str, error: AppError) -> AppError {
    match error {
        AppError::SignIn => AppError::invalid(field, Rule::WrongPassword),
        other => other,
    }
}

fn check_token(name: &str, scopes: &[TokenScope], days: Option<u32>) -> Result<(), AppError> {
    let mut c = Check::new();
    c.line("name", name, 1, 100);
    c.require(!scopes.is_empty(), "scopes", Rule::Required);
    let fits = days.is_none_or(|d| (1..=MAX_DAYS).contains(&d));
    c.require(fits, "expires_in_days", Rule::OutOfRange { min: 1, max: MAX_DAYS.into() });
    Ok(c.finish()?)
}
