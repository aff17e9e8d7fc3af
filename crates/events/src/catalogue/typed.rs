//! The two halves of a payload, and how they are read from and written to one JSON object.

use crate::digest::Digest;
use crate::id::CustomerId;
use crate::member::Member;
use crate::money::{Currency, Decimal, Money};
use crate::problem::Problem;
use crate::score::Score;
use crate::text::{Code, Text};
use crate::time::{Moment, Timestamp};
use chrono_tz::Tz;
use schemars::{Schema, SchemaGenerator};
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

/// A payload as it is folded: the personal part is `None` once its key is destroyed.
#[derive(Clone, Debug, PartialEq)]
pub struct Typed<F, P> {
    pub facts: F,
    pub personal: Option<P>,
}

/// What `event_data!` writes for every type.
pub trait EventData: Sized {
    type Facts: Serialize + DeserializeOwned;
    type Personal: Serialize + DeserializeOwned;

    /// Fails to compile when a member of `facts` may hold personal text.
    fn assert_facts_are_facts();
    fn resolve(&mut self, zone: Tz);
    fn schema(generator: &mut SchemaGenerator) -> Schema;
    fn from_json<'de, M: MapAccess<'de>>(map: M) -> Result<Self, M::Error>;
    fn to_json<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error>;
}

/// A member of a payload.
pub trait Field: Sized {
    /// What stands for an absent member; `None` = the member is required.
    fn absent() -> Option<Self> {
        None
    }

    fn is_absent(&self) -> bool {
        false
    }

    fn resolve(&mut self, _zone: Tz) {}
}

/// A member that numbers and rules may read, and that is never sealed.
pub trait Fact: Field {
    /// Fails to compile when a member of an object may hold personal text.
    fn assert_members() {}
}

pub fn is_fact<T: Fact>() {}

macro_rules! plain_fields {
    ($($type:ty),* $(,)?) => { $( impl Field for $type {} )* };
}
macro_rules! plain_facts {
    ($($type:ty),* $(,)?) => { $( impl Field for $type {} impl Fact for $type {} )* };
}

plain_facts!(
    bool, u8, u16, u32, u64, i64, Decimal, Currency, Money, Score, Timestamp, CustomerId, Digest,
);
plain_fields!(Json, Object);

impl<const MAX: usize> Field for Text<MAX> {}
impl<const MAX: usize> Field for Code<MAX> {}
impl<const MAX: usize> Fact for Code<MAX> {}

impl Field for Moment {
    fn resolve(&mut self, zone: Tz) {
        *self = Self::At(self.in_zone(zone));
    }
}
impl Fact for Moment {}

impl<T: Field> Field for Option<T> {
    fn absent() -> Option<Self> {
        Some(None)
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }

    fn resolve(&mut self, zone: Tz) {
        if let Some(value) = self {
            value.resolve(zone);
        }
    }
}
impl<T: Fact> Fact for Option<T> {}

impl<T: Field> Field for Member<T> {
    fn absent() -> Option<Self> {
        Some(Self::Absent)
    }

    fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    fn resolve(&mut self, zone: Tz) {
        if let Self::Value(value) = self {
            value.resolve(zone);
        }
    }
}
impl<T: Fact> Fact for Member<T> {}

impl<T: Field> Field for Vec<T> {
    fn absent() -> Option<Self> {
        Some(Self::new())
    }

    fn is_absent(&self) -> bool {
        self.is_empty()
    }

    fn resolve(&mut self, zone: Tz) {
        for value in self {
            value.resolve(zone);
        }
    }
}
impl<T: Fact> Fact for Vec<T> {}

/// A member's name while an object is read, borrowed where it has no escapes.
#[derive(Deserialize)]
#[serde(transparent)]
pub struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl Key<'_> {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A member that names the payload's own object.
pub trait AsKey {
    fn as_key(&self) -> Option<Cow<'_, str>>;
}

impl<const MAX: usize> AsKey for Text<MAX> {
    fn as_key(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(self))
    }
}

