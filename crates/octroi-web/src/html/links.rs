//! Where links in mails lead: a page with one form. Opening it changes nothing; sending the form does. What the link
//! holds is the only authority: there is no session here.

use std::net::IpAddr;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use http::{HeaderMap, StatusCode, Uri};
use octroi_app::accounts::{AcceptInvitation, InvitationView, ResetPassword, VerifyEmail};
use octroi_app::mail::pages;
use octroi_app::{App, AppError};

use super::{Shell, message, page};
use crate::api::only;
use crate::context::{Visit, Web};
use crate::field::FieldError;
use crate::form::{self, Fields};
use crate::locale;
use crate::problem::{Problem, ProblemCode};

pub(super) fn router() -> Router<Arc<Web>> {
    let mut router = Router::new().route(pages::SIGN_IN, only("GET", get(sign_in)));
    for kind in [Kind::Verify, Kind::Reset, Kind::Forgot, Kind::Invitation] {
        let show = async move |web: State<Arc<Web>>, visit: Extension<Visit>, request: Request| {
            kind.show(&web, &visit, request.uri()).await
        };
        let send = async move |web: State<Arc<Web>>, visit: Extension<Visit>, request: Request| {
            kind.send(&web, &visit, request).await
        };
        router = router.route(kind.path(), only("GET, POST", get(show).post(send)));
    }
    router
}

/// Which page.
#[derive(Clone, Copy)]
enum Kind {
    Verify,
    Reset,
    Forgot,
    Invitation,
}

/// A field that people fill in.
struct Input {
    name: &'static str,
    label: &'static str,
    kind: &'static str,
    autocomplete: &'static str,
    /// What to do, where the last try was wrong.
    error: Option<String>,
    value: String,
}

#[derive(Template)]
#[template(path = "form.html")]
struct Form<'a> {
    shell: &'a Shell,
    title: String,
    lead: String,
    action: &'static str,
    token: &'a str,
    inputs: Vec<Input>,
    /// What is wrong and belongs to no field that is shown.
    general: Vec<String>,
    terms: bool,
    terms_error: Option<String>,
    button: String,
}

type Described = (&'static str, &'static str, &'static str, &'static str);

const EMAIL: Described = ("email", "field-email", "email", "email");
const PASSWORD: Described = ("password", "field-password", "password", "new-password");
const IDENTIFIER: Described = ("identifier", "field-identifier", "text", "username");
const FIRST_NAME: Described = ("first_name", "field-first-name", "text", "given-name");
const LAST_NAME: Described = ("last_name", "field-last-name", "text", "family-name");

