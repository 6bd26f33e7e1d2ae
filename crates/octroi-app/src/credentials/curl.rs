//! The command that makes a call: ready to paste into a shell.

use octroi_domain::api::Placement;
use octroi_domain::credential::Secret;
use url::form_urlencoded::byte_serialize;

use crate::catalog::openapi::SampleCall;

/// What stands for the credential.
#[derive(Clone, Copy)]
pub enum Key<'a> {
    /// Itself.
    Secret(&'a Secret),
    /// The name of an environment variable that holds it: letters, digits and `_`.
    Variable(&'a str),
}

/// The words of a command that makes `call` behind the access URL `url`, with the key at the first of its places.
/// Joined by spaces they are a command; so they are with each on a line of its own, all but the last ended by ` \`.
pub fn command(url: &str, call: &SampleCall, places: &[Placement], key: Key<'_>) -> Vec<String> {
    let mut words = match call.method.as_str() {
        "" | "GET" => vec!["curl".to_owned()],
        method => vec![format!("curl -X {}", quoted(method))],
    };
    let whole = format!("{url}{}", call.path);
    let mut url = quoted(&whole);
    match places.first() {
        Some(Placement::Header { name }) => words.push(format!("-H {}", key.word(&format!("{name}: ")))),
        Some(Placement::Bearer) => words.push(format!("-H {}", key.word("Authorization: Bearer "))),
        Some(Placement::Basic) => words.push(format!("-u {}", key.word(":"))),
        Some(Placement::Query { name }) => url = key.in_query(&whole, name),
        None => {}
    }
    words.extend(
        call.headers.iter().map(|(name, value)| format!("-H {}", quoted(&format!("{name}: {value}")))),
    );
    if let Some((media, text)) = &call.body {
        words.push(format!("-H {}", quoted(&format!("Content-Type: {media}"))));
        words.push(format!("--data {}", quoted(text)));
    }
    words.push(url);
    words
}

impl Key<'_> {
    /// One word of the shell: `before`, then the key.
    fn word(self, before: &str) -> String {
        match self {
            Self::Secret(secret) => quoted(&format!("{before}{}", secret.expose())),
            Self::Variable(name) => format!("\"{}${name}\"", within_quotes(before)),
        }
    }

    /// `url` with the key as a parameter, as one word of the shell.
    fn in_query(self, url: &str, name: &str) -> String {
        let sign = if url.contains('?') { '&' } else { '?' };
        let name: String = byte_serialize(name.as_bytes()).collect();
        match self {
            Self::Secret(secret) => {
                let value: String = byte_serialize(secret.expose().as_bytes()).collect();
                quoted(&format!("{url}{sign}{name}={value}"))
            }
            Self::Variable(variable) => format!("{}\"{sign}{name}=${variable}\"", quoted(url)),
        }
    }
}

/// A command that puts the key into the variable from which `command` takes it. An imported key holds any sign.
pub fn export(variable: &str, key: &str) -> String {
    format!("export {variable}={}", quoted(key))
}

/// A request for an access token by an OAuth2 client.
pub(crate) fn token(endpoint: &str, client_id: &str, secret: &Secret) -> String {
    let client = quoted(&format!("{client_id}:{}", secret.expose()));
    format!("curl -u {client} -d grant_type=client_credentials {}", quoted(endpoint))
}

/// `text` as one word of a POSIX shell, as it is written.
fn quoted(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
    match text.is_empty() || !text.bytes().all(plain) {
        true => format!("'{}'", text.replace('\'', r"'\''")),
        false => text.to_owned(),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn line(call: &SampleCall, places: &[Placement], key: Key<'_>) -> String {
        command("http://h/p", call, places, key).join(" ")
    }

    #[test]
    fn a_secret_stays_one_word_of_the_shell() {
        let secret = Secret::new("it's & $HOME".to_owned());
        let (call, key) = (SampleCall::default(), Key::Secret(&secret));
        let header = Placement::Header { name: "X-Key".into() };
        assert_eq!(line(&call, &[header], key), r"curl -H 'X-Key: it'\''s & $HOME' 'http://h/p'");
        let query = Placement::Query { name: "key".into() };
        assert_eq!(line(&call, &[query], key), "curl 'http://h/p?key=it%27s+%26+%24HOME'");
        assert_eq!(
            line(&call, &[Placement::Bearer, Placement::Basic], Key::Secret(&Secret::new("k".into()))),
            "curl -H 'Authorization: Bearer k' 'http://h/p'"
        );
    }

    #[test]
    fn a_key_that_goes_into_a_variable_is_one_word() {
        assert_eq!(export("CLE", "octroi_key_0"), "export CLE=octroi_key_0");
        assert_eq!(export("CLE", "a'; x '$(x)"), r"export CLE='a'\''; x '\''$(x)'");
    }

    #[test]
    fn a_variable_stands_for_the_key_and_nothing_else_unfolds() {
        let call = SampleCall {
            method: "POST".into(),
            path: "/a?b='$(x)'".into(),
            headers: vec![("X-Trace".into(), "`t`".into())],
            body: Some(("application/json".into(), r#"{"a": "it's"}"#.into())),
            complete: true,
        };
        let header = Placement::Header { name: "X-$`Key".into() };
        assert_eq!(
            line(&call, &[header], Key::Variable("CLE")),
            r#"curl -X POST -H "X-\$\`Key: $CLE" -H 'X-Trace: `t`' -H 'Content-Type: application/json' --data '{"a": "it'\''s"}' 'http://h/p/a?b='\''$(x)'\'''"#
        );
        let query = Placement::Query { name: "key".into() };
        let get = SampleCall { path: "/a?b=c".into(), ..SampleCall::default() };
        assert_eq!(line(&get, &[query], Key::Variable("CLE")), r#"curl 'http://h/p/a?b=c'"&key=$CLE""#);
    }
}
