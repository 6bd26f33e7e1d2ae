//! Mails put into words, in the language of whoever reads them.

use std::borrow::Cow;

use octroi_app::mail::{Mail, MailMessage, Rendered};
use octroi_domain::api::Language;
use octroi_domain::time::Timestamp;

use crate::locale;

/// The mail in words: a subject and a text in lines.
pub fn render(mail: &Mail) -> Rendered {
    let language = mail.language;
    let (id, arguments) = words(&mail.message, language);
    Rendered {
        to: mail.to.clone(),
        subject: locale::text(language, id, &arguments),
        text: locale::text(language, &format!("{id}.text"), &arguments) + "\n",
    }
}

type Words<'a> = (&'static str, Vec<(&'a str, Cow<'a, str>)>);

/// The sentences of a message and what fills them.
fn words(message: &MailMessage, language: Language) -> Words<'_> {
    match message {
        MailMessage::VerifyEmail { first_name, url, expires_at } => {
            ("email-verify", linked(Some(first_name), url, *expires_at, language))
        }
        MailMessage::AlreadyRegistered { first_name, sign_in_url, forgot_url } => (
            "email-already-registered",
            vec![
                ("first_name", first_name.into()),
                ("sign_in_url", sign_in_url.into()),
                ("forgot_url", forgot_url.into()),
            ],
        ),
        MailMessage::ResetPassword { first_name, url, expires_at } => {
            ("email-reset-password", linked(Some(first_name), url, *expires_at, language))
        }
        MailMessage::PasswordChanged { first_name, forgot_url } => (
            "email-password-changed",
            vec![("first_name", first_name.into()), ("forgot_url", forgot_url.into())],
        ),
        MailMessage::ConfirmNewEmail { first_name, url, expires_at } => {
            ("email-confirm-new", linked(Some(first_name), url, *expires_at, language))
        }
        MailMessage::EmailChanged { first_name } => {
            ("email-changed", vec![("first_name", first_name.into())])
        }
        MailMessage::Invitation { organization, inviter, url, expires_at } => {
            let mut arguments = linked(None, url, *expires_at, language);
            let Some(organization) = organization else { return ("email-invitation", arguments) };
            let somebody = || locale::text(language, "email-invitation-somebody", &[]).into();
            arguments.push(("organization", organization.into()));
            arguments.push(("inviter", inviter.as_ref().map_or_else(somebody, Cow::from)));
            ("email-invitation-organization", arguments)
        }
    }
}

/// A link and until when it works.
fn linked<'a>(
    first_name: Option<&'a String>,
    url: &'a str,
    expires_at: Timestamp,
    language: Language,
) -> Vec<(&'a str, Cow<'a, str>)> {
    let (date, time) = moment(expires_at, language);
    let mut arguments = vec![("url", url.into()), ("date", date.into()), ("time", time.into())];
    arguments.extend(first_name.map(|name| ("first_name", Cow::from(name))));
    arguments
}

/// A moment as people write it: `22/11/2026` and `16:20` in French, `2026-11-22` and `16:20` in English.
fn moment(at: Timestamp, language: Language) -> (String, String) {
    let text = at.to_string();
    let (date, rest) = text.split_once('T').unwrap_or((&text, ""));
    let time = rest.get(..5).unwrap_or_default().to_owned();
    let date = match (language, date.split('-').collect::<Vec<_>>().as_slice()) {
        (Language::Fr, [year, month, day]) => format!("{day}/{month}/{year}"),
        _ => date.to_owned(),
    };
    (date, time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples() -> Vec<MailMessage> {
        let (first_name, url) = ("Agnès".to_owned(), "https://portal.example/x?token=t0k3n".to_owned());
        let expires_at = Timestamp::from_millis(1_795_364_438_123);
        let forgot_url = "https://portal.example/forgot-password".to_owned();
        let invitation = |organization: Option<&str>, inviter: Option<&str>| MailMessage::Invitation {
            organization: organization.map(str::to_owned),
            inviter: inviter.map(str::to_owned),
            url: url.clone(),
            expires_at,
        };
        vec![
            MailMessage::VerifyEmail { first_name: first_name.clone(), url: url.clone(), expires_at },
            MailMessage::AlreadyRegistered {
                first_name: first_name.clone(),
                sign_in_url: "https://portal.example/sign-in".to_owned(),
                forgot_url: forgot_url.clone(),
            },
            MailMessage::ResetPassword { first_name: first_name.clone(), url: url.clone(), expires_at },
            MailMessage::PasswordChanged { first_name: first_name.clone(), forgot_url },
            MailMessage::ConfirmNewEmail { first_name: first_name.clone(), url: url.clone(), expires_at },
            MailMessage::EmailChanged { first_name },
            invitation(None, None),
            invitation(Some("Ville de Trifouillis"), None),
            invitation(Some("Ville de Trifouillis"), Some("Jean Dupont")),
        ]
    }

    #[test]
    fn every_mail_reads_well_in_both_languages() {
        let mut all = String::new();
        for language in [Language::Fr, Language::En] {
            for message in samples() {
                let to = "agnes@example.fr".to_owned();
                let Rendered { subject, text, .. } = render(&Mail { to, language, message });
                assert!(!subject.contains('\n') && !text.contains("{$"), "{text}");
                all.push_str(&format!("==== {}: {subject}\n\n{text}\n", language.code()));
            }
        }
        insta::assert_snapshot!(all);
    }
}
