//! What must stand before anything else: the keys that belong to the database, first accounts and organizations.

use octroi_domain::account::{Account, AccountState, Person, PortalRole, password};
use octroi_domain::actor::Actor;
use octroi_domain::ids::{AccountId, OrganizationId};
use octroi_domain::organization::{Membership, Organization, OrganizationKind, Role};
use octroi_domain::permission::{Action, Parties};
use octroi_domain::validate::{Check, Rule};
use octroi_store::Tx;
use serde_json::json;

use crate::context::require;
use crate::error::taken;
use crate::vault::Unfit;
use crate::{App, AppError};

/// The keys outside the database are not those that it was made with.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// Another key than the one in use when the database was made.
    #[error(
        "the {0} is not the one that this database was made with: give the right one, \
         or restore the backup that holds both"
    )]
    Foreign(&'static str),
    /// The database holds accounts and does not say which keys it was made with.
    #[error("the database does not say which {0} it was made with: it is damaged, restore a backup")]
    Forgotten(&'static str),
    /// The database cannot be asked.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<Unfit> for VaultError {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::Foreign(which) => Self::Foreign(which),
            Unfit::Forgotten(which) => Self::Forgotten(which),
        }
    }
}

/// An account to be made without a mail: for the demo and for whoever runs the portal.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Who it is.
    pub person: Person,
    /// Its password; the usual rules hold.
    pub password: String,
    /// What it may do for the portal as a whole.
    pub portal_roles: Vec<PortalRole>,
}

/// The columns that two accounts cannot share, and the fields they come from.
pub(crate) const ACCOUNT_KEYS: &[(&str, &str)] = &[("email_key", "email"), ("identifier_key", "identifier")];

impl App {
    /// Checks that the vault's keys are those that the database was made with; a new database takes them as its own, and
    /// any takes a further pepper.
    pub async fn check_vault(&self) -> Result<(), VaultError> {
        let mut tx = self.begin().await?;
        let is_new = tx.count_organizations().await.map_err(AppError::from)? == 0;
        let noted = tx.settings().await.map_err(AppError::from)?;
        let more = self.vault().check(&noted)?;
        let forgotten = more.keys().find(|name| name.starts_with("master")).filter(|_| !is_new);
        if forgotten.is_some() {
            return Err(VaultError::Forgotten("master key"));
        }
        for (name, fingerprint) in more {
            tx.put_setting(&name, &fingerprint).await.map_err(AppError::from)?;
        }
        Ok(self.commit(tx).await?)
    }

    /// The account with this e-mail address, made and confirmed where it does not exist yet. One that exists is left as
    /// it is.
    pub async fn ensure_account(&self, actor: &Actor, new: NewAccount) -> Result<AccountId, AppError> {
        require(actor, Action::AccountAdminister, &Parties::PORTAL)?;
        if let Some(account) = self.read().await?.account_by_email(&new.person.email).await? {
            return Ok(account.id);
        }
        check_person(&new.person, &new.password, true)?;
        let hash = self.hash_password(&new.password).await?;
        let mut tx = self.begin().await?;
        let terms = tx.current_terms().await?.map(|t| t.version);
        let account = Account {
            state: AccountState::Active,
            portal_roles: new.portal_roles,
            password_hash: Some(hash),
            terms_version: terms,
            ..self.draft_account(&new.person)
        };
        self.insert_account(&mut tx, &account).await?;
        self.audit(&mut tx, actor, "account.created", account.id, json!({}));
        self.commit(tx).await?;
        Ok(account.id)
    }

    /// The organization with this slug, made where it does not exist yet. One that exists is left as it is.
    pub async fn ensure_organization(
        &self,
        actor: &Actor,
        kind: OrganizationKind,
        slug: &str,
        name: &str,
    ) -> Result<OrganizationId, AppError> {
        require(actor, Action::OrganizationCreateSpecial, &Parties::PORTAL)?;
        Organization::check(slug, name)?;
        let mut tx = self.begin().await?;
        if let Some(organization) = tx.organization_by_slug(slug).await? {
            return Ok(organization.id);
        }
        let organization = self.draft_organization(kind, slug, name);
        self.insert_organization(&mut tx, &organization).await?;
        self.audit(&mut tx, actor, "organization.created", organization.id, json!({}));
        self.commit(tx).await?;
        Ok(organization.id)
    }

