//! Moments as people write them: `22 novembre 2026 à 16 h 20 (UTC)`.

use octroi_domain::api::Language;
use octroi_domain::time::Timestamp;

use crate::locale;

/// A moment in UTC, to the minute.
pub(super) fn say(at: Timestamp, language: Language) -> String {
    let text = at.to_string();
    // RFC 3339: `2026-11-22T16:20:38.123Z`.
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let number = |from, to| part(from, to).trim_start_matches('0').to_owned();
    let date = [("year", number(0, 4)), ("month", number(5, 7)), ("day", number(8, 10))];
    let time = [("hour", part(11, 13).to_owned()), ("minute", part(14, 16).to_owned())];
    let date = locale::text(language, "email-date", &date.map(|(name, value)| (name, value.into())));
    let time = locale::text(language, "email-time", &time.map(|(name, value)| (name, value.into())));
    locale::text(language, "email-moment", &[("date", date.into()), ("time", time.into())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_each_language_does() {
        let at = Timestamp::from_millis(1_795_364_438_123);
        assert_eq!(say(at, Language::Fr), "22\u{a0}novembre\u{a0}2026 à 16\u{a0}h\u{a0}20 (UTC)");
        assert_eq!(say(at, Language::En), "22\u{a0}November\u{a0}2026 at 16:20 (UTC)");
        let first = Timestamp::from_millis(1_767_225_900_000);
        assert_eq!(say(first, Language::Fr), "1er\u{a0}janvier\u{a0}2026 à 00\u{a0}h\u{a0}05 (UTC)");
        assert_eq!(say(first, Language::En), "1\u{a0}January\u{a0}2026 at 00:05 (UTC)");
    }
}
