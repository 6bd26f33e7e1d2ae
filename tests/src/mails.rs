//! Mails as people read them, from the files that the product writes.

use std::path::Path;

/// The texts of all mails in a folder to somebody, oldest first.
pub(crate) fn texts_to(folder: &Path, to: &str) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "eml"));
    paths.sort();
    let mails = paths.iter().filter_map(|path| std::fs::read_to_string(path).ok());
    let addressed = mails.filter(|mail| mail.contains(&format!("To: {to}\r\n")));
    addressed.map(|mail| text_of(&mail).expect("a mail of two parts, its text first")).collect()
}

/// The text of a mail as it stands in a file: the first of its two parts (RFC 2046, 5.1.4).
fn text_of(mail: &str) -> Option<String> {
    let (head, body) = mail.split_once("\r\n\r\n")?;
    let boundary = head.split_once("boundary=\"")?.1.split_once('"')?.0;
    let part = body.split(&format!("--{boundary}")).nth(1)?;
    let (kind, text) = part.split_once("\r\n\r\n")?;
    kind.contains("text/plain").then(|| text.to_owned())
}

/// The secret in the link of a mail.
pub(crate) fn secret_in(text: &str) -> Option<String> {
    let after = text.split_once("?token=")?.1;
    Some(after.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect())
}
