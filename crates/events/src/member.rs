//! A member of a whole object: absent keeps what was known, null clears it.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::ops::Deref;

/// A member of a whole-object revision (⟳ in the catalogue).
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Member<T> {
    /// Not sent: the last value stays.
    #[default]
    Absent,
    /// Sent as null: the last value is cleared.
    Null,
    Value(T),
}

impl<T> Member<T> {
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    pub fn as_deref(&self) -> Member<&T::Target>
    where
        T: Deref,
    {
        match self {
            Self::Absent => Member::Absent,
            Self::Null => Member::Null,
            Self::Value(value) => Member::Value(value),
        }
    }

    /// Lays this revision's member over the last known one.
    pub fn over(self, known: &mut Option<T>) {
        match self {
            Self::Absent => {}
            Self::Null => *known = None,
            Self::Value(value) => *known = Some(value),
        }
    }
}

impl<T> From<Option<T>> for Member<T> {
    fn from(value: Option<T>) -> Self {
        match value {
            Some(value) => Self::Value(value),
            None => Self::Absent,
        }
    }
}

/// JSON has null and absence; the binary form has a tag byte: 0 absent, 1 null, 2 value.
impl<T: Serialize> Serialize for Member<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return self.value().serialize(serializer);
        }
        match self {
            Self::Absent => serializer.serialize_unit_variant("Member", 0, "Absent"),
            Self::Null => serializer.serialize_unit_variant("Member", 1, "Null"),
            Self::Value(value) => serializer.serialize_newtype_variant("Member", 2, "Value", value),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Member<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return Ok(match Option::<T>::deserialize(deserializer)? {
                Some(value) => Self::Value(value),
                None => Self::Null,
            });
        }
        #[derive(Deserialize)]
        #[serde(rename = "Member")]
        enum Tagged<T> {
            Absent,
            Null,
            Value(T),
        }
        Ok(match Tagged::deserialize(deserializer)? {
            Tagged::Absent => Self::Absent,
            Tagged::Null => Self::Null,
            Tagged::Value(value) => Self::Value(value),
        })
    }
}

/// The binary form of a member that was an `Option` when its type was first recorded, and null said
/// nothing: 0 absent and 1 value as they were, 2 null.
pub(crate) mod once_option {
    use super::Member;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(rename = "Member")]
    enum Tagged<T> {
        Absent,
        Value(T),
        Null,
    }

    pub(crate) fn serialize<T: Serialize, S: Serializer>(
        member: &Member<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let tagged = match member {
            Member::Absent => Tagged::Absent,
            Member::Value(value) => Tagged::Value(value),
            Member::Null => Tagged::Null,
        };
        tagged.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Member<T>, D::Error> {
        Ok(match Tagged::deserialize(deserializer)? {
            Tagged::Absent => Member::Absent,
            Tagged::Value(value) => Member::Value(value),
            Tagged::Null => Member::Null,
        })
    }
}

impl<T: schemars::JsonSchema> schemars::JsonSchema for Member<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        Option::<T>::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Option::<T>::json_schema(generator)
    }

    fn inline_schema() -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Now(#[serde(with = "once_option")] Member<u32>);

    #[test]
    fn what_an_option_wrote_is_read_as_a_member_and_written_alike() {
        for (then, now) in [(None, Member::Absent), (Some(7_u32), Member::Value(7))] {
            let bytes = postcard::to_stdvec(&then).unwrap();
            assert_eq!(postcard::from_bytes::<Now>(&bytes).unwrap(), Now(now));
            let now = postcard::from_bytes::<Now>(&bytes).unwrap();
            assert_eq!(postcard::to_stdvec(&now).unwrap(), bytes);
        }
        let null = postcard::to_stdvec(&Now(Member::Null)).unwrap();
        assert_eq!(
            postcard::from_bytes::<Now>(&null).unwrap(),
            Now(Member::Null)
        );
    }
}
