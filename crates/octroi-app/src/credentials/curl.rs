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
