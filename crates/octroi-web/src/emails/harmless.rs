//! Names and texts of others, made harmless: readers of mail turn what looks like an address into a link, and a stranger
//! must not have links sent under the portal's name. Nothing invisible is put in or left in.

/// Characters of a name in a sentence at most.
const NAME_CHARS: usize = 80;

/// A name, in one line and in bounds.
pub(super) fn name(text: &str) -> String {
    line(text, NAME_CHARS)
}

/// A text of several lines; empty ones are left out.
pub(super) fn lines(text: &str, chars: usize) -> Vec<String> {
    cut(text, chars).lines().map(|text| line(text, chars)).filter(|text| !text.is_empty()).collect()
}

fn line(text: &str, chars: usize) -> String {
    let visible: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).filter(is_visible).collect();
    let words = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    cut(&without_links(&words), chars)
}

/// At most so many characters, the last one telling where more were.
fn cut(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        None => text.to_owned(),
        Some(_) => text.chars().take(chars.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// Whether a character is neither hidden nor changes the direction of the text around it.
fn is_visible(c: &char) -> bool {
    !matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}

/// The text without anything that a reader would make a link of: the dot of a host name becomes `·`, and what begins
/// with a scheme is taken apart behind its colon. Numbers such as `3.11` and `16:20` stay.
fn without_links(text: &str) -> String {
    let all: Vec<char> = text.chars().collect();
    let neighbour = |at: Option<usize>| at.and_then(|at| all.get(at)).copied().unwrap_or(' ');
    let mut safe = String::with_capacity(text.len());
    for (at, &c) in all.iter().enumerate() {
        let (before, after) = (neighbour(at.checked_sub(1)), neighbour(Some(at + 1)));
        let joins = before.is_alphanumeric() && after.is_alphanumeric();
        match c {
            // The full stops that host names know (UTS 46).
            '.' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}'
                if joins && !(before.is_numeric() && after.is_numeric()) =>
            {
                safe.push('·');
            }
            ':' if !before.is_numeric() && !after.is_whitespace() => safe.push_str(": "),
            _ => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_names_and_links_become_none() {
        for (given, kept) in [
            ("API Sirene 3.11", "API Sirene 3.11"),
            ("Société d’Étude, S.A.R.L.", "Société d’Étude, S·A·R·L."),
            ("de 16:20 à 17:05", "de 16:20 à 17:05"),
            ("Attention : suite", "Attention : suite"),
            ("https://evil.example/x?y=1", "https: //evil·example/x?y=1"),
            ("www.evil.example", "www·evil·example"),
            ("evil。example", "evil·example"),
            ("mailto:x@evil.example", "mailto: x@evil·example"),
            ("1password.com", "1password·com"),
            ("[evil.example](http://evil.example)", "[evil·example](http: //evil·example)"),
            ("a\r\nBcc: b@c.fr\u{0}", "a Bcc: b@c·fr"),
            ("ev\u{200b}il\u{202e}.fr", "evil·fr"),
            ("  beaucoup \t de\u{a0}blanc ", "beaucoup de blanc"),
        ] {
            assert_eq!(name(given), kept, "{given}");
        }
        assert_eq!(name(&"x".repeat(10_000)).chars().count(), NAME_CHARS);
    }

    #[test]
    fn texts_keep_their_lines_and_are_bounded() {
        let text = "Bonjour,\r\n\r\nvoir http://evil.example\r\nmerci";
        assert_eq!(lines(text, 100), ["Bonjour,", "voir http: //evil·example", "merci"]);
        let long = lines(&"ligne\n".repeat(10_000), 60);
        assert_eq!(long.iter().map(|line| line.chars().count()).sum::<usize>(), 51);
        assert_eq!(long.last().map(String::as_str), Some("ligne…"));
    }
}
