//! The key that seals an organization's secrets, wrapped by the master key.

use octroi_domain::ids::OrganizationId;

use crate::row::{text, values};
use crate::{Session, StoreError, Tx};

impl Session {
    /// The wrapped sealing key of an organization; none where it has never sealed anything.
    pub async fn sealing_key(&mut self, organization: OrganizationId) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "SELECT sealing_key FROM organizations WHERE id = $1";
        match self.maybe(sql, values![text(organization)]).await? {
            Some(row) => row.opt_bytes("sealing_key"),
            None => Ok(None),
        }
    }
}

impl Tx {
    /// Gives an organization its wrapped sealing key, unless it has one already. Gives whether it was written.
    pub async fn set_sealing_key(
        &mut self,
        organization: OrganizationId,
        wrapped: &[u8],
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE organizations SET sealing_key = $1 WHERE id = $2 AND sealing_key IS NULL";
        Ok(self.execute(sql, values![wrapped, text(organization)]).await? == 1)
    }

    /// Throws an organization's sealing key away: none of its sealed copies can be opened any more.
    pub async fn forget_sealing_key(&mut self, organization: OrganizationId) -> Result<(), StoreError> {
        let sql = "UPDATE organizations SET sealing_key = NULL WHERE id = $1";
        self.execute(sql, values![text(organization)]).await.map(drop)
    }
}
