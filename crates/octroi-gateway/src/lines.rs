//! The header lines of a message, however the engine keeps them: in the library's map, or where they stand in the bytes
//! that were read. What is done to headers on their way (`forwarding`, `answer`) is written once, for both.

use std::mem::MaybeUninit;

use http::{HeaderMap, HeaderName, HeaderValue};
use httparse::{EMPTY_HEADER, Header, ParserConfig, Request, Response, Status};
use octroi_policy::Headers;

/// Header lines that can be changed.
pub(crate) trait HeaderLines: Headers {
    /// Shows every name, in lower case.
    fn each_name(&self, look: impl FnMut(&str));
    /// Takes out every line of that name that came in.
    fn remove(&mut self, name: &HeaderName);
    /// Adds a line of ours.
    fn add(&mut self, name: &HeaderName, value: HeaderValue);

    /// Puts a line of ours in place of those that came in.
    fn put(&mut self, name: &HeaderName, value: HeaderValue) {
        self.remove(name);
        self.add(name, value);
    }
}

/// The values of all lines of that name, in order.
pub(crate) fn values<'h>(
    headers: &'h (impl Headers + ?Sized),
    name: &'h HeaderName,
) -> impl Iterator<Item = &'h [u8]> {
    (0..).map_while(|nth| headers.value(name, nth))
}

impl HeaderLines for HeaderMap {
    fn each_name(&self, look: impl FnMut(&str)) {
        self.keys().map(HeaderName::as_str).for_each(look);
    }

    fn remove(&mut self, name: &HeaderName) {
        Self::remove(self, name);
    }

    fn add(&mut self, name: &HeaderName, value: HeaderValue) {
        self.append(name.clone(), value);
    }
}

/// Most header lines of a message: as many as the library takes.
const MOST_LINES: usize = 100;

/// A part of the bytes of a head.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Span {
    from: usize,
    to: usize,
}

impl Span {
    /// Where `part` stands in `whole`.
    fn of(whole: &[u8], part: &[u8]) -> Self {
        let from = (part.as_ptr() as usize).wrapping_sub(whole.as_ptr() as usize);
        Self { from, to: from.wrapping_add(part.len()) }
    }

    pub(crate) fn bytes(self, head: &[u8]) -> &[u8] {
        head.get(self.from..self.to).unwrap_or_default()
    }

    /// As text; empty where it is none.
    pub(crate) fn text(self, head: &[u8]) -> &str {
        std::str::from_utf8(self.bytes(head)).unwrap_or_default()
    }
}

/// One header line of a head.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Line {
    name: Span,
    value: Span,
    gone: bool,
}

/// What comes of reading bytes as a head.
#[derive(Debug)]
pub(crate) enum Parsed<T> {
    /// A head, and how many bytes it takes.
    Whole(T, usize),
    /// The beginning of one.
    Part,
    /// None, and never will be.
    Bad,
}

/// The first line of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestLine {
    pub(crate) method: Span,
    pub(crate) target: Span,
    /// The minor version of HTTP/1.
    pub(crate) version: u8,
}

/// The first line of an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StatusLine {
    pub(crate) status: u16,
    pub(crate) reason: Span,
    /// The minor version of HTTP/1.
    pub(crate) version: u8,
}

/// Reads a request's head. Where it is whole, `lines` are its lines, their names now in lower case.
pub(crate) fn parse_request(bytes: &mut [u8], lines: &mut Vec<Line>) -> Parsed<RequestLine> {
    let mut room = [const { MaybeUninit::uninit() }; MOST_LINES];
    let mut request = Request::new(&mut []);
    let length = match request.parse_with_uninit_headers(bytes, &mut room) {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Parsed::Part,
        Err(_) => return Parsed::Bad,
    };
    let (Some(method), Some(target), Some(version)) = (request.method, request.path, request.version) else {
        return Parsed::Bad;
    };
    let (method, target) = (Span::of(bytes, method.as_bytes()), Span::of(bytes, target.as_bytes()));
    note_lines(bytes, request.headers, lines);
    lower_names(bytes, lines);
    Parsed::Whole(RequestLine { method, target, version }, length)
}

/// Reads an answer's head. Where it is whole, `lines` are its lines, their names now in lower case.
pub(crate) fn parse_answer(bytes: &mut [u8], lines: &mut Vec<Line>) -> Parsed<StatusLine> {
    let mut room = [const { MaybeUninit::uninit() }; MOST_LINES];
    let mut response = Response::new(&mut []);
    let parsed = ParserConfig::default().parse_response_with_uninit_headers(&mut response, bytes, &mut room);
    let length = match parsed {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Parsed::Part,
        Err(_) => return Parsed::Bad,
    };
    let (Some(status), Some(version)) = (response.code, response.version) else { return Parsed::Bad };
    let reason = response.reason.map_or_else(Span::default, |r| Span::of(bytes, r.as_bytes()));
    note_lines(bytes, response.headers, lines);
    lower_names(bytes, lines);
    Parsed::Whole(StatusLine { status, reason, version }, length)
}

