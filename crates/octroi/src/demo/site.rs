//! What a demo shows on its pages: its sample people, and the mails that it sent, which are files all the same.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use octroi_app::mail::{MailSender, Rendered, Sending};
use octroi_domain::time::Clock;
use octroi_web::{DemoMail, DemoSite, SamplePerson};

/// Mails that are kept, at most.
const KEPT: usize = 200;

/// See the module.
pub(crate) struct Site {
    people: Vec<SamplePerson>,
    mails: Mutex<VecDeque<DemoMail>>,
}

impl Site {
    /// A demo with these people.
    pub(super) fn new(people: Vec<SamplePerson>) -> Self {
        Self { people, mails: Mutex::default() }
    }

    /// Keeps one more mail; the oldest goes when there are too many.
    fn keep(&self, rendered: Rendered, clock: &dyn Clock) {
        let mut mails = self.mails.lock().unwrap_or_else(PoisonError::into_inner);
        let number = mails.front().map_or(0, |newest| newest.number) + 1;
        mails.push_front(DemoMail { number, sent_at: clock.now(), rendered });
        mails.truncate(KEPT);
    }
}

impl DemoSite for Site {
    fn people(&self) -> Vec<SamplePerson> {
        self.people.clone()
    }

    fn mails(&self) -> Vec<DemoMail> {
        self.mails.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

/// Sends mails as another does, and keeps those that left.
pub(crate) struct KeptMailer {
    inner: Box<dyn MailSender>,
    site: Arc<Site>,
    clock: Arc<dyn Clock>,
}

impl KeptMailer {
    pub(crate) fn new(inner: Box<dyn MailSender>, site: Arc<Site>, clock: Arc<dyn Clock>) -> Self {
        Self { inner, site, clock }
    }
}

impl MailSender for KeptMailer {
    fn send(&self, mail: Rendered) -> Sending<'_> {
        Box::pin(async move {
            self.inner.send(mail.clone()).await?;
            self.site.keep(mail, &*self.clock);
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ambient::Ambient;

    #[test]
    fn the_newest_mails_are_kept_under_their_numbers() {
        let (site, clock) = (Site::new(Vec::new()), Ambient::system().clock);
        for n in 1..=KEPT + 3 {
            let (text, html) = (String::new(), String::new());
            let (to, language) = ("a@exemple.fr".to_owned(), octroi_domain::api::Language::Fr);
            let mail = Rendered { to, subject: n.to_string(), text, html, language };
            site.keep(mail, &*clock);
        }
        let mails = site.mails();
        assert_eq!((mails.len(), mails[0].number, mails[KEPT - 1].number), (KEPT, 203, 4));
        assert!(mails.iter().all(|mail| mail.rendered.subject == mail.number.to_string()));
    }
}
