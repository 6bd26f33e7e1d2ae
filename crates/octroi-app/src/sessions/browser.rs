//! The browser and the system that a `User-Agent` names, as far as people tell them apart. A browser says what it likes:
//! this is for recognising one's own, and decides nothing.

/// Browsers by what gives them away. Most name others too, which therefore come later.
const BROWSERS: [(&str, &str); 13] = [
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
];

/// Systems by what gives them away, in the same manner.
const SYSTEMS: [(&str, &str); 9] = [
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPod", "iOS"),
    ("iPad", "iPadOS"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
];

/// The browser's name, where it is known.
pub(super) fn family(agent: &str) -> Option<&'static str> {
    named(&BROWSERS, agent)
}

/// Browser and system in short: `Firefox, Linux`. Nothing where neither is known.
pub(super) fn label(agent: &str) -> Option<String> {
    let known: Vec<&str> = family(agent).into_iter().chain(named(&SYSTEMS, agent)).collect();
    (!known.is_empty()).then(|| known.join(", "))
}

fn named(all: &[(&str, &'static str)], agent: &str) -> Option<&'static str> {
    all.iter().find(|(sign, _)| agent.contains(sign)).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_recognise_their_browsers() {
        let blink = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0";
        for (agent, expected) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
                Some("Firefox, Linux"),
            ),
            (
                &*format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) {blink} Safari/537.36 Edg/130.0.0.0"),
                Some("Edge, Windows"),
            ),
            (
                &*format!("Mozilla/5.0 (Linux; Android 10; K) {blink} Mobile Safari/537.36"),
                Some("Chrome, Android"),
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
                Some("Safari, iOS"),
            ),
            ("curl/8.5.0", Some("curl")),
            ("<script>", None),
            ("", None),
        ] {
            assert_eq!(label(agent).as_deref(), expected, "{agent}");
        }
    }
}
