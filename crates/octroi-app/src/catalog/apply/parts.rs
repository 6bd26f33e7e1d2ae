//! The difference between a document's plans and pages and those in the database.

use octroi_domain::api::Api;
use octroi_domain::page::Page;
use octroi_domain::plan::{Plan, PlanState};
use serde_json::{Value, json};

use super::diff::{self, FieldDiff};
use super::{ApplyOptions, ChangeLine, Op};
use crate::AppError;

/// Something to write, once everything is known to be right.
pub(super) enum Write {
    InsertPlan(Plan, i64),
    SavePlan(Plan, i64),
    /// Removes the plan, or closes it where anybody ever subscribed under it.
    DropPlan(Plan, i64),
    SavePage(Page),
    RemovePage(Page),
}

/// An API as the report shows it.
pub(super) fn shown_api(api: &Api) -> Value {
    json!({
        "name": api.name,
        "state": api.state,
        "listing": api.listing,
        "presentation": api.presentation,
        "gateway": api.gateway,
        "terms": api.terms,
    })
}

/// A plan at its place as the report shows it.
fn shown_plan(plan: &Plan, position: usize) -> Result<Value, AppError> {
    let mut value = serde_json::to_value(&plan.definition).map_err(|e| AppError::Internal(e.to_string()))?;
    value["state"] = json!(plan.state);
    value["position"] = json!(position);
    Ok(value)
}

fn shown_page(page: &Page) -> Value {
    json!({ "title": page.title, "markdown": page.markdown, "position": page.position })
}

/// Lines and writes for the parts of one API, called `name`.
pub(super) struct Parts<'a> {
    pub(super) name: &'a str,
    pub(super) options: ApplyOptions,
    pub(super) lines: Vec<ChangeLine>,
    pub(super) writes: Vec<Write>,
}

impl Parts<'_> {
    pub(super) fn plans(&mut self, before: &[Plan], wanted: &[Plan]) -> Result<(), AppError> {
        for (position, plan) in wanted.iter().enumerate() {
            let at = position as i64;
            let old = before.iter().enumerate().find(|(_, p)| p.id == plan.id);
            let old = old.map(|(i, p)| shown_plan(p, i)).transpose()?;
            let object = format!("plan {} {}", self.name, plan.definition.slug);
            let op = self.note(object, old.as_ref(), &shown_plan(plan, position)?);
            match op {
                Op::Create => self.writes.push(Write::InsertPlan(plan.clone(), at)),
                Op::Update => self.writes.push(Write::SavePlan(plan.clone(), at)),
                Op::Delete | Op::Unchanged => {}
            }
        }
        let gone = before.iter().zip(0..).filter(|(p, _)| !wanted.iter().any(|w| w.id == p.id));
        let prune = self.options.prune;
        for (plan, at) in gone.filter(|_| prune) {
            self.writes.push(Write::DropPlan(plan.clone(), at));
        }
        Ok(())
    }

    /// Notes that a plan was removed, or closed because there were subscribers.
    pub(super) fn dropped(&mut self, plan: &Plan, closed: bool) {
        let object = format!("plan {} {}", self.name, plan.definition.slug);
        let (op, fields) = match (closed, plan.state) {
            (false, _) => (Op::Delete, Vec::new()),
            (true, PlanState::Closed) => (Op::Unchanged, Vec::new()),
            (true, PlanState::Published) => {
                let (before, after) = (json!({"state": plan.state}), json!({"state": PlanState::Closed}));
                (Op::Update, diff::fields(&before, &after))
            }
        };
        self.line(op, object, fields);
    }

    pub(super) fn pages(&mut self, before: &[Page], wanted: &[Page]) {
        for page in wanted {
            let old = before.iter().find(|p| p.id == page.id).map(shown_page);
            if self.note(self.page_name(page), old.as_ref(), &shown_page(page)) != Op::Unchanged {
                self.writes.push(Write::SavePage(page.clone()));
            }
        }
        let gone = before.iter().filter(|p| !wanted.iter().any(|w| w.id == p.id));
        let prune = self.options.prune;
        for page in gone.filter(|_| prune) {
            self.line(Op::Delete, self.page_name(page), Vec::new());
            self.writes.push(Write::RemovePage(page.clone()));
        }
    }

    fn page_name(&self, page: &Page) -> String {
        format!("page {} {} ({})", self.name, page.slug, page.language.code())
    }

    /// Notes the difference between two forms of an object, and says what it amounts to.
    pub(super) fn note(&mut self, object: String, before: Option<&Value>, after: &Value) -> Op {
        let fields = diff::fields(before.unwrap_or(&json!({})), after);
        let op = match before {
            None => Op::Create,
            Some(_) if fields.is_empty() => Op::Unchanged,
            Some(_) => Op::Update,
        };
        self.line(op, object, fields);
        op
    }

    pub(super) fn line(&mut self, op: Op, object: String, fields: Vec<FieldDiff>) {
        self.lines.push(ChangeLine { op, object, fields });
    }
}
