//! A mailbox that takes every mail of an application, or refuses as it is told.

use std::sync::{Mutex, PoisonError};

use octroi_app::jobs::JobHandlers;
use octroi_app::mail::{Mail, MailError, MailMessage, Sending};

/// Takes mails instead of a server.
#[derive(Default)]
pub struct Mailbox {
    mails: Mutex<Vec<Mail>>,
    refusal: Mutex<Option<MailError>>,
}

impl Mailbox {
    /// Answers every mail from now on with this error, or takes it again.
    pub fn refuse(&self, error: Option<MailError>) {
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner) = error;
    }

    /// The mails that came since the last time, oldest first.
    pub fn take(&self) -> Vec<Mail> {
        std::mem::take(&mut self.mails.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl JobHandlers for Mailbox {
    fn send<'a>(&'a self, mail: &'a Mail) -> Sending<'a> {
        Box::pin(async move {
            if let Some(error) = self.refusal.lock().unwrap_or_else(PoisonError::into_inner).clone() {
                return Err(error);
            }
            self.mails.lock().unwrap_or_else(PoisonError::into_inner).push(mail.clone());
            Ok(())
        })
    }
}

/// The secret in the link of a mail that holds one.
pub fn link_token(mail: &Mail) -> String {
    let url = match &mail.message {
        MailMessage::VerifyEmail { url, .. }
        | MailMessage::ResetPassword { url, .. }
        | MailMessage::ConfirmNewEmail { url, .. }
        | MailMessage::Invitation { url, .. } => url,
        _ => panic!("this mail holds no link with a secret"),
    };
    token_of(url)
}

/// The secret in the address of a link.
pub fn token_of(url: &str) -> String {
    url.split_once("?token=").expect("a link with a token").1.to_owned()
}
