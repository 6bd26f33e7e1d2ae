//! The steps of a form as an arcade: those that are done are links.

use askama::Template;

use crate::portal::shell::Shell;

/// One step.
pub(super) struct Step {
    pub(super) label: String,
    /// Where it is, once it can be gone to.
    pub(super) href: Option<String>,
}

/// The arcade. Written into a page by `{{ steps|safe }}`.
#[derive(Template)]
#[template(path = "work/steps.html")]
pub(super) struct Steps<'a> {
    shell: &'a Shell,
    steps: Vec<Step>,
    /// The present step's place, from 0.
    at: usize,
}

impl<'a> Steps<'a> {
    pub(super) fn new(shell: &'a Shell, steps: Vec<Step>, at: usize) -> Self {
        Self { shell, steps, at }
    }

    fn count(&self) -> String {
        let (at, all) = ((self.at + 1).to_string(), self.steps.len().to_string());
        self.shell.fill_all("steps-count", &[("at", at.into()), ("all", all.into())])
    }
}
