//! A browser as far as pages need one: it keeps cookies, sends forms and holds every page against what all pages promise.

use std::collections::BTreeMap;

use http::Method;
use octroi_testkit::PASSWORD;

use crate::door::{Answer, Ask, Door};

/// A browser at a door.
pub(crate) struct Browser<'d> {
    door: &'d Door,
    cookies: BTreeMap<String, String>,
    /// Headers of every request.
    pub(crate) headers: Vec<(&'static str, String)>,
}

/// What the browser shows or is told.
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) text: String,
    /// Where a redirect leads.
    pub(crate) location: String,
    pub(crate) answer: Answer,
}

impl<'d> Browser<'d> {
    pub(crate) fn new(door: &'d Door) -> Self {
        Self { door, cookies: BTreeMap::new(), headers: Vec::new() }
    }

    /// A browser in which the person with this identifier has signed in.
    pub(crate) async fn signed_in(door: &'d Door, identifier: &str) -> Self {
        let mut browser = Self::new(door);
        let page = browser.post("/sign-in", &[("login", identifier), ("password", PASSWORD)]).await;
        assert_eq!(page.status, 303, "{}", page.text);
        browser
    }

    /// In English.
    pub(crate) fn in_english(mut self) -> Self {
        self.headers.push(("accept-language", "en".to_owned()));
        self
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    pub(crate) fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    pub(crate) async fn get(&mut self, path: &str) -> Page {
        self.send(Ask::get(path)).await
    }

    /// Sends a form from one of our own pages.
    pub(crate) async fn post(&mut self, path: &str, pairs: &[(&str, &str)]) -> Page {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let ask = Ask::new(Method::POST, path).bytes("application/x-www-form-urlencoded", body);
        self.send(ask.with("sec-fetch-site", "same-origin")).await
    }

    /// Sends the form of a last look: what was looked at goes with it.
    pub(crate) async fn confirm(&mut self, place: &str, pairs: &[(&str, &str)]) -> Page {
        let seen = self.get(place).await.value("seen");
        let path = place.split('?').next().unwrap();
        let pairs: Vec<_> = pairs.iter().copied().chain([("seen", seen.as_str())]).collect();
        self.post(path, &pairs).await
    }

    /// Sends a form with a file, as browsers do.
    pub(crate) async fn post_file(
        &mut self,
        path: &str,
        pairs: &[(&str, &str)],
        file: (&str, &str, &[u8]),
    ) -> Page {
        let mut body = Vec::new();
        for (name, value) in pairs {
            let head =
                format!("--edge\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            body.extend(head.into_bytes());
        }
        let (name, media, bytes) = file;
        let head = format!(
            "--edge\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"picture\"\r\n\
             content-type: {media}\r\n\r\n"
        );
        body.extend(head.into_bytes());
        body.extend(bytes);
        body.extend(b"\r\n--edge--\r\n");
        let ask = Ask::new(Method::POST, path).bytes("multipart/form-data; boundary=edge", body);
        self.send(ask.with("sec-fetch-site", "same-origin")).await
    }

    pub(crate) async fn send(&mut self, mut ask: Ask) -> Page {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            ask = ask.with("cookie", cookies.join("; "));
        }
        ask.headers.extend(self.headers.iter().cloned());
        let said = format!("{} {}", ask.method, ask.path);
        let answer = self.door.raw(ask).await;
        for line in answer.headers.get_all("set-cookie") {
            let line = line.to_str().unwrap();
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let page = Page {
            status: answer.status.as_u16(),
            text: answer.text(),
            location: answer.header("location").to_owned(),
            answer,
        };
        if page.answer.header("content-type").starts_with("text/html") {
            page.keeps_promises(&said);
        }
        page
    }

    /// Sends what a redirect leads to, as browsers do.
    pub(crate) async fn follow(&mut self, page: Page) -> Page {
        assert_eq!(page.status, 303, "{}", page.text);
        let place = page.location.split('#').next().unwrap_or_default().to_owned();
        self.get(&place).await
    }
}

/// What stands before the id of a sentence that has no text, where a page shows one.
const fn locale_gap() -> &'static str {
    "⁇"
}

impl Page {
    /// What holds for every page of the portal.
    #[track_caller]
    fn keeps_promises(&self, said: &str) {
        let (text, policy) = (&self.text, self.answer.header("content-security-policy"));
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{said}: {policy}");
        let inline =
            text.match_indices("<script").any(|(at, _)| !text[at..].starts_with("<script src=\"/assets/"));
        assert!(!inline, "{said} holds a script of its own");
        assert!(!text.contains(" style=") && !text.contains("<style"), "{said} holds a style of its own");
        assert!(!text.contains(" onclick") && !text.contains("javascript:"), "{said}");
        assert_eq!(text.matches("<h1").count(), 1, "{said} has one heading of the first level: {text}");
        assert!(
            !text.contains("{$") && !text.contains("{ $"),
            "{said} says a sentence that is not filled: {text}"
        );
        assert!(text.contains("<html lang=\"fr\">") || text.contains("<html lang=\"en\">"), "{said}");
        assert!(!text.contains(locale_gap()), "{said} shows the id of a sentence: {text}");
    }

    /// The page, with this status.
    #[track_caller]
    pub(crate) fn shows(&self, status: u16, what: &str) -> &Self {
        assert_eq!(self.status, status, "{}", self.text);
        assert!(self.text.contains(what), "{what:?} is not in {}", self.text);
        self
    }

    /// The value of the field `name`, hidden or not.
    #[track_caller]
    pub(crate) fn value(&self, name: &str) -> String {
        let at = self.text.find(&format!("name=\"{name}\"")).unwrap_or_else(|| panic!("no field {name}"));
        let tag = &self.text[at..at + self.text[at..].find('>').unwrap()];
        let value = tag.split("value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
        value
            .replace("&#34;", "\"")
            .replace("&#39;", "'")
            .replace("&#60;", "<")
            .replace("&#62;", ">")
            .replace("&#38;", "&")
    }
}
