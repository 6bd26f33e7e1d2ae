//! What the demo says to people: where to look and one call that works, in French, then in English.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, stdout};

use serde_json::Value;

use crate::cli::{Ended, environment, say};

/// Prints where to look and what to try.
pub(super) fn for_people(line: &Value) -> Ended {
    let colored = stdout().is_terminal() && environment("NO_COLOR").is_none_or(|v| v.is_empty());
    say(text(line, colored))
}

fn text(line: &Value, colored: bool) -> String {
    let bold = |text: &str| if colored { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() };
    let of = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let api = &line["apis"][0];
    let curl = of(&api["curl"]);
    let mut out = String::new();
    let _ = writeln!(out, "{}\n", bold("Octroi est prêt. Tout y est fictif."));
    for (name, key) in [
        ("Portail", "portal"),
        ("Passerelle", "gateway"),
        ("Exploitation", "admin"),
        ("Courriels", "mail_dir"),
    ] {
        let _ = writeln!(out, "  {name:<13} {}", of(&line[key]));
    }
    let _ = writeln!(out, "\n  Un premier appel :\n\n    {}\n", bold(&curl));
    let _ = writeln!(out, "  Les comptes :\n");
    for account in line["accounts"].as_array().into_iter().flatten() {
        let (role, email) = (of(&account["role"]), of(&account["email"]));
        let _ = writeln!(out, "    {role:<11} {email:<26} {}", of(&account["password"]));
    }
    let _ = writeln!(out, "\n  L'API de gestion :\n");
    let portal = of(&line["portal"]);
    let _ = writeln!(
        out,
        "    curl -H 'Authorization: Bearer {}' {portal}/api/v1/apis",
        of(&line["management_token"])
    );
    let _ = writeln!(out, "\n  Ctrl+C pour arrêter.\n");
    let _ = writeln!(out, "{}\n", bold("Octroi is ready. Everything in it is made up."));
    let _ = write!(
        out,
        "  Portal, gateway, operator's side and mails are named above; so are sample accounts and a call of the management \
         API.\n  A first call to an API:\n\n    {curl}\n\n  Ctrl+C stops it."
    );
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_says_where_to_look_and_what_to_try_without_colors_in_a_file() {
        let line = json!({
            "portal": "http://127.0.0.1:1", "gateway": "http://127.0.0.1:2", "admin": "http://127.0.0.1:3",
            "mail_dir": "/tmp/mail", "management_token": "octroi_mgt_x",
            "accounts": [{"role": "admin", "email": "admin@exemple.fr", "password": "p"}],
            "apis": [{"curl": "curl -H 'X: k' http://127.0.0.1:2/x"}],
        });
        let plain = text(&line, false);
        for part in
            ["http://127.0.0.1:1", "/tmp/mail", "curl -H 'X: k' http://127.0.0.1:2/x", "admin@exemple.fr"]
        {
            assert!(plain.contains(part), "{part}");
        }
        assert!(!plain.contains('\u{1b}') && text(&line, true).contains('\u{1b}'));
    }
}
