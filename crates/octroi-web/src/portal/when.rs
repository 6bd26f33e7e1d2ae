//! Moments and numbers as people read them, in two languages and one time zone.

use jiff::tz::TimeZone;
use jiff::{Timestamp as Instant, Zoned};
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

    /// A time of the day: `14 h 37`, `14:37`.
    pub(crate) fn clock(&self, at: Timestamp) -> String {
        let Some(z) = self.zoned(at) else { return at.to_string() };
        match self.language {
            Language::Fr => format!("{}\u{a0}h\u{a0}{:02}", z.hour(), z.minute()),
            Language::En => format!("{:02}:{:02}", z.hour(), z.minute()),
        }
    }

    /// The date that it is in UTC, where counts of a day are kept.
    pub(crate) fn utc_date(&self, at: Timestamp) -> String {
        Self { zone: TimeZone::UTC, ..*self }.date(at)
    }

    /// The same, in few letters: `22/11`, `22 Nov`.
    pub(crate) fn utc_day(&self, at: Timestamp) -> String {
        let Ok(instant) = Instant::from_millisecond(at.as_millis()) else { return at.to_string() };
        let z = instant.to_zoned(TimeZone::UTC);
        match self.language {
            Language::Fr => format!("{:02}/{:02}", z.day(), z.month()),
            Language::En => {
                let month = MONTHS_EN[usize::try_from(z.month() - 1).unwrap_or(0).min(11)];
                format!("{} {}", z.day(), &month[..3])
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
    fn days_of_counts_are_those_of_utc() {
        let at = Timestamp::parse("2026-11-30T23:05:00Z").unwrap();
        let (fr, en) = (when(Language::Fr), when(Language::En));
        assert_eq!((fr.clock(at).as_str(), en.clock(at).as_str()), ("0\u{a0}h\u{a0}05", "00:05"));
        assert_eq!((fr.utc_day(at).as_str(), en.utc_day(at).as_str()), ("30/11", "30 Nov"));
        assert_eq!(fr.utc_date(at), "30\u{a0}novembre 2026");
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(grouped(8_412_907, Language::Fr), "8\u{202f}412\u{202f}907");
        assert_eq!(grouped(-1_000, Language::En), "−1,000");
        assert_eq!(grouped(999, Language::En), "999");
        assert_eq!(grouped(i64::MIN, Language::En), "−9,223,372,036,854,775,808");
    }
}
