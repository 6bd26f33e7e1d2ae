//! What surrounds every page: language, navigation, the person who signed in, a notice of what was just done.

use std::borrow::Cow;

use octroi_app::mail::pages;
use octroi_app::usage::UsageStep;
use octroi_domain::account::PortalRole;
use octroi_domain::api::Language;
use octroi_domain::organization::Role;
use octroi_domain::time::Timestamp;

use super::visitor::Visitor;
use super::when::{SpanName, When};
use super::{answer, assets};
use crate::locale;
use crate::markdown::{self, PREFIX, Rendered, Setting};

/// The part of the portal that a page belongs to: its place in the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Home,
    Dashboard,
    Catalogue,
    Applications,
    Documentation,
    Provider,
    Partners,
    Operator,
    Account,
    SignIn,
    /// None of those in the navigation.
    Elsewhere,
}

/// A link of the navigation.
pub(crate) struct NavLink {
    pub(crate) label: String,
    pub(crate) href: &'static str,
    pub(crate) current: bool,
}

/// See the module.
pub(crate) struct Shell {
    /// The page's language.
    pub(crate) language: Language,
    /// The same page in the other language.
    pub(crate) other: String,
    pub(crate) nav: Vec<NavLink>,
    /// The name of whoever signed in.
    pub(crate) person: Option<String>,
    /// What was just done, in words.
    pub(crate) notice: Option<String>,
    /// Whether this is the demo, with fictitious people and data.
    pub(crate) demo: bool,
    pub(crate) section: Section,
    /// Where one signs in, and comes back from.
    pub(crate) sign_in: String,
    /// Whether the operator says how accessible the portal is.
    pub(crate) accessibility_is_stated: bool,
    when: When,
}

impl Shell {
    pub(super) fn new(visitor: &Visitor, section: Section) -> Self {
        let language = visitor.language();
        let account = visitor.signed_in().ok().map(|person| &person.account);
        let notice = visitor.query("notice").filter(|id| id.starts_with("notice-"));
        Self {
            language,
            other: other_language(visitor, language),
            nav: navigation(visitor, section),
            person: account.map(|account| format!("{} {}", account.first_name, account.last_name)),
            notice: notice.and_then(|id| locale::find(language, &id, &[])),
            demo: visitor.options().demo.is_some(),
            section,
            sign_in: sign_in(visitor, section),
            accessibility_is_stated: visitor
                .options()
                .texts
                .0
                .keys()
                .any(|(page, _)| page == "accessibility"),
            when: When::new(language, visitor.app().now(), &visitor.options().time_zone),
        }
    }

