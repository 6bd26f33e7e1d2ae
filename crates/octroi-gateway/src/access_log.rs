//! The access log: one JSON object on one line for every call (promise G11), handed over in batches.

use std::fmt::Write as _;

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

/// The text of the present moment. Written anew once a second; in between, the milliseconds alone.
#[derive(Default)]
pub(crate) struct TimeText {
    second: i64,
    text: String,
}

impl TimeText {
    /// The moment as RFC 3339, in milliseconds.
    pub(crate) fn of(&mut self, now: Timestamp) -> &str {
        if self.text.is_empty() || now.as_secs() != self.second {
            self.second = now.as_secs();
            self.text = now.to_string();
            return &self.text;
        }
        let millis = now.as_millis().rem_euclid(1_000) as u32;
        if let Some(dot) = self.text.rfind('.') {
            self.text.truncate(dot + 1);
            self.text
                .extend([millis / 100, millis / 10 % 10, millis % 10].map(|d| char::from(b'0' + d as u8)));
            self.text.push('Z');
        }
        &self.text
    }
}

/// What a line says.
pub(crate) struct Line<'a> {
    pub(crate) time: &'a str,
    pub(crate) request_id: RequestId,
    pub(crate) their_request_id: Option<&'a str>,
    pub(crate) client_ip: &'a str,
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

/// What stands before the value of a further field, in one piece: every call writes a dozen of them.
macro_rules! before {
    ($name:literal, $quote:literal) => {
        concat!(",\"", $name, "\":", $quote)
    };
}

impl Line<'_> {
    /// Appends the line. The query is left out: credentials may stand in it.
    pub(crate) fn append(&self, out: &mut String) {
        out.reserve(USUAL_LINE);
        out.push_str("{\"time\":\"");
        out.push_str(self.time);
        out.push_str("\",\"request_id\":\"");
        self.request_id.append_to(out);
        out.push('"');
        push_field(before!("client_ip", "\""), self.client_ip, 64, out);
        push_field(before!("method", "\""), self.method, 32, out);
        push_field(before!("path", "\""), self.path, 2_000, out);
        if let Some(host) = self.host {
            push_field(before!("host", "\""), host, 260, out);
        }
        if let Some((slug, version)) = self.api {
            push_field(before!("api", "\""), slug, 100, out);
            push_field(before!("api_version", "\""), version, 100, out);
        }
        self.append_caller(out);
        push_field(before!("outcome", "\""), self.outcome.code(), 64, out);
        push_number(before!("status", ""), u64::from(self.status), out);
        let gateway_us = self.duration_us.saturating_sub(self.upstream_us.unwrap_or(0));
        push_number(before!("gateway_us", ""), gateway_us, out);
        if let Some(upstream) = self.upstream_us {
            push_number(before!("upstream_us", ""), upstream, out);
        }
        push_number(before!("bytes_in", ""), self.bytes_in, out);
        push_number(before!("bytes_out", ""), self.bytes_out, out);
        if let Some(id) = self.their_request_id {
            push_field(before!("client_request_id", "\""), id, 128, out);
        }
        out.push_str("}\n");
    }

    fn append_caller(&self, out: &mut String) {
        let caller = &self.caller;
        if let Some(id) = caller.application_id {
            out.push_str(before!("application", "\""));
            id.append_to(out);
            out.push('"');
        }
        if let Some(id) = caller.subscription_id {
            out.push_str(before!("subscription", "\""));
            id.append_to(out);
            out.push('"');
        }
        if let Some(id) = caller.credential_id {
            out.push_str(before!("key", "\""));
            id.append_to(out);
            out.push('"');
        }
    }
}

/// Room for a line without long texts.
const USUAL_LINE: usize = 640;

fn push_field(before: &str, value: &str, most: usize, out: &mut String) {
    out.push_str(before);
    push_escaped(value, most, out);
    out.push('"');
}

fn push_number(before: &str, number: u64, out: &mut String) {
    out.push_str(before);
    out.push_str(itoa::Buffer::new().format(number));
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
    fn moments_are_written_alike_whether_anew_or_not() {
        let mut text = TimeText::default();
        for ms in [1_795_364_438_123, 1_795_364_438_007, 1_795_364_438_999, 1_795_364_439_000, -1] {
            let now = Timestamp::from_millis(ms);
            assert_eq!(text.of(now), now.to_string());
        }
    }

    #[test]
    fn whatever_comes_in_stays_inside_one_object_on_one_line() {
        let nasty = "/a\"}\r\n{\"x\":1\u{1b}[31m\u{2028}é😀\u{0}";
        let line = Line {
            time: "1970-01-01T00:00:00.000Z",
            request_id: RequestId::from_u128(7),
            their_request_id: Some(nasty),
            client_ip: "::1",
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
