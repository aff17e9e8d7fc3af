//! JSON that is kept as text: any value, an object, and members that are not known.

use super::Duplicate;
use schemars::{Schema, SchemaGenerator};
use serde::de::MapAccess;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

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
    pub fn keep<M: MapAccess<'de>>(&mut self, name: &str, map: &mut M) -> Result<(), M::Error> {
        if self.0.contains_key(name) {
            map.next_value::<Duplicate>()?;
        }
        self.0.insert(name.to_owned(), map.next_value()?);
        Ok(())
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
