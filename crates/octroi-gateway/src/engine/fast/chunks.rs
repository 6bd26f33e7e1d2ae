//! Undoes the chunked encoding of an upstream's body (RFC 9112, 7.1), strictly: every line ends with CR LF.

/// More bytes than this of chunk extensions and trailers no body may have.
const MOST_BESIDE: usize = 16 * 1024;

/// Digits of a size, leading zeros among them, and blanks behind it, at most.
const MOST_DIGITS: u8 = 32;
const MOST_BLANKS: u8 = 64;

/// A body that is not framed as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In a chunk's size, of which so many digits came.
    Size {
        size: u64,
        digits: u8,
    },
    /// Among the blanks that some servers fill the size up with.
    Blank {
        size: u64,
        blanks: u8,
    },
    /// Behind the size, before the line's end.
    Extension {
        size: u64,
    },
    SizeEnd {
        size: u64,
    },
    Data(u64),
    DataReturn,
    DataEnd,
    /// At the beginning of a trailer line.
    TrailerStart,
    Trailer,
    TrailerEnd,
    LastEnd,
    Done,
}

/// Follows a chunked body.
#[derive(Debug)]
pub(super) struct Chunks {
    state: State,
    beside: usize,
}

impl Chunks {
    pub(super) const fn new() -> Self {
        Self { state: State::Size { size: 0, digits: 0 }, beside: 0 }
    }

    /// Whether the body has ended.
    pub(super) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Reads on. Gives the body's own bytes, piece by piece, to `take`; tells how many bytes of `bytes` belong to the
    /// body: all of them, but where it ends among them. Trailers are not given.
    pub(super) fn pass<'b>(
        &mut self,
        bytes: &'b [u8],
        mut take: impl FnMut(&'b [u8]),
    ) -> Result<usize, Malformed> {
        let mut at = 0;
        while at < bytes.len() && !self.is_done() {
            if let State::Data(left) = self.state {
                let there = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len() - at);
                take(&bytes[at..at + there]);
                at += there;
                let left = left - there as u64;
                self.state = if left == 0 { State::DataReturn } else { State::Data(left) };
            } else {
                self.state = self.step(bytes[at])?;
                at += 1;
            }
        }
        Ok(at)
    }

    fn step(&mut self, b: u8) -> Result<State, Malformed> {
        Ok(match (self.state, b) {
            (State::Size { size, digits: 1.. }, b'\r') => State::SizeEnd { size },
            (State::Size { size, digits: 1.. }, b';') => State::Extension { size },
            (State::Size { size, digits: 1.. }, b' ' | b'\t') => State::Blank { size, blanks: 1 },
            (State::Size { size, digits: digits @ 0..MOST_DIGITS }, b) => {
                let digit = char::from(b).to_digit(16).ok_or(Malformed)?;
                let size = size.checked_mul(16).ok_or(Malformed)? + u64::from(digit);
                State::Size { size, digits: digits + 1 }
            }
            (State::Blank { size, .. }, b'\r') => State::SizeEnd { size },
            (State::Blank { size, .. }, b';') => State::Extension { size },
            (State::Blank { size, blanks: blanks @ 0..MOST_BLANKS }, b' ' | b'\t') => {
                State::Blank { size, blanks: blanks + 1 }
            }
            (State::Extension { size }, b'\r') => State::SizeEnd { size },
            (State::Extension { .. }, b'\n') => return Err(Malformed),
            (State::Extension { size }, _) => {
                self.count()?;
                State::Extension { size }
            }
            (State::SizeEnd { size: 0 }, b'\n') => State::TrailerStart,
            (State::SizeEnd { size }, b'\n') => State::Data(size),
            (State::DataReturn, b'\r') => State::DataEnd,
            (State::DataEnd, b'\n') => State::Size { size: 0, digits: 0 },
            (State::TrailerStart, b'\r') => State::LastEnd,
            (State::Trailer, b'\r') => State::TrailerEnd,
            (State::TrailerStart | State::Trailer, b'\n') => return Err(Malformed),
            (State::TrailerStart | State::Trailer, _) => {
                self.count()?;
                State::Trailer
            }
            (State::TrailerEnd, b'\n') => State::TrailerStart,
            (State::LastEnd, b'\n') => State::Done,
            _ => return Err(Malformed),
        })
    }

    fn count(&mut self) -> Result<(), Malformed> {
        self.beside += 1;
        if self.beside > MOST_BESIDE { Err(Malformed) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The body, and what follows it; the same in pieces of every size.
    fn undo(text: &str) -> Result<(String, String), Malformed> {
        let results: Vec<_> = (1..=text.len())
            .map(|size| {
                let (mut chunks, mut body, mut used) = (Chunks::new(), Vec::new(), 0);
                for piece in text.as_bytes().chunks(size) {
                    used += chunks.pass(piece, |data| body.extend_from_slice(data))?;
                }
                assert!(chunks.is_done(), "{text:?}");
                Ok((String::from_utf8(body).unwrap(), text[used..].to_owned()))
            })
            .collect();
        assert!(results.iter().all(|r| *r == results[0]), "depends on the pieces: {text:?}");
        results[0].clone()
    }

    #[test]
    fn bodies_come_out_whole() {
        let fine = [
            ("0\r\n\r\n", ""),
            ("3\r\nabc\r\n0\r\n\r\n", "abc"),
            ("000000000000000003\r\nabc\r\n0\r\n\r\n", "abc"),
            ("3        \r\nabc\r\n3\t;x\r\nabc\r\n0\r\n\r\n", "abcabc"),
            ("00a;x=\"y\"\r\n0123456789\r\n1 \r\n\n\r\n0\r\nT: 1\r\nU: 2\r\n\r\n", "0123456789\n"),
        ];
        for (text, body) in fine {
            assert_eq!(undo(text), Ok((body.to_owned(), String::new())), "{text:?}");
        }
        assert_eq!(undo("1\r\na\r\n0\r\n\r\nHTTP/1.1"), Ok(("a".to_owned(), "HTTP/1.1".to_owned())));
    }

    #[test]
    fn a_body_of_many_padded_chunks_is_no_attack() {
        let text = "5       \r\nhello\r\n".repeat(5_000) + "0\r\n\r\n";
        let (mut chunks, mut length) = (Chunks::new(), 0);
        assert_eq!(chunks.pass(text.as_bytes(), |data| length += data.len()), Ok(text.len()));
        assert!(chunks.is_done() && length == 25_000);
    }

    #[test]
    fn anything_else_is_malformed() {
        let long = format!("1;{}\r\na\r\n0\r\n\r\n", "x".repeat(MOST_BESIDE + 1));
        for bad in [
            "\r\n",
            "g\r\n",
            "-1\r\n",
            "0x1\r\na\r\n",
            "1\na\r\n",
            "1\r\nab\r\n",
            "1\r\na\n0\r\n\r\n",
            "1;x\n",
            "0\r\n\n",
            "0\r\nT: 1\n",
            "11111111111111111\r\n",
            "3 x\r\nabc",
            "000000000000000000000000000000000\r\n",
            &long,
        ] {
            let mut chunks = Chunks::new();
            assert_eq!(chunks.pass(bad.as_bytes(), |_| {}), Err(Malformed), "{bad:?}");
        }
    }
}
