//! One subscription for the API's provider: who asks for what, and the decision.

use askama::Template;
use http::StatusCode;
use octroi_app::provided::SubscriberView;
use octroi_app::subscriptions::Decision;
use octroi_app::{AppError, Conflict};
use octroi_domain::ids::SubscriptionId;
use octroi_domain::permission::{Action, Parties, require};
use octroi_domain::subscription::{SubscriptionState, Transition};

use crate::field::FieldError;
use crate::portal::answer;
use crate::portal::badges::{Badge, State as _};
use crate::portal::fields::{Field, FormState, Kind, Summary};
use crate::portal::gate::{Form, PageResult};
use crate::portal::path::Id;
use crate::portal::shell::{Section, Shell};
use crate::portal::visitor::Visitor;

/// The most characters of a reason.
const REASON: u32 = 2_000;

/// A button of the decision.
struct Button {
    /// Sent as `transition`.
    word: &'static str,
    label: &'static str,
    style: &'static str,
    /// Another address than the form's own.
    elsewhere: Option<String>,
}

#[derive(Template)]
#[template(path = "provider/subscription.html")]
struct Page<'a> {
    shell: &'a Shell,
    view: &'a SubscriberView,
    badge: Badge,
    created: String,
    decided: Option<String>,
    here: String,
    form: FormState<'a>,
    summary: Summary<'a>,
    reason: Field,
    buttons: Vec<Button>,
}

/// Where a subscription is shown.
fn place(id: SubscriptionId) -> String {
    format!("/provider/subscriptions/{id}")
}

pub(super) async fn show(visitor: Visitor, Id(id): Id<SubscriptionId>) -> PageResult {
    let shell = visitor.shell(Section::Provider);
    page(&visitor, &shell, id, FormState::new(&shell), StatusCode::OK).await
}

/// Approves, rejects, pauses or resumes.
pub(super) async fn decide(visitor: Visitor, Id(id): Id<SubscriptionId>, sent: Form) -> PageResult {
    let (transition, notice) = match sent.one("transition") {
        "approve" => (Transition::Approve, "notice-subscription-approved"),
        "reject" => (Transition::Reject, "notice-subscription-rejected"),
        "pause" => (Transition::Pause, "notice-subscription-paused"),
        "resume" => (Transition::Resume, "notice-subscription-resumed"),
        // None of the buttons: whoever may decide is shown them again.
        _ => {
            let view = visitor.app().subscriber(visitor.actor(), id).await?;
            check_may_decide(&visitor, &view)?;
            return Ok(answer::see_other(&place(id)));
        }
    };
    change(&visitor, id, &sent, transition, notice).await
}

fn check_may_decide(visitor: &Visitor, view: &SubscriberView) -> Result<(), AppError> {
    Ok(require(visitor.actor(), Action::SubscriptionDecide, &parties(view))?)
}

fn parties(view: &SubscriberView) -> Parties {
    Parties::between(view.organization.id, view.provider_id)
}

/// Ends it for good.
pub(super) async fn close(visitor: Visitor, Id(id): Id<SubscriptionId>, sent: Form) -> PageResult {
    change(&visitor, id, &sent, Transition::Close, "notice-subscription-closed").await
}

async fn change(
    visitor: &Visitor,
    id: SubscriptionId,
    sent: &Form,
    transition: Transition,
    notice: &str,
) -> PageResult {
    let decision = Decision { reason: sent.some("reason").map(|text| text.replace("\r\n", "\n")) };
    match visitor.app().decide_subscription(visitor.actor(), id, transition, decision, None).await {
        Ok(_) => answer::done(&place(id), notice),
        // Pressed twice, or somebody else was quicker: the page shows where things are.
        Err(AppError::Conflict(Conflict::SubscriptionState)) => {
            answer::done(&place(id), "notice-subscription-moved")
        }
        Err(AppError::Conflict(Conflict::OrganizationSuspended)) => {
            answer::done(&place(id), "notice-subscriber-suspended")
        }
        Err(AppError::Invalid(violations)) => {
            let shell = visitor.shell(Section::Provider);
            let errors = violations.into_iter().map(FieldError::from).collect();
            let form = FormState::wrong(&shell, sent, errors);
            page(visitor, &shell, id, form, StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Err(other) => Err(other.into()),
    }
}

async fn page(
    visitor: &Visitor,
    shell: &Shell,
    id: SubscriptionId,
    form: FormState<'_>,
    status: StatusCode,
) -> PageResult {
    let view = visitor.app().subscriber(visitor.actor(), id).await?;
    let reason = form.field("reason", Kind::Lines, "provider-reason").optional(shell).max(REASON);
    let template = Page {
        badge: view.state.badge(shell),
        created: shell.moment(&view.created_at),
        decided: view.decided_at.as_ref().map(|at| shell.moment(at)),
        here: place(id),
        summary: form.summary(&["reason"]),
        reason: match view.state {
            SubscriptionState::Pending => reason.hint(shell, "provider-reason-hint"),
            _ => reason.hint(shell, "provider-reason-read"),
        },
        buttons: buttons(visitor, &view),
        view: &view,
        shell,
        form,
    };
    Ok(answer::page(status, shell.language, &template))
}

/// What the visitor may do to the subscription as it is.
fn buttons(visitor: &Visitor, view: &SubscriberView) -> Vec<Button> {
    let decides = check_may_decide(visitor, view).is_ok();
    let closes = require(visitor.actor(), Action::SubscriptionClose, &parties(view)).is_ok();
    let all = [
        (Transition::Approve, "approve", "provider-approve", "btn--gate"),
        (Transition::Reject, "reject", "provider-reject", "btn--danger"),
        (Transition::Resume, "resume", "provider-resume", "btn--gate"),
        (Transition::Pause, "pause", "provider-pause", "btn--line"),
        (Transition::Close, "close", "provider-close", "btn--danger"),
    ];
    all.into_iter()
        .filter(|(transition, ..)| view.state.apply(*transition).is_ok())
        // Whoever asks is answered yes or no: closing is for what was begun.
        .filter(|(transition, ..)| match transition {
            Transition::Close => closes && view.state.apply(Transition::Approve).is_err(),
            _ => decides,
        })
        .map(|(transition, word, label, style)| Button {
            word,
            label,
            style,
            elsewhere: (transition == Transition::Close).then(|| format!("{}/close", place(view.id))),
        })
        .collect()
}
