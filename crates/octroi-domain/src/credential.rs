//! Credentials: what a caller shows at the gate. Their format, their digest, the sealed copy and their life.

pub mod digest;
pub mod format;
mod lifecycle;
pub mod seal;

pub use digest::{Digest, DigestScheme, Pepper, Peppers};
pub use format::{Instance, Secret, SecretKind, Shape};
pub use lifecycle::{
    Credential, CredentialKind, CredentialState, DEFAULT_GRACE, MAX_GRACE, NOTICE_DAYS, Standing, WrongState,
};
