//! What stands inside a backup: named files one after the other, each behind its length, then an end.

use std::io::{self, Read, Write};

/// Longest name of a file inside.
const MAX_NAME: usize = 64;

/// Writes the files one by one.
pub(super) struct ArchiveWriter<W: Write>(W);

impl<W: Write> ArchiveWriter<W> {
    pub(super) fn new(inner: W) -> Self {
        Self(inner)
    }

    /// Writes a file of exactly `size` bytes.
    pub(super) fn put(&mut self, name: &str, size: u64, from: impl Read) -> io::Result<()> {
        let length = u8::try_from(name.len()).ok().filter(|n| usize::from(*n) <= MAX_NAME);
        self.0.write_all(&[length.ok_or_else(|| io::Error::other("name too long"))?])?;
        self.0.write_all(name.as_bytes())?;
        self.0.write_all(&size.to_be_bytes())?;
        let copied = io::copy(&mut from.take(size), &mut self.0)?;
        if copied == size {
            Ok(())
        } else {
            Err(io::Error::other(format!("{name} became shorter while it was read")))
        }
    }

    /// Writes the end and gives back what was written to.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.0.write_all(&[0])?;
        Ok(self.0)
    }
}

/// The next file's name and length; `None` at the end, which must be the last byte.
pub(super) fn next(from: &mut impl Read) -> io::Result<Option<(String, u64)>> {
    let mut length = [0];
    from.read_exact(&mut length)?;
    if length[0] == 0 {
        return match from.read(&mut length)? {
            0 => Ok(None),
            _ => Err(io::Error::other("bytes after the end")),
        };
    }
    let mut name = vec![0; usize::from(length[0])];
    from.read_exact(&mut name)?;
    let name = String::from_utf8(name).map_err(io::Error::other)?;
    let mut size = [0; 8];
    from.read_exact(&mut size)?;
    Ok(Some((name, u64::from_be_bytes(size))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_out_as_they_went_in() {
        let mut archive = ArchiveWriter::new(Vec::new());
        archive.put("a", 3, b"abc".as_slice()).unwrap();
        archive.put("empty", 0, io::empty()).unwrap();
        assert!(archive.put("short", 9, b"abc".as_slice()).is_err());
        let mut archive = ArchiveWriter::new(Vec::new());
        archive.put("a", 3, b"abc".as_slice()).unwrap();
        archive.put("empty", 0, io::empty()).unwrap();
        let bytes = archive.finish().unwrap();
        let mut from = bytes.as_slice();
        assert_eq!(next(&mut from).unwrap(), Some(("a".to_owned(), 3)));
        let mut body = [0; 3];
        from.read_exact(&mut body).unwrap();
        assert_eq!(next(&mut from).unwrap(), Some(("empty".to_owned(), 0)));
        assert_eq!(next(&mut from).unwrap(), None);
        assert!(next(&mut b"\0x".as_slice()).is_err());
    }
}
