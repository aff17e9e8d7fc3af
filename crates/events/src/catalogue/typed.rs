//! The two halves of a payload, and how they are read from and written to one JSON object.

use crate::digest::Digest;
use crate::id::CustomerId;
use crate::member::Member;
use crate::money::{Currency, Decimal};
use crate::problem::Problem;
use crate::score::Score;
use crate::text::{Code, Text};
use crate::time::{Moment, Timestamp};
use chrono_tz::Tz;
use schemars::{Schema, SchemaGenerator};
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

mod json;
mod object_schema;

pub use json::{Extra, ExtraMembers, Json, Object};
pub use object_schema::ObjectSchema;

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
    bool, u8, u16, u32, u64, i64, Decimal, Currency, Score, Timestamp, CustomerId,
);
plain_fields!(Json, Object);

impl<const MAX: usize> Field for Text<MAX> {}
impl<const MAX: usize> Field for Code<MAX> {}
impl<const MAX: usize> Fact for Code<MAX> {}

/// Nothing has the digest 0: it stands for the one that the envelope's subject makes.
impl Field for Digest {
    fn absent() -> Option<Self> {
        Some(Self::default())
    }

    fn is_absent(&self) -> bool {
        *self == Self::default()
    }
}
impl Fact for Digest {}

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

/// The value of a member that stands twice: reading it fails, so that the failure has its path.
#[derive(Debug)]
pub struct Duplicate;

impl<'de> Deserialize<'de> for Duplicate {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(serde::de::Error::custom("stands twice in its object"))
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

impl AsKey for CustomerId {
    fn as_key(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Owned(self.to_string()))
    }
}

impl<T: AsKey> AsKey for Option<T> {
    fn as_key(&self) -> Option<Cow<'_, str>> {
        self.as_ref().and_then(T::as_key)
    }
}

/// A name may be absent, and is something where it is not.
pub(super) fn not_blank(key: &impl AsKey, pointer: &str) -> Result<(), Problem> {
    match key.as_key() {
        Some(key) if key.trim().is_empty() => Err(Problem::invalid(pointer, "must not be blank")),
        _ => Ok(()),
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
        Err(error) => Err(Problem::from_path_error(json.as_bytes(), &error)),
    }
}

/// Reads the stored parts of a payload to whose facts later versions `added` so many members, each
/// at the end: the byte 0, which stands for the absence of each, is read in their place.
pub(super) fn decode<T>(
    added: u8,
    facts: &[u8],
    personal: Option<&[u8]>,
) -> Result<T, postcard::Error>
where
    T: EventData + From<(T::Facts, Option<T::Personal>)>,
{
    let personal = personal.map(postcard::from_bytes).transpose()?;
    let facts = match added {
        0 => postcard::from_bytes(facts)?,
        _ => postcard::from_bytes(&[facts, &vec![0; usize::from(added)]].concat())?,
    };
    Ok((facts, personal).into())
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
