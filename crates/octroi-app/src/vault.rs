//! The keys that stand outside the database, and the check that they belong to it.

use octroi_domain::credential::digest::hex;
use octroi_domain::credential::seal::MasterKey;
use octroi_domain::credential::{Instance, Peppers};

/// What secrets are made, digested and sealed with.
#[derive(Debug)]
pub struct Vault {
    /// The name that begins every secret of this installation.
    pub instance: Instance,
    /// For digests.
    pub peppers: Peppers,
    /// For sealed copies.
    pub master: MasterKey,
}

impl Vault {
    /// Names and fingerprints of the keys, as kept in the database to recognise them at the next start.
    pub fn fingerprints(&self) -> [(&'static str, String); 2] {
        [
            ("master_key_fingerprint", hex(&self.master.fingerprint().0)),
            ("pepper_fingerprint", hex(&self.peppers.current().fingerprint().0)),
        ]
    }
}
