//! The few HTTP/1.1 calls that tasks make themselves: plain, loopback, one per connection.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result};

/// How long a call may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What came back.
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: u16,
    /// Status line and headers.
    head: String,
    /// What follows them.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The values of a header.
    pub(crate) fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        lines.filter(move |(said, _)| said.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }
}

/// Gets `http://host:port/path` with extra headers.
pub(crate) fn get(url: &str, headers: &[(&str, &str)]) -> Result<Answer> {
    ask("GET", url, headers, "")
}

/// Sends a form to `http://host:port/path`.
pub(crate) fn post_form(url: &str, form: &str) -> Result<Answer> {
    ask("POST", url, &[("content-type", "application/x-www-form-urlencoded")], form)
}

fn ask(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Result<Answer> {
    let (authority, path) = split(url).with_context(|| format!("not a plain http URL: {url}"))?;
    let mut stream =
        TcpStream::connect(authority).with_context(|| format!("nobody answers at {authority}"))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    head.push_str(body);
    stream.write_all(head.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).with_context(|| format!("no whole answer from {url}"))?;
    parse(&answer).with_context(|| format!("no HTTP answer from {url}"))
}

/// The authority and the path of a plain URL.
pub(crate) fn split(url: &str) -> Option<(&str, &str)> {
    let rest = url.strip_prefix("http://")?;
    Some(match rest.find('/') {
        Some(slash) => rest.split_at(slash),
        None => (rest, "/"),
    })
}

fn parse(answer: &[u8]) -> Option<Answer> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(answer.get(..end)?).ok()?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Answer { status, head: head.to_owned(), body: answer.get(end + 4..)?.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_falls_into_authority_and_path() {
        assert_eq!(split("http://127.0.0.1:80/a/b?c"), Some(("127.0.0.1:80", "/a/b?c")));
        assert_eq!(split("http://127.0.0.1:80"), Some(("127.0.0.1:80", "/")));
        assert_eq!(split("https://127.0.0.1:80"), None);
    }

    #[test]
    fn an_answer_falls_into_status_and_body() {
        let answer = parse(b"HTTP/1.1 401 Unauthorized\r\nA: b\r\na: c\r\n\r\nbody").expect("it is one");
        assert_eq!((answer.status, answer.body.as_slice()), (401, b"body".as_slice()));
        assert_eq!(answer.header("A").collect::<Vec<_>>(), ["b", "c"]);
        assert!(parse(b"HTTP/1.1 200 OK\r\n").is_none());
    }
}
