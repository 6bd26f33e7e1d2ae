//! The sealed copy of a secret: AES-256-GCM under a key of its organization, which is itself wrapped by the master
//! key. Erasing an organization's wrapped key makes its copies unreadable.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

use super::digest::{Digest, sha256};
use super::format::Secret;
use crate::ids::{CredentialId, OrganizationId};
use crate::time::{Entropy, random_bytes};

const VERSION: u8 = 1;

/// A sealed copy that does not open: damaged, moved to another credential, or sealed by another key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a sealed secret does not open: wrong master key, or damaged data")]
pub struct BadSeal;

/// The key above all others: from a file or a key service, never in the database.
pub struct MasterKey(SealingKey);

/// The key that seals one organization's secrets.
pub struct OrganizationKey(SealingKey);

struct SealingKey(Zeroizing<[u8; 32]>);

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

impl fmt::Debug for OrganizationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OrganizationKey(…)")
    }
}

impl SealingKey {
    fn cipher(&self) -> Result<LessSafeKey, BadSeal> {
        UnboundKey::new(&AES_256_GCM, self.0.as_slice()).map(LessSafeKey::new).map_err(|_| BadSeal)
    }

    /// Version, nonce, ciphertext and tag.
    fn seal(&self, plain: &[u8], bound_to: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, BadSeal> {
        let nonce: [u8; NONCE_LEN] = random_bytes(entropy);
        let mut body = plain.to_vec();
        self.cipher()?
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(bound_to), &mut body)
            .map_err(|_| BadSeal)?;
        Ok([&[VERSION], nonce.as_slice(), &body].concat())
    }

    fn open(&self, sealed: &[u8], bound_to: &[u8]) -> Result<Zeroizing<Vec<u8>>, BadSeal> {
        let Some((&VERSION, rest)) = sealed.split_first() else { return Err(BadSeal) };
        let (nonce, body) = rest.split_at_checked(NONCE_LEN).ok_or(BadSeal)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| BadSeal)?;
        let mut body = Zeroizing::new(body.to_vec());
        let length =
            self.cipher()?.open_in_place(nonce, Aad::from(bound_to), &mut body).map_err(|_| BadSeal)?.len();
        body.truncate(length);
        Ok(body)
    }
}

impl MasterKey {
    /// A master key of 32 bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(SealingKey(Zeroizing::new(bytes)))
    }

    /// A text that proves which key this is without telling it: kept in the database, compared at start.
    pub fn fingerprint(&self) -> Digest {
        Digest(sha256(&[b"octroi master key fingerprint".as_slice(), self.0.0.as_slice()].concat()))
    }

    /// A new key for an organization, and the same key wrapped, to be stored.
    pub fn make_organization_key(
        &self,
        organization: OrganizationId,
        entropy: &dyn Entropy,
    ) -> Result<(OrganizationKey, Vec<u8>), BadSeal> {
        let bytes = Zeroizing::new(random_bytes::<32>(entropy));
        let wrapped = self.0.seal(bytes.as_slice(), organization.to_string().as_bytes(), entropy)?;
        Ok((OrganizationKey(SealingKey(bytes)), wrapped))
    }

    /// Opens a wrapped key of `organization`.
    pub fn open_organization_key(
        &self,
        organization: OrganizationId,
        wrapped: &[u8],
    ) -> Result<OrganizationKey, BadSeal> {
        let plain = self.0.open(wrapped, organization.to_string().as_bytes())?;
        let bytes: [u8; 32] = plain.as_slice().try_into().map_err(|_| BadSeal)?;
        Ok(OrganizationKey(SealingKey(Zeroizing::new(bytes))))
    }

    /// Seals bytes of the portal itself (a signing key), bound to `label`.
    pub fn seal(&self, plain: &[u8], label: &str, entropy: &dyn Entropy) -> Result<Vec<u8>, BadSeal> {
        self.0.seal(plain, label.as_bytes(), entropy)
    }

    /// Opens what [`MasterKey::seal`] made.
    pub fn open(&self, sealed: &[u8], label: &str) -> Result<Zeroizing<Vec<u8>>, BadSeal> {
        self.0.open(sealed, label.as_bytes())
    }
}

impl OrganizationKey {
    /// Seals the secret of a credential; the copy opens for that credential only.
    pub fn seal(
        &self,
        secret: &Secret,
        credential: CredentialId,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, BadSeal> {
        self.0.seal(secret.expose().as_bytes(), credential.to_string().as_bytes(), entropy)
    }

    /// Opens the sealed copy of a credential's secret.
    pub fn open(&self, sealed: &[u8], credential: CredentialId) -> Result<Secret, BadSeal> {
        let plain = self.0.open(sealed, credential.to_string().as_bytes())?;
        let text = std::str::from_utf8(&plain).map_err(|_| BadSeal)?;
        Ok(Secret::new(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed;
    impl Entropy for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(9);
        }
    }

    #[test]
    fn a_copy_opens_only_with_its_own_keys_and_credential() {
        let master = MasterKey::new([1; 32]);
        let org = OrganizationId::from_u128(1);
        let credential = CredentialId::from_u128(2);
        let (key, wrapped) = master.make_organization_key(org, &Fixed).unwrap();
        let sealed = key.seal(&Secret::new("the secret".into()), credential, &Fixed).unwrap();

        let again = master.open_organization_key(org, &wrapped).unwrap();
        assert_eq!(again.open(&sealed, credential).unwrap().expose(), "the secret");

        assert!(again.open(&sealed, CredentialId::from_u128(3)).is_err());
        assert!(master.open_organization_key(OrganizationId::from_u128(9), &wrapped).is_err());
        assert!(MasterKey::new([2; 32]).open_organization_key(org, &wrapped).is_err());
        for end in 0..sealed.len() {
            assert!(again.open(&sealed[..end], credential).is_err());
        }
        assert!(!sealed.windows(10).any(|w| w == b"the secret"));
    }
}
