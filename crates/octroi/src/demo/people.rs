//! The sample people: one for each part that somebody can play.

use futures_util::future::try_join_all;
use octroi_app::setup::NewAccount;
use octroi_app::{App, AppError};
use octroi_domain::account::{Person, PortalRole};
use octroi_domain::actor::{Actor, Person as Acting};
use octroi_domain::api::Language;
use octroi_domain::ids::{AccountId, OrganizationId};
use octroi_domain::organization::{OrganizationKind, Role};
use octroi_domain::time::Timestamp;
use octroi_web::SamplePerson;

use super::SYSTEM;
use super::notebook::Login;

/// An organization that a person owns, beside the personal one: published from, or worked in.
pub(super) struct Of {
    kind: OrganizationKind,
    slug: &'static str,
    name: &'static str,
}

/// A sample person.
pub(super) struct Sample {
    pub(super) role: &'static str,
    pub(super) email: &'static str,
    first_name: &'static str,
    last_name: &'static str,
    portal_role: Option<PortalRole>,
    of: &'static [Of],
}

/// Everybody.
pub(super) const PEOPLE: [Sample; 6] = [
    Sample {
        role: "admin",
        email: "admin@exemple.fr",
        first_name: "Ada",
        last_name: "Ministratrice",
        portal_role: Some(PortalRole::Admin),
        of: &[],
    },
    Sample {
        role: "provider",
        email: "fournisseur@exemple.fr",
        first_name: "Félix",
        last_name: "Fournisseur",
        portal_role: None,
        of: &[
            Of { kind: OrganizationKind::Provider, slug: "insee", name: "Insee (démonstration)" },
            Of {
                kind: OrganizationKind::Provider,
                slug: "ans",
                name: "Agence du numérique en santé (démonstration)",
            },
        ],
    },
    Sample {
        role: "officer",
        email: "deploiement@exemple.fr",
        first_name: "Odile",
        last_name: "Officière",
        portal_role: Some(PortalRole::Officer),
        of: &[Of {
            kind: OrganizationKind::Provider,
            slug: "api-engagement",
            name: "API Engagement (démonstration)",
        }],
    },
    Sample {
        role: "instructor",
        email: "instruction@exemple.fr",
        first_name: "Inès",
        last_name: "Instructrice",
        portal_role: Some(PortalRole::Instructor),
        of: &[],
    },
    Sample {
        role: "developer",
        email: "developpement@exemple.fr",
        first_name: "Denis",
        last_name: "Développeur",
        portal_role: None,
        of: &[],
    },
    Sample {
        role: "editor",
        email: "edition@exemple.fr",
        first_name: "Élise",
        last_name: "Éditrice",
        portal_role: None,
        of: &[Of { kind: OrganizationKind::Vendor, slug: "editeur-demo", name: "Éditeur (démonstration)" }],
    },
];

/// The people as the home page offers them.
pub(super) fn as_shown(logins: &[Login]) -> Vec<SamplePerson> {
    let people = PEOPLE.iter().zip(logins);
    people
        .map(|(sample, login)| SamplePerson {
            role: sample.role.to_owned(),
            name: format!("{} {}", sample.first_name, sample.last_name),
            email: login.email.clone(),
            password: login.password.clone(),
        })
        .collect()
}

/// Makes whoever is missing. Passwords are hashed side by side.
pub(super) async fn settle(app: &App, logins: &[Login]) -> Result<(), AppError> {
    let people = PEOPLE.iter().zip(logins);
    let ids = try_join_all(people.map(|(sample, login)| settle_one(app, sample, login))).await?;
    for (sample, id) in PEOPLE.iter().zip(ids) {
        for of in sample.of {
            let organization = app.ensure_organization(&SYSTEM, of.kind, of.slug, of.name).await?;
            app.ensure_member(&SYSTEM, organization, id, Role::Owner).await?;
        }
    }
    Ok(())
}

async fn settle_one(app: &App, sample: &Sample, login: &Login) -> Result<AccountId, AppError> {
    let person = Person {
        email: sample.email.to_owned(),
        identifier: format!("demo-{}", sample.role),
        first_name: sample.first_name.to_owned(),
        last_name: sample.last_name.to_owned(),
        language: Language::Fr,
    };
    let new = NewAccount {
        person,
        password: login.password.clone(),
        portal_roles: sample.portal_role.into_iter().collect(),
    };
    app.ensure_account(&SYSTEM, new).await
}

/// A sample person acting, as after a sign-in of this moment.
pub(crate) fn acting(account_id: AccountId, organization_id: OrganizationId, now: Timestamp) -> Actor {
    acting_as(account_id, organization_id, Vec::new(), now)
}

/// The same with these roles for the portal as a whole.
pub(super) fn acting_as(
    account_id: AccountId,
    organization_id: OrganizationId,
    portal_roles: Vec<PortalRole>,
    now: Timestamp,
) -> Actor {
    Actor::Person(Box::new(Acting {
        account_id,
        organization_id,
        portal_roles,
        memberships: vec![(organization_id, Role::Owner)],
        token_scopes: None,
        token_ends_at: None,
        signed_in_at: Some(now),
    }))
}