impl<const MAX: usize> AsKey for Code<MAX> {
    fn as_key(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(self))
    }
}

impl<T: AsKey> AsKey for Option<T> {
    fn as_key(&self) -> Option<Cow<'_, str>> {
        self.as_ref().and_then(T::as_key)
    }
}

/// Any JSON value, kept as the text that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Json(pub Box<str>);

impl Serialize for Json {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            return self.0.serialize(serializer);
        }
        RawValue::from_string(self.0.to_string())
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            <&RawValue>::deserialize(deserializer).map(|raw| Self(raw.get().into()))
        } else {
            Box::<str>::deserialize(deserializer).map(Self)
        }
    }
}

impl schemars::JsonSchema for Json {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Json".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!(true)
    }

    fn inline_schema() -> bool {
        true
    }
}

/// A JSON object, kept as the text that was sent; at most [`Object::CHARS_MAX`] characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object(Box<str>);

impl Object {
    /// Document 002's limit on metadata.
    pub const CHARS_MAX: usize = 5000;

    /// # Errors
    /// In words, when `json` is no JSON object or too long.
    pub fn new(json: &str) -> Result<Self, String> {
        if !json.starts_with('{') {
            return Err("must be an object".to_owned());
        }
        let chars = json.chars().count();
        if chars > Self::CHARS_MAX {
            let chars_max = Self::CHARS_MAX;
            return Err(format!(
                "{chars} characters long, at most {chars_max} are allowed"
            ));
        }
        match serde_json::from_str::<&RawValue>(json) {
            Ok(_) => Ok(Self(json.into())),
            Err(error) => Err(error.to_string()),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for Object {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            return self.0.serialize(serializer);
        }
        RawValue::from_string(self.0.to_string())
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return Box::<str>::deserialize(deserializer).map(Self);
        }
        Self::new(<&RawValue>::deserialize(deserializer)?.get()).map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Object {
    fn schema_name() -> Cow<'static, str> {
        "Object".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "object" })
    }

    fn inline_schema() -> bool {
        true
    }
}

/// Members that a version does not know, as the text of one JSON object; kept and returned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Extra(Option<Box<str>>);

impl Extra {
    pub fn as_str(&self) -> Option<&str> {
        self.0.as_deref()
    }

    pub fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let Some(text) = &self.0 else { return Ok(()) };
        let members: BTreeMap<&str, &RawValue> =
            serde_json::from_str(text).map_err(serde::ser::Error::custom)?;
        members
            .iter()
            .try_for_each(|(name, value)| map.serialize_entry(name, value))
    }
}

/// Collects unknown members while an object is read.
#[derive(Default)]
pub struct ExtraMembers<'de>(BTreeMap<String, &'de RawValue>);

impl<'de> ExtraMembers<'de> {
    pub fn keep<E: serde::de::Error>(&mut self, name: &str, value: &'de RawValue) -> Result<(), E> {
        match self.0.insert(name.to_owned(), value) {
            None => Ok(()),
            Some(_) => Err(E::custom(format_args!("duplicate field `{name}`"))),
        }
    }

    pub fn finish(self) -> Extra {
        if self.0.is_empty() {
            return Extra(None);
        }
        Extra(
            serde_json::to_string(&self.0)
                .ok()
                .map(String::into_boxed_str),
        )
    }
}

/// Reads a payload from JSON; the slower pass that finds the pointer runs only on a failure.
pub(super) fn read<T: EventData>(json: &str) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_str(json);
    if let Ok(FromJson(data)) = FromJson::<T>::deserialize(&mut reader) {
        return Ok(data);
    }
    let mut reader = serde_json::Deserializer::from_str(json);
    match serde_path_to_error::deserialize::<_, FromJson<T>>(&mut reader) {
        Ok(FromJson(data)) => Ok(data),
        Err(error) => Err(Problem::from_path_error(&error)),
    }
}

