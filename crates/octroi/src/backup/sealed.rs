//! A sealed file: a stream of bytes under a passphrase. argon2id makes the key; AES-256-GCM seals chunk after chunk, each
//! bound to its place and the last one marked, so that nothing can be changed, moved, repeated or cut off unnoticed
//! (the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, 2015).
//!
//! Form: head, then chunks of 64 KiB and their tags; the last chunk may be shorter. Head: magic and version, argon2's
//! memory (KiB), passes and lanes (4 bytes each, big-endian), salt (16), nonce prefix (7), proof of the passphrase (16).

use std::io::{self, Read, Write};

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use octroi_domain::time::{Entropy, random_bytes};
use zeroize::Zeroizing;

const MAGIC: &[u8; 15] = b"OCTROI-SEALED\x00\x01";
const CHUNK: usize = 64 * 1024;
const TAG: usize = 16;
const HEAD: usize = MAGIC.len() + 12 + 16 + 7 + 16;

/// What making the key costs: 64 MiB, three passes.
const COST: Cost = Cost { memory_kib: 64 * 1024, passes: 3, lanes: 1 };

/// Why a sealed file does not open.
#[derive(Debug, thiserror::Error)]
pub enum SealedError {
    /// Something else, or a later version.
    #[error("this is not a file that `octroi backup` of this or an earlier version made")]
    Foreign,
    /// The passphrase does not fit.
    #[error("the passphrase is not the one that this file was sealed with")]
    Passphrase,
    /// Changed or cut short.
    #[error("the file was cut short or altered: nothing of it can be trusted")]
    Altered,
    /// The file cannot be read or written.
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl From<SealedError> for io::Error {
    fn from(error: SealedError) -> Self {
        match error {
            SealedError::Io(e) => e,
            other => Self::other(other),
        }
    }
}

/// The error that a [`Reader`] or [`Writer`] put into an `io::Error`.
pub(super) fn unwrap_io(error: io::Error) -> SealedError {
    match error.downcast::<SealedError>() {
        Ok(ours) => ours,
        Err(other) => SealedError::Io(other),
    }
}

#[derive(Clone, Copy, Debug)]
struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

struct Cipher {
    key: LessSafeKey,
    prefix: [u8; 7],
    head: Vec<u8>,
    next: u32,
}

/// Key and proof of the passphrase.
fn derive(passphrase: &str, salt: &[u8], cost: Cost) -> Result<Zeroizing<[u8; 48]>, SealedError> {
    let params =
        Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(48)).map_err(|_| SealedError::Foreign)?;
    let mut out = Zeroizing::new([0; 48]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, out.as_mut_slice())
        .map_err(|_| SealedError::Foreign)?;
    Ok(out)
}

impl Cipher {
    fn new(key: &[u8], prefix: [u8; 7], head: Vec<u8>) -> Result<Self, SealedError> {
        let key =
            UnboundKey::new(&AES_256_GCM, key).map(LessSafeKey::new).map_err(|_| SealedError::Foreign)?;
        Ok(Self { key, prefix, head, next: 0 })
    }

    /// The nonce of the next chunk; none after 2³² of them (256 TiB).
    fn nonce(&mut self, last: bool) -> Result<Nonce, SealedError> {
        let mut bytes = [0; 12];
        bytes[..7].copy_from_slice(&self.prefix);
        bytes[7..11].copy_from_slice(&self.next.to_be_bytes());
        bytes[11] = u8::from(last);
        self.next = self.next.checked_add(1).ok_or(SealedError::Altered)?;
        Ok(Nonce::assume_unique_for_key(bytes))
    }

    fn seal(&mut self, chunk: &mut Vec<u8>, last: bool) -> Result<(), SealedError> {
        let nonce = self.nonce(last)?;
        self.key
            .seal_in_place_append_tag(nonce, Aad::from(&self.head), chunk)
            .map_err(|_| SealedError::Altered)
    }

