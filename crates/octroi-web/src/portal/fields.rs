//! Fields of forms: label, hint, what is wrong and what was typed, tied together for people who see and who do not.
//! A form that was wrong begins with a summary whose links lead to the fields.

use std::sync::{Arc, Mutex, PoisonError};

use askama::Template;

use super::shell::Shell;
use crate::field::FieldError;
use crate::form::Fields;

/// What a browser shows for a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Email,
    Password,
    Lines,
    File,
    Check,
}

/// One of the choices of a field.
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) label: String,
    pub(crate) hint: Option<String>,
}

/// A field. Written into a page by `{{ field|safe }}`: its own template escapes every value.
#[derive(Template)]
#[template(path = "parts/field.html")]
pub(crate) struct Field {
    name: &'static str,
    kind: Kind,
    label: String,
    hint: Option<String>,
    error: Option<String>,
    value: String,
    autocomplete: &'static str,
    required: bool,
    optional: Option<String>,
    max: u32,
    /// Media types of a file.
    accept: &'static str,
    checked: bool,
}

/// A field with choices: few are shown side by side, many in a list.
#[derive(Template)]
#[template(path = "parts/choices.html")]
pub(crate) struct Choices {
    name: &'static str,
    legend: String,
    hint: Option<String>,
    error: Option<String>,
    options: Vec<Choice>,
    chosen: Vec<String>,
    as_list: bool,
    /// Whether any number of them may be taken.
    several: bool,
}

/// What is wrong with a form, at its head.
#[derive(Template)]
#[template(path = "parts/summary.html")]
pub(crate) struct Summary<'a> {
    shell: &'a Shell,
    errors: Vec<FieldError>,
    /// Names of the fields that the form shows.
    shown: Vec<String>,
    labels: Labels,
}

/// What the fields of a form are called. Noted as they are made, which may be after the summary that names them.
type Labels = Arc<Mutex<Vec<(&'static str, String)>>>;

/// One thing that is wrong: where it leads, whose field it is, and what to do. One without a field leads nowhere.
struct Line {
    place: Option<String>,
    label: Option<String>,
    sentence: String,
}

/// A form as it is shown: empty, filled with what is there, or with what was typed and what is wrong with it.
pub(crate) struct FormState<'a> {
    shell: &'a Shell,
    values: Vec<(String, String)>,
    errors: Vec<FieldError>,
    labels: Labels,
}

impl Summary<'_> {
    fn lines(&self) -> Vec<Line> {
        let labels = self.labels.lock().unwrap_or_else(PoisonError::into_inner);
        let line = |error: &FieldError| {
            let is_shown = self.shown.contains(&error.field);
            let label = labels.iter().find(|(name, _)| is_shown && *name == error.field);
            Line {
                place: is_shown.then(|| format!("#{}", error.field)),
                label: label.map(|(_, label)| label.clone()),
                sentence: error.sentence(self.shell.language),
            }
        };
        self.errors.iter().map(line).collect()
    }
}

impl<'a> FormState<'a> {
    /// An empty form.
    pub(crate) fn new(shell: &'a Shell) -> Self {
        Self { shell, values: Vec::new(), errors: Vec::new(), labels: Labels::default() }
    }

    /// A form filled with what is there already.
    pub(crate) fn filled<const N: usize>(shell: &'a Shell, values: [(&str, &str); N]) -> Self {
        let values = values.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { shell, values, errors: Vec::new(), labels: Labels::default() }
    }

    /// A form that was sent and is wrong: it keeps all that was typed but passwords.
    pub(crate) fn wrong(shell: &'a Shell, sent: &Fields, errors: Vec<FieldError>) -> Self {
        Self { shell, values: sent.pairs().to_vec(), errors, labels: Labels::default() }
    }

    /// Whether something is wrong: the page's title says so.
    pub(crate) fn is_wrong(&self) -> bool {
        !self.errors.is_empty()
    }

