//! Browser sessions in the database: the digest of each cookie, never the cookie.

use octroi_domain::credential::Digest;
use octroi_domain::ids::{AccountId, BrowserSessionId};
use octroi_domain::time::Timestamp;

use crate::row::{Row, text, values};
use crate::{Session, StoreError, Tx};

/// A session of a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrowserSession {
    /// Its identifier.
    pub id: BrowserSessionId,
    /// Who signed in.
    pub account_id: AccountId,
    /// SHA-256 of the cookie.
    pub digest: Digest,
    /// What the browser says of itself, cut.
    pub agent: String,
    /// The network that it came from: the address without its last part.
    pub network: String,
    /// Whether it outlives the browser.
    pub remembered: bool,
    /// When it began.
    pub created_at: Timestamp,
    /// When its person last showed a password.
    pub signed_in_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Timestamp,
    /// From this moment on it opens nothing.
    pub expires_at: Timestamp,
    /// When it was ended.
    pub ended_at: Option<Timestamp>,
}

fn read(row: &Row) -> Result<BrowserSession, StoreError> {
    Ok(BrowserSession {
        id: row.parsed("id")?,
        account_id: row.parsed("account_id")?,
        digest: Digest(row.digest("digest")?),
        agent: row.text("agent")?,
        network: row.text("network")?,
        remembered: row.int("remembered")? != 0,
        created_at: row.time("created_at")?,
        signed_in_at: row.time("signed_in_at")?,
        last_used_at: row.time("last_used_at")?,
        expires_at: row.time("expires_at")?,
        ended_at: row.opt_time("ended_at")?,
    })
}

impl Session {
    /// The session `id`.
    pub async fn browser_session(
        &mut self,
        id: BrowserSessionId,
    ) -> Result<Option<BrowserSession>, StoreError> {
        let row = self.maybe("SELECT * FROM sessions WHERE id = $1", values![text(id)]).await?;
        row.as_ref().map(read).transpose()
    }

    /// The session whose cookie has this digest.
    pub async fn browser_session_by_digest(
        &mut self,
        digest: &Digest,
    ) -> Result<Option<BrowserSession>, StoreError> {
        let row = self.maybe("SELECT * FROM sessions WHERE digest = $1", values![&digest.0]).await?;
        row.as_ref().map(read).transpose()
    }

    /// The account's sessions, ended ones included, newest first; at most 200.
    pub async fn browser_sessions(&mut self, account: AccountId) -> Result<Vec<BrowserSession>, StoreError> {
        let sql = "SELECT * FROM sessions WHERE account_id = $1 ORDER BY id DESC LIMIT 200";
        self.rows(sql, values![text(account)]).await?.iter().map(read).collect()
    }
}

impl Tx {
    /// Adds `session`.
    pub async fn insert_browser_session(&mut self, session: &BrowserSession) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO sessions (id, account_id, digest, agent, network, remembered, created_at, signed_in_at, \
             last_used_at, expires_at, ended_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            values![
                text(session.id),
                text(session.account_id),
                &session.digest.0,
                &session.agent,
                &session.network,
                session.remembered,
                session.created_at,
                session.signed_in_at,
                session.last_used_at,
                session.expires_at,
                session.ended_at
            ],
        )
        .await?;
        Ok(())
    }

    /// Notes that the session was used.
    pub async fn touch_browser_session(
        &mut self,
        id: BrowserSessionId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE sessions SET last_used_at = $2 WHERE id = $1";
        self.execute(sql, values![text(id), now]).await.map(drop)
    }

    /// Notes that the session's person has just shown the password.
    pub async fn refresh_browser_session(
        &mut self,
        id: BrowserSessionId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE sessions SET signed_in_at = $2 WHERE id = $1";
        self.execute(sql, values![text(id), now]).await.map(drop)
    }

    /// Ends one session; says whether it was still open.
    pub async fn end_browser_session(
        &mut self,
        id: BrowserSessionId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE sessions SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL";
        Ok(self.execute(sql, values![text(id), now]).await? > 0)
    }

    /// Ends every session of an account but `kept`; gives their number.
    pub async fn end_browser_sessions(
        &mut self,
        account: AccountId,
        kept: Option<BrowserSessionId>,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let sql = "UPDATE sessions SET ended_at = $3 WHERE account_id = $1 AND id <> $2 AND ended_at IS NULL";
        self.execute(sql, values![text(account), kept.map(text).unwrap_or_default(), now]).await
    }

    /// Forgets sessions that ended by themselves before `before`.
    pub async fn delete_old_browser_sessions(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        self.execute("DELETE FROM sessions WHERE expires_at < $1", values![before]).await
    }
}