pub(super) fn decode<T>(
    _version: u8,
    facts: &[u8],
    personal: Option<&[u8]>,
) -> Result<T, postcard::Error>
where
    T: EventData + From<(T::Facts, Option<T::Personal>)>,
{
    let personal = personal.map(postcard::from_bytes).transpose()?;
    Ok((postcard::from_bytes(facts)?, personal).into())
}

impl<F, P> From<(F, Option<P>)> for Typed<F, P> {
    fn from((facts, personal): (F, Option<P>)) -> Self {
        Self { facts, personal }
    }
}

struct FromJson<T>(T);

impl<'de, T: EventData> Deserialize<'de> for FromJson<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);

        impl<'de, T: EventData> Visitor<'de> for ObjectVisitor<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<T, M::Error> {
                T::from_json(map)
            }
        }
        deserializer
            .deserialize_map(ObjectVisitor(PhantomData))
            .map(Self)
    }
}

/// Builds the JSON schema of one payload.
#[derive(Default)]
pub struct ObjectSchema {
    properties: serde_json::Map<String, serde_json::Value>,
    required: Vec<serde_json::Value>,
}

impl ObjectSchema {
    pub fn member<T: Field + schemars::JsonSchema>(
        &mut self,
        name: &str,
        generator: &mut SchemaGenerator,
        docs: &[&str],
    ) {
        let mut schema = generator.subschema_for::<T>();
        describe(&mut schema, docs);
        self.properties.insert(name.to_owned(), schema.to_value());
        if T::absent().is_none() {
            self.required.push(name.into());
        }
    }

    /// The schema of an object within a payload, which has no unknown members.
    pub fn into_closed_schema(self, docs: &[&str]) -> Schema {
        let mut schema = self.into_schema(docs);
        schema.insert("additionalProperties".to_owned(), false.into());
        schema
    }

    pub fn into_schema(self, docs: &[&str]) -> Schema {
        let mut schema = schemars::json_schema!({
            "type": "object",
            "properties": self.properties,
            "required": self.required,
        });
        describe(&mut schema, docs);
        schema
    }
}

/// Doc comments reach a macro as `doc = r" text"`.
fn describe(schema: &mut Schema, docs: &[&str]) {
    let lines: Vec<&str> = docs
        .iter()
        .filter_map(|doc| doc.strip_prefix("doc ="))
        .map(|doc| doc.trim().trim_start_matches('r').trim_matches('"').trim())
        .collect();
    if !lines.is_empty() {
        schema.insert("description".to_owned(), lines.join(" ").into());
    }
}

/// Errors of `serde_path_to_error` carry a path such as `items[3].price`.
impl Problem {
    pub(crate) fn from_path_error(error: &serde_path_to_error::Error<serde_json::Error>) -> Self {
        let mut pointer = String::new();
        for segment in error.path() {
            use serde_path_to_error::Segment;
            match segment {
                Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
                Segment::Map { key } | Segment::Enum { variant: key } => {
                    pointer.push('/');
                    pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
                }
                Segment::Unknown => {}
            }
        }
        let inner = error.inner();
        let detail = without_place(&inner.to_string());
        match inner.classify() {
            serde_json::error::Category::Data => {
                let (detail, allowed) = split_allowed(&detail);
                Self::invalid(pointer, detail).allowing(allowed)
            }
            _ => Self::unreadable(inner.to_string()),
        }
    }
}

/// Drops serde_json's ` at line 1 column 2`, which a pointer says better.
fn without_place(message: &str) -> String {
    match message.rfind(" at line ") {
        Some(at) => message[..at].to_owned(),
        None => message.to_owned(),
    }
}

/// serde says "unknown variant `x`, expected one of `a`, `b`".
fn split_allowed(message: &str) -> (String, Vec<String>) {
    let Some((detail, expected)) = message
        .split_once(", expected one of ")
        .filter(|_| message.starts_with("unknown "))
    else {
        return (message.to_owned(), Vec::new());
    };
    let allowed = expected
        .split(", ")
        .map(|name| name.trim_matches('`').to_owned())
        .collect();
    (detail.to_owned(), allowed)
}
