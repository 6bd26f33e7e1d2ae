//! A row of the management API's table: everything that its router, its document and the test of its permissions
//! need to know of one route. A route exists only as a row.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use http::{Method, StatusCode};
use octroi_app::page::PageRequest;
use octroi_app::{App, Conflict};
use octroi_domain::actor::Actor;
use octroi_domain::api::Language;
use octroi_domain::ids::ManagementTokenId;
use octroi_domain::permission::{Action, Relation};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::net::IpAddr;

use super::call::{Answer, AnswerKind, Body, BodyKind, Call, Path, Payload, Reply, from_value};
use super::schema::{self, Held, Make};
use crate::problem::{Problem, ProblemCode};

/// Who may knock at a route, before the use case asks the table of permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// Anybody; a token is not looked at.
    None,
    /// Anybody; who signs in may see more.
    Optional,
    /// Somebody with a management token.
    Bearer,
}

/// A call whose parts are read and checked, whatever their types.
pub(crate) struct Incoming {
    pub(crate) app: App,
    pub(crate) actor: Actor,
    pub(crate) token: Option<ManagementTokenId>,
    pub(crate) path: Vec<String>,
    pub(crate) query: Value,
    pub(crate) body: Body,
    pub(crate) page: PageRequest,
    pub(crate) edition: Option<i64>,
    pub(crate) client: IpAddr,
    pub(crate) language: Language,
}

type Outcome = Pin<Box<dyn Future<Output = Result<Reply, Problem>> + Send>>;
type Handler = Arc<dyn Fn(Incoming) -> Outcome + Send + Sync>;

/// One route.
pub struct Row {
    /// The HTTP method.
    pub method: Method,
    /// The path, from the root, with names in braces.
    pub path: &'static str,
    /// Names the operation: unique, for generated clients.
    pub operation: &'static str,
    /// What it does, in a few words.
    pub summary: &'static str,
    /// What else is to be known.
    pub description: &'static str,
    /// The resource that it is about.
    pub tag: &'static str,
    /// What the use case asks the table of permissions; none where no object is concerned.
    pub permission: Option<Action>,
    /// What opens the route as well: one's own or an administrator's way in.
    pub or_permission: Option<Action>,
    /// Who may knock.
    pub auth: Auth,
    /// The status when it went well.
    pub success: StatusCode,
    /// Problems that this route may answer beside those that follow from its form.
    pub own_problems: Vec<ProblemCode>,
    /// Whether the list comes in pages.
    pub paged: bool,
    /// Whether `If-Match` is looked at.
    pub if_match: bool,
    /// Whether each call is judged anew, although it has an `Idempotency-Key`.
    always_anew: bool,
    /// Where the created object is: a template of its path and a JSON pointer to its identifier in the answer.
    pub(crate) location: Option<(&'static str, &'static str)>,
    pub(crate) path_schemas: Vec<Make>,
    pub(crate) query: Held,
    pub(crate) query_schema: Make,
    pub(crate) body: BodyKind,
    pub(crate) body_schema: Option<Held>,
    pub(crate) answer: AnswerKind,
    pub(crate) handler: Handler,
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} ({})", self.method, self.path, self.operation)
    }
}

impl Row {
    /// A row that calls `handler`, whose types say how the request is read and what the answer looks like.
    pub(crate) fn new<P, Q, B, A, E, F, R>(
        method: Method,
        path: &'static str,
        operation: &'static str,
        handler: F,
    ) -> Self
    where
        P: Path,
        Q: DeserializeOwned + JsonSchema + Send + 'static,
        B: Payload,
        A: Answer,
        E: Into<Problem>,
        F: Fn(Call<P, Q, B>) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Result<A, E>> + Send + 'static,
    {
        Self {
            method,
            path,
            operation,
            summary: "",
            description: "",
            tag: "",
            permission: None,
            or_permission: None,
            auth: Auth::Bearer,
            success: A::STATUS,
            own_problems: Vec::new(),
            paged: false,
            if_match: false,
            always_anew: false,
            location: None,
            path_schemas: P::schemas(),
            query: Held::new(schema::of::<Q>),
            query_schema: schema::of::<Q>,
            body: B::KIND,
            body_schema: match B::KIND {
                BodyKind::Json(make) => Some(Held::new(make)),
                BodyKind::None | BodyKind::File { .. } => None,
            },
            answer: A::KIND,
            handler: Arc::new(move |incoming| {
                let handler = handler.clone();
                Box::pin(async move {
                    let call = typed(incoming)?;
                    handler(call).await.map_err(Into::into)?.reply()
                })
            }),
        }
    }

