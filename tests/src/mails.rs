//! Mails as people read them, from the files that the product writes.

use std::path::Path;

/// The texts of all mails in a folder to somebody, oldest first.
pub(crate) fn texts_to(folder: &Path, to: &str) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "eml"));
    paths.sort();
    let mails = paths.iter().filter_map(|path| std::fs::read_to_string(path).ok());
    mails.filter(|mail| mail.contains(&format!("To: {to}"))).map(|mail| decoded(&mail)).collect()
}

/// The text of a mail written in quoted-printable (RFC 2045, 6.7) or as it is.
pub fn decoded(mail: &str) -> String {
    let (head, body) = mail.split_once("\r\n\r\n").expect("a head and a body");
    if !head.to_ascii_lowercase().contains("quoted-printable") {
        return body.to_owned();
    }
    let joined = body.replace("=\r\n", "");
    let (mut bytes, mut rest) = (Vec::new(), joined.as_bytes());
    while let [first, tail @ ..] = rest {
        let code = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(|_| *first == b'=') {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The secret in the link of a mail.
pub(crate) fn secret_in(text: &str) -> Option<String> {
    let after = text.split_once("?token=")?.1;
    Some(after.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect())
}
