//! Accounts in the database.

use octroi_domain::account::Account;
use octroi_domain::ids::AccountId;
use octroi_domain::time::Timestamp;

use crate::row::{Row, json, text, values, word};
use crate::{Session, StoreError, Tx};

/// The form in which addresses and identifiers are compared: without letter case or surrounding blanks.
pub fn login_key(text: &str) -> String {
    text.trim().to_lowercase()
}

pub(crate) fn read(row: &Row) -> Result<Account, StoreError> {
    Ok(Account {
        id: row.parsed("id")?,
        organization_id: row.parsed("organization_id")?,
        email: row.text("email")?,
        identifier: row.text("identifier")?,
        first_name: row.text("first_name")?,
        last_name: row.text("last_name")?,
        language: row.word("language")?,
        state: row.word("state")?,
        portal_roles: row.json("portal_roles")?,
        password_hash: row.opt_text("password_hash")?,
        terms_version: row.opt_text("terms_version")?,
        created_at: row.time("created_at")?,
        edition: row.int("edition")?,
    })
}

impl Session {
    /// The account `id`.
    pub async fn account(&mut self, id: AccountId) -> Result<Option<Account>, StoreError> {
        let row = self.maybe("SELECT * FROM accounts WHERE id = $1", values![text(id)]).await?;
        row.as_ref().map(read).transpose()
    }

    /// The account with this e-mail address, in any letter case.
    pub async fn account_by_email(&mut self, email: &str) -> Result<Option<Account>, StoreError> {
        let row =
            self.maybe("SELECT * FROM accounts WHERE email_key = $1", values![login_key(email)]).await?;
        row.as_ref().map(read).transpose()
    }

    /// The account with this identifier, in any letter case.
    pub async fn account_by_identifier(&mut self, identifier: &str) -> Result<Option<Account>, StoreError> {
        let sql = "SELECT * FROM accounts WHERE identifier_key = $1";
        let row = self.maybe(sql, values![login_key(identifier)]).await?;
        row.as_ref().map(read).transpose()
    }

    /// Up to `limit` accounts after `after`, oldest first; those whose address, identifier or names contain `query`,
    /// where one is given.
    pub async fn accounts(
        &mut self,
        after: Option<AccountId>,
        limit: i64,
        query: Option<&str>,
    ) -> Result<Vec<Account>, StoreError> {
        let after = after.map(text).unwrap_or_default();
        let query = query.map(login_key).unwrap_or_default();
        self.rows(
            "SELECT * FROM accounts WHERE id > $1 \
             AND ($2 = '' OR email_key LIKE $3 ESCAPE '!' OR identifier_key LIKE $3 ESCAPE '!' \
                  OR LOWER(first_name || ' ' || last_name) LIKE $3 ESCAPE '!') \
             ORDER BY id LIMIT $4",
            values![after, &query, contains(&query), limit],
        )
        .await?
        .iter()
        .map(read)
        .collect()
    }

    /// Accounts never confirmed, made before `before`.
    pub async fn unverified_accounts_before(
        &mut self,
        before: Timestamp,
    ) -> Result<Vec<Account>, StoreError> {
        self.rows(
            "SELECT * FROM accounts WHERE state = 'unverified' AND created_at < $1 ORDER BY id LIMIT 100",
            values![before],
        )
        .await?
        .iter()
        .map(read)
        .collect()
    }
}

/// The pattern that finds `word` anywhere, its own wildcards taken literally.
pub(crate) fn contains(word: &str) -> String {
    let literal = word.replace('!', "!!").replace('%', "!%").replace('_', "!_");
    format!("%{literal}%")
}

impl Tx {
    /// Adds `account`; its address and identifier must be free.
    pub async fn insert_account(&mut self, account: &Account) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO accounts (id, organization_id, email, email_key, identifier, identifier_key, first_name, \
             last_name, language, state, portal_roles, password_hash, terms_version, created_at, edition) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
            values![
                text(account.id),
                text(account.organization_id),
                &account.email,
                login_key(&account.email),
                &account.identifier,
                login_key(&account.identifier),
                &account.first_name,
                &account.last_name,
                word(&account.language)?,
                word(&account.state)?,
                json(&account.portal_roles)?,
                account.password_hash.clone(),
                account.terms_version.clone(),
                account.created_at,
                account.edition
            ],
        )
        .await?;
        Ok(())
    }

    /// Writes `account`, which must still be at the edition it was read at; that edition is counted up.
    pub async fn update_account(&mut self, account: &mut Account) -> Result<(), StoreError> {
        self.execute_at_edition(
            "UPDATE accounts SET email = $3, email_key = $4, identifier = $5, identifier_key = $6, first_name = $7, \
             last_name = $8, language = $9, state = $10, portal_roles = $11, password_hash = $12, \
             terms_version = $13, edition = edition + 1 WHERE id = $1 AND edition = $2",
            values![
                text(account.id),
                account.edition,
                &account.email,
                login_key(&account.email),
                &account.identifier,
                login_key(&account.identifier),
                &account.first_name,
                &account.last_name,
                word(&account.language)?,
                word(&account.state)?,
                json(&account.portal_roles)?,
                account.password_hash.clone(),
                account.terms_version.clone()
            ],
        )
        .await?;
        account.edition += 1;
        Ok(())
    }

    /// Makes everybody else who changes this account wait for the end of this transaction.
    pub async fn lock_account(&mut self, id: AccountId) -> Result<(), StoreError> {
        self.execute("UPDATE accounts SET edition = edition WHERE id = $1", values![text(id)]).await?;
        Ok(())
    }

    /// How many administrators can sign in. They stay what they are before the end of the transaction.
    pub async fn lock_administrators(&mut self) -> Result<i64, StoreError> {
        // As many as are changed to what they are.
        let held = "UPDATE accounts SET edition = edition \
             WHERE state = 'active' AND portal_roles LIKE '%\"admin\"%'";
        let held = self.execute(held, vec![]).await?;
        Ok(i64::try_from(held).unwrap_or(i64::MAX))
    }

    /// Removes the account with its memberships, links, tokens, sessions and drafts. Its organization stays.
    pub async fn delete_account(&mut self, id: AccountId) -> Result<(), StoreError> {
        let id = text(id);
        self.execute("DELETE FROM memberships WHERE account_id = $1", values![&id]).await?;
        self.execute("DELETE FROM links WHERE account_id = $1", values![&id]).await?;
        self.execute("DELETE FROM management_tokens WHERE account_id = $1", values![&id]).await?;
        self.execute("DELETE FROM sessions WHERE account_id = $1", values![&id]).await?;
        let files = "DELETE FROM documents WHERE object IN (SELECT id FROM drafts WHERE account_id = $1)";
        self.execute(files, values![&id]).await?;
        self.execute("DELETE FROM drafts WHERE account_id = $1", values![&id]).await?;
        self.execute("DELETE FROM accounts WHERE id = $1", values![&id]).await?;
        Ok(())
    }
}
