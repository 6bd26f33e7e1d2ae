//! The access log: one JSON object on one line for every call (promise G11), handed over in batches.

use std::fmt::Write as _;
use std::net::IpAddr;

use octroi_domain::ids::RequestId;
use octroi_domain::time::Timestamp;
use octroi_policy::{Caller, Outcome};

/// Where the lines go. Must not block: the worker that calls it has calls in hand.
pub trait AccessLog: Send + Sync + 'static {
    /// Takes whole lines, each ended by a line feed. What cannot be kept is dropped and counted.
    fn write(&self, lines: Vec<u8>);

    /// How many lines were dropped so far.
    fn dropped(&self) -> u64 {
        0
    }
}

/// A log that keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoAccessLog;

impl AccessLog for NoAccessLog {
    fn write(&self, _: Vec<u8>) {}
}

/// What a line says.
pub(crate) struct Line<'a> {
    pub(crate) time: Timestamp,
    pub(crate) request_id: RequestId,
    pub(crate) their_request_id: Option<&'a str>,
    pub(crate) client_ip: IpAddr,
    pub(crate) method: &'a str,
    pub(crate) host: Option<&'a str>,
    pub(crate) path: &'a str,
    pub(crate) api: Option<(&'a str, &'a str)>,
    pub(crate) caller: Caller,
    pub(crate) outcome: Outcome,
    pub(crate) status: u16,
    pub(crate) duration_us: u64,
    pub(crate) upstream_us: Option<u64>,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
}

impl Line<'_> {
    /// Appends the line. The query is left out: credentials may stand in it.
    pub(crate) fn append(&self, out: &mut String) {
        let _ = write!(out, "{{\"time\":\"{}\",\"request_id\":\"{}\"", self.time, self.request_id);
        let _ = write!(out, ",\"client_ip\":\"{}\",\"method\":\"", self.client_ip);
        push_escaped(self.method, 32, out);
        out.push_str("\",\"path\":\"");
        push_escaped(self.path, 2_000, out);
        out.push('"');
        if let Some(host) = self.host {
            out.push_str(",\"host\":\"");
            push_escaped(host, 260, out);
            out.push('"');
        }
        if let Some((slug, version)) = self.api {
            out.push_str(",\"api\":\"");
            push_escaped(slug, 100, out);
            out.push_str("\",\"api_version\":\"");
            push_escaped(version, 100, out);
            out.push('"');
        }
        let caller = &self.caller;
        if let Some(id) = caller.application_id {
            let _ = write!(out, ",\"application\":\"{id}\"");
        }
        if let Some(id) = caller.subscription_id {
            let _ = write!(out, ",\"subscription\":\"{id}\"");
        }
        if let Some(id) = caller.credential_id {
            let _ = write!(out, ",\"key\":\"{id}\"");
        }
        let _ = write!(out, ",\"outcome\":\"{}\",\"status\":{}", self.outcome.code(), self.status);
        let _ =
            write!(out, ",\"gateway_us\":{}", self.duration_us.saturating_sub(self.upstream_us.unwrap_or(0)));
        if let Some(upstream) = self.upstream_us {
            let _ = write!(out, ",\"upstream_us\":{upstream}");
        }
        let _ = write!(out, ",\"bytes_in\":{},\"bytes_out\":{}", self.bytes_in, self.bytes_out);
        if let Some(id) = self.their_request_id {
            out.push_str(",\"client_request_id\":\"");
            push_escaped(id, 128, out);
            out.push('"');
        }
        out.push_str("}\n");
    }
}

/// Writes text into a JSON string, at most `most` characters of it. Whatever could end the line or move a terminal's
/// cursor is escaped, and so is everything beyond ASCII.
fn push_escaped(text: &str, most: usize, out: &mut String) {
    if text.len() <= most && text.bytes().all(|b| matches!(b, 0x20..=0x7e) && b != b'"' && b != b'\\') {
        out.push_str(text);
        return;
    }
    for c in text.chars().take(most) {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            ' '..='~' => out.push(c),
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_comes_in_stays_inside_one_object_on_one_line() {
        let nasty = "/a\"}\r\n{\"x\":1\u{1b}[31m\u{2028}é😀\u{0}";
        let line = Line {
            time: Timestamp::from_millis(0),
            request_id: RequestId::from_u128(7),
            their_request_id: Some(nasty),
            client_ip: "::1".parse().unwrap(),
            method: "GET",
            host: Some(nasty),
            path: nasty,
            api: Some(("sirene", "3.11")),
            caller: Caller::default(),
            outcome: Outcome::Admitted,
            status: 200,
            duration_us: 12,
            upstream_us: Some(10),
            bytes_in: 0,
            bytes_out: 5,
        };
        let mut out = String::new();
        line.append(&mut out);
        assert!(out.is_ascii() && out.ends_with("}\n"));
        assert_eq!(out.bytes().filter(|b| b.is_ascii_control()).count(), 1);
        let json: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(json["path"], nasty);
        assert_eq!(json["gateway_us"], 2);
    }
}
