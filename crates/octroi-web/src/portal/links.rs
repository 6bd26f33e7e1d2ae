//! Where links in mails lead: a page with one form. Opening it changes nothing; sending the form does. What the link
//! holds is the only authority: no session is asked for.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use octroi_app::AppError;
use octroi_app::accounts::{AcceptInvitation, InvitationView, ResetPassword, VerifyEmail};
use octroi_app::mail::pages;

use super::answer;
use super::fields::{Field, FormState, Kind, Summary};
use super::gate::{Form, PageResult};
use super::route::{Access, PageRow, get, post};
use super::shell::{Section, Shell};
use super::visitor::Visitor;
use crate::field::FieldError;
use crate::form::Fields;

pub(super) fn pages() -> Vec<PageRow> {
    [Link::Verify, Link::Reset, Link::Forgot, Link::Invitation]
        .into_iter()
        .flat_map(|link| {
            let show = async move |visitor: Visitor| link.show(&visitor).await;
            let send = async move |visitor: Visitor, form: Form| link.send(&visitor, &form).await;
            [get(link.path(), Access::Anybody, show), post(link.path(), Access::Anybody, send)]
        })
        .collect()
}

/// Which page.
#[derive(Clone, Copy)]
enum Link {
    Verify,
    Reset,
    Forgot,
    Invitation,
}

#[derive(Template)]
#[template(path = "link.html")]
struct Page<'a> {
    shell: &'a Shell,
    form: FormState<'a>,
    summary: Summary<'a>,
    title: String,
    lead: String,
    action: &'static str,
    token: String,
    fields: Vec<Field>,
    /// Whether the terms of use are to be accepted.
    terms: bool,
    button: String,
}

/// Name, kind, label, hint where there is one, and what browsers may fill in.
type Described = (&'static str, Kind, &'static str, Option<&'static str>, &'static str);

const EMAIL: Described = ("email", Kind::Email, "field-email", None, "email");
const PASSWORD: Described =
    ("password", Kind::Password, "field-password", Some("field-password-hint"), "new-password");
const IDENTIFIER: Described =
    ("identifier", Kind::Text, "field-identifier", Some("field-identifier-hint"), "username");
const FIRST_NAME: Described = ("first_name", Kind::Text, "field-first-name", None, "given-name");
const LAST_NAME: Described = ("last_name", Kind::Text, "field-last-name", None, "family-name");
const TERMS: Described = ("accept_terms", Kind::Check, "field-terms", None, "off");

impl Link {
    const fn path(self) -> &'static str {
        match self {
            Self::Verify => pages::VERIFY_EMAIL,
            Self::Reset => pages::RESET_PASSWORD,
            Self::Forgot => pages::FORGOT_PASSWORD,
            Self::Invitation => pages::INVITATION,
        }
    }

    /// Title, lead and button; then the title and the text of what is said once it is done.
    const fn words(self) -> [&'static str; 5] {
        match self {
            Self::Verify => {
                ["verify-title", "verify-lead", "verify-button", "verify-done-title", "verify-done"]
            }
            Self::Reset => ["reset-title", "reset-lead", "reset-button", "reset-done-title", "reset-done"],
            Self::Forgot => {
                ["forgot-title", "forgot-lead", "forgot-button", "forgot-done-title", "forgot-done"]
            }
            Self::Invitation => [
                "invitation-title",
                "invitation-lead",
                "invitation-button",
                "invitation-done-title",
                "invitation-done",
            ],
        }
    }

    const fn fields(self) -> &'static [Described] {
        match self {
            Self::Verify => &[],
            Self::Reset => &[PASSWORD],
            Self::Forgot => &[EMAIL],
            Self::Invitation => &[FIRST_NAME, LAST_NAME, IDENTIFIER, PASSWORD, TERMS],
        }
    }

    async fn show(self, visitor: &Visitor) -> PageResult {
        let shell = visitor.shell(Section::SignIn);
        let token = visitor.query("token").unwrap_or_default();
        let guest = self.guest(visitor, &token).await?;
        Ok(self.page(&shell, StatusCode::OK, FormState::new(&shell), token, guest.as_ref()))
    }

    /// Whom an invitation is for; nobody on the other pages.
    async fn guest(self, visitor: &Visitor, token: &str) -> Result<Option<InvitationView>, AppError> {
        match self {
            Self::Invitation => visitor.app().invitation(token).await.map(Some),
            Self::Verify | Self::Reset | Self::Forgot => Ok(None),
        }
    }

    async fn send(self, visitor: &Visitor, sent: &Fields) -> PageResult {
        let [_, _, _, title, text] = self.words();
        let violations = match self.work(visitor, sent).await {
            Ok(()) => {
                let sign_in = visitor.shell(Section::SignIn).say("sign-in-title");
                return answer::message(visitor, title, text, vec![(pages::SIGN_IN.to_owned(), sign_in)]);
            }
            Err(AppError::Invalid(violations)) => violations,
            Err(error) => return Err(error.into()),
        };
        let shell = visitor.shell(Section::SignIn);
        let token = sent.text("token");
        let guest = self.guest(visitor, &token).await.ok().flatten();
        let errors = violations.into_iter().map(FieldError::from).collect();
        let form = FormState::wrong(&shell, sent, errors);
        Ok(self.page(&shell, StatusCode::UNPROCESSABLE_ENTITY, form, token, guest.as_ref()))
    }

    async fn work(self, visitor: &Visitor, sent: &Fields) -> Result<(), AppError> {
        let app = visitor.app();
        let token = sent.text("token");
        match self {
            Self::Verify => app.verify_email(VerifyEmail { token }).await,
            Self::Reset => app.reset_password(ResetPassword { token, password: sent.text("password") }).await,
            Self::Forgot => {
                app.admit_visitor(visitor.client())?;
                app.forgot_password(sent.one("email")).await
            }
            Self::Invitation => {
                let request = AcceptInvitation {
                    token,
                    identifier: sent.text("identifier"),
                    first_name: sent.text("first_name"),
                    last_name: sent.text("last_name"),
                    language: visitor.language(),
                    password: sent.text("password"),
                    accept_terms: sent.ticked("accept_terms"),
                };
                app.accept_invitation(request).await.map(drop)
            }
        }
    }

    fn page(
        self,
        shell: &Shell,
        status: StatusCode,
        form: FormState<'_>,
        token: String,
        guest: Option<&InvitationView>,
    ) -> Response {
        let [title, lead, button, ..] = self.words();
        let names: Vec<&str> = self.fields().iter().map(|field| field.0).collect();
        let fields = self.fields().iter().map(|(name, kind, label, hint, purpose)| {
            let field = form.field(name, *kind, label).autocomplete(purpose);
            if let Some(hint) = hint { field.hint(shell, hint) } else { field }
        });
        let page = Page {
            shell,
            summary: form.summary(&names),
            title: shell.say(title),
            lead: match guest {
                Some(guest) if guest.has_account => shell.say("invitation-has-account"),
                Some(guest) => shell.fill("invitation-for", "email", &guest.email),
                None => shell.say(lead),
            },
            action: self.path(),
            token,
            fields: fields.collect(),
            terms: matches!(self, Self::Invitation),
            button: shell.say(button),
            form,
        };
        answer::page(status, shell.language, &page)
    }
}
