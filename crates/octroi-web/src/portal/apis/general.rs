//! General information on an API, whom to ask about it, its own terms, its picture.

use askama::Template;
use axum::response::IntoResponse;
use http::header;
use octroi_app::catalog::{Answers, PlanView, VersionLine};
use octroi_app::credentials::curl::{Key, command};
use octroi_domain::plan::{Security, Validation};

use super::frame::{Frame, Tab};
use super::words::{self, State};
use crate::markdown;
use crate::portal::errors::Explained;
use crate::portal::gate::PageResult;
use crate::portal::path::{ApiPath, Name};
use crate::portal::shell::{Section, Shell};
use crate::portal::visitor::Visitor;
use crate::portal::{answer, errors};

#[derive(Template)]
#[template(path = "apis/general.html")]
struct General<'a> {
    shell: &'a Shell,
    frame: &'a Frame,
    /// Safe HTML.
    description: String,
    command: String,
    plans: Vec<PlanCard<'a>>,
    refusals: Vec<RefusalRow>,
    others: Vec<VersionLine>,
}

/// A plan as it is offered.
struct PlanCard<'a> {
    plan: &'a PlanView,
    limit: String,
    further: String,
    lines: Vec<String>,
    /// The sentence on its button; none where nobody can subscribe to it.
    button: Option<&'static str>,
}

/// A refusal, and what to do about it.
struct RefusalRow {
    status: u16,
    code: &'static str,
    body: String,
    headers: String,
    explained: Explained,
}

impl General<'_> {
    fn placement(&self) -> (String, Option<String>) {
        let placements = self.frame.placements();
        let (id, name) = words::placement(placements.first());
        (self.shell.say(id), name.map(str::to_owned))
    }

    /// The catalogue held to a label.
    fn labelled(&self, label: &str) -> String {
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("label", label).finish();
        format!("/apis?{query}")
    }

    fn state_of(&self, line: &VersionLine) -> State {
        State(line.state)
    }
}

pub(super) async fn latest(visitor: Visitor, Name(slug): Name) -> PageResult {
    let api = visitor.app().api_by_slug(visitor.actor(), &slug, None).await?;
    general(&visitor, Frame::of(api, Tab::General)).await
}

pub(super) async fn show(visitor: Visitor, place: ApiPath) -> PageResult {
    let frame = Frame::at(&visitor, place, Tab::General).await?;
    general(&visitor, frame).await
}

async fn general(visitor: &Visitor, frame: Frame) -> PageResult {
    let shell = visitor.shell(Section::Catalogue);
    let app = visitor.app();
    let call = app.first_call_of(&frame.api).await?;
    let variable = frame.variable(shell.language);
    let command = command(&frame.api.access_url, &call, &frame.placements(), Key::Variable(&variable));
    let answers = app.answers(visitor.actor(), frame.api.id).await?;
    let mut others = app.api_versions(visitor.actor(), &frame.api.slug).await?;
    others.retain(|line| line.version != frame.api.version);
    let description = shell.markdown(&frame.api.presentation.description, 3, &frame.api.name).html;
    let page = General {
        shell: &shell,
        description,
        command: command.join(" \\\n  "),
        plans: frame.plans().map(|plan| plan_card(&shell, &frame, plan)).collect(),
        refusals: refusals(&shell, answers),
        others,
        frame: &frame,
    };
    answer::ok(&shell, &page)
}

fn plan_card<'a>(shell: &Shell, frame: &'a Frame, plan: &'a PlanView) -> PlanCard<'a> {
    let button = match (plan.security, plan.validation) {
        _ if !frame.takes_subscriptions => None,
        (Security::Keyless, _) | (_, Validation::Officer) => None,
        (_, Validation::Automatic) => Some("plan-subscribe"),
        (_, Validation::Manual) => Some("plan-ask"),
    };
    PlanCard {
        limit: words::limit(shell, &plan.limits),
        further: match plan.security {
            Security::Keyless => shell.say("limit-per-address"),
            _ => words::further_limit(shell, &plan.limits),
        },
        lines: words::plan_lines(shell, plan, &frame.api.provider.name),
        button,
        plan,
    }
}

fn refusals(shell: &Shell, answers: Answers) -> Vec<RefusalRow> {
    let rows = answers.refusals.into_iter().filter_map(|refusal| {
        let explained = errors::explained(refusal.code, shell.language)?;
        let headers = refusal.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
        Some(RefusalRow {
            status: refusal.status,
            code: refusal.code,
            body: refusal.body,
            headers,
            explained,
        })
    });
    rows.collect()
}

#[derive(Template)]
#[template(path = "apis/contact.html")]
struct Contact<'a> {
    shell: &'a Shell,
    frame: &'a Frame,
}

pub(super) async fn contact(visitor: Visitor, place: ApiPath) -> PageResult {
    let frame = Frame::at(&visitor, place, Tab::Contact).await?;
    let shell = visitor.shell(Section::Catalogue);
    answer::ok(&shell, &Contact { shell: &shell, frame: &frame })
}

#[derive(Template)]
#[template(path = "apis/terms.html")]
struct Terms<'a> {
    shell: &'a Shell,
    frame: &'a Frame,
    /// Safe HTML; none where the API has no terms of its own.
    text: Option<String>,
}

pub(super) async fn terms(visitor: Visitor, place: ApiPath) -> PageResult {
    let frame = Frame::at(&visitor, place, Tab::General).await?;
    let shell = visitor.shell(Section::Catalogue);
    let title = shell.say("api-terms");
    let text = match &frame.api.terms {
        Some(terms) => Some(markdown::render_apart(terms.markdown.clone(), &shell, 3, &title).await.html),
        None => None,
    };
    answer::ok(&shell, &Terms { shell: &shell, frame: &frame, text })
}

pub(super) async fn picture(visitor: Visitor, place: ApiPath) -> PageResult {
    let frame = Frame::at(&visitor, place, Tab::General).await?;
    let picture = visitor.app().api_picture(visitor.actor(), frame.api.id).await?;
    // Told from the first bytes when it was taken in; anything else would not be shown as a picture.
    let known = ["image/png", "image/jpeg", "image/webp"].into_iter().find(|t| *t == picture.content_type);
    let about = [
        (header::CONTENT_TYPE, known.unwrap_or("application/octet-stream")),
        (header::CACHE_CONTROL, "private, max-age=300"),
    ];
    Ok((about, picture.body).into_response())
}