    /// Gives the account this role in the organization.
    pub async fn ensure_member(
        &self,
        actor: &Actor,
        organization_id: OrganizationId,
        account_id: AccountId,
        role: Role,
    ) -> Result<(), AppError> {
        require(actor, Action::OrganizationManage, &Parties::owned_by(organization_id))?;
        let mut tx = self.begin().await?;
        tx.organization(organization_id).await?.ok_or(AppError::NotFound)?;
        tx.account(account_id).await?.ok_or(AppError::NotFound)?;
        if tx.membership(organization_id, account_id).await?.is_some_and(|m| m.role == role) {
            return Ok(());
        }
        let since = self.now();
        tx.put_membership(&Membership { organization_id, account_id, role, since }).await?;
        self.audit(
            &mut tx,
            actor,
            "member.added",
            organization_id,
            json!({"account": account_id, "role": role}),
        );
        self.commit(tx).await
    }

    /// An account for `person`, unverified and with an organization's identifier of its own, not yet written.
    pub(crate) fn draft_account(&self, person: &Person) -> Account {
        let now = self.now();
        Account {
            id: AccountId::new(now, self.entropy()),
            organization_id: OrganizationId::new(now, self.entropy()),
            email: person.email.trim().to_owned(),
            identifier: person.identifier.clone(),
            first_name: person.first_name.trim().to_owned(),
            last_name: person.last_name.trim().to_owned(),
            language: person.language,
            state: AccountState::Unverified,
            portal_roles: vec![],
            password_hash: None,
            terms_version: None,
            created_at: now,
            edition: 1,
        }
    }

    /// Writes a new account with its personal organization, in which it is the owner.
    pub(crate) async fn insert_account(&self, tx: &mut Tx, account: &Account) -> Result<(), AppError> {
        let personal = Organization {
            id: account.organization_id,
            kind: OrganizationKind::Personal,
            // An identifier may change and holds dots and capitals: the slug is made from the id.
            slug: account.organization_id.to_string().replace('_', "-"),
            name: format!("{} {}", account.first_name, account.last_name),
            created_at: account.created_at,
            edition: 1,
        };
        self.insert_organization(tx, &personal).await?;
        tx.insert_account(account).await.map_err(|e| taken(e, ACCOUNT_KEYS))?;
        tx.put_membership(&Membership {
            organization_id: personal.id,
            account_id: account.id,
            role: Role::Owner,
            since: account.created_at,
        })
        .await?;
        Ok(())
    }

    /// An organization, not yet written.
    pub(crate) fn draft_organization(&self, kind: OrganizationKind, slug: &str, name: &str) -> Organization {
        let now = self.now();
        Organization {
            id: OrganizationId::new(now, self.entropy()),
            kind,
            slug: slug.to_owned(),
            name: name.trim().to_owned(),
            created_at: now,
            edition: 1,
        }
    }

    /// Writes a new organization with a sealing key of its own.
    pub(crate) async fn insert_organization(
        &self,
        tx: &mut Tx,
        organization: &Organization,
    ) -> Result<(), AppError> {
        let (_, wrapped) = self
            .vault()
            .master
            .make_organization_key(organization.id, self.entropy())
            .map_err(|e| AppError::Internal(e.to_string()))?;
        tx.insert_organization(organization, &wrapped).await.map_err(|e| taken(e, &[("slug", "slug")]))
    }
}

/// Checks a newcomer's data, password and tick together, so that every violation is named at once.
pub(crate) fn check_person(person: &Person, password: &str, accept_terms: bool) -> Result<(), AppError> {
    let mut c = Check::new();
    c.within("", person.check());
    c.within("", password::check("password", password, &password::own_data(person)));
    c.require(accept_terms, "accept_terms", Rule::Required);
    Ok(c.finish()?)
}
