//! Mails put into words, in the language of whoever reads them. Each message is a script: which sentences, what fills
//! them, where they lead. One letter is written of it, and text and document are two ways of laying that out.

mod harmless;
mod letter;
mod moment;
mod script;
#[cfg(test)]
mod tests;

use octroi_app::mail::{Mail, Rendered};

use letter::Letter;
use script::Script;

/// The mail in words: a subject, a text in lines, and the same as a document. `portal` is the portal's public address.
pub fn render(mail: &Mail, portal: &str) -> Rendered {
    let letter = Letter::write(&Script::of(&mail.message, mail.language), mail.language, portal);
    Rendered {
        to: mail.to.clone(),
        text: letter.text(),
        html: letter.html(),
        subject: letter.subject,
        language: mail.language,
    }
}
