//! What becomes of an answer's body between the upstream's framing and the caller's: as it is, or in chunks of ours.

use std::io::Write as _;

use super::chunks::Malformed;
use super::upstream::Framed;
use crate::rewrite::Rewriter;

/// A body's way.
pub(super) struct Passage {
    framed: Framed,
    chunks: Outlet,
    /// Whether the caller gets it in chunks.
    pub(super) is_chunked: bool,
    /// Whether all of it has passed.
    pub(super) ended: bool,
    /// Bytes that went to the caller as they came.
    plain_bytes: u64,
}

/// The end of the way where the caller gets chunks.
struct Outlet {
    rewriter: Option<Box<Rewriter>>,
    /// Room for what is rewritten.
    rewritten: Vec<u8>,
    bytes: u64,
}

impl Passage {
    pub(super) fn new(framed: Framed, rewriter: Option<Box<Rewriter>>) -> Self {
        let ended = matches!(framed, Framed::Never | Framed::Length(0));
        let rewriter = rewriter.filter(|_| !ended);
        let is_chunked = rewriter.is_some() || matches!(framed, Framed::Chunked(_) | Framed::UntilClose);
        let chunks = Outlet { rewriter, rewritten: Vec::new(), bytes: 0 };
        Self { framed, chunks, is_chunked, ended, plain_bytes: 0 }
    }

    /// Most bytes that may come.
    pub(super) fn most(&self) -> usize {
        match self.framed {
            Framed::Never => 0,
            Framed::Length(left) => usize::try_from(left).unwrap_or(usize::MAX),
            Framed::Chunked(_) | Framed::UntilClose => usize::MAX,
        }
    }

    /// Bytes that went to the caller, without the framing.
    pub(super) const fn bytes_out(&self) -> u64 {
        self.plain_bytes + self.chunks.bytes
    }

    /// Takes what came from the upstream. Gives the bytes that go to the caller as they are; others are added to `out`
    /// in chunks. The number says how many of those that came belong to the body.
    pub(super) fn take<'b>(
        &mut self,
        came: &'b [u8],
        out: &mut Vec<u8>,
    ) -> Result<(&'b [u8], usize), Malformed> {
        let body = &came[..came.len().min(self.most())];
        let used = match &mut self.framed {
            Framed::Chunked(chunks) => {
                let used = chunks.pass(body, |data| self.chunks.put(data, out))?;
                self.ended = chunks.is_done();
                used
            }
            framed => {
                if let Framed::Length(left) = framed {
                    *left -= body.len() as u64;
                    self.ended = *left == 0;
                }
                if !self.is_chunked {
                    self.plain_bytes += body.len() as u64;
                    return Ok((body, body.len()));
                }
                self.chunks.put(body, out);
                body.len()
            }
        };
        if self.ended {
            self.chunks.end(out);
        }
        Ok((&came[..0], used))
    }

    /// The upstream closed its connection. Tells whether that ends the body in order.
    pub(super) fn close(&mut self, out: &mut Vec<u8>) -> bool {
        let in_order = matches!(self.framed, Framed::UntilClose);
        if in_order {
            self.ended = true;
            self.chunks.end(out);
        }
        in_order
    }
}

impl Outlet {
    fn put(&mut self, data: &[u8], out: &mut Vec<u8>) {
        match &mut self.rewriter {
            None => self.bytes += chunk(data, out),
            Some(rewriter) => {
                self.rewritten.clear();
                rewriter.pass(data, &mut self.rewritten);
                self.bytes += chunk(&self.rewritten, out);
            }
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        if let Some(mut rewriter) = self.rewriter.take() {
            self.rewritten.clear();
            rewriter.end(&mut self.rewritten);
            self.bytes += chunk(&self.rewritten, out);
        }
        out.extend_from_slice(b"0\r\n\r\n");
    }
}

/// Appends bytes as one chunk. Tells how many.
fn chunk(data: &[u8], out: &mut Vec<u8>) -> u64 {
    if !data.is_empty() {
        // Writing into memory cannot fail.
        let _ = write!(out, "{:x}\r\n", data.len());
        out.extend_from_slice(data);
        out.extend_from_slice(b"\r\n");
    }
    data.len() as u64
}
