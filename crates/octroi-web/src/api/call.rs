//! What a handler of the management API is given, and what it gives back.

use std::borrow::Cow;
use std::net::IpAddr;
use std::str::FromStr;

use bytes::Bytes;
use http::StatusCode;
use octroi_app::App;
use octroi_app::page::PageRequest;
use octroi_domain::actor::Actor;
use octroi_domain::api::Language;
use octroi_domain::ids::ManagementTokenId;
use octroi_domain::patterns;
use octroi_domain::validate::is_slug;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::schema::{self, Make};
use crate::problem::{Problem, ProblemCode};

/// Body of most requests: 1 MiB.
pub(crate) const JSON_LIMIT: usize = 1024 * 1024;

/// Body of a document or file: 10 MiB.
pub(crate) const DOCUMENT_LIMIT: usize = 10 * 1024 * 1024;

/// A call of the management API, read and checked: `P` from the path, `Q` from the query, `B` from the body.
pub(crate) struct Call<P = (), Q = (), B = ()> {
    pub(crate) app: App,
    pub(crate) actor: Actor,
    /// The management token in use.
    pub(crate) token: Option<ManagementTokenId>,
    pub(crate) path: P,
    pub(crate) query: Q,
    pub(crate) body: B,
    pub(crate) page: PageRequest,
    /// What `If-Match` names.
    pub(crate) edition: Option<i64>,
    /// Who calls.
    pub(crate) client: IpAddr,
    /// The language of the answer's sentences.
    pub(crate) language: Language,
}

/// What stands in a path between its fixed parts, in order.
pub(crate) trait Path: Sized + Send + 'static {
    /// One schema for each.
    fn schemas() -> Vec<Make>;
    /// Reads them. A text that is no identifier of the wanted kind names nothing that exists.
    fn read(parts: &[String]) -> Option<Self>;
}

impl Path for () {
    fn schemas() -> Vec<Make> {
        Vec::new()
    }

    fn read(parts: &[String]) -> Option<Self> {
        parts.is_empty().then_some(())
    }
}

impl<A: FromStr + JsonSchema + Send + 'static> Path for (A,) {
    fn schemas() -> Vec<Make> {
        vec![schema::of::<A>]
    }

    fn read(parts: &[String]) -> Option<Self> {
        let [a] = parts else { return None };
        Some((a.parse().ok()?,))
    }
}

impl<A, B> Path for (A, B)
where
    A: FromStr + JsonSchema + Send + 'static,
    B: FromStr + JsonSchema + Send + 'static,
{
    fn schemas() -> Vec<Make> {
        vec![schema::of::<A>, schema::of::<B>]
    }

    fn read(parts: &[String]) -> Option<Self> {
        let [a, b] = parts else { return None };
        Some((a.parse().ok()?, b.parse().ok()?))
    }
}

/// A slug in a path. A text that is none names nothing.
pub(crate) struct Slug(String);

impl Slug {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Slug {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text.len() <= 100 && is_slug(text) { Ok(Self(text.to_owned())) } else { Err(()) }
    }
}

impl JsonSchema for Slug {
    fn schema_name() -> Cow<'static, str> {
        "Slug".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "string", "maxLength": 100, "pattern": patterns::SLUG })
    }
}

/// A body in JSON.
pub(crate) struct Json<T>(pub(crate) T);

/// A body in a type of its own: a document or picture.
pub(crate) struct File<K> {
    /// The bytes as they came.
    pub(crate) bytes: Bytes,
    kind: std::marker::PhantomData<K>,
}

/// A kind of [`File`].
pub(crate) trait FileKind: Send + 'static {
    /// The content types that are read, without parameters.
    const TYPES: &'static [&'static str];
    /// The most bytes that are read.
    const LIMIT: usize;
}

/// How a request's body is read.
pub(crate) enum BodyKind {
    /// There is none.
    None,
    /// JSON, held against a schema.
    Json(Make),
    /// Bytes of one of these types.
    File {
        /// Content types without parameters.
        types: &'static [&'static str],
        /// The most bytes that are read.
        limit: usize,
    },
}

/// What a request's body is read into.
pub(crate) trait Payload: Sized + Send + 'static {
    /// How the body is read.
    const KIND: BodyKind;
    /// From a body that was held against the schema, or from the bytes of a file.
    fn read(body: Body) -> Result<Self, Problem>;
}

/// A body that was read.
pub(crate) enum Body {
    /// There was none.
    None,
    /// It was JSON.
    Json(Value),
    /// It was a file.
    File(Bytes),
}

impl Payload for () {
    const KIND: BodyKind = BodyKind::None;

    fn read(_: Body) -> Result<Self, Problem> {
        Ok(())
    }
}

impl<T: DeserializeOwned + JsonSchema + Send + 'static> Payload for Json<T> {
    const KIND: BodyKind = BodyKind::Json(schema::of::<T>);

    fn read(body: Body) -> Result<Self, Problem> {
        let Body::Json(value) = body else { return Err(Problem::new(ProblemCode::Internal)) };
        from_value(value).map(Json)
    }
}

impl<K: FileKind> Payload for File<K> {
    const KIND: BodyKind = BodyKind::File { types: K::TYPES, limit: K::LIMIT };

    fn read(body: Body) -> Result<Self, Problem> {
        let Body::File(bytes) = body else { return Err(Problem::new(ProblemCode::Internal)) };
        Ok(Self { bytes, kind: std::marker::PhantomData })
    }
}

/// What the schema let through and the type does not take: a form that JSON Schema cannot say, such as a network.
/// The words of the type's reader name the value, so they are shown as they are.
pub(crate) fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let field = match error.path().to_string() {
            whole if whole == "." => String::new(),
            path => path,
        };
        Problem::invalid(vec![crate::field::FieldError::unreadable(field, error.inner().to_string())])
    })
}

/// What comes back, before it becomes HTTP.
pub(crate) enum Reply {
    /// Nothing but the status.
    Empty,
    /// A representation in JSON.
    Json(Value),
    /// A representation of another type.
    File {
        /// Its content type.
        media: &'static str,
        /// Its bytes.
        bytes: Bytes,
    },
}

/// How an answer looks.
pub(crate) enum AnswerKind {
    /// Nothing but the status.
    Empty,
    /// JSON of this schema.
    Json(Make),
    /// Bytes of one of these types.
    File(&'static [&'static str]),
}

/// What a handler gives back.
pub(crate) trait Answer: Send + 'static {
    /// How it looks.
    const KIND: AnswerKind;
    /// The status, where the row names none.
    const STATUS: StatusCode = StatusCode::OK;
    /// The answer itself.
    fn reply(self) -> Result<Reply, Problem>;
}

impl Answer for () {
    const KIND: AnswerKind = AnswerKind::Empty;
    const STATUS: StatusCode = StatusCode::NO_CONTENT;

    fn reply(self) -> Result<Reply, Problem> {
        Ok(Reply::Empty)
    }
}

impl<T: Serialize + JsonSchema + Send + 'static> Answer for Json<T> {
    const KIND: AnswerKind = AnswerKind::Json(schema::of::<T>);

    fn reply(self) -> Result<Reply, Problem> {
        serde_json::to_value(self.0).map(Reply::Json).map_err(|error| {
            tracing::error!(%error, "an answer cannot be written");
            Problem::new(ProblemCode::Internal)
        })
    }
}
