//! Where links in mails lead: a page with one form. Opening it changes nothing; sending the form does. What the link
//! holds is the only authority: no session is asked for.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use octroi_app::accounts::{AcceptInvitation, Confirmed, InvitationView, ResetPassword, VerifyEmail};
use octroi_app::mail::pages;
use octroi_app::{AppError, Conflict};

use super::account::{ORGANIZATIONS, PROFILE, role_word};
use super::answer;
use super::fields::{Field, FormState, Kind, Summary};
use super::gate::{Form, PageResult};
use super::refused::Refused;
use super::register::RESEND;
use super::route::{Access, PageRow, get, post};
use super::shell::{Section, Shell};
use super::sign_in::Onward;
use super::visitor::Visitor;
use crate::form::Fields;

/// Where an invitation is accepted with an account that is there already.
const JOIN: &str = "/invitation/join";

pub(super) fn pages() -> Vec<PageRow> {
    let join = post(JOIN, Access::SignedIn, join);
    [Link::Verify, Link::Reset, Link::Forgot, Link::Invitation]
        .into_iter()
        .flat_map(|link| {
            let show = async move |visitor: Visitor| link.show(&visitor).await;
            let send = async move |visitor: Visitor, form: Form| link.send(&visitor, &form).await;
            [get(link.path(), Access::Anybody, show), post(link.path(), Access::Anybody, send)]
        })
        .chain([join])
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
    is_wrong: bool,
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

/// An invitation for somebody who has an account.
#[derive(Template)]
#[template(path = "join.html")]
struct Join<'a> {
    shell: &'a Shell,
    guest: &'a InvitationView,
    role: Option<String>,
    token: &'a str,
    /// The address of the account in use; none where nobody has signed in.
    account: Option<&'a str>,
    /// The sign-in page, and back here.
    sign_in: String,
}

impl Join<'_> {
    /// Whether the account in use is the one that is invited.
    fn is_for(&self, email: &str) -> bool {
        self.guest.email.eq_ignore_ascii_case(email)
    }
}