impl Kind {
    const fn path(self) -> &'static str {
        match self {
            Self::Verify => pages::VERIFY_EMAIL,
            Self::Reset => pages::RESET_PASSWORD,
            Self::Forgot => pages::FORGOT_PASSWORD,
            Self::Invitation => pages::INVITATION,
        }
    }

    /// Title, lead, button and what is said once it is done.
    const fn words(self) -> [&'static str; 4] {
        match self {
            Self::Verify => ["verify-title", "verify-lead", "verify-button", "verify-done"],
            Self::Reset => ["reset-title", "reset-lead", "reset-button", "reset-done"],
            Self::Forgot => ["forgot-title", "forgot-lead", "forgot-button", "forgot-done"],
            Self::Invitation => {
                ["invitation-title", "invitation-lead", "invitation-button", "invitation-done"]
            }
        }
    }

    const fn fields(self) -> &'static [Described] {
        match self {
            Self::Verify => &[],
            Self::Reset => &[PASSWORD],
            Self::Forgot => &[EMAIL],
            Self::Invitation => &[IDENTIFIER, FIRST_NAME, LAST_NAME, PASSWORD],
        }
    }

    async fn show(self, web: &Web, visit: &Visit, uri: &Uri) -> Response {
        let shell = Shell::new(visit, uri);
        let query = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        let token = query.into_owned().find(|(name, _)| name == "token").map(|(_, t)| t).unwrap_or_default();
        match self.guest(&web.app, &token).await {
            Ok(guest) => self.form(&shell, StatusCode::OK, &token, guest.as_ref(), None, Vec::new()),
            Err(error) => refused(&shell, error),
        }
    }

    /// Whom an invitation is for; nobody on the other pages.
    async fn guest(self, app: &App, token: &str) -> Result<Option<InvitationView>, AppError> {
        match self {
            Self::Invitation => app.invitation(token).await.map(Some),
            Self::Verify | Self::Reset | Self::Forgot => Ok(None),
        }
    }

    async fn send(self, web: &Web, visit: &Visit, request: Request) -> Response {
        let shell = Shell::of(visit, &request);
        let (parts, body) = request.into_parts();
        if from_elsewhere(&parts.headers) {
            return refuse(&shell, ProblemCode::Forbidden, "forbidden.elsewhere");
        }
        let Ok(fields) = form::read(&parts.headers, body).await else {
            return refuse(&shell, ProblemCode::MalformedRequest, "malformed_request.detail");
        };
        match self.work(&web.app, &fields, &shell, visit.client).await {
            Ok(()) => {
                let [title, _, _, done] = self.words();
                message(StatusCode::OK, &shell, shell.say(title), shell.say(done))
            }
            Err(AppError::Invalid(violations)) => {
                let token = fields.one("token");
                let guest = self.guest(&web.app, token).await.ok().flatten();
                let errors = violations.into_iter().map(FieldError::from).collect();
                self.form(
                    &shell,
                    StatusCode::UNPROCESSABLE_ENTITY,
                    token,
                    guest.as_ref(),
                    Some(&fields),
                    errors,
                )
            }
            Err(error) => refused(&shell, error),
        }
    }

    async fn work(self, app: &App, fields: &Fields, shell: &Shell, client: IpAddr) -> Result<(), AppError> {
        let text = |name: &str| fields.one(name).to_owned();
        let token = text("token");
        match self {
            Self::Verify => app.verify_email(VerifyEmail { token }).await,
            Self::Reset => app.reset_password(ResetPassword { token, password: text("password") }).await,
            Self::Forgot => {
                app.admit_visitor(client)?;
                app.forgot_password(fields.one("email")).await
            }
            Self::Invitation => {
                let request = AcceptInvitation {
                    token,
                    identifier: text("identifier"),
                    first_name: text("first_name"),
                    last_name: text("last_name"),
                    language: shell.language,
                    password: text("password"),
                    accept_terms: !fields.one("accept_terms").is_empty(),
                };
                app.accept_invitation(request).await.map(drop)
            }
        }
    }

    fn form(
        self,
        shell: &Shell,
        status: StatusCode,
        token: &str,
        guest: Option<&InvitationView>,
        sent: Option<&Fields>,
        errors: Vec<FieldError>,
    ) -> Response {
        let [title, lead, button, _] = self.words();
        let error = |name: &str| {
            errors.iter().find(|error| error.field == name).map(|error| error.sentence(shell.language))
        };
        let inputs = self.fields().iter().map(|(name, label, kind, autocomplete)| Input {
            name,
            label,
            kind,
            autocomplete,
            error: error(name),
            // A password is typed again.
            value: sent.filter(|_| *kind != "password").map_or_else(String::new, |s| s.one(name).to_owned()),
        });
        let shown = |error: &FieldError| {
            error.field == "accept_terms" || self.fields().iter().any(|field| field.0 == error.field)
        };
        let lead = match guest {
            Some(guest) if guest.has_account => shell.say("invitation-has-account"),
            Some(guest) => {
                locale::text(shell.language, "invitation-for", &[("email", guest.email.as_str().into())])
            }
            None => shell.say(lead),
        };
        let form = Form {
            shell,
            title: shell.say(title),
            lead,
            action: self.path(),
            token,
            inputs: inputs.collect(),
            general: errors.iter().filter(|e| !shown(e)).map(|e| e.sentence(shell.language)).collect(),
            terms: matches!(self, Self::Invitation),
            terms_error: error("accept_terms"),
            button: shell.say(button),
        };
        page(status, shell, &form)
    }
}

/// Whether a browser says that another site sent the form.
fn from_elsewhere(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none")
}

/// A refusal, in words.
fn refused(shell: &Shell, error: AppError) -> Response {
    let problem = Problem::from(error);
    let (title, detail) = problem.words(shell.language);
    message(problem.code().status(), shell, title, detail)
}

fn refuse(shell: &Shell, code: ProblemCode, sentence: &str) -> Response {
    message(code.status(), shell, shell.say(code.code()), shell.say(sentence))
}

/// The sign-in page of the portal: until it comes, what to do instead.
async fn sign_in(Extension(visit): Extension<Visit>, request: Request) -> Response {
    let shell = Shell::of(&visit, &request);
    message(StatusCode::OK, &shell, shell.say("sign-in-title"), shell.say("sign-in-lead"))
}
