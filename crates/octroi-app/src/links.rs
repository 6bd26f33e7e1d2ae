//! Links that people are sent: 256 random bits, kept as a digest, good once and for a while.

use std::time::Duration;

use octroi_domain::credential::{SecretKind, Shape};
use octroi_domain::ids::{AccountId, InvitationId};
use octroi_domain::time::Timestamp;
use octroi_store::{Link, LinkPurpose, Session, Tx};

use crate::mail::pages;
use crate::tokens::digest;
use crate::{App, AppError, Conflict};

/// How long a link works, and the page that it leads to.
const fn terms(purpose: LinkPurpose) -> (Duration, &'static str) {
    const HOUR: u64 = 3600;
    match purpose {
        LinkPurpose::VerifyEmail | LinkPurpose::ChangeEmail => {
            (Duration::from_secs(24 * HOUR), pages::VERIFY_EMAIL)
        }
        LinkPurpose::ResetPassword => (Duration::from_secs(HOUR / 2), pages::RESET_PASSWORD),
        LinkPurpose::Invitation => (Duration::from_secs(72 * HOUR), pages::INVITATION),
        LinkPurpose::Reservation => (crate::sweep::UNVERIFIED, ""),
    }
}

/// A link that was just made.
pub(crate) struct MadeLink {
    /// Its identifier.
    pub(crate) id: InvitationId,
    /// The address to send.
    pub(crate) url: String,
    /// From this moment on it opens nothing.
    pub(crate) expires_at: Timestamp,
}

impl App {
    /// Makes a link and writes its digest.
    pub(crate) async fn make_link(
        &self,
        tx: &mut Tx,
        purpose: LinkPurpose,
        account_id: Option<AccountId>,
        email: &str,
        payload: String,
    ) -> Result<MadeLink, AppError> {
        let now = self.now();
        let (life, page) = terms(purpose);
        let secret = self.vault().instance.generate(SecretKind::Link, self.entropy());
        let link = Link {
            id: InvitationId::new(now, self.entropy()),
            digest: digest(secret.expose()),
            purpose,
            account_id,
            email: email.to_owned(),
            payload,
            created_at: now,
            expires_at: now.after(life),
            used_at: None,
        };
        tx.insert_link(&link).await?;
        // The secret is made of letters, digits and underscores: nothing to encode.
        let url = format!("{}?token={}", self.page_url(page), secret.expose());
        Ok(MadeLink { id: link.id, url, expires_at: link.expires_at })
    }

    /// The link that `token` opens, if it is for one of `purposes` and still good. Unknown, spent and expired ones get
    /// the same answer.
    pub(crate) async fn open_link(
        &self,
        session: &mut Session,
        token: &str,
        purposes: &[LinkPurpose],
    ) -> Result<Link, AppError> {
        if self.vault().instance.shape(token) != Shape::Ours(SecretKind::Link) {
            return Err(Conflict::LinkSpent.into());
        }
        session
            .link_by_digest(&digest(token))
            .await?
            .filter(|link| purposes.contains(&link.purpose))
            .filter(|link| link.used_at.is_none() && self.now() < link.expires_at)
            .ok_or(Conflict::LinkSpent.into())
    }

    /// Uses a link up; of two callers at the same time, one is refused.
    pub(crate) async fn spend_link(&self, tx: &mut Tx, link: &Link) -> Result<(), AppError> {
        if tx.use_link(link.id, self.now()).await? { Ok(()) } else { Err(Conflict::LinkSpent.into()) }
    }
}
