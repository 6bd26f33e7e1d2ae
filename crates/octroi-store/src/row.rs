//! Values going in and rows coming out, alike for both databases.

use std::str::FromStr;

use octroi_domain::time::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;

use crate::StoreError;

/// A value bound to a placeholder. Nulls keep their type, which PostgreSQL asks for.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Int(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

macro_rules! into_value {
    ($($from:ty => |$v:ident| $into:expr;)*) => {$(
        impl From<$from> for Value {
            fn from($v: $from) -> Self {
                $into
            }
        }
    )*};
}

into_value! {
    i64 => |v| Self::Int(Some(v));
    i32 => |v| Self::Int(Some(v.into()));
    u16 => |v| Self::Int(Some(v.into()));
    bool => |v| Self::Int(Some(v.into()));
    Option<i64> => |v| Self::Int(v);
    Timestamp => |v| Self::Int(Some(v.as_millis()));
    Option<Timestamp> => |v| Self::Int(v.map(Timestamp::as_millis));
    String => |v| Self::Text(Some(v));
    &String => |v| Self::Text(Some(v.clone()));
    &str => |v| Self::Text(Some(v.to_owned()));
    Option<String> => |v| Self::Text(v);
    Option<&str> => |v| Self::Text(v.map(str::to_owned));
    Vec<u8> => |v| Self::Bytes(Some(v));
    &[u8] => |v| Self::Bytes(Some(v.to_vec()));
    &[u8; 32] => |v| Self::Bytes(Some(v.to_vec()));
    Option<Vec<u8>> => |v| Self::Bytes(v);
}

/// Values for the placeholders `$1`, `$2`, …
macro_rules! values {
    ($($v:expr),* $(,)?) => { vec![$($crate::row::Value::from($v)),*] };
}
pub(crate) use values;

/// A value written as its text: identifiers, states, JSON.
pub(crate) fn text(value: impl std::fmt::Display) -> String {
    value.to_string()
}

/// A value written as JSON text.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|e| StoreError::Damaged(e.to_string()))
}

/// A unit variant written as the word that serde gives it, without quotes.
pub(crate) fn word<T: Serialize>(value: &T) -> Result<String, StoreError> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        Ok(other) => Err(StoreError::Damaged(format!("{other} is not a word"))),
        Err(e) => Err(StoreError::Damaged(e.to_string())),
    }
}

/// A row of either database.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

macro_rules! get {
    ($self:ident, $column:ident, $type:ty) => {
        match $self {
            Row::Sqlite(row) => row.try_get::<$type, _>($column),
            Row::Postgres(row) => row.try_get::<$type, _>($column),
        }
        .map_err(StoreError::from)
    };
}

impl Row {
    pub(crate) fn int(&self, column: &str) -> Result<i64, StoreError> {
        get!(self, column, i64)
    }

    pub(crate) fn opt_int(&self, column: &str) -> Result<Option<i64>, StoreError> {
        get!(self, column, Option<i64>)
    }

    pub(crate) fn text(&self, column: &str) -> Result<String, StoreError> {
        get!(self, column, String)
    }

    pub(crate) fn opt_text(&self, column: &str) -> Result<Option<String>, StoreError> {
        get!(self, column, Option<String>)
    }

    pub(crate) fn bytes(&self, column: &str) -> Result<Vec<u8>, StoreError> {
        get!(self, column, Vec<u8>)
    }

    pub(crate) fn opt_bytes(&self, column: &str) -> Result<Option<Vec<u8>>, StoreError> {
        get!(self, column, Option<Vec<u8>>)
    }

    pub(crate) fn time(&self, column: &str) -> Result<Timestamp, StoreError> {
        self.int(column).map(Timestamp::from_millis)
    }

    pub(crate) fn opt_time(&self, column: &str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.opt_int(column)?.map(Timestamp::from_millis))
    }

    /// 32 bytes.
    pub(crate) fn digest(&self, column: &str) -> Result<[u8; 32], StoreError> {
        self.bytes(column)?
            .try_into()
            .map_err(|_| StoreError::Damaged(format!("{column} is not 32 bytes long")))
    }

    /// An identifier or another value read from its text.
    pub(crate) fn parsed<T: FromStr<Err: std::fmt::Display>>(&self, column: &str) -> Result<T, StoreError> {
        self.text(column)?.parse().map_err(|e| StoreError::Damaged(format!("{column}: {e}")))
    }

    pub(crate) fn opt_parsed<T: FromStr<Err: std::fmt::Display>>(
        &self,
        column: &str,
    ) -> Result<Option<T>, StoreError> {
        self.opt_text(column)?
            .map(|t| t.parse().map_err(|e| StoreError::Damaged(format!("{column}: {e}"))))
            .transpose()
    }

    /// A value read from JSON text.
    pub(crate) fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T, StoreError> {
        serde_json::from_str(&self.text(column)?).map_err(|e| StoreError::Damaged(format!("{column}: {e}")))
    }

    /// A unit variant read from its word.
    pub(crate) fn word<T: DeserializeOwned>(&self, column: &str) -> Result<T, StoreError> {
        serde_json::from_value(serde_json::Value::String(self.text(column)?))
            .map_err(|e| StoreError::Damaged(format!("{column}: {e}")))
    }
}
