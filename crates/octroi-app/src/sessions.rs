//! Browser sessions: signing in on a page, recognising a cookie, listing and ending sessions.

mod browser;

use std::net::IpAddr;
use std::time::Duration;

use octroi_domain::account::{Account, AccountState};
use octroi_domain::actor::Actor;
use octroi_domain::credential::{SecretKind, Shape};
use octroi_domain::ids::{AccountId, BrowserSessionId};
use octroi_domain::permission::{Action, Parties};
use octroi_domain::time::Timestamp;
use octroi_store::{BrowserSession, Tx};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::accounts::AccountView;
use crate::context::require;
use crate::shared::client_key;
use crate::tokens::{digest, hide, person_of};
use crate::{App, AppError};

/// How long a session lives that ends with its browser, and how long it may lie unused.
const SHORT: (Duration, Duration) = (Duration::from_secs(12 * 3600), Duration::from_secs(2 * 3600));

/// The same for one that is remembered.
const REMEMBERED: (Duration, Duration) =
    (Duration::from_secs(30 * 24 * 3600), Duration::from_secs(14 * 24 * 3600));

/// For how long a kind of browser in a network is familiar after its last use.
const FAMILIAR: Duration = Duration::from_secs(90 * 24 * 3600);

/// How exactly the last use of a session is known.
const USE_NOTED_EVERY: Duration = Duration::from_secs(60);

/// Characters of a browser's name that are kept.
const AGENT_CHARS: usize = 200;

/// A sign-in on a page.
pub struct OpenSession {
    /// E-mail address or identifier, in any letter case.
    pub login: String,
    /// The password.
    pub password: String,
    /// Whether the session outlives the browser.
    pub remember: bool,
    /// What the browser says of itself.
    pub agent: String,
}

impl std::fmt::Debug for OpenSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OpenSession(…)")
    }
}

/// A session that has just begun.
pub struct OpenedSession {
    /// What the cookie holds: given here and never again.
    pub secret: String,
    /// How long the browser keeps the cookie; until it is closed where absent.
    pub max_age: Option<Duration>,
    /// Who signed in.
    pub account: AccountView,
}

impl std::fmt::Debug for OpenedSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OpenedSession(…)")
    }
}

/// Who shows a cookie.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The session.
    pub session: BrowserSessionId,
    /// The person, as an actor.
    pub actor: Actor,
    /// The account.
    pub account: AccountView,
    /// Whether the portal's terms, in the version in force, are accepted.
    pub terms_accepted: bool,
}

/// A session, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SessionView {
    /// Its identifier.
    pub id: BrowserSessionId,
    /// What the browser says of itself.
    pub agent: String,
    /// Browser and system in short, such as `Firefox, Linux`; absent where they are not known.
    pub browser: Option<String>,
    /// The network that it came from: the address without its last part.
    pub network: String,
    /// Whether it outlives the browser.
    pub remembered: bool,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Timestamp,
    /// From this moment on it opens nothing.
    pub expires_at: Timestamp,
    /// When it was ended.
    pub ended_at: Option<Timestamp>,
}

impl From<BrowserSession> for SessionView {
    fn from(session: BrowserSession) -> Self {
        Self {
            id: session.id,
            browser: browser::label(&session.agent),
            agent: session.agent,
            network: session.network,
            remembered: session.remembered,
            created_at: session.created_at,
            last_used_at: session.last_used_at,
            expires_at: session.expires_at,
            ended_at: session.ended_at,
        }
    }
}

