//! A strict look at what callers send, beneath the parser (promise G1). The parser takes a bare line feed for a line's
//! end, and drops a length that stands beside an encoding without a word; two servers that disagree on such things can
//! be made to see different requests. Here every line of a head and of a trailer must end with CR LF, and one header
//! alone may frame a message; the first line that breaks this is spoilt, so that the parser answers 400 and closes.
//!
//! To know heads from bodies this follows the framing. It never decides anything: where a message is framed in an
//! odd way it lets the bytes pass, and the parser or the checks of the head refuse them.

use memchr::memchr;

/// Where in a message the bytes stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Between two requests.
    Boundary,
    /// In a head.
    Head,
    /// In a body.
    Body,
}

#[derive(Debug)]
enum State {
    /// Before the first line of a request.
    Boundary,
    /// In a head, after its first line has begun.
    Head {
        first_line: bool,
    },
    /// In a body of known length.
    Counted(u64),
    ChunkSize {
        size: u64,
    },
    ChunkExtension {
        size: u64,
    },
    ChunkData {
        left: u64,
    },
    ChunkEnd,
    Trailer,
    /// Not followed any more: what is there now is on its way to be refused.
    Lost(Place),
}

/// Follows the bytes of one connection.
#[derive(Debug)]
pub(super) struct Framing {
    state: State,
    line: Vec<u8>,
    length: u64,
    chunked: bool,
    framing_headers: u32,
}

/// More of a line than this is not kept. A framing header that long is spoilt: what the parser reads whole and this only
/// in part, the two could read in two ways.
const MOST_OF_A_LINE: usize = 256;
/// Counts for more framing headers than a message may have.
const TOO_MANY: u32 = 2;

impl Framing {
    pub(super) fn new() -> Self {
        Self { state: State::Boundary, line: Vec::new(), length: 0, chunked: false, framing_headers: 0 }
    }

    pub(super) fn place(&self) -> Place {
        match self.state {
            State::Boundary => Place::Boundary,
            State::Head { .. } => Place::Head,
            State::Lost(place) => place,
            _ => Place::Body,
        }
    }

    /// Looks at bytes that were just read. Spoils the end of a line that must not be there.
    pub(super) fn pass(&mut self, bytes: &mut [u8]) {
        let mut at = 0;
        while at < bytes.len() {
            at += match self.state {
                State::Boundary | State::Head { .. } | State::Trailer => self.pass_line(&mut bytes[at..]),
                State::Counted(left) => self.pass_counted(left, bytes.len() - at),
                State::ChunkData { left } => self.pass_chunk_data(left, bytes.len() - at),
                State::ChunkSize { .. } | State::ChunkExtension { .. } | State::ChunkEnd => {
                    self.pass_chunk_frame(bytes[at]);
                    1
                }
                State::Lost(_) => return,
            };
        }
    }

    /// Looks at the rest of a line; tells how many bytes that was.
    fn pass_line(&mut self, bytes: &mut [u8]) -> usize {
        let Some(end) = memchr(b'\n', bytes) else {
            self.keep(bytes);
            if matches!(self.state, State::Boundary) && bytes.iter().any(|b| !matches!(b, b'\r')) {
                self.state = State::Head { first_line: true };
            }
            return bytes.len();
        };
        let before = if end > 0 { bytes.get(end - 1) } else { self.line.last() };
        let well_ended = before == Some(&b'\r');
        if well_ended {
            if self.line.is_empty() {
                // `end` is not 0 here: the carriage return stands before it.
                self.end_line(&bytes[..end.saturating_sub(1)]);
            } else {
                self.keep(&bytes[..end]);
                let mut line = std::mem::take(&mut self.line);
                line.pop();
                self.end_line(&line);
                line.clear();
                self.line = line;
            }
        }
        if !well_ended || self.framing_headers >= TOO_MANY {
            bytes[end] = 0;
            self.lose();
            return bytes.len();
        }
        end + 1
    }

    /// Gives up. A head stays a head, so that its time is still that of a head.
    fn lose(&mut self) {
        let place = if matches!(self.state, State::Boundary) { Place::Head } else { self.place() };
        self.state = State::Lost(place);
    }

    /// Keeps a part of a line for when its end comes: its beginning, and always its last byte.
    fn keep(&mut self, part: &[u8]) {
        let room = MOST_OF_A_LINE.saturating_sub(self.line.len());
        self.line.extend_from_slice(&part[..part.len().min(room)]);
        if part.len() > room
            && let (Some(place), Some(last)) = (self.line.last_mut(), part.last())
        {
            *place = *last;
        }
    }

    fn end_line(&mut self, line: &[u8]) {
        match self.state {
            State::Boundary if line.is_empty() => {}
            State::Boundary | State::Head { first_line: true } => {
                (self.length, self.chunked, self.framing_headers) = (0, false, 0);
                self.state = State::Head { first_line: false };
            }
            State::Head { .. } if line.is_empty() => self.end_head(),
            State::Head { .. } => self.note_header(line),
            State::Trailer if line.is_empty() => self.state = State::Boundary,
            _ => {}
        }
    }

    fn note_header(&mut self, line: &[u8]) {
        // Only two headers frame a message, and few others share their first letters.
        if !matches!(line.first(), Some(b'c' | b'C' | b't' | b'T')) {
            return;
        }
        let Some(colon) = memchr(b':', line) else { return };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        let is_length = name.eq_ignore_ascii_case(b"content-length");
        if is_length {
            let number = std::str::from_utf8(value).ok().and_then(|v| v.parse().ok());
            self.length = number.unwrap_or(0);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            self.chunked = true;
        } else {
            return;
        }
        // Of a line that was kept, the carriage return is gone already.
        self.framing_headers += if line.len() + 1 < MOST_OF_A_LINE { 1 } else { TOO_MANY };
    }

