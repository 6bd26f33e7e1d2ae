//! A page for each problem code: where a problem document's `type` leads.

use askama::Template;

use super::answer;
use super::gate::PageResult;
use super::path::Name;
use super::route::{Access, PageRow, get};
use super::shell::{Section, Shell};
use super::visitor::Visitor;
use crate::locale;
use crate::problem::{Problem, ProblemCode};

pub(super) fn pages() -> Vec<PageRow> {
    vec![get("/problems/{code}", Access::Anybody, explain)]
}

#[derive(Template)]
#[template(path = "problem.html")]
struct Explanation<'a> {
    shell: &'a Shell,
    status: u16,
    code: &'static str,
    title: String,
    text: String,
}

async fn explain(visitor: Visitor, Name(code): Name) -> PageResult {
    let known = ProblemCode::from_code(&code).ok_or_else(|| Problem::new(ProblemCode::NotFound))?;
    let shell = visitor.shell(Section::Documentation);
    let title = shell.say(known.code());
    let general = locale::find(shell.language, &format!("{}.general", known.code()), &[]);
    let text = general.unwrap_or_else(|| shell.say(&format!("{}.detail", known.code())));
    let (status, code) = (known.status().as_u16(), known.code());
    answer::ok(&shell, &Explanation { shell: &shell, status, code, title, text })
}
