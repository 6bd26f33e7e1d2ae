//! My organizations on pages: making one, members, invitations that are accepted with an account that is there.

use octroi_domain::actor::Actor;
use octroi_domain::organization::{OrganizationKind, Role};
use octroi_testkit::{House, Mailbox, PASSWORD, link_token, on_both};

use super::browser::Browser;
use crate::door::Door;

/// The secret of the invitation that was mailed last.
async fn invitation(house: &House) -> String {
    let mails = Mailbox::default();
    while house.app.run_due_jobs(&mails).await.unwrap() > 0 {}
    link_token(mails.take().last().unwrap())
}

fn invite(email: &str) -> [(&str, &str); 2] {
    [("email", email), ("role", "developer")]
}

on_both! {
    async fn an_organization_is_made_once_renamed_and_left(house) {
        let olga = house.person("olga", &[]).await;
        house.person("otto", &[]).await;
        let door = Door::of(house);
        let mut browser = Browser::signed_in(&door, "olga").await;
        browser.get("/account/organizations").await.shows(200, "Personnelle").shows(200, "Camille Arnaud");
        let form = [("name", "Acme"), ("slug", "acme")];
        let made = browser.post("/account/organizations/new", &form).await;
        let place = made.location.split('?').next().unwrap().to_owned();
        browser.follow(made).await.shows(200, "<h2 id=\"organization\">Acme</h2>").shows(200, "Propriétaire");
        let twice = browser.post("/account/organizations/new", &form).await;
        assert!(twice.location.starts_with(&place), "sent twice, it leads to what there is: {}", twice.location);
        let mut otto = Browser::signed_in(&door, "otto").await;
        otto.post("/account/organizations/new", &form).await.shows(422, "id=\"slug-error\"").shows(422, "value=\"Acme\"");
        for path in [place.clone(), format!("{place}/edit"), format!("{place}/invite")] {
            assert_eq!(otto.get(&path).await.status, 404, "{path}");
        }

        let edit = format!("{place}/edit");
        let edition = browser.get(&edit).await.value("edition");
        let renamed = browser.post(&edit, &[("name", "Acme & fils"), ("slug", "acme"), ("edition", &edition)]).await;
        browser.follow(renamed).await.shows(200, "Acme &#38; fils");
        let late = browser.post(&edit, &[("name", "Acme SA"), ("slug", "acme"), ("edition", &edition)]).await;
        late.shows(412, "Modifié entre-temps").shows(412, "value=\"Acme SA\"");

        let me = format!("{place}/members/{}", olga.account_id().unwrap());
        browser.post(&me, &[]).await.shows(422, "Ce champ est obligatoire");
        browser.post(&format!("{place}/invite"), &[("email", "x@exemple.fr")]).await.shows(422, "role-error");
        browser.post(&format!("{place}/invite"), &invite("olga@exemple.fr")).await.shows(422, "votre propre adresse");
        browser.get(&place).await.shows(200, "seul propriétaire");
        browser.post(&format!("{place}/leave"), &[]).await.shows(409, "au moins un propriétaire");
        let own = house.app.me(&olga).await.unwrap().organization_id;
        browser.get(&format!("/account/organizations/{own}")).await.shows(200, "organisation personnelle");
        assert_eq!(browser.get(&format!("/account/organizations/{own}/invite")).await.status, 403);
    }

    async fn an_invitation_is_accepted_with_the_account_that_is_invited(house) {
        let olga = house.person("olga", &[]).await;
        for name in ["nina", "otto"] {
            house.person(name, &[]).await;
        }
        let acme = house.organization(OrganizationKind::Company, "acme", &olga, Role::Owner).await;
        let door = Door::of(house);
        let mut owner = Browser::signed_in(&door, "olga").await;
        let place = format!("/account/organizations/{acme}");
        owner.post(&format!("{place}/invite"), &invite("nina")).await.shows(422, "id=\"email-error\"").shows(422, "value=\"nina\"");
        let sent = owner.post(&format!("{place}/invite"), &invite("nina@exemple.fr")).await;
        owner.follow(sent).await.shows(200, "L’invitation est envoyée");
        let token = invitation(house).await;
        let page = format!("/invitation?token={token}");

        // Nobody has signed in: through the sign-in page and back.
        let mut nina = Browser::new(&door);
        let next = format!("%2Finvitation%3Ftoken%3D{token}");
        nina.get(&page).await.shows(200, "acme").shows(200, &format!("href=\"/sign-in?next={next}\""));
        let back = nina.post("/sign-in", &[("login", "nina"), ("password", PASSWORD), ("next", &page)]).await;
        let join = nina.follow(back).await;
        join.shows(200, "action=\"/invitation/join\"").shows(200, "Développement");
        assert_eq!(join.value("token"), token);
        // Somebody else has: whose it is, and how to get there.
        let mut otto = Browser::signed_in(&door, "otto").await;
        let other = otto.get(&page).await;
        other.shows(200, "pour une autre adresse").shows(200, "otto@exemple.fr");
        assert!(!other.text.contains("action=\"/invitation/join\""));
        assert_eq!(otto.post("/invitation/join", &[("token", &token)]).await.status, 404);

        let joined = nina.post("/invitation/join", &[("token", &token)]).await;
        nina.follow(joined).await.shows(200, "L’invitation est acceptée").shows(200, "acme");
        nina.post("/invitation/join", &[("token", &token)]).await.shows(409, "a déjà servi").shows(409, "href=\"/account/organizations\"");
        nina.get(&page).await.shows(409, "demandez une autre invitation");
        nina.get("/invitation?token=forged").await.shows(409, "demandez une autre invitation");
    }

    async fn a_session_that_ended_keeps_the_invitation(house) {
        let olga = house.person("olga", &[]).await;
        house.person("nina", &[]).await;
        let acme = house.organization(OrganizationKind::Company, "acme", &olga, Role::Owner).await;
        let door = Door::of(house);
        let mut owner = Browser::signed_in(&door, "olga").await;
        owner.post(&format!("/account/organizations/{acme}/invite"), &invite("nina@exemple.fr")).await;
        let token = invitation(house).await;
        let mut nina = Browser::new(&door);
        let kept = nina.post("/invitation/join", &[("token", &token)]).await;
        kept.shows(403, "action=\"/sign-in\"");
        let carried = [("login", "nina"), ("password", PASSWORD), ("next", "/invitation/join"), ("kept.token", &token)];
        let resume = nina.post("/sign-in", &carried).await;
        resume.shows(200, "action=\"/invitation/join\"");
        assert_eq!(nina.post("/invitation/join", &[("token", &resume.value("token"))]).await.status, 303);
    }

    async fn roles_are_changed_members_taken_out_and_an_owner_stays(house) {
        let olga = house.person("olga", &[]).await;
        let nina = house.person("nina", &[]).await;
        let acme = house.organization(OrganizationKind::Company, "acme", &olga, Role::Owner).await;
        house.organization(OrganizationKind::Company, "acme", &nina, Role::Viewer).await;
        let door = Door::of(house);
        let mut owner = Browser::signed_in(&door, "olga").await;
        let id = |actor: &Actor| actor.account_id().unwrap();
        let place = format!("/account/organizations/{acme}");
        let member = |actor: &Actor| format!("{place}/members/{}", id(actor));

        let shown = owner.get(&member(&nina)).await;
        shown.shows(200, "nina@exemple.fr");
        let done = owner.post(&member(&nina), &[("role", "developer")]).await;
        owner.follow(done).await.shows(200, "Le rôle est enregistré").shows(200, "Développement");
        owner.post(&member(&olga), &[("role", "viewer")]).await.shows(409, "id=\"role-error\"").shows(409, "au moins un propriétaire");

        let mut viewer = Browser::signed_in(&door, "nina").await;
        viewer.get(&place).await.shows(200, "Camille Arnaud");
        assert_eq!(viewer.get(&member(&olga)).await.status, 403);
        assert_eq!(viewer.post(&format!("{}/remove", member(&olga)), &[]).await.status, 403);
        let done = owner.post(&format!("{}/remove", member(&nina)), &[]).await;
        owner.follow(done).await.shows(200, "n’est plus membre");
        let twice = owner.post(&format!("{}/remove", member(&nina)), &[]).await;
        assert_eq!(twice.status, 303, "taken out twice, it is out");
        assert_eq!(viewer.get(&place).await.status, 404);
        assert_eq!(viewer.post(&format!("{place}/leave"), &[]).await.status, 303, "whoever is not in it has left it");
        owner.post(&format!("{}/remove", member(&olga)), &[]).await.shows(409, "au moins un propriétaire");
    }
}
