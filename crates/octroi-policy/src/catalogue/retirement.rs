//! What an API that is to be left tells with every answer.

use http::{HeaderName, HeaderValue, header};
use octroi_domain::api::Retirement;

const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
const SUNSET: HeaderName = HeaderName::from_static("sunset");

/// Header lines of RFC 9745 and RFC 8594. The guide's `Link` stands beside those of the upstream; the others stand alone.
#[derive(Debug, Default)]
pub struct Farewell {
    /// Lines that replace the upstream's.
    pub alone: Vec<(HeaderName, HeaderValue)>,
    /// A line that stands beside the upstream's.
    pub link: Option<(HeaderName, HeaderValue)>,
}

impl Farewell {
    pub(super) fn compile(retirement: Option<&Retirement>) -> Self {
        let Some(retirement) = retirement else { return Self::default() };
        let deprecated = format!("@{}", retirement.deprecated_at.as_secs());
        let lines = [
            (DEPRECATION, Some(deprecated)),
            (SUNSET, retirement.sunset_at.map(octroi_domain::time::Timestamp::http_date)),
        ];
        let line =
            |(name, text): (HeaderName, Option<String>)| Some((name, HeaderValue::from_str(&text?).ok()?));
        let guide = retirement.guide.as_ref().map(|url| format!("<{url}>; rel=\"deprecation\""));
        Self { alone: lines.into_iter().filter_map(line).collect(), link: line((header::LINK, guide)) }
    }
}
