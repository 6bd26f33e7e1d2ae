//! Passwords chosen by people: their rules, and their argon2id hash in PHC form.
//!
//! Hashing takes tens of milliseconds and 19 MiB on purpose: never on a thread that serves others.

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version, password_hash};

use super::Person;
use crate::time::{Entropy, random_bytes};
use crate::validate::{Check, Rule, Violation};

/// The fewest characters of a password.
pub const MIN_CHARS: usize = 12;

/// The most bytes of a password: far beyond what anybody types, short enough to be hashed at once.
pub const MAX_BYTES: usize = 1024;

/// Memory of one hash, in KiB (OWASP's argon2id profile: 19 MiB, two passes, one lane).
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Characters whose strength is estimated: the estimate's cost grows with the square of the length, and nobody guesses
/// what stands beyond.
const ESTIMATED_CHARS: usize = 100;

/// A hash that no password has, with the parameters of the real ones: verified where there is no account, so that
/// both cases take the same time.
const DECOY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$b2N0cm9pLWRlY295LXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A password that could not be hashed: a fault of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a password cannot be hashed: {0}")]
pub struct HashFailed(String);

/// Checks `password` for a person with these data: 12 characters at least, 1,024 bytes at most, and not easily guessed,
/// be it because it is common or because it is built from the person's own names. No rule about kinds of characters.
pub fn check(field: &str, password: &str, own: &[&str]) -> Result<(), Vec<Violation>> {
    let mut c = Check::new();
    if password.is_empty() {
        c.fail(field, Rule::Required);
    } else if password.len() > MAX_BYTES {
        c.fail(field, Rule::TooLong { max: MAX_BYTES as u64 });
    } else if password.chars().count() < MIN_CHARS {
        c.fail(field, Rule::TooShort { min: MIN_CHARS as u64 });
    } else {
        c.require(!is_guessable(password, own), field, Rule::Guessable);
    }
    c.finish()
}

/// The person's data that a guesser would try.
pub fn own_data(person: &Person) -> [&str; 4] {
    [&person.email, &person.identifier, &person.first_name, &person.last_name]
}

/// Whether fewer than about 10⁸ guesses find it, for a guesser who knows the person.
fn is_guessable(password: &str, own: &[&str]) -> bool {
    let head: String = password.chars().take(ESTIMATED_CHARS).collect();
    let words: Vec<String> = own
        .iter()
        .flat_map(|text| std::iter::once(*text).chain(text.split(|c: char| !c.is_alphanumeric())))
        .filter(|word| word.chars().count() >= 3)
        .map(str::to_lowercase)
        .chain(["octroi".to_owned()])
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    zxcvbn::zxcvbn(&head, &words).score() < zxcvbn::Score::Three
}

/// The argon2id hash of `password`, in PHC form. Slow: see the module.
pub fn hash(password: &str, entropy: &dyn Entropy) -> Result<String, HashFailed> {
    let failed = |e: &dyn std::fmt::Display| HashFailed(e.to_string());
    let salt: [u8; 16] = random_bytes(entropy);
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|e| failed(&e))?;
    let digest = digest(Algorithm::Argon2id, &params, password, &salt).map_err(|e| failed(&e))?;
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params).map_err(|e| failed(&e))?,
        salt: Some(Salt::new(&salt).map_err(|e| failed(&e))?),
        hash: Some(digest),
    };
    Ok(hash.to_string())
}

/// Whether `hash` is that of `password`. Without a hash, or with one that cannot be read, it takes the same time and
/// says no. Slow: see the module.
pub fn verify(password: &str, hash: Option<&str>) -> bool {
    let parsed = hash.and_then(|text| PasswordHash::new(text).ok());
    let known = parsed.is_some();
    let Some(wanted) = parsed.or_else(|| PasswordHash::new(DECOY).ok()) else { return false };
    // `Output` is compared in constant time.
    let fits = password.len() <= MAX_BYTES
        && digest_as(&wanted, password).is_some_and(|found| Some(found) == wanted.hash);
    fits && known
}

/// The digest of `password`, made as that in `like` was.
fn digest_as(like: &PasswordHash, password: &str) -> Option<Output> {
    let algorithm = Algorithm::try_from(like.algorithm.as_str()).ok()?;
    let params = Params::try_from(like).ok()?;
    let salt = like.salt.as_ref()?;
    digest(algorithm, &params, password, salt).ok()
}

/// Blocks of 1 KiB that are reserved for one hash, far fewer of which are touched. From 32 MiB on, glibc's allocator
/// always asks the system for memory and always gives it back; below, it learns to keep what was freed, and each thread
/// that ever hashed would hold 19 MiB for good.
const RESERVED_BLOCKS: usize = 33 * 1024;

fn digest(
    algorithm: Algorithm,
    params: &Params,
    password: &str,
    salt: &[u8],
) -> Result<Output, password_hash::Error> {
    let count = params.block_count();
    let mut memory: Vec<Block> = Vec::with_capacity(count.max(RESERVED_BLOCKS));
    memory.resize(count, Block::new());
    let mut out = [0; Params::DEFAULT_OUTPUT_LEN];
    let argon2 = Argon2::new(algorithm, Version::V0x13, params.clone());
    argon2.hash_password_into_with_memory(password.as_bytes(), salt, &mut out, memory.as_mut_slice())?;
    Output::new(&out).map_err(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed;
    impl Entropy for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    const OWN: [&str; 4] = ["marguerite.delacourt@exemple.fr", "mdelacourt", "Marguerite", "Delacourt"];

    fn rule(password: &str) -> Option<&'static str> {
        check("password", password, &OWN).err().map(|v| v[0].rule.code())
    }

    #[test]
    fn long_and_unforeseen_is_enough_and_no_kind_of_character_is_asked_for() {
        for good in
            ["violet tandem horloge brume", "gorhvkxnqzpd", "ünïcödé grüße im tälchen", &"aZ3 kq".repeat(64)]
        {
            assert_eq!(rule(good), None, "{good}");
        }
    }

    #[test]
    fn short_common_and_personal_ones_are_refused() {
        for (bad, code) in [
            ("", "required"),
            ("Xk4!vq9$Lm2", "too_short"),
            ("motdepasse12", "guessable"),
            ("password1234", "guessable"),
            ("123456789012", "guessable"),
            ("aaaaaaaaaaaa", "guessable"),
            ("azertyuiopqs", "guessable"),
            ("MargueriteDelacourt", "guessable"),
            ("mdelacourt2024", "guessable"),
            ("octroioctroi", "guessable"),
        ] {
            assert_eq!(rule(bad), Some(code), "{bad}");
        }
        assert_eq!(rule(&"é".repeat(513)), Some("too_long"));
    }

    #[test]
    fn a_hash_names_its_cost_and_fits_its_password_only() {
        let hash = hash("violet tandem horloge", &Fixed).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(verify("violet tandem horloge", Some(&hash)));
        assert!(!verify("violet tandem horlogf", Some(&hash)));
        assert!(!verify("violet tandem horloge", None));
        assert!(!verify("violet tandem horloge", Some("not a hash")));
    }

    #[test]
    fn the_decoy_costs_as_much_as_a_real_hash() {
        let decoy = PasswordHash::new(DECOY).unwrap();
        let real = hash("violet tandem horloge", &Fixed).unwrap();
        let real = PasswordHash::new(&real).unwrap();
        assert_eq!((decoy.algorithm, decoy.version), (real.algorithm, real.version));
        assert_eq!(decoy.params.to_string(), real.params.to_string());
        assert_eq!(decoy.hash.map(|h| h.len()), real.hash.map(|h| h.len()));
    }
}
