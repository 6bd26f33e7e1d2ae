//! Moments and numbers as people read them, in two languages and one time zone.

use jiff::tz::TimeZone;
use jiff::{Timestamp as Instant, Zoned};
use octroi_app::usage::UsageStep;
use octroi_domain::api::Language;
use octroi_domain::time::Timestamp;

/// Puts moments into words.
pub(crate) struct When {
    language: Language,
    now: Timestamp,
    zone: TimeZone,
}

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

const MONTHS_FR: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];
const MONTHS_EN: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const WEEKDAYS_FR: [&str; 7] = ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"];
const WEEKDAYS_EN: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// How a span of time is called: under a column in one or two short lines, and in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SpanName {
    pub(crate) upper: String,
    pub(crate) lower: String,
    pub(crate) full: String,
}

impl When {
    /// In this language and zone, seen from `now`.
    pub(crate) fn new(language: Language, now: Timestamp, zone: &TimeZone) -> Self {
        Self { language, now, zone: zone.clone() }
    }

    fn zoned(&self, at: Timestamp) -> Option<Zoned> {
        Instant::from_millisecond(at.as_millis()).ok().map(|instant| instant.to_zoned(self.zone.clone()))
    }

    /// A date: `22 novembre 2026`, `22 November 2026`.
    pub(crate) fn date(&self, at: Timestamp) -> String {
        let Some(z) = self.zoned(at) else { return at.to_string() };
        let months = if self.language == Language::Fr { MONTHS_FR } else { MONTHS_EN };
        let month = months[usize::try_from(z.month() - 1).unwrap_or(0).min(11)];
        match (self.language, z.day()) {
            (Language::Fr, 1) => format!("1er\u{a0}{month} {}", z.year()),
            (_, day) => format!("{day}\u{a0}{month} {}", z.year()),
        }
    }

    /// A date and a time: `22 novembre 2026 à 14 h 37`, `22 November 2026 at 14:37`.
    pub(crate) fn date_time(&self, at: Timestamp) -> String {
        let Some(z) = self.zoned(at) else { return at.to_string() };
        match self.language {
            Language::Fr => {
                format!("{} à {}\u{a0}h\u{a0}{:02}", self.date(at), z.hour(), z.minute())
            }
            Language::En => format!("{} at {:02}:{:02}", self.date(at), z.hour(), z.minute()),
        }
    }

    /// The name of the span of this length that begins at `start`. Days are counted in UTC, and so named.
    pub(crate) fn span(&self, start: Timestamp, step: UsageStep) -> SpanName {
        let unknown = || SpanName { upper: start.to_string(), lower: String::new(), full: start.to_string() };
        match step {
            UsageStep::Day => {
                let utc = Self { language: self.language, now: self.now, zone: TimeZone::UTC };
                let Some(z) = utc.zoned(start) else { return unknown() };
                let names = if self.language == Language::Fr { WEEKDAYS_FR } else { WEEKDAYS_EN };
                let name = names[usize::try_from(z.weekday().to_monday_zero_offset()).unwrap_or(0).min(6)];
                let short: String = name.chars().take(3).collect();
                let upper = if self.language == Language::Fr { format!("{short}.") } else { short };
                let full = format!("{name} {}", utc.date(start));
                SpanName { upper, lower: z.day().to_string(), full }
            }
            UsageStep::Hour | UsageStep::Minute => {
                let Some(z) = self.zoned(start) else { return unknown() };
                let upper = match (self.language, step) {
                    (Language::Fr, UsageStep::Hour) => format!("{}\u{a0}h", z.hour()),
                    (Language::Fr, _) => format!("{}\u{a0}h\u{a0}{:02}", z.hour(), z.minute()),
                    (Language::En, _) => format!("{:02}:{:02}", z.hour(), z.minute()),
                };
                SpanName { upper, lower: String::new(), full: self.date_time(start) }
            }
        }
    }