impl App {
    /// Signs in with a password from the address `client`, and begins a session. The person is told by mail where it comes
    /// from somewhere unfamiliar. Failures are answered and slowed down
    /// as by [`App::sign_in`].
    pub async fn open_session(
        &self,
        client: IpAddr,
        request: OpenSession,
    ) -> Result<OpenedSession, AppError> {
        let proven = self.prove(client, &request.login, &request.password).await?;
        let now = self.now();
        let (life, _) = life(request.remember);
        let secret = self.vault().instance.generate(SecretKind::Session, self.entropy());
        let session = BrowserSession {
            id: BrowserSessionId::new(now, self.entropy()),
            account_id: proven.id,
            digest: digest(secret.expose()),
            agent: request.agent.chars().filter(|c| !c.is_control()).take(AGENT_CHARS).collect(),
            network: network(client),
            remembered: request.remember,
            created_at: now,
            signed_in_at: now,
            last_used_at: now,
            expires_at: now.after(life),
            ended_at: None,
        };
        let mut tx = self.begin().await?;
        // Read again with others waiting: a suspension or a new password may have come meanwhile.
        tx.lock_account(proven.id).await?;
        let account = tx.account(proven.id).await?.ok_or(AppError::SignIn)?;
        if account.state != AccountState::Active || account.password_hash != proven.password_hash {
            return Err(AppError::SignIn);
        }
        if is_unfamiliar(&session, &tx.browser_sessions(account.id).await?) {
            let label = browser::label(&session.agent).unwrap_or_else(|| "?".to_owned());
            self.mail_new_sign_in(&mut tx, &account, client, &label).await?;
        }
        tx.insert_browser_session(&session).await?;
        let actor = Actor::Person(Box::new(person_of(&mut tx, &account).await?));
        self.audit(&mut tx, &actor, "session.opened", session.id, json!({"remembered": session.remembered}));
        self.commit(tx).await?;
        Ok(OpenedSession {
            secret: secret.expose().to_owned(),
            max_age: request.remember.then_some(life),
            account: account.into(),
        })
    }

    /// Who shows this cookie; nobody where it is unknown, mistyped, ended, unused for too long, or of an account that
    /// may not sign in.
    pub async fn recognise(&self, cookie: &str) -> Result<Option<SignedIn>, AppError> {
        if self.vault().instance.shape(cookie) != Shape::Ours(SecretKind::Session) {
            return Ok(None);
        }
        let now = self.now();
        let mut reading = self.read().await?;
        let found = reading.browser_session_by_digest(&digest(cookie)).await?;
        let Some(session) = found.filter(|session| is_live(session, now)) else { return Ok(None) };
        let Some(account) = reading.account(session.account_id).await?.filter(may_sign_in) else {
            return Ok(None);
        };
        let mut person = person_of(&mut reading, &account).await?;
        let terms = reading.current_terms().await?.map(|terms| terms.version);
        drop(reading);
        person.signed_in_at = Some(session.signed_in_at);
        if now.since(session.last_used_at) >= USE_NOTED_EVERY {
            self.note_session_use(session.id, now).await;
        }
        Ok(Some(SignedIn {
            session: session.id,
            actor: Actor::Person(Box::new(person)),
            terms_accepted: terms.is_none() || terms == account.terms_version,
            account: account.into(),
        }))
    }

    /// Notes a session's use, if the database can write now: reading goes on without.
    async fn note_session_use(&self, id: BrowserSessionId, now: Timestamp) {
        let noted = async {
            let mut tx = self.begin().await?;
            tx.touch_browser_session(id, now).await?;
            self.commit(tx).await
        };
        if let Err(error) = noted.await {
            tracing::warn!(%error, session = %id, "the use of a session cannot be noted");
        }
    }

    /// The sessions of the person who acts that still open something, newest first.
    pub async fn sessions(&self, actor: &Actor) -> Result<Vec<SessionView>, AppError> {
        let account = actor.account_id().ok_or(AppError::SignIn)?;
        require(actor, Action::AccountRead, &Parties::of_account(account))?;
        let now = self.now();
        let sessions = self.read().await?.browser_sessions(account).await?;
        Ok(sessions.into_iter().filter(|s| is_live(s, now)).map(SessionView::from).collect())
    }