fn note_lines(bytes: &[u8], headers: &[Header<'_>], lines: &mut Vec<Line>) {
    lines.clear();
    let used = headers.iter().filter(|h| **h != EMPTY_HEADER);
    lines.extend(used.map(|h| Line {
        name: Span::of(bytes, h.name.as_bytes()),
        value: Span::of(bytes, h.value),
        gone: false,
    }));
}

fn lower_names(bytes: &mut [u8], lines: &[Line]) {
    for Line { name, .. } in lines {
        if let Some(name) = bytes.get_mut(name.from..name.to) {
            name.make_ascii_lowercase();
        }
    }
}

/// The header lines of a head that was read, and ours beside them.
pub(crate) struct Lines<'b> {
    head: &'b [u8],
    lines: &'b mut [Line],
    own: &'b mut Vec<u8>,
}

impl<'b> Lines<'b> {
    /// Lines of `head`; ours are kept in `own`, as they will be sent.
    pub(crate) fn new(head: &'b [u8], lines: &'b mut [Line], own: &'b mut Vec<u8>) -> Self {
        own.clear();
        Self { head, lines, own }
    }

    /// The bytes that the lines stand in.
    pub(crate) fn head(&self) -> &'b [u8] {
        self.head
    }

    /// Where the value of the one line of that name stands; none where there is no such line, or more than one.
    pub(crate) fn only(&self, name: &HeaderName) -> Option<Span> {
        let name = name.as_str().as_bytes();
        let mut found = self.lines.iter().filter(|l| !l.gone && l.name.bytes(self.head) == name);
        let first = found.next()?;
        found.next().is_none().then_some(first.value)
    }

    /// Writes all lines, those that came in first.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        for line in self.lines.iter().filter(|l| !l.gone) {
            push_line(line.name.bytes(self.head), line.value.bytes(self.head), out);
        }
        out.extend_from_slice(self.own);
    }
}

/// Appends one header line.
pub(crate) fn push_line(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    for part in [name, b": ", value, b"\r\n"] {
        out.extend_from_slice(part);
    }
}

impl Headers for Lines<'_> {
    fn value(&self, name: &HeaderName, nth: usize) -> Option<&[u8]> {
        let name = name.as_str().as_bytes();
        let mut found = self.lines.iter().filter(|l| !l.gone && l.name.bytes(self.head) == name);
        found.nth(nth).map(|l| l.value.bytes(self.head))
    }
}

impl HeaderLines for Lines<'_> {
    fn each_name(&self, mut look: impl FnMut(&str)) {
        self.lines.iter().filter(|l| !l.gone).for_each(|l| look(l.name.text(self.head)));
    }

    fn remove(&mut self, name: &HeaderName) {
        let name = name.as_str().as_bytes();
        for line in self.lines.iter_mut().filter(|l| l.name.bytes(self.head) == name) {
            line.gone = true;
        }
    }

    fn add(&mut self, name: &HeaderName, value: HeaderValue) {
        push_line(name.as_str().as_bytes(), value.as_bytes(), self.own);
    }
}

#[cfg(test)]
mod tests {
    use http::header::{ACCEPT, HOST};

    use super::*;

    #[test]
    fn a_head_is_changed_where_it_stands() {
        let mut bytes =
            b"GET /a?b HTTP/1.1\r\nHOST:  x \r\nAccept: 1\r\nX-Y: z\r\naccept: 2\r\n\r\nrest".to_vec();
        let (mut lines, mut own) = (Vec::new(), Vec::new());
        let Parsed::Whole(line, length) = parse_request(&mut bytes, &mut lines) else {
            panic!("a whole head")
        };
        assert_eq!((line.method.text(&bytes), line.target.text(&bytes), line.version), ("GET", "/a?b", 1));
        assert_eq!(&bytes[length..], b"rest");
        let mut headers = Lines::new(&bytes, &mut lines, &mut own);
        assert_eq!(values(&headers, &ACCEPT).collect::<Vec<_>>(), [b"1", b"2"]);
        headers.put(&ACCEPT, HeaderValue::from_static("3"));
        headers.remove(&HOST);
        let (mut names, mut out) = (Vec::new(), Vec::new());
        headers.each_name(|name| names.push(name.to_owned()));
        headers.write(&mut out);
        assert_eq!((names, out.as_slice()), (vec!["x-y".to_owned()], b"x-y: z\r\naccept: 3\r\n".as_slice()));
    }

    #[test]
    fn what_is_no_head_is_told_from_what_may_become_one() {
        let mut lines = Vec::new();
        assert!(matches!(parse_request(&mut b"GET / HT".to_vec(), &mut lines), Parsed::Part));
        assert!(matches!(parse_request(&mut b"GET /\0 HTTP/1.1\r\n\r\n".to_vec(), &mut lines), Parsed::Bad));
        assert!(matches!(parse_answer(&mut b"HTTP/1.1 20".to_vec(), &mut lines), Parsed::Part));
        assert!(matches!(parse_answer(&mut b"HTTP/2.0 200\r\n\r\n".to_vec(), &mut lines), Parsed::Bad));
        let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(MOST_LINES + 1));
        assert!(matches!(parse_answer(&mut many.into_bytes(), &mut lines), Parsed::Bad));
    }
}
