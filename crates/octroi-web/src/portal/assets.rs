//! Style sheet, script and fonts. They carry the digest of all of them in their address, so that browsers keep them for
//! good and a new version is fetched at once; text is compressed once, at the first request.

use std::io::Write as _;
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, StatusCode, header};
use octroi_domain::credential::digest::{hex, sha256};

use crate::api::only;
use crate::context::Web;
use crate::portal::path::Ids;
use crate::swagger;

/// A file that pages load.
struct Asset {
    name: &'static str,
    content_type: &'static str,
    body: Bytes,
    /// The same, compressed, where that makes it smaller.
    gzip: Option<Bytes>,
}

/// All of them, and the digest that their addresses carry.
struct Assets {
    digest: String,
    files: Vec<Asset>,
}

const STYLE: &str =
    concat!(include_str!("../../assets/tokens.css"), include_str!("../../assets/components.css"));

static ASSETS: LazyLock<Assets> = LazyLock::new(|| {
    let text = |name, content_type, body: &'static str| Asset {
        name,
        content_type,
        body: Bytes::from_static(body.as_bytes()),
        gzip: compressed(body.as_bytes()),
    };
    let font =
        |name, body| Asset { name, content_type: "font/woff2", body: Bytes::from_static(body), gzip: None };
    let files = vec![
        text("portal.css", "text/css; charset=utf-8", STYLE),
        text("portal.js", "text/javascript; charset=utf-8", include_str!("../../assets/portal.js")),
        text("console.js", "text/javascript; charset=utf-8", include_str!("../../assets/console.js")),
        text("mark.svg", "image/svg+xml", include_str!("../../assets/mark.svg")),
        font("fonts/marcellus.woff2", include_bytes!("../../assets/fonts/marcellus.woff2").as_slice()),
        font(
            "fonts/atkinson-hyperlegible-next.woff2",
            include_bytes!("../../assets/fonts/atkinson-hyperlegible-next.woff2").as_slice(),
        ),
    ];
    let all: Vec<u8> = files.iter().flat_map(|file| sha256(&file.body)).collect();
    let mut digest = hex(&sha256(&all));
    digest.truncate(16);
    Assets { digest, files }
});

/// The text compressed, where that makes it smaller.
fn compressed(text: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).ok()?;
    let small = encoder.finish().ok()?;
    (small.len() < text.len()).then(|| small.into())
}

pub(super) fn router() -> Router<Arc<Web>> {
    Router::new()
        .route("/assets/{digest}/{*name}", only("GET", get(serve)))
        .route("/assets/swagger/{version}/{name}", only("GET", get(swagger::serve)))
}

/// Where the file `name` is.
pub(crate) fn url(name: &str) -> String {
    format!("/assets/{}/{name}", ASSETS.digest)
}

async fn serve(Ids(digest, name): Ids<String, String>, headers: HeaderMap) -> Response {
    let Some(asset) = ASSETS.files.iter().find(|asset| asset.name == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    // Another version's address still finds the file, but nobody keeps it under that name.
    let kept = if digest == ASSETS.digest { "public, max-age=31536000, immutable" } else { "no-cache" };
    let common = [
        (header::CONTENT_TYPE, asset.content_type),
        (header::CACHE_CONTROL, kept),
        (header::VARY, "accept-encoding"),
    ];
    match &asset.gzip {
        Some(gzip) if accepts_gzip(&headers) => {
            (common, [(header::CONTENT_ENCODING, "gzip")], gzip.clone()).into_response()
        }
        _ => (common, asset.body.clone()).into_response(),
    }
}

pub(crate) fn accepts_gzip(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|v| v.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|coding| {
        let (name, parameters) = coding.split_once(';').unwrap_or((coding, ""));
        name.trim().eq_ignore_ascii_case("gzip") && !matches!(parameters.trim(), "q=0" | "q=0.0")
    })
}
