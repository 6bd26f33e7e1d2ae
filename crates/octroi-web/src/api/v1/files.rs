//! Bodies that are not JSON: pictures and imported documents.

use http::StatusCode;
use octroi_app::picture::{MAX_PICTURE_BYTES, Picture};

use crate::api::call::{Answer, AnswerKind, DOCUMENT_LIMIT, File, FileKind, Reply};
use crate::problem::Problem;

/// A picture, as it comes in. Whether it is one, its first bytes tell.
pub(super) struct PictureKind;

impl FileKind for PictureKind {
    const TYPES: &'static [&'static str] = &["image/png", "image/jpeg", "image/webp"];
    const LIMIT: usize = MAX_PICTURE_BYTES;
}

pub(super) type PictureBody = File<PictureKind>;

/// A picture, as it goes out.
pub(super) struct PictureFile(pub(super) Picture);

impl Answer for PictureFile {
    const KIND: AnswerKind = AnswerKind::File(PictureKind::TYPES);
    const STATUS: StatusCode = StatusCode::OK;

    fn reply(self) -> Result<Reply, Problem> {
        let media = PictureKind::TYPES.iter().find(|known| **known == self.0.content_type);
        Ok(Reply::File { media: media.unwrap_or(&"application/octet-stream"), bytes: self.0.body.into() })
    }
}

/// An OpenAPI document, in JSON or YAML.
pub(super) struct OpenapiKind;

impl FileKind for OpenapiKind {
    const TYPES: &'static [&'static str] = &["application/json", "application/yaml"];
    const LIMIT: usize = DOCUMENT_LIMIT;
}

pub(super) type OpenapiBody = File<OpenapiKind>;