    /// Relative while it is less than a day away, else the date and time.
    pub(crate) fn words(&self, at: Timestamp) -> String {
        let seconds = self.now.as_secs() - at.as_secs();
        let ago = |count: i64, one: [&str; 2], many: [&str; 2]| {
            let [french, english] = if count == 1 { one } else { many };
            match self.language {
                Language::Fr => format!("il y a {count}\u{a0}{french}"),
                Language::En => format!("{count} {english} ago"),
            }
        };
        let ahead = |count: i64, one: [&str; 2], many: [&str; 2]| {
            let [french, english] = if count == 1 { one } else { many };
            match self.language {
                Language::Fr => format!("dans {count}\u{a0}{french}"),
                Language::En => format!("in {count} {english}"),
            }
        };
        let minutes = (["minute", "minute"], ["minutes", "minutes"]);
        let hours = (["heure", "hour"], ["heures", "hours"]);
        match seconds {
            0..MINUTE => match self.language {
                Language::Fr => "à l’instant".to_owned(),
                Language::En => "just now".to_owned(),
            },
            MINUTE..HOUR => ago(seconds / MINUTE, minutes.0, minutes.1),
            HOUR..DAY => ago(seconds / HOUR, hours.0, hours.1),
            _ if seconds < 0 && -seconds < HOUR => ahead((-seconds / MINUTE).max(1), minutes.0, minutes.1),
            _ if seconds < 0 && -seconds < DAY => ahead(-seconds / HOUR, hours.0, hours.1),
            _ => self.date_time(at),
        }
    }

    /// A `<time>` element: words for people, the exact moment for programs and on hovering.
    pub(crate) fn element(&self, at: Timestamp) -> String {
        format!("<time datetime=\"{at}\" title=\"{}\">{}</time>", self.date_time(at), self.words(at))
    }
}

/// A number with its thousands apart.
pub(crate) fn grouped(number: i64, language: Language) -> String {
    let digits = number.unsigned_abs().to_string();
    let separator = if language == Language::Fr { '\u{202f}' } else { ',' };
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 * 3 + 1);
    if number < 0 {
        text.push('−');
    }
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn when(language: Language) -> When {
        let zone = TimeZone::get("Europe/Paris").unwrap();
        When::new(language, Timestamp::parse("2026-11-22T13:37:00Z").unwrap(), &zone)
    }

    #[test]
    fn moments_read_as_people_say_them() {
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let (fr, en) = (when(Language::Fr), when(Language::En));
        assert_eq!(fr.date_time(at("2026-06-30T23:05:00Z")), "1er\u{a0}juillet 2026 à 1\u{a0}h\u{a0}05");
        assert_eq!(en.date_time(at("2026-06-30T23:05:00Z")), "1\u{a0}July 2026 at 01:05");
        for (text, french, english) in [
            ("2026-11-22T13:36:30Z", "à l’instant", "just now"),
            ("2026-11-22T13:36:00Z", "il y a 1\u{a0}minute", "1 minute ago"),
            ("2026-11-22T10:37:00Z", "il y a 3\u{a0}heures", "3 hours ago"),
            ("2026-11-22T15:37:00Z", "dans 2\u{a0}heures", "in 2 hours"),
            (
                "2026-11-20T10:37:00Z",
                "20\u{a0}novembre 2026 à 11\u{a0}h\u{a0}37",
                "20\u{a0}November 2026 at 11:37",
            ),
        ] {
            assert_eq!((fr.words(at(text)).as_str(), en.words(at(text)).as_str()), (french, english));
        }
        let far = Timestamp::from_millis(i64::MAX);
        assert!(fr.element(far).starts_with("<time"), "what has no date has its number");
    }

    #[test]
    fn spans_have_a_short_and_a_full_name() {
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let day = when(Language::Fr).span(at("2026-11-20T00:00:00Z"), UsageStep::Day);
        assert_eq!(
            (day.upper.as_str(), day.lower.as_str(), day.full.as_str()),
            ("ven.", "20", "vendredi 20\u{a0}novembre 2026")
        );
        assert_eq!(when(Language::En).span(at("2026-11-20T00:00:00Z"), UsageStep::Day).upper, "Fri");
        let hour = when(Language::Fr).span(at("2026-11-20T23:00:00Z"), UsageStep::Hour);
        assert_eq!((hour.upper.as_str(), hour.lower.as_str()), ("0\u{a0}h", ""), "in the portal's zone");
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(grouped(8_412_907, Language::Fr), "8\u{202f}412\u{202f}907");
        assert_eq!(grouped(-1_000, Language::En), "−1,000");
        assert_eq!(grouped(999, Language::En), "999");
        assert_eq!(grouped(i64::MIN, Language::En), "−9,223,372,036,854,775,808");
    }
}
