//! Another plan or version for a subscription, without another key.

use askama::Template;
use octroi_app::AppError;
use octroi_app::subscriptions::{ChangePlan, PlanChoice, PlanChoices};
use octroi_domain::ids::{ApplicationId, PlanId, SubscriptionId};
use octroi_domain::permission::Action;
use octroi_domain::plan::Validation;

use super::offer::{self, Terms};
use super::subscriptions;
use crate::field::FieldError;
use crate::portal::answer::{self, see_other};
use crate::portal::fields::{Choice, Choices, Field, FormState, Summary};
use crate::portal::gate::{Form, PageResult};
use crate::portal::path::Ids;
use crate::portal::route::{Access, PageRow, get, post};
use crate::portal::shell::{Section, Shell};
use crate::portal::visitor::Visitor;

const PATH: &str = "/applications/{application_id}/subscriptions/{subscription_id}/plan";

pub(super) fn pages() -> Vec<PageRow> {
    vec![
        get(PATH, Access::May(Action::SubscriptionManage), show),
        post(PATH, Access::May(Action::SubscriptionManage), change),
    ]
}

type Place = (ApplicationId, SubscriptionId);

#[derive(Template)]
#[template(path = "work/plan.html")]
struct Page<'a> {
    shell: &'a Shell,
    place: Place,
    choices: &'a PlanChoices,
    form: FormState<'a>,
    summary: Summary<'a>,
    plans: Choices,
    /// What else the chosen plan asks for.
    chosen: Option<Chosen<'a>>,
}

struct Chosen<'a> {
    choice: &'a PlanChoice,
    limits: String,
    comment: Field,
    terms: Option<Terms>,
}

async fn show(
    visitor: Visitor,
    Ids(application, subscription): Ids<ApplicationId, SubscriptionId>,
) -> PageResult {
    let shell = visitor.shell(Section::Applications);
    let choices = visitor.app().plan_choices(visitor.actor(), subscription).await?;
    if choices.subscription.state.is_final() {
        return Ok(see_other(&subscriptions::address(application, subscription)));
    }
    let (plan, comment) = (visitor.query("plan").unwrap_or_default(), &choices.subscription.comment);
    let form = FormState::filled(&shell, [("plan", plan.as_str()), ("comment", comment.as_str())]);
    answer::ok(&shell, &page(&shell, (application, subscription), &choices, form))
}

fn page<'a>(shell: &'a Shell, place: Place, choices: &'a PlanChoices, form: FormState<'a>) -> Page<'a> {
    let several = choices.plans.iter().any(|choice| choice.version != choices.subscription.api.version);
    let other = || choices.plans.iter().filter(|choice| !choice.current);
    let option = |choice: &PlanChoice| {
        let mut option = offer::choice(shell, &choice.plan, &choices.provider);
        if several {
            option.label = format!("{}, {} {}", option.label, shell.say("plan-version"), choice.version);
        }
        option
    };
    let options: Vec<Choice> = other().map(option).collect();
    let chosen = other().find(|choice| choice.plan.id.to_string() == form.value("plan"));
    let chosen = chosen.map(|choice| Chosen {
        choice,
        limits: offer::limits(shell, &choice.plan.limits),
        comment: offer::comment_field(shell, &form, choice.plan.comment),
        terms: choice.new_terms.as_ref().map(|terms| Terms::of(shell, &form, terms, 3)),
    });
    Page {
        shell,
        place,
        choices,
        summary: form.summary(&["plan", "comment", "accept_terms"]),
        plans: match options.len() {
            1 => {
                let only = options[0].value.clone();
                form.choices("plan", "field-plan", options).usually(&only)
            }
            _ => form.choices("plan", "field-plan", options),
        },
        chosen,
        form,
    }
}

impl Page<'_> {
    fn address(&self) -> String {
        format!("{}/plan", subscriptions::address(self.place.0, self.place.1))
    }

    fn back(&self) -> String {
        subscriptions::address(self.place.0, self.place.1)
    }
}

async fn change(
    visitor: Visitor,
    Ids(application, subscription): Ids<ApplicationId, SubscriptionId>,
    fields: Form,
) -> PageResult {
    let (app, actor) = (visitor.app(), visitor.actor());
    let back = subscriptions::address(application, subscription);
    let errors = match fields.one("plan").parse::<PlanId>() {
        Err(_) => {
            // Who may not is told so, whatever was typed.
            app.plan_choices(actor, subscription).await?;
            vec![FieldError::said("plan", "plan-choose-one")]
        }
        Ok(plan_id) => {
            let accepted = fields.ticked("accept_terms").then(|| fields.text("terms"));
            let change =
                ChangePlan { plan_id, comment: Some(fields.text("comment")), accepted_terms: accepted };
            match app.change_plan(actor, subscription, change, None).await {
                Ok(_) => return answer::done(&back, "notice-plan-changed"),
                Err(AppError::Conflict(octroi_app::Conflict::SubscriptionState)) => {
                    return answer::done(&back, "notice-meanwhile");
                }
                Err(error) => offer::refusals(error)?,
            }
        }
    };
    let shell = visitor.shell(Section::Applications);
    let choices = app.plan_choices(actor, subscription).await?;
    let form = FormState::wrong(&shell, &fields, errors);
    answer::wrong(&shell, &page(&shell, (application, subscription), &choices, form))
}