    fn open(&mut self, chunk: &mut Vec<u8>, last: bool) -> Result<(), SealedError> {
        let nonce = self.nonce(last)?;
        let length = self
            .key
            .open_in_place(nonce, Aad::from(&self.head), chunk)
            .map_err(|_| SealedError::Altered)?
            .len();
        chunk.truncate(length);
        Ok(())
    }
}

/// Seals what is written. Without [`Writer::finish`] the file does not open.
pub(super) struct Writer<W: Write> {
    inner: W,
    cipher: Cipher,
    chunk: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Writes the head.
    pub(super) fn new(mut inner: W, passphrase: &str, entropy: &dyn Entropy) -> Result<Self, SealedError> {
        let salt: [u8; 16] = random_bytes(entropy);
        let prefix: [u8; 7] = random_bytes(entropy);
        let derived = derive(passphrase, &salt, COST)?;
        let mut head = MAGIC.to_vec();
        for number in [COST.memory_kib, COST.passes, COST.lanes] {
            head.extend_from_slice(&number.to_be_bytes());
        }
        head.extend_from_slice(&salt);
        head.extend_from_slice(&prefix);
        head.extend_from_slice(&derived[32..]);
        inner.write_all(&head)?;
        let cipher = Cipher::new(&derived[..32], prefix, head)?;
        Ok(Self { inner, cipher, chunk: Vec::with_capacity(CHUNK + TAG) })
    }

    fn put(&mut self, last: bool) -> Result<(), SealedError> {
        self.cipher.seal(&mut self.chunk, last)?;
        self.inner.write_all(&self.chunk)?;
        self.chunk.clear();
        Ok(())
    }

    /// Writes the last chunk and gives back what was written to.
    pub(super) fn finish(mut self) -> Result<W, SealedError> {
        self.put(true)?;
        self.inner.flush()?;
        Ok(self.inner)
    }
}

impl<W: Write> Write for Writer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full chunk waits for the next byte: until then it may be the last.
        if self.chunk.len() == CHUNK && !bytes.is_empty() {
            self.put(false)?;
        }
        let taken = bytes.len().min(CHUNK - self.chunk.len());
        self.chunk.extend_from_slice(bytes.get(..taken).unwrap_or_default());
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Opens what [`Writer`] sealed. Every byte that it gives was authenticated; that the end is the real one is known once
/// it has given its last.
pub(super) struct Reader<R: Read> {
    inner: R,
    cipher: Cipher,
    /// The chunk after the present one, read ahead to know whether the present one is the last.
    ahead: Vec<u8>,
    chunk: Vec<u8>,
    given: usize,
    ended: bool,
}

impl<R: Read> Reader<R> {
    /// Reads the head and checks the passphrase.
    pub(super) fn new(mut inner: R, passphrase: &str) -> Result<Self, SealedError> {
        let head = read_up_to(&mut inner, HEAD)?;
        let rest = head.strip_prefix(MAGIC.as_slice()).ok_or(SealedError::Foreign)?;
        let (&costs, rest) = rest.split_first_chunk::<12>().ok_or(SealedError::Altered)?;
        let (&salt, rest) = rest.split_first_chunk::<16>().ok_or(SealedError::Altered)?;
        let (&prefix, proof) = rest.split_first_chunk::<7>().ok_or(SealedError::Altered)?;
        if proof.len() != 16 {
            return Err(SealedError::Altered);
        }
        let number = |i: usize| u32::from_be_bytes([costs[i], costs[i + 1], costs[i + 2], costs[i + 3]]);
        let cost = Cost { memory_kib: number(0), passes: number(4), lanes: number(8) };
        // Whoever made the file must not choose how much memory and time it takes to refuse it.
        if cost.memory_kib > 4 * COST.memory_kib || cost.passes > 4 * COST.passes || cost.lanes > 4 {
            return Err(SealedError::Foreign);
        }
        let derived = derive(passphrase, &salt, cost)?;
        if aws_lc_rs::constant_time::verify_slices_are_equal(&derived[32..], proof).is_err() {
            return Err(SealedError::Passphrase);
        }
        let cipher = Cipher::new(&derived[..32], prefix, head)?;
        let ahead = read_up_to(&mut inner, CHUNK + TAG)?;
        Ok(Self { inner, cipher, ahead, chunk: Vec::new(), given: 0, ended: false })
    }