    pub(crate) fn says(mut self, tag: &'static str, summary: &'static str) -> Self {
        self.tag = tag;
        self.summary = summary;
        self
    }

    pub(crate) fn more(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }

    /// What the use case asks the table of permissions. What anybody may do asks for no token.
    pub(crate) fn permits(mut self, action: Action) -> Self {
        self.permission = Some(action);
        if action.allowed().contains(&Relation::Anybody) {
            self.auth = Auth::Optional;
        }
        self
    }

    /// What opens the route as well.
    pub(crate) fn or_permits(mut self, action: Action) -> Self {
        self.or_permission = Some(action);
        self
    }

    /// No object is concerned, and no token is looked at.
    pub(crate) fn open(mut self) -> Self {
        self.auth = Auth::None;
        self
    }

    pub(crate) fn paged(mut self) -> Self {
        self.paged = true;
        self
    }

    pub(crate) fn if_match(mut self) -> Self {
        self.if_match = true;
        self
    }

    /// No answer is kept: what is asked for may be given now and not a minute later.
    pub(crate) fn always_anew(mut self) -> Self {
        self.always_anew = true;
        self
    }

    pub(crate) fn status(mut self, status: StatusCode) -> Self {
        self.success = status;
        self
    }

    /// 201, with the place of what was created.
    pub(crate) fn created(mut self, template: &'static str, pointer: &'static str) -> Self {
        self.location = Some((template, pointer));
        self.status(StatusCode::CREATED)
    }

    pub(crate) fn conflicts<const N: usize>(mut self, conflicts: [Conflict; N]) -> Self {
        self.own_problems.extend(conflicts.map(ProblemCode::Conflict));
        self
    }

    pub(crate) fn problems<const N: usize>(mut self, problems: [ProblemCode; N]) -> Self {
        self.own_problems.extend(problems);
        self
    }

    /// Whether `Idempotency-Key` is kept: on every POST of somebody who can be told from others.
    pub fn idempotent(&self) -> bool {
        self.method == Method::POST && self.auth == Auth::Bearer && !self.always_anew
    }

    /// Whether a body is read.
    pub fn has_body(&self) -> bool {
        !matches!(self.body, BodyKind::None)
    }

    /// Every problem that the route may answer.
    pub fn problems_all(&self) -> Vec<ProblemCode> {
        use ProblemCode::*;
        let mut codes = Vec::new();
        let mut add = |holds: bool, more: &[ProblemCode]| {
            if holds {
                codes.extend_from_slice(more);
            }
        };
        // A query that nobody reads is told everywhere.
        add(true, &[MalformedRequest, Invalid, Internal, Unavailable]);
        add(self.auth == Auth::Bearer, &[SignInRequired]);
        add(self.auth != Auth::None, &[TokenInvalid]);
        add(self.auth == Auth::Bearer, &[InsufficientScope, Forbidden]);
        add(!self.path_schemas.is_empty() || self.auth == Auth::Bearer, &[NotFound]);
        add(self.has_body(), &[RequestTimeout, BodyTooLarge, UnsupportedMediaType]);
        add(self.body_schema.is_some(), &[MalformedJson]);
        add(self.if_match, &[Stale]);
        add(self.idempotent(), &[Conflict(octroi_app::Conflict::IdempotencyKeyReused)]);
        codes.extend_from_slice(&self.own_problems);
        codes
    }
}

fn typed<P, Q, B>(incoming: Incoming) -> Result<Call<P, Q, B>, Problem>
where
    P: Path,
    Q: DeserializeOwned,
    B: Payload,
{
    Ok(Call {
        app: incoming.app,
        actor: incoming.actor,
        token: incoming.token,
        path: P::read(&incoming.path).ok_or_else(|| Problem::new(ProblemCode::NotFound))?,
        query: from_value(incoming.query)?,
        body: B::read(incoming.body)?,
        page: incoming.page,
        edition: incoming.edition,
        client: incoming.client,
        language: incoming.language,
    })
}

/// Shorthands for the methods that the API uses.
macro_rules! methods {
    ($($name:ident = $method:ident),*) => {$(
        pub(crate) fn $name<P, Q, B, A, E, F, R>(path: &'static str, operation: &'static str, handler: F) -> Row
        where
            P: Path,
            Q: DeserializeOwned + JsonSchema + Send + 'static,
            B: Payload,
            A: Answer,
            E: Into<Problem>,
            F: Fn(Call<P, Q, B>) -> R + Clone + Send + Sync + 'static,
            R: Future<Output = Result<A, E>> + Send + 'static,
        {
            Row::new(Method::$method, path, operation, handler)
        }
    )*};
}

methods! { get = GET, post = POST, put = PUT, patch = PATCH, delete = DELETE }