    /// Ends a session of the person who acts. One that has ended already stays ended.
    pub async fn end_session(&self, actor: &Actor, id: BrowserSessionId) -> Result<(), AppError> {
        let mut tx = self.begin().await?;
        let session = tx.browser_session(id).await?.ok_or(AppError::NotFound)?;
        require(actor, Action::AccountUpdate, &Parties::of_account(session.account_id)).map_err(hide)?;
        if tx.end_browser_session(id, self.now()).await? {
            self.audit(&mut tx, actor, "session.ended", id, json!({}));
        }
        self.commit(tx).await
    }

    /// Ends every session of the person who acts but `kept`; gives how many.
    pub async fn end_other_sessions(
        &self,
        actor: &Actor,
        kept: Option<BrowserSessionId>,
    ) -> Result<u64, AppError> {
        let account = actor.account_id().ok_or(AppError::SignIn)?;
        require(actor, Action::AccountUpdate, &Parties::of_account(account))?;
        let mut tx = self.begin().await?;
        let ended = tx.end_browser_sessions(account, kept, self.now()).await?;
        if ended > 0 {
            self.audit(&mut tx, actor, "sessions.ended", account, json!({"ended": ended}));
        }
        self.commit(tx).await?;
        Ok(ended)
    }

    /// Shows the password again in the session `id`, which is the one in use, so that stored secrets can be revealed
    /// for five minutes.
    pub async fn confirm_session(
        &self,
        actor: &Actor,
        client: IpAddr,
        id: BrowserSessionId,
        password: &str,
    ) -> Result<(), AppError> {
        let account = self.prove_again(actor, client, password).await?;
        let mut tx = self.begin().await?;
        let session = tx.browser_session(id).await?.ok_or(AppError::SignIn)?;
        if session.account_id != account || session.ended_at.is_some() {
            return Err(AppError::SignIn);
        }
        tx.refresh_browser_session(id, self.now()).await?;
        self.audit(&mut tx, actor, "session.confirmed", id, json!({}));
        self.commit(tx).await
    }

    /// Ends, in `tx`, all that an account has signed in with: its tokens and its sessions.
    pub(crate) async fn end_sign_ins(&self, tx: &mut Tx, account: AccountId) -> Result<(), AppError> {
        tx.revoke_management_tokens(account, self.now()).await?;
        tx.end_browser_sessions(account, None, self.now()).await?;
        Ok(())
    }
}

const fn life(remembered: bool) -> (Duration, Duration) {
    if remembered { REMEMBERED } else { SHORT }
}

fn is_live(session: &BrowserSession, now: Timestamp) -> bool {
    let (_, idle) = life(session.remembered);
    session.ended_at.is_none() && now < session.expires_at && now.since(session.last_used_at) < idle
}

/// Whether a session comes from where its person was not seen before: there are earlier ones, and none that was used
/// lately has the same kind of browser and the same network.
fn is_unfamiliar(new: &BrowserSession, earlier: &[BrowserSession]) -> bool {
    let is_like = |old: &BrowserSession| {
        new.created_at.since(old.last_used_at) < FAMILIAR
            && old.network == new.network
            && browser::family(&old.agent) == browser::family(&new.agent)
    };
    !earlier.is_empty() && !earlier.iter().any(is_like)
}

fn may_sign_in(account: &Account) -> bool {
    account.state == AccountState::Active
}

/// The network of an address: enough to recognise one's own, too little to follow somebody (promise P11).
fn network(client: IpAddr) -> String {
    match client_key(client) {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.x")
        }
        v6 => format!("{v6}/64"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_loses_its_last_part() {
        assert_eq!(network("192.0.2.77".parse().unwrap()), "192.0.2.x");
        assert_eq!(network("::ffff:192.0.2.77".parse().unwrap()), "192.0.2.x");
        assert_eq!(network("2001:db8:1:2:3:4:5:6".parse().unwrap()), "2001:db8:1:2::/64");
    }
}
