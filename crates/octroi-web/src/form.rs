//! Bodies of HTML forms, short and in UTF-8: `application/x-www-form-urlencoded`, and `multipart/form-data` with a file.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::multipart::Field;
use axum::extract::{DefaultBodyLimit, FromRequest as _, Multipart, Request};
use bytes::BytesMut;
use http::{HeaderMap, header};
use http_body_util::{BodyExt as _, Limited};

use crate::problem::{Problem, ProblemCode};

/// The most bytes of a form without its file.
const LIMIT: usize = 128 * 1024;

/// The most bytes of a form with its files.
const LIMIT_WITH_FILE: usize = 32 * 1024 * 1024;

/// The most bytes that are kept of all files together: more than any that is taken in. What is longer is read and let
/// go, so that the form can be shown again with all that was typed.
const KEPT_OF_FILES: usize = 2 * 1024 * 1024;

/// The most fields of a form.
const MOST_FIELDS: usize = 200;

/// How long a form may take to arrive.
const TIME: Duration = Duration::from_secs(30);

/// What a form says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields {
    pairs: Vec<(String, String)>,
    files: Vec<(String, Bytes)>,
}

impl Fields {
    /// Every value of `name`.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The first value of `name`; nothing where there is none.
    pub(crate) fn one(&self, name: &str) -> &str {
        self.pairs.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// The same as text of one's own.
    pub(crate) fn text(&self, name: &str) -> String {
        self.one(name).to_owned()
    }

    /// The first value of `name` without blanks around it; none where nothing is left.
    pub(crate) fn some(&self, name: &str) -> Option<String> {
        let text = self.one(name).trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// Whether a box was ticked.
    pub(crate) fn ticked(&self, name: &str) -> bool {
        !self.one(name).is_empty()
    }

    /// The file sent as `name`; none where none was chosen.
    pub(crate) fn file(&self, name: &str) -> Option<&Bytes> {
        self.files.iter().find(|(known, _)| known == name).map(|(_, bytes)| bytes).filter(|b| !b.is_empty())
    }

    /// Names and values, in their order.
    pub(crate) fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }
}

/// Reads a form of either kind.
pub(crate) async fn read(headers: &HeaderMap, body: Body) -> Result<Fields, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let reading = async {
        match essence.as_str() {
            "application/x-www-form-urlencoded" => read_pairs(body).await,
            "multipart/form-data" => read_parts(headers, body).await,
            _ => Err(Problem::new(ProblemCode::UnsupportedMediaType)),
        }
    };
    let read = tokio::time::timeout(TIME, reading).await;
    let fields = read.map_err(|_| Problem::new(ProblemCode::RequestTimeout))??;
    // No keyboard writes the sign NUL, and not every database takes it.
    let has_nul = fields.pairs.iter().any(|(name, value)| name.contains('\0') || value.contains('\0'));
    if fields.pairs.len() > MOST_FIELDS || has_nul {
        return Err(Problem::new(ProblemCode::MalformedRequest));
    }
    Ok(fields)
}

async fn read_pairs(body: Body) -> Result<Fields, Problem> {
    let bytes = Limited::new(body, LIMIT).collect().await.map_err(|e| broken(&*e))?.to_bytes();
    Ok(Fields { pairs: url::form_urlencoded::parse(&bytes).into_owned().collect(), files: Vec::new() })
}

async fn read_parts(headers: &HeaderMap, body: Body) -> Result<Fields, Problem> {
    let malformed = |_| Problem::new(ProblemCode::MalformedRequest);
    let mut request = Request::new(Body::new(Limited::new(body, LIMIT_WITH_FILE)));
    *request.headers_mut() = headers.clone();
    // Our own bound stands, not the framework's.
    DefaultBodyLimit::disable().apply(&mut request);
    let mut parts = Multipart::from_request(request, &()).await.map_err(|_| malformed(()))?;
    let mut fields = Fields::default();
    let (mut text_bytes, mut file_room) = (0, KEPT_OF_FILES);
    while let Some(mut part) = parts.next_field().await.map_err(|e| broken(&e))? {
        if fields.pairs.len() + fields.files.len() > MOST_FIELDS {
            return Err(Problem::new(ProblemCode::MalformedRequest));
        }
        let name = part.name().unwrap_or_default().to_owned();
        if part.file_name().is_some() {
            let bytes = beginning(&mut part, file_room).await?;
            file_room -= bytes.len();
            fields.files.push((name, bytes));
            continue;
        }
        let bytes = beginning(&mut part, LIMIT + 1).await?;
        text_bytes += name.len() + bytes.len();
        if text_bytes > LIMIT {
            return Err(Problem::new(ProblemCode::BodyTooLarge));
        }
        let text = String::from_utf8(bytes.to_vec()).map_err(|_| malformed(()))?;
        fields.pairs.push((name, text));
    }
    Ok(fields)
}

/// Reads a part to its end and keeps `most` bytes of it.
async fn beginning(part: &mut Field<'_>, most: usize) -> Result<Bytes, Problem> {
    let mut kept = BytesMut::new();
    while let Some(piece) = part.chunk().await.map_err(|e| broken(&e))? {
        let room = most - kept.len();
        kept.extend_from_slice(&piece[..piece.len().min(room)]);
    }
    Ok(kept.freeze())
}

/// Why a body could not be read: it is too long, or it broke off.
fn broken(error: &(dyn std::error::Error + 'static)) -> Problem {
    let mut cause = Some(error);
    while let Some(this) = cause {
        if this.is::<http_body_util::LengthLimitError>() || this.to_string().contains("length limit exceeded")
        {
            return Problem::new(ProblemCode::BodyTooLarge);
        }
        cause = this.source();
    }
    Problem::new(ProblemCode::MalformedRequest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(files: usize, bytes: usize) -> (HeaderMap, Body) {
        let mut body = b"--e\r\ncontent-disposition: form-data; name=\"name\"\r\n\r\nUne\r\n".to_vec();
        for _ in 0..files {
            body.extend(b"--e\r\ncontent-disposition: form-data; name=\"f\"; filename=\"f\"\r\n\r\n");
            body.extend(std::iter::repeat_n(b'x', bytes));
            body.extend(b"\r\n");
        }
        body.extend(b"--e--\r\n");
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CONTENT_TYPE,
            header::HeaderValue::from_static("multipart/form-data; boundary=e"),
        );
        (headers, Body::from(body))
    }

    #[tokio::test]
    async fn many_files_keep_no_more_than_one() {
        const MIB: usize = 1024 * 1024;
        for (files, bytes) in [(1, 30 * MIB), (20, MIB)] {
            let (headers, body) = parts(files, bytes);
            let fields = read(&headers, body).await.unwrap();
            assert_eq!(fields.one("name"), "Une");
            let kept: usize = fields.files.iter().map(|(_, bytes)| bytes.len()).sum();
            assert_eq!(kept, KEPT_OF_FILES, "{files} files of {bytes} bytes");
        }
        let (headers, body) = parts(1, 33 * MIB);
        assert_eq!(read(&headers, body).await.unwrap_err().code(), ProblemCode::BodyTooLarge);
    }
}
