//! The command that makes a first call: ready to paste into a shell.

use octroi_domain::api::Placement;
use octroi_domain::credential::Secret;
use url::form_urlencoded::byte_serialize;

/// A call to `url` with `secret` at the first of its places.
pub(crate) fn call(url: &str, places: &[Placement], secret: &Secret) -> String {
    let secret = secret.expose();
    match places.first() {
        Some(Placement::Header { name }) => {
            format!("curl -H {} {}", quoted(&format!("{name}: {secret}")), quoted(url))
        }
        Some(Placement::Query { name }) => {
            let value: String = byte_serialize(secret.as_bytes()).collect();
            format!("curl {}", quoted(&format!("{url}?{name}={value}")))
        }
        Some(Placement::Bearer) => {
            format!("curl -H {} {}", quoted(&format!("Authorization: Bearer {secret}")), quoted(url))
        }
        Some(Placement::Basic) => format!("curl -u {} {}", quoted(&format!(":{secret}")), quoted(url)),
        None => format!("curl {}", quoted(url)),
    }
}

/// The words of a call to `url` with the key that an environment variable holds. Joined by spaces they are a command; so
/// they are with each on a line of its own, all but the last ended by ` \`.
pub(crate) fn with_variable(url: &str, places: &[Placement], variable: &str) -> Vec<String> {
    let header = |before: &str| format!("-H \"{}${variable}\"", within_quotes(before));
    let plain = quoted(url);
    let (option, url) = match places.first() {
        Some(Placement::Header { name }) => (Some(header(&format!("{name}: "))), plain),
        Some(Placement::Bearer) => (Some(header("Authorization: Bearer ")), plain),
        Some(Placement::Basic) => (Some(format!("-u \":${variable}\"")), plain),
        Some(Placement::Query { name }) => (None, format!("{plain}\"?{}=${variable}\"", within_quotes(name))),
        None => (None, plain),
    };
    ["curl".to_owned()].into_iter().chain(option).chain([url]).collect()
}

/// `text` as a part of a word in double quotes.
fn within_quotes(text: &str) -> String {
    text.chars().fold(String::new(), |mut safe, c| {
        if matches!(c, '\\' | '"' | '$' | '`') {
            safe.push('\\');
        }
        safe.push(c);
        safe
    })
}

/// A request for an access token by an OAuth2 client.
pub(crate) fn token(endpoint: &str, client_id: &str, secret: &Secret) -> String {
    let client = quoted(&format!("{client_id}:{}", secret.expose()));
    format!("curl -u {client} -d grant_type=client_credentials {}", quoted(endpoint))
}

/// `text` as one word of a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_stands_for_the_key_and_nothing_else_unfolds() {
        let header = Placement::Header { name: "X-$`Key".into() };
        let words = with_variable("http://h/p", &[header], "CLE");
        assert_eq!(words.join(" "), r#"curl -H "X-\$\`Key: $CLE" 'http://h/p'"#);
        let query = Placement::Query { name: "key".into() };
        assert_eq!(with_variable("http://h/p", &[query], "CLE").join(" "), r#"curl 'http://h/p'"?key=$CLE""#);
    }

    #[test]
    fn a_secret_stays_one_word_of_the_shell() {
        let secret = Secret::new("it's & $HOME".to_owned());
        let header = Placement::Header { name: "X-Key".into() };
        assert_eq!(call("http://h/p", &[header], &secret), r"curl -H 'X-Key: it'\''s & $HOME' 'http://h/p'");
        let query = Placement::Query { name: "key".into() };
        assert_eq!(call("http://h/p", &[query], &secret), "curl 'http://h/p?key=it%27s+%26+%24HOME'");
        assert_eq!(
            call("http://h/p", &[Placement::Bearer, Placement::Basic], &Secret::new("k".into())),
            "curl -H 'Authorization: Bearer k' 'http://h/p'"
        );
    }
}
