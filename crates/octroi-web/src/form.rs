//! Bodies of HTML forms: `application/x-www-form-urlencoded`, short, in UTF-8.

use std::time::Duration;

use axum::body::Body;
use http::{HeaderMap, header};
use http_body_util::{BodyExt as _, Limited};

/// The most bytes of a form.
const LIMIT: usize = 64 * 1024;

/// How long a form may take to arrive.
const TIME: Duration = Duration::from_secs(30);

/// What a form says.
pub(crate) struct Fields(Vec<(String, String)>);

/// A body that is no form, or not a short one.
#[derive(Debug)]
pub(crate) struct NoForm;

impl Fields {
    /// Every value of `name`.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The first value of `name`; nothing where there is none.
    pub(crate) fn one(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

/// Reads a form.
pub(crate) async fn read(headers: &HeaderMap, body: Body) -> Result<Fields, NoForm> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(NoForm);
    }
    let read = tokio::time::timeout(TIME, Limited::new(body, LIMIT).collect());
    let bytes = read.await.map_err(|_| NoForm)?.map_err(|_| NoForm)?.to_bytes();
    Ok(Fields(url::form_urlencoded::parse(&bytes).into_owned().collect()))
}
