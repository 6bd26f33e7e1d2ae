//! The list of one's applications, and their pictures.

use askama::Template;
use axum::response::{IntoResponse as _, Response};
use http::header;
use octroi_app::applications::ApplicationView;
use octroi_app::picture::Picture;
use octroi_domain::application::ApplicationState;
use octroi_domain::ids::ApplicationId;
use octroi_domain::permission::Action;

use crate::portal::answer;
use crate::portal::badges::State as _;
use crate::portal::gate::PageResult;
use crate::portal::lists::{Pager, part};
use crate::portal::path::Id;
use crate::portal::route::{Access, PageRow, get};
use crate::portal::shell::{Section, Shell};
use crate::portal::visitor::Visitor;

pub(super) fn pages() -> Vec<PageRow> {
    vec![
        get("/applications", Access::SignedIn, list),
        get("/applications/{application_id}/picture", Access::May(Action::ApplicationRead), picture),
    ]
}

#[derive(Template)]
#[template(path = "work/applications.html")]
struct List<'a> {
    shell: &'a Shell,
    applications: &'a [ApplicationView],
    pager: Pager<'a>,
    /// Whether the list is empty from its beginning on.
    none: bool,
}

async fn list(visitor: Visitor) -> PageResult {
    let shell = visitor.shell(Section::Applications);
    let found = visitor.app().own_applications(visitor.actor(), &part(&visitor)).await?;
    let page = List {
        shell: &shell,
        pager: Pager::of(&visitor, &shell, found.next_cursor.as_deref()),
        none: found.items.is_empty() && visitor.query("cursor").is_none(),
        applications: &found.items,
    };
    answer::ok(&shell, &page)
}

async fn picture(visitor: Visitor, Id(id): Id<ApplicationId>) -> PageResult {
    Ok(served(visitor.app().application_picture(visitor.actor(), id).await?))
}

/// A picture as an answer.
pub(super) fn served(picture: Picture) -> Response {
    ([(header::CONTENT_TYPE, picture.content_type)], picture.body).into_response()
}