    /// The value of `name`, as it was typed or is there.
    pub(crate) fn value(&self, name: &str) -> &str {
        self.values.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    fn all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s str> {
        self.values.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether something is wrong with `name`.
    pub(crate) fn is_about(&self, name: &str) -> bool {
        self.errors.iter().any(|error| error.field == name)
    }

    fn error(&self, name: &str) -> Option<String> {
        let error = self.errors.iter().find(|error| error.field == name)?;
        Some(error.sentence(self.shell.language))
    }

    /// What the field `name` is called: a sentence's id, noted for the summary.
    fn label(&self, name: &'static str, id: &str) -> String {
        let label = self.shell.say(id);
        self.labels.lock().unwrap_or_else(PoisonError::into_inner).push((name, label.clone()));
        label
    }

    /// A field with this name and the label `label`, a sentence's id.
    pub(crate) fn field(&self, name: &'static str, kind: Kind, label: &str) -> Field {
        let value = if matches!(kind, Kind::Password | Kind::File) { "" } else { self.value(name) };
        Field {
            name,
            kind,
            label: self.label(name, label),
            hint: None,
            error: self.error(name),
            checked: kind == Kind::Check && !value.is_empty(),
            value: value.to_owned(),
            autocomplete: "off",
            required: true,
            optional: None,
            max: 1_000,
            accept: "",
        }
    }

    /// The first name of a person.
    pub(crate) fn first_name(&self) -> Field {
        self.field("first_name", Kind::Text, "field-first-name").autocomplete("given-name").max(100)
    }

    /// The last name of a person.
    pub(crate) fn last_name(&self) -> Field {
        self.field("last_name", Kind::Text, "field-last-name").autocomplete("family-name").max(100)
    }

    /// A field with choices.
    pub(crate) fn choices(&self, name: &'static str, legend: &str, options: Vec<Choice>) -> Choices {
        Choices {
            name,
            legend: self.label(name, legend),
            hint: None,
            error: self.error(name),
            options,
            chosen: self.all(name).map(str::to_owned).collect(),
            as_list: false,
            several: false,
        }
    }

    /// What is wrong, with links to the fields that the form shows: `shown` names them.
    pub(crate) fn summary(&self, shown: &[&str]) -> Summary<'a> {
        // In the order of the page; what stands at no field comes last.
        let place =
            |error: &FieldError| shown.iter().position(|name| *name == error.field).unwrap_or(shown.len());
        let mut errors = self.errors.clone();
        errors.sort_by_key(place);
        let shown = shown.iter().map(|name| (*name).to_owned()).collect();
        Summary { shell: self.shell, errors, shown, labels: Arc::clone(&self.labels) }
    }
}

impl Field {
    /// With a sentence of help.
    pub(crate) fn hint(mut self, shell: &Shell, id: &str) -> Self {
        self.hint = Some(shell.say(id));
        self
    }

    /// May be left empty: the label says so.
    pub(crate) fn optional(mut self, shell: &Shell) -> Self {
        self.required = false;
        self.optional = Some(shell.say("form-optional-mark"));
        self
    }

    /// What browsers may fill in (HTML, 4.10.18.7).
    pub(crate) fn autocomplete(mut self, purpose: &'static str) -> Self {
        self.autocomplete = purpose;
        self
    }

    /// The most characters.
    pub(crate) fn max(mut self, characters: u32) -> Self {
        self.max = characters;
        self
    }

    /// Media types that a file may have.
    pub(crate) fn accept(mut self, types: &'static str) -> Self {
        self.accept = types;
        self
    }

    /// The ids that describe the field.
    fn described(&self) -> String {
        let hint = self.hint.as_ref().map(|_| format!("{}-hint", self.name));
        let error = self.error.as_ref().map(|_| format!("{}-error", self.name));
        hint.into_iter().chain(error).collect::<Vec<_>>().join(" ")
    }

    /// Whether what is typed is no prose: a browser neither corrects nor capitalises it.
    fn is_plain(&self) -> bool {
        matches!(self.autocomplete, "username" | "email" | "current-password" | "new-password")
    }

    fn kind_word(&self) -> &'static str {
        match self.kind {
            Kind::Email => "email",
            Kind::Password => "password",
            Kind::File => "file",
            Kind::Text | Kind::Lines | Kind::Check => "text",
        }
    }
}

impl Choices {
    /// With a sentence of help.
    pub(crate) fn hint(mut self, shell: &Shell, id: &str) -> Self {
        self.hint = Some(shell.say(id));
        self
    }

    /// As a list that unfolds.
    pub(crate) fn unfolding(mut self) -> Self {
        self.as_list = true;
        self
    }

    /// Of which any number may be taken.
    pub(crate) fn several(mut self) -> Self {
        self.several = true;
        self
    }

    /// Chosen where nothing was.
    pub(crate) fn usually(mut self, value: &str) -> Self {
        if self.chosen.iter().all(String::is_empty) {
            self.chosen = vec![value.to_owned()];
        }
        self
    }

    fn is_chosen(&self, value: &str) -> bool {
        self.chosen.iter().any(|chosen| chosen == value)
    }

    fn kind_word(&self) -> &'static str {
        if self.several { "checkbox" } else { "radio" }
    }
}
