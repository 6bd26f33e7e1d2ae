//! Pictures of APIs and applications: what is taken in. SVG, which can carry scripts, is not.

use octroi_domain::validate::Rule;

use crate::AppError;

/// The most bytes of a picture.
pub const MAX_PICTURE_BYTES: usize = 1024 * 1024;

/// A picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Its media type, told from its first bytes.
    pub content_type: String,
    /// SHA-256 of its bytes, in hexadecimal: an entity tag.
    pub digest: String,
    /// Its bytes.
    pub body: Vec<u8>,
}

impl From<octroi_store::Document> for Picture {
    fn from(d: octroi_store::Document) -> Self {
        Self { content_type: d.content_type, digest: d.digest, body: d.body }
    }
}

/// The media type of a picture, told from its first bytes: PNG, JPEG or WebP, whatever its name says.
pub(crate) fn media_type(bytes: &[u8]) -> Result<&'static str, Rule> {
    if bytes.is_empty() {
        return Err(Rule::Required);
    }
    if bytes.len() > MAX_PICTURE_BYTES {
        return Err(Rule::TooLong { max: MAX_PICTURE_BYTES as u64 });
    }
    match bytes {
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Ok("image/png"),
        [0xff, 0xd8, 0xff, ..] => Ok("image/jpeg"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Ok("image/webp"),
        _ => Err(Rule::Malformed { expected: "picture" }),
    }
}

/// A picture ready to be kept, or why not.
pub(crate) fn document(bytes: Vec<u8>) -> Result<octroi_store::Document, AppError> {
    let content_type = media_type(&bytes).map_err(|rule| AppError::invalid("picture", rule))?;
    Ok(octroi_store::Document::new(content_type, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_decide() {
        assert_eq!(media_type(b"\x89PNG\r\n\x1a\n...."), Ok("image/png"));
        assert_eq!(media_type(b"RIFF\x10\0\0\0WEBPVP8 "), Ok("image/webp"));
        assert_eq!(media_type(b"\xff\xd8\xff\xe0"), Ok("image/jpeg"));
        assert_eq!(media_type(b"<svg onload=..>").unwrap_err().code(), "malformed");
        assert_eq!(media_type(b"").unwrap_err().code(), "required");
        assert_eq!(media_type(&vec![0xff; MAX_PICTURE_BYTES + 1]).unwrap_err().code(), "too_long");
    }
}
