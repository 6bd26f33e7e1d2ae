//! Reads a tree into a type. An error says where it stands, as a place and as a path, and what kind of error it is.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::{Key, Kind, Node, Place};

/// Why a value does not fit its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// A key that has no meaning here, and those that have.
    UnknownField(&'static [&'static str]),
    /// A value is missing.
    Missing,
    /// Not one of the words that may stand here.
    NotAllowed(&'static [&'static str]),
    /// Another reason, in words.
    Other(String),
}

/// A value that does not fit its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReadError {
    place: Option<Place>,
    /// From the inside to the outside.
    steps: Vec<Step>,
    pub(crate) problem: Problem,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

/// Reads `node`.
pub(crate) fn read<'de, T: Deserialize<'de>>(node: &'de Node) -> Result<T, ReadError> {
    T::deserialize(At(node)).map_err(|e| e.at(node))
}

impl ReadError {
    fn new(problem: Problem) -> Self {
        Self { place: None, steps: Vec::new(), problem }
    }

    /// Where it stands: the nearest place known.
    pub(crate) fn place(&self) -> Place {
        self.place.unwrap_or(Place { line: 1, column: 1 })
    }

    /// The path of the field: `plans[0].limits`.
    pub(crate) fn path(&self) -> String {
        let mut path = String::new();
        for step in self.steps.iter().rev() {
            match step {
                Step::Index(i) => path.push_str(&format!("[{i}]")),
                Step::Key(key) if path.is_empty() => path.push_str(key),
                Step::Key(key) => path.push_str(&format!(".{key}")),
            }
        }
        path
    }

    /// Gives the error `node`'s place, unless a nearer one is known. A key that the type buffered before refusing it
    /// is looked for among the node's own.
    fn at(mut self, node: &Node) -> Self {
        if self.place.is_none() {
            self.place = Some(match (self.steps.first(), &self.problem) {
                (Some(Step::Key(key)), Problem::UnknownField(_)) => node.place_of(key),
                _ => node.place,
            });
        }
        self
    }

    fn under(mut self, step: Step, node: &Node) -> Self {
        self = self.at(node);
        self.steps.push(step);
        self
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}", self.path(), self.problem)
    }
}

impl std::error::Error for ReadError {}

impl de::Error for ReadError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(Problem::Other(message.to_string()))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let mut error = Self::new(Problem::UnknownField(expected));
        error.steps.push(Step::Key(field.to_owned()));
        error
    }

    fn missing_field(field: &'static str) -> Self {
        let mut error = Self::new(Problem::Missing);
        error.steps.push(Step::Key(field.to_owned()));
        error
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::new(Problem::NotAllowed(expected))
    }

    fn invalid_type(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        match found {
            de::Unexpected::Unit => Self::new(Problem::Missing),
            found => Self::new(Problem::Other(format!("expected {expected}, found {found}"))),
        }
    }
}

/// A node as a source of data.
#[derive(Clone, Copy)]
struct At<'de>(&'de Node);

impl<'de> At<'de> {
    fn plain(self) -> Option<&'de str> {
        match &self.0.kind {
            Kind::Scalar { text, plain: true } => Some(text),
            _ => None,
        }
    }
}

macro_rules! numbers {
    ($($method:ident $visit:ident $type:ty;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
            match self.plain().and_then(|text| text.parse::<$type>().ok()) {
                Some(number) => visitor.$visit(number),
                None => self.deserialize_any(visitor),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for At<'de> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match &self.0.kind {
            Kind::Scalar { text, plain: false } => visitor.visit_borrowed_str(text),
            Kind::Scalar { .. } if self.0.is_null() => visitor.visit_unit(),
            Kind::Scalar { text, .. } => match self.0.to_json() {
                serde_json::Value::Bool(b) => visitor.visit_bool(b),
                serde_json::Value::Number(n) => match (n.as_u64(), n.as_i64(), n.as_f64()) {
                    (Some(n), _, _) => visitor.visit_u64(n),
                    (_, Some(n), _) => visitor.visit_i64(n),
                    (_, _, Some(n)) => visitor.visit_f64(n),
                    _ => visitor.visit_borrowed_str(text),
                },
                _ => visitor.visit_borrowed_str(text),
            },
            Kind::List(items) => visitor.visit_seq(Items { items, next: 0 }),
            Kind::Map(entries) => visitor.visit_map(Entries { entries, next: 0 }),
        }
    }

    // A text is taken as it is written: the version 3.10 stays "3.10" although it stands without quotes.
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.0.text() {
            Some(text) => visitor.visit_borrowed_str(text),
            None => self.deserialize_any(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match self.0.text() {
            Some(word) => visitor.visit_enum(Word(word)),
            None => self.deserialize_any(visitor),
        }
    }

    // Types would also take their fields from a list, in order. Nobody who writes a file means that.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match &self.0.kind {
            Kind::List(_) => Err(de::Error::invalid_type(de::Unexpected::Seq, &visitor)),
            _ => self.deserialize_any(visitor),
        }
    }

    numbers! {
        deserialize_u8 visit_u8 u8;
        deserialize_u16 visit_u16 u16;
        deserialize_u32 visit_u32 u32;
        deserialize_u64 visit_u64 u64;
        deserialize_i32 visit_i32 i32;
        deserialize_i64 visit_i64 i64;
    }

    forward_to_deserialize_any! {
        bool i8 i16 i128 u128 f32 f64 char bytes byte_buf unit unit_struct seq tuple tuple_struct map
        identifier ignored_any
    }
}

struct Items<'de> {
    items: &'de [Arc<Node>],
    next: usize,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = ReadError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, ReadError> {
        let Some(node) = self.items.get(self.next) else { return Ok(None) };
        let index = self.next;
        self.next += 1;
        seed.deserialize(At(node)).map(Some).map_err(|e| e.under(Step::Index(index), node))
    }
}

struct Entries<'de> {
    entries: &'de [(Key, Arc<Node>)],
    next: usize,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = ReadError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ReadError> {
        let Some((key, _)) = self.entries.get(self.next) else { return Ok(None) };
        let name = de::value::BorrowedStrDeserializer::new(&key.text);
        seed.deserialize(name).map(Some).map_err(|mut e: ReadError| {
            e.place.get_or_insert(key.place);
            e
        })
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ReadError> {
        let Some((key, node)) = self.entries.get(self.next) else {
            return Err(de::Error::custom("a value without a key"));
        };
        self.next += 1;
        seed.deserialize(At(node)).map_err(|e| e.under(Step::Key(key.text.clone()), node))
    }
}

/// A variant without a value.
struct Word<'de>(&'de str);

impl<'de> EnumAccess<'de> for Word<'de> {
    type Error = ReadError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), ReadError> {
        let name = de::value::BorrowedStrDeserializer::new(self.0);
        seed.deserialize(name).map(|value| (value, self))
    }
}

impl<'de> VariantAccess<'de> for Word<'de> {
    type Error = ReadError;

    fn unit_variant(self) -> Result<(), ReadError> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _: T) -> Result<T::Value, ReadError> {
        Err(de::Error::custom("expected more than a word"))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, ReadError> {
        Err(de::Error::custom("expected more than a word"))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, ReadError> {
        Err(de::Error::custom("expected more than a word"))
    }
}