    /// The language as HTML names it.
    pub(crate) fn lang(&self) -> &'static str {
        self.language.code()
    }

    /// A sentence.
    pub(crate) fn say(&self, id: &str) -> String {
        locale::text(self.language, id, &[])
    }

    /// A sentence with one value in it.
    pub(crate) fn fill(&self, id: &str, name: &str, value: impl std::fmt::Display) -> String {
        locale::text(self.language, id, &[(name, Cow::from(value.to_string()))])
    }

    /// A sentence with several values in it.
    pub(crate) fn fill_all(&self, id: &str, values: &locale::Arguments<'_>) -> String {
        locale::text(self.language, id, values)
    }

    /// A sentence with a number, `$count`, in it.
    pub(crate) fn count(&self, id: &str, count: &i64) -> String {
        locale::text(self.language, id, &[("count", Cow::from(count.to_string()))])
    }

    /// A sentence with a number in it: `$count` to tell one from many, `$shown` with its thousands apart.
    pub(crate) fn amount(&self, id: &str, count: &(impl Copy + TryInto<i64>)) -> String {
        let count: i64 = (*count).try_into().unwrap_or(i64::MAX);
        let shown = self.number(&count);
        locale::text(self.language, id, &[("count", count.to_string().into()), ("shown", shown.into())])
    }

    /// A number with its thousands apart: `8 412 907`, `8,412,907`.
    pub(crate) fn number(&self, number: &i64) -> String {
        super::when::grouped(*number, self.language)
    }

    /// A moment, relative while it is fresh, else its date: a `<time>` element.
    pub(crate) fn moment(&self, at: &Timestamp) -> String {
        self.when.element(*at)
    }

    /// A moment's date and time as plain text, for sentences.
    pub(crate) fn date_time(&self, at: &Timestamp) -> String {
        self.when.date_time(*at)
    }

    /// A moment's date as plain text.
    pub(crate) fn date(&self, at: &Timestamp) -> String {
        self.when.date(*at)
    }

    /// What a span of usage is called.
    pub(crate) fn span(&self, start: &Timestamp, step: UsageStep) -> SpanName {
        self.when.span(*start, step)
    }

    /// Where the file `name` is that pages load.
    pub(crate) fn asset(&self, name: &str) -> String {
        assets::url(name)
    }

    /// Somebody's Markdown as safe HTML, its highest headings of level `top`; `title` is what the page says above it.
    pub(crate) fn markdown(&self, text: &str, top: u8, title: &str) -> Rendered {
        let (table_label, code_label) = (self.say("markdown-table"), self.say("markdown-code"));
        let setting =
            Setting { top, prefix: PREFIX, title, table_label: &table_label, code_label: &code_label };
        markdown::render(text, &setting)
    }

    /// Whether the page is in this part.
    pub(crate) fn is_sign_in(&self) -> bool {
        self.section == Section::SignIn
    }
}

/// Where one signs in: whoever comes from a page other than the home goes back there.
fn sign_in(visitor: &Visitor, section: Section) -> String {
    match section {
        Section::Home => pages::SIGN_IN.to_owned(),
        _ if !visitor.is_on_page() => pages::SIGN_IN.to_owned(),
        _ => answer::address(pages::SIGN_IN, "next", &visitor.uri().to_string()),
    }
}

/// The address of the same page in the other language; the home's where this is the answer to a form without a page.
fn other_language(visitor: &Visitor, language: Language) -> String {
    let other = if language == Language::Fr { Language::En } else { Language::Fr };
    if !visitor.is_on_page() {
        return answer::address("/", "lang", other.code());
    }
    let uri = visitor.uri();
    let pairs = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs.filter(|(name, _)| name != "lang" && name != "notice"))
        .append_pair("lang", other.code())
        .finish();
    format!("{}?{query}", uri.path())
}

fn navigation(visitor: &Visitor, section: Section) -> Vec<NavLink> {
    let link = |of: Section, id: &str, href| NavLink {
        label: locale::text(visitor.language(), id, &[]),
        href,
        current: of == section,
    };
    let mut links = match visitor.signed_in() {
        Ok(_) => vec![link(Section::Dashboard, "nav-dashboard", "/dashboard")],
        Err(_) => vec![link(Section::Home, "nav-home", "/")],
    };
    links.push(link(Section::Catalogue, "nav-catalogue", "/apis"));
    if visitor.signed_in().is_ok() {
        links.push(link(Section::Applications, "nav-applications", "/applications"));
    }
    links.push(link(Section::Documentation, "nav-documentation", "/documentation"));
    if provides(visitor) {
        links.push(link(Section::Provider, "nav-provider", "/provider"));
    }
    if visitor.actor().has(PortalRole::Officer) {
        links.push(link(Section::Partners, "nav-partners", "/partners"));
    }
    if visitor.actor().has(PortalRole::Admin) {
        links.push(link(Section::Operator, "nav-operator", "/admin"));
    }
    links
}

/// Whether the person belongs to an organization other than the personal one: one that may provide APIs.
fn provides(visitor: &Visitor) -> bool {
    let octroi_domain::actor::Actor::Person(person) = visitor.actor() else { return false };
    person.memberships.iter().any(|(id, role)| *id != person.organization_id && *role >= Role::Viewer)
}
