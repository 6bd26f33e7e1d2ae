//! The operator's pages: accounts, organizations, the work queue, the audit trail.

use octroi_app::mail::MailError;
use octroi_domain::account::PortalRole;
use octroi_testkit::{Mailbox, on_both};

use super::browser::Browser;
use crate::door::Door;

on_both! {
    async fn an_account_is_found_suspended_and_resumed(house) {
        house.person("ada", &[PortalRole::Admin]).await;
        let olga = house.person("olga", &[]).await;
        for n in 0..25 {
            house.person(&format!("membre-{n:02}"), &[]).await;
        }
        let door = Door::of(house);
        let mut ada = Browser::signed_in(&door, "ada").await;
        let first = ada.get("/admin").await;
        first.shows(200, "Comptes").shows(200, "rel=\"next\"").shows(200, "Actif");
        ada.get("/admin?q=nobody%25").await.shows(200, "Rien ne correspond").shows(200, "value=\"nobody%\"");
        let place = format!("/admin/accounts/{}", olga.account_id().unwrap());
        ada.get("/admin?q=OLGA").await.shows(200, &place).shows(200, "olga@exemple.fr");
        ada.get(&place).await.shows(200, "Suspendre le compte");
        let mut person = Browser::signed_in(&door, "olga").await;
        let done = ada.post(&format!("{place}/suspend"), &[]).await;
        ada.follow(done).await.shows(200, "Le compte est suspendu").shows(200, "Rétablir le compte");
        // Pressed twice: it is suspended.
        assert_eq!(ada.post(&format!("{place}/suspend"), &[]).await.status, 303);
        assert!(!person.get("/").await.text.contains("Camille Arnaud"), "signed out everywhere");
        let done = ada.post(&format!("{place}/resume"), &[]).await;
        ada.follow(done).await.shows(200, "Le compte est rétabli");
        Browser::signed_in(&door, "olga").await;
        let history = ada.get(&format!("/admin/audit?object={}", olga.account_id().unwrap())).await;
        history.shows(200, "account.suspended").shows(200, "account.resumed");
        ada.get("/admin/organizations").await.shows(200, "personnelle").shows(200, "rel=\"next\"");
        ada.get("/admin/accounts/acc_00000000000000000000000000").await.shows(404, "Introuvable");
    }

    async fn what_could_not_be_sent_is_seen_and_sent_again(house) {
        house.person("ada", &[PortalRole::Admin]).await;
        let door = Door::of(house);
        let mut ada = Browser::signed_in(&door, "ada").await;
        let mails = Mailbox::default();
        house.app.run_due_jobs(&mails).await.unwrap();
        ada.get("/admin/jobs").await.shows(200, "tout est parti");
        house.app.forgot_password("ada@exemple.fr").await.unwrap();
        ada.get("/admin/jobs").await.shows(200, "Mot de passe oublié");
        mails.refuse(Some(MailError::Refused("550 <no such user>".into())));
        house.app.run_due_jobs(&mails).await.unwrap();
        let dead = ada.get("/admin/jobs?state=dead").await;
        dead.shows(200, "Abandonné").shows(200, "550 &#60;no such user&#62;").shows(200, "Courriel");
        ada.get("/admin/jobs?state=ready").await.shows(200, "Rien n’attend");
        let id = house.database.texts("SELECT id FROM jobs").await.remove(0);
        let retry = format!("/admin/jobs/{id}/retry");
        let done = ada.post(&retry, &[]).await;
        ada.follow(done).await.shows(200, "sera réessayé").shows(200, "En attente");
        let again = ada.post(&retry, &[]).await;
        ada.follow(again).await.shows(200, "plus abandonné");
        mails.refuse(None);
        house.app.run_due_jobs(&mails).await.unwrap();
        assert_eq!(mails.take().len(), 1);
        ada.post(&retry, &[]).await.shows(404, "Introuvable");
    }

    async fn the_trail_is_read_by_object_and_verified(house) {
        house.person("ada", &[PortalRole::Admin]).await;
        let door = Door::of(house);
        let mut ada = Browser::signed_in(&door, "ada").await;
        ada.get("/admin/audit").await.shows(200, "<code>");
        ada.get("/admin/audit?object=%22%3E%3Cb%3E").await.shows(200, "Rien ne correspond");
        ada.get("/admin/audit?object=a%00b&cursor=x").await.shows(422, "<h1>");
        ada.get("/admin/audit/verify").await.shows(200, "Le journal est intact");
        house.database.meddle("UPDATE audit SET actor = 'somebody else' WHERE sequence = 2").await;
        ada.get("/admin/audit/verify?lang=en").await.shows(200, "was changed or damaged").shows(200, "entry 2");
    }

    async fn the_pages_are_for_those_who_run_the_portal(house) {
        house.person("olga", &[]).await;
        house.person("otto", &[PortalRole::Officer]).await;
        let door = Door::of(house);
        let mut olga = Browser::signed_in(&door, "olga").await;
        let mut nobody = Browser::new(&door);
        for path in ["/admin", "/admin/organizations", "/admin/jobs", "/admin/audit", "/admin/audit/verify"] {
            olga.get(path).await.shows(404, "Introuvable");
            assert!(nobody.get(path).await.location.starts_with("/sign-in?next="), "{path}");
        }
        let mut officer = Browser::signed_in(&door, "otto").await;
        let page = officer.get("/admin/organizations").await;
        assert!(page.status == 200 && !page.text.contains("/admin/jobs"), "{}", page.text);
    }
}
