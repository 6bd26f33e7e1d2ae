//! Secrets in the configuration: never printed, given in place or in a file.

use std::fmt;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use super::ConfigError;

/// The largest file that can be a secret.
const MAX_FILE_BYTES: u64 = 16 * 1024;

/// A text that `Debug` does not show.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// Takes charge of `text`.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(…)")
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d).map(Self::new)
    }
}

/// A secret that the operator gave.
#[derive(Clone, Debug)]
pub struct Given {
    /// The secret, without the line end of its file.
    pub text: SecretText,
    /// The file that it came from.
    pub file: Option<PathBuf>,
}

impl Given {
    /// Reads the option `name` from its place or its file; `None` where neither is given.
    pub fn read(
        name: &str,
        text: &Option<SecretText>,
        file: &Option<PathBuf>,
    ) -> Result<Option<Self>, ConfigError> {
        match (text, file) {
            (Some(_), Some(_)) => Err(ConfigError::Twice(name.to_owned())),
            (Some(text), None) => Ok(Some(Self { text: text.clone(), file: None })),
            (None, Some(path)) => {
                let text = read_file(path).map_err(|why| ConfigError::SecretFile {
                    option: format!("{name}_file"),
                    path: path.clone(),
                    why,
                })?;
                Ok(Some(Self { text, file: Some(path.clone()) }))
            }
            (None, None) => Ok(None),
        }
    }
}

/// Reads a small text file, without its last line end.
pub(crate) fn read_file(path: &Path) -> Result<SecretText, String> {
    let size = std::fs::metadata(path).map_err(|e| e.to_string())?.len();
    if size > MAX_FILE_BYTES {
        return Err(format!("larger than {MAX_FILE_BYTES} bytes: not a secret of ours"));
    }
    let mut text = Zeroizing::new(std::fs::read_to_string(path).map_err(|e| e.to_string())?);
    if text.ends_with('\n') {
        text.pop();
    }
    if text.ends_with('\r') {
        text.pop();
    }
    if text.is_empty() {
        return Err("the file is empty".to_owned());
    }
    Ok(SecretText(text))
}

/// Whether others than the file's owner can read it.
pub(crate) fn open_to_others(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|m| m.mode() & 0o077 != 0)
}
