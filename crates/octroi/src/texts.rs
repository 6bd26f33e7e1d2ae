//! The operator's own texts: Markdown files in a folder, one for each page and language, such as `legal.fr.md`.

use std::path::{Path, PathBuf};

use octroi_domain::api::Language;
use octroi_web::{TEXT_PAGES, Texts};

use crate::config::ConfigError;

/// The most bytes of a text.
const LONGEST: u64 = 256 * 1024;

/// What the folder holds.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The texts.
    pub(crate) texts: Texts,
    /// Files that mean nothing: usually a typing mistake.
    pub(crate) unknown: Vec<String>,
}

impl Found {
    /// Pages without a text in any language, by their names.
    pub(crate) fn missing(&self) -> Vec<&'static str> {
        let written = |page: &str| self.texts.0.keys().any(|(known, _)| known == page);
        TEXT_PAGES.into_iter().filter(|page| !written(page)).collect()
    }
}

/// Reads the texts in `folder`; none where none is named.
pub(crate) fn read(folder: Option<&Path>) -> Result<Found, ConfigError> {
    let mut found = Found::default();
    let Some(folder) = folder else { return Ok(found) };
    let entries = std::fs::read_dir(folder).map_err(|e| unfit(folder, &e.to_string()))?;
    let paths: Result<Vec<PathBuf>, _> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths.map_err(|e| unfit(folder, &e.to_string()))?;
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match key(&name) {
            Some(key) => drop(found.texts.0.insert(key, text(&path)?)),
            None => found.unknown.push(name),
        }
    }
    Ok(found)
}

/// Page and language of a file's name.
fn key(name: &str) -> Option<(String, Language)> {
    let (page, language) = name.strip_suffix(".md")?.split_once('.')?;
    let language = [Language::Fr, Language::En].into_iter().find(|known| known.code() == language)?;
    TEXT_PAGES.contains(&page).then(|| (page.to_owned(), language))
}

fn text(path: &Path) -> Result<String, ConfigError> {
    let bytes = std::fs::metadata(path).map_err(|e| unfit(path, &e.to_string()))?.len();
    if bytes > LONGEST {
        return Err(unfit(path, &format!("has {bytes} bytes, and {LONGEST} are the most")));
    }
    let text = std::fs::read_to_string(path).map_err(|e| unfit(path, &e.to_string()))?;
    if text.trim().is_empty() {
        return Err(unfit(path, "is empty: write the text, or remove the file to show Octroi's own"));
    }
    Ok(text)
}

fn unfit(path: &Path, why: &str) -> ConfigError {
    ConfigError::Unfit { option: "portal.texts", why: format!("{}: {why}", path.display()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_by_page_and_language_and_mistakes_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &[u8]| std::fs::write(folder.path().join(name), text).unwrap();
        write("legal.fr.md", "# Mentions légales\n\nVille de Montbrac".as_bytes());
        write("legal.de.md", b"Impressum");
        write("notes.txt", b"x");
        let found = read(Some(folder.path())).unwrap();
        assert_eq!(found.texts.0.len(), 1);
        assert!(found.texts.0[&("legal".to_owned(), Language::Fr)].contains("Montbrac"));
        assert_eq!(found.unknown, ["legal.de.md", "notes.txt"]);
        assert_eq!(found.missing(), ["help", "privacy", "accessibility"]);

        for (name, text) in
            [("help.en.md", &b" \n"[..]), ("help.en.md", b"\xff"), ("help.en.md", &[b'x'; 300_000])]
        {
            write(name, text);
            let refused = read(Some(folder.path())).unwrap_err().to_string();
            assert!(refused.starts_with("portal.texts: ") && refused.contains("help.en.md"), "{refused}");
        }
        let nowhere = read(Some(&folder.path().join("nowhere"))).unwrap_err().to_string();
        assert!(nowhere.starts_with("portal.texts: "), "{nowhere}");
        assert!(read(None).unwrap().texts.0.is_empty());
    }
}
