//! The keys that stand outside the database, and the check that they belong to it.

use std::collections::BTreeMap;

use octroi_domain::credential::digest::hex;
use octroi_domain::credential::seal::MasterKey;
use octroi_domain::credential::{Instance, Peppers};

const MASTER: &str = "master_key_fingerprint";

/// How the name of a pepper's fingerprint begins; its version follows.
const PEPPER: &str = "pepper_fingerprint_";

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

/// Why keys do not belong to a database. The word says which key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// Another one than the database was made with, or one of its peppers is missing.
    Foreign(&'static str),
    /// The database does not say which one it was made with.
    Forgotten(&'static str),
}

impl Vault {
    /// Names and fingerprints of the keys, as kept in the database to recognise them at the next start.
    pub fn fingerprints(&self) -> BTreeMap<String, String> {
        let pepper = |p: &octroi_domain::credential::digest::Pepper| {
            (format!("{PEPPER}{}", p.version()), hex(&p.fingerprint().0))
        };
        let master = (MASTER.to_owned(), hex(&self.master.fingerprint().0));
        self.peppers.all().map(pepper).chain([master]).collect()
    }

    /// Holds these keys against the fingerprints that a database `noted`; gives those that are to be noted as well: all
    /// for a database that has none yet, that of a new pepper for another. Every pepper that was ever in use must be
    /// there: keys are still found by it.
    pub fn check(&self, noted: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Unfit> {
        let mut held = self.fingerprints();
        let known = |kind: &str| noted.iter().any(|(name, _)| name.starts_with(kind));
        for (kind, word) in [(MASTER, "master key"), (PEPPER, "pepper")] {
            if !known(kind) && (known(MASTER) || known(PEPPER)) {
                return Err(Unfit::Forgotten(word));
            }
            if noted.iter().any(|(name, noted)| name.starts_with(kind) && held.get(name) != Some(noted)) {
                return Err(Unfit::Foreign(word));
            }
        }
        held.retain(|name, _| !noted.contains_key(name));
        Ok(held)
    }
}
