//! The files of Swagger UI, from the archive that a crate carries: the console's script and style, their licence and
//! its notice, and nothing else of the archive. An archive's files are compressed as gzip compresses, so that most
//! browsers are sent the very bytes of the archive behind another head.

use std::io::{Cursor, Read};
use std::sync::LazyLock;

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use flate2::read::DeflateDecoder;
use http::{HeaderMap, StatusCode, header};
use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;

use crate::portal::accepts_gzip;

/// The version of Swagger UI, a part of the files' addresses.
pub(crate) const VERSION: &str = "5.32.6";

/// Files that are served: their names, where they stand in the archive, their media types.
const SERVED: [(&str, &str, &str); 4] = [
    ("swagger-ui-bundle.js", "dist/swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
    ("swagger-ui.css", "dist/swagger-ui.css", "text/css; charset=utf-8"),
    ("LICENSE", "LICENSE", "text/plain; charset=utf-8"),
    ("NOTICE", "NOTICE", "text/plain; charset=utf-8"),
];

/// A file as it stands in the archive.
struct File {
    name: &'static str,
    media: &'static str,
    /// Its content (RFC 1951), or the content itself where it would not become smaller.
    packed: Vec<u8>,
    deflated: bool,
    checksum: u32,
    size: u32,
}

static FILES: LazyLock<Vec<File>> = LazyLock::new(|| SERVED.iter().filter_map(open).collect());

fn open((name, place, media): &(&'static str, &'static str, &'static str)) -> Option<File> {
    let mut archive = zip::ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED)).ok()?;
    let index = archive.index_for_name(&format!("swagger-ui-{VERSION}/{place}"))?;
    let mut entry = archive.by_index_raw(index).ok()?;
    let mut packed = Vec::new();
    entry.read_to_end(&mut packed).ok()?;
    let (checksum, size) = (entry.crc32(), u32::try_from(entry.size()).ok()?);
    let deflated = entry.compression() != zip::CompressionMethod::Stored;
    Some(File { name, media, packed, deflated, checksum, size })
}

impl File {
    /// The file as gzip (RFC 1952): a head, the archive's bytes, checksum and size.
    fn gzip(&self) -> Bytes {
        const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
        let end = [self.checksum.to_le_bytes(), self.size.to_le_bytes()].concat();
        [&HEAD, self.packed.as_slice(), &end].concat().into()
    }

    fn plain(&self) -> std::io::Result<Bytes> {
        if !self.deflated {
            return Ok(self.packed.clone().into());
        }
        let mut content = Vec::new();
        DeflateDecoder::new(self.packed.as_slice()).take(self.size.into()).read_to_end(&mut content)?;
        Ok(content.into())
    }
}

/// `GET /assets/swagger/{version}/{file}`: the version is part of the address, so that a browser may keep the file.
pub(crate) async fn serve(Path((version, name)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let found = FILES.iter().find(|file| version == VERSION && file.name == name);
    let Some(file) = found else { return StatusCode::NOT_FOUND.into_response() };
    let about = [
        (header::CONTENT_TYPE, file.media),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::VARY, "accept-encoding"),
    ];
    if file.deflated && accepts_gzip(&headers) {
        return (about, [(header::CONTENT_ENCODING, "gzip")], file.gzip()).into_response();
    }
    match file.plain() {
        Ok(content) => (about, content).into_response(),
        Err(error) => {
            tracing::error!(%error, name, "a file of Swagger UI cannot be unpacked");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use flate2::read::GzDecoder;
    use http::HeaderValue;

    use super::*;

    async fn ask(version: &str, name: &str, encoding: &'static str) -> (http::response::Parts, Bytes) {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(encoding));
        let response = serve(Path((version.to_owned(), name.to_owned())), headers).await;
        let (parts, body) = response.into_parts();
        (parts, axum::body::to_bytes(body, usize::MAX).await.unwrap())
    }

    #[tokio::test]
    async fn every_file_is_there_packed_and_unpacked() {
        for (name, _, media) in SERVED {
            let (parts, plain) = ask(VERSION, name, "").await;
            assert_eq!(parts.status, StatusCode::OK, "{name}");
            assert_eq!(parts.headers[header::CONTENT_TYPE], media);
            assert!(!plain.is_empty() && !parts.headers.contains_key(header::CONTENT_ENCODING));
            let (parts, packed) = ask(VERSION, name, "br, gzip;q=0.8").await;
            if parts.headers.contains_key(header::CONTENT_ENCODING) {
                assert!(packed.len() < plain.len());
                let mut unpacked = Vec::new();
                // Checks the checksum too.
                GzDecoder::new(&packed[..]).read_to_end(&mut unpacked).unwrap();
                assert_eq!(unpacked, plain, "{name}");
            } else {
                assert_eq!(packed, plain);
            }
        }
        let (_, licence) = ask(VERSION, "LICENSE", "").await;
        assert!(String::from_utf8_lossy(&licence).contains("Apache License"));
    }

    #[tokio::test]
    async fn nothing_else_is_there() {
        for (version, name) in [
            (VERSION, "index.html"),
            (VERSION, "swagger-ui.css.map"),
            (VERSION, "../LICENSE"),
            ("5.0.0", "swagger-ui.css"),
        ] {
            assert_eq!(ask(version, name, "").await.0.status, StatusCode::NOT_FOUND, "{name}");
        }
    }
}
