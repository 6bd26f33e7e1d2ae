//! Does the work that goes on after the answer: woken by a signal and by a timer, taking no input from either.

use std::sync::Arc;
use std::time::Duration;

use octroi_app::App;
use octroi_app::jobs::JobHandlers;
use octroi_app::mail::{Mail, MailSender, Sending};
use tokio::sync::{Notify, watch};

/// How often the queue is looked at although nobody called.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What jobs need of the outside: mails in words, sent.
struct Handlers {
    mailer: Box<dyn MailSender>,
    portal: String,
}

impl JobHandlers for Handlers {
    fn send<'a>(&'a self, mail: &'a Mail) -> Sending<'a> {
        self.mailer.send(octroi_web::emails::render(mail, &self.portal))
    }
}

/// Works until `stop` says so; a job in hand is ended first.
pub(super) async fn run(
    app: App,
    mailer: Box<dyn MailSender>,
    wake: Arc<Notify>,
    mut stop: watch::Receiver<bool>,
) {
    let handlers = Handlers { mailer, portal: app.portal_url().to_owned() };
    loop {
        let more = match app.run_due_jobs(&handlers).await {
            Ok(done) => done > 0,
            Err(error) => {
                tracing::warn!(%error, "the work queue cannot be read; it is tried again");
                false
            }
        };
        if *stop.borrow() {
            return;
        }
        if more {
            continue;
        }
        tokio::select! {
            _ = stop.changed() => return,
            () = wake.notified() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}
