//! A living style page: every component, built from the parts that pages are built of, in either theme.

use askama::Template;
use http::StatusCode;
use octroi_domain::time::Timestamp;

use super::answer;
use super::fields::{Choice, Choices, Field, FormState, Kind, Summary};
use super::gate::PageResult;
use super::route::{Access, PageRow, get};
use super::shell::{Section, Shell};
use super::visitor::Visitor;
use crate::field::FieldError;
use crate::form::Fields;

const STYLE: &str = "/style";

pub(super) fn pages() -> Vec<PageRow> {
    vec![get(STYLE, Access::Anybody, show)]
}

/// A theme that can be looked at, whatever the browser prefers.
struct Theme {
    name: &'static str,
    label: &'static str,
}

const THEMES: [Theme; 2] =
    [Theme { name: "light", label: "style-light" }, Theme { name: "dark", label: "style-dark" }];

#[derive(Template)]
#[template(path = "style.html")]
struct StylePage<'a> {
    shell: &'a Shell,
    /// The theme asked for; the browser's own where none is.
    theme: Option<&'static str>,
    summary: Summary<'a>,
    text: Field,
    wrong: Field,
    password: Field,
    lines: Field,
    file: Field,
    check: Field,
    radios: Choices,
    boxes: Choices,
    list: Choices,
    step: u8,
    now: Timestamp,
    /// Figures to show.
    few: i64,
    many: i64,
    prose: String,
}

async fn show(visitor: Visitor) -> PageResult {
    let asked = visitor.query("theme").unwrap_or_default();
    let theme = THEMES.iter().map(|theme| theme.name).find(|name| *name == asked);
    let shell = visitor.shell(Section::Elsewhere);
    let typed = Fields::default();
    let form = FormState::wrong(&shell, &typed, vec![FieldError::differs("wrong")]);
    let options = || {
        [
            ("viewer", "role-viewer", "role-viewer-hint"),
            ("developer", "role-developer", "role-developer-hint"),
        ]
        .map(|(value, label, hint)| Choice {
            value: value.to_owned(),
            label: shell.say(label),
            hint: Some(shell.say(hint)),
        })
        .into()
    };
    let page = StylePage {
        shell: &shell,
        theme,
        summary: form.summary(&["wrong"]),
        text: form
            .field("text", Kind::Text, "field-identifier")
            .hint(&shell, "field-identifier-hint")
            .optional(&shell),
        wrong: form.field("wrong", Kind::Password, "field-password-again"),
        password: form
            .field("password", Kind::Password, "field-password")
            .hint(&shell, "field-password-hint"),
        lines: form.field("lines", Kind::Lines, "style-lines").optional(&shell),
        file: form.field("file", Kind::File, "style-file").accept("image/png").optional(&shell),
        check: form.field("check", Kind::Check, "field-remember").optional(&shell),
        radios: form.choices("radios", "members-role", options()).usually("developer"),
        boxes: form.choices("boxes", "tokens-scopes", options()).several().usually("viewer"),
        list: form.choices("list", "account-language", options()).unfolding(),
        step: 2,
        now: visitor.app().now(),
        few: 12,
        many: 8_412_907,
        prose: shell.markdown(&shell.say("style-prose"), 3, "").html,
    };
    Ok(answer::page(StatusCode::OK, shell.language, &page))
}

impl StylePage<'_> {
    fn themes(&self) -> &'static [Theme] {
        &THEMES
    }

    fn is_shown(&self, theme: &Theme) -> bool {
        self.theme == Some(theme.name)
    }
}