    fn advance(&mut self) -> Result<(), SealedError> {
        let after = read_up_to(&mut self.inner, CHUNK + TAG)?;
        self.chunk = std::mem::replace(&mut self.ahead, after);
        self.given = 0;
        self.ended = self.ahead.is_empty();
        self.cipher.open(&mut self.chunk, self.ended)
    }
}

impl<R: Read> Read for Reader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.given == self.chunk.len() {
            if self.ended || out.is_empty() {
                return Ok(0);
            }
            self.advance()?;
        }
        let rest = self.chunk.get(self.given..).unwrap_or_default();
        let taken = rest.len().min(out.len());
        out[..taken].copy_from_slice(&rest[..taken]);
        self.given += taken;
        Ok(taken)
    }
}

/// Reads until `limit` bytes or the end.
fn read_up_to(from: &mut impl Read, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(limit);
    from.take(limit as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ambient::OsEntropy;

    const PASSPHRASE: &str = "une phrase assez longue";

    fn seal(plain: &[u8]) -> Vec<u8> {
        let mut writer = Writer::new(Vec::new(), PASSPHRASE, &OsEntropy).unwrap();
        writer.write_all(plain).unwrap();
        writer.finish().unwrap()
    }

    fn open(sealed: &[u8], passphrase: &str) -> Result<Vec<u8>, SealedError> {
        let mut plain = Vec::new();
        Reader::new(sealed, passphrase)?.read_to_end(&mut plain).map_err(unwrap_io)?;
        Ok(plain)
    }

    #[test]
    fn what_was_sealed_opens_at_every_length_around_a_chunk() {
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 7] {
            let plain: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
            assert!(open(&seal(&plain), PASSPHRASE).unwrap() == plain, "{length}");
        }
    }

    #[test]
    fn nothing_can_be_changed_moved_or_cut_off() {
        let plain: Vec<u8> = (0..3 * CHUNK).map(|i| (i % 251) as u8).collect();
        let sealed = seal(&plain);
        let chunk = CHUNK + TAG;
        let mut cuts = vec![
            sealed[..HEAD].to_vec(),
            sealed[..HEAD + chunk].to_vec(),
            sealed[..sealed.len() - 1].to_vec(),
        ];
        let mut flipped = sealed.clone();
        flipped[HEAD + chunk + 9] ^= 1;
        cuts.push(flipped);
        let mut swapped = sealed[..HEAD].to_vec();
        for i in [1, 0, 2] {
            swapped.extend_from_slice(&sealed[HEAD + i * chunk..HEAD + (i + 1) * chunk]);
        }
        cuts.push(swapped);
        let mut longer = sealed.clone();
        longer.push(0);
        cuts.push(longer);
        for (i, bad) in cuts.iter().enumerate() {
            assert!(matches!(open(bad, PASSPHRASE), Err(SealedError::Altered)), "{i}");
        }
    }

    #[test]
    fn another_passphrase_and_another_file_are_told_apart() {
        let sealed = seal(b"x");
        assert!(matches!(open(&sealed, "une autre phrase"), Err(SealedError::Passphrase)));
        assert!(matches!(open(b"SQLite format 3", PASSPHRASE), Err(SealedError::Foreign)));
        assert!(matches!(open(b"", PASSPHRASE), Err(SealedError::Foreign)));
        assert!(matches!(open(&sealed[..30], PASSPHRASE), Err(SealedError::Altered)));
        let mut costly = sealed;
        costly[MAGIC.len()] = 0xff;
        assert!(matches!(open(&costly, PASSPHRASE), Err(SealedError::Foreign)));
    }
}