    fn end_head(&mut self) {
        self.state = match (self.chunked, self.length) {
            (true, _) => State::ChunkSize { size: 0 },
            (false, 0) => State::Boundary,
            (false, length) => State::Counted(length),
        };
    }

    fn pass_counted(&mut self, left: u64, there: usize) -> usize {
        let taken = left.min(there as u64);
        self.state = if taken == left { State::Boundary } else { State::Counted(left - taken) };
        taken as usize
    }

    fn pass_chunk_data(&mut self, left: u64, there: usize) -> usize {
        let taken = left.min(there as u64);
        self.state = if taken == left { State::ChunkEnd } else { State::ChunkData { left: left - taken } };
        taken as usize
    }

    fn pass_chunk_frame(&mut self, b: u8) {
        self.state = match self.state {
            State::ChunkSize { size } => match b {
                b'\r' => State::ChunkSize { size },
                b'\n' => Self::begin_chunk(size),
                b';' | b' ' | b'\t' => State::ChunkExtension { size },
                b => {
                    match char::from(b).to_digit(16).and_then(|d| size.checked_mul(16)?.checked_add(d.into()))
                    {
                        Some(size) => State::ChunkSize { size },
                        None => State::Lost(Place::Body),
                    }
                }
            },
            State::ChunkExtension { size } if b == b'\n' => Self::begin_chunk(size),
            State::ChunkExtension { size } => State::ChunkExtension { size },
            State::ChunkEnd if b == b'\r' => State::ChunkEnd,
            State::ChunkEnd if b == b'\n' => State::ChunkSize { size: 0 },
            _ => State::Lost(Place::Body),
        };
    }

    fn begin_chunk(size: u64) -> State {
        if size == 0 { State::Trailer } else { State::ChunkData { left: size } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is left of `text` after it came in pieces of every size, and where it ended.
    fn pass(text: &str) -> (String, Place) {
        let mut results = (1..=text.len()).map(|size| {
            let mut framing = Framing::new();
            let mut bytes = text.as_bytes().to_vec();
            for piece in bytes.chunks_mut(size) {
                framing.pass(piece);
            }
            (String::from_utf8(bytes).unwrap(), framing.place())
        });
        let first = results.next().unwrap();
        assert!(results.all(|other| other == first), "depends on the pieces: {text:?}");
        first
    }

    fn untouched(text: &str) -> Place {
        let (after, place) = pass(text);
        assert_eq!(after, text);
        place
    }

    #[test]
    fn well_formed_messages_pass_untouched() {
        let get = "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";
        assert_eq!(untouched(get), Place::Boundary);
        assert_eq!(untouched("GET / HT"), Place::Head);
        let post = "POST / HTTP/1.1\r\ncontent-LENGTH: 5\r\n\r\na\nb\nc";
        assert_eq!(untouched(post), Place::Boundary);
        assert_eq!(untouched(&post[..post.len() - 1]), Place::Body);
        let long = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "y".repeat(1_000));
        assert_eq!(untouched(&long), Place::Boundary);
        let chunked =
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x=\"y\"\r\na\nb\r\n0\r\nT: 1\r\n\r\n";
        assert_eq!(untouched(chunked), Place::Boundary);
        assert_eq!(untouched(&format!("{post}{chunked}{get}")), Place::Boundary);
    }

    #[test]
    fn a_framing_header_that_is_not_kept_whole_is_spoilt() {
        for name in ["Content-Length", "Transfer-Encoding"] {
            let bad = format!("POST / HTTP/1.1\r\n{name}: {}5\r\n\r\nhello", "0".repeat(300));
            assert!(pass(&bad).0.contains('\0'), "{name}");
        }
        let fits = format!("POST / HTTP/1.1\r\nContent-Length: {}5\r\n\r\nhello", "0".repeat(200));
        assert_eq!(untouched(&fits), Place::Boundary);
    }

    #[test]
    fn a_spoilt_head_is_still_a_head() {
        assert_eq!(pass("GET / HTTP/1.1\nHost: a").1, Place::Head);
        assert_eq!(pass("\n").1, Place::Head);
        assert_eq!(pass("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz").1, Place::Body);
    }

    #[test]
    fn a_message_framed_twice_is_spoilt() {
        for (a, b) in
            [("Content-Length: 1", "Transfer-Encoding: chunked"), ("Content-Length: 1", "content-length: 1")]
        {
            for (a, b) in [(a, b), (b, a)] {
                let bad = format!("POST / HTTP/1.1\r\n{a}\r\n{b}\r\n\r\n");
                assert!(pass(&bad).0.contains('\0'), "{bad:?}");
            }
        }
    }

    #[test]
    fn a_bare_line_feed_is_spoilt_wherever_it_ends_a_line() {
        let head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        for bad in [
            "GET / HTTP/1.1\nHost: a\r\n\r\n".to_owned(),
            "GET / HTTP/1.1\r\nHost: a\n\r\n".to_owned(),
            "GET / HTTP/1.1\r\nHost: a\r\n\n".to_owned(),
            "\nGET / HTTP/1.1\r\n\r\n".to_owned(),
            format!("GET / HTTP/1.1\r\nX: {}\n\r\n", "y".repeat(1_000)),
            format!("{head}0\r\nT: 1\n\r\n"),
            format!("{head}1\r\na\r\n0\r\n\r\nGET / HTTP/1.1\nHost: a\r\n\r\n"),
        ] {
            assert!(pass(&bad).0.contains('\0'), "{bad:?}");
        }
    }
}
