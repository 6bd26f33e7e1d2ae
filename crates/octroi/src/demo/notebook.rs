//! What a demo remembers beside its data: the passwords that it made up and its management token. It is also the sign by
//! which a demo knows its own folder: it never works in that of a real portal.

use std::path::{Path, PathBuf};

use octroi_domain::credential::digest::hex;
use octroi_domain::time::{Entropy, random_bytes};
use serde::{Deserialize, Serialize};

use super::people::PEOPLE;

const FILE: &str = "demo.json";

/// A person's way in.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Login {
    /// What the person is there for: `admin`, `provider`, `officer`, `instructor`, `developer`, `editor`.
    pub(super) role: String,
    /// E-mail address.
    pub(super) email: String,
    /// Password.
    pub(super) password: String,
}

/// See the module.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Notebook {
    notice: String,
    /// The sample people, in the order of [`PEOPLE`].
    pub(super) accounts: Vec<Login>,
    /// The administrator's token, once it was made.
    pub(super) management_token: Option<String>,
    #[serde(skip)]
    path: PathBuf,
}

impl Notebook {
    /// The notebook of the demo in `data`, or a new one for a folder that holds no portal.
    pub(super) fn open(data: &Path, entropy: &dyn Entropy) -> Result<Self, String> {
        let path = data.join(FILE);
        let shown = path.display().to_string();
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                let mut notebook: Self = serde_json::from_str(&text)
                    .map_err(|e| format!("{shown} is not a demo's notebook ({e}): choose another folder"))?;
                notebook.path = path;
                Ok(notebook)
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                if data.join("octroi.db").exists() {
                    return Err(format!(
                        "{} holds a portal that is not a demo: choose another folder",
                        data.display()
                    ));
                }
                let accounts = PEOPLE.iter().map(|person| Login {
                    role: person.role.to_owned(),
                    email: person.email.to_owned(),
                    password: password(entropy),
                });
                let notebook = Self {
                    notice: "Sample people of a demo. Nothing here opens anything else.".to_owned(),
                    accounts: accounts.collect(),
                    management_token: None,
                    path,
                };
                notebook.save()?;
                Ok(notebook)
            }
            Err(e) => Err(format!("cannot read {shown}: {e}")),
        }
    }

    /// Writes it down, for its owner's eyes.
    pub(super) fn save(&self) -> Result<(), String> {
        let failed = |e: std::io::Error| format!("cannot write {}: {e}", self.path.display());
        let text = serde_json::to_string_pretty(self).map_err(|e| e.to_string())?;
        // Another name first: a demo that is killed meanwhile finds the old one.
        let draft = self.path.with_extension("new");
        match std::fs::remove_file(&draft) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(failed(e)),
            _ => {}
        }
        crate::keys::write_file(&draft, text.as_bytes()).map_err(failed)?;
        std::fs::rename(&draft, &self.path).map_err(failed)
    }
}

/// 64 bits, in four groups that can be typed.
fn password(entropy: &dyn Entropy) -> String {
    random_bytes::<8>(entropy).chunks(2).map(hex).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ambient::OsEntropy;

    #[test]
    fn a_demo_finds_its_notebook_again_and_leaves_real_portals_alone() {
        let data = tempfile::tempdir().unwrap();
        let mut first = Notebook::open(data.path(), &OsEntropy).unwrap();
        first.management_token = Some("token".to_owned());
        first.save().unwrap();
        let again = Notebook::open(data.path(), &OsEntropy).unwrap();
        assert_eq!(again.accounts[0].password, first.accounts[0].password);
        assert_eq!(again.management_token.as_deref(), Some("token"));
        assert_ne!(first.accounts[0].password, first.accounts[1].password);

        let real = tempfile::tempdir().unwrap();
        std::fs::write(real.path().join("octroi.db"), "").unwrap();
        let refused = Notebook::open(real.path(), &OsEntropy).err().unwrap();
        assert!(refused.contains("not a demo"), "{refused}");
    }
}
