//! Pictures of APIs and applications: what is taken in. SVG, which can carry scripts, is not.

use octroi_domain::validate::Rule;
use octroi_store::{Document, DocumentKind, Tx};

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

impl From<Document> for Picture {
    fn from(d: Document) -> Self {
        Self { content_type: d.content_type, digest: d.digest, body: d.body }
    }
}

/// What happens to the picture of something that is changed.
#[derive(Clone, Debug, Default)]
pub enum PictureChange {
    /// It stays.
    #[default]
    Keep,
    /// These bytes take its place: PNG, JPEG or WebP, at most 1 MiB.
    Put(Vec<u8>),
    /// It goes.
    Remove,
}

impl PictureChange {
    /// Looks at the bytes, before anything is written.
    pub(crate) fn drawn(self) -> Result<DrawnChange, AppError> {
        Ok(match self {
            Self::Keep => DrawnChange::Keep,
            Self::Put(bytes) => DrawnChange::Put(document(bytes)?),
            Self::Remove => DrawnChange::Remove,
        })
    }
}

/// A [`PictureChange`] whose picture is one.
pub(crate) enum DrawnChange {
    Keep,
    Put(Document),
    Remove,
}

impl DrawnChange {
    /// Writes it for `object`; gives whether there is a picture now, where that changed.
    pub(crate) async fn write(self, tx: &mut Tx, object: &str) -> Result<Option<bool>, AppError> {
        match self {
            Self::Keep => Ok(None),
            Self::Put(document) => {
                tx.put_document(object, DocumentKind::Picture, document).await?;
                Ok(Some(true))
            }
            Self::Remove => {
                tx.delete_document(object, DocumentKind::Picture).await?;
                Ok(Some(false))
            }
        }
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
pub(crate) fn document(bytes: Vec<u8>) -> Result<Document, AppError> {
    let content_type = media_type(&bytes).map_err(|rule| AppError::invalid("picture", rule))?;
    Ok(Document::new(content_type, bytes))
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
