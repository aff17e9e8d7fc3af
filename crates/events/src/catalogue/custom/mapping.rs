//! Where what is shown and counted of a registered type's events stands in their payloads.

use crate::catalogue::typed::{Fact, Field};
use crate::text::{Code, Reference, Word};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use std::borrow::Cow;

event_object! {
    /// Where Touchbook finds what it shows in the payload of a registered type: JSON pointers.
    #[derive(Default)]
    fact TypeMapping {
        /// Of a text or a number.
        title: Option<Reference>,
        /// The title where the pointer finds none; absent, the type's name in words.
        title_default: Option<Reference>,
        /// Of a text or a number; what is shown are its first 80 characters.
        preview: Option<Reference>,
        customer: Option<CustomerMapping>,
        /// Of a number from −1 to 1, which is rounded to six digits after the point, or of
        /// `positive`, `neutral`, `negative` or `mixed`.
        sentiment: Option<Reference>,
        /// Of a time, which then is the event's own; what has none keeps the envelope's.
        occurred_at: Option<Reference>,
        /// `inbound`, `outbound`, or the pointer to one of them.
        direction: Option<Reference>,
        /// `call`, `email`, `sms`, `chat`, `social` or `manual`.
        counts_as: Option<Word>,
    }
}

event_object! {
    /// Where each member of a customer's reference stands.
    #[derive(Default)]
    fact CustomerPointers {
        external_id: Option<Reference>,
        user: Option<Reference>,
        email: Option<Reference>,
        phone: Option<Reference>,
        handle: Option<Reference>,
        name: Option<Reference>,
        company: Option<Reference>,
    }
}

/// How an event of a registered type names its customer.
#[derive(Clone, Debug, PartialEq)]
pub enum CustomerMapping {
    /// The pointer to a reference as all events have it, or to a text: an e-mail address where it
    /// has an `@`, else an external id.
    Whole(Reference),
    Members(Box<CustomerPointers>),
}

impl Field for CustomerMapping {}
impl Fact for CustomerMapping {}

/// A pointer is text, pointers to members are an object. Records hold `Stored` instead.
impl Serialize for CustomerMapping {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Whole(pointer) => pointer.serialize(serializer),
            Self::Members(pointers) => pointers.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for CustomerMapping {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = <&RawValue>::deserialize(deserializer)?.get();
        let read = match json.starts_with('{') {
            true => serde_json::from_str(json).map(|pointers| Self::Members(Box::new(pointers))),
            false => serde_json::from_str(json).map(Self::Whole),
        };
        read.map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for CustomerMapping {
    fn schema_name() -> Cow<'static, str> {
        "CustomerMapping".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({
            "anyOf": [
                generator.subschema_for::<Reference>(),
                generator.subschema_for::<CustomerPointers>(),
            ]
        })
    }
}

/// The binary form: the members of the first version in their order, then what the second added.
#[derive(Serialize, Deserialize)]
struct Stored {
    title: Option<Reference>,
    preview: Option<Reference>,
    customer: Option<Code<200>>,
    sentiment: Option<Reference>,
    counts_as: Option<Word>,
    added: Option<Added>,
}

#[derive(Default, PartialEq, Serialize, Deserialize)]
struct Added {
    title_default: Option<Reference>,
    customer: Option<CustomerPointers>,
    occurred_at: Option<Reference>,
    direction: Option<Reference>,
}

impl From<&TypeMapping> for Stored {
    fn from(mapping: &TypeMapping) -> Self {
        let mapping = mapping.clone();
        let (whole, members) = match mapping.customer {
            Some(CustomerMapping::Whole(pointer)) => (Some(pointer), None),
            Some(CustomerMapping::Members(pointers)) => (None, Some(*pointers)),
            None => (None, None),
        };
        let added = Added {
            title_default: mapping.title_default,
            customer: members,
            occurred_at: mapping.occurred_at,
            direction: mapping.direction,
        };
        Self {
            title: mapping.title,
            preview: mapping.preview,
            customer: whole,
            sentiment: mapping.sentiment,
            counts_as: mapping.counts_as,
            added: (added != Added::default()).then_some(added),
        }
    }
}

impl From<Stored> for TypeMapping {
    fn from(stored: Stored) -> Self {
        let added = stored.added.unwrap_or_default();
        let members = added.customer.map(Box::new).map(CustomerMapping::Members);
        Self {
            title: stored.title,
            title_default: added.title_default,
            preview: stored.preview,
            customer: stored.customer.map(CustomerMapping::Whole).or(members),
            sentiment: stored.sentiment,
            occurred_at: added.occurred_at,
            direction: added.direction,
            counts_as: stored.counts_as,
        }
    }
}

/// How records hold a mapping.
pub(crate) mod stored_mapping {
    use super::{Stored, TypeMapping};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        mapping: &Option<TypeMapping>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        mapping.as_ref().map(Stored::from).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<TypeMapping>, D::Error> {
        Ok(Option::<Stored>::deserialize(deserializer)?.map(Into::into))
    }
}