/// What a link led to.
enum Done {
    /// Something to say.
    Said([&'static str; 2]),
    /// Something done, after which one signs in and goes on.
    SignIn { next: Option<String>, notice: &'static str },
}

impl Done {
    fn answer(self, visitor: &Visitor) -> PageResult {
        match self {
            Self::Said([title, text]) => {
                let sign_in = visitor.shell(Section::SignIn).say("sign-in-title");
                answer::message(visitor, title, text, vec![(pages::SIGN_IN.to_owned(), sign_in)])
            }
            Self::SignIn { notice, .. } if visitor.signed_in().is_ok() => answer::done(PROFILE, notice),
            Self::SignIn { next, notice } => {
                let to = next.map(|next| Onward::to(Some(&next)).next);
                let path = match to {
                    Some(next) => answer::address(pages::SIGN_IN, "next", &next),
                    None => pages::SIGN_IN.to_owned(),
                };
                answer::done(&path, notice)
            }
        }
    }
}

/// An invitation for an address that has an account: one joins with it, once signed in.
fn ask_to_join(visitor: &Visitor, guest: &InvitationView, token: &str) -> PageResult {
    let shell = visitor.shell(Section::SignIn);
    let page = Join {
        shell: &shell,
        guest,
        role: guest.role.map(|role| shell.say(role_word(role))),
        token,
        account: visitor.signed_in().ok().map(|person| person.account.email.as_str()),
        sign_in: answer::address(pages::SIGN_IN, "next", &answer::address(pages::INVITATION, "token", token)),
    };
    answer::ok(&shell, &page)
}

async fn join(visitor: Visitor, sent: Form) -> PageResult {
    match visitor.app().join_invitation(visitor.actor(), sent.one("token")).await {
        Ok(_) => answer::done(ORGANIZATIONS, "notice-joined"),
        Err(error) => Link::Invitation.refuse(&visitor, error),
    }
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

    /// Title, lead and button.
    const fn words(self) -> [&'static str; 3] {
        match self {
            Self::Verify => ["verify-title", "verify-lead", "verify-button"],
            Self::Reset => ["reset-title", "reset-lead", "reset-button"],
            Self::Forgot => ["forgot-title", "forgot-lead", "forgot-button"],
            Self::Invitation => ["invitation-title", "invitation-lead", "invitation-button"],
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
        match self.guest(visitor, &token).await {
            Ok(Some(guest)) if guest.has_account => ask_to_join(visitor, &guest, &token),
            Ok(guest) => {
                let lead = self.lead(visitor, &shell, &token, guest.as_ref()).await;
                match lead {
                    Ok(lead) => Ok(self.page(&shell, StatusCode::OK, &FormState::new(&shell), token, lead)),
                    Err(error) => self.refuse(visitor, error),
                }
            }
            Err(error) => self.refuse(visitor, error),
        }
    }

    /// What the page begins with: whom the link is for, where that is known.
    async fn lead(
        self,
        visitor: &Visitor,
        shell: &Shell,
        token: &str,
        guest: Option<&InvitationView>,
    ) -> Result<String, AppError> {
        if let Some(guest) = guest {
            return Ok(shell.fill("invitation-for", "email", &guest.email));
        }
        let confirmed = match self {
            // What opens nothing any more is told when the button is pressed.
            Self::Verify => match visitor.app().confirmed_by(token).await {
                Err(AppError::Conflict(Conflict::LinkSpent)) => None,
                found => found?,
            },
            Self::Reset | Self::Forgot | Self::Invitation => None,
        };
        Ok(match confirmed {
            Some(Confirmed { name, identifier }) => {
                shell.fill_all("verify-for", &[("name", name.into()), ("identifier", identifier.into())])
            }
            None => shell.say(self.words()[1]),
        })
    }

    /// Whom an invitation is for; nobody on the other pages.
    async fn guest(self, visitor: &Visitor, token: &str) -> Result<Option<InvitationView>, AppError> {
        match self {
            Self::Invitation => visitor.app().invitation(token).await.map(Some),
            Self::Verify | Self::Reset | Self::Forgot => Ok(None),
        }
    }

    async fn send(self, visitor: &Visitor, sent: &Fields) -> PageResult {
        let refused = match self.work(visitor, sent).await {
            Ok(done) => return done.answer(visitor),
            Err(error @ (AppError::Invalid(_) | AppError::TooMany(_))) => Refused::by(error, "email")?,
            Err(error) => return self.refuse(visitor, error),
        };
        let shell = visitor.shell(Section::SignIn);
        let token = sent.text("token");
        let guest = self.guest(visitor, &token).await.ok().flatten();
        let form = FormState::wrong(&shell, sent, refused.errors);
        match self.lead(visitor, &shell, &token, guest.as_ref()).await {
            Ok(lead) => Ok(self.page(&shell, refused.status, &form, token, lead)),
            Err(error) => self.refuse(visitor, error),
        }
    }

    async fn work(self, visitor: &Visitor, sent: &Fields) -> Result<Done, AppError> {
        let app = visitor.app();
        let token = sent.text("token");
        match self {
            Self::Verify => {
                let next = app.verify_email(VerifyEmail { token }).await?;
                Ok(Done::SignIn { next, notice: "notice-address-confirmed" })
            }
            Self::Reset => {
                app.reset_password(ResetPassword { token, password: sent.text("password") }).await?;
                Ok(Done::SignIn { next: None, notice: "notice-password-set" })
            }
            Self::Forgot => {
                app.admit_visitor(visitor.client())?;
                app.forgot_password(sent.one("email")).await?;
                Ok(Done::Said(["forgot-done-title", "forgot-done"]))
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
                app.accept_invitation(request).await?;
                Ok(Done::SignIn { next: None, notice: "notice-account-made" })
            }
        }
    }

    /// A link that opens nothing any more, or never did: what to do next. Any other refusal is a page of its own.
    fn refuse(self, visitor: &Visitor, error: AppError) -> PageResult {
        if !matches!(error, AppError::Conflict(Conflict::LinkSpent)) {
            return Err(error.into());
        }
        let shell = visitor.shell(Section::SignIn);
        let to = |path: &str, label: &str| (path.to_owned(), shell.say(label));
        let sign_in = to(pages::SIGN_IN, "sign-in-title");
        let (text, links) = match self {
            Self::Verify => ("verify-spent", vec![sign_in, to(RESEND, "resend-title")]),
            Self::Reset | Self::Forgot => {
                ("reset-spent", vec![to(pages::FORGOT_PASSWORD, "forgot-button"), sign_in])
            }
            Self::Invitation => {
                ("invitation-spent", vec![to(ORGANIZATIONS, "invitation-organizations"), sign_in])
            }
        };
        answer::refusal(visitor, StatusCode::CONFLICT, ["link_spent", text], links)
    }

    fn page(
        self,
        shell: &Shell,
        status: StatusCode,
        form: &FormState<'_>,
        token: String,
        lead: String,
    ) -> Response {
        let [title, _, button] = self.words();
        let names: Vec<&str> = self.fields().iter().map(|field| field.0).collect();
        let fields = self.fields().iter().map(|(name, kind, label, hint, purpose)| {
            let field = form.field(name, *kind, label).autocomplete(purpose);
            if let Some(hint) = hint { field.hint(shell, hint) } else { field }
        });
        let page = Page {
            shell,
            summary: form.summary(&names),
            title: shell.say(title),
            lead,
            action: self.path(),
            token,
            fields: fields.collect(),
            terms: matches!(self, Self::Invitation),
            button: shell.say(button),
            is_wrong: form.is_wrong(),
        };
        answer::page(status, shell.language, &page)
    }
}
