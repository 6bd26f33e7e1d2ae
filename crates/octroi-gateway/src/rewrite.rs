//! Leads the addresses in an answer back through the gateway, for upstreams that write their own into what they say. A
//! body is rewritten as it passes: what could be the beginning of an address is held until the next piece comes.

use http::HeaderValue;
use http::header::{
    ACCEPT_ENCODING, ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_LOCATION, CONTENT_TYPE, ETAG,
    HeaderName, IF_RANGE, LOCATION, RANGE,
};
use memchr::memmem;
use octroi_policy::catalogue::{Rewriting, Target};

use crate::lines::HeaderLines;

/// Checksums of bodies: they do not hold for what is rewritten.
static DIGESTS: [HeaderName; 4] = [
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("repr-digest"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("content-md5"),
];

/// What every address begins with.
const BEGINNING: &[u8] = b"http";

/// Asks for a whole body that can be read.
pub(crate) fn ask_plainly(headers: &mut impl HeaderLines) {
    headers.put(&ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers.remove(&RANGE);
    headers.remove(&IF_RANGE);
}

/// An address, and what stands for it.
struct Rule {
    from: Vec<u8>,
    to: Vec<u8>,
}

/// A body's way through.
pub(crate) struct Rewriter {
    /// The longest first: an address may begin with another.
    rules: Vec<Rule>,
    held: Vec<u8>,
}

/// What stands at a place of the text.
enum Found {
    /// An address, this long, and what stands for it.
    Address(usize, usize),
    /// Too little to tell.
    Beginning,
    Nothing,
}

impl Rewriter {
    /// `public`: what the addresses begin with as the caller knows them, without a slash at its end.
    pub(crate) fn new(rewriting: &Rewriting, target: &Target, public: &str) -> Self {
        let addresses = rewriting.addresses.iter().chain([&target.base_url]);
        let rule = |address: &String, slash: &str| Rule {
            from: address.replace('/', slash).into_bytes(),
            to: public.replace('/', slash).into_bytes(),
        };
        // In JSON a slash may be written with a reverse one before it (RFC 8259, 7).
        let mut rules: Vec<Rule> = addresses.flat_map(|a| [rule(a, "/"), rule(a, "\\/")]).collect();
        rules.sort_by_key(|rule| std::cmp::Reverse(rule.from.len()));
        Self { rules, held: Vec::new() }
    }

    /// Leads the addresses in an answer's headers back, and takes out of them what does not hold for a body that is
    /// rewritten. Tells whether this one is.
    pub(crate) fn prepare(&self, rewriting: &Rewriting, status: u16, headers: &mut impl HeaderLines) -> bool {
        for name in [&LOCATION, &CONTENT_LOCATION] {
            if let Some(led) = headers.value(name, 0).and_then(|address| self.whole(address)) {
                headers.put(name, led);
            }
        }
        let text = |name| headers.value(name, 0).and_then(|value| std::str::from_utf8(value).ok());
        let readable =
            text(&CONTENT_ENCODING).is_none_or(|encoding| encoding.eq_ignore_ascii_case("identity"));
        let fits = readable
            && status != 206
            && text(&CONTENT_LENGTH).is_none_or(|length| length.bytes().any(|digit| digit != b'0'))
            && text(&CONTENT_TYPE).is_some_and(|kind| rewriting.reads(kind));
        if fits {
            // A weak tag names what is said, not its bytes (RFC 9110, 8.8.3): that stays.
            if headers.value(&ETAG, 0).is_some_and(|tag| !tag.starts_with(b"W/")) {
                headers.remove(&ETAG);
            }
            headers.remove(&CONTENT_LENGTH);
            headers.remove(&ACCEPT_RANGES);
            DIGESTS.iter().for_each(|name| headers.remove(name));
        }
        fits
    }

    /// A header's value, where it is one of the addresses.
    fn whole(&self, address: &[u8]) -> Option<HeaderValue> {
        match self.at(address, true) {
            Found::Address(length, rule) => {
                HeaderValue::from_bytes(&[&self.rules[rule].to, &address[length..]].concat()).ok()
            }
            _ => None,
        }
    }

    /// Takes a piece of the body. What can be sent on is added to `out`.
    pub(crate) fn pass(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        if self.held.is_empty() {
            self.held = self.rewrite(piece, false, out);
        } else {
            let mut whole = std::mem::take(&mut self.held);
            whole.extend_from_slice(piece);
            self.held = self.rewrite(&whole, false, out);
        }
    }

    /// The body has ended: adds what was held to `out`.
    pub(crate) fn end(&mut self, out: &mut Vec<u8>) {
        let held = std::mem::take(&mut self.held);
        self.rewrite(&held, true, out);
    }

    /// Gives back what can be judged only when more has come: less than the longest address.
    fn rewrite(&self, bytes: &[u8], last: bool, out: &mut Vec<u8>) -> Vec<u8> {
        let mut rest = bytes;
        while let Some(at) = memmem::find(rest, BEGINNING) {
            out.extend_from_slice(&rest[..at]);
            rest = &rest[at..];
            match self.at(rest, last) {
                Found::Address(length, rule) => {
                    out.extend_from_slice(&self.rules[rule].to);
                    rest = &rest[length..];
                }
                Found::Beginning => return rest.to_vec(),
                Found::Nothing => {
                    out.extend_from_slice(BEGINNING);
                    rest = &rest[BEGINNING.len()..];
                }
            }
        }
        let held = if last {
            0
        } else {
            (1..BEGINNING.len()).rev().find(|n| rest.ends_with(&BEGINNING[..*n])).unwrap_or(0)
        };
        let (sent, held) = rest.split_at(rest.len() - held);
        out.extend_from_slice(sent);
        held.to_vec()
    }

    fn at(&self, bytes: &[u8], last: bool) -> Found {
        for (i, Rule { from, .. }) in self.rules.iter().enumerate() {
            match bytes.strip_prefix(from.as_slice()).map(<[u8]>::first) {
                Some(Some(next)) if !goes_on(*next) => return Found::Address(from.len(), i),
                Some(None) if last => return Found::Address(from.len(), i),
                Some(None) => return Found::Beginning,
                None if !last && from.starts_with(bytes) => return Found::Beginning,
                _ => {}
            }
        }
        Found::Nothing
    }
}

/// Whether an address that goes on with this is another one: of a longer name, port or segment.
fn goes_on(next: u8) -> bool {
    next.is_ascii_alphanumeric() || b"-._~%:@!$*+=".contains(&next)
}

#[cfg(test)]
mod tests {
    use octroi_domain::api::{self, Upstream};
    use proptest::prelude::*;

    use super::*;

    fn rewriting(addresses: &[&str]) -> Rewriting {
        let source: api::Rewriting =
            serde_json::from_value(serde_json::json!({"addresses": addresses})).unwrap();
        Rewriting::compile(&source)
    }

    fn rewriter() -> Rewriter {
        let upstream: Upstream =
            serde_json::from_value(serde_json::json!({"url": "https://fhir.intern.fr/v2/"})).unwrap();
        let target = Target::compile(&upstream).unwrap();
        let further = ["http://annuaire.fr/fhir", "http://annuaire.fr/fhir/v2"];
        Rewriter::new(&rewriting(&further), &target, "https://portail.fr/fhir/v2")
    }

    fn through(pieces: &[&[u8]]) -> String {
        let (mut rewriter, mut out) = (rewriter(), Vec::new());
        for piece in pieces {
            rewriter.pass(piece, &mut out);
        }
        rewriter.end(&mut out);
        String::from_utf8(out).unwrap()
    }

    const BEFORE: &str = r#"{"next":"https://fhir.intern.fr/v2/Practitioner?_count=2","self":"https://fhir.intern.fr/v2","escaped":"https:\/\/fhir.intern.fr\/v2\/a","own":"http://annuaire.fr/fhir/v2/b","shorter":"http://annuaire.fr/fhir?c","others":["https://fhir.intern.fr/v20/a","https://fhir.intern.fr.evil.fr/v2","https://fhir.intern.fr:8443/v2/a","http://annuaire.fr/fhir-x","http","htt"]}"#;
    const AFTER: &str = r#"{"next":"https://portail.fr/fhir/v2/Practitioner?_count=2","self":"https://portail.fr/fhir/v2","escaped":"https:\/\/portail.fr\/fhir\/v2\/a","own":"https://portail.fr/fhir/v2/b","shorter":"https://portail.fr/fhir/v2?c","others":["https://fhir.intern.fr/v20/a","https://fhir.intern.fr.evil.fr/v2","https://fhir.intern.fr:8443/v2/a","http://annuaire.fr/fhir-x","http","htt"]}"#;

    #[test]
    fn its_own_addresses_are_led_back_and_others_stay() {
        assert_eq!(through(&[BEFORE.as_bytes()]), AFTER);
        assert_eq!(through(&[b"https://fhir.intern.fr/v2"]), "https://portail.fr/fhir/v2");
        assert_eq!(through(&[b"ht", b"tp"]), "http");
    }

    proptest! {
        #[test]
        fn it_does_not_matter_how_a_body_is_cut(cuts in proptest::collection::vec(0..BEFORE.len(), 0..40)) {
            let mut cuts = cuts;
            cuts.sort_unstable();
            let mut from = 0;
            let mut pieces = Vec::new();
            for cut in cuts.into_iter().chain([BEFORE.len()]) {
                pieces.push(&BEFORE.as_bytes()[from..cut]);
                from = cut;
            }
            prop_assert_eq!(through(&pieces), AFTER);
        }

        #[test]
        fn whatever_comes_passes_and_little_is_held(body in proptest::collection::vec(any::<u8>(), 0..500)) {
            let (mut rewriter, mut out) = (rewriter(), Vec::new());
            for byte in &body {
                rewriter.pass(&[*byte], &mut out);
                prop_assert!(rewriter.held.len() <= 40);
            }
            rewriter.end(&mut out);
            prop_assert_eq!(out, body);
        }
    }
}
