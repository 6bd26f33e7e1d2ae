//! Who asks for a token: `client_secret_basic` or `client_secret_post` (RFC 6749, 2.3.1), never both.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use octroi_domain::application::ApplicationState;
use octroi_domain::credential::{Credential, CredentialKind, Secret, Standing};
use octroi_domain::ids::ApplicationId;
use octroi_store::{Session, StoreError};
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::{TokenError, TokenRequest};
use crate::App;

/// The longest identifier or secret that is looked at.
const LONGEST: usize = 512;

/// What a client shows.
pub(super) struct Shown {
    pub(super) client_id: String,
    secret: Secret,
}

/// Reads what a client shows, wherever it stands.
pub(super) fn read(request: &TokenRequest) -> Result<Shown, TokenError> {
    let shown = match (&request.authorization, &request.client_secret) {
        (Some(_), Some(_)) => return Err(TokenError::InvalidRequest("client_secret")),
        (Some(header), None) => read_basic(header).ok_or(TokenError::InvalidClient)?,
        (None, Some(secret)) => Shown {
            client_id: request.client_id.clone().ok_or(TokenError::InvalidClient)?,
            secret: Secret::new(secret.clone()),
        },
        (None, None) => return Err(TokenError::InvalidClient),
    };
    if request.client_id.as_ref().is_some_and(|id| *id != shown.client_id) {
        return Err(TokenError::InvalidRequest("client_id"));
    }
    if shown.client_id.len() > LONGEST || shown.secret.expose().len() > LONGEST {
        return Err(TokenError::InvalidClient);
    }
    Ok(shown)
}

fn read_basic(header: &str) -> Option<Shown> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") || encoded.len() > 4 * LONGEST {
        return None;
    }
    let plain = Zeroizing::new(STANDARD.decode(encoded.trim()).ok()?);
    let (client_id, secret) = std::str::from_utf8(&plain).ok()?.split_once(':')?;
    Some(Shown { client_id: decoded(client_id)?, secret: Secret::new(decoded(secret)?) })
}

/// Each half is form-encoded. A bare `&` or `=` is in no identifier or secret of ours.
fn decoded(text: &str) -> Option<String> {
    if text.is_empty() || text.contains(['&', '=']) {
        return None;
    }
    form_urlencoded::parse(text.as_bytes()).next().map(|(text, _)| text.into_owned())
}

impl App {
    /// The application of a client whose secret is right and in use. Every question is asked, whatever the answers. A
    /// client whose youngest secret is paused or revoked is stopped as a whole: an older one in its grace too.
    pub(super) async fn authenticate_client(
        &self,
        session: &mut Session,
        shown: &Shown,
    ) -> Result<ApplicationId, TokenError> {
        let credential = self.credential_of_secret(session, &shown.secret).await?;
        let application = session.application_of_client(&shown.client_id).await?;
        let youngest = match &application {
            Some(application) => session.client_credentials(application.id).await?.pop(),
            None => None,
        };
        let now = self.now();
        let stopped = youngest.is_none_or(|c| c.standing(now) != Standing::Active);
        let usable = |c: &Credential| {
            c.kind == CredentialKind::OauthClient
                && matches!(c.standing(now), Standing::Active | Standing::Grace)
        };
        match (credential, application) {
            (Some(credential), Some(application))
                if usable(&credential)
                    && !stopped
                    && credential.application_id == application.id
                    && application.state == ApplicationState::Active =>
            {
                Ok(application.id)
            }
            _ => Err(TokenError::InvalidClient),
        }
    }

    /// The credential that a secret is, under whatever digest it is stored.
    pub(crate) async fn credential_of_secret(
        &self,
        session: &mut Session,
        secret: &Secret,
    ) -> Result<Option<Credential>, StoreError> {
        let peppers = &self.vault().peppers;
        let text = secret.expose().as_bytes();
        let mut found = None;
        for digest in std::iter::once(peppers.first(text)).chain(peppers.others(text)) {
            found = found.or(session.credential_by_digest(&digest).await?);
        }
        Ok(found)
    }
}
